"""Files of lines are read on from where reading stopped, and a file that became another one is noticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from alignkit.connectors.export.files import Place
from alignkit.errors import DataInvalid, SettingsError
from alignkit.interchange.lines import MAX_BYTES, PAGE, Lines, next_lines, of_json, to_json


def after(path: Path, places: Mapping[str, Place] | None = None, limit: int = MAX_BYTES) -> Lines:
    return next_lines(str(path), places or {}, limit)


def texts(found: Lines) -> list[bytes]:
    return [line.text.strip() for line in found.lines]


def test_what_was_added_to_a_file_is_read_and_nothing_twice(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("1\n2\n")
    first = after(file)
    with file.open("a") as more:
        more.write("3\n")
    places = of_json({"files": json.loads(json.dumps(to_json(first.places)))})
    second = after(file, places)
    assert (texts(first), texts(second)) == ([b"1", b"2"], [b"3"])
    assert after(file, second.places).lines == []


def test_a_line_that_is_still_being_written_waits_for_its_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"b": ')
    first = after(file)
    with file.open("a") as more:
        more.write("2}\n")
    assert texts(first) == [b'{"a": 1}']
    assert texts(after(file, first.places)) == [b'{"b": 2}']


def test_a_whole_last_line_without_an_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}')
    assert texts(after(file)) == [b'{"a": 1}']


def test_a_replaced_and_a_vanished_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("1\n")
    (tmp_path / "b.jsonl").write_text("2\n")
    first = after(tmp_path)
    second = after(tmp_path, first.places)
    assert [texts(first), texts(second)] == [[b"1"], [b"2"]]
    (tmp_path / "a.jsonl").write_text("9\n")
    (tmp_path / "b.jsonl").unlink()
    third = after(tmp_path, second.places)
    assert texts(third) == [b"9"]
    assert [gap.split("`")[1:3] for gap in third.gaps] == [
        ["b.jsonl", " is gone; nothing that it told is taken back"],
        ["a.jsonl", " was replaced; it is read again from its start"],
    ]


def test_a_page_has_so_many_lines_and_the_next_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(f"{number}\n" for number in range(PAGE + 5)))
    first = after(file)
    assert len(first.lines) == PAGE
    assert len(after(file, first.places).lines) == 5


def test_blank_lines_a_byte_order_mark_and_tables_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf1\n\n2\n")
    (tmp_path / "a.csv").write_text("id\n1\n")
    found = after(tmp_path)
    assert texts(found) == [b"1", b"2"]
    assert [*found.places] == ["a.jsonl"]


def test_a_line_beyond_the_limit_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('"' + "x" * 100 + '"\n')
    with pytest.raises(DataInvalid, match="`max_bytes`"):
        after(file, limit=50)
    with pytest.raises(SettingsError, match="no file"):
        after(tmp_path / "b.jsonl")
