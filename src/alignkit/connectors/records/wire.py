"""Has pydantic read JSON documents into the values that recipes want: checked in the same pass, the rest skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from alignkit.connectors.records.recipe import Recipe, Want
from alignkit.connectors.records.shape import Path, Paths, Rows, alternatives, keys_of

Schema = dict[str, Any]

_TEXT: Schema = {"type": "str", "coerce_numbers_to_str": True}
_SOME_TEXT: Schema = {"type": "nullable", "schema": _TEXT}
_ID: Schema = {**_TEXT, "min_length": 1}
_TEXTS: Schema = {
    "type": "union",
    "mode": "left_to_right",
    "choices": [{"type": "list", "items_schema": _SOME_TEXT}, _TEXT],
}
_NUMBER: Schema = {"type": "float", "allow_inf_nan": False}
_PLAIN: Mapping[type, Schema] = {
    bool: {"type": "bool"},
    int: {"type": "int"},
    float: _NUMBER,
    tuple: _TEXTS,
    object: {"type": "any"},
    dict: {"type": "typed-dict", "fields": {}},
}


def record(recipe: Recipe[Any]) -> Schema:
    """The schema of one record, built at once."""
    shape = recipe.shape
    zone: Schema = {} if shape.naive_is_utc else {"tz_constraint": "aware"}
    return _after(recipe.build, values(recipe.wants, {"type": "datetime", "strict": True, **zone}))


def values(wants: Iterable[Want], time: Schema | None = None) -> Schema:
    """The schema of an object of which these values are wanted."""
    fields = {want.name: field(_value(want, time), want.paths, is_required=want.is_required) for want in wants}
    return {"type": "typed-dict", "fields": fields}


def field(schema: Schema, paths: Paths, *, is_required: bool = False) -> Schema:
    """A value that stands at one of these places."""
    places = [list(keys_of(path)) for path in alternatives(paths)]
    return {"type": "typed-dict-field", "schema": schema, "required": is_required, "validation_alias": places}


def nullable(schema: Schema) -> Schema:
    """What may be null."""
    return {"type": "nullable", "schema": schema}


def many(schema: Schema) -> Schema:
    """A list of such values."""
    return {"type": "list", "items_schema": schema}


def at(path: Path) -> Paths:
    """A single path as the places of a field."""
    return [path]


def _after(build: Callable[[Any], object], schema: Schema) -> Schema:
    return {"type": "function-after", "function": {"type": "no-info", "function": build}, "schema": schema}


def _value(want: Want, time: Schema | None) -> Schema:
    if want.name == "id":
        return _ID
    kind = object if isinstance(want.kind, Rows) else want.kind
    inner = time if kind is datetime and time else _PLAIN.get(kind, _TEXT)
    return inner if want.is_required else nullable(inner)
