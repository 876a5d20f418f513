"""Says what a connector takes: the parameters of its constructor, and which of them are secrets or paths."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import SecretStr
from typing_extensions import is_protocol

from alignkit.registry import Connector

_SECRET_ENDINGS = ("token", "password", "secret", "api_key")
"""A parameter so named is a secret even where its package does not declare it as one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a connector takes."""

    name: str
    is_required: bool
    is_secret: bool
    is_path: bool


def parameters(connector: Connector) -> list[Parameter]:
    """What a connector takes by name from a settings file, in its own order; `name` itself is the table's.

    What only a program can give, such as a `TokenStore`, is left out.
    """
    hints = _hints(connector)
    return [
        Parameter(
            name=one.name,
            is_required=one.default is one.empty,
            is_secret=sounds_secret(one.name) or _mentions(hints.get(one.name), SecretStr),
            is_path=_mentions(hints.get(one.name), os.PathLike),
        )
        for one in inspect.signature(connector).parameters.values()
        if one.name != "name"
        and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        and not any(map(is_protocol, _parts(hints.get(one.name))))
    ]


def sounds_secret(name: str) -> bool:
    """Whether a setting is a secret by its name, which is all that is known of what a connector checks itself."""
    return name.endswith(_SECRET_ENDINGS)


def takes_more(connector: Connector) -> bool:
    """Whether a connector checks further names itself."""
    return any(one.kind is one.VAR_KEYWORD for one in inspect.signature(connector).parameters.values())


def _hints(connector: Connector) -> dict[str, Any]:
    try:
        return get_type_hints(inspect.getattr_static(connector, "__init__"))
    except NameError:
        # A package may import names for type checkers alone; its secrets are then told by their names.
        return {}


def _mentions(hint: Any, wanted: type) -> bool:
    """Whether a type is, or is made of, the wanted one or a kind of it."""
    return any(issubclass(part, wanted) for part in _parts(hint))


def _parts(hint: Any) -> Iterator[type]:
    """The classes that a type is made of."""
    for part in (hint, get_origin(hint)):
        if isinstance(part, type):
            yield part
    for part in get_args(hint):
        yield from _parts(part)
