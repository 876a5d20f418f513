"""Writes how a loop sorts rows: each test is asked once of a row, and only where its answer still matters."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from alignkit import syntax
from alignkit.rules.questions import AllOfTests, AnyOfTests, NotTest, Operator, RowTest, Test

DEEPEST = 24
"""Tests are nested in each other no further: Python's own compiler gives up at some depth."""

Gather = Callable[[], list[ast.stmt]]


class Asks(NamedTuple):
    """The key of one question about one field."""

    field: str
    operator: Operator
    operand: Any


class Literal(NamedTuple):
    """A test, told from others by its key, and whether it must fail instead of pass."""

    key: object
    is_denied: bool


class Sorted(NamedTuple):
    """What takes a row in, and the tests that it still has to pass."""

    gather: Gather
    literals: Sequence[Literal]


Tests = Mapping[object, ast.expr]


def key_of(test: Test) -> object:
    """Equal for tests that ask the same, whatever model says it."""
    match test:
        case RowTest():
            return Asks(test.field, test.operator, test.operand)
        case AllOfTests():
            return ("all_of", *map(key_of, test.all_of))
        case AnyOfTests():
            return ("any_of", *map(key_of, test.any_of))
        case NotTest():
            return ("not", key_of(test.test))


def branches(tests: Tests, rest: Sequence[Sorted], depth: int = 0) -> list[ast.stmt]:
    """Takes a row in wherever it belongs; the test that most share is asked first, and of all of them once."""
    body = [statement for each in rest if not each.literals for statement in each.gather()]
    rest = [each for each in rest if each.literals]
    while rest:
        shared = Counter(literal.key for each in rest for literal in each.literals)
        key = max(shared, key=shared.__getitem__)
        if shared[key] == 1 or depth == DEEPEST:
            return body + [alone(tests, each.gather(), each.literals) for each in rest]
        passing, failing, rest = _parted(key, rest)
        body.append(_fork(tests, key, passing, failing, depth + 1))
    return body


def alone(tests: Tests, body: Sequence[ast.stmt], literals: Sequence[Literal]) -> ast.stmt:
    """Does something where all of these tests are as they must be."""
    asked = [syntax.denied(tests[key]) if is_denied else tests[key] for key, is_denied in literals]
    return syntax.when(syntax.every(asked), body)


def _parted(key: object, rest: Sequence[Sorted]) -> tuple[list[Sorted], list[Sorted], list[Sorted]]:
    """What can take a row only where a test passes, only where it fails, and what does not ask it."""
    passing, failing = Literal(key, is_denied=False), Literal(key, is_denied=True)
    words = _words_of(key)
    passed: list[Sorted] = []
    failed: list[Sorted] = []
    others: list[Sorted] = []
    for each in rest:
        if passing in each.literals:
            passed.append(_given(passing, each))
        elif failing in each.literals:
            failed.append(_given(failing, each))
        elif words and any(_excludes(words, literal) for literal in each.literals):
            failed.append(each)
        else:
            others.append(each)
    return passed, failed, others


def _given(known: Literal, each: Sorted) -> Sorted:
    return Sorted(each.gather, [literal for literal in each.literals if literal != known])


def _fork(tests: Tests, key: object, passed: list[Sorted], failed: list[Sorted], depth: int) -> ast.stmt:
    if not passed:
        return syntax.when(syntax.denied(tests[key]), branches(tests, failed, depth))
    return syntax.when(tests[key], branches(tests, passed, depth), branches(tests, failed, depth))


def _excludes(words: tuple[str, frozenset[object]], other: Literal) -> bool:
    """Whether no row whose field is one of these words can pass the other test."""
    if other.is_denied:
        return False
    others = _words_of(other.key)
    return others is not None and words[0] == others[0] and words[1].isdisjoint(others[1])


def _words_of(key: object) -> tuple[str, frozenset[object]] | None:
    """The field, and the words of which it has to be one, where that is what a test asks."""
    if isinstance(key, Asks) and key.operator in ("equals", "in"):
        return key.field, frozenset(key.operand if key.operator == "in" else (key.operand,))
    return None
