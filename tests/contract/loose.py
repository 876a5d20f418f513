"""Takes values of unknown make for what they are, in a way that type checkers follow."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a list."""
    return isinstance(value, list)


def mapping(value: object) -> dict[str, Any]:
    """A value that is an object; an empty one where it is none."""
    return value if is_mapping(value) else {}


def listed(value: object) -> list[Any]:
    """A value that is a list; an empty one where it is none."""
    return value if is_list(value) else []
