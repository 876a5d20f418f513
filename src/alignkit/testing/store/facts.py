"""Tests that a store tells what it knows: to decisions as facts, to scripts as models and rows."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.models import HoldKind, Priority
from alignkit.models.exchange import Quarantined
from alignkit.stores.base import Store
from alignkit.stores.records import LedgerState
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import DESK, EVERYTHING, at, cause, hold, issue, page, put, removal, row, story


class FactTests(StoreCase):
    """Facts as far as they are asked for, and whole tables."""

    # Deciding

    def test_strangers_have_no_facts(self, store: Store) -> None:
        facts = store.facts("email:nobody@x.example", EVERYTHING)
        assert facts.customer is None
        assert not facts.issues

    def test_facts_hold_what_is_needed_alone(self, store: Store) -> None:
        put(store, story())
        facts = store.facts("email:ada@shop.example", frozenset({"sends"}))
        assert [one.ref for one in facts.sends] == ["alignkit/send/s1"]
        assert not facts.issues
        assert not facts.holds

    def test_facts_come_folded(self, store: Store) -> None:
        put(store, story())
        facts = store.facts("email:ada@shop.example", EVERYTHING)
        [first] = [one for one in facts.issues if one.ref == "desk/issue/1"]
        assert (first.status, first.active, first.reopened_count) == ("open", True, 1)
        assert first.priority == Priority.URGENT
        assert first.waiting_since is not None
        assert facts.attributes["is_vip"] is True
        assert [one.ref for one in facts.posts] == ["net/post/p1"]

    # Scripts

    def test_issues_are_given_as_they_stand(self, store: Store) -> None:
        events = [issue("1", 1), issue("2", 1, "unknown"), issue("3", 1), issue("3", 2, "resolved"), issue("4", 1)]
        put(store, [*events, removal("4", 2, "spam"), issue("5", 1, source="other")])
        assert {one.id: one.is_active for one in store.issues(source=DESK)} == {
            "1": True,
            "2": None,
            "3": False,
            "4": False,
        }
        assert {one.id for one in store.issues(active=True)} == {"1", "2", "5"}
        assert {one.id for one in store.issues(active=False)} == {"3", "4"}
        assert {one.source for one in store.issues()} == {DESK, "other"}

    def test_events_can_be_chosen(self, store: Store) -> None:
        put(store, story())
        bob = store.customer("bob@shop.example")
        assert bob is not None
        assert {event.type for event in store.events(type="survey.answered")} == {"survey.answered"}
        assert {event.source for event in store.events(source="crm")} == {"crm"}
        assert not list(store.events(source="nowhere"))
        assert {event.subject for event in store.events(customer=bob.id, type="contact.changed")} == {"u2"}

    def test_signals_name_their_customer(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="a@x.example", type="complaint")])
        customer = store.customer("a@x.example")
        assert customer is not None
        assert [one.subject for one in store.signals()] == [customer.id]
        assert [one.evidence for one in store.signals(customer=customer.id)] == [("desk/issue/1",)]

    def test_holds_are_those_put_by_hand_and_those_in_place(self, store: Store) -> None:
        put(store, [hold("h1", 1, "a@x.example")])
        store.intend([row("b@x.example"), row("c@x.example", LedgerState.INTENDED)], add=[cause("b@x.example")])
        store.intend([], add=[cause("c@x.example")])
        assert [(one.kind, one.identifiers) for one in store.holds()] == [
            (HoldKind.MANUAL, ("a@x.example",)),
            (HoldKind.AUTOMATIC, ("email:b@x.example",)),
        ]
        assert [one.kind for one in store.holds(active_at=at(0))] == [HoldKind.AUTOMATIC]

    @pytest.mark.parametrize(
        "table", ["issues", "customers", "events", "signals", "holds", "identities", "quarantine", "ledger"]
    )
    def test_rows_are_flat(self, store: Store, table: Any) -> None:
        put(store, story())
        store.apply(page([], quarantined=[Quarantined("1", "`status` is missing")]))
        store.intend([row("bob@shop.example")], add=[cause("bob@shop.example")])
        rows = list(store.rows(table))
        assert rows
        assert all(isinstance(cell, (str, int, float, bool, type(None))) for one in rows for cell in one.values())
        assert len({tuple(one) for one in rows}) == 1, "all rows have the same columns"

    def test_counts_and_unknown_statuses_tell_what_to_look_at(self, store: Store) -> None:
        odd = issue("2", 1, "unknown", status_raw="parked", requester_email="a@x.example")
        put(store, [issue("1", 1), odd, issue("3", 1, "resolved")])
        counts = store.counts()
        assert (counts["issues"], counts["active_issues"], counts["unknown_issues"]) == (3, 1, 1)
        assert (counts["issues_without_customer"], counts["customers"], counts["events"]) == (2, 1, 3)
        assert store.unknown_statuses() == {(DESK, "parked"): 1}
