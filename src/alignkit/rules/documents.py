"""Reads a policy's TOML or JSON text into plain values, bounded, and writes it; says in one text what is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from alignkit.errors import PolicyInvalid
from alignkit.rules.conditions import Misplaced

LARGEST = 1_000_000
"""Bytes; a larger document is refused before it is parsed."""

DEEPEST = 32
"""Levels of tables and lists; a deeper document is refused."""

_SHOWN = 3
# What TOML does not read as keys: texts and comments. Each alternative begins with a sign of its own, so it is linear.
_NO_KEYS = re.compile(
    r'''"""(?:[^\\"]|\\.|"(?!""))*+"""|\'{3}(?:[^\']|\'(?!\'\'))*+\'{3}|"(?:[^\\"\n]|\\.)*+"|\'[^\'\n]*+\'|\#[^\n]*+''',
    re.DOTALL,
)
_AROUND_DOTS = re.compile(r"(?<![ \t])[ \t]*+\.[ \t]*+")
_LONG_KEY = re.compile(rf"(?<![\w.-])[\w-]++(?:\.[\w-]++){{{DEEPEST}}}")
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
Tree = dict[str, Any]


def read_toml(text: str | bytes) -> Tree:
    """The plain values of a TOML document.

    Raises:
        PolicyInvalid: not TOML, or out of bounds.
    """
    return _read(text, _loads_toml, "TOML")


def read_json(text: str | bytes) -> Tree:
    """The plain values of a JSON document whose root is an object without repeated names.

    Raises:
        PolicyInvalid: not such JSON, or out of bounds.
    """
    return _read(text, _loads_json, "JSON")


def read_file(path: Path) -> Tree:
    """The plain values of a `.toml` or `.json` file.

    Raises:
        PolicyInvalid: the file cannot be read, is neither, or is out of bounds.
    """
    read = {".toml": read_toml, ".json": read_json}.get(path.suffix.lower())
    if read is None:
        raise PolicyInvalid(f"the policy `{path.name}` ends neither in `.toml` nor in `.json`; rename it")
    if path.exists() and not path.is_file():
        raise PolicyInvalid(f"the policy `{path.name}` is a folder or a device; give the path of a file")
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise PolicyInvalid(f"the policy `{path.name}` cannot be read: {why}; check its path") from None
    return read(text)


def _read(text: str | bytes, parse: Callable[[str], Tree], form: str) -> Tree:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise PolicyInvalid(f"the policy is larger than {LARGEST:,} bytes; split it")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        tree = parse(decoded.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise PolicyInvalid("the policy is not UTF-8; save it in that encoding") from None
    except RecursionError:
        raise PolicyInvalid(_too_deep()) from None
    except ValueError as error:
        raise PolicyInvalid(f"the policy is not {form}: {_uncapitalised(str(error))}; correct it there") from None
    if _depth_exceeds(tree, DEEPEST):
        raise PolicyInvalid(_too_deep())
    return tree


def _too_deep() -> str:
    return f"the policy is nested deeper than {DEEPEST} levels; flatten it"


def _loads_toml(text: str) -> Tree:
    """A dotted key of a million parts would take hours, so keys are measured before they are parsed."""
    keys = _AROUND_DOTS.sub(".", _NO_KEYS.sub("x", text))
    if _LONG_KEY.search(keys):
        raise RecursionError
    return tomllib.loads(text)


def _loads_json(text: str) -> Tree:
    tree = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    if isinstance(tree, dict):
        return cast("Tree", tree)
    raise ValueError("its root is no object")


def _without_repeats(pairs: list[tuple[str, Any]]) -> Tree:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"`{twice[:80]}` is given twice")
    return tree


def _refuse_constant(name: str) -> float:
    raise ValueError(f"`{name}` is no JSON number")


def _depth_exceeds(tree: Tree, limit: int) -> bool:
    """Level by level, for a recursive walk would itself be defeated by depth."""
    level: list[object] = [tree]
    for _ in range(limit):
        level = [inside for value in level for inside in _containers(value)]
    return bool(level)


def _containers(value: object) -> list[object]:
    inside = cast("Tree", value).values() if isinstance(value, dict) else cast("list[object]", value)
    return [each for each in inside if isinstance(each, dict | list)]


def refusal(error: ValidationError, what: str) -> PolicyInvalid:
    """One error that names the first places where validation failed, and what to do there."""
    found = [_complaint(dict(each)) for each in error.errors(include_url=False, include_input=False)]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return PolicyInvalid(f"{what} was refused: {'; '.join(found[:_SHOWN])}{more}")


def _complaint(error: dict[str, Any]) -> str:
    cause = error.get("ctx", {}).get("error")
    place = (*error["loc"], *(cause.place if isinstance(cause, Misplaced) else ()))
    return f"`{_path(place)}` {_what_to_do(error['type'], error['msg'], cause)}"


def _path(place: tuple[str | int, ...]) -> str:
    """`rules[2].when.where[0].field`; the names in angle brackets tell kinds apart and are no part of the document."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step.startswith("<"):
            text += f".{step[:80]}" if text else step[:80]
    return text or "the document"


def _what_to_do(kind: str, message: str, cause: object) -> str:
    if isinstance(cause, ValueError):
        return str(cause)
    if kind == "extra_forbidden":
        return "is not known here; remove it or correct its spelling"
    if kind == "missing":
        return "is missing; add it"
    return message if kind in ("test", "condition") else f"cannot be used: {_uncapitalised(message)}; correct it"


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def write_toml(tree: Mapping[str, Any]) -> str:
    """A TOML document of these values: tables inside lists become `[[name]]`, deeper ones stay inline."""
    lines = [f"{name} = {_toml(value)}" for name, value in tree.items() if not _is_tables(value)]
    for name, value in tree.items():
        if _is_tables(value):
            for table in value:
                lines += ["", f"[[{name}]]", *_toml_table(name, table)]
    return "\n".join(lines) + "\n"


def _toml_table(name: str, table: Mapping[str, Any]) -> list[str]:
    plain = [f"{key} = {_toml(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            inside = cast("Tree", value)
            plain += [f"[{name}.{key}]", *(f"{each} = {_toml(deep, lines=True)}" for each, deep in inside.items())]
    return plain


def _toml_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in cast("list[object]", value))


def _toml(value: object, *, lines: bool = False) -> str:
    if isinstance(value, dict):
        pairs = [f"{_toml_key(name)} = {_toml(inside)}" for name, inside in cast("Tree", value).items()]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        parts = [_toml(inside) for inside in cast("list[object]", value)]
        return "[\n" + "".join(f"  {part},\n" for part in parts) + "]" if lines and parts else f"[{', '.join(parts)}]"
    # JSON and TOML agree on booleans, numbers and quoted strings, but for this one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
