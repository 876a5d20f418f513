"""How far releases have come that go out piece by piece; numbers alone, nobody's address."""

from __future__ import annotations

from datetime import datetime, timedelta

from alignkit.stores.records import Lease, Wave
from alignkit.stores.sqlite.database import us, when
from alignkit.stores.sqlite.runs import Runs

KEPT = timedelta(days=31)
"""How long it is remembered how many people a run let go; no pace looks back further."""


class Waves(Runs):
    """The part of a SQLite store that keeps the pace of releases."""

    def wave(self, destination: str, scope: str) -> Wave | None:
        """The release that is under way for one kind of message at one destination."""
        return next((one for one in self.waves() if (one.destination, one.scope) == (destination, scope)), None)

    def waves(self) -> list[Wave]:
        """Every release that is under way."""
        with self.reading() as db:
            rows = db.execute("SELECT destination, scope, since, people, released FROM waves ORDER BY 1, 2").fetchall()
        return [Wave(name, scope, when(since), people, released) for name, scope, since, people, released in rows]

    def released_since(self, destination: str, scope: str, since: datetime) -> int:
        """How many people were let go, for one kind of message, after a moment."""
        query = "SELECT coalesce(sum(people), 0) FROM releases WHERE destination = ? AND scope = ? AND at > ?"
        with self.reading() as db:
            return int(db.execute(query, (destination, scope, us(since))).fetchone()[0])

    def keep_wave(self, wave: Wave, released: int, now: datetime, lease: Lease | None = None) -> None:
        """Writes how far a release has come, before `released` people are let go now."""
        place = (wave.destination, wave.scope)
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.execute(
                "INSERT OR REPLACE INTO waves VALUES (?, ?, ?, ?, ?)",
                (*place, us(wave.since), wave.people, wave.released + released),
            )
            db.execute(
                "INSERT INTO releases VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET people = people + ?4",
                (*place, us(now), released),
            )
            db.execute("DELETE FROM releases WHERE at < ?", (us(now - KEPT),))

    def end_wave(self, destination: str, scope: str, lease: Lease | None = None) -> None:
        """Says that nobody waits for a release any more."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.execute("DELETE FROM waves WHERE destination = ? AND scope = ?", (destination, scope))
