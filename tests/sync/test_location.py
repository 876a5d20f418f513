"""A name stands for one source or destination: another one is refused until somebody says that it has moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alignkit import AsyncSync, Gate, Sync
from alignkit.connectors import AudienceFile, Export, Mailman, RequestTracker
from alignkit.connectors.base import Endpoint, Sink
from alignkit.errors import LeaseHeld, ServiceUnreachable, SettingsError
from alignkit.models import Verdict
from alignkit.stores import MemoryStore
from alignkit.testing.store.stories import DESK, TERM, at, page

from .fakes import OFFER, STARTER, FakeSink, FakeSource, ask, audience, desk

ADA = "ada@shop.example"


class Somewhere(FakeSource):
    at = "https://one.example"

    @property
    def location(self) -> str:
        return self.at


class SomeList(FakeSink):
    at = "https://lists.example/a"

    @property
    def location(self) -> str:
        return self.at


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def know(store: MemoryStore, hours: float, *events: Any) -> None:
    store.expect(DESK, "fake", ["issues"])
    store.apply(page(events, hours, ended=True))


def mailman(list_id: str = "offers.example.com", url: str = "https://lists.example.com", **given: Any) -> Mailman:
    return Mailman(url, "restadmin", "sample-password", list_id, **given)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (mailman(), mailman("news.example.com")),
        (mailman(), mailman(url="https://other.example.com")),
        (AudienceFile("a.csv", held_path="ha.csv"), AudienceFile("b.csv", held_path="hb.csv")),
        (Export("a.csv"), Export("b.csv")),
        (
            RequestTracker("https://rt.example.com", token="sample-token"),
            RequestTracker("https://rt.example.org", token="sample-token"),
        ),
    ],
)
def test_two_of_one_type_are_told_apart(one: Endpoint, other: Endpoint) -> None:
    assert one.name == other.name
    assert one.location
    assert one.location != other.location
    assert "sample" not in one.location


def test_one_spelling_is_as_good_as_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert mailman().location == mailman(url="https://LISTS.example.com/").location
    assert Export("a.csv").location == Export(tmp_path / "x" / ".." / "a.csv").location
    assert AudienceFile("a.csv", held_path="h.csv").location == AudienceFile("b.csv", held_path="./h.csv").location


def test_two_lists_of_one_name_do_not_mix_their_holds(store: MemoryStore, tmp_path: Path) -> None:
    def audience_of(name: str) -> AudienceFile:
        (tmp_path / f"{name}.csv").write_text(f"email\n{ADA}\n")
        return AudienceFile(tmp_path / f"{name}.csv", held_path=tmp_path / f"held-{name}.csv")

    first, second = audience_of("a"), audience_of("b")
    know(store, 1, ask("ada"))
    sync = Sync(store)
    sync.push(first, STARTER, OFFER, now=at(1))
    for run in (
        lambda: sync.push(second, STARTER, OFFER, now=at(1)),
        lambda: sync.push(second, STARTER, OFFER, now=at(1), dry_run=True),
        lambda: sync.reconcile(second, repair=True, now=at(1)),
        lambda: sync.release(second, now=at(1)),
        lambda: sync.forget(ADA, [second], now=at(1)),
    ):
        with pytest.raises(SettingsError, match="a `name` of its own"):
            run()
    assert not (tmp_path / "held-b.csv").exists()
    know(store, 10, ask("ada", 10, "resolved"))
    know(store, 59)
    sync.push(first, STARTER, OFFER, now=at(59))
    assert ADA not in (tmp_path / "held-a.csv").read_text()


def test_two_exports_of_one_name_do_not_mix_their_issues(store: MemoryStore, tmp_path: Path) -> None:
    for name, status, who in (("a", "open", "ada"), ("b", "solved", "bob")):
        user = {"id": 7, "email": f"{who}@shop.example", "role": "end-user"}
        times = {"created_at": "2026-03-01T08:00:00Z", "updated_at": f"2026-03-0{1 + (name == 'b')}T08:00:00Z"}
        ticket: dict[str, object] = {
            "id": 1,
            "status": status,
            "requester_id": 7,
            "submitter_id": 7,
            "tags": [],
            **times,
        }
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"tickets": [ticket], "users": [user]}) + "\n")
    sync = Sync(store)
    sync.pull(Export(tmp_path / "a.jsonl"), now=at(1))
    with pytest.raises(SettingsError, match="`export` stands for the source at"):
        sync.pull(Export(tmp_path / "b.jsonl"), now=at(1))
    assert Gate(store, STARTER).decide(ADA, OFFER, now=at(1)).verdict is Verdict.SUPPRESS
    sync.pull(Export(tmp_path / "b.jsonl", name="other"), now=at(1))
    assert Gate(store, STARTER).decide(ADA, OFFER, now=at(1)).verdict is Verdict.SUPPRESS


def test_what_has_moved_goes_on_where_it_was(store: MemoryStore) -> None:
    source, sync = Somewhere(), Sync(store)
    sync.pull(source, now=at(1))
    source.at = "https://two.example"
    with pytest.raises(SettingsError, match=r"https://one\.example"):
        sync.pull(source, now=at(2))
    assert store.watermarks() == {DESK: at(1)}
    sync.moved(source)
    sync.pull(source, now=at(2))
    source.at = "https://one.example"
    with pytest.raises(SettingsError):
        sync.pull(source, now=at(3))
    asyncio.run(AsyncSync(store).moved(source))
    assert asyncio.run(AsyncSync(store).pull(source, now=at(3))).is_complete


def test_a_trial_that_failed_takes_no_name(store: MemoryStore) -> None:
    source = Somewhere()
    source.failures = [ServiceUnreachable("nobody answers")]
    with pytest.raises(ServiceUnreachable):
        Sync(store).pull(source, now=at(1))
    source.at = "https://two.example"
    assert Sync(store).pull(source, now=at(1)).is_complete


def test_a_destination_of_which_the_ledger_has_nothing_may_be_anywhere(store: MemoryStore) -> None:
    sink, sync = SomeList(ADA), Sync(store)
    know(store, 1)
    sync.push(sink, STARTER, OFFER, now=at(1))
    sink.at = "https://lists.example/b"
    know(store, 1, ask("ada"))
    sync.push(sink, STARTER, OFFER, now=at(1))
    sink.at = "https://lists.example/c"
    with pytest.raises(SettingsError, match=r"https://lists\.example/b"):
        sync.push(sink, STARTER, OFFER, now=at(1))
    sync.moved(sink)
    assert sync.release(sink, now=at(2)).released == (ADA,)


def test_who_cannot_say_where_they_are_are_not_refused(store: MemoryStore) -> None:
    sinks: list[Sink] = [audience("ada"), audience("ada")]
    know(store, 1, ask("ada"))
    for sink in sinks:
        Sync(store).push(sink, STARTER, OFFER, now=at(1))
    Sync(store).pull(desk(name="quiet"), now=at(1))
    assert store.location("source", "quiet") is None


def test_nothing_moves_while_somebody_is_at_work_there(store: MemoryStore) -> None:
    store.acquire("pull:desk", "elsewhere/1/x", at(1_000_000), TERM)
    with pytest.raises(LeaseHeld):
        Sync(store).moved(Somewhere())
    assert store.location("source", DESK) is None
