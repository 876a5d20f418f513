"""`export`, `forget`, `merge` and `unmerge` are about one customer and leave the others alone."""

from __future__ import annotations

import json
from pathlib import Path

from .shop import ADA, BOB, NOW, Shop


def test_export_prints_one_customer_and_nobody_else(shop: Shop) -> None:
    shop.pull()
    result = shop.run("export", ADA)
    assert json.loads(result.stdout)["customer"]["identifiers"] == [f"email:{ADA}", "helpdesk_user:desk/101"]
    assert BOB not in result.stdout
    [row] = shop.rows("export", ADA)
    assert row["type"] == "export"


def test_export_writes_a_file_for_its_owner_alone(shop: Shop, tmp_path: Path) -> None:
    shop.pull()
    file = tmp_path / "ada.json"
    assert shop.run("export", ADA, "--output", str(file)).exit_code == 0
    assert ADA in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0
    again = shop.run("export", ADA, "--output", str(file))
    assert again.exit_code == 3
    assert "is there already" in again.stderr


def test_forget_releases_a_person_everywhere_and_erases_them(shop: Shop) -> None:
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    assert shop.held() == {ADA, BOB}
    [row] = shop.rows("forget", ADA, "--yes", "--now", NOW)
    assert (row["type"], row["customers"]) == ("forgotten", 1)
    assert shop.held() == {BOB}
    assert ADA.encode() not in (shop.folder / "align.db").read_bytes()
    assert shop.run("export", ADA).exit_code == 6
    assert shop.rows("export", BOB)
    assert "nothing is known of this person" in shop.run("forget", ADA, "--yes", "--now", NOW).stdout


def test_forget_asks_nobody_in_a_script(shop: Shop) -> None:
    shop.pull()
    assert shop.run("forget", ADA).exit_code == 2
    assert shop.run("forget", ADA, "--json").exit_code == 2
    assert shop.rows("export", ADA)


def test_a_merge_by_hand_joins_two_people_and_can_be_undone(shop: Shop) -> None:
    shop.pull()
    [row] = shop.rows("merge", ADA, BOB, "--reason", "same phone", "--now", NOW)
    assert {f"email:{ADA}", f"email:{BOB}"} <= set(row["identifiers"])
    [row] = shop.rows("unmerge", BOB, "--reason", "were two after all", "--now", NOW)
    assert row["identifiers"] == [f"email:{BOB}"]
    assert f"email:{BOB}" not in shop.rows("export", ADA)[0]["customer"]["identifiers"]
