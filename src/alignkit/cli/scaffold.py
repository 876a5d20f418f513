"""Writes a plugin package for one connector, which passes its tests as it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from alignkit import registry
from alignkit.connectors.base import PROTOCOL_VERSION
from alignkit.errors import SettingsError

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

PLACES: Mapping[str, str] = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "__init__.py": "src/alignkit_{name}/__init__.py",
    "connector.py": "src/alignkit_{name}/connector.py",
    "sheet.py": "tests/sheet.py",
    "test.py": "tests/test_{name}.py",
    "recorded_people.json": "tests/recorded/people.json",
    "recorded_tickets.json": "tests/recorded/tickets.json",
    "page.md": "docs/{name}.md",
}
"""Where each template goes, below the package's folder."""


def plugin(name: str) -> dict[str, str]:
    """Every file of a plugin package, by its place.

    Raises:
        SettingsError: the name cannot be one, or is that of a connector or of something in the package.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(f"`{name}` is no name of a connector; use small letters, digits and single underscores")
    if name in registry.names():
        raise SettingsError(f"there is a connector `{name}` already; choose another name")
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "title": " ".join(part.capitalize() for part in name.split("_")),
        "protocol": str(PROTOCOL_VERSION),
    }
    folder = files("alignkit.cli") / "plugin"
    texts = {file: (folder / f"{file}.tmpl").read_text("utf-8") for file in PLACES}
    if any(re.search(rf"\b{words['class_name']}\b", texts[file]) for file in ("connector.py", "test.py")):
        raise SettingsError(f"`{name}` is a word that the package uses already; choose another name")
    found = {PLACES[file].format(name=name): Template(text).substitute(words) for file, text in texts.items()}
    return {**found, f"src/alignkit_{name}/py.typed": ""}


def write(name: str, folder: Path) -> list[Path]:
    """Writes a plugin package into a new folder; the files that were written.

    Raises:
        SettingsError: see `plugin`; or the folder is there and not empty.
    """
    texts = plugin(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"`{folder}` is there already; give a new folder with `--folder`")
    for place, text in texts.items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return [folder / place for place in texts]
