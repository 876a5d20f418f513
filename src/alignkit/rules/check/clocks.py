"""Says whether the clocks of one zone can ever show together what is claimed of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from alignkit.models.times import EPOCH
from alignkit.rules.clocks import DAY, Dates, Window
from alignkit.rules.conditions import LocalDate, LocalTime
from alignkit.rules.leaves import shown

_WEEK = 7
_YEARS = 28 * 366
"""Days after which, within a century, weekdays fall on the same dates again."""

Wanted: TypeAlias = tuple[Window | Dates, bool]
"""What a clock is looked at for, and whether it must show it."""


def contradict(claims: Iterable[tuple[object, bool]], now: int) -> bool:
    """Whether conditions, each with whether it must hold, cannot be so together at any time from now on.

    Clocks of different zones are taken to show anything beside each other, and so are other conditions.
    """
    of_zone: dict[tuple[str, str | None], set[Wanted]] = defaultdict(set)
    for condition, must_hold in claims:
        if isinstance(condition, LocalTime | LocalDate):
            of_zone[condition.zone, condition.fallback].add((shown(condition), must_hold))
    # A local day may be the one before or after that in UTC.
    return not all(_can_be(frozenset(wanted), now // DAY - 1) for wanted in of_zone.values())


@lru_cache(maxsize=4096)
def _can_be(wanted: frozenset[Wanted], today: int) -> bool:
    """Whether some reading of one clock from this day on shows it all; days are numbered from 1970-01-01."""
    dates = [(each, must) for each, must in wanted if isinstance(each, Dates)]
    windows = [(each, must) for each, must in wanted if isinstance(each, Window)]
    times = {0, *(edge % DAY for window, _ in windows for edge in (window.begins, window.ends))}
    return any(
        any(all(window.shows(day * DAY + time) is must for window, must in windows) for time in times)
        for day in _days([each for each, _ in dates], today)
        if all(each.shows(day * DAY) is must for each, must in dates)
    )


def _days(dates: Iterable[Dates], today: int) -> Iterator[int]:
    """Days that stand for all from today on: windows tell weekdays apart, and dates any two days."""
    known = list(dates)
    yield from range(today, today + (_YEARS if known else _WEEK))
    for each in known:
        for first, last in each.spans:
            begin, end = ((day.toordinal() - _EPOCH_DAY) for day in (first, last))
            yield from range(max(begin, today), min(end, begin + _YEARS) + 1)


_EPOCH_DAY = EPOCH.toordinal()
"""1970-01-01, as `date.toordinal` numbers it."""
