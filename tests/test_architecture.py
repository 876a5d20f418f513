"""Holds every file under src to the layers of the design, by reading its imports."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "alignkit"

# Lowest first. A unit is a file or folder directly under `alignkit`; `__init__` is the package's own front.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"durable", "errors", "garbage", "log", "syntax"}),
    frozenset({"models"}),
    frozenset({"identity", "fold", "signals", "rules", "transport"}),
    frozenset({"connectors", "stores"}),
    frozenset({"sync", "gate", "registry", "interchange"}),
    frozenset({"whatif"}),
    frozenset({"cli", "testing", "__init__"}),
)
HEIGHT = {unit: height for height, layer in enumerate(LAYERS) for unit in layer}

# One way only, between units of one layer.
SIDEWAYS = frozenset({("signals", "fold"), ("sync", "gate"), ("cli", "__init__"), ("testing", "__init__")})

# Below, yet out of bounds: a connector hands over events and never asks what follows from them.
FORBIDDEN = frozenset({("connectors", "rules")})

# Imports by name at run time hide from this file; these places exist to make them.
DYNAMIC = re.compile(r"(.*/)?__init__\.py|registry\.py")

HTTPX_HOME = "transport/client.py"
CORE = frozenset({"pydantic", "httpx", "tenacity", "typing_extensions"})
# The compiled half of pydantic, always installed with it.
COMES_ALONG = frozenset({"pydantic_core"})
# What an extra installs may be imported by one part alone.
EXTRAS = {"cli": frozenset({"typer", "rich"}), "fast": frozenset({"msgspec"}), "testing": frozenset({"pytest"})}
OPEN_TO = {"cli": "cli", "fast": "connectors", "testing": "testing"}
OPTIONAL = {OPEN_TO[extra]: modules for extra, modules in EXTRAS.items()}


@dataclass(frozen=True)
class Import:
    """One imported dotted name, and the line that asks for it."""

    line: int
    name: str


def imports(tree: ast.Module, package: str) -> Iterator[Import]:
    """Yield every import of a file, relative ones made absolute; those inside functions count as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (Import(node.lineno, f"{module}.{alias.name}") for alias in node.names)


def package_of(path: str) -> str:
    """The dotted package that holds the file, as relative imports see it."""
    return ".".join(["alignkit", *Path(path).parts[:-1]])


def unit_of(path: str) -> str:
    return Path(path).parts[0].removesuffix(".py")


