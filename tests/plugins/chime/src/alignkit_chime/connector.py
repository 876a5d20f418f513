"""Reads Chime: people first, then tickets, each page by the cursor that the page before gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from alignkit.connectors.base import Capability, Checkpoint, Fetched, Finding, Page, Run, Source
from alignkit.errors import ResponseInvalid
from alignkit.models import Contact, ContactChanged, CustomerEvent, Issue, IssueChanged, IssueRemoved
from alignkit.models.events import IssueRemoval
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Bearer, Flow, JsonValue, Request, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, ValidationError

STATUSES: Mapping[str, IssueStatus] = {
    "open": IssueStatus.OPEN,
    "waiting": IssueStatus.WAITING_ON_CUSTOMER,
    "done": IssueStatus.RESOLVED,
    "deleted": IssueStatus.DELETED,
}


class Payload(BaseModel):
    """What the service sends, as far as it is read; fields that nobody knows are passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Person(Payload):
    id: int
    email: str | None = None
    name: str | None = None
    changed: AwareDatetime | None = None


class Ticket(Payload):
    id: int
    status: str | None = None
    subject: str | None = None
    requester: int | None = None
    opened: AwareDatetime
    changed: AwareDatetime


class Chime(Source):
    """One Chime as a source.

    Args:
        base_url: the address of the service.
        token: a token that may read people and tickets.
        name: what this instance is called; two of one kind are two sources.
    """

    type = "chime"
    streams: ClassVar[tuple[str, ...]] = ("people", "tickets")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.INCREMENTAL, Capability.DELETIONS, Capability.FETCH}
    )

    def __init__(self, base_url: str, token: str | SecretStr, *, name: str = "chime") -> None:
        self.name = name
        self.account: Account | None = Account(base_url, Bearer(token), name=name)

    def check(self) -> Flow[Sequence[Finding]]:
        """Says whether the token may read each stream."""
        findings: list[Finding] = []
        for stream in self.streams:
            response = yield from request(Request("GET", f"/{stream}", accept=frozenset({403})))
            remedy = f"let the token read {stream}" if response.status == 403 else ""
            findings.append(Finding(not remedy, stream, remedy))
        return findings

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        cursor = str(checkpoint["cursor"]) if checkpoint else ""
        wanted = Request("GET", f"/{stream}", params=[("cursor", cursor)])
        body = (yield from request(wanted)).json()
        rows = body.get(stream) if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(rows, list) or "cursor" not in body:
            raise ResponseInvalid(f"`{self.name}` answered something else than a page; check `base_url`")
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        for place, row in enumerate(rows):
            try:
                events.append(self._event(stream, row, run))
            except ValidationError as error:
                bad.append(Quarantined(_key(stream, row, f"{cursor}+{place}"), _faults(error)))
        return Page(events, {"cursor": str(body["cursor"])}, more=body.get("end") is not True, quarantined=bad)

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        done: list[Ref] = []
        for ref in refs:
            response = yield from request(Request("GET", f"/tickets/{ref.id}", accept=frozenset({404})))
            row = response.json()
            if response.status == 404 and not _says_gone(row):
                continue  # a gateway's word, not the service's: asked again by a later run
            done.append(ref)
            try:
                events.append(self._gone(ref, run) if response.status == 404 else self._event("tickets", row, run))
            except ValidationError as error:
                bad.append(Quarantined(_key("tickets", row, ref.id), _faults(error)))
        return Fetched(events, done, bad)

    def _event(self, stream: str, row: JsonValue, run: Run) -> CustomerEvent:
        if stream == "people":
            contact = _contact(Person.model_validate(row))
            return ContactChanged.of(contact, source=self.name, received_at=run.now)
        return IssueChanged.of(_issue(Ticket.model_validate(row)), source=self.name, received_at=run.now)

    def _gone(self, ref: Ref, run: Run) -> CustomerEvent:
        removal = IssueRemoval(id=ref.id, remote_updated_at=run.now, reason="not_found")
        return IssueRemoved.of(removal, source=self.name, received_at=run.now)


def _says_gone(body: JsonValue) -> bool:
    """Whether these are the service's own words for what is not there."""
    return isinstance(body, dict) and body.get("error") == "not_found"


def _contact(person: Person) -> Contact:
    emails = (person.email,) if person.email else ()
    return Contact(id=str(person.id), name=person.name, emails=emails, remote_updated_at=person.changed)


def _issue(ticket: Ticket) -> Issue:
    return Issue(
        id=str(ticket.id),
        status=STATUSES.get(ticket.status or "", IssueStatus.UNKNOWN),
        status_raw=ticket.status or "",
        subject=ticket.subject,
        requester_id=None if ticket.requester is None else str(ticket.requester),
        created_at=ticket.opened,
        remote_updated_at=ticket.changed,
    )


def _key(stream: str, row: JsonValue, place: str) -> str:
    """What names a record that cannot be read: its id, or its place."""
    known = row.get("id") if isinstance(row, dict) else None
    return f"{stream}/{known if isinstance(known, int) else place}"


def _faults(error: ValidationError) -> str:
    """What is wrong with a record, without its values."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
