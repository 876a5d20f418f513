"""Reads and writes durations the way people put them in a policy: a whole number and a unit, `48h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST = timedelta(days=3653)
"""Ten years; a longer duration in a policy is taken for a slip."""

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": timedelta(microseconds=1),
}
_WRITTEN = re.compile(r"([0-9]{1,18})(w|d|h|m|s|ms|us)", re.ASCII)
_SPOKEN = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_DAYS_FROM = timedelta(days=3)


def parse_duration(value: object) -> timedelta:
    """The duration that a policy means.

    Args:
        value: a text such as `30m`, `48h`, `7d` or `2w`, or a timedelta.

    Raises:
        ValueError: not such a text, negative, or longer than ten years.
    """
    if isinstance(value, timedelta):
        duration = value
    elif isinstance(value, str) and (found := _WRITTEN.fullmatch(value)):
        number, unit = found.groups()
        if int(number) > LONGEST // _UNITS[unit]:
            raise ValueError(f"`{value}` is longer than ten years; write a shorter duration")
        duration = int(number) * _UNITS[unit]
    else:
        raise ValueError("is no duration; write a whole number and a unit, such as `30m`, `48h` or `7d`")
    if not timedelta(0) <= duration <= LONGEST:
        raise ValueError("must be between nothing and ten years; write a shorter or a positive duration")
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as exactly this duration."""
    unit = next((name for name, size in _UNITS.items() if name != "w" and not duration % size), "us")
    return f"{duration // _UNITS[unit]}{unit}"


def spell_duration(duration: timedelta) -> str:
    """The duration in words, rounded down to its own scale: `48 hours`, `14 days`, `20 minutes`."""
    for name, size in _SPOKEN:
        count = duration // size
        if count and not (name == "day" and duration < _DAYS_FROM):
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return "less than a minute"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,18}(w|d|h|m|s|ms|us)$", "examples": ["48h", "7d"]}),
]
"""A duration of at most ten years, exact to the microsecond; written `48h`."""
