"""Names one page of one stream: the connector, what it is answered, and how many records that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from alignkit.connectors.base import Checkpoint, Source

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""When everything is read."""


@dataclass(frozen=True)
class Case:
    """One page of one stream.

    Attributes:
        source: the connector that reads it.
        stream: its name there.
        records: how many the page holds, those beside the main ones too.
        answers: the end of a path -> what the service answers there.
        checkpoint: where reading stands before the page.
    """

    source: Source
    stream: str
    records: int
    answers: Mapping[str, bytes]
    checkpoint: Checkpoint | None = None

    @property
    def name(self) -> str:
        return f"{self.source.type} {self.stream}"


def json(document: object) -> bytes:
    """A document as services write it, without blanks."""
    return orjson.dumps(document)
