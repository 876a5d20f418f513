"""Says where a stream of X stands: the newest post known, the walk under way, and posts to be looked up again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from alignkit.connectors.base import Run
from alignkit.connectors.window import Kept
from alignkit.connectors.x.posts import made
from alignkit.models.times import Instant

OVERLAP = timedelta(minutes=3)
"""How far a walk goes below the last post known, for those that are listed late."""

MOST_WATCHED = 500

_EARLIEST = datetime(2010, 11, 6, tzinfo=UTC)
"""X refuses to be asked for anything older."""


class Walk(Kept):
    """A walk from the newest post down to the last one known.

    Attributes:
        since: only posts above this id are asked for.
        start: in its place, the time that is asked from.
        until: only posts below this id are asked for, where a walk had to begin anew half-way.
        newest: the mark once the walk has ended.
        oldest: the last post read.
        token: of the next page.
        read: how many posts came so far.
    """

    since: str | None = None
    start: Instant | None = None
    until: str | None = None
    newest: str | None = None
    oldest: str | None = None
    token: str | None = None
    read: int = 0

    @property
    def begins(self) -> datetime | None:
        """From when on posts are asked for."""
        return self.start if self.since is None else made(self.since)


class Position(Kept):
    """The checkpoint of a stream.

    Attributes:
        mark: the newest post known.
        watched: posts of the last days, newest first, whose deletion is looked for.
        looked: the day on which that was last done.
    """

    mark: str | None = None
    walk: Walk | None = None
    watched: tuple[str, ...] = ()
    looked: date | None = None


def begun(at: Position, run: Run) -> Walk:
    """A new walk, down to a little below the mark; the upper bits of an id are milliseconds."""
    if at.mark is not None:
        return Walk(since=str(max(1, int(at.mark) - (int(OVERLAP.total_seconds() * 1_000) << 22))))
    return Walk(start=None if run.since is None else max(run.since, _EARLIEST))


def later(one: str | None, other: str | None) -> str | None:
    """The newer of two posts, by id."""
    return max((id for id in (one, other) if id is not None), key=int, default=None)


def watched(ids: Iterable[str], today: date, days: int) -> tuple[str, ...]:
    """Those of these posts that are looked up today or later, newest first."""
    recent = {id for id in ids if days and (today - made(id).date()).days <= days}
    return tuple(sorted(recent, key=int, reverse=True)[:MOST_WATCHED])


def today(run: Run) -> date:
    """The day of a run, in UTC."""
    return run.now.astimezone(UTC).date()
