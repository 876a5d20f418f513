"""Writes the function that brings one record's values to what fields hold: a statement for each, and no loop.

A loop over the fields of a record would take three times as long, and is what reading a page would spend most on.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from alignkit import syntax
from alignkit.connectors.records.shape import Values

Fill = Callable[[Any, Values], Values]
"""Takes a record and the values that it adds to; returns these."""


_NAMELESS: Mapping[str, Any] = {}


class Step(NamedTuple):
    """One value of a record.

    Attributes:
        name: of the value.
        sources: expressions of `record`, of which the first that gives anything counts.
        convert: what makes of the value what the field holds; None where it is that.
        is_text: whether a number is to become text first.
        keeps_null: whether a null is a value; otherwise it adds nothing.
        may_lack: whether a source tells that the record lacks the value; otherwise it gives a null then.
    """

    name: str
    sources: Sequence[ast.expr]
    convert: Callable[[Any], Any] | None = None
    is_text: bool = False
    keeps_null: bool = False
    may_lack: bool = True


def filler(
    steps: Sequence[Step],
    nothing: object,
    first: Iterable[ast.stmt] = (),
    known: Mapping[str, Any] = _NAMELESS,
) -> Fill:
    """The function that takes these steps.

    Args:
        steps: a statement or two for each.
        nothing: what a source gives where the record lacks the value.
        first: statements before all steps.
        known: what is named in them.

    What comes from a declaration stands in it as a constant or is bound to a name of ours; none of it is read as code.
    """
    bound: dict[str, Any] = {**known, "nothing": nothing, "element": partial(_element, nothing)}
    body: list[ast.stmt] = [*first]
    for number, step in enumerate(steps):
        convert = f"convert{number}" if step.convert else ""
        bound[convert] = step.convert
        body += _statements(step, convert)
    fill = syntax.function("fill", ["record", "values"], [*body, syntax.give(syntax.name("values"))])
    exec(compile(syntax.module(fill), "<records>", "exec"), bound)  # noqa: S102 - a tree of ours, see above
    made: Fill = bound["fill"]
    return made


def element(values: ast.expr, place: int) -> ast.expr:
    """What stands at a place of a list, where there is one and it reaches so far."""
    return syntax.call(syntax.name("element"), values, syntax.constant(place))


def _element(nothing: object, values: Sequence[object] | None, place: int) -> object:
    return values[place] if values and len(values) > place else nothing


def item(name: str) -> ast.expr:
    """What a record that is a dictionary has under a name; None where it has nothing."""
    return syntax.call(syntax.attribute(syntax.name("record"), "get"), syntax.constant(name))


def item_or_nothing(name: str) -> ast.expr:
    """The same where a null is told apart from what is missing."""
    return syntax.call(syntax.attribute(syntax.name("record"), "get"), syntax.constant(name), syntax.name("nothing"))


def _statements(step: Step, convert: str) -> list[ast.stmt]:
    value, nothing, null = syntax.name("value"), syntax.name("nothing"), syntax.constant(None)
    body: list[ast.stmt] = [syntax.assign("value", step.sources[0])]
    body += [
        syntax.when(syntax.compare(value, ast.Is(), nothing), [syntax.assign("value", source)])
        for source in step.sources[1:]
    ]
    made: ast.expr = value
    if step.is_text:
        is_text = syntax.compare(syntax.attribute(value, "__class__"), ast.Is(), syntax.name("str"))
        made = syntax.choice(is_text, value, syntax.call(syntax.name("str"), value))
    if convert:
        made = syntax.call(syntax.name(convert), made)
    is_there, is_said = syntax.compare(value, ast.IsNot(), nothing), syntax.compare(value, ast.IsNot(), null)
    if step.keeps_null:
        put = syntax.put("values", step.name, syntax.choice(is_said, made, null))
        return [*body, syntax.when(is_there, [put])]
    tests = [is_said, is_there] if step.may_lack else [is_said]
    return [*body, syntax.when(syntax.every(tests), [syntax.put("values", step.name, made)])]
