"""`stop`, `resume`, `incident` and `confirm` are what somebody types on a bad day."""

from __future__ import annotations

import pytest

from alignkit import SQLiteStore
from alignkit.models import Order, OrderChanged
from alignkit.testing.store.stories import at, contact, put

from .shop import ADA, BOB, CY, NOW, Shop

LATER = "2026-03-03T10:00:00Z"
WHY = ("--reason", "wrong prices", "--by", "Grace")


def silent(shop: Shop, now: str = NOW) -> set[str]:
    return {who for who in (ADA, BOB, CY) if shop.rows("decide", who, "--now", now)[0]["verdict"] == "suppress"}


def by_type(rows: list[dict[str, object]], kind: str) -> list[dict[str, object]]:
    return [row for row in rows if row["type"] == kind]


def test_everything_stops_and_goes_on_where_it_was(shop: Shop) -> None:
    shop.pull()
    [stopped] = shop.rows("stop", *WHY, "--now", NOW)
    assert (stopped["by"], stopped["reason"], stopped["destination"]) == ("Grace", "wrong prices", None)
    assert silent(shop) == {ADA, BOB, CY}
    refused = shop.run("push", "list", "--now", NOW)
    assert refused.exit_code == 4
    assert "stopped by Grace on 3 March at 09:00 UTC: wrong prices" in refused.stderr
    assert shop.held() == set()
    receipt = ("decide", CY, "--category", "transactional", "--channel", "email", "--now", NOW)
    assert shop.rows(*receipt)[0]["verdict"] == "send"
    shop.rows("resume", "--reason", "prices are right", "--now", NOW)
    assert silent(shop) == {ADA, BOB}
    assert shop.run("push", "list", "--now", NOW).exit_code == 0
    assert shop.held() == {ADA, BOB}


def test_an_explanation_shows_since_when_everything_is_stopped(shop: Shop) -> None:
    shop.pull()
    shop.run("stop", *WHY, "--now", NOW)
    text = shop.run("explain", CY, "--now", LATER).stdout
    assert "wrong prices (stopped by Grace)" in text
    assert "2026-03-03 09:00" in text
    assert "0001" not in text


def test_one_destination_stops_alone(shop: Shop) -> None:
    shop.pull()
    shop.rows("stop", "list", *WHY, "--now", NOW)
    assert silent(shop) == {ADA, BOB}
    assert shop.run("push", "list", "--now", NOW).exit_code == 4
    dry = shop.rows("push", "list", "--dry-run", "--now", NOW)
    assert [row["by"] for row in by_type(dry, "stop")] == ["Grace"]
    assert by_type(dry, "push")[0]["holds"] == 2
    assert shop.run("resume", "--now", NOW).exit_code == 6, "nothing else is stopped"
    shop.rows("resume", "list", "--now", NOW)
    assert shop.run("push", "list", "--now", NOW).exit_code == 0


def test_a_destination_that_is_not_there_cannot_be_stopped(shop: Shop) -> None:
    shop.pull()
    result = shop.run("stop", "lst", *WHY)
    assert result.exit_code == 3
    assert "`list`" in result.stderr


def test_a_missing_credential_keeps_nobody_from_stopping(shop: Shop) -> None:
    shop.pull()
    shop.change('connector = "audience_file"', 'connector = "mailman"\npassword = { env = "NOT_SET" }')
    assert shop.run("stop", "list", *WHY).exit_code == 0


def test_status_tells_stops_last(shop: Shop) -> None:
    shop.pull()
    shop.run("stop", *WHY, "--now", NOW)
    text = shop.run("status", "--now", LATER).stdout
    assert text.splitlines()[-1] == "everything outbound was stopped by Grace on 3 March at 09:00 UTC: wrong prices"
    assert by_type(shop.rows("status", "--now", LATER), "stop")[0]["since"] == NOW


