"""Holds the store in memory to what every store promises."""

from __future__ import annotations

from pathlib import Path

from alignkit.stores import MemoryStore, Store
from alignkit.testing.stores import StoreTests


class TestMemoryStore(StoreTests):
    def open(self, folder: Path) -> Store:
        return MemoryStore()
