"""Decisions: their instants to the microsecond, their sentences, and their plain values."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from alignkit.errors import DataInvalid
from alignkit.models import Outcome, Verdict
from alignkit.rules import Decision, Facts, Policy
from alignkit.rules.conditions import AnyRow, CustomerTest, NoRow

from .builders import DAY, HOUR, NOW, TICK, ago, at, hold, issue, message, policy, resolved, rule, signal

STARTER = Policy.starter()


def decide(now: datetime = NOW, category: str = "promotional", **facts: Any) -> Decision:
    return STARTER.decide(Facts("c1", **facts), message(category), now)


def open_issue() -> Any:
    return issue(
        ref="shop-zendesk/issue/12",
        status="waiting_on_third_party",
        priority="high",
        first_active_at=ago(2 * DAY),
    )


def test_a_cool_down_ends_to_the_microsecond() -> None:
    facts: dict[str, Any] = {"issues": [resolved(HOUR)]}
    ends = NOW + 47 * HOUR
    assert decide(**facts).until == ends
    assert decide(ends - TICK, **facts).until == ends
    assert decide(ends - TICK, **facts).verdict is Verdict.SUPPRESS
    assert decide(ends, **facts).verdict is Verdict.SEND
    assert decide(ends, **facts).until is None


def test_a_hold_that_hands_over_to_another_ends_with_the_last() -> None:
    facts: dict[str, Any] = {"issues": [resolved(HOUR)], "holds": [hold(ends_at=at(NOW + 3 * DAY))]}
    decision = decide(**facts)
    assert (decision.recheck_at, decision.until) == (NOW + 47 * HOUR, NOW + 3 * DAY)


def test_a_hold_that_begins_later_is_foreseen() -> None:
    decision = decide(holds=[hold(opened_at=at(NOW + DAY))])
    assert (decision.verdict, decision.until) == (Verdict.SEND, NOW + DAY)


def test_a_note_alone_moves_recheck_at_and_not_until() -> None:
    waits = issue(status="waiting_on_customer", first_active_at=ago(40 * DAY), status_since=ago(DAY), priority="high")
    noted = decide(issues=[waits], holds=[hold()])
    assert noted.recheck_at == NOW + 4 * DAY
    assert noted.until is None


def test_nothing_further_than_ten_years_is_foreseen() -> None:
    far = NOW + timedelta(days=3653)
    assert decide(holds=[hold(ends_at=at(far))]).until == far
    assert decide(holds=[hold(ends_at=at(far + TICK))]).until is None


def test_the_end_of_the_calendar_is_no_fault() -> None:
    late = datetime(9999, 12, 31, tzinfo=UTC)
    assert decide(late, holds=[hold(ends_at=at(late + HOUR))]).until == late + HOUR
    assert decide(late, holds=[hold(ends_at=2**62)]).until is None


def test_instants_are_aware_and_in_utc_whatever_zone_was_asked_in() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-7)))
    decision = decide(there, issues=[resolved(HOUR)])
    assert decision == decide(issues=[resolved(HOUR)])
    assert decision.until is not None
    assert decision.until.tzinfo is UTC
    assert decision.decided_at.tzinfo is UTC


def test_a_hold_names_what_is_open_since_when_and_what_ends_it() -> None:
    assert decide(issues=[open_issue()]).explain() == (
        "hold: an open issue (shop-zendesk/issue/12, waiting for a third party, high priority) is being worked on "
        "since 3 March; marketing waits until it is resolved and 48 hours have passed; unless something changes, it "
        "may go on 16 April at 12:00 UTC"
    )


@pytest.mark.parametrize("outcome", [Outcome.DROP, Outcome.SWAP])
def test_no_sentence_promises_a_message_that_is_done_with(outcome: Outcome) -> None:
    rules = tuple(
        each.model_copy(update={"outcome": outcome}) if each.effect == "suppress" else each for each in STARTER.rules
    )
    changed = STARTER.model_copy(update={"rules": rules})
    said = changed.decide(Facts(issues=[open_issue()]), message(), NOW).explain()
    assert said.endswith("; unless something changes, one like it may go on 16 April at 12:00 UTC")


def test_a_hold_names_the_oldest_of_several_issues() -> None:
    said = decide(issues=[issue(), open_issue(), issue(ref="desk/issue/0", first_active_at=ago(9 * DAY))]).explain()
    assert "(desk/issue/0, open, normal priority, and 2 more)" in said
    assert "since 24 February" in said


def test_a_send_says_which_hold_has_ended() -> None:
    assert decide(issues=[resolved(3 * DAY)]).explain() == (
        "send: no hold is in force; the last one (cool-down, desk/issue/1) ended on 4 March"
    )


def test_a_send_says_that_nothing_is_known_against_it() -> None:
    assert decide().explain() == "send: nothing that is known speaks against it"
    assert decide(issues=[resolved(90 * DAY)]).explain() == "send: nothing that is known speaks against it"


def test_a_send_says_that_such_messages_are_always_allowed() -> None:
    assert decide(category="service_notice", issues=[issue()]).explain() == (
        "send: service notice messages are always allowed"
    )
    about = STARTER.decide(Facts(issues=[issue()]), message(about_issue="desk/1"), NOW)
    assert about.explain() == "send: a message about an issue itself is always allowed"


def test_a_send_names_the_rule_that_exempts_it() -> None:
    vip = rule(
        CustomerTest(customer="is_vip", equals=True), "exempt", "vip", reason="the customer asked for every offer"
    )
    decision = policy(rule(AnyRow(any="issues")), vip).decide(
        Facts(issues=[issue()], attributes={"is_vip": True}), message(), NOW
    )
    assert decision.explain() == "send: the customer asked for every offer"
    assert (decision.rules, decision.evidence) == (("vip",), ())


def test_a_note_is_told_beside_the_verdict() -> None:
    said = decide(issues=[issue(status="unknown", active=None, priority="unset")]).explain()
    assert said.endswith("(note: nobody has said what the status of desk/issue/1, status unknown means)")


@pytest.mark.parametrize(
    ("outcome", "opening"),
    [
        ("defer", "hold: "),
        ("review", "hold for a person to look at: "),
        ("drop", "hold and drop: "),
        ("swap", "hold and send the substitute: "),
    ],
)
def test_a_hold_begins_with_what_becomes_of_the_message(outcome: str, opening: str) -> None:
    decision = policy(rule(NoRow(none="posts"), outcome=outcome, reason="so it is")).decide(Facts(), message(), NOW)
    assert decision.explain() == f"{opening}so it is"


def test_several_reasons_are_told_in_one_sentence() -> None:
    decision = decide(issues=[issue()], signals=[signal(f"desk/issue/{n}") for n in (1, 2, 2, 3)])
    assert decision.rules == ("open-issue", "several-negative-signals")
    assert len(decision.reasons) == 2
    assert (
        "; also, 3 bad experiences within 7 days (the first: desk/issue/1, issue opened, and 2 more)"
        in decision.explain()
    )


def test_a_rule_that_could_not_be_evaluated_is_named_without_its_data() -> None:
    decision = decide(issues=[issue(status_since="secret", status="waiting_on_customer")])
    assert decision.rules == ("open-issue",)
    assert decision.explain().startswith("hold: the rule `open-issue` could not be evaluated; unless")
    assert "secret" not in decision.to_json()


def test_a_decision_without_facts_waits_and_says_why() -> None:
    decision = STARTER.withhold(message(), NOW, "the store did not answer", customer="c1")
    assert (decision.verdict, decision.customer) == (Verdict.SUPPRESS, "c1")
    assert (decision.until, decision.recheck_at, decision.reasons) == (None, None, ())
    assert decision.explain() == "hold: the store did not answer"


def test_a_transactional_message_needs_no_facts() -> None:
    decision = STARTER.withhold(message("transactional"), NOW, "the store did not answer")
    assert (decision.verdict, decision.outcome) == (Verdict.SEND, None)
    assert decision.explain() == "send: such messages are always allowed (note: the store did not answer)"


def test_withholding_wants_an_aware_time() -> None:
    with pytest.raises(DataInvalid, match="`now` has no time zone"):
        STARTER.withhold(message(), NOW.replace(tzinfo=None), "the store did not answer")


def test_plain_values_are_complete_and_stable() -> None:
    decision = decide(issues=[open_issue()])
    values = json.loads(decision.to_json())
    assert values == decision.to_dict()
    told = {name for name, value in vars(Decision).items() if isinstance(value, property) and name[0] != "_"}
    kept = {each.name for each in fields(Decision) if each.name[0] != "_"}
    whole = {"basis", "evaluation", "compiled", "facts", "message", "relevance", "view", "is_withheld"}
    assert set(values) == (told | kept) - whole | {"relevance_seconds", "explanation"}
    assert values["decided_at"] == "2025-03-05T12:00:00.000000Z"
    assert values["until"] == "2025-04-16T12:00:00.000000Z"
    assert values["policy"] == STARTER.digest
    assert values["scope"] == "promotional/email"
    assert decision.to_json() == decide(issues=[open_issue()]).to_json()


def test_a_repr_is_short_and_names_nobody() -> None:
    decision = STARTER.decide(Facts("ada@example.com", issues=[issue(ref="desk/issue/ada")]), message(), NOW)
    assert repr(decision) == "<Decision suppress defer: open-issue>"
    assert repr(STARTER.decide(Facts("ada@example.com"), message(), NOW)) == "<Decision send: no rule>"


def test_decisions_are_equal_by_what_they_say() -> None:
    assert decide(issues=[issue()]) == decide(issues=[replace(issue(), brand="other")])
    assert decide(issues=[issue()]) != decide()


def test_instants_are_computed_once() -> None:
    facts = Facts("c1", issues=[resolved(HOUR)])
    decision = STARTER.decide(facts, message(), NOW)
    first = (decision.until, decision.recheck_at)
    facts.issues.clear()
    assert (decision.until, decision.recheck_at) == first
