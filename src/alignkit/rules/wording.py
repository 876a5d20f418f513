"""Puts rows, days and rules' reasons into words that a marketer understands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from alignkit.models.times import moment_of
from alignkit.rules.citation import PLUGINS, Cited, reference

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_STATUSES = {
    "waiting_on_customer": "waiting for the customer",
    "waiting_on_third_party": "waiting for a third party",
    "unknown": "status unknown",
}
FIRST_INSTANT, LAST_INSTANT = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The microseconds since 1970 at which the calendar of `datetime` begins and ends."""


def nearest_moment(instant: int) -> datetime:
    """The aware UTC time of microseconds since 1970; what lies beyond the calendar is moved to its edge."""
    return moment_of(min(max(instant, FIRST_INSTANT), LAST_INSTANT))


def spell_day(moment: datetime, now: datetime) -> str:
    """The day in UTC, `3 March`; with its year where that is not the present one."""
    day, today = moment.astimezone(UTC), now.astimezone(UTC)
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {_MONTHS[day.month - 1]}{year}"


def spell_moment(moment: datetime, now: datetime) -> str:
    """The day and the minute in UTC, `3 March at 14:05 UTC`."""
    return f"{spell_day(moment, now)} at {moment.astimezone(UTC):%H:%M} UTC"


def fill(reason: str, cited: Iterable[Cited], now: datetime) -> str:
    """A rule's reason with its placeholders filled in from the rows that make it hold, the earliest first."""
    things: dict[str, Cited] = {}
    for each in sorted(cited, key=_age):
        things.setdefault(reference(*each), each)
    if not things:
        return reason.format(rows="nothing on record", count="0", since="an unknown day")
    first, *others = things.values()
    return reason.format(
        rows=describe(*first) + (f", and {len(others)} more" if others else ""),
        count=str(len(things)),
        since=spell_day(nearest_moment(began), now) if (began := _began(first[1])) else "an unknown day",
    )


def _age(cited: Cited) -> tuple[int, str]:
    return _began(cited[1]), describe(*cited)


def _began(row: Any) -> int:
    """When what the row tells of began."""
    names = ("first_active_at", "created_at") if getattr(row, "active", False) is not False else ("resolved_at",)
    times = (getattr(row, name, None) for name in (*names, "at", "put_at", "opened_at", "status_since", "created_at"))
    return next((at for at in times if isinstance(at, int)), 0)


def describe(collection: str, row: Any) -> str:
    """One row: its reference and what of it matters to a reader."""
    try:
        words = _DESCRIBE[collection](row)
    except (AttributeError, TypeError, ValueError):
        words = ()  # a row that is not what it should be is still named
    return ", ".join((reference(collection, row), *(word for word in words if word)))


def _of_issue(row: Any) -> Sequence[str]:
    status = _STATUSES.get(row.status, str(row.status).replace("_", " "))
    return (status, "" if row.priority == "unset" else f"{row.priority} priority")


def _of_signal(row: Any) -> Sequence[str]:
    return (str(row.kind).replace("_", " "),)


def _of_survey(row: Any) -> Sequence[str]:
    return (f"{str(row.kind).upper()} answer {row.score:g}",)


def _of_post(row: Any) -> Sequence[str]:
    return (f"{row.polarity or 'unread'} {row.kind} on {row.platform}",)


def _of_send(row: Any) -> Sequence[str]:
    return (str(row.channel),)


def _of_hold(row: Any) -> Sequence[str]:
    return (f"{row.kind}: {row.reason}",)


def _of_account(row: Any) -> Sequence[str]:
    return (str(row.name or ""), f"plan {row.plan}" if row.plan else "")


def _of_reference(_: object) -> Sequence[str]:
    return ()


_DESCRIBE: dict[str, Callable[[Any], Sequence[str]]] = {
    "issues": _of_issue,
    "account_issues": _of_issue,
    "all_issues": _of_issue,
    "signals": _of_signal,
    "surveys": _of_survey,
    "posts": _of_post,
    "sends": _of_send,
    "holds": _of_hold,
    "accounts": _of_account,
    PLUGINS: _of_reference,
}
