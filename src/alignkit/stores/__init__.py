"""Where events, facts, checkpoints and the ledger are kept."""

from __future__ import annotations

from alignkit.stores.base import Store
from alignkit.stores.cohort import Cohort
from alignkit.stores.memory import MemoryStore
from alignkit.stores.records import (
    Applied,
    Batch,
    Became,
    Cause,
    Deferred,
    DeferredState,
    Forgotten,
    Lease,
    LedgerRow,
    LedgerState,
    QuarantineRow,
    Reach,
    SourceState,
    StreamState,
    Wave,
    WideHold,
)
from alignkit.stores.sqlite import SQLiteStore

__all__ = [
    "Applied",
    "Batch",
    "Became",
    "Cause",
    "Cohort",
    "Deferred",
    "DeferredState",
    "Forgotten",
    "Lease",
    "LedgerRow",
    "LedgerState",
    "MemoryStore",
    "QuarantineRow",
    "Reach",
    "SQLiteStore",
    "SourceState",
    "Store",
    "StreamState",
    "Wave",
    "WideHold",
]
