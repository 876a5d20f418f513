"""Turns a policy into one callable: facts, message and now in, what follows from the rules out.

Every condition becomes a closure twice. The quick one lets faults escape; only when one does, the careful one is asked:
there a fault is an answer of its own, None, and answers combine by Kleene's three-valued logic. Both agree wherever
there is no fault, so the order in which tests are asked cannot matter.

Whatever replaces these closures one day has to keep `Compiled`: its call, `cite`, `boundaries` and `digest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.conditions import (
    AllOf,
    AllOfTests,
    AnyOf,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    MessageTest,
    NoRow,
    NotTest,
    Question,
    RowTest,
    Test,
)
from alignkit.rules.facts import Facts, HoldFacts

if TYPE_CHECKING:
    from alignkit.rules.policy import Policy, Rule

Truth = bool | None
RowCheck = Callable[[Any, Message, int], Truth]
Check = Callable[[Facts, Message, int], Truth]
Cited = tuple[str, Any]
Guard = Callable[[Callable[..., Truth]], Callable[..., Truth]]
Citation = Callable[[Facts, Message, int], list[Cited]]

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


def compile_policy(policy: Policy) -> Compiled:
    """The policy as a function."""
    return Compiled(policy)


class Compiled:
    """A policy as a function of facts, message and now (microseconds since 1970, UTC).

    Attributes:
        policy: what it was made from.
        digest: the policy's digest.
    """

    __slots__ = ("_plans", "_rules", "digest", "policy")

    def __init__(self, policy: Policy) -> None:
        unknown_is_active = policy.on_unknown == "active"
        self.policy = policy
        self.digest = policy.digest
        self._rules = {rule.id: _compile_rule(rule, unknown_is_active) for rule in policy.rules}
        self._plans: dict[tuple[str, str], _Plan | None] = {}

    def __call__(self, facts: Facts, message: Message, now: int) -> Evaluation:
        """What the rules say; no fault in the facts can make this raise."""
        plan = self._plan(message)
        if plan is None:
            return ALLOWED
        held, failed = plan.suppressing.ask(facts, message, now)
        suppressing = held + failed
        freed: list[_Rule] = []
        if suppressing:
            freed, unsure = plan.exempting.ask(facts, message, now)
            failed = failed + unsure
        noted, unsure = plan.noting.ask(facts, message, now)
        failed = failed + unsure
        if not (suppressing or noted or failed):
            return ALLOWED
        return _conclude(suppressing, freed, noted, failed, (facts, message, now))

    def reason(self, rule: str) -> str:
        """The reason of this rule, its placeholders not filled in."""
        return self._rules[rule].rule.reason

    def cite(self, rule: str, facts: Facts, message: Message, now: int) -> list[Cited]:
        """The rows, each with its collection, that make this rule hold; rows that cannot be read are left out."""
        return self._rules[rule].cite(facts, message, now)

    def boundaries(self, facts: Facts, message: Message, after: int, until: int) -> list[int]:
        """Every instant in (after, until] at which some rule about such messages may change its mind, in order."""
        plan = self._plan(message)
        if plan is None:
            return []
        rules = (*plan.suppressing.rules, *plan.exempting.rules, *plan.noting.rules)
        moments = frozenset[_Moment]().union(*(rule.moments for rule in rules))
        return sorted({at for at in _instants(moments, facts) if after < at <= until})

    def __reduce__(self) -> tuple[Callable[[Policy], Compiled], tuple[Policy]]:
        return compile_policy, (self.policy,)

    def _plan(self, message: Message) -> _Plan | None:
        """The rules about such a message; None where it is always allowed."""
        if message.about_issue is not None and self.policy.allow_about_issue:
            return None
        key = (message.category, message.channel)
        try:
            return self._plans[key]
        except KeyError:
            governing = [rule for rule in self._rules.values() if rule.rule.governs(*key)]
            allowed = self.policy.always_allows(message)
            plan = self._plans[key] = None if allowed else _Plan(governing)
            return plan


def _conclude(
    suppressing: list[_Rule],
    freed: list[_Rule],
    noted: list[_Rule],
    failed: list[_Rule],
    case: tuple[Facts, Message, int],
) -> Evaluation:
    deciding = freed or suppressing
    evidence = {reference(*cited) for rule in deciding + noted for cited in rule.cite(*case)}
    return Evaluation(
        Verdict.SEND if freed or not suppressing else Verdict.SUPPRESS,
        None if freed else _most_cautious(suppressing),
        _ids(deciding),
        _ids(noted) if noted else (),
        tuple(sorted(evidence - {""})),
        tuple(map(fault_of, _ids(failed))) if failed else (),
    )


def _ids(rules: list[_Rule]) -> tuple[str, ...]:
    return tuple(sorted([rule.id for rule in rules]))


def _most_cautious(suppressing: list[_Rule]) -> Outcome | None:
    outcomes = [rule.rule.outcome for rule in suppressing if rule.rule.outcome]
    return max(outcomes, key=CAUTION.__getitem__, default=None)


def fault_of(rule: str) -> str:
    """The error of a rule that could not be evaluated."""
    return f"the rule `{rule}` could not be evaluated"


def reference(collection: str, row: Any) -> str:
    """What a row is cited as: the thing that it is, or that it was read from (`source/type/id`); empty without one."""
    name = getattr(row, "thing" if collection == "signals" else "ref", None)
    return name if isinstance(name, str) else ""


class _Moment(NamedTuple):
    """Answers may change `span` microseconds after the time in this field of a row."""

    collection: str
    field: str
    span: int


@dataclass(slots=True, frozen=True)
class _Rule:
    id: str
    rule: Rule
    quick: Check
    careful: Check
    quick_citation: Citation
    careful_citation: Citation
    moments: frozenset[_Moment]
    collection: str | None
    """Where every row that could make the rule hold is; None where it may hold without any."""

    def holds(self, facts: Facts, message: Message, now: int) -> Truth:
        try:
            return self.quick(facts, message, now)
        except Exception:  # noqa: BLE001 - whatever the fault is, it must not decide by escaping
            return self.careful(facts, message, now)

    def cite(self, facts: Facts, message: Message, now: int) -> list[Cited]:
        try:
            return self.quick_citation(facts, message, now)
        except Exception:  # noqa: BLE001 - the same
            return self.careful_citation(facts, message, now)


class _Plan:
    """The rules about one kind of message, by what they do."""

    __slots__ = ("exempting", "noting", "suppressing")

    def __init__(self, rules: Iterable[_Rule]) -> None:
        rules = tuple(rules)
        self.suppressing = _Group(rule for rule in rules if rule.rule.effect == "suppress")
        self.exempting = _Group(rule for rule in rules if rule.rule.effect == "exempt")
        self.noting = _Group(rule for rule in rules if rule.rule.effect == "note")


class _Group:
    """Rules asked together, those about one collection only where it has rows: most customers have none of most."""

    __slots__ = ("_always", "_by_collection", "rules")

    def __init__(self, rules: Iterable[_Rule]) -> None:
        self.rules = tuple(rules)
        self._always = [rule for rule in self.rules if rule.collection is None]
        collections = dict.fromkeys(rule.collection for rule in self.rules if rule.collection is not None)
        self._by_collection = [
            (attrgetter(name), [rule for rule in self.rules if rule.collection == name]) for name in collections
        ]

    def ask(self, facts: Facts, message: Message, now: int) -> tuple[list[_Rule], list[_Rule]]:
        """The rules that hold, and those that could not be evaluated."""
        held: list[_Rule] = []
        failed: list[_Rule] = []
        for rows_of, rules in self._by_collection:
            if rows_of(facts) != []:
                _ask(rules, facts, message, now, held, failed)
        if self._always:
            _ask(self._always, facts, message, now, held, failed)
        return held, failed


def _ask(rules: list[_Rule], facts: Facts, message: Message, now: int, held: list[_Rule], failed: list[_Rule]) -> None:
    for rule in rules:
        answer = rule.holds(facts, message, now)
        if answer:
            held.append(rule)
        elif answer is None:
            failed.append(rule)


def _compile_rule(rule: Rule, unknown_is_active: bool) -> _Rule:  # noqa: FBT001 - a policy's setting, passed through
    quick = _Builder(_as_it_is, unknown_is_active=unknown_is_active)
    careful = _Builder(_guarded, unknown_is_active=unknown_is_active)
    return _Rule(
        rule.id,
        rule,
        quick.check(rule.when),
        careful.check(rule.when),
        quick.citation(rule.when),
        careful.citation(rule.when),
        frozenset(_moments(rule.when)),
        _sole_collection(rule.when),
    )


def _as_it_is(check: Callable[..., Truth]) -> Callable[..., Truth]:
    return check


def _guarded(check: Callable[..., Truth]) -> Callable[..., Truth]:
    def guarded(*case: Any) -> Truth:
        try:
            return check(*case)
        except Exception:  # noqa: BLE001 - the fault is the answer: unknown
            return None

    return guarded


def _sole_collection(condition: Condition) -> str | None:
    match condition:
        case AnyRow():
            return condition.any
        case CountRows():
            return condition.count
        case AllOf():
            return next(filter(None, map(_sole_collection, condition.all_of)), None)
        case _:
            return None


class _Builder:
    """Builds the closures of conditions; `guard` says what becomes of a fault in one leaf."""

    def __init__(self, guard: Guard, *, unknown_is_active: bool) -> None:
        self._guard = guard
        self._unknown_is_active = unknown_is_active

    def check(self, condition: Condition) -> Check:
        match condition:
            case AnyRow():
                return self._any(condition.any, condition.where)
            case NoRow():
                return _negated(self._any(condition.none, condition.where))
            case CountRows():
                return self._count(condition)
            case CustomerTest():
                return self._guard(_customer_check(condition))
            case MessageTest():
                return self._guard(_message_check(condition))
            case AllOf():
                return _all([self.check(inside) for inside in condition.all_of])
            case AnyOf():
                return _any([self.check(inside) for inside in condition.any_of])
            case _:
                return _negated(self.check(condition.condition))

    def _any(self, collection: str, where: tuple[Test, ...]) -> Check:
        rows_of, passes = attrgetter(collection), self._where(collection, where)

        def any_row(facts: Facts, message: Message, now: int) -> Truth:
            answer: Truth = False
            for row in rows_of(facts):
                passed = passes(row, message, now)
                if passed:
                    return True
                if passed is None:
                    answer = None
            return answer

        return self._guard(any_row)

    def _count(self, condition: CountRows) -> Check:
        rows_of, passes = attrgetter(condition.count), self._where(condition.count, condition.where)
        least = condition.at_least
        thing_of = attrgetter(condition.distinct) if condition.distinct else None

        def enough(facts: Facts, message: Message, now: int) -> Truth:
            sure: set[object] = set()
            perhaps: set[object] = set()
            for number, row in enumerate(rows_of(facts)):
                passed = passes(row, message, now)
                thing = thing_of(row) if thing_of else number
                if passed is not False and thing is not None:
                    (sure if passed else perhaps).add(thing)
            if len(sure) >= least:
                return True
            return None if len(sure | perhaps) >= least else False

        return self._guard(enough)

    def citation(self, condition: Condition) -> Citation:
        """What makes a condition hold: rows that pass. What must be absent has no rows to cite."""
        match condition:
            case AnyRow():
                return self._passing(condition.any, condition.where)
            case CountRows():
                return self._passing(condition.count, condition.where)
            case AllOf():
                inside = [(self.check(each), self.citation(each)) for each in condition.all_of]
            case AnyOf():
                inside = [(self.check(each), self.citation(each)) for each in condition.any_of]
            case _:
                inside = []

        def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
            case = (facts, message, now)
            return [cited for check, citation in inside if check(*case) for cited in citation(*case)]

        return cite

    def _passing(self, collection: str, where: tuple[Test, ...]) -> Citation:
        passes = self._where(collection, where)

        def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
            return [(collection, row) for row in _rows(facts, collection) if passes(row, message, now)]

        return cite

    def _where(self, collection: str, where: tuple[Test, ...]) -> RowCheck:
        checks = [self._row_check(test) for test in where]
        if collection == "holds":
            checks.insert(0, self._guard(_covers))
        return checks[0] if len(checks) == 1 else _all(checks)

    def _row_check(self, test: Test) -> RowCheck:
        match test:
            case RowTest():
                return self._guard(_field_check(test, unknown_is_active=self._unknown_is_active))
            case AllOfTests():
                return _all([self._row_check(inside) for inside in test.all_of])
            case AnyOfTests():
                return _any([self._row_check(inside) for inside in test.any_of])
            case NotTest():
                return _negated(self._row_check(test.test))


def _all(checks: list[Callable[[Any, Message, int], Truth]]) -> Callable[[Any, Message, int], Truth]:
    def every(subject: Any, message: Message, now: int) -> Truth:
        answer: Truth = True
        for check in checks:
            one = check(subject, message, now)
            if one:
                continue
            if one is False:
                return False
            answer = None
        return answer

    return every


def _any(checks: list[Callable[[Any, Message, int], Truth]]) -> Callable[[Any, Message, int], Truth]:
    def some(subject: Any, message: Message, now: int) -> Truth:
        answer: Truth = False
        for check in checks:
            one = check(subject, message, now)
            if one:
                return True
            if one is None:
                answer = None
        return answer

    return some


def _negated(check: Callable[[Any, Message, int], Truth]) -> Callable[[Any, Message, int], Truth]:
    def negated(subject: Any, message: Message, now: int) -> Truth:
        answer = check(subject, message, now)
        return None if answer is None else not answer

    return negated


def _covers(hold: HoldFacts, message: Message, now: int) -> bool:
    """Whether a stored hold is in force and its own scope takes in the message."""
    return (
        hold.opened_at <= now
        and (hold.ends_at is None or now < hold.ends_at)
        and (not hold.channels or message.channel in hold.channels)
        and (not hold.categories or message.category in hold.categories)
        and (not hold.products or not set(hold.products).isdisjoint(message.product_refs))
    )


def _customer_check(test: CustomerTest) -> Check:
    name = test.customer
    return _asking(test, lambda facts: facts.attributes.get(name))


def _message_check(test: MessageTest) -> Check:
    asks = _asking(test, attrgetter(test.message))
    return lambda _facts, message, now: asks(message, message, now)


def _field_check(test: RowTest, *, unknown_is_active: bool) -> RowCheck:
    if test.field == "active" and test.operator == "equals":
        return _asking(test, lambda row: unknown_is_active if row.active is None else row.active)
    return _asking(test, attrgetter(test.field))


def _asking(question: Question, value_of: Callable[[Any], Any]) -> Callable[[Any, Message, int], bool]:
    """The question as a function of the thing that has the value; about an absent value the answer is no."""
    operand = question.operand
    match question.operator:
        case "equals":
            return lambda of, _message, _now: value_of(of) == operand
        case "in":
            words = frozenset(operand)
            return lambda of, _message, _now: value_of(of) in words
        case "not_in":
            # None among the words, so that an absent value is not outside of them.
            words = frozenset((*operand, None))
            return lambda of, _message, _now: value_of(of) not in words
        case "at_least":
            return lambda of, _message, _now: (value := value_of(of)) is not None and value >= operand
        case "at_most":
            return lambda of, _message, _now: (value := value_of(of)) is not None and value <= operand
        case "within":
            span = _microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now < at + span
        case "older_than":
            span = _microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now >= at + span
        case "contains":
            return lambda of, _message, _now: operand in value_of(of)
        case "is_unset":
            return lambda of, _message, _now: ((value := value_of(of)) is None or value == ()) is operand


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def _instants(moments: Iterable[_Moment], facts: Facts) -> Iterator[int]:
    """The instants at which answers may change; a time that cannot be read is a fault at all of them alike."""
    for moment in moments:
        for row in _rows(facts, moment.collection):
            at = getattr(row, moment.field, None)
            if isinstance(at, int):
                yield at + moment.span


def _rows(facts: Facts, collection: str) -> Iterable[Any]:
    """The rows of a collection; none where it is not what it should be."""
    rows: Any = getattr(facts, collection, None)
    return cast("list[Any]", rows) if isinstance(rows, list | tuple) else ()


def _moments(condition: Condition) -> Iterator[_Moment]:
    """The boundary of each question about time in a condition."""
    match condition:
        case AnyRow():
            yield from _moments_of_rows(condition.any, condition.where)
        case NoRow():
            yield from _moments_of_rows(condition.none, condition.where)
        case CountRows():
            yield from _moments_of_rows(condition.count, condition.where)
        case AllOf():
            yield from (moment for inside in condition.all_of for moment in _moments(inside))
        case AnyOf():
            yield from (moment for inside in condition.any_of for moment in _moments(inside))
        case CustomerTest() | MessageTest():
            return
        case _:
            yield from _moments(condition.condition)


def _moments_of_rows(collection: str, where: tuple[Test, ...]) -> Iterator[_Moment]:
    if collection == "holds":
        yield from (_Moment(collection, "opened_at", 0), _Moment(collection, "ends_at", 0))
    for test in where:
        yield from (_Moment(collection, field, span) for field, span in _time_questions(test))


def _time_questions(test: Test) -> Iterator[tuple[str, int]]:
    match test:
        case RowTest():
            if test.operator in ("within", "older_than"):
                yield test.field, _microseconds(test.operand)
        case AllOfTests():
            yield from (pair for inside in test.all_of for pair in _time_questions(inside))
        case AnyOfTests():
            yield from (pair for inside in test.any_of for pair in _time_questions(inside))
        case NotTest():
            yield from _time_questions(test.test)
