"""A store that lives and dies with the process: the SQLite store, on no file."""

from __future__ import annotations

from alignkit.stores.sqlite import SQLiteStore
from alignkit.stores.sqlite.database import MEMORY


class MemoryStore(SQLiteStore):
    """Keeps everything in memory, by the same code as the file store; for tests and one-off scripts."""

    def __init__(self) -> None:
        super().__init__(MEMORY)
