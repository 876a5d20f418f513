"""Builds closures that answer conditions carefully: yes, no, or None where a fault keeps the answer from being known.

A fault inside one question is an answer of its own, and answers combine by Kleene's three-valued logic, so the order
in which questions are asked cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from operator import attrgetter
from typing import Any, cast

from alignkit.models.marketing import Message
from alignkit.rules.citation import Cited
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

Truth = bool | None
RowCheck = Callable[[Any, Message, int], Truth]
Check = Callable[[Facts, Message, int], Truth]
Citation = Callable[[Facts, Message, int], list[Cited]]

EMPTY: tuple[tuple[()], list[Any]] = ((), [])
"""Values that are none; a store may give the lists of a row as it read them."""


class Closures:
    """Builds the closures of one policy's conditions."""

    def __init__(self, *, unknown_is_active: bool) -> None:
        self._unknown_is_active = unknown_is_active

    def check(self, condition: Condition) -> Check:
        """Whether a condition holds; what it returns never raises."""
        match condition:
            case AnyRow():
                return self._any(condition.any, condition.where)
            case NoRow():
                return _negated(self._any(condition.none, condition.where))
            case CountRows():
                return self._count(condition)
            case CustomerTest():
                return _guarded(_customer_check(condition))
            case MessageTest():
                return _guarded(_message_check(condition))
            case AllOf():
                return _all([self.check(inside) for inside in condition.all_of])
            case AnyOf():
                return _any([self.check(inside) for inside in condition.any_of])
            case _:
                return _negated(self.check(condition.condition))

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

        return _guarded(any_row)

    def _count(self, condition: CountRows) -> Check:
        rows_of, passes = attrgetter(condition.count), self._where(condition.count, condition.where)
        least = condition.at_least
        thing_of = attrgetter(condition.distinct) if condition.distinct else None

        def enough(facts: Facts, message: Message, now: int) -> Truth:
            sure: set[object] = set()
            perhaps: set[object] = set()
            for number, row in enumerate(rows_of(facts)):
                passed = passes(row, message, now)
                if passed is False:
                    continue
                thing = thing_of(row) if thing_of else number
                if thing is not None:
                    (sure if passed else perhaps).add(thing)
            if len(sure) >= least:
                return True
            return None if len(sure | perhaps) >= least else False

        return _guarded(enough)

    def _passing(self, collection: str, where: tuple[Test, ...]) -> Citation:
        passes = self._where(collection, where)

        def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
            return [(collection, row) for row in rows_of(facts, collection) if passes(row, message, now)]

        return cite

    def _where(self, collection: str, where: tuple[Test, ...]) -> RowCheck:
        checks = [self._row_check(test) for test in where]
        if collection == "holds":
            checks.insert(0, _guarded(covers))
        return checks[0] if len(checks) == 1 else _all(checks)

    def _row_check(self, test: Test) -> RowCheck:
        match test:
            case RowTest():
                return _guarded(_field_check(test, unknown_is_active=self._unknown_is_active))
            case AllOfTests():
                return _all([self._row_check(inside) for inside in test.all_of])
            case AnyOfTests():
                return _any([self._row_check(inside) for inside in test.any_of])
            case NotTest():
                return _negated(self._row_check(test.test))


def covers(hold: HoldFacts, message: Message, now: int) -> bool:
    """Whether a stored hold is in force and its own scope takes in the message."""
    return (
        hold.opened_at <= now
        and (hold.ends_at is None or now < hold.ends_at)
        and (not hold.channels or message.channel in hold.channels)
        and (not hold.categories or message.category in hold.categories)
        and (not hold.products or not set(hold.products).isdisjoint(message.product_refs))
    )


def whole_microseconds(duration: timedelta) -> int:
    """The duration in the unit of facts."""
    return duration // timedelta(microseconds=1)


def rows_of(facts: Facts, collection: str) -> Iterable[Any]:
    """The rows of a collection; none where it is not what it should be."""
    try:
        rows: Any = getattr(facts, collection, None)
    except TypeError:
        return ()  # two lists are read as one, and one of them is none
    return cast("list[Any]", rows) if isinstance(rows, list | tuple) else ()


def _guarded(check: Callable[..., Truth]) -> Callable[..., Truth]:
    def guarded(*case: Any) -> Truth:
        try:
            return check(*case)
        except Exception:  # noqa: BLE001 - the fault is the answer: unknown
            return None

    return guarded


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
            span = whole_microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now < at + span
        case "older_than":
            span = whole_microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now >= at + span
        case "contains":
            return lambda of, _message, _now: operand in value_of(of)
        case "is_unset":
            return lambda of, _message, _now: ((value := value_of(of)) is None or value in EMPTY) is operand
