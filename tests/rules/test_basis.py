"""What a decision was made from can be asked about other instants, and about less than is known."""

from __future__ import annotations

from typing import Any

from alignkit.models import Verdict
from alignkit.rules import Facts, Policy
from alignkit.rules.basis import Basis
from alignkit.rules.conditions import AnyRow, LocalTime

from .builders import DAY, HOUR, NOW, at, issue, message, policy, resolved, rule, signal, survey

STARTER = Policy.starter()
NIGHT = rule(LocalTime(local_time="21:00-08:00", zone="UTC"), id="night")


def basis(chosen: Policy, **facts: Any) -> Basis:
    found = chosen.decide(Facts("c1", **facts), message(), NOW).basis
    assert found is not None
    return found


def test_without_a_thing_every_row_that_was_read_from_it_is_gone_and_nothing_else() -> None:
    whole = basis(
        STARTER, issues=[issue()], signals=[signal("desk/issue/1"), signal("desk/issue/2")], surveys=[survey(DAY)]
    )
    less = whole.without("desk/issue/1").facts
    assert (less.issues, [each.thing for each in less.signals], len(less.surveys)) == ([], ["desk/issue/2"], 1)
    assert len(whole.facts.issues) == 1
    assert less.customer == "c1"


def test_the_rules_that_govern_the_message_are_told_by_id() -> None:
    ids = [each.id for each in basis(STARTER).rules()]
    assert ids == sorted(ids)
    assert "open-issue" in ids
    assert "onboarding-issue" not in ids


def test_the_last_hold_that_time_has_ended_is_told() -> None:
    ended = basis(STARTER, issues=[resolved(2 * DAY + HOUR)]).ended(at(NOW))
    assert ended is not None
    moment, hold = ended
    assert (moment, hold.rules) == (NOW - HOUR, ("cool-down",))
    assert basis(STARTER, issues=[resolved(40 * DAY)]).ended(at(NOW)) is None


def test_nights_beside_an_issue_without_an_end_change_no_verdict_in_ten_years() -> None:
    both = policy(NIGHT, rule(AnyRow(any="issues"), id="issue"))
    asked = basis(both, issues=[issue()])
    assert asked.change(at(NOW), verdict_alone=True) is None
    assert asked.change(at(NOW), verdict_alone=False) == NOW.replace(hour=21)
    assert len(list(both.compile().news(asked.facts, asked.message, at(NOW), at(NOW + 300 * DAY)))) == 1


def test_nights_are_asked_again_after_an_instant_of_a_row() -> None:
    cooling = policy(NIGHT, *(each for each in STARTER.rules if each.id == "cool-down"))
    asked = basis(cooling, issues=[resolved(0 * DAY)])
    assert asked.change(at(NOW), verdict_alone=True) == NOW + 2 * DAY
    night = cooling.decide(asked.facts, asked.message, NOW + 2 * DAY)
    assert (night.verdict, night.until) == (Verdict.SEND, NOW.replace(hour=21) + 2 * DAY)
