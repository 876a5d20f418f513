"""A SQLite store whose connection fails at a statement of one's choice."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from alignkit.stores import SQLiteStore


class Fuse:
    """Counts the statements of a store and makes one of them fail; `at` 0 for none."""

    def __init__(self) -> None:
        self.at = 0
        self.statements = 0

    def burn(self) -> None:
        self.statements += 1
        if self.statements == self.at:
            raise sqlite3.OperationalError("made up for a test")

    def arm(self, at: int) -> None:
        self.at, self.statements = at, 0


class BreakableStore(SQLiteStore):
    """A store with a fuse in its writing."""

    def __init__(self, path: Path) -> None:
        self.fuse = Fuse()
        super().__init__(path)

    def _connect(self) -> sqlite3.Connection:
        fuse = self.fuse

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if self.in_transaction and not sql.startswith("ROLLBACK"):
                    fuse.burn()
                return super().execute(sql, *parameters)

            def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                fuse.burn()
                return super().executemany(sql, *parameters)

        return sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256, factory=Connection
        )


def dump(path: Path) -> list[str]:
    """Everything in a store's file, as SQL."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()
