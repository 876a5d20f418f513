"""The preset for a shop, rule by rule, each on both sides of its line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Facts, Policy
from alignkit.rules.presets import preset

from .builders import DAY, NOW, TICK, ago, issue, message, resolved, send

SHOP = preset("shop")


def held(category: str, policy: Policy = SHOP, channel: str = "email", **facts: Any) -> tuple[str, ...]:
    decision = policy.decide(Facts("c1", **facts), message(category, channel), NOW)
    return decision.rules if decision.verdict is Verdict.SUPPRESS else ()


@pytest.mark.parametrize("reason", ["delivery_late", "delivery_lost", "wrong_item", "wrong_quantity", "damaged_item"])
def test_offers_wait_a_week_after_an_order_that_went_wrong(reason: str) -> None:
    assert held("promotional", issues=[resolved(7 * DAY - TICK, reason=reason)]) == ("order-went-wrong",)
    assert held("promotional", issues=[resolved(7 * DAY, reason=reason)]) == ()
    assert held("promotional", issues=[resolved(7 * DAY - TICK, reason="pricing")]) == ()


@pytest.mark.parametrize("fields", [{"type": "return"}, {"reason": "refund"}])
def test_nobody_is_asked_for_a_review_of_what_they_sent_back(fields: Any) -> None:
    decision = SHOP.decide(Facts(issues=[resolved(20 * DAY, **fields)]), message("solicitation"), NOW)
    assert (decision.rules, decision.outcome) == (("sent-back",), Outcome.DROP)
    assert held("solicitation", issues=[resolved(30 * DAY, **fields)]) == ()


def test_no_offer_goes_out_for_the_product_that_broke() -> None:
    broke = resolved(60 * DAY, reason="product_fault", products=("kettle",), created_at=ago(61 * DAY))
    kettle, cup = (message("upsell", product_refs=(name,)) for name in ("kettle", "cup"))
    assert SHOP.decide(Facts(issues=[broke]), kettle, NOW).rules == ("same-product",)
    assert SHOP.decide(Facts(issues=[broke]), cup, NOW).verdict is Verdict.SEND
    assert SHOP.decide(Facts(issues=[broke]), message("upsell"), NOW).verdict is Verdict.SEND


def test_a_danger_wants_a_person() -> None:
    danger = issue(reason="safety")
    decision = SHOP.decide(Facts(issues=[danger]), message("newsletter"), NOW)
    assert (decision.rules, decision.outcome) == (("danger", "open-issue"), Outcome.REVIEW)
    assert held("newsletter", issues=[resolved(30 * DAY - TICK, reason="safety")]) == ("danger",)
    assert held("newsletter", issues=[resolved(30 * DAY, reason="safety")]) == ()


def test_three_mails_in_a_week_are_enough() -> None:
    week = [send(days * DAY, ref=f"mail/send/{days}") for days in (1, 2, 6)]
    assert held("newsletter", sends=week) == ("enough-mail",)
    assert held("newsletter", sends=week[:2]) == ()
    assert held("newsletter", channel="ads", sends=week) == ()


def test_one_text_in_a_week_is_enough_whatever_came_by_mail() -> None:
    assert held("promotional", channel="sms", sends=[send(DAY, channel="push")]) == ("enough-texts",)
    assert held("promotional", channel="sms", sends=[send(DAY)]) == ()


def test_nobody_is_woken_where_a_zone_is_given() -> None:
    night = datetime(2025, 3, 5, 22, tzinfo=UTC)
    text, mail = message("newsletter", "sms"), message("newsletter")
    with_zone = preset("shop", zone="UTC")
    decision = with_zone.decide(Facts(), text, night)
    assert (decision.rules, decision.until) == (("night",), datetime(2025, 3, 6, 8, tzinfo=UTC))
    assert with_zone.decide(Facts(), mail, night).verdict is Verdict.SEND
    assert with_zone.decide(Facts(attributes={"time_zone": "America/New_York"}), text, night).verdict is Verdict.SEND
    assert SHOP.decide(Facts(), text, night).verdict is Verdict.SEND
