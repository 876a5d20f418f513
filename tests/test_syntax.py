"""Syntax nodes compile as they are, and one test needs no joining."""

from __future__ import annotations

import ast
from typing import Any

from alignkit import syntax


def run(*body: ast.stmt) -> Any:
    bound: dict[str, Any] = {}
    exec(compile(syntax.module(syntax.function("run", ["value"], body)), "<test>", "exec"), bound)
    return bound["run"]


def test_a_function_compiles_without_positions_being_filled_in() -> None:
    negative = syntax.compare(syntax.name("value"), ast.Lt(), syntax.constant(0))
    function = run(
        syntax.assign("found", syntax.new_list()),
        syntax.for_each(
            "each",
            syntax.sequence(syntax.name("value"), syntax.constant(1)),
            [syntax.do(syntax.call(syntax.attribute(syntax.name("found"), "append"), syntax.name("each")))],
        ),
        syntax.update("value", ast.Mult(), syntax.constant(2)),
        syntax.when(negative, [syntax.give(syntax.constant(None))]),
        syntax.give(
            syntax.new_list(
                syntax.spread(syntax.name("found")),
                syntax.combine(syntax.name("value"), ast.Sub(), syntax.constant(2)),
            )
        ),
    )
    assert function(5) == [5, 1, 8]
    assert function(-1) is None


def test_tests_are_joined_one_after_the_other() -> None:
    big = syntax.compare(syntax.name("value"), ast.Gt(), syntax.constant(9))
    even = syntax.compare(syntax.name("value"), ast.In(), syntax.sequence(syntax.constant(2), syntax.constant(12)))
    joined = run(
        syntax.give(syntax.choice(syntax.every([big, even]), syntax.constant("both"), syntax.some([big, even])))
    )
    assert [joined(value) for value in (12, 11, 2, 3)] == ["both", True, True, False]
    assert run(syntax.give(syntax.denied(big)))(3) is True


def test_one_test_stands_for_itself() -> None:
    only = syntax.name("value")
    assert syntax.every([only]) is only
    assert syntax.some([only]) is only
