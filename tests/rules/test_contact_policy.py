"""What practitioners want of a contact policy can be written, and does to the microsecond what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alignkit.models import Outcome, Verdict
from alignkit.rules import Decision, Facts, Policy

from .builders import DAY, HOUR, NOW, TICK, ago, hold, issue, message, resolved, send, survey

POLICY = Policy.from_toml("""
name = "contact"

[[rules]]
id = "cap-per-channel"
effect = "suppress"
outcome = "defer"
relevance = "5d"
categories = ["promotional", "newsletter"]
reason = "{count} such messages went out on this channel within 7 days"
[rules.when]
count = "sends"
at_least = 2
where = [
  { field = "at", within = "7d" },
  { field = "channel", same_as = "channel" },
  { field = "category", same_as = "category" },
  { field = "status", in = ["sent", "queued"] },
]

[[rules]]
id = "quiet-hours"
effect = "suppress"
outcome = "defer"
channels = ["sms", "push"]
reason = "it is night where the customer lives"
when = { local_time = "21:00-08:00", fallback = "Europe/Berlin" }

[[rules]]
id = "holidays"
effect = "suppress"
outcome = "drop"
reason = "nobody wants offers on a holiday"
when = { local_date = ["12-24/12-26", "2025-04-18"], fallback = "Europe/Berlin" }

[[rules]]
id = "issue-with-the-product"
effect = "suppress"
outcome = "swap"
substitute = "help-page"
categories = ["upsell"]
reason = "the customer waits for help with this very product ({rows})"
[rules.when]
any = "issues"
where = [
  { field = "active", equals = true },
  { any_of = [{ field = "products", is_unset = true }, { field = "products", same_as = "product_refs" }] },
]

[[rules]]
id = "last-answer-was-bad"
effect = "suppress"
outcome = "review"
categories = ["solicitation"]
reason = "the last answer was bad ({rows})"
[rules.when]
latest = "surveys"
where = [{ field = "kind", equals = "nps" }]
passes = [{ field = "score", at_most = 6 }, { field = "at", within = "30d" }]

[[rules]]
id = "manual-hold"
effect = "suppress"
outcome = "review"
reason = "a colleague holds messages back ({rows})"
when = { any = "holds", where = [{ field = "kind", in = ["manual", "incident"] }] }

