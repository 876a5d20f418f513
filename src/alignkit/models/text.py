"""Writes a model as the JSON text that its id follows from and that a store keeps: its fields, without defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, SchemaSerializer

from alignkit.errors import DataInvalid
from alignkit.models.base import Model

Schema = dict[str, Any]


def text_of(data: Model, model: type[Model], untold: set[str] | None = None) -> bytes:
    """`data` as JSON, byte for byte as `model` itself would write it, without defaults and the fields `untold`.

    Raises:
        DataInvalid: text with half of a character in it.
    """
    return text_of_values(vars(data), model, untold)


def text_of_values(values: Mapping[str, Any], model: type[Model], untold: set[str] | None = None) -> bytes:
    """The same of a model's values, in the order of its fields; any that is missing counts as its default.

    Raises:
        DataInvalid: text with half of a character in it.
    """
    try:
        return _writer(model).to_json(values, exclude_defaults=True, exclude=untold)
    except PydanticSerializationError:
        raise DataInvalid("a text holds half of a surrogate pair; read the record as UTF-8 again") from None


@cache
def _writer(model: type[Model]) -> SchemaSerializer:
    """Writes the fields of a model, taken as the dictionary that they are.

    A model's own serializer says the same and takes half as much time again, some of it because it asks Python for the
    `value` of every word of a closed list, which is a text already.
    """
    schema: Any = TypeAdapter(model).core_schema
    return SchemaSerializer(_as_text(_as_dictionary(schema)), _config(schema))


def _as_dictionary(schema: Schema) -> Schema:
    """The schema of a model's fields by themselves."""
    if schema["type"] == "model-fields":
        fields = {name: {**field, "type": "typed-dict-field"} for name, field in schema["fields"].items()}
        return {"type": "typed-dict", "fields": fields}
    inner = _as_dictionary(schema["schema"])
    return inner if schema["type"] == "model" else {**schema, "schema": inner}


def _as_text(schema: Any) -> Any:
    """The schema with words of closed lists as the texts that they are."""
    if isinstance(schema, list):
        return [_as_text(one) for one in cast("Sequence[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    known = cast("Schema", schema)
    if known.get("type") == "enum" and known.get("sub_type") == "str":
        return {"type": "str"}
    return {name: _as_text(one) for name, one in known.items()}


def _config(schema: Mapping[str, Any]) -> Any:
    return schema["config"] if schema["type"] == "model" else _config(schema["schema"])
