"""Reads Salesforce's streams page by page."""

from __future__ import annotations

from datetime import timedelta

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.records import Answer
from alignkit.connectors.salesforce.org import PAGE_SIZE, ObjectHidden, Org, written
from alignkit.connectors.salesforce.records import Kind
from alignkit.connectors.window import Pace, Position, Walk, kept, position
from alignkit.errors import PagingStuck
from alignkit.transport import Flow

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=60))
BIN = timedelta(days=15)
"""How long deleted records can still be seen."""

OPTIONAL = frozenset({"Lead", "Opportunity"})
"""Objects that an edition or a user may lack; without them the rest is read all the same."""


def read(org: Org, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what changed since the mark, or of all."""
    at = position(Position, checkpoint, org.name)
    walk = PACE.walk(at, run)
    try:
        response = yield from org.page(kind, walk)
    except ObjectHidden as error:
        if kind.object not in OPTIONAL:
            raise
        return Page((), kept(Position(mark=at.mark)), more=False, gaps=[f"nothing was read: {error}"])
    answer = listed(kind.body, response, org.name)
    walk = PACE.answered(walk, response, org.name)
    events = [found.event(source=org.name, received_at=run.now) for found in answer.of(kind.shape)]
    after = _after(org, kind, answer, walk.after)
    gaps = _gaps(at, walk) if after is None else []
    more = after is not None or PACE.is_behind(walk.until, response, org.name)
    return Page(events, kept(at.following(walk, after)), more, answer.bad, gaps=gaps)


def _after(org: Org, kind: Kind, answer: Answer, before: str | None) -> str | None:
    """The place of the last row of a page, where another page may follow.

    Raises:
        PagingStuck: more is announced, and no record on the page says where it stands.
    """
    found = answer.of(kind.shape)
    is_full = len(found) + len(answer.bad) >= PAGE_SIZE
    if answer.beside.get("is_done") is not False and not is_full:
        return None
    stamped = [one.data for one in found if one.data.remote_updated_at is not None]
    after = f"{written(stamped[-1].remote_updated_at)}|{stamped[-1].id}" if stamped else None
    if after is None or after == before:
        raise PagingStuck(f"`{org.name}` announces a page and gives no record that leads to it; report this")
    return after


def _gaps(at: Position, walk: Walk) -> list[str]:
    if at.mark is None or walk.until is None or walk.until - at.mark < BIN:
        return []
    gap = f"the last read was more than {BIN.days} days ago, and deleted records are shown no longer than that"
    return [f"{gap}; open cases are read again by id"]
