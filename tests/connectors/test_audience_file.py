"""AudienceFile writes who is held, gives back what it took, and touches nothing else."""

from __future__ import annotations

import asyncio
import csv
import errno
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.connectors.audience_file import COLUMNS, PAGE, AudienceFile
from alignkit.connectors.base import Look, Order, Result, Standing, Submitted
from alignkit.errors import DataInvalid, SettingsError, TryAgainLater
from alignkit.transport import arun, run

from .exporting import no_network

SINCE = datetime(2026, 3, 3, 9, tzinfo=UTC)
AUDIENCE = b"""email,first_name,status
ada@example.com,Ada,subscribed
Bob@Example.com,"Bob, the ""builder""
of bridges",subscribed
cyd@example.com,Cyd,unsubscribed
dee@example.com,Dee,Cleaned
eve@example.com,Eve,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "audience.csv").write_bytes(AUDIENCE)
    return tmp_path


def sink(folder: Path, **given: Any) -> AudienceFile:
    return AudienceFile(folder / "audience.csv", held_path=folder / "held.csv", **given)


def members(audience: AudienceFile) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = run(audience.members(cursor), no_network)
        found += page.addresses
        cursor = page.cursor
        if cursor is None:
            return found


def look(audience: AudienceFile, *addresses: str) -> Mapping[str, Look]:
    return run(audience.look(addresses), no_network)


def standing(audience: AudienceFile, address: str) -> Standing:
    return look(audience, address).get(address, Look(Standing.ABSENT)).standing


def order(address: str, reason: str = "an open issue") -> Order:
    return Order(address, {}, reason, SINCE, SINCE.replace(day=5))


def hold(audience: AudienceFile, *addresses: str) -> list[Result]:
    answer = run(audience.hold([order(address) for address in addresses]), no_network)
    assert not isinstance(answer, Submitted)
    return [receipt.result for receipt in answer]


def amend(audience: AudienceFile, *orders: Order) -> list[Result]:
    return [receipt.result for receipt in run(audience.amend(orders), no_network)]


def release(audience: AudienceFile, *addresses: str) -> list[Result]:
    answer = run(audience.release([order(address) for address in addresses]), no_network)
    assert not isinstance(answer, Submitted)
    return [receipt.result for receipt in answer]


def held(folder: Path) -> list[dict[str, str]]:
    with (folder / "held.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


# Who is there


def test_members_are_the_addresses_as_they_are_written(folder: Path) -> None:
    assert members(sink(folder)) == [
        "ada@example.com",
        "Bob@Example.com",
        "cyd@example.com",
        "dee@example.com",
        "eve@example.com",
    ]


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (b"\xef\xbb\xbfEmail Address;Name\r\nada@example.com;Ada\r\n", {}),
        (b"name\taddress\nAda\tada@example.com", {}),
        (b"kontakt,email\nada@example.com,old@example.com\n", {"column": "Kontakt"}),
    ],
)
def test_the_column_is_found_by_its_setting_or_a_usual_name(
    tmp_path: Path, content: bytes, given: dict[str, str]
) -> None:
    (tmp_path / "audience.csv").write_bytes(content)
    assert members(sink(tmp_path, **given)) == ["ada@example.com"]


def test_a_long_list_comes_in_pages_without_loss_or_repetition(tmp_path: Path) -> None:
    people = [f"p{number}@example.com" for number in range(2 * PAGE + 7)]
    (tmp_path / "audience.csv").write_text("email\n" + "\n".join(people), "utf-8")
    assert members(sink(tmp_path)) == people


def test_a_list_that_changes_while_it_is_read_is_read_again_from_its_start(tmp_path: Path) -> None:
    people = [f"p{number}@example.com" for number in range(PAGE + 1)]
    path = tmp_path / "audience.csv"
    path.write_text("email\n" + "\n".join(people), "utf-8")
    first = run(sink(tmp_path).members(None), no_network)
    path.write_text("email\nnew@example.com\n", "utf-8")
    assert run(sink(tmp_path).members(first.cursor), no_network).addresses == ["new@example.com"]


@pytest.mark.parametrize(
    ("address", "stands"),
    [
        ("ada@example.com", Standing.FREE),
        ("ADA@example.com", Standing.FREE),
        ("bob@example.com", Standing.FREE),
        ("eve@example.com", Standing.FREE),
        ("cyd@example.com", Standing.SILENT),
        ("dee@example.com", Standing.SILENT),
        ("zoe@example.com", Standing.ABSENT),
        ("not an address", Standing.ABSENT),
    ],
)
def test_look_says_how_each_stands(folder: Path, address: str, stands: Standing) -> None:
    assert standing(sink(folder), address) is stands


def test_of_two_rows_for_one_address_the_one_that_is_written_to_counts(tmp_path: Path) -> None:
    (tmp_path / "audience.csv").write_text(
        "email,status\nada@example.com,bounced\nAda@example.com,ok\nada@example.com,bounced\n", "utf-8"
    )
    assert standing(sink(tmp_path), "ada@example.com") is Standing.FREE


def test_the_words_for_silent_people_are_a_setting(folder: Path) -> None:
    audience = sink(folder, silent_statuses=["Subscribed"])
    assert standing(audience, "ada@example.com") is Standing.SILENT
    assert standing(audience, "cyd@example.com") is Standing.FREE


# Holding and releasing


def test_a_hold_is_a_row_with_its_reason_and_dates_and_release_strikes_it(folder: Path) -> None:
    audience = sink(folder)
    assert hold(audience, "bob@example.com", "ada@example.com") == [Result.CONFIRMED] * 2
    assert held(folder) == [
        {
            "address": address,
            "held_since": "2026-03-03T09:00:00+00:00",
            "expected_until": "2026-03-05T09:00:00+00:00",
            "reason": "an open issue",
            "held_by": "alignkit",
        }
        for address in ("ada@example.com", "bob@example.com")
    ]
    assert standing(audience, "BOB@example.com") is Standing.HELD
    assert release(audience, "Bob@Example.com") == [Result.CONFIRMED]
    assert [row["address"] for row in held(folder)] == ["ada@example.com"]
    assert standing(audience, "bob@example.com") is Standing.FREE
    assert (folder / "audience.csv").read_bytes() == AUDIENCE


def test_holding_or_releasing_twice_changes_not_one_byte(folder: Path) -> None:
    audience, path = sink(folder), folder / "held.csv"
    hold(audience, "ada@example.com")
    once, written = path.read_bytes(), path.stat().st_ino
    later = Order("ada@example.com", {}, "another reason", SINCE.replace(day=9))
    run(audience.hold([later, later]), no_network)
    assert (path.read_bytes(), path.stat().st_ino) == (once, written)
    release(audience, "ada@example.com")
    emptied = path.read_bytes()
    assert release(audience, "ada@example.com", "eve@example.com") == [Result.CONFIRMED] * 2
    assert path.read_bytes() == emptied == (",".join(COLUMNS) + "\n").encode()


def test_releasing_without_a_file_makes_none(folder: Path) -> None:
    assert release(sink(folder), "ada@example.com") == [Result.CONFIRMED]
    assert not (folder / "held.csv").exists()


def test_nobody_is_added_who_is_absent_or_silent(folder: Path) -> None:
    assert hold(sink(folder), "zoe@example.com", "cyd@example.com") == [Result.ABSENT, Result.FOREIGN]
    assert not (folder / "held.csv").exists()


def test_rows_that_somebody_else_wrote_are_left_as_they_are(folder: Path) -> None:
    theirs = 'note,address\n"on holiday, says ""Kim""",eve@example.com\n,\nextra,gone@example.com,1,2,3,4,5,6,7\n'
    (folder / "held.csv").write_text(theirs, "utf-8")
    audience = sink(folder)
    assert standing(audience, "eve@example.com") is Standing.HELD
    assert hold(audience, "eve@example.com", "ada@example.com") == [Result.FOREIGN, Result.CONFIRMED]
    assert release(audience, "eve@example.com", "ada@example.com") == [Result.FOREIGN, Result.CONFIRMED]
    kept = (folder / "held.csv").read_text("utf-8").splitlines()
    assert sorted(kept[1:]) == sorted(theirs.splitlines()[1:])
    assert kept[0].startswith("note,address,")


