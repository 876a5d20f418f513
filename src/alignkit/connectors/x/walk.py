"""Says where a stream of X stands: the newest post known, the walk under way, and what the day has cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alignkit.connectors.base import Run
from alignkit.connectors.window import Kept

OVERLAP = timedelta(minutes=3)
"""How far a walk goes below the last post known, for those that are listed late."""


class Walk(Kept):
    """A walk from the newest post down to the last one known.

    Attributes:
        since: only posts above this id are asked for.
        newest: the mark once the walk has ended.
        token: of the next page.
        read: how many posts came so far.
        start: where the id is too old, the time that is asked from instead.
    """

    since: str | None = None
    newest: str | None = None
    token: str | None = None
    read: int = 0
    start: str | None = None


class Position(Kept):
    """The checkpoint of a stream: the newest post known, the walk under way, and what the day has cost."""

    mark: str | None = None
    walk: Walk | None = None
    day: str | None = None
    spent: float = 0.0


def of_day(at: Position, run: Run) -> Position:
    """The position on the day of this run, which begins with nothing spent."""
    day = run.now.astimezone(UTC).date().isoformat()
    return at if at.day == day else at.model_copy(update={"day": day, "spent": 0.0})


def begun(at: Position, run: Run) -> Walk:
    """A new walk, down to a little below the mark; the upper bits of an id are milliseconds."""
    if at.mark is not None:
        return Walk(since=str(max(1, int(at.mark) - (int(OVERLAP.total_seconds() * 1_000) << 22))))
    return Walk(start=None if run.since is None else stamp(run.since))


def stamp(moment: datetime) -> str:
    """A time as X takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(one: str | None, other: str | None) -> str | None:
    """The newer of two posts, by id."""
    return max((id for id in (one, other) if id is not None), key=int, default=None)
