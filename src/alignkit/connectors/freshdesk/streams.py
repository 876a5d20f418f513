"""Reads the streams, one page for one checkpoint.

Freshdesk counts pages, so a ticket that changes during a walk moves all that follow one place up, and the first of
each later page slips by. Two ways keep clear of that. Tickets are walked by the second of their last change: each walk
goes on at page 1 from the last second read. And where pages must be counted, they are read upwards and then downwards
again: what has moved up in the meantime is met on the way down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.freshdesk.desk import API, BESIDE, NOT_THERE, Desk
from alignkit.connectors.freshdesk.records import COMPANIES, CONTACTS, DELETED_CONTACTS, Listed
from alignkit.connectors.records import Body, Found, Shape
from alignkit.connectors.window import Kept, Pace, kept, position, service_time
from alignkit.errors import PagingStuck, ResponseInvalid
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, Request, Response, request

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
COMPANIES_EVERY = timedelta(days=1)
FIRST = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""Without a bound, only tickets of the last thirty days are listed."""

_LATELY = timedelta(days=30)
_SECOND = timedelta(seconds=1)


class Walk(Kept):
    """A walk through pages.

    Attributes:
        since: what is older is not asked for.
        until: the mark once the walk has ended; None before its first answer.
        page: the page that follows.
        is_down: whether pages are met a second time, downwards.
        last: the last second read, from which a walk by seconds goes on after its way down; None where it ends there.
        seen: a digest of the last page on the way up; the same page twice is no progress.
        newest: the newest stamp on the way up, as long as all came in the order of their stamps.
        is_ordered: whether they did.
        is_short: whether more is there than could be read, so that the mark stays where it was.
    """

    since: Instant | None = None
    until: Instant | None = None
    page: int = 1
    is_down: bool = False
    last: Instant | None = None
    seen: str = ""
    newest: Instant | None = None
    is_ordered: bool = True
    is_short: bool = False


class Position(Kept):
    """The checkpoint of a stream: the mark up to which all is read, and the walk under way."""

    mark: Instant | None = None
    walk: Walk | None = None

    def following(self, walk: Walk | None, until: datetime | None) -> Position:
        """The position after a page."""
        return Position(mark=until) if walk is None else Position(mark=self.mark, walk=walk)


def _begun(at: Position, run: Run) -> Walk:
    return at.walk or Walk(since=run.since if at.mark is None else at.mark - PACE.overlap)


def _answered(walk: Walk, response: Response, name: str) -> Walk:
    """The walk with its upper bound, which its first answer tells."""
    return walk if walk.until else walk.model_copy(update={"until": service_time(response, name) - PACE.lag})


