"""Compiled policies: faults are unknown, unknown holds, and several outcomes combine."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.models import Outcome, Verdict
from alignkit.rules import Evaluation, Facts, Policy
from alignkit.rules.citation import reference
from alignkit.rules.conditions import AllOf, AnyOf, AnyRow, Condition, CountRows, CustomerTest, NoRow, Not, RowTest
from alignkit.rules.evaluation import CAUTION
from alignkit.rules.generator import generate

from .builders import (
    DAY,
    NOW,
    ago,
    at,
    hold,
    issue,
    message,
    policy,
    random_facts,
    random_message,
    random_policy,
    rule,
    signal,
)
from .test_laws import corrupt

seeds = st.integers(min_value=0, max_value=2**32).map(Random)
STARTER = Policy.starter()

YES: Condition = NoRow(none="posts")
NO: Condition = AnyRow(any="posts")
FAULT: Condition = CustomerTest(customer="tier", in_=("a",))
FAULTY = Facts("c1", attributes={"tier": []})  # type: ignore[dict-item] # pyright: ignore[reportArgumentType] - a fault
TRUTH: dict[bool | None, Condition] = {True: YES, False: NO, None: FAULT}


def evaluate(*rules: Any, facts: Facts = FAULTY) -> Evaluation:
    return policy(*rules).compile()(facts, message(), at(NOW))


def truth(condition: Condition) -> bool | None:
    """True, False, or None where the condition cannot be evaluated."""
    found = evaluate(rule(condition, "note"))
    return None if found.errors else bool(found.notes)


@pytest.mark.parametrize(("a", "b", "c"), list(product([True, False, None], repeat=3)))
def test_conditions_combine_by_kleene_s_logic(a: bool | None, b: bool | None, c: bool | None) -> None:
    inside = [TRUTH[a], TRUTH[b], TRUTH[c]]
    values = {a, b, c}
    for order in permutations(inside):
        assert truth(AllOf(all_of=tuple(order))) is (False if False in values else None if None in values else True)
        assert truth(AnyOf(any_of=tuple(order))) is (True if True in values else None if None in values else False)
    assert truth(Not(condition=inside[0])) is (None if a is None else not a)


HIGH = (RowTest(field="reopened_count", at_least=2),)
ROWS = {True: issue(reopened_count=2), False: issue(reopened_count=0), None: issue(reopened_count="many")}


@pytest.mark.parametrize("values", list(product([True, False, None], repeat=3)))
def test_rows_that_cannot_be_read_may_or_may_not_pass(values: tuple[bool | None, ...]) -> None:
    facts = Facts(issues=[ROWS[value] for value in values])
    sure, perhaps = values.count(True), values.count(None)

    def asked(condition: Condition) -> bool | None:
        found = evaluate(rule(condition, "note"), facts=facts)
        return None if found.errors else bool(found.notes)

    def at_least(number: int) -> bool | None:
        return True if sure >= number else None if sure + perhaps >= number else False

    assert asked(AnyRow(any="issues", where=HIGH)) is at_least(1)
    assert asked(CountRows(count="issues", at_least=2, where=HIGH)) is at_least(2)
    none = at_least(1)
    assert asked(NoRow(none="issues", where=HIGH)) is (None if none is None else not none)


def test_a_suppressing_rule_that_fails_suppresses() -> None:
    found = evaluate(rule(FAULT, outcome="drop"))
    assert found == Evaluation(
        Verdict.SUPPRESS, Outcome.DROP, rules=("rule",), errors=("the rule `rule` could not be evaluated",)
    )


def test_an_exempting_rule_that_fails_does_not_hold() -> None:
    found = evaluate(rule(YES), rule(FAULT, "exempt", "free"))
    assert (found.verdict, found.rules) == (Verdict.SUPPRESS, ("rule",))
    assert found.errors == ("the rule `free` could not be evaluated",)


def test_an_exempting_rule_overrules_even_a_rule_that_fails() -> None:
    found = evaluate(rule(FAULT), rule(YES, "exempt", "free"))
    assert (found.verdict, found.outcome, found.rules) == (Verdict.SEND, None, ("free",))
    assert found.errors == ("the rule `rule` could not be evaluated",)


def test_a_note_that_fails_is_no_note() -> None:
    assert evaluate(rule(FAULT, "note")) == Evaluation(Verdict.SEND, errors=("the rule `rule` could not be evaluated",))


def test_an_exempting_rule_alone_decides_nothing() -> None:
    assert evaluate(rule(YES, "exempt")) == Evaluation(Verdict.SEND)


@pytest.mark.parametrize("broken", [None, 7, [None], [7]])
def test_a_broken_collection_holds_what_depends_on_it(broken: Any) -> None:
    found = evaluate(rule(AnyRow(any="issues", where=HIGH)), facts=replace(Facts(), issues=broken))
    assert (found.verdict, found.evidence) == (Verdict.SUPPRESS, ())


def test_a_broken_hold_holds() -> None:
    facts = Facts(holds=[hold(opened_at="yesterday")])
    assert evaluate(rule(AnyRow(any="holds")), facts=facts).verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("outcomes", list(product(Outcome, repeat=2)))
def test_the_most_cautious_outcome_wins(outcomes: tuple[Outcome, Outcome]) -> None:
    first, second = outcomes
    found = evaluate(rule(YES, id="a", outcome=first), rule(YES, id="b", outcome=second))
    order = [Outcome.SWAP, Outcome.DEFER, Outcome.DROP, Outcome.REVIEW]
    assert found.outcome is max(first, second, key=order.index)


def test_every_outcome_has_its_caution() -> None:
    assert set(CAUTION) == set(Outcome)


def test_every_deciding_rule_and_every_passing_row_is_cited_once() -> None:
    facts = Facts(
        issues=[issue(ref="desk/issue/2"), issue(ref="desk/issue/1"), issue(ref="desk/issue/3", priority="low")],
        signals=[signal("desk/issue/1"), signal("desk/issue/4")],
    )
    normal = AnyRow(any="issues", where=(RowTest(field="priority", equals="normal"),))
    found = evaluate(
        rule(normal, id="b"), rule(CountRows(count="signals", at_least=1), id="a"), rule(NO, id="c"), facts=facts
    )
    assert found.rules == ("a", "b")
    assert found.evidence == ("desk/issue/1", "desk/issue/2", "desk/issue/4")


def test_inside_any_of_only_what_holds_is_cited_and_an_absence_never() -> None:
    facts = Facts(issues=[issue()], signals=[signal("net/post/9")])
    many = CountRows(count="signals", at_least=2)
    condition = AnyOf(any_of=(many, AnyRow(any="issues"), NoRow(none="posts"), Not(condition=NO)))
    assert evaluate(rule(condition), facts=facts).evidence == ("desk/issue/1",)
    both = AllOf(all_of=(AnyRow(any="issues"), CountRows(count="signals", at_least=1), YES))
    assert evaluate(rule(both), facts=facts).evidence == ("desk/issue/1", "net/post/9")


def test_boundaries_are_the_instants_at_which_answers_may_change() -> None:
    where = (RowTest(field="created_at", within=3 * DAY), RowTest(field="resolved_at", older_than=DAY))
    compiled = policy(
        rule(Not(condition=AnyRow(any="issues", where=where))), rule(AnyRow(any="holds"), id="held")
    ).compile()
    facts = Facts(
        issues=[issue(created_at=ago(2 * DAY)), issue(created_at=ago(9 * DAY))],
        holds=[hold(opened_at=at(NOW + DAY), ends_at=at(NOW + 5 * DAY))],
    )
    expected = [at(NOW + DAY), at(NOW + 5 * DAY)]
    assert list(compiled.boundaries(facts, message(), at(NOW), at(NOW + 9 * DAY))) == expected
    assert list(compiled.boundaries(facts, message(), at(NOW + DAY), at(NOW + 5 * DAY))) == expected[1:]
    assert list(compiled.boundaries(facts, message(), at(NOW), at(NOW + 5 * DAY) - 1)) == expected[:1]
    assert list(compiled.boundaries(facts, message("legal"), at(NOW), at(NOW + 9 * DAY))) == []


def test_a_rule_on_what_a_customer_has_none_of_is_not_asked() -> None:
    class Untouched(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("an empty collection was looked through")

    assert evaluate(rule(AnyRow(any="issues")), facts=Facts(issues=Untouched())).verdict is Verdict.SEND


@given(seeds)
@settings(max_examples=400)
def test_the_quick_answer_is_the_careful_one(random: Random) -> None:
    compiled = (STARTER if random.random() < 0.3 else random_policy(random)).compile()
    for _ in range(5):
        facts, said = random_facts(random), random_message(random)
        if random.random() < 0.4:
            facts = corrupt(random, facts)
        if plan := compiled.plan(said):
            assert plan.evaluate(facts, said, at(NOW)) == plan.evaluate_carefully(facts, said, at(NOW))


@given(seeds)
def test_the_evidence_is_what_the_rules_that_count_cite(random: Random) -> None:
    compiled, facts, said = random_policy(random).compile(), random_facts(random), random_message(random)
    found = compiled(facts, said, at(NOW))
    cited = [each for rule in (*found.rules, *found.notes) for each in compiled.rule(rule).cite(facts, said, at(NOW))]
    assert found.evidence == tuple(sorted({reference(*each) for each in cited}))


def test_kinds_of_messages_under_the_same_rules_share_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []

    def counting(*arguments: Any, **named: Any) -> Any:
        written.append(arguments)
        return generate(*arguments, **named)

    monkeypatch.setattr("alignkit.rules.compiler.generate", counting)
    compiled = policy(rule(YES, categories=("promotional", "upsell"))).compile()
    for category in ("promotional", "upsell", "promotional", "newsletter", "transactional"):
        compiled(Facts(), message(category), at(NOW))
    assert len(written) == 2
    assert compiled.plan(message("transactional")) is None
    assert compiled.plan(message(about_issue="desk/1")) is None


def test_an_unreadable_name_of_a_row_is_no_evidence() -> None:
    unnamed: list[Any] = [issue(ref=None), issue(ref=""), issue(ref=7), issue()]
    assert evaluate(rule(AnyRow(any="issues")), facts=Facts(issues=unnamed)).evidence == ("desk/issue/1",)
