"""Wall clocks and calendars in a time zone: what they show at an instant, and when they next show something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY = 86_400_000_000
"""Microseconds of a day whose clock is not set."""

_MINUTE = 60_000_000
_PART = 128 * DAY
# No clock that is known has been set twice, or is to be, within so short a time; the shortest is just under four days.
_STRIDE = 3 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY, _EPOCH_WEEKDAY = _EPOCH.toordinal(), _EPOCH.weekday()
_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})", re.ASCII)
# A local time of the first or the last days of the calendar may lie outside of it.
_FIRST = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


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
    moment = _EPOCH + timedelta(microseconds=min(max(instant, _FIRST), _LAST))
    return (moment.astimezone(zone).utcoffset() or timedelta()) // timedelta(microseconds=1)


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

    @property
    def edges(self) -> tuple[int, ...]:
        """The times of day at which the answer may change."""
        return tuple(sorted({self.begins % DAY, self.ends % DAY}))


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

    @property
    def edges(self) -> tuple[int, ...]:
        """Days begin at midnight."""
        return (0,)


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


def changes(zone: tzinfo, shown: Window | Dates, after: int, until: int) -> Iterator[int]:
    """The instants in (after, until] at which what is shown changes its answer, in order."""
    for part in range(after // _PART, until // _PART + 1):
        for at in _changes_in(zone, shown, part):
            if after < at <= until:
                yield at


@lru_cache(maxsize=1024)
def _changes_in(zone: tzinfo, shown: Window | Dates, part: int) -> tuple[int, ...]:
    """Those in one part of the calendar, kept: they are the same for all customers of a zone."""
    return tuple(_found(zone, shown, part * _PART - 1, (part + 1) * _PART - 1))


def _found(zone: tzinfo, shown: Window | Dates, after: int, until: int) -> Iterator[int]:
    shows, edges = shown.shows, shown.edges
    for begin, end, offset in _stretches(zone, after, until):
        new = _offset(zone, end)
        is_set = new != offset
        for clock in _edges_between(begin + offset, end + offset - is_set, edges):
            if shows(clock) is not shows(clock - 1):
                yield clock - offset
        if is_set and shows(end + new) is not shows(end + offset - 1):
            yield end


def _edges_between(begin: int, end: int, edges: tuple[int, ...]) -> Iterator[int]:
    """The edges in (begin, end]."""
    for midnight in range(begin // DAY * DAY, end + 1, DAY):
        for edge in edges:
            if begin < midnight + edge <= end:
                yield midnight + edge


def _stretches(zone: tzinfo, after: int, until: int) -> Iterator[tuple[int, int, int]]:
    """Short parts of (after, until] during which the clock is not set: begin, end, and its offset."""
    begin, offset = after, _offset(zone, after)
    while begin < until:
        end = min(begin + _STRIDE, until)
        if _offset(zone, end) != offset:
            end = _change(zone, begin, end)
        yield begin, end, offset
        begin, offset = end, _offset(zone, end)


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
