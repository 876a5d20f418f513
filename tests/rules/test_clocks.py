"""Clocks show what they show in their zone, and every instant at which their answer changes is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.models import microseconds
from alignkit.rules.clocks import (
    DAY,
    WEEKDAYS,
    Clock,
    Dates,
    Window,
    changes,
    local,
    news,
    parse_dates,
    parse_window,
    zone_named,
)

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "America/Havana"]
HOUR = DAY // 24


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


def text_of(instant: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).isoformat(timespec="minutes")


def shows(shown: Window | Dates, zone: ZoneInfo, text: str) -> bool:
    return shown.shows(local(zone, at(text)))


def changed(shown: Window | Dates, zone: ZoneInfo, after: str, until: str) -> list[str]:
    return [text_of(each) for each in changes((zone, shown), at(after), at(until))]


@pytest.mark.parametrize(
    ("window", "clock", "answer"),
    [
        ("09:00-17:00", "09:00", True),
        ("09:00-17:00", "17:00", False),
        ("21:00-08:00", "21:00", True),
        ("21:00-08:00", "00:00", True),
        ("21:00-08:00", "08:00", False),
        ("21:00-08:00", "20:59", False),
        ("00:00-24:00", "00:00", True),
        ("00:00-24:00", "23:59", True),
        ("18:00-24:00", "00:00", False),
        ("18:00-00:00", "23:59", True),
    ],
)
def test_a_window_has_its_first_instant_and_not_its_last(window: str, clock: str, answer: bool) -> None:
    assert parse_window(window).shows(at(f"2025-03-05T{clock}Z")) is answer


def test_the_edges_of_a_window_are_exact_to_the_microsecond() -> None:
    night = parse_window("21:00-08:00")
    begins, ends = at("2025-03-05T21:00Z"), at("2025-03-06T08:00Z")
    assert [night.shows(each) for each in (begins - 1, begins, ends - 1, ends)] == [False, True, True, False]


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday = parse_window("21:00-08:00", ("fri",))
    assert not shows(friday, BERLIN, "2025-03-07T03:00+01:00")
    assert shows(friday, BERLIN, "2025-03-07T22:00+01:00")
    assert shows(friday, BERLIN, "2025-03-08T07:59+01:00")
    assert not shows(friday, BERLIN, "2025-03-08T22:00+01:00")


@pytest.mark.parametrize("number", range(7))
def test_weekdays_are_told_apart(number: int) -> None:
    days = [day for day in WEEKDAYS if parse_window("00:00-24:00", (day,)).shows(at(f"2025-03-{3 + number:02}T12:00Z"))]
    assert days == [WEEKDAYS[number]]


def test_quiet_hours_end_by_the_clock_on_the_wall_when_summer_begins_and_ends() -> None:
    night = parse_window("21:00-08:00")
    assert changed(night, BERLIN, "2025-03-29T12:00Z", "2025-03-30T12:00Z") == [
        "2025-03-29T20:00+00:00",
        "2025-03-30T06:00+00:00",
    ]
    assert changed(night, BERLIN, "2025-10-25T12:00Z", "2025-10-26T12:00Z") == [
        "2025-10-25T19:00+00:00",
        "2025-10-26T07:00+00:00",
    ]


def test_an_edge_in_the_hour_that_is_skipped_is_at_the_instant_of_the_change() -> None:
    assert changed(parse_window("02:30-12:00"), BERLIN, "2025-03-30T00:00Z", "2025-03-30T06:00Z") == [
        "2025-03-30T01:00+00:00"
    ]
    assert changed(parse_window("02:00-03:00"), BERLIN, "2025-03-30T00:00Z", "2025-03-30T06:00Z") == []


def test_a_time_that_is_shown_twice_is_answered_twice() -> None:
    assert changed(parse_window("02:15-02:30"), BERLIN, "2025-10-26T00:00Z", "2025-10-26T06:00Z") == [
        "2025-10-26T00:15+00:00",
        "2025-10-26T00:30+00:00",
        "2025-10-26T01:15+00:00",
        "2025-10-26T01:30+00:00",
    ]


@pytest.mark.parametrize(
    ("dates", "day", "answer"),
    [
        ("2025-12-24", "2025-12-24", True),
        ("2025-12-24", "2026-12-24", False),
        ("12-24", "2026-12-24", True),
        ("12-24/12-26", "2025-12-26", True),
        ("12-24/12-26", "2025-12-27", False),
        ("12-30/01-02", "2025-12-31", True),
        ("12-30/01-02", "2025-01-02", True),
        ("12-30/01-02", "2025-01-03", False),
        ("2025-12-30/2026-01-02", "2026-01-02", True),
        ("2025-12-30/2026-01-02", "2025-01-01", False),
        ("02-29", "2024-02-29", True),
        ("02-29", "2025-03-01", False),
    ],
)
def test_dates_are_days_and_spans_with_both_ends(dates: str, day: str, answer: bool) -> None:
    assert parse_dates((dates,)).shows(at(f"{day}T00:00Z")) is answer
    assert parse_dates((dates,)).shows(at(f"{day}T23:59Z")) is answer


def test_a_day_begins_where_midnight_is_skipped_at_the_instant_of_the_change() -> None:
    assert changed(parse_dates(("2025-03-30",)), ZoneInfo("Asia/Beirut"), "2025-03-29T00:00Z", "2025-04-01T00:00Z") == [
        "2025-03-29T22:00+00:00",
        "2025-03-30T21:00+00:00",
    ]


def test_a_clock_that_is_set_and_set_back_within_a_week_is_followed() -> None:
    gaza = ZoneInfo("Asia/Gaza")
    set_at = 2_234_304_000_000_000
    whole_days = parse_window("00:00-24:00", ("sat",))
    named = list(changes((gaza, whole_days), set_at - 10 * DAY, set_at + 20 * DAY))
    assert [local(gaza, each) % DAY for each in named] == [0] * len(named)
    assert len(named) in (8, 9)


def test_a_day_that_never_was_is_never_shown() -> None:
    assert (
        changed(parse_dates(("2011-12-30",)), ZoneInfo("Pacific/Apia"), "2011-12-25T00:00Z", "2012-01-05T00:00Z") == []
    )


SHOWN: list[Window | Dates] = [
    parse_window("21:00-08:00"),
    parse_window("00:30-02:30", ("sun", "wed")),
    parse_window("23:30-00:15", ("sat",)),
    parse_window("00:00-24:00", ("sat", "sun")),
    parse_dates(("03-28/04-02", "2025-10-26")),
]


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=60)
def test_the_answer_changes_at_exactly_the_instants_that_are_named(random: Random) -> None:
    zone, shown = ZoneInfo(random.choice(ZONES)), random.choice(SHOWN)
    after = at(random.choice(["2025-03-07T00:00Z", "2025-03-28T00:00Z", "2025-04-23T00:00Z", "2025-10-24T00:00Z"]))
    after += random.randrange(2 * DAY)
    until = after + 5 * DAY
    named = list(changes((zone, shown), after, until))
    assert named == sorted(set(named))
    quarter = HOUR // 4  # every offset of these zones and every edge is a multiple of it
    first = after - after % quarter + quarter
    seen = [
        instant
        for instant in range(first, until + 1, quarter)
        if shown.shows(local(zone, instant)) is not shown.shows(local(zone, instant - 1))
    ]
    assert named == seen


def test_ten_years_of_nights_are_named() -> None:
    after = at("2025-01-01T12:00Z")
    nights = list(changes((NEW_YORK, parse_window("21:00-08:00")), after, after + 3653 * DAY))
    assert len(nights) == 2 * 3653


@pytest.mark.parametrize(
    "window", ["", "9:00-17:00", "09:00", "24:00-08:00", "09:60-17:00", "09:00-24:30", "09:00-25:00"]
)
def test_a_window_that_is_none_is_refused(window: str) -> None:
    with pytest.raises(ValueError, match=r"window|exist"):
        parse_window(window)


def test_a_window_that_begins_and_ends_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="begins and ends at once"):
        parse_window("09:00-09:00")


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ("2025-13-01", "does not exist"),
        ("2025-02-29", "does not exist"),
        ("02-30", "does not exist"),
        ("0000-01-01", "does not exist"),
        ("tomorrow", "is no date"),
        ("2025-12-24/12-26", "is no date"),
        ("12-24/12-25/12-26", "is no date"),
        ("", "is no date"),
        ("2025-12-26/2025-12-24", "ends before it begins"),
    ],
)
def test_a_date_that_is_none_is_refused(dates: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_dates((dates,))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "Europe", "\x00", "a" * 300])
def test_what_is_no_zone_has_none(name: str) -> None:
    assert zone_named(name) is None


def test_instants_at_the_ends_of_the_calendar_are_shown_all_the_same() -> None:
    for instant in (-62_135_596_800_000_000, 253_402_300_799_999_999):
        assert abs(local(BERLIN, instant) - instant) < DAY


def together(clocks: Sequence[Clock], instant: int) -> tuple[bool, ...]:
    return tuple(shown.shows(local(zone, instant)) for zone, shown in clocks)


def seen_step_by_step(clocks: Sequence[Clock], after: int, until: int) -> list[int]:
    """The same by asking all clocks at each instant at which one of them changes its answer."""
    seen, found = {together(clocks, after)}, list[int]()
    for instant in sorted({each for clock in clocks for each in changes(clock, after, until)}):
        if (shown := together(clocks, instant)) not in seen:
            seen.add(shown)
            found.append(instant)
    return found


SOME: list[Window | Dates] = [
    *SHOWN,
    parse_window("02:00-03:00"),
    parse_window("09:00-12:00", ("mon",)),
    parse_window("13:00-14:00"),
    parse_dates(("02-29", "12-24/01-02")),
    parse_dates(("2025-03-30", "2027-01-01/2027-02-01", "2011-12-30")),
]


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=60, deadline=None)
def test_news_are_the_instants_at_which_clocks_first_show_something_together(random: Random) -> None:
    zones = random.sample([*ZONES, "UTC", "Asia/Kathmandu", "Antarctica/Troll"], random.randint(1, 3))
    clocks = [(ZoneInfo(random.choice(zones)), random.choice(SOME)) for _ in range(random.randint(1, 4))]
    after = at(random.choice(["2025-03-07T00:00Z", "2025-10-26T00:59Z", "2024-02-28T22:00Z"])) + random.randrange(DAY)
    until = after + random.choice([DAY, 40 * DAY, 400 * DAY, 1600 * DAY]) + random.choice([0, random.randrange(DAY)])
    assert list(news(clocks, after, until)) == seen_step_by_step(clocks, after, until)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_clock_that_is_set_at_the_last_instant_asked_about_is_news(late: int) -> None:
    day, set_at = parse_window("02:30-12:00"), at("2025-03-30T01:00Z")
    assert list(news([(BERLIN, day)], set_at - HOUR, set_at + late)) == ([] if late < 0 else [set_at])


def test_no_clock_has_no_news() -> None:
    assert list(news([], 0, DAY)) == []


def test_what_clocks_show_again_and_again_is_asked_about_no_more() -> None:
    asked = 0

    class Counted(Window):
        def shows(self, clock: int) -> bool:
            nonlocal asked
            asked += 1
            return super().shows(clock)

    morning, noon = (Counted(*parse_window(text)) for text in ("09:00-12:00", "13:00-14:00"))
    after = at("2025-03-05T12:30Z")
    assert len(list(news([(BERLIN, morning), (NEW_YORK, noon)], after, after + 3653 * DAY))) == 2
    assert asked < 1_000, "there are some 29,000 edges in these ten years"
