"""Looks at rules together: which of them never make a difference because of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alignkit.rules.check.finding import Fault, Finding
from alignkit.rules.check.formula import Every, denied
from alignkit.rules.check.probe import Probe, example, listed
from alignkit.rules.check.search import Case
from alignkit.rules.evaluation import CAUTION
from alignkit.rules.policy import Effect, Rule

MOST_TOGETHER = 12
"""So many rules together are looked at as the shadow of one."""


def shadowed(probe: Probe) -> Iterator[Finding]:
    """Rules without which every message would be decided the same, though they can hold."""
    gone: set[str] = set()
    for effect in (Effect.SUPPRESS, Effect.EXEMPT):
        rules = probe.rules(effect)
        for rule in reversed(rules):
            others = [one for one in rules if one is not rule and one.id not in gone and _is_as_cautious(one, rule)]
            case, shadows = _implied(probe, rule, others)
            if case is not None and shadows:
                gone.add(rule.id)
                yield _shadowed(rule, shadows, case)


def repeated(probe: Probe) -> Iterator[Finding]:
    """Notes that say of the same messages the same as another."""
    said: dict[str, Rule] = {}
    for rule in probe.rules(Effect.NOTE):
        kept = {name: getattr(rule, name) for name in ("categories", "channels", "when", "reason")}
        first = said.setdefault(repr(kept), rule)
        case = probe.case_of(rule).case
        if first is not rule and case is not None:
            yield Finding(
                Fault.SHADOWED,
                rule.id,
                f"`{rule.id}` makes no difference: wherever it notes something, `{first.id}` notes the same",
                f"remove `{rule.id}`, or let it say something else",
                example(case, f"`{first.id}` and `{rule.id}` note the same"),
                (first.id,),
            )


def _is_as_cautious(other: Rule, rule: Rule) -> bool:
    """Whether the outcome of a rule is lost in that of another."""
    if rule.outcome is None or other.outcome is None:
        return True
    if other.outcome is not rule.outcome:
        return CAUTION[other.outcome] > CAUTION[rule.outcome]
    return all(getattr(rule, name, None) in (None, getattr(other, name, None)) for name in ("relevance", "substitute"))


def _implied(probe: Probe, rule: Rule, others: Sequence[Rule]) -> tuple[Case | None, list[str]]:
    """Facts on which the rule holds, and the rules of which always one holds with it; none where it stands alone."""
    case = probe.case_of(rule).case
    if case is None:
        return None, []
    held = probe.holding(case)
    beside = [one for one in others if one.id in held]
    for one in beside:
        if _always(probe, rule, [one]):
            return case, [one.id]
    related = [one for one in others if probe.collections(one) & probe.collections(rule)] if beside else []
    if 1 < len(related) <= MOST_TOGETHER and _always(probe, rule, related):
        return case, [one.id for one in _fewest(probe, rule, related)]
    return case, []


def _always(probe: Probe, rule: Rule, others: Sequence[Rule]) -> bool:
    """Whether one of the others holds wherever the rule does."""
    ids = frozenset(one.id for one in others)
    if any(rule.id in held and held.isdisjoint(ids) for held in probe.seen):
        return False

    def stands_alone(case: Case) -> bool:
        held = probe.holding(case)
        return rule.id in held and held.isdisjoint(ids)

    claims = Every((probe.claims(rule), *(denied(probe.claims(one)) for one in others)))
    return probe.find(claims, stands_alone).is_impossible


def _fewest(probe: Probe, rule: Rule, others: Sequence[Rule]) -> list[Rule]:
    """As few of the others as still are the rule's shadow."""
    kept = list(others)
    for one in others:
        fewer = [each for each in kept if each is not one]
        if fewer and _always(probe, rule, fewer):
            kept = fewer
    return kept


def _shadowed(rule: Rule, shadows: Sequence[str], case: Case) -> Finding:
    what = "suppresses" if rule.effect is Effect.SUPPRESS else "exempts"
    return Finding(
        Fault.SHADOWED,
        rule.id,
        f"`{rule.id}` makes no difference: wherever it {what}, {listed(shadows)} does so too, with no milder outcome",
        f"remove `{rule.id}`, or narrow {listed(shadows)}",
        example(case, f"{listed([rule.id, *shadows])} hold, and without `{rule.id}` verdict and outcome are the same"),
        tuple(shadows),
    )


def cancelled(probe: Probe) -> Iterator[Finding]:
    """Suppressing rules that never suppress, for wherever they hold a rule exempts."""
    exempting = probe.rules(Effect.EXEMPT)
    for rule in probe.rules(Effect.SUPPRESS):
        case, exempts = _implied(probe, rule, exempting)
        if case is not None and exempts:
            yield Finding(
                Fault.ALWAYS_CANCELLED,
                rule.id,
                f"`{rule.id}` never suppresses: wherever it holds, {listed(exempts)} exempts the message",
                f"narrow {listed(exempts)} by what `{rule.id}` should still hold back, or remove one of them",
                example(case, f"`{rule.id}` holds, and the verdict is send because of {listed(exempts)}"),
                tuple(exempts),
            )


def idle(probe: Probe) -> Iterator[Finding]:
    """Exempting rules that never meet a suppressing one."""
    suppressing = probe.rules(Effect.SUPPRESS)
    for rule in probe.rules(Effect.EXEMPT):
        case = probe.case_of(rule).case
        if case is not None and all(_never_meets(probe, rule, one) for one in suppressing):
            yield Finding(
                Fault.IDLE_EXEMPTION,
                rule.id,
                f"`{rule.id}` exempts from nothing: where it holds, no rule suppresses",
                "remove it, or widen the categories, channels or condition of the rule that it is to exempt from",
                example(case, f"`{rule.id}` holds, and the message would go out without it"),
            )


def _never_meets(probe: Probe, rule: Rule, other: Rule) -> bool:
    both = {rule.id, other.id}
    if any(both <= held for held in probe.seen):
        return False
    claims = Every((probe.claims(rule), probe.claims(other)))
    return probe.find(claims, lambda case: both <= probe.holding(case)).is_impossible
