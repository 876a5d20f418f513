"""The long comparison counts what it has done, goes on from there, and asks one seed again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .fuzz import compared, seeds


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.reference.fuzz", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    state = tmp_path / "kept" / "fuzz.json"
    first = fuzz("--pairs", "80", "--state", str(state))
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == "80 pairs without a difference"
    second = fuzz("--pairs", "120", "--state", str(state))
    assert second.stdout.startswith("seeds 2 to 3, ")
    assert fuzz("--pairs", "120", "--state", str(state), "--afresh").stdout.startswith("seeds 0 to 3, ")


def test_one_seed_can_be_asked_again() -> None:
    seed = next(seeds())
    assert compared(seed) == (seed, None)
    assert fuzz("--seed", seed).stdout == f"`{seed}`: no difference\n"


def test_typed_and_untyped_policies_take_turns() -> None:
    found = seeds()
    assert [next(found).split("-")[0] for _ in range(4)] == ["typed", "untyped", "typed", "untyped"]
