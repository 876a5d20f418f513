"""What a rule cites: rows of facts, each by the thing that it is or that it was read from."""

from __future__ import annotations

from typing import Any

Cited = tuple[str, Any]
"""A row, behind the name of its collection."""

PLUGINS = "plugins"
"""Stands before what a plugin names: a reference in the place of a row."""


def reference(collection: str, row: Any) -> str:
    """What a row is cited as: the thing that it is, or that it was read from (`source/type/id`); empty without one."""
    if collection == PLUGINS:
        return row if isinstance(row, str) else ""
    name = getattr(row, "thing" if collection == "signals" else "ref", None)
    return name if isinstance(name, str) else ""
