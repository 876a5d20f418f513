"""A connector for Bell, a helpdesk that does not exist: as short as one can be that passes the whole kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, ValidationError

from alignkit.connectors.base import Capability, Checkpoint, Fetched, NewIssue, Page, Run, Source
from alignkit.errors import ResponseInvalid
from alignkit.models import Contact, ContactChanged, CustomerEvent, Issue, IssueChanged, IssueRemoved
from alignkit.models.events import IssueRemoval
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Bearer, Flow, JsonValue, Request, Response, request

STATUSES: Mapping[str, IssueStatus] = {
    "open": IssueStatus.OPEN,
    "waiting": IssueStatus.WAITING_ON_CUSTOMER,
    "done": IssueStatus.RESOLVED,
    "deleted": IssueStatus.DELETED,
}


class Payload(BaseModel):
    """What Bell sends, as far as it is read."""

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
    merged_into: int | None = None
    opened: AwareDatetime
    changed: AwareDatetime


class Bell(Source):
    """One Bell as a source: people first, then tickets, each by the cursor that Bell gives with a page."""

    type = "bell"
    streams: ClassVar[tuple[str, ...]] = ("people", "tickets")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.INCREMENTAL,
            Capability.DELETIONS,
            Capability.MERGES,
            Capability.FETCH,
            Capability.WRITE_ISSUE,
            Capability.WRITE_NOTE,
            Capability.WRITE_TAG,
        }
    )

    def __init__(self, base_url: str, token: str | SecretStr, *, name: str = "bell") -> None:
        self.name = name
        self.account: Account | None = Account(base_url, Bearer(token), name=name)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        body = self.body((yield from request(self.page(stream, checkpoint))))
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        for record in self.rows(body, stream):
            try:
                events.append(self.event(stream, record, run))
            except ValidationError as error:
                bad.append(self.unreadable(stream, record, error))
        return Page(events, self.after(body, checkpoint), more=body.get("end") is not True, quarantined=bad)

    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        cursor = checkpoint["cursor"] if checkpoint else ""
        return Request("GET", f"/{stream}", params=[("cursor", str(cursor))])

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        return {"cursor": str(body["cursor"])}

    def body(self, response: Response) -> dict[str, JsonValue]:
        body = response.json()
        if not isinstance(body, dict) or "cursor" not in body:
            raise ResponseInvalid(f"`{self.name}` answered something else than a page; check `base_url`")
        return body

    def rows(self, body: Mapping[str, JsonValue], stream: str) -> Sequence[JsonValue]:
        rows = body.get(stream)
        return rows if isinstance(rows, list) else []

    def event(self, stream: str, record: JsonValue, run: Run) -> CustomerEvent:
        if stream == "people":
            return self.contact(Person.model_validate(record), run)
        return self.ticket(Ticket.model_validate(record), run)

    def contact(self, person: Person, run: Run) -> CustomerEvent:
        emails = (person.email,) if person.email else ()
        contact = Contact(id=str(person.id), name=person.name, emails=emails, remote_updated_at=person.changed)
        return ContactChanged.of(contact, source=self.name, received_at=run.now)

    def ticket(self, ticket: Ticket, run: Run) -> CustomerEvent:
        if ticket.merged_into is not None:
            return self.removed(ticket, run, str(ticket.merged_into))
        return IssueChanged.of(self.issue(ticket), source=self.name, received_at=run.now)

    def issue(self, ticket: Ticket) -> Issue:
        return Issue(
            id=str(ticket.id),
            source=self.name,
            status=self.status(ticket.status or ""),
            status_raw=ticket.status or "",
            subject=ticket.subject,
            requester_id=None if ticket.requester is None else str(ticket.requester),
            created_at=ticket.opened,
            remote_updated_at=ticket.changed,
        )

    def status(self, word: str) -> IssueStatus:
        return STATUSES.get(word, IssueStatus.UNKNOWN)

    def removed(self, ticket: Ticket, run: Run, survivor: str) -> CustomerEvent:
        removal = IssueRemoval(
            id=str(ticket.id), remote_updated_at=ticket.changed, reason="merged", merged_into=survivor
        )
        return IssueRemoved.of(removal, source=self.name, received_at=run.now)

    def unreadable(self, stream: str, record: JsonValue, error: ValidationError) -> Quarantined:
        known = record.get("id") if isinstance(record, dict) else None
        key = f"{stream}/{known}" if isinstance(known, int) else f"{stream}/?"
        faults = error.errors(include_input=False, include_url=False)
        return Quarantined(key, "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        done: list[Ref] = []
        for ref in refs:
            response = yield from request(Request("GET", f"/tickets/{ref.id}", accept=frozenset({404})))
            body = response.json()
            if response.status == 404 and not self.says_gone(body):
                continue
            try:
                events.append(self.gone(ref, run) if response.status == 404 else self.event("tickets", body, run))
            except ValidationError as error:
                bad.append(self.unreadable("tickets", body, error))
            done.append(ref)
        return Fetched(events, done, bad)

    def says_gone(self, body: JsonValue) -> bool:
        """Whether these are Bell's own words, and not those of a gateway that knows no way to it."""
        return isinstance(body, dict) and isinstance(body.get("error"), str)

    def gone(self, ref: Ref, run: Run) -> CustomerEvent:
        removal = IssueRemoval(id=ref.id, remote_updated_at=run.now, reason="not_found")
        return IssueRemoved.of(removal, source=self.name, received_at=run.now)

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        body: JsonValue = {"subject": issue.subject, "text": issue.body, "email": issue.requester_email}
        created = (yield from request(Request("POST", "/tickets", json=body))).json()
        return str(created["id"]) if isinstance(created, dict) else ""

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        yield from request(Request("POST", f"/tickets/{issue_id}/notes", json={"text": text}))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        yield from request(Request("PUT", f"/tickets/{issue_id}/tags/{tag}"))
