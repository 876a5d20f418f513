"""Reads a JSON array of records. It cannot grow by appending, so any change of the file makes it another one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from alignkit.connectors.export.files import OpenFile, Place, not_utf8
from alignkit.connectors.export.reader import PAGE, Reader, Step
from alignkit.errors import DataInvalid

LAYOUT = "array"

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"\s*")


def step(file: OpenFile, place: Place, reader: Reader) -> Step:
    """Read up to a thousand records.

    Raises:
        DataInvalid: the array is cut short or breaks in between.
    """
    text = _text(file)
    records, starts, end = _records(file, text, place.offset)
    if not records:
        return Step(None, place)
    texts = [json.dumps(record).encode() for record in records]
    places = [f"{file.name} at character {start}" for start in starts]
    return Step(reader.read(reader.layout(records[0]), texts, places), replace(place, offset=end))


def _text(file: OpenFile) -> str:
    try:
        text = file.whole().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise not_utf8(file.name) from None
    if not text.endswith("]"):
        raise DataInvalid(f"the JSON array in `{file.name}` is cut short; export it again")
    return text


def _records(file: OpenFile, text: str, at: int) -> tuple[list[Any], list[int], int]:
    """Up to a thousand records from a place on, where each begins, and where the next one would."""
    records: list[Any] = []
    starts: list[int] = []
    try:
        while len(records) < PAGE and (at := _next(text, at)) < len(text):
            record, end = _DECODER.raw_decode(text, at)
            records.append(record)
            starts.append(at)
            at = end
    except (ValueError, RecursionError):
        raise DataInvalid(f"the JSON array in `{file.name}` breaks at character {at:,}; export it again") from None
    return records, starts, at


def _next(text: str, at: int) -> int:
    """Where the next element begins, past the bracket or comma before it; the end of the text after the last."""
    at = _skip(text, at)
    if text[at:] in ("", "]"):
        return len(text)
    if text[at] != ("[" if at == 0 else ","):
        raise ValueError
    at = _skip(text, at + 1)
    return len(text) if text[at] == "]" and text[:at].strip() == "[" else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
