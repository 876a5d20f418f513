"""Moments are the instants at which a condition may change its answer, wherever in it time is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.rules import Facts
from alignkit.rules.conditions import (
    AllOf,
    AllOfTests,
    AnyOf,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    MessageTest,
    NoRow,
    Not,
    NotTest,
    RowTest,
)
from alignkit.rules.moments import Moment, Moments, instants, moments_of

from .builders import DAY, HOUR, NOW, at, hold, issue

SPAN = 86_400_000_000
YOUNG = RowTest(field="created_at", within=DAY)
RECENT = Moment("issues", "created_at", SPAN)


@pytest.mark.parametrize(
    "condition",
    [
        AnyRow(any="issues", where=(YOUNG,)),
        NoRow(none="issues", where=(RowTest(field="created_at", older_than=DAY),)),
        CountRows(count="issues", at_least=2, where=(NotTest(test=YOUNG),)),
        AnyRow(any="issues", where=(AllOfTests(all_of=(RowTest(field="status", equals="open"), YOUNG)),)),
        AnyRow(any="issues", where=(AnyOfTests(any_of=(YOUNG, YOUNG)),)),
        AllOf(all_of=(AnyRow(any="posts"), AnyRow(any="issues", where=(YOUNG,)))),
        AnyOf(any_of=(CustomerTest(customer="tier", equals="a"), AnyRow(any="issues", where=(YOUNG,)))),
        Not(condition=AnyRow(any="issues", where=(YOUNG,))),
    ],
)
def test_a_question_about_time_gives_its_moment_wherever_it_stands(condition: Condition) -> None:
    assert Moments([condition]).in_rows == {RECENT}


@pytest.mark.parametrize(
    "condition",
    [
        CustomerTest(customer="tier", equals="a"),
        MessageTest(message="channel", equals="email"),
        AnyRow(any="issues", where=(RowTest(field="created_at", is_unset=False),)),
    ],
)
def test_what_does_not_ask_about_time_has_no_moments(condition: Condition) -> None:
    assert list(moments_of(condition)) == []


def test_a_hold_begins_and_ends_even_where_nothing_is_asked_of_it() -> None:
    assert set(moments_of(AnyRow(any="holds"))) == {Moment("holds", "opened_at", 0), Moment("holds", "ends_at", 0)}


def test_an_instant_lies_the_span_after_the_time_of_each_row() -> None:
    facts = Facts(issues=[issue(created_at=at(NOW)), issue(created_at=at(NOW - HOUR))])
    assert sorted(instants([RECENT], facts)) == [at(NOW + DAY - HOUR), at(NOW + DAY)]


@pytest.mark.parametrize("unreadable", [None, "text", object()])
def test_a_time_that_cannot_be_read_gives_no_instant(unreadable: Any) -> None:
    assert list(instants([RECENT], Facts(issues=[issue(created_at=unreadable)]))) == []
    assert list(instants([Moment("holds", "ends_at", 0)], Facts(holds=[hold(ends_at=unreadable)]))) == []
