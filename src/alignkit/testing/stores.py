"""Tests that every store must pass: subclass `StoreTests` and say how a store is opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alignkit.errors import AlignkitError, DataInvalid, LeaseHeld, StoreUnavailable
from alignkit.identity import bucketing_id
from alignkit.models import (
    Account,
    AccountChanged,
    Asset,
    AssetChanged,
    Category,
    Channel,
    Contact,
    ContactChanged,
    CustomerEvent,
    CustomerMatch,
    Hold,
    HoldChanged,
    HoldKind,
    Issue,
    IssueChanged,
    IssueRemoval,
    IssueRemoved,
    IssueStatus,
    Message,
    MessageSent,
    Opportunity,
    OpportunityChanged,
    OpportunityStatus,
    Order,
    OrderChanged,
    OrderLine,
    Polarity,
    Post,
    PostPublished,
    Priority,
    Send,
    SurveyAnswered,
    SurveyKind,
    SurveyResponse,
)
from alignkit.models.exchange import Quarantined, Ref
from alignkit.stores.base import Store
from alignkit.stores.cohort import CAP, Cohort
from alignkit.stores.records import (
    OWN_SOURCE,
    Applied,
    Batch,
    Became,
    Cause,
    Deferred,
    DeferredState,
    Lease,
    LedgerRow,
    LedgerState,
    Reach,
    Wave,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning, from which every story here goes on."""

HOUR = timedelta(hours=1)
TERM = timedelta(minutes=10)
DESK = "desk"
EVERYTHING = frozenset(
    {"issues", "account_issues", "signals", "surveys", "posts", "sends", "holds", "attributes", "bucketing_id"}
)


def at(hours: float) -> datetime:
    """So many hours after the start."""
    return START + hours * HOUR


def issue(id: str, hours: float = 0, status: str = "open", *, source: str = DESK, **fields: Any) -> IssueChanged:
    """What a helpdesk says of an issue at some hour."""
    known = {"created_at": START, "status_raw": status} | fields
    data = Issue.model_validate({"id": id, "status": IssueStatus(status), **known})
    return IssueChanged.of(data, source=source, received_at=at(hours), time=at(hours))


def removal(id: str, hours: float, reason: str, merged_into: str | None = None) -> IssueRemoved:
    """The word of a helpdesk that an issue is gone."""
    data = IssueRemoval.model_validate({"id": id, "reason": reason, "merged_into": merged_into})
    return IssueRemoved.of(data, source=DESK, received_at=at(hours), time=at(hours))


def contact(id: str, hours: float = 0, *emails: str, source: str = DESK, **fields: Any) -> ContactChanged:
    """What a service says of a person at some hour."""
    data = Contact.model_validate({"id": id, "emails": emails, "remote_updated_at": at(hours), **fields})
    return ContactChanged.of(data, source=source, received_at=at(hours))


def hold(id: str, hours: float, *identifiers: str, accounts: Sequence[str] = ()) -> HoldChanged:
    """A colleague's hold on some people."""
    data = Hold(
        id=id,
        kind=HoldKind.MANUAL,
        reason="a recall",
        identifiers=identifiers,
        account_ids=tuple(accounts),
        opened_at=at(hours),
    )
    return HoldChanged.of(data, source=DESK, received_at=at(hours), time=at(hours))


def wide(id: str, hours: float, **fields: Any) -> HoldChanged:
    """What a service says at some hour of a hold on many people."""
    data = Hold.model_validate({"id": id, "kind": "incident", "reason": "a recall", "opened_at": at(1), **fields})
    return HoldChanged.of(data, source=DESK, received_at=at(hours), time=at(hours))


def own_part(id: str) -> HoldChanged:
    """A part of a hold of our own."""
    data = Hold(id=id, kind=HoldKind.INCIDENT, reason="a recall", identifiers=("a@x.example",), opened_at=at(1))
    return HoldChanged.of(data, source=OWN_SOURCE, received_at=at(1), time=at(1))


def waits(reference: str, *, who: str = "email:ada@shop.example", hours: float = 1) -> Deferred:
    """An offer to somebody that waits since some hour."""
    offer = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
    return Deferred(reference, who, offer, at(hours), expires_at=at(hours + 48))


def rating(id: str, hours: float, about: str, score: float, email: str | None = None) -> SurveyAnswered:
    """An answer to the survey that follows an issue."""
    data = SurveyResponse(
        id=id,
        kind=SurveyKind.CSAT,
        score=score,
        scale_min=1,
        scale_max=5,
        issue_id=about,
        email=email,
        responded_at=at(hours),
    )
    return SurveyAnswered.of(data, source=DESK, received_at=at(hours), time=at(hours))


def page(events: Iterable[CustomerEvent], hours: float = 100, *, source: str = DESK, **fields: Any) -> Batch:
    """A page of the stream `issues`, unless another is named, received at some hour."""
    given: dict[str, Any] = {"stream": "issues", "checkpoint": {"after": hours}} | fields
    return Batch(source, list(events), at(hours), **given)


def told(store: Store, identifiers: Iterable[str]) -> str:
    """Everything a store says of some people, as text that does not depend on the numbers it gave them."""
    return json.dumps({one: _told(store, one) for one in identifiers}, sort_keys=True, default=str, indent=1)


def _told(store: Store, identifier: str) -> dict[str, Any]:
    facts = asdict(store.facts(identifier, EVERYTHING))
    customer = store.customer(identifier)
    facts["customer"] = None if customer is None else customer.identifiers
    known = {one.id: one.identifiers for one in store.customers()}
    for issue in (*facts["issues"], *facts["account_issues"]):
        issue["customer"] = known.get(issue["customer"], issue["customer"])
    lists: dict[str, list[Any]] = {name: found for name, found in facts.items() if isinstance(found, list)}
    return facts | {name: sorted(found, key=str) for name, found in lists.items()}


def row(address: str, state: LedgerState = LedgerState.CONFIRMED, *, destination: str = "list") -> LedgerRow:
    """A hold at a destination."""
    return LedgerRow(destination, address, "hold", state, START, START, {"was": "on"})


def cause(address: str, scope: str = "promotional/email", *, destination: str = "list") -> Cause:
    """Why somebody is held there."""
    return Cause(destination, address, scope, "an open issue", ("open-issue",), ("desk/issue/1",), START)


