"""Plugins are installed from their own pyproject: the right one passes the kit, and the wrong ones are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which both plugins were installed, from what lies here and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder)]
    subprocess.run([*command, *(str(HERE / name) for name in ("chime", "hostile"))], check=True, timeout=300)
    return folder


def asked(installed: Path, code: str) -> str:
    """What a program prints that can import the installed plugins."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=_with(installed), capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def _with(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT / "src")])}


def test_an_installed_plugin_is_found_by_its_name(installed: Path) -> None:
    code = "from alignkit import registry; print(registry.resolve('chime').__module__, 'chime' in registry.names())"
    assert asked(installed, code) == "alignkit_chime.connector True\n"


def test_an_installed_plugin_passes_its_tests(installed: Path, tmp_path: Path) -> None:
    tests = shutil.copytree(HERE / "chime" / "tests", tmp_path / "tests")
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "error",
        "--assert=plain",
        "--import-mode=importlib",
        "-o",
        f"pythonpath={tests}",
    ]
    command = [sys.executable, "-m", "pytest", *options, "-c", os.devnull, "--rootdir", str(tmp_path), str(tests)]
    done = subprocess.run(
        command, cwd=tmp_path, env=_with(installed), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hostile_old", "is written for protocol 0 and this alignkit speaks 1"),
        ("hostile_unnamed", "is written for protocol unnamed and this alignkit speaks 1"),
        ("hostile_broken", "cannot be loaded (ModuleNotFoundError)"),
        ("hostile_other", "is no connector; report it to its authors"),
        ("nobody", "there is no connector `nobody`"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_refused_in_words(installed: Path, name: str, words: str) -> None:
    told = asked(installed, f"from alignkit import registry; registry.resolve({name!r})")
    assert words in told
    assert "SettingsError" in told


def test_a_plugin_takes_no_name_of_alignkits_own(installed: Path) -> None:
    code = "from alignkit import registry; print(registry.resolve('mailman').__module__)"
    assert asked(installed, code) == "alignkit.connectors.mailman\n"
