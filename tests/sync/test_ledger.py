"""Holds the ledger to its promise: every hold has its row, and whatever a dead run left open is settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alignkit import Policy, Sync
from alignkit.connectors.base import Result
from alignkit.errors import LeaseHeld
from alignkit.stores import MemoryStore
from alignkit.stores.records import IN_PLACE, LedgerState
from alignkit.sync.ledger import last_to_end
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, RENEWAL, STARTER, FakeSink, TellingSink, address, ask, audience


class Died(BaseException):
    """Stands for the end of a process; nothing catches it."""


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob")], 1, ended=True))
        yield store


def push(store: MemoryStore, sink: FakeSink, hours: float = 1, **given: Any) -> Any:
    return Sync(store).push(sink, STARTER, OFFER, now=at(hours), **given)


def resolve(store: MemoryStore) -> None:
    store.apply(page([ask(name, 10, "resolved") for name in ("ada", "bob")], 59, ended=True))


def die(sink: FakeSink, step: str) -> None:
    """Ends the next run at this step of the destination."""

    def hook(name: str) -> None:
        if name == step:
            sink.hook = None
            raise Died

    sink.hook = hook


def states(store: MemoryStore) -> set[str]:
    return {f"{row.direction} {row.state.value}" for row in store.ledger("list")}


def test_an_intent_is_written_before_a_hold_is_asked_for(store: MemoryStore) -> None:
    sink = audience("ada")
    die(sink, "before hold")
    with pytest.raises(Died):
        push(store, sink)
    assert states(store) == {"hold intended"}
    assert [cause.address for cause in store.causes("list")] == [address("ada")]


@pytest.mark.parametrize("step", ["before hold", "after hold"])
def test_a_hold_that_was_interrupted_is_settled_by_the_next_run(store: MemoryStore, step: str) -> None:
    sink = audience("ada", "bob")
    die(sink, step)
    with pytest.raises(Died):
        push(store, sink)
    push(store, sink)
    assert sink.held == {address("ada"), address("bob")}
    assert states(store) == {"hold confirmed"}
    assert sink.calls.count(("hold", address("ada"))) == 1


def test_a_hold_that_is_done_again_gives_back_the_preferences_of_that_day(store: MemoryStore) -> None:
    sink = audience("ada")
    die(sink, "before hold")
    with pytest.raises(Died):
        push(store, sink)
    sink.people[address("ada")].preferences = {"digest": "weekly"}
    push(store, sink)
    resolve(store)
    push(store, sink, 59)
    assert sink.people[address("ada")].preferences == {"digest": "weekly"}


def test_a_hold_on_somebody_who_fell_silent_meanwhile_is_given_up(store: MemoryStore) -> None:
    sink = audience("ada")
    die(sink, "before hold")
    with pytest.raises(Died):
        push(store, sink)
    sink.people[address("ada")].is_silent = True
    push(store, sink)
    assert states(store) == set()


@pytest.mark.parametrize("step", ["before release", "after release"])
def test_a_release_that_was_interrupted_is_settled_by_the_next_run(store: MemoryStore, step: str) -> None:
    sink = audience("ada", "bob")
    push(store, sink)
    resolve(store)
    die(sink, step)
    with pytest.raises(Died):
        push(store, sink, 59)
    push(store, sink, 59)
    assert sink.held == set()
    assert states(store) == set()
    assert not list(store.causes("list"))
    assert [member.preferences for member in sink.people.values()] == [{"digest": 0}, {"digest": 1}]


def test_a_release_that_was_half_done_is_ended(store: MemoryStore) -> None:
    sink = audience("ada")
    push(store, sink)
    resolve(store)
    die(sink, "before release")
    with pytest.raises(Died):
        push(store, sink, 59)
    sink.people[address("ada")].held_by, sink.people[address("ada")].preferences = "", {}
    push(store, sink, 59)
    assert sink.people[address("ada")].preferences == {"digest": 0}
    assert states(store) == set()


def test_an_interrupted_release_leaves_alone_who_opted_out_meanwhile(store: MemoryStore) -> None:
    sink = audience("ada")
    push(store, sink)
    resolve(store)
    die(sink, "before release")
    with pytest.raises(Died):
        push(store, sink, 59)
    sink.people[address("ada")].held_by, sink.people[address("ada")].is_silent = "", True
    sink.people[address("ada")].preferences = {"digest": "never"}
    push(store, sink, 59)
    assert ("release", address("ada")) not in sink.calls
    assert sink.people[address("ada")].preferences == {"digest": "never"}
    assert states(store) == set()


def test_what_a_destination_did_not_answer_for_is_tried_again(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): Result.RETRY}
    push(store, sink)
    [row] = store.ledger("list")
    assert (row.state, row.attempts) == (LedgerState.INTENDED, 1)
    push(store, sink)
    [row] = store.ledger("list")
    assert row.attempts == 2


def test_a_run_without_its_lease_asks_for_nothing(store: MemoryStore) -> None:
    sink = audience("ada")

    def take_over(name: str) -> None:
        if name == "members":
            store.acquire("push:list", "another", at(100_000), at(1) - at(0))

    sink.hook = take_over
    with pytest.raises(LeaseHeld):
        push(store, sink)
    assert sink.calls == []


class LedgerAndDestination(RuleBasedStateMachine):
    """People, issues, colleagues, crashes and opt-outs in any order; at the end everybody of ours goes free."""

    names = ("ada", "bob", "carol")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.store.expect(DESK, "fake", ["issues"])
        self.sink = TellingSink(*(address(name) for name in self.names))
        self.hours = 1.0
        self.know()

    def know(self, *events: Any) -> None:
        self.hours += 0.25
        self.store.apply(page(events, self.hours, ended=True))

    def push(self, message: Any) -> None:
        self.know()
        Sync(self.store).push(self.sink, Policy.starter(cool_down="0s"), message, now=at(self.hours))

    @rule(name=st.sampled_from(names), status=st.sampled_from(["open", "waiting_on_customer", "resolved"]))
    def issue_changes(self, name: str, status: str) -> None:
        self.know(ask(name, self.hours, status))

    @rule(message=st.sampled_from([OFFER, RENEWAL]))
    def runs(self, message: Any) -> None:
        self.push(message)

    @rule(
        message=st.sampled_from([OFFER, RENEWAL]),
        step=st.sampled_from(
            [
                "members",
                "look",
                *(f"{when} {what}" for what in ("hold", "amend", "release") for when in ("before", "after")),
            ]
        ),
    )
    def dies(self, message: Any, step: str) -> None:
        die(self.sink, step)
        try:
            self.push(message)
        except Died:
            pass
        self.sink.hook = None

    @rule(name=st.sampled_from(names), result=st.sampled_from([None, Result.RETRY, Result.REJECTED]))
    def destination_changes_its_mind(self, name: str, result: Result | None) -> None:
        self.sink.results = {} if result is None else {address(name): result}

    @rule(name=st.sampled_from(names))
    def opts_out(self, name: str) -> None:
        member = self.sink.people[address(name)]
        if member.held_by != "a colleague":
            member.held_by, member.is_silent = "", True

    @rule(name=st.sampled_from(names))
    def comes_back(self, name: str) -> None:
        self.sink.people[address(name)].is_silent = False

    @precondition(lambda self: not self.in_flight)
    @rule(name=st.sampled_from(names))
    def colleague_holds(self, name: str) -> None:
        member = self.sink.people[address(name)]
        if not member.held_by and address(name) not in self.rows:
            member.held_by = "a colleague"

    @property
    def rows(self) -> dict[str, str]:
        return {row.address: row.state.value for row in self.store.ledger("list")}

    @property
    def in_flight(self) -> bool:
        return any(row.state not in IN_PLACE for row in self.store.ledger("list"))

    @invariant()
    def no_hold_is_without_its_row(self) -> None:
        assert self.sink.held <= set(self.rows)

    @invariant()
    def no_row_is_without_its_cause(self) -> None:
        assert set(self.rows) == {cause.address for cause in self.store.causes("list")}

    def teardown(self) -> None:
        self.sink.results, self.sink.hook = {}, None
        for message in (OFFER, RENEWAL, OFFER, RENEWAL):
            self.push(message)
        said = {one: (cause.reason, cause.until) for one, cause in last_to_end(self.store.causes("list")).items()}
        assert {one: self.sink.told[one] for one in self.sink.held} == {one: said[one] for one in self.sink.held}
        colleagues = {one for one, member in self.sink.people.items() if member.held_by == "a colleague"}
        result = Sync(self.store).release(self.sink, now=at(self.hours))
        assert result.left == result.open == ()
        assert self.sink.held == set()
        assert self.rows == {}
        assert {one for one, member in self.sink.people.items() if member.held_by} == colleagues
        self.store.close()


TestLedgerAndDestination = LedgerAndDestination.TestCase
TestLedgerAndDestination.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
