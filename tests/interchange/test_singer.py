"""What a Singer tap writes becomes events, from a file or from the tap itself; its state is the checkpoint."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alignkit import MemoryStore, Sync
from alignkit.connectors.records import Shape
from alignkit.errors import DataInvalid, ServiceUnreachable, SettingsError
from alignkit.interchange import Singer
from alignkit.interchange.lines import PAGE

from .shop import PEOPLE, TICKETS, findings, pages, read, record, schema, state, subjects, ticket, write

STREAMS: dict[str, Shape[Any]] = {"tickets": TICKETS, "people": PEOPLE}


def from_file(path: Path, **given: Any) -> Singer:
    return Singer(path, streams=STREAMS, **given)


# --- files ----------------------------------------------------------------------------------------------------


def test_records_of_declared_streams_become_events_and_others_are_passed_over(tmp_path: Path) -> None:
    file = write(
        tmp_path / "out.jsonl",
        [
            schema("tickets", "id", "state", "created", "changed", "customer"),
            record("tickets", ticket(7)),
            record("colours", {"id": "red"}),
            record("people", {"id": 1, "mail": "ada@example.com"}),
            {"type": "ACTIVATE_VERSION", "stream": "tickets", "version": 1},
            state({"bookmarks": {}}),
        ],
    )
    [page, end] = pages(from_file(file))
    assert [event.type for event in page.events] == ["contact.changed", "issue.changed"]
    assert (list(page.quarantined), list(end.events)) == ([], [])


def test_a_line_that_is_no_message_is_set_aside_with_its_place(tmp_path: Path) -> None:
    file = write(
        tmp_path / "out.jsonl", [record("tickets", ticket(7)), ["no", "message"], record("tickets", ticket(8))]
    )
    with file.open("a") as more:
        more.write("INFO starting\n")
    [page, _] = pages(from_file(file))
    assert subjects([page]) == ["7", "8"]
    assert [one.key.startswith("out.jsonl at byte ") for one in page.quarantined] == [True, True]


def test_what_is_older_than_was_wanted_is_left_out_for_good(tmp_path: Path) -> None:
    file = write(tmp_path / "out.jsonl", [record("tickets", ticket(7))])
    since = datetime(2026, 3, 3, tzinfo=UTC)
    page = read(from_file(file), since=since)
    with file.open("a") as more:
        more.write(json.dumps(record("tickets", ticket(8))) + "\n")
        more.write(json.dumps(record("tickets", ticket(9, changed="2026-03-03T00:00:00Z"))) + "\n")
    assert subjects([page]) == []
    assert subjects([read(from_file(file), page.checkpoint)]) == ["9"]


def test_a_stream_without_the_field_of_its_id_is_refused_before_its_records(tmp_path: Path) -> None:
    file = write(tmp_path / "out.jsonl", [schema("tickets", "number", "state"), record("tickets", {"number": 7})])
    with pytest.raises(DataInvalid, match="`number`, `state`"):
        read(from_file(file))


# --- taps -----------------------------------------------------------------------------------------------------

TAP = """
import json, sys
given = json.load(open(sys.argv[sys.argv.index("--state") + 1])) if "--state" in sys.argv else {"last": 0}
runs = open("runs", "a"); runs.write(json.dumps(given) + "\\n"); runs.close()
for number in range(given["last"] + 1, TOTAL + 1):
    if number == FAILS_AT:
        sys.exit(3)
    made = {"id": number, "state": "open", "created": "2026-03-01T09:00:00Z", "changed": "2026-03-02T09:00:00Z"}
    print(json.dumps({"type": "RECORD", "stream": "tickets", "record": made}))
    if number % EVERY == 0:
        print(json.dumps({"type": "STATE", "value": {"last": number}}))
if SAYS_END:
    print(json.dumps({"type": "STATE", "value": {"last": TOTAL}}))