def test_an_incident_holds_a_file_of_people_until_it_is_released(shop: Shop) -> None:
    shop.pull()
    people = shop.write("people.txt", f"\ufeff{CY}\n\n{ADA}\n")
    words = ("--reason", "a recall", "--by", "Grace", "--people", str(people), "--now", NOW)
    [row] = shop.rows("incident", "recall", *words)
    assert (row["hold"], row["people"], row["is_capped"]) == ("recall", 2, False)
    assert silent(shop) == {ADA, BOB, CY}
    [again] = shop.rows("incident", "recall", "--person", BOB, "--reason", "a fire", "--now", NOW)
    assert (again["people"], again["reason"]) == (1, "a fire")
    assert shop.rows("incident", "recall", "--now", NOW)[0]["people"] == 1
    shop.rows("release", "recall", "--now", LATER)
    assert by_type(shop.rows("status", "--now", LATER), "wide_hold") == []


def test_an_incident_holds_who_is_in_an_account_and_who_placed_an_order(shop: Shop) -> None:
    shop.pull()
    order = Order.model_validate({"id": "7", "status": "placed", "email": CY})
    with SQLiteStore(shop.folder / "align.db") as store:
        put(store, [contact("u1", 1, BOB, account_ids=("a1",))])
        put(store, [OrderChanged.of(order, source="shop", received_at=at(1), time=at(1))])
    words = ("--reason", "a recall", "--by", "Grace", "--account", "desk/a1", "--order", "shop/7", "--now", NOW)
    [row] = shop.rows("incident", "recall", *words)
    assert row["people"] == 2
    assert silent(shop) == {ADA, BOB, CY}


def test_a_cap_is_told_loudly_until_it_is_confirmed(shop: Shop) -> None:
    shop.pull()
    words = ("--reason", "a recall", "--by", "Grace", "--person", ADA, "--person", CY, "--cap", "1", "--now", NOW)
    told = "recall is meant for 2 people and reaches 1: confirm the others with `alignkit confirm recall"
    assert told in shop.run("incident", "recall", *words).stdout
    assert told in shop.run("status", "--now", NOW).stdout
    assert told in shop.run("push", "list", "--dry-run", "--now", NOW).stdout
    [row] = shop.rows("confirm", "recall", "--by", "Hopper", "--reason", "both have one", "--now", NOW)
    assert (row["silenced"], row["confirmed_by"]) == (2, "Hopper")
    assert silent(shop) == {ADA, BOB, CY}
    assert "confirm the others" not in shop.run("status", "--now", NOW).stdout


def test_everybody_needs_a_word_of_confirmation(shop: Shop) -> None:
    shop.pull()
    shop.rows("incident", "fire", "--everybody", "--cap", "0", "--reason", "a fire", "--by", "Grace", "--now", NOW)
    assert silent(shop) == {ADA, BOB}
    shop.rows("confirm", "fire", "--by", "Grace", "--reason", "closed for the day", "--now", NOW)
    assert silent(shop) == {ADA, BOB, CY}


def test_pull_looks_cohorts_up_anew(shop: Shop) -> None:
    shop.pull()
    shop.rows("incident", "recall", "--product", "saw", "--reason", "a recall", "--by", "Grace", "--now", NOW)
    rows = shop.rows("pull", "--now", LATER)
    assert [row["people"] for row in by_type(rows, "wide_hold")] == [0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("stop",), 2),
        (("stop", "--reason", " ", "--by", "Grace"), 6),
        (("incident", "recall"), 6),
        (("incident", "recall", "--reason", "x", "--by", "Grace"), 6),
        (("incident", "recall", "--people", "nothing.txt", "--reason", "x", "--by", "Grace"), 6),
        (("confirm", "recall", "--by", "Grace", "--reason", "x"), 6),
        (("confirm", "recall"), 2),
    ],
)
def test_what_cannot_be_is_refused(shop: Shop, words: tuple[str, ...], code: int) -> None:
    shop.pull()
    assert shop.run(*words).exit_code == code


def test_the_scope_of_an_incident_cannot_change(shop: Shop) -> None:
    shop.pull()
    shop.run("incident", "recall", "--person", ADA, "--reason", "x", "--by", "Grace", "--now", NOW)
    assert shop.run("incident", "recall", "--about", "saw").exit_code == 2
