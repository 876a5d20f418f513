"""A search finds facts that are really so, and says impossible only where no facts can be."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.rules import Policy
from alignkit.rules.check.claims import READERS, holds
from alignkit.rules.check.formula import Every, denied
from alignkit.rules.check.probe import NOON, Probe
from alignkit.rules.check.rows import Terms, first
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.check.search import Case
from alignkit.rules.conditions import Condition
from alignkit.rules.policy import Rule

from .builders import policy, random_policy, random_rule

seeds = st.integers(min_value=0, max_value=2**32).map(Random)


def parsed(when: dict[str, Any], **fields: Any) -> Rule:
    return Rule.model_validate({"id": "rule", "effect": "note", "when": when, "reason": "x", **fields})


def search(*rules: Rule, **fields: Any) -> Probe:
    return Probe(policy(*rules, **fields))


def test_every_kind_of_condition_is_read() -> None:
    kinds = {get_args(each)[0] for each in get_args(get_args(Condition)[0])}
    assert kinds
    assert kinds - READERS.keys() == set(), "the check cannot read these; give them a reader in claims.py"


@given(seeds)
@settings(max_examples=150)
def test_what_is_said_to_be_impossible_happens_to_nobody(random: Random) -> None:
    made = random_policy(random, rules=3)
    probe = Probe(made)
    answers = {rule.id: probe.case_of(rule) for rule in made.rules}
    for case in sample_cases([made], seed=random.randrange(2**32), number=20, now=NOON):
        held = probe.holding(case)
        assert not {rule for rule in held if answers[rule].is_impossible}


@given(seeds)
@settings(max_examples=150)
def test_one_rule_that_is_said_to_follow_from_another_does(random: Random) -> None:
    one, other = random_rule(random, "one", "note"), random_rule(random, "other", "note")
    made = policy(one, other)
    probe = Probe(made)
    claims = Every((holds(one), denied(holds(other))))
    answer = probe.find(claims, lambda case: probe.holding(case) == frozenset({"one"}))
    if answer.case is not None:
        assert probe.holding(answer.case) == {"one"}
    if answer.is_impossible:
        for case in sample_cases([made], seed=random.randrange(2**32), number=40, now=NOON):
            held = probe.holding(case)
            assert "one" not in held or "other" in held


@given(seeds)
@settings(max_examples=150)
def test_facts_that_are_found_are_so(random: Random) -> None:
    made = random_policy(random, rules=2)
    probe = Probe(made)
    for rule in made.rules:
        found = probe.case_of(rule).case
        assert found is None or rule.id in probe.holding(found)


NEWS = {"field": "categories", "contains": "newsletter"}
NPS = {"field": "kind", "equals": "nps"}
FOUND: list[dict[str, Any]] = [
    {"any": "issues", "where": [{"field": "active", "equals": True}, {"field": "priority", "in": ["high"]}]},
    {"any": "issues", "where": [{"field": "status", "equals": "merged"}]},
    {"any": "issues", "where": [{"field": "active", "is_unset": True}, {"field": "excluded", "is_unset": True}]},
    {
        "any": "all_issues",
        "where": [{"field": "tags", "contains": "angry"}, {"not": {"field": "tags", "contains": "x"}}],
    },
    {"none": "issues", "where": [{"field": "active", "equals": True}]},
    {"count": "signals", "at_least": 4, "distinct": "thing", "where": [{"field": "polarity", "equals": "negative"}]},
    {"count": "all_issues", "at_least": 3, "distinct": "customer"},
    {"count": "surveys", "at_least": 2, "distinct": "bucket", "where": [{"field": "score", "at_most": 6}]},
    {
        "latest": "surveys",
        "where": [{"field": "kind", "equals": "csat"}],
        "passes": [{"field": "bucket", "equals": "bad"}],
    },
    {"any": "issues", "where": [{"field": "products", "same_as": "product_refs"}]},
    {"any": "sends", "where": [{"field": "campaign", "same_as": "campaign_id"}]},
    {"any": "sends", "where": [{"not": {"field": "campaign", "same_as": "campaign_id"}}]},
    {"all_of": [{"customer": "tier", "not_in": ["gold"]}, {"message": "product_refs", "contains": "pump"}]},
    {"any": "accounts", "where": [{"field": "arr", "at_least": 10_000}]},
    {"any": "holds", "where": [{"field": "kind", "equals": "incident"}]},
    {"local_time": "21:00-08:00", "zone": "Europe/Berlin"},
    {"local_date": ["12-24/12-26"], "zone": "UTC"},
    {"holdout": 0.1, "salt": "spring"},
    {"all_of": [{"local_time": "09:00-10:00", "days": ["sat"], "zone": "UTC"}, {"any": "issues"}]},
    {"not": {"all_of": [{"none": "issues"}, {"none": "sends"}]}},
    {"any": "sends", "where": [{"field": "at", "within": "0s"}]},
    {"any": "surveys", "where": [NPS, {"field": "score", "at_least": 9.9}, {"not": {"field": "score", "equals": 9.9}}]},
    {"any": "holds", "where": [NEWS, {"not": {"field": "categories", "contains": "promotional"}}]},
    {"all_of": [{"message": "category", "equals": "upsell"}, {"any": "holds", "where": [NEWS]}]},
    {"count": "sends", "at_least": 2, "where": [{"field": "channel", "same_as": "channel"}]},
    {"any": "sends", "where": [{"field": "category", "same_as": "category"}, {"field": "channel", "equals": "web"}]},
]


@pytest.mark.parametrize("when", FOUND, ids=str)
def test_facts_are_found_for(when: dict[str, Any]) -> None:
    rule = parsed(when, effect="exempt")
    found = search(rule).case_of(rule).case
    assert found is not None


TWELVE: list[Any] = [{"field": "tags", "contains": f"tag-{number}"} for number in range(12)]
IMPOSSIBLE: list[dict[str, Any]] = [
    {
        "any": "issues",
        "where": [{"field": "active", "equals": True}, {"field": "status", "in": ["resolved", "closed"]}],
    },
    {"any": "issues", "where": [{"field": "active", "equals": True}, {"field": "resolved_at", "within": "2d"}]},
    {"any": "issues", "where": [{"field": "excluded", "equals": "vip"}]},
    {"any": "issues", "where": [{"field": "status", "equals": "spam"}, {"field": "excluded", "is_unset": True}]},
    {"any": "sends", "where": [{"field": "at", "within": "2d"}, {"field": "at", "older_than": "3d"}]},
    {"any": "posts", "where": [{"field": "confidence", "at_least": 1.5}]},
    {
        "count": "signals",
        "at_least": 3,
        "distinct": "polarity",
        "where": [{"field": "polarity", "in": ["negative", "mixed"]}],
    },
    {"all_of": [{"any": "sends"}, {"none": "sends"}]},
    {"all_of": [{"any": "all_issues"}, {"none": "issues"}, {"none": "account_issues"}]},
    {"all_of": [{"count": "sends", "at_least": 5}, {"not": {"count": "sends", "at_least": 3}}]},
    {"all_of": [{"customer": "is_vip", "equals": True}, {"customer": "is_vip", "is_unset": True}]},
    {"all_of": [{"message": "channel", "equals": "sms"}, {"message": "channel", "in": ["email", "push"]}]},
    {"message": "category", "equals": "legal"},
    {"all_of": [{"local_time": "09:00-10:00", "zone": "UTC"}, {"not": {"local_time": "09:00-10:00", "zone": "UTC"}}]},
    {"all_of": [{"latest": "surveys", "passes": [{"field": "score", "at_most": 6}]}, {"none": "surveys"}]},
    {"any": "issues", "where": [{"field": "tags", "is_unset": True}, {"field": "tags", "contains": "a"}]},
    {"any": "issues", "where": [*TWELVE, {"not": TWELVE[5]}]},
    {"any": "issues", "where": [*TWELVE, {"field": "tags", "is_unset": True}]},
    {"all_of": [{"local_time": "09:00-12:00", "zone": "UTC"}, {"local_time": "13:00-14:00", "zone": "UTC"}]},
    {"all_of": [{"local_date": ["12-24"], "fallback": "UTC"}, {"local_date": ["12-25"], "fallback": "UTC"}]},
    {"local_date": ["2001-12-24"], "zone": "UTC"},
    {"any": "holds", "where": [{"field": "ends_at", "older_than": "1d"}]},
    {"any": "surveys", "where": [NPS, {"field": "score", "at_least": 11}]},
    {"any": "surveys", "where": [NPS, {"field": "score", "at_most": -0.5}]},
    {
        "all_of": [
            {"message": "category", "equals": "promotional"},
            {"any": "holds", "where": [NEWS, {"not": {"field": "categories", "contains": "promotional"}}]},
        ]
    },
    {
        "all_of": [
            {"message": "channel", "in": ["sms", "push"]},
            {
                "any": "sends",
                "where": [{"field": "channel", "same_as": "channel"}, {"field": "channel", "equals": "web"}],
            },
        ]
    },
    {"count": "holds", "at_least": 2, "where": [{"field": "opened_at", "within": "0s"}]},
]


@pytest.mark.parametrize("when", IMPOSSIBLE, ids=str)
def test_it_is_seen_that_no_facts_can_make_it_hold(when: dict[str, Any]) -> None:
    rule = parsed(when)
    assert search(rule).case_of(rule).is_impossible


def test_a_rule_about_messages_that_no_category_has_is_impossible() -> None:
    rule = parsed({"message": "category", "equals": "newsletter"}, categories=["promotional"])
    assert search(rule).case_of(rule).is_impossible


def test_what_an_unknown_status_counts_as_is_the_policy_s_word() -> None:
    rule = parsed(
        {"any": "issues", "where": [{"field": "active", "equals": True}, {"field": "active", "is_unset": True}]}
    )
    assert search(rule, on_unknown="active").case_of(rule).case is not None
    assert search(rule, on_unknown="inactive").case_of(rule).is_impossible


def test_a_search_that_is_too_long_says_nothing() -> None:
    words = [{"field": "tags", "contains": f"tag-{number}"} for number in range(9)]
    rule = parsed({"any": "issues", "where": [{"not": {"any_of": [{"all_of": words}]}}]})
    answer = search(rule).case_of(rule)
    assert (answer.case, answer.is_impossible) == (None, False)


def test_samples_are_the_same_for_the_same_seed_and_evaluate_without_fault() -> None:
    made = Policy.starter()
    cases = [list(sample_cases([made], seed=seed, number=50, now=NOON)) for seed in (1, 1, 2)]
    assert cases[0] == cases[1] != cases[2]
    probe = Probe(made)
    assert not any(probe.decide(case).errors for case in cases[0])
    held = frozenset[str]().union(*(probe.holding(case) for case in cases[0]))
    assert len(held) > len(made.rules) // 2


def test_examples_are_told_from_noon() -> None:
    terms = Terms(now=NOON, unknown_is_active=True)
    assert Probe(Policy.starter()).terms == terms
    assert replace(terms, at_rest=True) != terms
    assert first("holds", Every(()), replace(terms, at_rest=True)) is None
    assert Case._fields == ("facts", "message", "now")
