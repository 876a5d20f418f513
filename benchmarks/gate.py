"""The gate: one decision, against bare primary-key SELECTs on the same file."""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alignkit import Gate, Message, Policy, SQLiteStore
from alignkit.models import (
    Contact,
    ContactChanged,
    CustomerEvent,
    Issue,
    IssueChanged,
    IssueStatus,
    IssueType,
    Priority,
)
from alignkit.stores.records import Batch
from benchmarks.report import Figure, percentile, write

SIZES = (10_000, 1_000_000)
SAMPLE = 20_000
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
OFFER = Message(category="promotional", channel="email")
TARGET = 5.0


def address(number: int) -> str:
    return f"person{number}@example.com"


def populate(path: Path, customers: int) -> None:
    """A store of customers, each known by a contact record, a tenth of them with one to three issues."""
    chance = random.Random(7)
    with SQLiteStore(path) as store:
        store.expect("desk", "export", ["records"])
        for batch in _batches(_events(customers, chance), 2_000):
            store.apply(Batch("desk", batch, NOW, stream="records", checkpoint={}, ended=True))


def _events(customers: int, chance: random.Random) -> Iterator[CustomerEvent]:
    for number in range(customers):
        contact = Contact(id=str(number), name=f"Person {number}", emails=(address(number),))
        yield ContactChanged.of(contact, source="desk", received_at=NOW, time=NOW - timedelta(days=400))
        if number % 10 == 0:
            for issue in range(chance.choice((1, 1, 1, 2, 3))):
                yield _issue(f"{number}-{issue}", str(number), chance)


def _issue(id: str, requester: str, chance: random.Random) -> CustomerEvent:
    created = NOW - timedelta(hours=chance.randrange(1, 2_000))
    is_open = chance.random() < 0.4
    return IssueChanged.of(
        Issue(
            id=id,
            status=IssueStatus.OPEN if is_open else IssueStatus.CLOSED,
            status_raw="open" if is_open else "closed",
            type=chance.choice((IssueType.INCIDENT, IssueType.QUESTION)),
            priority=chance.choice(list(Priority)),
            requester_id=requester,
            created_at=created,
            remote_updated_at=min(NOW, created + timedelta(hours=chance.randrange(1, 100))),
            tags=("shop", "parcel"),
        ),
        source="desk",
        received_at=NOW,
    )


def _batches(events: Iterator[CustomerEvent], size: int) -> Iterator[list[CustomerEvent]]:
    batch: list[CustomerEvent] = []
    for event in events:
        batch.append(event)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _timed(work: Callable[[str], object], keys: Sequence[str]) -> list[float]:
    taken: list[float] = []
    for key in keys:
        began = time.perf_counter()
        work(key)
        taken.append(time.perf_counter() - began)
    return taken


def compare(path: Path, people: Sequence[int], name: str) -> Figure:
    """Times decisions and bare SELECTs on the same people in alternating slices."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)

    def select(key: str) -> object:
        row: object = connection.execute(
            "SELECT customer FROM identifiers WHERE identifier = ?", (f"email:{key}",)
        ).fetchone()
        return row

    ours: list[float] = []
    theirs: list[float] = []
    bests: list[tuple[float, float]] = []
    with SQLiteStore(path) as store:
        gate = Gate(store, Policy.starter())

        def decide(key: str) -> object:
            return gate.decide(key, OFFER, now=NOW)

        keys = [address(number) for number in people]
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            decided, selected = (_timed(decide, part), _timed(select, part))
            if start % 1000:
                selected, decided = _timed(select, part), _timed(decide, part)
            ours += decided
            theirs += selected
            bests.append((statistics.median(decided), statistics.median(selected)))
    connection.close()
    best = min(a for a, _ in bests) / min(b for _, b in bests)
    median = statistics.median(ours) / statistics.median(theirs)
    tail = percentile(ours, 0.99) / percentile(theirs, 0.99)
    return Figure(
        f"gate, {name}, times one bare SELECT",
        best,
        median,
        "at most 5, median and p99",
        median <= TARGET and tail <= TARGET,
        {
            "p99 ratio": tail,
            "us": statistics.median(ours) * 1e6,
            "SELECT us": statistics.median(theirs) * 1e6,
            "p99 us": percentile(ours, 0.99) * 1e6,
            "SELECT p99 us": percentile(theirs, 0.99) * 1e6,
        },
    )


def main(*, small: bool = False) -> None:
    figures: list[Figure] = []
    for size in (SIZES[0], 100_000) if small else SIZES:
        chance = random.Random(11)
        with tempfile.TemporaryDirectory(prefix="alignkit-bench-") as folder:
            path = Path(folder) / "align.db"
            populate(path, size)
            everybody = [chance.randrange(size) for _ in range(SAMPLE)]
            with_issues = [chance.randrange(size // 10) * 10 for _ in range(SAMPLE)]
            figures.append(compare(path, everybody, f"{size:,} customers, uniform"))
            figures.append(compare(path, with_issues, f"{size:,} customers, with issues only"))
    write("gate", figures)
