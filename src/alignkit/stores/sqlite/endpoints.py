"""Which sources are read and which never again, and where each source and destination is."""

from __future__ import annotations

import json
from collections.abc import Sequence

from alignkit.errors import DataInvalid
from alignkit.stores.records import Lease, Role
from alignkit.stores.sqlite.runs import STREAMS_CHANGED, Runs


class Endpoints(Runs):
    """The part of a SQLite store that tells one source or destination from another."""

    def expect(self, source: str, type: str, streams: Sequence[str]) -> None:
        """Registers a source; decisions count as incomplete until each of its streams was read to its end."""
        with self.transaction() as db:
            if db.execute(
                "SELECT 1 FROM endpoints WHERE role = 'source' AND name = ? AND is_over", (source,)
            ).fetchone():
                raise DataInvalid(
                    f"`{source}` was retired and its issues were closed, so this name stays out of use;"
                    " give the source another `name`"
                )
            no = self.source_number(db, source)
            db.execute("UPDATE sources SET type = ? WHERE no = ?", (type, no))
            db.executemany("INSERT OR IGNORE INTO streams (source, stream) VALUES (?, ?)", [(no, s) for s in streams])
            # A stream that the connector has given up would never be read again, and keep the source stale for ever.
            db.execute(
                "DELETE FROM streams WHERE source = ? AND stream NOT IN (SELECT value FROM json_each(?))",
                (no, json.dumps(list(streams))),
            )
            db.execute(STREAMS_CHANGED)

    def retire(self, source: str, *, for_good: bool = False, lease: Lease | None = None) -> None:
        """Forgets how far a source was read and what was to be read of it; what it told stays."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            row = db.execute("SELECT no FROM sources WHERE name = ?", (source,)).fetchone()
            if row is None:
                raise DataInvalid(f"the store knows no source `{source}`; `alignkit status` shows those that it knows")
            for table in ("streams", "work", "quarantine"):
                db.execute(f"DELETE FROM {table} WHERE source = ?", row)  # noqa: S608 - names of our own
            if for_good:
                db.execute(
                    "INSERT INTO endpoints (role, name, location, is_over) VALUES ('source', ?, '', 1)"
                    " ON CONFLICT DO UPDATE SET is_over = 1",
                    (source,),
                )
            db.execute(STREAMS_CHANGED)

    def location(self, role: Role, name: str) -> str | None:
        """Where the source or destination of this name was last; None where nobody has said."""
        with self.reading() as db:
            row = db.execute(
                "SELECT location FROM endpoints WHERE role = ? AND name = ? AND location != ''", (role, name)
            ).fetchone()
        return None if row is None else str(row[0])

    def locate(self, role: Role, name: str, location: str, lease: Lease | None = None) -> None:
        """Says where the source or destination of this name is from now on."""
        with self.transaction() as db:
            self.guard_lease(db, lease)
            db.execute(
                "INSERT INTO endpoints (role, name, location) VALUES (?1, ?2, ?3)"
                " ON CONFLICT DO UPDATE SET location = ?3",
                (role, name, location),
            )
