"""Holds the panic stop to its promise: nothing goes out any more, and everything goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alignkit import AsyncSync, Gate, Message, SQLiteStore, Sync, Verdict
from alignkit.errors import DataInvalid, LeaseHeld, Stopped
from alignkit.models import Category, Channel
from alignkit.stores import MemoryStore
from alignkit.stores.records import OWN_SOURCE
from alignkit.sync.stop import find, find_all
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, STARTER, FakeSink, address, ask, audience


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob"), ask("carol")], 1, ended=True))
        yield store


def stop(store: Any, hours: float = 1, **given: Any) -> Any:
    return Sync(store).stop("wrong prices", "Grace", now=at(hours), **given)


def verdict(store: Any, category: Category = Category.PROMOTIONAL, hours: float = 1.5) -> Verdict:
    message = Message(category=category, channel=Channel.EMAIL)
    return Gate(store, STARTER).decide("stranger@shop.example", message, now=at(hours)).verdict


@pytest.mark.parametrize("category", [category for category in Category if category.is_marketing])
def test_a_stop_suppresses_all_marketing_even_to_strangers(store: MemoryStore, category: Category) -> None:
    assert verdict(store, category) is Verdict.SEND
    stop(store)
    assert verdict(store, category) is Verdict.SUPPRESS
    Sync(store).resume(now=at(1.2))
    assert verdict(store, category) is Verdict.SEND


def test_onboarding_is_stopped_as_well(store: MemoryStore) -> None:
    stop(store)
    assert verdict(store, Category.ONBOARDING) is Verdict.SUPPRESS


@pytest.mark.parametrize("category", [Category.TRANSACTIONAL, Category.LEGAL])
def test_transactional_messages_are_untouched(store: MemoryStore, category: Category) -> None:
    stop(store)
    assert verdict(store, category) is Verdict.SEND


def test_a_decision_says_who_stopped_it_and_why(store: MemoryStore) -> None:
    stop(store)
    text = Gate(store, STARTER).decide("stranger@shop.example", OFFER, now=at(1.5)).explain()
    for part in ("2 March", "Grace", "wrong prices"):
        assert part in text


def test_a_stop_is_seen_by_every_gate_without_a_further_statement(tmp_path: Path) -> None:
    path = tmp_path / "align.db"
    statements: list[str] = []
    with SQLiteStore(path) as here, SQLiteStore(path) as elsewhere:
        here.expect(DESK, "fake", ["issues"])
        here.apply(page([], 1, ended=True))
        assert verdict(here) is Verdict.SEND
        with here.reading() as db:
            db.set_trace_callback(statements.append)
        assert verdict(here) is Verdict.SEND
        before = len(statements)
        stop(elsewhere)
        assert verdict(here) is Verdict.SUPPRESS
        statements.clear()
        assert verdict(here) is Verdict.SUPPRESS
        assert len(statements) == before > 0


def test_a_stop_counts_at_once_however_old_the_data_is(store: MemoryStore) -> None:
    decide = Gate(store, STARTER).decide
    assert decide("stranger@shop.example", OFFER, now=at(50)).verdict is Verdict.SEND
    stop(store, 50)
    stopped = decide("stranger@shop.example", OFFER, now=at(50))
    assert stopped.verdict is Verdict.SUPPRESS
    assert "since 4 March" in stopped.explain()
    Sync(store).resume(now=at(51))
    assert decide("stranger@shop.example", OFFER, now=at(51)).verdict is Verdict.SEND


def test_a_stop_ends_at_its_time(store: MemoryStore) -> None:
    stop(store, until=at(2))
    assert verdict(store, hours=1.9) is Verdict.SUPPRESS
    assert verdict(store, hours=2) is Verdict.SEND
    assert find(store, None, at(2)) is None
    Sync(store).push(audience("ada"), STARTER, OFFER, now=at(2))


def test_nothing_is_changed_at_a_destination_while_it_is_stopped(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    asked: list[str] = []
    sink.hook = asked.append
    stop(store)
    sync = Sync(store)
    runs: list[Callable[[], object]] = [
        lambda: sync.push(sink, STARTER, OFFER, now=at(2)),
        lambda: sync.reconcile(sink, repair=True, now=at(2)),
        lambda: sync.release(sink, now=at(2)),
        lambda: sync.forget(address("ada"), [sink], now=at(2)),
    ]
    for run in runs:
        with pytest.raises(Stopped, match="stopped by Grace on 2 March at 10:00 UTC: wrong prices"):
            run()
    assert asked == []
    sync.resume("prices are right", now=at(3))
    sync.push(sink, STARTER, OFFER, now=at(3))
    assert sink.held == {address("ada"), address("bob")}


def test_one_destination_can_be_stopped_alone(store: MemoryStore) -> None:
    stop(store, destination="list")
    with pytest.raises(Stopped, match="`list`"):
        Sync(store).push(audience("ada"), STARTER, OFFER, now=at(2))
    other = audience("ada", name="other")
    Sync(store).push(other, STARTER, OFFER, now=at(2))
    assert other.held == {address("ada")}
    assert verdict(store) is Verdict.SEND, "decisions go on"
    with pytest.raises(DataInvalid, match="nothing is stopped"):
        Sync(store).resume(now=at(2))
    Sync(store).resume(destination="list", now=at(2))
    assert find_all(store, at(2)) == []


@pytest.mark.parametrize("step", ["before hold", "after hold"])
def test_a_stop_in_the_middle_of_a_run_ends_it_before_the_next_batch(store: MemoryStore, step: str) -> None:
    names = ("ada", "bob", "carol")
    sink = audience(*names)
    steps: list[str] = []

    def hook(name: str) -> None:
        steps.append(name)
        if name == step and steps.count(step) == 1:
            stop(store, destination="list")

    sink.hook = hook
    with pytest.raises(Stopped):
        Sync(store).push(sink, STARTER, OFFER, now=at(1))
    assert sink.held == {address("ada"), address("bob")}, "the batch that was under way is finished"
    assert {row.state.value for row in store.ledger("list")} == {"confirmed"}, "and its receipts are kept"
    sink.hook = None
    Sync(store).resume(destination="list", now=at(1))
    sink.calls.clear()
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    assert sink.calls == [("hold", address("carol"))], "it goes on where it was"


def test_a_dry_run_tells_what_comes_once_it_is_resumed(store: MemoryStore) -> None:
    sink = audience("ada", "dora")
    expected = Sync(store).push(sink, STARTER, OFFER, dry_run=True, now=at(2))
    stop(store)
    told = Sync(store).push(sink, STARTER, OFFER, dry_run=True, now=at(2))
    assert [change.address for change in told.changes] == [address("ada")]
    assert told.changes == expected.changes
    assert told.stopped is not None
    assert (told.stopped.by, told.stopped.reason, told.stopped.since) == ("Grace", "wrong prices", at(1))


def test_who_stops_first_stays_the_one_who_did(store: MemoryStore) -> None:
    first = stop(store)
    assert Sync(store).stop("me too", "Ada", now=at(2)) == first
    assert Sync(store).resume(now=at(2)) == first
    again = Sync(store).stop("once more", "Ada", now=at(3))
    assert find_all(store, at(3)) == [again]
    assert verdict(store, hours=3) is Verdict.SUPPRESS


@pytest.mark.parametrize("hours", [-5, 0.9, 1, 7])
def test_the_last_word_counts_whatever_the_clocks_say(store: MemoryStore, hours: float) -> None:
    for _ in range(3):
        stop(store, 1)
        Sync(store).resume(now=at(hours))
        assert find(store, None, at(1)) is None
    stop(store, hours)
    assert find(store, None, at(1)) is not None


def test_a_stop_and_its_end_stand_in_the_log(store: MemoryStore) -> None:
    stop(store)
    Sync(store).resume("all well", now=at(2))
    told = [event.data for event in store.events(source=OWN_SOURCE)]
    assert [getattr(one, "released_at", None) for one in told] == [None, at(2)]
    store.refold()
    assert verdict(store, hours=2) is Verdict.SEND
    stop(store, 3)
    store.refold()
    assert verdict(store, hours=3) is Verdict.SUPPRESS


def test_a_stop_without_reason_name_or_future_is_refused(store: MemoryStore) -> None:
    sync = Sync(store)
    for reason, by in ((" ", "Grace"), ("x", "")):
        with pytest.raises(DataInvalid, match="reason and the name"):
            sync.stop(reason, by, now=at(1))
    with pytest.raises(DataInvalid, match="lies ahead"):
        sync.stop("x", "Grace", until=at(1), now=at(1))
    with pytest.raises(DataInvalid, match="nothing is stopped"):
        sync.resume(now=at(1))
    assert find_all(store, at(1)) == []


def test_stopping_asynchronously_does_the_same(store: MemoryStore) -> None:
    async def story() -> None:
        sync = AsyncSync(store)
        await sync.stop("wrong prices", "Grace", destination="list", now=at(1))
        with pytest.raises(Stopped):
            await sync.push(audience("ada"), STARTER, OFFER, now=at(1))
        await sync.resume(destination="list", now=at(1))
        await sync.push(audience("ada"), STARTER, OFFER, now=at(1))

    asyncio.run(story())


def test_a_stopped_run_leaves_the_lease_free(store: MemoryStore) -> None:
    sink: FakeSink = audience("ada", "bob", "carol")
    stop(store, destination="list")
    with pytest.raises(Stopped):
        Sync(store).push(sink, STARTER, OFFER, now=at(1))
    Sync(store).resume(destination="list", now=at(1))
    try:
        Sync(store).push(sink, STARTER, OFFER, now=at(1))
    except LeaseHeld:
        pytest.fail("the stopped run kept the lease")
