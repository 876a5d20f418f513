"""What follows where some rules suppress, some exempt and some note: the verdict, the outcome, and what is cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from alignkit.models.vocabulary import Outcome, Verdict

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


class Mark(NamedTuple):
    """What a rule says of itself to a conclusion: how cautious its outcome is, -1 where it suppresses nothing."""

    id: str
    caution: int
    outcome: Outcome | None


Found = Sequence[tuple[Mark, Sequence[Any]]]
"""Rules that hold, each with what the rows that make it hold are cited as."""

ALLOWED = Evaluation(Verdict.SEND)
_SUPPRESS, _SEND = Verdict.SUPPRESS, Verdict.SEND
# An Evaluation made through its own constructor takes three times as long.
_new: Callable[[type[Evaluation], tuple[object, ...]], Evaluation] = vars(tuple)["__new__"]


def conclude(held: Found, freed: Found, noted: Found) -> Evaluation:
    """What follows where these rules suppress, these exempt and these note.

    Raises:
        TypeError: something is cited that has no reference.
    """
    ids: list[str] = []
    cited: list[Any] = []
    most, outcome = -1, None
    for (id, caution, its_outcome), rows in freed or held:
        ids.append(id)
        cited += rows
        if caution > most:
            most, outcome = caution, its_outcome
    ids.sort()
    for _, rows in noted:
        cited += rows
    names = sorted(set(cited))
    if names and not (names[0] and isinstance(names[0], str)):
        names = _with_references(names)
    verdict = _SEND if freed or not held else _SUPPRESS
    notes = tuple(sorted([mark.id for mark, _ in noted])) if noted else ()
    return _new(Evaluation, (verdict, outcome, tuple(ids), notes, tuple(names), ()))


def _with_references(names: list[Any]) -> list[str]:
    """Those that are not empty. Where the first is a text, all are: others could not have been put in order with it."""
    if isinstance(names[0], str):
        return names[1:]
    raise TypeError("what is cited has no reference")
