"""Who is who: identifiers to customers, the links that say so, and the undoing of a merge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.models import Customer, CustomerKind, Identity, LifecycleStage, Namespace
from alignkit.stores.facts import Kind
from alignkit.stores.sqlite.database import Database, us, when

_LINKS_OF = """
SELECT l.one, l.other, l.by_hand, s.name, t.kind, t.id FROM links l LEFT JOIN things t ON t.no = l.thing
LEFT JOIN sources s ON s.no = t.source WHERE l.one = ?1 OR l.other = ?1
"""

Concerned = tuple[int, int, tuple[str, ...], str | None]
"""A thing's number and kind, the keys it concerns now, and those it concerned before, as JSON."""


class People(Database):
    """The part of a SQLite store that knows customers."""

    def customers_of(self, db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
        """The customer or account number behind each key that is known."""
        return dict(
            db.execute(
                "SELECT identifier, customer FROM identifiers WHERE identifier IN (SELECT value FROM json_each(?))",
                (json.dumps(list(keys)),),
            ).fetchall()
        )

    def concern(
        self,
        db: sqlite3.Connection,
        people: Mapping[identity.Person, int],
        concerned: Sequence[Concerned],
        now: int,
    ) -> None:
        """Resolves the people of a batch, each with the record that names them, and writes whom each thing concerns."""
        before: dict[int, list[str]] = {no: from_json(old) or [] for no, _, _, old in concerned if old is not None}
        keys = {key for _, _, keys, _ in concerned for key in keys}
        numbers = self._resolve(db, people, keys, now)
        for no, kind, _, _ in concerned:
            if before.get(no):
                old = self.customers_of(db, before[no])
                db.executemany(
                    "DELETE FROM concerns WHERE customer = ? AND kind = ? AND thing = ?",
                    [(customer, kind, no) for customer in set(old.values())],
                )
        db.executemany(
            "INSERT OR IGNORE INTO concerns VALUES (?, ?, ?)",
            [(customer, kind, no) for no, kind, keys, _ in concerned for customer in {numbers[key] for key in keys}],
        )

    def _resolve(
        self, db: sqlite3.Connection, people: Mapping[identity.Person, int], keys: Iterable[str], now: int
    ) -> dict[str, int]:
        wanted = {one for person in people for one in person.identifiers}
        wanted.update(keys)
        known: dict[str, int] = {}
        alone: set[str] = set()
        for key, customer, by_itself in db.execute(
            "SELECT identifier, customer, alone FROM identifiers WHERE identifier IN (SELECT value FROM json_each(?))",
            (json.dumps(list(wanted)),),
        ):
            known[key] = customer
            if by_itself is not None:
                alone.add(key)
        next_no = int(db.execute("SELECT coalesce(max(no), 0) + 1 FROM customers").fetchone()[0])
        accounts = [identity.Person((key,)) for key in wanted if key.startswith(identity.ACCOUNT)]
        found = identity.assign((*people, *accounts), known, next_no, alone)
        self._settle(db, found, known, people, alone, now)
        return {**known, **found.customer_of}

    def _settle(
        self,
        db: sqlite3.Connection,
        found: identity.Assignment,
        known: Mapping[str, int],
        people: Mapping[identity.Person, int],
        alone: set[str],
        now: int,
    ) -> None:
        accounts = {no for key, no in found.customer_of.items() if key.startswith(identity.ACCOUNT)}
        db.executemany(
            "INSERT INTO customers (no, account) VALUES (?, ?)", [(no, no in accounts) for no in found.created]
        )
        db.executemany(
            "INSERT INTO identifiers (identifier, customer, first_seen) VALUES (?, ?, ?)",
            [(key, no, now) for key, no in found.customer_of.items() if key not in known],
        )
        links = [
            (one, other, thing, now)
            for person, thing in people.items()
            if len(person.identifiers) > 1
            for one, other in person.links(alone)
        ]
        db.executemany("INSERT OR IGNORE INTO links (one, other, thing, at) VALUES (?, ?, ?, ?)", links)
        for loser, keeper in found.merged.items():
            self._unite(db, loser, keeper)

    def _unite(self, db: sqlite3.Connection, loser: int, keeper: int) -> None:
        db.execute("UPDATE identifiers SET customer = ? WHERE customer = ?", (keeper, loser))
        db.execute(
            "INSERT OR IGNORE INTO concerns SELECT ?, kind, thing FROM concerns WHERE customer = ?", (keeper, loser)
        )
        db.execute("DELETE FROM concerns WHERE customer = ?", (loser,))
        db.execute("UPDATE customers SET merged_into = ?, profile = '{}' WHERE no = ?", (keeper, loser))
        self._write_profiles(db, [keeper])

    def refresh_profiles(self, db: sqlite3.Connection, contacts: Sequence[int]) -> None:
        """Works out anew the profiles of the customers whom these contact records concern."""
        customers: set[int] = set()
        rows = db.execute(
            "SELECT people FROM things WHERE no IN (SELECT value FROM json_each(?))", (json.dumps(list(contacts)),)
        ).fetchall()
        keys = {key for (people,) in rows for key in (from_json(people) or ()) if not key.startswith(identity.ACCOUNT)}
        customers.update(self.customers_of(db, keys).values())
        self._write_profiles(db, customers)

    def _write_profiles(self, db: sqlite3.Connection, customers: Iterable[int]) -> None:
        wanted = list(customers)
        records: dict[int, list[tuple[dict[str, Any], list[str]]]] = {customer: [] for customer in wanted}
        for customer, facts, people in db.execute(
            "SELECT c.customer, t.facts, t.people FROM concerns c JOIN things t ON t.no = c.thing"
            " WHERE c.kind = ? AND c.customer IN (SELECT value FROM json_each(?)) ORDER BY t.no",
            (Kind.CONTACT, json.dumps(wanted)),
        ):
            if facts:
                records[customer].append((from_json(facts), from_json(people) or []))
        accounts = self.customers_of(
            db,
            {
                key
                for found in records.values()
                for _, people in found
                for key in people
                if key.startswith(identity.ACCOUNT)
            },
        )
        db.executemany(
            "UPDATE customers SET profile = ? WHERE no = ?",
            [(json.dumps(_profile(found, accounts)), customer) for customer, found in records.items()],
        )

    def clear_people(self, db: sqlite3.Connection) -> None:
        """Forgets who is who but for what was said by hand, before everything is resolved anew."""
        db.execute("DELETE FROM concerns")
        db.execute("UPDATE customers SET profile = '{}'")

    # Asked from outside

    def customer(self, identifier: str) -> Customer | None:
        """The customer whom an identifier belongs to."""
        with self.reading() as db:
            row = db.execute(
                "SELECT c.no, c.profile FROM identifiers i JOIN customers c ON c.no = i.customer"
                " WHERE i.identifier = ?",
                (identity.identifier(identifier),),
            ).fetchone()
            return None if row is None else self._customer(db, *row)

    def customers(self) -> Iterator[Customer]:
        """Customers that were not merged into others."""
        query = (
            "SELECT no, profile FROM customers WHERE merged_into IS NULL AND NOT account AND no > ? ORDER BY no LIMIT ?"
        )
        for row in self.scan(query, (0,), lambda row: row[0]):
            with self.reading() as db:
                yield self._customer(db, *row)

    def _customer(self, db: sqlite3.Connection, no: int, profile: str) -> Customer:
        fields = json.loads(profile)
        accounts = fields.pop("accounts", [])
        return Customer(
            id=str(no),
            identifiers=tuple(
                key for (key,) in db.execute("SELECT identifier FROM identifiers WHERE customer = ? ORDER BY 1", (no,))
            ),
            account_ids=tuple(
                key.removeprefix(identity.ACCOUNT)
                for one in accounts
                for (key,) in db.execute("SELECT identifier FROM identifiers WHERE customer = ?", (one,))
            ),
            kind=CustomerKind(fields.get("kind") or CustomerKind.PERSON),
            display_name=fields.get("display_name"),
            lifecycle_stage=LifecycleStage(stage) if (stage := fields.get("lifecycle_stage")) else None,
            tier=fields.get("tier"),
            is_vip=bool(fields.get("is_vip")),
            locale=fields.get("locale"),
            time_zone=fields.get("time_zone"),
            owner_ref=fields.get("owner_ref"),
        )

    def identities(self, customer_id: str) -> list[Identity]:
        """Every identifier of a customer, with its evidence."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT identifier, alone, first_seen FROM identifiers WHERE customer = ? ORDER BY identifier",
                (int(customer_id),),
            ).fetchall()
            found: list[Identity] = []
            for key, alone, first_seen in rows:
                namespace, _, value = key.partition(":")
                evidence = [
                    f"{_evidence(by_hand, source, kind, id)}: {one} = {other}"
                    for one, other, by_hand, source, kind, id in db.execute(_LINKS_OF, (key,))
                ]
                found.append(
                    Identity(
                        customer_id=customer_id,
                        namespace=Namespace(namespace),
                        value=value,
                        shared=alone is not None or identity.is_shared(key),
                        valid_from=when(first_seen),
                        evidence=(*evidence, *([f"taken apart by hand: {alone}"] if alone else [])),
                    )
                )
            return found

    def merge(self, first: str, second: str, reason: str, now: datetime) -> None:
        """Says by hand that two identifiers are one person."""
        pair = (identity.identifier(first), identity.identifier(second))
        with self.transaction() as db:
            self._resolve(db, {identity.Person((key,)): 0 for key in pair}, pair, us(now))
            db.execute("UPDATE identifiers SET alone = NULL WHERE identifier IN (?, ?)", pair)
            numbers = self.customers_of(db, pair)
            db.execute(
                "INSERT OR REPLACE INTO links (one, other, by_hand, at) VALUES (?, ?, ?, ?)",
                (*pair, reason, us(now)),
            )
            keeper, loser = min(numbers.values()), max(numbers.values())
            if keeper != loser:
                self._unite(db, loser, keeper)

    def unmerge(self, identifier: str, reason: str, now: datetime) -> None:
        """Takes one identifier out of its customer for good; both parts are worked out anew from their own evidence.

        Raises:
            DataInvalid: the identifier is unknown.
        """
        key = identity.identifier(identifier)
        with self.transaction() as db:
            row = db.execute("SELECT customer FROM identifiers WHERE identifier = ?", (key,)).fetchone()
            if row is None:
                raise DataInvalid("no customer has this identifier; nothing was taken apart")
            db.execute("UPDATE identifiers SET alone = ? WHERE identifier = ?", (f"{now:%Y-%m-%d} {reason}", key))
            db.execute("DELETE FROM links WHERE (one = ?1 OR other = ?1) AND by_hand IS NOT NULL", (key,))
            self._part(db, int(row[0]))

    def _part(self, db: sqlite3.Connection, customer: int) -> None:
        """Splits a customer into the groups that its links still hold together, and re-files what concerns it."""
        rows = db.execute("SELECT identifier, alone FROM identifiers WHERE customer = ?", (customer,)).fetchall()
        alone = {key for key, by_itself in rows if by_itself is not None}
        keys = {key for key, _ in rows}
        marks = json.dumps(sorted(keys))
        links = db.execute(
            "SELECT one, other FROM links WHERE one IN (SELECT value FROM json_each(?1))"
            " AND other IN (SELECT value FROM json_each(?1))",
            (marks,),
        ).fetchall()
        joined = [pair for pair in links if not alone.intersection(pair)]
        groups = identity.components(sorted(keys), joined)
        next_no = int(db.execute("SELECT max(no) + 1 FROM customers").fetchone()[0])
        numbers = [customer, *range(next_no, next_no + len(groups) - 1)]
        for number, group in zip(numbers, groups, strict=True):
            if number != customer:
                db.execute("INSERT INTO customers (no) VALUES (?)", (number,))
            db.executemany("UPDATE identifiers SET customer = ? WHERE identifier = ?", [(number, key) for key in group])
        self._refile(db, customer)
        self._write_profiles(db, numbers)

    def _refile(self, db: sqlite3.Connection, customer: int) -> None:
        things = db.execute(
            "SELECT t.no, t.kind, t.people, t.source, t.id FROM concerns c JOIN things t ON t.no = c.thing"
            " WHERE c.customer = ?",
            (customer,),
        ).fetchall()
        db.execute("DELETE FROM concerns WHERE customer = ?", (customer,))
        for no, kind, people, source, id in things:
            keys = set(from_json(people) or ())
            if kind == Kind.ISSUE:
                keys |= self._keys_of_losers(db, source, id)
            db.executemany(
                "INSERT OR IGNORE INTO concerns VALUES (?, ?, ?)",
                [(number, kind, no) for number in set(self.customers_of(db, keys).values())],
            )

    def _keys_of_losers(self, db: sqlite3.Connection, source: int, survivor: str) -> set[str]:
        keys: set[str] = set()
        seen = {survivor}
        pending = [survivor]
        while pending:
            rows = db.execute(
                "SELECT m.loser, t.people FROM merges m JOIN things t ON t.source = m.source AND t.kind = ?"
                " AND t.id = m.loser WHERE m.source = ? AND m.survivor = ?",
                (Kind.ISSUE, source, pending.pop()),
            ).fetchall()
            for loser, people in rows:
                if loser not in seen:
                    seen.add(loser)
                    pending.append(loser)
                    keys.update(from_json(people) or ())
        return keys


def _evidence(by_hand: str | None, source: str | None, kind: int | None, id: str | None) -> str:
    """What says so: a person's reason, or the record that carries both identifiers."""
    if by_hand is not None:
        return f"by hand: {by_hand}"
    return f"{source}/{Kind(kind).name.lower()}/{id}" if kind is not None else "a record that was erased since"


def _profile(records: Sequence[tuple[dict[str, Any], list[str]]], accounts: Mapping[str, int]) -> dict[str, Any]:
    """One profile out of the contact records of all services: the first that tells a thing is believed."""
    profile: dict[str, Any] = {}
    for fields, _ in records:
        for name, value in fields.items():
            if value is not None and name not in ("is_vip", "is_staff"):
                profile.setdefault(name, value)
    if records:
        profile["is_vip"] = any(fields["is_vip"] for fields, _ in records)
        profile["is_staff"] = all(fields["is_staff"] for fields, _ in records)
    numbers = sorted({accounts[key] for _, people in records for key in people if key in accounts})
    if numbers:
        profile["accounts"] = numbers
    return profile
