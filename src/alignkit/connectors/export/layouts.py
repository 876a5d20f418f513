"""Tells by its content how a file holds its records, and takes the page that follows out of it.

Memory stays flat: one line, or up to a thousand records, at a time.
"""

from __future__ import annotations

from dataclasses import replace

from alignkit.connectors.export import array, lines, table
from alignkit.connectors.export.files import OpenFile, Place, not_utf8
from alignkit.connectors.export.reader import Reader, Step
from alignkit.errors import DataInvalid

_BOM = b"\xef\xbb\xbf"
_SNIFFED = 65_536


def begin(file: OpenFile, reader: Reader) -> Place | None:
    """The start of a file, with its layout; None while there is not enough of it to tell.

    Raises:
        DataInvalid: it is no export.
    """
    file.stream.seek(0)
    head = file.stream.read(_SNIFFED)
    start = len(_BOM) if head.startswith(_BOM) else 0
    first = head[start:].lstrip()[:1]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise not_utf8(file.name)
    if first == b"<":
        raise DataInvalid(f"`{file.name}` holds HTML or XML, perhaps a log-in page; export it again as JSON or CSV")
    if first == b"[":
        return replace(file.place(array.LAYOUT, file.size), offset=0)
    if b"\n" not in head and b"\r" in head[:-1]:
        raise DataInvalid(f"`{file.name}` ends its lines with CR alone; save it with LF or CRLF at their ends")
    if first == b"{":
        layout = lines.layout(file, start, reader)
        return file.place(layout, start) if layout else None
    return file.place(table.LAYOUT, 0) if b"\n" in head else None


def is_same(file: OpenFile, place: Place) -> bool:
    """Whether a file still is the one that was read up to this place."""
    return file.holds(place, file.size if place.layout == array.LAYOUT else place.offset)


def step(file: OpenFile, place: Place, reader: Reader) -> Step:
    """Read the page that follows a place.

    Raises:
        DataInvalid: the file cannot be read from there on.
    """
    if place.layout == array.LAYOUT:
        return array.step(file, place, reader)
    if place.layout == table.LAYOUT:
        return table.step(file, place, reader)
    return lines.step(file, place, reader)
