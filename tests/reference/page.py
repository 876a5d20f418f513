"""Reads the tables of fields in `docs/policy-semantics.md`, so that what is generated is what the page allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "policy-semantics.md"


class Field(NamedTuple):
    """A row of a table; without words, the field takes any text."""

    kind: str
    may_be_absent: bool
    words: tuple[str, ...]


def tables() -> dict[str, dict[str, Field]]:
    """The fields of each collection, of `customer` and of `message`."""
    sections = re.split(r"^### Fields: (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    found = {name: dict(map(_field, _rows(text))) for name, text in zip(sections[1::2], sections[2::2], strict=True)}
    return found | {"account_issues": found["issues"], "all_issues": found["issues"]}


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _field(cells: list[str]) -> tuple[str, Field]:
    name, kind, may_be_absent, words = cells
    return name.strip("`"), Field(kind, may_be_absent == "yes", tuple(re.findall(r"`(\w+)`", words)))
