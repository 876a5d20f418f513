"""The embedded store: one SQLite file, safe for several processes, readable with any SQLite tool."""

from __future__ import annotations

from alignkit.stores.sqlite.erasure import Erasure


class SQLiteStore(Erasure):
    """Keeps everything in one SQLite file, in write-ahead mode with full synchronisation.

    Args:
        path: the file; it is made where it does not exist, and its folder must exist.
        patience: how long to wait for another process that is writing, 30 seconds by default.

    Raises:
        StoreUnavailable: the file cannot be opened, is locked for longer than `patience`, or the disk is full.
        StoreDamaged: the file is damaged, of another program, or of a newer alignkit.
    """


__all__ = ["SQLiteStore"]
