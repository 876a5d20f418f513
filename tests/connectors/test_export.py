"""Export reads every record once, whatever the layout, and goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.connectors.base import Finding, Run
from alignkit.connectors.export import Export
from alignkit.connectors.export.files import OpenFile
from alignkit.errors import DataInvalid, SettingsError
from alignkit.models.events import ContactChanged, IssueChanged
from alignkit.models.issue import Issue
from alignkit.models.times import in_utc
from alignkit.stores.sqlite import SQLiteStore
from alignkit.sync import Sync
from alignkit.transport import arun, run

from .exporting import NOW, Pulled, array, issue_of, lines, no_network, page, pull, row, table, ticket, user

PAGES = [page([ticket(number), ticket(number + 1)], [user(700 + number)]) for number in range(1, 9, 2)]
"""Four pages of two tickets and one user each."""

SWAPPED = [
    lines([ticket(number, status={before: "open", after: "solved"}.get(number, "open  ")) for number in range(1, 90)])
    for before, after in ((40, 50), (50, 40))
]
"""A list of tickets as written on two days: deep inside it, what two say is swapped, and all else is the same."""


def kept(folder: Path, content: bytes, name: str = "tickets.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def place_of(pulled: Pulled, name: str) -> Mapping[str, Any]:
    assert pulled.checkpoint is not None
    files: Any = pulled.checkpoint["files"]
    return files[name]  # type: ignore[no-any-return]


# What a file may hold


def test_each_line_of_a_page_export_is_one_page_with_its_people_first(tmp_path: Path) -> None:
    export = Export(kept(tmp_path, lines(PAGES)))
    first = run(export.read("records", None, Run(NOW)), no_network)
    assert [event.type for event in first.events] == ["contact.changed", "issue.changed", "issue.changed"]
    assert first.more
    assert pull(export).pages == len(PAGES) + 1


def test_one_record_a_line_gives_what_pages_give(tmp_path: Path) -> None:
    paged = pull(Export(kept(tmp_path, lines([page([ticket(1), ticket(2)])]))))
    single = pull(Export(kept(tmp_path, lines([ticket(1), ticket(2)]))))
    assert single.events == paged.events


def test_a_file_of_people_is_told_from_a_file_of_issues(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    kept(folder, lines([user(701), user(702)]), "people.jsonl")
    kept(folder, lines([ticket(1)]), "tickets.jsonl")
    kept(folder, array([user(703)]), "more.json")
    assert [event.type for event in pull(Export(folder)).events] == ["contact.changed"] * 3 + ["issue.changed"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_an_array_and_a_table_of_the_same_records_give_equal_events(
    tmp_path: Path, delimiter: str, end: str, mark: bytes
) -> None:
    rows = [row(number, subject='said "late"\nand left; 1,5\tkg') for number in range(1, 6)]
    as_table = pull(Export(kept(tmp_path, mark + table(rows, delimiter, end), "a.csv"), mapping="csv"))
    as_lines = pull(Export(kept(tmp_path, mark + lines(rows), "a.jsonl"), mapping="csv"))
    as_array = pull(Export(kept(tmp_path, mark + array(rows), "a.json"), mapping="csv"))
    assert len(as_table.events) == 5
    assert as_table.events == as_lines.events == as_array.events
    assert as_table.quarantined == as_lines.quarantined == as_array.quarantined == []


def test_many_records_come_in_pages_of_a_thousand(tmp_path: Path) -> None:
    rows = [row(number) for number in range(2_300)]
    for content, name in ((table(rows), "a.csv"), (lines(rows), "a.jsonl"), (array(rows), "a.json")):
        pulled = pull(Export(kept(tmp_path, content, name), mapping="csv"))
        assert (pulled.pages, len(pulled.ids)) == (4, 2_300)


def test_what_an_event_holds_is_the_model_itself_and_has_the_id_of_any_other_way(tmp_path: Path) -> None:
    record = ticket(1, satisfaction_rating={"score": "good", "comment": "thanks"})
    for event in pull(Export(kept(tmp_path, lines([page([record], [user()])])))).events:
        again = type(event).data_type.model_validate_json(event.data.model_dump_json())
        assert type(event.data) is type(event).data_type
        assert again == event.data
        built = type(event).of(again, source="export", received_at=NOW, version=event.source_version)
        assert built.id == event.id
        assert type(event).model_validate_json(event.model_dump_json()) == event


def test_no_two_records_share_what_may_be_changed(tmp_path: Path) -> None:
    first, second = pull(Export(kept(tmp_path, lines([ticket(1), ticket(2)])))).issues
    assert first.extensions is not second.extensions
    first.model_copy(update={"severity": "minor"})
    assert "severity" not in second.model_fields_set


async def read_async(export: Export) -> list[Any]:
    async def nothing(_request: object) -> Any:
        raise AssertionError

    return [await arun(export.read("records", None, Run(NOW)), nothing)]


def test_reading_in_an_event_loop_gives_the_same_page(tmp_path: Path) -> None:
    import asyncio

    export = Export(kept(tmp_path, lines(PAGES)))
    [first] = asyncio.run(read_async(export))
    assert first == run(export.read("records", None, Run(NOW)), no_network)


# Files that grow, are replaced, are added, are gone


def test_a_grown_file_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    path = kept(tmp_path, lines(PAGES[:2]))
    pulled = pull(Export(path))
    kept(tmp_path, lines(PAGES))
    seen = len(pulled.events)
    pull(Export(path), pulled)
    assert [event.subject for event in pulled.events[seen:]] == ["705", "5", "6", "707", "7", "8"]
    assert pulled.gaps == []


def test_a_file_that_did_not_change_gives_nothing_new(tmp_path: Path) -> None:
    for content, name in ((lines(PAGES), "a.jsonl"), (array([ticket()]), "a.json")):
        export = Export(kept(tmp_path, content, name))
        pulled = pull(export)
        seen, before = len(pulled.events), pulled.checkpoint
        pull(export, pulled)
        assert (len(pulled.events), pulled.checkpoint, pulled.gaps) == (seen, before, [])


@pytest.mark.parametrize("cut", [1, 20, 600])
def test_a_half_written_last_line_waits_for_its_rest_and_is_told(tmp_path: Path, cut: int) -> None:
    whole = lines(PAGES)
    path = kept(tmp_path, whole[: -cut - 1])
    pulled = pull(Export(path))
    assert len(pulled.issues) == 6
    [remark] = pulled.gaps
    assert "ends within a line" in remark
    kept(tmp_path, whole)
    pulled = pull(Export(path), pulled)
    assert pulled.ids == pull(Export(path)).ids
    assert len(pulled.gaps) == 1


@pytest.mark.parametrize("content", [lines(PAGES)[:400], b"id,status,created_at,updated"])
def test_a_file_that_ends_within_its_first_line_is_told(tmp_path: Path, content: bytes) -> None:
    export = Export(kept(tmp_path, content, "a.jsonl"), mapping="csv" if content.startswith(b"id") else "zendesk")
    said = f"`a.jsonl` ends within its first line; its {len(content)} bytes wait for the rest"
    assert pull(export).gaps == [said]
    [finding] = check(export)
    assert (finding.is_well, finding.remedy) == (False, f"{said}; export it again if none comes")


def test_a_last_line_without_line_end_counts_once_it_is_whole(tmp_path: Path) -> None:
    path = kept(tmp_path, lines(PAGES).rstrip(b"\n"))
    pulled = pull(Export(path))
    assert len(pulled.issues) == 8
    kept(tmp_path, lines([*PAGES, page([ticket(50)])]))
    assert [issue.id for issue in pull(Export(path), pulled).issues][8:] == ["50"]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.jsonl", lines(PAGES), lines(PAGES[1:])),
        ("a.jsonl", lines(PAGES[:1]), lines([page([ticket(90)]), *PAGES])),
        ("a.jsonl", lines([ticket(1), ticket(2)]), lines([ticket(1), ticket(3), ticket(2)])),
        ("a.json", array([ticket(1)]), array([ticket(1), ticket(2)])),
        ("a.jsonl", SWAPPED[0], SWAPPED[1]),
        ("a.jsonl", SWAPPED[0], SWAPPED[1] + lines([ticket(701)])),
        ("a.jsonl", lines([ticket(1)]), array([ticket(1), ticket(2)])),
    ],
)
def test_a_replaced_file_is_read_again_from_its_start_and_a_gap_says_so(
    tmp_path: Path, name: str, before: bytes, after: bytes
) -> None:
    export = Export(kept(tmp_path, before, name))
    pulled = pull(export)
    kept(tmp_path, after, name)
    again = pull(export, Pulled(checkpoint=pulled.checkpoint))
    assert again.gaps == [f"`{name}` was replaced; it is read again from its start"]
    assert again.ids == pull(export).ids


def test_a_bad_line_is_shown_until_its_file_is_mended(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "align.db") as store:
        export = Export(kept(tmp_path, lines([ticket(1)]) + b"{broken\n"))
        assert Sync(store).pull(export).quarantined == 1
        kept(tmp_path, lines([ticket(1), ticket(2)]))
        assert Sync(store).pull(export).quarantined == 0
        assert not list(store.quarantined())


def test_a_file_that_nobody_wrote_to_is_not_read_through_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path, lines(PAGES))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    pulled = pull(Export(path))
    monkeypatch.setattr(OpenFile, "_sum", None)
    assert pull(Export(path), Pulled(checkpoint=pulled.checkpoint)).gaps == []


def test_a_change_within_the_instant_of_reading_is_noticed(tmp_path: Path) -> None:
    path = kept(tmp_path, SWAPPED[0])
    pulled = pull(Export(path))
    told = path.stat()
    kept(tmp_path, SWAPPED[1])
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    again = pull(Export(path), Pulled(checkpoint=pulled.checkpoint))
    assert again.gaps == ["`tickets.jsonl` was replaced; it is read again from its start"]


def test_a_file_that_is_gone_is_told_once_and_takes_nothing_back(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    first = kept(folder, lines(PAGES[:1]), "1.jsonl")
    kept(folder, lines(PAGES[1:2]), "2.jsonl")
    pulled = pull(Export(folder))
    first.unlink()
    after = pull(Export(folder), Pulled(checkpoint=pulled.checkpoint))
    assert (after.events, after.gaps) == ([], ["`1.jsonl` is gone; nothing that it told is taken back"])
    assert pull(Export(folder), Pulled(checkpoint=after.checkpoint)).gaps == []


def test_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    kept(folder, lines([ticket(2)]), "2026-03-02.jsonl")
    kept(folder, b"not an export", "README.md")
    pulled = pull(Export(folder))
    kept(folder, lines([ticket(3)]), "2026-03-03.ndjson")
    kept(folder, lines([ticket(1)]), "2026-03-01.jsonl")
    assert [issue.id for issue in pull(Export(folder), pulled).issues] == ["2", "1", "3"]


def test_a_pattern_names_files_below_its_fixed_part(tmp_path: Path) -> None:
    for day in ("day1", "day2"):
        (tmp_path / day).mkdir()
        kept(tmp_path / day, lines([ticket(int(day[-1]))]))
        kept(tmp_path / day, lines([ticket(99)]), "other.jsonl")
    pulled = pull(Export(tmp_path / "*" / "tickets.jsonl"))
    assert [issue.id for issue in pulled.issues] == ["1", "2"]
    assert place_of(pulled, "day1/tickets.jsonl")["layout"] == "issues"


def test_an_empty_file_waits_and_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert pull(Export(tmp_path)).events == []
    path = kept(tmp_path, b"")
    pulled = pull(Export(path))
    kept(tmp_path, lines([ticket(1)]))
    assert len(pull(Export(path), pulled).issues) == 1


def test_since_leaves_out_older_issues_for_good_and_keeps_their_people(tmp_path: Path) -> None:
    old = ticket(1, updated_at="2025-12-31T23:59:59Z")
    path = kept(tmp_path, lines([page([old, ticket(2)], [user()])]))
    pulled = pull(Export(path), since=in_utc(NOW.replace(month=1, day=1)))
    kept(tmp_path, lines([page([old, ticket(2)], [user()]), page([old, ticket(3)])]))
    pulled = pull(Export(path), pulled)
    assert [event.subject for event in pulled.events] == ["701", "2", "3"]


# Any split, any stop


@settings(max_examples=40)
@given(st.data())
def test_a_file_read_while_it_grows_gives_what_the_whole_file_gives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = data.draw(st.sampled_from([lines(PAGES), lines([ticket(number) for number in range(9)])]))
    ends = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=5)))
    folder = tmp_path_factory.mktemp("export")
    whole = pull(Export(kept(folder, content)))
    pulled = Pulled()
    for end in [*ends, len(content)]:
        pulled = pull(Export(kept(folder, content[:end])), pulled)
    assert [event.id for event in pulled.events] == [event.id for event in whole.events]
    assert pulled.quarantined == []
    assert not any("replaced" in gap for gap in pulled.gaps)


@settings(max_examples=40)
@given(st.data())
def test_a_table_read_while_it_grows_loses_nothing_and_ends_at_what_the_whole_says(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = table([row(number, subject='two\nlines, "quoted"') for number in range(6)])
    ends = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=5)))
    folder = tmp_path_factory.mktemp("export")
    whole = pull(Export(kept(folder, content, "a.csv"), mapping="csv"))
    pulled = Pulled()
    for end in [*ends, len(content)]:
        pulled = pull(Export(kept(folder, content[:end], "a.csv"), mapping="csv"), pulled)
    # A value that breaks off in the last column may have been read, but the whole row came after it.
    last = {event.subject: event.id for event in pulled.events}
    assert last == {event.subject: event.id for event in whole.events}
    assert pulled.quarantined == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines(PAGES)),
        ("a.jsonl", lines([row(number) for number in range(2_100)])),
        ("a.json", array([row(number) for number in range(2_100)])),
        ("a.csv", table([row(number) for number in range(2_100)]).rstrip(b"\n")),
    ],
)
def test_a_run_that_dies_after_any_page_loses_nothing_and_repeats_only_that_page(
    tmp_path: Path, name: str, content: bytes
) -> None:
    mapping = "zendesk" if b"after_cursor" in content else "csv"
    export = Export(kept(tmp_path, content, name), mapping=mapping)
    whole = pull(export)
    for died_after in range(whole.pages):
        begun = pull(export, max_pages=died_after) if died_after else Pulled()
        rest = pull(Export(tmp_path / name, mapping=mapping), Pulled(checkpoint=begun.checkpoint))
        assert [event.id for event in [*begun.events, *rest.events]] == [event.id for event in whole.events]


def test_the_same_record_twice_is_the_same_event(tmp_path: Path) -> None:
    pulled = pull(Export(kept(tmp_path, lines([page([ticket(1), ticket(1)]), page([ticket(1)])]))))
    assert (len(pulled.events), len(pulled.ids)) == (3, 1)


# Records that cannot be read

BAD: list[tuple[dict[str, Any], str]] = [
    ({"created_at": "0000-00-00T00:00:00Z"}, "created_at"),
    ({"created_at": "2026-03-01T08:00:00"}, "created_at"),
    ({"created_at": None}, "created_at"),
    ({"created_at": 1_772_438_400}, "created_at"),
    ({"updated_at": "yesterday"}, "remote_updated_at"),
    ({"tags": {"a": 1}}, "tags"),
    ({"status": ["open"]}, "status"),
    ({"requester_id": {"id": 1}}, "requester_id"),
]


@pytest.mark.parametrize(("changes", "named"), BAD)
def test_a_bad_record_is_set_aside_by_its_id_and_the_rest_goes_in(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    secret = ticket(66, **changes, subject="ada@example.com")
    for content in (lines([page([ticket(1), secret, ticket(2)], [user()])]), lines([ticket(1), secret, ticket(2)])):
        pulled = pull(Export(kept(tmp_path, content)))
        assert [issue.id for issue in pulled.issues] == ["1", "2"]
        [bad] = pulled.quarantined
        assert bad.key == "66"
        assert f"`{named.removeprefix('remote_')}" in bad.reason
        assert "ada@" not in bad.reason
        assert "yesterday" not in bad.reason


@pytest.mark.parametrize("record", [None, 7, "text", [], {}, {"id": None}, {"id": ""}])
def test_what_is_no_record_is_set_aside_by_its_place(tmp_path: Path, record: object) -> None:
    pulled = pull(Export(kept(tmp_path, lines([page([ticket(1), record, ticket(2)])]))))
    assert [issue.id for issue in pulled.issues] == ["1", "2"]
    assert [bad.key for bad in pulled.quarantined] == ["tickets.jsonl at byte 0, tickets[1]"]


def test_a_bad_person_does_not_keep_issues_out(tmp_path: Path) -> None:
    pulled = pull(Export(kept(tmp_path, lines([page([ticket(1)], [user(701), user(702, updated_at="never")])]))))
    assert [event.subject for event in pulled.events] == ["701", "1"]
    assert [bad.key for bad in pulled.quarantined] == ["702"]


@pytest.mark.parametrize(
    "line", [b"{\n", b'{"tickets": [\n', b"\x7f\n", b"[" * 100_000 + b"\n", b'{"error": "busy"}\n']
)
def test_a_broken_line_among_pages_is_set_aside_with_its_place(tmp_path: Path, line: bytes) -> None:
    first = lines(PAGES[:1])
    pulled = pull(Export(kept(tmp_path, first + line + lines(PAGES[1:]))))
    assert len(pulled.issues) == 8
    assert [bad.key for bad in pulled.quarantined] == [f"tickets.jsonl at byte {len(first)}"]


def test_lists_that_are_null_or_missing_are_empty_pages(tmp_path: Path) -> None:
    content = lines([page([ticket(1)]), {"tickets": None, "users": None}, {"tickets": []}, {"users": [user()]}])
    pulled = pull(Export(kept(tmp_path, content)))
    assert (len(pulled.events), pulled.quarantined) == (2, [])


def test_a_row_with_too_many_or_too_few_values_is_set_aside(tmp_path: Path) -> None:
    head, *rest = table([row(1), row(2)]).splitlines(keepends=True)
    content = head + rest[0] + b"3,open,too,few\n\n" + rest[1].rstrip() + b",one more\n" + rest[1]
    pulled = pull(Export(kept(tmp_path, content, "a.csv"), mapping="csv"))
    assert [issue.id for issue in pulled.issues] == ["1", "2"]
    assert [bad.reason for bad in pulled.quarantined] == [
        "has 4 values where the header has 7",
        "has 8 values where the header has 7",
    ]


def test_every_field_may_be_null_but_id_and_creation(tmp_path: Path) -> None:
    bare = dict.fromkeys(ticket(1)) | {"id": 1, "created_at": "2026-03-01T08:00:00Z"}
    issue = issue_of(tmp_path, bare)
    assert (issue.status.value, issue.is_active, issue.tags, issue.customer_wrote) == ("unknown", None, (), None)


@settings(max_examples=60)
@given(st.data())
def test_no_missing_null_or_unknown_field_keeps_a_ticket_out(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    record = ticket(1, metric_set={"requester_updated_at": None, "solved_at": None})
    names = [name for name in record if name not in ("id", "created_at")]
    for name in data.draw(st.sets(st.sampled_from(names))):
        record[name] = None
    for name in data.draw(st.sets(st.sampled_from(names))):
        record.pop(name)
    unknown: list[Any] = [None, 1, {"a": []}, "x"]
    record["not_heard_of"] = data.draw(st.sampled_from(unknown))
    issue = issue_of(tmp_path_factory.mktemp("export"), record)
    assert Issue.model_validate(issue.model_dump()) == issue


# Files that are no export


def error_of(export: Export) -> str:
    with pytest.raises((DataInvalid, SettingsError)) as raised:
        pull(export)
    return str(raised.value)


def test_a_missing_file_is_named_with_what_to_set(tmp_path: Path) -> None:
    assert error_of(Export(tmp_path / "none.jsonl")).endswith("none.jsonl`; set `path` to the export")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "holds HTML or XML"),
        (" id,status\n".encode("utf-16"), "is not UTF-8"),
        (b"id,status,created_at,updated_at\n1,\xff,,\n", "is not UTF-8"),
        (b"id,status,created_at,updated_at\r1,open,,\r", "ends its lines with CR alone"),
        (b"id,Status,created_at,updated_at,status\n1,open,,,closed\n", "has the column `status` twice"),
        (b"number,state\n1,open\n", "lacks the columns `id`, `status`, `created_at`, `updated_at`; it has `number`"),
        (b'{\n "tickets": []\n}\n', "one JSON document over many lines"),
        (b'[{"id": 1},', "is cut short"),
        (b'[{"id": 1}', "is cut short"),
        (b'[{"id": 1} {"id": 2}]', "breaks at character"),
        (b'[{"id": 1},]', "breaks at character"),
        (b'[{"id": "]', "breaks at character"),
    ],
)
def test_a_file_that_is_no_export_is_one_clear_error_and_moves_nothing(
    tmp_path: Path, content: bytes, said: str
) -> None:
    message = error_of(Export(kept(tmp_path, content, "file"), mapping="csv"))
    assert said in message
    assert message.startswith(("`file`", "the JSON array in `file`"))
    assert not message.endswith(".")


def test_lines_that_are_not_utf8_are_one_clear_error(tmp_path: Path) -> None:
    assert "is not UTF-8" in error_of(Export(kept(tmp_path, lines(PAGES) + b'{"tickets": "\xff\xfe"}\n')))


def test_a_line_or_array_beyond_the_limit_says_how_to_raise_it(tmp_path: Path) -> None:
    assert "`max_bytes`" in error_of(Export(kept(tmp_path, lines(PAGES)), max_bytes=100))
    assert "`max_bytes`" in error_of(Export(kept(tmp_path, array(PAGES), "a.json"), max_bytes=100))
    open_quote = table([row(1)]) + b'2,"open' + b"\nx" * 500
    assert "a quote stays open" in error_of(Export(kept(tmp_path, open_quote, "a.csv"), mapping="csv", max_bytes=400))


def test_a_quote_that_stays_open_to_the_end_waits_and_is_told(tmp_path: Path) -> None:
    pulled = pull(Export(kept(tmp_path, table([row(1)]) + b'2,"open\nand so on\n', "a.csv"), mapping="csv"))
    assert len(pulled.issues) == 1
    assert pulled.gaps == ["`a.csv` ends within a row; its last 18 bytes wait for the rest"]


def test_a_file_that_may_not_be_read_is_a_setting_to_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path, lines(PAGES))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read: Permission denied" in error_of(Export(path))


# Settings and doctor


@pytest.mark.parametrize(
    "wrong",
    [
        {"mapping": "zendesc"},
        {"statuses": {"in_review": "opened"}},
        {"unknown_setting": 1},
        {"name": "a/b"},
        {"max_bytes": 0},
        {"custom_statuses": {"1": "snoozed"}, "mapping": "csv"},
    ],
)
def test_a_wrong_setting_is_refused_at_once(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Export(tmp_path, **wrong)


def check(export: Export) -> list[Finding]:
    return list(run(export.check(), no_network))


def test_check_says_of_each_file_whether_it_can_be_read(tmp_path: Path) -> None:
    kept(tmp_path, lines(PAGES), "a.jsonl")
    kept(tmp_path, b"<html>", "b.jsonl")
    kept(tmp_path, lines([ticket(1, created_at="never")]), "c.jsonl")
    found = check(Export(tmp_path))
    assert [(finding.is_well, finding.subject) for finding in found] == [
        (True, "`a.jsonl`"),
        (False, "`b.jsonl`"),
        (False, "`c.jsonl`"),
    ]
    assert "1 of its first records cannot be read" in found[2].remedy


def test_check_says_what_to_do_when_nothing_is_there(tmp_path: Path) -> None:
    [missing] = check(Export(tmp_path / "none"))
    [empty] = check(Export(tmp_path))
    assert not missing.is_well
    assert not empty.is_well
    assert "`*.jsonl`" in empty.remedy


def test_text_can_be_left_out(tmp_path: Path) -> None:
    record = ticket(1, satisfaction_rating={"score": "bad", "comment": "ada@example.com is angry"})
    pulled = pull(Export(kept(tmp_path, lines([record])), keeps_text=False))
    assert "Parcel" not in json.dumps([event.model_dump(mode="json") for event in pulled.events])
    assert "angry" not in json.dumps([event.model_dump(mode="json") for event in pulled.events])


# The demo's data

DATA = Path(__file__).parents[2] / "examples" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason="the examples are not part of this copy")
def test_the_demo_is_read_as_its_story_tells_it() -> None:
    story = json.loads((DATA / "story.json").read_text("utf-8"))["counts"]["day2"]
    pulled = pull(
        Export(DATA / "*" / "tickets.jsonl", custom_statuses={41180000000105: "snoozed"}, internal_tags=["internal"])
    )
    newest = {event.subject: event.data for event in pulled.events if isinstance(event, IssueChanged)}
    statuses = [issue.status.value for issue in newest.values()]
    told = {name: statuses.count(name) for name in ("merged", "spam", "snoozed", "unknown")}
    assert told == {name: story[name if name != "unknown" else "unknown_status"] for name in told}
    assert len(newest) + story["malformed"] == story["tickets"]
    assert len(pulled.quarantined) == story["malformed"]
    assert sum(issue.is_deleted for issue in newest.values()) == story["deleted"]
    assert sum(issue.priority.value == "unset" for issue in newest.values()) in range(
        story["priority_unset"] - story["malformed"], story["priority_unset"] + 1
    )
    agents = [e.data for e in pulled.events if isinstance(e, ContactChanged) and e.data.is_staff]
    assert {one.emails[0].partition("@")[2] for one in agents} == {"shop.example.com"}