def iso(moment: datetime) -> str:
    """A moment as Freshdesk takes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def read_tickets(listed: Listed) -> Callable[[Desk, Checkpoint | None, Run], Flow[Page]]:
    """Reads one list of tickets: Freshdesk leaves spam and what was deleted out of the others."""

    def read(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        at = position(Position, checkpoint, desk.name)
        unknown = yield from desk.learn_statuses(again=at.walk is None)
        walk = _begun(at, run)
        since = walk.since or FIRST
        params = [
            ("updated_since", iso(since)),
            ("order_by", "updated_at"),
            ("order_type", "asc"),
            ("per_page", str(desk.page_size)),
            ("page", str(walk.page)),
            BESIDE,
            *([] if listed is Listed.TICKETS else [("filter", listed.value)]),
        ]
        response = yield from request(Request("GET", f"{API}/tickets", params))
        walk = _answered(walk, response, desk.name)
        answer = desk.read(desk.ticket_pages[listed], response)
        found = answer.of(desk.tickets[listed])
        following, gaps = _by_seconds(desk, walk, found, answer.bad)
        # A ticket may be put away in the very second of its last change.
        sequence = 0 if listed is Listed.TICKETS else 1
        # What may have been merged into another ticket is told once that is known.
        refs = [Ref("issue", one.data.id, "merged?") for one in found if _may_be_merged(one.data, walk)]
        asked = {ref.id for ref in refs}
        told = [one for one in found if one.data.id not in asked] if asked else found
        events = [one.event(source=desk.name, received_at=run.now, sequence=sequence) for one in told]
        after = at.following(following, walk.until)
        more = following is not None or PACE.is_behind(walk.until, response, desk.name)
        return Page(events, kept(after), more, answer.bad, refs, [*unknown, *gaps])

    return read


def is_unanswered_end(issue: Issue) -> bool:
    """Whether a ticket was closed though no agent has answered: so does one look that was merged into another."""
    return issue.status is IssueStatus.CLOSED and issue.first_response_at is None


def _may_be_merged(issue: Issue, walk: Walk) -> bool:
    """Whether a ticket was closed lately without an answer; what was merged long ago is over with the other one."""
    changed = issue.remote_updated_at or issue.created_at
    return is_unanswered_end(issue) and walk.until is not None and changed > walk.until - _LATELY


def _by_seconds(
    desk: Desk, walk: Walk, found: Sequence[Found[Issue]], bad: Sequence[Quarantined]
) -> tuple[Walk | None, list[str]]:
    """Where a walk by seconds goes on, None at its end; and what may have been missed."""
    if walk.is_down:
        return _down(walk), []
    moments = [one.data.remote_updated_at or one.data.created_at for one in found]
    # A single record may tell an odd time.
    if sum(one > other for one, other in pairwise(moments)) > 1:
        raise ResponseInvalid(f"`{desk.name}` answered in another order than asked for; report this")
    since = walk.since or FIRST
    last = moments[-1].replace(microsecond=0) if moments else since
    is_last_page = len(found) + len(bad) < desk.page_size or (walk.until is not None and last > walk.until)
    if last <= since and not is_last_page:
        if walk.page < desk.most_pages:
            return _up(desk, walk, found), []
        gap = f"more than {desk.most_pages * desk.page_size:,} tickets changed in one second; some were not read"
        return Walk(since=since + _SECOND, until=walk.until), [gap]
    on = None if is_last_page else last
    if walk.page > 1:
        return walk.model_copy(update={"page": walk.page - 1, "is_down": True, "last": on}), []
    return walk.model_copy(update={"since": on}) if on else None, []


def _up(desk: Desk, walk: Walk, found: Sequence[Found[Any]]) -> Walk:
    """The next page on the way up.

    Raises:
        PagingStuck: this page came before.
    """
    seen = blake2b(repr([one.data.id for one in found]).encode(), digest_size=8).hexdigest()
    if found and seen == walk.seen:
        raise PagingStuck(f"`{desk.name}` answers the same page again and again; the walk was stopped where it was")
    return walk.model_copy(update={"page": walk.page + 1, "seen": seen})


def _down(walk: Walk) -> Walk | None:
    """The next page on the way down; from page 1 the walk goes on by seconds, or ends."""
    if walk.page > 1:
        return walk.model_copy(update={"page": walk.page - 1})
    return None if walk.last is None else Walk(since=walk.last, until=walk.until)


def read_contacts(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts that changed in the window."""
    return (yield from _counted(desk, "/contacts", _CHANGED, desk.contact_page, CONTACTS, checkpoint, run))


