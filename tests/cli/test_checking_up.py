"""`doctor` says what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alignkit.connectors import AudienceFile
from alignkit.connectors.base import Finding
from alignkit.transport import Flow

from .shop import Shop, answering


def test_the_doctor_finds_nothing_wrong_with_a_shop_that_is_well(shop: Shop) -> None:
    assert "all is well" in shop.run("doctor").stdout, "before the first pull"
    assert not (shop.folder / "align.db").exists(), "looking made a store"
    shop.run("pull")
    rows = shop.rows("doctor")
    assert all(row["is_well"] and not row["remedy"] for row in rows)
    assert {row["place"] for row in rows} == {"settings", "policy", "store", "sources.desk", "destinations.list"}


@pytest.mark.parametrize(
    ("before", "after", "place", "remedy"),
    [
        ('"tickets.jsonl"', '"nowhere.jsonl"', "sources.desk", "nowhere.jsonl"),
        ('"audience.csv"', '"nowhere.csv"', "destinations.list", "nowhere.csv"),
        ('connector = "export"', 'connector = "exprot"', "sources.desk", "there is no connector `exprot`"),
        ("[sources.desk]", '[policy.parameters]\ncool_down = "soon"\n\n[sources.desk]', "policy", "cool_down"),
        ("[sources.desk]", "[sources.other]", "store", "alignkit retire desk"),
        ("[sources.desk]", '[policy.parameters]\nexpects = ["dsk"]\n\n[sources.desk]', "policy", "`[sources.dsk]`"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_what_to_do(
    shop: Shop, before: str, after: str, place: str, remedy: str
) -> None:
    shop.run("pull")
    shop.change(before, after)
    result = shop.run("doctor")
    assert result.exit_code == 10
    assert [line for line in result.stdout.splitlines() if "wrong" in line and place in line], result.stdout
    assert remedy in result.stdout


def test_a_damaged_store_is_one_thing_to_put_right(shop: Shop) -> None:
    shop.write("align.db", "this is no database, " * 500)
    result = shop.run("doctor")
    assert result.exit_code == 10
    assert [line.split()[1] for line in result.stdout.splitlines() if line.startswith("wrong")] == ["store"]
    assert "3 people" in result.stdout, "the audience was not looked at"


def test_the_doctor_notices_a_source_that_is_read_too_seldom(shop: Shop) -> None:
    shop.pull()
    result = shop.run("doctor")
    assert result.exit_code == 10
    assert "run `alignkit pull desk` that often" in result.stdout


def test_the_doctor_notices_a_reading_of_a_clock_that_was_ahead(shop: Shop) -> None:
    shop.run("pull", "--now", "2999-01-01T00:00:00Z")
    result = shop.run("doctor")
    assert result.exit_code == 10
    assert "is dated 2999-01-01 00:00 UTC" in result.stdout


def test_the_doctor_advises_nothing_about_what_is_well(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_self: AudienceFile) -> Flow[Sequence[Finding]]:
        yield from ()
        return [Finding(is_well=True, subject="version 3", remedy="use version 3")]

    monkeypatch.setattr(AudienceFile, "check", check)
    assert "use version 3" not in shop.run("doctor").stdout


def test_the_doctor_asks_the_service_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    with answering(401) as url:
        shop.change(
            "[sources.desk]",
            f'[sources.rt]\nconnector = "request_tracker"\nbase_url = "{url}"\ntoken = {{ env = "RT_TOKEN" }}\n\n'
            "[sources.desk]",
        )
        result = shop.run("doctor")
    assert result.exit_code == 10
    assert "sources.rt" in result.stdout
    assert "sample-token" not in result.output
