"""Takes a page of events in: log, folded things, whom they concern, and checkpoint, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.garbage import put_off
from alignkit.models import EVENT_TYPES, CustomerEvent, Event, Issue, microseconds
from alignkit.stores.facts import KIND_OF, Folded, Kind, fold, named
from alignkit.stores.records import Applied, Batch
from alignkit.stores.sqlite.database import us, when
from alignkit.stores.sqlite.people import Concerned, People, as_json, keys_in
from alignkit.stores.sqlite.runs import Runs
from alignkit.stores.sqlite.tombstones import Tombstones

_ENVELOPE_EXTRAS = ("correlation_id", "causation_id", "schema_version")
_EVENT_COLUMNS = "e.seq, e.id, e.type, e.time, e.received_at, e.version, e.sequence, e.extra, e.data"
_THING_COLUMNS = "s.name, t.id"
_GONE = "null"
"""Stands for the people of a thing of which only its removal is known."""

# Numbers that stand in files: only ever add to the end.
_TYPES = tuple(EVENT_TYPES)
_NUMBER_OF_TYPE = {type: number for number, type in enumerate(_TYPES)}

Key = tuple[Kind, str]

Logged = tuple[int, Event]
"""An event, after its place in the log."""


class Thing(NamedTuple):
    """A thing as the file has it: its number and the people it concerns, as JSON."""

    no: int
    people: str


class Log(Runs, People, Tombstones):
    """The part of a SQLite store that takes events in and gives them back."""

    def apply(self, batch: Batch) -> Applied:
        """Stores events, what follows from them, and the checkpoint: all of it or nothing."""
        stray = next((event.source for event in batch.events if event.source != batch.source), None)
        if stray is not None:
            raise DataInvalid(f"an event of `{stray}` came with those of `{batch.source}`; store each source by itself")
        with put_off(), self.transaction() as db:
            self.guard_lease(db, batch.lease)
            source = self.source_number(db, batch.source)
            events, wanted = self.remembered(db, batch)
            new = self._take(db, source, batch.source, events, us(batch.now)) if events else 0
            self.finish_batch(db, source, batch if wanted is batch.wanted else replace(batch, wanted=wanted))
        return Applied(new, len(events) - new, len(batch.events) - len(events))

    def _take(self, db: sqlite3.Connection, source: int, name: str, events: Sequence[CustomerEvent], now: int) -> int:
        """Appends the events that are new and folds what they are about; returns how many were new."""
        groups: dict[Key, list[Logged]] = {}
        seq = int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])
        for place, event in enumerate(events, seq + 1):
            key = (KIND_OF[event.type], event.subject)
            group = groups.get(key)
            if group is None:
                groups[key] = [(place, event)]
            elif all(event.id != other.id for _, other in group):
                group.append((place, event))
        known = self._known(db, source, groups)
        numbers = self._numbers(db, groups, known)
        if known:
            groups = self._unheard(db, groups, known)
        rows = _rows((logged, numbers[key]) for key, group in groups.items() for logged in group)
        db.executemany(
            "INSERT INTO events (seq, thing, id, type, time, received_at, version, sequence, extra, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        for key in known.keys() & groups.keys():
            groups[key] = self.history(db, numbers[key])
        if groups:
            self._write(db, source, name, groups, numbers, known, now)
        db.executemany("UPDATE things SET seen_at = ? WHERE no = ?", [(now, thing.no) for thing in known.values()])
        return len(rows)

    def _unheard(
        self, db: sqlite3.Connection, groups: Mapping[Key, list[Logged]], known: Mapping[Key, Thing]
    ) -> dict[Key, list[Logged]]:
        """The groups without the events that the log has already."""
        heard = set(
            db.execute(
                "SELECT e.thing, e.id FROM json_each(?) CROSS JOIN events e ON e.thing = value",
                (as_json([thing.no for thing in known.values()]),),
            )
        )
        new = {key: [one for one in groups[key] if (thing.no, one[1].id) not in heard] for key, thing in known.items()}
        return {key: found for key, group in groups.items() if (found := new.get(key, group))}

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
                (source, kind, as_json(ids)),
            )
        }

    def _numbers(self, db: sqlite3.Connection, keys: Iterable[Key], known: Mapping[Key, Thing]) -> dict[Key, int]:
        following = int(db.execute("SELECT coalesce(max(no), 0) + 1 FROM things").fetchone()[0])
        numbers: dict[Key, int] = {}
        for key in keys:
            thing = known.get(key)
            if thing is None:
                numbers[key] = following
                following += 1
            else:
                numbers[key] = thing.no
        return numbers

    def history(self, db: sqlite3.Connection, thing: int) -> list[Logged]:
        """Every event about one thing, in any order."""
        rows = db.execute(
            f"SELECT {_EVENT_COLUMNS}, {_THING_COLUMNS} FROM events e JOIN things t ON t.no = e.thing"  # noqa: S608
            " JOIN sources s ON s.no = t.source WHERE e.thing = ?",
            (thing,),
        )
        return [(row[0], decoded(row)) for row in rows]

    def _write(
        self,
        db: sqlite3.Connection,
        source: int,
        name: str,
        histories: Mapping[Key, Sequence[Logged]],
        numbers: Mapping[Key, int],
        known: Mapping[Key, Thing],
        now: int,
    ) -> None:
        """Folds each history and writes the things, the people they concern, and the merges among them."""
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        people: dict[identity.Person, None] = {}
        earlier: dict[identity.Person, None] = {}
        concerned: list[Concerned] = []
        merges: list[tuple[int, str, str]] = []
        contacts: list[int] = []
        for key, history in histories.items():
            kind, id = key
            no = numbers[key]
            found = fold([event for _, event in history])
            before = known.get(key)
            active: bool | None
            persons: Sequence[identity.Person] = ()
            if found is None:
                keys: tuple[str, ...] = ()
                text, active, facts, seq = _GONE, False, "", max(place for place, _ in history)
                last_at = 0
            else:
                data = found.data
                persons = identity.people_of(data, name)
                accounts = identity.accounts_of(data, name)
                keys = _keys(persons, accounts)
                to = [person.identifiers for person in persons]
                to += [(account,) for account in accounts]
                text, active, seq = as_json(to), found.active, _seq(history, found)
                facts = named(found.facts, kind._value_, source, id)
                last_at = found.last_at
                if kind is Kind.CONTACT:
                    contacts.append(no)
                elif kind is Kind.ISSUE and isinstance(data, Issue) and data.merged_into:
                    merges.append((source, data.merged_into, id))
            if before is None:
                new.append((no, source, kind._value_, id, seq, active, last_at, now, text, facts))
            else:
                changed.append((seq, active, last_at, text, facts, no))
            if len(history) > 1:
                # What an older snapshot says of who is who stays true, or the order of arrival would matter.
                earlier.update((one, None) for _, event in history for one in identity.people_of(event.data, name))
            if before is None or before.people != text:
                for person in persons:
                    people[person] = None
                concerned.append((no, kind._value_, keys, None if before is None else before.people))
        db.executemany(
            "INSERT INTO things (no, source, kind, id, seq, active, last_at, seen_at, people, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            new,
        )
        db.executemany(
            "UPDATE things SET seq = ?, active = ?, last_at = ?, people = ?, facts = ? WHERE no = ?", changed
        )
        self.concern(db, people, earlier, concerned, now)
        issues = [id for kind, id in histories if kind is Kind.ISSUE]
        former = {id: known[Kind.ISSUE, id].people for id in issues if (Kind.ISSUE, id) in known}
        parted = self._part_merges(db, source, former, merges)
        db.executemany("INSERT OR IGNORE INTO merges (source, survivor, loser) VALUES (?, ?, ?)", merges)
        self._inherit(db, source, issues, [*parted, *(survivor for _, survivor, _ in merges)])
        if contacts:
            left = {key for id, thing in known.items() if id[0] is Kind.CONTACT for key in keys_in(thing.people)}
            self.refresh_profiles(db, contacts, left)

    def refold(self) -> int:
        """Builds all facts anew from the log, people included; merges and separations by hand stay."""
        with self.transaction() as db:
            self.clear_people(db)
            db.execute("DELETE FROM merges")
            seen = int(db.execute("SELECT coalesce(max(received_at), 0) FROM events").fetchone()[0])
            for source, name in db.execute("SELECT no, name FROM sources").fetchall():
                ids = db.execute("SELECT kind, id FROM things WHERE source = ? ORDER BY no", (source,)).fetchall()
                for start in range(0, len(ids), 1000):
                    self.refold_things(db, source, name, [(Kind(k), id) for k, id in ids[start : start + 1000]], seen)
            return int(db.execute("SELECT count(*) FROM things WHERE people != ?", (_GONE,)).fetchone()[0])

    def refold_things(self, db: sqlite3.Connection, source: int, name: str, keys: Sequence[Key], seen: int) -> None:
        """Folds things anew from their histories and files them under the people they concern."""
        known = {key: Thing(thing.no, "[]") for key, thing in self._known(db, source, keys).items()}
        numbers = {key: thing.no for key, thing in known.items()}
        histories = {key: self.history(db, no) for key, no in numbers.items()}
        self._write(db, source, name, histories, numbers, known, seen)

    def told_people(self, db: sqlite3.Connection, customer: int) -> Iterator[tuple[str, identity.Person]]:
        """Everybody whom the records about a customer name or once named, each with the record."""
        rows = db.execute(
            "SELECT t.no, t.kind, t.id, s.name FROM concerns c JOIN things t ON t.no = c.thing"
            " JOIN sources s ON s.no = t.source WHERE c.customer = ? ORDER BY t.no",
            (customer,),
        ).fetchall()
        for no, kind, id, name in rows:
            told = [person for _, event in self.history(db, no) for person in identity.people_of(event.data, name)]
            yield from ((f"{name}/{Kind(kind).name.lower()}/{id}", person) for person in dict.fromkeys(told))

    def _part_merges(
        self, db: sqlite3.Connection, source: int, before: Mapping[str, str], merges: Sequence[tuple[int, str, str]]
    ) -> list[str]:
        """Takes issues, each with the people it concerned before, out of the survivors that they went into.

        Returns those survivors, whose people are to be found anew. Merges that no longer hold are dropped.
        """
        rows = db.execute(
            "SELECT loser, survivor FROM merges WHERE source = ? AND loser IN (SELECT value FROM json_each(?))",
            (source, json.dumps(list(before))),
        ).fetchall()
        lasting = {(loser, survivor) for _, survivor, loser in merges}
        for loser, survivor in rows:
            below = self._known(db, source, [(Kind.ISSUE, id) for id in self._losers(db, source, loser)])
            keys = [*keys_in(before[loser]), *(key for thing in below.values() for key in keys_in(thing.people))]
            customers = set(self.customers_of(db, keys).values())
            heirs = self._known(db, source, [(Kind.ISSUE, id) for id in (survivor, *self._heirs(db, source, survivor))])
            db.executemany(
                "DELETE FROM concerns WHERE customer = ? AND kind = ? AND thing = ?",
                [(customer, Kind.ISSUE, heir.no) for heir in heirs.values() for customer in customers],
            )
            if (loser, survivor) not in lasting:
                db.execute(
                    "DELETE FROM merges WHERE source = ? AND loser = ? AND survivor = ?", (source, loser, survivor)
                )
        return [survivor for _, survivor in rows]

    def _inherit(self, db: sqlite3.Connection, source: int, ids: Sequence[str], survivors: Sequence[str]) -> None:
        """Lets the survivor of a merge concern the people of the issues that went into it, chains included.

        Args:
            ids: issues that were written now.
            survivors: issues whose merges have changed.
        """
        if not survivors and db.execute("SELECT 1 FROM merges WHERE source = ? LIMIT 1", (source,)).fetchone() is None:
            return
        above = [heir for id in dict.fromkeys((*ids, *survivors)) for heir in self._heirs(db, source, id)]
        for id in dict.fromkeys((*ids, *survivors, *above)):
            losers = self._losers(db, source, id)
            if losers or id in survivors:
                self._take_over(db, source, id, losers)

    def _losers(self, db: sqlite3.Connection, source: int, survivor: str) -> list[str]:
        """Every issue that went into another, chains included."""
        return self._along(db, "SELECT loser FROM merges WHERE source = ? AND survivor = ?", source, survivor)

    def _heirs(self, db: sqlite3.Connection, source: int, loser: str) -> list[str]:
        """Every issue that another went into, chains included."""
        return self._along(db, "SELECT survivor FROM merges WHERE source = ? AND loser = ?", source, loser)

    def _along(self, db: sqlite3.Connection, query: str, source: int, start: str) -> list[str]:
        found: dict[str, None] = {}
        pending = [start]
        while pending:
            for (id,) in db.execute(query, (source, pending.pop())).fetchall():
                if id not in found and id != start:
                    found[id] = None
                    pending.append(id)
        return list(found)

    def _take_over(self, db: sqlite3.Connection, source: int, survivor: str, losers: Sequence[str]) -> None:
        things = self._known(db, source, [(Kind.ISSUE, id) for id in (survivor, *losers)])
        heir = things.get((Kind.ISSUE, survivor))
        if heir is None:
            return
        keys = {key for thing in things.values() for key in keys_in(thing.people)}
        db.executemany(
            "INSERT OR IGNORE INTO concerns VALUES (?, ?, ?)",
            [(customer, Kind.ISSUE, heir.no) for customer in set(self.customers_of(db, keys).values())],
        )

    def events(
        self, *, source: str | None = None, type: str | None = None, customer: str | None = None
    ) -> Iterator[CustomerEvent]:
        """The log, in order of arrival, read in pieces."""
        if type is not None and type not in _NUMBER_OF_TYPE:
            return
        query = (
            f"SELECT {_EVENT_COLUMNS}, {_THING_COLUMNS} FROM events e JOIN things t ON t.no = e.thing"  # noqa: S608
            " JOIN sources s ON s.no = t.source WHERE (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR e.type = ?2)"
            " AND (?3 IS NULL OR e.thing IN (SELECT thing FROM concerns WHERE customer = ?3))"
            " AND e.seq > ?4 ORDER BY e.seq LIMIT ?5"
        )
        number = None if type is None else _NUMBER_OF_TYPE[type]
        whose = None if customer is None else int(customer)
        for row in self.scan(query, (source, number, whose, 0), lambda row: row[0]):
            yield decoded(row)


def _keys(persons: Sequence[identity.Person], accounts: tuple[str, ...]) -> tuple[str, ...]:
    """Everything a thing is filed under, each once."""
    if len(persons) == 1 and not accounts:
        return persons[0].identifiers
    return tuple(dict.fromkeys((*(one for person in persons for one in person.identifiers), *accounts)))


def _rows(logged: Iterable[tuple[Logged, int]]) -> list[tuple[Any, ...]]:
    """Rows of the log, out of events and the numbers of the things they are about."""
    received: dict[datetime, int] = {}
    rows: list[tuple[Any, ...]] = []
    for (seq, event), thing in logged:
        received_at = received.get(event.received_at)
        if received_at is None:
            received_at = received[event.received_at] = microseconds(event.received_at)
        rows.append(
            (
                seq,
                thing,
                event.id,
                _NUMBER_OF_TYPE[event.type],
                microseconds(event.time),
                received_at,
                event.source_version,
                event.sequence,
                _extra(event),
                event.data_text(),
            )
        )
    return rows


def _extra(event: Event) -> str | None:
    """What an envelope says beside the columns, as JSON; None for nearly every event."""
    if event.correlation_id or event.causation_id or event.schema_version != 1:
        return json.dumps({name: getattr(event, name) for name in _ENVELOPE_EXTRAS})
    return None


def decoded(row: Sequence[Any]) -> CustomerEvent:
    """The event that a row of the log holds."""
    _, id, type, time, received_at, version, sequence, extra, data, source, subject = row
    kind: Any = EVENT_TYPES[_TYPES[type]]
    extras: dict[str, Any] = json.loads(extra) if extra else {}
    event: CustomerEvent = kind(
        id=id,
        source=source,
        type=kind.kind,
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
        return history[0][0]
    return next(seq for seq, event in history if event.id == found.snapshot_id)
