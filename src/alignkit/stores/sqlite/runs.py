"""How far reading has come: streams, checkpoints, the work list, quarantine and leases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from alignkit.errors import LeaseHeld
from alignkit.models.exchange import Ref
from alignkit.models.times import moment_of
from alignkit.stores.facts import KIND_OF, KINDS_OF_REFS, Kind
from alignkit.stores.records import Batch, Json, Lease, QuarantineRow, SourceState, StreamState
from alignkit.stores.sqlite.database import Database, us, when

STREAMS_STATE = "SELECT value FROM meta WHERE key = 'streams'"
"""A number that grows whenever what is known of streams changes, so that a decision need not read them each time."""

STREAMS_CHANGED = "INSERT INTO meta VALUES ('streams', 1) ON CONFLICT DO UPDATE SET value = value + 1"


_AHEAD = timedelta(days=7)
"""What is dated so far ahead was dated by a clock that was wrong: nothing is put off for so long."""


class Runs(Database):
    """The part of a SQLite store that keeps runs of reading and writing apart and resumable."""

    def source_number(self, db: sqlite3.Connection, name: str) -> int:
        """The number of a source, given on first use."""
        row = db.execute("SELECT no FROM sources WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return int(row[0])
        return int(db.execute("INSERT INTO sources (name, type) VALUES (?, '')", (name,)).lastrowid or 0)

    def source_name(self, db: sqlite3.Connection, no: int) -> str:
        """The name of a source."""
        return str(db.execute("SELECT name FROM sources WHERE no = ?", (no,)).fetchone()[0])

    def source_numbers(self) -> dict[str, int]:
        """Every source with its number."""
        with self.reading() as db:
            return dict(db.execute("SELECT name, no FROM sources").fetchall())

    def sources(self) -> list[SourceState]:
        """Every source that is expected, with its watermark."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT s.name, s.type, t.stream, t.read_at FROM sources s JOIN streams t ON t.source = s.no"
                " ORDER BY s.no, t.stream"
            ).fetchall()
        found: dict[tuple[str, str], list[StreamState]] = {}
        for name, type, stream, read_at in rows:
            state = StreamState(stream, moment_of(read_at), read_at is not None)
            found.setdefault((name, type), []).append(state)
        return [SourceState(name, type, tuple(streams)) for (name, type), streams in found.items()]

    def watermarks(self) -> Mapping[str, datetime | None]:
        """The watermark of each expected source; None where it is not complete."""
        with self.reading() as db:
            return self.read_watermarks(db)[1]

    def read_watermarks(self, db: sqlite3.Connection) -> tuple[int | None, Mapping[str, datetime | None]]:
        """The watermarks, and the number of the state of the streams that they were read from."""
        (state, _, _), *rows = db.execute(
            f"SELECT ({STREAMS_STATE}), NULL, NULL UNION ALL SELECT NULL, s.name,"  # noqa: S608
            " CASE WHEN count(t.read_at) = count(*) THEN min(t.read_at) END FROM sources s"
            " JOIN streams t ON t.source = s.no GROUP BY s.no"
        ).fetchall()
        return state, {name: moment_of(read_at) for _, name, read_at in rows}

    def checkpoint(self, source: str, stream: str) -> tuple[Json, int] | None:
        """Where a stream's reading goes on, and the version of the checkpoint's meaning."""
        with self.reading() as db:
            row = db.execute(
                "SELECT t.checkpoint, t.version FROM streams t JOIN sources s ON s.no = t.source"
                " WHERE s.name = ? AND t.stream = ?",
                (source, stream),
            ).fetchone()
        return None if row is None or row[0] is None else (json.loads(row[0]), int(row[1]))

    def finish_batch(self, db: sqlite3.Connection, source: int, batch: Batch) -> None:
        """Writes what a batch says besides its events: checkpoint, work list, quarantine, what was seen again."""
        now = us(batch.now)
        if batch.stream is not None:
            db.execute(
                "INSERT INTO streams (source, stream, checkpoint, version, read_at) VALUES (?1, ?2, ?3, ?4, ?5)"
                " ON CONFLICT DO UPDATE SET checkpoint = ?3, version = ?4, read_at = coalesce(?5, read_at)",
                (
                    source,
                    batch.stream,
                    None if batch.checkpoint is None else json.dumps(batch.checkpoint),
                    batch.checkpoint_version,
                    now if batch.ended else None,
                ),
            )
            db.execute(STREAMS_CHANGED)
        db.executemany(
            "INSERT INTO work (source, kind, id, reason, due_at) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT DO UPDATE SET reason = ?4",
            [(source, want.kind, want.id, want.reason, now) for want in batch.wanted],
        )
        db.executemany(
            "DELETE FROM work WHERE source = ? AND kind = ? AND id = ?",
            [(source, want.kind, want.id) for want in batch.done],
        )
        db.executemany(
            "UPDATE things SET seen_at = ? WHERE source = ? AND kind = ? AND id = ?",
            [(now, source, KINDS_OF_REFS[want.kind], want.id) for want in batch.done if want.kind in KINDS_OF_REFS],
        )
        self._quarantine(db, source, batch, now)

    def _quarantine(self, db: sqlite3.Connection, source: int, batch: Batch, now: int) -> None:
        if db.execute("SELECT 1 FROM quarantine WHERE source = ? LIMIT 1", (source,)).fetchone():
            # A bare id is of this stream's kind; one with its kind before it may come from anywhere.
            db.executemany(
                "DELETE FROM quarantine WHERE source = ?1 AND (stream = ?2 AND key = ?3 OR key = ?4)",
                [
                    (source, batch.stream or "", event.subject, f"{KIND_OF[event.type].name.lower()}/{event.subject}")
                    for event in batch.events
                ],
            )
            db.executemany(
                "DELETE FROM quarantine WHERE source = ?1 AND stream = ?2 AND substr(key, 1, length(?3)) = ?3",
                [(source, batch.stream or "", f"{name} at ") for name in batch.anew],
            )
        db.executemany(
            "INSERT INTO quarantine (source, stream, key, reason, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)"
            " ON CONFLICT DO UPDATE SET reason = ?4, last_at = ?5, count = count + 1",
            [(source, batch.stream or "", bad.key, bad.reason, now) for bad in batch.quarantined],
        )

    def quarantined(self) -> Iterator[QuarantineRow]:
        """Records that could not be read."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT s.name, q.stream, q.key, q.reason, q.first_at, q.last_at, q.count FROM quarantine q"
                " JOIN sources s ON s.no = q.source ORDER BY 1, 2, 3"
            ).fetchall()
        for source, stream, key, reason, first_at, last_at, count in rows:
            yield QuarantineRow(source, stream, key, reason, when(first_at), when(last_at), count)

    def wanted(self, source: str, now: datetime, limit: int = 100) -> list[Ref]:
        """Objects of the work list that are due."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT w.kind, w.id, w.reason FROM work w JOIN sources s ON s.no = w.source"
                " WHERE s.name = ? AND (w.due_at <= ? OR w.due_at > ?) ORDER BY w.due_at, w.kind, w.id LIMIT ?",
                (source, us(now), us(now + _AHEAD), limit),
            ).fetchall()
        return [Ref(*row) for row in rows]

    def postpone(self, source: str, refs: Sequence[Ref], until: datetime) -> None:
        """Tries these objects again later; nothing is given up."""
        with self.transaction() as db:
            no = self.source_number(db, source)
            db.executemany(
                "UPDATE work SET due_at = ?, attempts = attempts + 1 WHERE source = ? AND kind = ? AND id = ?",
                [(us(until), no, want.kind, want.id) for want in refs],
            )

    def stale_issues(self, source: str, unseen_since: datetime, limit: int = 100) -> list[str]:
        """Ids of issues that count as active or unknown and were last seen before a moment, longest unseen first.

        Those on the work list are left out: issues that cannot be read would else crowd out the others.
        """
        query = (
            "SELECT t.id FROM things t JOIN sources s ON s.no = t.source"
            " WHERE s.name = ? AND t.kind = ? AND t.active IS NOT 0 AND (t.seen_at < ? OR t.seen_at > ?) AND NOT EXISTS"
            " (SELECT 1 FROM work w WHERE w.source = t.source AND w.kind = 'issue' AND w.id = t.id)"
            " ORDER BY t.seen_at, t.id LIMIT ?"
        )
        with self.reading() as db:
            rows = db.execute(
                query, (source, Kind.ISSUE, us(unseen_since), us(unseen_since + _AHEAD), limit)
            ).fetchall()
        return [id for (id,) in rows]

    # Leases

    def acquire(self, name: str, owner: str, now: datetime, term: timedelta, *, dead: str | None = None) -> Lease:
        """Takes a lease; one of an owner that is known to be dead counts as ended."""
        with self.transaction() as db:
            row = db.execute("SELECT owner, until, fence FROM leases WHERE name = ?", (name,)).fetchone()
            if row is not None and row[1] > us(now) and row[0] not in (owner, dead):
                raise LeaseHeld(
                    f"another run holds `{name}`; wait until it ends, or until its lease runs out"
                    f" at {when(row[1]):%Y-%m-%d %H:%M:%S} UTC if it died",
                    owner=row[0],
                )
            fence = 1 if row is None else row[2] + 1
            db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", (name, owner, us(now + term), fence))
        return Lease(name, owner, fence)

    def renew(self, lease: Lease, now: datetime, term: timedelta) -> None:
        """Keeps a lease."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.execute("UPDATE leases SET until = ? WHERE name = ?", (us(now + term), lease.name))

    def surrender(self, lease: Lease) -> None:
        """Gives a lease back; harmless where it was lost already. Its fence stays, for no two leases may share one."""
        with self.transaction() as db:
            db.execute(
                "UPDATE leases SET owner = '', until = 0, fence = fence + 1 WHERE name = ? AND fence = ?",
                (lease.name, lease.fence),
            )

    def guard_lease(self, db: sqlite3.Connection, lease: Lease | None) -> None:
        """Refuses the writing of a run whose lease another one has taken over."""
        if lease is None:
            return
        row = db.execute("SELECT fence FROM leases WHERE name = ?", (lease.name,)).fetchone()
        if row is None or row[0] != lease.fence:
            raise LeaseHeld(f"the lease `{lease.name}` was taken over by another run; this one stops here")
