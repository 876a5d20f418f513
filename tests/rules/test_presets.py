"""The starter policy, line by line of its description, each wait on both sides of its last microsecond."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_type_hints

import pytest

from alignkit.errors import PolicyInvalid
from alignkit.models import Category, Channel, IssueStatus, Message, Outcome, Priority, Verdict
from alignkit.rules import Decision, Facts, Policy
from alignkit.rules.presets import Starter, StarterParameters

from .builders import DAY, HOUR, NOW, TICK, ago, at, hold, issue, message, post, resolved, signal, survey

STARTER = Policy.starter()
MARKETING = sorted(category for category in Category if category.is_marketing)
ALWAYS = [Category.TRANSACTIONAL, Category.LEGAL, Category.SERVICE_NOTICE, Category.RECOVERY]
SERIOUS = ["high", "urgent"]


def decide(category: str = "promotional", policy: Policy = STARTER, **facts: Any) -> Decision:
    return policy.decide(Facts("c1", **facts), message(category), NOW)


def held(category: str = "promotional", policy: Policy = STARTER, **facts: Any) -> tuple[str, ...]:
    """The rules that hold such a message; none where it may go."""
    decision = decide(category, policy, **facts)
    return decision.rules if decision.verdict is Verdict.SUPPRESS else ()


def every_hold() -> dict[str, Any]:
    return {
        "issues": [issue(priority="urgent"), resolved(HOUR, rating="bad")],
        "account_issues": [issue(ref="desk/issue/2", priority="urgent")],
        "signals": [signal(f"desk/issue/{n}") for n in range(9)],
        "surveys": [survey(HOUR)],
        "posts": [post(HOUR)],
        "holds": [hold(), hold(categories=tuple(Category))],
    }


# 1: what is always allowed, and onboarding


@pytest.mark.parametrize("category", ALWAYS)
def test_transactional_legal_service_notice_and_recovery_are_always_allowed(category: str) -> None:
    assert decide(category, **every_hold()).verdict is Verdict.SEND


@pytest.mark.parametrize("category", [*MARKETING, "onboarding"])
def test_everything_else_is_held_when_everything_is_wrong(category: str) -> None:
    assert held(category, **every_hold())


@pytest.mark.parametrize("category", list(Category))
def test_a_message_about_the_issue_itself_is_always_allowed(category: str) -> None:
    about = message(category, about_issue="desk/1")
    assert STARTER.decide(Facts(**every_hold()), about, NOW).verdict is Verdict.SEND


@pytest.mark.parametrize("priority", list(Priority))
def test_onboarding_is_held_only_by_an_issue_of_priority_high_or_urgent(priority: str) -> None:
    assert bool(held("onboarding", issues=[issue(priority=str(priority))])) is (priority in SERIOUS)


def test_a_resolved_issue_does_not_hold_onboarding() -> None:
    assert not held("onboarding", issues=[resolved(HOUR, priority="urgent", rating="bad")])


# 2: an active issue


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("category", MARKETING)
def test_an_active_issue_of_any_priority_holds_all_marketing(category: str, priority: str) -> None:
    assert held(category, issues=[issue(priority=str(priority))]) == ("open-issue",)


@pytest.mark.parametrize("channel", list(Channel))
def test_an_active_issue_holds_marketing_on_every_channel(channel: str) -> None:
    offer = message("promotional", channel)
    assert STARTER.decide(Facts(issues=[issue()]), offer, NOW).verdict is Verdict.SUPPRESS


@pytest.mark.parametrize("status", [status for status in IssueStatus if status.is_active])
def test_every_active_status_holds(status: IssueStatus) -> None:
    assert held(issues=[issue(status=status.value)])


@pytest.mark.parametrize("status", ["cancelled", "merged", "spam", "deleted"])
def test_an_issue_that_came_to_nothing_holds_nothing(status: str) -> None:
    assert not held(issues=[issue(status=status, active=False, resolved_at=ago(HOUR), rating="bad")])


def test_an_issue_of_unknown_status_holds_and_is_reported() -> None:
    decision = decide(issues=[issue(status="unknown", active=None)])
    assert decision.rules == ("open-issue",)
    assert decision.notes == ("unknown-status",)
    assert "desk/issue/1" in decision.explain()


def test_where_unknown_counts_as_inactive_the_issue_holds_nothing_and_is_still_reported() -> None:
    policy = Policy.starter(on_unknown="inactive")
    decision = decide(policy=policy, issues=[issue(status="unknown", active=None)])
    assert decision.verdict is Verdict.SEND
    assert decision.notes == ("unknown-status",)


def test_nobody_is_held_without_a_reason() -> None:
    for category in Category:
        assert decide(category).verdict is Verdict.SEND


@pytest.mark.parametrize(
    ("parameters", "narrow", "wide"),
    [
        ({"only_priorities": ["high", "urgent"]}, {"priority": "low"}, {"priority": "high"}),
        ({"only_types": ["problem"]}, {"type": "question"}, {"type": "problem"}),
        ({"only_reasons": ["outage"]}, {"reason": None}, {"reason": "outage"}),
    ],
)
def test_parameters_narrow_which_issues_hold(parameters: Any, narrow: Any, wide: Any) -> None:
    policy = Policy.starter(**parameters)
    assert not held(policy=policy, issues=[issue(**narrow), resolved(HOUR, ref="desk/issue/2", **narrow)])
    assert held(policy=policy, issues=[issue(**wide)]) == ("open-issue",)
    assert held(policy=policy, issues=[resolved(HOUR, **wide)]) == ("cool-down",)


# 3: the self-suppression guard


@pytest.mark.parametrize("category", [*MARKETING, "onboarding"])
def test_an_excluded_issue_never_counts(category: str) -> None:
    excluded = [issue(excluded="campaign", priority="urgent", active=active) for active in (True, None)]
    excluded += [resolved(HOUR, excluded="spam", rating="bad")]
    decision = decide(category, issues=excluded, account_issues=excluded)
    assert (decision.verdict, decision.notes) == (Verdict.SEND, ())


def test_a_ticket_that_an_agent_filed_for_a_caller_counts() -> None:
    assert held(issues=[issue(initiated_by="agent", direction="outbound", channel="phone", customer_wrote=False)])


# 4: waiting for the customer


def waiting(since: timedelta, **fields: Any) -> Any:
    return issue(status="waiting_on_customer", status_since=ago(since), **fields)


def test_waiting_for_the_customer_holds_for_seven_days_to_the_microsecond() -> None:
    assert held(issues=[waiting(7 * DAY - TICK)])
    assert not held(issues=[waiting(7 * DAY)])


@pytest.mark.parametrize("priority", SERIOUS)
def test_a_serious_issue_goes_on_holding_while_the_customer_is_silent(priority: str) -> None:
    assert held(issues=[waiting(8 * DAY, priority=priority)])


def test_waiting_for_a_third_party_goes_on_holding() -> None:
    assert held(
        issues=[issue(status="waiting_on_third_party", status_since=ago(20 * DAY), first_active_at=ago(20 * DAY))]
    )


def test_an_issue_that_no_longer_holds_does_not_free_another() -> None:
    assert held(issues=[waiting(8 * DAY), issue(ref="desk/issue/2")]) == ("open-issue",)


# 5: long holds


def lasting(since: timedelta, **fields: Any) -> Any:
    return issue(first_active_at=ago(since), created_at=ago(since), **fields)


def test_after_thirty_days_a_person_should_look() -> None:
    assert decide(issues=[lasting(30 * DAY - TICK)]).outcome is Outcome.DEFER
    decision = decide(issues=[lasting(30 * DAY)])
    assert (decision.rules, decision.outcome) == (("long-open-issue",), Outcome.REVIEW)


def test_fourteen_days_later_the_hold_ends_and_says_so() -> None:
    assert decide(issues=[lasting(44 * DAY - TICK)]).outcome is Outcome.REVIEW
    decision = decide(issues=[lasting(44 * DAY)])
    assert (decision.verdict, decision.notes, decision.evidence) == (Verdict.SEND, ("expired",), ("desk/issue/1",))


def test_an_urgent_issue_never_expires() -> None:
    for category in (*MARKETING, "onboarding"):
        decision = decide(category, issues=[lasting(400 * DAY, priority="urgent")])
        assert (decision.verdict, decision.outcome, decision.until) == (Verdict.SUPPRESS, Outcome.REVIEW, None)


def test_onboarding_follows_the_same_limits() -> None:
    assert decide("onboarding", issues=[lasting(30 * DAY, priority="high")]).outcome is Outcome.REVIEW
    assert decide("onboarding", issues=[lasting(44 * DAY, priority="high")]).notes == ("expired",)


def test_an_issue_of_which_nobody_knows_since_when_it_is_active_holds() -> None:
    assert held(issues=[issue(first_active_at=None)]) == ("open-issue",)


# 6: resolved


@pytest.mark.parametrize("status", ["resolved", "closed"])
@pytest.mark.parametrize("rating", [None, "neutral", "passive"])
def test_a_resolved_issue_cools_down_for_48_hours_to_the_microsecond(status: str, rating: str | None) -> None:
    assert held(issues=[resolved(48 * HOUR - TICK, status=status, rating=rating)]) == ("cool-down",)
    assert not held(issues=[resolved(48 * HOUR, status=status, rating=rating)])


@pytest.mark.parametrize("rating", ["bad", "detractor"])
def test_a_bad_rating_extends_the_cool_down_to_fourteen_days(rating: str) -> None:
    assert held(issues=[resolved(14 * DAY - TICK, rating=rating)]) == ("bad-rating",)
    assert not held(issues=[resolved(14 * DAY, rating=rating)])


@pytest.mark.parametrize("rating", ["good", "promoter"])
def test_a_good_rating_ends_the_cool_down_at_once(rating: str) -> None:
    assert not held(issues=[resolved(TICK, rating=rating)])


def test_a_reopened_issue_goes_on_with_the_same_hold() -> None:
    reopened = issue(reopened_at=ago(HOUR), reopened_count=1, status_since=ago(HOUR), first_active_at=ago(29 * DAY))
    decision = decide(issues=[reopened])
    assert decision.rules == ("open-issue",)
    assert decision.recheck_at == NOW + DAY


# 7: negative signals and detractors


def test_three_different_bad_experiences_within_a_week_hold_offers() -> None:
    signals = [signal("desk/issue/1"), signal("desk/issue/2"), signal("net/post/1", kind="post")]
    for category in MARKETING:
        expected = ("several-negative-signals",) if category in ("promotional", "upsell", "solicitation") else ()
        assert held(category, signals=signals) == expected


def test_two_different_bad_experiences_hold_nothing_however_many_signals_they_gave() -> None:
    assert not held(signals=[signal("desk/issue/1", kind=kind) for kind in ("issue_opened", "issue_reopened")] * 3)
    assert not held(signals=[signal("desk/issue/1"), signal("desk/issue/2"), signal("desk/issue/2")])


def test_a_survey_answer_is_no_third_bad_experience() -> None:
    assert not held(signals=[signal("desk/issue/1"), signal("desk/issue/2"), signal("forms/survey/1", kind="csat")])


def test_only_negative_signals_count() -> None:
    rest = [signal(f"desk/issue/{n}", polarity=polarity) for n, polarity in enumerate(["positive", "mixed", None])]
    assert not held(signals=[signal("desk/issue/8"), signal("desk/issue/9"), *rest])


def test_the_hold_lasts_until_the_window_has_passed() -> None:
    signals = [signal("desk/issue/1", 7 * DAY - TICK), signal("desk/issue/2"), signal("desk/issue/3")]
    decision = decide(signals=signals)
    assert decision.rules == ("several-negative-signals",)
    assert decision.until == NOW + TICK
    assert not held(signals=[signal("desk/issue/1", 7 * DAY), signal("desk/issue/2"), signal("desk/issue/3")])


def test_a_detractor_is_not_asked_for_thirty_days() -> None:
    assert held("solicitation", surveys=[survey(30 * DAY - TICK)]) == ("detractor",)
    assert not held("solicitation", surveys=[survey(30 * DAY)])


def test_a_detractor_still_gets_other_marketing() -> None:
    assert [category for category in MARKETING if held(category, surveys=[survey(HOUR)])] == ["solicitation"]


@pytest.mark.parametrize("fields", [{"bucket": "passive"}, {"bucket": "promoter"}, {"kind": "csat", "bucket": "bad"}])
def test_other_answers_hold_nothing(fields: Any) -> None:
    assert not held("solicitation", surveys=[survey(HOUR, **fields)])


# 8: public posts


def test_a_negative_post_holds_promotional_and_solicitation_for_72_hours() -> None:
    assert [category for category in MARKETING if held(category, posts=[post(HOUR)])] == ["promotional", "solicitation"]
    assert held(posts=[post(72 * HOUR - TICK)]) == ("negative-post",)
    assert not held(posts=[post(72 * HOUR)])


def test_a_post_that_may_be_somebody_else_s_holds_nothing() -> None:
    assert held(posts=[post(HOUR, confidence=0.9)])
    assert not held(posts=[post(HOUR, confidence=0.899999)])


def test_a_friendly_post_holds_nothing() -> None:
    assert not held(posts=[post(HOUR, polarity="positive"), post(HOUR, polarity=None)])


# 9: the account


def test_an_urgent_issue_holds_offers_to_the_whole_account() -> None:
    urgent = [issue(priority="urgent")]
    expected = ["promotional", "sales_outreach", "upsell"]
    assert [category for category in MARKETING if held(category, account_issues=urgent)] == expected


@pytest.mark.parametrize("priority", ["high", "normal", "low", "unset"])
def test_a_colleague_s_lesser_issue_holds_nothing(priority: str) -> None:
    assert not held(account_issues=[issue(priority=priority)])


def test_a_colleague_s_resolved_issue_holds_nothing() -> None:
    assert not held(account_issues=[resolved(HOUR, priority="urgent", rating="bad")])


def test_a_long_hold_over_an_account_wants_a_person() -> None:
    decision = decide(account_issues=[lasting(31 * DAY, priority="urgent")])
    assert (decision.rules, decision.outcome) == (("long-account-issue",), Outcome.REVIEW)


# 10: freshness


def test_marketing_wants_data_of_the_last_six_hours_and_solicitation_of_two() -> None:
    budgets = {category: STARTER.freshness_of(category) for category in Category}
    marketing = {category: each for category, each in budgets.items() if each and category != "solicitation"}
    assert sorted(marketing) == [category for category in MARKETING if category != "solicitation"]
    assert {(each.budget, each.mode.value) for each in marketing.values()} == {(6 * HOUR, "last_known")}
    solicitation = budgets[Category.SOLICITATION]
    assert solicitation is not None
    assert (solicitation.budget, solicitation.mode.value) == (2 * HOUR, "hold")


# Stored holds


@pytest.mark.parametrize("kind", ["manual", "incident", "blackout"])
@pytest.mark.parametrize("category", MARKETING)
def test_a_stored_hold_holds_marketing(category: str, kind: str) -> None:
    assert held(category, holds=[hold(kind=kind)]) == ("stored-hold",)


def test_a_stored_hold_is_in_force_from_its_first_to_before_its_last_instant() -> None:
    assert not held(holds=[hold(opened_at=at(NOW + TICK))])
    assert held(holds=[hold(opened_at=at(NOW))])
    assert held(holds=[hold(ends_at=at(NOW + TICK))])
    assert not held(holds=[hold(ends_at=at(NOW))])


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ({"channels": ("email", "sms")}, True),
        ({"channels": ("sms",)}, False),
        ({"categories": ("promotional",)}, True),
        ({"categories": ("newsletter",)}, False),
        ({"products": ("kettle",)}, True),
        ({"products": ("toaster",)}, False),
        ({"channels": ("email",), "categories": ("newsletter",)}, False),
    ],
)
def test_a_stored_hold_keeps_to_its_own_scope(scope: Any, covers: bool) -> None:
    offer = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL, product_refs=("kettle", "mug"))
    decision = STARTER.decide(Facts(holds=[hold(**scope)]), offer, NOW)
    assert decision.verdict is (Verdict.SUPPRESS if covers else Verdict.SEND)


def test_a_hold_on_one_product_leaves_a_message_about_none_alone() -> None:
    assert not held(holds=[hold(products=("kettle",))])


def test_onboarding_waits_only_for_a_hold_that_names_it() -> None:
    assert not held("onboarding", holds=[hold()])
    assert held("onboarding", holds=[hold(categories=("onboarding",))])


# The preset as such


@pytest.mark.parametrize(
    ("parameters", "facts"),
    [
        ({"cool_down": "24h"}, {"issues": [resolved(25 * HOUR)]}),
        ({"cool_down": timedelta(0)}, {"issues": [resolved(TICK)]}),
        ({"bad_rating_cool_down": "7d"}, {"issues": [resolved(8 * DAY, rating="bad")]}),
        ({"waiting_limit": "2d"}, {"issues": [waiting(3 * DAY)]}),
        ({"waiting_priorities": []}, {"issues": [waiting(8 * DAY, priority="urgent")]}),
        ({"review_after": "1d", "expire_after": "1d"}, {"issues": [lasting(3 * DAY)]}),
        ({"lasting_priorities": []}, {"issues": [lasting(50 * DAY, priority="urgent")]}),
        ({"negative_signals": 4}, {"signals": [signal(f"desk/issue/{n}") for n in range(3)]}),
        ({"negative_window": "1h"}, {"signals": [signal(f"desk/issue/{n}", 2 * HOUR) for n in range(3)]}),
        ({"post_confidence": 0.99}, {"posts": [post(HOUR)]}),
        ({"post_hold": "1h"}, {"posts": [post(2 * HOUR)]}),
        ({"account_priorities": ["high"]}, {"account_issues": [issue(priority="urgent")]}),
        ({"held_categories": ["newsletter"]}, {"issues": [issue()]}),
        ({"post_categories": ["newsletter"]}, {"posts": [post(HOUR)]}),
        ({"account_categories": ["upsell"]}, {"account_issues": [issue(priority="urgent")]}),
        ({"negative_categories": ["upsell"]}, {"signals": [signal(f"desk/issue/{n}") for n in range(3)]}),
    ],
)
def test_a_parameter_loosens_what_the_starter_holds(parameters: Any, facts: Any) -> None:
    assert held(**facts)
    assert not held(policy=Policy.starter(**parameters), **facts)


def test_the_typed_parameters_are_those_of_the_preset() -> None:
    assert set(get_type_hints(StarterParameters)) == set(Starter.model_fields)


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"cooldown": "1h"}, "`cooldown` is not known here"),
        ({"cool_down": "-1h"}, "`cool_down` is no duration"),
        ({"cool_down": timedelta(hours=-1)}, "`cool_down` must be between"),
        ({"negative_signals": 0}, "`negative_signals` cannot be used"),
        ({"post_confidence": float("nan")}, "`post_confidence` cannot be used"),
        ({"held_categories": ["transactional"]}, "`rules[0].categories` names `transactional`"),
        ({"held_categories": ["spam"]}, "`held_categories[0]` cannot be used"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(parameters: Any, place: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        Policy.starter(**parameters)
    assert f"the starter policy was refused: {place}" in str(refused.value)


def test_the_same_parameters_give_the_same_digest() -> None:
    assert Policy.starter(cool_down="48h").digest == STARTER.digest
    assert Policy.starter(cool_down="49h").digest != STARTER.digest
