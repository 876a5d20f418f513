"""Finds an export's files, and remembers how far each was read: a grown file goes on, a replaced one is noticed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from alignkit.errors import DataInvalid, SettingsError
from alignkit.transport import JsonValue

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv"})
"""What is read of a folder; a file that is named outright, or matches a pattern, may be called anything."""

_CHUNK = 64 * 1024
_TICKS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file has been read.

    Attributes:
        layout: how the file holds its records.
        offset: where reading goes on: bytes, in a JSON array characters.
        print: a checksum of everything before `offset`; of a JSON array, of all of it.
        stamp: what the file system said of the file then; may be empty. While it says the same, nobody has written.
        peeked: the file's size when a last row without line end was read; 0 where none was.
    """

    layout: str
    offset: int
    print: int
    stamp: str
    peeked: int = 0

    def to_json(self) -> dict[str, JsonValue]:
        """The place as a checkpoint keeps it."""
        return {
            "layout": self.layout,
            "offset": self.offset,
            "print": self.print,
            "stamp": self.stamp,
            "peeked": self.peeked,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, JsonValue]) -> Place:
        """The place that `to_json` wrote."""
        offset, print_, peeked = (int(str(kept[name])) for name in ("offset", "print", "peeked"))
        return cls(str(kept["layout"]), offset, print_, str(kept["stamp"]), peeked)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One file of an export while it is read.

    Attributes:
        name: what errors and checkpoints call it.
        stream: unbuffered.
        size: in bytes, when it was opened.
        changed_at: when it was last changed, in nanoseconds since 1970.
        limit: the most bytes of one line, one row, or a JSON array.
    """

    name: str
    stream: BinaryIO
    size: int
    changed_at: int
    limit: int

    @classmethod
    def of(cls, name: str, stream: BinaryIO, limit: int) -> OpenFile:
        """The file that a stream reads."""
        told = os.fstat(stream.fileno())
        return cls(name, stream, told.st_size, told.st_mtime_ns, limit)

    @property
    def stamp(self) -> str:
        """See `Place`; empty for a file of this instant: file systems count in ticks, and it may change within one."""
        return f"{self.size}-{self.changed_at}" if time.time_ns() - self.changed_at > _TICKS else ""

    def place(self, layout: str, offset: int) -> Place:
        """A place in this file, with the checksum of what stands before it."""
        return Place(layout, offset, self._sum(0, offset, 0), self.stamp)

    def further(self, place: Place, offset: int, peeked: int = 0) -> Place:
        """A later place, reading only what stands between the two."""
        return Place(place.layout, offset, self._sum(place.offset, offset, place.print), self.stamp, peeked)

    def holds(self, place: Place, end: int) -> bool:
        """Whether the first `end` bytes still are what they were at a place of an earlier time."""
        if place.stamp and place.stamp == self.stamp:
            return True
        return end <= self.size and self._sum(0, end, 0) == place.print

    def _sum(self, start: int, end: int, before: int) -> int:
        """The checksum of what stands up to `end`; `before` is that of what stands up to `start`."""
        while start < end and (chunk := self._read(start, min(_CHUNK, end - start))):
            before = crc32(chunk, before)
            start += len(chunk)
        return before

    def whole(self) -> bytes:
        """Everything in this file.

        Raises:
            DataInvalid: it is larger than the limit.
        """
        if self.size > self.limit:
            raise DataInvalid(
                f"`{self.name}` is a JSON array of more than {self.limit:,} bytes; write one record a line instead, or "
                "raise `max_bytes`"
            )
        self.stream.seek(0)
        return self.stream.read()

    def lines(self, offset: int) -> Iterator[bytes]:
        """The lines from a place on, each with its line end, which the last one may lack.

        Raises:
            DataInvalid: a line is longer than the limit.
        """
        # By hand: a page of megabytes takes the standard library four times as long.
        while chunk := self._read(offset, _CHUNK):
            start = 0
            while end := chunk.find(b"\n", start) + 1:
                self._refuse_longer(end - start)
                yield chunk[start:end]
                start = end
            if start < len(chunk):
                # Measured, then read at once: memory that is new costs more than reading twice.
                length = self._length_of_line(offset + start)
                yield self._read(offset + start, length)
                start += length
            offset += start

    def _read(self, offset: int, length: int) -> bytes:
        self.stream.seek(offset)
        return self.stream.read(length)

    def _length_of_line(self, offset: int) -> int:
        """How many bytes the line has that begins here, its end included."""
        length, end = 0, 0
        while not end and (chunk := self._read(offset + length, _CHUNK)):
            end = chunk.find(b"\n") + 1
            length += end or len(chunk)
            self._refuse_longer(length)
        return length

    def _refuse_longer(self, length: int) -> None:
        if length > self.limit:
            raise DataInvalid(
                f"`{self.name}` has a line of more than {self.limit:,} bytes; raise `max_bytes` if that is right"
            )


def not_utf8(name: str) -> DataInvalid:
    """The error about a file in another encoding."""
    return DataInvalid(f"`{name}` is not UTF-8; save it as UTF-8 and read it again")


def find(path: str) -> dict[str, Path]:
    """The files of an export by name, in the order in which they are read.

    One file that is named outright, those of a folder with a known suffix, or all that match a pattern.

    Raises:
        SettingsError: there is no such file or folder.
    """
    place = Path(path)
    if place.is_dir():
        found = [one for one in place.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file()]
        return {one.name: one for one in sorted(found)}
    if place.is_file():
        return {place.name: place}
    if not has_magic(path):
        raise SettingsError(f"there is no file or folder `{path}`; set `path` to the export")
    parts = place.parts
    split = next(index for index, part in enumerate(parts) if has_magic(part))
    root = Path(*parts[:split])
    matches = sorted(root.glob("/".join(parts[split:])))
    return {one.relative_to(root).as_posix(): one for one in matches if one.is_file()}
