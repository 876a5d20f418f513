"""Two decisions differ in the first of what matters, and every difference is counted."""

from __future__ import annotations

import json

import pytest

from alignkit.models import Outcome
from alignkit.rules import Decision, Facts, Policy
from alignkit.rules import comparison as module
from alignkit.rules.comparison import Change, Comparison, change_of

from .builders import NOW, issue, message

EMPTY = Policy(name="empty")


def suppressing(id: str = "open", outcome: Outcome = Outcome.DEFER) -> Policy:
    rule = {"id": id, "effect": "suppress", "outcome": outcome, "reason": "x", "when": {"any": "issues"}}
    return Policy.from_json(json.dumps({"name": "p", "rules": [rule]}))


def decided(policy: Policy) -> Decision:
    return policy.decide(Facts("c", issues=[issue()]), message(), NOW)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (EMPTY, suppressing(), Change.HELD),
        (suppressing(), EMPTY, Change.RELEASED),
        (suppressing(), suppressing("other", Outcome.DROP), Change.OUTCOME),
        (suppressing(), suppressing("other"), Change.RULES),
        (suppressing(), suppressing(), None),
    ],
)
def test_decisions_differ_in_the_first_of_what_matters(before: Policy, after: Policy, change: Change | None) -> None:
    assert change_of(decided(before), decided(after)) is change


def test_differences_are_counted_by_kind_and_rule_and_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LISTED", 2)
    found = Comparison("before", "after")
    for who in ("a", "b", "c"):
        found.add(who, decided(suppressing()), decided(suppressing("other")))
    assert found.add("d", decided(EMPTY), decided(EMPTY)) is None
    assert (found.asked, found.changed, found.changes) == (4, 3, {Change.RULES: 3})
    assert found.by_rule == {"open": {Change.RULES: 3}, "other": {Change.RULES: 3}}
    assert [one.who for one in found.differences] == ["a", "b"]
    assert found.differences[0].to_dict()["rules"] == ["open", "other"]
    assert json.loads(json.dumps(found.to_dict()))["changes"]["rules"] == 3
