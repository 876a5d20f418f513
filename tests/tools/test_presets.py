"""Holds the committed page of presets to what they are now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from alignkit.rules.presets import PRESETS, preset

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "tools" / "presets.py"))
COMMITTED = (ROOT / "docs" / "presets.md").read_text("utf-8")


def test_the_committed_page_is_what_the_presets_are() -> None:
    assert SCRIPT["page"]() == COMMITTED, "run tools/presets.py"


@pytest.mark.parametrize("name", PRESETS)
def test_every_rule_of_a_preset_is_there_with_its_reason(name: str) -> None:
    for rule in preset(name).rules:
        assert f"| `{rule.id}` |" in COMMITTED
        assert rule.why in COMMITTED


@pytest.mark.parametrize("name", PRESETS)
def test_every_parameter_is_there(name: str) -> None:
    assert [field for field in PRESETS[name].model_fields if f"`{field}`" not in COMMITTED] == []
