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
from typing import Any

from alignkit import identity
from alignkit.models import Contact, CustomerEvent, Entity, Hold, Issue, Namespace, Opportunity
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
    others = without(data, source, gone)
    if others is None:
        return None
    # Made anew: a copy would keep the text of the data as it came.
    changed: CustomerEvent = type(event)(**(vars(event) | {"data": others}))
    return changed


def without(data: Entity, source: str, gone: set[str]) -> Entity | None:
    """The data without these people: None where it concerns nobody else."""
    people = [person for person in identity.people_of(data, source) if not gone.intersection(person.identifiers)]
    return stripped(data, source, gone) if people and not isinstance(data, Contact) else None


def stripped(data: Entity, source: str, gone: set[str]) -> Entity | None:
    """What is left of the data when these people are taken out of it; None where it can have but one person.

    Texts that may name them (subject, requester's name, extensions, the raw record) go as well.
    """
    match data:
        case Issue():
            return data.model_copy(update=_without_requester(data, source, gone) | _without_others(data, source, gone))
        case Hold():
            return data.model_copy(update={"identifiers": _left(data.identifiers, gone)})
        case Opportunity():
            left = tuple(one for one in data.contact_ids if _of_helpdesk(source, one) not in gone)
            return data.model_copy(update={"contact_ids": left, "extensions": {}, "raw": None})
        case Contact():
            return data.model_copy(
                update={
                    "emails": _left(data.emails, gone),
                    "phones": _left(data.phones, gone),
                    "handles": tuple(
                        one for one in data.handles if identity.readable(f"social_handle:{one}") not in gone
                    ),
                    "extensions": {},
                    "raw": None,
                }
            )
        case _:
            return None


def _without_requester(issue: Issue, source: str, gone: set[str]) -> dict[str, Any]:
    requester = next(iter(identity.people_of(issue, source)), None)
    if requester is None or not gone.intersection(requester.identifiers):
        return {}
    return dict.fromkeys(("requester_id", "requester_email", "requester_phone", "requester_name"))


def _without_others(issue: Issue, source: str, gone: set[str]) -> dict[str, Any]:
    return {
        "requesters": _left(issue.requesters, gone),
        "affected": _left(issue.affected, gone),
        "affected_ids": tuple(one for one in issue.affected_ids if _of_helpdesk(source, one) not in gone),
        "subject": None,
        "extensions": {},
        "raw": None,
    }


def _of_helpdesk(source: str, id: str) -> str:
    return identity.of_service(Namespace.HELPDESK_USER, source, id)


def _handle(text: str) -> str | None:
    return identity.readable(f"{Namespace.SOCIAL_HANDLE.value}:{text}")


def _left(texts: Iterable[str], gone: set[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if identity.readable(text) not in gone)
