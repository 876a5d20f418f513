"""Holds the backlog to its laws: each message answered once, at most one of a backlog, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alignkit import Message, Policy, SQLiteStore, Sync
from alignkit.errors import DataInvalid, LeaseHeld, StoreUnavailable
from alignkit.models import Category, Channel, Outcome
from alignkit.rules import Effect, Rule
from alignkit.rules.conditions import AnyRow, RowTest
from alignkit.rules.policy import Mode
from alignkit.stores import MemoryStore
from alignkit.stores.records import DeferredState
from alignkit.sync import AsyncBacklog, Backlog, Became, Deferred, DueResult, Pace
from alignkit.testing.store.stories import DESK, at, contact, page

from .fakes import OFFER, RENEWAL, STARTER, address, ask

FREE = 59
"""The hour at which the cool-down after an issue that was resolved at hour 10 is over."""


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask("ada"), ask("bob"), ask("carol")], 1, ended=True))
        yield store


def resolve(store: SQLiteStore, *names: str, hours: float = FREE) -> None:
    store.apply(page([ask(name, 10, "resolved") for name in names], hours, ended=True))


def defer(store: MemoryStore, reference: str, name: str = "ada", hours: float = 1, **given: Any) -> Deferred:
    message = given.pop("message", OFFER)
    return Backlog(store, STARTER).defer(reference, address(name), message, now=at(hours), **given)


def due(store: SQLiteStore, hours: float = FREE, policy: Policy = STARTER, **given: Any) -> DueResult:
    return Backlog(store, policy).due(now=at(hours), **given)


def became(result: DueResult) -> dict[str, str]:
    return {one.reference: str(one.became) for one in result.answers}


def test_a_message_waits_until_the_hold_is_over_and_is_told_once(store: MemoryStore) -> None:
    waiting = defer(store, "r1")
    assert (waiting.who, waiting.recheck_at) == ("email:ada@shop.example", at(30 * 24))
    assert "open issue" in waiting.reason
    early = due(store, 2)
    assert (early.answers, early.waiting, early.next_at) == ((), 1, at(30 * 24))
    resolve(store, "ada", hours=11)
    cooling = due(store, 11)
    assert (cooling.waiting, cooling.next_at) == (1, at(58))
    assert "resolved" in Backlog(store, STARTER).waiting()[0].reason
    store.apply(page([], FREE, ended=True))
    told = due(store)
    assert became(told) == {"r1": "send"}
    assert (told.waiting, told.next_at) == (0, None)
    assert due(store).answers == ()
    assert [one.reference for one in Backlog(store, STARTER).told()] == ["r1"]
    assert Backlog(store, STARTER).acknowledge(["r1"]) == ["r1"]
    assert Backlog(store, STARTER).told() == []


def test_deferring_again_changes_nothing_and_tells_how_far_it_has_come(store: MemoryStore) -> None:
    first = defer(store, "r1")
    assert defer(store, "r1", hours=5) == first
    resolve(store, "ada")
    due(store)
    assert defer(store, "r1", hours=FREE).became is Became.SEND
    Backlog(store, STARTER).acknowledge(["r1"])
    assert defer(store, "r1", hours=FREE).state is DeferredState.DONE
    assert due(store).answers == ()
    with pytest.raises(DataInvalid, match="another message"):
        defer(store, "r1", message=RENEWAL)


def test_a_message_whose_time_is_over_is_told_as_such(store: MemoryStore) -> None:
    defer(store, "r1", expires_at=at(5))
    defer(store, "r2", "bob", relevant_for=timedelta(hours=3))
    assert became(due(store, 3.9)) == {}
    assert due(store, 3.9).next_at == at(4)
    assert became(due(store, 4)) == {"r2": "expired"}
    resolve(store, "ada", "bob")
    assert became(due(store)) == {"r1": "expired"}, "although it might go out"


def test_what_is_given_back_waits_anew(store: MemoryStore) -> None:
    defer(store, "r1")
    resolve(store, "ada")
    assert became(due(store)) == {"r1": "send"}
    assert Backlog(store, STARTER).give_back(["r1", "unknown"]) == ["r1"]
    store.apply(page([ask("ada", FREE)], FREE, ended=True))
    assert became(due(store)) == {}, "a new issue came in between"
    store.apply(page([ask("ada", FREE, "resolved")], 120, ended=True))
    assert became(due(store, 120)) == {"r1": "send"}


# At most one of a backlog


def test_the_newest_of_a_backlog_goes_out(store: MemoryStore) -> None:
    for number in (1, 3, 2):
        defer(store, f"r{number}", hours=number)
    resolve(store, "ada")
    assert became(due(store)) == {"r1": "superseded", "r2": "superseded", "r3": "send"}


def test_the_greatest_rank_goes_before_the_newest(store: MemoryStore) -> None:
    for number, rank in ((1, 0), (2, 5), (3, 5), (4, -1)):
        defer(store, f"r{number}", hours=number, rank=rank)
    resolve(store, "ada")
    assert due(store).which(Became.SEND)[0].reference == "r3"


def test_one_person_under_two_addresses_gets_one_message(store: MemoryStore) -> None:
    store.apply(page([contact("u1", 1, address("ada"), "ada@home.example")], 1, stream=None, checkpoint=None))
    defer(store, "r1")
    Backlog(store, STARTER).defer("r2", "ada@home.example", OFFER, now=at(2))
    resolve(store, "ada")
    assert became(due(store)) == {"r1": "superseded", "r2": "send"}


def test_other_kinds_of_message_and_other_people_are_no_backlog(store: MemoryStore) -> None:
    defer(store, "r1")
    defer(store, "r2", message=RENEWAL)
    defer(store, "r3", "bob")
    defer(store, "r4", message=OFFER.model_copy(update={"campaign_id": "spring"}))
    resolve(store, "ada", "bob")
    assert set(became(due(store)).values()) == {"send"}


def test_one_that_is_over_supersedes_nobody(store: MemoryStore) -> None:
    defer(store, "r1", hours=1)
    defer(store, "r2", hours=2, expires_at=at(20))
    resolve(store, "ada")
    assert became(due(store)) == {"r1": "send", "r2": "expired"}


def test_a_message_about_an_issue_is_superseded_by_none(store: MemoryStore) -> None:
    about = OFFER.model_copy(update={"about_issue": "desk/of-ada"})
    defer(store, "r1", message=about)
    defer(store, "r2", message=about, hours=2)
    assert became(due(store, 3)) == {"r1": "send", "r2": "send"}


# What else becomes of a message


def a_policy(outcome: Outcome) -> Policy:
    held = AnyRow(any="issues", where=(RowTest(field="active", equals=True),))
    rule_of = Rule(id="open", effect=Effect.SUPPRESS, outcome=outcome, when=held, reason="an open issue")
    return Policy(name="one rule", rules=(rule_of,))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DROP, {"r1": "drop", "r2": "drop"}),
        (Outcome.SWAP, {"r1": "superseded", "r2": "swap"}),
        (Outcome.REVIEW, {}),
        (Outcome.DEFER, {}),
    ],
)
def test_a_message_becomes_what_the_policy_says(store: MemoryStore, outcome: Outcome, expected: dict[str, str]) -> None:
    defer(store, "r1")
    defer(store, "r2", hours=2)
    assert became(due(store, 3, a_policy(outcome))) == expected


def test_a_policy_that_only_looks_tells_nothing(store: MemoryStore) -> None:
    defer(store, "r1")
    resolve(store, "ada")
    for looked in (due(store, policy=Policy.starter(mode=Mode.OBSERVE)), due(store, dry_run=True)):
        assert (became(looked), looked.dry_run) == ({"r1": "send"}, True)
        assert Backlog(store, STARTER).told() == []
    assert became(due(store)) == {"r1": "send"}


def test_a_stop_keeps_everything_back_whatever_the_policy_says(store: MemoryStore) -> None:
    defer(store, "r1")
    defer(store, "r2", "bob", expires_at=at(20))
    resolve(store, "ada", "bob")
    Sync(store).stop("wrong prices", "Grace", now=at(FREE))
    nothing_about_holds = Policy(name="lenient")
    stopped = due(store, policy=nothing_about_holds)
    assert (became(stopped), stopped.waiting) == ({"r2": "expired"}, 1)
    assert stopped.stopped is not None
    Sync(store).resume(now=at(FREE))
    assert became(due(store)) == {"r1": "send"}


def test_a_limit_lets_the_oldest_go_first(store: MemoryStore) -> None:
    for number, name in enumerate(("carol", "ada", "bob")):
        defer(store, f"{name}-1", name, hours=1 + number)
        defer(store, f"{name}-2", name, hours=4 + number)
    resolve(store, "ada", "bob", "carol")
    order: list[list[str]] = []
    for _ in range(4):
        result = due(store, limit=1)
        order.append([one.reference for one in result.answers])
    assert order == [["carol-1", "carol-2"], ["ada-1", "ada-2"], ["bob-1", "bob-2"], []]


def test_messages_go_out_piece_by_piece(store: MemoryStore) -> None:
    for name in ("ada", "bob", "carol"):
        defer(store, name, name)
    resolve(store, "ada", "bob", "carol")
    pace = Pace(per_hour=2)
    first = due(store, pace=pace)
    assert (len(first.answers), first.waiting) == (2, 1)
    assert first.paced is not None
    assert first.paced.next_at == at(FREE + 1)
    assert len(due(store, pace=pace).answers) == 0
    assert len(due(store, FREE + 1, pace=pace).answers) == 1
    assert store.waves() == []


def test_what_cannot_be_is_refused(store: MemoryStore) -> None:
    refused: list[tuple[str, dict[str, Any]]] = [
        ("lies ahead", {"reference": "r", "expires_at": at(1)}),
        ("lies ahead", {"reference": "r", "relevant_for": timedelta(0)}),
        ("1 to 500", {"reference": ""}),
        ("1 to 500", {"reference": "r" * 501}),
        ("64 bits", {"reference": "r", "rank": 2**63}),
    ]
    for words, given in refused:
        with pytest.raises(DataInvalid, match=words):
            defer(store, **given)
    with pytest.raises(DataInvalid, match="identifier"):
        Backlog(store, STARTER).defer("r", "ada", OFFER)
    with pytest.raises(DataInvalid, match="at least 1"):
        due(store, limit=0)
    assert Backlog(store, STARTER).waiting() == []


def test_two_looks_at_once_are_kept_apart(store: MemoryStore) -> None:
    defer(store, "r1")
    lease = store.acquire("backlog", "another", at(0), timedelta(days=36_500))
    with pytest.raises(LeaseHeld):
        due(store)
    due(store, dry_run=True)
    store.surrender(lease)
    due(store)


def test_a_long_backlog_is_told_whole(store: MemoryStore) -> None:
    people = 1_203
    store.apply(page([ask(f"p{number}") for number in range(people)], 1))
    backlog = Backlog(store, STARTER)
    for number in range(people):
        backlog.defer(f"r{number}", address(f"p{number}"), OFFER, now=at(1))
    assert due(store, 2).waiting == people
    resolve(store, *(f"p{number}" for number in range(people)))
    assert Counter(one.became for one in due(store).answers) == {Became.SEND: people}


def test_the_same_can_be_done_asynchronously(store: MemoryStore) -> None:
    async def story() -> None:
        backlog = AsyncBacklog(store, STARTER)
        await backlog.defer("r1", address("ada"), OFFER, relevant_for=timedelta(days=9), now=at(1))
        assert len(await backlog.waiting()) == 1
        resolve(store, "ada")
        assert became(await backlog.due(now=at(FREE))) == {"r1": "send"}
        assert await backlog.give_back(["r1"]) == ["r1"]
        await backlog.due(limit=1, now=at(FREE))
        assert len(await backlog.told()) == 1
        assert await backlog.acknowledge(["r1"]) == ["r1"]
        assert await backlog.prune(now=at(FREE + 90 * 24)) == 0
        assert await backlog.prune(older_than=timedelta(hours=1), now=at(FREE + 2)) == 1

    asyncio.run(story())


def test_senders_that_look_at_once_share_the_answers_out(tmp_path: Path) -> None:
    people = 60
    path = tmp_path / "align.db"
    with SQLiteStore(path) as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([ask(f"p{number}") for number in range(people)], 1))
        for number in range(people):
            Backlog(store, STARTER).defer(f"r{number}", address(f"p{number}"), OFFER, now=at(1))
        resolve(store, *(f"p{number}" for number in range(people)))
    told: list[str] = []

    def send() -> None:
        with SQLiteStore(path) as own:
            for _ in range(400):
                try:
                    found = [one.reference for one in due(own, limit=5).answers]
                except LeaseHeld:
                    time.sleep(0.005)
                    continue
                told.extend(found)
                if not found:
                    return

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(send) for _ in range(3)]:
            done.result(timeout=120)
    assert sorted(told) == sorted(f"r{number}" for number in range(people))


class Faulty(MemoryStore):
    """A store that fails once, before or after a call of one's choice."""

    steps: int = 0
    fails_at: int = 0

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in ("ask", "deferred", "tell", "hold", "acquire", "give_back", "acknowledge", "defer"):
            return value

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._step()
            result = value(*args, **kwargs)
            self._step()
            return result

        return counted

    @classmethod
    def _step(cls) -> None:
        cls.steps += 1
        if cls.steps == cls.fails_at:
            raise StoreUnavailable("made up for a test")


