"""Reads CSV row by row with the place of each, so that reading can go on later: a quoted value may span lines."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from alignkit.connectors.export.files import OpenFile, not_utf8
from alignkit.errors import DataInvalid

_DELIMITERS = ",;\t"


class Row(NamedTuple):
    """One row.

    Attributes:
        at: the offset at which it begins, in bytes.
        cells: its values; None where it is no row of CSV.
        is_ended: whether a line end follows. Only the last row may lack it.
    """

    at: int
    cells: list[str] | None
    is_ended: bool


class Rows:
    """The rows of a file from a place on, 0 being the first one after the header.

    Commas, semicolons and tabs are understood, whichever the header has most of. Blank lines are passed over.

    Attributes:
        header: the names of the columns, without spaces around them; empty while the first line is incomplete.
        passed: the offset after the last row that a line end follows.
        left: bytes at the end of the file that break off within a quoted value.

    Raises:
        DataInvalid: the file is not UTF-8, or a row is longer than the file's limit.
    """

    def __init__(self, file: OpenFile, offset: int = 0) -> None:
        self._file = file
        self._line = next(file.lines(0), b"")
        text = self._decoded(self._line).removeprefix("\ufeff")
        self._delimiter = max(_DELIMITERS, key=text.count)
        has_ended = self._is_ended()
        names = next(csv.reader([text], delimiter=self._delimiter)) if text and has_ended else []
        self.header: list[str] = [name.strip() for name in names]
        self._read: int = max(offset, len(self._line)) if has_ended else 0
        self.passed: int = self._read
        self.left: int = 0

    def __iter__(self) -> Iterator[Row]:
        if not self.header:
            return
        rows = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        while True:
            at = self.passed
            try:
                cells = next(rows, None)
            except csv.Error:
                if self._read >= self._file.size:
                    self.left = self._read - at
                    return
                cells = _BROKEN
            if cells is None:
                return
            is_ended = self._is_ended()
            if is_ended:
                self.passed = self._read
            if cells:
                yield Row(at, None if cells is _BROKEN else cells, is_ended)

    def _lines(self) -> Iterator[str]:
        for line in self._file.lines(self.passed):
            self._line = line
            self._read += len(line)
            if self._read - self.passed > self._file.limit:
                raise DataInvalid(
                    f"`{self._file.name}` has a row of more than {self._file.limit:,} bytes; perhaps a quote stays open"
                )
            yield self._decoded(line)

    def _is_ended(self) -> bool:
        return self._line.endswith(b"\n")

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise not_utf8(self._file.name) from None


_BROKEN = [""]
