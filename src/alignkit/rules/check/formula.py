"""Formulas of yes and no: their negation pushed inwards, and the ways in which one can come true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """One claim, or its denial."""

    claim: T
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Every(Generic[T]):
    """All of its parts; true where there is none."""

    parts: tuple[Formula[T], ...]


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """At least one of its parts; false where there is none."""

    parts: tuple[Formula[T], ...]


Formula: TypeAlias = Leaf[T] | Every[T] | Some[T]


def denied(formula: Formula[T]) -> Formula[T]:
    """The opposite, with denials at the leaves alone."""
    match formula:
        case Leaf():
            return Leaf(formula.claim, not formula.is_denied)
        case Every():
            return Some(tuple(denied(part) for part in formula.parts))
        case Some():
            return Every(tuple(denied(part) for part in formula.parts))


def leaves(formula: Formula[T]) -> Iterator[Leaf[T]]:
    """Every leaf, in order, repeats included."""
    if isinstance(formula, Leaf):
        yield formula
        return
    for part in formula.parts:
        yield from leaves(part)


def truth(formula: Formula[T], answer: Callable[[T], bool | None]) -> bool | None:
    """Whether it holds where some claims are not settled yet (None): None where that is open."""
    if isinstance(formula, Leaf):
        one = answer(formula.claim)
        return None if one is None else one is not formula.is_denied
    settling = isinstance(formula, Some)
    found: bool | None = not settling
    for part in formula.parts:
        one = truth(part, answer)
        if one is settling:
            return settling
        if one is None:
            found = None
    return found


def conjuncts(formula: Formula[T]) -> Iterator[Formula[T]]:
    """The parts that must all hold, with nested ones laid out flat."""
    if isinstance(formula, Every):
        for part in formula.parts:
            yield from conjuncts(part)
    else:
        yield formula


def ways(formula: Formula[T]) -> Iterator[tuple[Leaf[T], ...]]:
    """The sets of leaves of which each makes the formula true; a caller takes as many as it can bear."""
    if isinstance(formula, Leaf):
        yield (formula,)
    elif isinstance(formula, Some):
        for part in formula.parts:
            yield from ways(part)
    else:
        yield from _together(formula.parts)


def _together(parts: tuple[Formula[T], ...]) -> Iterator[tuple[Leaf[T], ...]]:
    if not parts:
        yield ()
        return
    for first in ways(parts[0]):
        for rest in _together(parts[1:]):
            yield (*first, *rest)
