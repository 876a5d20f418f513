"""Holds the gate to its order: what the message is, then how fresh the sources are, then the facts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from alignkit import AsyncGate, Cohort, Customer, Gate, Message, Policy, SQLiteStore, Sync, Verdict
from alignkit.errors import AlignkitError, DataInvalid, PolicyInvalid, StoreDamaged, StoreUnavailable
from alignkit.models import Category, Channel, microseconds
from alignkit.rules import PolicyFile
from alignkit.stores import MemoryStore
from alignkit.testing.store.stories import DESK, at, contact, issue, page

OFFER = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
REQUEST = Message(category=Category.SOLICITATION, channel=Channel.EMAIL)
RECEIPT = Message(category=Category.TRANSACTIONAL, channel=Channel.EMAIL)
STARTER = Policy.starter()


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        store.expect(DESK, "fake", ["issues"])
        known = [contact("u1", 0, "ada@shop.example", phones=("+49 30 1234567",), handles=("net/ada",))]
        store.apply(page([*known, issue("1", 0, requester_id="u1")], 1, ended=True))
        yield store


class BrokenStore(MemoryStore):
    """A store that fails in front of every question."""

    error: AlignkitError = StoreUnavailable("the store did not take part")

    def ask(self, identifier: str, needs: Any, after: int | None = None) -> NoReturn:
        raise self.error


def verdict(store: MemoryStore, who: str | Customer, message: Message = OFFER, hours: float = 2) -> Verdict:
    return Gate(store, STARTER).decide(who, message, now=at(hours)).verdict


@pytest.mark.parametrize(
    "who",
    [
        "ada@shop.example",
        " ADA@Shop.Example ",
        "email:ada@shop.example",
        "+49 30 1234567",
        "phone_e164:+49301234567",
        "helpdesk_user:desk/u1",
        "social_handle:net/ada",
    ],
)
def test_a_person_is_found_under_every_identifier(store: MemoryStore, who: str) -> None:
    decision = Gate(store, STARTER).decide(who, OFFER, now=at(2))
    assert decision.verdict is Verdict.SUPPRESS
    assert decision.evidence == ("desk/issue/1",)


def test_a_customer_from_the_store_is_decided_about(store: MemoryStore) -> None:
    [ada] = store.customers()
    assert verdict(store, ada) is Verdict.SUPPRESS


def test_a_customer_is_found_under_any_of_the_identifiers(store: MemoryStore) -> None:
    half_known = Customer(id="7", identifiers=("unknown@shop.example", "Ada@Shop.example"))
    assert verdict(store, half_known) is Verdict.SUPPRESS


def test_unknown_people_are_written_to(store: MemoryStore) -> None:
    assert verdict(store, "nobody@shop.example") is Verdict.SEND


@pytest.mark.parametrize("who", ["", "ada", "030 1234567", "nickname:ada", Customer(id="1")])
def test_what_is_no_identifier_is_refused_without_repeating_it(store: MemoryStore, who: str | Customer) -> None:
    with pytest.raises(DataInvalid) as refused:
        verdict(store, who)
    assert "1234567" not in str(refused.value)


def test_a_time_without_zone_is_refused(store: MemoryStore) -> None:
    with pytest.raises(DataInvalid, match="time zone"):
        Gate(store, STARTER).decide("ada@shop.example", OFFER, now=datetime(2026, 3, 2))  # noqa: DTZ001 - on purpose


def test_the_present_is_the_default(store: MemoryStore) -> None:
    before = datetime.now(UTC)
    decided_at = Gate(store, STARTER).decide("ada@shop.example", OFFER).decided_at
    assert before <= decided_at <= datetime.now(UTC)


# What is asked


def test_a_time_without_a_zone_is_refused_under_its_own_name(store: MemoryStore) -> None:
    naive = datetime(2026, 3, 3)  # noqa: DTZ001 - what is to be refused
    with pytest.raises(DataInvalid, match="`now` has no time zone"):
        Gate(store, STARTER).decide("bob@shop.example", OFFER, now=naive)
    with pytest.raises(DataInvalid, match="`expires_at` has no time zone"):
        Sync(store).hold("bob@shop.example", "a dispute", expires_at=naive, now=at(1))


@pytest.mark.parametrize("who", [None, 5, b"bob@shop.example"])
def test_who_is_no_identifier_is_told_so(store: MemoryStore, who: Any) -> None:
    with pytest.raises(DataInvalid, match="`who` must be an e-mail address"):
        Gate(store, STARTER).decide(who, OFFER, now=at(2))


# Freshness


def test_offers_go_by_what_was_known_at_the_end_of_the_budget(store: MemoryStore) -> None:
    decision = Gate(store, STARTER).decide("bob@shop.example", OFFER, now=at(20))
    assert decision.verdict is Verdict.SEND
    assert decision.decided_as_of == at(7), "read at hour 1, with a budget of six"
    assert [(each.source, each.read_at) for each in decision.stale] == [(DESK, at(1))]
    fresh = Gate(store, STARTER).decide("bob@shop.example", OFFER, now=at(7))
    assert (fresh.stale, fresh.decided_as_of) == ((), at(7))


def test_what_mattered_at_the_end_of_the_budget_is_read_however_long_ago(store: MemoryStore) -> None:
    store.apply(page([issue("1", 1, "closed", requester_id="u1")], 1, ended=True))
    decision = Gate(store, STARTER).decide("ada@shop.example", OFFER, now=at(24 * 60))
    assert decision.decided_as_of == at(7)
    assert (decision.verdict, decision.evidence) == (Verdict.SUPPRESS, ("desk/issue/1",))


def test_what_is_over_and_beyond_the_policys_view_is_not_read(store: MemoryStore) -> None:
    store.apply(page([issue("1", 1, "closed", requester_id="u1"), issue("2", 1, requester_id="u1")], 1, ended=True))
    month = at(24 * 30)
    facts, _ = store.ask("email:ada@shop.example", STARTER.needs, microseconds(month))
    assert [one.ref for one in facts.issues] == ["desk/issue/2"]
    assert len(store.facts("email:ada@shop.example", STARTER.needs).issues) == 2


def test_review_requests_wait_for_fresh_data(store: MemoryStore) -> None:
    assert verdict(store, "bob@shop.example", REQUEST, 3) is Verdict.SEND
    late = Gate(store, STARTER).decide("bob@shop.example", REQUEST, now=at(3.1))
    assert (late.verdict, late.rules) == (Verdict.SUPPRESS, ())
    assert DESK in late.explain()


def test_marketing_waits_for_a_source_that_was_never_read_to_its_end(store: MemoryStore) -> None:
    store.expect("crm", "fake", ["people"])
    decision = Gate(store, STARTER).decide("bob@shop.example", OFFER, now=at(2))
    assert (decision.verdict, decision.incomplete) == (Verdict.SUPPRESS, ("crm",))
    store.apply(page([], 2, source="crm", stream="people", ended=True))
    assert verdict(store, "bob@shop.example") is Verdict.SEND


def test_marketing_waits_for_a_source_that_the_policy_expects(store: MemoryStore) -> None:
    decision = Gate(store, Policy.starter(expects=("desk", "shop"))).decide("bob@shop.example", OFFER, now=at(2))
    assert (decision.verdict, decision.incomplete) == (Verdict.SUPPRESS, ("shop",))


def test_without_any_source_marketing_waits() -> None:
    with MemoryStore() as store:
        decision = Gate(store, STARTER).decide("bob@shop.example", OFFER, now=at(2))
        assert (decision.verdict, decision.incomplete) == (Verdict.SUPPRESS, ("any source",))


def test_a_hold_by_hand_counts_at_once_however_old_the_data_is(store: MemoryStore) -> None:
    sync = Sync(store)
    hold = sync.hold("bob@shop.example", "a dispute", now=at(50))
    decision = Gate(store, STARTER).decide("bob@shop.example", OFFER, now=at(50))
    assert (decision.verdict, decision.decided_as_of) == (Verdict.SUPPRESS, at(7))
    assert "since 4 March" in decision.explain(), "when it was put, not as of when the rest is decided"
    sync.lift(hold.id, now=at(51))
    assert verdict(store, "bob@shop.example", hours=51) is Verdict.SEND


def test_an_incident_counts_at_once_however_old_the_data_is(store: MemoryStore) -> None:
    sync = Sync(store)
    sync.open_incident(Cohort(people=("bob@shop.example",)), "a recall", "Grace", id="recall", now=at(50))
    assert verdict(store, "bob@shop.example", hours=50) is Verdict.SUPPRESS
    sync.lift("recall", now=at(51))
    assert verdict(store, "bob@shop.example", hours=51) is Verdict.SEND


@pytest.mark.parametrize("policy", [Policy(name="no rule about holds"), STARTER])
def test_a_stop_counts_whatever_a_policy_says(store: MemoryStore, policy: Policy) -> None:
    Sync(store).stop("wrong prices", "Grace", now=at(2))
    stopped = Gate(store, policy).decide("nobody@shop.example", OFFER, now=at(2))
    assert stopped.verdict is Verdict.SUPPRESS
    assert "wrong prices (stopped by Grace)" in stopped.explain()
    assert Gate(store, policy).decide("nobody@shop.example", RECEIPT, now=at(2)).verdict is Verdict.SEND
    Sync(store).resume(now=at(3))
    assert Gate(store, policy).decide("nobody@shop.example", OFFER, now=at(3)).verdict is Verdict.SEND


# A policy that is kept in a file


def test_the_policy_of_a_file_is_in_force_as_soon_as_it_is_read_again(store: MemoryStore, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(STARTER.to_toml())
    file = PolicyFile(path)
    gate = Gate(store, file)
    assert gate.decide("ada@shop.example", OFFER, now=at(2)).rules == ("open-issue",)
    path.write_text(Policy(name="calm", expects=("shop",)).to_toml())
    assert gate.decide("ada@shop.example", OFFER, now=at(2)).policy_name == "starter"
    file.reload()
    assert gate.policy.name == "calm"
    decision = gate.decide("ada@shop.example", OFFER, now=at(2))
    assert (decision.verdict, decision.policy_name) == (Verdict.SEND, "calm")
    path.write_text("no policy")
    with pytest.raises(PolicyInvalid):
        file.reload()
    assert asyncio.run(AsyncGate(store, file).decide("ada@shop.example", OFFER, now=at(2))).policy_name == "calm"
    path.write_text(STARTER.to_toml())
    file.reload()
    assert gate.decide("ada@shop.example", OFFER, now=at(2)).rules == ("open-issue",)


# Stores that fail


@pytest.mark.parametrize("error", [StoreUnavailable("the store is locked"), StoreDamaged("restore a copy")])
def test_a_store_that_fails_is_the_callers_to_judge(error: AlignkitError) -> None:
    with BrokenStore() as store:
        store.error = error
        with pytest.raises(type(error)):
            Gate(store, STARTER).decide("ada@shop.example", OFFER, now=at(2))
        decision = Gate(store, STARTER, on_error="suppress").decide("ada@shop.example", OFFER, now=at(2))
        assert (decision.verdict, decision.errors) == (Verdict.SUPPRESS, (str(error),))
        gate = AsyncGate(store, STARTER, on_error="suppress")
        assert asyncio.run(gate.decide("ada@shop.example", OFFER, now=at(2))).verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("on_error", ["raise", "suppress"])
@pytest.mark.parametrize(
    "message", [RECEIPT, OFFER.model_copy(update={"about_issue": "desk/1"})], ids=["receipt", "about an issue"]
)
def test_no_fault_touches_a_message_that_always_goes_out(on_error: Any, message: Message) -> None:
    with BrokenStore() as store:
        gate = Gate(store, STARTER, on_error=on_error)
        assert gate.decide("no identifier at all", message, now=at(2)).verdict is Verdict.SEND


def test_a_file_that_goes_bad_in_front_of_a_gate_is_told(tmp_path: Path) -> None:
    path = tmp_path / "align.db"
    with SQLiteStore(path) as store:
        store.expect(DESK, "fake", ["issues"])
        store.apply(page([issue(str(n), 1, requester_email=f"p{n}@x.example") for n in range(300)], 1, ended=True))
    half = path.stat().st_size // 2  # the pages before it hold the schema, without which nothing opens
    with path.open("r+b") as file:
        file.seek(half)
        file.write(b"\x00\xff" * (half // 2))
    with SQLiteStore(path) as store:
        with pytest.raises(StoreDamaged, match="restore"):
            Gate(store, STARTER).decide("p7@x.example", OFFER, now=at(2))
        kept = Gate(store, STARTER, on_error="suppress")
        assert kept.decide("p7@x.example", OFFER, now=at(2)).verdict is Verdict.SUPPRESS


def test_a_choice_that_is_none_is_refused(store: MemoryStore) -> None:
    with pytest.raises(DataInvalid, match="on_error"):
        Gate(store, STARTER, on_error="ignore")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # on purpose


def test_the_gate_only_reads(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "align.db") as store:
        store.expect(DESK, "fake", ["issues"])
        before = store.writes
        Gate(store, STARTER).decide("ada@shop.example", OFFER, now=at(2))
        assert store.writes == before


def test_the_asynchronous_gate_decides_the_same(store: MemoryStore) -> None:
    decision = asyncio.run(AsyncGate(store, STARTER).decide("ada@shop.example", OFFER, now=at(2)))
    assert decision.to_json() == Gate(store, STARTER).decide("ada@shop.example", OFFER, now=at(2)).to_json()