@contextmanager
def unbroken() -> Generator[None]:
    """Lets a test look without counting."""
    steps, fails_at, Faulty.fails_at = Faulty.steps, Faulty.fails_at, 0
    yield
    Faulty.steps, Faulty.fails_at = steps, fails_at


def again(step: Callable[[], DueResult | object], store: MemoryStore) -> tuple[list[Deferred], int]:
    """Takes a step, and once more where the store failed; what was told, and how often it failed."""
    told: list[Deferred] = []
    for failures in range(3):
        try:
            result = step()
        except StoreUnavailable:
            with unbroken():  # as when the lease of the run that failed has ended
                store.surrender(store.acquire("backlog", "another", at(10**6), timedelta(0)))
        else:
            told += result.answers if isinstance(result, DueResult) else ()
            return told, failures
    pytest.fail("it failed again and again")


def test_a_fault_before_or_after_any_call_loses_no_answer_and_tells_none_twice() -> None:
    faults = 0
    for fails_at in range(1, 100):
        Faulty.fails_at = 0
        with Faulty() as store:
            store.expect(DESK, "fake", ["issues"])
            store.apply(page([ask("ada"), ask("bob")], 1, ended=True))
            Faulty.steps, Faulty.fails_at = 0, fails_at
            for hours, name in ((1, "ada"), (2, "ada"), (3, "bob")):
                faults += again(partial(defer, store, f"r{hours}", name, hours=hours), store)[1]
            resolve(store, "ada", "bob")
            told, failures = again(partial(due, store), store)
            with unbroken():
                kept = {one.reference: str(one.became) for one in Backlog(store, STARTER).told()}
            assert kept == {"r1": "superseded", "r2": "send", "r3": "send"}
            assert {one.reference for one in told} <= set(kept), "the others are found with `told`"
            assert len(told) in ((3,) if not failures else (0, 3)), "all at once or not at all"
            faults += failures + again(partial(Backlog(store, STARTER).acknowledge, list(kept)), store)[1]
            with unbroken():
                assert Backlog(store, STARTER).told() == []
            if Faulty.steps < fails_at:
                break
    assert faults >= 20


