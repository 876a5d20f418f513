"""No file of the rules leads back to itself through what it imports, at any place in it."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import alignkit.rules

ROOT = Path(alignkit.rules.__file__).parent
PACKAGE = "alignkit.rules"


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


FILES = {module_of(file): file for file in ROOT.rglob("*.py") if file != ROOT / "__init__.py"}


def imports(file: Path) -> set[str]:
    """The files of the rules that a file imports, inside functions and for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = {f"{node.module}.{alias.name}" for alias in node.names} & FILES.keys()
            found |= names or ({node.module} & FILES.keys())
    return found


def test_the_files_of_the_rules_import_each_other_one_way() -> None:
    graph = {module: imports(file) - {module} for module, file in FILES.items()}
    assert graph[f"{PACKAGE}.policy"], "no import was found, so nothing was checked"
    order = list(TopologicalSorter(graph).static_order())
    assert order.index(f"{PACKAGE}.ruleset") < order.index(f"{PACKAGE}.compiler") < order.index(f"{PACKAGE}.policy")
