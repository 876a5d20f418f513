"""Reading: one page of each stream into events and identifiers, against `orjson.loads` of the same bytes.

A connector's own `read` is driven, the requests it makes for the page included, and answered from memory. What a
stream asks only once, such as HubSpot's pipelines, is asked before the clock runs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from alignkit.connectors.base import Run
from alignkit.identity import people_of
from alignkit.transport import Request, Response, run
from benchmarks.connectors.case import NOW, Case
from benchmarks.connectors.services import every
from benchmarks.report import Figure, ratios
from benchmarks.turns import Steps, timed

MOST = 1.6
ROUNDS, FEW_ROUNDS = 40, 10
STEP = 500_000
"""Bytes that one step reads, the same page again and again, so that the clock sees more than itself."""

_HEADERS = {"date": format_datetime(NOW, usegmt=True), "content-type": "application/json"}


class Page:
    """One page, and the bytes that reading it takes.

    Raises:
        SystemExit: the connector does not read every record of it.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self._asked: dict[str, bytes] = {}
        self.read()
        self._asked.clear()
        self.read()
        # A file is asked for by nobody.
        self.bodies = [*(self._asked or case.answers).values()]
        self.size = sum(map(len, self.bodies))
        self.times = max(1, round(STEP / self.size))

    def read(self) -> None:
        """The page as the connector reads it, and whom its events concern."""
        page = run(self.case.source.read(self.case.stream, self.case.checkpoint, Run(NOW)), self._answer)
        for event in page.events:
            people_of(event.data, event.source)
        if len(page.events) < self.case.records or page.quarantined or page.gaps:
            raise SystemExit(f"`{self.case.name}` reads {len(page.events)} of {self.case.records} records")

    def parse(self) -> None:
        """The same bytes as dictionaries."""
        for body in self.bodies:
            orjson.loads(body)

    def _answer(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        end, body = next(known for known in self.case.answers.items() if path.endswith(known[0]))
        self._asked[end] = body
        return Response(200, _HEADERS, body)


def by_turns(folder: str, *, does_read: bool, is_fast: bool) -> None:
    """One side: a step for each page, round after round, until it is ended from outside."""
    if not is_fast:
        sys.modules["msgspec"] = None  # type: ignore[assignment] # as where it is not installed
    pages = [Page(case) for case in every(Path(folder))]
    # Processor time, since a step is short and other programs would be measured with it.
    steps = Steps(time.process_time)
    while True:
        for page in pages:
            work = page.read if does_read else page.parse
            for _ in range(page.times):
                work()
            steps.done()


def figures(*, small: bool) -> list[Figure]:
    """A figure for each page and each way of reading."""
    ways = {
        "fast": "does_read=True, is_fast=True",
        "core": "does_read=True, is_fast=False",
        "baseline": "does_read=False, is_fast=True",
    }
    with tempfile.TemporaryDirectory(prefix="alignkit-bench-") as folder:
        pages = [Page(case) for case in every(Path(folder))]
        for name in ways:
            Path(folder, name).mkdir()
        sides = {name: _script(f"{str(Path(folder, name))!r}, {given}") for name, given in ways.items()}
        taken = timed(sides, (FEW_ROUNDS if small else ROUNDS) * len(pages))
    found: list[Figure] = []
    for number, page in enumerate(pages):
        mine = {name: steps[number :: len(pages)] for name, steps in taken.items()}
        found += [_figure(page, name, mine[name], mine["baseline"]) for name in ("fast", "core")]
    return found


def _figure(page: Page, name: str, ours: list[float], theirs: list[float]) -> Figure:
    best, median = ratios(ours, theirs, 1)
    records = page.case.records
    each = 1e6 / page.times / records
    return Figure(
        f"{page.case.name} ({name}), times orjson.loads",
        best,
        median,
        f"at most {MOST}",
        best <= MOST and median <= MOST,
        {
            "records": records,
            "bytes a record": page.size / records,
            "us a record": statistics.median(ours) * each,
            "best us": min(ours) * each,
            "orjson best us": min(theirs) * each,
        },
    )


def _script(given: str) -> list[str]:
    return ["-c", f"from benchmarks.connectors import reading; reading.by_turns({given})"]
