"""Files of cases are read strictly, decided by the policy, and compared part by part."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alignkit.errors import DataInvalid, PolicyInvalid
from alignkit.rules import Policy
from alignkit.rules.documents import LARGEST
from alignkit.whatif.cases import PolicyCases, load_cases

GOOD = """
policy = { preset = "starter" }
now = 2026-03-03T09:00:00Z

[[cases]]
name = "an open issue holds an offer"
message = { category = "promotional", channel = "email" }
expect = { verdict = "suppress", outcome = "defer", rules = ["open-issue"], until = "in 42d" }
[[cases.facts.issues]]
status = "open"
priority = "high"

[[cases]]
name = "a resolved issue cools down"
message = { category = "upsell", channel = "sms" }
expect = { verdict = "suppress", rules = ["cool-down"], notes = [], evidence = ["example/issue/i1"], until = "in 1d" }
facts = { issues = [{ status = "resolved", resolved_at = "1d ago" }] }

[[cases]]
name = "old data makes a review request wait"
now = 2026-03-04T09:00:00Z
message = { category = "solicitation", channel = "email" }
expect = { verdict = "suppress", rules = [], until = "never" }
sources = { desk = "3h ago", crm = "never" }

[[cases]]
name = "nobody is held without a reason"
message = { category = "promotional", channel = "email" }
expect = { verdict = "send" }
"""


def write(folder: Path, text: str, name: str = "shop.cases.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def load(folder: Path, text: str) -> PolicyCases:
    return load_cases(write(folder, text))


def test_cases_that_are_as_expected_pass(tmp_path: Path) -> None:
    results = load(tmp_path, GOOD).run()
    assert [(one.case.name, [str(each) for each in one.differences]) for one in results if not one.has_passed] == []
    assert len(results) == 4
    assert results[0].case.now == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert results[2].case.now == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_every_part_that_differs_is_told(tmp_path: Path) -> None:
    wrong = """
[[cases]]
name = "all wrong"
message = { category = "promotional", channel = "email" }
expect = { verdict = "send", outcome = "drop", rules = ["x"], notes = ["y"], evidence = [], until = "in 1h" }
facts = { issues = [{ status = "resolved", resolved_at = "1d ago" }] }
"""
    [result] = load(tmp_path, wrong).run(Policy.starter())
    assert not result.has_passed
    assert [str(each) for each in result.differences] == [
        "verdict: expected send, got suppress",
        "outcome: expected drop, got defer",
        "rules: expected x, got cool-down",
        "notes: expected y, got none",
        "evidence: expected none, got example/issue/i1",
        "until: expected 2026-03-04T13:00:00Z, got 2026-03-05T12:00:00Z",
    ]


def test_a_hold_of_our_own_counts_however_old_the_data_is(tmp_path: Path) -> None:
    text = """
[[cases]]
name = "held by hand a minute ago"
message = { category = "promotional", channel = "email" }
expect = { verdict = "suppress", rules = ["stored-hold"] }
facts = { holds = [{ ref = "alignkit/hold/h1", opened_at = "1m ago" }] }
sources = { desk = "9h ago" }

