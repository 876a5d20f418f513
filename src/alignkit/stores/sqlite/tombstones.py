"""Keyed tombstones: what is left of people who asked to be forgotten, so that nothing brings them back.

A tombstone is an HMAC-SHA256 of an identifier or of a thing, under a key that is made with the file. Whoever holds the
file can test whether a guessed address is among them, and nothing more; give the store a key of its own to prevent even
that. Overlaps and sweeps re-read what was erased: such records are dropped, or, where they concern others as well,
stripped of the person.
"""

from __future__ import annotations

import hmac
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from alignkit import identity
from alignkit.models import Contact, CustomerEvent, Entity, Hold, HoldKind, Issue, Namespace, Opportunity
from alignkit.models.exchange import Ref
from alignkit.stores.facts import KIND_OF, KINDS_OF_REFS, Kind
from alignkit.stores.records import OWN_SOURCE, Batch
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

    def remembered(self, db: sqlite3.Connection, batch: Batch) -> tuple[Sequence[CustomerEvent], Sequence[Ref]]:
        """The events and wishes of a batch without those that would bring back somebody who was forgotten.

        An issue that began later brings its people back by their own act: their tombstones are lifted, and the
        records that their service has of them are wanted again.
        """
        if db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
            return batch.events, batch.wanted
        graves = _Graves(db, self._mac(db), batch.source)
        events = [kept for event in batch.events if (kept := graves.without_buried(event)) is not None]
        wanted = [ref for ref in batch.wanted if not graves.has(ref)]
        return events, [*wanted, *(Ref("contact", id, "came back") for id in graves.returned)]


def thing_key(source: str, kind: int, id: str) -> str:
    """The name under which a thing is buried."""
    return f"{source}/{kind}/{id}"


class _Graves:
    """The tombstones, as one batch of one source meets them.

    Attributes:
        returned: ids, at the source, of people who came back with this batch.
    """

    def __init__(self, db: sqlite3.Connection, mac: Callable[[str], bytes], source: str) -> None:
        self._db = db
        self._mac = mac
        self._source = source
        self.returned: dict[str, None] = {}

    def has(self, ref: Ref) -> bool:
        """Whether an object that somebody wants is buried, or is a person who is."""
        names = [one for one in (identity.readable(ref.id), _of_helpdesk(self._source, ref.id)) if one is not None]
        if ref.kind in KINDS_OF_REFS:
            names.append(thing_key(self._source, KINDS_OF_REFS[ref.kind], ref.id))
        return any(self._buried_at(name) is not None for name in (names if ref.kind == "contact" else names[-1:]))

    def without_buried(self, event: CustomerEvent) -> CustomerEvent | None:
        """The event without people who are buried; None where nobody is left, or the thing itself is buried."""
        kind, since = KIND_OF[event.type], _since(event)
        at = self._buried_at(thing_key(self._source, kind, event.subject))
        if at is not None and (kind is not Kind.CONTACT or since <= at):
            return None
        people = identity.people_of(event.data, self._source)
        dead = {key: at for one in people for key in one.identifiers if (at := self._buried_at(key)) is not None}
        if isinstance(event.data, Contact) and self._is_known(_of_helpdesk(self._source, event.subject)):
            self._lift(dead)
            return event
        if isinstance(event.data, Issue):
            self._lift({key for key, at in dead.items() if since > at})
        gone = {key for key, at in dead.items() if since <= at}
        if not gone:
            return event
        others = without(event.data, self._source, gone)
        if others is None:
            return None
        # Made anew: a copy would keep the text of the data as it came.
        kind_of_event: Any = type(event)
        changed: CustomerEvent = kind_of_event(**(vars(event) | {"data": others}))
        return changed

    def _buried_at(self, name: str) -> int | None:
        row = self._db.execute("SELECT at FROM tombstones WHERE mac = ?", (self._mac(name),)).fetchone()
        return None if row is None else int(row[0])

    def _is_known(self, key: str) -> bool:
        return self._db.execute("SELECT 1 FROM identifiers WHERE identifier = ?", (key,)).fetchone() is not None

    def _lift(self, keys: Iterable[str]) -> None:
        own = _of_helpdesk(self._source, "")
        for key in keys:
            self._db.execute("DELETE FROM tombstones WHERE mac = ?", (self._mac(key),))
            if key.startswith(own):
                id = key.removeprefix(own)
                grave = thing_key(self._source, Kind.CONTACT, id)
                self._db.execute("DELETE FROM tombstones WHERE mac = ?", (self._mac(grave),))
                self.returned[id] = None


def _since(event: CustomerEvent) -> int:
    """Since when what an event tells is so; for a person's record of no date, since ever.

    What somebody here says by hand is so from now on, whatever the clock that it was said by.
    """
    match event.data:
        case Hold(kind=HoldKind.MANUAL) if event.source == OWN_SOURCE:
            return sys.maxsize
        case Issue(created_at=created_at):
            return us(created_at)
        case Contact(remote_updated_at=updated, remote_created_at=created):
            told = updated or created
            return us(told) if told else 0
        case _:
            return us(event.time)


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
                    "handles": tuple(one for one in data.handles if _handle(one) not in gone),
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
