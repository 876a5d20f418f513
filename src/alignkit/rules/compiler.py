"""Turns a policy into one callable: facts, message and now in, what follows from the rules out.

Rules about one kind of message become one generated function, which lets faults escape. Only when one does, closures
are asked in its place: there a fault is an answer of its own, so that the others still count. Both agree wherever there
is no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, cast

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.citation import Cited, reference
from alignkit.rules.closures import Check, Citation, Closures
from alignkit.rules.facts import Facts
from alignkit.rules.generator import Asked, Function, Questions, generate
from alignkit.rules.moments import Moments
from alignkit.rules.ruleset import Freshness, Rule, RuleSet

CAUTION: dict[Outcome, int] = {Outcome.SWAP: 0, Outcome.DEFER: 1, Outcome.DROP: 2, Outcome.REVIEW: 3}
"""Which outcome wins where several rules suppress: the highest.

A person's judgement comes before any automatism; never before later; and a substitute, which goes out at once, only
where no other rule wants silence.
"""


class Evaluation(NamedTuple):
    """What follows from the rules; ids and references are sorted, without repeats.

    `rules` are those that decided: the suppressing ones, or the exempting ones where those overruled them.
    """

    verdict: Verdict
    outcome: Outcome | None = None
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


ALLOWED = Evaluation(Verdict.SEND)


def compile_policy(policy: RuleSet) -> Compiled:
    """The policy as a function."""
    return Compiled(policy)


class Compiled:
    """A policy as a function of facts, message and now (microseconds since 1970, UTC).

    Attributes:
        policy: what it was made from.
        digest: the policy's digest.
    """

    __slots__ = ("_allows_about_issue", "_functions", "_plans", "_rules", "_unknown_is_active", "digest", "policy")

    def __init__(self, policy: RuleSet) -> None:
        self.policy: RuleSet = policy
        self.digest: str = policy.digest
        self._allows_about_issue = policy.allow_about_issue
        self._unknown_is_active = policy.on_unknown == "active"
        closures = Closures(unknown_is_active=self._unknown_is_active)
        self._rules = {rule.id: _compile_rule(rule, closures) for rule in policy.rules}
        self._plans: dict[tuple[str, str], Plan | None] = {}
        self._functions: dict[tuple[str, ...], Function] = {}

    def __call__(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """What the rules say; no fault in the facts can make this raise."""
        plan = self.plan(message)
        return ALLOWED if plan is None else plan.evaluate(facts, message, now)

    def plan(self, message: Message) -> Plan | None:
        """What the policy lays down for such a message; None where it is always allowed."""
        if message.about_issue is not None and self._allows_about_issue:
            return None
        key = (message.category, message.channel)
        try:
            return self._plans[key]
        except KeyError:
            plan = self._plans[key] = self._lay_down(message)
            return plan

    def reason(self, rule: str) -> str:
        """The reason of this rule, its placeholders not filled in."""
        return self._rules[rule].rule.reason

    def cite(self, rule: str, facts: Facts, message: Message, now: int) -> list[Cited]:
        """The rows, each with its collection, that make this rule hold; rows that cannot be read are left out."""
        return self._rules[rule].citation(facts, message, now)

    def boundaries(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        """Every instant in (after, until] at which some rule about such messages may change its mind, in order."""
        plan = self.plan(message)
        return iter(()) if plan is None else plan.moments.between(facts, message, after, until)

    def __reduce__(self) -> tuple[Callable[[RuleSet], Compiled], tuple[RuleSet]]:
        return compile_policy, (self.policy,)

    def _lay_down(self, message: Message) -> Plan | None:
        if self.policy.always_allows(message):
            return None
        category, channel = message.category, message.channel
        rules = [rule for rule in self._rules.values() if rule.rule.governs(category, channel)]
        return Plan(rules, self._function(rules), self.policy.freshness_of(category), self.policy.expects)

    def _function(self, rules: Sequence[_Rule]) -> Function:
        """Kinds of messages under the same rules share one function."""
        same = tuple(rule.id for rule in rules)
        if same not in self._functions:
            asked = Questions(*([Asked(rule, rule.rule.when) for rule in group] for group in _by_effect(rules)))
            self._functions[same] = generate(asked, _conclude, ALLOWED, unknown_is_active=self._unknown_is_active)
        return self._functions[same]


class Plan:
    """What a policy lays down for one kind of message.

    Attributes:
        freshness: how old facts may be; None where any age will do.
        expects: the sources that must have been read to their end once.
        moments: the boundaries in time of its rules.
    """

    __slots__ = ("_exempting", "_function", "_noting", "_suppressing", "expects", "freshness", "moments")

    def __init__(
        self, rules: Sequence[_Rule], function: Function, freshness: Freshness | None, expects: tuple[str, ...]
    ) -> None:
        self._suppressing, self._exempting, self._noting = _by_effect(rules)
        self._function = function
        self.freshness: Freshness | None = freshness
        self.expects: tuple[str, ...] = expects
        self.moments = Moments(rule.rule.when for rule in rules)

    def evaluate(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """What the rules say; no fault in the facts can make this raise."""
        try:
            return cast("Evaluation", self._function(facts, message, now))
        except Exception:  # noqa: BLE001 - whatever the fault is, it must not decide by escaping
            return self.evaluate_carefully(facts, message, now)

    def evaluate_carefully(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """The same, rule by rule, so that a fault is the answer of those rules alone that meet it."""
        case = (facts, message, now)
        held, failed = _ask(self._suppressing, case)
        suppressing = held + failed
        freed: list[_Rule] = []
        if suppressing:
            freed, unsure = _ask(self._exempting, case)
            failed = failed + unsure
        noted, unsure = _ask(self._noting, case)
        failed = failed + unsure
        if not (suppressing or noted or failed):
            return ALLOWED
        cited = [[(rule, rule.names(case)) for rule in rules] for rules in (suppressing, freed, noted)]
        return _conclude(*cited)._replace(
            errors=tuple(fault_of(rule.id) for rule in sorted(failed, key=attrgetter("id")))
        )


Case = tuple[Facts, Message, int]
Found = Sequence[tuple["_Rule", Iterable[object]]]
"""Rules that hold, each with what the rows that make it hold are cited as."""


@dataclass(slots=True, frozen=True)
class _Rule:
    id: str
    outcome: Outcome | None
    rule: Rule
    check: Check
    citation: Citation

    def names(self, case: Case) -> list[str]:
        """What the rows that make it hold are cited as."""
        return [reference(*cited) for cited in self.citation(*case)]


def _compile_rule(rule: Rule, closures: Closures) -> _Rule:
    return _Rule(
        rule.id,
        rule.outcome,
        rule,
        closures.check(rule.when),
        closures.citation(rule.when),
    )


def _by_effect(rules: Sequence[_Rule]) -> list[list[_Rule]]:
    """Those that suppress, those that exempt and those that note."""
    return [[rule for rule in rules if rule.rule.effect == effect] for effect in ("suppress", "exempt", "note")]


def _ask(rules: Iterable[_Rule], case: Case) -> tuple[list[_Rule], list[_Rule]]:
    """The rules that hold, and those that could not be evaluated."""
    answers = [(rule, rule.check(*case)) for rule in rules]
    return [rule for rule, answer in answers if answer], [rule for rule, answer in answers if answer is None]


def _conclude(held: Found, freed: Found, noted: Found) -> Evaluation:
    """What follows where these rules suppress, these exempt and these note."""
    deciding = freed or held
    is_suppressed = bool(held) and not freed
    return Evaluation(
        Verdict.SUPPRESS if is_suppressed else Verdict.SEND,
        _most_cautious(held) if is_suppressed else None,
        _ids(deciding),
        _ids(noted) if noted else (),
        _references([*deciding, *noted] if noted else deciding),
    )


def _ids(found: Found) -> tuple[str, ...]:
    return (found[0][0].id,) if len(found) == 1 else tuple(sorted([rule.id for rule, _ in found]))


def _most_cautious(found: Found) -> Outcome | None:
    if len(found) == 1:
        return found[0][0].outcome
    return max([rule.outcome for rule, _ in found if rule.outcome], key=CAUTION.__getitem__, default=None)


def _references(found: Found) -> tuple[str, ...]:
    names = set(found[0][1]) if len(found) == 1 else {name for _, rows in found for name in rows}
    return tuple(sorted([name for name in names if name and isinstance(name, str)]))


def fault_of(rule: str) -> str:
    """The error of a rule that could not be evaluated."""
    return f"the rule `{rule}` could not be evaluated"
