"""Holds instants to being exact in both directions, and to having a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.strategies import START, instants

from alignkit.errors import DataInvalid
from alignkit.models.times import Instant, aware, in_utc, microseconds, moment_of, stamp

INSTANT = TypeAdapter[datetime](Instant)


@given(instants)
def test_an_instant_stays_the_same_and_is_told_in_utc(moment: datetime) -> None:
    told = INSTANT.validate_python(moment)
    assert told == moment
    assert told.tzinfo is UTC
    assert in_utc(told) is told


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_an_instant_that_has_no_name_in_utc_is_refused_like_any_wrong_value(text: str) -> None:
    with pytest.raises(ValidationError, match="outside the years 1 to 9999"):
        INSTANT.validate_python(text)


@pytest.mark.parametrize("text", ["2026-01-05T09:00:00", "2026-01-05", "5 Jan 2026", ""])
def test_a_text_that_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)


def test_a_text_with_an_offset_becomes_utc() -> None:
    told = INSTANT.validate_python("2026-01-05T10:30:00.000001+01:30")
    assert told == START + timedelta(microseconds=1)
    assert told.tzinfo is UTC
    assert INSTANT.validate_python(START.astimezone(timezone(timedelta(hours=-9)))).tzinfo is UTC


@given(instants)
def test_microseconds_are_exact(moment: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(moment)) == moment


@given(st.integers(-(2**53), 2**53))
def test_moments_come_back_exactly(instant: int) -> None:
    assert microseconds(moment_of(instant)) == instant


def test_where_there_is_no_instant_there_is_no_moment() -> None:
    assert moment_of(None) is None


def test_a_time_without_a_zone_is_refused_by_the_name_that_its_caller_knows() -> None:
    with pytest.raises(DataInvalid, match="`since` has no time zone"):
        aware(datetime(2026, 3, 2), "since")  # noqa: DTZ001 - what is refused


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    found = aware(datetime.fromisoformat("2026-03-02T10:00:00+01:00"), "now")
    assert (found, found.tzinfo) == (datetime(2026, 3, 2, 9, tzinfo=UTC), UTC)


def test_a_stamp_is_told_in_utc_whatever_the_zone() -> None:
    assert stamp(datetime.fromisoformat("2026-03-03T10:00:00+01:00")) == "2026-03-03T09:00:00Z"
    assert stamp(None) is None
