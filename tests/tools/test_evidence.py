"""Holds the committed table of evidence to what the tests of the connectors say now."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_committed_table_says_what_was_seen() -> None:
    page = runpy.run_path(str(ROOT / "tools" / "evidence.py"))["page"]
    committed = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    assert committed == page(), "run `tools/evidence.py` and commit what it writes"
