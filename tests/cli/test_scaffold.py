"""What is written for a new connector is a package that passes its tests, and nothing is written over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alignkit.cli.scaffold import plugin, write
from alignkit.errors import SettingsError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "plugins" / "chime"


def test_the_plugin_that_is_written_is_the_one_that_is_tested_here() -> None:
    texts = plugin("chime")
    kept = {place: (EXAMPLE / place).read_text("utf-8") for place in texts}
    assert kept == texts, "run `alignkit connectors new chime --folder tests/plugins/chime` into an emptied folder"


@pytest.mark.parametrize("name", ["Acme", "acme-desk", "acme__desk", "_acme", "", "../acme", "7up"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no name of a connector"):
        write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["ticket", "page", "sheet"])
def test_a_name_that_would_hide_one_of_the_packages_own_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="choose another name"):
        plugin(name)


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(SettingsError, match="there is a connector `mailman` already"):
        plugin("mailman")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(SettingsError, match="is there already"):
        write("acme", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["kept.txt"]


def test_a_plugin_passes_its_tests_as_it_is_written(tmp_path: Path) -> None:
    write("brand_new", tmp_path / "new")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain"]
    done = subprocess.run(
        command, cwd=tmp_path / "new", capture_output=True, text=True, timeout=600, check=False, env=_few_histories()
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def _few_histories() -> dict[str, str]:
    """Three histories are enough to see that they are played; the example's own tests play all of them."""
    return {**os.environ, "ALIGNKIT_HISTORIES": "3"}
