"""Ingest: pages of Zendesk-like tickets through Export into SQLite, against orjson and a one-table upsert."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from alignkit import SQLiteStore, Sync
from alignkit.connectors import Export
from alignkit.sync import Progress
from benchmarks.report import Figure, ratios, write
from benchmarks.tickets import write_pages

TICKETS = 200_000
DLT_TICKETS = 5_000
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


def paired(pages: Path, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds a page for alignkit and for the baseline, page by page in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    baseline = Baseline(folder / "baseline.db")
    lines = _lines(pages)
    last = time.perf_counter()

    def turn(_: Progress) -> None:
        nonlocal last
        taken = time.perf_counter() - last
        line = next(lines, None)
        if line is None:  # the page that says that nothing follows
            return
        ours.append(taken)
        began = time.perf_counter()
        baseline.take(line)
        theirs.append(time.perf_counter() - began)
        last = time.perf_counter()

    with SQLiteStore(folder / "align.db") as store:
        Sync(store).pull(Export(pages), on_progress=turn)
        _compare(store, baseline)
    return ours[:-1], theirs[:-1]  # the last page is not full


def _compare(store: SQLiteStore, baseline: Baseline) -> None:
    kept = store.counts()["issues"]
    expected = int(baseline.connection.execute("SELECT count(*) FROM tickets").fetchone()[0])
    if kept != expected or store.counts()["quarantined"]:
        raise SystemExit(f"the two sides disagree: {kept} issues against {expected} rows")


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


def dlt_seconds(pages: Path, folder: Path) -> float | None:
    """Seconds for dlt to merge the raw tickets into DuckDB, start-up subtracted; None where dlt is not installed."""
    try:
        import dlt
    except ImportError:
        return None
    tickets = [ticket for line in _lines(pages) for ticket in orjson.loads(line)["tickets"]]

    def load(rows: list[dict[str, Any]], name: str) -> float:
        pipeline = dlt.pipeline(
            pipeline_name=name,
            pipelines_dir=str(folder / f"{name}-state"),
            destination=dlt.destinations.duckdb(str(folder / f"{name}.duckdb")),
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
        ours, theirs = paired(pages, folder)
        best, median = ratios(ours, theirs, SLICE)
        figures.append(
            Figure(
                "ingest, times orjson + one-table upsert",
                best,
                median,
                "at most 2.5",
                best <= 2.5 and median <= 2.5,
                {
                    "tickets": tickets,
                    "bytes a ticket": size,
                    "us a ticket": sum(ours) / tickets * 1e6,
                    "baseline us": sum(theirs) / tickets * 1e6,
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
        theirs_dlt = dlt_seconds(few, folder)
        if theirs_dlt is None:
            print("skipped: dlt is not installed, so there is no figure against it")
        else:
            each = theirs_dlt / DLT_TICKETS
            figures.append(
                Figure(
                    "ingest, dlt merge into DuckDB, times alignkit a ticket",
                    each / (min(_page_costs(ours)) / 1000),
                    each / (sum(ours) / tickets),
                    "at least 50",
                    each / (sum(ours) / tickets) >= 50,
                    {"dlt us a ticket": each * 1e6},
                )
            )
    write("ingest", figures)


def _page_costs(pages: list[float]) -> list[float]:
    return [sum(pages[i : i + SLICE]) / SLICE for i in range(0, len(pages) - SLICE + 1, SLICE)]
