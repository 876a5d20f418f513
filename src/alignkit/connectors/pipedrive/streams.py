"""Reads Pipedrive's lists page by page, by ascending id among what changed since the mark."""

from __future__ import annotations

from datetime import UTC, timedelta

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.pipedrive.records import Kind
from alignkit.connectors.records import Answer, Body
from alignkit.connectors.window import Pace, Position, Walk, kept, position
from alignkit.errors import ResponseInvalid
from alignkit.transport import Flow, Request, Response, request

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
PAGE_SIZE = 500


def read(name: str, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what changed since the mark, or of all; `name` is the connector's."""
    at = position(Position, checkpoint, name)
    walk = PACE.walk(at, run)
    response = yield from request(page_request(kind, walk))
    if response.status == 400:
        # The cursor is known no longer. The window is: nothing is lost by walking through it again.
        walk = Walk(since=walk.since)
        response = yield from request(page_request(kind, walk))
    answer = answered(kind.body, response, name)
    walk = PACE.answered(walk, response, name)
    cursor: str | None = answer.beside.get("cursor") or None
    events = [found.event(source=name, received_at=run.now) for found in answer.of(kind.shape)]
    more = cursor is not None or PACE.is_behind(walk.until, response, name)
    return Page(events, kept(at.following(walk, cursor)), more, answer.bad)


def page_request(kind: Kind, walk: Walk, size: int = PAGE_SIZE) -> Request:
    """A page by ascending id; all parameters but the cursor stay as they were when the walk began."""
    since = walk.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if walk.since else None
    return Request(
        "GET",
        f"/api/v2/{kind.list}",
        params=[
            *kind.params,
            *([("updated_since", since)] if since else []),
            ("sort_by", "id"),
            ("sort_direction", "asc"),
            ("limit", str(size)),
            *([("cursor", walk.after)] if walk.after else []),
        ],
        accept=frozenset({400}) if walk.after else frozenset(),
    )


def answered(body: Body, response: Response, name: str) -> Answer:
    """The records of an answer.

    Raises:
        ResponseInvalid: it holds none, or calls itself a failure, whatever its status.
    """
    answer = listed(body, response, name)
    if answer.beside.get("is_well") is False:
        raise ResponseInvalid(f"`{name}` answered a page and called it a failure; try again later")
    return answer
