"""Documents that hold a policy: bounded, strict, and refused with one text that names the place."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import PolicyInvalid
from alignkit.rules import Policy
from alignkit.rules.documents import DEEPEST, LARGEST, MOST_PARTS, MOST_TABLES, read_json, read_toml, write_toml

RULE = """
[[rules]]
id = "vip"
effect = "exempt"
reason = "a VIP"
when = { customer = "is_vip", equals = true }
"""
GOOD = f'name = "shop"\n{RULE}'


def refusal(text: str | bytes, form: str = "toml") -> str:
    with pytest.raises(PolicyInvalid) as refused:
        Policy.from_toml(text) if form == "toml" else Policy.from_json(text)
    return str(refused.value)


def rule_with(line: str) -> str:
    name = line.split("=", maxsplit=1)[0].strip()
    kept = [each for each in RULE.splitlines() if not each.startswith(f"{name} ")]
    return "\n".join(['name = "shop"', *kept, line])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`name` is missing; add it"),
        ("name = ", "the policy is not TOML: "),
        ('name = "a"\nname = "b"', "the policy is not TOML: "),
        (b"name = '\xff'", "the policy is not UTF-8"),
        (GOOD.replace("[[rules]]", "[[rule]]"), "`rule` is not known here"),
        (GOOD + RULE, "`rules[1].id` `vip` is the id of `rules[0]` as well"),
        (rule_with('id = "My rule"'), "`rules[0].id` cannot be used"),
        (
            rule_with('effect = "forbid"'),
            "`rules[0].effect` cannot be used: input should be 'suppress', 'exempt' or 'note'",
        ),
        (rule_with('effect = "suppress"'), "`rules[0].outcome` is missing; say what becomes of the message"),
        (rule_with('outcome = "defer"'), "`rules[0].outcome` belongs to rules that suppress"),
        (rule_with('categories = ["legal"]'), "`rules[0].categories` names `legal`, which is always allowed"),
        (rule_with('channels = ["pigeon"]'), "`rules[0].channels[0]` cannot be used"),
        (rule_with("prioriy = 1"), "`rules[0].prioriy` is not known here"),
        (rule_with('reason = "{nmae}"'), "`rules[0].reason` has the placeholder `{nmae}`; use rows, count, since"),
        (rule_with('reason = "{rows.__class__}"'), "`rules[0].reason` has the placeholder"),
        (rule_with('reason = "{rows!r:>99999}"'), "`rules[0].reason` has the placeholder"),
        (rule_with('reason = "{"'), "`rules[0].reason` has the placeholder"),
        (rule_with('reason = "{}"'), "`rules[0].reason` has the placeholder"),
        (rule_with('when = "is_vip"'), "`rules[0].when` is no condition; give exactly one of `any`"),
        (rule_with("when = {}"), "`rules[0].when` is no condition"),
        (
            rule_with('when = { any = "issues", where = [{ field = "priorty", equals = "high" }] }'),
            "`rules[0].when.where[0].field` issues have no field `priorty`; did you mean `priority`?",
        ),
        (
            rule_with(
                'when = { all_of = [{ not = { none = "posts", '
                'where = [{ any_of = [{ field = "at", within = "x" }] }] } }] }'
            ),
            "`rules[0].when.all_of[0].not.where[0].any_of[0].within` is no duration",
        ),
        (
            rule_with('when = { any = "posts", where = [{ not = { all_of = [{ field = "at", equals = 1 }] } }] }'),
            "`rules[0].when.where[0].not.all_of[0].equals` `at` is a time; ask `within`, `older_than`, `is_unset`",
        ),
        (
            rule_with('when = { any = "posts", where = [{ field = "confidence", at_least = nan }] }'),
            "`rules[0].when.where[0].at_least` cannot be used: input should be a valid integer or input should be",
        ),
        (
            rule_with('when = { count = "signals", at_least = 3, distinct = "thnig" }'),
            "`rules[0].when.distinct` signals have no field `thnig`; did you mean `thing`?",
        ),
        (
            rule_with('when = { any = "issues", where = [{ field = "status", equals = "pending" }] }'),
            "`rules[0].when.where[0].equals` `status` is never `pending`; use one of `cancelled`",
        ),
        (
            rule_with('when = { customer = "vip", equals = true }'),
            "`rules[0].when.customer` customers have no field `vip`",
        ),
        ('name = "a"\nalways_allowed = ["legal"]', "`always_allowed` lacks `transactional`"),
        ('name = "a"\nmode = "dry"', "`mode` cannot be used"),
        ('name = "a"\non_unknown = true', "`on_unknown` cannot be used"),
        ('name = "a"\nallow_about_issue = "yes"', "`allow_about_issue` cannot be used"),
        ("name = 7", "`name` cannot be used"),
        (f"name = {'7' * 5_000}", "value has 5000 digits; correct it there"),
        ('name = "a"\nint = 1', "`int` is not known here"),
        ('name = "a"\nversion = 1', "`version` cannot be used: input should be a valid string; correct it"),
        (
            'name = "a"\n' + 2 * '[[freshness]]\ncategories = ["upsell"]\nbudget = "6h"\nmode = "hold"\n',
            "`freshness` names `upsell` twice",
        ),
        (
            'name = "a"\n[[freshness]]\ncategories = ["upsell"]\nbudget = "-6h"\nmode = "hold"\n',
            "`freshness[0].budget` is no duration; write a whole number and a unit",
        ),
        ("rules = [" + "{}," * 2001 + "]", "`rules` are more than 2,000; split the policy"),
    ],
)
def test_a_bad_policy_is_refused_with_its_place_and_a_remedy(text: str | bytes, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the policy is not JSON: "),
        ("[]", "its root is no object"),
        ('{"name": "a", "name": "b"}', "`name` is given twice"),
        ("{" + "".join(f'"{number}": 1, ' for number in range(80_000)) + '"a": 1, "a": 2}', "`a` is given twice"),
        ('{"name": NaN}', "`NaN` is no JSON number"),
        ('{"name": "a"} x', "the policy is not JSON: "),
        ('{"name": "a", "rules": {}}', "`rules` cannot be used"),
        ('{"name": null}', "`name` cannot be used"),
        (
            '{"name": "a", "freshness": null, "rules": [{"id": "a", "when": {"message": "channel", "equals": null}}]}',
            "`rules[0].when.equals` is null; remove it",
        ),
    ],
)
def test_bad_json_is_refused(text: str, said: str) -> None:
    assert said in refusal(text, "json")


def test_several_faults_are_told_at_once_but_not_without_end() -> None:
    said = refusal("a = 1\nb = 2\nc = 3\nd = 4")
    assert said.startswith("the policy was refused: ")
    assert said.count("; remove it or") == 2
    assert said.endswith("; and 2 more")


def test_a_refusal_never_repeats_the_rest_of_the_document() -> None:
    said = refusal('name = "a"\nmode = "sample-token"\n')
    assert "sample-token" not in said


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_document_over_its_size_is_refused_before_it_is_parsed(form: str) -> None:
    assert f"larger than {LARGEST:,} bytes" in refusal(b"[" * (LARGEST + 1), form)
    assert "larger than" in refusal("é" * (LARGEST // 2 + 1), form)


@pytest.mark.parametrize("levels", [DEEPEST, 200, 100_000])
def test_a_document_that_is_too_deep_is_refused(levels: int) -> None:
    deep = "[" * levels + "]" * levels
    assert "nested deeper than" in refusal(f"name = {deep}")
    assert "nested deeper than" in refusal(f'{{"name": {deep}}}', "json")


def test_nested_conditions_below_the_limit_are_read() -> None:
    condition: dict[str, Any] = {"any": "issues"}
    for _ in range(DEEPEST - 5):
        condition = {"not": condition}
    tree = {"name": "deep", "rules": [{"id": "deep", "effect": "exempt", "reason": "x", "when": condition}]}
    policy = Policy.from_json(json.dumps(tree))
    assert Policy.from_toml(policy.to_toml()) == policy


def test_a_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    policy = Policy.from_toml(GOOD)
    (tmp_path / "policy.toml").write_text(policy.to_toml(), "utf-8")
    (tmp_path / "policy.JSON").write_text("\ufeff" + policy.to_json(), "utf-8")
    assert Policy.load(tmp_path / "policy.toml") == Policy.load(str(tmp_path / "policy.JSON")) == policy


def test_what_is_no_policy_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "large.json").write_bytes(b" " * (LARGEST + 1))
    (tmp_path / "policy.yaml").write_text(GOOD, "utf-8")
    for name, said in {
        "folder.toml": "is a folder or a device",
        "pipe.toml": "is a folder or a device",
        "missing.toml": "cannot be read: no such file",
        "large.json": "larger than",
        "policy.yaml": "ends neither in `.toml` nor in `.json`",
    }.items():
        with pytest.raises(PolicyInvalid) as refused:
            Policy.load(tmp_path / name)
        assert said in str(refused.value)
        assert f"the policy `{name}` " in str(refused.value)
        assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".", "the policy `.` is a folder or a device"),
        ("", "the policy `.` is a folder or a device"),
        ("/", "the policy `/` is a folder or a device"),
        ("a" * 300 + ".toml", f"the policy `{'a' * 80}` cannot be read: file name too long"),
        ("a\0b.toml", "the policy `a?b.toml` cannot be read: no path has such a character"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_its_name(path: str, said: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        Policy.load(path)
    assert str(refused.value).startswith(said)


def test_the_policies_in_the_documentation_are_ones() -> None:
    page = Path(__file__).parents[2] / "docs" / "policies.md"
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    rules = {policy.name: [rule.id for rule in policy.rules] for policy in map(Policy.from_toml, blocks)}
    assert rules == {
        "shop": ["serious-issue", "enough-this-week", "vip"],
        "contact": ["enough", "night", "same-product", "measure"],
    }


texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
names = st.text("abcdefgh_", min_size=1)
inline = st.recursive(scalars, lambda inside: st.lists(inside) | st.dictionaries(names, inside), max_leaves=8)
tables = st.lists(st.dictionaries(names, scalars | st.dictionaries(names, inline), min_size=1), min_size=1)


@given(st.dictionaries(names, scalars | st.lists(scalars) | tables))
def test_written_toml_is_read_back_as_it_was(tree: dict[str, Any]) -> None:
    assert read_toml(write_toml(tree)) == tree


@given(st.binary() | st.text())
def test_no_text_raises_anything_but_a_refusal(text: str | bytes) -> None:
    for read in (read_toml, read_json):
        with suppress(PolicyInvalid):
            assert isinstance(read(text), dict)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 400_000 + "a = 1",
        "a . " * 200_000 + "a = 1",
        '"a".' * 200_000 + "a = 1",
        "[" + "a." * 400_000 + "a]",
        "".join("[" + "a." * 60 + f"k{number}]\n" for number in range(6_000)),
        "".join(f"[k{number}{'.a' * MOST_PARTS}]\n" for number in range(15_000)),
        "".join(f" \t[k{number}.a]\n" for number in range(MOST_TABLES + 1)),
        "a = " + "[" * 400_000,
        "a = " + "{ a = " * 100_000,
    ],
)
def test_a_document_that_would_take_hours_to_parse_is_refused_at_once(text: str) -> None:
    assert re.match(
        r"the policy (is nested deeper than 32 levels|has a key of more than 8 parts|has more than )", refusal(text)
    )


def test_dots_in_texts_and_comments_and_numbers_are_no_keys() -> None:
    dots = "a." * 60
    numbers = ", ".join(["1.5"] * 60)
    text = f'# {dots}\nname = "{dots}" # {dots}\n' + RULE.replace("a VIP", dots + "\\" + '"x')
    assert Policy.from_toml(text).name == dots
    assert read_toml(f'x = [{numbers}]\ny = \'{dots}\'\nz = """\n{dots}\n"""')["x"] == [1.5] * 60


def test_names_that_toml_does_not_take_bare_are_quoted() -> None:
    tree = {"rules": [{"when": {"options": {"a key": 1, "ä": {"b.c": "x"}, "plain-1_": 2}}}]}
    assert read_toml(write_toml(tree)) == tree
