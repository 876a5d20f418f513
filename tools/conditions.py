#!/usr/bin/env python3
"""Writes the reference of every condition, test, question and field that a policy may use.

Run it without arguments from anywhere; it replaces `docs/reference/conditions.md`. Everything on the page follows from
the models, and each example is read as a rule and evaluated, so a test holds the committed page to what this writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from inspect import getdoc
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from alignkit.rules.check.probe import Probe
from alignkit.rules.conditions import AnyRow, Condition
from alignkit.rules.examples import write_facts
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, ROW_FIELDS, Field, Kind
from alignkit.rules.policy import Policy, Rule
from alignkit.rules.questions import Test

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "conditions.md"
HEAD = """\
% Written by tools/conditions.py from the models; change those, then run it again.

# Conditions

What a rule may ask, with one example for each condition. [Writing a policy](../writing-a-policy.md) teaches how they
are used, and [the semantics](../policy-semantics.md) say exactly what each means. A star marks a required key.
"""

EXAMPLES: Mapping[str, dict[str, Any]] = {
    "any": {"any": "issues", "where": [{"field": "active", "equals": True}, {"field": "priority", "in": ["urgent"]}]},
    "none": {"none": "surveys", "where": [{"field": "at", "within": "90d"}]},
    "count": {
        "count": "sends",
        "at_least": 3,
        "where": [{"field": "status", "equals": "sent"}, {"field": "at", "within": "7d"}],
    },
    "latest": {"latest": "surveys", "passes": [{"field": "bucket", "in": ["bad", "detractor"]}]},
    "customer": {"customer": "lifecycle_stage", "equals": "trial"},
    "message": {"message": "product_refs", "contains": "pump"},
    "local_time": {"local_time": "21:00-08:00", "days": ["fri", "sat"], "fallback": "Europe/Berlin"},
    "local_date": {"local_date": ["12-24/12-26"], "zone": "Europe/Berlin"},
    "holdout": {"holdout": 0.05, "salt": "spring"},
    "plugin": {"plugin": "weather", "options": {"worse_than": 3}},
    "all_of": {"all_of": [{"any": "posts"}, {"customer": "is_vip", "equals": True}]},
    "any_of": {"any_of": [{"any": "posts"}, {"customer": "is_vip", "equals": True}]},
    "not": {"not": {"customer": "is_vip", "equals": True}},
}
"""For each condition, by its key, one that shows it; that of a plugin needs its package, and is not evaluated."""

TESTS: Mapping[str, dict[str, Any]] = {
    "field": {"field": "priority", "in": ["high", "urgent"]},
    "all_of": {"all_of": [{"field": "type", "equals": "question"}, {"field": "priority", "equals": "low"}]},
    "any_of": {"any_of": [{"field": "tags", "contains": "angry"}, {"field": "reopened_count", "at_least": 2}]},
    "not": {"not": {"field": "rating", "in": ["good", "promoter"]}},
}


def kinds(union: Any) -> dict[str, type[BaseModel]]:
    """The models of a union of conditions or tests, by the key that tells each."""
    found: dict[str, type[BaseModel]] = {}
    for each in get_args(get_args(union)[0]):
        model, tag = get_args(each)
        found[str(tag.tag).strip("<>")] = model
    return found


def page() -> str:
    """The whole page."""
    parts = [HEAD, *conditions(), *tests(), *questions(), *fields()]
    return "\n".join(parts).rstrip() + "\n"


def conditions() -> Iterator[str]:
    """A section for each condition."""
    yield "## Conditions\n\nA condition is a table with exactly one of these keys, and those that belong to it. In the"
    yield "examples, a row has what is usual where it says nothing: an issue is open, an answer is a detractor's.\n"
    for key, model in kinds(Condition).items():
        yield f"### `{key}`\n\n{first_line(model)}\n"
        yield from keys(model)
        yield toml(EXAMPLES[key], "rules.when")
        if key != "plugin":
            yield holds_for(EXAMPLES[key])


def keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a condition; those of its question are told once for all."""
    schema = model.model_json_schema(by_alias=True)
    if "$ref" in schema:  # a model that contains itself
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    own = {name: shape for name, shape in schema["properties"].items() if name not in QUESTIONS}
    if "at_least" in schema.get("required", ()):
        own["at_least"] = schema["properties"]["at_least"]
    yield "| key | |\n|---|---|"
    for name, shape in own.items():
        told = "list of [tests](#tests)" if name in ("where", "passes") else words(shape)
        yield f"| `{name}`{'*' if name in schema.get('required', ()) else ''} | {told} |"
    if len(own) < len(schema["properties"]) and "equals" in schema["properties"]:
        yield "| … | exactly one [question](#questions) |"
    yield ""


