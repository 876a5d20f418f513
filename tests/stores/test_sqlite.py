"""Holds the SQLite store to what every store promises, and to what a file on a disk asks beyond that."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from sqlite3 import dbapi2
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import histories

from alignkit.errors import AlignkitError, DataInvalid, StoreDamaged, StoreUnavailable
from alignkit.models import Event, IssueChanged
from alignkit.models.exchange import Quarantined, Ref
from alignkit.stores import MemoryStore, SQLiteStore, Store
from alignkit.stores.records import Became, LedgerState, Reach, Wave
from alignkit.testing.store.stories import (
    DESK,
    EVERYTHING,
    PEOPLE,
    TERM,
    at,
    cause,
    contact,
    hold,
    issue,
    page,
    put,
    row,
    story,
    told,
    waits,
    wide,
)
from alignkit.testing.stores import StoreTests

from .breaking import BreakableStore, dump

MOST_STATEMENTS = 400


class TestSQLiteStore(StoreTests):
    def open(self, folder: Path) -> Store:
        return SQLiteStore(folder / "align.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "align.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(path) as store:
        yield store


# The disk


def test_what_is_stored_outlives_a_loss_of_power(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "connect", dbapi2.connect)  # as it is outside of tests
    with SQLiteStore(path) as store, store.transaction() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,), "not FULL"
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# One transaction


def take_a_page(store: Store) -> None:
    events = [event for event in story() if event.source == DESK]
    bad = [Quarantined("9", "`status` is missing")]
    store.apply(page(events[5:], 101, ended=True, quarantined=bad, wanted=[Ref("issue", "1")]))


WRITES: dict[str, Callable[[Store], object]] = {
    "apply": take_a_page,
    "refold": lambda store: store.refold(),
    "merge": lambda store: store.merge("ada@shop.example", "bob@shop.example", "a guess", at(101)),
    "unmerge": lambda store: store.unmerge("ada@home.example", "a slip", at(101)),
    "intend": lambda store: store.intend([row("b@x.example")], add=[cause("b@x.example")], drop=[("list", "a", "b")]),
    "strike": lambda store: store.strike("list", ["a@x.example"]),
    "forget": lambda store: store.forget("ada@shop.example", at(101)),
    "expect": lambda store: store.expect(DESK, "fake", ["users", "issues"]),
    "postpone": lambda store: store.postpone(DESK, [Ref("issue", "1")], at(200)),
    "acquire": lambda store: store.acquire("run", "me", at(0), TERM),
    "hold many": lambda store: store.apply(
        page([wide("h2", 1, cohort='{"everybody": true}')], stream=None, reaches=[Reach("h2", None, "Grace")])
    ),
    "confirm": lambda store: store.confirm(DESK, Reach("h1", None, "Grace", "sure", at(2))),
    "defer": lambda store: store.defer(waits("r3")),
    "tell": lambda store: store.tell([waits("r1")], [waits("r3")]),
    "give back": lambda store: store.give_back(["r2"]),
    "acknowledge": lambda store: store.acknowledge(["r1", "r2"]),
    "prune": lambda store: store.prune_deferred(at(900)),
    "keep wave": lambda store: store.keep_wave(Wave("list", "x", at(0), 3, 0), 1, at(1)),
    "end wave": lambda store: store.end_wave("list", "y"),
}


def _fails(store: BreakableStore, name: str, *, at_statement: int) -> bool:
    store.fuse.arm(at_statement)
    try:
        WRITES[name](store)
    except AlignkitError:
        return True
    return False


@pytest.mark.parametrize("name", WRITES)
def test_a_failure_at_any_statement_leaves_nothing_half_written(path: Path, name: str) -> None:
    with BreakableStore(path) as store:
        put(store, story()[:9], 50)
        store.apply(page([], 50, stream="users", wanted=[Ref("issue", "1"), Ref("contact", "u1")]))
        store.intend([row("a@x.example")], add=[cause("a@x.example")])
        put(store, [wide("h1", 1, account_ids=("desk/a1",))], 50)
        for reference in ("r1", "r2"):
            store.defer(waits(reference))
        store.defer(waits("r0"))
        store.tell([replace(waits(one), became=Became.SEND, told_at=at(2)) for one in ("r0", "r2")])
        store.acknowledge(["r0"])
        store.keep_wave(Wave("list", "y", at(0), 3, 0), 1, at(1))
        before = dump(path)
        failures = 0
        while failures < MOST_STATEMENTS and _fails(store, name, at_statement=failures + 1):
            failures += 1
            assert dump(path) == before, f"statement {failures}"
        assert 0 < failures < MOST_STATEMENTS, "every statement was made to fail, and then none"


def test_a_store_is_made_for_its_owner_alone(store: SQLiteStore, path: Path) -> None:
    store.apply(page([issue("1", 1)]))
    assert {one.name: oct(one.stat().st_mode & 0o777) for one in path.parent.glob(f"{path.name}*")} == {
        f"{path.name}{end}": "0o600" for end in ("", "-wal", "-shm")
    }


def test_a_store_that_is_opened_again_says_the_same(path: Path) -> None:
    with SQLiteStore(path) as store:
        put(store, story())
        store.apply(page([], ended=True))
        before = told(store, PEOPLE), store.checkpoint(DESK, "issues"), store.watermarks()
    with SQLiteStore(path) as store:
        assert (told(store, PEOPLE), store.checkpoint(DESK, "issues"), store.watermarks()) == before


def test_another_handle_sees_a_page_as_soon_as_it_is_kept(store: SQLiteStore, path: Path) -> None:
    with SQLiteStore(path) as other:
        assert other.watermarks() == {}
        assert other.ask("email:a@x.example", EVERYTHING)[1] == {}
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([issue("1", 1, requester_email="a@x.example")], 1, ended=True))
        assert other.watermarks() == {DESK: at(1)}
        facts, watermarks = other.ask("email:a@x.example", EVERYTHING)
        assert facts.issues
        assert watermarks == {DESK: at(1)}


@settings(max_examples=40)
@given(history=histories(), data=st.data())
def test_facts_do_not_depend_on_arrival(history: list[Event], data: st.DataObject) -> None:
    events = [_asked_by_ada(event) for event in history]
    first, second = MemoryStore(), MemoryStore()
    first.apply(page(events))
    put(second, data.draw(st.permutations([*events, *events[:2]])))
    assert told(first, ["email:a@x.example"]) == told(second, ["email:a@x.example"])
    before = told(first, ["email:a@x.example"])
    first.refold()
    assert told(first, ["email:a@x.example"]) == before
    first.close()
    second.close()


def _asked_by_ada(event: Event) -> Any:
    if not isinstance(event, IssueChanged):
        return event
    issue = event.data.model_copy(update={"requester_email": "a@x.example"})
    fields: dict[str, Any] = vars(event) | {"data": issue}
    return IssueChanged(**fields)


# Constant memory


def test_iterating_takes_as_much_memory_for_many_issues_as_for_few(tmp_path: Path) -> None:
    few, many = (_peak_of_iterating(tmp_path, number) for number in (1_000, 5_000))
    assert many < few * 1.5, "to keep nothing but the ids of those further ones would take more"


def _peak_of_iterating(folder: Path, number: int) -> int:
    with SQLiteStore(folder / f"{number}.db") as store:
        for start in range(0, number, 1_000):
            store.apply(page(issue(str(n), 1, requester_id=f"u{n}") for n in range(start, start + 1_000)))
        _iterate(store, number)  # once before, for pydantic keeps some thousands of short texts
        tracemalloc.start()
        _iterate(store, number)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def _iterate(store: Store, number: int) -> None:
    for things in (store.issues(), store.rows("issues"), store.signals(), store.customers()):
        assert sum(1 for _ in things) == number


def test_a_customer_being_looked_at_keeps_no_other_thread_waiting(store: SQLiteStore) -> None:
    put(store, [contact("u1", 1, "a@x.example"), contact("u2", 1, "b@x.example")])
    people = store.customers()
    assert next(people).id
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(store.facts("email:a@x.example", EVERYTHING)), daemon=True)
    other.start()
    other.join(timeout=20)
    assert found
    assert next(people).id


# Erasure, byte by byte


def _everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir())).lower()


def test_no_byte_of_a_forgotten_person_stays_in_any_file(store: SQLiteStore, path: Path, tmp_path: Path) -> None:
    put(store, story())
    moved = issue(
        "30", 1, requester_email="Ada@Shop.Example", subject="ada@home.example wrote", raw={"x": "ada@home.example"}
    )
    put(store, [moved, issue("30", 2, requester_email="bob@shop.example"), hold("h9", 1, "ada@shop.example")])
    store.merge("ada@shop.example", "+49301234567", "ada@shop.example told us", at(5))
    store.unmerge("+49301234567", "ada@home.example said no", at(6))
    store.merge("ada@shop.example", "+49301234567", "ada@shop.example told us twice", at(7))
    bad = [Quarantined("ada@shop.example", "`name` is missing"), Quarantined("contact/u1", "`email` is a number")]
    store.apply(page([], 99, quarantined=bad, wanted=[Ref("contact", "ada@home.example"), Ref("contact", "u1")]))
    for address in ("ADA@shop.example", "ada@home.example", "bob@shop.example"):
        store.intend([row(address, LedgerState.INTENDED)], add=[cause(address), cause(address, "upsell/email")])
    store.strike("list", ["ADA@shop.example"])
    store.intend([row("ada@home.example", LedgerState.REJECTED)])
    for reference in ("for ada@shop.example", "done: Ada@Home.example"):
        store.defer(waits(reference, who="email:ada@home.example"))
    store.tell([replace(waits("done: Ada@Home.example"), became=Became.SEND, told_at=at(2))])
    store.acknowledge(["done: Ada@Home.example"])
    store.defer(waits("for bob", who="email:bob@shop.example"))
    before = _everything_in(tmp_path)
    identifiers = (b"ada@shop.example", b"ada@home.example", b"desk/u1", b"+49301234567")
    assert all(known in before for known in identifiers)
    store.forget("ada@shop.example", at(101))
    put(store, story(), 102)
    store.apply(page([], 103, wanted=[Ref("contact", "ada@home.example"), Ref("contact", "u1")]))
    after = _everything_in(tmp_path)
    assert {known: known in after for known in identifiers} == dict.fromkeys(identifiers, False)
    assert b"bob@shop.example" in after
    assert store.wanted(DESK, at(200)) == []


def test_an_erasure_that_another_reader_keeps_from_being_whole_says_so(path: Path) -> None:
    with SQLiteStore(path, patience=timedelta(0)) as store:
        put(store, [issue("1", 1, requester_email="a@x.example")])
        reader = sqlite3.connect(path)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        with pytest.raises(StoreUnavailable, match="forget again"):
            store.forget("a@x.example", at(2))
        assert store.customer("a@x.example") is None
        reader.close()
        store.forget("a@x.example", at(2))
    assert b"a@x.example" not in _everything_in(path.parent)


# Several processes

WRITER = """
import sys
from alignkit.stores import SQLiteStore
from alignkit.testing.store.stories import issue, page, row, cause
path, name = sys.argv[1:]
with SQLiteStore(path) as store:
    for number in range(25):
        event = issue(f"{name}-{number}", number, requester_email=f"p{number}@x.example")
        shared = issue("shared", number, requester_email=f"{name}@x.example")
        store.apply(page([event, shared], number, stream=name, checkpoint={"after": number}))
        store.intend([row(f"{name}{number}@x.example")], add=[cause(f"{name}{number}@x.example")])
