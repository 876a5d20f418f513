"""Deferred messages: what their senders keep until it may go out, each answered once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from alignkit.errors import DataInvalid
from alignkit.models import Message
from alignkit.models.times import moment_of
from alignkit.stores.records import Became, Deferred, DeferredState, Lease
from alignkit.stores.sqlite.database import optional_us, us, when
from alignkit.stores.sqlite.runs import Runs

_COLUMNS = (
    "reference, who, message, deferred_at, expires_at, rank, recheck_at, reason, state, became, told_at FROM deferred"
)


class Waiting(Runs):
    """The part of a SQLite store that keeps deferred messages."""

    def defer(self, wanted: Deferred) -> Deferred:
        """Keeps a message that waits and returns what is kept; the same one twice changes nothing."""
        with self.transaction() as db:
            row = db.execute(f"SELECT {_COLUMNS} WHERE reference = ?", (wanted.reference,)).fetchone()
            if row is None:
                db.execute("INSERT INTO deferred VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _as_row(wanted))
                return wanted
            kept = _deferred(row)
            if kept.message != wanted.message or kept.who not in ("", wanted.who):
                raise DataInvalid("this reference stands for another message; give each message its own")
            return kept

    def deferred(self, state: DeferredState | None = None) -> Iterator[Deferred]:
        """Deferred messages, the oldest first."""
        query = (
            f"SELECT {_COLUMNS} WHERE (?1 IS NULL OR state = ?1)"
            " AND (deferred_at, reference) > (json_extract(?2, '$[0]'), json_extract(?2, '$[1]'))"
            " ORDER BY deferred_at, reference LIMIT ?3"
        )
        start = f'[{-(2**63)}, ""]'
        for row in self.scan(query, (state, start), lambda row: json.dumps([row[3], row[0]])):
            yield _deferred(row)

    def tell(
        self, answers: Sequence[Deferred], waiting: Sequence[Deferred] = (), lease: Lease | None = None
    ) -> list[str]:
        """Writes answers, and what is known of those that go on waiting, in one transaction."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.executemany(
                "UPDATE deferred SET recheck_at = ?, reason = ? WHERE reference = ? AND state = 'waiting'",
                [(optional_us(one.recheck_at), one.reason, one.reference) for one in waiting],
            )
            return [
                one.reference
                for one in answers
                if db.execute(
                    "UPDATE deferred SET state = 'told', became = ?, reason = ?, told_at = ?, recheck_at = NULL"
                    " WHERE reference = ? AND state = 'waiting'",
                    (one.became, one.reason, optional_us(one.told_at), one.reference),
                ).rowcount
            ]

    def give_back(self, references: Sequence[str]) -> list[str]:
        """Lets messages wait again whose answer was not acted upon; returns those that do."""
        return self._change(
            "UPDATE deferred SET state = 'waiting', became = NULL, told_at = NULL"
            " WHERE reference = ? AND state = 'told'",
            references,
        )

    def acknowledge(self, references: Sequence[str]) -> list[str]:
        """Ends messages whose answer was acted upon, and forgets whom they were for; returns those that ended now."""
        return self._change(
            "UPDATE deferred SET state = 'done', who = '', reason = '' WHERE reference = ? AND state = 'told'",
            references,
        )

    def prune_deferred(self, before: datetime) -> int:
        """Drops messages that ended and were answered before a moment; how many. Their references are free again."""
        with self.transaction() as db:
            return db.execute("DELETE FROM deferred WHERE state = 'done' AND told_at < ?", (us(before),)).rowcount

    def _change(self, change: str, references: Sequence[str]) -> list[str]:
        with self.transaction() as db:
            return [one for one in references if db.execute(change, (one,)).rowcount]

    def erase_deferred(self, db: sqlite3.Connection, keys: Iterable[str]) -> int:
        """Erases what waits for these people; how much it was.

        Of what is over nobody knows any more whom it was for: such a reference goes where it spells one of them.
        """
        known = sorted(keys)
        spelled = json.dumps([key.partition(":")[2].lower() for key in known])
        db.execute(
            "DELETE FROM deferred WHERE state = 'done'"
            " AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(lower(reference), value))",
            (spelled,),
        )
        query = "DELETE FROM deferred WHERE who IN (SELECT value FROM json_each(?))"
        return db.execute(query, (json.dumps(known),)).rowcount


def _as_row(one: Deferred) -> tuple[Any, ...]:
    return (
        one.reference,
        one.who,
        one.message.model_dump_json(exclude_defaults=True),
        us(one.deferred_at),
        optional_us(one.expires_at),
        one.rank,
        optional_us(one.recheck_at),
        one.reason,
        one.state,
        one.became,
        optional_us(one.told_at),
    )


def _deferred(row: Sequence[Any]) -> Deferred:
    reference, who, message, deferred_at, expires_at, rank, recheck_at, reason, state, became, told_at = row
    return Deferred(
        reference=reference,
        who=who,
        message=Message.model_validate_json(message),
        deferred_at=when(deferred_at),
        expires_at=moment_of(expires_at),
        rank=rank,
        recheck_at=moment_of(recheck_at),
        reason=reason,
        state=DeferredState(state),
        became=None if became is None else Became(became),
        told_at=moment_of(told_at),
    )
