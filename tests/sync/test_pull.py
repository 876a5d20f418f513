"""Holds pulling to its laws: nothing is lost, nothing is read twice, and only a source's own word ends an issue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from alignkit import AsyncSync, Sync
from alignkit.connectors.base import Fetched, Run
from alignkit.errors import (
    CursorExpired,
    DataInvalid,
    LeaseHeld,
    PagingStuck,
    PermissionMissing,
    RequestRefused,
    ServiceUnreachable,
    StoreUnavailable,
)
from alignkit.models.exchange import Quarantined, Ref
from alignkit.stores import MemoryStore
from alignkit.stores.records import Lease
from alignkit.sync import Progress
from alignkit.testing.store.stories import DESK, EVERYTHING, at, contact, issue, removal
from alignkit.transport import Flow

from .fakes import FakeSource, ask, desk


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def pull(store: MemoryStore, source: FakeSource, hours: float = 1, **given: Any) -> Any:
    return Sync(store).pull(source, now=at(hours), **given)


def ids(store: MemoryStore) -> list[str]:
    return [event.subject for event in store.events()]


def test_people_are_read_before_issues_and_everything_is_counted(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), n, requester_id="u1") for n in range(5)))
    source.told["users"] = [contact("u1", 1, "ada@shop.example")]
    result = pull(store, source)
    assert [name for name, _ in source.asked] == ["users", "issues", "issues", "issues"]
    assert (result.pages, result.events, result.repeated) == (4, 6, 0)
    assert result.is_complete
    assert len(store.facts("email:ada@shop.example", EVERYTHING).issues) == 5


def test_the_next_pull_goes_on_where_the_last_one_ended(store: MemoryStore) -> None:
    source = desk(issue("1", 1), issue("2", 1))
    pull(store, source)
    source.told["issues"].append(issue("3", 2))
    source.asked.clear()
    assert pull(store, source, 2).events == 1
    assert source.asked[-1] == ("issues", {"after": 2})


def test_runs_of_a_single_page_come_to_the_end_of_every_stream(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), 1) for n in range(4)))
    source.told["users"] = [contact("u1", 1, "ada@shop.example")]
    for hours in range(1, 5):
        pull(store, source, hours, max_pages=1)
    assert ids(store) == ["u1", "0", "1", "2", "3"]
    assert all(state.is_complete for state in store.sources())


def test_a_limit_of_pages_stops_a_run_and_the_next_goes_on(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), 1) for n in range(6)))
    first = pull(store, source, max_pages=3)
    assert (first.pages, first.incomplete) == (3, ("issues",))
    assert store.watermarks() == {DESK: None}
    assert ids(store) == ["0", "1", "2", "3"]
    assert pull(store, source).is_complete
    assert ids(store) == ["0", "1", "2", "3", "4", "5"]


def test_only_the_named_streams_are_read(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    result = pull(store, source, streams=["issues", "issues"])
    assert [name for name, _ in source.asked] == ["issues"]
    assert result.is_complete
    assert store.watermarks() == {DESK: None}, "the users were never read"


def test_a_stream_that_is_not_there_is_refused_before_anything_is_asked(store: MemoryStore) -> None:
    source = desk()
    with pytest.raises(DataInvalid, match="`tickets`"):
        pull(store, source, streams=["tickets"])
    with pytest.raises(DataInvalid, match="max_pages"):
        pull(store, source, max_pages=0)
    assert source.asked == []


REFUSALS = [PermissionMissing("may not GET /users (403)"), RequestRefused("nothing at GET /users (404)", status=404)]


@pytest.mark.parametrize("refusal", REFUSALS, ids=["permission", "plan"])
def test_a_refused_stream_keeps_no_other_from_being_read(
    store: MemoryStore, refusal: PermissionMissing | RequestRefused
) -> None:
    source = desk(issue("1", 1), issue("2", 1), issue("3", 1))
    source.wanted = [Ref("issue", "9", "missing")]
    source.by_id["9"] = [issue("9", 1)]
    source.failures = [refusal]
    with pytest.raises(type(refusal), match=r"leave `users` out of what is read \(`without`\)"):
        pull(store, source)
    assert ids(store) == ["1", "2", "3", "9"]
    assert store.checkpoint(DESK, "users") is None
    assert store.watermarks() == {DESK: None}, "the source was not read to its end"
    assert pull(store, source, 2).is_complete


def test_the_first_refusal_is_told_where_several_streams_were_refused(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    source.failures = [*REFUSALS]
    with pytest.raises(PermissionMissing):
        pull(store, source)
    assert ids(store) == []
    assert store.sources() == [], "nothing of it was ever read"


def test_a_stream_that_is_left_out_is_neither_read_nor_waited_for(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    source.failures = [REFUSALS[0]]
    with pytest.raises(PermissionMissing):
        pull(store, source)
    source.asked.clear()
    assert pull(store, source.without("users"), 2).is_complete
    assert [name for name, _ in source.asked] == ["issues"]
    assert store.watermarks() == {DESK: at(2)}
    with pytest.raises(DataInvalid, match="has no stream `users`"):
        pull(store, source, 3, streams=["users"])


def test_a_stream_that_is_wanted_again_is_waited_for(store: MemoryStore) -> None:
    pull(store, desk(issue("1", 1)).without("users"))
    source = desk(issue("1", 1))
    source.failures = [ServiceUnreachable("no answer")]
    with pytest.raises(ServiceUnreachable):
        pull(store, source, 2)
    pull(store, source, 3, streams=["issues"])
    assert store.watermarks() == {DESK: None}
    assert pull(store, source, 4).is_complete


@pytest.mark.parametrize(
    ("streams", "what"), [(["people"], "has no stream `people`"), (["users", "issues"], "left without any stream")]
)
def test_only_streams_that_are_there_are_left_out_and_never_all(streams: list[str], what: str) -> None:
    with pytest.raises(DataInvalid, match=what):
        desk().without(*streams)


def test_now_stamps_freshness_and_moves_no_window(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    pull(store, source, 500, since=at(-5))
    assert store.watermarks() == {DESK: at(500)}
    assert store.checkpoint(DESK, "issues") == ({"after": 1}, 1)
    assert {(run.now, run.since) for run in source.runs} == {(at(500), at(-5))}
    with pytest.raises(DataInvalid, match="time zone"):
        Sync(store).pull(source, now=at(1).replace(tzinfo=None))


def test_progress_is_told_after_each_page(store: MemoryStore) -> None:
    told: list[Progress] = []
    source = desk(*(issue(str(n), 1) for n in range(3)))
    source.wanted, source.by_id = [Ref("issue", "9")], {"9": [issue("9", 1)]}
    pull(store, source, on_progress=told.append)
    assert [(one.step, one.done) for one in told] == [("users", 1), ("issues", 2), ("issues", 3), ("by id", 1)]


def test_what_was_quarantined_and_missed_is_in_the_result(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    source.quarantined, source.gaps = [Quarantined("7", "`status` is missing")], ["the file was replaced"]
    result = pull(store, source)
    assert (result.quarantined, result.gaps) == (1, ("issues: the file was replaced",))
    assert [row.key for row in store.quarantined()] == ["7"]


def test_a_position_that_a_service_forgot_is_read_again_from_the_start_with_a_gap(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), 1) for n in range(3)))
    pull(store, source)
    source.failures = [CursorExpired("gone")]
    result = pull(store, source, 2, streams=["issues"])
    assert (result.repeated, result.is_complete, len(result.gaps)) == (3, True, 1)
    source.failures = [CursorExpired("gone"), CursorExpired("gone again")]
    with pytest.raises(CursorExpired):
        pull(store, source, 3, streams=["issues"])


def test_a_page_that_comes_twice_ends_the_run(store: MemoryStore) -> None:
    source = desk(issue("1", 1), issue("2", 1))
    source.always_more = True
    with pytest.raises(PagingStuck):
        pull(store, source, streams=["issues"])
    assert ids(store) == ["1", "2"]


class CirclingSource(FakeSource):
    """Gives the positions 1, 2, 1, 2 and so on."""

    def read(self, stream: str, checkpoint: Mapping[str, Any] | None, run: Any) -> Any:
        page = yield from super().read(stream, {"after": 0}, run)
        after = 2 if (checkpoint or {}).get("after") == 1 else 1
        return type(page)(page.events, {"after": after}, more=True)


def test_positions_that_go_round_in_a_circle_end_the_run(store: MemoryStore) -> None:
    with pytest.raises(PagingStuck):
        pull(store, CirclingSource(), streams=["issues"])


def test_a_checkpoint_of_another_version_is_not_used(store: MemoryStore) -> None:
    source = desk(issue("1", 1))
    pull(store, source)
    source.version = 2
    source.asked.clear()
    result = pull(store, source, 2)
    assert source.asked == [("users", None), ("issues", None)]
    assert (result.repeated, len(result.gaps)) == (1, 2)
    assert store.checkpoint(DESK, "issues") == ({"after": 1}, 2)


def test_what_was_read_before_a_failure_stays(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), 1) for n in range(4)))

    def fail_third(name: str) -> None:
        if len(source.asked) == 2:
            raise ServiceUnreachable("cut")

    source.hook = fail_third
    with pytest.raises(ServiceUnreachable):
        pull(store, source)
    assert ids(store) == ["0", "1"]
    source.hook = None
    assert pull(store, source).events == 2


# Objects by id


def test_the_work_list_is_drained_by_fetching(store: MemoryStore) -> None:
    source = desk()
    source.wanted = [Ref("issue", str(n)) for n in range(45)]
    source.by_id = {str(n): [issue(str(n), 1)] for n in range(45)}
    result = pull(store, source)
    assert (result.fetched, result.waiting, result.events) == (45, 0, 45)
    assert [name for name, _ in source.asked].count("fetch") == 3
    assert store.wanted(DESK, at(500)) == []


def test_an_object_that_cannot_be_seen_is_asked_for_again_later(store: MemoryStore) -> None:
    source = desk()
    source.wanted = [Ref("issue", "1", "who wrote")]
    assert pull(store, source, 1).waiting == 1
    source.wanted = []
    source.asked.clear()
    pull(store, source, 1.5)
    assert ("fetch", ["1"]) not in source.asked
    source.by_id = {"1": [issue("1", 1)]}
    assert pull(store, source, 2).fetched == 1


class Stumbling(FakeSource):
    """A helpdesk that fails at some objects, whatever is asked for beside them."""

    def __init__(self, *stumbles_at: str) -> None:
        super().__init__()
        self.stumbles_at = set(stumbles_at)

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        fetched = yield from super().fetch(refs, run)
        if self.stumbles_at.intersection(ref.id for ref in refs):
            raise ServiceUnreachable("`desk` answered 500")
        return fetched


def test_an_object_at_which_the_service_fails_holds_up_no_other(store: MemoryStore) -> None:
    source = Stumbling("3")
    source.wanted = [Ref("issue", str(n)) for n in range(45)]
    source.by_id = {str(n): [issue(str(n), 1)] for n in range(45)}
    with pytest.raises(ServiceUnreachable):
        pull(store, source, 1)
    source.wanted = []
    assert pull(store, source, 1.5).waiting == 0
    assert {one.id for one in store.issues()} == set(source.by_id) - {"3"}
    assert store.wanted(DESK, at(3)) == [Ref("issue", "3")]


def test_a_service_that_fails_at_all_objects_is_not_asked_for_each(store: MemoryStore) -> None:
    source = Stumbling(*map(str, range(20)))
    source.wanted = [Ref("issue", str(n)) for n in range(20)]
    with pytest.raises(ServiceUnreachable):
        pull(store, source, 1)
    assert [name for name, _ in source.asked].count("fetch") == 3


def test_what_reading_by_id_may_have_missed_is_told(store: MemoryStore) -> None:
    source = desk()
    source.wanted = [Ref("issue", "1")]
    source.gaps_by_id = ["an issue is not shown any more"]
    assert pull(store, source).gaps == ("by id: an issue is not shown any more",)


def test_a_long_open_issue_is_read_again_and_only_its_sources_word_ends_it(store: MemoryStore) -> None:
    source = desk(ask("ada"), ask("bob"), ask("carol"))
    pull(store, source, 1)
    source.by_id = {"of-ada": [removal("of-ada", 40, "not_found")], "of-bob": [ask("bob")]}
    result = pull(store, source, 50)
    assert (result.fetched, result.waiting) == (2, 1)
    active = {one.id for one in store.issues(active=True)}
    assert active == {"of-bob", "of-carol"}, "carol's could not be seen, which is no evidence"
    source.asked.clear()
    pull(store, source, 51.5)
    assert ("fetch", ["of-carol"]) in source.asked


def test_nothing_is_swept_before_every_stream_was_read_to_its_end(store: MemoryStore) -> None:
    source = desk(ask("ada"))
    pull(store, source, 1)
    source.told["issues"] += [issue(str(n), 2) for n in range(8)]
    source.asked.clear()
    pull(store, source, 50, max_pages=2)
    assert not [name for name, _ in source.asked if name == "fetch"]


def test_an_empty_answer_ends_no_issue(store: MemoryStore) -> None:
    source = desk(ask("ada"))
    pull(store, source, 1)
    source.told["issues"].clear()
    pull(store, source, 2)
    pull(store, source, 200)
    assert [one.id for one in store.issues(active=True)] == ["of-ada"]


# Leases


def test_two_runs_never_pull_one_source_at_once(store: MemoryStore) -> None:
    lease = store.acquire("pull:desk", "elsewhere/1/x", at(0) + timedelta(days=3650), timedelta(days=1))
    source = desk(issue("1", 1))
    with pytest.raises(LeaseHeld):
        pull(store, source)
    assert source.asked == []
    store.surrender(lease)
    pull(store, source)


def test_a_run_that_lost_its_lease_stops(store: MemoryStore) -> None:
    source = desk(*(issue(str(n), 1) for n in range(4)))

    def take_over(name: str) -> None:
        if len(source.asked) == 2:
            store.acquire("pull:desk", "another", at(0) + timedelta(days=3650), timedelta(days=1))

    source.hook = take_over
    with pytest.raises(LeaseHeld, match="taken over"):
        pull(store, source)
    assert ids(store) == ["0", "1"]


class UnwillingStore(MemoryStore):
    """Gives leases and does not learn of sources."""

    surrendered: list[Lease]

    def expect(self, source: str, type: str, streams: Any) -> None:
        raise StoreUnavailable("made up for a test")

    def surrender(self, lease: Lease) -> None:
        super().surrender(lease)
        self.surrendered.append(lease)


def test_a_run_that_cannot_begin_gives_its_lease_back() -> None:
    with UnwillingStore() as store:
        store.surrendered = []
        with pytest.raises(StoreUnavailable):
            pull(store, desk())
        with pytest.raises(StoreUnavailable):
            asyncio.run(AsyncSync(store).pull(desk(), now=at(1)))
        assert len(store.surrendered) == 2


def test_asynchronous_pulling_does_the_same() -> None:
    results: list[Any] = []
    for is_async in (False, True):
        with MemoryStore() as store:
            source = desk(*(ask(name) for name in ("ada", "bob", "carol")))
            source.wanted = [Ref("issue", str(n)) for n in range(50)]
            source.by_id = {str(n): [issue(str(n), 1)] for n in range(40)}
            source.quarantined, source.gaps = [Quarantined("7", "odd")], ["a gap"]
            result = asyncio.run(AsyncSync(store).pull(source, now=at(1))) if is_async else pull(store, source)
            results.append((result, sorted(ids(store)), sorted(map(str, source.asked))))
    assert results[0] == results[1]