class Senders(RuleBasedStateMachine):
    """Senders and issues come and go; the backlog is looked at in between."""

    people = ("ada", "bob")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.store.expect(DESK, "fake", ["issues"])
        self.store.apply(page([], 0, ended=True))
        self.hours = 0.0
        self.open: set[str] = set()
        self.rounds: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.lasting: set[str] = set()

    def teardown(self) -> None:
        for name in self.people:
            self._say(name, "resolved")
        self.hours += 3_000
        self.look(None)
        assert Backlog(self.store, STARTER).waiting() == [], "nobody is silenced for ever"
        assert self.answered == self.rounds, "each is answered once, and once more when it was given back"
        self.store.close()

    def _say(self, name: str, status: str) -> None:
        self.store.apply(page([ask(name, self.hours, status)], self.hours, ended=True))

    @rule(name=st.sampled_from(people), hours=st.floats(0.1, 80))
    def an_issue_opens_or_is_resolved(self, name: str, hours: float) -> None:
        self.hours += hours
        self._say(name, "resolved" if name in self.open else "open")
        self.open ^= {name}

    @rule(
        number=st.integers(0, 12),
        rank=st.integers(0, 1),
        lasts=st.one_of(st.none(), st.floats(1, 200)),
        message=st.sampled_from([OFFER, RENEWAL, Message(category=Category.RENEWAL, channel=Channel.SMS)]),
    )
    def a_message_is_deferred(self, number: int, rank: int, lasts: float | None, message: Message) -> None:
        reference = f"{number}-{message.scope}"
        name = self.people[number % 2]
        end = None if lasts is None else timedelta(hours=lasts)
        backlog = Backlog(self.store, STARTER)
        kept = backlog.defer(reference, address(name), message, relevant_for=end, rank=rank, now=at(self.hours))
        if reference not in self.rounds:
            self.rounds[reference] = 1
            assert kept.state is DeferredState.WAITING

    @rule(limit=st.one_of(st.none(), st.integers(1, 2)))
    def look(self, limit: int | None) -> None:
        self.store.apply(page([], self.hours, ended=True))
        result = Backlog(self.store, STARTER).due(limit=limit, now=at(self.hours))
        gone: Counter[tuple[str, str]] = Counter()
        for one in result.answers:
            self.answered[one.reference] += 1
            gone[one.who, one.message.scope] += one.became is Became.SEND
            assert one.became is not Became.EXPIRED or (one.expires_at is not None and one.expires_at <= at(self.hours))
        assert all(count <= 1 for count in gone.values()), "at most one of a backlog"
        assert limit is None or gone.total() <= limit
        for one in result.which(Became.SUPERSEDED):
            assert gone[one.who, one.message.scope] == 1, "superseded by one that goes out"

    @rule(data=st.data())
    def an_answer_is_given_back_or_acknowledged(self, data: st.DataObject) -> None:
        backlog = Backlog(self.store, STARTER)
        told = [one.reference for one in backlog.told()]
        if not told:
            return
        reference = data.draw(st.sampled_from(told))
        if data.draw(st.booleans()):
            assert backlog.give_back([reference]) == [reference]
            self.rounds[reference] += 1
        else:
            assert backlog.acknowledge([reference]) == [reference]

    @invariant()
    def nothing_is_answered_twice(self) -> None:
        assert all(self.answered[one] <= self.rounds[one] for one in self.answered)


TestSenders = Senders.TestCase
TestSenders.settings = settings(max_examples=40, stateful_step_count=25)
