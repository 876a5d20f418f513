"""Tests that a store knows how far sources were read, and lets one run at a time write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alignkit.errors import DataInvalid, LeaseHeld
from alignkit.models.exchange import Quarantined, Ref
from alignkit.stores.base import Store
from alignkit.stores.records import OWN_SOURCE, Applied, Batch, Lease, Wave
from alignkit.testing.store.case import StoreCase
from alignkit.testing.store.stories import (
    DESK,
    EVERYTHING,
    HOUR,
    PEOPLE,
    TERM,
    at,
    contact,
    hold,
    issue,
    page,
    put,
    row,
    shuffled,
    story,
    told,
    waits,
)


class RunTests(StoreCase):
    """Pages, checkpoints, watermarks, quarantine, the work list and leases."""

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

    def test_what_a_clock_that_was_ahead_has_dated_does_not_wait_for_that_day(self, store: Store) -> None:
        person = Ref("contact", "1", "address")
        store.apply(page([issue("1", 1)], 10_000, wanted=[person]))
        assert store.stale_issues(DESK, at(4)) == ["1"]
        assert store.wanted(DESK, at(4)) == [person]
        store.apply(page([], 5, stream=None, checkpoint=None, done=[Ref("issue", "1")]))
        assert store.stale_issues(DESK, at(4)) == []

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
        for write in _writes(store, old):
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
        for write in _writes(store, old):
            with pytest.raises(LeaseHeld):
                write()
        store.surrender(old)
        store.apply(page([], lease=fresh))


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
