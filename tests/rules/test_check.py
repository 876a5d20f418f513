"""A check finds each fault that it names, shows it by facts that are evaluated here, and accepts what is sound."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.errors import DataInvalid
from alignkit.models import Category, IssueStatus, Verdict, microseconds
from alignkit.rules import Decision, Policy
from alignkit.rules.check import Fault, Finding, check
from alignkit.rules.check.probe import NOON
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.conditions import PluginTest
from alignkit.rules.examples import read_facts
from alignkit.rules.plugins import ConditionPlugin
from alignkit.rules.policy import Rule

from .builders import policy, random_policy

ACTIVE = {"field": "active", "equals": True}
URGENT = {"field": "priority", "equals": "urgent"}
SERIOUS = {"field": "priority", "in": ["high", "urgent"]}
SNOOZED = {
    "any": "issues",
    "where": [{"field": "status", "equals": "snoozed"}, {"field": "excluded", "is_unset": True}],
}
WEEK = {"field": "at", "within": "7d"}


def rule(id: str, when: dict[str, Any], effect: str = "suppress", **fields: Any) -> Rule:
    outcome = {"outcome": "defer"} if effect == "suppress" else {}
    return Rule.model_validate({"id": id, "effect": effect, "when": when, "reason": "x", **outcome, **fields})


OPEN = rule("open", {"any": "issues", "where": [ACTIVE]})


def found(*rules: Rule, **fields: Any) -> dict[Fault, list[Finding]]:
    findings: dict[Fault, list[Finding]] = {}
    for finding in check(policy(*rules, **fields)):
        findings.setdefault(finding.fault, []).append(finding)
    return findings


def decision(finding: Finding, *rules: Rule, **fields: Any) -> Decision:
    example = finding.example
    return policy(*rules, **fields).decide(example.facts, example.message, example.now)


# A rule that can never hold


def test_a_rule_whose_tests_contradict_one_another_is_found() -> None:
    never = rule("never", {"any": "issues", "where": [ACTIVE, {"field": "status", "equals": "closed"}, URGENT]})
    [finding] = found(OPEN, never)[Fault.NEVER_HOLDS]
    assert finding.rule == "never"
    assert "field = " in finding.remedy
    assert "never" not in decision(finding, OPEN, never).rules
    [issue] = finding.example.facts.issues
    assert issue.priority == "urgent"
    assert issue.active is (issue.status != "closed")


def test_a_rule_about_a_message_that_no_rule_may_govern_is_found() -> None:
    never = rule("never", {"message": "category", "equals": "legal"})
    assert [each.rule for each in found(OPEN, never)[Fault.NEVER_HOLDS]] == ["never"]


# Shadowed rules


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"any": "issues", "where": [ACTIVE, URGENT]}, {"any": "issues", "where": [ACTIVE, SERIOUS]}),
        ({"any": "issues", "where": [ACTIVE]}, {"any": "all_issues", "where": [ACTIVE]}),
        ({"count": "sends", "at_least": 5, "where": [WEEK]}, {"count": "sends", "at_least": 3, "where": [WEEK]}),
        ({"any": "posts", "where": [WEEK]}, {"any": "posts", "where": [{"field": "at", "within": "14d"}]}),
        ({"all_of": [{"any": "issues", "where": [ACTIVE]}, {"customer": "is_vip", "equals": False}]}, OPEN.when),
        ({"latest": "sends", "passes": [WEEK]}, {"any": "sends", "where": [WEEK]}),
    ],
    ids=str,
)
def test_a_rule_that_follows_from_another_makes_no_difference(narrow: Any, wide: Any) -> None:
    rules = rule("narrow", narrow), rule("wide", wide)
    [finding] = found(*rules)[Fault.SHADOWED]
    assert (finding.rule, finding.others) == ("narrow", ("wide",))
    assert decision(finding, *rules).rules == ("narrow", "wide")
    alone = decision(finding, rules[1])
    assert (alone.verdict, alone.outcome) == (Verdict.SUPPRESS, decision(finding, *rules).outcome)


def test_a_milder_outcome_casts_no_shadow() -> None:
    urgent = {"any": "issues", "where": [ACTIVE, URGENT]}
    assert Fault.SHADOWED not in found(OPEN, rule("urgent", urgent, outcome="review"))
    assert Fault.SHADOWED in found(OPEN, rule("urgent", urgent, outcome="swap"))


def test_a_shorter_relevance_makes_a_difference() -> None:
    urgent = {"any": "issues", "where": [ACTIVE, URGENT]}
    assert Fault.SHADOWED not in found(OPEN, rule("urgent", urgent, relevance="2d"))


def test_a_rule_for_other_messages_casts_no_shadow() -> None:
    narrow = rule("narrow", {"any": "issues", "where": [ACTIVE, URGENT]}, categories=["promotional", "upsell"])
    assert Fault.SHADOWED not in found(narrow, OPEN.model_copy(update={"categories": (Category.PROMOTIONAL,)}))


def test_of_two_equal_rules_one_is_to_go() -> None:
    [finding] = found(OPEN, OPEN.model_copy(update={"id": "again"}))[Fault.SHADOWED]
    assert (finding.rule, finding.others) == ("again", ("open",))


def test_several_rules_together_cast_a_shadow() -> None:
    parts = [
        rule(words[0], {"any": "issues", "where": [ACTIVE, {"field": "priority", "in": words}]})
        for words in (["urgent", "high"], ["normal", "low"], ["unset"])
    ]
    [finding] = found(*parts, OPEN)[Fault.SHADOWED]
    assert (finding.rule, set(finding.others)) == ("open", {"urgent", "normal", "unset"})


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"local_time": "22:00-06:00", "zone": "UTC"}, {"local_time": "21:00-08:00", "zone": "UTC"}),
        (
            {"local_time": "22:00-06:00", "days": ["sat"], "fallback": "UTC"},
            {"local_time": "00:00-24:00", "days": ["sat", "sun"], "fallback": "UTC"},
        ),
        ({"local_date": ["12-24"], "zone": "UTC"}, {"local_date": ["12-24/01-02"], "zone": "UTC"}),
    ],
)
def test_a_window_within_another_of_the_same_zone_is_shadowed(narrow: Any, wide: Any) -> None:
    [finding] = found(rule("narrow", narrow), rule("wide", wide))[Fault.SHADOWED]
    assert (finding.rule, finding.others) == ("narrow", ("wide",))
    elsewhere = {**wide, "zone": "Asia/Tokyo"}
    elsewhere.pop("fallback", None)
    assert Fault.SHADOWED not in found(rule("narrow", narrow), rule("wide", elsewhere))


def test_of_two_notes_that_say_the_same_one_is_to_go() -> None:
    notes = [rule(name, OPEN.when.model_dump(exclude_none=True), "note") for name in ("first", "second")]
    [finding] = found(OPEN, *notes)[Fault.SHADOWED]
    assert (finding.rule, finding.others) == ("second", ("first",))
    assert decision(finding, OPEN, *notes).notes == ("first", "second")
    other = notes[1].model_copy(update={"reason": "another word"})
    assert Fault.SHADOWED not in found(OPEN, notes[0], other)


def test_an_exemption_in_another_s_shadow_is_found() -> None:
    vip = rule("vip", {"customer": "is_vip", "equals": True}, "exempt")
    gold = {"all_of": [{"customer": "is_vip", "equals": True}, {"customer": "tier", "equals": "gold"}]}
    [finding] = found(OPEN, vip, rule("gold", gold, "exempt"))[Fault.SHADOWED]
    assert (finding.rule, finding.others) == ("gold", ("vip",))


# Rules that cancel each other


def test_a_rule_that_is_always_exempted_from_is_found() -> None:
    urgent = rule("urgent", {"any": "issues", "where": [ACTIVE, URGENT]}, outcome="review")
    quick = rule("quick", {"any": "issues", "where": [SERIOUS]}, "exempt")
    findings = found(OPEN, urgent, quick)
    [finding] = findings[Fault.ALWAYS_CANCELLED]
    assert (finding.rule, finding.others) == ("urgent", ("quick",))
    assert decision(finding, OPEN, urgent, quick).verdict is Verdict.SEND
    assert decision(finding, OPEN, urgent).rules == ("open", "urgent")
    assert Fault.IDLE_EXEMPTION not in findings


def test_an_exemption_from_nothing_is_found() -> None:
    lone = rule("lone", {"none": "issues", "where": [ACTIVE]}, "exempt")
    [finding] = found(OPEN, lone)[Fault.IDLE_EXEMPTION]
    assert finding.rule == "lone"
    assert decision(finding, OPEN).verdict is Verdict.SEND


# A hold with no end


@pytest.mark.parametrize(
    "when",
    [
        {"any": "surveys", "where": [{"field": "bucket", "equals": "detractor"}]},
        {"any": "issues", "where": [URGENT]},
        {"any": "issues", "where": [{"field": "resolved_at", "older_than": "2d"}]},
        {"count": "sends", "at_least": 3},
        {"all_of": [{"any": "posts"}, {"any": "sends", "where": [{"field": "campaign", "same_as": "campaign_id"}]}]},
        {"any_of": [OPEN.when.model_dump(exclude_none=True), {"any": "signals"}]},
    ],
    ids=str,
)
def test_a_hold_that_nothing_ends_is_found(when: Any) -> None:
    endless = rule("endless", when)
    [finding] = found(endless)[Fault.NO_END]
    told = decision(finding, endless)
    assert (told.verdict, told.until) == (Verdict.SUPPRESS, None)
    assert not any(issue.active for issue in finding.example.facts.all_issues)


@pytest.mark.parametrize(
    "when",
    [
        OPEN.when.model_dump(exclude_none=True),
        {"any": "surveys", "where": [WEEK]},
        {"any": "holds"},
        {"any": "accounts", "where": [{"field": "plan", "equals": "free"}]},
        {"all_of": [{"any": "surveys"}, {"any": "accounts"}]},
        {"any": "issues", "where": [{"field": "resolved_at", "within": "30d"}]},
        {"all_of": [{"any": "posts"}, {"local_time": "21:00-08:00", "zone": "UTC"}]},
        {"customer": "lifecycle_stage", "equals": "churned"},
        {"none": "surveys"},
    ],
    ids=str,
)
def test_a_hold_that_time_or_people_end_is_none(when: Any) -> None:
    assert Fault.NO_END not in found(rule("ends", when))


# Statuses


def test_a_status_that_no_source_has_is_found() -> None:
    snoozed = rule("snoozed", SNOOZED)
    sources: dict[str, list[str]] = {"desk": [IssueStatus.OPEN, IssueStatus.RESOLVED], "crm": ["new", "closed"]}
    [finding] = check(policy(snoozed), statuses=sources)
    assert (finding.fault, finding.rule) == (Fault.STATUS_NOT_PRODUCED, "snoozed")
    assert "crm, desk" in finding.text
    assert finding.example.facts.issues[0].status == "snoozed"
    assert decision(finding, snoozed).rules == ("snoozed",)


def test_nothing_is_said_of_statuses_where_one_source_may_have_any() -> None:
    snoozed = rule("snoozed", SNOOZED)
    assert check(policy(snoozed), statuses={"desk": ["open"], "crm": []}) == []
    assert check(policy(snoozed)) == []


def test_an_exception_for_a_status_that_no_source_has_does_no_harm() -> None:
    waiting = {"not": {"field": "status", "equals": "waiting_on_customer"}}
    assert check(policy(rule("open", {"any": "issues", "where": [ACTIVE, waiting]})), statuses={"desk": ["open"]}) == []


def test_one_of_several_statuses_is_enough() -> None:
    status, recently = {"field": "status", "in": ["resolved", "closed"]}, {"field": "resolved_at", "within": "2d"}
    over = {"any": "issues", "where": [status, recently]}
    assert check(policy(rule("over", over)), statuses={"desk": ["open", "closed"]}) == []


# Kinds of messages


def test_a_category_that_nothing_holds_back_is_found() -> None:
    narrow = OPEN.model_copy(update={"categories": (Category.PROMOTIONAL, Category.UPSELL)})
    findings = found(narrow)[Fault.UNGOVERNED]
    governed = {category for category in Category if category.is_marketing or category == "onboarding"}
    assert {finding.example.message.category for finding in findings} == governed - {"promotional", "upsell"}
    assert all(decision(finding, narrow).verdict is Verdict.SEND for finding in findings)
    assert all(decision(finding, OPEN).verdict is Verdict.SUPPRESS for finding in findings)


def test_a_category_that_conditions_leave_out_is_not_governed() -> None:
    offers = rule("offers", {"all_of": [{"message": "category", "equals": "promotional"}, {"any": "issues"}]})
    assert "newsletter" in {finding.example.message.category for finding in found(offers)[Fault.UNGOVERNED]}
    others = rule("others", {"all_of": [{"message": "category", "not_in": ["promotional"]}, {"any": "issues"}]})
    assert Fault.UNGOVERNED not in found(offers, others)


def test_a_channel_that_nothing_holds_back_is_named() -> None:
    [finding] = check(policy(rule("mail", OPEN.when.model_dump(exclude_none=True), channels=["email"])))[:1]
    assert finding.fault is Fault.UNGOVERNED
    assert " on sms" in finding.text
    assert finding.example.message.channel != "email"


def test_a_notice_that_could_be_blocked_is_found() -> None:
    allowed = {"always_allowed": ("transactional", "legal", "recovery")}
    [finding] = found(OPEN, **allowed)[Fault.BLOCKED]
    assert (finding.rule, finding.example.message.category) == ("open", "service_notice")
    assert decision(finding, OPEN, **allowed).verdict is Verdict.SUPPRESS


def test_a_reply_about_the_issue_that_could_be_blocked_is_found() -> None:
    [finding] = found(OPEN, allow_about_issue=False)[Fault.BLOCKED]
    assert finding.example.message.about_issue is not None
    assert decision(finding, OPEN, allow_about_issue=False).verdict is Verdict.SUPPRESS


def test_a_transactional_message_that_could_be_blocked_is_found_even_past_the_model() -> None:
    forced = policy(OPEN).model_copy(update={"always_allowed": ()})
    blocked = [each for each in check(forced) if each.fault is Fault.BLOCKED]
    assert {each.example.message.category for each in blocked} >= {"transactional", "legal"}


# Rules that fail


def refuse(*_: object) -> bool:
    raise RuntimeError


def make_refusing(_: object) -> ConditionPlugin:
    return ConditionPlugin(holds=refuse)


def load_refusing(_: EntryPoint) -> object:
    return make_refusing


def offer_refusing(**_: str) -> list[EntryPoint]:
    return [EntryPoint("broken", "somewhere:make", "alignkit.conditions")]


def test_a_plugin_that_fails_on_valid_facts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EntryPoint, "load", load_refusing)
    monkeypatch.setattr("alignkit.rules.plugins.entry_points", offer_refusing)
    broken = OPEN.model_copy(update={"id": "broken", "when": PluginTest(plugin="broken")})
    [finding] = found(OPEN, broken)[Fault.FAILS]
    assert finding.rule == "broken"
    assert any("`broken`" in error for error in decision(finding, OPEN, broken).errors)


# What holds for every finding


def everything_wrong() -> Policy:
    return policy(
        rule("never", {"any": "issues", "where": [ACTIVE, {"field": "resolved_at", "within": "2d"}]}),
        rule("urgent", {"any": "issues", "where": [ACTIVE, URGENT]}),
        rule("endless", {"any": "surveys"}, categories=["upsell"]),
        rule("freed", {"any": "posts", "where": [WEEK]}, categories=["promotional"]),
        rule("free", {"any": "posts"}, "exempt"),
        rule("lone", {"all_of": [{"none": "posts"}, {"any": "sends"}]}, "exempt", categories=["newsletter"]),
        rule("serious", {"any": "issues", "where": [ACTIVE, SERIOUS]}, categories=["upsell", "promotional"]),
        rule("high", {"any": "issues", "where": [ACTIVE, SERIOUS]}, categories=["upsell"]),
        allow_about_issue=False,
    )


def test_every_finding_names_its_rule_says_what_to_do_and_can_be_kept_as_json() -> None:
    wrong = everything_wrong()
    findings = check(wrong)
    assert {each.fault for each in findings} >= {
        Fault.NEVER_HOLDS,
        Fault.SHADOWED,
        Fault.ALWAYS_CANCELLED,
        Fault.NO_END,
        Fault.BLOCKED,
    }
    ids = {each.id for each in wrong.rules}
    for finding in findings:
        assert finding.rule in ids or finding.fault is Fault.UNGOVERNED
        assert set(finding.others) <= ids
        assert finding.remedy
        assert finding.example.shows
        told = json.loads(json.dumps(finding.to_dict()))
        now = microseconds(finding.example.now)
        assert read_facts(told["example"]["facts"], now) == finding.example.facts


def test_findings_can_be_accepted_by_fault_and_by_rule() -> None:
    wrong = everything_wrong()
    names = {finding.name for finding in check(wrong)}
    assert {"never-holds:never", "no-end:endless"} <= names
    left = {finding.name for finding in check(wrong, accept=["no-end", "never-holds:never"])}
    assert left == {name for name in names if not name.startswith("no-end") and name != "never-holds:never"}


@pytest.mark.parametrize("name", ["bogus", "", "shadowed:nobody", "ungoverned:"])
def test_what_is_never_found_cannot_be_accepted(name: str) -> None:
    with pytest.raises(DataInvalid, match=r"there is no finding|has no rule"):
        check(everything_wrong(), accept=["ungoverned", name])


def test_a_policy_without_rules_governs_nothing() -> None:
    assert {finding.fault for finding in check(Policy(name="empty"))} == {Fault.UNGOVERNED}


@given(st.integers(min_value=0, max_value=2**32).map(Random))
@settings(max_examples=60)
def test_a_policy_never_fails_on_valid_facts_whatever_the_check_finds(random: Random) -> None:
    made = random_policy(random, rules=4)
    assert not any(finding.fault is Fault.FAILS for finding in check(made))
    for facts, message, now in sample_cases([made], seed=1, number=30, now=NOON):
        assert made.compile()(facts, message, now).errors == ()
