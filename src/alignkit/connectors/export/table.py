"""Reads CSV: a header, and one record a row, which may run over several lines where a value is quoted."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from alignkit.connectors.export.files import OpenFile, Place, not_utf8
from alignkit.connectors.export.mapping import listed
from alignkit.connectors.export.reader import ISSUES, PAGE, Reader, Reading, Step
from alignkit.errors import DataInvalid
from alignkit.models.exchange import Quarantined

LAYOUT = "csv"

_DELIMITERS = ",;\t"


def step(file: OpenFile, place: Place, reader: Reader) -> Step:
    """Read up to a thousand rows.

    A last row without line end may be half-written. It is read, as spreadsheets end their files so, but not passed: it
    is read again once the file has grown.

    Raises:
        DataInvalid: columns are missing, a row is longer than the limit, or the file is not UTF-8.
    """
    if place.peeked == file.size:
        return Step(None, place)
    rows = _Rows(file, place, reader)
    texts: list[bytes] = []
    places: list[str] = []
    bad: list[Quarantined] = []
    for at, row in rows:
        where = f"{file.name} at byte {at}"
        if isinstance(row, str):
            bad.append(Quarantined(where, row))
        elif row:
            texts.append(json.dumps(row).encode())
            places.append(where)
        if len(texts) + len(bad) == PAGE:
            break
    if not texts and not bad:
        remark = (
            f"`{file.name}` ends within a row; its last {rows.left:,} bytes wait for the rest" if rows.left else None
        )
        return Step(None, place, remark)
    read = reader.read(ISSUES, texts, places)
    after = file.place(LAYOUT, rows.passed, peeked=rows.peeked)
    return Step(Reading(issues=read.issues, bad=[*bad, *read.bad]), after)


class _Rows:
    """The rows of a file from a place on.

    Attributes:
        passed: the offset after the last complete row.
        peeked: the file's size, once a row without line end was read; else 0.
        left: the bytes of a last row that is known to be half-written.
    """

    def __init__(self, file: OpenFile, place: Place, reader: Reader) -> None:
        self.file = file
        header = next(file.lines(0), b"")
        text = _decoded(file, header).removeprefix("\ufeff")
        self.delimiter = max(_DELIMITERS, key=text.count)
        self.columns = _named(file, next(csv.reader([text], delimiter=self.delimiter)), reader)
        self.passed = place.offset or len(header)
        self.peeked = self.left = 0
        self._read, self._line = self.passed, header

    def __iter__(self) -> Iterator[tuple[int, dict[str, str | None] | str]]:
        """Each row with the offset at which it begins: its values by column, or what is wrong with it."""
        if not self._is_ended():
            return
        rows = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        while True:
            begun = self.passed
            try:
                cells = next(rows, None)
            except csv.Error:
                if self._read == self.file.size:
                    self.left = self._read - begun
                    return
                self.passed = self._read
                yield begun, "not a row of CSV"
                continue
            if cells is None:
                return
            if not self._is_ended():
                if len(cells) == len(self.columns):
                    self.peeked = self.file.size
                    yield begun, self._values(cells)
                else:
                    self.left = self._read - begun
                return
            self.passed = self._read
            if not cells:
                continue
            if len(cells) != len(self.columns):
                yield begun, f"has {len(cells)} values where the header has {len(self.columns)}"
            else:
                yield begun, self._values(cells)

    def _is_ended(self) -> bool:
        return self._line.endswith(b"\n")

    def _values(self, cells: list[str]) -> dict[str, str | None]:
        return {name: cell.strip() or None for name, cell in zip(self.columns, cells, strict=True)}

    def _lines(self) -> Iterator[str]:
        for line in self.file.lines(self.passed):
            self._read += len(line)
            self._line = line
            if self._read - self.passed > self.file.limit:
                raise DataInvalid(
                    f"`{self.file.name}` has a row of more than {self.file.limit:,} bytes; perhaps a quote stays open"
                )
            yield _decoded(self.file, line)


def _decoded(file: OpenFile, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise not_utf8(file.name) from None


def _named(file: OpenFile, header: list[str], reader: Reader) -> list[str]:
    """The columns, spelled as the mapping spells those that it knows."""
    known = {name.casefold(): name for name in reader.mapping.columns}
    columns = [known.get(name.strip().casefold(), name.strip()) for name in header]
    if missing := reader.mapping.missing(columns):
        raise DataInvalid(
            f"`{file.name}` lacks the columns {listed(missing)}; it has {listed(columns[:20])}; rename its columns, or "
            "declare a mapping for it"
        )
    return columns
