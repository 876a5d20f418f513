"""Holds reconciling to telling what differs, and mending only what is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from alignkit import AsyncSync, Sync
from alignkit.connectors import AudienceFile
from alignkit.connectors.base import Result
from alignkit.stores import MemoryStore
from alignkit.stores.records import LedgerState
from alignkit.sync import ReconcileResult
from alignkit.testing.store.stories import DESK, at, contact, page

from .fakes import OFFER, RENEWAL, STARTER, FakeSink, Member, address, ask, audience

NAMES = ("ada", "bob", "carol", "dora", "eve")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask(name) for name in NAMES[:4]], 1, ended=True))
        yield store


@pytest.fixture
def sink(store: MemoryStore) -> FakeSink:
    sink = audience(*NAMES)
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    sink.calls.clear()
    return sink


def reconcile(store: MemoryStore, sink: FakeSink, *, repair: bool = False) -> ReconcileResult:
    return Sync(store).reconcile(sink, repair=repair, now=at(2))


def disturb(sink: FakeSink, store: MemoryStore) -> None:
    sink.people[address("ada")].held_by = ""
    sink.people[address("eve")].held_by = "a colleague"
    sink.people[address("bob")].held_by, sink.people[address("bob")].is_silent = "", True
    del sink.people[address("carol")]
    sink.people["Carol@Home.example"] = Member()
    store.apply(page([contact("u3", 1, "carol@shop.example", "carol@home.example")], 1, stream="users"))


def test_what_agrees_is_in_order(store: MemoryStore, sink: FakeSink) -> None:
    result = reconcile(store, sink)
    assert result.is_in_order
    assert (result.agreed, result.foreign) == (4, ())


def test_every_difference_has_its_name(store: MemoryStore, sink: FakeSink) -> None:
    disturb(sink, store)
    result = reconcile(store, sink)
    assert result.missing == (address("ada"),)
    assert result.foreign == (address("eve"),)
    assert result.gone == (address("bob"),)
    assert result.moved == ((address("carol"), "Carol@Home.example"),)
    assert result.agreed == 1
    assert not result.is_in_order
    assert sink.calls == []
    assert len(list(store.ledger("list"))) == 4


def test_repair_holds_the_missing_again_and_strikes_the_gone(store: MemoryStore, sink: FakeSink) -> None:
    disturb(sink, store)
    Sync(store).push(sink, STARTER, RENEWAL, now=at(1), dry_run=True)
    result = reconcile(store, sink, repair=True)
    assert (result.repaired, result.is_in_order) == (1, True)
    assert sink.calls == [("hold", address("ada"))]
    assert {row.address for row in store.ledger("list")} == {address("ada"), address("dora")}
    assert reconcile(store, sink).is_in_order
    Sync(store).push(sink, STARTER, OFFER, now=at(2))
    assert "Carol@Home.example" in sink.held


def test_a_person_held_for_two_reasons_is_repaired_once(store: MemoryStore, sink: FakeSink) -> None:
    Sync(store).push(sink, STARTER, RENEWAL, now=at(1))
    sink.people[address("ada")].held_by = ""
    result = reconcile(store, sink, repair=True)
    assert (result.missing, result.repaired) == ((address("ada"),), 1)
    assert {cause.scope for cause in store.causes("list") if cause.address == address("ada")} == {
        "promotional/email",
        "renewal/email",
    }


def test_what_a_former_run_left_open_is_no_repair(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): Result.RETRY}
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    sink.results = {}
    result = reconcile(store, sink, repair=True)
    assert (result.agreed, result.repaired, result.is_in_order) == (1, 0, True)


def test_a_repair_that_fails_is_not_in_order(store: MemoryStore, sink: FakeSink) -> None:
    sink.people[address("ada")].held_by = ""
    sink.results = {address("ada"): Result.REJECTED}
    result = reconcile(store, sink, repair=True)
    assert (result.repaired, result.is_in_order) == (0, False)


def test_reading_back_confirms_what_was_only_accepted(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): Result.ACCEPTED}
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    sink.people[address("ada")].held_by = "us"
    assert {row.state for row in store.ledger("list")} == {LedgerState.ACCEPTED}
    reconcile(store, sink)
    assert {row.state for row in store.ledger("list")} == {LedgerState.CONFIRMED}


def test_asynchronous_reconciling_does_the_same(store: MemoryStore, sink: FakeSink) -> None:
    disturb(sink, store)
    assert asyncio.run(AsyncSync(store).reconcile(sink, now=at(2))) == reconcile(store, sink)


def test_our_own_hold_under_another_spelling_is_nobody_elses(store: MemoryStore, tmp_path: Path) -> None:
    def spelled(name: str) -> AudienceFile:
        (tmp_path / "list.csv").write_text(f"email\n{name}\n", "utf-8")
        return AudienceFile(tmp_path / "list.csv", held_path=tmp_path / "held.csv")

    sync = Sync(store)
    sync.push(spelled("Ada@shop.example"), STARTER, OFFER, now=at(1))
    again = sync.push(spelled("ada@shop.example"), STARTER, OFFER, now=at(2))
    assert (again.changes, again.tally, again.held) == ((), {}, 1)
    assert sync.reconcile(spelled("ada@shop.example"), now=at(2)).foreign == ()
