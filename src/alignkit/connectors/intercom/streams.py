"""Reads the streams, one page for one checkpoint.

A search is walked by the position that Intercom gives with each page: by what it was sorted, and not by how many rows
came before. So a row that changes meanwhile pushes no other one out. Conversations and tickets, of which those can be
asked for that changed since a second, are walked upwards to the end. Contacts, of which only days can be named, are
walked downwards to those that are known.

What a search finds may be shown fresher than it was sorted, so no row's time says where another one stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.intercom.records import COMPANIES, CONTACTS
from alignkit.connectors.intercom.workspace import Workspace, companies, search
from alignkit.connectors.records import Body, Found, Shape
from alignkit.connectors.window import Kept, Pace, Position, Walk, kept, position, service_time
from alignkit.errors import CursorExpired, PagingStuck, RequestRefused
from alignkit.models.customer import Contact
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.transport import Flow, Request, Response, request

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(minutes=1))
CONTACT_PACE = Pace(overlap=timedelta(minutes=15), lag=timedelta(minutes=1))
"""New contacts may be missing from searches for some minutes."""

WIDEST_DAYS = timedelta(days=2)
"""Contacts are searched by whole days in the workspace's time zone."""

COMPANIES_EVERY = timedelta(days=1)
_RECENT = timedelta(days=1)


def read_conversations(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the conversations."""
    path, body = "/conversations/search", space.conversation_page
    return (yield from _read_issues(space, path, body, space.conversations, checkpoint, run))


def read_tickets(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets."""
    return (yield from _read_issues(space, "/tickets/search", space.ticket_page, space.tickets, checkpoint, run))


def _read_issues(
    space: Workspace, path: str, body: Body, shape: Shape[Issue], checkpoint: Checkpoint | None, run: Run
) -> Flow[Page]:
    at = position(Position, checkpoint, space.name)
    walk = PACE.walk(at, run)
    # `>` is described as "greater or equal" and works as "greater": one second less is right either way.
    wanted = search(path, since=_second(walk.since, timedelta(seconds=1)), after=walk.after)
    response = yield from _searched(space, wanted, walk)
    walk, answer = PACE.answered(walk, response, space.name), space.read(body, response)
    found = answer.of(shape)
    refs = [*_wanted(found, walk), *(_converted(found) if at.mark is not None else ())]
    following = answer.beside.get("after")
    after = kept(at.following(walk, following))
    return Page(space.issues(found, run), after, following is not None, answer.bad, refs)


def read_contacts(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts that changed on the days of the window, less those that changed before it."""
    at = position(Position, checkpoint, space.name)
    walk = CONTACT_PACE.walk(at, run)
    days = _second(walk.since, WIDEST_DAYS)
    wanted = search("/contacts/search", since=days, order="descending", after=walk.after)
    response = yield from _searched(space, wanted, walk)
    walk, answer = CONTACT_PACE.answered(walk, response, space.name), space.read(space.contact_page, response)
    found = answer.of(CONTACTS)
    new = [one for one in found if walk.since is None or _changed(one.data) >= walk.since]
    events = [one.event(source=space.name, received_at=run.now) for one in new]
    has_met_known = not new and _is_downwards(found)
    following = None if has_met_known else answer.beside.get("after")
    more = following is not None or CONTACT_PACE.is_behind(walk.until, response, space.name)
    return Page(events, kept(at.following(walk, following)), more, answer.bad)


def _searched(space: Workspace, wanted: Request, walk: Walk) -> Flow[Response]:
    """The answer to a search.

    Raises:
        CursorExpired: Intercom does not know the position of the walk any more.
        RequestRefused: it refuses the search itself.
    """
    response = yield from request(wanted)
    if response.status == 400 and walk.after is not None:
        raise CursorExpired(f"`{space.name}` does not know the position of a search any more")
    if response.status == 400:
        raise RequestRefused(f"`{space.name}` refused a search (400); report this", status=400)
    return response


def _second(moment: datetime | None, less: timedelta) -> int:
    """A time so much earlier, in epoch seconds; 0 where there is none."""
    return 0 if moment is None else max(0, int((moment - less).timestamp()))


def _changed(contact: Contact) -> datetime:
    return contact.remote_updated_at or _LATEST


_LATEST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
"""A contact that tells no time is never taken for a known one."""


def _is_downwards(found: Sequence[Found[Contact]]) -> bool:
    """Whether there are any, in the order that was asked for; where it is ignored, known ones say nothing of others."""
    return bool(found) and all(_changed(one.data) >= _changed(other.data) for one, other in pairwise(found))


def _wanted(found: Sequence[Found[Issue]], walk: Walk) -> list[Ref]:
    """New contacts whose address came with nothing: searches may not show them for some minutes yet."""
    recent = None if walk.until is None else walk.until - _RECENT
    return [
        Ref("contact", issue.requester_id, "address")
        for issue in (one.data for one in found)
        if issue.requester_id and not issue.requester_email and recent is not None and issue.created_at >= recent
    ]


def _converted(found: Sequence[Found[Issue]]) -> list[Ref]:
    """Conversations that have become tickets of another id: some may be known as what they were before."""
    ids = [(one.data.id, one.extras.beside.ticket_id) for one in found]
    return [Ref("issue", id, "became a ticket") for id, ticket in ids if ticket not in (None, id)]


class CompanyPosition(Kept):
    """The checkpoint of the companies: when they were read last, and the walk under way.

    Attributes:
        begun: when the walk began, by the service's clock.
        page: the next page.
        first: the id of the first company of the page before; the same one again is no progress.
    """

    mark: Instant | None = None
    begun: Instant | None = None
    page: int = 1
    first: str | None = None


def read_companies(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of all companies, once a day: Intercom cannot tell which of them changed.

    Raises:
        PagingStuck: this page came before.
    """
    at = position(CompanyPosition, checkpoint, space.name)
    if at.begun is None and at.mark is not None and run.now - at.mark < COMPANIES_EVERY:
        return Page((), kept(at), more=False)
    response = yield from request(companies(at.page))
    begun = at.begun or service_time(response, space.name)
    if response.status == 400 and at.page > 1:
        gap = f"no company beyond page {at.page - 1} is read: the list reaches no further"
        return Page((), kept(CompanyPosition(mark=begun)), more=False, gaps=[gap])
    if response.status == 400:
        raise RequestRefused(f"`{space.name}` refused the list of companies (400); report this", status=400)
    answer = space.read(space.company_page, response)
    found: Sequence[Found[Any]] = answer.of(COMPANIES)
    events = [one.event(source=space.name, received_at=run.now) for one in found]
    first = found[0].data.id if found else None
    if first is not None and first == at.first:
        raise PagingStuck(f"`{space.name}` answers the same page of companies again and again; report this")
    more = at.page < answer.beside.get("pages", 1)
    after = CompanyPosition(mark=begun)
    if more:
        after = CompanyPosition(mark=at.mark, begun=begun, page=at.page + 1, first=first)
    return Page(events, kept(after), more, answer.bad)
