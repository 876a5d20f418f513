"""Holds incident-wide holds to their laws: all whom they are meant for, nobody beyond the cap, and all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit import AsyncSync, Gate, Message, Policy, Sync, Verdict
from alignkit.errors import DataInvalid, StoreUnavailable
from alignkit.models import Category, Channel, CustomerEvent, Order, OrderChanged, OrderLine
from alignkit.stores import MemoryStore
from alignkit.stores.records import OWN_SOURCE, Reach
from alignkit.sync import CAP, EVERYBODY, Cohort
from alignkit.sync import incident as incident_module
from alignkit.testing.store.stories import DESK, at, contact, issue, page, put, wide

from .fakes import OFFER, RENEWAL, STARTER, address, audience

NAMES = ("ada", "bob", "carol", "dora", "eve")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([], 1, ended=True))
        people = [contact(f"u-{one}", 0, address(one), account_ids=("acme",) if one < "c" else ()) for one in NAMES]
        put(store, [*people, order("o1", "carol", "saw"), order("o2", "dora", "axe")], 1)
        yield store


def order(id: str, name: str, product: str, hours: float = 0) -> CustomerEvent:
    line = OrderLine(product_ref=product, quantity=Decimal(1))
    return OrderChanged.of(Order(id=id, email=address(name), lines=(line,)), source=DESK, received_at=at(hours))


def open_hold(store: MemoryStore, cohort: Cohort, **given: Any) -> Any:
    moment = given.pop("now", at(1))
    return Sync(store).open_incident(cohort, "a recall", "Grace", id="recall", now=moment, **given)


def held(store: MemoryStore, names: tuple[str, ...] = NAMES, hours: float = 2, message: Message = OFFER) -> set[str]:
    gate = Gate(store, STARTER)
    return {one for one in names if gate.decide(address(one), message, now=at(hours)).verdict is Verdict.SUPPRESS}


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [
        (Cohort(products=("saw",)), {"carol"}),
        (Cohort(products=("saw", "axe")), {"carol", "dora"}),
        (Cohort(accounts=("desk/acme",)), {"ada", "bob"}),
        (Cohort(orders=("desk/o2",)), {"dora"}),
        (Cohort(people=("Eve@shop.example",)), {"eve"}),
        (
            Cohort(people=(address("eve"), address("carol")), products=("saw",), accounts=("desk/acme",)),
            {"ada", "bob", "carol", "eve"},
        ),
        (EVERYBODY, set(NAMES)),
    ],
    ids=["product", "products", "account", "order", "people", "any of these", "everybody"],
)
def test_a_cohort_is_held_until_the_hold_is_lifted(store: MemoryStore, cohort: Cohort, expected: set[str]) -> None:
    opened = open_hold(store, cohort, cap=None if cohort.everybody else CAP)
    assert opened.people == (None if cohort.everybody else len(expected))
    assert held(store) == expected
    sink = audience(*NAMES)
    Sync(store).push(sink, STARTER, OFFER, now=at(2))
    assert sink.held == {address(one) for one in expected}
    Sync(store).lift("recall", "all mended", now=at(3))
    assert held(store, hours=3) == set()
    Sync(store).push(sink, STARTER, OFFER, now=at(3))
    assert sink.held == set()
    with pytest.raises(DataInvalid, match="lifted already"):
        Sync(store).lift("recall", now=at(3))


def test_a_hold_ends_at_its_time_and_keeps_to_its_scope(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)), expires_at=at(5), categories=[Category.RENEWAL])
    assert (held(store), held(store, message=RENEWAL)) == (set(), {"carol"})
    assert held(store, hours=5, message=RENEWAL) == set()


def test_only_messages_about_a_product_can_be_held(store: MemoryStore) -> None:
    open_hold(store, EVERYBODY, products=["saw"], cap=None)
    about = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL, product_refs=("saw", "axe"))
    assert held(store) == set()
    assert held(store, message=about) == set(NAMES)


def test_who_buys_later_is_held_once_it_is_looked_up_again(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)))
    put(store, [order("o3", "eve", "saw", 2), order("o1", "carol", "axe", 2)], 2)
    assert held(store) == {"carol"}
    [after] = Sync(store).refresh_incidents(now=at(2))
    assert (after.people, held(store)) == (1, {"eve"})
    before = len(list(store.events()))
    Sync(store).refresh_incidents(now=at(2))
    assert len(list(store.events())) == before, "nothing had changed"


def test_who_was_named_stays_held_when_it_is_looked_up_again(store: MemoryStore) -> None:
    open_hold(store, Cohort(people=(address("ada"),), orders=("desk/o2",), products=("saw",)))
    Sync(store).refresh_incidents(now=at(2))
    assert held(store) == {"ada", "carol", "dora"}


def test_a_hold_can_be_changed(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)))
    changed = Sync(store).change_incident("recall", reason="a fire", expires_at=at(5), now=at(2))
    assert (changed.hold.reason, changed.hold.expires_at, held(store)) == ("a fire", at(5), {"carol"})
    Sync(store).change_incident("recall", cohort=Cohort(accounts=("desk/acme",), people=(address("eve"),)), now=at(3))
    assert held(store, hours=4) == {"ada", "bob", "eve"}
    assert held(store, hours=5) == set()
    assert "a fire" in Gate(store, STARTER).decide(address("ada"), OFFER, now=at(4)).explain()


def test_a_merge_takes_a_hold_along_and_erasure_takes_the_name_out(store: MemoryStore) -> None:
    open_hold(store, Cohort(people=(address("eve"),)))
    store.merge(address("eve"), "eve@home.example", "she told us", at(1))
    gate = Gate(store, STARTER)
    assert gate.decide("eve@home.example", OFFER, now=at(2)).verdict is Verdict.SUPPRESS
    store.forget("eve@home.example", at(2))
    assert not [event for event in store.events() if "eve" in event.data.model_dump_json()]
    assert Sync(store).refresh_incidents(now=at(3))[0].people == 0


def test_facts_built_anew_keep_a_cohort(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",), accounts=("desk/acme",)))
    store.refold()
    assert held(store) == {"ada", "bob", "carol"}


# The cap


def test_nobody_beyond_the_cap_is_held_until_somebody_confirms(store: MemoryStore) -> None:
    cohort = Cohort(people=(address("eve"),), accounts=("desk/acme",), products=("saw", "axe"))
    opened = open_hold(store, cohort, cap=2)
    assert (opened.people, opened.silenced, opened.is_capped) == (5, 2, True)
    first = held(store)
    assert len(first) == 2
    assert "eve" in first, "who was named comes first"
    result = Sync(store).push(audience(*NAMES), STARTER, OFFER, now=at(2))
    assert (len(result.changes), [one.people for one in result.capped]) == (2, [5])
    confirmed = Sync(store).confirm("recall", "Grace", "they all have one", people=4, now=at(2))
    assert (confirmed.silenced, len(held(store))) == (4, 4)
    assert first <= held(store), "who was held stays held"
    confirmed = Sync(store).confirm("recall", "Hopper", "and so has the last", now=at(2))
    assert (confirmed.is_capped, held(store)) == (False, set(NAMES))
    assert confirmed.reach == Reach("recall", 5, "Hopper", "and so has the last", at(2))
    assert Sync(store).push(audience(*NAMES), STARTER, OFFER, dry_run=True, now=at(2)).capped == ()


def test_what_was_confirmed_is_confirmed_for_so_many(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)), cap=0)
    assert held(store) == set()
    Sync(store).confirm("recall", "Grace", "one saw", now=at(1))
    put(store, [order("o3", "eve", "saw", 2)], 2)
    [after] = Sync(store).refresh_incidents(now=at(2))
    assert (after.people, after.silenced, held(store)) == (2, 1, {"carol"})


def test_another_cohort_has_a_cap_again(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)), cap=None)
    after = Sync(store).change_incident("recall", cohort=Cohort(products=("saw", "axe")), cap=1, now=at(2))
    assert (after.people, after.silenced, after.reach.by) == (2, 1, None)


def test_everybody_is_held_only_when_that_was_confirmed(store: MemoryStore) -> None:
    opened = open_hold(store, EVERYBODY, cap=3)
    assert (opened.people, opened.silenced, opened.is_capped) == (None, 3, True)
    assert (len(held(store)), held(store, ("stranger",))) == (3, set())
    Sync(store).confirm("recall", "Grace", "the whole shop is closed", now=at(1))
    assert held(store, (*NAMES, "stranger")) == {*NAMES, "stranger"}


def test_the_hold_of_a_service_on_an_account_waits_for_a_word_as_well(store: MemoryStore) -> None:
    many = [contact(f"m{n}", 0, f"p{n}@shop.example", account_ids=("big",)) for n in range(CAP + 5)]
    put(store, [*many, wide("h1", 1, account_ids=("desk/big",))], 1)
    names = tuple(f"p{n}" for n in range(CAP + 5))
    assert len(held(store, names)) == CAP
    result = Sync(store).push(audience("ada"), STARTER, OFFER, dry_run=True, now=at(2))
    assert [(one.hold.id, one.people, one.silenced) for one in result.capped] == [("h1", CAP + 5, CAP)]
    Sync(store).confirm("desk/h1", "Grace", "their plant is on fire", now=at(2))
    assert len(held(store, names)) == CAP + 5


def test_an_urgent_issue_silences_a_large_account_only_as_far_as_somebody_answers_for(store: MemoryStore) -> None:
    names = tuple(f"p{n}" for n in range(CAP + 5))
    put(store, [contact(f"m{n}", 0, address(one), account_ids=("big",)) for n, one in enumerate(names)], 1)
    put(store, [issue("1", 0, priority="urgent", account_id="big", requester_email="boss@big.example")], 1)
    assert len(held(store, names)) == CAP
    result = Sync(store).push(audience("ada"), STARTER, OFFER, dry_run=True, now=at(2))
    assert [(one.hold.id, one.people, one.silenced) for one in result.capped] == [("account:desk/big", CAP + 5, CAP)]
    own_issues = Policy.starter(account_priorities=("urgent",)).model_copy(update={"rules": ()})
    assert Sync(store).push(audience("ada"), own_issues, OFFER, dry_run=True, now=at(2)).capped == ()
    after = Sync(store).confirm("account:desk/big", "Grace", "their plant is down", now=at(2))
    assert (after.is_capped, len(held(store, names))) == (False, CAP + 5)


@given(
    people=st.integers(0, 12),
    cap=st.integers(0, 8),
    confirmed=st.one_of(st.none(), st.integers(0, 12)),
    part=st.integers(1, 4),
)
def test_never_more_are_held_than_somebody_answers_for(people: int, cap: int, confirmed: int | None, part: int) -> None:
    before, incident_module.PART = incident_module.PART, part
    names = tuple(f"p{n}" for n in range(people))
    try:
        with MemoryStore() as store:
            store.expect(DESK, "fake", ["issues"])
            store.apply(page([issue("1", 0)], 1, ended=True))
            put(store, [order(f"o{n}", one, "saw") for n, one in enumerate(names)], 1)
            open_hold(store, Cohort(products=("saw",)), cap=cap)
            assert len(held(store, names)) == min(people, cap)
            first = held(store, names)
            if confirmed is not None:
                Sync(store).confirm("recall", "Grace", "sure", people=confirmed, now=at(1))
                assert len(held(store, names)) == min(people, confirmed)
                assert first <= held(store, names) or confirmed < cap
            Sync(store).lift("recall", now=at(2))
            assert held(store, names, hours=2) == set(), "nobody is silenced for ever"
    finally:
        incident_module.PART = before


# What is refused, and what fails


def test_what_cannot_be_is_refused(store: MemoryStore) -> None:
    sync = Sync(store)
    some = Cohort(products=("saw",))
    refused: list[tuple[str, Any]] = [
        ("nobody is meant", lambda: sync.open_incident(Cohort(), "x", "Grace")),
        ("reason and the name", lambda: sync.open_incident(some, " ", "Grace")),
        ("reason and the name", lambda: sync.open_incident(some, "x", " ")),
        ("lies ahead", lambda: sync.open_incident(some, "x", "Grace", expires_at=at(1), now=at(1))),
        ("letters, digits", lambda: sync.open_incident(some, "x", "Grace", id="a.b")),
        ("letters, digits", lambda: sync.open_incident(some, "x", "Grace", id="stop")),
        ("no hold over a cohort", lambda: sync.change_incident("recall", reason="x")),
        ("no hold on accounts", lambda: sync.confirm("recall", "Grace", "x")),
        ("negative", lambda: sync.open_incident(some, "x", "Grace", cap=-1)),
        ("negative", lambda: sync.change_incident("recall", cap=-1)),
        ("negative", lambda: sync.confirm("recall", "Grace", "x", people=-1)),
        ("identifier", lambda: sync.open_incident(Cohort(people=("ada",)), "x", "Grace")),
    ]
    for words, call in refused:
        with pytest.raises(DataInvalid, match=words):
            call()
    assert not list(store.events(source=OWN_SOURCE))
    open_hold(store, some)
    with pytest.raises(DataInvalid, match="already"):
        open_hold(store, some)
    sync.lift("recall", now=at(2))
    with pytest.raises(DataInvalid, match="lifted already"):
        sync.confirm("recall", "Grace", "x", now=at(2))


class Faulty(MemoryStore):
    """A store that fails once, at a call of one's choice."""

    calls: int = 0
    fails_at: int = 0

    def __getattribute__(self, name: str) -> Any:
        if name in ("apply", "hold", "parts", "members", "wide_holds", "acquire", "confirm"):
            type(self).calls += 1
            if type(self).calls == type(self).fails_at:
                raise StoreUnavailable("made up for a test")
        return super().__getattribute__(name)


