"""Reads issues from CSV: a header, and one issue a row."""

from __future__ import annotations

import json

from alignkit.connectors.export.files import OpenFile, Place
from alignkit.connectors.export.reader import ISSUES, PAGE, Reader, Reading, Step
from alignkit.connectors.export.rows import Rows
from alignkit.connectors.records.shape import listed
from alignkit.errors import DataInvalid
from alignkit.models.exchange import Quarantined

LAYOUT = "csv"


def step(file: OpenFile, place: Place, reader: Reader) -> Step:
    """Read up to a thousand rows.

    A last row without line end may be half-written. If it has every column it is read, since spreadsheets end their
    files so, but it is not passed: once the file has grown, it is read again.

    Raises:
        DataInvalid: columns are missing, a row is longer than the limit, or the file is not UTF-8.
    """
    if place.peeked == file.size:
        return Step(None, place)
    rows = Rows(file, place.offset)
    columns = _columns(file, rows.header, reader)
    texts: list[bytes] = []
    places: list[str] = []
    bad: list[Quarantined] = []
    left, peeked = 0, 0
    for row in rows:
        is_complete = row.cells is not None and len(row.cells) == len(columns)
        if not row.is_ended and not is_complete:
            left = file.size - row.at
            break
        peeked = 0 if row.is_ended else file.size
        where = f"{file.name} at byte {row.at}"
        if row.cells is not None and is_complete:
            texts.append(_json(columns, row.cells))
            places.append(where)
        else:
            bad.append(Quarantined(where, _fault(row.cells, columns)))
        if len(texts) + len(bad) == PAGE:
            break
    if not texts and not bad:
        left = left or rows.left
        remark = f"`{file.name}` ends within a row; its last {left:,} bytes wait for the rest" if left else None
        return Step(None, place, remark)
    reading = reader.read(ISSUES, texts, places)
    return Step(Reading(issues=reading.issues, bad=[*bad, *reading.bad]), file.further(place, rows.passed, peeked))


def _json(columns: list[str], cells: list[str]) -> bytes:
    """A row as a JSON record, so that every layout is read in one way; an empty cell says nothing."""
    return json.dumps({name: cell.strip() or None for name, cell in zip(columns, cells, strict=True)}).encode()


def _fault(cells: list[str] | None, columns: list[str]) -> str:
    if cells is None:
        return "is no row of CSV"
    return f"has {len(cells)} values where the header has {len(columns)}"


def _columns(file: OpenFile, header: list[str], reader: Reader) -> list[str]:
    """The columns, spelled as the mapping spells those that it knows."""
    known = {name.casefold(): name for name in reader.mapping.columns}
    columns = [known.get(name.casefold(), name) for name in header]
    twice = next((name for name in known.values() if columns.count(name) > 1), None)
    if twice is not None:
        raise DataInvalid(f"`{file.name}` has the column `{twice}` twice; rename the one that is not meant")
    if missing := reader.mapping.missing(columns):
        raise DataInvalid(
            f"`{file.name}` lacks the columns {listed(missing)}; it has {listed(columns[:20])}; rename its columns, or "
            "declare a mapping for it"
        )
    return columns
