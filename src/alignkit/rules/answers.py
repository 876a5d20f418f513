"""Writes the tests of single values, as expressions; the values that they are held against are constants or names."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from types import NoneType
from typing import Any, cast

from alignkit import syntax
from alignkit.rules.fields import MESSAGE_FIELDS, Field, Kind
from alignkit.rules.questions import Operator, Question

# Of exactly these types, for the compiler takes no subclass.
_PLAIN = (str, int, float, bool, NoneType)


def _are_plain(values: Iterable[object]) -> bool:
    return all(type(each) in _PLAIN for each in values)


class Constants:
    """The values that an expression may name, and under which names they have to be bound."""

    def __init__(self) -> None:
        self.bound: dict[str, object] = {}

    def name(self, value: object) -> ast.expr:
        """The value itself, in the function's code or under a name of its own."""
        if type(value) in _PLAIN or (isinstance(value, frozenset) and _are_plain(cast("frozenset[object]", value))):
            return syntax.constant(value)
        name = f"constant_{len(self.bound)}"
        self.bound[name] = value
        return syntax.name(name)


def answer(question: Question, value: ast.expr, field: Field, constants: Constants) -> ast.expr:
    """The answer to a question about a value, of no row's time; about an absent one it is no."""
    return answer_to(question.operator, question.operand, value, field, constants)


def answer_to(operator: Operator, operand: Any, value: ast.expr, field: Field, constants: Constants) -> ast.expr:
    """The same, of a question taken apart."""
    match operator:
        case "equals":
            return syntax.compare(value, ast.Eq(), constants.name(operand))
        case "in":
            return syntax.compare(value, ast.In(), constants.name(frozenset(operand)))
        case "not_in":
            # None among the words, so that an absent value is not outside of them.
            return syntax.compare(value, ast.NotIn(), constants.name(frozenset((*operand, None))))
        case "at_least":
            return present(value, syntax.compare(value, ast.GtE(), constants.name(operand)), field)
        case "at_most":
            return present(value, syntax.compare(value, ast.LtE(), constants.name(operand)), field)
        case "contains":
            return syntax.compare(constants.name(operand), ast.In(), value)
        case _:
            is_unset = syntax.denied(value) if field.kind is Kind.LIST else is_absent(value)
            return is_unset if operand else syntax.denied(is_unset)


def comparison(said: ast.expr, attribute: str, value: ast.expr, field: Field) -> ast.expr:
    """Whether a row has what the message has; the row is not looked at where the message has none."""
    if MESSAGE_FIELDS[attribute].kind is Kind.LIST:
        if field.kind is Kind.LIST:
            return syntax.every([said, syntax.call(syntax.name("in_common"), said, value)])
        return syntax.every([said, syntax.compare(value, ast.In(), said)])
    is_there = syntax.compare(said, ast.IsNot(), syntax.constant(None))
    if field.kind is Kind.LIST:
        return syntax.every([is_there, syntax.compare(said, ast.In(), value)])
    return syntax.every([is_there, syntax.compare(value, ast.Eq(), said)])


def present(value: ast.expr, test: ast.expr, field: Field) -> ast.expr:
    """The test of a value that may be absent; where it never should be, its absence is a fault."""
    if not field.is_optional:
        return test
    return syntax.every([syntax.compare(value, ast.IsNot(), syntax.constant(None)), test])


def is_absent(value: ast.expr) -> ast.expr:
    """Whether there is no value."""
    return syntax.compare(value, ast.Is(), syntax.constant(None))