def test_a_fault_at_any_call_leaves_the_hold_as_it_was_or_as_it_was_to_be() -> None:
    cohort = Cohort(products=("saw",), people=(address("eve"),))
    faults = 0
    for fails_at in range(1, 40):
        with Faulty() as store:
            store.expect(DESK, "fake", ["issues"])
            store.apply(page([], 1, ended=True))
            put(store, [order("o1", "carol", "saw"), order("o2", "dora", "saw")], 1)
            Faulty.calls, Faulty.fails_at = 0, fails_at
            steps: list[Callable[[], object]] = [
                lambda: open_hold(store, cohort, cap=1),
                lambda: Sync(store).confirm("recall", "Grace", "sure", now=at(1)),
                lambda: Sync(store).lift("recall", now=at(2)),
            ]
            expected = [({"eve"}, 2), ({"eve", "carol", "dora"}, 2), (set[str](), 2)]
            for step, (after, hours) in zip(steps, expected, strict=True):
                before = held(store, hours=hours)
                try:
                    step()
                except StoreUnavailable:
                    faults += 1
                    assert held(store, hours=hours) in (before, after)
                    Faulty.fails_at = 0
                    if held(store, hours=hours) != after:
                        step()
                assert held(store, hours=hours) == after
            if Faulty.calls < fails_at:
                break
    else:
        pytest.fail("more calls than expected")
    assert faults >= 10


def test_two_changes_at_once_do_not_undo_each_other(store: MemoryStore) -> None:
    open_hold(store, Cohort(products=("saw",)))
    taken = store.acquire("hold:recall", "another run", at(0), timedelta(days=36_500))
    with pytest.raises(Exception, match="another run holds"):
        Sync(store).lift("recall", now=at(2))
    store.surrender(taken)
    Sync(store).lift("recall", now=at(2))


def test_the_same_can_be_done_asynchronously(store: MemoryStore) -> None:
    async def story() -> None:
        sync = AsyncSync(store)
        await sync.open_incident(Cohort(products=("saw",)), "a recall", "Grace", id="recall", cap=0, now=at(1))
        await sync.confirm("recall", "Grace", "sure", now=at(1))
        await sync.change_incident("recall", reason="a fire", now=at(1))
        assert [one.people for one in await sync.refresh_incidents(now=at(1))] == [1]
        assert held(store) == {"carol"}
        await sync.lift("recall", now=at(2))

    asyncio.run(story())
    assert held(store) == set()
