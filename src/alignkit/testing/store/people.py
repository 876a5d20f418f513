"""Tests that a store knows who is who, and whom an issue concerns that went into another."""

from __future__ import annotations

import pytest

from alignkit.errors import DataInvalid
from alignkit.identity import bucketing_id
from alignkit.models import Account, AccountChanged, CustomerEvent, Identity
from alignkit.stores.base import Store
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import (
    DESK,
    EVERYTHING,
    at,
    contact,
    hold,
    issue,
    issues_of,
    page,
    put,
    removal,
    told,
)


class PeopleTests(StoreCase):
    """Identifiers, merges by hand and their undoing, accounts, and issues that were merged or removed."""

    # People

    def test_a_record_that_carries_two_identifiers_makes_them_one_person(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_id="u1"), issue("2", 1, requester_email="ada@shop.example")]))
        assert len(list(store.customers())) == 2
        store.apply(page([contact("u1", 2, "Ada@Shop.example")], stream="users"))
        [ada] = store.customers()
        assert ada.identifiers == ("email:ada@shop.example", "helpdesk_user:desk/u1")
        assert issues_of(store, "email:ada@shop.example") == {"desk/issue/1", "desk/issue/2"}
        assert store.customer("ADA@shop.example") == ada

    def test_an_earlier_address_stays_its_owners(self, store: Store) -> None:
        put(store, [contact("u1", 5, "new@home.example"), contact("u1", 1, "old@home.example"), issue("1", 6)])
        store.apply(page([issue("2", 6, requester_email="old@home.example")]))
        assert issues_of(store, "email:new@home.example") == {"desk/issue/2"}

    def test_a_shared_address_links_nobody(self, store: Store) -> None:
        people = [contact("u1", 1, "info@shop.example"), contact("u2", 1, "info@shop.example")]
        store.apply(page([*people, issue("1", 1, requester_id="u1")]))
        assert issues_of(store, "helpdesk_user:desk/u2") == set()
        assert {one.shared for one in _identities(store, "info@shop.example")} == {True}

    def test_every_identifier_has_its_evidence(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "ada@shop.example")]))
        for known in _identities(store, "ada@shop.example"):
            assert any("desk/contact/u1" in text for text in known.evidence)

    def test_a_merge_by_hand_holds_both_for_what_held_one(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_email="a@x.example"), issue("2", 1, requester_email="b@x.example")]))
        store.merge("a@x.example", "b@x.example", "she told us", at(2))
        both = {"desk/issue/1", "desk/issue/2"}
        assert issues_of(store, "email:a@x.example") == issues_of(store, "email:b@x.example") == both
        assert len(list(store.customers())) == 1
        assert any("she told us" in text for one in _identities(store, "a@x.example") for text in one.evidence)

    def test_a_merge_by_hand_takes_in_people_of_whom_nothing_is_known_yet(self, store: Store) -> None:
        store.merge("a@x.example", "b@x.example", "she told us", at(0))
        store.apply(page([issue("1", 1, requester_email="a@x.example")]))
        assert issues_of(store, "email:b@x.example") == {"desk/issue/1"}

    def test_an_unmerge_gives_each_part_what_is_its_own(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_email="a@x.example"), issue("2", 1, requester_email="b@x.example")]))
        store.merge("a@x.example", "b@x.example", "a guess", at(2))
        store.unmerge("b@x.example", "two people after all", at(3))
        assert issues_of(store, "email:a@x.example") == {"desk/issue/1"}
        assert issues_of(store, "email:b@x.example") == {"desk/issue/2"}

    def test_an_unmerge_lasts_when_the_record_comes_again(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example")]))
        store.unmerge("b@x.example", "his wife's", at(2))
        store.apply(page([contact("u1", 3, "a@x.example", "b@x.example", tier="gold")], stream="users"))
        store.apply(page([issue("1", 4, requester_email="b@x.example")]))
        assert issues_of(store, "email:a@x.example") == set()
        store.refold()
        assert issues_of(store, "email:a@x.example") == set()

    def test_an_unmerge_keeps_together_what_a_record_still_says_is_one(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example")]))
        store.apply(page([issue("1", 2, requester_email="a@x.example")]))
        store.unmerge("helpdesk_user:desk/u1", "a number used twice", at(3))
        assert issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        before = told(store, ["email:a@x.example", "email:b@x.example", "helpdesk_user:desk/u1"])
        store.refold()
        assert told(store, ["email:a@x.example", "email:b@x.example", "helpdesk_user:desk/u1"]) == before

    def test_an_unmerge_loses_no_hold_and_makes_none_up(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example"), issue("1", 1, requester_id="u1")]))
        store.apply(page([issue("2", 2, requester_email="b@x.example")]))
        store.unmerge("b@x.example", "his wife's", at(3))
        assert issues_of(store, "email:a@x.example") == {"desk/issue/1"}
        assert issues_of(store, "email:b@x.example") == {"desk/issue/2"}

    def test_nobody_can_be_taken_out_who_is_not_known(self, store: Store) -> None:
        with pytest.raises(DataInvalid):
            store.unmerge("nobody@x.example", "a slip", at(0))

    def test_a_person_shares_the_issues_and_holds_of_the_account(self, store: Store) -> None:
        accounts = AccountChanged.of(Account(id="a1", name="Shop"), source=DESK, received_at=at(0))
        store.apply(page([accounts, contact("u1", 1, "ada@shop.example", account_ids=("a1",))]))
        store.apply(page([issue("1", 1, requester_email="bob@shop.example", account_id="a1")]))
        store.apply(page([hold("h1", 1, accounts=["desk/a1"])]))
        facts = store.facts("email:ada@shop.example", EVERYTHING)
        assert [one.ref for one in facts.account_issues] == ["desk/issue/1"]
        assert [one.ref for one in facts.holds] == ["desk/hold/h1"]

    def test_accounts_and_the_customers_of_their_issues_are_told(self, store: Store) -> None:
        account = Account(id="a1", name="Shop", plan="gold", arr=1200.5, domains=("shop.example",), parent_id="a0")
        people = [contact(f"u{n}", 1, f"p{n}@shop.example", account_ids=("a1",)) for n in (1, 2)]
        store.apply(page([AccountChanged.of(account, source=DESK, received_at=at(0)), *people]))
        store.apply(page([issue(f"{n}", 1, requester_id=f"u{n}", account_id="a1") for n in (1, 2)]))
        facts = store.facts("email:p1@shop.example", EVERYTHING | {"accounts"})
        [told] = facts.accounts
        assert (told.ref, told.name, told.plan, told.arr) == ("desk/account/a1", "Shop", "gold", 1200.5)
        assert (tuple(told.domains), told.parent, told.owner_ref) == (("shop.example",), "a0", None)
        other = store.facts("email:p2@shop.example", EVERYTHING)
        assert [one.customer for one in facts.issues] == [facts.customer]
        assert [one.customer for one in facts.account_issues] == [other.customer]
        assert facts.customer != other.customer

    # What holdouts choose by

    def test_a_holdout_chooses_the_same_people_whatever_order_they_came_in(
        self, store: Store, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        people = [contact(f"u{n}", 1, f"p{n}@shop.example") for n in range(12)]
        events: list[CustomerEvent] = [*people, *(issue(f"{n}", 2, requester_id=f"u{n}") for n in range(12))]
        put(store, events)
        other = self.open(tmp_path_factory.mktemp("other"))
        put(other, events[::-1])
        keys = [f"email:p{n}@shop.example" for n in range(12)]
        chosen_by = [store.facts(key, EVERYTHING).bucketing_id for key in keys]
        assert chosen_by == [other.facts(key, EVERYTHING).bucketing_id for key in keys]
        assert chosen_by == [bucketing_id((key, f"helpdesk_user:desk/u{n}")) for n, key in enumerate(keys)]
        other.close()

    def test_a_holdout_keeps_whom_it_chose_through_a_merge_and_its_undoing(self, store: Store) -> None:
        a, b = keys = ("email:a@x.example", "email:b@x.example")
        put(store, [issue("1", 1, requester_email="b@x.example"), issue("2", 1, requester_email="a@x.example")])
        before = [store.facts(key, EVERYTHING).bucketing_id for key in keys]
        store.merge(a, b, "she told us", at(2))
        assert [store.facts(key, EVERYTHING).bucketing_id for key in keys] == [before[0], before[0]]
        store.unmerge(b, "two people after all", at(3))
        assert [store.facts(key, EVERYTHING).bucketing_id for key in keys] == before

    def test_what_a_holdout_chooses_by_is_told_where_it_is_needed_and_reads_as_no_address(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_email="ada@x.example")]))
        assert store.facts("email:ada@x.example", frozenset({"issues"})).bucketing_id is None
        assert "ada" not in (store.facts("email:ada@x.example", frozenset({"bucketing_id"})).bucketing_id or "ada")
        assert store.facts("email:bob@x.example", EVERYTHING).bucketing_id is None

    # Issues that went into others, or away

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
    def test_the_survivor_of_a_merge_holds_the_people_of_all_that_went_into_it(
        self, store: Store, order: tuple[int, ...]
    ) -> None:
        events = [
            issue("1", 2, "merged", requester_email="a@x.example", merged_into="2"),
            issue("2", 3, "merged", requester_email="b@x.example", merged_into="3"),
            issue("3", 1, requester_email="c@x.example"),
        ]
        put(store, [events[place] for place in order])
        for name in "abc":
            [survivor] = [one for one in store.facts(f"email:{name}@x.example", EVERYTHING).issues if not one.excluded]
            assert (survivor.ref, survivor.active) == ("desk/issue/3", True)

    def test_a_survivor_that_is_resolved_frees_all(self, store: Store) -> None:
        put(store, [issue("1", 2, "merged", requester_email="a@x.example", merged_into="2"), issue("2", 1)])
        put(store, [issue("2", 3, "resolved")])
        [survivor] = [one for one in store.facts("email:a@x.example", EVERYTHING).issues if not one.excluded]
        assert survivor.active is False

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_an_issue_that_is_taken_out_of_a_merge_leaves_the_survivor(
        self, store: Store, order: tuple[int, ...]
    ) -> None:
        events = [
            issue("1", 2, "merged", requester_email="a@x.example", merged_into="2"),
            issue("1", 3, "open", requester_email="a@x.example"),
        ]
        put(store, [issue("2", 1, requester_email="b@x.example"), *(events[place] for place in order)])
        assert issues_of(store, "email:a@x.example") == {"desk/issue/1"}

    def test_an_issue_tells_what_it_went_into_whoever_said_so(self, store: Store) -> None:
        put(store, [issue("1", 1), issue("2", 1), issue("3", 1)])
        put(store, [removal("1", 2, "merged", "3"), issue("2", 2, "merged", merged_into="3")])
        assert {one.id: one.merged_into for one in store.issues()} == {"1": "3", "2": "3", "3": None}
        put(store, [issue("1", 3)])
        assert {one.id: one.merged_into for one in store.issues()} == {"1": None, "2": "3", "3": None}

    def test_a_merge_in_a_circle_ends(self, store: Store) -> None:
        put(
            store,
            [
                issue("1", 2, "merged", requester_email="a@x.example", merged_into="2"),
                issue("2", 2, "merged", requester_email="b@x.example", merged_into="1"),
            ],
        )
        assert issues_of(store, "email:a@x.example") >= {"desk/issue/1"}

    @pytest.mark.parametrize("reason", ["deleted", "spam", "not_found"])
    def test_a_removed_issue_is_no_longer_active_until_a_later_word_brings_it_back(
        self, store: Store, reason: str
    ) -> None:
        put(store, [removal("1", 2, reason), issue("1", 1, requester_email="a@x.example")])
        [gone] = store.facts("email:a@x.example", EVERYTHING).issues
        assert gone.active is False
        put(store, [issue("1", 3, requester_email="a@x.example")])
        [back] = store.facts("email:a@x.example", EVERYTHING).issues
        assert back.active is True

    def test_a_removal_of_what_was_never_seen_holds_nobody(self, store: Store) -> None:
        put(store, [removal("1", 2, "deleted")])
        assert not list(store.issues())
        assert store.counts()["issues"] == 0


def _identities(store: Store, identifier: str) -> list[Identity]:
    customer = store.customer(identifier)
    assert customer is not None
    return store.identities(customer.id)