def story() -> list[CustomerEvent]:
    """Two people and what befalls them: each kind of thing whose folding could depend on the order of arrival."""
    post = Post(
        id="p1",
        platform="net",
        polarity=Polarity.NEGATIVE,
        customer_match=CustomerMatch(identifier="email:ada@shop.example", confidence=0.95, method="told"),
        posted_at=at(4),
    )
    sent = Send(
        id="s1", address="ada@shop.example", channel=Channel.EMAIL, category=Category.PROMOTIONAL, sent_at=at(1)
    )
    return [
        contact("u1", 0, "ada@shop.example", "info@shop.example", tier="gold", account_ids=("a1",)),
        contact("u1", 5, "ada@home.example", tier="gold", account_ids=("a1",)),
        contact("u9", 2, "ada@home.example", source="crm", tier="silver", is_vip=True),
        contact("u2", 1, "bob@shop.example", account_ids=("a1",)),
        issue("1", 1, "new", requester_id="u1", priority="normal"),
        issue("1", 3, "resolved", requester_id="u1", priority="normal"),
        issue("1", 8, "open", requester_id="u1", priority="urgent", account_id="a1"),
        issue("2", 2, requester_email="bob@shop.example"),
        issue("2", 6, requester_email="carol@shop.example"),
        issue("3", 2, requester_id="u2"),
        issue("3", 7, "merged", requester_id="u2", merged_into="4"),
        issue("4", 3, requester_email="dora@shop.example"),
        removal("4", 9, "merged", "5"),
        issue("5", 4, requester_email="info@shop.example"),
        issue("6", 2, "merged", requester_id="u1", merged_into="5"),
        issue("6", 6, "open", requester_id="u1"),
        issue("7", 1, requester_email="eve@shop.example"),
        removal("7", 2, "deleted"),
        issue("7", 3, requester_email="eve@shop.example"),
        rating("r1", 4, "1", 1, "ada@shop.example"),
        rating("r2", 4, "1", 5, "ada@shop.example"),
        hold("h1", 1, "bob@shop.example"),
        PostPublished.of(post, source="net", received_at=at(4), time=at(4)),
        MessageSent.of(sent, source="alignkit", received_at=at(1), time=at(1)),
    ]


def shuffled(events: Sequence[CustomerEvent], seed: int) -> list[CustomerEvent]:
    """The events in an order that is the same for the same seed."""
    return Random(seed).sample(events, len(events))


PEOPLE = (
    *(f"email:{name}@shop.example" for name in ("ada", "bob", "carol", "dora", "eve", "info")),
    "email:ada@home.example",
    "helpdesk_user:desk/u1",
    "helpdesk_user:desk/u2",
    "helpdesk_user:crm/u9",
)
"""Everybody in `story`."""


def put(store: Store, events: Iterable[CustomerEvent], hours: float = 100) -> Applied:
    """Stores events of any sources, in pages of one source each, in the order given."""
    counts = [0, 0, 0]
    for event in events:
        done = store.apply(page([event], hours, source=event.source, stream=None, checkpoint=None))
        counts = [sum(pair) for pair in zip(counts, (done.new, done.repeated, done.forgotten), strict=True)]
    return Applied(*counts)