def target_unit(name: str) -> str:
    """The unit that an absolute name inside alignkit belongs to; a public name belongs to the front."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in HEIGHT else "__init__"


def may_import(unit: str, target: str) -> bool:
    if unit == target or (unit, target) in SIDEWAYS:
        return True
    return HEIGHT[target] < HEIGHT[unit] and (unit, target) not in FORBIDDEN


def complaint(path: str, name: str) -> str | None:
    """Say why this file may not import this name, or None where it may."""
    unit, root = unit_of(path), name.split(".")[0]
    if root == "alignkit":
        target = target_unit(name)
        return None if may_import(unit, target) else f"`{unit}` may not import `{target}`"
    if root == "httpx" and path != HTTPX_HOME:
        return f"only {HTTPX_HOME} may import `httpx`"
    if root in sys.stdlib_module_names or root in CORE | COMES_ALONG or root in OPTIONAL.get(unit, ()):
        return None
    return f"`{root}` is no dependency of `{unit}`"


def is_dynamic_import(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("import_module", "__import__")


def complaints_of_file(path: str, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    if not (ast.get_docstring(tree, clean=False) or "").split("\n")[0].strip():
        yield f"{path}:1: the first line does not say the file's one job"
    if unit_of(path) not in HEIGHT:
        yield f"{path}:1: `{unit_of(path)}` belongs to no layer; give it one in {Path(__file__).name}"
        return
    for found in imports(tree, package_of(path)):
        if why := complaint(path, found.name):
            yield f"{path}:{found.line}: {why}"
    if not DYNAMIC.fullmatch(path):
        for node in filter(is_dynamic_import, ast.walk(tree)):
            yield f"{path}:{getattr(node, 'lineno', 1)}: an import by name hides from this check"


def complaints(source: Path) -> list[str]:
    """Everything under this folder that breaks a rule, as `file:line: reason`."""
    files = {file.relative_to(source).as_posix(): file for file in sorted(source.rglob("*.py"))}
    return [found for path, file in files.items() for found in complaints_of_file(path, file.read_text("utf-8"))]


def grow(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


def test_every_file_keeps_to_its_layer_and_states_its_job() -> None:
    assert list(SOURCE.rglob("*.py")), "no source was read, so nothing was checked"
    assert complaints(SOURCE) == []


def test_a_tidy_tree_raises_no_complaint(tmp_path: Path) -> None:
    tidy = grow(
        tmp_path,
        {
            "__init__.py": '"""Front."""\nimport importlib\nimportlib.import_module("alignkit.gate")\n',
            "errors.py": '"""Errors."""\n',
            "models/__init__.py": '"""Models."""\nfrom ..errors import DataInvalid\nfrom . import issue\n',
            "models/issue.py": '"""Issue."""\nimport pydantic\n',
            "transport/client.py": '"""Client."""\nimport json\nimport httpx\nfrom . import flow\n',
            "connectors/mailman.py": '"""Mailman."""\nfrom alignkit.transport.flow import Flow\n',
            "stores/sqlite.py": '"""SQLite."""\nimport sqlite3\nfrom alignkit import models\n',
            "sync/pull.py": '"""Pull."""\nimport tenacity\nfrom ..connectors.base import Connector\n',
            "cli/app.py": '"""Commands."""\nimport typer\nimport rich.table\nfrom alignkit import Policy\n',
            "testing/connectors.py": '"""Kit."""\nimport pytest\n',
        },
    )
    assert complaints(tidy) == []


@pytest.mark.parametrize(
    ("path", "statement", "why"),
    [
        ("rules/policy.py", "import alignkit.transport.client", "`rules` may not import `transport`"),
        ("rules/policy.py", "from alignkit.connectors import Mailman", "`rules` may not import `connectors`"),
        ("rules/policy.py", "from ..stores.base import Store", "`rules` may not import `stores`"),
        ("rules/policy.py", "from .. import sync", "`rules` may not import `sync`"),
        ("connectors/rt.py", "from alignkit.rules import Policy", "`connectors` may not import `rules`"),
        ("connectors/rt.py", "from alignkit import stores", "`connectors` may not import `stores`"),
        ("connectors/rt.py", "def f():\n    from ..sync import pull", "`connectors` may not import `sync`"),
        ("connectors/rt.py", "from alignkit import Gate", "`connectors` may not import `__init__`"),
        ("connectors/rt.py", "import alignkit", "`connectors` may not import `__init__`"),
        ("models/issue.py", "from alignkit.identity import Link", "`models` may not import `identity`"),
        ("models/issue.py", "from alignkit.fold import fold", "`models` may not import `fold`"),
        ("errors.py", "from .models import Issue", "`errors` may not import `models`"),
        ("fold.py", "from alignkit.signals import read", "`fold` may not import `signals`"),
        ("gate.py", "from alignkit.sync import Sync", "`gate` may not import `sync`"),
        ("gate.py", "from alignkit.testing import StoreTests", "`gate` may not import `testing`"),
        ("transport/auth.py", "import httpx", "only transport/client.py may import `httpx`"),
        ("cli/app.py", "import httpx", "only transport/client.py may import `httpx`"),
        ("sync/pull.py", "import typer", "`typer` is no dependency of `sync`"),
        ("stores/sqlite.py", "from orjson import loads", "`orjson` is no dependency of `stores`"),
        ("cli/app.py", "import pytest", "`pytest` is no dependency of `cli`"),
        ("fold.py", "__import__('alignkit.sync')", "an import by name hides from this check"),
        ("fold.py", "import importlib\nimportlib.import_module('x')", "an import by name hides"),
        ("extra.py", "import json", "`extra` belongs to no layer"),
        ("extra/deep.py", "import json", "`extra` belongs to no layer"),
    ],
)
def test_a_broken_rule_is_reported_once_with_its_place(tmp_path: Path, path: str, statement: str, why: str) -> None:
    [found] = complaints(grow(tmp_path, {path: f'"""One job."""\n{statement}\n'}))
    assert found.startswith(f"{path}:")
    assert why in found


@pytest.mark.parametrize("text", ["", "import json\n", '"""\nLate.\n"""\n', '"""   """\n'])
def test_a_file_that_does_not_state_its_job_is_reported(tmp_path: Path, text: str) -> None:
    assert complaints(grow(tmp_path, {"fold.py": text})) == [
        "fold.py:1: the first line does not say the file's one job"
    ]


def test_allowed_imports_are_exactly_what_the_package_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def modules(requirements: list[str]) -> frozenset[str]:
        names = (re.split(r"[^A-Za-z0-9._-]", requirement)[0] for requirement in requirements)
        return frozenset(name.replace("-", "_").lower() for name in names)

    assert modules(project["dependencies"]) == CORE
    assert {extra: modules(found) for extra, found in project["optional-dependencies"].items()} == EXTRAS


def test_importing_alignkit_loads_none_of_its_dependencies() -> None:
    script = (
        "import sys; before = set(sys.modules); import alignkit; "
        "print(*sorted({'pydantic', 'httpx', 'tenacity'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_every_public_name_can_be_loaded() -> None:
    package = importlib.import_module("alignkit")
    names: list[str] = list(package.__all__)
    assert names
    assert [name for name in names if not hasattr(package, name)] == []
    assert set(names) <= set(dir(package))
