"""`decide` answers, and `explain` shows everything behind the answer."""

from __future__ import annotations

from .shop import ADA, BOB, CY, NOW, Shop


def test_decide_gives_verdict_sentence_and_end(shop: Shop) -> None:
    shop.pull()
    result = shop.run("decide", BOB, "--now", NOW)
    assert result.exit_code == 0
    first, sentence = result.stdout.splitlines()
    assert first == "suppress  until 2026-03-04 08:00 UTC, unless something changes"
    assert sentence.startswith("hold: an issue (desk/issue/2, resolved) was resolved on 2 March")


def test_decide_tells_programs_the_whole_decision(shop: Shop) -> None:
    shop.pull()
    [row] = shop.rows("decide", ADA, "--category", "newsletter", "--channel", "email", "--now", NOW)
    assert (row["type"], row["verdict"], row["scope"]) == ("decision", "suppress", "newsletter/email")
    assert row["evidence"] == ["desk/issue/1"]
    assert shop.rows("decide", CY, "--now", NOW)[0]["verdict"] == "send"


def test_the_exit_code_tells_the_verdict_only_when_asked(shop: Shop) -> None:
    shop.pull()
    assert shop.run("decide", ADA, "--now", NOW).exit_code == 0
    assert shop.run("decide", ADA, "--now", NOW, "--exit-code").exit_code == 9
    assert shop.run("decide", CY, "--now", NOW, "--exit-code").exit_code == 0


def test_tomorrow_can_be_asked_today(shop: Shop) -> None:
    shop.run("pull", "--now", "2026-03-04T07:00:00Z")
    assert shop.rows("decide", BOB, "--now", "2026-03-04T08:59:00+01:00")[0]["verdict"] == "suppress"
    assert shop.rows("decide", BOB, "--now", "2026-03-04T09:00:00+01:00")[0]["verdict"] == "send"


def test_a_time_without_a_zone_is_refused(shop: Shop) -> None:
    result = shop.run("decide", ADA, "--now", "2026-03-03T09:00:00")
    assert result.exit_code == 2
    assert "the time has no zone" in result.stderr
    for text in ("tomorrow", "0001-01-01T00:00:00+14:00"):
        assert shop.run("decide", ADA, "--now", text).exit_code == 2


def test_explain_shows_rules_evidence_issues_and_freshness(shop: Shop) -> None:
    shop.pull()
    text = shop.run("explain", ADA, "--now", NOW).stdout
    for part in (
        "open-issue",
        "Whoever waits for help does not want an offer",
        "promotional/email",
        "desk/issue/1",
        "2026-03-03 09:00",
        "Open issues",
        "Sources",
        "ask again",
    ):
        assert part in text, part


def test_explain_tells_programs_the_same(shop: Shop) -> None:
    shop.pull()
    [row] = shop.rows("explain", ADA, "--now", NOW)
    assert row["rules"] == ["open-issue"]
    assert [issue["ref"] for issue in row["open_issues"]] == ["desk/issue/1"]
    assert row["sources"] == [{"name": "desk", "read_at": NOW, "is_complete": True}]
    assert set(row["why"]) == {"open-issue"}


def test_explain_shows_holds_put_by_hand(shop: Shop) -> None:
    shop.pull()
    shop.run("hold", CY, "--reason", "asked for peace", "--now", NOW)
    assert "asked for peace" in shop.run("explain", CY, "--now", NOW).stdout


def test_explain_says_when_nobody_is_known(shop: Shop) -> None:
    shop.pull()
    assert "nobody with this identifier is known" in shop.run("explain", "nobody@example.com", "--now", NOW).stdout


def test_a_text_that_names_nobody_is_refused(shop: Shop) -> None:
    shop.pull()
    result = shop.run("decide", "somebody", "--now", NOW)
    assert result.exit_code == 6
    assert result.stderr.startswith("error: this is no identifier")
