"""A decision explains itself: rule by rule, and by what would change it."""

from __future__ import annotations

import json
from datetime import datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.models import Outcome, Verdict
from alignkit.rules import Facts, Policy
from alignkit.rules.conditions import AllOf, AnyOf, AnyRow, CustomerTest, NoRow, RowTest

from .builders import DAY, HOUR, NOW, hold, issue, message, policy, random_facts, random_message, random_policy, rule
from .builders import send as sent

STARTER = Policy.starter()
seeds = st.integers(min_value=0, max_value=2**32).map(Random)
HIGH = RowTest(field="priority", in_=("high", "urgent"))
FAULTY = issue(ref="desk/issue/9", reopened_count="many")


def test_the_one_fact_that_holds_a_message_would_let_it_go() -> None:
    [cause] = STARTER.decide(Facts(issues=[issue()]), message(), NOW).causes()
    assert (cause.reference, cause.rules) == ("desk/issue/1", ("open-issue",))
    assert (cause.verdict, cause.outcome, cause.without) == (Verdict.SEND, None, ())
    assert not cause.is_redundant


def test_one_of_two_facts_that_each_suffice_is_redundant_and_says_so() -> None:
    two = Facts(issues=[issue(), issue(ref="desk/issue/2")])
    causes = STARTER.decide(two, message(), NOW).causes()
    assert [(each.reference, each.is_redundant) for each in causes] == [("desk/issue/1", True), ("desk/issue/2", True)]
    assert {each.verdict for each in causes} == {Verdict.SUPPRESS}


def test_a_fact_that_changes_only_the_outcome_is_not_redundant() -> None:
    either = policy(
        rule(AnyRow(any="issues"), id="issue", outcome="review"), rule(AnyRow(any="sends"), id="cap", outcome="defer")
    )
    causes = either.decide(Facts(issues=[issue()], sends=[sent(HOUR)]), message(), NOW).causes()
    told = {each.reference: (each.verdict, each.outcome, each.without, each.is_redundant) for each in causes}
    assert told == {
        "desk/issue/1": (Verdict.SUPPRESS, Outcome.DEFER, ("cap",), False),
        "mail/send/1": (Verdict.SUPPRESS, Outcome.REVIEW, ("issue",), False),
    }


def test_what_frees_a_message_is_a_cause_as_well() -> None:
    freed = policy(rule(NoRow(none="posts"), id="always"), rule(AnyRow(any="holds"), "exempt", id="pass"))
    [cause] = freed.decide(Facts(holds=[hold()]), message(), NOW).causes()
    assert (cause.rules, cause.verdict, cause.without) == (("pass",), Verdict.SUPPRESS, ("always",))


@pytest.mark.parametrize("sources", [{"desk": NOW - 7 * HOUR}, {"desk": None}])
def test_without_the_one_fact_a_message_that_waits_for_sources_waits_all_the_same(
    sources: dict[str, datetime | None],
) -> None:
    asked = message("solicitation")
    decision = STARTER.decide(Facts(issues=[issue()]), asked, NOW, **STARTER.view(asked, NOW, sources)._asdict())
    [cause] = decision.causes()
    assert decision.rules == cause.rules == ("open-issue",)
    assert (cause.verdict, cause.outcome, cause.without) == (Verdict.SUPPRESS, Outcome.DEFER, ())
    assert not cause.is_redundant, "the rules would be others"


@given(seeds)
@settings(max_examples=300)
def test_removing_what_is_cited_changes_the_decision_or_it_was_redundant(random: Random) -> None:
    chosen = STARTER if random.random() < 0.5 else random_policy(random)
    facts, said = random_facts(random), random_message(random)
    seen = chosen.view(said, NOW, {"desk": random.choice([NOW, NOW, NOW - 3 * HOUR, NOW - 9 * HOUR, None])})
    decision = chosen.decide(facts, said, NOW, **seen._asdict())
    causes = decision.causes()
    assert tuple(each.reference for each in causes) == decision.evidence
    basis = decision.basis
    assert basis is not None
    for cause in causes:
        after = chosen.decide(basis.without(cause.reference).facts, said, NOW, **seen._asdict())
        assert (after.verdict, after.outcome, after.rules) == (cause.verdict, cause.outcome, cause.without)
        assert cause.reference not in after.evidence
        same = (after.verdict, after.outcome, after.rules, after.notes, after.errors)
        before = (decision.verdict, decision.outcome, decision.rules, decision.notes, decision.errors)
        assert cause.is_redundant is (same == before)


