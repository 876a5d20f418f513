"""Policies that are compared may name a plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .plugin import installed


@pytest.fixture(autouse=True)
def _plugin() -> Iterator[None]:
    with installed():
        yield
