"""Writes the function that brings one record's values to what fields hold: a statement for each, and no loop.

A loop over the fields of a record would take three times as long, and is what reading a page would spend most on.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from alignkit.connectors.records.shape import Values

Fill = Callable[[Any, Values], Values]
"""Takes a record and the values that it adds to; returns these."""


class Step(NamedTuple):
    """One value of a record.

    Attributes:
        name: of the value.
        sources: expressions of `record`, of which the first that gives anything counts.
        convert: what makes of the value what the field holds; None where it is that.
        is_text: whether a number is to become text first.
        keeps_null: whether a null is a value; otherwise it adds nothing.
    """

    name: str
    sources: Sequence[ast.expr]
    convert: Callable[[Any], Any] | None = None
    is_text: bool = False
    keeps_null: bool = False


def filler(steps: Sequence[Step], nothing: object) -> Fill:
    """The function that takes these steps; `nothing` is what a source gives where the record lacks the value.

    What comes from a declaration stands in it as a constant or is bound to a name of ours; none of it is read as code.
    """
    bound: dict[str, Any] = {"nothing": nothing}
    body: list[ast.stmt] = []
    for number, step in enumerate(steps):
        convert = f"convert{number}" if step.convert else ""
        bound[convert] = step.convert
        body += _statements(step, convert)
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg("record"), ast.arg("values")], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    function = ast.FunctionDef(
        name="fill", args=arguments, body=[*body, ast.Return(_name("values"))], decorator_list=[], returns=None
    )
    module = ast.fix_missing_locations(ast.Module(body=[function], type_ignores=[]))
    exec(compile(module, "<records>", "exec"), bound)  # noqa: S102 - a tree of ours, see above
    made: Fill = bound["fill"]
    return made


def attribute(names: Sequence[str]) -> ast.expr:
    """The attribute of a record that these names lead to."""
    found: ast.expr = _name("record")
    for name in names:
        found = ast.Attribute(found, name, ast.Load())
    return found


def item(name: str) -> ast.expr:
    """What a record that is a dictionary has under a name."""
    get = ast.Attribute(_name("record"), "get", ast.Load())
    return ast.Call(get, [ast.Constant(name), _name("nothing")], [])


def _statements(step: Step, convert: str) -> list[ast.stmt]:
    value = _name("value")
    body: list[ast.stmt] = [_assign(step.sources[0])]
    body += [ast.If(_is("nothing"), [_assign(source)], []) for source in step.sources[1:]]
    made: ast.expr = value
    if step.is_text:
        is_text = ast.Compare(ast.Attribute(value, "__class__", ast.Load()), [ast.Is()], [_name("str")])
        made = ast.IfExp(is_text, value, ast.Call(_name("str"), [value], []))
    if convert:
        made = ast.Call(_name(convert), [made], [])
    is_there = ast.Compare(value, [ast.IsNot()], [_name("nothing")])
    is_said = ast.Compare(value, [ast.IsNot()], [ast.Constant(None)])
    if step.keeps_null:
        kept = ast.IfExp(is_said, made, ast.Constant(None))
        return [*body, ast.If(is_there, [_put(step.name, kept)], [])]
    return [*body, ast.If(ast.BoolOp(ast.And(), [is_said, is_there]), [_put(step.name, made)], [])]


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _is(name: str) -> ast.expr:
    return ast.Compare(_name("value"), [ast.Is()], [_name(name)])


def _assign(source: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name("value", ast.Store())], source)


def _put(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Subscript(_name("values"), ast.Constant(name), ast.Store())], value)
