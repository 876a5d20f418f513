"""Finds the collected specs and recordings beside the project, or skips a test in words where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

CONTRACT = Path(__file__).parents[3] / "shared" / "contract"
FACTS = Path(__file__).parents[3] / "shared" / "facts" / "sources"


def needed(folder: Path) -> Path:
    """This folder; skips the test where it is not there."""
    if not folder.is_dir():
        pytest.skip(f"`{folder.parent.name}/{folder.name}` is not beside the project, so nothing is compared with it")
    return folder
