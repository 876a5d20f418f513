"""Takes a page of events in: log, folded things, whom they concern, and checkpoint, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from alignkit import identity
from alignkit.models import EVENT_TYPES, CustomerEvent, Event, Issue
from alignkit.stores.base import Applied, Batch
from alignkit.stores.facts import KIND_OF, Folded, Kind, fold
from alignkit.stores.sqlite.database import us, when
from alignkit.stores.sqlite.people import People
from alignkit.stores.sqlite.runs import Runs
from alignkit.stores.sqlite.tombstones import Tombstones

_ENVELOPE_EXTRAS = ("correlation_id", "causation_id", "schema_version")
_EVENT_COLUMNS = "seq, source, id, type, subject, time, received_at, version, sequence, extra, data"
_GONE = "null"
"""Stands for the people of a thing of which only its removal is known."""

Key = tuple[Kind, str]


class Logged(NamedTuple):
    """An event and its place in the log."""

    seq: int
    event: Event


class Thing(NamedTuple):
    """A thing as the file has it: its number and the people it concerns, as JSON."""

    no: int
    people: str


class Log(Runs, People, Tombstones):
    """The part of a SQLite store that takes events in and gives them back."""

    def apply(self, batch: Batch) -> Applied:
        """Stores events, what follows from them, and the checkpoint: all of it or nothing."""
        with self.transaction() as db:
            self.guard_lease(db, batch.lease)
            source = self.source_number(db, batch.source)
            events = self.remembered(db, batch.source, batch.events)
            fresh = self._append(db, source, events)
            if fresh:
                self._fold(db, source, batch.source, fresh, us(batch.now))
            self.finish_batch(db, source, batch)
        return Applied(len(fresh), len(events) - len(fresh), len(batch.events) - len(events))

    def refold(self) -> int:
        """Builds all facts anew from the log, people included; merges and separations by hand stay."""
        with self.transaction() as db:
            self.clear_people(db)
            db.execute("DELETE FROM things")
            db.execute("DELETE FROM merges")
            things = db.execute("SELECT DISTINCT source, type, subject FROM events ORDER BY seq").fetchall()
            by_source: dict[int, dict[Key, None]] = {}
            for source, type, subject in things:
                by_source.setdefault(source, {})[KIND_OF[type], subject] = None
            for source, keys in by_source.items():
                self._refold(db, source, list(keys))
            return int(db.execute("SELECT count(*) FROM things WHERE people != ?", (_GONE,)).fetchone()[0])

    def rewrite_things(self, db: sqlite3.Connection, source: int, keys: Sequence[Key]) -> None:
        """Folds things anew whose events were changed in place."""
        name = self.source_name(db, source)
        histories = {key: self._history(db, source, *key) for key in keys}
        seen = int(db.execute("SELECT coalesce(max(received_at), 0) FROM events").fetchone()[0])
        self._write(db, source, name, histories, self._known(db, source, keys), seen)

    def _refold(self, db: sqlite3.Connection, source: int, keys: Sequence[Key]) -> None:
        name = self.source_name(db, source)
        seen = int(db.execute("SELECT coalesce(max(received_at), 0) FROM events").fetchone()[0])
        for start in range(0, len(keys), 1000):
            histories = {key: self._history(db, source, *key) for key in keys[start : start + 1000]}
            self._write(db, source, name, histories, {}, seen)

    def _append(self, db: sqlite3.Connection, source: int, events: Sequence[CustomerEvent]) -> list[Logged]:
        first = int(db.execute("SELECT coalesce(max(seq), 0) + 1 FROM events").fetchone()[0])
        logged = [Logged(first + place, event) for place, event in enumerate(events)]
        before = db.total_changes
        db.executemany(
            f"INSERT OR IGNORE INTO events ({_EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [_row(seq, source, event) for seq, event in logged],
        )
        if db.total_changes - before == len(logged):
            return logged
        kept = {seq for (seq,) in db.execute("SELECT seq FROM events WHERE seq >= ?", (first,))}
        return [one for one in logged if one.seq in kept]

    def _fold(self, db: sqlite3.Connection, source: int, name: str, fresh: Sequence[Logged], now: int) -> None:
        histories: dict[Key, list[Logged]] = {}
        for logged in fresh:
            histories.setdefault((KIND_OF[logged.event.type], logged.event.subject), []).append(logged)
        known = self._known(db, source, histories)
        for key in known:
            histories[key] = self._history(db, source, *key)
        self._write(db, source, name, histories, known, now)

    def _known(self, db: sqlite3.Connection, source: int, keys: Iterable[Key]) -> dict[Key, Thing]:
        by_kind: dict[Kind, list[str]] = {}
        for kind, id in keys:
            by_kind.setdefault(kind, []).append(id)
        return {
            (kind, id): Thing(no, people)
            for kind, ids in by_kind.items()
            for id, no, people in db.execute(
                "SELECT id, no, people FROM things WHERE source = ? AND kind = ?"
                " AND id IN (SELECT value FROM json_each(?))",
                (source, kind, json.dumps(ids)),
            )
        }

    def _history(self, db: sqlite3.Connection, source: int, kind: Kind, subject: str) -> list[Logged]:
        rows = db.execute(f"SELECT {_EVENT_COLUMNS} FROM events WHERE source = ? AND subject = ?", (source, subject))  # noqa: S608
        name = self.source_name(db, source)
        return [Logged(row[0], decoded(row, name)) for row in rows if KIND_OF[row[3]] is kind]

    def _write(
        self,
        db: sqlite3.Connection,
        source: int,
        name: str,
        histories: Mapping[Key, Sequence[Logged]],
        known: Mapping[Key, Thing],
        now: int,
    ) -> None:
        """Folds each history and writes the things, the people they concern, and the merges among them."""
        next_no = int(db.execute("SELECT coalesce(max(no), 0) + 1 FROM things").fetchone()[0])
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        people: dict[identity.Person, str] = {}
        concerned: list[tuple[int, Kind, tuple[str, ...], str | None]] = []
        merges: list[tuple[int, str, str]] = []
        contacts: list[int] = []
        for (kind, id), history in histories.items():
            found = fold([event for _, event in history])
            before = known.get((kind, id))
            if before is None:
                no, next_no = next_no, next_no + 1
            else:
                no = before.no
            if found is None:
                row: tuple[int, bool | None, int, str, bytes]
                row = (max(seq for seq, _ in history), False, now, _GONE, b"")
                keys: tuple[str, ...] = ()
            else:
                data = found.issue.issue if found.issue is not None else found.last.data
                persons = identity.people_of(data, name)
                for person in persons:
                    if person not in people:
                        people[person] = f"{name}/{kind.name.lower()}/{id}"
                keys = (*(one for person in persons for one in person.identifiers), *identity.accounts_of(data, name))
                if len(keys) > 1:
                    keys = tuple(dict.fromkeys(keys))
                row = (_seq(history, found), found.active, now, to_json(keys).decode(), found.facts)
                if isinstance(data, Issue) and data.merged_into:
                    merges.append((source, data.merged_into, id))
            if before is None:
                new.append((no, source, kind, id, *row))
            else:
                changed.append((*row, no))
            if kind is Kind.CONTACT:
                contacts.append(no)
            if before is None or before.people != row[3]:
                concerned.append((no, kind, keys, before.people if before else None))
        db.executemany(
            "INSERT INTO things (no, source, kind, id, seq, active, seen_at, people, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            new,
        )
        if changed:
            db.executemany(
                "UPDATE things SET seq = ?, active = ?, seen_at = ?, people = ?, facts = ? WHERE no = ?", changed
            )
        self.concern(db, people, concerned, now)
        if merges:
            db.executemany("INSERT OR IGNORE INTO merges (source, survivor, loser) VALUES (?, ?, ?)", merges)
        self._inherit(db, source, [id for kind, id in histories if kind is Kind.ISSUE], merges)
        if contacts:
            self.refresh_profiles(db, contacts)

    def _inherit(
        self, db: sqlite3.Connection, source: int, ids: Sequence[str], merges: Sequence[tuple[int, str, str]]
    ) -> None:
        """Lets the survivor of a merge concern the people of the issues that went into it, chains included."""
        if db.execute("SELECT 1 FROM merges WHERE source = ? LIMIT 1", (source,)).fetchone() is None:
            return
        pending = list(dict.fromkeys((*ids, *(survivor for _, survivor, _ in merges))))
        seen: set[str] = set()
        while pending:
            survivor = pending.pop()
            if survivor in seen:
                continue
            seen.add(survivor)
            losers = self._losers(db, source, survivor)
            if losers:
                self._take_over(db, source, survivor, losers)
            pending += [
                above
                for (above,) in db.execute(
                    "SELECT survivor FROM merges WHERE source = ? AND loser = ?", (source, survivor)
                )
            ]

    def _losers(self, db: sqlite3.Connection, source: int, survivor: str) -> list[str]:
        found: dict[str, None] = {}
        pending = [survivor]
        while pending:
            query = "SELECT loser FROM merges WHERE source = ? AND survivor = ?"
            for (loser,) in db.execute(query, (source, pending.pop())).fetchall():
                if loser not in found and loser != survivor:
                    found[loser] = None
                    pending.append(loser)
        return list(found)

    def _take_over(self, db: sqlite3.Connection, source: int, survivor: str, losers: Sequence[str]) -> None:
        things = self._known(db, source, [(Kind.ISSUE, id) for id in (survivor, *losers)])
        heir = things.get((Kind.ISSUE, survivor))
        if heir is None:
            return
        keys = {key for id, thing in things.items() if id[1] != survivor for key in (from_json(thing.people) or ())}
        numbers = self.customers_of(db, keys)
        db.executemany(
            "INSERT OR IGNORE INTO concerns VALUES (?, ?, ?)",
            [(customer, Kind.ISSUE, heir.no) for customer in set(numbers.values())],
        )

    def events(
        self, *, source: str | None = None, type: str | None = None, customer: str | None = None
    ) -> Iterator[CustomerEvent]:
        """The log, in order of arrival, read in pieces."""
        names = {no: name for name, no in self.source_numbers().items()}
        if customer is not None:
            yield from self._events_of(customer, names)
            return
        wanted = None if source is None else self.source_numbers().get(source, -1)
        query = (
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE (?1 IS NULL OR source = ?1) AND (?2 IS NULL OR type = ?2)"  # noqa: S608
            " AND seq > ?3 ORDER BY seq LIMIT ?4"
        )
        for row in self.scan(query, (wanted, type, 0), lambda row: row[0]):
            yield decoded(row, names[row[1]])

    def _events_of(self, customer: str, names: Mapping[int, str]) -> Iterator[CustomerEvent]:
        query = (
            "SELECT t.source, t.kind, t.id FROM concerns c JOIN things t ON t.no = c.thing"
            " WHERE c.customer = ? ORDER BY t.no"
        )
        with self.reading() as db:
            things = db.execute(query, (int(customer),)).fetchall()
        for source, kind, id in things:
            with self.reading() as db:
                rows = db.execute(
                    f"SELECT {_EVENT_COLUMNS} FROM events WHERE source = ? AND subject = ? ORDER BY seq",  # noqa: S608
                    (source, id),
                ).fetchall()
            yield from (decoded(row, names[source]) for row in rows if KIND_OF[row[3]] == kind)


def _row(seq: int, source: int, event: Event) -> tuple[Any, ...]:
    extra = None
    if event.correlation_id or event.causation_id or event.schema_version != 1:
        extra = json.dumps({name: getattr(event, name) for name in _ENVELOPE_EXTRAS})
    return (
        seq,
        source,
        event.id,
        event.type,
        event.subject,
        us(event.time),
        us(event.received_at),
        event.source_version,
        event.sequence,
        extra,
        type(event).data_type.__pydantic_serializer__.to_json(event.data, exclude_defaults=True),
    )


def decoded(row: Sequence[Any], source: str) -> CustomerEvent:
    """The event that a row of the log holds."""
    _, _, id, type, subject, time, received_at, version, sequence, extra, data = row
    kind: Any = EVENT_TYPES[type]
    extras: dict[str, Any] = json.loads(extra) if extra else {}
    event: CustomerEvent = kind(
        id=id,
        source=source,
        type=type,
        subject=subject,
        time=when(time),
        received_at=when(received_at),
        source_version=version,
        sequence=sequence,
        data=kind.data_type.model_validate_json(data),
        **extras,
    )
    return event


def _seq(history: Sequence[Logged], found: Folded) -> int:
    """The place of the event that holds the thing's last snapshot."""
    if len(history) == 1:
        return history[0].seq
    wanted = found.issue.snapshot_id if found.issue is not None else found.last.id
    return next(seq for seq, event in history if event.id == wanted)
