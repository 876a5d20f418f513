"""Conditions: what each asks, what it answers about absent values, and what is refused when it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from alignkit.models import Message
from alignkit.rules import Facts
from alignkit.rules.conditions import AnyRow, Condition, CountRows, Not, RowTest

from .builders import DAY, HOUR, NOW, TICK, ago, at, hold, issue, message, policy, post, rule, send, signal

conditions: TypeAdapter[Condition] = TypeAdapter(Condition)
OFFER = message()


def holds(condition: Any, offer: Message = OFFER, **facts: Any) -> bool:
    """Whether a condition, written as in a file, holds of these facts."""
    written = policy(rule(conditions.validate_python(condition), "note"))
    return bool(written.compile()(Facts(**facts), offer, at(NOW)).notes)


def asks(question: dict[str, Any], collection: str = "issues", **fields: Any) -> bool:
    """Whether one issue with these fields passes the test."""
    return holds({"any": collection, "where": [question]}, issues=[issue(**fields)])


def test_any_none_and_count_look_through_rows() -> None:
    open_one, urgent = issue(), issue(ref="desk/issue/2", priority="urgent")
    where = [{"field": "priority", "equals": "urgent"}]
    assert holds({"any": "issues", "where": where}, issues=[open_one, urgent])
    assert not holds({"any": "issues", "where": where}, issues=[open_one])
    assert holds({"none": "issues", "where": where}, issues=[open_one])
    assert not holds({"none": "issues", "where": where}, issues=[urgent])
    assert holds({"none": "issues"})
    assert not holds({"any": "issues"})
    assert holds({"count": "issues", "at_least": 2}, issues=[open_one, urgent])
    assert not holds({"count": "issues", "at_least": 2}, issues=[open_one])
    assert not holds({"count": "issues", "at_least": 2, "where": where}, issues=[open_one, urgent])


def test_count_distinct_counts_different_values_and_absent_ones_not_at_all() -> None:
    condition = {"count": "issues", "at_least": 2, "distinct": "brand"}
    assert holds(condition, issues=[issue(brand="a"), issue(brand="b")])
    assert not holds(condition, issues=[issue(brand="a"), issue(brand="a")])
    assert not holds(condition, issues=[issue(brand="a"), issue(brand=None)])


def test_sends_within_a_window_can_be_capped() -> None:
    condition = {"count": "sends", "at_least": 2, "where": [{"field": "at", "within": "7d"}]}
    assert holds(condition, sends=[send(DAY), send(2 * DAY)])
    assert not holds(condition, sends=[send(DAY), send(7 * DAY)])


def test_text_is_compared_as_it_is() -> None:
    assert asks({"field": "priority", "equals": "high"}, priority="high")
    assert not asks({"field": "priority", "equals": "high"}, priority="low")
    assert asks({"field": "priority", "in": ["high", "urgent"]}, priority="high")
    assert not asks({"field": "priority", "in": ["high", "urgent"]}, priority="low")
    assert asks({"field": "priority", "not_in": ["high", "urgent"]}, priority="low")
    assert not asks({"field": "priority", "not_in": ["high", "urgent"]}, priority="high")


def test_numbers_are_compared_with_their_bounds_included() -> None:
    assert asks({"field": "reopened_count", "at_least": 2}, reopened_count=2)
    assert not asks({"field": "reopened_count", "at_least": 2}, reopened_count=1)
    assert asks({"field": "reopened_count", "at_most": 2}, reopened_count=2)
    assert not asks({"field": "reopened_count", "at_most": 2}, reopened_count=3)
    assert asks({"field": "reopened_count", "equals": 2}, reopened_count=2)


def test_lists_contain_words() -> None:
    assert asks({"field": "tags", "contains": "vip"}, tags=("vip", "eu"))
    assert not asks({"field": "tags", "contains": "vip"}, tags=())


@pytest.mark.parametrize(
    "question",
    [
        {"field": "brand", "equals": "a"},
        {"field": "brand", "in": ["a"]},
        {"field": "brand", "not_in": ["a"]},
        {"field": "sla_breached", "equals": False},
        {"field": "resolved_at", "within": "3650d"},
        {"field": "resolved_at", "older_than": "0h"},
        {"field": "tags", "contains": "a"},
    ],
)
def test_a_question_about_an_absent_value_is_answered_with_no(question: dict[str, Any]) -> None:
    assert not asks(question)
    assert asks({"not": question})
    assert asks({"field": question["field"], "is_unset": True})
    assert not asks({"field": question["field"], "is_unset": False})


def test_a_number_that_is_absent_is_neither_small_nor_large() -> None:
    where = [{"field": "rating", "at_least": 0}], [{"field": "rating", "at_most": 9}]
    assert not any(holds({"any": "posts", "where": each}, posts=[post(HOUR)]) for each in where)


def test_within_ends_where_older_than_begins() -> None:
    for since, is_within in ((2 * DAY - TICK, True), (2 * DAY, False), (2 * DAY + TICK, False)):
        assert asks({"field": "created_at", "within": "2d"}, created_at=ago(since)) is is_within
        assert asks({"field": "created_at", "older_than": "2d"}, created_at=ago(since)) is not is_within


def test_a_time_that_lies_ahead_is_within_every_duration() -> None:
    assert asks({"field": "created_at", "within": "1us"}, created_at=at(NOW + DAY))
    assert not asks({"field": "created_at", "older_than": "0h"}, created_at=at(NOW + TICK))


def test_tests_combine() -> None:
    high, vip = {"field": "priority", "equals": "high"}, {"field": "tags", "contains": "vip"}
    for is_high, is_vip in ((True, True), (True, False), (False, True), (False, False)):
        row: dict[str, Any] = {"priority": "high" if is_high else "low", "tags": ("vip",) if is_vip else ()}
        assert asks({"all_of": [high, vip]}, **row) is (is_high and is_vip)
        assert asks({"any_of": [high, vip]}, **row) is (is_high or is_vip)
        assert asks({"not": high}, **row) is not is_high


def test_conditions_combine() -> None:
    first, second = {"any": "issues"}, {"any": "signals"}
    for has_issue, has_signal in ((True, True), (True, False), (False, True), (False, False)):
        facts: dict[str, Any] = {"issues": [issue()] * has_issue, "signals": [signal("desk/issue/1")] * has_signal}
        assert holds({"all_of": [first, second]}, **facts) is (has_issue and has_signal)
        assert holds({"any_of": [first, second]}, **facts) is (has_issue or has_signal)
        assert holds({"not": first}, **facts) is not has_issue


def test_attributes_of_customer_and_message_can_be_asked() -> None:
    assert holds({"customer": "is_vip", "equals": True}, attributes={"is_vip": True})
    assert not holds({"customer": "is_vip", "equals": True}, attributes={})
    assert holds({"customer": "tier", "is_unset": True})
    assert holds({"message": "category", "in": ["promotional"]})
    assert holds({"message": "channel", "equals": "email"})
    assert holds({"message": "campaign_id", "is_unset": True})
    assert holds({"message": "product_refs", "contains": "kettle"}, message(product_refs=("kettle",)))
    assert not holds({"message": "campaign_id", "equals": "spring"}, message(campaign_id="autumn"))


def test_active_is_answered_by_on_unknown_where_the_status_is_unknown() -> None:
    for on_unknown in ("active", "inactive"):
        for asked in (True, False):
            condition = AnyRow(any="issues", where=(RowTest(field="active", equals=asked),))
            written = policy(rule(condition, "note"), on_unknown=on_unknown)
            noted = bool(written.compile()(Facts(issues=[issue(active=None)]), OFFER, at(NOW)).notes)
            assert noted is (asked is (on_unknown == "active"))


def test_holds_out_of_force_or_scope_are_no_rows() -> None:
    assert holds({"any": "holds"}, holds=[hold()])
    assert holds({"none": "holds"}, holds=[hold(ends_at=at(NOW)), hold(channels=("sms",))])
    assert not holds({"count": "holds", "at_least": 2}, holds=[hold(), hold(opened_at=at(NOW + TICK))])


def test_python_and_files_say_the_same() -> None:
    written = conditions.validate_python({"not": {"any": "issues", "where": [{"field": "priority", "in": ["high"]}]}})
    assert written == Not(condition=AnyRow(any="issues", where=(RowTest(field="priority", in_=("high",)),)))
    assert conditions.dump_python(written, by_alias=True, exclude_none=True) == {
        "not": {"any": "issues", "where": ({"field": "priority", "in": ("high",)},)}
    }


@pytest.mark.parametrize(
    "question",
    [
        {"field": "priority"},
        {"field": "priority", "equals": "high", "in": ["high"]},
        {"field": "priority", "at_least": 1},
        {"field": "priority", "within": "1h"},
        {"field": "priority", "contains": "high"},
        {"field": "priority", "equals": "hihg"},
        {"field": "priority", "in": ["high", "hihg"]},
        {"field": "priority", "in": []},
        {"field": "priority", "in": "high"},
        {"field": "brand", "equals": True},
        {"field": "brand", "equals": 1},
        {"field": "active", "equals": "true"},
        {"field": "active", "in": ["true"]},
        {"field": "reopened_count", "equals": True},
        {"field": "reopened_count", "at_least": "2"},
        {"field": "reopened_count", "at_least": float("nan")},
        {"field": "reopened_count", "at_least": float("inf")},
        {"field": "created_at", "equals": 1},
        {"field": "created_at", "within": 3600},
        {"field": "created_at", "within": "-1h"},
        {"field": "created_at", "older_than": "99999d"},
        {"field": "created_at", "is_unset": "yes"},
        {"field": "tags", "equals": "vip"},
        {"field": "nonsense", "equals": "a"},
        {"field": "__class__", "equals": "a"},
        {"field": "priority.real", "equals": "a"},
        {"field": "priority", "equals": "high", "more": 1},
        {"field": "priority", "matches": "h.*"},
        {"priority": "high"},
        {"field": "priority", "equals": "high", "not": {"field": "priority", "equals": "low"}},
        {"all_of": []},
        {"any_of": []},
        {},
        "priority == 'high'",
    ],
)
def test_a_test_that_makes_no_sense_is_refused(question: Any) -> None:
    with pytest.raises(ValidationError):
        conditions.validate_python({"any": "issues", "where": [question]})


@pytest.mark.parametrize(
    "condition",
    [
        {},
        "any issues",
        {"any": "tickets"},
        {"any": "attributes"},
        {"any": "issues", "none": "issues"},
        {"any": ["issues"]},
        {"any": "issues", "within": "7d"},
        {"count": "issues"},
        {"count": "issues", "at_least": 0},
        {"count": "issues", "at_least": True},
        {"count": "issues", "at_least": 2, "distinct": "nonsense"},
        {"customer": "is_vipp", "equals": True},
        {"customer": "is_vip", "equals": "yes"},
        {"customer": "lifecycle_stage", "equals": "boss"},
        {"message": "sender", "is_unset": False},
        {"message": "category", "equals": "spam"},
        {"latest": "surveys"},
        {"latest": "surveys", "passes": []},
        {"latest": "surveys", "passes": [{"field": "scoer", "at_least": 1}]},
        {"latest": "surveys", "passes": [{"field": "score", "at_least": 1}], "by": "score"},
        {"latest": "surveys", "passes": [{"field": "score", "at_least": 1}], "by": "answered_at"},
        {"latest": "accounts", "passes": [{"field": "plan", "equals": "pro"}]},
        {"local_time": "21:00-08:00"},
        {"local_time": "21:00-08:00", "fallback": "Europe/Berlln"},
        {"local_time": "21:00-08:00", "zone": "Mars/Olympus"},
        {"local_time": "21:00-08:00", "zone": "Europe/Berlin", "fallback": "UTC"},
        {"local_time": "21:00-21:00", "zone": "UTC"},
        {"local_time": "21-08", "zone": "UTC"},
        {"local_time": "21:00-08:00", "zone": "UTC", "days": ["funday"]},
        {"local_date": [], "zone": "UTC"},
        {"local_date": ["2025-02-30"], "zone": "UTC"},
        {"local_date": "2025-02-03", "zone": "UTC"},
        {"holdout": 0.0, "salt": "a"},
        {"holdout": 1.0, "salt": "a"},
        {"holdout": float("nan"), "salt": "a"},
        {"holdout": "0.5", "salt": "a"},
        {"holdout": 0.5},
        {"holdout": 0.5, "salt": ""},
        {"plugin": "no-such-condition"},
        {"all_of": []},
        {"not": [{"any": "issues"}]},
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(condition: Any) -> None:
    with pytest.raises(ValidationError):
        conditions.validate_python(condition)


def test_durations_are_exact() -> None:
    test = RowTest(field="at", within=timedelta(microseconds=3))
    assert CountRows(count="signals", at_least=1, where=(test,)).model_dump(mode="json", exclude_none=True)[
        "where"
    ] == [{"within": "3us", "field": "at"}]
