"""Reads the streams, one page for one checkpoint.

Conversations and tickets are walked by the second of their last change: each page asks for what changed at or after the
last row of the one before. So a row that changes meanwhile moves behind what is still to be read, and pushes no other
one out. Only within one second, when all of a page is of it, is the service's own cursor followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.intercom.records import COMPANIES, CONTACTS
from alignkit.connectors.intercom.workspace import Workspace, companies, search
from alignkit.connectors.records import Body, Found, Shape
from alignkit.connectors.window import Kept, Pace, kept, position, service_time
from alignkit.connectors.window import Position as Window
from alignkit.errors import CursorExpired, RequestRefused, ResponseInvalid
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.transport import Flow, Response, request

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(minutes=1))
CONTACT_PACE = Pace(overlap=timedelta(minutes=15), lag=timedelta(minutes=1))
"""New contacts may be missing from searches for some minutes."""

WIDEST_DAYS = timedelta(days=2)
"""Contacts are searched by whole days in the workspace's time zone."""

COMPANIES_EVERY = timedelta(days=1)
_RECENT = timedelta(days=1)
_CATCH_UP = timedelta(seconds=30)


class SecondsWalk(Kept):
    """A walk by the second of the last change.

    Attributes:
        since: the second from which on is asked, epoch seconds.
        until: the mark once the walk has ended; None before its first answer.
        after: the service's cursor within one second.
    """

    since: int = 0
    until: Instant | None = None
    after: str | None = None


class SecondsPosition(Kept):
    """The checkpoint of a stream that is walked by seconds."""

    mark: Instant | None = None
    walk: SecondsWalk | None = None


def read_conversations(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the conversations."""
    return (
        yield from _by_seconds(
            space, "/conversations/search", space.conversation_page, space.conversations, checkpoint, run
        )
    )


def read_tickets(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets."""
    return (yield from _by_seconds(space, "/tickets/search", space.ticket_page, space.tickets, checkpoint, run))


def _by_seconds(
    space: Workspace, path: str, body: Body, shape: Shape[Issue], checkpoint: Checkpoint | None, run: Run
) -> Flow[Page]:
    at = position(SecondsPosition, checkpoint, space.name)
    walk = at.walk or _begun(at, run)
    # `>` is described as "greater or equal" and works as "greater": one second less is right either way.
    wanted = search(path, [("updated_at", ">", walk.since - 1)], order_by="updated_at", after=walk.after)
    response = yield from request(wanted)
    _refuse(space, response, walk.after)
    if walk.until is None:
        walk = walk.model_copy(update={"until": service_time(response, space.name) - PACE.lag})
    answer = space.read(body, response)
    found = answer.of(shape)
    following = _following(space, walk, found, answer.beside.get("after"))
    after = SecondsPosition(mark=walk.until) if following is None else SecondsPosition(mark=at.mark, walk=following)
    # What changed during a long or resumed walk may lie behind its end; another walk brings it at once.
    is_behind = walk.until is not None and service_time(response, space.name) - walk.until > PACE.lag + _CATCH_UP
    more = following is not None or is_behind
    refs = [*_wanted(found, walk), *(_converted(found) if at.mark is not None else ())]
    return Page(space.issues(found, run), kept(after), more, answer.bad, refs)


def _begun(at: SecondsPosition, run: Run) -> SecondsWalk:
    since = run.since if at.mark is None else at.mark - PACE.overlap
    return SecondsWalk(since=0 if since is None else max(0, int(since.timestamp())))


def _following(
    space: Workspace, walk: SecondsWalk, found: Sequence[Found[Issue]], cursor: str | None
) -> SecondsWalk | None:
    """Where the walk goes on; None at its end."""
    seconds = [_second(one.data) for one in found]
    if any(one > other for one, other in pairwise(seconds)):
        raise ResponseInvalid(f"`{space.name}` answered in another order than asked for; report this")
    last = seconds[-1] if seconds else walk.since
    if cursor is None or (walk.until is not None and last > walk.until.timestamp()):
        return None
    if last > walk.since:
        return walk.model_copy(update={"since": last, "after": None})
    return walk.model_copy(update={"after": cursor})


def _second(issue: Issue) -> int:
    return int((issue.remote_updated_at or issue.created_at).timestamp())


def _wanted(found: Sequence[Found[Issue]], walk: SecondsWalk) -> list[Ref]:
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


def _refuse(space: Workspace, response: Response, cursor: str | None) -> None:
    """Tells a cursor that is not known any more from a search that is refused.

    Raises:
        CursorExpired: there was a cursor.
        RequestRefused: there was none.
    """
    if response.status != 400:
        return
    if cursor is not None:
        raise CursorExpired(f"`{space.name}` does not know the position of a search any more")
    raise RequestRefused(f"`{space.name}` refused a search (400); report this", status=400)


def read_contacts(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts that changed on the days of the window, less those that changed before it.

    They are walked in the order of their creation, which no change disturbs.
    """
    at = position(Window, checkpoint, space.name)
    walk = CONTACT_PACE.walk(at, run)
    since = max(0, int((walk.since - WIDEST_DAYS).timestamp())) if walk.since else 0
    response = yield from request(
        search("/contacts/search", [("updated_at", ">", since)], order_by="created_at", after=walk.after)
    )
    _refuse(space, response, walk.after)
    walk = CONTACT_PACE.answered(walk, response, space.name)
    answer = space.read(space.contact_page, response)
    events = [
        one.event(source=space.name, received_at=run.now)
        for one in answer.of(CONTACTS)
        if walk.since is None or one.data.remote_updated_at is None or one.data.remote_updated_at >= walk.since
    ]
    following = answer.beside.get("after")
    return Page(events, kept(at.following(walk, following)), following is not None, answer.bad)


class CompanyPosition(Kept):
    """The checkpoint of the companies: when they were read last, and the walk under way.

    Attributes:
        begun: when the walk began, by the service's clock.
        page: the next page.
    """

    mark: Instant | None = None
    begun: Instant | None = None
    page: int = 1


def read_companies(space: Workspace, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of all companies, once a day: Intercom cannot tell which of them changed."""
    at = position(CompanyPosition, checkpoint, space.name)
    if at.begun is None and at.mark is not None and run.now - at.mark < COMPANIES_EVERY:
        return Page((), kept(at), more=False)
    response = yield from request(companies(at.page))
    begun = at.begun or service_time(response, space.name)
    if response.status == 400 and at.page > 1:
        gap = f"no company beyond page {at.page - 1} is read: the list reaches no further"
        return Page((), kept(CompanyPosition(mark=begun)), more=False, gaps=[gap])
    _refuse(space, response, None)
    answer = space.read(space.company_page, response)
    found: Sequence[Found[Any]] = answer.of(COMPANIES)
    events = [one.event(source=space.name, received_at=run.now) for one in found]
    more = at.page < answer.beside.get("pages", 1)
    after = CompanyPosition(mark=at.mark, begun=begun, page=at.page + 1) if more else CompanyPosition(mark=begun)
    return Page(events, kept(after), more, answer.bad)
