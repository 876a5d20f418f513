"""Tests that no hold on many people reaches beyond its cap until somebody confirms it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from alignkit.errors import DataInvalid
from alignkit.models import Asset, AssetChanged, Order, OrderChanged, OrderLine
from alignkit.stores.base import Store
from alignkit.stores.cohort import CAP, Cohort
from alignkit.stores.records import Reach
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import DESK, EVERYTHING, at, contact, hold, issue, own_part, page, put, wide


class ReachTests(StoreCase):
    """Holds on everybody, accounts, cohorts and long lists."""

    def test_a_hold_on_everybody_reaches_strangers_until_it_is_lifted(self, store: Store) -> None:
        everywhere = wide("h1", 1, cohort='{"everybody": true}')
        store.apply(page([everywhere], stream=None, checkpoint=None, reaches=[Reach("h1", None, "Grace", "a fire")]))
        for who in ("email:nobody@x.example", "email:ada@shop.example"):
            assert [one.ref for one in store.ask(who, frozenset())[0].holds] == ["desk/hold/h1"]
        put(store, [wide("h1", 2, cohort='{"everybody": true}', released_at=at(2))])
        for who in ("email:nobody@x.example", "email:ada@shop.example"):
            assert store.facts(who, EVERYTHING).holds == []

    def test_a_hold_on_an_account_reaches_nobody_beyond_its_cap_until_somebody_confirms_it(self, store: Store) -> None:
        put(store, [contact(f"u{n}", 0, f"p{n}@x.example", account_ids=("a1",)) for n in range(7)])
        put(store, [wide("h1", 1, account_ids=("desk/a1",))])
        assert _silenced(store, 7) == 7, "below the cap that holds for all"
        store.confirm(DESK, Reach("h1", 3))
        assert _silenced(store, 7) == 3
        [known] = store.wide_holds()
        assert (known.people, known.silenced, known.is_capped) == (7, 3, True)
        store.confirm(DESK, Reach("h1", 7, "Grace", "they all asked", at(2)))
        assert _silenced(store, 7) == 7
        [known] = store.wide_holds()
        assert (known.is_capped, known.reach) == (False, Reach("h1", 7, "Grace", "they all asked", at(2)))

    def test_a_merge_lets_no_hold_reach_beyond_its_cap(self, store: Store) -> None:
        put(store, [contact("u9", 0, "p9@x.example")])
        put(store, [contact(f"u{n}", 0, f"p{n}@x.example", account_ids=("a1",)) for n in range(5)])
        put(store, [wide("h1", 1, account_ids=("desk/a1",))])
        store.confirm(DESK, Reach("h1", 2))
        for n in (4, 0):
            store.merge(f"p{n}@x.example", "p9@x.example", "she told us", at(2))
            reached = {store.facts(key, EVERYTHING).customer for key in _reached(store, 10)}
            assert 0 < len(reached) <= 2

    def test_a_long_list_and_everybody_keep_to_a_cap(self, store: Store) -> None:
        names = [f"p{n}@x.example" for n in range(CAP + 3)]
        put(store, [wide("h1", 1, identifiers=tuple(names))])
        assert _silenced(store, CAP + 3) == CAP
        put(
            store,
            [wide("h1", 2, identifiers=tuple(names), released_at=at(2)), wide("h2", 2, cohort='{"everybody":true}')],
        )
        store.confirm(DESK, Reach("h2", 4))
        reached = [key for key in _reached(store, 10) if _refs(store, key) >= {"desk/hold/h2"}]
        assert len(reached) == 4
        assert "desk/hold/h2" not in _refs(store, "email:nobody@x.example")

    def test_the_issues_of_an_account_reach_nobody_beyond_its_cap_until_somebody_confirms_it(
        self, store: Store
    ) -> None:
        most = [contact(f"u{n}", 0, f"p{n}@x.example", account_ids=("big",)) for n in range(CAP)]
        put(store, most[:1])
        store.apply(page(most[1:]))
        put(store, [issue("1", 1, requester_email="z@x.example", account_id="big")])
        last = "email:late@x.example"
        assert store.wide_holds() == []
        put(store, [contact("late", 2, "late@x.example", account_ids=("big", "small"))])
        assert [len(store.facts(key, EVERYTHING).account_issues) for key in ("email:p7@x.example", last)] == [1, 0]
        [known] = store.wide_holds()
        assert (known.hold.id, known.people, known.silenced, known.is_capped) == (
            "account:desk/big",
            CAP + 1,
            CAP,
            True,
        )
        put(store, [issue("2", 1, requester_email="y@x.example", account_id="small")])
        assert [one.ref for one in store.facts(last, EVERYTHING).account_issues] == ["desk/issue/2"]
        store.confirm("", Reach("account:desk/big", CAP + 1, "Grace", "a plant is down", at(3)))
        assert len(store.facts(last, EVERYTHING).account_issues) == 2
        assert not store.wide_holds()[0].is_capped
        put(store, [issue("1", 4, "resolved", requester_email="z@x.example", account_id="big")])
        assert store.wide_holds() == []
        with pytest.raises(DataInvalid):
            store.confirm("", Reach("account:desk/small", None, "Grace", "a slip", at(3)))

    def test_an_ordinary_hold_is_not_a_wide_one(self, store: Store) -> None:
        put(store, [hold("h1", 1, "a@x.example")])
        assert store.wide_holds() == []
        with pytest.raises(DataInvalid, match="no hold"):
            store.confirm(DESK, Reach("h1", None, "Grace", "a slip", at(1)))

    def test_words_of_another_system_name_no_cohort(self, store: Store) -> None:
        for number, words in enumerate(("EU customers", "[]", "7", '{"everybody": "yes"}', '{"accounts": 3}')):
            put(store, [wide(f"h{number}", 1, cohort=words)])
        assert store.facts("email:nobody@x.example", EVERYTHING).holds == []
        assert len(store.wide_holds()) == 5

    def test_one_hold_is_found_by_its_id(self, store: Store) -> None:
        put(store, [hold("h1", 1, "a@x.example"), *(own_part(f"h1.{n}") for n in (2, 1)), own_part("h10.1")])
        found = store.hold(DESK, "h1")
        assert found is not None
        assert (found.id, found.source, found.identifiers) == ("h1", DESK, ("a@x.example",))
        assert store.hold(DESK, "h2") is None
        assert [one.id for one in store.parts("h1")] == ["h1.1", "h1.2"]

    def test_members_of_a_cohort_are_each_told_once(self, store: Store) -> None:
        people = [contact(f"u{n}", 0, f"p{n}@x.example", account_ids=("a1",) if n < 2 else ()) for n in range(6)]
        bought = Order(id="o1", contact_id="u3", lines=(OrderLine(product_ref="saw", quantity=Decimal(1)),))
        owned = Asset(id="as1", contact_id="u4", account_id="a1", product_ref="saw")
        put(store, [*people, issue("1", 1, requester_id="u5", product_refs=["saw", "axe"])])
        put(store, [OrderChanged.of(bought, source=DESK, received_at=at(1))])
        put(store, [AssetChanged.of(owned, source=DESK, received_at=at(1))])

        def keys(**given: Any) -> set[str]:
            found = store.members(Cohort(**given))
            assert len(found) == len(set(found))
            return {key.partition("@")[0].removeprefix("email:") for key in found}

        assert keys(products=("saw",)) == {"p3", "p4", "p5"}
        assert keys(products=("axe", "saw")) == {"p3", "p4", "p5"}
        assert keys(products=("hammer",)) == keys(everybody=True) == set()
        assert keys(accounts=("desk/a1",)) == {"p0", "p1"}
        assert keys(orders=("desk/o1", "desk/none")) == {"helpdesk_user:desk/u3"}
        assert keys(people=("p3@x.example", "P9@x.example"), products=("saw",)) == {"p3", "p4", "p5", "p9"}


def _refs(store: Store, identifier: str) -> set[str]:
    return {one.ref for one in store.facts(identifier, EVERYTHING).holds}


def _reached(store: Store, people: int) -> list[str]:
    return [key for n in range(people) if _refs(store, key := f"email:p{n}@x.example")]


def _silenced(store: Store, people: int) -> int:
    return len(_reached(store, people))
