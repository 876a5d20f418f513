"""Holds pushing to its laws: only differences, only what is ours, and never on the word of what is not known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alignkit import AsyncSync, Brake, Message, Policy, SQLiteStore, Sync
from alignkit.connectors.base import Capability, Result
from alignkit.errors import DataInvalid, LeaseHeld, PagingStuck, ServiceUnreachable
from alignkit.models import Category, Channel
from alignkit.rules.policy import Mode
from alignkit.stores import MemoryStore
from alignkit.stores.records import LedgerState
from alignkit.sync import PushResult
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, RENEWAL, STARTER, FakeSink, TellingSink, address, ask, audience

RESOLVED = 10
"""The hour at which issues are resolved; the cool-down of two days is over at hour 58."""
FREE_AGAIN = 59


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def know(store: MemoryStore, hours: float, *events: Any) -> None:
    """Takes events in as a pull would, whatever was read before."""
    store.expect(DESK, "fake", ["issues"])
    store.apply(page(events, hours, ended=True))


def push(store: MemoryStore, sink: FakeSink, hours: float = 1, message: Message = OFFER, **given: Any) -> PushResult:
    return Sync(store).push(sink, given.pop("policy", STARTER), message, now=at(hours), **given)


def standing(store: MemoryStore) -> dict[str, str]:
    return {row.address: f"{row.direction} {row.state.value}" for row in store.ledger("list")}


def test_only_differences_are_sent(store: MemoryStore) -> None:
    sink = audience("ada", "bob", "carol", "dora")
    know(store, 1, ask("ada"), ask("carol"))
    first = push(store, sink)
    assert sink.held == {address("ada"), address("carol")}
    assert (first.audience, first.held, first.tally) == (4, 2, {"hold confirmed": 2})
    sink.calls.clear()
    again = push(store, sink, 1.5)
    assert (again.changes, again.held, again.tally, sink.calls) == ((), 2, {}, [])
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"), ask("bob", RESOLVED))
    know(store, FREE_AGAIN)
    third = push(store, sink, FREE_AGAIN)
    assert sink.calls == [("release", address("ada")), ("hold", address("bob"))]
    assert [change.address for change in third.releases] == [address("ada")]
    assert standing(store) == {address("bob"): "hold confirmed", address("carol"): "hold confirmed"}


def test_everybody_gets_back_what_they_had(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    before = json.dumps({one: vars(member) for one, member in sink.people.items()})
    know(store, 1, ask("ada"), ask("bob"))
    push(store, sink)
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob")))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert json.dumps({one: vars(member) for one, member in sink.people.items()}) == before


def test_two_kinds_of_message_do_not_release_each_others_holds(store: MemoryStore) -> None:
    lenient = Policy.starter(held_categories=(Category.RENEWAL,))
    sink = audience("ada")
    know(store, 1, ask("ada"))
    push(store, sink)
    push(store, sink, 1, RENEWAL)
    assert {cause.scope for cause in store.causes("list")} == {"promotional/email", "renewal/email"}
    released = push(store, sink, 1, OFFER, policy=lenient)
    assert [change.direction for change in released.changes] == ["release"]
    assert sink.held == {address("ada")}, "renewals still wait"
    assert {cause.scope for cause in store.causes("list")} == {"renewal/email"}
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN, RENEWAL)
    assert sink.held == set(), "the last cause is gone"
    assert standing(store) == {}


def test_a_hold_for_a_second_kind_of_message_is_not_sent_twice(store: MemoryStore) -> None:
    sink = audience("ada")
    know(store, 1, ask("ada"))
    push(store, sink)
    second = push(store, sink, 1, RENEWAL)
    assert sink.calls == [("hold", address("ada"))]
    assert [change.direction for change in second.changes] == ["hold"]
    assert second.tally == {}


def test_holds_of_others_and_the_silent_are_never_touched(store: MemoryStore) -> None:
    sink = audience("ada", "bob", "carol")
    sink.people[address("ada")].held_by = "a colleague"
    sink.people[address("bob")].is_silent = True
    know(store, 1, ask("ada"), ask("bob"), ask("carol"))
    push(store, sink)
    result = push(store, sink)
    assert result.changes == (), "who cannot be held is no difference either"
    assert result.tally == {"hold foreign": 2}
    assert (sink.held, result.held) == ({address("carol")}, 1)
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob", "carol")))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert sink.calls == [("hold", address("carol")), ("release", address("carol"))]
    assert sink.people[address("ada")].held_by == "a colleague"


def test_a_person_who_fell_silent_while_held_is_left_so(store: MemoryStore) -> None:
    sink = audience("ada")
    know(store, 1, ask("ada"))
    push(store, sink)
    sink.people[address("ada")].held_by, sink.people[address("ada")].is_silent = "", True
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert sink.calls == [("hold", address("ada"))]
    assert sink.people[address("ada")].is_silent
    assert standing(store) == {}


def test_a_person_who_left_is_struck(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    know(store, 1, ask("ada"))
    push(store, sink)
    del sink.people[address("ada")]
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    result = push(store, sink, FREE_AGAIN)
    assert result.tally == {"release absent": 1}
    assert standing(store) == {}
    assert not list(store.causes("list"))


# The brake, and runs that only look


def test_the_brake_stops_a_run_before_its_first_change(store: MemoryStore) -> None:
    names = [f"p{number:02}" for number in range(20)]
    sink = audience(*names)
    know(store, 1, *(ask(name) for name in names[:6]))
    braked = push(store, sink, brake=Brake(floor=5, share=0.25))
    assert braked.braked is not None
    assert "6 people" in braked.braked
    assert (len(braked.changes), sink.calls, standing(store)) == (6, [], {})
    assert push(store, sink, brake=Brake(floor=6, share=0.25)).braked is None
    assert len(sink.held) == 6


@pytest.mark.parametrize(("brake", "limit"), [(Brake(), 100), (Brake(floor=0, share=0.5), 10), (Brake(3, 0.25), 5)])
def test_the_floor_lets_small_lists_through(brake: Brake, limit: int) -> None:
    assert brake.limit(20) == limit


def test_who_cannot_be_held_does_not_pull_the_brake(store: MemoryStore) -> None:
    sink = audience("ada", "bob", "carol")
    for name in ("ada", "bob"):
        sink.people[address(name)].is_silent = True
    know(store, 1, *(ask(name) for name in ("ada", "bob", "carol")))
    assert push(store, sink, brake=Brake(floor=1, share=0)).braked is None


def test_without_a_brake_everything_goes_through(store: MemoryStore) -> None:
    names = [f"p{number:03}" for number in range(120)]
    know(store, 1, *(ask(name) for name in names))
    sink = audience(*names)
    assert push(store, sink).braked is not None
    assert push(store, sink, brake=None).braked is None
    assert len(sink.held) == 120


def contents(path: Path) -> list[str]:
    import sqlite3

    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize("mode", [None, Mode.OBSERVE, Mode.SHADOW])
def test_a_dry_run_and_a_policy_that_only_looks_change_nothing(tmp_path: Path, mode: Mode | None) -> None:
    path = tmp_path / "align.db"
    with SQLiteStore(path) as store:
        sink = audience("ada", "bob")
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob")], 1, ended=True))
        push(store, sink, policy=Policy.starter())  # type: ignore[arg-type] # any store will do
        store.apply(page([ask("ada", 1, "resolved")], FREE_AGAIN, ended=True))
        store.apply(page([ask("carol")], FREE_AGAIN, ended=True))
        sink.people[address("carol")] = type(sink.people[address("ada")])()
        before, sink.calls = contents(path), []
        policy = Policy.starter(mode=mode) if mode else STARTER
        result = push(store, sink, FREE_AGAIN, policy=policy, dry_run=mode is None)  # type: ignore[arg-type]
        assert result.dry_run
        assert [change.address for change in result.releases] == [address("ada")]
        assert [change.address for change in result.holds] == [address("carol")]
        assert "open issue" in result.holds[0].reason
        assert sink.calls == []
        assert contents(path) == before


# What is not known


def test_a_source_that_was_never_read_neither_holds_nor_releases(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    know(store, 1, ask("ada"))
    push(store, sink)
    store.expect("crm", "fake", ["people"])
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    result = push(store, sink, FREE_AGAIN)
    assert (result.changes, result.undecided, result.held) == ((), 2, 1)
    assert sink.held == {address("ada")}


def test_without_any_source_nobody_is_held(store: MemoryStore) -> None:
    sink = audience("ada")
    assert push(store, sink).undecided == 1
    assert sink.calls == []


def test_a_stale_source_neither_holds_nor_releases_where_the_policy_holds_on_stale(store: MemoryStore) -> None:
    request = Message(category=Category.SOLICITATION, channel=Channel.EMAIL)
    sink = audience("ada", "bob")
    know(store, 1, ask("ada"))
    push(store, sink, 1, request)
    assert sink.held == {address("ada")}
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    result = push(store, sink, FREE_AGAIN, request)
    assert (result.changes, result.undecided) == ((), 2)


def test_a_cool_down_does_not_run_out_on_stale_data(store: MemoryStore) -> None:
    sink = audience("ada")
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    push(store, sink, RESOLVED + 1)
    assert sink.held == {address("ada")}
    push(store, sink, FREE_AGAIN)
    assert sink.held == {address("ada")}, "nobody has looked since"
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert sink.held == set()


# Destinations of all kinds


def test_a_destination_that_cannot_say_who_is_there_gets_everybody_who_is_known(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.lists = False
    know(store, 1, ask("ada"), ask("zoe"))
    result = push(store, sink)
    assert sink.held == {address("ada")}
    assert result.tally == {"hold absent": 1, "hold confirmed": 1}


def test_addresses_that_are_none_are_counted_and_left_alone(store: MemoryStore) -> None:
    sink = FakeSink("not an address", "Ada@Shop.Example")
    know(store, 1, ask("ada"))
    result = push(store, sink)
    assert (result.unreadable, result.audience, sink.held) == (1, 1, {"Ada@Shop.Example"})


def test_a_list_that_goes_round_in_a_circle_ends_the_run(store: MemoryStore) -> None:
    sink = audience("ada", "bob", "carol", "dora", "eve")
    sink.repeats_its_cursor = True
    with pytest.raises(PagingStuck):
        push(store, sink)


def test_a_refused_hold_is_kept_with_what_was_said_and_tried_again(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.results = {address("ada"): Result.REJECTED}
    know(store, 1, ask("ada"), ask("bob"))
    first = push(store, sink)
    assert first.tally == {"hold confirmed": 1, "hold rejected": 1}
    assert [(one.address, one.detail) for one in first.rejected] == [(address("ada"), "no means no")]
    assert [change.address for change in first.done] == [address("bob")]
    assert first.held == 1
    assert standing(store) == {address("ada"): "hold rejected", address("bob"): "hold confirmed"}
    assert {hold.identifiers for hold in store.holds()} == {(f"email:{address('bob')}",)}
    sink.calls.clear()
    again = push(store, sink, brake=Brake(floor=0, share=0))
    assert (again.changes, again.braked, again.held, len(again.rejected)) == ((), None, 1, 1)
    assert sink.calls == [("hold", address("ada"))]
    looked = push(store, sink, dry_run=True)
    assert (looked.changes, looked.held) == ((), 1)
    sink.results = {}
    assert push(store, sink).rejected == ()
    assert sink.held == {address("ada"), address("bob")}


def test_a_refused_hold_is_over_with_its_cause_and_is_no_release(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.results = {address("ada"): Result.REJECTED}
    know(store, 1, ask("ada"), ask("bob"))
    push(store, sink)
    push(store, sink, 1, RENEWAL)
    sink.calls.clear()
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob")))
    know(store, FREE_AGAIN)
    assert [one.address for one in push(store, sink, FREE_AGAIN).releases] == [address("bob")]
    assert list(standing(store)) == [address("ada"), address("bob")], "renewals still wait"
    push(store, sink, FREE_AGAIN, RENEWAL)
    assert (standing(store), list(store.causes("list"))) == ({}, [])
    assert sink.calls == [("release", address("bob"))]


def test_a_refused_hold_on_somebody_who_fell_silent_is_over(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): Result.REJECTED}
    know(store, 1, ask("ada"))
    push(store, sink)
    sink.people[address("ada")].is_silent = True
    assert push(store, sink).rejected == ()
    assert (standing(store), list(store.causes("list"))) == ({}, [])


def test_who_could_not_be_held_or_released_is_told(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.results = {address("ada"): Result.RETRY}
    know(store, 1, ask("ada"), ask("bob"))
    for changes in (2, 0):
        result = push(store, sink)
        assert (len(result.changes), result.held) == (changes, 1)
        assert [(one.address, one.direction, one.state) for one in result.open] == [
            (address("ada"), "hold", LedgerState.INTENDED)
        ]
    sink.results = {}
    assert push(store, sink).held == 2
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob")))
    know(store, FREE_AGAIN)
    sink.results = {address("ada"): Result.RETRY, address("bob"): Result.REJECTED}
    result = push(store, sink, FREE_AGAIN)
    assert (len(result.releases), result.done, result.held) == (2, (), 2), "both are still silent"
    assert [one.address for one in result.open] == [address("ada")]
    assert [one.address for one in result.rejected] == [address("bob")]


def test_a_refused_release_keeps_its_row_and_is_tried_again(store: MemoryStore) -> None:
    sink = audience("ada")
    know(store, 1, ask("ada"))
    push(store, sink)
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    for result in (Result.REJECTED, Result.RETRY):
        sink.results = {address("ada"): result}
        push(store, sink, FREE_AGAIN)
        assert list(standing(store)) == [address("ada")]
        assert list(store.causes("list"))
    sink.results = {}
    push(store, sink, FREE_AGAIN)
    assert (sink.held, standing(store), list(store.causes("list"))) == (set(), {}, [])
    assert sink.people[address("ada")].preferences == {"digest": 0}


@pytest.mark.parametrize("result", [Result.ACCEPTED, Result.UNVERIFIABLE])
def test_what_a_destination_said_is_kept(store: MemoryStore, result: Result) -> None:
    sink = audience("ada")
    sink.results = {address("ada"): result}
    know(store, 1, ask("ada"))
    push(store, sink)
    assert standing(store) == {address("ada"): f"hold {result.value}"}


def test_every_row_of_a_batch_ends_in_one_result(store: MemoryStore) -> None:
    names = [f"p{number}" for number in range(len(Result))]
    sink = audience(*names)
    sink.results = {address(name): result for name, result in zip(names, Result, strict=True)}
    know(store, 1, *(ask(name) for name in names))
    assert sum(push(store, sink).tally.values()) == len(names)


# Batches that a destination works on by itself


def test_a_submitted_batch_is_asked_after_until_it_is_done(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    sink.works_by_itself = True
    know(store, 1, ask("ada"), ask("bob"))
    first = push(store, sink)
    assert (first.tally, first.held, first.done, len(first.open)) == ({"submitted": 2}, 0, (), 2)
    second = push(store, sink)
    assert (second.tally, len(second.open)) == ({}, 2), "still at work"
    assert {row.state for row in store.ledger("list")} == {LedgerState.SUBMITTED}
    assert {row.handle for row in store.ledger("list")} == {"job-0"}
    sink.finish()
    assert push(store, sink).tally == {"hold confirmed": 2}
    assert len(sink.calls) == 2
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob")))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert {row.direction for row in store.ledger("list")} == {"release"}
    sink.finish()
    push(store, sink, FREE_AGAIN)
    assert (sink.held, standing(store)) == (set(), {})


def test_nobody_is_held_and_released_at_once(store: MemoryStore) -> None:
    sink = audience("ada")
    sink.works_by_itself = True
    know(store, 1, ask("ada"))
    push(store, sink)
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    know(store, FREE_AGAIN)
    push(store, sink, FREE_AGAIN)
    assert sink.calls == [("hold", address("ada"))], "the hold is still on its way"
    sink.finish()
    push(store, sink, FREE_AGAIN)
    assert sink.calls == [("hold", address("ada")), ("release", address("ada"))]


# Destinations that say why

SAYS = (address("ada"), address("bob"))


def causes(store: MemoryStore, name: str = "ada") -> dict[str, tuple[str, Any]]:
    return {
        cause.scope: (cause.reason, cause.until) for cause in store.causes("list") if cause.address == address(name)
    }


def test_a_reason_that_changed_is_told_where_reasons_are_kept(store: MemoryStore) -> None:
    sink = TellingSink(*SAYS)
    know(store, 1, ask("ada"), ask("bob"))
    push(store, sink)
    first = sink.told[address("ada")]
    assert "open issue" in first[0]
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    looked = push(store, sink, RESOLVED, dry_run=True)
    assert (looked.changes, sink.told[address("ada")]) == ((), first)
    result = push(store, sink, RESOLVED)
    assert (result.changes, result.tally, result.held) == ((), {"amend confirmed": 1}, 2)
    assert sink.told[address("ada")] == causes(store)["promotional/email"]
    assert "resolved" in sink.told[address("ada")][0]
    assert sink.told[address("ada")][1] == at(RESOLVED + 48)
    assert sink.calls == [("hold", address("ada")), ("hold", address("bob"))], "nobody was held anew"
    assert push(store, sink, RESOLVED).tally == {}


def test_a_later_end_for_the_same_reason_is_told(store: MemoryStore) -> None:
    sink = TellingSink(*SAYS)
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    push(store, sink, RESOLVED, policy=Policy.starter(cool_down="48h"))
    push(store, sink, RESOLVED, policy=Policy.starter(cool_down="72h"))
    assert sink.told[address("ada")][1] == at(RESOLVED + 72)


def test_data_that_is_too_old_changes_no_reason(store: MemoryStore) -> None:
    sink = TellingSink(*SAYS)
    know(store, 1, ask("ada"))
    push(store, sink)
    before = causes(store)
    for hours in (20, 30):
        assert push(store, sink, hours).tally == {}
    assert (causes(store), sink.told[address("ada")]) == (before, before["promotional/email"])


def test_the_reason_that_lasts_longest_is_told_of_several(store: MemoryStore) -> None:
    short, long = Policy.starter(cool_down="12h"), Policy.starter(cool_down="72h")
    sink = TellingSink(*SAYS)
    know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
    for message, policy in ((OFFER, long), (RENEWAL, short), (RENEWAL, short)):
        push(store, sink, RESOLVED, message, policy=policy)
        assert sink.told[address("ada")][1] == at(RESOLVED + 72)
    know(store, RESOLVED + 1)
    lenient = Policy.starter(held_categories=(Category.RENEWAL,))
    result = push(store, sink, RESOLVED + 1, OFFER, policy=lenient)
    assert result.tally == {"amend confirmed": 1}
    assert sink.told[address("ada")][1] == at(RESOLVED + 12), "renewals alone wait"
    assert list(causes(store)) == ["renewal/email"]


def test_what_could_not_be_told_is_told_by_the_next_run(store: MemoryStore) -> None:
    sink = TellingSink(*SAYS)
    know(store, 1, ask("ada"), ask("bob"))
    push(store, sink)
    know(store, RESOLVED, *(ask(name, RESOLVED, "resolved") for name in ("ada", "bob")))
    sink.unwilling = {address("ada")}
    assert push(store, sink, RESOLVED).tally == {"amend confirmed": 1, "amend retry": 1}
    assert "open issue" in causes(store)["promotional/email"][0]

    def fail(step: str) -> None:
        if step == "after amend":
            raise ServiceUnreachable("nobody answers")

    sink.unwilling, sink.hook = set(), fail
    with pytest.raises(ServiceUnreachable):
        push(store, sink, RESOLVED)
    sink.hook = None
    assert push(store, sink, RESOLVED).tally == {"amend confirmed": 1}
    assert sink.told[address("ada")] == causes(store)["promotional/email"]


# What is refused


def test_messages_that_always_go_out_cannot_be_pushed(store: MemoryStore) -> None:
    with pytest.raises(DataInvalid, match="transactional"):
        push(store, audience("ada"), 1, Message(category=Category.TRANSACTIONAL, channel=Channel.EMAIL))


class OneWaySink(FakeSink):
    capabilities = frozenset({Capability.HOLD})


def test_a_destination_that_cannot_release_gets_no_holds(store: MemoryStore) -> None:
    with pytest.raises(DataInvalid, match="cannot release"):
        push(store, OneWaySink("ada@shop.example"))


def test_two_runs_never_push_to_one_destination_at_once(store: MemoryStore) -> None:
    store.acquire("push:list", "elsewhere/1/x", at(0) + timedelta(days=3650), timedelta(days=1))
    know(store, 1, ask("ada"))
    sink = audience("ada")
    with pytest.raises(LeaseHeld):
        push(store, sink)
    assert sink.calls == []
    assert push(store, sink, dry_run=True).holds, "a dry run needs no lease"


def test_asynchronous_pushing_does_the_same() -> None:
    results: list[Any] = []
    for is_async in (False, True):
        with MemoryStore() as store:
            sink = audience("ada", "bob", "carol", "dora")
            sink.people[address("dora")].is_silent = True
            know(store, 1, ask("ada"), ask("carol"), ask("dora"))
            for hours in (1, FREE_AGAIN):
                if is_async:
                    result = asyncio.run(AsyncSync(store).push(sink, STARTER, OFFER, now=at(hours)))
                else:
                    result = push(store, sink, hours)
                results.append((is_async, result, sink.calls[:], standing(store)))
                know(store, RESOLVED, ask("ada", RESOLVED, "resolved"))
                know(store, FREE_AGAIN)
    assert [one[1:] for one in results if one[0]] == [one[1:] for one in results if not one[0]]
    assert results[-1][2] == [
        ("hold", address("ada")),
        ("hold", address("carol")),
        ("release", address("ada")),
    ]
