"""Reads tickets and users by id, and finds out what no list tells: who created a ticket, who wrote, what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.ids import numbers
from alignkit.connectors.request_tracker.desk import API, HIDDEN_OR_GONE, TRANSACTIONS, Desk, writings
from alignkit.connectors.request_tracker.issues import is_own, is_system
from alignkit.connectors.request_tracker.payload import (
    Listing,
    RecordInvalid,
    Single,
    Ticket,
    Transaction,
    parsed,
)
from alignkit.connectors.window import service_time
from alignkit.models.events import CustomerEvent, IssueRemoval
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, Response, request

_MOST_WRITINGS = 2_000


@dataclass(slots=True)
class _Found:
    """What one fetch has found so far; `unseen` are tickets that neither answer nor are known to be gone."""

    now: datetime
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[int] = field(default_factory=set[int])


def fetch(desk: Desk, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The objects that these refs name, of the kinds `issue` and `contact`."""
    found = _Found(run.now)
    yield from _fetch_tickets(desk, _numbers(refs, "issue"), found)
    for user_id in _numbers(refs, "contact"):
        yield from _learn_user(desk, user_id, found)
    unseen = {str(number) for number in found.unseen}
    done = [ref for ref in refs if ref.kind != "issue" or ref.id not in unseen]
    return Fetched(found.events, done, found.quarantined)


def _numbers(refs: Sequence[Ref], kind: str) -> list[int]:
    """The ids of one kind, each once; RT knows no others than numbers."""
    return list(dict.fromkeys(map(int, numbers(refs, kind))))


def _fetch_tickets(desk: Desk, numbers: Sequence[int], found: _Found) -> Flow[None]:
    listed = yield from desk.tickets_with("id", numbers)
    answered = {f"ticket/{ticket.id}" for ticket in listed.good} | {one.key for one in listed.bad}
    survivors = {ticket.survivor for ticket in listed.good}
    for number in numbers:
        if f"ticket/{number}" not in answered:
            survivors.add((yield from _look_up(desk, number, found)))
    further = sorted({one for one in survivors if one is not None} - {ticket.id for ticket in listed.good})
    others = yield from desk.tickets_with("id", further)
    found.quarantined += [*listed.bad, *others.bad]
    tickets = [*listed.good, *others.good]
    found.events += [desk.terms.merged(ticket, found.now) for ticket in tickets if ticket.survivor is not None]
    yield from _tell(desk, [ticket for ticket in tickets if ticket.survivor is None], found)


def _tell(desk: Desk, tickets: Sequence[Ticket], found: _Found) -> Flow[None]:
    yield from desk.learn_classes(tickets)
    for ticket in tickets:
        wrote = yield from _learn_people(desk, ticket, found)
        # A fetched snapshot knows more than the listed one of the same version.
        found.events.append(
            desk.terms.changed(ticket, desk.learned(ticket, has_customer_written=wrote), found.now, sequence=1)
        )


def _look_up(desk: Desk, number: int, found: _Found) -> Flow[int | None]:
    """Asks for a ticket that no search shows; returns the one it was merged into, if that is why."""
    response = yield from request(Request("GET", f"{API}/ticket/{number}", accept=HIDDEN_OR_GONE))
    if response.status == 404 and _says_gone(response):
        _remove(desk, found, _not_found(desk, number, response))
        return None
    if response.status in HIDDEN_OR_GONE:
        found.unseen.add(number)
        return None
    try:
        record = parsed(Single, response, desk.name)
    except RecordInvalid as error:
        found.quarantined.append(Quarantined(f"issue/{number}", error.reason))
        return None
    if record.id != number:
        removal = IssueRemoval(
            id=str(number),
            source=desk.name,
            remote_updated_at=record.updated,
            reason="merged",
            merged_into=str(record.id),
        )
        _remove(desk, found, removal)
        return record.id
    if (record.status or "").casefold() == "deleted":
        removal = IssueRemoval(id=str(number), source=desk.name, remote_updated_at=record.updated, reason="deleted")
        _remove(desk, found, removal)
    else:
        found.unseen.add(number)
    return None


def _says_gone(response: Response) -> bool:
    """Whether RT itself says that there is no such ticket, in its own words, and not just something before it."""
    body = response.json()
    return isinstance(body, dict) and body.get("message") == "Not Found"


def _not_found(desk: Desk, number: int, response: Response) -> IssueRemoval:
    """The removal of a ticket that was shredded."""
    now = service_time(response, desk.name)
    return IssueRemoval(id=str(number), source=desk.name, remote_updated_at=now, reason="not_found")


def _remove(desk: Desk, found: _Found, removal: IssueRemoval) -> None:
    found.events.append(desk.terms.removed(removal, found.now))


def _learn_user(desk: Desk, user_id: int, found: _Found) -> Flow[None]:
    try:
        user = yield from desk.user(user_id)
    except RecordInvalid as error:
        found.quarantined.append(Quarantined(f"contact/{user_id}", error.reason))
        return
    if user is not None:
        is_staff = desk.privileged.get(user_id)
        found.events.append(desk.terms.contact(user, user_id, found.now, is_staff=is_staff, sequence=1))


def _learn_people(desk: Desk, ticket: Ticket, found: _Found) -> Flow[bool | None]:
    """Learns who created a ticket and, where marketing may have, whether the customer ever wrote in it."""
    creator = ticket.creator
    if creator is None or is_own(ticket) or is_system(creator):
        return None
    if isinstance(creator.id, int) and creator.id not in desk.privileged:
        yield from _learn_user(desk, creator.id, found)
    if not (desk.is_outbound(ticket) and desk.is_staff(creator)):
        return None
    written = yield from _writings(desk, ticket.id)
    return None if written is None else (yield from _has_customer_written(desk, ticket, written, found))


def _has_customer_written(
    desk: Desk, ticket: Ticket, written: Sequence[Transaction], found: _Found
) -> Flow[bool | None]:
    """True if a requestor wrote, False if staff alone did, None where somebody wrote whom we cannot place."""
    writers = {one.creator.id: one.creator for one in written}
    if any(person.id in writers for person in ticket.people):
        return True
    for writer in writers.values():
        if isinstance(writer.id, int) and writer.id not in desk.privileged and not is_system(writer):
            yield from _learn_user(desk, writer.id, found)
    is_all_staff = all(desk.is_staff(writer) or is_system(writer) for writer in writers.values())
    return False if writers and is_all_staff else None


def _writings(desk: Desk, number: int) -> Flow[list[Transaction] | None]:
    """Every message in a ticket to or from a customer; None where they cannot be read to the end.

    Not the ticket's whole history: RT leaves out the steps that we may not see without saying where, while who sees
    a ticket sees all of these.
    """
    found: list[Transaction] = []
    after: int | None = 0
    while after is not None:
        response = yield from request(writings(number, after))
        if response.status == 403:
            return None
        listing = parsed(Listing, response, desk.name)
        records = TRANSACTIONS.read(listing.items)
        if records.bad or len(found) > _MOST_WRITINGS:
            return None
        found += records.good
        after = listing.following(after, desk.name)
    return found
