"""`policy` checks, tests, compares and replays policies, for people and for programs."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from alignkit import registry
from alignkit.cli.exits import Exit
from alignkit.connectors.base import Source
from alignkit.rules import Policy
from alignkit.rules.check.alone import unproduced
from alignkit.rules.check.probe import Probe
from alignkit.rules.presets import PRESETS, preset

from .shop import ADA, BOB, CY, NOW, Shop, run

BAD = """
name = "bad"
[[rules]]
id = "urgent"
effect = "suppress"
outcome = "defer"
reason = "an urgent issue"
[rules.when]
any = "issues"
where = [{ field = "active", equals = true }, { field = "priority", equals = "urgent" }]

[[rules]]
id = "open"
effect = "suppress"
outcome = "defer"
reason = "an open issue"
[rules.when]
any = "issues"
where = [{ field = "active", equals = true }]
"""
CASES = """
[[cases]]
name = "an open issue holds"
message = { category = "promotional", channel = "email" }
expect = { verdict = "suppress" }
facts = { issues = [{}] }
"""


CHECKED: dict[str, Any] = {"type": "check", "policy": "starter", "rules": 15, "findings": 0, "statuses_unknown": []}
SNOOZED = BAD.replace('field = "priority", equals = "urgent"', 'field = "status", equals = "snoozed"')


def test_check_finds_nothing_in_the_policy_of_the_settings(shop: Shop) -> None:
    result = shop.run("policy", "check")
    assert (result.exit_code, result.stdout) == (0, "starter: nothing wrong in 15 rules\n")
    assert shop.rows("policy", "check") == [CHECKED]


def test_check_knows_the_statuses_of_the_sources_in_the_settings(shop: Shop) -> None:
    shop.write("snoozed.toml", SNOOZED)
    shop.change('store = "align.db"', 'store = "align.db"\npolicy = "snoozed.toml"')
    assert "status-not-produced:urgent" in shop.run("policy", "check").stdout
    shop.change('connector = "export"', 'connector = "export"\nstatuses = { parked = "snoozed" }')
    assert "status-not-produced" not in shop.run("policy", "check").stdout
    shop.change('connector = "export"', 'connector = "bluesky"')
    assert "status-not-produced" not in shop.run("policy", "check").stdout


def test_check_knows_the_statuses_for_a_policy_in_a_file_as_well(shop: Shop) -> None:
    path = str(shop.write("snoozed.toml", SNOOZED))
    assert "status-not-produced:urgent" in shop.run("policy", "check", path).stdout
    assert run("policy", "check", path, "--accept", "shadowed").exit_code == 0, "no settings tell of sources"
    shop.change('store = "align.db"', "store = ")
    assert shop.run("policy", "check", path).exit_code == Exit.SETTINGS


def test_a_source_that_brings_no_issues_leaves_the_check_of_statuses_on(shop: Shop) -> None:
    path = str(shop.write("snoozed.toml", SNOOZED))
    shop.change("[sources.", '[sources.network]\nconnector = "bluesky"\n\n[sources.')
    assert "status-not-produced:urgent" in shop.run("policy", "check", path).stdout
    shop.change("[sources.network]", '[sources.crm]\nconnector = "hubspot"\n\n[sources.network]')
    said = shop.run("policy", "check", path).stdout
    assert "status-not-produced" not in said
    assert "statuses were not looked at: crm may have any" in said
    [told] = shop.rows("policy", "check", path, "--accept", "shadowed")
    assert told["statuses_unknown"] == ["crm"]


@pytest.mark.parametrize("name", [name for name in registry.BUILT_IN if issubclass(registry.resolve(name), Source)])
def test_a_built_in_source_brings_issues_where_its_code_names_them(name: str) -> None:
    connector = registry.resolve(name)
    assert issubclass(connector, Source)
    path = Path(inspect.getfile(connector))
    files = path.parent.glob("*.py") if path.name == "source.py" else [path]
    code = "".join(file.read_text("utf-8") for file in files)
    assert connector.brings_issues is ("Issue" in code or name in ("segment", "singer"))


@pytest.mark.parametrize("kind", PRESETS)
def test_no_preset_asks_for_a_status_that_a_built_in_source_never_has(kind: str) -> None:
    connectors = {name: registry.resolve(name) for name in registry.BUILT_IN}
    fixed = {
        name: frozenset(status.value for status in connector.statuses.values())
        for name, connector in connectors.items()
        if issubclass(connector, Source) and connector.statuses
    }
    assert fixed
    for name, statuses in fixed.items():
        assert list(unproduced(Probe(preset(kind)), {name: statuses})) == []


def test_check_tells_each_finding_with_its_remedy_and_facts(shop: Shop) -> None:
    path = str(shop.write("bad.toml", BAD))
    result = shop.run("policy", "check", path)
    assert result.exit_code == 10
    for part in ("shadowed:urgent", "to do: remove `urgent`", "seen with:", '"priority": "urgent"', "1 finding"):
        assert part in result.stdout
    told = shop.run("policy", "check", path, "--json")
    assert told.exit_code == 10
    finding, total = [json.loads(line) for line in told.stdout.splitlines()]
    assert (finding["type"], finding["fault"], finding["rule"]) == ("finding", "shadowed", "urgent")
    assert total["findings"] == 1


def test_a_finding_can_be_accepted(shop: Shop) -> None:
    path = str(shop.write("bad.toml", BAD))
    assert shop.run("policy", "check", path, "--accept", "shadowed:urgent").exit_code == 0
    assert shop.run("policy", "check", path, "--accept", "shadowed").exit_code == 0
    assert shop.run("policy", "check", path, "--accept", "shadowed:open").exit_code == 10


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bogus", "there is no finding `bogus` to accept; there are never-holds, shadowed"),
        ("shadowed:urgnt", "has no rule `urgnt`"),
    ],
)
def test_what_is_never_found_cannot_be_accepted(shop: Shop, name: str, said: str) -> None:
    result = shop.run("policy", "check", str(shop.write("bad.toml", BAD)), "--accept", name)
    assert result.exit_code == Exit.DATA
    assert said in " ".join(result.stderr.split())


def test_a_preset_can_be_checked_without_settings() -> None:
    assert run("policy", "check", "preset:shop").exit_code == 0
    result = run("policy", "check", "preset:shopp")
    assert (result.exit_code, "did you mean `shop`" in result.stderr) == (3, True)


def test_cases_are_decided_and_differences_told(shop: Shop) -> None:
    path = str(shop.write("shop.cases.toml", CASES))
    assert shop.run("policy", "test", path).stdout == "1 case, 0 failed\n"
    result = shop.run("policy", "test", path, "--policy", str(shop.write("none.toml", 'name = "none"')))
    assert result.exit_code == 10
    assert "verdict: expected suppress, got send" in result.stdout
    case, total = shop.rows("policy", "test", path)
    assert (case["type"], case["passed"], case["differences"]) == ("case", True, [])
    assert total == {"type": "test", "cases": 1, "failed": 0}


def test_a_file_s_own_policy_goes_before_that_of_the_settings(shop: Shop) -> None:
    shop.write("none.toml", 'name = "none"')
    path = str(shop.write("shop.cases.toml", 'policy = "none.toml"\n' + CASES))
    assert shop.run("policy", "test", path).exit_code == 10


def test_cases_that_cannot_be_read_end_with_six(shop: Shop) -> None:
    result = shop.run("policy", "test", str(shop.write("shop.cases.toml", "[[cases]]")))
    assert (result.exit_code, "`cases[0].name` is missing" in result.stderr) == (6, True)


def quicker(shop: Shop) -> str:
    policy = Policy.starter(name="quicker", cool_down="1h", expects=["desk"])
    return str(shop.write("quicker.toml", policy.to_toml()))


def test_diff_shows_who_would_be_decided_differently(shop: Shop) -> None:
    shop.pull()
    difference, total = shop.rows("policy", "diff", quicker(shop), "--now", NOW)
    assert (difference["who"], difference["change"]) == (f"email:{BOB}", "released")
    assert difference["rules"] == ["cool-down"]
    assert shop.run("explain", difference["who"], "--now", NOW).exit_code == 0
    assert (difference["before"]["verdict"], difference["after"]["verdict"]) == ("suppress", "send")
    assert (total["before"], total["after"], total["changed"]) == ("starter", "quicker", 1)
    assert total["by_rule"] == {"cool-down": {"released": 1}}
    text = shop.run("policy", "diff", quicker(shop), "--now", NOW).stdout
    assert "1 of 2 decisions would differ: starter → quicker" in text
    assert "cool-down" in text


def test_diff_compares_any_two_policies_and_messages(shop: Shop) -> None:
    shop.pull()
    words = ("policy", "diff", quicker(shop), "preset:starter", "--now", NOW)
    about = ("--category", "transactional", "--channel", "email")
    assert shop.rows(*words)[-1]["changes"]["held"] == 1
    assert shop.rows(*words, *about)[-1]["changed"] == 0
    assert shop.run(*words, "--exit-code").exit_code == 10
    assert shop.run(*words, *about, "--exit-code").exit_code == 0


def test_diff_needs_no_store_where_customers_are_made() -> None:
    result = run("policy", "diff", "preset:starter", "preset:shop", "--made", "50", "--json")
    assert result.exit_code == 0
    total = json.loads(result.stdout.splitlines()[-1])
    assert total["changed"] > 0
    assert "enough-mail" in total["by_rule"]
    again = run("policy", "diff", "preset:starter", "preset:shop", "--made", "50", "--json")
    assert again.stdout == result.stdout
    other = run("policy", "diff", "preset:starter", "preset:shop", "--made", "50", "--seed", "1", "--json")
    assert other.stdout != again.stdout


OFFER = {"channel": "email", "category": "promotional"}


def record(shop: Shop) -> None:
    lines: list[dict[str, Any]] = [
        {"id": f"{who}-{day}", "address": who, "sent_at": f"2026-03-0{day}T12:00:00Z"} | OFFER
        for who in (ADA, BOB, CY)
        for day in (1, 2)
    ]
    path = shop.write("sends.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert shop.run("record", str(path), "--now", NOW).exit_code == 0


def test_backtest_replays_what_went_out(shop: Shop) -> None:
    shop.pull()
    record(shop)
    [row] = shop.rows("policy", "backtest")
    assert (row["policy"], row["sends"], row["held"]) == ("starter", 6, 2)
    assert row["by_rule"] == {"cool-down": 1, "open-issue": 1}
    text = shop.run("policy", "backtest", "preset:shop", "--segment", "lifecycle_stage", "--lag", "1h").stdout
    for part in ("shop: 2 of 6 messages held (33.3%)", "By rule", "By campaign", "By lifecycle stage", "began again"):
        assert part in text, part


def test_backtest_can_be_told_what_counts_as_known(shop: Shop) -> None:
    shop.pull()
    record(shop)
    assert shop.rows("policy", "backtest", "--received")[0]["held"] == 0
    assert shop.rows("policy", "backtest", "--lag", "2d")[0]["held"] == 0
    assert shop.run("policy", "backtest", "--lag", "soon").exit_code == 2
    assert shop.run("policy", "backtest", "--segment", "shoe_size").exit_code == 6


def test_schemas_are_printed() -> None:
    assert json.loads(run("policy", "schema").stdout)["title"] == "Policy"
    cases = json.loads(run("policy", "schema", "--cases", "--json").stdout)
    assert "cases" in cases["schema"]["properties"]
