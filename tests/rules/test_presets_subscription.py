"""The preset for a subscription business, rule by rule, each on both sides of its line."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Facts
from alignkit.rules.presets import preset

from .builders import DAY, NOW, TICK, ago, issue, message, resolved, send, signal, survey

SUBSCRIPTION = preset("subscription")


def held(category: str, **facts: Any) -> tuple[str, ...]:
    decision = SUBSCRIPTION.decide(Facts("c1", **facts), message(category), NOW)
    return decision.rules if decision.verdict is Verdict.SUPPRESS else ()


@pytest.mark.parametrize("reason", ["billing", "pricing", "discount", "refund"])
def test_offers_wait_two_weeks_after_a_dispute_about_money(reason: str) -> None:
    assert held("upsell", issues=[resolved(14 * DAY - TICK, reason=reason)]) == ("settled-dispute",)
    assert held("upsell", issues=[resolved(14 * DAY, reason=reason)]) == ()
    assert held("upsell", issues=[resolved(14 * DAY - TICK, reason="outage")]) == ()


@pytest.mark.parametrize("dispute", [issue(reason="billing"), resolved(14 * DAY - TICK, reason="billing")])
def test_a_renewal_in_dispute_wants_a_person(dispute: Any) -> None:
    decision = SUBSCRIPTION.decide(Facts(issues=[dispute]), message("renewal"), NOW)
    assert "renewal-in-dispute" in decision.rules
    assert decision.outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    "facts",
    [
        {"signals": [signal("crm/opportunity/1", 29 * DAY, kind="churn_risk")]},
        {"issues": [resolved(20 * DAY, reason="unsubscribe", created_at=ago(29 * DAY))]},
    ],
)
def test_who_wants_to_leave_is_not_sold_more_and_renewed_in_person(facts: Any) -> None:
    assert held("upsell", **facts) == ("wants-to-leave",)
    assert SUBSCRIPTION.decide(Facts(**facts), message("renewal"), NOW).outcome is Outcome.REVIEW
    assert held("newsletter", **facts) == ()


def test_a_sign_of_leaving_counts_for_thirty_days() -> None:
    assert held("upsell", signals=[signal("crm/x/1", 30 * DAY - TICK, kind="churn_risk")]) == ("wants-to-leave",)
    assert held("upsell", signals=[signal("crm/x/1", 30 * DAY, kind="churn_risk")]) == ()


def test_an_unhappy_answer_counts_until_a_happier_one() -> None:
    unhappy = survey(40 * DAY, bucket="bad", kind="csat")
    assert held("upsell", surveys=[unhappy]) == ("unhappy",)
    happier = survey(DAY, ref="forms/survey/2", bucket="good", kind="csat")
    assert held("upsell", surveys=[unhappy, happier]) == ()
    assert held("upsell", surveys=[survey(60 * DAY, bucket="bad", kind="csat")]) == ()


def test_one_upsell_in_two_weeks_is_enough() -> None:
    decision = SUBSCRIPTION.decide(Facts(sends=[send(13 * DAY, category="upsell")]), message("upsell"), NOW)
    assert (decision.rules, decision.outcome, decision.until) == (("enough-upsell",), Outcome.DROP, NOW + DAY)
    assert held("upsell", sends=[send(14 * DAY, category="upsell")]) == ()


def test_three_mails_in_a_week_are_enough() -> None:
    week = [send(days * DAY, ref=f"mail/send/{days}") for days in (1, 2, 6)]
    assert held("newsletter", sends=week) == ("enough-mail",)
    assert held("newsletter", sends=week[:2]) == ()
