"""Tests that a store can be built anew, forgets people for good, and hands out what it knows of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alignkit.errors import AlignkitError, DataInvalid, StoreUnavailable
from alignkit.models import Contact, ContactChanged, Opportunity, OpportunityChanged, OpportunityStatus
from alignkit.models.exchange import Ref
from alignkit.stores.base import Store
from alignkit.sync import Sync
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import (
    DESK,
    EVERYTHING,
    PEOPLE,
    at,
    cause,
    contact,
    issue,
    issues_of,
    page,
    put,
    row,
    shuffled,
    story,
    told,
)


class UpkeepTests(StoreCase):
    """Refolding, erasure, export, and what its errors say."""

    def test_facts_built_anew_are_the_same(self, store: Store) -> None:
        put(store, shuffled(story(), 5))
        store.merge("eve@shop.example", "dora@shop.example", "sisters", at(10))
        store.unmerge("ada@home.example", "a typing error", at(11))
        before, stale = told(store, PEOPLE), store.stale_issues(DESK, at(200))
        assert store.refold() > 0
        assert told(store, PEOPLE) == before
        assert store.stale_issues(DESK, at(200)) == stale
        store.refold()
        assert told(store, PEOPLE) == before

    def test_facts_built_anew_do_not_look_freshly_seen(self, store: Store) -> None:
        store.apply(page([issue("1", 1)], 1))
        store.apply(page([issue("2", 50)], 50))
        store.refold()
        assert store.stale_issues(DESK, at(10)) == ["1"]

    def test_a_forgotten_person_is_gone(self, store: Store) -> None:
        put(store, story())
        report = store.forget("ada@shop.example", at(100))
        assert report.customers >= 1
        assert report.events
        for known in ("email:ada@shop.example", "email:ada@home.example", "helpdesk_user:desk/u1"):
            assert store.facts(known, EVERYTHING).customer is None
        everything = json.dumps([event.model_dump(mode="json") for event in store.events()])
        assert "ada@" not in everything
        assert store.facts("email:carol@shop.example", EVERYTHING).issues

    def test_overlap_and_sweep_do_not_bring_a_forgotten_person_back(self, store: Store) -> None:
        put(store, story())
        store.forget("ada@shop.example", at(100))
        again = put(store, story(), 101)
        assert again.forgotten
        assert "ada@" not in json.dumps([event.model_dump(mode="json") for event in store.events()])
        assert store.customer("ada@shop.example") is None

    def test_a_record_without_a_time_does_not_bring_a_forgotten_person_back(self, store: Store) -> None:
        person = Contact(id="u1", emails=("a@x.example",))
        put(store, [ContactChanged.of(person, source=DESK, received_at=at(1))])
        store.forget("a@x.example", at(2))
        put(store, [ContactChanged.of(person, source=DESK, received_at=at(3))])
        assert store.customer("a@x.example") is None

    def test_an_issue_that_begins_later_brings_the_person_back(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="a@x.example", requester_id="u1")])
        store.forget("a@x.example", at(2))
        fresh = issue("2", 3, requester_email="a@x.example", requester_id="u1", created_at=at(3))
        assert put(store, [fresh]).new == 1
        assert issues_of(store, "email:a@x.example") == {"desk/issue/2"}

    def test_a_person_who_came_back_is_known_by_all_their_addresses_again(self, store: Store) -> None:
        put(store, [contact("u1", 1, "a@x.example"), issue("1", 1, requester_id="u1")])
        store.forget("a@x.example", at(2))
        put(store, [issue("2", 3, requester_id="u1", created_at=at(3))])
        assert Ref("contact", "u1", "came back") in store.wanted(DESK, at(200))
        put(store, [contact("u1", 1, "a@x.example")])
        assert issues_of(store, "email:a@x.example") == {"desk/issue/2"}

    def test_an_issue_shared_with_a_forgotten_person_goes_on_holding_the_others(self, store: Store) -> None:
        shared = issue("1", 1, requester_email="a@x.example", affected=["b@x.example"], subject="a@x.example is cross")
        put(store, [shared])
        store.forget("a@x.example", at(2))
        assert issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        put(store, [shared, issue("1", 3, requester_email="a@x.example", affected=["b@x.example"], tags=["x"])])
        assert issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        assert store.customer("a@x.example") is None
        assert "a@x.example" not in json.dumps([event.model_dump(mode="json") for event in store.events()])

    def test_a_deal_shared_with_a_forgotten_person_stays_the_others(self, store: Store) -> None:
        deal = Opportunity(id="o1", status=OpportunityStatus.OPEN, contact_ids=("u1", "u2"))
        put(store, [OpportunityChanged.of(deal, source=DESK, received_at=at(1))])
        store.forget("helpdesk_user:desk/u1", at(2))
        assert [event.subject for event in store.events(type="opportunity.changed")] == ["o1"]

    def test_nobody_is_forgotten_whom_we_still_hold(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="ada@shop.example")])
        store.intend([row("Ada@Shop.example")], add=[cause("Ada@Shop.example")])
        with pytest.raises(DataInvalid, match="`list`"):
            store.forget("ada@shop.example", at(2))
        assert store.customer("ada@shop.example") is not None
        store.strike("list", ["Ada@Shop.example"])
        store.forget("ada@shop.example", at(2))

    def test_forgetting_a_stranger_keeps_them_out(self, store: Store) -> None:
        assert store.forget("a@x.example", at(2)).customers == 0
        put(store, [issue("1", 1, requester_email="a@x.example")])
        assert store.customer("a@x.example") is None

    @pytest.mark.parametrize("hours", [1, 3])
    def test_a_hold_by_hand_on_a_forgotten_person_is_put_and_lifted_whatever_the_clocks_say(
        self, store: Store, hours: int
    ) -> None:
        store.forget("a@x.example", at(2))
        made = Sync(store).hold("a@x.example", "a recall", now=at(hours))
        assert len(store.facts("email:a@x.example", EVERYTHING).holds) == 1
        Sync(store).lift(made.id, now=at(hours - 2))
        [lifted] = store.holds()
        assert lifted.released_at == at(hours - 2)

    def test_an_export_holds_one_persons_own_and_nothing_of_others(self, store: Store) -> None:
        put(store, story())
        put(store, [issue("8", 1, requester_email="zoe@shop.example", affected=["carol@shop.example"])])
        put(store, [issue("8", 2, requester_email="carol@shop.example")])
        store.intend([row("Carol@shop.example"), row("bob@shop.example")], add=[cause("Carol@shop.example")])
        store.intend([], add=[cause("bob@shop.example")])
        text = json.dumps(store.export("carol@shop.example"))
        assert "desk/issue/2" in text or '"subject": "2"' in text
        assert "Carol@shop.example" in text
        for other in ("ada@", "bob@", "dora@", "eve@", "zoe@"):
            assert other not in text, other

    def test_an_export_keeps_to_one_part_of_what_was_taken_apart(self, store: Store) -> None:
        put(store, [contact("u1", 1, "a@x.example", "b@x.example")])
        store.unmerge("b@x.example", "his wife's", at(2))
        assert "b@x.example" not in json.dumps(store.export("a@x.example"))

    def test_there_is_no_export_of_a_stranger(self, store: Store) -> None:
        with pytest.raises(DataInvalid):
            store.export("nobody@x.example")

    def test_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.facts("email:a@x.example", EVERYTHING)
        with pytest.raises(StoreUnavailable, match="closed"):
            store.apply(page([]))

    def test_no_error_names_a_person(self, store: Store) -> None:
        store.intend([row("ada@shop.example")])
        texts: list[str] = []
        for refused in (
            lambda: store.forget("ada@shop.example", at(0)),
            lambda: store.export("eve@shop.example"),
            lambda: store.unmerge("eve@shop.example", "a slip", at(0)),
            lambda: store.customer("Eve Example <eve@shop.example"),
        ):
            with pytest.raises(AlignkitError) as error:
                refused()
            texts.append(str(error.value))
        assert not [text for text in texts if "ada" in text or "eve" in text]
