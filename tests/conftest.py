"""Settles how tests run: property tests are never judged by the clock, and no store waits for the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "alignkit",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    print_blob=True,
)
settings.load_profile("alignkit")


class Hurried(sqlite3.Connection):
    """A connection that leaves the writing to the system: only a loss of power could tell the difference."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with suppress(sqlite3.Error):  # no database at all; its test is told by what is asked next
            super().execute("PRAGMA synchronous = OFF")

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *parameters)


@pytest.fixture(autouse=True, scope="session")
def hurry() -> Iterator[None]:
    """Opens every file in a hurry; stores would spend more time on waiting for the disk than on all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Hurried))
        yield
