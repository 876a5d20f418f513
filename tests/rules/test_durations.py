"""Durations as text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.rules.durations import LONGEST, format_duration, parse_duration, spell_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2w", timedelta(weeks=2)),
        ("7d", timedelta(days=7)),
        ("48h", timedelta(hours=48)),
        ("30m", timedelta(minutes=30)),
        ("90s", timedelta(seconds=90)),
        ("5ms", timedelta(milliseconds=5)),
        ("1us", timedelta(microseconds=1)),
        ("0h", timedelta(0)),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "value",
    [
        "",
        "48",
        "h",
        "-1h",
        "+1h",
        "1.5h",
        "1 h",
        "1h ",
        "1h30m",
        "1y",
        "1H",
        "nan",
        "infh",
        "١h",
        "1e3s",
        48,
        48.0,
        True,
        None,
    ],
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="write a whole number and a unit"):
        parse_duration(value)


@pytest.mark.parametrize("value", ["3654d", "999999999999999999w", LONGEST + timedelta(microseconds=1), timedelta(-1)])
def test_a_negative_or_absurd_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="ten years"):
        parse_duration(value)


@given(st.timedeltas(timedelta(0), LONGEST))
def test_what_is_written_is_read_back_exactly(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=72), "3 days"),
        (timedelta(hours=7, minutes=59), "7 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=20), "20 minutes"),
        (timedelta(seconds=59), "less than a minute"),
    ],
)
def test_a_duration_is_spoken_in_its_own_scale(duration: timedelta, words: str) -> None:
    assert spell_duration(duration) == words
