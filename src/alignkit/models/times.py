"""Instants: times that always have a zone, as they are told to people and as microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, overload

from pydantic import AfterValidator, AwareDatetime

from alignkit.errors import DataInvalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def in_utc(moment: datetime) -> datetime:
    """The same instant, told in UTC.

    Raises:
        ValueError: the instant lies outside the years 1 to 9999 once told in UTC.
    """
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999 in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""An aware time, kept in UTC; a naive one is refused."""


def aware(moment: datetime, name: str) -> datetime:
    """The time in UTC; `name` is what the caller calls it.

    Raises:
        DataInvalid: the time has no zone.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise DataInvalid(f"`{name}` has no time zone; pass an aware time, such as `datetime.now(UTC)`")
    return in_utc(moment)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC, exactly.

    Raises:
        DataInvalid: the time names no zone.
    """
    try:
        delta = moment - EPOCH
    except TypeError:
        raise DataInvalid("a time without a zone says no instant; give an aware one, in UTC for example") from None
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


@overload
def stamp(moment: datetime) -> str: ...
@overload
def stamp(moment: datetime | None) -> str | None: ...
def stamp(moment: datetime | None) -> str | None:
    """A time for programs, ISO 8601 in UTC with a `Z`; None where there is none."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@overload
def moment_of(instant: int) -> datetime: ...
@overload
def moment_of(instant: int | None) -> datetime | None: ...
def moment_of(instant: int | None) -> datetime | None:
    """The aware UTC time of microseconds since 1970, exactly."""
    return None if instant is None else EPOCH + timedelta(microseconds=instant)
