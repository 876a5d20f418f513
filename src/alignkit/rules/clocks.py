"""Wall clocks and calendars in a time zone: what they show at an instant, and when they next show something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import chain, pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from alignkit.models.times import EPOCH, MICROSECOND, moment_of

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY = 86_400_000_000
"""Microseconds of a day whose clock is not set."""

_MINUTE = 60_000_000
_WEEK = 7 * DAY
_PART = 512 * DAY
# No clock that is known has been set twice, or is to be, within so short a time; the shortest is just under four days.
_STRIDE = 3 * DAY
_EPOCH_DAY, _EPOCH_WEEKDAY = EPOCH.toordinal(), EPOCH.weekday()
_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})", re.ASCII)
# A local time of the first or the last days of the calendar may lie outside of it.
_FIRST = (datetime(1, 1, 3, tzinfo=UTC) - EPOCH) // MICROSECOND
_LAST = (datetime(9999, 12, 29, tzinfo=UTC) - EPOCH) // MICROSECOND


@lru_cache(maxsize=1024)
def zone_named(name: str) -> tzinfo | None:
    """The time zone of this IANA name, or None where there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return None


def local(zone: tzinfo, instant: int) -> int:
    """What a clock in the zone shows at an instant, in microseconds since 1970 of its own."""
    return instant + _offset(zone, instant)


def _offset(zone: tzinfo, instant: int) -> int:
    moment = moment_of(min(max(instant, _FIRST), _LAST))
    return (moment.astimezone(zone).utcoffset() or timedelta()) // MICROSECOND


