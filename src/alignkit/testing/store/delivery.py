"""Tests that a store keeps what was done at destinations, and what still waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alignkit.errors import DataInvalid
from alignkit.stores.base import Store
from alignkit.stores.records import Became, Cause, DeferredState, LedgerState, Wave
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import START, at, cause, contact, put, row, waits


class DeliveryTests(StoreCase):
    """The ledger, deferred messages, and releases that go out piece by piece."""

    # The ledger

    def test_an_intent_and_its_cause_are_kept_together(self, store: Store) -> None:
        store.intend([row("a@x.example", LedgerState.INTENDED)], add=[cause("a@x.example")])
        assert list(store.ledger("list")) == [row("a@x.example", LedgerState.INTENDED)]
        assert list(store.causes("list")) == [cause("a@x.example")]
        assert not list(store.ledger("other"))
        assert not list(store.causes("other"))

    def test_causes_are_kept_for_each_kind_of_message(self, store: Store) -> None:
        store.intend([row("a@x.example")], add=[cause("a@x.example"), cause("a@x.example", "upsell/email")])
        store.intend([], drop=[("list", "a@x.example", "upsell/email")])
        assert [one.scope for one in store.causes("list")] == ["promotional/email"]
        assert not list(store.causes("list", "upsell/email"))

    def test_a_row_is_replaced_and_a_cause_keeps_its_beginning(self, store: Store) -> None:
        store.intend([row("a@x.example", LedgerState.INTENDED)], add=[cause("a@x.example")])
        later = Cause("list", "a@x.example", "promotional/email", "another", ("r",), ("e",), at(5), at(9))
        store.intend([row("a@x.example")], add=[later])
        assert [one.state for one in store.ledger("list")] == [LedgerState.CONFIRMED]
        [kept] = store.causes("list")
        assert (kept.reason, kept.since, kept.until) == ("another", START, at(9))

    def test_striking_a_row_takes_its_causes_along(self, store: Store) -> None:
        names = ["a@x.example", "b@x.example"]
        store.intend([row(name) for name in names], add=[cause(name) for name in names])
        store.strike("list", names[:1])
        assert [one.address for one in store.ledger("list")] == names[1:]
        assert [one.address for one in store.causes("list")] == names[1:]

    def test_a_destination_goes_on_under_another_name(self, store: Store) -> None:
        there = row("b@x.example", destination="new")
        store.intend([row("a@x.example"), row("b@x.example")], add=[cause("a@x.example"), cause("b@x.example")])
        store.intend([there], add=[cause("b@x.example", destination="new")])
        store.intend([row("c@x.example", destination="other")], add=[cause("c@x.example", destination="other")])
        store.keep_wave(Wave("list", "promotional/email", at(1), 9, 0), 4, at(1))
        store.locate("destination", "list", "https://lists.example")
        assert store.destinations() == ["list", "new", "other"]
        assert store.adopt("list", "new") == 2
        assert store.destinations() == ["new", "other"]
        assert list(store.ledger("new")) == [row("a@x.example", destination="new"), there]
        assert [one.address for one in store.causes("new")] == ["a@x.example", "b@x.example"]
        assert store.wave("new", "promotional/email") == Wave("new", "promotional/email", at(1), 9, 4)
        assert store.released_since("new", "promotional/email", at(0)) == 4
        assert store.location("destination", "new") == "https://lists.example"
        assert store.location("destination", "list") is None

    def test_a_long_ledger_is_given_whole(self, store: Store) -> None:
        names = [f"p{number}@x.example" for number in range(1203)]
        store.intend([row(name) for name in names], add=[cause(name, scope) for name in names for scope in "ab"])
        assert [one.address for one in store.ledger("list")] == sorted(names)
        assert [(one.address, one.scope) for one in store.causes("list")] == [
            (name, scope) for name in sorted(names) for scope in "ab"
        ]

    # Deferred messages

    def test_a_deferred_message_is_kept_once(self, store: Store) -> None:
        assert store.defer(waits("r1")) == waits("r1")
        assert store.defer(replace(waits("r1"), deferred_at=at(5), reason="later")) == waits("r1")
        with pytest.raises(DataInvalid, match="another message"):
            store.defer(waits("r1", who="email:bob@shop.example"))
        assert list(store.deferred()) == [waits("r1")]

    def test_deferred_messages_come_oldest_first(self, store: Store) -> None:
        for number in (3, 1, 2):
            store.defer(waits(f"r{number}", hours=number % 3))
        assert [one.reference for one in store.deferred()] == ["r3", "r1", "r2"]
        for number in range(510):
            store.defer(waits(f"s{number:04}", hours=9))
        assert len(list(store.deferred(DeferredState.WAITING))) == 513

    def test_an_answer_is_told_once_until_it_is_given_back(self, store: Store) -> None:
        store.defer(waits("r1"))
        store.defer(waits("r2"))
        said = replace(waits("r1"), became=Became.SEND, told_at=at(3), reason="no hold is in force")
        assert store.tell([said], [replace(waits("r2"), recheck_at=at(9), reason="an open issue")]) == ["r1"]
        assert store.tell([said]) == []
        [told] = store.deferred(DeferredState.TOLD)
        assert (told.became, told.told_at, told.reason) == (Became.SEND, at(3), "no hold is in force")
        [waiting] = store.deferred(DeferredState.WAITING)
        assert (waiting.recheck_at, waiting.reason) == (at(9), "an open issue")
        assert store.give_back(["r1", "r2", "r3"]) == ["r1"]
        assert store.tell([said]) == ["r1"]

    def test_what_was_acknowledged_is_over_and_names_nobody(self, store: Store) -> None:
        store.defer(waits("r1"))
        assert store.acknowledge(["r1"]) == [], "nothing was told yet"
        store.tell([replace(waits("r1"), became=Became.SEND, told_at=at(3))])
        assert store.acknowledge(["r1", "r2"]) == ["r1"]
        assert store.acknowledge(["r1"]) == store.give_back(["r1"]) == []
        kept = store.defer(waits("r1"))
        assert (kept.state, kept.became, kept.who) == (DeferredState.DONE, Became.SEND, "")

    def test_deferred_messages_of_a_forgotten_person_are_gone(self, store: Store) -> None:
        put(store, [contact("u1", 1, "ada@shop.example", "ada@home.example")])
        store.defer(waits("r1"))
        store.defer(waits("r2", who="email:bob@shop.example"))
        assert [one["reference"] for one in store.export("ada@home.example")["deferred"]] == ["r1"]
        assert store.forget("ada@home.example", at(2)).deferred == 1
        assert [one.reference for one in store.deferred()] == ["r2"]

    def test_only_what_is_over_is_pruned(self, store: Store) -> None:
        for number in range(4):
            store.defer(waits(f"r{number}"))
        store.tell([replace(waits(f"r{number}"), became=Became.SEND, told_at=at(number)) for number in (1, 2, 3)])
        store.acknowledge(["r1", "r3"])
        assert store.prune_deferred(at(1)) == 0
        assert store.prune_deferred(at(3)) == 1
        assert [one.reference for one in store.deferred()] == ["r0", "r2", "r3"]

    # Release piece by piece

    def test_a_wave_is_kept_with_what_it_let_go(self, store: Store) -> None:
        wave = Wave("list", "promotional/email", at(1), 100, 0)
        assert store.wave("list", "promotional/email") is None
        store.keep_wave(wave, 10, at(1))
        store.keep_wave(replace(wave, people=120, released=10), 5, at(2))
        kept = store.wave("list", "promotional/email")
        assert kept == replace(wave, people=120, released=15)
        assert store.waves() == [kept]
        assert store.released_since("list", "promotional/email", at(0)) == 15
        assert store.released_since("list", "promotional/email", at(1)) == 5
        assert store.released_since("list", "upsell/email", at(0)) == 0
        store.end_wave("list", "promotional/email")
        assert store.waves() == []
        assert store.released_since("list", "promotional/email", at(0)) == 15, "the hour is not over"
