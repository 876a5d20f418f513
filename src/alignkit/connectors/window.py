"""Says where the reading of a window stands: the mark up to which all is read, and the walk under way.

A window's lower bound is the last mark less an overlap, for changes that were committed or indexed late. Its upper
bound is the service's own clock at the walk's first answer, less a lag; it becomes the mark when the walk has ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from alignkit.connectors.base import Checkpoint, Run
from alignkit.errors import DataInvalid, ResponseInvalid
from alignkit.models.times import Instant, in_utc
from alignkit.transport import Response


class Kept(BaseModel):
    """What a checkpoint holds: frozen, and nothing that it does not know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Walk(Kept):
    """A walk through what changed in one window.

    Attributes:
        since: what is older is not asked for; None for everything.
        until: the mark once the walk has ended; None before its first answer.
        after: what the next page follows, in the service's terms; None for the first one.
        is_deep: whether it goes as far back as `Pace.back` says.
    """

    since: Instant | None = None
    until: Instant | None = None
    after: str | None = None
    is_deep: bool = False


class Position(Kept):
    """The checkpoint of a stream that is read window by window.

    Attributes:
        mark: up to which all is read; None before the first walk has ended.
        walk: the one under way.
        deep: the mark that the last deep walk left.
    """

    mark: Instant | None = None
    walk: Walk | None = None
    deep: Instant | None = None

    def following(self, walk: Walk, after: str | None) -> Position:
        """The position after a page of this walk; `after` None ends it."""
        if after is None:
            return Position(mark=walk.until, deep=walk.until if walk.is_deep else self.deep)
        return Position(mark=self.mark, walk=walk.model_copy(update={"after": after}), deep=self.deep)


class Pace(NamedTuple):
    """How far a service's lists and searches lag behind, and how late a change may come with an old stamp.

    Attributes:
        overlap: how much before the mark a walk begins.
        lag: how new a change must not be to be surely shown.
        back: how much before the mark a walk begins once a day, where what changes keeps its old stamp.
    """

    overlap: timedelta
    lag: timedelta
    back: timedelta | None = None

    def walk(self, position: Position, run: Run) -> Walk:
        """The walk under way, or a new one from before the mark."""
        if position.walk is not None:
            return position.walk
        back = self.back if _is_long_ago(position) else None
        if position.mark is None:
            return Walk(since=run.since, is_deep=back is not None)
        return Walk(since=position.mark - (back or self.overlap), is_deep=back is not None)

    def answered(self, walk: Walk, response: Response, name: str) -> Walk:
        """The walk with its upper bound, which its first answer tells.

        Raises:
            ResponseInvalid: see `service_time`.
        """
        if walk.until is not None:
            return walk
        return walk.model_copy(update={"until": service_time(response, name) - self.lag})

    def is_behind(self, until: datetime | None, response: Response, name: str) -> bool:
        """Whether a walk took so long, or was resumed so late, that what changed meanwhile is worth another at once.

        Raises:
            ResponseInvalid: see `service_time`.
        """
        return until is not None and service_time(response, name) - until > self.lag + _CATCH_UP


_CATCH_UP = timedelta(seconds=30)
_DEEP_EVERY = timedelta(days=1)


def _is_long_ago(position: Position) -> bool:
    """Whether another deep walk is due."""
    return position.mark is None or position.deep is None or position.mark - position.deep >= _DEEP_EVERY


K = TypeVar("K", bound=Kept)


def position(model: type[K], checkpoint: Checkpoint | None, name: str) -> K:
    """Where reading stands.

    Raises:
        DataInvalid: this is no checkpoint of such a stream.
    """
    try:
        return model.model_validate(checkpoint or {})
    except ValidationError:
        pass
    raise DataInvalid(f"this is no checkpoint of a stream of `{name}`; read the stream again from its beginning")


def kept(where: Kept) -> dict[str, JsonValue]:
    """A position as it is stored."""
    stored: dict[str, JsonValue] = where.model_dump(mode="json", exclude_defaults=True)
    return stored


def service_time(response: Response, name: str) -> datetime:
    """The service's own time, in UTC, from the `Date` header.

    Raises:
        ResponseInvalid: the header is missing or cannot be read; reading by another clock would lose changes.
    """
    try:
        moment = parsedate_to_datetime(response.headers["date"])
        if moment.tzinfo is not None:
            return in_utc(moment)
    except (KeyError, ValueError):
        pass
    raise ResponseInvalid(f"`{name}` does not tell its time; let the `Date` header pass through every proxy")
