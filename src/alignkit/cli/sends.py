"""Reads messages that went out from a CSV or JSON Lines file, and refuses the whole file where one line is wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import typer
from pydantic import ValidationError

from alignkit.errors import DataInvalid, SettingsError
from alignkit.models import Category, Channel, Send

BATCH = 1_000
"""How many messages are recorded in one transaction."""

FIELDS = ("id", "channel", "address", "contact_id", "category", "campaign_id", "sent_at", "status")
"""What a line may tell; `id` and `channel` are needed."""


def batches(path: Path) -> Iterator[list[Send]]:
    """The messages of a file, in parts; every line is read once before the first part is given.

    Raises:
        SettingsError: the file cannot be opened.
        DataInvalid: a line is no message; the text names it.
    """
    for _ in _sends(path):
        pass
    sends = _sends(path)
    while part := list(islice(sends, BATCH)):
        yield part


def only_send(
    id: str | None,
    channel: Channel | None,
    address: str | None,
    category: Category | None,
    campaign: str | None,
    sent_at: datetime | None,
) -> Send:
    """One message as the options describe it, with an id of its own where none was given."""
    if channel is None:
        raise typer.BadParameter("give the `--channel` it went through")
    return Send(
        id=id or uuid4().hex,
        channel=channel,
        address=address,
        category=category,
        campaign_id=campaign,
        sent_at=sent_at,
    )


def _sends(path: Path) -> Iterator[Send]:
    read = {".csv": _of_csv, ".jsonl": _of_lines, ".ndjson": _of_lines}.get(path.suffix.lower())
    if read is None:
        raise DataInvalid(f"`{path.name}` ends neither in `.csv` nor in `.jsonl`; rename it")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, values in read(file, path.name):
                yield _send(path.name, line, values)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise SettingsError(f"`{path}` cannot be read: {why}; check the path and its rights") from None
    except UnicodeDecodeError:
        raise DataInvalid(f"`{path.name}` is not UTF-8; save it in that encoding") from None


def _of_csv(file: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.DictReader(file, restkey="", strict=True)
    try:
        for row in rows:
            yield rows.line_num, {key: value for key, value in row.items() if value}
    except csv.Error as error:
        raise DataInvalid(f"`{name}` line {rows.line_num} is no CSV: {error}; correct it") from None


def _of_lines(file: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise DataInvalid(f"`{name}` line {line} is no JSON; correct it") from None
        if not isinstance(values, dict):
            raise DataInvalid(f"`{name}` line {line} is no JSON object; correct it")
        yield line, values


def _send(name: str, line: int, values: dict[str, Any]) -> Send:
    unknown = next((key for key in values if key not in FIELDS), None)
    if unknown is not None:
        what = f"the column `{unknown}` is not known" if unknown else "there are more cells than columns"
        raise DataInvalid(f"`{name}` line {line}: {what}; a message has {', '.join(FIELDS)}")
    try:
        return Send.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place, text = ".".join(map(str, first["loc"])), first["msg"]
        raise DataInvalid(f"`{name}` line {line}: `{place}`: {text[:1].lower()}{text[1:]}; correct it") from None
