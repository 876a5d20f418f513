"""Whom holds and the issues of whole accounts reach: everybody at once, and nobody beyond a cap.

What there is of such holds is kept in memory and read anew only when it has changed, so a decision asks the file
nothing more for it. The number that tells of a change is the one that tells of newly read streams.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import from_json

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.models import ContactChanged, Hold, HoldChanged, HoldKind
from alignkit.rules.facts import Facts, HoldFacts
from alignkit.stores.cohort import CAP, BlackoutFacts, Cohort, is_active
from alignkit.stores.facts import add
from alignkit.stores.records import OWN_SOURCE, Batch, Reach, WideHold
from alignkit.stores.sqlite.answers import Answers
from alignkit.stores.sqlite.database import optional_us, when
from alignkit.stores.sqlite.people import as_json, keys_in
from alignkit.stores.sqlite.runs import STREAMS_CHANGED

_ONE = (
    "SELECT s.name, e.data FROM things t JOIN sources s ON s.no = t.source JOIN events e ON e.seq = t.seq"
    " WHERE s.name = ? AND t.kind = 5 AND t.id = ?"
)
_WIDE = (
    "SELECT t.no, s.name, t.id, t.people, t.facts, e.data, w.cap, w.confirmed_by, w.reason, w.confirmed_at"
    " FROM wide w JOIN things t ON t.no = w.thing JOIN sources s ON s.no = t.source JOIN events e ON e.seq = t.seq"
    " ORDER BY t.no"
)
_HAS_PRODUCT = (
    "SELECT t.people FROM things t JOIN events e ON e.seq = t.seq, json_each(?1) p WHERE t.people != '[]' AND ("
    " t.kind = 11 AND EXISTS (SELECT 1 FROM json_each(CAST(e.data AS TEXT), '$.lines') l"
    "  WHERE json_extract(l.value, '$.product_ref') = p.value)"
    " OR t.kind = 12 AND json_extract(CAST(e.data AS TEXT), '$.product_ref') = p.value"
    " OR t.kind = 1 AND EXISTS (SELECT 1 FROM json_each(CAST(e.data AS TEXT), '$.product_refs') r"
    "  WHERE r.value = p.value))"
)
_IN_ACCOUNT = (
    "SELECT k.customer FROM concerns a JOIN concerns k ON k.thing = a.thing AND k.kind = 6"
    " JOIN customers c ON c.no = k.customer AND NOT c.account WHERE a.customer = ? AND a.kind = 6"
    " ORDER BY a.thing, k.customer"
)
_HAS_MANY = "SELECT 1 FROM concerns WHERE customer = ? AND kind = 6 LIMIT 1 OFFSET ?"
_ACCOUNTS_OF = "SELECT a.value FROM customers c, json_each(c.profile, '$.accounts') a WHERE c.no = ?"
_ISSUES_OF = (
    "SELECT s.name || '/issue/' || t.id FROM concerns k JOIN things t ON t.no = k.thing"
    " JOIN sources s ON s.no = t.source WHERE k.customer = ? AND k.kind = 1"
)
_CONFIRM_ACCOUNT = (
    "UPDATE large SET cap = ?, confirmed_by = ?, reason = ?, confirmed_at = ?"
    " WHERE account = (SELECT customer FROM identifiers WHERE identifier = ?)"
)
_LARGE = (
    "SELECT l.account, json_extract(c.keys, '$[0]'), min(e.time), l.cap, l.confirmed_by, l.reason, l.confirmed_at"
    " FROM large l JOIN customers c ON c.no = l.account JOIN concerns k ON k.customer = l.account AND k.kind = 1"
    " JOIN things t ON t.no = k.thing AND t.active IS NOT 0 JOIN events e ON e.seq = t.seq GROUP BY l.account"
)
_OF_ORDER = (
    "SELECT t.people FROM things t JOIN sources s ON s.no = t.source WHERE s.name = ? AND t.kind = 11 AND t.id = ?"
)


class _Limited(NamedTuple):
    """A hold that reaches some of those whom it is meant for; None for all."""

    hold: HoldFacts
    is_for_everybody: bool
    admitted: frozenset[str] | None


class Reaching(Answers):
    """The part of a SQLite store that knows how far holds reach."""

    _limited: Mapping[str, _Limited] = {}
    """Holds that do not simply reach whom they name, by reference."""

    _caps: Mapping[int, int] = {}
    """How many people the issues of an account may concern, for accounts with many."""

    _admitted: dict[int, frozenset[str]] = {}  # noqa: RUF012 - replaced as a whole before it is written to
    """Who these people are, looked up when somebody asks."""

    def limit(self, facts: Facts) -> None:
        """Leaves holds and issues of accounts out where they do not reach the customer, adds those on everybody."""
        if self._limited:
            self._limit_holds(facts)
        if self._caps and facts.account_issues:
            self._limit_issues(facts)

    def _limit_holds(self, facts: Facts) -> None:
        limited = self._limited
        facts.holds = [hold for hold in facts.holds if hold.ref not in limited or self._admits(hold.ref, facts)]
        facts.holds += [one.hold for ref, one in limited.items() if one.is_for_everybody and self._admits(ref, facts)]

    def _admits(self, ref: str, facts: Facts) -> bool:
        admitted = self._limited[ref].admitted
        return admitted is None or facts.customer in admitted

    def _limit_issues(self, facts: Facts) -> None:
        """Takes out issues of accounts beyond whose cap the customer is, unless another account of theirs has them."""
        no = int(facts.customer or 0)
        with self.reading() as db:
            accounts = [account for (account,) in db.execute(_ACCOUNTS_OF, (no,))]
            within = [one for one in accounts if self._reaches(db, one, facts.customer)]
            if len(within) < len(accounts):
                refs = {ref for one in within for (ref,) in db.execute(_ISSUES_OF, (one,))}
                facts.account_issues = [issue for issue in facts.account_issues if issue.ref in refs]

    def _reaches(self, db: sqlite3.Connection, account: int, customer: str | None) -> bool:
        """Whether the issues of an account concern one of its people."""
        cap = self._caps.get(account)
        if cap is None:
            return True
        admitted = self._admitted.get(account)
        if admitted is None:
            admitted = self._admitted[account] = frozenset(self._first(self._in_account(db, account), cap))
        return customer in admitted

    def read_watermarks(self, db: sqlite3.Connection) -> tuple[int | None, Mapping[str, datetime | None]]:
        """The watermarks; how far holds reach is read with them, for one number tells of both."""
        found = super().read_watermarks(db)
        limited = (self._limited_by(db, row) for row in db.execute(_WIDE).fetchall())
        self._limited = {one.hold.ref: one for one in limited if one is not None}
        self._caps = dict(db.execute("SELECT account, cap FROM large WHERE cap IS NOT NULL").fetchall())
        self._admitted = {}
        self.is_limited: bool = bool(self._limited or self._caps)
        return found

    def _limited_by(self, db: sqlite3.Connection, row: Sequence[Any]) -> _Limited | None:
        """How a hold is limited; None where it reaches all whom it names."""
        _, source, _, people, stored, data, cap = row[:7]
        hold = Hold.model_validate_json(data)
        everybody = Cohort.from_text(hold.cohort).everybody
        is_over = hold.released_at is not None or _is_carried_out_by_parts(hold, source)
        reaches_all = cap is None and not everybody
        if reaches_all or is_over:
            return None
        told = Facts()
        add(told, from_json(stored), source)
        if cap is None:
            is_ours = source == OWN_SOURCE and hold.kind is HoldKind.BLACKOUT
            return _Limited(BlackoutFacts.over(told.holds[0]) if is_ours else told.holds[0], everybody, None)
        reached = self._everybody(db, cap) if everybody else self._first(self._named_by(db, people), cap + 1)
        return _Limited(told.holds[0], everybody, frozenset(reached[:cap])) if everybody or len(reached) > cap else None

    def _everybody(self, db: sqlite3.Connection, most: int) -> list[str]:
        query = "SELECT no FROM customers WHERE merged_into IS NULL AND NOT account ORDER BY no LIMIT ?"
        return [str(no) for (no,) in db.execute(query, (most,))]

    def _first(self, customers: Iterable[int], most: int) -> list[str]:
        """The first of these customers, each once."""
        found: dict[str, None] = {}
        for no in customers:
            if len(found) == most:
                break
            found[str(no)] = None
        return list(found)

    def _in_account(self, db: sqlite3.Connection, account: int) -> Iterator[int]:
        """The people of an account, in the order in which they became known as such."""
        return (customer for (customer,) in db.execute(_IN_ACCOUNT, (account,)))

    def _named_by(self, db: sqlite3.Connection, people: str) -> Iterator[int]:
        for key in keys_in(people):
            for no in self.customers_of(db, [key]).values():
                if key.startswith(identity.ACCOUNT):
                    yield from self._in_account(db, no)
                else:
                    yield no

    # Writing

    def finish_batch(self, db: sqlite3.Connection, source: int, batch: Batch) -> None:
        """Writes what a batch says besides its events; holds that are not about single people get a cap."""
        super().finish_batch(db, source, batch)
        wide = [event.subject for event in batch.events if isinstance(event, HoldChanged) and _is_wide(event.data)]
        db.executemany(
            "INSERT OR IGNORE INTO wide (thing, cap) SELECT no, ? FROM things WHERE source = ? AND kind = 5 AND id = ?",
            [(CAP, source, id) for id in wide],
        )
        for reach in batch.reaches:
            self._set_reach(db, source, reach)
        has_grown = self._note_large(db, batch)
        if wide or batch.reaches or has_grown:
            db.execute(STREAMS_CHANGED)

    def _note_large(self, db: sqlite3.Connection, batch: Batch) -> bool:
        """Notes accounts that have come to have more people than an unconfirmed hold may silence."""
        contacts = (event.data for event in batch.events if isinstance(event, ContactChanged))
        keys = {f"{identity.ACCOUNT}{batch.source}/{one}" for contact in contacts for one in contact.account_ids}
        accounts = self.customers_of(db, keys).values() if keys else ()
        large = [one for one in accounts if db.execute(_HAS_MANY, (one, CAP)).fetchone()]
        before = db.total_changes
        db.executemany("INSERT OR IGNORE INTO large (account, cap) VALUES (?, ?)", [(one, CAP) for one in large])
        return db.total_changes > before

    def _set_reach(self, db: sqlite3.Connection, source: int, reach: Reach) -> bool:
        values = (reach.cap, reach.by, reach.reason, optional_us(reach.at), source, reach.hold)
        return bool(
            db.execute(
                "UPDATE wide SET cap = ?, confirmed_by = ?, reason = ?, confirmed_at = ?"
                " WHERE thing = (SELECT no FROM things WHERE source = ? AND kind = 5 AND id = ?)",
                values,
            ).rowcount
        )

    def confirm(self, source: str, reach: Reach) -> None:
        """Lets a hold reach as many people as somebody answers for."""
        with self.transaction() as db:
            if source:
                is_known = self._set_reach(db, self.source_number(db, source), reach)
            else:
                values = (reach.cap, reach.by, reach.reason, optional_us(reach.at), reach.hold)
                is_known = bool(db.execute(_CONFIRM_ACCOUNT, values).rowcount)
            if not is_known:
                raise DataInvalid("there is no hold on accounts or a cohort with this id; `alignkit status` lists them")
            db.execute(STREAMS_CHANGED)

    # Asked from outside

    def hold(self, source: str, id: str) -> Hold | None:
        """One manual, incident or blackout hold."""
        with self.reading() as db:
            row = db.execute(_ONE, (source, id)).fetchone()
        return None if row is None else _hold(*row)

    def parts(self, id: str) -> list[Hold]:
        """The holds that carry a hold of our own out, person by person, sorted by id."""
        with self.reading() as db:
            rows = db.execute(
                _ONE.replace("t.id = ?", "t.id > ? AND t.id < ? ORDER BY t.id"), (OWN_SOURCE, f"{id}.", f"{id}/")
            )
            return [_hold(*row) for row in rows]

    def wide_holds(self, active_at: datetime | None = None) -> list[WideHold]:
        """Holds that are not about single people, the oldest first, and accounts whose issues concern many people."""
        with self.reading() as db:
            rows = [(_hold(row[1], row[5]), row) for row in db.execute(_WIDE).fetchall()]
            found = [
                WideHold(hold, self._count(db, hold, row[3]), _reach(hold.id, *row[6:]))
                for hold, row in rows
                if active_at is None or is_active(hold, active_at)
            ]
            return found + [self._account_hold(db, row) for row in db.execute(_LARGE).fetchall()]

    def _account_hold(self, db: sqlite3.Connection, row: Sequence[Any]) -> WideHold:
        account, key, since, cap, by, reason, at = row
        hold = Hold(
            id=key,
            kind=HoldKind.AUTOMATIC,
            reason="issues of colleagues at the same account",
            account_ids=(key.removeprefix(identity.ACCOUNT),),
            opened_at=when(since),
        )
        return WideHold(hold, len(set(self._in_account(db, account))), _reach(key, cap, by, reason, at))

    def _count(self, db: sqlite3.Connection, hold: Hold, people: str) -> int | None:
        if Cohort.from_text(hold.cohort).everybody:
            return None
        if not _is_carried_out_by_parts(hold, hold.source):
            return len(set(self._named_by(db, people)))
        query = (
            "SELECT coalesce(sum(json_array_length(t.people)), 0) FROM things t JOIN sources s ON s.no = t.source"
            " WHERE s.name = ? AND t.kind = 5 AND t.id > ? AND t.id < ?"
        )
        return int(db.execute(query, (hold.source, f"{hold.id}.", f"{hold.id}/")).fetchone()[0])

    def members(self, cohort: Cohort) -> list[str]:
        """One identifier of each person in a cohort, those who are named first; nobody for `everybody`."""
        named = dict.fromkeys(identity.identifier(one) for one in cohort.people)
        with self.reading() as db:
            for order in cohort.orders:
                source, _, id = order.partition("/")
                for (people,) in db.execute(_OF_ORDER, (source, id)):
                    named.update(dict.fromkeys(keys_in(people)[:1]))
            found: set[int] = set()
            if cohort.products:
                for (people,) in db.execute(_HAS_PRODUCT, (as_json(cohort.products),)).fetchall():
                    found.update(self._of(db, people))
            for account in cohort.accounts:
                for no in self.customers_of(db, [f"{identity.ACCOUNT}{account}"]).values():
                    found.update(self._in_account(db, no))
            found -= set(self.customers_of(db, named).values())
            return [*named, *(min(self.keys_of(db, no)) for no in sorted(found))]

    def _of(self, db: sqlite3.Connection, people: str) -> set[int]:
        """The people of a thing, not its account."""
        keys = [key for key in keys_in(people) if not key.startswith(identity.ACCOUNT)]
        return set(self.customers_of(db, keys).values())


def _is_wide(hold: Hold) -> bool:
    """Whether a hold is about others than a few who are named."""
    return bool(hold.account_ids) or hold.cohort is not None or len(hold.identifiers) > CAP


def _is_carried_out_by_parts(hold: Hold, source: str) -> bool:
    """Whether it reaches nobody by itself, for others of our own do person by person."""
    return source == OWN_SOURCE and hold.cohort is not None and not Cohort.from_text(hold.cohort).everybody


def _reach(id: str, cap: int | None, by: str | None, reason: str | None, at: int | None) -> Reach:
    return Reach(id, cap, by, reason, None if at is None else when(at))


def _hold(source: str, data: bytes) -> Hold:
    return Hold.model_validate_json(data).model_copy(update={"source": source})
