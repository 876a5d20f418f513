"""A shop's records as a tap and as a stream would write them, and what tests do with a source."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from zlib import crc32

from alignkit.connectors.base import Checkpoint, Finding, Page, Run, Source
from alignkit.connectors.records import Shape
from alignkit.models.customer import Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Request, run

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)

TICKETS = Shape(
    model=Issue,
    places={
        "id": "id",
        "status": "state",
        "created_at": "created",
        "remote_updated_at": "changed",
        "requester_id": "customer",
    },
    statuses={"open": IssueStatus.OPEN, "done": IssueStatus.RESOLVED},
)
PEOPLE = Shape(model=Contact, places={"id": "id", "emails": "mail"})


def ticket(number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "id": number,
        "state": "open",
        "created": "2026-03-01T09:00:00Z",
        "changed": "2026-03-02T09:00:00Z",
        "customer": 1,
    }
    return made | changes


def record(stream: str, value: object) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": value}


def schema(stream: str, *columns: str) -> dict[str, Any]:
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": {column: {} for column in columns}},
        "key_properties": ["id"],
    }


def state(value: object) -> dict[str, Any]:
    return {"type": "STATE", "value": value}


def written(messages: Sequence[object]) -> str:
    return "".join(f"{json.dumps(message)}\n" for message in messages)


def write(path: Path, messages: Sequence[object]) -> Path:
    text = written(messages).encode()
    path.write_bytes(text)
    os.utime(path, (0, crc32(text)))  # so that files of the same content are the same file to a checkpoint
    return path


def unsent(_wanted: Request) -> NoReturn:
    raise AssertionError("files need no network")


def read(source: Source, checkpoint: Checkpoint | None = None, since: datetime | None = None) -> Page:
    return run(source.read("records", checkpoint, Run(NOW, since)), unsent)


def pages(source: Source, checkpoint: Checkpoint | None = None) -> list[Page]:
    """Every page up to the end of the run, each checkpoint as a store gives it back."""
    found: list[Page] = []
    for _ in range(50):
        page = read(source, checkpoint)
        found.append(page)
        checkpoint = json.loads(json.dumps(page.checkpoint))
        if not page.more:
            return found
    raise AssertionError("the stream does not end")


def subjects(found: Sequence[Page]) -> list[str]:
    return [event.subject for page in found for event in page.events]


def findings(source: Source) -> Sequence[Finding]:
    return run(source.check(), unsent)
