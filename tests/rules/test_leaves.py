"""Conditions that look at no rows: a customer's own clock, and a share of all customers that stays the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from alignkit.models import Verdict
from alignkit.rules import Decision, Facts
from alignkit.rules.conditions import AllOf, Condition, CustomerTest, Holdout, LocalDate, LocalTime, NoRow
from alignkit.rules.leaves import leaf

from .builders import NOW, TICK, at, hold, issue, message, policy, rule

NIGHT = LocalTime(local_time="21:00-08:00", fallback="Europe/Berlin")
ALWAYS = NoRow(none="posts")
HALF = Holdout(holdout=0.5, salt="spring")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def holds(condition: Condition, when: str, zone: Any = None) -> Verdict:
    facts = Facts("c1", attributes={"time_zone": zone})
    return policy(rule(condition)).decide(facts, message(), moment(when).astimezone(NOW.tzinfo)).verdict


@pytest.mark.parametrize(
    ("zone", "utc", "verdict"),
    [
        ("America/New_York", "2025-03-05T01:59:59.999999Z", "send"),
        ("America/New_York", "2025-03-05T02:00:00Z", "suppress"),
        ("Asia/Kathmandu", "2025-03-05T15:15:00Z", "suppress"),
        (None, "2025-03-05T20:00:00Z", "suppress"),
        (None, "2025-03-05T19:59:59.999999Z", "send"),
        ("Mars/Olympus", "2025-03-05T20:00:00Z", "suppress"),
        (["Europe/Berlin"], "2025-03-05T20:00:00Z", "suppress"),
    ],
)
def test_quiet_hours_are_those_of_the_customer_s_own_clock_or_else_of_the_fallback(
    zone: Any, utc: str, verdict: str
) -> None:
    assert holds(NIGHT, utc, zone) == verdict


def test_a_fixed_zone_is_the_same_for_everybody() -> None:
    fixed = LocalTime(local_time="21:00-08:00", zone="Asia/Tokyo")
    assert holds(fixed, "2025-03-05T12:00:00Z", "America/New_York") == "suppress"
    assert policy(rule(fixed)).needs == frozenset()
    assert policy(rule(NIGHT)).needs == {"attributes"}


@pytest.mark.parametrize(
    ("zone", "asked", "until"),
    [
        ("Europe/Berlin", "2025-03-29T22:00+01:00", "2025-03-30T08:00+02:00"),
        ("Europe/Berlin", "2025-10-25T22:00+02:00", "2025-10-26T08:00+01:00"),
        ("America/New_York", "2025-03-08T22:00-05:00", "2025-03-09T08:00-04:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock_in_the_nights_in_which_it_is_set(zone: str, asked: str, until: str) -> None:
    facts = Facts("c1", attributes={"time_zone": zone})
    quiet = policy(rule(NIGHT))
    decision = quiet.decide(facts, message(), moment(asked))
    assert (decision.verdict, decision.until) == (Verdict.SUPPRESS, moment(until))
    assert quiet.decide(facts, message(), moment(until) - TICK).verdict is Verdict.SUPPRESS
    assert quiet.decide(facts, message(), moment(until)).verdict is Verdict.SEND


def test_blackout_days_begin_and_end_at_the_customer_s_midnight() -> None:
    blackout = policy(rule(LocalDate(local_date=("12-24/12-26",), fallback="UTC"), outcome="drop"))
    facts = Facts("c1", attributes={"time_zone": "America/New_York"})
    decision = blackout.decide(facts, message(), moment("2025-12-26T23:00-05:00"))
    assert (decision.verdict, decision.outcome) == (Verdict.SUPPRESS, "drop")
    assert decision.until == moment("2025-12-27T00:00-05:00")
    assert blackout.decide(facts, message(), moment("2025-12-27T00:00-05:00")).until == moment("2026-12-24T00:00-05:00")


def held_out(chosen_by: str | None, holdout: Holdout = HALF) -> bool:
    return leaf(holdout)(Facts(bucketing_id=chosen_by), message(), at(NOW))


def test_the_share_of_a_holdout_is_about_what_it_says_and_the_same_ones_every_time() -> None:
    customers = [str(number) for number in range(2_000)]
    for share in (0.05, 0.5):
        chosen = [each for each in customers if held_out(each, Holdout(holdout=share, salt="spring"))]
        assert abs(len(chosen) - share * 2_000) < 100
        assert chosen == [each for each in customers if held_out(each, Holdout(holdout=share, salt="spring"))]
    smaller = {each for each in customers if held_out(each, Holdout(holdout=0.05, salt="spring"))}
    assert smaller <= {each for each in customers if held_out(each)}


def test_another_salt_chooses_others() -> None:
    customers = [str(number) for number in range(200)]
    other = Holdout(holdout=0.5, salt="autumn")
    assert [held_out(each) for each in customers] != [held_out(each, other) for each in customers]


def test_the_hash_is_the_one_that_is_written_down() -> None:
    # SHA-256 of "spring\n1" begins with 0x83…, of "spring\n3" with 0x29…: see the page of exact semantics.
    from hashlib import sha256

    for chosen_by in ("1", "3", "c1"):
        number = int(sha256(f"spring\n{chosen_by}".encode()).hexdigest()[:16], 16)
        assert held_out(chosen_by) is (number < 2**63)


def test_a_store_s_own_number_of_the_customer_chooses_nobody() -> None:
    everybody = Holdout(holdout=0.999_999, salt="spring")
    assert [held_out(str(number), everybody) for number in range(20)] == [True] * 20
    assert not any(leaf(everybody)(Facts(str(number)), message(), at(NOW)) for number in range(20))


def test_nobody_unknown_is_held_out() -> None:
    assert not held_out(None)


IN = next(str(number) for number in range(100) if held_out(str(number)))
OUT = next(str(number) for number in range(100) if not held_out(str(number)))
MEASURED = policy(rule(ALWAYS, id="hold"), rule(HALF, "exempt", id="measure"))


def measured(chosen_by: str, **facts: Any) -> Decision:
    return MEASURED.decide(Facts(bucketing_id=chosen_by, **facts), message(), NOW)


def test_who_is_held_out_gets_the_message_and_the_decision_says_so() -> None:
    let_through, held = measured(IN), measured(OUT)
    assert (let_through.verdict, let_through.rules) == (Verdict.SEND, ("measure",))
    assert [tuple(each) for each in let_through.trials] == [("measure", True)]
    assert (held.verdict, held.rules) == (Verdict.SUPPRESS, ("hold",))
    assert [tuple(each) for each in held.trials] == [("measure", False)]
    assert let_through.to_dict()["trials"] == [{"rule": "measure", "is_held_out": True}]


@pytest.mark.parametrize(
    "urgent",
    [
        issue(priority="urgent"),
        issue(severity="critical"),
        issue(type="complaint"),
        issue(priority="urgent", active=None, status="unknown"),
    ],
)
@pytest.mark.parametrize("collection", ["issues", "account_issues"])
@pytest.mark.parametrize("on_unknown", ["active", "inactive"])
def test_nobody_with_something_urgent_is_held_out_or_measured(urgent: Any, collection: str, on_unknown: str) -> None:
    cautious = MEASURED.model_copy(update={"on_unknown": on_unknown})
    facts = Facts(bucketing_id=IN)
    setattr(facts, collection, [urgent])
    decision = cautious.decide(facts, message(), NOW)
    assert decision.verdict is Verdict.SUPPRESS
    assert decision.trials == ()


def test_an_urgent_issue_that_is_over_or_nobody_s_problem_does_not_count() -> None:
    over = issue(priority="urgent", active=False, status="resolved")
    assert measured(IN, issues=[over, issue(priority="urgent", excluded="spam")]).verdict is Verdict.SEND


def test_nothing_is_measured_where_nothing_holds() -> None:
    idle = policy(rule(NoRow(none="holds"), id="hold"), rule(HALF, "exempt", id="measure"))
    assert idle.decide(Facts(bucketing_id=IN, holds=[hold()]), message(), NOW).trials == ()


def test_only_those_are_measured_whom_the_rest_of_the_rule_lets_through() -> None:
    narrow = AllOf(all_of=(CustomerTest(customer="tier", equals="gold"), HALF))
    both = policy(rule(ALWAYS, id="hold"), rule(narrow, "exempt", id="measure"))
    for who in (IN, OUT):
        gold = both.decide(Facts(bucketing_id=who, attributes={"tier": "gold"}), message(), NOW)
        assert [each.is_held_out for each in gold.trials] == [who == IN]
        assert both.decide(Facts(bucketing_id=who, attributes={"tier": "tin"}), message(), NOW).trials == ()


def test_a_window_is_asked_at_the_instant_of_the_decision_alone() -> None:
    day = policy(rule(LocalTime(local_time="00:00-24:00", days=("wed",), zone="UTC")))
    decision = day.decide(Facts(), message(), NOW)
    assert decision.until == NOW.replace(hour=0) + timedelta(days=1)