class StoreTests:
    """Every promise of `Store`. A subclass overrides `open`; its store begins empty."""

    def open(self, folder: Path) -> Store:
        """A new store; what it keeps on disk belongs into this folder, which is empty."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A new store, closed afterwards."""
        store = self.open(tmp_path)
        yield store
        store.close()

    # Reading sources

    def test_a_page_and_its_checkpoint_are_kept_together(self, store: Store) -> None:
        applied = store.apply(page([issue("1", 1), issue("2", 1)], checkpoint={"after": [2, None]}))
        assert applied == Applied(new=2)
        assert store.checkpoint(DESK, "issues") == ({"after": [2, None]}, 1)
        assert [event.subject for event in store.events()] == ["1", "2"]

    def test_events_come_back_as_they_were(self, store: Store) -> None:
        events = story()
        put(store, events)
        kept = {(event.source, event.id): event for event in store.events()}
        assert kept == {(event.source, event.id): event for event in events}

    def test_a_repeat_counts_once(self, store: Store) -> None:
        events = [event for event in story() if event.source == DESK]
        store.apply(page([*events, *events]))
        before = told(store, PEOPLE)
        assert store.apply(page(reversed(events))) == Applied(new=0, repeated=len(events))
        assert told(store, PEOPLE) == before
        assert len(list(store.events())) == len(events)

    def test_any_order_of_arrival_gives_the_same_facts(self, store: Store, tmp_path: Path) -> None:
        put(store, story())
        expected = told(store, PEOPLE)
        for number in range(25):
            folder = tmp_path / str(number)
            folder.mkdir()
            other = self.open(folder)
            put(other, shuffled(story(), number))
            assert told(other, PEOPLE) == expected, f"shuffle {number}"
            other.close()

    def test_one_page_says_the_same_as_many(self, store: Store, tmp_path: Path) -> None:
        events = [event for event in story() if event.source == DESK]
        put(store, events)
        other = self.open(tmp_path)
        other.apply(page(shuffled(events, 3)))
        assert told(other, PEOPLE) == told(store, PEOPLE)
        other.close()

    def test_a_source_is_incomplete_until_each_stream_was_read_to_its_end(self, store: Store) -> None:
        store.expect(DESK, "fake", ["users", "issues"])
        assert store.watermarks() == {DESK: None}
        store.apply(page([], 1, stream="users", ended=True))
        store.apply(page([], 2, ended=False))
        assert store.watermarks() == {DESK: None}
        store.apply(page([], 3, ended=True))
        assert store.watermarks() == {DESK: at(1)}, "the stalest stream is what a source is as fresh as"
        store.apply(page([], 4, stream="users", ended=False))
        assert store.watermarks() == {DESK: at(1)}

    def test_a_question_is_answered_with_facts_and_watermarks(self, store: Store) -> None:
        known, stranger = "email:ada@shop.example", "email:eve@shop.example"
        assert store.ask(stranger, EVERYTHING)[1] == {}
        store.expect(DESK, "fake", ["issues"])
        assert store.ask(stranger, EVERYTHING)[1] == {DESK: None}
        store.apply(page([issue("1", 0, requester_email="ada@shop.example")], 1, ended=True))
        assert store.ask(known, EVERYTHING) == (store.facts(known, EVERYTHING), store.watermarks())
        assert store.ask(known, EVERYTHING)[0].issues
        assert store.ask(stranger, EVERYTHING)[1] == {DESK: at(1)}

    def test_an_event_of_another_source_is_refused_with_its_whole_page(self, store: Store) -> None:
        known, stray = issue("1", 0, requester_email="ada@shop.example"), issue("2", 0)
        with pytest.raises(DataInvalid, match="elsewhere"):
            store.apply(page([known, stray.model_copy(update={"source": "elsewhere"})], 1, ended=True))
        assert list(store.events()) == []

    def test_sources_say_what_watermarks_say(self, store: Store) -> None:
        store.expect(DESK, "fake", ["users", "issues"])
        store.expect("crm", "other", ["people"])
        store.apply(page([], 3, source="crm", stream="people", ended=True))
        found = {source.name: source for source in store.sources()}
        assert {name: source.read_at for name, source in found.items()} == dict(store.watermarks())
        assert found["crm"].is_complete
        assert found["crm"].type == "other"
        assert not found[DESK].is_complete

    def test_what_is_recorded_by_hand_is_no_source(self, store: Store) -> None:
        by_hand = hold("h", 0, "ada@shop.example").model_copy(update={"source": OWN_SOURCE})
        store.apply(Batch(OWN_SOURCE, [by_hand], at(0)))
        assert store.watermarks() == {}

    def test_a_stream_that_a_connector_gave_up_counts_no_more(self, store: Store) -> None:
        store.expect(DESK, "fake", ["old", "issues"])
        store.apply(page([], 1, ended=True))
        store.expect(DESK, "fake", ["issues"])
        assert store.watermarks() == {DESK: at(1)}

    def test_a_retired_source_is_waited_for_no_more(self, store: Store) -> None:
        bad, ref = Quarantined("9", "`status` is missing"), Ref("issue", "7")
        store.expect(DESK, "fake", ["users", "issues"])
        store.apply(page([issue("1", 1, requester_email="ada@shop.example")], 1, wanted=[ref], quarantined=[bad]))
        known = store.ask("email:ada@shop.example", EVERYTHING)
        assert known[1] == {DESK: None}
        store.retire(DESK)
        facts, sources = store.ask("email:ada@shop.example", EVERYTHING)
        assert (dict(sources), store.sources()) == ({}, [])
        assert facts == known[0], "what it told stays"
        assert store.checkpoint(DESK, "issues") is None
        assert (store.wanted(DESK, at(100)), list(store.quarantined())) == ([], [])
        store.expect(DESK, "fake", ["issues"])
        assert store.watermarks() == {DESK: None}, "who reads it again begins anew"

    def test_a_source_that_was_retired_for_good_cannot_come_back(self, store: Store) -> None:
        store.expect(DESK, "fake", ["issues"])
        store.retire(DESK, for_good=True)
        with pytest.raises(DataInvalid, match="another `name`"):
            store.expect(DESK, "fake", ["issues"])
        assert store.watermarks() == {}
        store.retire(DESK)
        with pytest.raises(DataInvalid, match="no source `nowhere`"):
            store.retire("nowhere")

    def test_where_something_is_can_change(self, store: Store) -> None:
        store.expect(DESK, "fake", ["issues"])
        assert store.location("source", DESK) is None
        store.locate("source", DESK, "https://one.example")
        store.locate("destination", DESK, "https://lists.example")
        store.locate("source", DESK, "https://two.example")
        assert store.location("source", DESK) == "https://two.example"
        assert store.location("destination", DESK) == "https://lists.example"
        store.retire(DESK, for_good=True)
        assert store.location("source", DESK) == "https://two.example"

    def test_a_checkpoint_keeps_the_version_of_its_meaning(self, store: Store) -> None:
        assert store.checkpoint(DESK, "issues") is None
        store.apply(page([], checkpoint={"a": 1}, checkpoint_version=3))
        assert store.checkpoint(DESK, "issues") == ({"a": 1}, 3)
        assert store.checkpoint("other", "issues") is None

    def test_a_bad_record_is_shown_until_it_is_read_well(self, store: Store) -> None:
        bad = [Quarantined("1", "`status` is missing"), Quarantined("contact/1", "`email` is a number")]
        store.apply(page([], 1, quarantined=bad))
        store.apply(page([], 2, quarantined=bad[:1]))
        shown = {row.key: row for row in store.quarantined()}
        assert (shown["1"].count, shown["1"].first_at, shown["1"].last_at) == (2, at(1), at(2))
        assert store.counts()["quarantined"] == 2
        store.apply(page([issue("1", 3)], 3))
        assert [row.key for row in store.quarantined()] == ["contact/1"], "a contact of the same id is another record"
        store.apply(page([contact("1", 3, "ada@shop.example")], 3, stream=None, checkpoint=None))
        assert not list(store.quarantined())

    def test_bad_records_without_an_id_are_shown_until_their_file_is_read_again(self, store: Store) -> None:
        bad = [Quarantined(f"{name} at byte 5", "is no JSON") for name in ("a.jsonl", "b.jsonl")]
        store.apply(page([], 1, quarantined=bad))
        store.apply(page([], 2, stream="users", anew=["a.jsonl"]))
        assert store.counts()["quarantined"] == 2, "another stream's file has the same name"
        store.apply(page([], 2, quarantined=bad[:1], anew=["a.jsonl", "b.jsonl"]))
        assert [(row.key, row.count) for row in store.quarantined()] == [("a.jsonl at byte 5", 1)]

    def test_a_record_that_is_read_well_in_one_stream_stays_in_quarantine_in_another(self, store: Store) -> None:
        store.apply(page([], quarantined=[Quarantined("1", "`status` is missing")]))
        store.apply(page([contact("1", 1, "ada@shop.example")], stream="users"))
        assert [row.stream for row in store.quarantined()] == ["issues"]

    def test_the_work_list_gives_what_is_due_until_it_is_done(self, store: Store) -> None:
        refs = [Ref("issue", "1", "who wrote first"), Ref("contact", "1", "address")]
        store.apply(page([], 1, wanted=[*refs, refs[0]]))
        assert set(store.wanted(DESK, at(1))) == set(refs)
        assert store.wanted(DESK, at(0.5)) == []
        assert store.wanted("other", at(1)) == []
        store.postpone(DESK, refs[:1], at(5))
        assert store.wanted(DESK, at(4)) == refs[1:]
        assert set(store.wanted(DESK, at(5))) == set(refs)
        assert len(store.wanted(DESK, at(5), limit=1)) == 1
        store.apply(page([], 5, stream=None, checkpoint=None, done=refs))
        assert store.wanted(DESK, at(9)) == []
        assert store.checkpoint(DESK, "issues") == ({"after": 1}, 1), "a fetch moves no checkpoint"

    def test_wanting_an_object_again_does_not_hasten_it(self, store: Store) -> None:
        ref = Ref("issue", "1", "long unseen")
        store.apply(page([], 1, wanted=[ref]))
        store.postpone(DESK, [ref], at(5))
        store.apply(page([], 2, wanted=[ref]))
        assert store.wanted(DESK, at(4)) == []

    def test_open_and_unknown_issues_go_stale_longest_unseen_first(self, store: Store) -> None:
        store.apply(page([issue("1", 1), issue("2", 1, "unknown"), issue("3", 1, "resolved")], 3))
        store.apply(page([issue("4", 1)], 2))
        store.apply(page([issue("5", 1, source="other")], 1, source="other"))
        assert store.stale_issues(DESK, at(4)) == ["4", "1", "2"]
        assert store.stale_issues(DESK, at(3)) == ["4"]
        assert store.stale_issues(DESK, at(4), limit=1) == ["4"]

    def test_an_issue_that_was_read_by_id_is_not_stale(self, store: Store) -> None:
        store.apply(page([issue("1", 1), issue("2", 1)], 1))
        store.apply(page([], 5, stream=None, checkpoint=None, done=[Ref("issue", "1")]))
        assert store.stale_issues(DESK, at(4)) == ["2"]

    def test_an_issue_that_waits_to_be_read_by_id_crowds_nobody_out(self, store: Store) -> None:
        store.apply(page([issue("1", 1), issue("2", 1)], 1, wanted=[Ref("issue", "1", "long unseen")]))
        assert store.stale_issues(DESK, at(4), limit=1) == ["2"]

    # Leases

    def test_a_lease_has_one_owner_until_it_ends(self, store: Store) -> None:
        store.acquire("pull:desk", "one", at(0), TERM)
        with pytest.raises(LeaseHeld) as refused:
            store.acquire("pull:desk", "two", at(0.1), TERM)
        assert refused.value.owner == "one"
        store.acquire("pull:other", "two", at(0), TERM)
        store.acquire("pull:desk", "two", at(1), TERM)

    def test_a_renewed_lease_lasts_longer(self, store: Store) -> None:
        lease = store.acquire("pull:desk", "one", at(0), TERM)
        store.renew(lease, at(0.1), HOUR)
        with pytest.raises(LeaseHeld):
            store.acquire("pull:desk", "two", at(0.5), TERM)

    def test_the_lease_of_a_dead_owner_is_free(self, store: Store) -> None:
        first = store.acquire("pull:desk", "one", at(0), TERM)
        with pytest.raises(LeaseHeld):
            store.acquire("pull:desk", "two", at(0), TERM, dead="three")
        assert store.acquire("pull:desk", "two", at(0), TERM, dead="one").fence > first.fence

    def test_a_run_that_lost_its_lease_writes_nothing(self, store: Store) -> None:
        old = store.acquire("run", "one", at(0), TERM)
        store.acquire("run", "two", at(1), TERM)
        for write in self._writes(store, old):
            with pytest.raises(LeaseHeld):
                write()
        assert store.checkpoint(DESK, "issues") is None
        assert not list(store.events())
        assert not list(store.ledger("list"))

    def test_a_surrendered_lease_writes_nothing_even_when_it_is_taken_again(self, store: Store) -> None:
        old = store.acquire("run", "one", at(0), TERM)
        store.surrender(old)
        fresh = store.acquire("run", "two", at(0), TERM)
        assert fresh.fence > old.fence
        for write in self._writes(store, old):
            with pytest.raises(LeaseHeld):
                write()
        store.surrender(old)
        store.apply(page([], lease=fresh))

    @staticmethod
    def _writes(store: Store, lease: Lease) -> list[Any]:
        return [
            lambda: store.apply(page([issue("1", 1)], lease=lease)),
            lambda: store.intend([row("ada@shop.example")], lease=lease),
            lambda: store.strike("list", ["ada@shop.example"], lease=lease),
            lambda: store.renew(lease, at(0), TERM),
            lambda: store.tell([waits("r1")], lease=lease),
            lambda: store.keep_wave(Wave("list", "x", at(0), 1, 0), 1, at(0), lease),
            lambda: store.end_wave("list", "x", lease),
            lambda: store.adopt("list", "new", lease),
            lambda: store.retire(DESK, lease=lease),
            lambda: store.locate("destination", "list", "https://lists.example", lease),
        ]

    # People

    def test_a_record_that_carries_two_identifiers_makes_them_one_person(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_id="u1"), issue("2", 1, requester_email="ada@shop.example")]))
        assert len(list(store.customers())) == 2
        store.apply(page([contact("u1", 2, "Ada@Shop.example")], stream="users"))
        [ada] = store.customers()
        assert ada.identifiers == ("email:ada@shop.example", "helpdesk_user:desk/u1")
        assert self._issues_of(store, "email:ada@shop.example") == {"desk/issue/1", "desk/issue/2"}
        assert store.customer("ADA@shop.example") == ada

    def test_an_earlier_address_stays_its_owners(self, store: Store) -> None:
        put(store, [contact("u1", 5, "new@home.example"), contact("u1", 1, "old@home.example"), issue("1", 6)])
        store.apply(page([issue("2", 6, requester_email="old@home.example")]))
        assert self._issues_of(store, "email:new@home.example") == {"desk/issue/2"}

    def test_a_shared_address_links_nobody(self, store: Store) -> None:
        people = [contact("u1", 1, "info@shop.example"), contact("u2", 1, "info@shop.example")]
        store.apply(page([*people, issue("1", 1, requester_id="u1")]))
        assert self._issues_of(store, "helpdesk_user:desk/u2") == set()
        assert {one.shared for one in self._identities(store, "info@shop.example")} == {True}

    def test_every_identifier_has_its_evidence(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "ada@shop.example")]))
        for known in self._identities(store, "ada@shop.example"):
            assert any("desk/contact/u1" in text for text in known.evidence)

    def test_a_merge_by_hand_holds_both_for_what_held_one(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_email="a@x.example"), issue("2", 1, requester_email="b@x.example")]))
        store.merge("a@x.example", "b@x.example", "she told us", at(2))
        both = {"desk/issue/1", "desk/issue/2"}
        assert self._issues_of(store, "email:a@x.example") == self._issues_of(store, "email:b@x.example") == both
        assert len(list(store.customers())) == 1
        assert any("she told us" in text for one in self._identities(store, "a@x.example") for text in one.evidence)

    def test_a_merge_by_hand_takes_in_people_of_whom_nothing_is_known_yet(self, store: Store) -> None:
        store.merge("a@x.example", "b@x.example", "she told us", at(0))
        store.apply(page([issue("1", 1, requester_email="a@x.example")]))
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/1"}

    def test_an_unmerge_gives_each_part_what_is_its_own(self, store: Store) -> None:
        store.apply(page([issue("1", 1, requester_email="a@x.example"), issue("2", 1, requester_email="b@x.example")]))
        store.merge("a@x.example", "b@x.example", "a guess", at(2))
        store.unmerge("b@x.example", "two people after all", at(3))
        assert self._issues_of(store, "email:a@x.example") == {"desk/issue/1"}
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/2"}

    def test_an_unmerge_lasts_when_the_record_comes_again(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example")]))
        store.unmerge("b@x.example", "his wife's", at(2))
        store.apply(page([contact("u1", 3, "a@x.example", "b@x.example", tier="gold")], stream="users"))
        store.apply(page([issue("1", 4, requester_email="b@x.example")]))
        assert self._issues_of(store, "email:a@x.example") == set()
        store.refold()
        assert self._issues_of(store, "email:a@x.example") == set()

    def test_an_unmerge_keeps_together_what_a_record_still_says_is_one(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example")]))
        store.apply(page([issue("1", 2, requester_email="a@x.example")]))
        store.unmerge("helpdesk_user:desk/u1", "a number used twice", at(3))
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        before = told(store, ["email:a@x.example", "email:b@x.example", "helpdesk_user:desk/u1"])
        store.refold()
        assert told(store, ["email:a@x.example", "email:b@x.example", "helpdesk_user:desk/u1"]) == before

    def test_an_unmerge_loses_no_hold_and_makes_none_up(self, store: Store) -> None:
        store.apply(page([contact("u1", 1, "a@x.example", "b@x.example"), issue("1", 1, requester_id="u1")]))
        store.apply(page([issue("2", 2, requester_email="b@x.example")]))
        store.unmerge("b@x.example", "his wife's", at(3))
        assert self._issues_of(store, "email:a@x.example") == {"desk/issue/1"}
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/2"}

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
        assert self._issues_of(store, "email:a@x.example") == {"desk/issue/1"}

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
        assert self._issues_of(store, "email:a@x.example") >= {"desk/issue/1"}

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

    # Deciding

    def test_strangers_have_no_facts(self, store: Store) -> None:
        facts = store.facts("email:nobody@x.example", EVERYTHING)
        assert facts.customer is None
        assert not facts.issues

    def test_facts_hold_what_is_needed_alone(self, store: Store) -> None:
        put(store, story())
        facts = store.facts("email:ada@shop.example", frozenset({"sends"}))
        assert [one.ref for one in facts.sends] == ["alignkit/send/s1"]
        assert not facts.issues
        assert not facts.holds

    def test_facts_come_folded(self, store: Store) -> None:
        put(store, story())
        facts = store.facts("email:ada@shop.example", EVERYTHING)
        [first] = [one for one in facts.issues if one.ref == "desk/issue/1"]
        assert (first.status, first.active, first.reopened_count) == ("open", True, 1)
        assert first.priority == Priority.URGENT
        assert first.waiting_since is not None
        assert facts.attributes["is_vip"] is True
        assert [one.ref for one in facts.posts] == ["net/post/p1"]

    # Scripts

    def test_issues_are_given_as_they_stand(self, store: Store) -> None:
        events = [issue("1", 1), issue("2", 1, "unknown"), issue("3", 1), issue("3", 2, "resolved"), issue("4", 1)]
        put(store, [*events, removal("4", 2, "spam"), issue("5", 1, source="other")])
        assert {one.id: one.is_active for one in store.issues(source=DESK)} == {
            "1": True,
            "2": None,
            "3": False,
            "4": False,
        }
        assert {one.id for one in store.issues(active=True)} == {"1", "2", "5"}
        assert {one.id for one in store.issues(active=False)} == {"3", "4"}
        assert {one.source for one in store.issues()} == {DESK, "other"}

    def test_events_can_be_chosen(self, store: Store) -> None:
        put(store, story())
        bob = store.customer("bob@shop.example")
        assert bob is not None
        assert {event.type for event in store.events(type="survey.answered")} == {"survey.answered"}
        assert {event.source for event in store.events(source="crm")} == {"crm"}
        assert not list(store.events(source="nowhere"))
        assert {event.subject for event in store.events(customer=bob.id, type="contact.changed")} == {"u2"}

    def test_signals_name_their_customer(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="a@x.example", type="complaint")])
        customer = store.customer("a@x.example")
        assert customer is not None
        assert [one.subject for one in store.signals()] == [customer.id]
        assert [one.evidence for one in store.signals(customer=customer.id)] == [("desk/issue/1",)]

    def test_holds_are_those_put_by_hand_and_those_in_place(self, store: Store) -> None:
        put(store, [hold("h1", 1, "a@x.example")])
        store.intend([row("b@x.example"), row("c@x.example", LedgerState.INTENDED)], add=[cause("b@x.example")])
        store.intend([], add=[cause("c@x.example")])
        assert [(one.kind, one.identifiers) for one in store.holds()] == [
            (HoldKind.MANUAL, ("a@x.example",)),
            (HoldKind.AUTOMATIC, ("email:b@x.example",)),
        ]
        assert [one.kind for one in store.holds(active_at=at(0))] == [HoldKind.AUTOMATIC]

    @pytest.mark.parametrize(
        "table", ["issues", "customers", "events", "signals", "holds", "identities", "quarantine", "ledger"]
    )
    def test_rows_are_flat(self, store: Store, table: Any) -> None:
        put(store, story())
        store.apply(page([], quarantined=[Quarantined("1", "`status` is missing")]))
        store.intend([row("bob@shop.example")], add=[cause("bob@shop.example")])
        rows = list(store.rows(table))
        assert rows
        assert all(isinstance(cell, (str, int, float, bool, type(None))) for one in rows for cell in one.values())
        assert len({tuple(one) for one in rows}) == 1, "all rows have the same columns"

    def test_counts_and_unknown_statuses_tell_what_to_look_at(self, store: Store) -> None:
        odd = issue("2", 1, "unknown", status_raw="parked", requester_email="a@x.example")
        put(store, [issue("1", 1), odd, issue("3", 1, "resolved")])
        counts = store.counts()
        assert (counts["issues"], counts["active_issues"], counts["unknown_issues"]) == (3, 1, 1)
        assert (counts["issues_without_customer"], counts["customers"], counts["events"]) == (2, 1, 3)
        assert store.unknown_statuses() == {(DESK, "parked"): 1}

    # The ledger

    def test_an_intent_and_its_cause_are_kept_together(self, store: Store) -> None:
        store.intend([row("a@x.example", LedgerState.INTENDED)], add=[cause("a@x.example")])
        assert list(store.ledger("list")) == [row("a@x.example", LedgerState.INTENDED)]
        assert list(store.causes("list")) == [cause("a@x.example")]
        assert not list(store.ledger("other"))
        assert not list(store.causes("other"))

    def test_causes_are_kept_for_each_kind_of_message(self, store: Store) -> None:
        store.intend([row("a@x.example")], add=[cause("a@x.example"), cause("a@x.example", "upsell/email")])
        store.intend([], drop=[("list", "a@x.example", "upsell/email")])
        assert [one.scope for one in store.causes("list")] == ["promotional/email"]
        assert not list(store.causes("list", "upsell/email"))

    def test_a_row_is_replaced_and_a_cause_keeps_its_beginning(self, store: Store) -> None:
        store.intend([row("a@x.example", LedgerState.INTENDED)], add=[cause("a@x.example")])
        later = Cause("list", "a@x.example", "promotional/email", "another", ("r",), ("e",), at(5), at(9))
        store.intend([row("a@x.example")], add=[later])
        assert [one.state for one in store.ledger("list")] == [LedgerState.CONFIRMED]
        [kept] = store.causes("list")
        assert (kept.reason, kept.since, kept.until) == ("another", START, at(9))

    def test_striking_a_row_takes_its_causes_along(self, store: Store) -> None:
        names = ["a@x.example", "b@x.example"]
        store.intend([row(name) for name in names], add=[cause(name) for name in names])
        store.strike("list", names[:1])
        assert [one.address for one in store.ledger("list")] == names[1:]
        assert [one.address for one in store.causes("list")] == names[1:]

    def test_a_destination_goes_on_under_another_name(self, store: Store) -> None:
        there = row("b@x.example", destination="new")
        store.intend([row("a@x.example"), row("b@x.example")], add=[cause("a@x.example"), cause("b@x.example")])
        store.intend([there], add=[cause("b@x.example", destination="new")])
        store.intend([row("c@x.example", destination="other")], add=[cause("c@x.example", destination="other")])
        store.keep_wave(Wave("list", "promotional/email", at(1), 9, 0), 4, at(1))
        store.locate("destination", "list", "https://lists.example")
        assert store.destinations() == ["list", "new", "other"]
        assert store.adopt("list", "new") == 2
        assert store.destinations() == ["new", "other"]
        assert list(store.ledger("new")) == [row("a@x.example", destination="new"), there]
        assert [one.address for one in store.causes("new")] == ["a@x.example", "b@x.example"]
        assert store.wave("new", "promotional/email") == Wave("new", "promotional/email", at(1), 9, 4)
        assert store.released_since("new", "promotional/email", at(0)) == 4
        assert store.location("destination", "new") == "https://lists.example"
        assert store.location("destination", "list") is None

    def test_a_long_ledger_is_given_whole(self, store: Store) -> None:
        names = [f"p{number}@x.example" for number in range(1203)]
        store.intend([row(name) for name in names], add=[cause(name, scope) for name in names for scope in "ab"])
        assert [one.address for one in store.ledger("list")] == sorted(names)
        assert [(one.address, one.scope) for one in store.causes("list")] == [
            (name, scope) for name in sorted(names) for scope in "ab"
        ]

    # Holds that are not about single people

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
        assert self._silenced(store, 7) == 7, "below the cap that holds for all"
        store.confirm(DESK, Reach("h1", 3))
        assert self._silenced(store, 7) == 3
        [known] = store.wide_holds()
        assert (known.people, known.silenced, known.is_capped) == (7, 3, True)
        store.confirm(DESK, Reach("h1", 7, "Grace", "they all asked", at(2)))
        assert self._silenced(store, 7) == 7
        [known] = store.wide_holds()
        assert (known.is_capped, known.reach) == (False, Reach("h1", 7, "Grace", "they all asked", at(2)))

    def test_a_merge_lets_no_hold_reach_beyond_its_cap(self, store: Store) -> None:
        put(store, [contact("u9", 0, "p9@x.example")])
        put(store, [contact(f"u{n}", 0, f"p{n}@x.example", account_ids=("a1",)) for n in range(5)])
        put(store, [wide("h1", 1, account_ids=("desk/a1",))])
        store.confirm(DESK, Reach("h1", 2))
        for n in (4, 0):
            store.merge(f"p{n}@x.example", "p9@x.example", "she told us", at(2))
            reached = {store.facts(key, EVERYTHING).customer for key in self._reached(store, 10)}
            assert 0 < len(reached) <= 2

    def test_a_long_list_and_everybody_keep_to_a_cap(self, store: Store) -> None:
        names = [f"p{n}@x.example" for n in range(CAP + 3)]
        put(store, [wide("h1", 1, identifiers=tuple(names))])
        assert self._silenced(store, CAP + 3) == CAP
        put(
            store,
            [wide("h1", 2, identifiers=tuple(names), released_at=at(2)), wide("h2", 2, cohort='{"everybody":true}')],
        )
        store.confirm(DESK, Reach("h2", 4))
        reached = [key for key in self._reached(store, 10) if self._refs(store, key) >= {"desk/hold/h2"}]
        assert len(reached) == 4
        assert "desk/hold/h2" not in self._refs(store, "email:nobody@x.example")

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

    # Deferred messages

    def test_a_deferred_message_is_kept_once(self, store: Store) -> None:
        assert store.defer(waits("r1")) == waits("r1")
        assert store.defer(replace(waits("r1"), deferred_at=at(5), reason="later")) == waits("r1")
        with pytest.raises(DataInvalid, match="another message"):
            store.defer(waits("r1", who="email:bob@shop.example"))
        assert list(store.deferred()) == [waits("r1")]

    def test_deferred_messages_come_oldest_first(self, store: Store) -> None:
        for number in (3, 1, 2):
            store.defer(waits(f"r{number}", hours=number % 3))
        assert [one.reference for one in store.deferred()] == ["r3", "r1", "r2"]
        for number in range(510):
            store.defer(waits(f"s{number:04}", hours=9))
        assert len(list(store.deferred(DeferredState.WAITING))) == 513

    def test_an_answer_is_told_once_until_it_is_given_back(self, store: Store) -> None:
        store.defer(waits("r1"))
        store.defer(waits("r2"))
        said = replace(waits("r1"), became=Became.SEND, told_at=at(3), reason="no hold is in force")
        assert store.tell([said], [replace(waits("r2"), recheck_at=at(9), reason="an open issue")]) == ["r1"]
        assert store.tell([said]) == []
        [told] = store.deferred(DeferredState.TOLD)
        assert (told.became, told.told_at, told.reason) == (Became.SEND, at(3), "no hold is in force")
        [waiting] = store.deferred(DeferredState.WAITING)
        assert (waiting.recheck_at, waiting.reason) == (at(9), "an open issue")
        assert store.give_back(["r1", "r2", "r3"]) == ["r1"]
        assert store.tell([said]) == ["r1"]

    def test_what_was_acknowledged_is_over_and_names_nobody(self, store: Store) -> None:
        store.defer(waits("r1"))
        assert store.acknowledge(["r1"]) == [], "nothing was told yet"
        store.tell([replace(waits("r1"), became=Became.SEND, told_at=at(3))])
        assert store.acknowledge(["r1", "r2"]) == ["r1"]
        assert store.acknowledge(["r1"]) == store.give_back(["r1"]) == []
        kept = store.defer(waits("r1"))
        assert (kept.state, kept.became, kept.who) == (DeferredState.DONE, Became.SEND, "")

    def test_deferred_messages_of_a_forgotten_person_are_gone(self, store: Store) -> None:
        put(store, [contact("u1", 1, "ada@shop.example", "ada@home.example")])
        store.defer(waits("r1"))
        store.defer(waits("r2", who="email:bob@shop.example"))
        assert [one["reference"] for one in store.export("ada@home.example")["deferred"]] == ["r1"]
        assert store.forget("ada@home.example", at(2)).deferred == 1
        assert [one.reference for one in store.deferred()] == ["r2"]

    def test_only_what_is_over_is_pruned(self, store: Store) -> None:
        for number in range(4):
            store.defer(waits(f"r{number}"))
        store.tell([replace(waits(f"r{number}"), became=Became.SEND, told_at=at(number)) for number in (1, 2, 3)])
        store.acknowledge(["r1", "r3"])
        assert store.prune_deferred(at(1)) == 0
        assert store.prune_deferred(at(3)) == 1
        assert [one.reference for one in store.deferred()] == ["r0", "r2", "r3"]

    # Release piece by piece

    def test_a_wave_is_kept_with_what_it_let_go(self, store: Store) -> None:
        wave = Wave("list", "promotional/email", at(1), 100, 0)
        assert store.wave("list", "promotional/email") is None
        store.keep_wave(wave, 10, at(1))
        store.keep_wave(replace(wave, people=120, released=10), 5, at(2))
        kept = store.wave("list", "promotional/email")
        assert kept == replace(wave, people=120, released=15)
        assert store.waves() == [kept]
        assert store.released_since("list", "promotional/email", at(0)) == 15
        assert store.released_since("list", "promotional/email", at(1)) == 5
        assert store.released_since("list", "upsell/email", at(0)) == 0
        store.end_wave("list", "promotional/email")
        assert store.waves() == []
        assert store.released_since("list", "promotional/email", at(0)) == 15, "the hour is not over"

    # Upkeep

    def test_facts_built_anew_are_the_same(self, store: Store) -> None:
        put(store, shuffled(story(), 5))
        store.merge("eve@shop.example", "dora@shop.example", "sisters", at(10))
        store.unmerge("ada@home.example", "a typing error", at(11))
        before, stale = told(store, PEOPLE), store.stale_issues(DESK, at(200))
        assert store.refold() > 0
        assert told(store, PEOPLE) == before
        assert store.stale_issues(DESK, at(200)) == stale
        store.refold()
        assert told(store, PEOPLE) == before

    def test_facts_built_anew_do_not_look_freshly_seen(self, store: Store) -> None:
        store.apply(page([issue("1", 1)], 1))
        store.apply(page([issue("2", 50)], 50))
        store.refold()
        assert store.stale_issues(DESK, at(10)) == ["1"]

    def test_a_forgotten_person_is_gone(self, store: Store) -> None:
        put(store, story())
        report = store.forget("ada@shop.example", at(100))
        assert report.customers >= 1
        assert report.events
        for known in ("email:ada@shop.example", "email:ada@home.example", "helpdesk_user:desk/u1"):
            assert store.facts(known, EVERYTHING).customer is None
        everything = json.dumps([event.model_dump(mode="json") for event in store.events()])
        assert "ada@" not in everything
        assert store.facts("email:carol@shop.example", EVERYTHING).issues

    def test_overlap_and_sweep_do_not_bring_a_forgotten_person_back(self, store: Store) -> None:
        put(store, story())
        store.forget("ada@shop.example", at(100))
        again = put(store, story(), 101)
        assert again.forgotten
        assert "ada@" not in json.dumps([event.model_dump(mode="json") for event in store.events()])
        assert store.customer("ada@shop.example") is None

    def test_a_record_without_a_time_does_not_bring_a_forgotten_person_back(self, store: Store) -> None:
        person = Contact(id="u1", emails=("a@x.example",))
        put(store, [ContactChanged.of(person, source=DESK, received_at=at(1))])
        store.forget("a@x.example", at(2))
        put(store, [ContactChanged.of(person, source=DESK, received_at=at(3))])
        assert store.customer("a@x.example") is None

    def test_an_issue_that_begins_later_brings_the_person_back(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="a@x.example", requester_id="u1")])
        store.forget("a@x.example", at(2))
        fresh = issue("2", 3, requester_email="a@x.example", requester_id="u1", created_at=at(3))
        assert put(store, [fresh]).new == 1
        assert self._issues_of(store, "email:a@x.example") == {"desk/issue/2"}

    def test_a_person_who_came_back_is_known_by_all_their_addresses_again(self, store: Store) -> None:
        put(store, [contact("u1", 1, "a@x.example"), issue("1", 1, requester_id="u1")])
        store.forget("a@x.example", at(2))
        put(store, [issue("2", 3, requester_id="u1", created_at=at(3))])
        assert Ref("contact", "u1", "came back") in store.wanted(DESK, at(200))
        put(store, [contact("u1", 1, "a@x.example")])
        assert self._issues_of(store, "email:a@x.example") == {"desk/issue/2"}

    def test_an_issue_shared_with_a_forgotten_person_goes_on_holding_the_others(self, store: Store) -> None:
        shared = issue("1", 1, requester_email="a@x.example", affected=["b@x.example"], subject="a@x.example is cross")
        put(store, [shared])
        store.forget("a@x.example", at(2))
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        put(store, [shared, issue("1", 3, requester_email="a@x.example", affected=["b@x.example"], tags=["x"])])
        assert self._issues_of(store, "email:b@x.example") == {"desk/issue/1"}
        assert store.customer("a@x.example") is None
        assert "a@x.example" not in json.dumps([event.model_dump(mode="json") for event in store.events()])

    def test_a_deal_shared_with_a_forgotten_person_stays_the_others(self, store: Store) -> None:
        deal = Opportunity(id="o1", status=OpportunityStatus.OPEN, contact_ids=("u1", "u2"))
        put(store, [OpportunityChanged.of(deal, source=DESK, received_at=at(1))])
        store.forget("helpdesk_user:desk/u1", at(2))
        assert [event.subject for event in store.events(type="opportunity.changed")] == ["o1"]

    def test_nobody_is_forgotten_whom_we_still_hold(self, store: Store) -> None:
        put(store, [issue("1", 1, requester_email="ada@shop.example")])
        store.intend([row("Ada@Shop.example")], add=[cause("Ada@Shop.example")])
        with pytest.raises(DataInvalid, match="`list`"):
            store.forget("ada@shop.example", at(2))
        assert store.customer("ada@shop.example") is not None
        store.strike("list", ["Ada@Shop.example"])
        store.forget("ada@shop.example", at(2))

    def test_forgetting_a_stranger_keeps_them_out(self, store: Store) -> None:
        assert store.forget("a@x.example", at(2)).customers == 0
        put(store, [issue("1", 1, requester_email="a@x.example")])
        assert store.customer("a@x.example") is None

    def test_an_export_holds_one_persons_own_and_nothing_of_others(self, store: Store) -> None:
        put(store, story())
        put(store, [issue("8", 1, requester_email="zoe@shop.example", affected=["carol@shop.example"])])
        put(store, [issue("8", 2, requester_email="carol@shop.example")])
        store.intend([row("Carol@shop.example"), row("bob@shop.example")], add=[cause("Carol@shop.example")])
        store.intend([], add=[cause("bob@shop.example")])
        text = json.dumps(store.export("carol@shop.example"))
        assert "desk/issue/2" in text or '"subject": "2"' in text
        assert "Carol@shop.example" in text
        for other in ("ada@", "bob@", "dora@", "eve@", "zoe@"):
            assert other not in text, other

    def test_an_export_keeps_to_one_part_of_what_was_taken_apart(self, store: Store) -> None:
        put(store, [contact("u1", 1, "a@x.example", "b@x.example")])
        store.unmerge("b@x.example", "his wife's", at(2))
        assert "b@x.example" not in json.dumps(store.export("a@x.example"))

    def test_there_is_no_export_of_a_stranger(self, store: Store) -> None:
        with pytest.raises(DataInvalid):
            store.export("nobody@x.example")

    def test_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            store.facts("email:a@x.example", EVERYTHING)
        with pytest.raises(StoreUnavailable, match="closed"):
            store.apply(page([]))

    def test_no_error_names_a_person(self, store: Store) -> None:
        store.intend([row("ada@shop.example")])
        texts: list[str] = []
        for refused in (
            lambda: store.forget("ada@shop.example", at(0)),
            lambda: store.export("eve@shop.example"),
            lambda: store.unmerge("eve@shop.example", "a slip", at(0)),
            lambda: store.customer("Eve Example <eve@shop.example"),
        ):
            with pytest.raises(AlignkitError) as error:
                refused()
            texts.append(str(error.value))
        assert not [text for text in texts if "ada" in text or "eve" in text]

    @staticmethod
    def _refs(store: Store, identifier: str) -> set[str]:
        return {one.ref for one in store.facts(identifier, EVERYTHING).holds}

    def _reached(self, store: Store, people: int) -> list[str]:
        return [key for n in range(people) if self._refs(store, key := f"email:p{n}@x.example")]

    def _silenced(self, store: Store, people: int) -> int:
        return len(self._reached(store, people))

    @staticmethod
    def _issues_of(store: Store, identifier: str) -> set[str]:
        return {one.ref for one in store.facts(identifier, EVERYTHING).issues}

    @staticmethod
    def _identities(store: Store, identifier: str) -> list[Any]:
        customer = store.customer(identifier)
        assert customer is not None
        return list(store.identities(customer.id))