"""


def test_two_processes_that_write_at_once_lose_and_damage_nothing(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two", "three")
    ]
    complaints = [writer.communicate(timeout=120)[1] for writer in writers]
    assert complaints == ["", "", ""]
    with SQLiteStore(path) as store:
        names = {f"{name}-{number}" for name in ("one", "two", "three") for number in range(25)}
        assert {one.id for one in store.issues()} == names | {"shared"}
        assert len({event.id for event in store.events()}) == len(list(store.events())) == 150
        assert len(list(store.ledger("list"))) == len(list(store.causes("list"))) == 75
        assert len(store.facts("email:p3@x.example", EVERYTHING).issues) == 3
        assert store.checkpoint(DESK, "two") == ({"after": 24}, 1)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_store_that_another_process_keeps_locked_says_so(store: SQLiteStore, path: Path) -> None:
    with SQLiteStore(path, patience=timedelta(0)) as impatient:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            impatient.apply(page([issue("1", 1)]))
        assert impatient.facts("email:a@x.example", EVERYTHING).customer is None, "readers go on"
        other.execute("ROLLBACK")
        other.close()
        impatient.apply(page([issue("1", 1)]))


def test_a_store_is_opened_and_asked_while_another_process_writes(store: SQLiteStore, path: Path) -> None:
    put(store, [issue("1", 1, requester_email="a@x.example")])
    with store.transaction(), SQLiteStore(path, patience=timedelta(0)) as other:
        assert other.facts("email:a@x.example", EVERYTHING).issues


# Files that cannot be used


def test_a_full_disk_says_so_and_moves_no_checkpoint(store: SQLiteStore, path: Path) -> None:
    store.apply(page([issue("1", 1)], checkpoint={"after": 1}))
    with store.reading(), store.transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 4:d}")
    before = dump(path)
    with pytest.raises(StoreUnavailable, match="full") as refused:
        store.apply(page([issue(str(n), 1, subject="x" * 2_000) for n in range(100)], checkpoint={"after": 2}))
    assert "make room" in str(refused.value)
    assert store.checkpoint(DESK, "issues") == ({"after": 1}, 1)
    assert dump(path) == before
    with store.transaction() as db:
        db.execute(f"PRAGMA max_page_count = {pages + 4_000:d}")
    store.apply(page([issue("2", 1)], checkpoint={"after": 2}))
    assert store.checkpoint(DESK, "issues") == ({"after": 2}, 1)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"id,email\n1,ada@shop.example\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="no SQLite database"):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cats (name TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="another program"):
        SQLiteStore(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_store_of_a_newer_alignkit_is_refused_and_left_alone(path: Path) -> None:
    SQLiteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="schema 99"):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_overwritten_bytes_are_told_as_damage(path: Path) -> None:
    with SQLiteStore(path) as store:
        put(store, [issue(str(n), 1, requester_email=f"p{n}@x.example") for n in range(200)])
    with path.open("r+b") as file:
        for start in range(4096, path.stat().st_size, 4096):
            file.seek(start)
            file.write(b"\xff" * 256)
    with pytest.raises(StoreDamaged, match="restore a copy"):
        _read_all(path)


def _read_all(path: Path) -> None:
    with SQLiteStore(path) as store:
        store.facts("email:p7@x.example", EVERYTHING)
        list(store.events())


@pytest.mark.parametrize("value", ["{", "[1, 2]", '[["open"], []]', "[[], 1]"])
def test_a_spoilt_value_is_told_as_damage_without_showing_it(store: SQLiteStore, value: str) -> None:
    put(store, [issue("1", 1, requester_email="a@x.example")])
    with store.transaction() as db:
        db.execute("UPDATE things SET facts = ?", (value,))
    with pytest.raises(StoreDamaged, match="restore a copy") as refused:
        store.facts("email:a@x.example", EVERYTHING)
    assert value not in str(refused.value)


def test_bytes_that_are_no_text_are_told_as_damage_without_showing_them(store: SQLiteStore) -> None:
    put(store, [issue("1", 1, requester_email="a@x.example")])
    with store.transaction() as db:
        db.execute("UPDATE things SET facts = CAST(x'ff61646140ff' AS TEXT)")
    with pytest.raises(StoreDamaged) as refused:
        store.facts("email:a@x.example", EVERYTHING)
    assert "ada@" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_table_that_is_gone_is_told_as_damage(store: SQLiteStore) -> None:
    with store.transaction() as db:
        db.execute("DROP TABLE things")
    with pytest.raises(StoreDamaged, match="restore a copy"):
        store.facts("email:a@x.example", EVERYTHING)


def test_a_folder_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="folder"):
        SQLiteStore(tmp_path / "nowhere" / "align.db")


def test_a_number_that_is_too_large_is_told_with_what_to_do(store: SQLiteStore) -> None:
    event = issue("1", 1).model_copy(update={"source_version": 2**70})
    with pytest.raises(DataInvalid, match="64 bits"):
        store.apply(page([event]))
    assert not list(store.events())
