"""Holds releasing to its promise: all that is ours, from the ledger alone, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from alignkit import AsyncSync, Sync
from alignkit.connectors.base import Result
from alignkit.errors import DataInvalid
from alignkit.stores import MemoryStore
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, STARTER, FakeSink, address, ask, audience

NAMES = ("ada", "bob", "carol")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask(name) for name in NAMES], 1, ended=True))
        yield store


def held(store: MemoryStore) -> FakeSink:
    sink = audience(*NAMES, "dora")
    sink.people[address("dora")].held_by = "a colleague"
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    sink.calls.clear()
    return sink


def test_everything_of_ours_is_released_whatever_the_policy_says(store: MemoryStore) -> None:
    sink = held(store)
    result = Sync(store).release(sink, now=at(2))
    assert result.released == tuple(address(name) for name in NAMES)
    assert (result.left, result.open, sink.held) == ((), (), set())
    assert sink.people[address("dora")].held_by == "a colleague"
    assert [member.preferences for member in sink.people.values()] == [{"digest": n} for n in range(4)]
    assert not list(store.ledger("list"))
    assert not list(store.causes("list"))


def test_releasing_needs_nothing_but_the_ledger(store: MemoryStore) -> None:
    sink = held(store)
    sink.lists = False
    with MemoryStore() as other:
        other.intend(store.ledger("list"), add=store.causes("list"))
        Sync(other).release(sink, now=at(2))
    assert sink.held == set()


def test_single_people_are_released_however_their_address_is_spelled(store: MemoryStore) -> None:
    sink = held(store)
    result = Sync(store).release(sink, only=["ADA@shop.example"], now=at(2))
    assert (result.released, result.left) == ((address("ada"),), ())
    assert sink.held == {address("bob"), address("carol")}


def test_naming_nobody_releases_nobody(store: MemoryStore) -> None:
    sink = held(store)
    assert Sync(store).release(sink, only=[], now=at(2)).released == ()
    assert len(sink.held) == 3


def test_what_is_under_way_does_not_count_as_released(store: MemoryStore) -> None:
    sink = held(store)
    sink.works_by_itself = True
    result = Sync(store).release(sink, now=at(2))
    assert (result.released, result.open) == ((), tuple(address(name) for name in NAMES))
    sink.finish()
    assert Sync(store).release(sink, now=at(2)).released == tuple(address(name) for name in NAMES)


def test_a_release_that_is_refused_is_left(store: MemoryStore) -> None:
    sink = held(store)
    sink.results = {address("ada"): Result.REJECTED, address("bob"): Result.RETRY}
    result = Sync(store).release(sink, now=at(2))
    assert (result.left, result.open, result.released) == ((address("ada"),), (address("bob"),), (address("carol"),))
    assert result.settlements[address("ada")].detail == "no means no"


def test_whom_a_destination_refused_to_hold_was_never_released(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.results = {address("ada"): Result.REJECTED}
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    result = Sync(store).release(sink, now=at(2))
    assert (result.released, result.left, result.open) == ((address("bob"),), (), ())
    assert not list(store.ledger("list"))


def test_nobody_is_held_anew_on_the_way_out(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): Result.RETRY}
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    sink.results = {}
    sink.calls.clear()
    Sync(store).release(sink, now=at(2))
    assert sink.calls == []
    assert not list(store.ledger("list"))


def test_asynchronous_releasing_does_the_same(store: MemoryStore) -> None:
    expected = Sync(store).release(held(store), now=at(2))
    assert asyncio.run(AsyncSync(store).release(held(store), now=at(2))) == expected


def test_forgetting_releases_first(store: MemoryStore) -> None:
    sink = held(store)
    with pytest.raises(DataInvalid, match="`list`"):
        Sync(store).forget("ada@shop.example", now=at(2))
    Sync(store).forget("Ada@shop.example", [sink], now=at(2))
    assert sink.held == {address("bob"), address("carol")}
    assert store.customer(address("ada")) is None
    asyncio.run(AsyncSync(store).forget("bob@shop.example", [sink], now=at(2)))
    assert sink.held == {address("carol")}
