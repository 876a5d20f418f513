"""What follows from rules that hold: the most cautious outcome, and everything cited once and in order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Evaluation
from alignkit.rules.conditions import AnyRow
from alignkit.rules.evaluation import ALLOWED, concluding
from alignkit.rules.ruleset import Effect, Rule

ISSUE = AnyRow(any="issues")


def suppress(id: str, outcome: Outcome = Outcome.DEFER) -> Rule:
    return Rule(id=id, effect=Effect.SUPPRESS, outcome=outcome, reason="an issue", when=ISSUE)


def exempt(id: str) -> Rule:
    return Rule(id=id, effect=Effect.EXEMPT, reason="an issue", when=ISSUE)


def note(id: str) -> Rule:
    return Rule(id=id, effect=Effect.NOTE, reason="an issue", when=ISSUE)


@pytest.mark.parametrize("outcomes", list(permutations(Outcome)))
def test_the_most_cautious_outcome_wins_in_any_order(outcomes: tuple[Outcome, ...]) -> None:
    order = [Outcome.SWAP, Outcome.DEFER, Outcome.DROP, Outcome.REVIEW]
    conclude = concluding([suppress(f"r{number}", each) for number, each in enumerate(outcomes)], [], [])
    for size in range(1, 5):
        assert conclude((1 << size) - 1, ["a"]).outcome is max(outcomes[:size], key=order.index)


def test_ids_notes_and_evidence_are_sorted_and_told_once() -> None:
    conclude = concluding([suppress("b"), suppress("a", Outcome.DROP)], [note("d"), note("c")], [exempt("e")])
    assert conclude(0b1111, ["y", "x", "x", "", "z", "x"]) == Evaluation(
        Verdict.SUPPRESS, Outcome.DROP, ("a", "b"), ("c", "d"), ("x", "y", "z")
    )


def test_only_rules_whose_bits_are_set_are_told() -> None:
    conclude = concluding([suppress("a", Outcome.DROP), suppress("b")], [note("c"), note("d")], [exempt("e")])
    assert conclude(0b1010, ["x"]) == Evaluation(Verdict.SUPPRESS, Outcome.DEFER, ("b",), ("d",), ("x",))


def test_what_frees_takes_the_place_of_what_holds() -> None:
    conclude = concluding([suppress("a", Outcome.DROP)], [note("c")], [exempt("d"), exempt("b")])
    assert conclude(0b1001, ["y"]) == Evaluation(Verdict.SEND, None, ("b",), (), ("y",))
    assert conclude(0b1111, ["y"]) == Evaluation(Verdict.SEND, None, ("b", "d"), ("c",), ("y",))


def test_nothing_but_notes_lets_a_message_go() -> None:
    conclude = concluding([suppress("b")], [note("a")], [])
    assert conclude(0b10, []) == Evaluation(Verdict.SEND, notes=("a",))
    assert conclude(0, []) == ALLOWED


@pytest.mark.parametrize("cited", [[7], [None], [7, 8], ["x", 7], [[1]], ["x", None]])
def test_what_has_no_reference_is_a_fault(cited: list[Any]) -> None:
    with pytest.raises(TypeError):
        concluding([suppress("a")], [], [])(1, cited)


def test_a_thing_without_a_name_is_not_cited() -> None:
    assert concluding([suppress("a")], [], [])(1, [""]).evidence == ()
