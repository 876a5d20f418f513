"""How fast people are let go again, so that after a long incident not everybody hears from marketing at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from alignkit.errors import DataInvalid
from alignkit.stores.base import Store
from alignkit.stores.records import Lease, Wave

_HOUR = timedelta(hours=1)
_ROUNDING = 1e-9
"""A tenth of thirty is three, whatever floating point makes of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many people an hour, or a growing share of them in stages; those who were held longest go first.

    Attributes:
        per_hour: the most people within any hour.
        stages: the share of all who are due that is free after each stage, growing, the last one 1.
        every: how long a stage lasts.
        floor: so few people need no stages.
    """

    per_hour: int | None = None
    stages: tuple[float, ...] = ()
    every: timedelta = timedelta(days=1)
    floor: int = 20

    def __post_init__(self) -> None:
        if self.per_hour is not None and self.per_hour < 1:
            raise DataInvalid("`per_hour` must be at least 1, for nobody may wait for ever")
        if self.stages and (list(self.stages) != sorted(self.stages) or self.stages[0] <= 0 or self.stages[-1] != 1):
            raise DataInvalid("`stages` must be growing shares above 0 and end with 1, for nobody may wait for ever")
        if self.every <= timedelta(0) or self.floor < 0:
            raise DataInvalid("`every` must be longer than nothing, and `floor` at least 0")

    def stage(self, wave: Wave, now: datetime) -> int:
        """Which stage a release is in, from 0."""
        return max(0, min(len(self.stages) - 1, (now - wave.since) // self.every))


@dataclass(frozen=True, slots=True)
class Paced:
    """How far a release has come that goes out piece by piece.

    Attributes:
        wave: the release, before those who go now.
        due: how many may go, were it not for the pace.
        now: how many of them go now.
        next_at: when more may go at the latest; None where nobody waits.
    """

    wave: Wave
    due: int
    now: int
    next_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self.due - self.now


def allow(store: Store, pace: Pace, destination: str, scope: str, due: int, now: datetime) -> Paced:
    """How many of those who are due may go now; only reads."""
    wave = store.wave(destination, scope) or Wave(destination, scope, now, 0, 0)
    wave = replace(wave, people=max(wave.people, wave.released + due))
    allowed, next_at = due, now
    if pace.per_hour is not None:
        left = pace.per_hour - store.released_since(destination, scope, now - _HOUR)
        allowed, next_at = min(allowed, max(0, left)), now + _HOUR
    if pace.stages and wave.people > pace.floor:
        stage = pace.stage(wave, now)
        free = ceil(pace.stages[stage] * wave.people - _ROUNDING) - wave.released
        if free < allowed:
            allowed, next_at = max(0, free), wave.since + pace.every * (stage + 1)
    return Paced(wave, due, allowed, None if allowed == due else next_at)


def note(store: Store, paced: Paced, now: datetime, lease: Lease | None) -> None:
    """Writes down that so many go now, before they do: a run that dies lets fewer go and never more."""
    if paced.now or paced.waiting:
        store.keep_wave(paced.wave, paced.now, now, lease)


def finish(store: Store, paced: Paced, lease: Lease | None) -> None:
    """Ends a release for which nobody waits any more."""
    if not paced.waiting:
        store.end_wave(paced.wave.destination, paced.wave.scope, lease)