def test_a_trace_tells_how_every_rule_and_every_part_of_it_was_answered() -> None:
    both = AllOf(all_of=(AnyRow(any="issues", where=(HIGH,)), AnyOf(any_of=(NoRow(none="holds"), AnyRow(any="posts")))))
    vip = CustomerTest(customer="is_vip", equals=True)
    chosen = policy(
        rule(both, id="serious", reason="{rows} since {since}", why="Nobody buys then."),
        rule(vip, "exempt", id="vip", reason="a VIP"),
        rule(AnyRow(any="sends"), id="elsewhere", channels=("sms",)),
    )
    decision = chosen.decide(Facts("c1", issues=[issue(priority="high")], attributes={}), message(), NOW)
    serious, freeing = decision.trace()
    assert (serious.rule, serious.effect, serious.outcome) == ("serious", "suppress", "defer")
    assert (serious.answer, serious.is_deciding, serious.evidence) == (True, True, ("desk/issue/1",))
    assert serious.reason.startswith("desk/issue/1, open, high priority since ")
    assert serious.why == "Nobody buys then."
    first, second = serious.condition.inside
    assert (first.answer, first.evidence, first.inside) == (True, ("desk/issue/1",), ())
    assert first.condition == {"any": "issues", "where": [{"field": "priority", "in": ["high", "urgent"]}]}
    assert [each.answer for each in second.inside] == [True, False]
    assert (freeing.answer, freeing.is_deciding, freeing.reason) == (False, False, "a VIP")
    assert json.loads(decision.trace_to_json())["rules"][0]["condition"]["inside"][1]["inside"][1]["answer"] is False


def test_a_trace_says_where_a_fault_keeps_an_answer_from_being_known() -> None:
    often = AnyRow(any="issues", where=(RowTest(field="reopened_count", at_least=2),))
    [trace] = policy(rule(often)).decide(Facts(issues=[FAULTY]), message(), NOW).trace()
    assert (trace.answer, trace.is_deciding, trace.evidence) == (None, True, ())


def test_a_message_that_is_always_allowed_has_nothing_to_trace() -> None:
    decision = STARTER.decide(Facts(issues=[issue()]), message("transactional"), NOW)
    assert (decision.trace(), decision.causes(), decision.trials) == ((), (), ())


def test_a_decision_without_facts_has_nothing_to_trace() -> None:
    decision = STARTER.withhold(message(), NOW, "the store did not answer")
    assert (decision.trace(), decision.causes(), decision.trials, decision.reasons) == ((), (), (), ())


def test_the_relevance_of_a_deferred_message_is_the_shortest_that_a_rule_gives_it() -> None:
    chosen = policy(
        rule(AnyRow(any="issues"), id="a", relevance="3d"),
        rule(AnyRow(any="issues"), id="b", relevance="30d"),
        rule(AnyRow(any="issues"), id="c"),
        rule(AnyRow(any="holds"), id="d", outcome="review"),
        rule(AnyRow(any="sends"), id="e", relevance="1h"),
    )
    assert chosen.decide(Facts(issues=[issue()]), message(), NOW).relevance == 3 * DAY
    assert chosen.decide(Facts(issues=[issue()], holds=[hold()]), message(), NOW).relevance is None
    assert chosen.decide(Facts(), message(), NOW).relevance is None


def test_the_substitute_is_named_where_nothing_wants_silence() -> None:
    chosen = policy(
        rule(AnyRow(any="issues"), id="a", outcome="swap"),
        rule(AnyRow(any="issues"), id="b", outcome="swap", substitute="apology"),
        rule(AnyRow(any="holds"), id="c", outcome="defer"),
    )
    assert chosen.decide(Facts(issues=[issue()]), message(), NOW).substitute == "apology"
    assert chosen.decide(Facts(issues=[issue()], holds=[hold()]), message(), NOW).substitute is None
