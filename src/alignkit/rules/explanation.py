"""Explains a decision: in sentences, rule by rule for a developer, and by what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.basis import Basis
from alignkit.rules.compiler import CompiledRule, fault_of
from alignkit.rules.conditions import Condition
from alignkit.rules.evaluation import Evaluation
from alignkit.rules.freshness import waiting
from alignkit.rules.leaves import leaf
from alignkit.rules.ruleset import Effect, holdout_of
from alignkit.rules.structure import inside, without_share
from alignkit.rules.wording import fill, spell_day


@dataclass(frozen=True, slots=True)
class Cause:
    """What would be decided if one thing that a decision cites were not there.

    Attributes:
        reference: the thing, `source/type/id`; every row that was read from it is left out.
        rules: ids of the rules that cite it, sorted.
        verdict, outcome, without: the verdict, the outcome and the deciding rules that there would be.
        is_redundant: nothing but the evidence would be another: other things suffice.
    """

    reference: str
    rules: tuple[str, ...]
    verdict: Verdict
    outcome: Outcome | None
    without: tuple[str, ...]
    is_redundant: bool


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """How one condition was answered: `answer` is None where a fault keeps it from being known."""

    condition: dict[str, Any]
    answer: bool | None
    evidence: tuple[str, ...]
    inside: tuple[ConditionTrace, ...]


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """How one rule that governs the message was answered, whether or not it decided.

    Attributes:
        is_deciding: it is one of the decision's `rules`.
        reason: the sentence for a marketer, filled in where the rule holds.
        why: why the rule exists.
    """

    rule: str
    effect: Effect
    outcome: Outcome | None
    answer: bool | None
    is_deciding: bool
    evidence: tuple[str, ...]
    reason: str
    why: str
    condition: ConditionTrace


class Trial(NamedTuple):
    """A customer's part in the measurement of one holdout: let through (`is_held_out`), or held as ever."""

    rule: str
    is_held_out: bool


def reasons(basis: Basis, evaluation: Evaluation, as_of: int, now: datetime) -> tuple[str, ...]:
    """One sentence for each rule that decided, then one for each that notes."""
    return tuple(
        fault_of(id) if fault_of(id) in evaluation.errors else _reason(basis, basis.compiled.rule(id), as_of, now)
        for id in (*evaluation.rules, *evaluation.notes)
    )


def _reason(basis: Basis, rule: CompiledRule, as_of: int, now: datetime) -> str:
    return fill(rule.rule.reason, rule.cite(basis.facts, basis.message, as_of), now)


def why_sent(basis: Basis | None, as_of: int, now: datetime) -> str:
    """Why a message goes out where no rule has said anything."""
    if basis is None:
        return "such messages are always allowed"
    policy, message = basis.compiled.policy, basis.message
    if message.category in policy.always_allowed:
        return f"{message.category.replace('_', ' ')} messages are always allowed"
    if policy.always_allows(message):
        return "a message about an issue itself is always allowed"
    if ended := basis.ended(as_of):
        at, hold = ended
        causes = ", ".join((*hold.rules, *hold.evidence))
        return f"no hold is in force; the last one ({causes}) ended on {spell_day(at, now)}"
    return "nothing that is known speaks against it"


def causes(basis: Basis, evaluation: Evaluation, as_of: int, *, must_wait: bool = False) -> tuple[Cause, ...]:
    """What would be decided without each thing that the decision cites, one at a time."""
    case = (basis.facts, basis.message, as_of)
    cited = {id: basis.compiled.rule(id).names(*case) for id in (*evaluation.rules, *evaluation.notes)}
    found: list[Cause] = []
    for each in evaluation.evidence:
        then = basis.without(each).evaluate(as_of)
        rules = [id for id, names in cited.items() if each in names]
        found.append(_cause(evaluation, each, rules, waiting(then) if must_wait else then))
    return tuple(found)


def _cause(evaluation: Evaluation, cited: str, rules: list[str], then: Evaluation) -> Cause:
    return Cause(
        cited,
        tuple(sorted(rules)),
        then.verdict,
        then.outcome,
        then.rules,
        is_redundant=then._replace(evidence=()) == evaluation._replace(evidence=()),
    )


def traces(basis: Basis, evaluation: Evaluation, as_of: int, now: datetime) -> tuple[RuleTrace, ...]:
    """How each rule that governs the message was answered."""
    return tuple(_trace(basis, rule, evaluation, as_of, now) for rule in basis.rules())


def _trace(basis: Basis, rule: CompiledRule, evaluation: Evaluation, as_of: int, now: datetime) -> RuleTrace:
    condition = _condition(basis, rule, rule.rule.when, as_of)
    return RuleTrace(
        rule.id,
        rule.rule.effect,
        rule.rule.outcome,
        condition.answer,
        is_deciding=rule.id in evaluation.rules,
        evidence=condition.evidence,
        reason=_reason(basis, rule, as_of, now) if condition.answer else rule.rule.reason,
        why=rule.rule.why,
        condition=condition,
    )


def _condition(basis: Basis, rule: CompiledRule, when: Condition, as_of: int) -> ConditionTrace:
    part = rule.part(when)
    case = (basis.facts, basis.message, as_of)
    return ConditionTrace(
        when.model_dump(mode="json", by_alias=True, exclude_none=True),
        part.holds(*case),
        tuple(sorted({name for name in part.names(*case) if name})),
        tuple(_condition(basis, rule, each, as_of) for each in inside(when)),
    )


def trials(basis: Basis, as_of: int) -> tuple[Trial, ...]:
    """The holdouts that could have let the message through, where some rule holds it back."""
    case = (basis.facts, basis.message, as_of)
    rules = basis.rules()
    if not any(rule.rule.effect is Effect.SUPPRESS and rule.holds(*case) is not False for rule in rules):
        return ()
    offered = [(rule, holdout_of(rule.rule.when)) for rule in rules if rule.rule.effect is Effect.EXEMPT]
    return tuple(
        Trial(rule.id, is_held_out=leaf(holdout)(*case))
        for rule, holdout in offered
        if holdout is not None and rule.part(without_share(rule.rule.when)).holds(*case)
    )
