"""Who is who: identifiers to customers, the links that say so, and the undoing of a merge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.models import Customer, CustomerKind, Identity, LifecycleStage, Namespace
from alignkit.stores.facts import Kind
from alignkit.stores.sqlite.database import Database, us, when

Concerned = tuple[int, int, tuple[str, ...], str | None]
"""A thing's number and kind, the keys it concerns now, and those it concerned before, as JSON."""


def as_json(texts: Iterable[str | int | Sequence[str]]) -> str:
    """Texts, numbers or lists of texts, as JSON; in a fifth of the time that the standard library takes."""
    return to_json(texts).decode()


def people_in(text: str) -> list[list[str]]:
    """The people that a thing names, each with the keys that its record gives them; accounts stand by themselves."""
    found: list[list[str]] = from_json(text) or []
    return found


def keys_in(text: str) -> list[str]:
    """Every key that a thing names."""
    return [key for person in people_in(text) for key in person]


class People(Database):
    """The part of a SQLite store that knows customers.

    What links two identifiers is a record that carries both, so the links are where the records are: in `people` of
    the things. Only links that a person made stand by themselves.
    """

    def customers_of(self, db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
        """The customer or account number behind each key that is known."""
        return dict(
            db.execute(
                # Joined, not `IN`: for so many keys SQLite would sort them into a table of its own first.
                "SELECT identifier, customer FROM json_each(?) CROSS JOIN identifiers ON identifier = value",
                (as_json(list(keys)),),
            ).fetchall()
        )

    def concern(
        self,
        db: sqlite3.Connection,
        people: Iterable[identity.Person],
        earlier: Collection[identity.Person],
        concerned: Sequence[Concerned],
        now: int,
    ) -> None:
        """Resolves the people of a batch and writes whom each thing concerns.

        `earlier` are people whom older snapshots name: they are resolved as well and concerned no longer.
        """
        before = {no: keys_in(old) for no, _, _, old in concerned if old is not None}
        keys = {key for _, _, keys, _ in concerned for key in keys}
        keys.update(key for person in earlier for key in person.identifiers)
        numbers = self._resolve(db, (*people, *earlier), keys, now)
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
        self, db: sqlite3.Connection, people: Iterable[identity.Person], keys: Iterable[str], now: int
    ) -> dict[str, int]:
        wanted = set(keys)
        known: dict[str, int] = {}
        alone: set[str] = set()
        for key, customer, by_itself in db.execute(
            "SELECT identifier, customer, alone FROM json_each(?) CROSS JOIN identifiers ON identifier = value",
            (as_json(list(wanted)),),
        ):
            known[key] = customer
            if by_itself is not None:
                alone.add(key)
        next_no = int(db.execute("SELECT coalesce(max(no), 0) + 1 FROM customers").fetchone()[0])
        accounts = [identity.Person((key,)) for key in wanted if key.startswith(identity.ACCOUNT)]
        found = identity.assign((*people, *accounts), known, next_no, alone)
        self._settle(db, found, known, now)
        return {**known, **found.customer_of}

    def _settle(
        self,
        db: sqlite3.Connection,
        found: identity.Assignment,
        known: Mapping[str, int],
        now: int,
    ) -> None:
        added: dict[int, list[str]] = {no: [] for no in found.created}
        for key, no in found.customer_of.items():
            if key not in known:
                added.setdefault(no, []).append(key)
        db.executemany(
            "INSERT INTO customers (no, account, keys) VALUES (?, ?, ?)",
            [(no, _is_account(added[no]), as_json(added.pop(no))) for no in found.created],
        )
        db.executemany(
            "INSERT INTO identifiers (identifier, customer, first_seen) VALUES (?, ?, ?)",
            [(key, no, now) for key, no in found.customer_of.items() if key not in known],
        )
        for no, keys in added.items():
            self._add_keys(db, no, keys)
        for loser, keeper in found.merged.items():
            self._unite(db, loser, keeper)

    def told_people(self, db: sqlite3.Connection, customer: int) -> Iterator[tuple[str, identity.Person]]:
        """Everybody whom the records about a customer name or once named, each with the record: the log's part."""
        raise NotImplementedError

    def keys_of(self, db: sqlite3.Connection, customer: int) -> list[str]:
        """Every key of a customer or account."""
        row = db.execute("SELECT keys FROM customers WHERE no = ?", (customer,)).fetchone()
        keys: list[str] = [] if row is None else json.loads(row[0])
        return keys

    def _add_keys(self, db: sqlite3.Connection, customer: int, keys: Iterable[str]) -> None:
        self._set_keys(db, customer, [*self.keys_of(db, customer), *keys])

    def _set_keys(self, db: sqlite3.Connection, customer: int, keys: Iterable[str]) -> None:
        db.execute("UPDATE customers SET keys = ? WHERE no = ?", (as_json(sorted(set(keys))), customer))

    def _unite(self, db: sqlite3.Connection, loser: int, keeper: int) -> None:
        moved = self.keys_of(db, loser)
        db.executemany("UPDATE identifiers SET customer = ? WHERE identifier = ?", [(keeper, key) for key in moved])
        self._add_keys(db, keeper, moved)
        self._set_keys(db, loser, ())
        db.execute(
            "INSERT OR IGNORE INTO concerns SELECT ?, kind, thing FROM concerns WHERE customer = ?", (keeper, loser)
        )
        db.execute("DELETE FROM concerns WHERE customer = ?", (loser,))
        db.execute("UPDATE customers SET merged_into = ?, profile = '{}' WHERE no = ?", (keeper, loser))
        self._write_profiles(db, [keeper])

    def refresh_profiles(self, db: sqlite3.Connection, contacts: Sequence[int], left: Iterable[str]) -> None:
        """Works out anew the profiles of customers whom these contact records concern, and those they have `left`."""
        rows = db.execute(
            "SELECT people FROM things WHERE no IN (SELECT value FROM json_each(?))", (json.dumps(list(contacts)),)
        ).fetchall()
        named = {*left, *(key for (people,) in rows for key in keys_in(people))}
        keys = {key for key in named if not key.startswith(identity.ACCOUNT)}
        self._write_profiles(db, set(self.customers_of(db, keys).values()))

    def _write_profiles(self, db: sqlite3.Connection, customers: Iterable[int]) -> None:
        wanted = list(customers)
        records: dict[int, list[tuple[dict[str, Any], list[str]]]] = {customer: [] for customer in wanted}
        for customer, facts, people in db.execute(
            "SELECT c.customer, t.facts, t.people FROM concerns c JOIN things t ON t.no = c.thing"
            " JOIN sources s ON s.no = t.source WHERE c.kind = ? AND c.customer IN (SELECT value FROM json_each(?))"
            " ORDER BY s.name, t.id",
            (Kind.CONTACT, json.dumps(wanted)),
        ):
            if facts:
                records[customer].append((from_json(facts), keys_in(people)))
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
        """Forgets what concerns whom, before everything is filed anew; who is who stays."""
        db.execute("DELETE FROM concerns")
        db.execute("UPDATE customers SET profile = '{}'")

    # Asked from outside

    def customer(self, identifier: str) -> Customer | None:
        """The customer whom an identifier belongs to."""
        with self.reading() as db:
            row = db.execute(
                "SELECT c.no, c.profile, c.keys FROM identifiers i JOIN customers c ON c.no = i.customer"
                " WHERE i.identifier = ?",
                (identity.identifier(identifier),),
            ).fetchone()
            return None if row is None else self._customer(db, row)

    def customers(self) -> Iterator[Customer]:
        """Customers that were not merged into others."""
        query = (
            "SELECT no, profile, keys FROM customers WHERE merged_into IS NULL AND NOT account"
            " AND no > ? ORDER BY no LIMIT ?"
        )
        for row in self.scan(query, (0,), lambda row: row[0]):
            with self.reading() as db:
                customer = self._customer(db, row)
            yield customer

    def _customer(self, db: sqlite3.Connection, row: Sequence[Any]) -> Customer:
        no, profile, keys = row
        fields = json.loads(profile)
        accounts = fields.pop("accounts", [])
        return Customer(
            id=str(no),
            identifiers=tuple(sorted(json.loads(keys))),
            account_ids=tuple(key.removeprefix(identity.ACCOUNT) for one in accounts for key in self.keys_of(db, one)),
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
            links = self._links(db, int(customer_id))
            rows = db.execute(
                "SELECT identifier, alone, first_seen FROM identifiers"
                " WHERE identifier IN (SELECT value FROM json_each(?)) ORDER BY identifier",
                (as_json(self.keys_of(db, int(customer_id))),),
            ).fetchall()
            found: list[Identity] = []
            for key, alone, first_seen in rows:
                namespace, _, value = key.partition(":")
                evidence = [f"{told}: {one} = {other}" for one, other, told in links if key in (one, other)]
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

    def _links(
        self, db: sqlite3.Connection, customer: int, alone: AbstractSet[str] = frozenset()
    ) -> list[tuple[str, str, str]]:
        """Every two keys of a customer that belong together, and what says so: a record, or a person's reason."""
        own = set(self.keys_of(db, customer))
        found = [
            (one, other, record)
            for record, person in self.told_people(db, customer)
            for one, other in person.links(alone)
        ]
        by_hand = db.execute(
            "SELECT one, other, reason FROM links WHERE one IN (SELECT value FROM json_each(?))",
            (as_json(sorted(own)),),
        )
        found += [(one, other, f"by hand: {reason}") for one, other, reason in by_hand]
        return [link for link in found if own.issuperset(link[:2])]

    def merge(self, first: str, second: str, reason: str, now: datetime) -> None:
        """Says by hand that two identifiers are one person."""
        pair = (identity.identifier(first), identity.identifier(second))
        with self.transaction() as db:
            self._resolve(db, [identity.Person((key,)) for key in pair], pair, us(now))
            db.execute("UPDATE identifiers SET alone = NULL WHERE identifier IN (?, ?)", pair)
            numbers = self.customers_of(db, pair)
            db.execute("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?)", (*pair, reason, us(now)))
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
            db.execute("DELETE FROM links WHERE one = ?1 OR other = ?1", (key,))
            self._part(db, int(row[0]), key)

    def _part(self, db: sqlite3.Connection, customer: int, taken: str) -> None:
        """Takes one key out of a customer, with whatever only it had joined, and files anew what concerned them.

        Keys that no record names any more stay where they are: nothing says that they belong elsewhere.
        """
        keys = self.keys_of(db, customer)
        query = (
            "SELECT identifier FROM identifiers WHERE alone IS NOT NULL"
            " AND identifier IN (SELECT value FROM json_each(?))"
        )
        alone = {key for (key,) in db.execute(query, (as_json(keys),))}
        links = [(one, other) for one, other, _ in self._links(db, customer, alone)]
        told = {key for _, person in self.told_people(db, customer) for key in person.identifiers}
        named = told.union(*links).intersection(keys) | {taken}
        parted = identity.components(sorted(named), [pair for pair in links if not alone.intersection(pair)])
        parted.sort(key=lambda group: (taken in group, -len(group), min(group)))
        unnamed = frozenset(keys) - named
        groups = [parted[0] | unnamed, *parted[1:]] if taken not in parted[0] else [unnamed, *parted]
        groups = [group for group in groups if group]
        next_no = int(db.execute("SELECT max(no) + 1 FROM customers").fetchone()[0])
        numbers = [customer, *range(next_no, next_no + len(groups) - 1)]
        for number, group in zip(numbers, groups, strict=True):
            if number == customer:
                self._set_keys(db, number, group)
            else:
                db.execute("INSERT INTO customers (no, keys) VALUES (?, ?)", (number, as_json(sorted(group))))
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
            keys = set(keys_in(people))
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
                    keys.update(keys_in(people))
        return keys


def _is_account(keys: Sequence[str]) -> bool:
    return len(keys) == 1 and keys[0].startswith(identity.ACCOUNT)


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
