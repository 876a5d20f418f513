"""Holds the pace to its laws: never more than it lets go, everybody in the end, who was held longest first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit import AsyncSync, Sync
from alignkit.errors import DataInvalid, StoreUnavailable
from alignkit.stores import MemoryStore
from alignkit.sync import Pace, PushResult
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, RENEWAL, STARTER, FakeSink, address, ask, audience

FREE = 59
"""The hour at which the cool-down is over."""


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def names(people: int) -> list[str]:
    return [f"p{number:03}" for number in range(people)]


def after_an_incident(store: MemoryStore, people: int, **given: Any) -> FakeSink:
    """A list where everybody was held for an issue that is over."""
    store.expect(DESK, "fake", ["issues"])
    store.apply(page([ask(one) for one in names(people)], 1, ended=True))
    sink = audience(*names(people), **given)
    Sync(store).push(sink, STARTER, OFFER, brake=None, now=at(1))
    store.apply(page([ask(one, 10, "resolved") for one in names(people)], FREE, ended=True))
    assert len(sink.held) == people
    sink.calls.clear()
    return sink


def push(store: MemoryStore, sink: FakeSink, pace: Pace, hours: float = FREE, **given: Any) -> PushResult:
    store.apply(page([], hours, ended=True))
    message = given.pop("message", OFFER)
    return Sync(store).push(sink, STARTER, message, pace=pace, brake=None, now=at(hours), **given)


def test_so_many_are_let_go_an_hour(store: MemoryStore) -> None:
    sink = after_an_incident(store, 7)
    pace = Pace(per_hour=3)
    first = push(store, sink, pace)
    assert (len(first.releases), first.held, len(sink.held)) == (3, 4, 4)
    assert first.paced is not None
    assert (first.paced.due, first.paced.now, first.paced.waiting) == (7, 3, 4)
    assert first.paced.next_at == at(FREE + 1)
    assert push(store, sink, pace, FREE + 0.9).releases == (), "the hour is not over"
    assert len(push(store, sink, pace, FREE + 1).releases) == 3
    last = push(store, sink, pace, FREE + 2)
    assert last.paced is not None
    assert (len(last.releases), last.paced.waiting, last.paced.next_at) == (1, 0, None)
    assert (sink.held, store.waves()) == (set(), [])


def test_a_growing_share_is_let_go_in_stages(store: MemoryStore) -> None:
    sink = after_an_incident(store, 30)
    pace = Pace(stages=(0.1, 0.5, 1.0), every=timedelta(hours=6))
    gone: list[int] = []
    for hours in (0, 3, 6, 7, 12):
        push(store, sink, pace, FREE + hours)
        gone.append(30 - len(sink.held))
    assert gone == [3, 3, 15, 15, 30]
    assert store.waves() == []


def test_few_people_need_no_stages(store: MemoryStore) -> None:
    sink = after_an_incident(store, 5)
    push(store, sink, Pace(stages=(0.1, 1.0), floor=5))
    assert sink.held == set()


def test_who_comes_due_meanwhile_joins_the_release(store: MemoryStore) -> None:
    sink = after_an_incident(store, 10)
    pace = Pace(stages=(0.5, 1.0), every=timedelta(hours=6), floor=0)
    push(store, sink, pace)
    late = [ask(f"q{number}", FREE) for number in range(4)]
    store.apply(page(late, FREE))
    for event in late:
        sink.people[address(event.subject.removeprefix("of-"))] = type(sink.people[address("p000")])()
    push(store, sink, pace, FREE + 1)
    store.apply(page([ask(f"q{number}", FREE, "resolved") for number in range(4)], FREE + 1))
    assert len(sink.held) == 9
    [wave] = store.waves()
    assert (wave.people, wave.released) == (10, 5)


def test_who_was_held_longest_goes_first(store: MemoryStore) -> None:
    store.expect(DESK, "fake", ["issues"])
    sink = audience("ada", "bob", "carol")
    for hours, name in ((1, "carol"), (2, "ada"), (3, "bob")):
        store.apply(page([ask(name, hours)], hours, ended=True))
        Sync(store).push(sink, STARTER, OFFER, now=at(hours))
    store.apply(page([ask(name, 10, "resolved") for name in ("ada", "bob", "carol")], FREE, ended=True))
    order: list[str] = []
    for hours in (0, 1, 2):
        [change] = push(store, sink, Pace(per_hour=1), FREE + hours).releases
        order.append(change.address)
    assert order == [address("carol"), address("ada"), address("bob")]


def test_a_dry_run_tells_the_same_and_uses_nothing_up(store: MemoryStore) -> None:
    sink = after_an_incident(store, 7)
    pace = Pace(per_hour=3)
    told = push(store, sink, pace, dry_run=True)
    assert push(store, sink, pace, dry_run=True) == told
    assert (len(told.releases), told.held, store.waves()) == (3, 4, [])
    done = push(store, sink, pace)
    assert done.changes == told.changes
    assert done.paced == told.paced


def test_holds_do_not_wait(store: MemoryStore) -> None:
    sink = after_an_incident(store, 3)
    push(store, sink, Pace(per_hour=1))
    store.apply(page([ask("new", FREE)], FREE))
    sink.people[address("new")] = type(sink.people[address("p000")])()
    push(store, sink, Pace(per_hour=1))
    assert address("new") in sink.held


def test_each_kind_of_message_has_its_own_pace(store: MemoryStore) -> None:
    sink = after_an_incident(store, 4)
    Sync(store).push(sink, STARTER, RENEWAL, now=at(1.5))
    assert len(push(store, sink, Pace(per_hour=2)).releases) == 2
    assert len(sink.held) == 4, "renewals still wait"
    assert len(push(store, sink, Pace(per_hour=3), message=RENEWAL).releases) == 3
    assert len(sink.held) == 2
    assert [(wave.scope, wave.released) for wave in store.waves()] == [("promotional/email", 2), ("renewal/email", 3)]


def test_the_brake_counts_only_whose_turn_it_is(store: MemoryStore) -> None:
    from alignkit import Brake

    sink = after_an_incident(store, 30)
    store.apply(page([], FREE, ended=True))
    braked = Sync(store).push(sink, STARTER, OFFER, brake=Brake(5, 0.1), now=at(FREE))
    assert braked.braked is not None
    through = Sync(store).push(sink, STARTER, OFFER, brake=Brake(5, 0.1), pace=Pace(per_hour=5), now=at(FREE))
    assert (through.braked, len(through.releases)) == (None, 5)


def test_a_run_that_was_braked_uses_nothing_up(store: MemoryStore) -> None:
    from alignkit import Brake

    sink = after_an_incident(store, 10)
    store.apply(page([], FREE, ended=True))
    for brake in (Brake(1, 0), None):
        Sync(store).push(sink, STARTER, OFFER, brake=brake, pace=Pace(per_hour=4), now=at(FREE))
    assert len(sink.held) == 6


class Died(BaseException):
    """Stands for the end of a process."""


@pytest.mark.parametrize("step", ["look", "before release", "after release"])
def test_a_run_that_dies_lets_fewer_go_and_never_more(store: MemoryStore, step: str) -> None:
    sink = after_an_incident(store, 9)
    met: list[str] = []

    def hook(name: str) -> None:
        met.append(name)
        if name == step and met.count(step) == 2:
            raise Died

    sink.hook = hook
    with pytest.raises(Died):
        push(store, sink, Pace(per_hour=5))
    sink.hook = None
    push(store, sink, Pace(per_hour=5))
    assert len(sink.held) >= 4
    for hours in (1, 2):
        push(store, sink, Pace(per_hour=5), FREE + hours)
    assert sink.held == set(), "and the others in their turn"


class Faulty(MemoryStore):
    """A store that fails once, at a call about pace of one's choice."""

    calls: int = 0
    fails_at: int = 0

    def __getattribute__(self, name: str) -> Any:
        if name in ("wave", "released_since", "keep_wave", "end_wave", "causes", "intend", "strike", "ledger"):
            type(self).calls += 1
            if type(self).calls == type(self).fails_at:
                raise StoreUnavailable("made up for a test")
        return super().__getattribute__(name)


