"""The tables of a SQLite store, and how an older file is brought up to date.

| table | one row is |
|---|---|
| `events` | one event as it came; the log that everything else can be rebuilt from |
| `things` | one issue, survey, post, contact and so on, folded: `facts` is what a decision reads |
| `concerns` | a customer (or an account) whom a thing concerns |
| `merges` | an issue that went into another |
| `customers`, `identifiers` | who is who; `links` are those that a person made |
| `sources`, `streams`, `work`, `quarantine`, `leases` | how far reading has come |
| `endpoints` | where a source or destination is, and whether a source is over |
| `ledger`, `causes` | what we did at destinations, and why |
| `wide` | how many people a hold may silence that is not about single people |
| `large` | the same for the issues of an account with many people |
| `deferred` | a message that its sender keeps until it may go out |
| `waves`, `releases` | a release that goes out piece by piece, and how many people each run let go |
| `tombstones` | keyed hashes of people who asked to be forgotten |
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from secrets import token_bytes

from alignkit.errors import StoreDamaged

VERSION = 2
APPLICATION_ID = 0x616C6967  # "alig", so that another program's file is told apart

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE sources (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL);
CREATE TABLE streams (
    source INTEGER NOT NULL, stream TEXT NOT NULL, checkpoint TEXT, version INTEGER NOT NULL DEFAULT 1,
    read_at INTEGER, PRIMARY KEY (source, stream)
) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, thing INTEGER NOT NULL, id TEXT NOT NULL, type INTEGER NOT NULL, time INTEGER NOT NULL,
    received_at INTEGER NOT NULL, version INTEGER NOT NULL, sequence INTEGER NOT NULL, extra TEXT, data BLOB NOT NULL
);
CREATE UNIQUE INDEX events_once ON events (thing, id);
CREATE TABLE things (
    no INTEGER PRIMARY KEY, source INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
    active INTEGER, last_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, people TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE UNIQUE INDEX things_once ON things (source, kind, id);
CREATE INDEX things_open ON things (source, kind, seen_at) WHERE active IS NOT 0;
CREATE INDEX things_unclaimed ON things (kind) WHERE people = '[]';
CREATE TABLE concerns (
    customer INTEGER NOT NULL, kind INTEGER NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (customer, kind, thing)
) WITHOUT ROWID;
CREATE TABLE merges (
    source INTEGER NOT NULL, loser TEXT NOT NULL, survivor TEXT NOT NULL, PRIMARY KEY (source, loser, survivor)
) WITHOUT ROWID;
CREATE INDEX merges_into ON merges (source, survivor);
CREATE TABLE customers (
    no INTEGER PRIMARY KEY, merged_into INTEGER, account INTEGER NOT NULL DEFAULT 0, keys TEXT NOT NULL DEFAULT '[]',
    profile TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE identifiers (
    identifier TEXT PRIMARY KEY, customer INTEGER NOT NULL, alone TEXT,
    first_seen INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE links (
    one TEXT NOT NULL, other TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE TABLE work (
    source INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (source, kind, id)
) WITHOUT ROWID;
CREATE TABLE quarantine (
    source INTEGER NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (source, stream, key)
) WITHOUT ROWID;
CREATE TABLE leases (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL, fence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE endpoints (
    role TEXT NOT NULL, name TEXT NOT NULL, location TEXT NOT NULL, is_over INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (role, name)
) WITHOUT ROWID;
CREATE TABLE ledger (
    destination TEXT NOT NULL, address TEXT NOT NULL, direction TEXT NOT NULL, state TEXT NOT NULL,
    since INTEGER NOT NULL, at INTEGER NOT NULL, snapshot TEXT NOT NULL, handle TEXT, detail TEXT NOT NULL,
    attempts INTEGER NOT NULL, PRIMARY KEY (destination, address)
) WITHOUT ROWID;
CREATE TABLE causes (
    destination TEXT NOT NULL, address TEXT NOT NULL, scope TEXT NOT NULL, reason TEXT NOT NULL, rules TEXT NOT NULL,
    evidence TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (destination, address, scope)
) WITHOUT ROWID;
CREATE TABLE wide (thing INTEGER PRIMARY KEY, cap INTEGER, confirmed_by TEXT, reason TEXT, confirmed_at INTEGER);
CREATE TABLE large (account INTEGER PRIMARY KEY, cap INTEGER, confirmed_by TEXT, reason TEXT, confirmed_at INTEGER);
CREATE TABLE deferred (
    reference TEXT PRIMARY KEY, who TEXT NOT NULL, message TEXT NOT NULL, deferred_at INTEGER NOT NULL,
    expires_at INTEGER, rank INTEGER NOT NULL, recheck_at INTEGER, reason TEXT NOT NULL, state TEXT NOT NULL,
    became TEXT, told_at INTEGER
) WITHOUT ROWID;
CREATE INDEX deferred_in_order ON deferred (state, deferred_at, reference);
CREATE TABLE waves (
    destination TEXT NOT NULL, scope TEXT NOT NULL, since INTEGER NOT NULL, people INTEGER NOT NULL,
    released INTEGER NOT NULL, PRIMARY KEY (destination, scope)
) WITHOUT ROWID;
CREATE TABLE releases (
    destination TEXT NOT NULL, scope TEXT NOT NULL, at INTEGER NOT NULL, people INTEGER NOT NULL,
    PRIMARY KEY (destination, scope, at)
) WITHOUT ROWID;
CREATE TABLE tombstones (mac BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""

Migration = Callable[[sqlite3.Connection], None]


def _name_facts(connection: sqlite3.Connection) -> None:
    """Since version 2, facts tell which thing they are of."""
    connection.execute(
        "UPDATE things SET facts = substr(facts, 1, length(facts) - 1)"
        " || ',' || kind || ',' || source || ',' || json_quote(id) || ']' WHERE facts LIKE '[%'"
    )


MIGRATIONS: Mapping[int, Migration] = {1: _name_facts}
"""For each version, how a file of that version becomes one of the next."""


def prepare(
    connection: sqlite3.Connection,
    path: str,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    version: int = VERSION,
) -> None:
    """Makes the tables of an empty file, or brings an older file up to date; one transaction.

    A file of this version is only looked at: who opens it waits for nobody who is writing.

    Raises:
        StoreDamaged: the file belongs to another program or to a newer alignkit.
    """
    if _marks(connection) == (APPLICATION_ID, version):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        owner, found = _marks(connection)
        if found == 0 and owner == 0:
            _create(connection, path, version)
        elif owner != APPLICATION_ID:
            raise _of_another(path)
        elif found > version:
            raise StoreDamaged(
                f"the store `{path}` has schema {found} and this alignkit knows {version}; install the newer alignkit"
            )
        else:
            for step in range(found, version):
                migrations[step](connection)
            connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and of which version."""
    owner, found = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return int(owner), int(found)


def _of_another(path: str) -> StoreDamaged:
    return StoreDamaged(f"`{path}` is a database of another program; give another path for the store")


def _create(connection: sqlite3.Connection, path: str, version: int) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise _of_another(path)
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('tombstone_key', ?)", (token_bytes(32),))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
    connection.execute(f"PRAGMA user_version = {version:d}")
