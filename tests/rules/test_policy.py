"""Policies: what they are, apart from their files and what they decide."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from alignkit.models import Category, Channel, Outcome, Verdict
from alignkit.rules import Facts, Mode, Policy
from alignkit.rules.conditions import AllOf, AnyOf, AnyRow, CountRows, CustomerTest, MessageTest, NoRow, Not

from .builders import NOW, issue, message, policy, rule

ISSUES = AnyRow(any="issues")
SIGNALS = CountRows(count="signals", at_least=1)


def test_an_equal_policy_has_an_equal_digest_and_another_has_another() -> None:
    first, again = policy(rule(ISSUES)), policy(rule(ISSUES))
    assert first.digest == again.digest
    assert len(first.digest) == 32
    others = [policy(rule(SIGNALS)), policy(rule(ISSUES), name="other"), policy(rule(ISSUES), mode="observe"), policy()]
    assert len({each.digest for each in [first, *others]}) == 5


def test_the_digest_is_the_same_in_every_release_that_keeps_the_format() -> None:
    assert Policy(name="fixed").digest == "4c33830a28ae5473c71b41e870c34934"


@pytest.mark.parametrize(
    ("condition", "needs"),
    [
        (ISSUES, {"issues"}),
        (NoRow(none="posts"), {"posts"}),
        (SIGNALS, {"signals"}),
        (CustomerTest(customer="is_vip", equals=True), {"attributes"}),
        (MessageTest(message="channel", equals="sms"), set[str]()),
        (
            AllOf(all_of=(ISSUES, AnyOf(any_of=(SIGNALS, Not(condition=NoRow(none="holds")))))),
            {"issues", "signals", "holds"},
        ),
    ],
)
def test_needs_are_the_facts_that_rules_read(condition: Any, needs: set[str]) -> None:
    assert policy(rule(condition)).needs == needs


def test_the_starter_needs_everything_but_sends_and_attributes() -> None:
    assert Policy.starter().needs == {"issues", "account_issues", "signals", "surveys", "posts", "holds"}


def test_a_rule_governs_its_categories_and_channels_alone() -> None:
    narrow = policy(rule(ISSUES, categories=("upsell",), channels=("sms",)))
    held = [
        (category, channel)
        for category in Category
        for channel in Channel
        if narrow.decide(Facts(issues=[issue()]), message(category, channel), NOW).verdict is Verdict.SUPPRESS
    ]
    assert held == [("upsell", "sms")]


def test_a_rule_without_scope_governs_all_that_is_not_always_allowed() -> None:
    wide = policy(rule(ISSUES))
    sent = {c for c in Category if wide.decide(Facts(issues=[issue()]), message(c), NOW).verdict is Verdict.SEND}
    assert sent == {"transactional", "legal", "service_notice", "recovery"}


def test_what_is_always_allowed_can_be_narrowed_down_to_transactional_and_legal() -> None:
    strict = policy(rule(ISSUES), always_allowed=("transactional", "legal"))
    assert strict.decide(Facts(issues=[issue()]), message("recovery"), NOW).verdict is Verdict.SUPPRESS
    with pytest.raises(ValidationError, match="lacks `legal`"):
        policy(always_allowed=("transactional",))


def test_messages_about_an_issue_are_governed_where_the_policy_says_so() -> None:
    about = message(about_issue="desk/1")
    assert policy(rule(ISSUES)).decide(Facts(issues=[issue()]), about, NOW).verdict is Verdict.SEND
    strict = policy(rule(ISSUES), allow_about_issue=False)
    assert strict.decide(Facts(issues=[issue()]), about, NOW).verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("mode", list(Mode))
def test_the_mode_does_not_change_the_answer(mode: Mode) -> None:
    decision = policy(rule(ISSUES), mode=mode).decide(Facts(issues=[issue()]), message(), NOW)
    assert (decision.verdict, decision.outcome) == (Verdict.SUPPRESS, Outcome.DEFER)


def test_a_policy_is_compiled_once() -> None:
    one = policy(rule(ISSUES))
    assert one.compile() is one.compile()


@pytest.mark.parametrize("deep", [False, True])
def test_a_changed_copy_decides_by_its_own_rules(deep: bool) -> None:
    before = policy(rule(ISSUES))
    facts = Facts(issues=[issue()])
    assert before.decide(facts, message(), NOW).verdict is Verdict.SUPPRESS
    after = before.model_copy(update={"rules": ()}, deep=deep)
    assert after.decide(facts, message(), NOW).verdict is Verdict.SEND
    assert after.decide(facts, message(), NOW).policy == after.digest != before.digest


def test_policies_and_decisions_can_be_sent_to_another_process() -> None:
    one = policy(rule(ISSUES))
    decision = one.decide(Facts(issues=[issue()]), message(), NOW)
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert again == one
        assert again.decide(Facts(issues=[issue()]), message(), NOW) == decision
    sent = pickle.loads(pickle.dumps(decision))
    assert sent.to_json() == decision.to_json()


def test_the_schema_is_that_of_the_file() -> None:
    schema = Policy.model_json_schema()
    assert {"name", "rules", "freshness"} <= set(schema["properties"])
    assert "in" in schema["$defs"]["RowTest"]["properties"]
    assert "not" in schema["$defs"]["Not"]["properties"]
    assert not schema["additionalProperties"]


def test_the_schema_asks_exactly_one_question_of_a_known_field() -> None:
    for name, field in (("RowTest", "field"), ("CustomerTest", "customer"), ("MessageTest", "message")):
        shape = Policy.model_json_schema()["$defs"][name]
        asked = [each["required"][0] for each in shape["oneOf"]]
        assert {"equals", "in", "is_unset"} <= set(asked)
        assert {*asked, field} == set(shape["properties"])
        assert not [each for each in asked if {"type": "null"} in shape["properties"][each].get("anyOf", ())]
    fields = Policy.model_json_schema()["$defs"]["RowTest"]["properties"]["field"]["enum"]
    assert {"priority", "at", "opened_at"} <= set(fields)
    assert "priorty" not in fields
