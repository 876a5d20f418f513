"""The times inside a model, and a machine in another time zone."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import BaseModel

FAR_ZONE = "Asia/Kolkata"


def times(model: BaseModel, place: str = "") -> Iterator[tuple[str, datetime]]:
    """Every time in a model, with its place."""
    for name, value in model:
        where = f"{place}.{name}".lstrip(".")
        if isinstance(value, datetime):
            yield where, value
        elif isinstance(value, BaseModel):
            yield from times(value, where)


@contextmanager
def in_zone(zone: str) -> Generator[None]:
    """Sets the machine's local time zone, where the system can."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    _settle_zone()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        _settle_zone()


def _settle_zone() -> None:
    if hasattr(time, "tzset"):
        time.tzset()
