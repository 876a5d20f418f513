"""Builds closures that answer conditions carefully: yes, no, or None where a fault keeps the answer from being known.

A fault inside one question is an answer of its own, and answers combine by Kleene's three-valued logic, so the order
in which questions are asked cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, cast

from alignkit.models.marketing import Message
from alignkit.rules.citation import PLUGINS, Cited
from alignkit.rules.conditions import (
    AllOf,
    AllOfTests,
    AnyOf,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    Holdout,
    LatestRow,
    NoRow,
    Not,
    NotTest,
    PluginTest,
    RowTest,
    Test,
)
from alignkit.rules.facts import Facts, HoldFacts
from alignkit.rules.fields import MESSAGE_FIELDS, ROW_FIELDS, Collection, Kind
from alignkit.rules.leaves import asking, leaf
from alignkit.rules.plugins import make
from alignkit.rules.structure import NOTHING_URGENT

Truth = bool | None
RowCheck = Callable[[Any, Message, int], Truth]
Check = Callable[[Facts, Message, int], Truth]
Citation = Callable[[Facts, Message, int], list[Cited]]


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
            case LatestRow():
                return self._latest(condition)
            case Holdout():
                return _all([_guarded(leaf(condition)), *map(self.check, NOTHING_URGENT)])
            case AllOf():
                return _all([self.check(inside) for inside in condition.all_of])
            case AnyOf():
                return _any([self.check(inside) for inside in condition.any_of])
            case Not():
                return _negated(self.check(condition.condition))
            case _:
                return _guarded(leaf(condition))

    def citation(self, condition: Condition) -> Citation:
        """What makes a condition hold: rows that pass. What must be absent has no rows to cite."""
        match condition:
            case AnyRow():
                return self._passing(condition.any, condition.where)
            case CountRows():
                return self._passing(condition.count, condition.where)
            case LatestRow():
                return self._newest_passing(condition)
            case PluginTest():
                return _named_by(condition)
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

    def _any(self, collection: Collection, where: tuple[Test, ...]) -> Check:
        rows, passes = _reading(collection), self._where(where, collection)

        def any_row(facts: Facts, message: Message, now: int) -> Truth:
            return _some_of(passes(row, message, now) for row in rows(facts))

        return _guarded(any_row)

    def _count(self, condition: CountRows) -> Check:
        rows, passes = _reading(condition.count), self._where(condition.where, condition.count)
        least = condition.at_least
        thing_of = attrgetter(condition.distinct) if condition.distinct else None

        def enough(facts: Facts, message: Message, now: int) -> Truth:
            sure: set[object] = set()
            perhaps: set[object] = set()
            for number, row in enumerate(rows(facts)):
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

    def _latest(self, condition: LatestRow) -> Check:
        newest, passes = self._newest(condition), self._where(condition.passes, condition.latest)

        def latest_row(facts: Facts, message: Message, now: int) -> Truth:
            return _some_of(passes(row, message, now) for row in newest(facts, message, now))

        return _guarded(latest_row)

    def _newest_passing(self, condition: LatestRow) -> Citation:
        newest, passes = self._newest(condition), self._where(condition.passes, condition.latest)

        def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
            try:
                rows = newest(facts, message, now)
            except Exception:  # noqa: BLE001 - which rows are the newest is not known, so none is cited
                return []
            return [(condition.latest, row) for row in rows if passes(row, message, now)]

        return cite

    def _newest(self, condition: LatestRow) -> Callable[[Facts, Message, int], list[Any]]:
        """The newest of the rows that pass; raises where it cannot be told which they are."""
        rows, time_of = _reading(condition.latest), attrgetter(condition.time)
        passes = self._where(condition.where, condition.latest)

        def newest(facts: Facts, message: Message, now: int) -> list[Any]:
            passing = [row for row in rows(facts) if _certain(passes(row, message, now))]
            timed = [(time + 0, row) for row in passing if (time := time_of(row)) is not None]
            last = max([time for time, _ in timed], default=None)
            return [row for time, row in timed if time == last]

        return newest

    def _passing(self, collection: Collection, where: tuple[Test, ...]) -> Citation:
        passes = self._where(where, collection)

        def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
            return [(collection, row) for row in rows_of(facts, collection) if passes(row, message, now)]

        return cite

    def _where(self, tests: tuple[Test, ...], collection: Collection) -> RowCheck:
        checks = [self._row_check(test, collection) for test in tests]
        if collection == "holds":
            checks.insert(0, _guarded(covers))
        return checks[0] if len(checks) == 1 else _all(checks)

    def _row_check(self, test: Test, collection: Collection) -> RowCheck:
        match test:
            case RowTest():
                kind = ROW_FIELDS[collection][test.field].kind
                return _guarded(_field_check(test, kind, unknown_is_active=self._unknown_is_active))
            case AllOfTests():
                return _all([self._row_check(inside, collection) for inside in test.all_of])
            case AnyOfTests():
                return _any([self._row_check(inside, collection) for inside in test.any_of])
            case NotTest():
                return _negated(self._row_check(test.test, collection))


def covers(hold: HoldFacts, message: Message, now: int) -> bool:
    """Whether a stored hold is in force and its own scope takes in the message."""
    return (
        hold.opened_at <= now
        and (hold.ends_at is None or now < hold.ends_at)
        and (not hold.channels or message.channel in hold.channels)
        and (not hold.categories or message.category in hold.categories)
        and (not hold.products or in_common(message.product_refs, hold.products))
    )


def rows_of(facts: Facts, collection: str) -> Iterable[Any]:
    """The rows of a collection; none where it is not what it should be."""
    try:
        rows: Any = getattr(facts, collection, None)
    except TypeError:
        return ()  # two lists are read as one, and one of them is none
    return cast("list[Any]", rows) if isinstance(rows, list | tuple) else ()


def _reading(collection: str) -> Callable[[Facts], Iterable[Any]]:
    """The rows of a collection; what is empty has none, whatever it is, and nothing at all is a fault."""
    read = attrgetter(collection)

    def rows(facts: Facts) -> Iterable[Any]:
        found: Any = read(facts)
        return cast("Iterable[Any]", found if found or found is None else ())

    return rows


def _guarded(check: Callable[..., Truth]) -> Callable[..., Truth]:
    def guarded(*case: Any) -> Truth:
        try:
            return check(*case)
        except Exception:  # noqa: BLE001 - the fault is the answer: unknown
            return None

    return guarded


def _certain(answer: Truth) -> bool:
    """The answer, which must be known."""
    if answer is None:
        raise ValueError("it is not known whether the row passes")
    return answer


def _some_of(answers: Iterable[Truth]) -> Truth:
    unsure = False
    for answer in answers:
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


def _named_by(condition: PluginTest) -> Citation:
    plugin, holds = make(condition.plugin, condition.options), _guarded(leaf(condition))

    def cite(facts: Facts, message: Message, now: int) -> list[Cited]:
        if not holds(facts, message, now):
            return []
        try:
            return [(PLUGINS, each) for each in plugin.evidence(facts, message, now)]
        except Exception:  # noqa: BLE001 - a plugin that cannot say why has still said that it holds
            return []

    return cite


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
    return lambda subject, message, now: _some_of(check(subject, message, now) for check in checks)


def _negated(check: Callable[[Any, Message, int], Truth]) -> Callable[[Any, Message, int], Truth]:
    def negated(subject: Any, message: Message, now: int) -> Truth:
        answer = check(subject, message, now)
        return None if answer is None else not answer

    return negated


def _field_check(test: RowTest, kind: Kind, *, unknown_is_active: bool) -> RowCheck:
    if test.field == "active" and test.operator == "equals":
        return asking(test, lambda row: unknown_is_active if row.active is None else row.active)
    if test.operator == "same_as":
        return _comparison(test, kind)
    return asking(test, attrgetter(test.field), kind)


def _comparison(test: RowTest, kind: Kind) -> RowCheck:
    """Whether a row has what the message has, which it is not asked where the message has none."""
    value_of, said_of = attrgetter(test.field), attrgetter(test.operand)
    if MESSAGE_FIELDS[test.operand].kind is Kind.LIST:
        if kind is Kind.LIST:
            return lambda row, message, _now: bool(said_of(message)) and in_common(said_of(message), value_of(row))
        return lambda row, message, _now: bool(said_of(message)) and value_of(row) in said_of(message)
    if kind is Kind.LIST:
        return lambda row, message, _now: (said := said_of(message)) is not None and said in value_of(row)
    return lambda row, message, _now: (said := said_of(message)) is not None and value_of(row) == said


def in_common(words: Iterable[str], of_row: Any) -> bool:
    """Whether a row's list has one of the words."""
    for word in words:  # noqa: SIM110 - `any` would take three times as long
        if word in of_row:
            return True
    return False
