"""What follows from rules that hold: the most cautious outcome, and everything cited once and in order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Evaluation
from alignkit.rules.evaluation import ALLOWED, CAUTION, Mark, conclude


def mark(id: str, outcome: Outcome | None = None) -> Mark:
    return Mark(id, -1 if outcome is None else CAUTION[outcome], outcome)


@pytest.mark.parametrize("outcomes", list(permutations(Outcome)))
def test_the_most_cautious_outcome_wins_in_any_order(outcomes: tuple[Outcome, ...]) -> None:
    order = [Outcome.SWAP, Outcome.DEFER, Outcome.DROP, Outcome.REVIEW]
    for size in range(1, 5):
        found = [(mark(str(number), outcome), ["a"]) for number, outcome in enumerate(outcomes[:size])]
        assert conclude(found, (), ()).outcome is max(outcomes[:size], key=order.index)


def test_ids_notes_and_evidence_are_sorted_and_told_once() -> None:
    held = [(mark("b", Outcome.DEFER), ["y", "x"]), (mark("a", Outcome.DROP), ["x", ""])]
    noted = [(mark("d"), ["z"]), (mark("c"), ["x"])]
    assert conclude(held, (), noted) == Evaluation(
        Verdict.SUPPRESS, Outcome.DROP, ("a", "b"), ("c", "d"), ("x", "y", "z")
    )


def test_what_frees_takes_the_place_of_what_holds() -> None:
    freed = conclude([(mark("a", Outcome.DROP), ["x"])], [(mark("b"), ["y"])], ())
    assert freed == Evaluation(Verdict.SEND, None, ("b",), (), ("y",))


def test_nothing_but_notes_lets_a_message_go() -> None:
    assert conclude((), (), [(mark("a"), [])]) == Evaluation(Verdict.SEND, notes=("a",))
    assert conclude((), (), ()) == ALLOWED


@pytest.mark.parametrize("cited", [[7], [None], [7, 8], ["x", 7], [[1]], ["x", None]])
def test_what_has_no_reference_is_a_fault(cited: list[Any]) -> None:
    with pytest.raises(TypeError):
        conclude([(mark("a", Outcome.DEFER), cited)], (), ())
