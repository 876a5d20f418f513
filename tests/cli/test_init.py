"""`alignkit` starts without the extra only to say how to get it."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from alignkit.cli import main
main()
"""


def start(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["typer", "rich"])
def test_without_the_extra_the_command_says_how_to_install_it(name: str) -> None:
    done = start(WITHOUT.format(name=name))
    assert done.returncode == 3
    assert done.stderr == 'error: the command line is an extra of alignkit; run `pip install "alignkit[cli]"`\n'


def test_another_missing_module_is_not_blamed_on_the_extra() -> None:
    done = start(WITHOUT.format(name="alignkit.registry"))
    assert done.returncode == 1
    assert "alignkit[cli]" not in done.stderr
    assert "No module named 'alignkit.registry'" in done.stderr


def test_the_command_runs_as_a_program() -> None:
    done = start("import sys; sys.argv = ['alignkit', '--version']; from alignkit.cli import main; main()")
    assert (done.returncode, done.stdout.split()[0]) == (0, "alignkit")