def test_who_is_held_can_be_released_though_the_audience_is_gone(folder: Path) -> None:
    ada = members(sink(folder))[0]
    hold(sink(folder), ada)
    (folder / "audience.csv").unlink()
    assert standing(sink(folder), ada) is Standing.HELD
    run(sink(folder).release([order(ada)]), no_network)
    with pytest.raises(SettingsError, match="there is no file"):
        look(sink(folder), ada)


def test_a_row_that_somebody_took_over_is_released_by_nobody_but_them(folder: Path) -> None:
    audience, path = sink(folder), folder / "held.csv"
    hold(audience, "ada@example.com")
    path.write_text(path.read_text("utf-8").replace("alignkit", "Kim"), "utf-8")
    taken = path.read_bytes()
    assert release(audience, "ada@example.com") == [Result.FOREIGN]
    assert path.read_bytes() == taken


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from("abcdefg"), min_size=1))))
def test_after_any_holds_and_releases_exactly_the_held_are_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, moves: Sequence[tuple[bool, set[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("audience")
    (folder / "audience.csv").write_text("email\n" + "".join(f"{name}@example.com\n" for name in "abcdef"), "utf-8")
    audience = sink(folder)
    expected: set[str] = set()
    for is_hold, names in moves:
        (hold if is_hold else release)(audience, *(f"{name}@example.com" for name in names))
        expected = expected | (names - {"g"}) if is_hold else expected - names
        if (folder / "held.csv").exists():
            assert [row["address"][0] for row in held(folder)] == sorted(expected)
        else:
            assert not expected


def test_the_order_of_orders_does_not_show_in_the_file(folder: Path) -> None:
    hold(sink(folder), "eve@example.com", "ada@example.com")
    one = (folder / "held.csv").read_bytes()
    release(sink(folder), "eve@example.com", "ada@example.com")
    hold(sink(folder), "ada@example.com")
    hold(sink(folder), "eve@example.com")
    assert (folder / "held.csv").read_bytes() == one


def test_holding_in_an_event_loop_writes_the_same_file(folder: Path) -> None:
    async def nothing(_request: object) -> Any:
        raise AssertionError

    hold(sink(folder), "ada@example.com")
    first = (folder / "held.csv").read_bytes()
    release(sink(folder), "ada@example.com")
    asyncio.run(arun(sink(folder).hold([order("ada@example.com")]), nothing))
    assert (folder / "held.csv").read_bytes() == first


def test_a_reader_of_the_held_sees_the_old_file_or_the_new_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audience, seen = sink(folder), list[int]()
    hold(audience, "ada@example.com")
    sync = os.fsync

    def watching(handle: int) -> None:
        seen.append(len(held(folder)))
        sync(handle)

    monkeypatch.setattr(os, "fsync", watching)
    hold(audience, "bob@example.com")
    # Before the new file is in place, and after, when its folder is made to last.
    assert seen == [1, 2]


def test_the_rights_of_the_file_stay_as_they_were_set(folder: Path) -> None:
    hold(sink(folder), "ada@example.com")
    (folder / "held.csv").chmod(0o640)
    hold(sink(folder), "bob@example.com")
    assert (folder / "held.csv").stat().st_mode & 0o777 == 0o640


# What can go wrong


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, TryAgainLater, "there is no room to write"),
        (errno.EDQUOT, TryAgainLater, "there is no room to write"),
        (errno.EROFS, SettingsError, "cannot be written"),
        (errno.EACCES, SettingsError, "cannot be written"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_clear_error_and_stays_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], said: str
) -> None:
    audience = sink(folder)
    hold(audience, "ada@example.com")
    before = (folder / "held.csv").read_bytes()

    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind, match=said):
        hold(audience, "bob@example.com")
    assert (folder / "held.csv").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["audience.csv", "held.csv"]


