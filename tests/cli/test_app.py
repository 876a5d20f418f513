"""Every command, option and exit code has its place in docs/cli.md, and the help tells the exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from alignkit import __version__
from alignkit.cli.app import app
from alignkit.cli.exits import MEANINGS
from alignkit.cli.settings import SettingsFile

from .shop import run

DOCS = Path(__file__).parents[2] / "docs"
CLI, SETTINGS = ((DOCS / name).read_text("utf-8") for name in ("cli.md", "settings.md"))


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every command with its options; those of a group after the group's name."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, f"{prefix}{name} ")
        else:
            options = {word for each in one.params for word in each.opts if word.startswith("--")}
            yield prefix + name, sorted(options - {"--help"})


COMMANDS: dict[str, list[str]] = dict(commands(typer.main.get_command(app)))
SHARED = {"--settings", "--json", "--verbose"}


def section(name: str) -> str:
    """The part of the page that is about one command."""
    found = re.search(rf"^### `{re.escape(name)}`$(.*?)(?=^##|\Z)", CLI, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no heading for `{name}`"
    return found[1]


def test_commands_were_found() -> None:
    assert {"demo", "pull", "push", "decide", "explain", "hold", "release", "record", "reconcile"} <= set(COMMANDS)
    assert all(set(options) >= SHARED for options in COMMANDS.values())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_its_options_are_documented(name: str) -> None:
    text = section(name)
    assert [option for option in COMMANDS[name] if option not in SHARED and f"`{option}" not in text] == []


def test_nothing_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^### `([a-z ]+)`$", CLI, re.MULTILINE)) == set(COMMANDS)
    options = {option for found in COMMANDS.values() for option in found} | {"--help", "--version"}
    assert set(re.findall(r"`(--[a-z-]+)", CLI)) <= options


def test_shared_options_are_documented_once_for_all() -> None:
    start = CLI.partition("## Commands")[0]
    assert [option for option in SHARED if f"`{option}" not in start] == []


def test_every_exit_code_is_documented_with_its_meaning() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", CLI, re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == {code.value: meaning for code, meaning in MEANINGS.items()}


def test_every_setting_is_documented() -> None:
    assert [
        name for name in SettingsFile.model_fields if f"`{name}" not in SETTINGS and f"[{name}" not in SETTINGS
    ] == []


def test_the_help_tells_the_exit_codes() -> None:
    text = " ".join(run("--help").stdout.split())
    assert [meaning for meaning in MEANINGS.values() if meaning not in text] == []


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"alignkit {__version__}\n"


@pytest.mark.parametrize("words", [("nothing",), ("pull", "--nothing"), ("decide",)])
def test_a_mistyped_command_ends_with_two(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_bare_command_shows_the_help() -> None:
    assert "Usage" in run().output
