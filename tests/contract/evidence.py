"""Holds the figures of the table of evidence: what was checked and parsed, per service and stream."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

FIGURES = Path(__file__).with_name("evidence.json")

Figures = dict[str, dict[str, dict[str, int]]]


def figures() -> Figures:
    """Every figure: by service, stream and what was counted."""
    found: Figures = json.loads(FIGURES.read_text("utf-8"))
    return found


def hold(service: str, stream: str, **counted: int) -> None:
    """Holds figures that were just counted to those that are written down.

    With `ALIGNKIT_EVIDENCE=write` in the environment it writes them down instead.

    Args:
        counted: `requests`: different requests that were checked against the description of the service; `recorded`:
            recorded exchanges that were parsed without loss.
    """
    if os.environ.get("ALIGNKIT_EVIDENCE") == "write":
        _write(service, stream, counted)
        return
    written = figures().get(service, {}).get(stream, {})
    wrong = {name: written.get(name) for name, number in counted.items() if written.get(name) != number}
    assert not wrong, (
        f"`{FIGURES.name}` says {wrong} of `{stream}` of `{service}`, and it was {counted}; "
        "run with `ALIGNKIT_EVIDENCE=write`, then `python tools/evidence.py`"
    )


def _write(service: str, stream: str, counted: Mapping[str, int]) -> None:
    with FIGURES.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found: Figures = json.load(file)
        found.setdefault(service, {}).setdefault(stream, {}).update(counted)
        file.seek(0)
        file.truncate()
        json.dump(found, file, indent=2, sort_keys=True)
        file.write("\n")
