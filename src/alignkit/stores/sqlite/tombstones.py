"""Keyed tombstones: what is left of people who asked to be forgotten, so that nothing brings them back.

A tombstone is an HMAC-SHA256 of an identifier or of a thing, under a key that is made with the file. Whoever holds the
file can test whether a guessed address is among them, and nothing more; give the store a key of its own to prevent even
that. Overlaps and sweeps re-read what was erased: such records are dropped, or, where they concern others as well,
stripped of the person.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from alignkit import identity
from alignkit.models import Contact, CustomerEvent, Entity, Hold, Issue
from alignkit.stores.facts import KIND_OF, Kind
from alignkit.stores.sqlite.database import Database, us


class Tombstones(Database):
    """The part of a SQLite store that remembers whom to forget."""

    def _mac(self, db: sqlite3.Connection) -> Callable[[str], bytes]:
        key = bytes(db.execute("SELECT value FROM meta WHERE key = 'tombstone_key'").fetchone()[0])
        return lambda text: hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")

    def bury(self, db: sqlite3.Connection, keys: Iterable[str], things: Iterable[str], now: datetime) -> None:
        """Writes tombstones for identifiers and for things (`source/kind/id`)."""
        mac = self._mac(db)
        db.executemany(
            "INSERT OR REPLACE INTO tombstones VALUES (?, ?)", [(mac(one), us(now)) for one in (*keys, *things)]
        )

    def remembered(
        self, db: sqlite3.Connection, source: str, events: Sequence[CustomerEvent]
    ) -> Sequence[CustomerEvent]:
        """The events without those that would bring back somebody who was forgotten."""
        if db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
            return events
        mac = self._mac(db)

        def buried_at(text: str) -> int | None:
            row = db.execute("SELECT at FROM tombstones WHERE mac = ?", (mac(text),)).fetchone()
            return None if row is None else int(row[0])

        kept = (_without_forgotten(event, source, buried_at) for event in events)
        return [event for event in kept if event is not None]


def thing_key(source: str, kind: int, id: str) -> str:
    """The name under which a thing is buried."""
    return f"{source}/{kind}/{id}"


def _without_forgotten(
    event: CustomerEvent, source: str, buried_at: Callable[[str], int | None]
) -> CustomerEvent | None:
    data = event.data
    kind = KIND_OF[event.type]
    at = buried_at(thing_key(source, kind, event.subject))
    if at is not None and (kind is not Kind.CONTACT or us(event.time) <= at):
        return None
    known_since = us(data.created_at) if isinstance(data, Issue) else us(event.time)
    gone = {
        key
        for person in identity.people_of(data, source)
        for key in person.identifiers
        if (dead := buried_at(key)) is not None and known_since <= dead
    }
    if not gone:
        return event
    stripped = without(data, source, gone)
    if stripped is None:
        return None
    changed: CustomerEvent = event.model_copy(update={"data": stripped})
    return changed


def without(data: Entity, source: str, gone: set[str]) -> Entity | None:
    """The data without these people: None where it concerns nobody else.

    Texts that may name them (subject, requester's name, extensions, the raw record) go as well.
    """
    people = [person for person in identity.people_of(data, source) if not gone.intersection(person.identifiers)]
    if not people or isinstance(data, Contact):
        return None
    if isinstance(data, Issue):
        requester = next(iter(identity.people_of(data, source)), None)
        gone_requester = requester is not None and gone.intersection(requester.identifiers)
        return data.model_copy(
            update={
                "requesters": _left(data.requesters, gone),
                "affected": _left(data.affected, gone),
                "affected_ids": tuple(one for one in data.affected_ids if f"helpdesk_user:{source}/{one}" not in gone),
                "subject": None,
                "extensions": {},
                "raw": None,
                **(
                    dict.fromkeys(("requester_id", "requester_email", "requester_phone", "requester_name"))
                    if gone_requester
                    else {}
                ),
            }
        )
    if isinstance(data, Hold):
        return data.model_copy(update={"identifiers": _left(data.identifiers, gone)})
    return None


def _left(texts: Iterable[str], gone: set[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if identity.readable(text) not in gone)
