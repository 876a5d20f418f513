"""What holds for every preset: it passes the check, says why, survives its files, and refuses wrong parameters."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from alignkit.errors import PolicyInvalid
from alignkit.models import Category, Message, Verdict
from alignkit.rules import Facts, Policy
from alignkit.rules.check import check
from alignkit.rules.presets import PRESETS, PresetName, preset

from .builders import HOUR, NOW, message, resolved

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in PRESETS),
    ("shop", {"zone": "Europe/Berlin"}),
    ("starter", {"on_unknown": "inactive"}),
    ("starter", {"only_priorities": ["high", "urgent"], "cool_down": "0s"}),
]


@pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=str)
def test_the_check_finds_nothing_wrong(name: str, parameters: dict[str, Any]) -> None:
    assert [finding.text for finding in check(preset(name, **parameters))] == []


def test_settings_can_name_every_preset() -> None:
    assert get_args(PresetName) == tuple(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_rule_says_why_it_exists(name: str) -> None:
    rules = preset(name).rules
    assert [rule.id for rule in rules if not rule.why.endswith(".")] == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_named_after_itself_and_survives_toml_and_json(name: str) -> None:
    made = preset(name)
    assert made.name == name
    assert Policy.from_toml(made.to_toml()) == Policy.from_json(made.to_json()) == made


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_touches_what_a_customer_must_get(name: str) -> None:
    made = preset(name)
    for category in (Category.TRANSACTIONAL, Category.LEGAL, Category.SERVICE_NOTICE, Category.RECOVERY):
        assert made.always_allows(Message(category=category, channel="email"))


@pytest.mark.parametrize(("name", "fields"), [("saas", {}), ("shop", {"reason": "pricing"}), ("subscription", {})])
def test_the_starter_s_rules_are_still_there(name: str, fields: dict[str, Any]) -> None:
    decision = preset(name).decide(Facts("c1", issues=[resolved(HOUR, **fields)]), message("promotional"), NOW)
    assert (decision.verdict, decision.rules) == (Verdict.SUPPRESS, ("cool-down",))


def test_the_starter_is_the_one_that_a_policy_begins_with() -> None:
    assert preset("starter", cool_down="72h") == Policy.starter(cool_down="72h")


def test_an_unknown_preset_and_a_wrong_parameter_are_refused_by_name() -> None:
    with pytest.raises(PolicyInvalid, match="no preset `shopp`; did you mean `shop`"):
        preset("shopp")
    with pytest.raises(PolicyInvalid, match="no preset `zzz`; there are `starter`"):
        preset("zzz")
    with pytest.raises(PolicyInvalid, match="the preset `shop` was refused: `most_mails`"):
        preset("shop", most_mails=0)
    with pytest.raises(PolicyInvalid, match="`quiet` is not known"):
        preset("shop", quiet="x")
