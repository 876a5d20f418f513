"""The preset for software sold to companies, rule by rule, each on both sides of its line."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Facts
from alignkit.rules.presets import preset

from .builders import DAY, NOW, TICK, ago, issue, message, send, survey

SAAS = preset("saas")


def held(category: str, **facts: Any) -> tuple[str, ...]:
    decision = SAAS.decide(Facts("c1", **facts), message(category), NOW)
    return decision.rules if decision.verdict is Verdict.SUPPRESS else ()


def colleague(number: int, **fields: Any) -> Any:
    return issue(ref=f"desk/issue/a{number}", customer=f"c{number}", **fields)


def test_a_feature_request_holds_nothing() -> None:
    assert held("promotional", issues=[issue(type="feature_request")]) == ()
    assert held("promotional", issues=[issue(type="question")]) == ("open-issue",)


def test_an_outage_at_a_colleague_s_holds_everything_but_what_is_about_it() -> None:
    outage = [colleague(2, reason="outage")]
    for category in ("promotional", "newsletter", "onboarding", "sales_outreach"):
        assert held(category, account_issues=outage) == ("account-outage",)
    assert held("service_notice", account_issues=outage) == ()
    assert held("newsletter", account_issues=[colleague(2, reason="outage", active=False, status="resolved")]) == ()


def test_a_forgotten_outage_does_not_hold_for_ever() -> None:
    limit = 44 * DAY
    assert held("newsletter", account_issues=[colleague(2, reason="outage", first_active_at=ago(limit - TICK))])
    assert not held("newsletter", account_issues=[colleague(2, reason="outage", first_active_at=ago(limit))])


def test_three_people_of_an_account_in_trouble_hold_offers_to_all_of_it() -> None:
    three = [colleague(2), colleague(3), colleague(4)]
    assert held("upsell", account_issues=three) == ("account-several-people",)
    assert held("newsletter", account_issues=three) == ()
    assert held("upsell", account_issues=[*three[:2], colleague(3, active=False, status="closed")]) == ()
    assert held("upsell", account_issues=[colleague(2), colleague(2), colleague(3)]) == ()


@pytest.mark.parametrize("fields", [{"sla_breached": True}, {"priority": "urgent"}])
def test_a_renewal_in_trouble_wants_a_person(fields: Any) -> None:
    decision = SAAS.decide(Facts(account_issues=[colleague(2, **fields)]), message("renewal"), NOW)
    assert (decision.rules, decision.outcome) == (("renewal-in-trouble",), Outcome.REVIEW)


def test_an_issue_that_was_reopened_twice_wants_a_person_before_anything_is_sold() -> None:
    again = SAAS.decide(Facts(issues=[issue(reopened_count=2)]), message("upsell"), NOW)
    assert (again.rules, again.outcome) == (("open-issue", "reopened-again"), Outcome.REVIEW)
    assert held("upsell", issues=[issue(reopened_count=1)]) == ("open-issue",)


def test_a_detractor_is_not_sold_to_for_sixty_days() -> None:
    assert held("sales_outreach", surveys=[survey(60 * DAY - TICK)]) == ("detractor",)
    assert held("sales_outreach", surveys=[survey(60 * DAY)]) == ()


def test_two_sales_messages_in_a_week_are_enough() -> None:
    week = [send(days * DAY, ref=f"mail/send/{days}", category="sales_outreach") for days in (1, 6)]
    decision = SAAS.decide(Facts(sends=week), message("sales_outreach"), NOW)
    assert (decision.rules, decision.outcome) == (("enough-outreach",), Outcome.DEFER)
    assert decision.until == NOW + DAY
    assert held("sales_outreach", sends=week[:1]) == ()


def test_what_was_held_back_does_not_count_towards_enough() -> None:
    week = [send(days * DAY, ref=f"mail/send/{days}", category="newsletter") for days in (1, 2, 3)]
    assert held("newsletter", sends=week) == ("enough-mail",)
    week[0].status = "held"
    assert held("newsletter", sends=week) == ()
