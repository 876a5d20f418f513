"""Bells that are wrong, each in one way that some connector really was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count

from pydantic import ConfigDict, ValidationError

from alignkit.connectors.base import Capability, Checkpoint, Fetched, NewIssue, Page, Run
from alignkit.errors import AlignkitError, DataInvalid, PermissionMissing
from alignkit.models import CustomerEvent, Issue, IssueChanged, IssueRemoval, IssueRemoved
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Bearer, Flow, JsonValue, Limits, Request, Response, request

from .bell import Bell, Payload, Person, Ticket
from .bell_service import PAGE, BellService

NO_FETCH = Bell.capabilities - {Capability.FETCH}


class WrongBell(Bell):
    """A Bell that knows its service and secret, so that it can misuse both."""

    def __init__(self, service: BellService) -> None:
        super().__init__("https://bell.example.com", service.token)
        self.service = service


class DropsSolved(WrongBell):
    def rows(self, body: Mapping[str, JsonValue], stream: str) -> Sequence[JsonValue]:
        rows = super().rows(body, stream)
        return [row for row in rows if not (isinstance(row, dict) and row.get("status") == "done")]


class DropsWithoutPeople(WrongBell):
    def contact(self, person: Person, run: Run) -> CustomerEvent:
        return super().contact(person.model_copy(update={"email": None}), run)


class RemembersItsPlace(WrongBell):
    """Keeps the position in the object, which the next process does not have."""

    numbers = count()

    def __init__(self, service: BellService) -> None:
        super().__init__(service)
        self.places: dict[str, str] = {}
        self.stream = ""

    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        self.stream = stream
        return super().page(stream, {"cursor": self.places.get(stream, "")})

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        self.places[self.stream] = str(body["cursor"])
        return {"pages": next(self.numbers)}


class TakesFromAQueue(WrongBell):
    """Reads each page once and for all: what was not stored is gone."""

    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        self.stream = stream
        places = vars(self.service).setdefault("taken", {})
        return super().page(stream, {"cursor": places.get(stream, "")})

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        vars(self.service)["taken"][self.stream] = str(body["cursor"])
        return super().after(body, checkpoint)


class CountsWhatItAskedFor(WrongBell):
    """Takes a page for read once it was asked for."""

    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        asked = vars(self.service).setdefault("asked", {})
        skip = asked.get(stream, 0)
        asked[stream] = skip + PAGE
        return Request("GET", f"/{stream}", params=[("skip", str(skip))])


class CountsRows(WrongBell):
    """Skips as many rows as it has read, while rows move."""

    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        skip = checkpoint["skip"] if checkpoint else 0
        return Request("GET", f"/{stream}", params=[("skip", str(skip))])

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        before = checkpoint["skip"] if checkpoint else 0
        rows = body.get("people") or body.get("tickets")
        return {"skip": int(str(before)) + (len(rows) if isinstance(rows, list) else 0)}


class MarksThePresent(WrongBell):
    """Takes the moment of the run as the mark, and so passes over what is stamped before it."""

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        return {"cursor": "2026-03-04T12:00"} if body.get("end") else super().after(body, checkpoint)


class NewEachTime(WrongBell):
    """Reads everything again, and says something else each time."""

    numbers = count()

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        return {"cursor": ""} if body.get("end") else super().after(body, checkpoint)

    def issue(self, ticket: Ticket) -> Issue:
        return super().issue(ticket).model_copy(update={"subject": f"{next(self.numbers)}"})


class AsksOtherwiseInALoop(WrongBell):
    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        asked = super().page(stream, checkpoint)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asked
        return replace(asked, params=[*asked.params, ("in_loop", "1")])


class IssuesFirst(WrongBell):
    streams = ("tickets", "people")


class SpeaksOfItsZone(WrongBell):
    def issue(self, ticket: Ticket) -> Issue:
        there = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=2)))
        return super().issue(ticket).model_copy(update={"snoozed_until": there})


class ReadsLocalTime(WrongBell):
    def issue(self, ticket: Ticket) -> Issue:
        issue = super().issue(ticket)
        local = issue.created_at.replace(tzinfo=None).astimezone(issue.created_at.tzinfo)
        return issue.model_copy(update={"created_at": local})


class ReadsIdsAsFloats(WrongBell):
    def issue(self, ticket: Ticket) -> Issue:
        return super().issue(ticket).model_copy(update={"id": str(int(float(ticket.id)))})


class WalksForEver(WrongBell):
    """Counts pages in the checkpoint, so that no two are alike."""

    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        return {**super().after(body, checkpoint), "page": int(str((checkpoint or {}).get("page", 0))) + 1}


class KeepsItsToken(WrongBell):
    def after(self, body: Mapping[str, JsonValue], checkpoint: Checkpoint | None) -> dict[str, JsonValue]:
        return {**super().after(body, checkpoint), "token": self.service.token}


class DeafToLimits(WrongBell):
    """Takes a 429 for a refusal."""

    def __init__(self, service: BellService) -> None:
        super().__init__(service)
        limits = Limits(means_limited=lambda _response: False)
        self.account = Account("https://bell.example.com", Bearer(service.token), name=self.name, limits=limits)


class ReadsNoLimits(WrongBell):
    """Asks again when it sees fit, whatever the service says."""

    def __init__(self, service: BellService) -> None:
        super().__init__(service)
        limits = Limits(retry_after=(), reset=())
        self.account = Account("https://bell.example.com", Bearer(service.token), name=self.name, limits=limits)


class Swallows(WrongBell):
    """Takes every error for the end of the list."""

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        try:
            return (yield from super().read(stream, checkpoint, run))
        except AlignkitError:
            return Page((), checkpoint or {"cursor": ""}, more=False)


class Mislabels(WrongBell):
    """Tells every error as something else."""

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        try:
            return (yield from super().read(stream, checkpoint, run))
        except AlignkitError:
            raise DataInvalid("something went wrong") from None


class FollowsLinks(WrongBell):
    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        body = self.body((yield from request(self.page(stream, checkpoint))))
        following = str(body["next"])
        if not following.startswith("https://bell.example.com/"):
            yield from request(Request("GET", following, credentials=False))
        return (yield from super().read(stream, checkpoint, run))


class LogsItsToken(WrongBell):
    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        logging.getLogger("alignkit.connectors.bell").debug("reading with %s", self.service.token)
        return super().page(stream, checkpoint)


class ShowsItsToken(WrongBell):
    def __repr__(self) -> str:
        return f"Bell({self.service.token!r})"


class NamesPeople(WrongBell):
    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        try:
            return (yield from super().read(stream, checkpoint, run))
        except PermissionMissing:
            raise PermissionMissing("ada@example.com may not be read") from None


class Prints(WrongBell):
    def page(self, stream: str, checkpoint: Checkpoint | None) -> Request:
        print("reading", stream)  # noqa: T201 - the defect
        return super().page(stream, checkpoint)


class StrictTicket(Ticket):
    model_config = ConfigDict(extra="forbid")
    next: str | None = None


class NeedyPerson(Payload):
    id: int
    email: str
    name: str | None = None


class RefusesNewFields(WrongBell):
    def event(self, stream: str, record: JsonValue, run: Run) -> CustomerEvent:
        if stream == "tickets":
            return self.ticket(StrictTicket.model_validate(record), run)
        return super().event(stream, record, run)


class NeedsAnAddress(WrongBell):
    def event(self, stream: str, record: JsonValue, run: Run) -> CustomerEvent:
        if stream == "people":
            NeedyPerson.model_validate(record)
        return super().event(stream, record, run)


class DropsWithoutAddress(WrongBell):
    def rows(self, body: Mapping[str, JsonValue], stream: str) -> Sequence[JsonValue]:
        rows = super().rows(body, stream)
        return [row for row in rows if stream != "people" or not isinstance(row, dict) or row.get("email")]


class AllOrNothing(WrongBell):
    """Refuses a page for one of its records."""

    def unreadable(self, stream: str, record: JsonValue, error: ValidationError) -> Quarantined:
        raise DataInvalid("a record cannot be read")


class DropsUnreadable(WrongBell):
    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        return replace((yield from super().read(stream, checkpoint, run)), quarantined=())


class RepeatsValues(WrongBell):
    def unreadable(self, stream: str, record: JsonValue, error: ValidationError) -> Quarantined:
        return Quarantined(f"{stream}/?", f"cannot read {record!r}")


class ClosesTheUnknown(WrongBell):
    def status(self, word: str) -> IssueStatus:
        return {"open": IssueStatus.OPEN, "waiting": IssueStatus.OPEN}.get(word, IssueStatus.CLOSED)


class MeansSomethingElse(WrongBell):
    def status(self, word: str) -> IssueStatus:
        return IssueStatus.RESOLVED if word == "waiting" else super().status(word)


class ClaimsTooMuch(WrongBell):
    capabilities = Bell.capabilities | {Capability.WEBHOOKS}


class KeepsTheDeleted(WrongBell):
    capabilities = NO_FETCH

    def status(self, word: str) -> IssueStatus:
        return IssueStatus.OPEN if word == "deleted" else super().status(word)


class KeepsTheMerged(WrongBell):
    capabilities = NO_FETCH

    def ticket(self, ticket: Ticket, run: Run) -> CustomerEvent:
        return IssueChanged.of(self.issue(ticket), source=self.name, received_at=run.now)


class ForgetsTheSurvivor(WrongBell):
    def removed(self, ticket: Ticket, run: Run, survivor: str) -> CustomerEvent:
        removal = IssueRemoval(id=str(ticket.id), remote_updated_at=ticket.changed, reason="merged")
        return IssueRemoved.of(removal, source=self.name, received_at=run.now)


class TakesRefusalForGone(WrongBell):
    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        try:
            return (yield from super().fetch(refs, run))
        except PermissionMissing:
            return Fetched([self.gone(ref, run) for ref in refs], refs)


class TakesAGatewaysWord(WrongBell):
    def says_gone(self, body: JsonValue) -> bool:
        return isinstance(body, dict)


class TakesTheListForAll(WrongBell):
    """Reads several at once, and takes what is not among them for gone."""

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        found: list[CustomerEvent] = []
        where: Checkpoint | None = None
        is_last = False
        while not is_last:
            page = yield from self.read("tickets", where, run)
            found += page.events
            where, is_last = page.checkpoint, not page.more
        known = {event.subject for event in found}
        return Fetched([*found, *(self.gone(ref, run) for ref in refs if ref.id not in known)], refs)


class FetchesNothing(WrongBell):
    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        yield from ()
        return Fetched((), refs)


class NeverDone(WrongBell):
    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        return replace((yield from super().fetch(refs, run)), done=())


class OverlooksTheGone(WrongBell):
    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        found = yield from super().fetch(refs, run)
        return replace(found, events=[event for event in found.events if isinstance(event, IssueChanged)])


class MakesUpIds(WrongBell):
    def create_issue(self, issue: NewIssue) -> Flow[str]:
        yield from super().create_issue(issue)
        return "4711"


class CreatesAgain(WrongBell):
    def create_issue(self, issue: NewIssue) -> Flow[str]:
        body: JsonValue = {"subject": issue.subject}
        yield from request(Request("POST", "/tickets", json=body, repeatable=True))
        return ""


class NotesTwice(WrongBell):
    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        yield from super().add_note(issue_id, text)
        yield from super().add_note(issue_id, text)


class NotesAgain(WrongBell):
    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        wanted = Request("POST", f"/tickets/{issue_id}/notes", json={"text": text}, repeatable=True)
        yield from request(wanted)


class NotesForgotten(WrongBell):
    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        yield from ()


class ReplacesTags(WrongBell):
    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        yield from request(Request("PUT", f"/tickets/{issue_id}/tags", json={"tags": [tag]}))


class TagsForgotten(WrongBell):
    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        yield from ()


class ReadsWallTimes(WrongBell):
    """Takes a time without a zone for one of this machine."""

    def event(self, stream: str, record: JsonValue, run: Run) -> CustomerEvent:
        if isinstance(record, dict):
            record = {name: self.local(value) for name, value in record.items()}
        return super().event(stream, record, run)

    def local(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, str) or len(value) != len("2026-03-02 09:00:00"):
            return value
        return datetime.fromisoformat(value).astimezone().isoformat()


class NumbersRows(WrongBell):
    """Makes its own ids from the place on the page, so that a row that comes twice is two."""

    place = count()

    def contact(self, person: Person, run: Run) -> CustomerEvent:
        name = f"{person.name} {next(self.place)}"
        return super().contact(person.model_copy(update={"name": name}), run)


class CallsItselfFreshdesk(WrongBell):
    """Is of a type whose own traps nobody has looked at."""

    type = "freshdesk"


class TakesAnythingForAPage(WrongBell):
    def body(self, response: Response) -> dict[str, JsonValue]:
        body = response.json()
        return {"cursor": "", "end": True, **(body if isinstance(body, dict) else {})}
