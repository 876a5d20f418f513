"""`defer` keeps a reference, and `due` says once what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from .shop import ADA, BOB, CY, NOW, Shop, page, ticket

FREE = "2026-03-09T09:00:00Z"


def resolve(shop: Shop) -> None:
    solved = [ticket(1, ADA, status="solved", at="2026-03-04T08:00:00Z")]
    shop.write("tickets.jsonl", page(*solved, ticket(2, BOB, status="solved")))
    assert shop.run("pull", "--now", FREE).exit_code == 0


def due(shop: Shop, *words: str, now: str = FREE) -> list[dict[str, Any]]:
    return [row for row in shop.rows("due", *words, "--now", now) if row["type"] == "deferred"]


def test_a_message_waits_and_is_told_once(shop: Shop) -> None:
    shop.pull()
    [row] = shop.rows("defer", "spring/1", ADA, "--now", NOW)
    assert (row["reference"], row["state"], row["became"]) == ("spring/1", "waiting", None)
    assert "open issue" in row["reason"]
    assert due(shop, now=NOW) == []
    resolve(shop)
    assert [row["became"] for row in due(shop, "--dry-run")] == ["send"]
    assert [row["became"] for row in due(shop)] == ["send"]
    assert due(shop) == []
    assert [row["reference"] for row in due(shop, "--told")] == ["spring/1"]
    assert shop.rows("due", "--give-back", "spring/1") == [{"type": "waiting", "reference": "spring/1"}]
    assert len(due(shop)) == 1
    assert shop.rows("due", "--acknowledge", "spring/1") == [{"type": "acknowledged", "reference": "spring/1"}]
    assert due(shop, "--told") == []
    assert shop.rows("due", "--prune", "1d", "--now", FREE) == [{"type": "pruned", "messages": 0}]
    assert shop.rows("due", "--prune", "1d", "--now", "2026-03-11T09:00:00Z") == [{"type": "pruned", "messages": 1}]


def test_of_a_backlog_the_greatest_rank_goes_out(shop: Shop) -> None:
    shop.pull()
    shop.rows("defer", "spring/1", ADA, "--rank", "2", "--now", NOW)
    shop.rows("defer", "spring/2", ADA, "--rank", "1", "--now", NOW)
    resolve(shop)
    assert {row["reference"]: row["became"] for row in due(shop)} == {"spring/1": "send", "spring/2": "superseded"}


def test_due_tells_people_when_to_ask_again(shop: Shop) -> None:
    shop.pull()
    shop.run("defer", "spring/1", ADA, "--until", "2026-03-05T09:00:00Z", "--now", NOW)
    text = shop.run("due", "--now", NOW).stdout
    assert "0 messages told, 1 waiting; ask again at 2026-03-05 09:00 UTC" in text
    assert "1 deferred message waiting, 0 told" in shop.run("status", "--now", NOW).stdout
    assert [row["became"] for row in due(shop, now="2026-03-05T09:00:00Z")] == ["expired"]


def test_messages_go_out_piece_by_piece(shop: Shop) -> None:
    shop.pull()
    for name, who in (("a", ADA), ("b", BOB), ("c", CY)):
        shop.run("defer", name, who, "--now", NOW)
    resolve(shop)
    assert len(due(shop, "--limit", "1")) == 1
    assert len(due(shop, "--per-hour", "1")) == 1
    assert "0 of 1 who may go" in shop.run("due", "--per-hour", "1", "--now", FREE).stdout
    assert len(due(shop, "--per-hour", "1", now="2026-03-09T10:00:00Z")) == 1


def test_a_stop_is_told(shop: Shop) -> None:
    shop.pull()
    shop.run("defer", "c", CY, "--now", NOW)
    shop.run("stop", "--reason", "wrong prices", "--by", "Grace", "--now", NOW)
    assert "nothing goes out: everything outbound was stopped by Grace" in shop.run("due", "--now", NOW).stdout


def test_a_push_lets_people_go_piece_by_piece_and_status_tells_of_it(shop: Shop) -> None:
    shop.pull()
    assert shop.run("push", "list", "--now", NOW).exit_code == 0
    resolve(shop)
    dry = shop.run("push", "list", "--per-hour", "1", "--dry-run", "--now", FREE).stdout
    assert "1 of 2 who may go are let go now" in dry
    shop.run("push", "list", "--per-hour", "1", "--now", FREE)
    assert len(shop.held()) == 1
    [wave] = [row for row in shop.rows("status", "--now", FREE) if row["type"] == "wave"]
    assert (wave["destination"], wave["people"], wave["released"]) == ("list", 2, 1)
    shop.run("push", "list", "--stage", "0.5", "--stage", "1", "--stage-every", "1h", "--now", FREE)
    assert shop.held() == set(), "so few need no stages"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("defer", "a"), 2),
        (("defer", "a", "nobody"), 6),
        (("due", "--limit", "0"), 2),
        (("due", "--stage", "0.5"), 6),
        (("due", "--stage", "1", "--stage-every", "soon"), 2),
    ],
)
def test_what_cannot_be_is_refused(shop: Shop, words: tuple[str, ...], code: int) -> None:
    shop.pull()
    assert shop.run(*words).exit_code == code
