"""What passes from a connector to a store beside events: objects to fetch, and records that could not be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ref:
    """One object to be read by id: its kind (`issue`, `contact`), its id at the source, and why."""

    kind: str
    id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One record that could not be read: its id (or its place), and the reason, without the record's values."""

    key: str
    reason: str
