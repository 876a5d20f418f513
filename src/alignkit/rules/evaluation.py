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
    if not freed and not noted:
        ids, most, outcome, cited = _gathered(held)
        return _new(Evaluation, (_SUPPRESS if held else _SEND, outcome, ids, (), _references(cited), ()))
    ids, most, outcome, cited = _gathered(freed or held)
    notes, _, _, noticed = _gathered(noted)
    verdict = _SEND if freed or not held else _SUPPRESS
    return Evaluation(verdict, outcome if most >= 0 else None, ids, notes, _references([*cited, *noticed]))


def _gathered(found: Found) -> tuple[tuple[str, ...], int, Outcome | None, Sequence[Any]]:
    """The ids, the most cautious outcome and how cautious that is, and all that is cited."""
    if len(found) == 1:
        [((id, caution, outcome), cited)] = found
        return (id,), caution, outcome, cited
    ids: list[str] = []
    rows: list[Any] = []
    most, winning = -1, None
    for (id, caution, outcome), cited in found:
        ids.append(id)
        rows += cited
        if caution > most:
            most, winning = caution, outcome
    ids.sort()
    return tuple(ids), most, winning, rows


def _references(rows: Sequence[Any]) -> tuple[str, ...]:
    names = sorted(set(rows))
    if not names:
        return ()
    # Where the first is a text, all are: others could not have been put in order with it.
    if not isinstance(names[0], str):
        raise TypeError("what is cited has no reference")
    return tuple(names) if names[0] else tuple(names[1:])
