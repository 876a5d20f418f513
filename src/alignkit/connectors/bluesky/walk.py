"""Says where a stream's reading stands: newest first, so a mark moves only when a walk has come back to the last one.

Bluesky sorts by the earlier of two times, when a post was indexed and when its author says to have written it. Who
dates a post back puts it below what was read already; therefore a walk reaches back by an overlap, and once a day by
a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from alignkit.connectors.bluesky.posts import parts, time_of
from alignkit.connectors.window import Kept
from alignkit.models.times import Instant

OVERLAP = timedelta(minutes=10)
"""How far every walk reaches back behind its mark."""

DEEP_EVERY = timedelta(hours=24)
DEEP_REACH = timedelta(days=30)

WATCHED_FOR = timedelta(days=7)
MOST_WATCHED = 250


class Mark(Kept):
    """Up to when one question's answers are read, and when last a walk for it went deep."""

    time: Instant
    deep: Instant


class Walk(Kept):
    """A walk under way.

    Attributes:
        did: the account that asks.
        begins: how far back it goes; None for all there is.
        mark: the mark once it has come so far.
        until: the upper bound of a search that goes on behind its end.
        read: how many posts came since `until` was set.
        oldest: the oldest of them.
    """

    did: str
    begins: Instant | None = None
    mark: Mark
    cursor: str | None = None
    until: Instant | None = None
    read: Annotated[int, Field(ge=0)] = 0
    oldest: Instant | None = None


class Position(Kept):
    """The checkpoint of a stream.

    Attributes:
        since: the oldest that was wanted on the first read.
        marks: by question; the mentions have one, `""`.
        question: the one whose turn it is.
        met: posts that the walks of this run have met.
        watched: posts of the last days, newest first, whose deletion is looked for.
    """

    since: Instant | None = None
    marks: Mapping[str, Mark] = Field(default_factory=dict[str, Mark])
    question: str | None = None
    walk: Walk | None = None
    met: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


def begun(at: Position, question: str, did: str, now: datetime) -> Walk:
    """A new walk; `now` is the service's time."""
    last = at.marks.get(question)
    if last is None:
        return Walk(did=did, begins=at.since, mark=Mark(time=now, deep=now))
    is_deep = now - last.deep >= DEEP_EVERY
    begins = now - DEEP_REACH if is_deep else last.time - OVERLAP
    if at.since is not None:
        begins = max(begins, at.since)
    return Walk(did=did, begins=begins, mark=Mark(time=now, deep=now if is_deep else last.deep))


def newest(uris: set[str], now: datetime) -> tuple[str, ...]:
    """Those of the last days, newest first, as many as are watched."""
    times = {uri: time_of(parts(uri)[1]) for uri in uris}
    recent = {uri: time for uri, time in times.items() if time is not None and time >= now - WATCHED_FOR}
    return tuple(sorted(recent, key=lambda uri: (recent[uri], uri), reverse=True)[:MOST_WATCHED])