[[cases]]
name = "what another system holds is as old as its data"
message = { category = "promotional", channel = "email" }
expect = { verdict = "send" }
facts = { holds = [{ ref = "desk/hold/h1", opened_at = "1m ago" }] }
sources = { desk = "9h ago" }
"""
    results = load(tmp_path, text).run(Policy.starter())
    assert [str(each) for one in results for each in one.differences] == []


def test_another_policy_can_be_asked(tmp_path: Path) -> None:
    cases = load(tmp_path, GOOD)
    failed = [one.case.name for one in cases.run(Policy.starter(cool_down="1h")) if not one.has_passed]
    assert failed == ["a resolved issue cools down"]


def test_a_policy_is_looked_for_beside_the_cases(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(Policy.starter().to_toml(), "utf-8")
    cases = load(tmp_path, GOOD.replace('{ preset = "starter" }', '"shop.toml"'))
    assert cases.policy == Policy.starter()


def test_a_preset_takes_parameters(tmp_path: Path) -> None:
    named = '{ preset = "shop", parameters = { most_mails = 5 } }'
    cases = load(tmp_path, GOOD.replace('{ preset = "starter" }', named))
    assert cases.policy is not None
    assert cases.policy.name == "shop"


def test_a_preset_can_be_given_a_name(tmp_path: Path) -> None:
    named = '{ preset = "shop", parameters = { name = "house" } }'
    cases = load(tmp_path, GOOD.replace('{ preset = "starter" }', named))
    assert cases.policy is not None
    assert cases.policy.name == "house"


def test_cases_without_a_policy_want_one(tmp_path: Path) -> None:
    cases = load(tmp_path, GOOD.replace('policy = { preset = "starter" }', ""))
    assert cases.policy is None
    with pytest.raises(DataInvalid, match="the cases name no policy"):
        cases.run()


def test_json_says_the_same(tmp_path: Path) -> None:
    expect = {"verdict": "send"}
    case = {"name": "x", "message": {"category": "legal", "channel": "email"}, "expect": expect}
    path = write(tmp_path, json.dumps({"policy": {"preset": "starter"}, "cases": [case]}), "a.cases.json")
    assert [one.has_passed for one in load_cases(path).run()] == [True]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ('name = "an open issue holds an offer"', "", "`cases[0].name` is missing"),
        ("outcome =", "outcom =", "`cases[0].expect.outcom` is not known"),
        ('verdict = "suppress", outcome', 'verdict = "maybe", outcome', "`cases[0].expect.verdict`"),
        ('status = "open"', 'status = "opened"', "`cases[0].facts.issues[0].status` is never `opened`"),
        ('"1d ago" }]', '"yesterday" }]', "`cases[1].facts.issues[0].resolved_at` is no time"),
        ('"in 42d"', '"in a month"', "`cases[0].expect.until` is no time"),
        ('"3h ago"', '"soon"', "`cases[2].sources.desk` is no time"),
        ("now = 2026-03-03T09:00:00Z", "now = 2026-03-03T09:00:00", "`now` is no time"),
        ("[[cases]]", "[[case]]", "`case` is not known"),
        ('preset = "starter"', 'presett = "starter"', "`policy.presett` is not known"),
        ('{ status = "resolved", resolved_at = "1d ago" }', "{ }], surveys = [{ score = nan }", "score` is a number"),
        (
            '{ status = "resolved", resolved_at = "1d ago" }',
            f"{{ }}], surveys = [{{ score = {10**400} }}",
            "score` is a",
        ),
        ("[[cases]]", "[[cases", "is not TOML"),
        ("[[cases]]", f"a{'.a' * 20_000} = 1\n[[cases]]", "has a key of more than 8 parts"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, before: str, after: str, text: str) -> None:
    assert before in GOOD
    with pytest.raises(DataInvalid) as refused:
        load(tmp_path, GOOD.replace(before, after))
    assert text in str(refused.value)


def test_a_policy_that_is_refused_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid):
        load(tmp_path, GOOD.replace('{ preset = "starter" }', '"nowhere.toml"'))


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="rename it"):
        load_cases(write(tmp_path, GOOD, "shop.toml"))
    with pytest.raises(DataInvalid, match="cannot be read"):
        load_cases(tmp_path / "none.cases.toml")
    with pytest.raises(DataInvalid, match="larger than"):
        load(tmp_path, "#" * (LARGEST + 1))
    deep = write(tmp_path, "[" * 100_000, "deep.cases.json")
    with pytest.raises(DataInvalid, match="is nested deeper than 32 levels"):
        load_cases(deep)
    with pytest.raises(DataInvalid, match="`name` is given twice"):
        load_cases(write(tmp_path, '{"cases": [{"name": "a", "name": "b"}]}', "twice.cases.json"))
    with pytest.raises(DataInvalid, match="is a folder or a device"):
        load_cases(tmp_path)
    with pytest.raises(DataInvalid, match="cannot be read: file name too long"):
        load_cases(tmp_path / f"{'a' * 300}.cases.toml")
    binary = tmp_path / "b.cases.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(DataInvalid, match="is not UTF-8"):
        load_cases(binary)
