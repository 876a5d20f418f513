"""`pull`, `push` and `reconcile` do what the library does and tell it."""

from __future__ import annotations

import csv

from .shop import ADA, BOB, CY, NOW, Shop, page, ticket

LATER = "2026-03-05T09:00:00Z"


def test_pull_reads_every_source_and_says_how_much(shop: Shop) -> None:
    [row] = shop.rows("pull", "--now", NOW)
    assert row == {
        "type": "pull",
        "source": "desk",
        "pages": 2,
        "events": 4,
        "repeated": 0,
        "forgotten": 0,
        "quarantined": 0,
        "fetched": 0,
        "waiting": 0,
        "gaps": [],
        "incomplete": [],
    }
    assert shop.rows("pull", "desk", "--now", NOW)[0]["events"] == 0


def test_pull_tells_people_what_could_not_be_read(shop: Shop) -> None:
    shop.write("tickets.jsonl", page(ticket(1, ADA), ticket(2, BOB, at="0000-00-00T00:00:00Z")))
    result = shop.run("pull", "--now", NOW)
    assert result.exit_code == 0
    assert "desk: 1 record could not be read; `alignkit status` shows why" in result.stdout


def test_pull_goes_on_with_other_sources_when_one_fails(shop: Shop) -> None:
    shop.change("[sources.desk]", '[sources.absent]\nconnector = "export"\npath = "nowhere.jsonl"\n\n[sources.desk]')
    result = shop.run("pull", "--now", NOW)
    assert result.exit_code == 3
    assert result.stderr.count("error: ") == 1
    assert "nowhere.jsonl" in result.stderr
    assert "desk" in result.stdout


def test_a_pull_without_sources_says_to_name_one(shop: Shop) -> None:
    shop.write("empty.toml", "")
    result = shop.run("pull", settings="empty.toml")
    assert (result.exit_code, result.stderr) == (3, "error: the settings name no source; add one as `[sources.NAME]`\n")


def test_an_option_reaches_the_source(shop: Shop) -> None:
    result = shop.run("pull", "--stream", "people", "--now", NOW)
    assert result.exit_code == 6
    assert "no stream `people`" in result.stderr
    shop.write("tickets.jsonl", page(ticket(1, ADA)) + page(ticket(2, BOB)))
    assert shop.rows("pull", "--max-pages", "1", "--now", NOW)[0]["incomplete"] == ["records"]
    assert shop.rows("pull", "--since", "2026-03-02T09:00:00Z", "--now", NOW)[0]["pages"] >= 1


def test_a_dry_run_changes_nothing_and_tells_everything(shop: Shop) -> None:
    shop.pull()
    rows = shop.rows("push", "list", "--dry-run", "--now", NOW)
    changes, summary = rows[:-1], rows[-1]
    assert {(row["address"], row["direction"], *row["rules"]) for row in changes} == {
        (ADA, "hold", "open-issue"),
        (BOB, "hold", "cool-down"),
    }
    assert (summary["type"], summary["holds"], summary["audience"], summary["dry_run"]) == ("push", 2, 3, True)
    assert shop.held() == set()
    assert "2 would be held and 0 released" in shop.run("push", "list", "--dry-run", "--now", NOW).stdout


def test_push_holds_and_later_releases(shop: Shop) -> None:
    shop.pull()
    assert "2 held and 0 released" in shop.run("push", "list", "--now", NOW).stdout
    assert shop.held() == {ADA, BOB}
    assert shop.run("pull", "--now", LATER).exit_code == 0
    [change, summary] = shop.rows("push", "list", "--now", LATER)
    assert (change["direction"], change["address"], summary["releases"]) == ("release", BOB, 1)
    assert shop.held() == {ADA}


def test_the_file_of_the_held_says_why_and_until_when_today(shop: Shop) -> None:
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    shop.write("tickets.jsonl", page(ticket(1, ADA, status="solved", at="2026-03-03T10:00:00Z"), ticket(2, BOB)))
    later = "2026-03-03T11:00:00Z"
    assert shop.run("pull", "--now", later).exit_code == 0
    assert shop.run("push", "list", "--now", later).exit_code == 0
    [row] = [
        row
        for row in csv.DictReader((shop.folder / "held.csv").read_text("utf-8").splitlines())
        if row["address"] == ADA
    ]
    assert "resolved" in row["reason"]
    assert (row["held_since"], row["expected_until"]) == ("2026-03-03T09:00:00+00:00", "2026-03-05T10:00:00+00:00")


def test_the_message_can_be_named_described_or_the_only_one(shop: Shop) -> None:
    shop.pull()
    scopes = [
        shop.rows("push", "list", "--dry-run", "--now", NOW, *words)[-1]["scope"]
        for words in (
            (),
            ("--message", "offer"),
            ("--message", "offer", "--campaign", "spring"),
            ("--category", "newsletter", "--channel", "email", "--campaign", "spring"),
        )
    ]
    assert scopes == [
        "promotional/email",
        "promotional/email",
        "promotional/email/spring",
        "newsletter/email/spring",
    ]


def test_a_message_described_by_halves_is_a_mistyped_command(shop: Shop) -> None:
    for words in (["--category", "newsletter"], ["--channel", "email"], ["--message", "offer", "--channel", "email"]):
        assert shop.run("push", "list", *words).exit_code == 2


