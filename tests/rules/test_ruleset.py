"""A rule says what becomes of a message only where it has a say in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alignkit.rules import Policy, RuleSet
from alignkit.rules.conditions import AnyRow, RowTest
from alignkit.rules.presets import Starter

from .builders import policy, rule

ISSUES = AnyRow(any="issues")


@pytest.mark.parametrize(
    ("effect", "fields", "said"),
    [
        ("suppress", {"outcome": "drop", "relevance": "3d"}, "belongs to the outcome `defer`"),
        ("suppress", {"outcome": "defer", "substitute": "help"}, "belongs to the outcome `swap`"),
        ("exempt", {"relevance": "3d"}, "belongs to the outcome `defer`"),
        ("note", {"substitute": "help"}, "belongs to the outcome `swap`"),
        ("suppress", {"outcome": None}, "say what becomes of the message"),
        ("suppress", {"relevance": "-3d"}, "is no duration"),
    ],
)
def test_what_becomes_of_a_message_is_said_where_it_means_something(effect: str, fields: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(ISSUES, effect, **fields)


def test_relevance_and_substitute_survive_toml() -> None:
    both = policy(
        rule(ISSUES, id="a", outcome="defer", relevance="36h"), rule(ISSUES, id="b", outcome="swap", substitute="help")
    )
    again = Policy.from_toml(both.to_toml())
    assert again == both
    assert again.rules[0].relevance == timedelta(hours=36)
    assert 'relevance = "36h"' in both.to_toml()


def test_a_policy_of_a_rule_set_lays_down_the_same() -> None:
    laid_down = Starter(name="calm").rule_set()
    assert type(laid_down) is RuleSet
    chosen = Policy.of(laid_down)
    assert chosen == Policy.starter(name="calm")
    assert (chosen.digest, chosen.as_tree()) == (laid_down.digest, laid_down.as_tree())


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (0.0, -0.0), (-3.0, -3), (0, -0.0), (10**15, 1e15)])
@pytest.mark.parametrize("asked", ["equals", "at_least"])
def test_numbers_that_are_equal_give_equal_digests(one: float, other: float, asked: str) -> None:
    first, second = (
        policy(rule(AnyRow(any="surveys", where=(RowTest.model_validate({"field": "score", asked: number}),))))
        for number in (one, other)
    )
    assert first == second
    assert first.digest == second.digest
    assert first.to_toml() == second.to_toml()
    for again in (Policy.from_json(first.to_json()), Policy.from_toml(second.to_toml())):
        assert (again, again.digest) == (first, first.digest)


def test_numbers_that_differ_give_other_digests_and_survive() -> None:
    numbers = [1, 1.5, 0, -1, 1e-300, 10**15 - 1]
    chosen = [
        policy(rule(AnyRow(any="surveys", where=(RowTest(field="score", at_least=number),)))) for number in numbers
    ]
    assert len({each.digest for each in chosen}) == len(numbers)
    assert [Policy.from_json(each.to_json()) for each in chosen] == chosen
