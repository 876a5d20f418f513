"""Words for rows, days and reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from alignkit.rules.wording import FIRST_INSTANT, LAST_INSTANT, describe, fill, nearest_moment, spell_day, spell_moment

from .builders import DAY, HOUR, NOW, ago, hold, issue, post, resolved, send, signal, survey


@pytest.mark.parametrize(
    ("collection", "row", "words"),
    [
        ("issues", issue(), "desk/issue/1, open, normal priority"),
        ("issues", issue(status="waiting_on_customer", priority="unset"), "desk/issue/1, waiting for the customer"),
        ("account_issues", issue(status="unknown"), "desk/issue/1, status unknown, normal priority"),
        ("signals", signal("net/post/2", kind="issue_reopened"), "net/post/2, issue reopened"),
        ("surveys", survey(HOUR), "forms/survey/1, NPS answer 3"),
        ("surveys", survey(HOUR, score=None), "forms/survey/1"),
        ("issues", "no issue", ""),
        ("posts", post(HOUR), "net/post/1, negative post on bluesky"),
        ("posts", post(HOUR, polarity=None, kind="review"), "net/post/1, unread review on bluesky"),
        ("sends", send(HOUR), "mail/send/1, email"),
        ("holds", hold(), "align/hold/1, manual: recall of the spring batch"),
    ],
)
def test_a_row_is_described_by_what_matters(collection: str, row: Any, words: str) -> None:
    assert describe(collection, row) == words


def test_a_hold_is_described_without_who_set_it() -> None:
    assert "jo" not in describe("holds", hold())


def test_a_day_has_its_year_where_that_is_another() -> None:
    assert spell_day(NOW - 2 * DAY, NOW) == "3 March"
    assert spell_day(NOW - 90 * DAY, NOW) == "5 December 2024"


def test_days_and_minutes_are_told_in_utc() -> None:
    there = datetime(2025, 3, 5, 1, tzinfo=timezone(timedelta(hours=14)))
    assert spell_day(there, NOW) == "4 March"
    assert spell_moment(there, NOW) == "4 March at 11:00 UTC"


def test_every_month_has_its_name() -> None:
    days = [spell_day(datetime(2025, month, 1, tzinfo=UTC), NOW) for month in range(1, 13)]
    assert days[0] == "1 January"
    assert days[11] == "1 December"
    assert len(set(days)) == 12


def test_placeholders_stand_for_the_rows_and_the_earliest_day() -> None:
    cited = [("issues", issue(ref="desk/issue/2")), ("issues", issue(first_active_at=ago(4 * DAY)))]
    assert fill("{count}: {rows} since {since}", cited, NOW) == (
        "2: desk/issue/1, open, normal priority, and 1 more since 1 March"
    )


def test_a_thing_that_is_cited_twice_is_one_thing() -> None:
    cited = [("signals", signal("desk/issue/1")), ("signals", signal("desk/issue/1", 2 * HOUR))]
    assert fill("{count}", cited, NOW) == "1"


def test_a_resolved_issue_counts_from_its_resolution() -> None:
    assert fill("{since}", [("issues", resolved(DAY))], NOW) == "4 March"


def test_without_rows_a_reason_still_reads() -> None:
    assert fill("{count} {rows} {since}", [], NOW) == "0 nothing on record an unknown day"


def test_what_lies_beyond_the_calendar_is_moved_to_its_edge() -> None:
    assert nearest_moment(LAST_INSTANT + 1) == datetime.max.replace(tzinfo=UTC)
    assert nearest_moment(FIRST_INSTANT - 1) == datetime.min.replace(tzinfo=UTC)
    assert nearest_moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
