"""Reads HubSpot's streams page by page: what changed, by search, and what was deleted, by list."""

from __future__ import annotations

from datetime import timedelta

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.hubspot.events import merged_events, thing_events, ticket_events
from alignkit.connectors.hubspot.portal import PAGE_SIZE, Portal, says_scope_missing
from alignkit.connectors.hubspot.records import ARCHIVED, ARCHIVED_PAGES, COMPANIES, Kind, properties_of
from alignkit.connectors.ids import is_number
from alignkit.connectors.records import Answer
from alignkit.connectors.window import Kept, Pace, Position, kept, position, service_time
from alignkit.errors import PagingStuck, PermissionMissing
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.models.times import Instant
from alignkit.transport import Flow, Request, Response, request

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=120))
ARCHIVE_EVERY = timedelta(hours=1)
"""Lists of what is archived cannot be asked for what is new, so they are not walked on every run."""


class ArchivePosition(Kept):
    """The checkpoint of a list of what is archived: when the last walk began, and the one under way."""

    walked_at: Instant | None = None
    began_at: Instant | None = None
    after: str | None = None


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
    events = thing_events(portal, kind, answer.of(kind.shape), run.now)
    after = _after(portal, answer, walk.after)
    more = after is not None or PACE.is_behind(walk.until, response, portal.name)
    return Page(events, kept(at.following(walk, after)), more, answer.bad)


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


def read_tickets(portal: Portal, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets that changed, each with its contacts and companies."""
    at = position(Position, checkpoint, portal.name)
    walk = PACE.walk(at, run)
    response = yield from portal.search(kind, walk)
    answer = listed(kind.body, response, portal.name)
    walk = PACE.answered(walk, response, portal.name)
    events, hidden = yield from ticket_events(portal, kind, answer.of(kind.shape), run.now)
    refs = [Ref("issue", id, "its people") for id in hidden]
    after = _after(portal, answer, walk.after)
    more = after is not None or PACE.is_behind(walk.until, response, portal.name)
    return Page(events, kept(at.following(walk, after)), more, answer.bad, refs)


def read_archived(name: str, portal: Portal, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what was deleted of a kind; the first page alone where the last walk is not long ago."""
    at = position(ArchivePosition, checkpoint, portal.name)
    params = [
        ("archived", "true"),
        ("limit", str(PAGE_SIZE)),
        ("properties", ",".join(properties_of(ARCHIVED[name]))),
        *([("after", at.after)] if at.after else []),
    ]
    may_lack = name == COMPANIES and at == ArchivePosition()
    accept = frozenset({403} if may_lack else ())
    response = yield from request(Request("GET", f"/crm/v3/objects/{name}", params=params, accept=accept))
    if response.status == 403:
        return _without_companies(portal, response, at)
    answer = listed(ARCHIVED_PAGES[name], response, portal.name)
    found = answer.of(ARCHIVED[name])
    now = service_time(response, portal.name)
    events: list[CustomerEvent] = []
    for one in found:
        events.append(one.event(source=portal.name, received_at=run.now, sequence=1))
        losers: tuple[str, ...] = one.extras.beside
        gone_at = one.data.remote_updated_at or now
        events += merged_events(portal, name, losers, one.data.id, gone_at, run.now)
    began = at.began_at or now
    after: str | None = answer.beside.get("after")
    if at.after is None and at.walked_at is not None and now - at.walked_at < ARCHIVE_EVERY:
        return Page(events, kept(at), more=False, quarantined=answer.bad)
    here = ArchivePosition(walked_at=at.walked_at, began_at=began, after=after)
    return Page(events, kept(here if after else ArchivePosition(walked_at=began)), after is not None, answer.bad)


def _after(portal: Portal, answer: Answer, before: str | None) -> str | None:
    """The highest id on a page, where another page follows.

    Raises:
        PagingStuck: more is announced, and no record on the page says where it stands.
    """
    if not answer.beside.get("after"):
        return None
    ids = [found.data.id for records in answer.found.values() for found in records]
    numbers = [int(one) for one in (*ids, *(bad.key for bad in answer.bad)) if is_number(one)]
    if not numbers or max(numbers) <= int(before or -1):
        raise PagingStuck(f"`{portal.name}` announces a page and gives no record that leads to it; report this")
    return str(max(numbers))
