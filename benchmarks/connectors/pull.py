"""Pulls Zendesk tickets from a loopback server into SQLite, against peers that read the same pages there.

Compared is what a ticket takes: ours of a whole pull, with its start-up; theirs of fewer tickets, without.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from alignkit import SQLiteStore, Sync
from alignkit.connectors import Zendesk
from benchmarks.connectors import peers
from benchmarks.connectors.peers import Taken
from benchmarks.connectors.server import serving, write_pages
from benchmarks.report import Figure

TICKETS, FEW = 50_000, 5_000
SMALL, SMALL_FEW = 5_000, 1_000
RUNS = 3
MOST_MEMORY = 150.0

_PEERS = {
    "airbyte": ("airbyte-cdk's declarative reader, which writes nothing", 2.0),
    "dlt": ("dlt's REST source, merging into DuckDB", 20.0),
}


def figures(*, small: bool) -> list[Figure]:
    """How many times as long the peers take for a ticket, and whether memory stays flat."""
    whole, few, runs = (SMALL, SMALL_FEW, 1) if small else (TICKETS, FEW, RUNS)
    with tempfile.TemporaryDirectory(prefix="alignkit-bench-") as name:
        folder = Path(name)
        exports = folder / "exports"
        exports.mkdir()
        size = write_pages(exports / "whole", whole) / whole
        for export, tickets in (("half", whole // 2), ("few", few), ("one", 1)):
            write_pages(exports / export, tickets)
        with serving(exports) as root:
            ours, memory = _pulls(root, folder, whole)
            _, part = _pull(f"{root}/half", folder, whole // 2, is_fast=True)
            theirs: Mapping[str, Callable[[], Taken | None]] = {
                "airbyte": lambda: peers.airbyte(root, few),
                "dlt": lambda: peers.dlt(root, few),
            }
            taken = _rounds({**ours, **theirs}, runs)
    told = {"tickets": whole, "bytes a ticket": size, "runs": runs}
    flat = Figure(
        # Not a quarter: SQLite's cache is full only after some twenty thousand tickets.
        "pull, peak memory against half of the tickets",
        memory / part,
        memory / part,
        f"flat, under {MOST_MEMORY:.0f} MB",
        memory < MOST_MEMORY and memory / part < 1.1,
        {"MB": memory, "MB for half": part},
    )
    return [*(one for name in _PEERS for one in _against(name, taken, whole, few, told)), flat]


def _rounds(sides: Mapping[str, Callable[[], Taken | None]], runs: int) -> dict[str, list[Taken]]:
    """What each side takes, in turn; a side that gives nothing is not asked again."""
    taken: dict[str, list[Taken]] = {name: [] for name in sides}
    for number in range(runs):
        for name in list(taken) if number % 2 == 0 else list(reversed(taken)):
            one = sides[name]()
            if one is None:
                print(f"skipped: {name} is not installed, so there is no figure against it", flush=True)
                del taken[name]
            else:
                taken[name].append(one)
    return taken


def _against(
    name: str, taken: Mapping[str, list[Taken]], whole: int, few: int, told: Mapping[str, float | int]
) -> list[Figure]:
    """The figures against one peer, with and without the extra `fast`."""
    what, least = _PEERS[name]
    found: list[Figure] = []
    for way in ("fast", "core") if name in taken else ():
        pairs = [_ratio(theirs, ours, whole, few) for theirs, ours in zip(taken[name], taken[way], strict=True)]
        median = statistics.median(one.seconds for one in pairs)
        processor = statistics.median(one.processor for one in pairs)
        quickest, ours_quickest = min(taken[name]), min(taken[way])
        best = _ratio(quickest, ours_quickest, whole, few).seconds
        details: dict[str, float | int | str] = {
            **told,
            "us a ticket": ours_quickest.seconds / whole * 1e6,
            "theirs us": quickest.seconds / few * 1e6,
            "median of processor time": processor,
        }
        is_met = best >= least and median >= least
        title = f"pull, {what}, times alignkit ({way}) a ticket"
        found.append(Figure(title, best, median, f"at least {least:.0f}", is_met, details))
    return found


def _ratio(theirs: Taken, ours: Taken, whole: int, few: int) -> Taken:
    """How many times as long a ticket takes them."""
    return Taken(*(their / few / (our / whole) for their, our in zip(theirs, ours, strict=True)))


def _pulls(root: str, folder: Path, tickets: int) -> tuple[dict[str, Callable[[], Taken]], float]:
    """How our sides pull, and the peak memory of a pull, in MB."""

    def side(*, is_fast: bool) -> Callable[[], Taken]:
        return lambda: _pull(f"{root}/whole", folder, tickets, is_fast=is_fast)[0]

    _, memory = _pull(f"{root}/whole", folder, tickets, is_fast=True)
    return {"fast": side(is_fast=True), "core": side(is_fast=False)}, memory


def _pull(root: str, folder: Path, tickets: int, *, is_fast: bool) -> tuple[Taken, float]:
    """One pull in a process of its own: what it took, and its peak memory in MB.

    Raises:
        SystemExit: the store has another number of tickets than there are.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        given = f"{root!r}, {str(Path(name) / 'pull.db')!r}, is_fast={is_fast}"
        script = f"from benchmarks.connectors import pull; pull.pull_alone({given})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    seconds, processor, memory, issues = done.stdout.split()
    if int(issues) != tickets:
        raise SystemExit(f"the store has {issues} of {tickets} tickets")
    return Taken(float(seconds), float(processor)), float(memory)


def pull_alone(root: str, path: str, *, is_fast: bool) -> None:
    """Pulls an export, and prints seconds, those of the processor, peak memory in MB, and how many issues are there."""
    if not is_fast:
        sys.modules["msgspec"] = None  # type: ignore[assignment] # as where it is not installed
    began, processor = time.perf_counter(), time.process_time()
    with SQLiteStore(path) as store:
        source = Zendesk("acme", "agent@example.com", "sample-token", base_url=root)
        Sync(store).pull(source, streams=["tickets"])
        taken = time.perf_counter() - began, time.process_time() - processor
        issues = store.counts()["issues"]
    print(*taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, issues)
