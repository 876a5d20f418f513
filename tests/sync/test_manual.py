"""Holds what is recorded by hand to its laws: holds with a reason, liftings that win, sends that count once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from alignkit import AsyncSync, Gate, Send, Sync, Verdict
from alignkit.errors import DataInvalid
from alignkit.models import Category, Channel
from alignkit.stores import MemoryStore
from alignkit.stores.records import Applied
from alignkit.testing.store.stories import DESK, EVERYTHING, at, page

from .fakes import OFFER, RENEWAL, STARTER, address, audience


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([], 1, ended=True))
        yield store


def verdict(store: MemoryStore, hours: float = 1, message: object = OFFER) -> Verdict:
    return Gate(store, STARTER).decide("ada@shop.example", message, now=at(hours)).verdict  # type: ignore[arg-type]


def test_a_manual_hold_holds_until_it_is_lifted(store: MemoryStore) -> None:
    sync = Sync(store)
    sink = audience("ada", "bob")
    hold = sync.hold("Ada@shop.example", " a recall ", by="jo", now=at(1))
    assert (hold.reason, hold.created_by) == ("a recall", "jo")
    sync.push(sink, STARTER, OFFER, now=at(1))
    assert sink.held == {address("ada")}
    lifted = sync.lift(hold.id, "sorted out", now=at(2))
    assert lifted.released_at == at(2)
    sync.push(sink, STARTER, OFFER, now=at(2))
    assert sink.held == set()
    with pytest.raises(DataInvalid, match="lifted already"):
        sync.lift(hold.id, now=at(3))


@pytest.mark.parametrize("hours", [1, 0.5, -24])
def test_a_lifting_wins_whatever_the_clocks_say(store: MemoryStore, hours: float) -> None:
    for _ in range(8):
        hold = Sync(store).hold("ada@shop.example", "a recall", now=at(1))
        Sync(store).lift(hold.id, now=at(hours))
        assert verdict(store) is Verdict.SEND


def test_a_manual_hold_ends_at_its_time(store: MemoryStore) -> None:
    Sync(store).hold("ada@shop.example", "on holiday", expires_at=at(3), now=at(1))
    assert verdict(store, 2.9) is Verdict.SUPPRESS
    assert verdict(store, 3) is Verdict.SEND


def test_a_manual_hold_covers_what_it_names(store: MemoryStore) -> None:
    Sync(store).hold("ada@shop.example", "a dispute", categories=[Category.RENEWAL], now=at(1))
    assert verdict(store, 1, RENEWAL) is Verdict.SUPPRESS
    assert verdict(store, 1) is Verdict.SEND


def test_a_hold_without_reason_person_or_future_is_refused(store: MemoryStore) -> None:
    sync = Sync(store)
    with pytest.raises(DataInvalid, match="reason"):
        sync.hold("ada@shop.example", "  ")
    with pytest.raises(DataInvalid, match="identifier"):
        sync.hold("ada", "a recall")
    with pytest.raises(DataInvalid, match="lies ahead"):
        sync.hold("ada@shop.example", "a recall", expires_at=at(1), now=at(1))
    with pytest.raises(DataInvalid, match="no manual hold"):
        sync.lift("unknown")
    assert not list(store.events())


def test_a_send_counts_once(store: MemoryStore) -> None:
    send = Send(id="m1", address="ada@shop.example", channel=Channel.EMAIL, sent_at=at(1))
    sync = Sync(store)
    assert sync.record([send, send], now=at(2)) == Applied(new=1, repeated=1)
    assert sync.record([send], now=at(3)) == Applied(repeated=1)
    assert len(store.facts("email:ada@shop.example", EVERYTHING).sends) == 1


def test_a_send_of_no_time_was_sent_when_it_was_first_recorded(store: MemoryStore) -> None:
    send = Send(id="m1", address="ada@shop.example", channel=Channel.EMAIL)
    sync = Sync(store)
    assert sync.record([send], now=at(1)) == Applied(new=1)
    assert sync.record([send], now=at(5)) == Applied(repeated=1)
    [event] = store.events(type="message.sent")
    assert event.time == at(1)


def test_the_same_can_be_done_asynchronously(store: MemoryStore) -> None:
    async def story() -> None:
        sync = AsyncSync(store)
        hold = await sync.hold("ada@shop.example", "a recall", now=at(1))
        assert verdict(store) is Verdict.SUPPRESS
        await sync.lift(hold.id, now=at(1))
        await sync.record([Send(id="m1", address="ada@shop.example", channel=Channel.EMAIL)], now=at(1))

    asyncio.run(story())
    assert verdict(store) is Verdict.SEND
    assert len(store.facts("email:ada@shop.example", EVERYTHING).sends) == 1
