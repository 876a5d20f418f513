"""Facts are written down shortly, read back as they were, and refused with the place where they cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import DataInvalid
from alignkit.models import IssueStatus
from alignkit.rules import Facts
from alignkit.rules.examples import (
    ROWS,
    make_row,
    move_facts,
    read_facts,
    read_moment,
    write_facts,
    write_moment,
)
from alignkit.rules.fields import ROW_FIELDS

from .builders import DAY, HOUR, NOW, TICK, at, random_facts

NOW_US = at(NOW)


def only(collection: str, row: Any) -> Facts:
    facts = Facts()
    getattr(facts, collection).append(row)
    return facts


@given(st.integers(min_value=0, max_value=2**32).map(Random))
def test_facts_are_read_back_as_they_were(random: Random) -> None:
    facts = random_facts(random)
    facts.attributes = {name: value for name, value in facts.attributes.items() if value is not None}
    assert read_facts(write_facts(facts, NOW_US), NOW_US) == facts


@pytest.mark.parametrize("collection", sorted(ROWS))
def test_every_collection_has_a_row_that_needs_no_word(collection: str) -> None:
    row = make_row(collection, NOW_US, {})
    assert write_facts(only(collection, row), NOW_US)[collection] in ([{}], [{"status": "open"}])
    for name, field in ROW_FIELDS[collection].items():  # type: ignore[index] # a name of the same collections
        value = getattr(row, name)
        assert value is not None or field.is_optional
        assert not field.words or not isinstance(value, str) or value in field.words


@pytest.mark.parametrize("status", IssueStatus)
def test_what_follows_from_a_status_follows(status: IssueStatus) -> None:
    row = make_row("issues", NOW_US, {"status": status.value})
    assert row.active is status.is_active
    assert (row.resolved_at is not None) is (status.is_active is False)
    assert row.excluded == (status.value if status.value in ("spam", "deleted", "merged") else None)


def test_rows_of_one_example_are_told_apart() -> None:
    facts = read_facts({"issues": [{}, {}], "signals": [{}, {}]}, NOW_US)
    assert len({issue.ref for issue in facts.issues}) == 2
    assert len({signal.thing for signal in facts.signals}) == 2


def test_a_value_that_would_be_filled_in_can_be_taken_away() -> None:
    facts = read_facts({"signals": [{"unset": ["polarity"]}]}, NOW_US)
    assert facts.signals[0].polarity is None
    assert write_facts(facts, NOW_US) == {"signals": [{"unset": ["polarity"]}]}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("3d ago", NOW - 3 * DAY),
        ("in 2h", NOW + 2 * HOUR),
        ("now", NOW),
        ("1us ago", NOW - TICK),
        ("2025-03-05T13:00:00+01:00", NOW),
        (NOW, NOW),
    ],
)
def test_a_time_is_an_instant_or_told_from_now(value: object, moment: datetime) -> None:
    assert read_moment(value, NOW, "x") == moment


@pytest.mark.parametrize("value", ["yesterday", "3 ago", "in", "2025-03-05T13:00:00", datetime(2025, 3, 5), 7, None])  # noqa: DTZ001 - refused for that
def test_a_time_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(DataInvalid, match="`x` is no time"):
        read_moment(value, NOW, "x")


@given(st.timedeltas(timedelta(days=-3000), timedelta(days=3000)))
def test_a_time_is_written_exactly(span: timedelta) -> None:
    assert read_moment(write_moment(at(NOW + span), NOW_US), NOW, "x") == NOW + span


def test_moved_facts_are_as_old_at_the_later_instant() -> None:
    facts = random_facts(Random(3))
    later = move_facts(facts, at(NOW + DAY) - NOW_US)
    assert write_facts(later, at(NOW + DAY)) == write_facts(facts, NOW_US)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"issue": []}, "`facts.issue` is not known; did you mean `issues`?"),
        ({"issues": {}}, "`facts.issues` is no list of tables"),
        ({"issues": [7]}, "`facts.issues[0]` is no table"),
        ({"issues": [{}, {"prio": "high"}]}, "`facts.issues[1].prio` is not known"),
        ({"issues": [{"priority": "hihg"}]}, "`facts.issues[0].priority` is never `hihg`; did you mean `high`?"),
        ({"issues": [{"tags": "a"}]}, "`facts.issues[0].tags` is a list"),
        ({"issues": [{"active": 1}]}, "`facts.issues[0].active` is a flag"),
        ({"issues": [{"reopened_count": True}]}, "`facts.issues[0].reopened_count` is a number"),
        ({"issues": [{"brand": 1}]}, "`facts.issues[0].brand` is a text"),
        ({"issues": [{"unset": ["status"]}]}, "`facts.issues[0].unset` names `status`"),
        ({"attributes": {"vip": True}}, "`facts.attributes.vip` is not known"),
        ({"customer": 7}, "`facts.customer` is no text"),
        ({"bucketing_id": 7}, "`facts.bucketing_id` is no text"),
    ],
)
def test_facts_that_cannot_be_read_are_refused_with_their_place(tree: dict[str, Any], text: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        read_facts(tree, NOW_US)
    assert text in str(refused.value)


def test_now_may_be_any_instant() -> None:
    early = at(datetime(1971, 1, 1, tzinfo=UTC))
    assert read_facts({"sends": [{"at": "1d ago"}]}, early).sends[0].at == early - at(NOW) + at(NOW - DAY)
