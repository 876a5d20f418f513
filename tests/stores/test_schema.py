"""Holds the schema to its promise: what an older alignkit wrote opens with this one, or stays as it is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alignkit import Gate, Message, Policy
from alignkit.errors import StoreDamaged
from alignkit.models import Category, Channel, Verdict
from alignkit.stores import SQLiteStore
from alignkit.stores.records import LedgerState
from alignkit.stores.sqlite.schema import APPLICATION_ID, VERSION, prepare
from alignkit.testing.store.stories import DESK, PEOPLE, at, issue, page, put, told

from .breaking import dump

VERSION_1 = Path(__file__).with_name("version-1.sql")
"""The dump of a store of schema 1, kept as it was written then: `story` and a little more."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "align.db"


def write(path: Path, script: str, *, version: int = 1) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
    connection.execute(f"PRAGMA user_version = {version:d}")
    connection.close()


def test_a_file_of_the_first_version_opens_and_works(path: Path) -> None:
    write(path, VERSION_1.read_text("utf-8"))
    with SQLiteStore(path) as store:
        assert store.checkpoint(DESK, "issues") == ({"after": 100}, 2)
        assert store.watermarks() == {DESK: at(100)}
        assert [row.state for row in store.ledger("list")] == [LedgerState.CONFIRMED]
        assert [cause.scope for cause in store.causes("list")] == ["promotional/email"]
        assert [row.key for row in store.quarantined()] == ["99"]
        assert [ref.id for ref in store.wanted(DESK, at(200))] == ["77"]
        offer = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
        decision = Gate(store, Policy.starter()).decide("ada@home.example", offer, now=at(101))
        assert decision.verdict is Verdict.SUPPRESS
        before = told(store, PEOPLE)
        store.refold()
        assert told(store, PEOPLE) == before, "the facts of an older file are what this alignkit would make of its log"
        assert put(store, [issue("1", 200, "resolved", requester_id="u1")]).new == 1
        assert store.apply(page([])).new == 0


def test_the_schema_of_new_files_changes_only_with_its_version(path: Path) -> None:
    write(path, VERSION_1.read_text("utf-8"))
    fresh = path.with_name("fresh.db")
    SQLiteStore(fresh).close()
    SQLiteStore(path).close()
    assert _schema(path) == _schema(fresh)


def _schema(path: Path) -> list[str]:
    return sorted(line for line in dump(path) if line.startswith("CREATE"))


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def add_column(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE sources ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'")


def add_table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE colours (name TEXT)")
    connection.execute("INSERT INTO colours SELECT colour FROM sources")


def fail(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events")
    raise ZeroDivisionError


def test_migrations_run_in_order_and_once(path: Path) -> None:
    write(path, VERSION_1.read_text("utf-8"))
    connection = connect(path)
    steps = {1: add_column, 2: add_table}
    prepare(connection, "store.db", steps, version=3)
    prepare(connection, "store.db", steps, version=3)
    assert connection.execute("SELECT DISTINCT name FROM colours").fetchall() == [("grey",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    connection.close()


def test_a_migration_that_fails_leaves_the_old_file(path: Path) -> None:
    write(path, VERSION_1.read_text("utf-8"))
    before = dump(path)
    connection = connect(path)
    with pytest.raises(ZeroDivisionError):
        prepare(connection, "store.db", {1: add_column, 2: fail}, version=3)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    assert dump(path) == before
    with SQLiteStore(path) as store:
        assert list(store.events())


def test_an_empty_file_is_made_a_store(path: Path) -> None:
    path.touch()
    SQLiteStore(path).close()
    connection = connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_database_with_our_mark_and_without_our_tables_is_damaged(path: Path) -> None:
    write(path, "CREATE TABLE cats (name TEXT)", version=VERSION)
    with SQLiteStore(path) as store, pytest.raises(StoreDamaged):
        store.sources()


def test_an_older_database_with_our_mark_and_without_our_tables_is_damaged(path: Path) -> None:
    write(path, "CREATE TABLE cats (name TEXT)")
    with pytest.raises(StoreDamaged):
        SQLiteStore(path)


def test_many_processes_may_make_one_file_at_once(path: Path) -> None:
    script = "import sys; from alignkit.stores import SQLiteStore; SQLiteStore(sys.argv[1]).expect('desk', 'x', ['a'])"
    command = [sys.executable, "-W", "ignore", "-c", script, str(path)]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    assert [run.communicate(timeout=120)[1] for run in runs] == [""] * 6
    with SQLiteStore(path) as store:
        assert [source.name for source in store.sources()] == ["desk"]
