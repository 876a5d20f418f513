"""`alignkit connectors new NAME` writes a plugin package that passes its tests, and nothing over what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alignkit.cli.scaffold import plugin, write
from alignkit.errors import SettingsError

from .shop import run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "plugins" / "chime"


def test_the_plugin_that_is_written_is_the_one_that_is_tested_here() -> None:
    texts = plugin("chime")
    kept = {place: (EXAMPLE / place).read_text("utf-8") for place in texts}
    assert kept == texts, "run `alignkit connectors new chime --folder tests/plugins/chime` into an emptied folder"


def test_the_command_writes_the_package_and_says_what_to_do(tmp_path: Path) -> None:
    told = run("connectors", "new", "acme_desk", "--folder", str(tmp_path / "new")).stdout
    assert "pytest" in told
    assert (tmp_path / "new" / "src" / "alignkit_acme_desk" / "connector.py").is_file()
    assert (tmp_path / "new" / "tests" / "test_acme_desk.py").is_file()
    assert "class AcmeDesk(Source):" in (tmp_path / "new" / "src" / "alignkit_acme_desk" / "connector.py").read_text()


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


@pytest.mark.parametrize("words", [["new"], ["old", "acme"]])
def test_half_a_wish_is_refused(words: list[str]) -> None:
    assert run("connectors", *words).exit_code == 2


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
