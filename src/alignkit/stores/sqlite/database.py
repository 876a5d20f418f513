"""Opens a SQLite file, keeps its transactions whole, and turns its failures into ours."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from alignkit.errors import AlignkitError, DataInvalid, StoreDamaged, StoreUnavailable
from alignkit.models.times import microseconds, moment_of
from alignkit.stores.sqlite.schema import prepare

MEMORY = ":memory:"
BATCH = 500
_CHECKPOINT_PAGES = (
    10_000  # a page of records dirties thousands; writing them back each time would cost more than the rest
)
_CACHE_KIB = 32 * 1024
_PAUSE = 0.01
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_MISSING = ("no such table", "no such column", "malformed JSON")
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk or the file's size limit is full; make room and run again",
    sqlite3.SQLITE_BUSY: "another process keeps the file locked; run again when it has finished",
    sqlite3.SQLITE_LOCKED: "another thread keeps the file locked; run again when it has finished",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written to; give this user the right to",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its folder exists and may be written to",
    sqlite3.SQLITE_IOERR: "the disk failed; check it and run again",
    sqlite3.SQLITE_PERM: "this user may not use the file; give it the right to",
}


def failure(path: str, error: sqlite3.Error) -> AlignkitError:
    """What a failure of SQLite at this file means to the caller."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreUnavailable(f"the store `{path}` was closed; open it again")
    # Without a code it is Python that could not read a value; its text shows that value.
    if primary in _DAMAGE or code is None or str(error).startswith(_MISSING):
        return StoreDamaged(f"the store `{path}` is damaged or no SQLite database; restore a copy of it")
    remedy = _REMEDIES.get(primary or 0, f"SQLite said `{error}`")
    return StoreUnavailable(f"the store `{path}` did not take part: {remedy}; nothing was half-written")


@contextmanager
def translated(path: str) -> Generator[None]:
    """Raises our errors in place of SQLite's."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        _raise_ours(path, error)
        raise


def _raise_ours(path: str, error: BaseException | None) -> None:
    if isinstance(error, sqlite3.Error):
        raise failure(path, error) from (error if hasattr(error, "sqlite_errorcode") else None)
    if isinstance(error, OverflowError):
        raise DataInvalid("a number does not fit into 64 bits; report it to the authors of the connector") from None


class Turn:
    """One thread's turn at the connection that reads.

    Every decision takes two of them; as a class it costs a third of what a generator would.
    """

    __slots__ = ("_connection", "_lock", "_path")

    def __init__(self, path: str, lock: threading.RLock, connection: sqlite3.Connection) -> None:
        self._path = path
        self._lock = lock
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._lock.release()
        if kind is not None:
            _raise_ours(self._path, error)


def unreadable(path: str) -> StoreDamaged:
    """What to raise where a kept value cannot be read."""
    return StoreDamaged(f"the store `{path}` holds values that nobody wrote; restore a copy of it")


def us(moment: datetime) -> int:
    """Microseconds since 1970, as every time is kept in the file."""
    return microseconds(moment)


def when(instant: int) -> datetime:
    """The aware UTC time of a kept one that is never missing; rows are untyped, and this tells the type checker."""
    return moment_of(instant)


def optional_us(moment: datetime | None) -> int | None:
    """The same for a time that may be missing."""
    return None if moment is None else microseconds(moment)


def _reserve(path: str) -> None:
    """Makes the file for its owner alone, since it holds people's addresses; what SQLite puts beside it is likewise."""
    if path != MEMORY:
        with suppress(OSError):  # there already, or a place that SQLite will say more about
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


class Database:
    """One SQLite file, with one connection that writes and one that reads; threads take turns.

    Args:
        path: the file, made where it does not exist; `:memory:` keeps everything in memory.
        patience: how long to wait for another process that writes.

    Raises:
        StoreDamaged: the file is damaged, of another program, or of a newer alignkit.
        StoreUnavailable: it cannot be opened.
    """

    def __init__(self, path: str | Path, *, patience: timedelta = timedelta(seconds=30)) -> None:
        self.path: str = str(path)
        _reserve(self.path)
        self._patience = patience.total_seconds()
        self._writing = threading.RLock()
        self.writes: int = 0
        with translated(self.path):
            self._writer = self._connect()
            try:
                # First, for a file of another program must stay as it is.
                prepare(self._writer, self.path)
                self._configure(self._writer)
                self._reader = self._writer if self.path == MEMORY else self._connect()
            except BaseException:
                self._writer.close()
                raise
        self._reading = self._writing if self._reader is self._writer else threading.RLock()
        # It keeps nothing between `with` blocks, so all threads share it.
        self._turn = Turn(self.path, self._reading, self._reader)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=self._patience, isolation_level=None, check_same_thread=False, cached_statements=256
        )

    def _configure(self, connection: sqlite3.Connection) -> None:
        self._write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES:d}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB:d}")

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Sets the journal's mode, for which SQLite does not wait where several processes make a file at once."""
        until = time.monotonic() + self._patience
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    def close(self) -> None:
        """Ends the use of the file."""
        with self._reading, self._writing:
            self._reader.close()
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """One write transaction: everything inside it is kept, or nothing."""
        with self._writing, translated(self.path):
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
                self.writes += 1
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def reading(self) -> Turn:
        """The connection that reads; one statement at a time sees one state of the file."""
        return self._turn

    def scan(self, query: str, parameters: Sequence[Any], key: Callable[[Sequence[Any]], Any]) -> Iterator[Any]:
        """Every row of a query in constant memory, without keeping a transaction open between pages.

        `query` orders by one key, takes the key to start after as its last parameter but one, and a limit as its last.
        """
        after: Any = parameters[-1]
        while True:
            with self.reading() as connection:
                rows = connection.execute(query, (*parameters[:-1], after, BATCH)).fetchall()
            yield from rows
            if len(rows) < BATCH:
                return
            after = key(rows[-1])
