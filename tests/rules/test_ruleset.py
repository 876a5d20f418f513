"""A rule says what becomes of a message only where it has a say in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alignkit.rules import Policy, RuleSet
from alignkit.rules.conditions import AnyRow
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
