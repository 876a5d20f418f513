"""Clocks contradict one another only where no reading of them is left, as a look at every quarter of an hour says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.rules.check.clocks import contradict
from alignkit.rules.clocks import DAY
from alignkit.rules.conditions import LocalDate, LocalTime
from alignkit.rules.leaves import shown

from .builders import NOW, at

NOW_US = at(NOW)
WINDOWS = ["21:00-08:00", "09:00-12:00", "13:00-14:00", "00:00-24:00", "22:30-06:15"]
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DATES = ["03-06", "03-06/03-09", "2025-03-07/2025-03-20", "2001-12-24", "12-24/01-02"]


def time(text: str, *days: str, zone: str = "UTC") -> LocalTime:
    return LocalTime.model_validate({"local_time": text, "days": days, "zone": zone})


def date(*texts: str) -> LocalDate:
    return LocalDate(local_date=texts, zone="UTC")


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=150, deadline=None)
def test_what_is_shown_at_some_time_is_no_contradiction_and_what_never_is_is_one(random: Random) -> None:
    conditions: list[LocalTime | LocalDate] = [
        time(random.choice(WINDOWS), *random.sample(WEEK, random.randint(0, 3))) for _ in range(random.randint(1, 3))
    ]
    claims = [(each, random.random() < 0.7) for each in conditions]
    readings = range(NOW_US - NOW_US % DAY, NOW_US + 8 * DAY, DAY // 96)
    seen = any(all(shown(each).shows(reading) is must for each, must in claims) for reading in readings)
    assert contradict(claims, NOW_US) is not seen


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=8, deadline=None)
def test_dates_are_looked_at_together_with_windows(random: Random) -> None:
    dates = [date(*random.sample(DATES, 2)), date(random.choice(DATES))]
    conditions: list[LocalTime | LocalDate] = [*dates, time(random.choice(WINDOWS), "thu")]
    claims = [(each, random.random() < 0.6) for each in conditions]
    # The weekday of a date is another each year: these are all days of 28 years.
    readings = (
        day * DAY + hour * DAY // 24 for day in range(NOW_US // DAY - 1, NOW_US // DAY + 10_240) for hour in (0, 10)
    )
    seen = any(all(shown(each).shows(reading) is must for each, must in claims) for reading in readings)
    assert not (seen and contradict(claims, NOW_US))


@pytest.mark.parametrize(
    ("claims", "is_so"),
    [
        ([(date("2001-12-24"), True)], True),
        ([(date("2001-12-24"), False)], False),
        ([(date("2090-12-24"), True)], False),
        ([(date("02-29"), True), (time("00:00-24:00", "mon"), True)], False),
        ([(date("2090-12-24"), True), (time("00:00-24:00", "mon"), True)], True),
        ([(date("2090-12-24"), True), (time("00:00-24:00", "sun"), True)], False),
        ([(time("09:00-10:00"), True), (time("11:00-12:00", zone="Asia/Tokyo"), True)], False),
        ([(time("09:00-10:00"), True), (time("11:00-12:00"), False)], False),
        ([(object(), True), (object(), False)], False),
        ([], False),
    ],
)
def test_a_contradiction_is_one_of_the_same_zone_from_now_on(claims: Any, is_so: bool) -> None:
    assert contradict(claims, NOW_US) is is_so