def test_the_brake_stops_a_push_and_can_be_taken_off(shop: Shop) -> None:
    shop.pull()
    strict = ("push", "list", "--now", NOW, "--brake-floor", "0", "--brake-share", "0.3")
    braked = shop.run(*strict)
    assert braked.exit_code == 8
    assert "the brake acted" in braked.stdout
    assert shop.held() == set()
    assert shop.run(*strict, "--json").exit_code == 8
    assert shop.run(*strict, "--no-brake").exit_code == 0
    assert shop.held() == {ADA, BOB}


def test_a_long_list_is_cut_unless_all_are_asked_for(shop: Shop) -> None:
    people = [f"p{number}@example.com" for number in range(30)]
    shop.write("tickets.jsonl", page(*(ticket(number, one) for number, one in enumerate(people, 1))))
    shop.write("audience.csv", "\n".join(["email", *people]))
    shop.pull()
    short = shop.run("push", "list", "--dry-run", "--now", NOW).stdout
    assert "… and 10 more; `--all` lists them" in short
    whole = shop.run("push", "list", "--dry-run", "--all", "--now", NOW).stdout
    assert all(one in whole for one in people)
    assert sum(one in short for one in people) == 20
    assert len(shop.rows("push", "list", "--dry-run", "--now", NOW)) == 31


def test_a_policy_that_only_observes_sends_nothing_and_says_so(shop: Shop) -> None:
    shop.change("[sources.desk]", '[policy.parameters]\nmode = "observe"\n\n[sources.desk]')
    shop.pull()
    assert "the policy is in `observe` mode" in shop.run("push", "list", "--now", NOW).stdout
    assert shop.held() == set()


def test_holds_that_stand_while_the_policy_only_observes_are_told_of(shop: Shop) -> None:
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    shop.change("[sources.desk]", '[policy.parameters]\nmode = "observe"\n\n[sources.desk]')
    told = " ".join(shop.run("push", "list", "--now", NOW).stdout.split())
    assert "2 people are held there from before" in told
    assert "`alignkit release --all-ours list`" in told
    assert "alignkit release --all-ours list" in shop.run("doctor", "--json").stdout
    assert shop.run("release", "--all-ours", "list", "--now", NOW).exit_code == 0
    assert "from before" not in shop.run("push", "list", "--now", NOW).stdout


SHADOWS = """shadows = ["easy.toml", { preset = "starter", parameters = { name = "watched", mode = "observe" } }]
"""


def test_push_reports_what_the_shadows_of_the_settings_would_do(shop: Shop) -> None:
    shop.write("easy.toml", 'name = "easy"\nmode = "shadow"\n')
    shop.change('store = "align.db"\n', 'store = "align.db"\n' + SHADOWS)
    shop.pull()
    rows = shop.rows("push", "list", "--now", NOW)
    assert shop.held() == {ADA, BOB}
    difference, *_ = [row for row in rows if row["type"] == "difference"]
    assert (difference["who"], difference["change"]) == (f"email:{ADA}", "released")
    assert difference["after"]["policy_name"] == "easy"
    easy, watched = [row for row in rows if row["type"] == "shadow"]
    assert (easy["policy"], easy["mode"], easy["asked"], easy["held"]) == ("easy", "shadow", 3, 0)
    assert easy["compared"]["changed"] == 2
    assert (watched["policy"], watched["held"], watched["compared"]) == ("watched", 2, None)
    said = shop.run("push", "list", "--now", NOW).stdout
    assert "beside it, easy in `shadow` mode: it would hold 0 of 3 people" in said
    assert "2 of 3 decisions would differ: starter → easy" in said
    assert "beside it, watched in `observe` mode: it would hold 2 of 3 people" in said


def test_a_shadow_that_is_to_be_enforced_is_refused_before_anything_is_sent(shop: Shop) -> None:
    shop.write("easy.toml", 'name = "easy"\n')
    shop.change('store = "align.db"\n', 'store = "align.db"\nshadows = ["easy.toml"]\n')
    shop.pull()
    result = shop.run("push", "list", "--now", NOW)
    assert result.exit_code == 3
    assert "is in mode `enforce`; write `shadow`" in " ".join(result.stderr.split())
    assert shop.held() == set()
    told = shop.run("doctor").stdout
    assert "is in mode `enforce`" in " ".join(told.split())
    shop.write("easy.toml", 'name = "easy"\nmode = "shadow"\n')
    assert "`easy` in `shadow` mode" in " ".join(shop.run("doctor").stdout.split())


def test_reconcile_finds_a_lifted_hold_and_mends_it(shop: Shop) -> None:
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    assert shop.rows("reconcile", "list", "--now", NOW)[-1]["agreed"] == 2
    held = (shop.folder / "held.csv").read_text("utf-8").splitlines()
    shop.write("held.csv", "\n".join(line for line in held if ADA not in line) + "\n")
    found = shop.run("reconcile", "list", "--now", NOW)
    assert found.exit_code == 10
    assert f"{ADA}" in found.stdout
    assert "mend what is ours with `--repair`" in found.stdout
    assert shop.run("reconcile", "list", "--repair", "--now", NOW).exit_code == 0
    assert shop.held() == {ADA, BOB}
    assert CY not in shop.held()
