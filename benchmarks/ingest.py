"""Ingest: pages of Zendesk-like tickets through Export into SQLite, against orjson and a one-table upsert."""

from __future__ import annotations

import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from alignkit import SQLiteStore, Sync
from alignkit.connectors import Export
from benchmarks.report import Figure, ratios, write
from benchmarks.tickets import REPEATED_SHARE, write_pages
from benchmarks.turns import Steps, timed

TICKETS = 200_000
DLT_TICKETS = 5_000
DLT_RUNS = 5
PER_PAGE = 1_000
RECORDS_A_TICKET = 1 + REPEATED_SHARE
SLICE = 10

_UPSERT = """
INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
status = excluded.status, priority = excluded.priority, type = excluded.type, subject = excluded.subject,
requester = excluded.requester, email = excluded.email, tags = excluded.tags, created_at = excluded.created_at,
updated_at = excluded.updated_at, version = excluded.version WHERE excluded.version >= tickets.version
"""


class Baseline:
    """`orjson.loads` and a newer-wins upsert into one table, at the durability that alignkit uses."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            "CREATE TABLE tickets (id INTEGER PRIMARY KEY, status TEXT, priority TEXT, type TEXT, subject TEXT,"
            " requester INTEGER, email TEXT, tags TEXT, created_at TEXT, updated_at TEXT, version INTEGER)"
        )

    def take(self, line: bytes) -> None:
        rows = [_row(ticket) for ticket in orjson.loads(line)["tickets"]]
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(_UPSERT, rows)
        self.connection.execute("COMMIT")


def _row(ticket: dict[str, Any]) -> tuple[Any, ...]:
    return (
        ticket["id"],
        ticket["status"],
        ticket["priority"],
        ticket["type"],
        ticket["subject"],
        ticket["requester_id"],
        ticket["via"]["source"]["from"].get("address"),
        " ".join(ticket["tags"]),
        ticket["created_at"],
        ticket["updated_at"],
        ticket["generated_timestamp"],
    )


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def pull_by_turns(pages: str, path: str, *, is_fast: bool) -> None:
    """Our side: one page a step, with or without what the extra `fast` installs."""
    if not is_fast:
        sys.modules["msgspec"] = None  # type: ignore[assignment] # as where it is not installed
    with SQLiteStore(path) as store:
        source = Export(pages)
        Sync(store).pull(source, on_progress=Steps().done)


def upsert_by_turns(pages: str, path: str) -> None:
    """The baseline's side: one page a step."""
    baseline = Baseline(Path(path))
    steps = Steps()
    for line in _lines(Path(pages)):
        baseline.take(line)
        steps.done()


def sides(pages: Path, folder: Path, steps: int) -> dict[str, list[float]]:
    """Seconds a page for each side, page by page in turn."""
    taken = timed(
        {
            "fast": _script(f"pull_by_turns({str(pages)!r}, {str(folder / 'fast.db')!r}, is_fast=True)"),
            "core": _script(f"pull_by_turns({str(pages)!r}, {str(folder / 'core.db')!r}, is_fast=False)"),
            "baseline": _script(f"upsert_by_turns({str(pages)!r}, {str(folder / 'baseline.db')!r})"),
        },
        steps,
    )
    rows = sqlite3.connect(folder / "baseline.db").execute("SELECT count(*) FROM tickets").fetchone()[0]
    for name in ("fast", "core"):
        with SQLiteStore(folder / f"{name}.db") as store:
            counts = store.counts()
        if counts["issues"] != rows or counts["quarantined"]:
            raise SystemExit(f"the sides disagree: {counts['issues']} issues against {rows} rows")
    return taken


def _script(call: str) -> list[str]:
    return ["-c", f"from benchmarks import ingest; ingest.{call}"]


def peak_memory(pages: Path, folder: Path) -> float:
    """The peak resident memory, in MB, of a process that pulls these pages and does nothing else."""
    script = "import sys; from benchmarks.ingest import pull_alone; pull_alone(sys.argv[1], sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(pages), str(folder / f"alone-{pages.stem}.db")],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