def test_a_missing_folder_is_a_setting_to_fix(folder: Path) -> None:
    audience = AudienceFile(folder / "audience.csv", held_path=folder / "none" / "held.csv")
    with pytest.raises(SettingsError, match="cannot be written"):
        hold(audience, "ada@example.com")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,phone\nAda,1\n", "has no column `email`; it has `name`, `phone`; set `column`"),
        (b"", "has no column `email`"),
        ("email\nada@example.com\n".encode("utf-16"), "is not UTF-8"),
        (b"email\n\xff\n", "is not UTF-8"),
    ],
)
def test_an_audience_that_cannot_be_read_is_an_error_and_never_empty(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "audience.csv").write_bytes(content)
    with pytest.raises(DataInvalid, match=said):
        members(sink(tmp_path))
    with pytest.raises(DataInvalid, match=said):
        look(sink(tmp_path), "ada@example.com")


def test_an_audience_that_is_missing_or_a_folder_is_a_setting_to_fix(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no file"):
        members(sink(tmp_path))
    (tmp_path / "audience.csv").mkdir()
    with pytest.raises(SettingsError, match="set `path` to a file"):
        members(sink(tmp_path))


@pytest.mark.parametrize("content", [b"who,why\nada,x\n", b'address,reason\nada@example.com,"open\n', b"address"])
def test_a_damaged_file_of_the_held_is_an_error_and_stays_as_it_is(folder: Path, content: bytes) -> None:
    (folder / "held.csv").write_bytes(content)
    for attempt in (hold, release):
        with pytest.raises(DataInvalid, match=r"`held\.csv`"):
            attempt(sink(folder), "ada@example.com")
    assert (folder / "held.csv").read_bytes() == content


@pytest.mark.parametrize("held_path", ["audience.csv", "../audience.csv", "held.csv"])
def test_the_audience_is_never_the_file_that_is_written(tmp_path: Path, held_path: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    path = folder / "audience.csv"
    path.write_bytes(AUDIENCE)
    (tmp_path / "audience.csv").symlink_to(path)
    if held_path == "held.csv":
        AudienceFile(path, held_path=folder / held_path)
    else:
        with pytest.raises(SettingsError, match="name one file"):
            AudienceFile(path, held_path=folder / held_path)


def test_an_unknown_setting_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="`colour`"):
        sink(folder, colour="red")


def test_check_counts_people_and_rows_without_an_address(folder: Path) -> None:
    path = folder / "audience.csv"
    path.write_bytes(AUDIENCE + b",Fay,subscribed\n\n")
    found = run(sink(folder).check(), no_network)
    assert [(finding.is_well, finding.subject) for finding in found] == [
        (False, "`audience.csv` with 5 people"),
        (True, "`held.csv` with 0 held"),
    ]
    assert found[0].remedy.startswith("rows without an address: 1;")


def test_check_says_what_is_missing(tmp_path: Path) -> None:
    audience = AudienceFile(tmp_path / "audience.csv", held_path=tmp_path / "none" / "held.csv")
    found = run(audience.check(), no_network)
    assert [finding.is_well for finding in found] == [False, False]
    assert "make the folder" in found[1].remedy


def test_reason_and_date_are_written_anew_and_nothing_else(folder: Path) -> None:
    audience, held = sink(folder), folder / "held.csv"
    held.write_text("address,note,reason,held_by\neve@example.com,mine,on leave,\n")
    hold(audience, "ada@example.com")
    rows = held.read_text("utf-8").splitlines()
    held.write_text("\n".join(row.replace("ada@example.com,,", "ada@example.com,kept,") for row in rows) + "\n")
    before = held.read_bytes()
    assert amend(audience, order("ADA@example.com")) == [Result.CONFIRMED]
    assert held.read_bytes() == before, "the same reason is no change"
    later = Order("ada@example.com", {}, "resolved yesterday", SINCE.replace(day=1), SINCE.replace(day=6))
    others = [order("eve@example.com", "x"), order("Bob@Example.com", "x"), order("zoe@example.com", "x")]
    assert amend(audience, later, *others) == [Result.CONFIRMED, Result.FOREIGN, Result.ABSENT, Result.ABSENT]
    changed = before.replace(b"an open issue", b"resolved yesterday").replace(b"2026-03-05T", b"2026-03-06T")
    assert held.read_bytes() == changed
    assert b"kept" in changed
    assert b"2026-03-03T09" in changed, "the hold began when it began"
