"""Rules that say something else than they do are found, and only those."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alignkit.rules import Policy
from alignkit.rules.check import Fault, Finding, check

WEEK = {"field": "at", "within": "7d"}
SENT = {"field": "status", "equals": "sent"}
OFFERS = {"count": "sends", "at_least": 2, "where": [WEEK]}
CLOSED = {"customer": "tier", "equals": "closed"}


def found(when: dict[str, Any], fault: Fault, reason: str = "x") -> tuple[Policy, list[Finding]]:
    rule = {"id": "r", "effect": "suppress", "outcome": "defer", "reason": reason, "when": when}
    policy = Policy.from_json(json.dumps({"name": "p", "rules": [rule]}))
    return policy, [finding for finding in check(policy) if finding.fault is fault]


@pytest.mark.parametrize(
    "when",
    [
        OFFERS,
        {"any": "sends", "where": [WEEK]},
        {"latest": "sends", "passes": [WEEK]},
        {"all_of": [{"any": "issues"}, {"any_of": [OFFERS, {"count": "sends", "at_least": 9}]}]},
        {"all_of": [OFFERS, {"any": "issues", "where": [{"field": "status", "equals": "open"}]}]},
    ],
)
def test_a_rule_that_counts_what_never_went_out_is_found(when: dict[str, Any]) -> None:
    policy, [finding] = found(when, Fault.COUNTS_UNSENT)
    example = finding.example
    assert {one.status for one in example.facts.sends} == {"held"}
    assert policy.decide(example.facts, example.message, example.now).rules == ("r",)
    assert finding.name == "counts-unsent:r"


@pytest.mark.parametrize(
    "when",
    [
        {"count": "sends", "at_least": 2, "where": [WEEK, SENT]},
        {"any": "sends", "where": [{"not": {"field": "status", "in": ["held", "dropped"]}}]},
        {"any": "sends", "where": [{"any_of": [{"all_of": [SENT, WEEK]}, SENT]}]},
        {"latest": "sends", "passes": [SENT]},
        {"none": "sends", "where": [WEEK]},
        {"not": OFFERS},
        {"any": "issues"},
        CLOSED,
    ],
)
def test_a_rule_that_asks_what_became_of_messages_or_for_none_is_left_alone(when: dict[str, Any]) -> None:
    assert found(when, Fault.COUNTS_UNSENT)[1] == []


@pytest.mark.parametrize(
    "when", [CLOSED, {"none": "issues"}, {"not": {"any": "issues"}}, {"all_of": [CLOSED, {"none": "sends"}]}]
)
def test_a_reason_that_names_what_there_never_is_is_found(when: dict[str, Any]) -> None:
    _, [finding] = found(when, Fault.EMPTY_REASON, "{rows} since {since}")
    assert finding.text.startswith("the reason of `r` names `{rows}` and `{since}`, and nothing on record")
    assert finding.example.shows == "its reason reads: nothing on record since an unknown day"


@pytest.mark.parametrize(
    "when", [OFFERS, {"any_of": [CLOSED, {"any": "issues"}]}, {"latest": "sends", "passes": [SENT]}]
)
def test_a_reason_that_can_name_something_is_left_alone(when: dict[str, Any]) -> None:
    assert found(when, Fault.EMPTY_REASON, "{rows}")[1] == []


def test_a_reason_that_names_nothing_needs_nothing() -> None:
    assert found(CLOSED, Fault.EMPTY_REASON, "closed {{rows}}")[1] == []
