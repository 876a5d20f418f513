"""Holds the committed schemas and their page to what the models say now."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from alignkit.models import EVENT_TYPES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SCRIPT = runpy.run_path(str(ROOT / "tools" / "schemas.py"))
PAGES: dict[Path, str] = SCRIPT["pages"]()
SCHEMAS: dict[str, dict[str, Any]] = SCRIPT["schemas"]()


def objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Every part of a schema that is a JSON object, the whole included."""
    found: list[dict[str, Any]] = []

    def keep(part: dict[str, Any]) -> dict[str, Any]:
        found.append(part)
        return part

    json.loads(json.dumps(schema), object_hook=keep)
    return found


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_committed_file_says_what_the_models_say(path: Path) -> None:
    committed = (REFERENCE / path).read_text("utf-8")
    assert committed == PAGES[path], "run `tools/schemas.py` and commit what it writes"


def test_no_schema_is_left_of_a_model_that_is_gone() -> None:
    committed = {file.relative_to(REFERENCE) for file in (REFERENCE / "schemas").iterdir()}
    assert committed == set(PAGES) - {Path("models.md")}


def test_every_event_and_their_union_has_its_schema() -> None:
    assert {event.__name__ for event in EVENT_TYPES.values()} | {"CustomerEvent"} <= set(SCHEMAS)
    assert set(SCHEMAS["CustomerEvent"]["discriminator"]["mapping"]) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_stands_alone_and_refuses_unknown_fields(name: str) -> None:
    schema = SCHEMAS[name]
    for part in objects(schema):
        if "$ref" in part:
            assert part["$ref"].rpartition("/")[2] in schema["$defs"]
        if part.get("type") == "object" and "properties" in part:
            # What a connection may say is up to its connector, which refuses the rest.
            assert part["additionalProperties"] is part["title"].endswith("Connection")


def test_the_page_links_to_every_schema_and_to_nothing_else() -> None:
    page = PAGES[Path("models.md")]
    linked = {part.partition(")")[0] for part in page.split("](schemas/")[1:]}
    assert linked == {f"{name}.json" for name in SCHEMAS}


def test_writing_again_replaces_what_is_old_and_removes_what_is_gone(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "tools" / "schemas.py"))
    write = script["write"]
    write.__globals__["REFERENCE"] = tmp_path
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "Ticket.json").write_text("{}")
    write()
    found = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == set(PAGES)
    assert json.loads((tmp_path / "schemas" / "Issue.json").read_text("utf-8")) == SCHEMAS["Issue"]
