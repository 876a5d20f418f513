"""Reads HubSpot's streams page by page, and single objects by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.gone import Reason, issue_gone, said_in, thing_gone, unseen
from alignkit.connectors.hubspot.portal import PAGE_SIZE, Portal, path_of, says_not_found, says_scope_missing
from alignkit.connectors.hubspot.records import ARCHIVED, ARCHIVED_PAGES, SETTLED, Kind
from alignkit.connectors.records import Answer, Found
from alignkit.connectors.window import Kept, Pace, Position, kept, position, service_time
from alignkit.errors import PagingStuck, PermissionMissing
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.transport import Flow, Request, Response, request

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=120))
Associated = Mapping[str, tuple[str, ...]]
"""The ids that tickets are associated with, by the ticket's."""

ARCHIVE_EVERY = timedelta(hours=1)
"""Lists of what is archived cannot be asked for what is new, so they are not walked on every run."""

TICKETS, COMPANIES = "tickets", "companies"
NAMES: Mapping[str, str] = {"contacts": "contact", "companies": "account"}
"""The kinds of objects beside tickets, and what they are called here."""


class ArchivePosition(Kept):
    """The checkpoint of a list of what is archived: when the last walk began, and the one under way."""

    walked_at: Instant | None = None
    began_at: Instant | None = None
    after: str | None = None


class _One(Payload):
    id: str


def read(portal: Portal, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts or companies that changed since the mark, or of all."""
    at = position(Position, checkpoint, portal.name)
    walk = PACE.walk(at, run)
    # Who may see companies once and no longer is told: tickets without them would let go of people in their accounts.
    may_lack = kind.name == COMPANIES and at == Position()
    response = yield from portal.search(kind, walk, accept=frozenset({403} if may_lack else ()))
    if response.status == 403:
        return _without_companies(portal, response, at)
    if kind.name == COMPANIES:
        portal.lacks_companies = False
    answer = listed(kind.body, response, portal.name)
    walk = PACE.answered(walk, response, portal.name)
    events = _events(portal, kind, answer.of(kind.shape), run.now)
    after = _after(portal, answer, walk.after)
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad)


def _without_companies(portal: Portal, response: Response, at: Kept) -> Page:
    """No page at all, which is told.

    Raises:
        PermissionMissing: the refusal is not HubSpot's own word about a scope.
    """
    if not says_scope_missing(response):
        raise PermissionMissing(f"`{portal.name}` does not let this credential see companies (403)")
    portal.lacks_companies = True
    gap = "no companies are read, and tickets belong to none: give the token the scope `crm.objects.companies.read`"
    return Page((), kept(at), more=False, gaps=[gap])


def _events(portal: Portal, kind: Kind, found: Sequence[Found[Any]], now: datetime) -> list[CustomerEvent]:
    """Contacts or companies, and those that were merged into them."""
    events: list[CustomerEvent] = []
    for one in found:
        losers: tuple[str, ...] = one.extras.beside
        at = one.data.remote_updated_at or now
        name = NAMES[kind.name]
        events += [
            thing_gone(name, loser, source=portal.name, at=at, received_at=now, into=one.data.id) for loser in losers
        ]
        events.append(one.event(source=portal.name, received_at=now))
    return events


def read_tickets(portal: Portal, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets that changed, each with its contacts and companies."""
    at = position(Position, checkpoint, portal.name)
    walk = PACE.walk(at, run)
    response = yield from portal.search(kind, walk)
    answer = listed(kind.body, response, portal.name)
    walk = PACE.answered(walk, response, portal.name)
    events, hidden = yield from _ticket_events(portal, kind, answer.of(kind.shape), run.now)
    refs = [Ref("issue", id, "its people") for id in hidden]
    after = _after(portal, answer, walk.after)
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad, refs)


