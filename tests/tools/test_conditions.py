"""Holds the committed reference of conditions to what the models say now."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from alignkit.rules.policy import Rule

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "tools" / "conditions.py"))
COMMITTED = (ROOT / "docs" / "reference" / "conditions.md").read_text("utf-8")
CONDITIONS: dict[str, Any] = SCRIPT["kinds"](SCRIPT["Condition"])


def test_the_committed_page_is_what_the_models_say() -> None:
    assert SCRIPT["page"]() == COMMITTED, "run tools/conditions.py"


@pytest.mark.parametrize("key", sorted(CONDITIONS))
def test_every_condition_has_its_heading_and_an_example_that_uses_it(key: str) -> None:
    assert f"\n### `{key}`\n" in COMMITTED
    assert key in SCRIPT["EXAMPLES"][key]


@pytest.mark.parametrize("key", sorted(set(CONDITIONS) - {"plugin"}))
def test_every_example_can_be_read_as_it_is_printed(key: str) -> None:
    block = SCRIPT["toml"](SCRIPT["EXAMPLES"][key], "when").removeprefix("```toml\n").removesuffix("```\n")
    when = tomllib.loads(block)["when"]
    rule = Rule.model_validate({"id": "x", "effect": "exempt", "when": when, "reason": "x"})
    assert rule.when.model_dump(by_alias=True, exclude_none=True).keys() >= {key}


def test_every_question_is_asked_of_some_kind() -> None:
    rows = [line for line in SCRIPT["questions"]() if line.startswith("| `")]
    assert len(rows) == len(SCRIPT["QUESTIONS"])
    assert not [row for row in rows if row.endswith("|  |")]
