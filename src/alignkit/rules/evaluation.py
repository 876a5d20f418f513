"""What follows where some rules suppress, some exempt and some note: the verdict, the outcome, and what is cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

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


class Named(Protocol):
    """What a rule says of itself to a conclusion."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def outcome(self) -> Outcome | None:
        """What becomes of the message, where it suppresses."""
        ...


Found = Sequence[tuple[Named, Sequence[object]]]
"""Rules that hold, each with what the rows that make it hold are cited as."""

ALLOWED = Evaluation(Verdict.SEND)
_SUPPRESS = Verdict.SUPPRESS
# An Evaluation made through its own constructor takes three times as long.
_new: Callable[[type[Evaluation], tuple[object, ...]], Evaluation] = vars(tuple)["__new__"]


def conclude(held: Found, freed: Found, noted: Found) -> Evaluation:
    """What follows where these rules suppress, these exempt and these note."""
    if len(held) == 1 and not freed and not noted:
        [(rule, rows)] = held
        return _new(Evaluation, (_SUPPRESS, rule.outcome, (rule.id,), (), _references(rows), ()))
    deciding = freed or held
    is_suppressed = bool(held) and not freed
    cited = [row for found in (deciding, noted) for _, rows in found for row in rows]
    return Evaluation(
        _SUPPRESS if is_suppressed else Verdict.SEND,
        _most_cautious(held) if is_suppressed else None,
        _ids(deciding),
        _ids(noted) if noted else (),
        _references(cited),
    )


def _ids(found: Found) -> tuple[str, ...]:
    return tuple(sorted([rule.id for rule, _ in found]))


def _most_cautious(found: Found) -> Outcome | None:
    return max([rule.outcome for rule, _ in found if rule.outcome], key=CAUTION.__getitem__, default=None)


def _references(rows: Sequence[object]) -> tuple[str, ...]:
    if len(rows) == 1:
        [row] = rows
        return (row,) if row and isinstance(row, str) else ()
    return tuple(sorted({row for row in rows if row and isinstance(row, str)}))
