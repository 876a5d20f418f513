"""A source that never worked holds nobody up, and one that is over can be taken leave of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alignkit import AsyncSync, Gate, Policy, Sync
from alignkit.errors import DataInvalid, LeaseHeld, ServiceUnreachable
from alignkit.models import Verdict
from alignkit.stores import MemoryStore
from alignkit.stores.records import OWN_SOURCE
from alignkit.testing.store.stories import DESK, TERM, at, contact, hold, issue, wide

from .fakes import OFFER, STARTER, FakeSource, address, ask, audience, desk

DAY = 24


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def pull(store: MemoryStore, source: FakeSource, hours: float = 1) -> Any:
    return Sync(store).pull(source, now=at(hours))


def verdict(store: MemoryStore, name: str, hours: float, policy: Policy = STARTER) -> Verdict:
    return Gate(store, policy).decide(address(name), OFFER, now=at(hours)).verdict


def test_a_trial_that_failed_keeps_nobody_held(store: MemoryStore) -> None:
    sink = audience("ada", "bob")
    pull(store, desk(ask("ada")))
    Sync(store).push(sink, STARTER, OFFER, now=at(1))
    trial = desk(name="tryout")
    trial.failures = [ServiceUnreachable("nobody answers")]
    with pytest.raises(ServiceUnreachable):
        pull(store, trial)
    assert [one.name for one in store.sources()] == [DESK]
    pull(store, desk(ask("ada"), ask("ada", 10, "resolved")), 3 * DAY)
    result = Sync(store).push(sink, STARTER, OFFER, now=at(3 * DAY))
    assert (result.undecided, sink.held) == (0, set())


def test_a_source_that_the_policy_expects_is_waited_for_however_its_first_pull_ended(store: MemoryStore) -> None:
    pull(store, desk(ask("ada")))
    policy = Policy.starter(expects=("crm",))
    decision = Gate(store, policy).decide(address("bob"), OFFER, now=at(1))
    assert (decision.verdict, decision.incomplete) == (Verdict.SUPPRESS, ("crm",))


def test_a_source_counts_from_its_first_page(store: MemoryStore) -> None:
    source = desk(*(ask(name) for name in ("ada", "bob", "carol")))
    Sync(store).pull(source, max_pages=2, now=at(1))
    assert store.watermarks() == {DESK: None}


def test_cool_downs_run_out_again_once_an_old_desk_is_retired(store: MemoryStore) -> None:
    pull(store, desk(ask("bob", source="old"), name="old"))
    late = 600 * DAY
    pull(store, desk(ask("ada"), ask("ada", late - 3 * DAY, "resolved")), late)
    assert verdict(store, "ada", late) is Verdict.SUPPRESS, "all is decided as of the old desk's last reading"
    retired = Sync(store).retire("old", close=True, now=at(late))
    assert (retired.issues, retired.holds, retired.is_closed) == (1, 0, True)
    assert verdict(store, "ada", late) is Verdict.SEND
    assert verdict(store, "bob", late) is Verdict.SEND


def test_issues_that_are_kept_go_on_counting(store: MemoryStore) -> None:
    pull(store, desk(ask("bob", source="old"), name="old"))
    pull(store, desk())
    assert Sync(store).retire("old", close=False, now=at(2)).issues == 1
    assert verdict(store, "bob", 2) is Verdict.SUPPRESS
    assert verdict(store, "ada", 2) is Verdict.SEND


def test_closing_ends_the_holds_that_a_source_told_of_and_nobody_elses(store: MemoryStore) -> None:
    source = desk(hold("h1", 0, address("ada")), wide("h2", 0, account_ids=("desk/a1",), opened_at=at(5)))
    source.told["users"] = [contact("u1", 0, address("carol"), account_ids=("a1",))]
    pull(store, source)
    Sync(store).hold(address("bob"), "asked for peace", now=at(1))
    assert Sync(store).retire(DESK, close=True, now=at(2)).holds == 2
    left = [one.source for one in store.holds() if one.released_at is None]
    assert left == [OWN_SOURCE]
    before = {one.id: one.released_at for one in store.holds()}
    store.refold()
    assert {one.id: one.released_at for one in store.holds()} == before


def test_closing_has_the_last_word_whatever_the_clocks_say(store: MemoryStore) -> None:
    pull(store, desk(issue("1", 500, requester_email=address("ada"))))
    Sync(store).retire(DESK, close=True, now=at(2))
    assert list(store.issues(active=True)) == []
    store.refold()
    assert list(store.issues(active=True)) == []


def test_a_name_whose_issues_were_closed_is_not_read_again(store: MemoryStore) -> None:
    pull(store, desk(ask("ada")))
    Sync(store).retire(DESK, close=True, now=at(2))
    with pytest.raises(DataInvalid, match="another `name`"):
        pull(store, desk(ask("ada")), 3)
    pull(store, desk(ask("ada", source="again"), name="again"), 3)
    assert verdict(store, "ada", 3) is Verdict.SUPPRESS


def test_a_source_that_was_kept_is_read_again_from_its_start(store: MemoryStore) -> None:
    source = desk(ask("ada"))
    pull(store, source)
    Sync(store).retire(DESK, close=False, now=at(2))
    assert pull(store, source, 3).repeated == 1
    assert store.watermarks() == {DESK: at(3)}


def test_only_a_source_that_nobody_is_reading_can_be_retired(store: MemoryStore) -> None:
    pull(store, desk(ask("ada")))
    store.acquire("pull:desk", "elsewhere/1/x", at(1_000_000), TERM)
    with pytest.raises(LeaseHeld):
        Sync(store).retire(DESK, close=True)
    assert store.counts()["active_issues"] == 1


@pytest.mark.parametrize("name", ["nowhere", OWN_SOURCE])
def test_what_is_no_source_cannot_be_retired(store: MemoryStore, name: str) -> None:
    Sync(store).hold(address("bob"), "asked for peace", now=at(1))
    with pytest.raises(DataInvalid):
        Sync(store).retire(name, close=True, now=at(2))
    assert [one.released_at for one in store.holds()] == [None]


def test_the_same_can_be_done_asynchronously(store: MemoryStore) -> None:
    pull(store, desk(ask("ada")))
    assert asyncio.run(AsyncSync(store).retire(DESK, close=True, now=at(2))).issues == 1
    assert store.sources() == []
