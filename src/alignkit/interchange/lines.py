"""Reads files of lines, and remembers how far: a file that grew goes on, one that was replaced is noticed."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from alignkit.connectors.base import Checkpoint, Run
from alignkit.connectors.export.files import OpenFile, Place, find
from alignkit.connectors.export.layouts import is_same
from alignkit.errors import SettingsError
from alignkit.models.events import CustomerEvent
from alignkit.transport import JsonValue

PAGE = 1_000
"""The most lines on one page."""

MAX_BYTES = 64 * 1024 * 1024
"""The default for the longest line: 64 MiB."""

_LAYOUT = "messages"
_PAGE_BYTES = 8_000_000
_BUFFER = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_TABLES = frozenset({".csv", ".tsv"})


class Line(NamedTuple):
    """One line, and where it stands."""

    text: bytes
    place: str


class Lines(NamedTuple):
    """One page of lines; none of them where nothing is new."""

    lines: list[Line]
    places: Mapping[str, Place]
    gaps: list[str]
    anew: list[str]


def next_lines(path: str, places: Mapping[str, Place], limit: int) -> Lines:
    """The next page of a file, a folder or a pattern.

    Raises:
        SettingsError: there is no such file or folder, or it may not be read.
        DataInvalid: a line is longer than the limit.
    """
    found = {name: file for name, file in find(path).items() if file.suffix.lower() not in _TABLES}
    gaps = [f"`{name}` is gone; nothing that it told is taken back" for name in places if name not in found]
    anew: list[str] = []
    after = {name: place for name, place in places.items() if name in found}
    for name, file in found.items():
        with _opened(name, file, limit) as opened:
            place = after.get(name)
            if place is not None and not is_same(opened, place):
                gaps.append(f"`{name}` was replaced; it is read again from its start")
                anew.append(name)
                place = None
            place = place or opened.place(_LAYOUT, 0)
            lines, end = _page(opened, place.offset)
            after[name] = opened.further(place, end)
        if lines:
            return Lines(lines, after, gaps, anew)
    return Lines([], after, gaps, anew)


def to_json(places: Mapping[str, Place]) -> dict[str, JsonValue]:
    """Places as a checkpoint keeps them."""
    return {name: place.to_json() for name, place in places.items()}


def of_json(checkpoint: Checkpoint | None) -> dict[str, Place]:
    """The places that a checkpoint holds under `files`."""
    kept = checkpoint.get("files") if checkpoint else None
    items = kept.items() if isinstance(kept, dict) else ()
    return {name: Place.of_json(place) for name, place in items if isinstance(place, dict)}


def since_of(checkpoint: Checkpoint | None, run: Run) -> str | None:
    """The oldest change wanted: told on the first read, and remembered from then on."""
    if checkpoint is None:
        return run.since.isoformat() if run.since else None
    kept = checkpoint.get("since")
    return kept if isinstance(kept, str) else None


def wanted(events: Sequence[CustomerEvent], since: str | None) -> Sequence[CustomerEvent]:
    """The events that are not older than was wanted."""
    if since is None:
        return events
    oldest = datetime.fromisoformat(since)
    return [event for event in events if event.time >= oldest]


def _page(file: OpenFile, start: int) -> tuple[list[Line], int]:
    """The lines from a place on and where they end; a last one that is not complete waits for the rest."""
    lines: list[Line] = []
    at = start
    for line in file.lines(start):
        if not line.endswith(b"\n") and not _is_json(line):
            break
        text = line.removeprefix(_BOM) if at == 0 else line
        if text.strip():
            lines.append(Line(text, f"{file.name} at byte {at}"))
        at += len(line)
        if len(lines) == PAGE or at - start > _PAGE_BYTES:
            break
    return lines, at


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip()
    return True


@contextmanager
def _opened(name: str, path: Path, limit: int) -> Generator[OpenFile]:
    try:
        stream = path.open("rb", buffering=_BUFFER)
    except OSError as error:
        raise SettingsError(f"`{name}` cannot be read: {error.strerror}; give this user the right to read it") from None
    with stream:
        yield OpenFile.of(name, stream, limit)
