#!/usr/bin/env python3
"""Writes the JSON Schema of every public model, event, policy and settings file, and the page that lists them.

Run it without arguments from anywhere; it replaces `docs/reference/schemas/` and `docs/reference/models.md`. The page
and the schemas follow from the models alone, so a test holds the committed files to what this writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from inspect import getdoc
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from alignkit import models
from alignkit.cli.settings import SettingsFile
from alignkit.models import EVENT_TYPES, CustomerEvent, Entity, Event, Model
from alignkit.rules.policy import Policy

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HEAD = """\
% Written by tools/schemas.py from the models; change those, then run it again.

# Models

Every model is frozen, refuses fields that it does not know, and keeps its times in UTC. A star marks a required field.
What the nouns mean and how events become facts is told in [the model](../model.md).

Two files are written by people: a policy ([schema](schemas/Policy.json), [how to write one](../policies.md)) and the
settings of the command line ([schema](schemas/SettingsFile.json), [how to write them](../settings.md)).
"""


def pages() -> dict[Path, str]:
    """Every file that this script answers for, with its text."""
    found = {Path("schemas") / f"{name}.json": as_text(schema) for name, schema in schemas().items()}
    return {Path("models.md"): page(), **found}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each public model, of the union of all events, and of the files that people write."""
    found = {model.__name__: model.model_json_schema(mode="serialization") for model in public(Model)}
    found["CustomerEvent"] = TypeAdapter[CustomerEvent](CustomerEvent).json_schema(mode="serialization")
    found |= {model.__name__: model.model_json_schema(by_alias=True) for model in (Policy, SettingsFile)}
    return {name: {"$schema": DIALECT, **found[name]} for name in sorted(found)}


T = TypeVar("T")


def public(kind: type[T]) -> list[type[T]]:
    """The public classes of one kind that stand for something: no mere ancestors."""
    named = [getattr(models, name) for name in models.__all__]
    ancestors = (Model, Entity, Event)
    return [one for one in named if isinstance(one, type) and issubclass(one, kind) and one not in ancestors]


def as_text(schema: Mapping[str, Any]) -> str:
    """The schema as it stands in a file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    """The page that lists events, models and vocabularies."""
    return "\n".join([HEAD, *events(), *entities(), *vocabularies()]).rstrip() + "\n"


def events() -> Iterator[str]:
    """The table of events, and the envelope that they share."""
    yield "## Events\n\n| type | event | data | meaning |\n|---|---|---|---|"
    for kind, event in EVENT_TYPES.items():
        data = event.data_type.__name__
        yield f"| `{kind}` | {link(event.__name__)} | [{data}](#{data.lower()}) | {first_line(event)} |"
    yield f"\nAll of them together: {link('CustomerEvent')}. They share one envelope:\n"
    yield from fields(Event)


def entities() -> Iterator[str]:
    """A section for each model that is no event; what every thing has is told once."""
    yield f"## Things\n\n### Entity\n\n{first_line(Entity)}\n"
    yield from fields(Entity)
    for model in sorted(public(Model), key=lambda model: model.__name__):
        if not issubclass(model, Event):
            also = " It has the fields of an [entity](#entity), too." if issubclass(model, Entity) else ""
            yield f"### {model.__name__}\n\n{first_line(model)}{also} Schema: {link(model.__name__)}.\n"
            yield from fields(model)


def fields(model: type[Model]) -> Iterator[str]:
    """The fields of a model with their types."""
    yield "| field | type |\n|---|---|"
    schema = model.model_json_schema(mode="serialization") if model is not Event else envelope()
    inherited = set(Entity.model_fields) - {"id"} if issubclass(model, Entity) and model is not Entity else set[str]()
    for name, field in model.model_fields.items():
        if name not in inherited:
            yield f"| `{name}`{'*' if field.is_required() else ''} | {words(schema['properties'][name])} |"
    yield ""


def envelope() -> dict[str, Any]:
    """The schema of what events share; their data differs."""
    schema = Event.model_json_schema(mode="serialization")
    schema["properties"]["data"] = {"type": "object"}
    return schema


def words(shape: Mapping[str, Any]) -> str:
    """A type in words."""
    if "$ref" in shape:
        name = str(shape["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(words(one) for one in shape["anyOf"] if one.get("type") != "null"))
    if "enum" in shape:
        return " or ".join(f"`{word}`" for word in shape["enum"])
    if "const" in shape:
        return f"`{shape['const']}`"
    if shape.get("type") == "array":
        return f"list of {words(shape['items'])}" if "items" in shape else "pairs"
    return {"date-time": "instant"}.get(shape.get("format", ""), str(shape.get("type", "anything")))


def vocabularies() -> Iterator[str]:
    """A section for each closed list of words."""
    yield "## Vocabularies\n"
    for enumeration in sorted(public(StrEnum), key=lambda one: one.__name__):
        listed = " · ".join(f"`{word.value}`" for word in enumeration)
        yield f"### {enumeration.__name__}\n\n{first_line(enumeration)}\n\n{listed}\n"


def first_line(one: type) -> str:
    """The claim that a class's documentation begins with."""
    return " ".join((getdoc(one) or "").split("\n\n")[0].split())


def link(name: str) -> str:
    """A link to the schema of a model."""
    return f"[`{name}`](schemas/{name}.json)"


def write() -> None:
    """Replaces the committed files, and removes schemas of models that are gone."""
    wanted = pages()
    for old in (REFERENCE / "schemas").glob("*.json"):
        if old.relative_to(REFERENCE) not in wanted:
            old.unlink()
    for path, text in wanted.items():
        file = REFERENCE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