def read_archived(name: str, portal: Portal, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what was deleted of a kind; the first page alone where the last walk is not long ago."""
    at = position(ArchivePosition, checkpoint, portal.name)
    params = [("archived", "true"), ("limit", str(PAGE_SIZE)), *([("after", at.after)] if at.after else [])]
    may_lack = name == COMPANIES and at == ArchivePosition()
    accept = frozenset({403} if may_lack else ())
    response = yield from request(Request("GET", f"/crm/v3/objects/{name}", params=params, accept=accept))
    if response.status == 403:
        return _without_companies(portal, response, at)
    answer = listed(ARCHIVED_PAGES[name], response, portal.name)
    found = answer.of(ARCHIVED[name])
    events = [one.event(source=portal.name, received_at=run.now, sequence=1) for one in found]
    now = service_time(response, portal.name)
    began = at.began_at or now
    after: str | None = answer.beside.get("after")
    if at.after is None and at.walked_at is not None and now - at.walked_at < ARCHIVE_EVERY:
        return Page(events, kept(at), more=False, quarantined=answer.bad)
    here = ArchivePosition(walked_at=at.walked_at, began_at=began, after=after)
    return Page(events, kept(here if after else ArchivePosition(walked_at=began)), after is not None, answer.bad)


def fetch(portal: Portal, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads tickets (`issue`), contacts and companies (`account`) by id, and finds out what became of the others."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    left: set[tuple[str, str]] = set()
    for name, kind in kinds.items():
        ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == name and _is_id(ref.id)))
        if not ids:
            continue
        found, unread = yield from portal.by_id(kind, ids)
        bad += unread
        if name == "issue":
            told, hidden = yield from _ticket_events(portal, kind, found, run.now)
            events += told
            left |= {(name, id) for id in hidden}
        else:
            events += _events(portal, kind, found, run.now)
        seen = {one.data.id for one in found} | {one.key for one in unread}
        missing = [one for one in ids if one not in seen]
        # A right that was taken away may hide all of a kind: what is not there counts where something else is.
        shows = bool(found) or (bool(missing) and (yield from _shows(kind)))
        for id in missing:
            gone = (yield from _gone(portal, kind, id, run.now)) if shows else None
            if gone is None:
                left.add((name, id))
            else:
                events.append(gone)
    return Fetched(events, [ref for ref in refs if (ref.kind, ref.id) not in left], bad, unseen(len(left)))


def _ticket_events(
    portal: Portal, kind: Kind, tickets: Sequence[Found[Any]], now: datetime
) -> Flow[tuple[list[CustomerEvent], AbstractSet[str]]]:
    """Tickets as their stages and associations tell them, and those merged into them; and those no longer shown.

    Whoever has lost the right to see a ticket is shown no people of it either, and nothing tells. So a ticket without
    people is told only if it is still there afterwards.
    """
    if not tickets:
        return [], set()
    yield from portal.learn_stages(found.data.status_raw for found in tickets)
    ids = [found.data.id for found in tickets]
    companies: Associated = {}
    if not portal.lacks_companies:
        companies = yield from portal.associated(ids, COMPANIES)
    people = yield from portal.associated(ids, "contacts")
    hidden = yield from _hidden(portal, kind, [id for id in ids if not people.get(id)])
    events: list[CustomerEvent] = []
    for found in tickets:
        if found.data.id in hidden:
            continue
        events.append(_settled(portal, found, people, companies).event(source=portal.name, received_at=now))
        ticket, beside = found.data, found.extras.beside
        at = ticket.remote_updated_at or ticket.created_at
        events += [
            issue_gone(loser, source=portal.name, at=at, received_at=now, reason="merged", into=ticket.id)
            for loser in beside.merged_ids
        ]
    return events, hidden


def _hidden(portal: Portal, kind: Kind, ids: Sequence[str]) -> Flow[AbstractSet[str]]:
    """Which of these are not shown any more."""
    found, unread = yield from portal.by_id(kind, ids)
    return {*ids} - {one.data.id for one in found} - {one.key for one in unread}


def _settled(portal: Portal, found: Found[Issue], people: Associated, companies: Associated) -> Found[Issue]:
    ticket, beside = found.data, found.extras.beside
    status = portal.status_of(ticket.status_raw)
    contacts = people.get(ticket.id, ())
    closed_at = beside.closed_at if status in SETTLED else None
    return found.changed(
        status=status,
        resolved_at=closed_at,
        closed_at=closed_at,
        requester_id=next(iter(contacts), None),
        affected_ids=contacts[1:],
        account_id=next(iter(companies.get(ticket.id, ())), None),
    )


def _shows(kind: Kind) -> Flow[bool]:
    """Whether anything of a kind can be seen."""
    wanted = Request("GET", f"/crm/v3/objects/{kind.name}", [("limit", "1")], accept=frozenset({403, 404}))
    response = yield from request(wanted)
    return response.status == 200 and bool(said_in(response).get("results"))


def _gone(portal: Portal, kind: Kind, id: str, now: datetime) -> Flow[CustomerEvent | None]:
    """What became of an object that no batch has: merged, archived, or not there at all.

    None where it is there, or where the answer is not HubSpot's own word: a gateway's 404 says nothing of an object.
    """
    gone = frozenset({404})
    response = yield from request(Request("GET", path_of(kind.name, id), accept=gone))
    reason: Reason = "merged"
    survivor: str | None = None
    if response.status == 404:
        if not says_not_found(response):
            return None
        archived = [("archived", "true")]
        response = yield from request(Request("GET", path_of(kind.name, id), params=archived, accept=gone))
        if response.status == 404 and not says_not_found(response):
            return None
        reason = "not_found" if response.status == 404 else "deleted"
        if reason == "deleted" and parsed(_One, response, portal.name).id != id:
            return None
    else:
        survivor = parsed(_One, response, portal.name).id
        if survivor == id:
            return None
    at = service_time(response, portal.name)
    if kind.name == TICKETS:
        return issue_gone(id, source=portal.name, at=at, received_at=now, reason=reason, into=survivor)
    return thing_gone(NAMES[kind.name], id, source=portal.name, at=at, received_at=now, into=survivor)


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
