"""Holds the SQLite store to what every store promises."""

from __future__ import annotations

from pathlib import Path

from alignkit.stores import SQLiteStore, Store
from alignkit.testing.stores import StoreTests


class TestSQLiteStore(StoreTests):
    def open(self, folder: Path) -> Store:
        return SQLiteStore(folder / "align.db")
