"""Holds begin and end where the facts or the clock say, and their figures are those of the holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.models import Message, microseconds
from alignkit.rules import Facts, Policy
from alignkit.rules.examples import read_facts
from alignkit.whatif.timeline import Held, Timeline, flapping, hold_times

from .town import DAY, HOUR, TICK, day

OFFER = Message(category="promotional", channel="email")


def resolved(at: float) -> Facts:
    instant = microseconds(day(at))
    return read_facts({"issues": [{"status": "resolved", "resolved_at": "now"}]}, instant)


def held(began: float, ended: float | None, customer: str = "c", rules: tuple[str, ...] = ("r",)) -> Held:
    return Held(customer, "promotional/email", rules, day(began), None if ended is None else day(ended))


def test_a_hold_ends_at_the_instant_that_the_decision_names() -> None:
    timeline = Timeline(Policy.starter())
    timeline.learn("c", resolved(0), OFFER, day(0))
    assert timeline.holds(day(2)) == [held(0, None, rules=("cool-down",))]
    assert timeline.holds(day(2) + TICK) == [held(0, 2, rules=("cool-down",))]


def test_a_hold_goes_on_through_changes_of_its_rules() -> None:
    timeline = Timeline(Policy.starter())
    timeline.learn("c", read_facts({"issues": [{}]}, microseconds(day(0))), OFFER, day(0))
    timeline.learn("c", resolved(1), OFFER, day(1))
    assert timeline.holds(day(9)) == [held(0, 3, rules=("open-issue",))]


def test_a_hold_that_begins_and_ends_at_one_instant_is_none() -> None:
    timeline = Timeline(Policy.starter())
    timeline.learn("c", resolved(0), OFFER, day(0))
    timeline.learn("c", Facts(), OFFER, day(0))
    assert timeline.holds(day(9)) == []


NIGHT = {"local_time": "21:00-08:00", "zone": "UTC"}


def with_nights(when: dict[str, Any] = NIGHT) -> Policy:
    rules = [
        {"id": "night", "effect": "suppress", "outcome": "defer", "reason": "x", "when": when},
        *json.loads(Policy.starter().to_json())["rules"],
    ]
    return Policy.model_validate({"name": "nights", "rules": rules})


def test_nights_are_told_apart_from_what_facts_hold() -> None:
    timeline = Timeline(with_nights())
    timeline.learn("c", read_facts({"issues": [{}]}, microseconds(day(0.75))), OFFER, day(0.75))  # at 3 in the night
    timeline.learn("c", resolved(1), OFFER, day(1))  # cooled down on the third day at 9
    told = [(one.rules, one.began_at, one.ended_at, one.is_by_clock) for one in timeline.holds(day(4))]
    assert told == [
        (("open-issue",), day(0.75), day(3), False),
        (("night",), day(3.5), day(4 - 1 / 24), True),
    ]


def test_a_night_that_an_issue_falls_into_ends_there_and_begins_again_after_it() -> None:
    timeline = Timeline(with_nights())
    timeline.learn("c", Facts(), OFFER, day(0))
    timeline.learn("c", read_facts({"issues": [{}]}, microseconds(day(0.6))), OFFER, day(0.6))
    timeline.learn("c", Facts(), OFFER, day(0.7))
    told = [(one.began_at, one.ended_at, one.is_by_clock) for one in timeline.holds(day(1))]
    assert told == [
        (day(0.5), day(0.6), True),
        (day(0.6), day(0.7), False),
        (day(0.7), day(1 - 1 / 24), True),
    ]


@pytest.mark.parametrize(
    ("when", "is_by_clock"),
    [
        (NIGHT, True),
        ({"local_date": ["01-05"], "zone": "UTC"}, True),
        ({"not": {"local_time": "10:00-11:00", "zone": "UTC"}}, True),
        ({"all_of": [NIGHT, {"none": "issues"}]}, True),
        ({"any_of": [NIGHT, {"local_date": ["01-05"], "zone": "UTC"}]}, True),
        ({"any_of": [NIGHT, {"none": "issues"}]}, False),
        ({"not": {"all_of": [NIGHT, {"any": "issues"}]}}, False),
        ({"none": "issues"}, False),
    ],
)
def test_a_rule_follows_the_clock_where_it_cannot_hold_without_it(when: dict[str, Any], is_by_clock: bool) -> None:
    timeline = Timeline(with_nights(when))
    timeline.learn("c", Facts(), OFFER, day(0.55))
    assert [one.is_by_clock for one in timeline.holds(day(0.56))] == [is_by_clock]


def test_customers_and_kinds_of_messages_are_held_apart() -> None:
    timeline = Timeline(Policy.starter())
    for customer in ("b", "a"):
        for category in ("upsell", "newsletter"):
            timeline.learn(customer, resolved(0), OFFER.model_copy(update={"category": category}), day(0))
    assert [(one.customer, one.scope) for one in timeline.holds(day(1))] == [
        ("a", "newsletter/email"),
        ("a", "upsell/email"),
        ("b", "newsletter/email"),
        ("b", "upsell/email"),
    ]


def test_the_figures_are_those_of_the_ended_holds() -> None:
    times = hold_times([*(held(0, days) for days in (1, 2, 3, 10)), held(0, None)])
    assert (times.ended, times.lasting) == (4, 1)
    assert (times.median, times.p95, times.longest) == (2.5 * DAY, 10 * DAY, 10 * DAY)
    assert hold_times([]).to_dict() == {"ended": 0, "lasting": 0, "median_s": None, "p95_s": None, "longest_s": None}


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=60))
def test_95_of_100_holds_are_not_longer_than_p95_and_no_shorter_one_will_do(hours: list[int]) -> None:
    times = hold_times(held(0, one / 24) for one in hours)
    assert times.p95 is not None
    spans = [timedelta(days=one / 24) for one in hours]
    assert sum(span <= times.p95 for span in spans) * 100 >= 95 * len(spans)
    assert sum(span < times.p95 for span in spans) * 100 < 95 * len(spans)


def test_only_the_same_customer_and_kind_can_flap() -> None:
    soon = [held(0, 1), held(2, 3), held(2, 3, "other"), held(11, 12)]
    found = flapping(soon, 7 * DAY)
    assert (found.again, found.customers, found.by_rule) == (1, 1, {"r": 1})
    assert flapping(soon, DAY).again == 0
    assert flapping([replace(one, is_by_clock=True) for one in soon], 7 * DAY).again == 0
    assert flapping(soon, DAY + TICK).again == 1
    assert flapping([held(0, None)], HOUR).to_dict() == {"within_s": 3600, "again": 0, "customers": 0, "by_rule": {}}
