"""Closures answer carefully: a fault is an answer, it never escapes, and it reaches no further than it must."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.rules import Facts
from alignkit.rules.closures import Closures, covers, rows_of
from alignkit.rules.conditions import AnyRow, Condition, CountRows, NoRow, RowTest

from .builders import (
    DAY,
    NOW,
    TICK,
    ago,
    at,
    hold,
    issue,
    message,
    random_condition,
    random_facts,
    random_message,
    signal,
)
from .test_laws import corrupt

seeds = st.integers(min_value=0, max_value=2**32).map(Random)
CLOSURES = Closures(unknown_is_active=True)


def check(condition: Condition, facts: Facts, closures: Closures = CLOSURES) -> bool | None:
    return closures.check(condition)(facts, message(), at(NOW))


@given(seeds)
def test_no_fault_escapes_from_a_check_or_a_citation(random: Random) -> None:
    condition, said = random_condition(random), random_message(random)
    facts = corrupt(random, random_facts(random))
    assert CLOSURES.check(condition)(facts, said, at(NOW)) in (True, False, None)
    assert isinstance(CLOSURES.citation(condition)(facts, said, at(NOW)), list)


@pytest.mark.parametrize(("unknown_is_active", "active"), [(True, True), (False, False)])
def test_an_issue_of_unknown_status_counts_as_the_policy_says(unknown_is_active: bool, active: bool) -> None:
    closures, facts = Closures(unknown_is_active=unknown_is_active), Facts(issues=[issue(active=None)])
    for value in (True, False):
        asked = AnyRow(any="issues", where=(RowTest(field="active", equals=value),))
        assert check(asked, facts, closures) is (value is active)


@pytest.mark.parametrize("empty", [(), []])
def test_an_empty_list_is_no_value_however_the_store_keeps_it(empty: Any) -> None:
    unset, is_set = (AnyRow(any="issues", where=(RowTest(field="tags", is_unset=value),)) for value in (True, False))
    assert check(unset, Facts(issues=[issue(tags=empty)])) is True
    assert check(is_set, Facts(issues=[issue(tags=empty)])) is False
    assert check(is_set, Facts(issues=[issue(tags=("vip",))])) is True


def test_what_a_row_that_does_not_pass_is_about_is_not_asked() -> None:
    many = CountRows(
        count="signals", at_least=2, distinct="thing", where=(RowTest(field="polarity", equals="negative"),)
    )
    unreadable = signal([], polarity="positive")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - a fault
    assert check(many, Facts(signals=[signal("desk/issue/1"), signal("desk/issue/2"), unreadable])) is True


def test_an_absence_is_unknown_where_a_row_may_be_what_is_absent() -> None:
    where = (RowTest(field="reopened_count", at_least=2),)
    assert check(NoRow(none="issues", where=where), Facts(issues=[issue(reopened_count="many")])) is None
    assert check(NoRow(none="issues", where=where), Facts(issues=[issue(reopened_count=1)])) is True


def test_a_hold_covers_from_its_beginning_until_just_before_its_end() -> None:
    held = hold(opened_at=ago(DAY), ends_at=at(NOW))
    assert covers(held, message(), at(NOW - DAY))
    assert covers(held, message(), at(NOW - TICK))
    assert not covers(held, message(), at(NOW - DAY - TICK))
    assert not covers(held, message(), at(NOW))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({"channels": ("email",)}, True),
        ({"channels": ("sms",)}, False),
        ({"categories": ("promotional", "upsell")}, True),
        ({"categories": ("upsell",)}, False),
        ({"products": ("kettle", "lamp")}, True),
        ({"products": ("lamp",)}, False),
    ],
)
def test_a_hold_covers_only_messages_in_every_scope_that_it_names(scope: dict[str, Any], covered: bool) -> None:
    assert covers(hold(**scope), message(product_refs=("kettle",)), at(NOW)) is covered


@pytest.mark.parametrize("broken", [None, 7, "text"])
def test_what_is_no_list_has_no_rows(broken: Any) -> None:
    assert list(rows_of(replace(Facts(), issues=broken), "issues")) == []
    assert list(rows_of(Facts(issues=[issue()]), "issues")) == [issue()]
