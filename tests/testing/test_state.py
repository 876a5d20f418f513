"""What two states differ in is said in words, and nothing is said where they do not differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alignkit.testing.state import State, difference

STATE = State(
    issues={"1": {"id": "1", "status": "open", "status_since": "x"}, "2": {"id": "2", "status": "done"}},
    people=frozenset({frozenset({"email:a@example.com"})}),
    told=frozenset({("issue", "1"), ("issue", "2")}),
    quarantined={},
)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"issues": {"1": STATE.issues["1"]}}, "issues lack 2"),
        ({"issues": {**STATE.issues, "3": {}}}, "issues have 3 beyond"),
        ({"issues": {**STATE.issues, "2": {"id": "2", "status": "open"}}}, "issue 2 has status 'open' not 'done'"),
        ({"people": frozenset[frozenset[str]]()}, "people lack email:a@example.com"),
        ({"told": frozenset({("issue", "1")})}, "told lack issue/2"),
        ({"quarantined": {"issue/9": "odd"}}, "quarantined have issue/9"),
    ],
)
def test_a_difference_is_named(changed: dict[str, Any], words: str) -> None:
    assert difference(STATE, STATE) == ""
    assert words in difference(replace(STATE, **changed), STATE)


def test_history_and_chosen_issues_can_be_left_out() -> None:
    assert STATE.without_history().issues["1"] == {"id": "1", "status": "open"}
    less = STATE.without(["1"])
    assert (set(less.issues), less.told) == ({"2"}, frozenset({("issue", "2")}))
