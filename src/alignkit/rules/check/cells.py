"""The values of one field that questions can tell apart, each stood for by one: the cells of its domain.

Between two thresholds every value answers alike, so a search through the cells is a search through all values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain, combinations, count, pairwise
from typing import Any, NamedTuple

from alignkit.rules.conditions import Question
from alignkit.rules.fields import Field, Kind
from alignkit.rules.leaves import whole_microseconds

DAY = whole_microseconds(timedelta(days=1))
_HOUR = whole_microseconds(timedelta(hours=1))

MOST_SETS = 8
"""A list that is asked for more different words has more sets of them than a search should try."""

_BOUNDS: Mapping[str, tuple[float, float | None]] = {
    "confidence": (0, 1),
    "strength": (0, 1),
    "normalised": (0, 1),
    "reopened_count": (0, None),
}
"""The numbers that have ends, whatever collection they are in."""

NPS = (0, 10)
"""The scores between which an answer of the kind `nps` lies."""

_WORDS: Mapping[str, tuple[str, ...]] = {"excluded": ("spam", "deleted", "merged", "internal", "bot", "campaign")}
"""Fields whose words are a closed list although the language does not hold policies to it."""


class Asked(NamedTuple):
    """One question about one field."""

    name: str
    operator: str
    operand: Any
    question: Question


def ask(name: str, question: Question) -> Asked:
    """The question about this field."""
    return Asked(name, question.operator, question.operand, question)


class TooMany(Exception):
    """The search has more to try than it may."""


def cells(
    name: str,
    field: Field,
    questions: Iterable[Asked],
    now: int,
    usual: Any,
    settled: Collection[tuple[str, bool]] = (),
) -> list[Any]:
    """One value for each cell, the most usual first.

    Args:
        name: the field's name.
        field: what kind of value it has.
        questions: what is asked of it.
        now: the instant that times are told from, in microseconds.
        usual: the value that an example has where nothing else is wanted.
        settled: words that a list must have, or must not.

    Raises:
        TooMany: its sets of words are too many to try.
    """
    asked = list(questions)
    match field.kind:
        case Kind.TEXT:
            found: list[Any] = _texts(asked, sorted(field.words) or list(_WORDS.get(name, ())), usual)
        case Kind.FLAG:
            found = [True, False]
        case Kind.NUMBER:
            found = _numbers(
                asked,
                *_BOUNDS.get(name, (None, None)),
                is_whole=name.endswith("_count"),
                beside=NPS if name == "score" else (),
            )
        case Kind.TIME:
            found = [now - age for age in _ages(asked)]
        case Kind.LIST:
            found = _sets(asked, field, settled)
    if field.is_optional and field.kind is not Kind.LIST:
        found.append(None)
    return [usual, *(each for each in found if each != usual)] if usual in found else found


def words_in(questions: Iterable[Asked]) -> list[Any]:
    """The words that questions name, each once."""
    named: list[Any] = []
    for question in questions:
        if question.operator in ("equals", "contains"):
            named.append(question.operand)
        elif question.operator in ("in", "not_in"):
            named.extend(question.operand)
    return list(dict.fromkeys(named))


def _texts(questions: Sequence[Asked], closed: Sequence[str], usual: Any) -> list[Any]:
    named = words_in(questions)
    if not closed:
        return [*named, other_word(named)]
    others = [word for word in closed if word not in named]
    stand_in = usual if usual in others else next(iter(others), None)
    return [*(word for word in named if word in closed), *([stand_in] if stand_in is not None else [])]


def other_word(named: Sequence[str]) -> str:
    """A word that is none of these."""
    return next(word for word in (f"example-{number}" for number in count(1)) if word not in named)


def _numbers(
    questions: Sequence[Asked], low: float | None, high: float | None, *, is_whole: bool, beside: Sequence[float]
) -> list[Any]:
    asked = {float(one.operand) for one in questions if one.operator in ("equals", "at_least", "at_most")}
    edges = sorted({*asked, *beside, *(edge for edge in (low, high) if edge is not None)}) or [0.0]
    between = [(before + after) / 2 for before, after in pairwise(edges)]
    found = [edges[0] - 1, *edges, *between, edges[-1] + 1]
    if is_whole:
        found = [int(edge) + step for edge in edges for step in (-1, 0, 1, 2)]
    inside = [each for each in found if (low is None or each >= low) and (high is None or each <= high)]
    return list(dict.fromkeys(int(each) if float(each).is_integer() else each for each in inside))


def _ages(questions: Iterable[Asked]) -> list[int]:
    """How long ago: in the middle of each stretch between two durations, and beyond the last."""
    durations = {
        whole_microseconds(question.operand) for question in questions if question.operator in ("within", "older_than")
    }
    spans = sorted(duration for duration in durations if duration)
    # A time that lies ahead answers as a fresh one does, unless a question asks for exactly that.
    ahead = [-_HOUR] if 0 in durations else []
    if not spans:
        return [DAY, *ahead]
    inner = [(before + after) // 2 for before, after in pairwise([0, *spans])]
    return [*inner, spans[-1] + DAY, *ahead]


def _sets(questions: Sequence[Asked], field: Field, settled: Collection[tuple[str, bool]]) -> list[Any]:
    named = words_in(questions)
    if any((word, not must) in settled for word, must in settled):
        return []
    must_have = tuple(word for word in named if (word, True) in settled)
    free = [word for word in named if (word, True) not in settled and (word, False) not in settled]
    if len(free) > MOST_SETS:
        raise TooMany
    other = next((word for word in sorted(field.words) or ["example"] if word not in named), None)
    chosen = chain.from_iterable(combinations(free, size) for size in range(len(free) + 1))
    return [*((*must_have, *words) for words in chosen), *([(*must_have, other)] if other is not None else [])]


def answer(question: Asked, value: Any, now: int, *, absent_is: bool | None = None) -> bool | None:
    """What a value answers; None where the question is about more than this value.

    `absent_is` is what an absent value counts as where `equals` asks: the policy's word on issues of unknown status.
    """
    if compares(question):
        return None
    operand = question.operand
    if question.operator == "is_unset":
        return (value is None or value == ()) is operand
    if value is None or value == ():
        return absent_is is not None and absent_is is operand
    return _present(question, value, now)


def _present(question: Asked, value: Any, now: int) -> bool:
    operand = question.operand
    match question.operator:
        case "equals":
            return bool(value == operand)
        case "in":
            return value in operand
        case "not_in":
            return value not in operand
        case "at_least":
            return bool(value >= operand)
        case "at_most":
            return bool(value <= operand)
        case "within":
            return bool(now < value + whole_microseconds(operand))
        case "older_than":
            return bool(now >= value + whole_microseconds(operand))
        case _:
            return operand in value


def compares(question: Asked) -> bool:
    """Whether it holds the value of a row against the message."""
    return question.operator not in _OF_ONE_VALUE


_OF_ONE_VALUE = frozenset(
    {"equals", "in", "not_in", "at_least", "at_most", "within", "older_than", "contains", "is_unset"}
)
"""The questions that a value answers by itself."""
