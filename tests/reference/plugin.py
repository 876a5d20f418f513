"""A plugin for policies to name, which changes at instants that its options list; and what pages and engine are told.

`toggle` holds from its first instant to the second, from the third to the fourth, and so on. It says beforehand when it
changes, now and then also when it does not. `fails` lists what of it raises: `holds`, `next_change`, `evidence`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any
from unittest.mock import patch

from alignkit.rules import ConditionPlugin

NAME = "toggle"
STEP = 40 * 86_400_000_000


def toggle(options: Mapping[str, Any]) -> ConditionPlugin:
    at, fails = sorted(options["at"]), options["fails"]

    def refuse(what: str) -> None:
        if what in fails:
            raise RuntimeError(what)

    def holds(_facts: Any, message: Any, now: int) -> bool:
        refuse("holds")
        return (sum(each <= now for each in at) % 2 == 1) is (message.channel == "email")

    def next_change(_facts: Any, _message: Any, now: int) -> int | None:
        refuse("next_change")
        nearest = min((each for each in at if each > now), default=None)
        return nearest if nearest is None else min(nearest, now + STEP)

    def evidence(facts: Any, _message: Any, _now: int) -> Iterator[str]:
        refuse("evidence")
        yield from ("", f"toggle/{len(at)}", "sends/0")
        yield from (row.ref for row in facts.holds)

    return ConditionPlugin(holds, next_change, evidence, frozenset({"holds"}))


@contextmanager
def installed() -> Generator[None]:
    """The plugin, as if a package offered it."""
    point = EntryPoint(NAME, f"{__name__}:toggle", "alignkit.conditions")

    def offered(group: str, name: str = NAME) -> list[EntryPoint]:
        return [point] if (group, name) == (point.group, NAME) else []

    with patch("alignkit.rules.plugins.entry_points", offered):
        yield


# What the page is told of it, with None for a fault


def answer_of(condition: Mapping[str, Any], case: Any) -> bool | None:
    """Whether it holds."""
    try:
        return toggle(condition["options"]).holds(case.facts, case.message, case.now)
    except Exception:  # noqa: BLE001 - damaged facts raise whatever they raise
        return None


def names_of(condition: Mapping[str, Any], case: Any) -> list[Any]:
    """What it holds because of."""
    try:
        return list(toggle(condition["options"]).evidence(case.facts, case.message, case.now))
    except Exception:  # noqa: BLE001 - damaged facts raise whatever they raise
        return []


def blind(condition: Mapping[str, Any]) -> bool:
    """Whether it is the condition of a plugin that cannot say when it changes."""
    return "plugin" in condition and "next_change" in condition["options"]["fails"]


def changes_of(condition: Mapping[str, Any]) -> list[int]:
    """The instants at which it changes, in any order; none where it cannot say when."""
    return [] if "plugin" not in condition or blind(condition) else condition["options"]["at"]
