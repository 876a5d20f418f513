"""Turns a policy into one callable: facts, message and now in, what follows from the rules out.

Rules about one kind of message become one generated function, which lets faults escape. Only when one does, closures
are asked in its place: there a fault is an answer of its own, so that the others still count. Both agree wherever there
is no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Category, Channel
from alignkit.rules.citation import Cited, reference
from alignkit.rules.closures import Check, Citation, Closures, Truth
from alignkit.rules.conditions import Condition
from alignkit.rules.evaluation import ALLOWED, Conclude, Evaluation, concluding
from alignkit.rules.facts import Facts
from alignkit.rules.generator import Function, Questions, generate
from alignkit.rules.moments import Moments
from alignkit.rules.ruleset import Freshness, Rule, RuleSet


def compile_policy(policy: RuleSet) -> Compiled:
    """The policy as a function."""
    return Compiled(policy)


class Compiled:
    """A policy as a function of facts, message and now (microseconds since 1970, UTC).

    Attributes:
        policy: what it was made from.
    """

    __slots__ = ("_by_kind", "_digest", "_plans", "_rules", "_written", "policy")

    def __init__(self, policy: RuleSet) -> None:
        self.policy: RuleSet = policy
        self._digest: str | None = None
        closures = Closures(unknown_is_active=policy.on_unknown == "active")
        self._rules = {rule.id: CompiledRule(rule, closures) for rule in policy.rules}
        self._plans: dict[_MessageKind, Plan | None] = {}
        self._by_kind: dict[bool, dict[str, dict[str, Function[Evaluation]]]] = {}
        self._written: dict[tuple[str, ...], tuple[Function[Evaluation], Conclude]] = {}

    def evaluate(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """What the rules say; no fault in the facts can make this raise."""
        # In one frame, past the model's own way to its fields, and without a tuple to look for: each takes as long as a
        # rule that does not hold.
        try:
            said = message.__dict__
            return self._by_kind[said["about_issue"] is None][said["category"]][said["channel"]](facts, message, now)
        except Exception:  # noqa: BLE001 - whatever the fault is, it must not decide by escaping
            return self._otherwise(facts, message, now)

    __call__ = evaluate

    def _otherwise(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """The same for the first message of its kind, and where there is a fault."""
        is_new = _kind_of(message) not in self._plans
        plan = self.plan(message)
        if plan is None:
            return ALLOWED
        return plan.evaluate(facts, message, now) if is_new else plan.evaluate_carefully(facts, message, now)

    @property
    def digest(self) -> str:
        """The policy's digest."""
        if self._digest is None:
            self._digest = self.policy.digest
        return self._digest

    def plan(self, message: Message) -> Plan | None:
        """What the policy lays down for such a message; None where it is always allowed."""
        try:
            return self._plans[_kind_of(message)]
        except KeyError:
            return self._lay_down(message)

    def rule(self, id: str) -> CompiledRule:
        """The rule of this id.

        Raises:
            KeyError: the policy has none.
        """
        return self._rules[id]

    def boundaries(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        """Every instant in (after, until] at which some rule about such messages may change its mind, in order."""
        plan = self.plan(message)
        return iter(()) if plan is None else plan.moments.between(facts, message, after, until)

    def news(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        """Those of the boundaries at which the rules may say together what they have not said since `after`."""
        plan = self.plan(message)
        return iter(()) if plan is None else plan.moments.news_between(facts, message, after, until)

    def __reduce__(self) -> tuple[Callable[[RuleSet], Compiled], tuple[RuleSet]]:
        return compile_policy, (self.policy,)

    def _lay_down(self, message: Message) -> Plan | None:
        kind = category, channel, is_about_nothing = _kind_of(message)
        plan = None if self.policy.always_allows(message) else self._new_plan(category, channel)
        self._by_kind.setdefault(is_about_nothing, {}).setdefault(category, {})[channel] = (
            plan.function if plan else _allow
        )
        self._plans[kind] = plan
        return plan

    def _new_plan(self, category: Category, channel: Channel) -> Plan:
        rules = [rule for rule in self._rules.values() if rule.rule.governs(category, channel)]
        return Plan(rules, *self._written_for(rules), self.policy.freshness_of(category), self.policy.expects)

    def _written_for(self, rules: Sequence[CompiledRule]) -> tuple[Function[Evaluation], Conclude]:
        """What asks these rules, and what concludes; kinds of messages under the same rules share them."""
        same = tuple(rule.id for rule in rules)
        if same not in self._written:
            groups = [[each.rule for each in group] for group in _by_effect(rules)]
            asked, conclude = Questions(*([rule.when for rule in group] for group in groups)), concluding(*groups)
            unknown_is_active = self.policy.on_unknown == "active"
            function = generate(asked, conclude, ALLOWED, unknown_is_active=unknown_is_active)
            self._written[same] = function, conclude
        return self._written[same]


_MessageKind = tuple[Category, Channel, bool]


def _kind_of(message: Message) -> _MessageKind:
    """What the rules that govern a message depend on, and whether it is about no issue."""
    return message.category, message.channel, message.about_issue is None


def _allow(_facts: Facts, _message: Message, _now: int) -> Evaluation:
    return ALLOWED


class Plan:
    """What a policy lays down for one kind of message.

    Attributes:
        freshness: how old facts may be; None where any age will do.
        expects: the sources that must have been read to their end once.
        rules: the rules that govern it.
        function: what asks them all, and lets faults escape.
    """

    __slots__ = ("_conclude", "_groups", "_moments", "expects", "freshness", "function", "rules")

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        function: Function[Evaluation],
        conclude: Conclude,
        freshness: Freshness | None,
        expects: tuple[str, ...],
    ) -> None:
        self.rules: Sequence[CompiledRule] = rules
        self._groups = _by_effect(rules)
        self.function: Function[Evaluation] = function
        self._conclude = conclude
        self._moments: Moments | None = None
        self.freshness: Freshness | None = freshness
        self.expects: tuple[str, ...] = expects

    @property
    def moments(self) -> Moments:
        """When its rules may change their answers."""
        if self._moments is None:
            self._moments = Moments(rule.rule.when for rule in self.rules)
        return self._moments

    def evaluate(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """What the rules say; no fault in the facts can make this raise."""
        try:
            return self.function(facts, message, now)
        except Exception:  # noqa: BLE001 - whatever the fault is, it must not decide by escaping
            return self.evaluate_carefully(facts, message, now)

    def evaluate_carefully(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """The same, rule by rule, so that a fault is the answer of those rules alone that meet it."""
        case = (facts, message, now)
        suppressing, noting, exempting = self._groups
        held, failed = _ask(suppressing, case)
        held = held + failed
        noted, unsure = _ask(noting, case)
        freed, unfree = _ask(exempting if held else (), case)
        cited = [name for rule in (*(freed or held), *noted) for name in rule.names(*case)]
        failed = sorted([*failed, *unsure, *unfree], key=attrgetter("id"))
        return self._conclude(self._bits_of({*held, *noted, *freed}), cited)._replace(
            errors=tuple(fault_of(rule.id) for rule in failed)
        )

    def _bits_of(self, rules: set[CompiledRule]) -> int:
        """The number by which a conclusion knows these rules."""
        return sum(1 << bit for bit, rule in enumerate(chain(*self._groups)) if rule in rules)


Case = tuple[Facts, Message, int]


class Asking(NamedTuple):
    """A condition as closures: whether it holds, and the rows, each with its collection, that make it hold."""

    holds: Check
    cite: Citation

    def names(self, facts: Facts, message: Message, now: int) -> list[str]:
        """What these rows are cited as."""
        return [reference(*cited) for cited in self.cite(facts, message, now)]


class CompiledRule:
    """One rule, with its closures, which are built when they are first asked: most decisions need none.

    Attributes:
        id: the rule's id.
        rule: what it was made from.
    """

    __slots__ = ("_closures", "_when", "id", "rule")

    def __init__(self, rule: Rule, closures: Closures) -> None:
        self.id: str = rule.id
        self.rule: Rule = rule
        self._closures = closures
        self._when: Asking | None = None

    def part(self, condition: Condition) -> Asking:
        """A condition of this rule, to be asked by itself."""
        return Asking(self._closures.check(condition), self._closures.citation(condition))

    def holds(self, facts: Facts, message: Message, now: int) -> Truth:
        """Whether its condition holds, None where that cannot be known."""
        return self._asking.holds(facts, message, now)

    def cite(self, facts: Facts, message: Message, now: int) -> list[Cited]:
        """The rows, each with its collection, that make it hold; rows that cannot be read are left out."""
        return self._asking.cite(facts, message, now)

    def names(self, facts: Facts, message: Message, now: int) -> list[str]:
        """What these rows are cited as."""
        return self._asking.names(facts, message, now)

    @property
    def _asking(self) -> Asking:
        if self._when is None:
            self._when = self.part(self.rule.when)
        return self._when


def _by_effect(rules: Sequence[CompiledRule]) -> list[list[CompiledRule]]:
    """Those that suppress, those that note and those that exempt."""
    return [[rule for rule in rules if rule.rule.effect == effect] for effect in ("suppress", "note", "exempt")]


def _ask(rules: Iterable[CompiledRule], case: Case) -> tuple[list[CompiledRule], list[CompiledRule]]:
    """The rules that hold, and those that could not be evaluated."""
    answers = [(rule, rule.holds(*case)) for rule in rules]
    return [rule for rule, answer in answers if answer], [rule for rule, answer in answers if answer is None]


def fault_of(rule: str) -> str:
    """The error of a rule that could not be evaluated."""
    return f"the rule `{rule}` could not be evaluated"