"""


def tap(*, total: int, every: int, fails_at: int = 0, says_end: bool = True) -> Singer:
    values = {"TOTAL": total, "EVERY": every, "FAILS_AT": fails_at, "SAYS_END": says_end}
    program = TAP
    for name, value in values.items():
        program = program.replace(name, str(value))
    return Singer(command=[sys.executable, "-c", program], streams=STREAMS)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs() -> list[Any]:
    return [json.loads(line) for line in Path("runs").read_text(encoding="utf-8").splitlines()]


def test_a_state_ends_a_page_and_the_next_run_begins_there() -> None:
    first = pages(tap(total=10, every=4))
    assert [page.checkpoint["state"] for page in first] == [{"last": 4}, {"last": 8}, {"last": 10}, {"last": 10}]
    assert subjects(first) == [str(number) for number in range(1, 11)]
    later = pages(tap(total=12, every=4), first[-1].checkpoint)
    assert subjects(later) == ["11", "12"]
    assert runs() == [{"last": 0}, {"last": 10}]


def test_one_run_of_the_tap_serves_many_pages() -> None:
    found = pages(tap(total=2 * PAGE + 1, every=10_000))
    assert [len(page.events) for page in found] == [PAGE, PAGE, 1, 0]
    assert len(runs()) == 1


def test_a_run_that_broke_off_between_states_reads_again_and_loses_nothing() -> None:
    total = PAGE + 500
    source = tap(total=total, every=PAGE + 200)
    with source:
        first = read(source)
    assert first.checkpoint["state"] is None
    resumed = pages(tap(total=total, every=PAGE + 200), first.checkpoint)
    assert set(subjects(resumed)) == {str(number) for number in range(1, total + 1)}


def test_a_tap_that_fails_leaves_what_it_told_before_its_last_state() -> None:
    store = MemoryStore()
    with pytest.raises(ServiceUnreachable, match="status 3"):
        Sync(store).pull(tap(total=10, every=4, fails_at=7))
    assert store.counts()["issues"] == 4
    assert store.checkpoint("singer", "records") == ({"state": {"last": 4}, "read": 4}, 1)
    assert Sync(store).pull(tap(total=10, every=4)).is_complete
    assert store.counts()["issues"] == 10
    assert runs()[1] == {"last": 4}


def test_a_tap_without_any_state_is_read_whole_each_time_and_counts_once() -> None:
    store = MemoryStore()
    for _ in range(2):
        assert Sync(store).pull(tap(total=3, every=100, says_end=False)).is_complete
    assert store.counts()["events"] == 3


def test_a_pull_of_few_pages_goes_on_with_the_same_tap_and_closing_ends_it() -> None:
    store = MemoryStore()
    with tap(total=10, every=2) as source:
        for _ in range(2):
            assert not Sync(store).pull(source, max_pages=1).is_complete
        assert store.counts()["issues"] == 4
    assert len(runs()) == 1


# --- settings and checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "either `path` or `command`"),
        ({"path": "a", "command": ["tap"]}, "either `path` or `command`"),
        ({"path": "a", "streams": {}}, "no stream"),
        ({"path": "a", "speed": 3}, "`speed`"),
        ({"path": "a", "patience": 0}, "`patience`"),
        ({"path": "a", "patience": float("inf")}, "`patience`"),
        ({"command": "tap-desk --config tap.json"}, "`command`"),
        ({"path": "a", "name": "a/b"}, "`name`"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], words: str) -> None:
    chosen: dict[str, Any] = {"streams": STREAMS, **given}
    with pytest.raises(SettingsError, match=words):
        Singer(**chosen)


def test_a_check_tells_streams_that_are_missing_and_fields_that_have_no_column(tmp_path: Path) -> None:
    file = write(tmp_path / "out.jsonl", [schema("tickets", "id", "state", "created", "changed")])
    told = {one.subject: one.remedy for one in findings(from_file(file)) if not one.is_well}
    assert "`requester_id`" in told["stream `tickets`"]
    assert "catalog" in told["stream `people`"]


def test_a_check_of_what_is_sound_or_absent_says_so(tmp_path: Path) -> None:
    file = write(
        tmp_path / "out.jsonl",
        [schema("tickets", "id", "state", "created", "changed", "customer"), schema("people", "id", "mail")],
    )
    assert [one.is_well for one in findings(from_file(file))] == [True, True]
    [absent] = findings(from_file(tmp_path / "nowhere.jsonl"))
    assert not absent.is_well
    [unstarted] = findings(Singer(command=["/nowhere/tap-x"], streams=STREAMS))
    assert "`tap-x`" in unstarted.remedy


def test_a_check_of_output_without_schemas_goes_by_its_records(tmp_path: Path) -> None:
    file = write(tmp_path / "out.jsonl", [record("tickets", ticket(7)), record("people", {"id": 1})])
    assert [one.is_well for one in findings(from_file(file))] == [True, False]


def test_a_check_of_a_tap_looks_at_its_first_messages_and_ends_it() -> None:
    told = findings(tap(total=5_000, every=10))
    assert "`requester_id`" in told[0].remedy
    assert not told[1].is_well
    assert len(runs()) == 1
