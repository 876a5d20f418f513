"""The laws of decisions, over policies and facts at random: what no rule, order, fault or instant may break."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.models import Category, Verdict, microseconds
from alignkit.rules import Decision, Facts, Policy
from alignkit.rules.citation import reference
from alignkit.rules.evaluation import Evaluation
from alignkit.rules.examples import ROWS

from .builders import NOW, TICK, random_facts, random_message, random_policy, random_rule

seeds = st.integers(min_value=0, max_value=2**32).map(Random)
STARTER = Policy.starter()
COLLECTIONS = list(ROWS)


def either_policy(random: Random) -> Policy:
    return STARTER if random.random() < 0.5 else random_policy(random)


def with_rules(policy: Policy, *rules: Any) -> Policy:
    return policy.model_copy(update={"rules": rules})


def evaluate(policy: Policy, facts: Facts, random: Random) -> Evaluation:
    return policy.compile()(facts, random_message(random), microseconds(NOW))


@given(seeds)
def test_the_order_of_rules_changes_nothing(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    mixed = list(policy.rules)
    random.shuffle(mixed)
    now = microseconds(NOW)
    assert with_rules(policy, *mixed).compile()(facts, message, now) == policy.compile()(facts, message, now)


@given(seeds)
def test_another_suppressing_rule_never_lets_a_message_go(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    more = with_rules(policy, *policy.rules, random_rule(random, "another", "suppress"))
    if policy.decide(facts, message, NOW).verdict is Verdict.SUPPRESS:
        assert more.decide(facts, message, NOW).verdict is Verdict.SUPPRESS


@given(seeds)
def test_another_exempting_rule_never_holds_a_message(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    more = with_rules(policy, *policy.rules, random_rule(random, "another", "exempt"))
    if policy.decide(facts, message, NOW).verdict is Verdict.SEND:
        assert more.decide(facts, message, NOW).verdict is Verdict.SEND


@given(seeds)
def test_a_note_never_changes_a_verdict(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    more = with_rules(policy, *policy.rules, random_rule(random, "another", "note"))
    assert more.decide(facts, message, NOW).verdict is policy.decide(facts, message, NOW).verdict


@pytest.mark.parametrize("category", [Category.TRANSACTIONAL, Category.LEGAL])
@given(random=seeds)
@settings(max_examples=30)
def test_no_facts_touch_what_is_always_allowed(category: Category, random: Random) -> None:
    message = random_message(random).model_copy(update={"category": category})
    decision = either_policy(random).decide(corrupt(random, random_facts(random)), message, NOW)
    assert (decision.verdict, decision.rules, decision.errors) == (Verdict.SEND, (), ())
    assert decision.until is None
    assert decision.recheck_at is None


def with_collections(facts: Facts, collections: dict[str, Any]) -> Facts:
    return replace(facts, **collections)


def corrupt(random: Random, facts: Facts) -> Facts:
    """The facts with one value, row or collection that is not what its type says."""
    name = random.choice(COLLECTIONS)
    rows: list[Any] = getattr(facts, name)
    broken: Any = random.choice([None, 7, [None], ["text"]])
    if rows and random.random() < 0.7:
        row = random.choice(rows)
        field = random.choice(fields(row)).name
        rows = [
            replace(each, **{field: random.choice(["text", object(), [1], 10**30])}) if each is row else each
            for each in rows
        ]
        return with_collections(facts, {name: rows})
    return with_collections(facts, {name: broken})


@given(seeds)
@settings(max_examples=300)
def test_no_fault_in_the_facts_raises(random: Random) -> None:
    policy, message = either_policy(random), random_message(random)
    decision = policy.decide(corrupt(random, random_facts(random)), message, NOW)
    assert decision.to_json()


@given(seeds)
@settings(max_examples=300)
def test_a_rule_that_cannot_be_evaluated_holds_the_message_unless_another_exempts_it(random: Random) -> None:
    policy, message = either_policy(random), random_message(random)
    decision = policy.decide(corrupt(random, random_facts(random)), message, NOW)
    broken = {rule.id for rule in policy.rules if any(f"`{rule.id}`" in error for error in decision.errors)}
    effects = {rule.id: rule.effect for rule in policy.rules}
    if any(effects[rule] == "suppress" for rule in broken) and decision.verdict is Verdict.SEND:
        assert decision.rules
        assert {effects[rule] for rule in decision.rules} == {"exempt"}
        assert broken.isdisjoint(decision.rules)


@given(seeds)
@settings(max_examples=300)
def test_the_verdict_stays_until_until_and_changes_there(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    decision = policy.decide(facts, message, NOW)
    if decision.until is None:
        assert {verdict_at(policy, facts, message, NOW + days(n)) for n in (1, 8, 31, 90, 3000)} == {decision.verdict}
        return
    assert decision.until > NOW
    inside = [NOW + (decision.until - TICK - NOW) * random.random() for _ in range(5)]
    assert {verdict_at(policy, facts, message, now) for now in (*inside, decision.until - TICK)} == {decision.verdict}
    assert verdict_at(policy, facts, message, decision.until) is not decision.verdict


@given(seeds)
@settings(max_examples=300)
def test_nothing_changes_before_recheck_at_and_something_does_there(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    decision = policy.decide(facts, message, NOW)
    now_is = parts(decision)
    if decision.recheck_at is None:
        assert decision.until is None
        assert all(parts(policy.decide(facts, message, NOW + days(n))) == now_is for n in (1, 8, 31, 90, 3000))
        return
    assert NOW < decision.recheck_at <= (decision.until or decision.recheck_at)
    inside = [NOW + (decision.recheck_at - TICK - NOW) * random.random() for _ in range(5)]
    assert all(parts(policy.decide(facts, message, now)) == now_is for now in (*inside, decision.recheck_at - TICK))
    assert parts(policy.decide(facts, message, decision.recheck_at)) != now_is


def days(number: int) -> timedelta:
    return timedelta(days=number)


def verdict_at(policy: Policy, facts: Facts, message: Any, now: Any) -> Verdict:
    return policy.decide(facts, message, now).verdict


def parts(decision: Decision) -> tuple[Any, ...]:
    return (decision.verdict, decision.outcome, decision.rules, decision.notes, decision.evidence, decision.errors)


@given(seeds)
def test_equal_arguments_give_equal_bytes(random: Random) -> None:
    seed = random.random()
    texts: set[str] = set()
    for _ in range(2):
        again = Random(seed)
        policy, facts, message = random_policy(again), random_facts(again), random_message(again)
        texts.add(policy.decide(facts, message, NOW).to_json())
    assert len(texts) == 1


@given(seeds)
def test_the_order_of_rows_changes_nothing(random: Random) -> None:
    policy, facts, message = either_policy(random), random_facts(random), random_message(random)
    shuffled = with_collections(
        facts, {name: random.sample(getattr(facts, name), len(getattr(facts, name))) for name in COLLECTIONS}
    )
    assert policy.decide(shuffled, message, NOW).to_json() == policy.decide(facts, message, NOW).to_json()


@given(seeds)
@settings(max_examples=300)
def test_without_its_evidence_a_hold_of_the_starter_is_gone(random: Random) -> None:
    facts, message = random_facts(random), random_message(random)
    decision = STARTER.decide(facts, message, NOW)
    if decision.verdict is Verdict.SUPPRESS:
        assert decision.evidence
        assert STARTER.decide(without(facts, set(decision.evidence)), message, NOW).verdict is Verdict.SEND


@given(seeds)
@settings(max_examples=300)
def test_each_thing_cited_alone_matters_or_others_suffice(random: Random) -> None:
    facts, message = random_facts(random), random_message(random)
    decision = STARTER.decide(facts, message, NOW)
    for cited in decision.evidence:
        after = STARTER.decide(without(facts, {cited}), message, NOW)
        assert cited not in after.evidence
        if after.verdict is decision.verdict and decision.verdict is Verdict.SUPPRESS:
            assert set(after.evidence) <= set(decision.evidence) - {cited}
            assert after.evidence, "nothing is left to hold the message, yet it is held"


def without(facts: Facts, references: set[str]) -> Facts:
    kept = {
        name: [row for row in getattr(facts, name) if reference(name, row) not in references] for name in COLLECTIONS
    }
    return with_collections(facts, kept)


@given(seeds)
@settings(max_examples=50)
def test_a_policy_survives_toml_and_json(random: Random) -> None:
    policy = random_policy(random)
    for again in (Policy.from_toml(policy.to_toml()), Policy.from_json(policy.to_json())):
        assert again == policy
        assert again.digest == policy.digest


@given(seeds)
def test_facts_that_a_policy_does_not_need_change_nothing(random: Random) -> None:
    policy, facts, message = random_policy(random, rules=2), random_facts(random), random_message(random)
    loaded = with_collections(facts, {name: [] for name in COLLECTIONS if name not in policy.needs})
    if "attributes" not in policy.needs:
        loaded.attributes = {}
    assert policy.decide(loaded, message, NOW).to_json() == policy.decide(facts, message, NOW).to_json()
