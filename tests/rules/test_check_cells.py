"""Cells stand for every value that questions can tell apart, and values answer as a policy says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.rules.check.cells import MOST_SETS, Asked, TooMany, answer, ask, cells, compares
from alignkit.rules.conditions import AnyRow, RowTest
from alignkit.rules.examples import ROWS, make_row
from alignkit.rules.facts import Facts
from alignkit.rules.fields import ROW_FIELDS, Kind
from alignkit.rules.questions import LARGEST

from .builders import NOW, at, message, policy, random_facts, random_test, rule

NOW_US = at(NOW)


def only(collection: str, row: Any) -> Facts:
    facts = Facts()
    getattr(facts, collection).append(row)
    return facts


seeds = st.integers(min_value=0, max_value=2**32).map(Random)


def question(**asked: Any) -> Asked:
    return ask(asked["field"], RowTest.model_validate(asked))


def random_leaf(random: Random, collection: Any) -> RowTest:
    found = random_test(random, collection, depth=0)
    assert isinstance(found, RowTest)
    return found


def by_policy(collection: Any, test: RowTest, row: Any) -> bool:
    """What the policy itself answers of one row."""
    asked = policy(rule(AnyRow(any=collection, where=(test,)), "note", outcome=None))
    return bool(asked.compile()(only(collection, row), message(), NOW_US).notes)


@given(seeds)
def test_a_value_answers_as_the_policy_says(random: Random) -> None:
    facts = random_facts(random)
    for collection in set(ROWS) - {"holds"}:
        for row in getattr(facts, collection):
            test = random_leaf(random, collection)
            asked = ask(test.field, test)
            if not compares(asked):
                absent_is = True if test.field == "active" else None
                told = answer(asked, getattr(row, test.field), NOW_US, absent_is=absent_is)
                assert told is by_policy(collection, test, row), (test, row)


@given(seeds)
def test_every_value_answers_as_one_of_the_cells_does(random: Random) -> None:
    collection: Any = random.choice(sorted(ROWS))
    name, field = random.choice(sorted(ROW_FIELDS[collection].items()))
    leaves = [ask(test.field, test) for test in (random_leaf(random, collection) for _ in range(12))]
    asked = [each for each in leaves if each.name == name and not compares(each)]
    usual = getattr(make_row(collection, NOW_US, {}), name)
    told = {tuple(answer(one, value, NOW_US) for one in asked) for value in cells(name, field, asked, NOW_US, usual)}
    for row in getattr(random_facts(random), collection):
        assert tuple(answer(one, getattr(row, name), NOW_US) for one in asked) in told, (name, asked)


def test_the_usual_value_comes_first() -> None:
    field = ROW_FIELDS["issues"]["priority"]
    asked = [question(field="priority", equals="urgent")]
    assert cells("priority", field, asked, NOW_US, "normal")[0] == "normal"


def test_numbers_keep_within_their_bounds() -> None:
    field = ROW_FIELDS["posts"]["confidence"]
    asked = [question(field="confidence", at_least=0.9)]
    found = cells("confidence", field, asked, NOW_US, 1.0)
    assert all(0 <= each <= 1 for each in found)
    assert {answer(asked[0], each, NOW_US) for each in found} == {True, False}


def test_a_count_is_whole() -> None:
    field = ROW_FIELDS["issues"]["reopened_count"]
    found = cells("reopened_count", field, [question(field="reopened_count", at_least=1.5)], NOW_US, 0)
    assert {0, 1, 2} <= set(found)
    assert all(isinstance(each, int) and each >= 0 for each in found)


def test_a_time_ahead_is_among_the_cells_only_where_it_can_be_told() -> None:
    field = ROW_FIELDS["sends"]["at"]
    ahead = question(field="at", within=timedelta(0))
    assert any(each > NOW_US for each in cells("at", field, [ahead], NOW_US, NOW_US))
    week = question(field="at", within=timedelta(days=7))
    assert all(each <= NOW_US for each in cells("at", field, [week], NOW_US, NOW_US))


def test_more_words_than_can_be_tried_are_given_up() -> None:
    field = ROW_FIELDS["issues"]["tags"]
    asked = [question(field="tags", contains=f"tag-{number}") for number in range(MOST_SETS + 1)]
    with pytest.raises(TooMany):
        cells("tags", field, asked, NOW_US, ())


def test_every_kind_of_field_has_cells() -> None:
    kinds: set[Kind] = set()
    for collection, record in ROWS.items():
        row = make_row(collection, NOW_US, {})
        for name, field in ROW_FIELDS[collection].items():  # type: ignore[index] # a name of the same collections
            assert cells(name, field, [], NOW_US, getattr(row, name)), (record, name)
            kinds.add(field.kind)
    assert kinds == set(Kind)
    assert replace(make_row("sends", NOW_US, {})) == make_row("sends", NOW_US, {})


@pytest.mark.parametrize("bound", [LARGEST, -LARGEST, 1 - LARGEST, 5e-324, -5e-324, LARGEST - 0.5])
def test_there_is_a_number_on_either_side_of_the_largest_and_the_smallest(bound: float) -> None:
    asked = [question(field="score", at_least=bound), question(field="score", equals=LARGEST)]
    found = cells("score", ROW_FIELDS["surveys"]["score"], asked, NOW_US, None)
    assert any(value < bound for value in found)
    assert bound in found
    assert any(value > bound for value in found)
