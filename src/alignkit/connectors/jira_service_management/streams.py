"""Reads the streams of one site: issues by search, customers and organizations desk by desk, feedback once a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from alignkit.connectors.answers import listed, parsed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.jira_service_management.records import CUSTOMERS, ORGANIZATIONS, Noted
from alignkit.connectors.jira_service_management.site import DESK_API, Desks, Site, values_request
from alignkit.connectors.records import Answer, Body, Found, Shape
from alignkit.connectors.window import Kept, kept, position, service_time
from alignkit.errors import CursorExpired, PagingStuck, PermissionMissing
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, Request, Response, request

OVERLAP = timedelta(minutes=15)
"""A search may be behind for some minutes, and longer after a bulk change."""

LAG = timedelta(minutes=1)
DAILY = timedelta(days=1)
RATED_WITHIN_DAYS = 14
RATED_WITHIN = timedelta(days=RATED_WITHIN_DAYS)
NEW_WITHIN = 2 * DAILY
"""Who asks for the first time may not be on the daily list of customers yet, which may be a day late itself."""

_CATCH_UP = timedelta(seconds=30)
_IS_LAST = {"is_last": ("isLastPage", bool)}
CUSTOMER_PAGE = Body({"values": CUSTOMERS}, _IS_LAST)
_ORGANIZATION_PAGE = Body({"values": ORGANIZATIONS}, _IS_LAST)


class Walk(Kept):
    """A walk through what changed in one window, in the order of creation, which no change disturbs.

    Attributes:
        since: what is older is not asked for; None for everything.
        until: the mark once the walk has ended; None before its first answer.
        token: for the next page.
        first: the id of the first issue of the last page; the same one again is no progress.
    """

    since: Instant | None = None
    until: Instant | None = None
    token: str | None = None
    first: str | None = None


class Position(Kept):
    """The checkpoint of a search."""

    mark: Instant | None = None
    walk: Walk | None = None


class DeskPosition(Kept):
    """The checkpoint of a daily list: when it was read last, and the walk under way.

    Attributes:
        begun: when the walk began, by the service's clock.
        desk: which service desk is read, counted from 0.
        start: how many of its rows were read.
        first: the id of the first row of the last page, or of the desk before; the same one again is no progress.
    """

    mark: Instant | None = None
    begun: Instant | None = None
    desk: int = 0
    start: int = 0
    first: str | None = None


def read_issues(site: Site, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the issues that changed in the window."""
    at = position(Position, checkpoint, site.name)
    walk = at.walk or Walk(since=run.since if at.mark is None else at.mark - OVERLAP)
    # In milliseconds: a date without a zone would be read in the searching user's.
    since = 0 if walk.since is None else max(0, int(walk.since.timestamp()) // 60 * 60_000)
    answer, clock, following = yield from _searched(site, f"{site.scope} AND updated >= {since}", walk)
    found = answer.of(site.issues)
    after = Position(mark=clock - LAG if walk.until is None else walk.until)
    if following is not None:
        after = Position(mark=at.mark, walk=following)
    # What changed during a long or resumed walk may have been passed; another walk brings it at once.
    is_behind = walk.until is not None and clock - walk.until > LAG + _CATCH_UP
    wanted = [ref for one in found for ref in _lacks(one, clock)]
    return Page(_events(site, found, run), kept(after), following is not None or is_behind, answer.bad, wanted)


def read_feedback(site: Site, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what was over and changed within two weeks, once a day: its feedback is asked for anew."""
    at = position(Position, checkpoint, site.name)
    if at.walk is None and _is_read(at.mark, run):
        return Page((), kept(at), more=False)
    conditions = f"{site.scope} AND statusCategory = Done AND updated >= -{RATED_WITHIN_DAYS}d"
    walk = at.walk or Walk()
    answer, clock, following = yield from _searched(site, conditions, walk)
    found = answer.of(site.issues)
    after = Position(mark=walk.until or clock) if following is None else Position(mark=at.mark, walk=following)
    wanted = [Ref("feedback", one.data.id, "rating") for one in found if _may_be_rated(one.data, clock)]
    return Page(_events(site, found, run), kept(after), following is not None, answer.bad, wanted)


def _searched(site: Site, conditions: str, walk: Walk) -> Flow[tuple[Answer, datetime, Walk | None]]:
    """A page of a search, the service's time, and the walk from there on; None after the last page.

    Raises:
        CursorExpired: the token of the walk is not known any more.
        PagingStuck: the page begins as the last one did.
        RequestRefused: a search from the beginning was refused.
    """
    response = yield from request(site.search(conditions, walk.token))
    if response.status == 400:
        if walk.token is None:
            raise site.refused(response)
        raise CursorExpired(f"`{site.name}` does not know the position of a search any more")
    clock = service_time(response, site.name)
    answer = listed(site.page, response, site.name)
    found = answer.of(site.issues)
    token = answer.beside.get("token")
    if token is None:
        return answer, clock, None
    first = found[0].data.id if found else None
    if first is not None and first == walk.first:
        raise _stuck(site)
    until = clock - LAG if walk.until is None else walk.until
    return answer, clock, walk.model_copy(update={"until": until, "token": token, "first": first})


def _events(site: Site, found: Sequence[Found[Any]], run: Run) -> list[CustomerEvent]:
    return [one.event(source=site.name, received_at=run.now) for one in found]


def _lacks(found: Found[Issue], clock: datetime) -> Iterator[Ref]:
    """What no search tells of an issue, as far as it matters."""
    noted: Noted = found.extras.beside
    issue = found.data
    if noted.lacks_address and issue.created_at > clock - NEW_WITHIN:
        yield Ref("requester", issue.id, "address")
    if issue.merged_into is not None:
        yield Ref("issue", issue.merged_into, "survivor")
    if noted.may_be_a_campaigns:
        yield Ref("issue", issue.id, "who wrote")
    elif noted.is_on_behalf and (issue.is_active is not False or _is_recent(issue, clock)):
        yield Ref("issue", issue.id, "participants")
    if _may_be_rated(issue, clock):
        yield Ref("feedback", issue.id, "rating")


def _may_be_rated(issue: Issue, clock: datetime) -> bool:
    return issue.status is IssueStatus.RESOLVED and _is_recent(issue, clock)


def _is_recent(issue: Issue, clock: datetime) -> bool:
    return (issue.remote_updated_at or issue.created_at) > clock - RATED_WITHIN


def read_customers(site: Site, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the customers of one service desk, once a day.

    Raises:
        PagingStuck: a page begins as the last one did, or the same desk comes again.
        PermissionMissing: the user is no agent of a service desk that is to be read.
    """
    at = position(DeskPosition, checkpoint, site.name)
    if at.begun is None and _is_read(at.mark, run):
        return Page((), kept(at), more=False)
    params = [("start", str(at.desk)), ("limit", "1")]
    response = yield from request(Request("GET", f"{DESK_API}/servicedesk", params))
    begun = at.begun or service_time(response, site.name)
    desks = parsed(Desks, response, site.name)
    if not desks.values:
        return Page((), kept(DeskPosition(mark=begun)), more=False)
    desk, has_more = desks.values[0], not desks.isLastPage
    if at.start == 0 and desk.id == at.first:
        raise _stuck(site)
    after = DeskPosition(mark=begun)
    if has_more:
        after = DeskPosition(mark=at.mark, begun=begun, desk=at.desk + 1, first=desk.id)
    if not site.reads(desk.projectKey):
        return Page((), kept(after), has_more)
    path = f"{DESK_API}/servicedesk/{desk.id}/customer"
    response = yield from request(values_request(path, at.start, accept=frozenset({403})))
    if response.status == 403:
        named = f"`{desk.projectKey}`" if desk.projectKey else "a service desk"
        raise PermissionMissing(
            f"`{site.name}` does not show the customers of {named} (403); make the user an agent there, or leave it"
            " out of `projects`"
        )
    page = _values(site, response, CUSTOMER_PAGE, CUSTOMERS, at)
    if page.following is not None:
        after = page.following.model_copy(update={"begun": begun})
    return Page(_events(site, page.found, run), kept(after), has_more or page.following is not None, page.bad)


def read_organizations(site: Site, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the organizations, once a day."""
    at = position(DeskPosition, checkpoint, site.name)
    if at.begun is None and _is_read(at.mark, run):
        return Page((), kept(at), more=False)
    response = yield from request(values_request(f"{DESK_API}/organization", at.start))
    begun = at.begun or service_time(response, site.name)
    page = _values(site, response, _ORGANIZATION_PAGE, ORGANIZATIONS, at)
    after = DeskPosition(mark=begun)
    if page.following is not None:
        after = page.following.model_copy(update={"begun": begun})
    return Page(_events(site, page.found, run), kept(after), page.following is not None, page.bad)


class _Values(NamedTuple):
    """The rows of a page, its broken records, and where the list goes on; None after its last page."""

    found: Sequence[Found[Any]]
    bad: Sequence[Quarantined]
    following: DeskPosition | None


def _values(site: Site, response: Response, body: Body, shape: Shape[Any], at: DeskPosition) -> _Values:
    """One page of a list whose rows are counted; one that comes twice is one row.

    Raises:
        PagingStuck: the page begins as the last one did.
    """
    answer = listed(body, response, site.name)
    found = answer.of(shape)
    ids = list(dict.fromkeys(one.data.id for one in found))
    count = len(ids) + len(answer.bad)
    if answer.beside.get("is_last") is not False or not count:
        return _Values(found, answer.bad, None)
    first = next(iter(ids), None)
    if first is not None and first == at.first:
        raise _stuck(site)
    return _Values(found, answer.bad, at.model_copy(update={"start": at.start + count, "first": first}))


def _stuck(site: Site) -> PagingStuck:
    return PagingStuck(f"`{site.name}` answers the same page again and again; the walk was stopped where it was")


def _is_read(mark: datetime | None, run: Run) -> bool:
    """Whether a daily list was read within the day."""
    return mark is not None and run.now - mark < DAILY
