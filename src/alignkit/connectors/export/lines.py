"""Reads JSON Lines: one page a line as cursor exports return them, or one record a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from alignkit.connectors.export.files import OpenFile, Place
from alignkit.connectors.export.reader import ISSUES, PAGE, PAGES, Reader, Step
from alignkit.errors import DataInvalid

_PAGE_BYTES = 8_000_000


def layout(file: OpenFile, start: int, reader: Reader) -> str | None:
    """What the lines of a file are, told by the first; None while that line is incomplete.

    Raises:
        DataInvalid: it is one JSON document over many lines.
    """
    first = next((line for line in file.lines(start) if not line.isspace()), b"")
    if first.strip() == b"{" and first.endswith(b"\n"):
        raise DataInvalid(f"`{file.name}` is one JSON document over many lines; write one page or record a line")
    if not first.endswith(b"\n") and not _is_json(first):
        return None
    try:
        document = json.loads(first)
    except (ValueError, RecursionError):
        return ISSUES
    return reader.layout(document)


def step(file: OpenFile, place: Place, reader: Reader) -> Step:
    """Read one page, or up to a thousand records.

    A last line that is not complete is left for the next time.
    """
    texts: list[bytes] = []
    places: list[str] = []
    end, left = place.offset, 0
    for at, line in _numbered(file, place.offset):
        if not line.endswith(b"\n") and not _is_json(line):
            left = len(line)
            break
        end = at + len(line)
        if not line.isspace():
            texts.append(line)
            places.append(f"{file.name} at byte {at}")
        if texts and (place.layout == PAGES or len(texts) == PAGE or end - place.offset > _PAGE_BYTES):
            break
    if not texts:
        remark = f"`{file.name}` ends within a line; its last {left:,} bytes wait for the rest" if left else None
        return Step(None, place, remark)
    return Step(reader.read(place.layout, texts, places), file.further(place, end))


def _numbered(file: OpenFile, offset: int) -> Iterator[tuple[int, bytes]]:
    for line in file.lines(offset):
        yield offset, line
        offset += len(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip()
    return True
