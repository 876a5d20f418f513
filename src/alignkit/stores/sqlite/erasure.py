"""Erases a person, so that no identifier of theirs stays in the file, and exports what is kept about one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alignkit import identity
from alignkit.errors import DataInvalid, StoreUnavailable
from alignkit.models import Entity, IssueRemoved, Namespace
from alignkit.stores.facts import Kind
from alignkit.stores.records import IN_FLIGHT, IN_PLACE, Forgotten
from alignkit.stores.sqlite.database import MEMORY, failure, translated
from alignkit.stores.sqlite.log import Key
from alignkit.stores.sqlite.reach import Reaching
from alignkit.stores.sqlite.tombstones import stripped, thing_key, without
from alignkit.stores.sqlite.waiting import Waiting
from alignkit.stores.sqlite.waves import Waves

_STANDING = tuple(sorted({state.value for state in IN_PLACE | IN_FLIGHT}))

_PEOPLE = frozenset({"contact", "user"})
"""What the records of people are called."""


class Erasure(Reaching, Waiting, Waves):
    """The part of a SQLite store that forgets and exports."""

    def forget(self, identifier: str, now: datetime) -> Forgotten:
        """Erases a person: events, things, identifiers, links, ledger rows; then the file itself is rewritten.

        Things that concern others as well lose this person and keep the others. Tombstones stay, so that what is read
        again does not bring the person back; an issue that begins later does.

        Raises:
            DataInvalid: a hold of ours is still in place for them; release it first, else nobody ever would.
        """
        key = identity.identifier(identifier)
        with self.transaction() as db:
            row = db.execute("SELECT customer FROM identifiers WHERE identifier = ?", (key,)).fetchone()
            keys = {key}
            number = -1
            if row is not None:
                number = int(row[0])
                keys.update(self.keys_of(db, number))
            addresses = self._addresses(db, keys)
            self._refuse_standing(db, addresses)
            things = self._about(db, number, keys)
            erased_things, erased_events = self._erase_things(db, things, keys)
            buried = [thing_key(self.source_name(db, source), kind, id) for source, kind, id in erased_things]
            self.bury(db, keys, buried, now)
            marks = json.dumps(sorted(keys))
            db.execute(
                "DELETE FROM links WHERE one IN (SELECT value FROM json_each(?1))"
                " OR other IN (SELECT value FROM json_each(?1))",
                (marks,),
            )
            removed = db.execute(
                "DELETE FROM identifiers WHERE identifier IN (SELECT value FROM json_each(?))", (marks,)
            )
            db.execute("DELETE FROM concerns WHERE customer = ?", (number,))
            customers = db.execute("DELETE FROM customers WHERE no = ? OR merged_into = ?", (number, number)).rowcount
            self._erase_lists(db, keys)
            listed = json.dumps(addresses)
            rows = db.execute(
                "DELETE FROM ledger WHERE address IN (SELECT value FROM json_each(?))", (listed,)
            ).rowcount
            db.execute("DELETE FROM causes WHERE address IN (SELECT value FROM json_each(?))", (listed,))
            db.execute("DELETE FROM wide WHERE thing NOT IN (SELECT no FROM things)")
            waited = self.erase_deferred(db, keys)
            report = Forgotten(customers, erased_events, len(erased_things), removed.rowcount, rows, waited)
        self._scrub()
        return report

    def _about(self, db: sqlite3.Connection, customer: int, keys: set[str]) -> list[tuple[int, int, int, str]]:
        """Everything that concerns a customer, or that an older snapshot says concerned them."""
        query = "SELECT no, source, kind, id FROM things WHERE no IN (SELECT thing FROM concerns WHERE customer = ?)"
        things = db.execute(query, (customer,)).fetchall()
        query = (
            "SELECT no, source, kind, id FROM things WHERE no NOT IN (SELECT thing FROM concerns WHERE customer = ?)"
            " AND (SELECT count(*) FROM events WHERE thing = no) > 1"
        )
        for thing in db.execute(query, (customer,)).fetchall():
            name = self.source_name(db, thing[1])
            told = (one for _, event in self.history(db, thing[0]) for one in identity.people_of(event.data, name))
            if any(not keys.isdisjoint(person.identifiers) for person in told):
                things.append(thing)
        return things

    def _addresses(self, db: sqlite3.Connection, keys: set[str]) -> list[str]:
        """How destinations spell these people's addresses."""
        rows = db.execute("SELECT address FROM ledger UNION SELECT address FROM causes")
        return [address for (address,) in rows if identity.readable(address) in keys]

    def _erase_lists(self, db: sqlite3.Connection, keys: set[str]) -> None:
        """Erases entries of the work list and of quarantine whose key is one of these people's."""
        query = "SELECT w.source, s.name, w.kind, w.id FROM work w JOIN sources s ON s.no = w.source"
        wanted = [(no, kind, id) for no, name, kind, id in db.execute(query) if _is_theirs(kind, id, name, keys)]
        db.executemany("DELETE FROM work WHERE source = ? AND kind = ? AND id = ?", wanted)
        query = "SELECT q.source, s.name, q.key FROM quarantine q JOIN sources s ON s.no = q.source"
        parted = [(no, name, key, *key.rpartition("/")[::2]) for no, name, key in db.execute(query)]
        bad = [(no, key) for no, name, key, kind, id in parted if _is_theirs(kind, id, name, keys)]
        db.executemany("DELETE FROM quarantine WHERE source = ? AND key = ?", bad)

    def _refuse_standing(self, db: sqlite3.Connection, addresses: Sequence[str]) -> None:
        marks = ", ".join("?" for _ in _STANDING)
        standing = db.execute(
            f"SELECT DISTINCT destination FROM ledger WHERE state IN ({marks})"  # noqa: S608
            " AND address IN (SELECT value FROM json_each(?))",
            (*_STANDING, json.dumps(addresses)),
        ).fetchall()
        if standing:
            names = ", ".join(f"`{name}`" for (name,) in standing)
            raise DataInvalid(
                f"a hold of ours is still in place at {names}; release this person there first, or give the hold up"
                " where that destination is gone, then forget"
            )

    def _erase_things(
        self, db: sqlite3.Connection, things: Sequence[tuple[int, int, int, str]], keys: set[str]
    ) -> tuple[list[tuple[int, int, str]], int]:
        gone: list[tuple[int, int, str]] = []
        events = 0
        rewritten: dict[int, list[Key]] = {}
        for no, source, kind, id in things:
            name = self.source_name(db, source)
            history = self.history(db, no)
            left = any(without(event.data, name, keys) is not None for _, event in history)
            for seq, event in history if left else ():
                # What is said of the others goes on from here, so the snapshot stays even where it names nobody else.
                others = event.data if isinstance(event, IssueRemoved) else stripped(event.data, name, keys)
                if others is None:
                    events += db.execute("DELETE FROM events WHERE seq = ?", (seq,)).rowcount
                else:
                    self._rewrite(db, seq, others)
            if left:
                rewritten.setdefault(source, []).append((Kind(kind), id))
            else:
                events += db.execute("DELETE FROM events WHERE thing = ?", (no,)).rowcount
                db.execute("DELETE FROM concerns WHERE kind = ? AND thing = ?", (kind, no))
                db.execute("DELETE FROM things WHERE no = ?", (no,))
                db.execute("DELETE FROM merges WHERE source = ? AND loser = ?", (source, id))
                db.execute("DELETE FROM quarantine WHERE source = ? AND key = ?", (source, id))
                gone.append((source, kind, id))
        seen = int(db.execute("SELECT coalesce(max(received_at), 0) FROM events").fetchone()[0])
        for source, found in rewritten.items():
            self.refold_things(db, source, self.source_name(db, source), found, seen)
        return gone, events

    def _rewrite(self, db: sqlite3.Connection, seq: int, data: Entity) -> None:
        text = type(data).__pydantic_serializer__.to_json(data, exclude_defaults=True)
        db.execute("UPDATE events SET data = ? WHERE seq = ?", (text, seq))

    def _scrub(self) -> None:
        """Rewrites the file, so that freed pages and the write-ahead log hold nothing of what was erased."""
        if self.path == MEMORY:
            return
        with self._writing, self._reading, translated(self.path):
            try:
                self._writer.execute("VACUUM")
                is_blocked = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError as error:
                raise _unscrubbed(str(failure(self.path, error))) from error
            if is_blocked:
                raise _unscrubbed("another process is reading the file")

    def export(self, identifier: str) -> dict[str, Any]:
        """Everything kept about one customer, and nothing of others, ready for JSON."""
        customer = self.customer(identifier)
        if customer is None:
            raise DataInvalid("no customer has this identifier; there is nothing to export")
        own = set(customer.identifiers)
        return {
            "customer": customer.model_dump(mode="json", exclude_none=True),
            "identities": [one.model_dump(mode="json", exclude_none=True) for one in self.identities(customer.id)],
            "events": [
                event.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"data"})
                | {"type": event.type, "data": data}
                for event in self.events(customer=customer.id)
                if (data := _own_part(event.data, event.source, own)) is not None
            ],
            "signals": [
                signal.model_dump(mode="json", exclude_none=True) for signal in self.signals(customer=customer.id)
            ],
            "ledger": [
                {
                    "destination": row.destination,
                    "address": row.address,
                    "direction": row.direction,
                    "state": row.state.value,
                    "since": row.since.isoformat(),
                }
                for destination in self.destinations()
                for row in self.ledger(destination)
                if identity.readable(row.address) in own
            ],
            "deferred": [
                {
                    "reference": one.reference,
                    "message": one.message.model_dump(mode="json", exclude_defaults=True),
                    "deferred_at": one.deferred_at.isoformat(),
                    "state": one.state.value,
                    "reason": one.reason,
                }
                for one in self.deferred()
                if one.who in own
            ],
            "causes": [
                {
                    "destination": cause.destination,
                    "scope": cause.scope,
                    "reason": cause.reason,
                    "since": cause.since.isoformat(),
                }
                for destination in self.destinations()
                for cause in self.causes(destination)
                if identity.readable(cause.address) in own
            ],
        }


def _own_part(data: Entity, source: str, own: set[str]) -> dict[str, Any] | None:
    """The data of an event without the identifiers of anybody else; None where it is about others alone."""
    named = {key for person in identity.people_of(data, source) for key in person.identifiers}
    left = stripped(data, source, named - own) if named - own else data
    return None if left is None else left.model_dump(mode="json", exclude_defaults=True)


def _is_theirs(kind: str, id: str, source: str, keys: set[str]) -> bool:
    """Whether the id of a record is an identifier of these people, or the id that its service knows them by."""
    service_id = identity.of_service(Namespace.HELPDESK_USER, source, id) if kind in _PEOPLE else None
    return identity.readable(id) in keys or service_id in keys


def _unscrubbed(why: str) -> StoreUnavailable:
    return StoreUnavailable(f"the person is erased, but traces may stay in the file: {why}; forget again afterwards")
