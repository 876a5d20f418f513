"""A source's stream is an iterator of flat rows, whose position is kept by whoever takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from alignkit import MemoryStore, Sync
from alignkit.connectors.base import Capability, Checkpoint, Fetched, Page, Run, Source
from alignkit.errors import CursorExpired, DataInvalid, PagingStuck
from alignkit.interchange import Singer, stream_rows
from alignkit.models.events import IssueChanged
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow

from .shop import NOW, PEOPLE, TICKETS, record, ticket, unsent, write

SCALARS = (str, int, float, bool, type(None))


def issue(id: str, subject: str | None = None) -> IssueChanged:
    made = Issue(id=id, status=IssueStatus.OPEN, status_raw="open", created_at=NOW, subject=subject, tags=("a", "b"))
    return IssueChanged.of(made, source="desk", received_at=NOW, version=2 if subject else 1)


class Desk(Source):
    """Three pages of one issue each; the second asks for an object by id."""

    type = "desk"
    capabilities = frozenset({Capability.FETCH})
    streams = ("tickets",)

    def __init__(self) -> None:
        self.name = "desk"
        self.account = None
        self.known = 3
        self.is_blind = False
        self.reads: list[Checkpoint | None] = []
        self.fetches: list[Sequence[Ref]] = []

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        yield from ()
        self.reads.append(checkpoint)
        number = int(str(checkpoint["page"])) + 1 if checkpoint else 1
        if number > self.known:
            return Page((), {"page": self.known}, more=False)
        wanted = [Ref("issue", "2", "its subject")] if number == 2 else []
        bad = [Quarantined("x", "unreadable")] if number == 3 else []
        return Page([issue(str(number))], {"page": number}, number < self.known, bad, wanted)

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        yield from ()
        self.fetches.append(refs)
        if self.is_blind:
            return Fetched((), (), [Quarantined("y", "unreadable")], ["1 could not be read by id"])
        return Fetched([issue(ref.id, "kettle") for ref in refs], refs)


def rows(source: Source, state: dict[str, Any] | None = None, **given: Any) -> list[dict[str, Any]]:
    return list(stream_rows(source, source.streams[0], state, send=unsent, now=NOW, **given))


def test_a_row_is_flat_and_has_the_columns_of_the_stores_own_table() -> None:
    store = MemoryStore()
    Sync(store, send=unsent).pull(Desk(), now=NOW)
    kept = next(iter(store.rows("issues")))
    found = rows(Desk())
    assert all(isinstance(value, SCALARS) for row in found for value in row.values())
    assert set(kept) <= {*found[0]}
    assert {*found[0]} - set(kept) == {"event_id", "event_type", "event_time", "event_version"}
    assert (found[0]["id"], found[0]["source"], json.loads(str(found[0]["tags"]))) == ("1", "desk", ["a", "b"])


def test_what_a_page_asks_for_by_id_follows_it() -> None:
    assert [(row["id"], row["subject"]) for row in rows(Desk())] == [
        ("1", None),
        ("2", None),
        ("2", "kettle"),
        ("3", None),
    ]


def test_the_state_takes_reading_on_where_it_was() -> None:
    desk, state = Desk(), dict[str, Any]()
    rows(desk, state)
    desk.known = 4
    state = json.loads(json.dumps(state))
    assert [row["id"] for row in rows(desk, state)] == ["4"]


def test_the_state_moves_past_a_page_only_once_its_rows_were_taken() -> None:
    state = dict[str, Any]()
    taken = list(islice(stream_rows(Desk(), "tickets", state, send=unsent, now=NOW), 2))
    assert [row["id"] for row in taken] == ["1", "2"]
    assert state["checkpoint"] == {"page": 1}


def test_what_could_not_be_read_by_id_is_tried_again_the_next_time() -> None:
    desk, state = Desk(), dict[str, Any]()
    desk.is_blind = True
    rows(desk, state)
    assert (state["wanted"], len(desk.fetches)) == ([["issue", "2", "its subject"]], 1)
    desk.is_blind = False
    assert [(row["id"], row["subject"]) for row in rows(desk, state)] == [("2", "kettle")]
    assert state["wanted"] == []


def test_a_position_of_another_version_means_the_beginning() -> None:
    assert len(rows(Desk(), {"checkpoint": {"page": 2}, "version": 7})) == 4


def test_pages_are_shown_with_what_no_row_holds() -> None:
    shown: list[Page] = []
    desk = Desk()
    desk.is_blind = True
    rows(desk, on_page=shown.append)
    assert [one.key for page in shown for one in page.quarantined] == ["y", "x"]
    assert [gap for page in shown for gap in page.gaps] == ["1 could not be read by id"]


def test_an_expired_position_is_begun_anew_once_and_told() -> None:
    shown: list[Page] = []

    class Forgetful(Desk):
        def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
            if checkpoint == {"page": 9}:
                raise CursorExpired("`desk` no longer knows this position")
            return (yield from super().read(stream, checkpoint, run))

    assert len(rows(Forgetful(), {"checkpoint": {"page": 9}, "version": 1}, on_page=shown.append)) == 4
    assert [len(page.gaps) for page in shown] == [1, 0, 0]


def test_a_page_that_comes_again_ends_the_walk() -> None:
    class Stuck(Desk):
        def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
            yield from ()
            return Page([], {"page": 1}, more=True)

    with pytest.raises(PagingStuck):
        rows(Stuck())


def test_a_strange_stream_and_a_time_without_a_zone_are_refused() -> None:
    with pytest.raises(DataInvalid, match="its streams are tickets"):
        list(stream_rows(Desk(), "people", send=unsent))
    with pytest.raises(DataInvalid, match="zone"):
        list(stream_rows(Desk(), "tickets", send=unsent, now=datetime(2026, 3, 4)))  # noqa: DTZ001 - what is refused


def test_a_source_of_files_needs_no_client(tmp_path: Path) -> None:
    file = write(
        tmp_path / "out.jsonl", [record("tickets", ticket(7)), record("people", {"id": 1, "mail": "a@b.example"})]
    )
    singer = Singer(file, streams={"tickets": TICKETS, "people": PEOPLE})
    assert [row["event_type"] for row in stream_rows(singer, "records")] == ["contact.changed", "issue.changed"]


@pytest.mark.skipif(find_spec("dlt") is None, reason="dlt is not installed; `make bench` installs it")
@pytest.mark.filterwarnings("ignore")  # dlt and what it brings warn of themselves
def test_dlt_takes_a_stream_as_a_resource_and_keeps_its_position(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dlt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    desk = Desk()

    @dlt.resource(name="tickets", primary_key="event_id", write_disposition="merge")
    def tickets() -> Any:
        yield from stream_rows(desk, "tickets", dlt.current.resource_state(), send=unsent, now=NOW)

    pipeline = dlt.pipeline("desk", destination="duckdb", dataset_name="support", pipelines_dir=str(tmp_path / "state"))
    pipeline.run(tickets)
    desk.known = 5
    pipeline.run(tickets)
    with pipeline.sql_client() as client:
        [[count, ids]] = client.execute_sql("SELECT count(*), count(DISTINCT id) FROM tickets") or []
    assert (count, ids) == (6, 5)
    assert desk.reads[-2:] == [{"page": 3}, {"page": 4}]
