"""Conditions of installed packages are found, made, asked and guarded like built-in ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alignkit.errors import PolicyInvalid
from alignkit.models import Verdict
from alignkit.rules import Decision, Facts, Policy
from alignkit.rules.plugins import make, names

from .builders import NOW, TICK, at, issue, message

WEATHER = """
from alignkit.rules import ConditionPlugin

def storm(options):
    if "from" not in options:
        raise ValueError("`from` is missing; say when the storm begins")
    begins, ends = options["from"], options["to"]
    return ConditionPlugin(
        holds=lambda facts, message, now: begins <= now < ends,
        next_change=lambda facts, message, now: next((at for at in (begins, ends) if at > now), None),
        evidence=lambda facts, message, now: [issue.ref for issue in facts.issues],
        needs=frozenset({"issues"}),
    )

def unsure(options):
    return ConditionPlugin(holds=lambda facts, message, now: options["answer"])

def broken(options):
    def holds(facts, message, now):
        raise RuntimeError("secret")
    return ConditionPlugin(holds=holds, next_change=holds, evidence=holds)

def silent(options):
    def says(facts, message, now):
        raise RuntimeError("secret")
    return ConditionPlugin(holds=lambda facts, message, now: True, next_change=says, evidence=says)

def stuck(options):
    return ConditionPlugin(holds=lambda facts, message, now: True, next_change=lambda facts, message, now: now)

def guessing(options):
    return ConditionPlugin(holds=lambda facts, message, now: True, next_change=lambda facts, message, now: now + 0.5)

def leaving(options):
    def leave(facts, message, now):
        raise SystemExit(3)
    return ConditionPlugin(holds=leave, next_change=leave, evidence=leave)

def gone_at_once(options):
    raise SystemExit(3)

def needy(options):
    return options["absent"]

def useless(options):
    return None
"""
POINTS = ["storm", "unsure", "broken", "silent", "stuck", "guessing", "leaving", "gone_at_once", "needy", "useless"]


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A package with conditions, and a way to install another that offers one of these names."""

    def install(package: str, *points: str) -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "".join(f"{point} = made_up_weather:{point}\n" for point in points)
        (info / "entry_points.txt").write_text(f"[alignkit.conditions]\n{lines}gone = no_such_module:gone\n")

    (tmp_path / "made_up_weather.py").write_text(WEATHER)
    install("weather", *POINTS)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "made_up_weather", raising=False)
    return lambda package: install(package, "storm")


def toml(plugin: str, options: str = "{}", effect: str = "suppress") -> str:
    outcome = 'outcome = "defer"\n' if effect == "suppress" else ""
    return (
        f'name = "shop"\n[[rules]]\nid = "weather"\neffect = "{effect}"\n{outcome}reason = "bad weather ({{rows}})"\n'
        f'[rules.when]\nplugin = "{plugin}"\noptions = {options}\n'
    )


def decided(plugin: str, options: str = "{}", effect: str = "suppress") -> Decision:
    return Policy.from_toml(toml(plugin, options, effect)).decide(Facts("c1", issues=[issue()]), message(), NOW)


def refusal(plugin: str, options: str = "{}") -> str:
    with pytest.raises(PolicyInvalid) as refused:
        Policy.from_toml(toml(plugin, options))
    return str(refused.value)


def storm(begins: timedelta, ends: timedelta) -> str:
    return f"{{ from = {at(NOW + begins)}, to = {at(NOW + ends)} }}"


def test_a_plugin_holds_a_message_until_it_says_that_it_changes() -> None:
    decision = decided("storm", storm(-TICK, timedelta(hours=3)))
    assert decision.verdict is Verdict.SUPPRESS
    assert decision.evidence == ("desk/issue/1",)
    assert decision.until == NOW + timedelta(hours=3)
    assert "bad weather (desk/issue/1)" in decision.explain()


def test_a_storm_to_come_is_known_beforehand() -> None:
    decision = decided("storm", storm(timedelta(hours=1), timedelta(hours=3)))
    assert (decision.verdict, decision.until) == (Verdict.SEND, NOW + timedelta(hours=1))