def test_a_fault_at_any_call_lets_nobody_go_too_soon_and_keeps_nobody() -> None:
    pace = Pace(per_hour=2)
    faults = 0
    for fails_at in range(1, 60):
        Faulty.fails_at = 0
        with Faulty() as store:
            sink = after_an_incident(store, 5)
            Faulty.calls, Faulty.fails_at = 0, fails_at
            for _ in range(2):
                try:
                    push(store, sink, pace)
                except StoreUnavailable:
                    faults += 1
                assert len(sink.held) >= 3
            met, Faulty.fails_at = Faulty.calls, 0
            for hours in (1, 2, 3):
                push(store, sink, pace, FREE + hours)
            assert sink.held == set()
            if met < fails_at:
                break
    assert faults >= 10


@settings(max_examples=40)
@given(
    people=st.integers(1, 12),
    per_hour=st.one_of(st.none(), st.integers(1, 5)),
    stages=st.sampled_from([(), (1.0,), (0.1, 1.0), (0.2, 0.5, 1.0)]),
    steps=st.lists(st.sampled_from([0.2, 0.5, 1.0, 3.0]), max_size=8),
)
def test_nobody_goes_too_soon_and_nobody_waits_for_ever(
    people: int, per_hour: int | None, stages: tuple[float, ...], steps: list[float]
) -> None:
    pace = Pace(per_hour=per_hour, stages=stages, every=timedelta(hours=2), floor=0)
    with MemoryStore() as store:
        sink = after_an_incident(store, people)
        hours, gone = float(FREE), [(FREE - 2.0, 0)]
        for step in [*steps, *([1.0] * (people + 8))]:
            result = push(store, sink, pace, hours)
            gone.append((hours, people - len(sink.held)))
            recent = gone[-1][1] - max(count for moment, count in gone if moment <= hours - 1)
            assert per_hour is None or recent <= per_hour
            elapsed = int((hours - FREE) // 2)
            if stages:
                assert gone[-1][1] <= stages[min(elapsed, len(stages) - 1)] * people + 1
            assert result.paced is not None
            assert (result.paced.waiting > 0) == bool(sink.held)
            assert result.paced.next_at is None or result.paced.next_at > at(hours)
            hours += step
        assert sink.held == set()
        assert store.waves() == []


@pytest.mark.parametrize(
    "given",
    [
        {"per_hour": 0},
        {"stages": (0.5,)},
        {"stages": (0.5, 0.2, 1.0)},
        {"stages": (0.0, 1.0)},
        {"every": timedelta(0)},
        {"floor": -1},
    ],
)
def test_a_pace_that_would_keep_somebody_for_ever_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DataInvalid):
        Pace(**given)


def test_asynchronous_pushing_keeps_the_pace(store: MemoryStore) -> None:
    sink = after_an_incident(store, 5)
    store.apply(page([], FREE, ended=True))
    result = asyncio.run(AsyncSync(store).push(sink, STARTER, OFFER, pace=Pace(per_hour=2), now=at(FREE)))
    assert (len(result.releases), len(sink.held)) == (2, 3)
