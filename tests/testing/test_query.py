"""Conditions as SOQL and JQL write them find the rows that they describe, and what is wrong in them is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alignkit.testing.query import Query, read_query
from alignkit.testing.sheet import Refused
from alignkit.testing.world import Kind, Row

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROWS = [
    Row(Kind.ISSUE, f"{n}", n, START, START + n * timedelta(hours=1), START, word="open" if n % 2 else "done")
    for n in range(1, 5)
]


def value(row: Row, name: str) -> Any:
    return {"Id": row.id, "Status": row.word, "Modified": row.changed, "Gone": row.fate is not None}[name]


def literal(name: str, text: str) -> Any:
    if name == "Modified":
        return datetime.fromisoformat(text)
    return text == "TRUE" if name == "Gone" else text


def query(text: str) -> Query:
    return read_query(text, value, literal)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "1234"),
        ("Modified >= 2026-03-02T12:00:00Z", "34"),
        ("Modified > 2026-03-02T12:00:00Z AND Gone = FALSE", "4"),
        ("(Modified = 2026-03-02T11:00:00Z AND Id > '2') OR Modified > 2026-03-02T11:00:00Z", "34"),
        ("Status in ('open')", "13"),
        ('Status not in ("open", "new") and Id != "2"', "4"),
        ("NOT (Id = '1' OR Id <= '2')", "34"),
        ("Status <> 'open'", "24"),
        ("Id < '2'", "1"),
    ],
)
def test_a_condition_finds_what_it_describes(text: str, wanted: str) -> None:
    assert "".join(row.id for row in ROWS if query(text).where(row)) == wanted


def test_order_and_limit_are_read() -> None:
    found = query("Status = 'open' ORDER BY Modified ASC, Id DESC LIMIT 200")
    assert (found.order, found.limit) == ([("Modified", False), ("Id", True)], 200)
    assert [row.id for row in ROWS if found.where(row)] == ["1", "3"]


@pytest.mark.parametrize(
    "text", ["Id", "Id =", "Id ~ '1'", "(Id = '1'", "Id = '1' Id = '2'", "Id in '1'", "Modified > yesterday"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        query(text)


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="there is no field `Owner`"):
        query("Owner = '1'").where(ROWS[0])
