"""Reads TOML and JSON into plain values, bounded, and writes a policy as TOML; says in one text what is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from alignkit.errors import AlignkitError, PolicyInvalid
from alignkit.rules.conditions import Misplaced

LARGEST = 1_000_000
"""Bytes; a larger document is refused before it is parsed."""

DEEPEST = 32
"""Levels of tables and lists; a deeper document is refused."""

MOST_PARTS = 8
"""A dotted key, or the name of a table, with more parts is refused: many of them make TOML slow to parse."""

MOST_TABLES = 20_000
"""Headers of tables; each costs the reader of TOML many times what a line of values does."""

_SHOWN = 3
# What TOML does not read as keys: texts and comments. Each alternative begins with a sign of its own, so it is linear.
_NO_KEYS = re.compile(
    r'''"""(?:[^\\"]|\\.|"(?!""))*+"""|\'{3}(?:[^\']|\'(?!\'\'))*+\'{3}|"(?:[^\\"\n]|\\.)*+"|\'[^\'\n]*+\'|\#[^\n]*+''',
    re.DOTALL,
)
_AROUND_DOTS = re.compile(r"(?<![ \t])[ \t]*+\.[ \t]*+")
_LONG_KEY = re.compile(rf"(?<![\w.-])[\w-]++(?:\.[\w-]++){{{MOST_PARTS}}}")
_HEADER = re.compile(r"^[ \t]*+\[", re.MULTILINE)
_ALTERNATIVES = ("bool", "int", "float", "str")  # as a validation names the kinds that a value may be of
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of document.

    Attributes:
        name: what it is called in a refusal.
        error: as what it is refused.
        endings: of the names of its files.
    """

    name: str
    error: type[AlignkitError]
    endings: tuple[str, str] = (".toml", ".json")


POLICY = Form("the policy", PolicyInvalid)


class _Excess(ValueError):
    """Something is out of bounds, whatever the text says elsewhere."""


def read_toml(text: str | bytes, form: Form = POLICY) -> Tree:
    """The plain values of a TOML document.

    Raises:
        PolicyInvalid: not TOML, or out of bounds; the form may name another error.
    """
    return _read(text, _loads_toml, "TOML", form)


def read_json(text: str | bytes, form: Form = POLICY) -> Tree:
    """The plain values of a JSON document whose root is an object without repeated names.

    Raises:
        PolicyInvalid: not such JSON, or out of bounds; the form may name another error.
    """
    return _read(text, _loads_json, "JSON", form)


def read_file(path: Path, form: Form = POLICY) -> Tree:
    """The plain values of a file, TOML or JSON by its suffix.

    Raises:
        PolicyInvalid: the file cannot be read, is neither, or is out of bounds; the form may name another error.
    """
    called = replace(form, name=f"{form.name} `{_shown(path)}`")
    text = _bytes_of(path, called)
    if not path.name.lower().endswith(form.endings):
        raise called.error(
            f"{called.name} ends neither in {' nor in '.join(f'`{one}`' for one in form.endings)}; rename it"
        )
    return (read_toml if path.suffix.lower() == ".toml" else read_json)(text, called)


def _bytes_of(path: Path, form: Form) -> bytes:
    """The beginning of a file: enough to see that it is too large."""
    try:
        if path.exists() and not path.is_file():
            raise form.error(f"{form.name} is a folder or a device; give the path of a file")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise form.error(f"{form.name} cannot be read: {why}; check its path") from None
    except ValueError:
        raise form.error(f"{form.name} cannot be read: no path has such a character; check its path") from None


def _shown(path: Path) -> str:
    """The name of a file; of a place without one, such as the current folder, its path."""
    return "".join(sign if sign.isprintable() else "?" for sign in (path.name or str(path))[:80])


def _read(text: str | bytes, parse: Callable[[str], Tree], language: str, form: Form) -> Tree:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise form.error(f"{form.name} is larger than {LARGEST:,} bytes; split it")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        tree = parse(decoded.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise form.error(f"{form.name} is not UTF-8; save it in that encoding") from None
    except RecursionError:
        raise form.error(f"{form.name} {_too_deep()}") from None
    except _Excess as error:
        raise form.error(f"{form.name} {error}") from None
    except ValueError as error:
        said, _, _ = str(error).partition("; use ")  # a remedy for programmers
        raise form.error(f"{form.name} is not {language}: {_uncapitalised(said)}; correct it there") from None
    if _depth_exceeds(tree, DEEPEST):
        raise form.error(f"{form.name} {_too_deep()}")
    return tree


def _too_deep() -> str:
    return f"is nested deeper than {DEEPEST} levels; flatten it"


def _loads_toml(text: str) -> Tree:
    """A key of a million parts would take hours, and tables without end minutes: both are told before it is parsed."""
    keys = _AROUND_DOTS.sub(".", _NO_KEYS.sub("x", text))
    if _LONG_KEY.search(keys):
        raise _Excess(f"has a key of more than {MOST_PARTS} parts; write tables inside tables, or shorten it")
    if sum(1 for _ in _HEADER.finditer(keys)) > MOST_TABLES:
        raise _Excess(f"has more than {MOST_TABLES:,} tables; split it")
    return tomllib.loads(text)


def _loads_json(text: str) -> Tree:
    tree = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    if isinstance(tree, dict):
        return cast("Tree", tree)
    raise ValueError("its root is no object")


def _without_repeats(pairs: list[tuple[str, Any]]) -> Tree:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
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
    told: dict[str, list[dict[str, Any]]] = {}
    for each in error.errors(include_url=False, include_input=False):
        told.setdefault(_path(_place(dict(each))), []).append(dict(each))
    found = [f"`{path}` {_what_to_do(complaints)}" for path, complaints in told.items()]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return PolicyInvalid(f"{what} was refused: {'; '.join(found[:_SHOWN])}{more}")


def _place(error: dict[str, Any]) -> tuple[str | int, ...]:
    cause, place = error.get("ctx", {}).get("error"), error["loc"]
    if len(place) > 1 and place[-1] in _ALTERNATIVES and error["type"] != "extra_forbidden":
        place = place[:-1]
    return (*place, *(cause.place if isinstance(cause, Misplaced) else ()))


def _path(place: tuple[str | int, ...]) -> str:
    """`rules[2].when.where[0].field`; the names in angle brackets tell kinds apart and are no part of the document."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step.startswith("<"):
            text += f".{step[:80]}" if text else step[:80]
    return text or "the document"


def _what_to_do(errors: Sequence[dict[str, Any]]) -> str:
    """What is wrong at one place; of a value that may be of several kinds, each says that it is none of its own."""
    kind, cause = errors[0]["type"], errors[0].get("ctx", {}).get("error")
    messages = [_uncapitalised(each["msg"]) for each in errors]
    if isinstance(cause, ValueError):
        return str(cause)
    if kind == "extra_forbidden":
        return "is not known here; remove it or correct its spelling"
    if kind == "missing":
        return "is missing; add it"
    if kind in ("test", "condition"):
        return messages[0]
    return f"cannot be used: {' or '.join(dict.fromkeys(messages))}; correct it"


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
