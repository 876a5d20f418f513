"""Looks at each rule by itself: can it ever hold, and does its hold end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial

from alignkit.models.marketing import Message
from alignkit.rules.check.cells import Asked
from alignkit.rules.check.claims import Claims, Given, Rows, Told, claims_of, governed_by
from alignkit.rules.check.finding import Fault, Finding
from alignkit.rules.check.formula import Every, Formula, Leaf, Some, conjuncts, leaves
from alignkit.rules.check.probe import Probe, example
from alignkit.rules.check.rows import ISSUES
from alignkit.rules.check.search import Case
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Effect, Policy, Rule


def never_holding(probe: Probe) -> Iterator[Finding]:
    """Rules that hold on no valid facts."""
    for rule in probe.policy.rules:
        if probe.case_of(rule).is_impossible:
            yield _never(probe, rule)


def _never(probe: Probe, rule: Rule) -> Finding:
    for weaker, left_out in _weaker(claims_of(rule.when)):
        found = probe.find(Every((governed_by(rule), weaker)), lambda case: rule.id not in probe.holding(case)).case
        if found is not None:
            shows = f"everything that `{rule.id}` asks for is so, but {left_out}; it does not hold"
            remedy = f"remove or change {left_out}, which contradicts the rest, or remove the rule"
            break
    else:
        found = _nothing(probe, rule)
        shows, remedy = f"`{rule.id}` does not hold", "ask for less, or remove the rule"
    text = f"`{rule.id}` can never hold: what it asks for contradicts itself"
    return Finding(Fault.NEVER_HOLDS, rule.id, text, remedy, example(found, shows))


def _nothing(probe: Probe, rule: Rule) -> Case:
    """A message that the rule is about, if there is any, to a customer of whom nothing is known."""
    governed = probe.find(governed_by(rule), lambda case: not case.facts.issues).case
    return governed or Case(Facts(), Message(category="promotional", channel="email"), probe.terms.now)


def _weaker(claims: Claims) -> Iterator[tuple[Claims, str]]:
    """The claims without one of their parts, each with the part in words."""
    parts = list(conjuncts(claims))
    for index, part in enumerate(parts):
        others = (*parts[:index], *parts[index + 1 :])
        if isinstance(part, Leaf) and isinstance(part.claim, Rows) and not part.is_denied:
            tests = list(conjuncts(part.claim.tests))
            for place, test in enumerate(tests):
                rest = Every((*tests[:place], *tests[place + 1 :]))
                rows = Rows(part.claim.collection, rest, part.claim.least, part.claim.distinct)
                yield Every((*others, Leaf(rows))), f"`{_in_words(test)}`"
    for index, part in enumerate(parts):
        yield Every((*parts[:index], *parts[index + 1 :])), _claim_in_words(part)


def _in_words(test: Formula[Asked]) -> str:
    """A test as it stands in a policy."""
    match test:
        case Leaf():
            told = test.claim.question.model_dump(mode="json", by_alias=True, exclude_none=True)
            asked = dict(sorted(told.items(), key=lambda item: item[0] not in ("field", "customer", "message")))
            text = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in asked.items())
            return f"not {{ {text} }}" if test.is_denied else text
        case Every():
            return " and ".join(_in_words(part) for part in test.parts)
        case Some():
            return " or ".join(_in_words(part) for part in test.parts)


def _claim_in_words(claims: Claims) -> str:
    if not isinstance(claims, Leaf):
        return "one of its conditions"
    match claims.claim:
        case Rows() as rows:
            return f"what it asks of {rows.collection.replace('_', ' ')}"
        case Told() as told:
            return f"`{_in_words(Leaf(told.asked, claims.is_denied))}`"
        case Given():
            return "one of its conditions"


def endless(probe: Probe) -> Iterator[Finding]:
    """Suppressing rules whose hold neither time nor the end of an issue ends."""
    for rule in probe.rules(Effect.SUPPRESS):
        found = probe.find(probe.claims(rule), partial(_stays, probe, probe.alone(rule)), at_rest=True).case
        if found is not None:
            yield Finding(
                Fault.NO_END,
                rule.id,
                f"`{rule.id}` holds for ever: no time ends it, and nothing that it rests on can change any more",
                "add a test on a time with `within`, so that the hold ends, or one that wants the issue active",
                example(found, f"`{rule.id}` holds because of something that is over, and would in ten years"),
            )


def _stays(probe: Probe, alone: Policy, case: Case) -> bool:
    """Whether the only rule of a policy holds because of some row, and time does not change that."""
    decision = probe.decide(case, alone)
    return bool(decision.rules and decision.evidence) and decision.until is None


def unproduced(probe: Probe, sources: Mapping[str, AbstractSet[str]]) -> Iterator[Finding]:
    """Questions about a status of which no connected source has issues."""
    produced = _ALWAYS_POSSIBLE.union(*sources.values())
    for rule in probe.policy.rules:
        missing = [words for words in _statuses(claims_of(rule.when)) if produced.isdisjoint(words)]
        if missing:
            wanted = tuple(dict.fromkeys(word for words in missing for word in words))
            yield _unproduced(probe, rule, wanted, sorted(sources))


_ALWAYS_POSSIBLE = frozenset({"unknown", "deleted", "merged", "spam"})
"""Statuses that need no word of a service."""


def _statuses(claims: Claims) -> Iterator[tuple[str, ...]]:
    """The statuses of each question that wants an issue to have one of them; an exception may have none."""
    for leaf in leaves(claims):
        if not isinstance(leaf.claim, Rows) or leaf.claim.collection not in ISSUES:
            continue
        for test in leaves(leaf.claim.tests):
            is_wanted = test.is_denied is leaf.is_denied
            if is_wanted and test.claim.name == "status" and test.claim.operator in ("equals", "in"):
                operand = test.claim.operand
                yield (operand,) if isinstance(operand, str) else operand


def _unproduced(probe: Probe, rule: Rule, wanted: tuple[str, ...], sources: list[str]) -> Finding:
    def has_it(case: Case) -> bool:
        return any(issue.status in wanted for issue in case.facts.all_issues)

    found = probe.find(probe.claims(rule), has_it, statuses=frozenset(wanted)).case or _nothing(probe, rule)
    words = " or ".join(f"`{word}`" for word in wanted)
    return Finding(
        Fault.STATUS_NOT_PRODUCED,
        rule.id,
        f"`{rule.id}` asks for the status {words}, which no connected source produces ({', '.join(sources)})",
        "ask for a status that they produce, or map one of their own to it",
        example(found, f"only an issue of status {words} passes, and there will be none"),
    )
