"""`alignkit` starts without the extra only to say how to get it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alignkit.cli import main

from .shop import NOW, Shop, page, ticket

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


def test_a_name_that_the_terminal_cannot_show_does_not_end_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path)
    shop.write("audience.csv", "email\njürgen@example.com\n")
    shop.write("tickets.jsonl", page(ticket(1, "jürgen@example.com")))
    shop.pull()
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "ascii", write_through=True))
    settings = str(shop.folder / "alignkit.toml")
    monkeypatch.setattr(sys, "argv", ["alignkit", "push", "list", "--now", NOW, "--settings", settings])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert rb"j\xfcrgen@example.com" in shown.getvalue()


def test_a_terminal_is_shown_progress_and_a_pipe_only_results(tmp_path: Path) -> None:
    settings = Shop(tmp_path).folder / "alignkit.toml"
    words = ["alignkit", "pull", "--now", NOW, "--settings", str(settings)]
    script = f"import sys; sys.argv = {words!r}; from alignkit.cli import main; main()"
    ours, theirs = os.openpty()
    try:
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=environment,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "desk" in shown
    assert "Pulled" in done.stdout
    assert "\x1b" not in done.stdout
