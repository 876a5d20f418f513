"""Gives back what is known: facts for a decision, and whole tables in constant memory for scripts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json

from alignkit.identity import bucketing_id
from alignkit.models import Hold, HoldKind, Issue, IssueStatus, Signal
from alignkit.models.times import moment_of
from alignkit.rules.facts import Facts
from alignkit.signals import as_signal
from alignkit.stores.cohort import is_active
from alignkit.stores.facts import KINDS_FOR, PLACE, SOURCE, Kind, add, blank, rate, readings
from alignkit.stores.records import IN_PLACE, Row, Scalar, Table
from alignkit.stores.sqlite.database import unreadable
from alignkit.stores.sqlite.ledger import Ledger
from alignkit.stores.sqlite.log import Log
from alignkit.stores.sqlite.runs import STREAMS_STATE

_DECIDING = """
SELECT c.no, c.profile, {keys}, ({state}), (
    SELECT group_concat(t.facts) FROM concerns k CROSS JOIN things t ON t.no = k.thing
    WHERE k.customer = c.no AND k.kind BETWEEN {first} AND {last}{gaps}
    AND (t.active IS NOT 0 OR t.last_at > ?2) AND t.facts != ''
)
FROM identifiers i JOIN customers c ON c.no = i.customer
WHERE i.identifier = ?1
"""
_THINGS_OF = """
SELECT t.facts, (SELECT customer FROM identifiers WHERE identifier = json_extract(t.people, '$[0][0]'))
FROM concerns k JOIN things t ON t.no = k.thing
WHERE k.customer = ? AND k.kind = ? AND t.facts != ''
"""
_OF_ACCOUNTS = {"account_issues": Kind.ISSUE, "holds": Kind.HOLD, "accounts": Kind.ACCOUNT}
_ACCOUNTS = '"accounts"'
_EVER = -(2**63)
_ATTRIBUTES = ("is_vip", "tier", "lifecycle_stage", "locale", "time_zone", "kind", "owner_ref")

# What folding says of an issue beside its status; the rest is as its last snapshot has it.
_FOLDED = ("status_since", "first_active_at", "waiting_since", "resolved_at", "reopened_at")


class Answers(Log, Ledger):
    """The part of a SQLite store that answers questions."""

    def ask(
        self, identifier: str, needs: AbstractSet[str], after: int | None = None
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        """What `facts` and `watermarks` tell, of one moment; the watermarks are read only when they have changed."""
        with self._turn as db:
            while True:
                facts, state = self._facts(db, identifier, needs, after)
                if state != self._watermarks_of:
                    self._watermarks_of, self._watermarks = self.read_watermarks(db)
                    if state != self._watermarks_of:
                        continue  # another process has read a page meanwhile
                if self.is_limited:
                    self.limit(facts)
                return facts, self._watermarks

    is_limited: bool = False
    """Whether there are holds that do not reach all whom they could; told along with the watermarks."""

    def limit(self, facts: Facts) -> None:
        """Takes out of the facts of a customer, or adds to them, what such holds say: the part about reach."""
        raise NotImplementedError

    _watermarks: Mapping[str, datetime | None] = MappingProxyType({})
    _watermarks_of: int | None = -1

    def facts(self, identifier: str, needs: AbstractSet[str]) -> Facts:
        """What is known of a customer, as far as `needs` asks, and holds on everybody; it is of one moment."""
        return self.ask(identifier, needs)[0]

    def _facts(
        self, db: sqlite3.Connection, identifier: str, needs: AbstractSet[str], after: int | None
    ) -> tuple[Facts, int | None]:
        facts = blank()
        row = db.execute(self._deciding(needs), (identifier, _EVER if after is None else after)).fetchone()
        if row is None:
            found = db.execute(STREAMS_STATE).fetchone()
            return facts, None if found is None else found[0]
        no, profile, keys, state, things = row
        facts.customer = str(no)
        try:
            if things is not None:
                names = self._names
                for thing in from_json(f"[{things}]"):
                    add(facts, thing, names.get(thing[SOURCE]) or self._name(thing[SOURCE]))
                if facts.surveys and facts.issues:
                    rate(facts)
            if keys is not None:
                facts.bucketing_id = bucketing_id(from_json(keys))
            if profile != "{}":
                self._add_profile(db, facts, profile, needs)
        except (ValueError, TypeError, KeyError, IndexError):
            raise unreadable(self.path) from None
        return facts, state

    def _add_profile(self, db: sqlite3.Connection, facts: Facts, profile: str, needs: AbstractSet[str]) -> None:
        if "attributes" in needs:
            known = from_json(profile)
            facts.attributes = {name: known.get(name) for name in _ATTRIBUTES}
        if _ACCOUNTS in profile and not needs.isdisjoint(_OF_ACCOUNTS):
            self._add_accounts(db, facts, from_json(profile)["accounts"], needs)

    def _add_accounts(
        self, db: sqlite3.Connection, facts: Facts, accounts: Sequence[int], needs: AbstractSet[str]
    ) -> None:
        """Adds what is known of the customer's accounts, issues of others there, and holds on all of it."""
        found = Facts()
        for account in accounts:
            for need in _OF_ACCOUNTS.keys() & needs:
                for stored, whose in db.execute(_THINGS_OF, (account, _OF_ACCOUNTS[need])):
                    thing = from_json(stored)
                    add(found, thing, self._name(thing[SOURCE]), None if whose is None else str(whose))
        own = {issue.ref for issue in facts.issues} | {hold.ref for hold in facts.holds}
        facts.accounts = found.accounts
        facts.account_issues = [issue for issue in found.issues if issue.ref not in own]
        facts.holds += [hold for hold in found.holds if hold.ref not in own]

    def _name(self, source: int) -> str:
        """The name of a source; a number, once given, keeps its name."""
        name = self._names.get(source)
        if name is None:
            self._names = {no: name for name, no in self.source_numbers().items()}
            name = self._names[source]
        return name

    _names: Mapping[int, str] = MappingProxyType({})
    _statements: dict[AbstractSet[str], str] = {}  # noqa: RUF012 - a cache of texts, the same for every store

    def _deciding(self, needs: AbstractSet[str]) -> str:
        needs = needs if isinstance(needs, frozenset) else frozenset(needs)
        statement = self._statements.get(needs)
        if statement is None:
            kinds = sorted({int(kind) for need in needs for kind in KINDS_FOR.get(need, ())})
            first, last = (kinds[0], kinds[-1]) if kinds else (1, 0)
            # One range of the index instead of a search for each kind: a quarter of the statement's time.
            gaps = "".join(f" AND k.kind != {kind}" for kind in range(first, last) if kind not in kinds)
            keys = "c.keys" if "bucketing_id" in needs else "NULL"
            statement = self._statements[needs] = _DECIDING.format(
                keys=keys, state=STREAMS_STATE, first=first, last=last, gaps=gaps
            )
        return statement

    def issues(self, *, active: bool | None = None, source: str | None = None) -> Iterator[Issue]:
        """Issues as they stand; `active=True` counts unknown ones in."""
        names = {no: name for name, no in self.source_numbers().items()}
        wanted = None if source is None else self.source_numbers().get(source, -1)
        query = (
            "SELECT t.no, t.source, t.facts, e.data,"
            " (SELECT survivor FROM merges m WHERE m.source = t.source AND m.loser = t.id)"
            " FROM things t JOIN events e ON e.seq = t.seq"
            " WHERE t.kind = 1 AND t.facts != '' AND (?1 IS NULL OR t.source = ?1)"
            " AND (?2 IS NULL OR (t.active IS NOT 0) = ?2) AND t.no > ?3 ORDER BY t.no LIMIT ?4"
        )
        for _, no, stored, data, survivor in self.scan(query, (wanted, active, 0), lambda row: row[0]):
            yield _issue(names[no], stored, data, survivor)

    def signals(self, *, customer: str | None = None) -> Iterator[Signal]:
        """Readings of every issue, survey and post."""
        names = {no: name for name, no in self.source_numbers().items()}
        if customer is None:
            query = (
                "SELECT no, source, kind, id, facts, (SELECT customer FROM identifiers WHERE identifier ="
                " json_extract(people, '$[0][0]')) FROM things WHERE kind <= 3 AND facts != '' AND no > ?"
                " ORDER BY no LIMIT ?"
            )
            rows: Iterator[Any] = self.scan(query, (0,), lambda row: row[0])
        else:
            with self.reading() as db:
                rows = iter(
                    db.execute(
                        "SELECT t.no, t.source, t.kind, t.id, t.facts, k.customer FROM concerns k"
                        " JOIN things t ON t.no = k.thing WHERE k.customer = ? AND k.kind <= 3 AND t.facts != ''",
                        (int(customer),),
                    ).fetchall()
                )
        for _, source, kind, id, stored, subject in rows:
            evidence = f"{names[source]}/{Kind(kind).name.lower()}/{id}"
            for reading in readings(stored):
                yield as_signal(reading, evidence, None if subject is None else str(subject))

    def holds(self, *, active_at: datetime | None = None) -> Iterator[Hold]:
        """Manual, incident and blackout holds, then those in place at destinations."""
        query = (
            "SELECT t.no, t.source, e.data FROM things t JOIN events e ON e.seq = t.seq"
            " WHERE t.kind = 5 AND t.no > ? ORDER BY t.no LIMIT ?"
        )
        names = {no: name for name, no in self.source_numbers().items()}
        for _, source, data in self.scan(query, (0,), lambda row: row[0]):
            hold = Hold.model_validate_json(data).model_copy(update={"source": names[source]})
            if active_at is None or is_active(hold, active_at):
                yield hold
        yield from self._automatic_holds()

    def _automatic_holds(self) -> Iterator[Hold]:
        for destination in self.destinations():
            in_place = {
                row.address for row in self.ledger(destination) if row.state in IN_PLACE and row.direction == "hold"
            }
            for cause in self.causes(destination):
                if cause.address in in_place:
                    yield Hold(
                        id=f"{cause.address}/{cause.scope}",
                        source=destination,
                        kind=HoldKind.AUTOMATIC,
                        reason=cause.reason,
                        identifiers=(f"email:{cause.address}",),
                        causes=cause.evidence,
                        opened_at=cause.since,
                        expires_at=cause.until,
                        policy_rule=", ".join(cause.rules) or None,
                    )

    def rows(self, table: Table) -> Iterator[Row]:
        """One table as flat rows of plain values, for data frames and CSV."""
        match table:
            case "issues":
                yield from (_flat(issue.model_dump(mode="json", exclude={"raw"})) for issue in self.issues())
            case "customers":
                yield from (_flat(one.model_dump(mode="json")) for one in self.customers())
            case "events":
                yield from (_flat(event.model_dump(mode="json", exclude={"data"})) for event in self.events())
            case "signals":
                yield from (_flat(signal.model_dump(mode="json")) for signal in self.signals())
            case "holds":
                yield from (_flat(hold.model_dump(mode="json", exclude={"raw"})) for hold in self.holds())
            case "identities":
                for customer in self.customers():
                    yield from (_flat(one.model_dump(mode="json")) for one in self.identities(customer.id))
            case "quarantine":
                yield from (_flat(_fields(row)) for row in self.quarantined())
            case "ledger":
                for destination in self.destinations():
                    yield from (_flat(_fields(row)) for row in self.ledger(destination))

    def counts(self) -> dict[str, int]:
        """Figures for a status report."""
        queries = {
            "issues": "SELECT count(*) FROM things WHERE kind = 1 AND facts != ''",
            "active_issues": "SELECT count(*) FROM things WHERE kind = 1 AND active = 1",
            "unknown_issues": "SELECT count(*) FROM things WHERE kind = 1 AND active IS NULL",
            "issues_without_customer": "SELECT count(*) FROM things WHERE people = '[]' AND kind = 1",
            "customers": "SELECT count(*) FROM customers WHERE merged_into IS NULL AND NOT account",
            "events": "SELECT count(*) FROM events",
            "quarantined": "SELECT count(*) FROM quarantine",
            "wanted": "SELECT count(*) FROM work",
        }
        with self.reading() as db:
            return {name: int(db.execute(query).fetchone()[0]) for name, query in queries.items()}

    def unknown_statuses(self) -> dict[tuple[str, str], int]:
        """How many issues carry each status that could not be mapped, by (source, raw status)."""
        query = (
            "SELECT s.name, json_extract(t.facts, '$[0][1]'), count(*) FROM things t JOIN sources s ON s.no = t.source"
            " WHERE t.kind = 1 AND t.active IS NULL GROUP BY 1, 2"
        )
        with self.reading() as db:
            return {(source, str(raw)): int(count) for source, raw, count in db.execute(query)}


def _issue(source: str, stored: bytes, data: bytes, survivor: str | None) -> Issue:
    fields = from_json(stored)[0]
    excluded = fields[PLACE["excluded"]]
    issue = Issue.model_validate_json(data)
    return issue.model_copy(
        update={
            "source": source,
            "status": IssueStatus(fields[PLACE["status"]]),
            "status_raw": fields[PLACE["status_raw"]],
            "is_spam": issue.is_spam or excluded == "spam",
            "is_deleted": issue.is_deleted or excluded == "deleted",
            "merged_into": issue.merged_into or survivor,
            "reopened_count": fields[PLACE["reopened_count"]],
            **{name: moment_of(fields[PLACE[name]]) for name in _FOLDED},
        }
    )


def _fields(row: object) -> dict[str, Any]:
    slots: tuple[str, ...] = getattr(type(row), "__slots__", ())
    return {name: getattr(row, name) for name in slots}


def _flat(fields: Mapping[str, Any]) -> Row:
    """Nested values as JSON text, times as ISO text, so that each cell is plain."""
    return {name: _cell(value) for name, value in fields.items()}


def _cell(value: Any) -> Scalar:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
