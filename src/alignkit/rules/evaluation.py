"""What follows where some rules suppress, some exempt and some note: the verdict, the outcome, and what is cited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.ruleset import Rule

CAUTION: dict[Outcome, int] = {Outcome.SWAP: 0, Outcome.DEFER: 1, Outcome.DROP: 2, Outcome.REVIEW: 3}
"""Which outcome wins where several rules suppress: the highest.

A person's judgement comes before any automatism; never before later; and a substitute, which goes out at once, only
where no other rule wants silence.
"""


class Evaluation(NamedTuple):
    """What follows from the rules; ids and references are sorted, without repeats.

    `rules` are those that decided: the suppressing ones, or the exempting ones where those overruled them.
    """

    verdict: Verdict
    outcome: Outcome | None = None
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class _Ruling(NamedTuple):
    """What of an evaluation follows from which rules hold alone."""

    verdict: Verdict
    outcome: Outcome | None
    rules: tuple[str, ...]
    notes: tuple[str, ...]


Conclude = Callable[[int, list[Any]], Evaluation]
"""What follows where certain rules hold, a bit each, and these things are cited.

Raises:
    TypeError: something is cited that has no reference.
"""

ALLOWED = Evaluation(Verdict.SEND)
_KEPT = 1_000
"""So many sets of rules that held together are kept for the next customer; most policies know a few dozen."""

# An Evaluation made through its own constructor takes three times as long.
_new: Callable[[type[Evaluation], tuple[object, ...]], Evaluation] = vars(tuple)["__new__"]


def concluding(suppressing: Sequence[Rule], noting: Sequence[Rule], exempting: Sequence[Rule]) -> Conclude:
    """The function that concludes from these rules; bit n is that of the nth, counted in this order."""

    @lru_cache(_KEPT)
    def ruling(found: int) -> _Ruling:
        held, noted, freed = _parted(found, suppressing, noting, exempting)
        outcomes = [rule.outcome for rule in freed or held if rule.outcome is not None]
        return _Ruling(
            Verdict.SEND if freed or not held else Verdict.SUPPRESS,
            max(outcomes, key=CAUTION.__getitem__, default=None),
            tuple(sorted(rule.id for rule in freed or held)),
            tuple(sorted(rule.id for rule in noted)),
        )

    def conclude(found: int, cited: list[Any]) -> Evaluation:
        verdict, outcome, rules, notes = ruling(found)
        names = sorted(set(cited)) if len(cited) > 1 else cited
        if names and not (names[0] and isinstance(names[0], str)):
            names = _with_references(names)
        return _new(Evaluation, (verdict, outcome, rules, notes, tuple(names), ()))

    return conclude


def _parted(found: int, *groups: Sequence[Rule]) -> Iterator[list[Rule]]:
    """The rules of each group whose bits are set."""
    for rules in groups:
        yield _chosen(rules, found & ((1 << len(rules)) - 1))
        found >>= len(rules)


def _chosen(rules: Sequence[Rule], bits: int) -> list[Rule]:
    chosen: list[Rule] = []
    while bits:
        lowest = bits & -bits
        chosen.append(rules[lowest.bit_length() - 1])
        bits ^= lowest
    return chosen


def _with_references(names: list[Any]) -> list[str]:
    """Those that are not empty. Where the first is a text, all are: others could not have been put in order with it."""
    if isinstance(names[0], str):
        return names[1:]
    raise TypeError("what is cited has no reference")
