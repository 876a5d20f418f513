"""Reads the streams, one page for one checkpoint: incremental exports by cursor or time, and the list of ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.records import Answer, Body, Shape
from alignkit.connectors.window import Kept, Pace, Position, kept, position, service_time
from alignkit.connectors.zendesk.desk import API, NOT_THERE, Desk
from alignkit.connectors.zendesk.people import ORGANIZATIONS, USERS
from alignkit.errors import CursorExpired, PagingStuck, RequestRefused, ResponseInvalid
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, Response, request

PAGE_SIZE = 1_000
RATINGS_PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(minutes=1), back=timedelta(days=28))
"""A rating may be given anew as long as its ticket is solved, and that is closed after 28 days at the latest."""

_LATEST_START = timedelta(minutes=2)
"""A start must lie more than a minute in the past, by the service's clock."""

_UNKNOWN = frozenset({400, 410, 422})
"""How a cursor is answered that is not known, and a start that is too recent."""


class ExportPosition(Kept):
    """Where an export stands: behind a cursor, or still at a time (epoch seconds)."""

    cursor: str | None = None
    start: int | None = None


class _Export(NamedTuple):
    stream: str
    path: str
    include: str
    body: Body
    wanted: Shape[Any]


def read_tickets(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets, with the people that they name."""
    gaps = yield from desk.learn_statuses(run)
    export = _Export("tickets", "/incremental/tickets/cursor", "users,metric_sets", desk.ticket_export, desk.tickets)
    answer, after, more = yield from _exported(desk, export, checkpoint, run)
    found = answer.of(desk.tickets)
    wanted = [Ref("issue", one.data.id, one.extras.beside) for one in found if one.extras.beside]
    return Page(desk.issues(answer, run), kept(after), more, answer.bad, wanted, gaps)


def read_users(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the users, with all their addresses."""
    export = _Export("users", "/incremental/users/cursor", "identities", desk.user_export, USERS)
    answer, after, more = yield from _exported(desk, export, checkpoint, run)
    return Page(desk.contacts(answer, run), kept(after), more, answer.bad)


def _exported(
    desk: Desk, export: _Export, checkpoint: Checkpoint | None, run: Run
) -> Flow[tuple[Answer, ExportPosition, bool]]:
    """One page of a cursor export, the position after it, and whether more is known to follow.

    Raises:
        CursorExpired: the cursor is not known any more.
    """
    at = position(ExportPosition, checkpoint, desk.name)
    url = f"{API}{export.path}.json"
    common = [("per_page", str(PAGE_SIZE)), ("include", export.include)]
    if at.cursor is not None:
        response = yield from request(Request("GET", url, [("cursor", at.cursor), *common], accept=_UNKNOWN))
        if response.status in _UNKNOWN:
            raise CursorExpired(f"`{desk.name}` does not know the cursor of `{export.stream}` any more")
    else:
        at, response = yield from _started(desk, url, at, common, run)
    answer = desk.read(export.body, response, export.wanted, export.stream)
    has_ended = answer.beside.get("has_ended") is True
    cursor = answer.beside.get("cursor")
    if cursor is None and not has_ended:
        raise ResponseInvalid(f"`{desk.name}` names neither an end nor a cursor for `{export.stream}`; report this")
    # An empty page may come without a cursor; then the old position stands.
    return answer, ExportPosition(cursor=cursor) if cursor else at, not has_ended


def _started(
    desk: Desk, url: str, at: ExportPosition, common: Sequence[tuple[str, str]], run: Run
) -> Flow[tuple[ExportPosition, Response]]:
    """The first page from a time; one that is too recent is moved back by the service's own clock."""
    start = at.start if at.start is not None else _epoch(run.since)
    wanted = Request("GET", url, [("start_time", str(start)), *common], accept=_UNKNOWN)
    response = yield from request(wanted)
    if response.status in _UNKNOWN:
        latest = _epoch(service_time(response, desk.name) - _LATEST_START)
        if start <= latest:
            raise RequestRefused(
                f"`{desk.name}` refused the start of an export ({response.status}); report this", status=response.status
            )
        start = latest
        response = yield from request(Request("GET", url, [("start_time", str(start)), *common]))
    return ExportPosition(start=start), response


def _epoch(moment: datetime | None) -> int:
    return 0 if moment is None else max(0, int(moment.timestamp()))


def read_organizations(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the organizations, which are exported by time alone: what stands at a border comes twice.

    Raises:
        PagingStuck: more is to follow, and no later time leads there.
    """
    at = position(ExportPosition, checkpoint, desk.name)
    at, response = yield from _started(desk, f"{API}/incremental/organizations.json", at, (), run)
    answer = desk.read(desk.organization_export, response, ORGANIZATIONS, "organizations")
    events = [found.event(source=desk.name, received_at=run.now) for found in answer.of(ORGANIZATIONS)]
    beside = answer.beside
    has_ended = beside["has_ended"] if beside.get("has_ended") is not None else beside.get("count", 0) < PAGE_SIZE
    end, gaps = beside.get("end"), list[str]()
    if end is not None and end == at.start and not has_ended:
        # Asked from the same second on, the same page would come for ever; all of one second come at once.
        gaps.append(f"a whole page of organizations is of the second {end}; more of it, if there are, are not read")
        end += 1
    elif not has_ended and (end is None or end < (at.start or 0)):
        raise PagingStuck(f"`{desk.name}` gives organizations and no time after which more follow; report this")
    return Page(events, kept(ExportPosition(start=end or at.start)), not has_ended, answer.bad, gaps=gaps)


def read_ratings(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the ratings of a window; a plan without them is no error.

    Their list goes by when a rating came to be. One that is given anew keeps that, so a daily walk goes far back.
    """
    at = position(Position, checkpoint, desk.name)
    walk = RATINGS_PACE.walk(at, run)
    params = [("score", "received"), ("page[size]", "100")]
    if walk.since is not None:
        params.append(("start_time", str(_epoch(walk.since))))
    if walk.after is not None:
        params.append(("page[after]", walk.after))
    response = yield from request(Request("GET", f"{API}/satisfaction_ratings.json", params, accept=NOT_THERE | {400}))
    if response.status in NOT_THERE:
        gap = "no ratings are read: the plan has none, or the token may not see them"
        return Page((), kept(at), more=False, gaps=[gap])
    if response.status == 400:
        if walk.after is None:
            raise RequestRefused(f"`{desk.name}` refused the list of ratings (400); report this", status=400)
        raise CursorExpired(f"`{desk.name}` does not know the cursor of `satisfaction_ratings` any more")
    walk = RATINGS_PACE.answered(walk, response, desk.name)
    answer = desk.read(desk.rating_list, response, desk.ratings, "satisfaction_ratings")
    events = [found.event(source=desk.name, received_at=run.now) for found in answer.of(desk.ratings)]
    after = answer.beside.get("after") if answer.beside.get("has_more") else None
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad)