def words(shape: Mapping[str, Any]) -> str:
    """A type in words."""
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(words(one) for one in shape["anyOf"] if one.get("type") != "null"))
    if "enum" in shape:
        return " or ".join(f"`{word}`" for word in shape["enum"])
    if "oneOf" in shape or "$ref" in shape or "discriminator" in shape:
        return "a condition"
    if shape.get("type") == "array":
        inside = words(shape["items"])
        return f"list of {'conditions' if inside == 'a condition' else inside}"
    names = {"string": "text", "integer": "whole number", "object": "table", "boolean": "flag"}
    return names.get(str(shape.get("type")), str(shape.get("type", "anything")))


def holds_for(when: dict[str, Any]) -> str:
    """Facts and a message on which an example was evaluated and holds."""
    rule = Rule.model_validate({"id": "example", "effect": "exempt", "when": when, "reason": "example"})
    case = Probe(Policy(name="example", rules=(rule,))).case_of(rule).case
    if case is None:
        raise SystemExit(f"no facts were found on which {when} holds; choose another example")
    told = write_facts(case.facts, case.now)
    told.pop("customer", None)
    message = case.message.model_dump(mode="json", exclude_defaults=True)
    facts = f"the facts `{json.dumps(told)}`" if told else "a customer of whom nothing is known"
    return f"It holds, for example, for {facts} and the message `{json.dumps(message)}`.\n"


def tests() -> Iterator[str]:
    """A section for the tests of rows."""
    yield "## Tests\n\nEach entry of `where` and `passes` is a table with exactly one of these keys.\n"
    for key, model in kinds(Test).items():
        yield f"### Test `{key}`\n\n{first_line(model)}\n"
        yield toml({"where": [TESTS[key]]}, "rules.when")


QUESTIONS: Mapping[str, str] = {
    "equals": "the value is this one",
    "in": "the value is one of these",
    "not_in": "there is a value, and it is none of these",
    "at_least": "the number is not less",
    "at_most": "the number is not more",
    "within": "now lies before the time plus this duration",
    "older_than": "now lies at or after the time plus this duration",
    "contains": "the word is in the list",
    "same_as": "it is, or has something in common with, what the message has there",
    "is_unset": "`true`: there is no value; `false`: there is one",
}


def questions() -> Iterator[str]:
    """The table of questions."""
    yield "## Questions\n\nA question about an absent value is answered with no, save `is_unset`.\n"
    yield "| question | answered with yes when | asked of |\n|---|---|---|"
    for question, meaning in QUESTIONS.items():
        asked_of = ", ".join(kind.value for kind in Kind if is_asked_of(kind, question))
        yield f"| `{question}` | {meaning} | {asked_of} |"
    yield ""


OF_KIND = {
    Kind.TEXT: ("issues", "brand"),
    Kind.FLAG: ("issues", "active"),
    Kind.NUMBER: ("signals", "strength"),
    Kind.TIME: ("sends", "at"),
    Kind.LIST: ("issues", "tags"),
}
"""A field of each kind that takes any word."""

OPERANDS = ("product_refs", True, 1, ["word"], "2d")


def is_asked_of(kind: Kind, question: str) -> bool:
    """Whether a field of this kind takes this question with some operand."""
    return any(is_taken(*OF_KIND[kind], question, operand) for operand in OPERANDS)


def is_taken(collection: str, name: str, question: str, operand: object) -> bool:
    """Whether a rule may ask this."""
    try:
        AnyRow.model_validate({"any": collection, "where": [{"field": name, question: operand}]})
    except ValidationError:
        return False
    return True


def fields() -> Iterator[str]:
    """A table of the fields of each collection, of customers and of messages."""
    yield "## Fields\n"
    for collection, found in ROW_FIELDS.items():
        yield from table(f"Rows of `{collection}`", found)
    yield from table("Attributes of `customer`", CUSTOMER_FIELDS)
    yield from table("Attributes of `message`", MESSAGE_FIELDS)


def table(title: str, found: Mapping[str, Field]) -> Iterator[str]:
    """The fields of one kind of thing."""
    yield f"### {title}\n\n| field | kind | may be absent | words |\n|---|---|---|---|"
    for name, field in found.items():
        listed = " · ".join(f"`{word}`" for word in sorted(field.words))
        yield f"| `{name}` | {field.kind} | {'yes' if field.is_optional else ''} | {listed} |"
    yield ""


def toml(values: Mapping[str, Any], table: str) -> str:
    """A block of TOML, each value on its own line."""
    lines = [f"{name} = {as_toml(value)}" for name, value in values.items()]
    return "\n".join(["```toml", f"[{table}]", *lines, "```\n"])


def as_toml(value: Any) -> str:
    """A value as TOML writes it within a line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {as_toml(inside)}" for name, inside in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(inside) for inside in value) + "]"
    return json.dumps(value)


def first_line(model: type[BaseModel]) -> str:
    """The claim that a model's documentation begins with."""
    return " ".join((getdoc(model) or "").split("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
