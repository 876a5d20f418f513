"""Puts off Python's cyclic garbage collection while very many objects are made that all go again at once.

A page of a thousand records makes tens of thousands of objects. The collector would look through them dozens of times
and find nothing; these passes took a seventh of the time that a page takes (docs/decisions/0005-ingest.md).
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_putting_off = 0
_was_enabled = False


@contextmanager
def put_off() -> Generator[None]:
    """Within the block nothing is collected; after it, whatever the program had chosen before.

    Meant for blocks of a fraction of a second that never wait for anything. Several threads may be inside at once.
    """
    global _putting_off, _was_enabled
    with _lock:
        if not _putting_off:
            _was_enabled = gc.isenabled()
            gc.disable()
        _putting_off += 1
    try:
        yield
    finally:
        with _lock:
            _putting_off -= 1
            if _was_enabled and not _putting_off:
                gc.enable()
