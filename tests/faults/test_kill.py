"""Kills a run at every call and change of its store and at every request, and lets the next run find its way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLING = Path(__file__).with_name("killing.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork, which makes killing cheap")


@pytest.mark.parametrize(
    ("job", "fewest"),
    [
        ("pull", 100),
        ("push-hold", 60),
        ("push-release", 60),
        ("release", 50),
        ("reconcile", 50),
        ("forget", 50),
        ("stop", 30),
        ("incident", 50),
        ("lift", 30),
        ("due", 25),
        ("retire", 30),
        ("paced", 60),
    ],
)
def test_a_run_that_is_killed_anywhere_loses_nothing_and_leaves_no_hold_without_its_row(
    tmp_path: Path, job: str, fewest: int
) -> None:
    search = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, str(KILLING), job, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": search},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= fewest
