"""Plugins that break their word on valid facts are found, with the facts and the instant that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from alignkit.models import Message
from alignkit.rules import ConditionPlugin, Facts, Policy
from alignkit.rules.check import Fault, Finding, check
from alignkit.rules.check.probe import NOON
from alignkit.rules.conditions import PluginTest

from .builders import rule

DAY, HOUR = 86_400_000_000, 3_600_000_000
ENDS = NOON + 3 * DAY


def holds(_facts: Facts, _message: Message, now: int) -> bool:
    """Until the storm is over."""
    return now < ENDS


def says(_facts: Facts, _message: Message, now: int) -> int | None:
    return ENDS if now < ENDS else None


def refuses(*_: object) -> Any:
    raise RuntimeError


def named(answer: Any) -> Callable[..., Any]:
    def name(*_: object) -> Any:
        return answer

    return name


def hourly(_facts: Facts, _message: Message, now: int) -> int:
    return now - now % HOUR + HOUR


def late(_facts: Facts, _message: Message, now: int) -> int:
    return now + 20 * DAY


def holds_and_fails(facts: Facts, message: Message, now: int) -> bool:
    return holds(facts, message, now) or refuses()


def leaves(*_: object) -> Any:
    raise SystemExit


def offered(**_: str) -> list[EntryPoint]:
    return [EntryPoint("storm", "somewhere:make", "alignkit.conditions")]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Finding]]:
    """What the check finds of such a plugin's rule."""

    def checked(**functions: Any) -> list[Finding]:
        monkeypatch.setattr(EntryPoint, "load", named(named(ConditionPlugin(**functions))))
        monkeypatch.setattr("alignkit.rules.plugins.entry_points", offered)
        policy = Policy(name="x", rules=(rule(PluginTest(plugin="storm"), id="weather"),))
        return [finding for finding in check(policy) if finding.fault is Fault.FAILS]

    return checked


def test_a_plugin_that_keeps_its_word_is_well(found: Callable[..., list[Finding]]) -> None:
    assert found(holds=holds, next_change=says, evidence=named(["desk/storm/1"])) == []
    assert found(holds=named(answer=False)) == []


def test_an_answer_may_stay_the_same_at_the_instant_that_is_named(found: Callable[..., list[Finding]]) -> None:
    assert found(holds=holds, next_change=hourly) == []


@pytest.mark.parametrize("next_change", [named(None), named(ENDS + 1), late])
def test_one_that_changes_before_it_says_so_is_found(
    found: Callable[..., list[Finding]], next_change: Callable[..., int | None]
) -> None:
    [finding] = found(holds=holds, next_change=next_change)
    assert finding.rule == "weather"
    assert finding.text == "`storm`, which `weather` names, changes by 7 March at 12:00 UTC, which it does not say"
    assert "changes by 7 March" in finding.example.shows


def test_one_that_fails_later_is_found(found: Callable[..., list[Finding]]) -> None:
    assert "changes by 7 March" in found(holds=holds_and_fails)[0].text
    assert found(holds=holds_and_fails, next_change=says) == []


@pytest.mark.parametrize("next_change", [refuses, leaves, named(1.5), named(NOON), named("never"), named(answer=True)])
def test_one_that_cannot_say_when_it_changes_is_found(
    found: Callable[..., list[Finding]], next_change: Callable[..., Any]
) -> None:
    [finding] = found(holds=holds, next_change=next_change)
    assert finding.text == "`storm`, which `weather` names, cannot say when it changes"


@pytest.mark.parametrize("evidence", [refuses, leaves, named(None), named(7)])
def test_one_that_cannot_say_why_is_found(
    found: Callable[..., list[Finding]], evidence: Callable[..., Iterable[str]]
) -> None:
    [finding] = found(holds=holds, next_change=says, evidence=evidence)
    assert "cannot say what it holds because of" in finding.text


def test_one_that_names_no_texts_is_found(found: Callable[..., list[Finding]]) -> None:
    [finding] = found(holds=holds, next_change=says, evidence=named(["desk/storm/1", 7]))
    assert "holds because of something that is no text" in finding.text


@pytest.mark.parametrize("answer", [refuses, leaves, named(1)])
def test_one_that_cannot_be_evaluated_is_found_and_told_of_once(
    found: Callable[..., list[Finding]], answer: Callable[..., Any]
) -> None:
    [finding] = found(holds=answer, next_change=refuses, evidence=refuses)
    assert finding.text == "`weather` cannot be evaluated, so that messages wait that nothing speaks against"