def test_a_store_is_told_what_a_plugin_reads() -> None:
    assert Policy.from_toml(toml("storm", storm(-TICK, TICK))).needs == {"issues"}


def test_a_policy_with_a_plugin_survives_toml_and_json() -> None:
    policy = Policy.from_toml(toml("unsure", '{ answer = true, "a key" = ["x", 1.5] }'))
    assert Policy.from_toml(policy.to_toml()) == policy
    assert Policy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize("answer", ["1", '"yes"', "[]"])
def test_an_answer_that_is_neither_yes_nor_no_is_a_fault(answer: str) -> None:
    decision = decided("unsure", f"{{ answer = {answer} }}")
    assert decision.errors == ("the rule `weather` could not be evaluated",)
    assert decision.verdict is Verdict.SUPPRESS
    assert decided("unsure", f"{{ answer = {answer} }}", "exempt").verdict is Verdict.SEND


def test_a_plugin_that_raises_holds_the_message_and_tells_nothing_of_its_error() -> None:
    decision = decided("broken")
    assert (decision.verdict, decision.rules, decision.until) == (Verdict.SUPPRESS, ("weather",), None)
    assert "secret" not in decision.to_json()


@pytest.mark.parametrize("plugin", ["silent", "stuck", "guessing"])
def test_a_plugin_that_cannot_say_why_or_until_when_holds_all_the_same_and_the_decision_tells(plugin: str) -> None:
    decision = decided(plugin)
    assert (decision.verdict, decision.evidence, decision.until) == (Verdict.SUPPRESS, (), None)
    said = f"the condition `{plugin}` cannot say when it changes"
    assert decision.errors == (said,)
    assert decision.explain() == f"hold: bad weather (nothing on record) (note: {said})"
    assert said in decision.to_json()


def test_a_plugin_that_never_changes_or_says_when_is_no_error() -> None:
    assert decided("unsure", "{ answer = true }").errors == ()
    assert decided("storm", storm(-TICK, TICK)).errors == ()


def test_a_plugin_of_a_rule_about_other_messages_is_no_error() -> None:
    policy = Policy.from_toml(toml("stuck").replace("[rules.when]", 'channels = ["sms"]\n[rules.when]'))
    assert policy.decide(Facts(), message(), NOW).errors == ()
    assert policy.withhold(message(channel="sms"), NOW, "the store did not answer").errors == (
        "the store did not answer",
    )


def test_a_plugin_cannot_end_the_process() -> None:
    decision = decided("leaving")
    assert (decision.verdict, decision.evidence, decision.until) == (Verdict.SUPPRESS, (), None)
    assert decision.errors == (
        "the rule `weather` could not be evaluated",
        "the condition `leaving` cannot say when it changes",
    )
    assert "`gone_at_once` cannot use its options (SystemExit); correct them" in refusal("gone_at_once")


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ("sun", "`rules[0].when.plugin` `sun` is no condition that is installed; there are broken, gone, gone_at_once"),
        ("gone", "`gone` cannot be loaded (ModuleNotFoundError); install its package again"),
        ("storm", "`storm` refuses its options: `from` is missing; say when the storm begins"),
        ("needy", "`needy` cannot use its options (KeyError); correct them"),
        ("useless", "`useless` makes no `ConditionPlugin`; report it to the authors of its package"),
    ],
)
def test_a_policy_whose_plugin_cannot_be_made_is_refused(plugin: str, said: str) -> None:
    assert said in refusal(plugin)


def test_a_name_that_two_packages_offer_is_refused(installed: Callable[[str], None]) -> None:
    installed("climate")
    assert "`storm` is offered by two installed packages; remove one of them" in refusal("storm")


def test_options_without_a_value_are_refused() -> None:
    text = Policy.from_toml(toml("unsure", "{ answer = true }")).to_json().replace("true\n", "null\n")
    with pytest.raises(PolicyInvalid, match="have a null"):
        Policy.from_json(text)


def test_plugins_are_listed_and_made_by_name() -> None:
    assert set(POINTS) <= set(names())
    made: Any = make("unsure", {"answer": False})
    assert made.holds(Facts(), message(), 0) is False
