"""Checks XRPC requests against the lexicons of the AT Protocol: method, parameters and input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from alignkit.transport import Request

from .loose import is_list, is_mapping, mapping
from .place import CONTRACT, needed

Definition = dict[str, Any]

FORMATS: Mapping[str, str] = {
    "did": r"did:[a-z]+:[A-Za-z0-9._:%-]+",
    "handle": r"([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*",
    "at-identifier": r"did:[a-z]+:[A-Za-z0-9._:%-]+|([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*",
    "at-uri": r"at://[^/\s]+(/[^/\s]+){0,2}",
    "nsid": r"[A-Za-z][A-Za-z0-9.-]+",
    "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "cid": r"[A-Za-z0-9+]{8,}",
    "uri": r"\S+:\S+",
}
METHODS = {"query": "GET", "procedure": "POST"}


def complaint(wanted: Request) -> str | None:
    """What the lexicon has against a request; None where it has nothing."""
    parts = urlsplit(wanted.url)
    name = parts.path.removeprefix("/xrpc/")
    found = _lexicons().get(name)
    if found is None or not parts.path.startswith("/xrpc/"):
        return f"{wanted!r} is in no lexicon"
    definition: Definition = found["main"]
    if METHODS.get(definition["type"]) != wanted.method:
        return f"{wanted!r}: `{name}` is a {definition['type']}"
    query = [*parse_qsl(parts.query, keep_blank_values=True), *wanted.params]
    faults = [*_params(definition.get("parameters", {}), query), *_input(name, definition, wanted)]
    return f"{wanted!r}: {'; '.join(faults)}" if faults else None


@cache
def _lexicons() -> Mapping[str, Definition]:
    """The definitions of each lexicon, by its name."""
    folder = needed(CONTRACT) / "specs" / "bluesky" / "lexicons"
    documents = (json.loads(file.read_bytes()) for file in sorted(folder.rglob("*.json")))
    return {one["id"]: one["defs"] for one in documents if "defs" in one}


def _params(schema: Definition, query: list[tuple[str, str]]) -> Iterator[str]:
    known: Mapping[str, Definition] = schema.get("properties", {})
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    yield from (f"`{name}` is missing" for name in schema.get("required", ()) if name not in given)
    for name, values in given.items():
        if name not in known:
            yield f"`{name}` is not known"
            continue
        rule = known[name]
        if rule["type"] == "array":
            yield from _value("", rule, [_read(rule["items"], one) for one in values], name)
        elif len(values) > 1:
            yield f"`{name}` is given {len(values)} times"
        else:
            yield from _value("", rule, _read(rule, values[0]), name)


def _read(rule: Definition, text: str) -> object:
    """A parameter as its type says, or the text where it does not fit."""
    if rule["type"] == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if rule["type"] == "boolean" else text


def _input(name: str, definition: Definition, wanted: Request) -> Iterator[str]:
    rule = definition.get("input")
    if rule is None:
        if wanted.json is not None:
            yield "it takes no input"
        return
    if rule["encoding"] != "application/json" or "schema" not in rule:
        return
    if wanted.json is None:
        yield "its input is missing"
        return
    yield from _value(name, rule["schema"], wanted.json, "input")


def _value(home: str, rule: Definition, value: object, place: str) -> Iterator[str]:
    """What a schema has against a value; `home` is the lexicon that short references are read in."""
    match rule["type"]:
        case "ref":
            yield from _referred(home, rule["ref"], value, place)
        case "union":
            yield from _one_of(home, rule, value, place)
        case "object":
            yield from _object(home, rule, value, place)
        case "array" if is_list(value):
            if len(value) > rule.get("maxLength", len(value)):
                yield f"`{place}` has more than {rule['maxLength']}"
            for one in value:
                yield from _value(home, rule["items"], one, place)
        case "string" if isinstance(value, str):
            yield from _text(rule, value, place)
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            if not rule.get("minimum", value) <= value <= rule.get("maximum", value):
                yield f"`{place}` is out of its bounds"
        case "boolean" if isinstance(value, bool):
            pass
        case "unknown" | "blob" | "bytes" | "cid-link" | "token":
            pass
        case expected:
            yield f"`{place}` is no {expected}"


def _object(home: str, rule: Definition, value: object, place: str) -> Iterator[str]:
    if not is_mapping(value):
        yield f"`{place}` is no object"
        return
    yield from (f"`{place}.{name}` is missing" for name in rule.get("required", ()) if name not in value)
    for name, inner in rule.get("properties", {}).items():
        if name in value and not (value[name] is None and name in rule.get("nullable", ())):
            yield from _value(home, inner, value[name], f"{place}.{name}")


def _text(rule: Definition, value: str, place: str) -> Iterator[str]:
    if len(value.encode()) > rule.get("maxLength", len(value.encode())):
        yield f"`{place}` is longer than {rule['maxLength']} bytes"
    form = FORMATS.get(rule.get("format", ""), ".*")
    if not re.fullmatch(form, value, re.DOTALL) or value not in rule.get("enum", [value]):
        yield f"`{place}` is not as `{rule.get('format', 'enum')}` wants it"


def _one_of(home: str, rule: Definition, value: object, place: str) -> Iterator[str]:
    kind = mapping(value).get("$type")
    known = [ref for ref in rule["refs"] if str(kind) in (_whole(home, ref), _whole(home, ref).removesuffix("#main"))]
    if kind is None or (not known and rule.get("closed")):
        yield f"`{place}` names no type that it may have"
    elif known:
        yield from _referred(home, known[0], value, place)


def _referred(home: str, ref: str, value: object, place: str) -> Iterator[str]:
    name, _, part = _whole(home, ref).partition("#")
    definition: Definition = _lexicons()[name][part]
    body = definition["record"] if definition["type"] == "record" else definition
    yield from _value(name, body, value, place)


def _whole(home: str, ref: str) -> str:
    """A reference with the name of its lexicon and of its part."""
    whole = f"{home}{ref}" if ref.startswith("#") else ref
    return whole if "#" in whole else f"{whole}#main"
