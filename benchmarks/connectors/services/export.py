"""Export: a page in the middle of a file that Zendesk's ticket export was written to, with its people."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from alignkit.connectors import Export
from alignkit.connectors.base import Run
from alignkit.transport import Request, run
from benchmarks.connectors.case import NOW, Case, json
from benchmarks.connectors.services.zendesk import ticket_page
from benchmarks.connectors.words import Words


def cases(folder: Path, size: int = 1_000) -> list[Case]:
    words = Words("export")
    # What the layout of a file is, is looked for only at its beginning.
    first, page = (ticket_page(range(start, start + size), 2 * size, words) for start in (0, size))
    path = folder / "tickets.jsonl"
    path.write_bytes(json(first) + b"\n" + json(page) + b"\n")
    source = Export(path)
    begun = run(source.read("records", None, Run(NOW)), _asked)
    return [Case(source, "records", size + len(page["users"]), {"": json(page)}, begun.checkpoint)]


def _asked(request: Request) -> NoReturn:
    raise SystemExit(f"reading a file asked for {request.method}")
