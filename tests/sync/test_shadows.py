"""Policies beside the one in force are asked the same, reported, and never in the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import pytest

from alignkit import AsyncSync, Gate, Policy, Sync
from alignkit.errors import PolicyInvalid, StoreUnavailable
from alignkit.models import Message
from alignkit.rules import Facts
from alignkit.rules.comparison import Change
from alignkit.rules.policy import Mode
from alignkit.stores import MemoryStore
from alignkit.sync import PushResult
from alignkit.sync.shadows import Shadows
from alignkit.testing.store.stories import DESK, at, page

from .fakes import OFFER, STARTER, FakeSink, address, ask, audience

EASY = Policy(name="easy", mode=Mode.SHADOW)
QUICK = Policy.starter(name="quick", mode="shadow", cool_down="1h")
WATCHED = Policy.starter(name="watched", mode="observe", only_priorities=["urgent"])
PEOPLE = ("ada", "bob", "carol")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob")], 1, ended=True))
        yield store


def push(store: MemoryStore, sink: FakeSink, policy: Policy = STARTER, **given: Any) -> PushResult:
    return Sync(store).push(sink, policy, OFFER, now=at(1), shadows=[EASY, WATCHED], **given)


def test_a_push_reports_what_its_shadows_would_have_done(store: MemoryStore) -> None:
    sink = audience(*PEOPLE)
    result = push(store, sink)
    easy, watched = result.shadows
    assert (easy.policy, easy.asked, easy.held) == ("easy", 3, 0)
    assert easy.compared is not None
    assert (easy.compared.before, easy.compared.changes) == ("starter", {Change.RELEASED: 2})
    assert easy.compared.by_rule == {"open-issue": {Change.RELEASED: 2}}
    assert [one.who for one in easy.compared.differences] == [f"email:{address(name)}" for name in ("ada", "bob")]
    assert (watched.policy, watched.asked, watched.held, watched.compared) == ("watched", 3, 0, None)
    assert sink.held == {address("ada"), address("bob")}, "the policy in force alone decides"
    assert json.dumps([one.to_dict() for one in result.shadows])


def test_without_shadows_nothing_is_reported(store: MemoryStore) -> None:
    assert Sync(store).push(audience(*PEOPLE), STARTER, OFFER, now=at(1)).shadows == ()


def test_a_dry_run_and_a_policy_that_only_looks_have_shadows_as_well(store: MemoryStore) -> None:
    sink = audience(*PEOPLE)
    dry = push(store, sink, dry_run=True)
    observed = push(store, sink, Policy.starter(mode="observe"))
    assert sink.calls == []
    assert [one.held for one in dry.shadows] == [one.held for one in observed.shadows] == [0, 0]
    assert dry.shadows[0].compared is not None
    assert dry.shadows[0].compared.changed == 2


def test_a_dry_run_in_a_stop_tells_what_comes_once_it_is_resumed(store: MemoryStore) -> None:
    Sync(store).stop("wrong prices", "Grace", now=at(1))
    result = push(store, audience(*PEOPLE), dry_run=True)
    assert [one.held for one in result.shadows] == [0, 0]


def test_asynchronous_pushing_reports_the_same(store: MemoryStore) -> None:
    told = push(store, audience(*PEOPLE), dry_run=True).shadows
    pushing = AsyncSync(store).push(audience(*PEOPLE), STARTER, OFFER, dry_run=True, shadows=[EASY, WATCHED], now=at(1))
    assert asyncio.run(pushing).shadows == told


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([Policy(name="easy")], "`easy` is to be asked beside `starter` and is in mode `enforce`"),
        ([EASY, EASY], "two policies have one name"),
        ([Policy(name="starter", mode=Mode.SHADOW)], "two policies have one name"),
    ],
)
def test_policies_that_cannot_be_told_apart_or_would_act_are_refused(
    store: MemoryStore, others: list[Policy], said: str
) -> None:
    sink = audience(*PEOPLE)
    with pytest.raises(PolicyInvalid, match=said):
        Sync(store).push(sink, STARTER, OFFER, now=at(1), shadows=others)
    assert sink.calls == []


class FailingStore(MemoryStore):
    """A store that answers nothing."""

    def ask(
        self, identifier: str, needs: AbstractSet[str], after: int | None = None
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        raise StoreUnavailable("the store did not take part")


def test_a_store_that_fails_in_front_of_a_shadow_is_counted(store: MemoryStore) -> None:
    decision = Gate(store, STARTER).decide(address("ada"), OFFER, now=at(1))
    with FailingStore() as failing:
        shadows = Shadows(failing, STARTER, [QUICK])
        shadows.ask(address("ada"), OFFER, decision, now=at(1))
        shadows.ask(address("ada"), Message(category="legal", channel="email"), decision, now=at(1))
    [seen] = shadows.report()
    assert (seen.failed, seen.asked) == (1, 1)
