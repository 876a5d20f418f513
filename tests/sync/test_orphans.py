"""Holds at a destination that has another name, or is gone, are taken over or given up on somebody's word alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from alignkit import AsyncSync, Sync
from alignkit.connectors.base import Result
from alignkit.errors import DataInvalid, LeaseHeld, SettingsError, Stopped, TryAgainLater
from alignkit.stores import MemoryStore
from alignkit.testing.store.stories import DESK, TERM, at, page

from .fakes import OFFER, STARTER, FakeSink, address, ask, audience


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob")], 1, ended=True))
        yield store


@pytest.fixture
def sink(store: MemoryStore) -> FakeSink:
    sink = audience("ada", "bob", "carol")
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    assert len(sink.held) == 2
    return sink


def test_a_destination_that_was_renamed_releases_whom_it_held(store: MemoryStore, sink: FakeSink) -> None:
    sync = Sync(store)
    sink.name = "renamed"
    lost = sync.push(sink, STARTER, OFFER, now=at(1))
    assert lost.tally == {"hold foreign": 2}, "its own holds look like somebody else's"
    assert sync.adopt("list", "renamed", now=at(1)) == 2
    assert sync.push(sink, STARTER, OFFER, now=at(1)).held == 2
    assert sync.release(sink, now=at(2)).released == (address("ada"), address("bob"))
    assert sink.held == set()
    assert [member.preferences for member in sink.people.values()] == [{"digest": n} for n in range(3)]
    assert store.destinations() == []


def test_a_ledger_is_not_carried_to_another_place(store: MemoryStore, sink: FakeSink) -> None:
    store.locate("destination", "list", "https://lists.example/a")
    store.locate("destination", "other", "https://lists.example/b")
    with pytest.raises(SettingsError, match="two destinations"):
        Sync(store).adopt("list", "other")
    assert len(list(store.ledger("list"))) == 2
    Sync(store).adopt("list", "renamed")
    assert store.location("destination", "renamed") == "https://lists.example/a"


def test_what_cannot_be_adopted_is_refused(store: MemoryStore, sink: FakeSink) -> None:
    sync = Sync(store)
    for old, new in (("nowhere", "list"), ("list", "list")):
        with pytest.raises(DataInvalid, match="nothing of"):
            sync.adopt(old, new)
    sync.stop("wrong prices", "Grace", destination="list", now=at(1))
    with pytest.raises(Stopped):
        sync.adopt("list", "renamed", now=at(2))
    sync.resume(destination="list", now=at(2))
    for name in ("push:list", "push:renamed"):
        lease = store.acquire(name, "elsewhere/1/x", at(1_000_000), TERM)
        with pytest.raises(LeaseHeld):
            sync.adopt("list", "renamed", now=at(3))
        store.surrender(lease)
    assert sync.adopt("list", "renamed", now=at(3)) == 2, "no lease was left behind"


def test_holds_at_a_destination_that_is_gone_are_given_up_without_asking_it(store: MemoryStore, sink: FakeSink) -> None:
    sink.calls.clear()
    assert Sync(store).give_up("list", only=["ADA@shop.example"]) == (address("ada"),)
    assert [row.address for row in store.ledger("list")] == [address("bob")]
    assert Sync(store).give_up("list") == (address("bob"),)
    assert (list(store.ledger("list")), list(store.causes("list"))) == ([], [])
    assert (sink.calls, len(sink.held)) == ([], 2)
    assert Sync(store).give_up("list") == ()


def test_a_person_held_where_nobody_answers_any_more_can_be_forgotten(store: MemoryStore, sink: FakeSink) -> None:
    with pytest.raises(DataInvalid, match="give the hold up"):
        Sync(store).forget(address("ada"), now=at(2))
    assert Sync(store).forget(address("ada"), give_up=["list"], now=at(2)).customers == 1
    assert [row.address for row in store.ledger("list")] == [address("bob")]
    asyncio.run(AsyncSync(store).forget(address("bob"), give_up=["list"], now=at(2)))
    assert store.customer(address("bob")) is None


def test_a_person_whose_release_is_open_is_forgotten_later(store: MemoryStore, sink: FakeSink) -> None:
    sink.results = {address("ada"): Result.RETRY}
    with pytest.raises(TryAgainLater, match="`list` has not released"):
        Sync(store).forget(address("ada"), [sink], now=at(2))
    assert store.customer(address("ada")) is not None
    sink.results = {}
    Sync(store).forget(address("ada"), [sink], now=at(2))
    assert sink.held == {address("bob")}


def test_the_same_can_be_done_asynchronously(store: MemoryStore, sink: FakeSink) -> None:
    async def story() -> None:
        sync = AsyncSync(store)
        assert await sync.adopt("list", "renamed", now=at(1)) == 2
        assert len(await sync.give_up("renamed")) == 2

    asyncio.run(story())
    assert store.destinations() == []
