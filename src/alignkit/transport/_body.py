"""Reads a body that a service sent, and refuses one that cannot be trusted."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn, Union, cast

from typing_extensions import TypeAliasType

from alignkit.errors import ResponseInvalid

JsonValue = TypeAliasType(
    "JsonValue",
    Union["dict[str, JsonValue]", "list[JsonValue]", str, int, float, bool, None],
)
"""What a JSON document can hold, as `json.loads` returns it."""

DEEPEST = 64
LONGEST_NUMBER = 64

_LONG_DIGITS = re.compile(rb"[0-9]{%d}" % (LONGEST_NUMBER + 1))
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,40}/[\w.+-]{1,40}", re.ASCII)
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)


def parsed_json(content: bytes, content_type: str) -> JsonValue:
    """The value a body holds; see `Response.json`."""
    # Looking at every integer costs a call each, so it is done only where a long one may be.
    parse_int = _bounded_int if _LONG_DIGITS.search(content) else None
    problem = ""
    try:
        value: JsonValue = json.loads(
            content, parse_int=parse_int, parse_float=_bounded_float, parse_constant=_refuse_constant
        )
    except RecursionError:
        problem = f"it nests deeper than {DEEPEST} levels"
    except _NumberRefusedError:
        problem = f"it holds a number that is not finite or has more than {LONGEST_NUMBER} digits"
    except ValueError:
        problem = _why_not_json(content, content_type)
    else:
        if not _is_deep(value):
            return value
        problem = f"it nests deeper than {DEEPEST} levels"
    # Raised outside the `except` block: the decoder's error carries the whole body.
    raise ResponseInvalid(f"the answer ({described(content, content_type)}) cannot be used: {problem}")


def parsed_text(content: bytes, content_type: str) -> str:
    """The text a body holds; see `Response.text`."""
    named = _CHARSET.search(content_type)
    charset = named[1] if named else "utf-8"
    try:
        return content.decode(charset)
    except (UnicodeDecodeError, LookupError):
        pass
    raise ResponseInvalid(f"the answer ({described(content, content_type)}) is not text in `{charset}`")


def described(content: bytes, content_type: str) -> str:
    """Media type and length of a body: what may be said about it in a text."""
    media_type = _MEDIA_TYPE.match(content_type.strip())
    return f"{f'`{media_type[0]}`' if media_type else 'of no named type'}, {len(content):,} bytes"


def _why_not_json(content: bytes, content_type: str) -> str:
    if not content.strip():
        return "it is empty"
    if "html" in content_type.lower() or content.lstrip()[:1] == b"<":
        return "it is a web page; check that `base_url` is the service's root and needs no login page"
    return "it is not JSON, or was cut short"


def _is_deep(value: JsonValue) -> bool:
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        if not level:
            return False
        level = [
            child
            for node in level
            for child in (cast("dict[str, Any]", node).values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)


class _NumberRefusedError(ValueError):
    """A number that no honest service sends."""


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise _NumberRefusedError
    return int(digits)


def _bounded_float(digits: str) -> float:
    number = float(digits)
    if len(digits) > LONGEST_NUMBER or not math.isfinite(number):
        raise _NumberRefusedError
    return number


def _refuse_constant(_name: str) -> NoReturn:
    raise _NumberRefusedError
