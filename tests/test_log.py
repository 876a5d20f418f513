"""Holds the library to silence: nothing reaches a terminal unless the application listens."""

from __future__ import annotations

import subprocess
import sys

from alignkit.log import logger


def test_a_warning_reaches_no_terminal_by_itself() -> None:
    script = "from alignkit.log import logger; logger('sync').warning('told to nobody')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_application_that_listens_hears_it() -> None:
    script = "import logging; logging.basicConfig(); from alignkit.log import logger; logger('sync').warning('heard')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "alignkit.sync:heard" in done.stderr


def test_loggers_are_named_after_the_part_they_speak_for() -> None:
    assert logger("transport").name == "alignkit.transport"
