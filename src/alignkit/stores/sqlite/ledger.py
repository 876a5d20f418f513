"""What we did at destinations, and why: rows of the ledger and their causes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from alignkit.models.times import moment_of
from alignkit.stores.records import Cause, Lease, LedgerRow, LedgerState
from alignkit.stores.sqlite.database import optional_us, us, when
from alignkit.stores.sqlite.endpoints import Endpoints


class Ledger(Endpoints):
    """The part of a SQLite store that keeps the ledger."""

    def destinations(self) -> list[str]:
        """The name of every destination that the ledger has something of."""
        with self.reading() as db:
            rows = db.execute("SELECT destination FROM ledger UNION SELECT destination FROM causes ORDER BY 1")
            return [name for (name,) in rows]

    def adopt(self, old: str, new: str, lease: Lease | None = None) -> int:
        """Carries all that is kept of one destination on under another name."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            for table in ("ledger", "causes", "waves", "releases"):
                db.execute(f"UPDATE OR IGNORE {table} SET destination = ? WHERE destination = ?", (new, old))  # noqa: S608 - names of our own
                db.execute(f"DELETE FROM {table} WHERE destination = ?", (old,))  # noqa: S608
            db.execute("UPDATE OR IGNORE endpoints SET name = ? WHERE role = 'destination' AND name = ?", (new, old))
            db.execute("DELETE FROM endpoints WHERE role = 'destination' AND name = ?", (old,))
            return int(db.execute("SELECT count(*) FROM ledger WHERE destination = ?", (new,)).fetchone()[0])

    def ledger(self, destination: str) -> Iterator[LedgerRow]:
        """Every row of one destination."""
        query = (
            "SELECT address, direction, state, since, at, snapshot, handle, detail, attempts FROM ledger"
            " WHERE destination = ? AND address > ? ORDER BY address LIMIT ?"
        )
        for row in self.scan(query, (destination, ""), lambda row: row[0]):
            address, direction, state, since, at, snapshot, handle, detail, attempts = row
            yield LedgerRow(
                destination=destination,
                address=address,
                direction=direction,
                state=LedgerState(state),
                since=when(since),
                at=when(at),
                snapshot=json.loads(snapshot),
                handle=handle,
                detail=detail,
                attempts=attempts,
            )

    def causes(self, destination: str, scope: str | None = None) -> Iterator[Cause]:
        """Why people are held at one destination."""
        query = (
            "SELECT address, scope, reason, rules, evidence, since, until FROM causes WHERE destination = ?1"
            " AND (?2 IS NULL OR scope = ?2)"
            " AND (address, scope) > (json_extract(?3, '$[0]'), json_extract(?3, '$[1]'))"
            " ORDER BY address, scope LIMIT ?4"
        )
        for row in self.scan(query, (destination, scope, '["", ""]'), lambda row: json.dumps(row[:2])):
            address, named, reason, rules, evidence, since, until = row
            yield Cause(
                destination=destination,
                address=address,
                scope=named,
                reason=reason,
                rules=tuple(json.loads(rules)),
                evidence=tuple(json.loads(evidence)),
                since=when(since),
                until=moment_of(until),
            )

    def intend(
        self,
        rows: Iterable[LedgerRow],
        *,
        add: Iterable[Cause] = (),
        drop: Iterable[tuple[str, str, str]] = (),
        lease: Lease | None = None,
    ) -> None:
        """Writes rows and causes in one transaction. `drop` is (destination, address, scope)."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.executemany(
                "INSERT OR REPLACE INTO ledger"
                " (destination, address, direction, state, since, at, snapshot, handle, detail, attempts)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.destination,
                        row.address,
                        row.direction,
                        row.state.value,
                        us(row.since),
                        us(row.at),
                        json.dumps(dict(row.snapshot), sort_keys=True),
                        row.handle,
                        row.detail,
                        row.attempts,
                    )
                    for row in rows
                ],
            )
            db.executemany(
                "INSERT INTO causes (destination, address, scope, reason, rules, evidence, since, until)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET"
                " reason = ?4, rules = ?5, evidence = ?6, until = ?8",
                [
                    (
                        cause.destination,
                        cause.address,
                        cause.scope,
                        cause.reason,
                        json.dumps(cause.rules),
                        json.dumps(cause.evidence),
                        us(cause.since),
                        optional_us(cause.until),
                    )
                    for cause in add
                ],
            )
            db.executemany("DELETE FROM causes WHERE destination = ? AND address = ? AND scope = ?", list(drop))

    def strike(self, destination: str, addresses: Sequence[str], lease: Lease | None = None) -> None:
        """Removes ledger rows, and their causes, whose release is over."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            pairs = [(destination, address) for address in addresses]
            db.executemany("DELETE FROM ledger WHERE destination = ? AND address = ?", pairs)
            db.executemany("DELETE FROM causes WHERE destination = ? AND address = ?", pairs)