[[rules]]
id = "vip"
effect = "exempt"
reason = "an important customer decides for themselves"
[rules.when]
all_of = [
  { customer = "is_vip", equals = true },
  { none = "holds", where = [{ field = "kind", equals = "incident" }] },
]
""")


def decide(
    category: str = "promotional", channel: str = "email", now: datetime = NOW, *, products: Any = (), **facts: Any
) -> Decision:
    return POLICY.decide(Facts("c1", **facts), message(category, channel, product_refs=products), now)


def test_a_cap_counts_what_went_out_on_this_channel_and_in_this_category_and_ends_with_its_window() -> None:
    sends = [send(DAY, ref="m/send/1"), send(6 * DAY, ref="m/send/2")]
    held = decide(sends=sends)
    assert (held.verdict, held.outcome, held.relevance) == (Verdict.SUPPRESS, Outcome.DEFER, 5 * DAY)
    assert held.until == NOW + DAY
    assert decide(sends=sends, now=NOW + DAY - TICK).verdict is Verdict.SUPPRESS
    assert decide(sends=sends, now=NOW + DAY).verdict is Verdict.SEND
    assert decide("newsletter", sends=sends).verdict is Verdict.SEND
    assert decide(sends=[*sends[:1], send(DAY, ref="m/send/3", channel="sms")]).verdict is Verdict.SEND
    assert decide(sends=[*sends[:1], send(DAY, ref="m/send/3", status="failed")]).verdict is Verdict.SEND


def test_a_message_for_the_night_waits_for_the_customer_s_morning() -> None:
    night = NOW.replace(hour=2)
    decision = decide(channel="sms", now=night, attributes={"time_zone": "America/New_York"})
    assert (decision.verdict, decision.until) == (Verdict.SUPPRESS, NOW.replace(hour=13))
    assert decide(channel="email", now=night).verdict is Verdict.SEND


@pytest.mark.parametrize(
    ("day", "verdict"), [("2025-04-18", "suppress"), ("2026-12-25", "suppress"), ("2026-04-18", "send")]
)
def test_holidays_are_dropped(day: str, verdict: str) -> None:
    decision = decide(now=datetime.fromisoformat(f"{day}T12:00+00:00"))
    assert decision.verdict == verdict
    assert decision.outcome == (Outcome.DROP if verdict == "suppress" else None)


def test_only_offers_for_the_product_with_the_issue_give_way_to_help() -> None:
    broken = [issue(products=("phone",))]
    decision = decide("upsell", issues=broken, products=("phone", "case"))
    assert (decision.outcome, decision.substitute) == (Outcome.SWAP, "help-page")
    assert decide("upsell", issues=broken, products=("laptop",)).verdict is Verdict.SEND
    assert decide("upsell", issues=[issue(products=())], products=("laptop",)).verdict is Verdict.SUPPRESS


def test_the_last_answer_counts_and_not_an_earlier_one() -> None:
    bad, good = survey(10 * DAY, ref="f/survey/1"), survey(DAY, ref="f/survey/2", score=9.0, bucket="promoter")
    assert decide("solicitation", surveys=[bad]).evidence == ("f/survey/1",)
    assert decide("solicitation", surveys=[bad]).until == NOW + 20 * DAY
    assert decide("solicitation", surveys=[bad, good]).verdict is Verdict.SEND
    older = survey(20 * DAY, ref="f/survey/3", score=9.0)
    assert decide("solicitation", surveys=[older, bad]).verdict is Verdict.SUPPRESS


def test_of_several_answers_at_once_the_bad_one_counts() -> None:
    bad, good = survey(DAY, ref="f/survey/1"), survey(DAY, ref="f/survey/2", score=9.0)
    for surveys in ([bad, good], [good, bad]):
        assert decide("solicitation", surveys=surveys).evidence == ("f/survey/1",)


def test_an_important_customer_passes_a_manual_hold_and_not_an_incident() -> None:
    vip = {"is_vip": True}
    assert decide(holds=[hold()]).outcome is Outcome.REVIEW
    assert decide(holds=[hold()], attributes=vip).verdict is Verdict.SEND
    assert decide(holds=[hold(kind="incident")], attributes=vip).verdict is Verdict.SUPPRESS
    ended = decide(holds=[hold(), hold(ref="a/hold/2", kind="incident", ends_at=ago(-HOUR))], attributes=vip)
    assert (ended.verdict, ended.until) == (Verdict.SUPPRESS, NOW + HOUR)


def test_an_incident_of_a_product_holds_what_is_about_it() -> None:
    outage = [hold(kind="incident", products=("phone",))]
    assert decide(holds=outage, products=("phone",)).verdict is Verdict.SUPPRESS
    assert decide(holds=outage, products=("laptop",)).verdict is Verdict.SEND


def test_an_issue_that_is_opened_again_soon_goes_on_holding_as_if_it_had_never_been_resolved() -> None:
    starter = Policy.starter()
    cooled = starter.decide(Facts("c1", issues=[resolved(3 * DAY)]), message(), NOW)
    again = issue(reopened_at=ago(HOUR), reopened_count=1, first_active_at=ago(31 * DAY), status_since=ago(HOUR))
    assert cooled.verdict is Verdict.SEND
    assert starter.decide(Facts("c1", issues=[again]), message(), NOW).outcome is Outcome.REVIEW
    urgent = issue(priority="urgent", first_active_at=ago(400 * DAY))
    assert starter.decide(Facts("c1", issues=[urgent]), message(), NOW).outcome is Outcome.REVIEW
    forgotten = starter.decide(Facts("c1", issues=[issue(first_active_at=ago(44 * DAY))]), message(), NOW)
    assert (forgotten.verdict, forgotten.notes) == (Verdict.SEND, ("expired",))
