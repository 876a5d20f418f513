"""Makes nodes of a Python syntax tree, each with the position that the compiler wants and nobody reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

_LOAD, _STORE = ast.Load(), ast.Store()


def name(identifier: str) -> ast.Name:
    """The value of a variable."""
    return ast.Name(identifier, _LOAD, lineno=1, col_offset=0)


def constant(value: Any) -> ast.Constant:
    """A value in the code itself: a text, a number, None, or a frozen set of such."""
    return ast.Constant(value, lineno=1, col_offset=0)


def attribute(of: ast.expr, field: str) -> ast.Attribute:
    return ast.Attribute(of, field, _LOAD, lineno=1, col_offset=0)


def combine(left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, operator, right, lineno=1, col_offset=0)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [operator], [right], lineno=1, col_offset=0)


def denied(test: ast.expr) -> ast.UnaryOp:
    return ast.UnaryOp(ast.Not(), test, lineno=1, col_offset=0)


def every(tests: Iterable[ast.expr]) -> ast.expr:
    """All of the tests, one after the other."""
    return _joined(ast.And(), list(tests))


def some(tests: Iterable[ast.expr]) -> ast.expr:
    """At least one of the tests, one after the other."""
    return _joined(ast.Or(), list(tests))


def _joined(operator: ast.boolop, tests: list[ast.expr]) -> ast.expr:
    if len(tests) == 1:
        return tests[0]
    return ast.BoolOp(operator, tests, lineno=1, col_offset=0)


def choice(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.IfExp:
    return ast.IfExp(test, then, otherwise, lineno=1, col_offset=0)


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [], lineno=1, col_offset=0)


def sequence(*values: ast.expr) -> ast.Tuple:
    """A tuple of these values; where there are none, a constant."""
    return ast.Tuple(list(values), _LOAD, lineno=1, col_offset=0)


def new_list(*values: ast.expr) -> ast.List:
    return ast.List(list(values), _LOAD, lineno=1, col_offset=0)


def spread(values: ast.expr) -> ast.Starred:
    return ast.Starred(values, _LOAD, lineno=1, col_offset=0)


def assign(variable: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(variable, _STORE, lineno=1, col_offset=0)], value, lineno=1, col_offset=0)


def put(variable: str, key: str, value: ast.expr) -> ast.Assign:
    """Puts a value into a dictionary."""
    target = ast.Subscript(name(variable), constant(key), _STORE, lineno=1, col_offset=0)
    return ast.Assign([target], value, lineno=1, col_offset=0)


def update(variable: str, operator: ast.operator, value: ast.expr) -> ast.AugAssign:
    """Changes a variable by a value, such as `variable += value`."""
    target = ast.Name(variable, _STORE, lineno=1, col_offset=0)
    return ast.AugAssign(target, operator, value, lineno=1, col_offset=0)


def do(expression: ast.expr) -> ast.Expr:
    """A statement that is there for what the expression does."""
    return ast.Expr(expression, lineno=1, col_offset=0)


def when(test: ast.expr, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt] = ()) -> ast.If:
    return ast.If(test, list(body), list(otherwise), lineno=1, col_offset=0)


def for_each(variable: str, values: ast.expr, body: Sequence[ast.stmt]) -> ast.For:
    target = ast.Name(variable, _STORE, lineno=1, col_offset=0)
    return ast.For(target, values, list(body), [], lineno=1, col_offset=0)


def give(value: ast.expr) -> ast.Return:
    return ast.Return(value, lineno=1, col_offset=0)


def function(title: str, parameters: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """The definition of a function that takes its arguments by position."""
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(each, lineno=1, col_offset=0) for each in parameters],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    return ast.FunctionDef(title, arguments, list(body), [], lineno=1, col_offset=0)


def module(*body: ast.stmt) -> ast.Module:
    return ast.Module(list(body), type_ignores=[])
