"""Says where a stream's reading stands: newest first, so a mark moves only when a walk has come back to the last one.

Bluesky sorts by the earlier of two times, when a post was indexed and when its author says to have written it. Who
dates a post back puts it below what was read already; therefore a walk reaches back by an overlap, and once a day by
a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from alignkit.connectors.base import Checkpoint
from alignkit.connectors.bluesky.posts import parts, time_of
from alignkit.errors import DataInvalid, ResponseInvalid
from alignkit.models.base import Instant
from alignkit.transport import Response

OVERLAP = timedelta(minutes=10)
"""How far every walk reaches back behind its mark."""

DEEP_EVERY = timedelta(hours=24)
DEEP_REACH = timedelta(days=30)

WATCHED_FOR = timedelta(days=7)
MOST_WATCHED = 250


class _Kept(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Mark(_Kept):
    """Up to when one question's answers are read, and when last a walk for it went deep."""

    time: Instant
    deep: Instant


class Walk(_Kept):
    """A walk under way.

    Attributes:
        did: the account that asks.
        begins: how far back it goes; None for all there is.
        mark: the mark once it has come so far.
        until: the upper bound of a search that had to be cut in pieces.
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


class Position(_Kept):
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


def position(checkpoint: Checkpoint | None, since: datetime | None) -> Position:
    """Where reading stands; `since` is heeded on the first read.

    Raises:
        DataInvalid: this is no checkpoint of the connector.
    """
    if checkpoint is None:
        return Position(since=since)
    try:
        return Position.model_validate(checkpoint)
    except ValidationError:
        pass
    raise DataInvalid("this is no checkpoint of a Bluesky stream; read the stream again from its beginning")


def kept(where: Position) -> dict[str, JsonValue]:
    """A position as it is stored."""
    stored: dict[str, JsonValue] = where.model_dump(mode="json", exclude_defaults=True)
    return stored


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


def clock(response: Response, name: str) -> datetime:
    """The service's own time, from the `Date` header.

    Raises:
        ResponseInvalid: the header is missing or cannot be read; reading by another clock would lose posts.
    """
    try:
        moment = parsedate_to_datetime(response.headers["date"])
        if moment.tzinfo is not None:
            return moment
    except (KeyError, ValueError):
        pass
    raise ResponseInvalid(f"`{name}` does not tell its time; let the `Date` header pass through every proxy")
