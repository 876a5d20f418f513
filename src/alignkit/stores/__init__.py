"""Where events, facts, checkpoints and the ledger are kept."""

from __future__ import annotations

from alignkit.stores.base import Store
from alignkit.stores.memory import MemoryStore
from alignkit.stores.sqlite import SQLiteStore

__all__ = ["MemoryStore", "SQLiteStore", "Store"]