def pull_alone(pages: str, path: str) -> None:
    with SQLiteStore(path) as store:
        Sync(store).pull(Export(pages))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def dlt_seconds(pages: Path, folder: Path) -> list[float]:
    """Seconds for dlt to merge the raw tickets into DuckDB, start-up subtracted, a few times; none without dlt."""
    if find_spec("dlt") is None:
        return []
    taken: list[float] = []
    for number in range(DLT_RUNS):
        call = f"print(ingest.dlt_alone({str(pages)!r}, {str(folder / f'dlt-{number}')!r}))"
        script = ["-c", f"from benchmarks import ingest; {call}"]
        done = subprocess.run([sys.executable, *script], capture_output=True, check=True, text=True)
        taken.append(float(done.stdout.splitlines()[-1]))
    return taken


def dlt_alone(pages: str, folder: str) -> float:
    """Seconds of one merge, less those of a merge of one ticket."""
    import dlt

    tickets = [ticket for line in _lines(Path(pages)) for ticket in orjson.loads(line)["tickets"]]

    def load(rows: list[dict[str, Any]], name: str) -> float:
        pipeline = dlt.pipeline(
            pipeline_name=name,
            pipelines_dir=f"{folder}-{name}-state",
            destination=dlt.destinations.duckdb(f"{folder}-{name}.duckdb"),
            dataset_name="desk",
        )
        began = time.perf_counter()
        pipeline.run(rows, table_name="tickets", write_disposition="merge", primary_key="id")
        return time.perf_counter() - began

    load(tickets[:1], "warm")
    start_up = load(tickets[:1], "empty")
    return max(0.0, load(tickets, "full") - start_up)


def main(*, small: bool = False) -> None:
    tickets = TICKETS // 10 if small else TICKETS
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="alignkit-bench-") as name:
        folder = Path(name)
        pages, few, quarter = folder / "tickets.jsonl", folder / "few.jsonl", folder / "quarter.jsonl"
        write_pages(pages, tickets)
        write_pages(few, DLT_TICKETS)
        write_pages(quarter, tickets // 4)
        size = len(next(_lines(pages))) / 1000
        taken = sides(pages, folder, sum(1 for _ in _lines(pages)) - 1)  # the last page is not full
        for name, what in (("fast", "with the extra `fast`"), ("core", "with the core alone")):
            best, median = ratios(taken[name], taken["baseline"], SLICE)
            figures.append(
                Figure(
                    f"ingest {what}, times orjson + one-table upsert",
                    best,
                    median,
                    "at most 2.5",
                    best <= 2.5 and median <= 2.5,
                    {
                        "tickets": tickets,
                        "bytes a record": size,
                        "us a record": _microseconds(taken[name]),
                        "baseline us": _microseconds(taken["baseline"]),
                    },
                )
            )
        whole, part = peak_memory(pages, folder), peak_memory(quarter, folder)
        figures.append(
            Figure(
                "ingest, peak memory against a quarter of the tickets",
                whole / part,
                whole / part,
                "flat, under 150 MB",
                whole < 150 and whole / part < 1.15,
                {"MB": whole, "MB for a quarter": part},
            )
        )
        merges = [seconds / DLT_TICKETS * 1e6 for seconds in dlt_seconds(few, folder)]
        if not merges:
            print("skipped: dlt is not installed, so there is no figure against it")
        for name in ("fast", "core") if merges else ():
            each = _microseconds(taken[name]) * RECORDS_A_TICKET
            figures.append(
                Figure(
                    f"ingest, dlt merge into DuckDB, times alignkit ({name}) a ticket",
                    min(merges) / each,
                    statistics.median(merges) / each,
                    "at least 50",
                    statistics.median(merges) / each >= 50,
                    {"dlt us a ticket": statistics.median(merges), "runs": len(merges)},
                )
            )
    write("ingest", figures)


def _microseconds(pages: list[float]) -> float:
    """What one record of a page costs, in the median."""
    return statistics.median(pages) / PER_PAGE * 1e6
