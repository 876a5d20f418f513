"""One pass over a collection gathers what every rule about it asks for."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from alignkit.models import Verdict
from alignkit.rules import Facts
from alignkit.rules.conditions import AllOf, AnyRow, CountRows, CustomerTest, LatestRow, Not, RowTest

from .builders import DAY, HOUR, NOW, ago, hold, issue, message, policy, resolved, rule, survey

BAD = RowTest(field="score", at_most=6)
NPS = RowTest(field="kind", equals="nps")


def evidence(condition: Any, **facts: Any) -> tuple[str, ...] | None:
    """What a rule with this condition cites; None where it does not hold."""
    decision = policy(rule(condition)).decide(Facts("c1", **facts), message(), NOW)
    assert decision.errors == ()
    return decision.evidence if decision.verdict is Verdict.SUPPRESS else None


ANSWERS = [
    survey(3 * DAY, ref="f/survey/1", score=2.0),
    survey(2 * DAY, ref="f/survey/2", score=9.0),
    survey(DAY, ref="f/survey/3", score=1.0, kind="csat"),
]


@pytest.mark.parametrize("surveys", list(permutations(ANSWERS)))
def test_the_latest_row_is_looked_for_among_those_that_pass_where(surveys: Any) -> None:
    assert evidence(LatestRow(latest="surveys", where=(NPS,), passes=(BAD,)), surveys=list(surveys)) is None
    assert evidence(LatestRow(latest="surveys", passes=(BAD,)), surveys=list(surveys)) == ("f/survey/3",)
    both = LatestRow(latest="surveys", where=(NPS, BAD), passes=(BAD,))
    assert evidence(both, surveys=list(surveys)) == ("f/survey/1",)


def test_the_latest_of_none_passes_nothing() -> None:
    assert evidence(LatestRow(latest="surveys", passes=(BAD,))) is None
    assert evidence(Not(condition=LatestRow(latest="surveys", passes=(BAD,)))) == ()


def test_rows_may_be_put_in_order_of_another_time_and_those_without_it_are_passed_over() -> None:
    rated = LatestRow(latest="issues", by="resolved_at", passes=(RowTest(field="rating", equals="bad"),))
    first = resolved(3 * DAY, ref="d/issue/1", rating="good", created_at=ago(5 * DAY))
    last = resolved(HOUR, ref="d/issue/2", rating="bad", created_at=ago(9 * DAY))
    assert evidence(rated, issues=[first, last, issue()]) == ("d/issue/2",)
    assert evidence(rated, issues=[first, issue(rating="bad")]) is None


def test_the_latest_hold_is_one_that_is_in_force_and_covers_the_message() -> None:
    manual = LatestRow(latest="holds", passes=(RowTest(field="kind", equals="manual"),))
    ended = hold(ref="a/hold/1", kind="incident", opened_at=ago(HOUR), ends_at=ago(HOUR) + 1)
    elsewhere = hold(ref="a/hold/2", kind="incident", opened_at=ago(HOUR), channels=("sms",))
    assert evidence(manual, holds=[hold(), ended, elsewhere]) == ("align/hold/1",)


def test_rules_that_ask_different_things_of_the_latest_row_do_not_share_an_answer() -> None:
    tests = [BAD, RowTest(field="score", at_least=9), RowTest(field="at", within=2 * DAY)]
    rules = [rule(LatestRow(latest="surveys", passes=(test,)), id=f"r{n}") for n, test in enumerate(tests)]
    decision = policy(*rules).decide(Facts(surveys=ANSWERS), message(), NOW)
    assert decision.rules == ("r0", "r2")


@pytest.mark.parametrize("number", [29, 30, 31, 200])
def test_however_many_rules_there_are_about_a_collection_each_finds_its_rows(number: int) -> None:
    queues = [RowTest(field="queue", equals=f"q{n}") for n in range(number)]
    vip = CustomerTest(customer="is_vip", equals=True)
    many = policy(
        *(rule(AnyRow(any="issues", where=(test,)), id=f"r{n}") for n, test in enumerate(queues)),
        *(rule(CountRows(count="issues", at_least=1, where=(test,)), id=f"c{n}") for n, test in enumerate(queues)),
        rule(AllOf(all_of=(CountRows(count="issues", at_least=2, distinct="queue"), vip)), id="several"),
        rule(AnyRow(any="issues", where=(queues[0],)), "note", id="noted"),
    )
    facts = Facts(
        issues=[issue(queue="q0"), issue(ref="d/issue/2", queue=f"q{number - 1}")], attributes={"is_vip": True}
    )
    decision = many.decide(facts, message(), NOW)
    assert decision.rules == tuple(sorted(("c0", f"c{number - 1}", "r0", f"r{number - 1}", "several")))
    assert decision.notes == ("noted",)
    assert many.decide(Facts(), message(), NOW).verdict is Verdict.SEND


def test_rows_that_are_too_few_to_count_are_not_looked_at() -> None:
    several = CountRows(count="issues", at_least=3, where=(RowTest(field="reopened_count", at_least=2),))
    broken = issue(reopened_count="many")
    assert evidence(several, issues=[broken, broken]) is None
    assert policy(rule(several)).decide(Facts(issues=[broken] * 3), message(), NOW).errors != ()


def test_few_rows_are_looked_at_where_another_rule_asks_for_one_of_them() -> None:
    several = policy(rule(CountRows(count="issues", at_least=3), id="several"), rule(AnyRow(any="issues"), id="one"))
    assert several.decide(Facts(issues=[issue()]), message(), NOW).rules == ("one",)


def test_of_different_values_even_a_single_one_must_be_fit_to_compare() -> None:
    several = policy(rule(CountRows(count="issues", at_least=3, distinct="brand")))
    assert several.decide(Facts(issues=[issue(brand=["a"])]), message(), NOW).errors != ()


@pytest.mark.parametrize("none", [None, 7])
def test_a_collection_that_cannot_be_counted_is_a_fault(none: Any) -> None:
    several = policy(rule(CountRows(count="issues", at_least=3)))
    assert several.decide(Facts(issues=none), message(), NOW).errors != ()


@pytest.mark.parametrize("empty", ["", {}, 0])
def test_a_collection_that_is_empty_in_any_way_has_too_few_rows(empty: Any) -> None:
    assert evidence(CountRows(count="issues", at_least=3), issues=empty) is None
