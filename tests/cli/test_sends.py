"""A file of messages is read whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alignkit.cli.sends import BATCH, batches
from alignkit.errors import AlignkitError, DataInvalid, SettingsError

GOOD = {"id": "a", "channel": "email", "address": "ada@example.com"}


def test_lines_become_messages_in_parts(tmp_path: Path) -> None:
    file = tmp_path / "sent.jsonl"
    file.write_text("\n".join(json.dumps(GOOD | {"id": str(number)}) for number in range(BATCH + 1)) + "\n\n")
    assert [len(part) for part in batches(file)] == [BATCH, 1]


def test_a_csv_gives_the_same_messages_as_lines_do(tmp_path: Path) -> None:
    table, lines = tmp_path / "sent.csv", tmp_path / "sent.ndjson"
    table.write_text("\ufeffid,channel,address,campaign_id\na,email,ada@example.com,\n", "utf-8")
    lines.write_text(json.dumps(GOOD) + "\n")
    assert list(batches(table)) == list(batches(lines))


@pytest.mark.parametrize(
    ("name", "text", "kind", "message"),
    [
        ("sent.xlsx", "", DataInvalid, "ends neither in `.csv` nor in `.jsonl`"),
        ("sent.csv", "id,channel,colour\na,email,red\n", DataInvalid, "line 2: the column `colour` is not known"),
        ("sent.csv", "id,channel\na,email,red\n", DataInvalid, "line 2: there are more cells than columns"),
        ("sent.csv", "id,channel\na,pigeon\n", DataInvalid, "line 2: `channel`"),
        ("sent.csv", 'id,channel\na,"email\n', DataInvalid, "is no CSV"),
        ("sent.jsonl", "{}\n", DataInvalid, "line 1: `id`"),
        ("sent.jsonl", "\n[1]\n", DataInvalid, "line 2 is no JSON object"),
        ("sent.jsonl", "{\n", DataInvalid, "line 1 is no JSON"),
        ("sent.jsonl", "[" * 100_000, DataInvalid, "line 1 is no JSON"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str, kind: type[AlignkitError], message: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(kind) as raised:
        next(batches(file))
    assert message in str(raised.value)


def test_one_wrong_line_keeps_the_whole_file_out(tmp_path: Path) -> None:
    file = tmp_path / "sent.jsonl"
    lines = [json.dumps(GOOD | {"id": str(number)}) for number in range(2 * BATCH)]
    file.write_text("\n".join([*lines, "{"]))
    with pytest.raises(DataInvalid):
        next(batches(file))


def test_a_missing_or_foreign_file_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        next(batches(tmp_path / "nowhere.csv"))
    file = tmp_path / "latin.csv"
    file.write_bytes("id,channel\nä,email\n".encode("latin-1"))
    with pytest.raises(DataInvalid, match="not UTF-8"):
        next(batches(file))
