"""Conditions are walked through whole, and a holdout stands only where it can let somebody through."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alignkit.rules import Policy
from alignkit.rules.conditions import (
    AllOf,
    AnyOf,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    Holdout,
    LatestRow,
    LocalDate,
    LocalTime,
    MessageTest,
    Not,
    RowTest,
)
from alignkit.rules.structure import NOTHING_URGENT, conditions_in, inside, needs_of, without_share

from .builders import policy, rule

ISSUES, SENDS = AnyRow(any="issues"), AnyRow(any="sends")
SHARE = Holdout(holdout=0.5, salt="spring")
LAST = LatestRow(latest="surveys", passes=(RowTest(field="score", at_most=6),))


def test_a_condition_and_all_that_are_in_it_are_found() -> None:
    whole = AllOf(all_of=(ISSUES, AnyOf(any_of=(Not(condition=SENDS), LAST)), SHARE))
    found = list(conditions_in(whole))
    assert found[0] is whole
    assert [each for each in (ISSUES, SENDS, LAST, SHARE, *NOTHING_URGENT) if each not in found] == []
    assert len(found) == 9
    assert inside(ISSUES) == ()


@pytest.mark.parametrize(
    ("condition", "needs"),
    [
        (LAST, {"surveys"}),
        (CountRows(count="all_issues", at_least=2), {"issues", "account_issues"}),
        (CustomerTest(customer="tier", is_unset=True), {"attributes"}),
        (MessageTest(message="channel", equals="sms"), set[str]()),
        (LocalTime(local_time="21:00-08:00", fallback="UTC"), {"attributes"}),
        (LocalTime(local_time="21:00-08:00", zone="UTC"), set[str]()),
        (LocalDate(local_date=("12-24",), fallback="UTC"), {"attributes"}),
        (SHARE, {"issues", "account_issues", "bucketing_id"}),
        (AnyRow(any="accounts"), {"accounts"}),
    ],
)
def test_what_a_condition_reads_is_known(condition: Condition, needs: set[str]) -> None:
    assert set(needs_of(condition)) == needs


def test_without_its_share_a_holdout_is_what_must_hold_beside_it() -> None:
    assert without_share(SHARE) == AllOf(all_of=NOTHING_URGENT)
    assert without_share(AllOf(all_of=(ISSUES, SHARE))) == AllOf(all_of=(ISSUES, AllOf(all_of=NOTHING_URGENT)))
    assert without_share(ISSUES) is ISSUES


@pytest.mark.parametrize("effect", ["exempt", "note"])
@pytest.mark.parametrize("condition", [SHARE, AllOf(all_of=(ISSUES, SHARE)), AllOf(all_of=(AllOf(all_of=(SHARE,)),))])
def test_a_holdout_may_stand_where_it_lets_through(effect: str, condition: Any) -> None:
    one = policy(rule(condition, effect))
    assert Policy.from_toml(one.to_toml()) == one


@pytest.mark.parametrize(
    ("condition", "effect", "said"),
    [
        (SHARE, "suppress", "only lets messages through"),
        (Not(condition=SHARE), "exempt", "not directly inside `all_of`"),
        (AnyOf(any_of=(SHARE, ISSUES)), "exempt", "not directly inside `all_of`"),
        (AllOf(all_of=(SHARE, Holdout(holdout=0.1, salt="b"))), "exempt", "a holdout too many"),
    ],
)
def test_a_holdout_anywhere_else_is_refused(condition: Any, effect: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(condition, effect)