def read_deleted_contacts(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the contacts that were deleted in the window: the other list leaves them out."""
    way = _Counted("_updated_since", (("state", "deleted"),), sequence=1)
    body = desk.deleted_contact_page
    return (yield from _counted(desk, "/contacts", way, body, DELETED_CONTACTS, checkpoint, run))


def read_ratings(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the ratings of the window; a plan without them is no error."""
    path = "/surveys/satisfaction_ratings"
    way = _Counted("created_since", is_optional=True)
    return (yield from _counted(desk, path, way, desk.rating_page, desk.ratings, checkpoint, run))


class _Counted(NamedTuple):
    """How a list is asked for whose pages are counted: by which bound, what else, and whether a plan may lack it.

    What it tells outweighs what another list of a lower `sequence` tells of the same second.
    """

    bound: str
    params: tuple[tuple[str, str], ...] = ()
    is_optional: bool = False
    sequence: int = 0


_CHANGED = _Counted("_updated_since")


def _counted(
    desk: Desk, path: str, way: _Counted, body: Body, shape: Shape[Any], checkpoint: Checkpoint | None, run: Run
) -> Flow[Page]:
    """One page of a list whose order is not known: upwards to its end, then downwards again."""
    at = position(Position, checkpoint, desk.name)
    walk = _begun(at, run)
    params = [*way.params, ("per_page", str(desk.page_size)), ("page", str(walk.page))]
    if walk.since is not None:
        params.append((way.bound, iso(walk.since)))
    accept = NOT_THERE if way.is_optional else frozenset[int]()
    response = yield from request(Request("GET", f"{API}{path}", params, accept=accept))
    if response.status in NOT_THERE:
        gap = "no ratings are read: the plan has none, or the credential may not see them"
        return Page((), kept(at), more=False, gaps=[gap])
    walk = _answered(walk, response, desk.name)
    answer = desk.read(body, response)
    found = answer.of(shape)
    events = [one.event(source=desk.name, received_at=run.now, sequence=way.sequence) for one in found]
    gaps: list[str] = []
    is_full = len(found) + len(answer.bad) >= desk.page_size
    if walk.is_down or (not is_full and walk.page == 1):
        following = _down(walk) if walk.is_down else None
    elif is_full and walk.page < desk.most_counted:
        following = _up(desk, _watched(walk, found, way), found)
    else:
        walk = _watched(walk, found, way)
        following = walk.model_copy(update={"page": walk.page - 1, "is_down": True})
        if is_full:
            following, gaps = _split(desk, following, path)
    after = Position(mark=at.mark) if following is None and walk.is_short else at.following(following, walk.until)
    return Page(events, kept(after), following is not None, answer.bad, gaps=gaps)


def _watched(walk: Walk, found: Sequence[Found[Any]], way: _Counted) -> Walk:
    """The walk, with the newest stamp so far and whether all stamps came in order."""
    stamps = [one.data.remote_created_at if way.is_optional else one.data.remote_updated_at for one in found]
    known = [stamp for stamp in (walk.newest, *stamps) if stamp is not None]
    is_ordered = walk.is_ordered and None not in stamps and known == sorted(known)
    return walk.model_copy(update={"newest": known[-1] if known else None, "is_ordered": is_ordered})


def _split(desk: Desk, walk: Walk, path: str) -> tuple[Walk, list[str]]:
    """Goes on after the last second of a list that reaches no further, where its order allows that.

    Where it does not, the mark stays: what could not be read is told in each run, and never taken for read.
    """
    last = walk.newest.replace(microsecond=0) if walk.newest else None
    if walk.is_ordered and last is not None and (walk.since is None or last > walk.since):
        return walk.model_copy(update={"last": last}), []
    reach = f"{desk.most_counted * desk.page_size:,}"
    gap = f"only the first {reach} of {path[1:]} that changed can be listed, and their order does not lead to the rest"
    return walk.model_copy(update={"is_short": True}), [gap]


def read_companies(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of all companies, once a day: Freshdesk cannot tell which of them changed."""
    at = position(Position, checkpoint, desk.name)
    if at.walk is None and at.mark is not None and run.now - at.mark < COMPANIES_EVERY:
        return Page((), kept(at), more=False)
    walk = at.walk or Walk()
    params = [("per_page", str(desk.page_size)), ("page", str(walk.page))]
    response = yield from request(Request("GET", f"{API}/companies", params))
    walk = _answered(walk, response, desk.name)
    answer = desk.read(desk.company_page, response)
    found = answer.of(COMPANIES)
    events = [one.event(source=desk.name, received_at=run.now) for one in found]
    is_full = len(found) + len(answer.bad) >= desk.page_size
    after = at.following(_up(desk, walk, found) if is_full else None, walk.until)
    return Page(events, kept(after), is_full, answer.bad)
