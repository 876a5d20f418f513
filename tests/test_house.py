"""Holds the files around the code to what they promise: pins, targets, length."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import alignkit

ROOT = Path(__file__).parents[1]


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def pins() -> dict[str, str]:
    lines = [line for line in read("constraints.txt").splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_name_versions_and_no_place_to_fetch_them_from() -> None:
    assert pins()
    for name, version in pins().items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name), name
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), (name, version)


def test_every_requirement_of_the_project_is_pinned() -> None:
    settings = tomllib.loads(read("pyproject.toml"))
    project, groups = settings["project"], settings["dependency-groups"]
    requirements = [
        *settings["build-system"]["requires"],
        *project["dependencies"],
        *chain.from_iterable(project["optional-dependencies"].values()),
        *chain.from_iterable(groups.values()),
    ]
    wanted = {normal(re.split(r"[^A-Za-z0-9._-]", requirement)[0]) for requirement in requirements}
    assert wanted - {normal(name) for name in pins()} == set()


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    makefile = read("Makefile")
    phony = set(re.findall(r"^\.PHONY: (\w+)$", makefile, re.MULTILINE))
    explained = set(re.findall(r"^(\w+):.*## \S", makefile, re.MULTILINE))
    assert {"demo", "test", "live", "bench", "check", "docs", "help"} <= phony
    assert phony == explained


def test_the_readme_stays_under_120_lines() -> None:
    assert len(read("README.md").splitlines()) < 120


def test_every_extra_and_group_has_its_reasons_recorded() -> None:
    settings = tomllib.loads(read("pyproject.toml"))
    record = read("docs/decisions/0001-dependencies.md")
    names = [*settings["project"]["optional-dependencies"], *settings["dependency-groups"]]
    assert [name for name in names if f"`{name}`" not in record] == []


def test_every_public_name_has_its_place_in_the_reference() -> None:
    names = re.findall(r"^\.\. auto\w+:: (?:alignkit\.(?:\w+\.)*)?(\w+)", read("docs/reference/api.md"), re.MULTILINE)
    models = re.findall(r"^### (\w+)$", read("docs/reference/models.md"), re.MULTILINE)
    wanted = {name for name in alignkit.__all__ if not name.startswith("__")} - {"AlignkitError"}
    assert wanted - {*names, *models} == set()
    assert "errors" in names
