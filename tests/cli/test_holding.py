"""`hold`, `release` and `record` write down what people say."""

from __future__ import annotations

import pytest

from .shop import ADA, BOB, CY, NOW, Shop

LATER = "2026-03-03T10:00:00Z"


def test_a_hold_waits_for_whoever_lifts_it(shop: Shop) -> None:
    shop.pull()
    [row] = shop.rows("hold", CY, "--reason", "asked for peace", "--by", "Grace", "--now", NOW)
    assert row["identifiers"] == [f"email:{CY}"]
    assert shop.rows("decide", CY, "--now", NOW)[0]["verdict"] == "suppress"
    [lifted] = shop.rows("release", row["id"], "--reason", "called back", "--now", LATER)
    assert (lifted["id"], lifted["released_at"]) == (row["id"], LATER)
    assert shop.rows("decide", CY, "--now", LATER)[0]["verdict"] == "send"


def test_a_hold_ends_by_itself_and_keeps_to_its_scope(shop: Shop) -> None:
    shop.pull()
    words = ("--until", LATER, "--category", "newsletter", "--channel", "email")
    assert "until 2026-03-03 10:00 UTC" in shop.run("hold", CY, "--reason", "x", *words, "--now", NOW).stdout
    newsletter = ("decide", CY, "--category", "newsletter", "--channel", "email")
    assert shop.rows(*newsletter, "--now", NOW)[0]["verdict"] == "suppress"
    assert shop.rows("decide", CY, "--now", NOW)[0]["verdict"] == "send"
    assert shop.rows(*newsletter, "--now", LATER)[0]["verdict"] == "send"


def test_all_holds_of_a_person_are_lifted_by_the_person(shop: Shop) -> None:
    shop.pull()
    for reason in ("first", "second"):
        shop.run("hold", CY, "--reason", reason, "--now", NOW)
    shop.run("hold", BOB, "--reason", "somebody else", "--now", NOW)
    assert [row["reason"] for row in shop.rows("release", CY, "--now", LATER)] == ["first", "second"]
    shop.run("hold", CY, "--reason", "not yet begun", "--now", LATER)
    assert [row["reason"] for row in shop.rows("release", CY, "--now", NOW)] == ["not yet begun"]
    again = shop.run("release", CY, "--now", LATER)
    assert again.exit_code == 6
    assert "this person has no manual hold" in again.stderr
    assert len(shop.rows("release", BOB, "--now", LATER)) == 1


def test_everything_of_ours_is_released_from_the_ledger_alone(shop: Shop) -> None:
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    with (shop.folder / "held.csv").open("a") as held:
        held.write(f"{CY},,,a colleague's,somebody\n")
    assert shop.held() == {ADA, BOB, CY}
    shop.write("tickets.jsonl", "")
    rows = shop.rows("release", "--all-ours", "list", "--now", NOW)
    assert [row["address"] for row in rows[:-1]] == [ADA, BOB]
    assert rows[-1] == {"type": "release", "destination": "list", "released": 2, "left": 0, "open": 0}
    assert shop.held() == {CY}


@pytest.mark.parametrize("words", [(), (ADA, "--all-ours", "list")])
def test_release_wants_one_thing_to_release(shop: Shop, words: tuple[str, ...]) -> None:
    assert shop.run("release", *words).exit_code == 2


def test_a_hold_without_a_reason_is_refused(shop: Shop) -> None:
    assert shop.run("hold", CY).exit_code == 2
    assert shop.run("hold", CY, "--reason", " ").exit_code == 6


def test_a_message_is_recorded_once_by_its_id(shop: Shop) -> None:
    shop.pull()
    words = ("record", "--to", ADA, "--channel", "email", "--category", "promotional", "--id", "m1", "--sent-at", NOW)
    assert shop.rows(*words, "--now", NOW) == [{"type": "record", "new": 1, "repeated": 0, "forgotten": 0}]
    assert shop.rows(*words, "--now", NOW)[0]["repeated"] == 1


def test_a_file_of_messages_is_recorded(shop: Shop) -> None:
    shop.pull()
    file = shop.write("sent.csv", f"id,channel,address,category,sent_at\na,email,{ADA},promotional,{NOW}\nb,sms,,,\n")
    assert "2 messages recorded" in shop.run("record", str(file), "--now", NOW).stdout


def test_record_wants_a_file_or_a_person(shop: Shop) -> None:
    assert shop.run("record").exit_code == 2
    assert shop.run("record", "sent.csv", "--to", ADA).exit_code == 2
    assert shop.run("record", "--to", ADA).exit_code == 2