class Window(NamedTuple):
    """A part of each of some days, in microseconds after midnight; where it ends first, it ends on the next day."""

    begins: int
    ends: int
    days: frozenset[int]

    def shows(self, clock: int) -> bool:
        """Whether the clock stands in the window."""
        day, time = divmod(clock, DAY)
        weekday = (day + _EPOCH_WEEKDAY) % 7
        if self.begins < self.ends:
            return self.begins <= time < self.ends and weekday in self.days
        return (time >= self.begins and weekday in self.days) or (time < self.ends and (weekday - 1) % 7 in self.days)

    def edges_between(self, begin: int, end: int) -> Iterator[int]:
        """The readings of the clock in (begin, end] at which the answer may change, in order."""
        edges = sorted({self.begins % DAY, self.ends % DAY})
        for midnight in range(begin // DAY * DAY, end + 1, DAY):
            for edge in edges:
                if begin < midnight + edge <= end:
                    yield midnight + edge


class Dates(NamedTuple):
    """Days of the calendar: spans of single days, and spans of every year, both with their ends."""

    spans: tuple[tuple[date, date], ...]
    yearly: tuple[tuple[tuple[int, int], tuple[int, int]], ...]

    def shows(self, clock: int) -> bool:
        """Whether the calendar shows one of the days."""
        number = clock // DAY + _EPOCH_DAY
        if not date.min.toordinal() <= number <= date.max.toordinal():
            return False
        today = date.fromordinal(number)
        here = (today.month, today.day)
        return any(first <= today <= last for first, last in self.spans) or any(
            first <= here <= last if first <= last else here >= first or here <= last for first, last in self.yearly
        )

    def edges_between(self, begin: int, end: int) -> Iterator[int]:
        """The readings of the clock in (begin, end] at which the answer may change, in order."""
        days = {day.toordinal() + more for span in self.spans for day in span for more in (0, 1)}
        for year in range(_year(begin), _year(end) + 1):
            # A day that a year lacks, 29 February, is the next day; so both it and its morrow are named.
            firsts = [date(year, month, 1).toordinal() + day - 1 for span in self.yearly for month, day in span]
            days.update(first + more for first in firsts for more in (0, 1))
        midnights = ((number - _EPOCH_DAY) * DAY for number in sorted(days))
        return (midnight for midnight in midnights if begin < midnight <= end)


def _year(clock: int) -> int:
    number = clock // DAY + _EPOCH_DAY
    return date.fromordinal(min(max(number, date.min.toordinal()), date.max.toordinal())).year


def parse_window(text: str, days: tuple[str, ...] = ()) -> Window:
    """The window that `21:00-08:00` means, on these weekdays (all where there are none).

    Raises:
        ValueError: not such a text, a time that does not exist, or two equal times.
    """
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError("is no window; write two times of day, such as `21:00-08:00`")
    hour, minute, last_hour, last_minute = map(int, found.groups())
    if hour > 23 or minute > 59 or last_minute > 59 or (last_hour, last_minute) > (24, 0):
        raise ValueError("names a time that does not exist; write times from `00:00` to `24:00`")
    begins, ends = (hour * 60 + minute) * _MINUTE, (last_hour * 60 + last_minute) * _MINUTE
    if begins == ends:
        raise ValueError("begins and ends at once; write `00:00-24:00` for the whole day")
    return Window(begins, ends, frozenset(map(WEEKDAYS.index, days or WEEKDAYS)))


def parse_dates(texts: tuple[str, ...]) -> Dates:
    """The days that `2025-12-24`, `12-24` and spans such as `12-24/01-02` mean.

    Raises:
        ValueError: not such a text, a day that does not exist, or a span that ends before it begins.
    """
    spans: list[tuple[date, date]] = []
    yearly: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for text in texts:
        ends = [_DATE.fullmatch(part) for part in text.split("/")]
        found = [(end[1], int(end[2]), int(end[3])) for end in ends if end]
        if len(found) != len(ends) or len(found) > 2 or len({year is None for year, _, _ in found}) > 1:
            raise ValueError(f"`{text[:80]}` is no date; write `2025-12-24`, `12-24` or a span such as `12-24/12-26`")
        first, last = (_day(text, *found[0]), _day(text, *found[-1]))
        if found[0][0] is None:
            yearly.append(((first.month, first.day), (last.month, last.day)))
        elif last < first:
            raise ValueError(f"`{text}` ends before it begins; exchange its ends")
        else:
            spans.append((first, last))
    return Dates(tuple(spans), tuple(yearly))


def _day(text: str, year: str | None, month: int, day: int) -> date:
    try:
        return date(int(year) if year else 2000, month, day)  # a leap year, so that 29 February is a day
    except ValueError:
        raise ValueError(f"`{text}` names a day that does not exist; correct it") from None


Clock: TypeAlias = tuple[tzinfo, Window | Dates]
"""A clock of a zone, and what it is looked at for."""


def changes(clock: Clock, after: int, until: int) -> Iterator[int]:
    """The instants in (after, until] at which a clock changes its answer, in order."""
    zone, shown = clock
    shows = shown.shows
    offset = _offset(zone, after)
    for begin, end in pairwise(chain((after,), _turns_of(zone, after, until), (until,))):
        new = _offset(zone, end)
        is_set = new != offset
        for reading in shown.edges_between(begin + offset, end + offset - is_set):
            if shows(reading) is not shows(reading - 1):
                yield reading - offset
        if is_set and shows(end + new) is not shows(end + offset - 1):
            yield end
        offset = new


def news(clocks: Sequence[Clock], after: int, until: int) -> Iterator[int]:
    """The instants in (after, until] at which clocks show together what they have not shown since `after`, in order.

    Between two turns, instants at which a clock is set or a date begins or ends, windows come again every week: a week
    of each sort of times between turns is enough, and nothing is left once all that can be shown has been.
    """
    zones = dict.fromkeys(zone for zone, _ in clocks)
    windows = [clock for clock in clocks if isinstance(clock[1], Window)]
    dates = [clock for clock in clocks if isinstance(clock[1], Dates)]
    settings = [_turns_of(zone, after, until + 1) for zone in zones]
    turns = merge(*settings, *(changes(each, after, until) for each in dates))
    seen: set[tuple[bool, ...]] = set()
    known: set[tuple[object, ...]] = set()
    begin = after
    for turn in chain(turns, (until + 1,)):
        if turn == begin:
            continue
        offsets = {zone: _offset(zone, begin) for zone in zones}
        sort = (*offsets.values(), *_shown(dates, offsets, begin))
        if sort not in known:
            if turn - begin >= _WEEK:
                known.add(sort)
            for at in _edges_in(windows, offsets, begin, min(turn, begin + _WEEK)):
                shown = _shown(clocks, offsets, at)
                if shown not in seen:
                    seen.add(shown)
                    if at > after:
                        yield at
            if len(seen) == 1 << len(clocks):
                return
        begin = turn


def _shown(clocks: Iterable[Clock], offsets: Mapping[tzinfo, int], at: int) -> tuple[bool, ...]:
    return tuple([shown.shows(at + offsets[zone]) for zone, shown in clocks])


def _edges_in(windows: Iterable[Clock], offsets: Mapping[tzinfo, int], begin: int, end: int) -> list[int]:
    """The beginning, and each instant before the end at which some clock may change its answer while none is set."""
    found = {begin}
    for zone, shown in windows:
        offset = offsets[zone]
        found.update([edge - offset for edge in shown.edges_between(begin + offset, end + offset - 1)])
    return sorted(found)


def _turns_of(zone: tzinfo, after: int, until: int) -> Iterator[int]:
    """Instants strictly between at which a zone's clock is set, and some more, so that none is looked for too early."""
    for part in range(after // _PART, until // _PART + 1):
        for at in (*_set_in(zone, part), (part + 1) * _PART):
            if after < at < until:
                yield at


@lru_cache(maxsize=8192)
def _set_in(zone: tzinfo, part: int) -> tuple[int, ...]:
    """The instants in one part of the calendar, but its first, at which the clock is set: some ten in ten years."""
    found: list[int] = []
    begin, last = part * _PART, (part + 1) * _PART
    while begin < last:
        end = min(begin + _STRIDE, last)
        if _offset(zone, end) != _offset(zone, begin):
            end = _change(zone, begin, end)
            found.append(end)
        begin = end
    return tuple(found)


def _change(zone: tzinfo, begin: int, end: int) -> int:
    """The instant in (begin, end] at which the clock is set."""
    offset = _offset(zone, begin)
    while end - begin > 1:
        middle = (begin + end) // 2
        if _offset(zone, middle) == offset:
            begin = middle
        else:
            end = middle
    return end
