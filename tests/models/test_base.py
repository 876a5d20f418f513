"""Holds all models to being frozen, strict, aware of zones, and silent about what they were given."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.strategies import START, json_objects

from alignkit import models
from alignkit.models import Entity, Event, Issue, Model, SourceRef

PUBLIC: list[type[Model]] = sorted(
    (one for name in models.__all__ if isinstance(one := getattr(models, name), type) and issubclass(one, Model)),
    key=lambda model: model.__name__,
)
by_name = pytest.mark.parametrize("model", PUBLIC, ids=lambda model: model.__name__)
SECRET = "sample-token"


def issue(**fields: Any) -> Issue:
    return Issue.model_validate({"id": "1", "status": "open", "status_raw": "offen", "created_at": START, **fields})


@by_name
def test_an_unknown_field_is_refused_and_its_value_not_repeated(model: type[Model]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({"colour": SECRET})
    assert "colour" in str(refused.value)
    assert "Extra inputs are not permitted" in str(refused.value)
    assert SECRET not in str(refused.value)


@by_name
def test_no_field_repeats_a_value_that_it_refuses(model: type[Model]) -> None:
    class Wrong:
        def __repr__(self) -> str:
            return SECRET

    given = {name: Wrong() for name in model.model_fields}
    if not given:
        return
    with pytest.raises(ValidationError) as refused:
        model.model_validate(given)
    assert SECRET not in str(refused.value)


def instant_fields() -> list[tuple[type[Model], str]]:
    return [
        (model, name)
        for model in PUBLIC
        for name, field in model.model_fields.items()
        if "AwareDatetime" in repr(field.annotation) or "AwareDatetime" in repr(field.metadata)
    ]


def test_every_time_of_every_model_is_an_instant() -> None:
    fields = instant_fields()
    assert len(fields) > 80
    assert [
        (model.__name__, name)
        for model in PUBLIC
        for name in model.model_fields
        if name.endswith(("_at", "_until")) and (model, name) not in fields
    ] == []


@pytest.mark.parametrize(("model", "name"), instant_fields(), ids=lambda part: getattr(part, "__name__", part))
def test_a_naive_time_is_refused_in_every_field(model: type[Model], name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({name: datetime(2026, 1, 5)})  # noqa: DTZ001
    assert [one["type"] for one in refused.value.errors() if one["loc"] == (name,)] == ["timezone_aware"]


@by_name
def test_a_model_cannot_be_changed(model: type[Model]) -> None:
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"
    assert model.model_config.get("hide_input_in_errors") is True


def test_setting_a_field_fails() -> None:
    one = issue()
    with pytest.raises(ValidationError, match="frozen"):
        one.subject = "new"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue] # the very thing refused


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_of_a_character_is_refused_in_ids_and_open_mappings(text: str) -> None:
    for fields in ({"id": text}, {"extensions": {"rt": text}}, {"raw": {text: [1]}}):
        with pytest.raises(ValidationError):
            issue(**fields)


@pytest.mark.parametrize("value", [START, float("nan"), float("inf"), b"raw", {1, 2}, object()])
def test_what_json_cannot_say_is_refused_in_open_mappings(value: object) -> None:
    with pytest.raises(ValidationError, match="not JSON"):
        issue(extensions={"rt": value})


def test_endless_nesting_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValidationError, match="not JSON"):
        issue(extensions={"rt": deep})


@given(json_objects)
def test_open_mappings_are_kept_as_they_say_and_apart_from_the_callers(said: dict[str, Any]) -> None:
    one = issue(extensions=said, raw=said)
    assert one.extensions == said
    assert one.raw == said
    assert Issue.model_validate_json(one.model_dump_json()) == one
    before = json.dumps(one.extensions, sort_keys=True)
    said["later"] = True
    assert json.dumps(one.extensions, sort_keys=True) == before


def test_a_source_has_no_slash_so_that_references_cannot_be_confused() -> None:
    assert str(SourceRef(source="desk", type="issue", id="a/b")) == "desk/issue/a/b"
    for event in models.EVENT_TYPES.values():
        with pytest.raises(ValidationError, match="source"):
            event.model_validate({"source": "desk/issue"})


def test_every_event_is_about_an_entity() -> None:
    for kind, event in models.EVENT_TYPES.items():
        assert issubclass(event, Event)
        assert issubclass(event.data_type, Entity)
        assert event.model_fields["type"].default == kind == event.kind
