"""How far sources can be trusted, and what follows for a decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alignkit.errors import DataInvalid
from alignkit.models import Outcome, Verdict
from alignkit.rules import Decision, Facts, Freshness, Policy, Stale, View
from alignkit.rules.freshness import fresh_until

from .builders import DAY, HOUR, NOW, TICK, issue, message, policy, resolved

STARTER = Policy.starter(expects=["desk"])


def view(category: str = "promotional", policy: Policy = STARTER, **sources: datetime | None) -> View:
    return policy.view(message(category), NOW, sources)


def decide(category: str, facts: Facts, policy: Policy = STARTER, **sources: datetime | None) -> Decision:
    return policy.decide(facts, message(category), NOW, **view(category, policy, **sources)._asdict())


def test_a_source_read_within_its_budget_is_trusted_up_to_now() -> None:
    assert view(desk=NOW - 6 * HOUR) == View(NOW)


def test_past_the_budget_facts_are_trusted_to_its_end() -> None:
    read_at = NOW - 6 * HOUR - TICK
    assert view(desk=read_at) == View(NOW - TICK, (Stale("desk", read_at),))


def test_the_source_that_was_read_longest_ago_bounds_the_trust() -> None:
    seen = view(desk=NOW - 8 * HOUR, forms=NOW - 10 * HOUR, net=NOW)
    assert seen.as_of == NOW - 4 * HOUR
    assert [each.source for each in seen.stale] == ["desk", "forms"]


def test_an_expected_source_that_was_never_read_is_incomplete() -> None:
    assert view() == View(NOW, (), ("desk",))
    assert view(desk=None, forms=None).incomplete == ("desk", "forms")


def test_what_has_no_budget_is_blind_to_nothing() -> None:
    for category in ("transactional", "onboarding"):
        assert view(category, desk=NOW - 99 * DAY, forms=None) == View(NOW)


@pytest.mark.parametrize(
    "sources",
    [
        {"desk": NOW},
        {"desk": NOW - HOUR, "forms": NOW - 2 * HOUR},
        {"desk": NOW - 8 * HOUR},
        {"desk": NOW, "forms": None},
        {"desk": None},
        {"forms": NOW},
        {},
    ],
)
@pytest.mark.parametrize("category", ["promotional", "solicitation", "transactional", "onboarding"])
def test_sources_are_fresh_up_to_an_instant_and_not_after_it(
    category: str, sources: dict[str, datetime | None]
) -> None:
    plan = STARTER.compile().plan(message(category))
    if plan is None:
        return
    last = fresh_until(plan, sources)
    instants = (NOW - HOUR, NOW, NOW + DAY, *((last, last + TICK) if last and last.year < 9999 else ()))
    for now in instants:
        is_fresh = STARTER.view(message(category), now, sources) == View(now)
        assert is_fresh == (last is not None and now <= last)


def test_a_cool_down_does_not_run_out_on_data_that_nobody_renewed() -> None:
    facts = Facts(issues=[resolved(49 * HOUR)])
    assert decide("promotional", facts, desk=NOW - HOUR).verdict is Verdict.SEND
    decision = decide("promotional", facts, desk=NOW - 8 * HOUR)
    assert (decision.verdict, decision.rules) == (Verdict.SUPPRESS, ("cool-down",))
    assert decision.decided_as_of == NOW - 2 * HOUR
    assert "desk has not been read for 8 hours" in decision.explain()
    assert "decided as of 5 March at 10:00 UTC" in decision.explain()


def test_solicitation_waits_for_a_stale_source() -> None:
    decision = decide("solicitation", Facts(), desk=NOW - 7 * HOUR)
    assert (decision.verdict, decision.outcome, decision.rules) == (Verdict.SUPPRESS, Outcome.DEFER, ())
    assert decision.explain() == "hold: desk has not been read for 7 hours"


def test_marketing_waits_until_an_expected_source_has_been_read_once() -> None:
    decision = decide("promotional", Facts())
    assert (decision.verdict, decision.incomplete) == (Verdict.SUPPRESS, ("desk",))
    assert decision.explain() == "hold: desk has never been read to its end"
    assert decide("onboarding", Facts()).verdict is Verdict.SEND
    assert decide("transactional", Facts(issues=[issue()])).verdict is Verdict.SEND


def test_allow_decides_by_what_is_known_and_says_so() -> None:
    lax = policy(freshness=(Freshness(categories=("upsell",), budget=HOUR, mode="allow"),))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - words will do
    decision = decide("upsell", Facts(), lax, desk=NOW - 2 * HOUR)
    assert (decision.verdict, decision.decided_as_of) == (Verdict.SEND, NOW)
    assert "desk has not been read for 2 hours" in decision.explain()


@pytest.mark.parametrize("category", ["promotional", "solicitation"])
def test_time_alone_changes_nothing_while_sources_are_blind(category: str) -> None:
    decision = decide(category, Facts(issues=[resolved(HOUR)]), desk=NOW - 7 * HOUR)
    assert decision.verdict is Verdict.SUPPRESS
    assert (decision.until, decision.recheck_at) == (None, None)


def test_a_hold_by_a_rule_and_a_blind_spot_tells_both() -> None:
    said = decide("solicitation", Facts(issues=[issue()]), desk=NOW - 7 * HOUR).explain()
    assert "desk/issue/1" in said
    assert said.endswith("; also, desk has not been read for 7 hours")


def test_trust_never_reaches_beyond_now() -> None:
    decision = STARTER.decide(Facts(), message(), NOW, as_of=NOW + DAY)
    assert decision.decided_as_of == NOW


@pytest.mark.parametrize(
    "arguments", [{"now": NOW.replace(tzinfo=None)}, {"now": NOW, "as_of": NOW.replace(tzinfo=None)}]
)
def test_a_time_without_a_zone_is_refused(arguments: Any) -> None:
    with pytest.raises(DataInvalid, match="has no time zone; pass an aware time"):
        STARTER.decide(Facts(), message(), **arguments)
