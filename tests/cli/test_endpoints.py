"""Sources and destinations that moved, were renamed or are over are told of, and put right by a command."""

from __future__ import annotations

import pytest

from .shop import ADA, BOB, CY, NOW, Shop

LATER = "2026-09-03T09:00:00Z"
OTHER = '[sources.other]\nconnector = "export"\npath = "other.jsonl"\n\n[sources.desk]'


def test_a_source_of_the_settings_is_not_retired(shop: Shop) -> None:
    shop.pull()
    result = shop.run("retire", "desk", "--issues", "close", "--now", NOW)
    assert result.exit_code == 3
    assert "take it out first" in result.stderr


def test_what_becomes_of_the_issues_has_to_be_said(shop: Shop) -> None:
    shop.pull()
    assert shop.run("retire", "desk").exit_code == 2


@pytest.mark.parametrize(("issues", "verdict"), [("close", "send"), ("keep", "suppress")])
def test_an_old_desk_is_retired_and_decisions_go_on_without_it(shop: Shop, issues: str, verdict: str) -> None:
    shop.pull()
    shop.change("[sources.desk]", "[sources.renamed]")
    shop.write("tickets.jsonl", "")
    assert shop.run("pull", "--now", LATER).exit_code == 0
    assert shop.rows("decide", CY, "--now", LATER)[0]["stale"], "the old desk is waited for"
    [row] = shop.rows("retire", "desk", "--issues", issues, "--now", "2026-03-03T10:00:00Z")
    assert (row["type"], row["issues"], row["is_closed"]) == ("retired", 1, issues == "close")
    assert not shop.rows("decide", CY, "--now", LATER)[0]["stale"]
    assert shop.rows("decide", ADA, "--now", "2026-03-10T09:00:00Z")[0]["verdict"] == verdict
    assert [row["name"] for row in shop.rows("status", "--now", LATER) if row["type"] == "source"] == ["renamed"]


def test_a_policy_that_still_expects_a_retired_source_is_told_of(shop: Shop) -> None:
    shop.pull()
    shop.change("[sources.desk]", '[policy.parameters]\nexpects = ["desk"]\n\n[sources.renamed]')
    assert "take it out of `expects`" in shop.run("retire", "desk", "--issues", "keep").stdout


def test_a_source_that_could_never_be_read_is_none(shop: Shop) -> None:
    shop.change("[sources.desk]", OTHER)
    assert shop.run("pull", "--now", NOW).exit_code == 3
    shop.change(OTHER, "[sources.desk]")
    assert shop.rows("decide", CY, "--now", NOW)[0]["verdict"] == "send"
    assert [row["name"] for row in shop.rows("status", "--now", NOW) if row["type"] == "source"] == ["desk"]


def test_a_path_that_changed_is_refused_until_it_is_said_to_have_moved(shop: Shop) -> None:
    shop.pull()
    assert shop.run("push", "list", "--now", NOW).exit_code == 0
    for before, after in (("tickets.jsonl", "renamed.jsonl"), ("held.csv", "hold.csv")):
        shop.change(f'"{before}"', f'"{after}"')
        (shop.folder / before).rename(shop.folder / after)
    found = shop.run("doctor", "--json").stdout
    assert found.count("alignkit moved") == 2
    assert shop.run("pull", "--now", NOW).exit_code == 3
    refused = shop.run("push", "list", "--now", NOW)
    assert refused.exit_code == 3
    assert "`alignkit moved list`" in refused.stderr
    [row] = shop.rows("moved", "list")
    assert (row["role"], row["location"]) == ("destination", str(shop.folder / "hold.csv"))
    assert "the source desk is at" in shop.run("moved", "desk").stdout
    assert shop.run("pull", "--now", NOW).exit_code == 0
    assert shop.run("push", "list", "--now", NOW).exit_code == 0
    assert shop.run("moved", "nowhere").exit_code == 3


@pytest.fixture
def renamed(shop: Shop) -> Shop:
    """A shop that holds two people at a destination whose name was changed in the settings."""
    shop.pull()
    assert shop.run("push", "list", "--now", NOW).exit_code == 0
    shop.change("[destinations.list]", "[destinations.news]")
    return shop


def test_a_destination_that_left_the_settings_is_told_of(renamed: Shop) -> None:
    [row] = [row for row in renamed.rows("status", "--now", NOW) if row["type"] == "orphaned"]
    assert (row["destination"], row["people"]) == ("list", 2)
    assert "alignkit adopt list NEW" in " ".join(renamed.run("status", "--now", NOW).stdout.split())
    found = renamed.run("doctor", "--json")
    assert found.exit_code == 10
    assert "alignkit release --give-up list" in found.stdout


def test_a_destination_that_was_renamed_is_adopted(renamed: Shop) -> None:
    for words in (("list", "nowhere"), ("news", "news")):
        assert renamed.run("adopt", *words).exit_code == 3
    assert renamed.run("adopt", "nowhere", "news").exit_code == 6
    [row] = renamed.rows("adopt", "list", "news", "--now", NOW)
    assert (row["old"], row["new"], row["people"]) == ("list", "news", 2)
    assert len(renamed.held()) == 2
    assert renamed.rows("release", "--all-ours", "news", "--now", NOW)[-1]["released"] == 2
    assert renamed.held() == set()


def test_a_destination_that_is_gone_is_given_up(renamed: Shop) -> None:
    refused = renamed.run("forget", ADA, "--yes", "--now", NOW)
    assert refused.exit_code == 6
    assert renamed.run("forget", ADA, "--yes", "--give-up", "news", "--now", NOW).exit_code == 3
    assert renamed.rows("forget", ADA, "--yes", "--give-up", "list", "--now", NOW)[0]["customers"] == 1
    assert renamed.run("release", "--give-up", "news").exit_code == 3
    rows = renamed.rows("release", "--give-up", "list", "--now", NOW)
    assert [(row["type"], row["address"]) for row in rows] == [("given_up", BOB)]
    assert not [row for row in renamed.rows("status", "--now", NOW) if row["type"] == "orphaned"]
    assert renamed.run("release", "--give-up", "list", "--all-ours", "news").exit_code == 2
