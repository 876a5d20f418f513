"""Reads HubSpot's streams page by page, and single objects by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.hubspot.portal import PAGE_SIZE, Portal, ticket_path
from alignkit.connectors.hubspot.records import ARCHIVED, ARCHIVED_PAGE, SETTLED, Beside, Kind
from alignkit.connectors.records import Answer, Found
from alignkit.connectors.window import Kept, Pace, Position, kept, position, service_time
from alignkit.errors import PagingStuck
from alignkit.models.base import Instant
from alignkit.models.events import CustomerEvent, IssueChanged, IssueRemoval, IssueRemoved
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.transport import Flow, Request, request

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=120))
Associated = Mapping[str, tuple[str, ...]]
"""The ids that tickets are associated with, by the ticket's."""

ARCHIVE_EVERY = timedelta(hours=1)
"""The list of archived tickets cannot be asked for what is new, so it is not walked on every run."""


class ArchivePosition(Kept):
    """The checkpoint of the archived tickets: when the last walk began, and the one under way."""

    walked_at: Instant | None = None
    began_at: Instant | None = None
    after: str | None = None


class _One(Payload):
    id: str


def read(portal: Portal, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts or companies that changed since the mark, or of all."""
    at = position(Position, checkpoint, portal.name)
    walk = PACE.walk(at, run)
    response = yield from portal.search(kind, walk)
    answer = listed(kind.body, response, portal.name)
    walk = PACE.answered(walk, response, portal.name)
    events = [found.event(source=portal.name, received_at=run.now) for found in answer.of(kind.shape)]
    after = _after(portal, answer, walk.after)
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad)


def read_tickets(portal: Portal, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets that changed, each with its contacts and companies."""
    at = position(Position, checkpoint, portal.name)
    walk = PACE.walk(at, run)
    response = yield from portal.search(kind, walk)
    answer = listed(kind.body, response, portal.name)
    walk = PACE.answered(walk, response, portal.name)
    events = yield from _ticket_events(portal, answer.of(kind.shape), run.now)
    after = _after(portal, answer, walk.after)
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad)


def read_archived(portal: Portal, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets that were deleted; the first page alone where the last walk is not long ago."""
    at = position(ArchivePosition, checkpoint, portal.name)
    params = [("archived", "true"), ("limit", str(PAGE_SIZE)), *([("after", at.after)] if at.after else [])]
    response = yield from request(Request("GET", "/crm/v3/objects/tickets", params=params))
    answer = listed(ARCHIVED_PAGE, response, portal.name)
    events = [found.event(source=portal.name, received_at=run.now, sequence=1) for found in answer.of(ARCHIVED)]
    now = service_time(response, portal.name)
    began = at.began_at or now
    after: str | None = answer.beside.get("after")
    if at.after is None and at.walked_at is not None and now - at.walked_at < ARCHIVE_EVERY:
        return Page(events, kept(at), more=False, quarantined=answer.bad)
    here = ArchivePosition(walked_at=at.walked_at, began_at=began, after=after)
    return Page(events, kept(here if after else ArchivePosition(walked_at=began)), after is not None, answer.bad)


def fetch(portal: Portal, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads tickets (`issue`), contacts and companies (`account`) by id."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    left: set[str] = set()
    for name, kind in kinds.items():
        ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == name and _is_id(ref.id)))
        if not ids:
            continue
        response = yield from portal.batch(kind, ids)
        answer = listed(kind.body, response, portal.name)
        bad += answer.bad
        if name != "issue":
            events += [found.event(source=portal.name, received_at=run.now) for found in answer.of(kind.shape)]
            continue
        events += yield from _ticket_events(portal, answer.of(kind.shape), run.now)
        seen = {found.data.id for found in answer.of(kind.shape)} | {one.key for one in answer.bad}
        for missing in (one for one in ids if one not in seen):
            removal = yield from _gone(portal, missing, run.now)
            if removal is None:
                left.add(missing)
            else:
                events.append(removal)
    return Fetched(events, [ref for ref in refs if ref.kind != "issue" or ref.id not in left], bad)


def _ticket_events(portal: Portal, tickets: Sequence[Found[Any]], now: datetime) -> Flow[list[CustomerEvent]]:
    """Tickets as their stages and associations tell them, and those merged into them."""
    if not tickets:
        return []
    yield from portal.learn_stages(found.data.status_raw for found in tickets)
    ids = [found.data.id for found in tickets]
    people = yield from portal.associated(ids, "contacts")
    companies = yield from portal.associated(ids, "companies")
    events: list[CustomerEvent] = []
    for found in tickets:
        beside: Beside = found.extras.beside
        ticket = _settled(portal, found.data, beside, people, companies)
        events.append(IssueChanged.of(ticket, source=portal.name, received_at=now))
        losers = (one.strip() for one in (beside.merged_ids or "").split(";"))
        events += [_merged(portal, one, ticket, now) for one in losers if one and one != ticket.id]
    return events


def _settled(portal: Portal, ticket: Issue, beside: Beside, people: Associated, companies: Associated) -> Issue:
    status = portal.status_of(ticket.status_raw)
    contacts = people.get(ticket.id, ())
    closed_at = beside.closed_at if status in SETTLED else None
    return ticket.model_copy(
        update={
            "status": status,
            "resolved_at": closed_at,
            "closed_at": closed_at,
            "requester_id": next(iter(contacts), None),
            "affected_ids": contacts[1:],
            "account_id": next(iter(companies.get(ticket.id, ())), None),
        }
    )


def _merged(portal: Portal, loser: str, survivor: Issue, now: datetime) -> CustomerEvent:
    removal = IssueRemoval(
        id=loser, remote_updated_at=survivor.remote_updated_at, reason="merged", merged_into=survivor.id
    )
    return IssueRemoved.of(removal, source=portal.name, received_at=now, sequence=1)


def _gone(portal: Portal, id: str, now: datetime) -> Flow[CustomerEvent | None]:
    """What became of a ticket that no batch has: merged, archived, or not there at all; None where it is there."""
    gone = frozenset({404})
    response = yield from request(Request("GET", ticket_path(id), accept=gone))
    reason: Literal["merged", "deleted", "not_found"] = "merged"
    survivor: str | None = None
    if response.status == 404:
        response = yield from request(Request("GET", ticket_path(id), params=[("archived", "true")], accept=gone))
        # HubSpot says so itself, in JSON, and not just something between us and it.
        response.json()
        reason = "not_found" if response.status == 404 else "deleted"
    else:
        survivor = parsed(_One, response, portal.name).id
        if survivor == id:
            return None
    at = service_time(response, portal.name)
    removal = IssueRemoval(id=id, remote_updated_at=at, reason=reason, merged_into=survivor)
    return IssueRemoved.of(removal, source=portal.name, received_at=now, sequence=1)


def _after(portal: Portal, answer: Answer, before: str | None) -> str | None:
    """The highest id on a page, where another page follows.

    Raises:
        PagingStuck: more is announced, and no record on the page says where it stands.
    """
    if not answer.beside.get("after"):
        return None
    ids = [found.data.id for records in answer.found.values() for found in records]
    numbers = [int(one) for one in (*ids, *(bad.key for bad in answer.bad)) if _is_id(one)]
    if not numbers or max(numbers) <= int(before or -1):
        raise PagingStuck(f"`{portal.name}` announces a page and gives no record that leads to it; report this")
    return str(max(numbers))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
