"""Says at which instants a condition may change its answer with the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alignkit.rules.closures import rows_of, whole_microseconds
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
    RowTest,
    Test,
)
from alignkit.rules.facts import Facts


class Moment(NamedTuple):
    """Answers may change `span` microseconds after the time in this field of a row."""

    collection: str
    field: str
    span: int


def instants(moments: Iterable[Moment], facts: Facts) -> Iterator[int]:
    """The instants at which answers may change; a time that cannot be read is a fault at all of them alike."""
    for moment in moments:
        for row in rows_of(facts, moment.collection):
            at = getattr(row, moment.field, None)
            if isinstance(at, int):
                yield at + moment.span


def moments_of(condition: Condition) -> Iterator[Moment]:
    """The boundary of each question about time in a condition."""
    match condition:
        case AnyRow():
            yield from _of_rows(condition.any, condition.where)
        case NoRow():
            yield from _of_rows(condition.none, condition.where)
        case CountRows():
            yield from _of_rows(condition.count, condition.where)
        case AllOf():
            yield from (moment for inside in condition.all_of for moment in moments_of(inside))
        case AnyOf():
            yield from (moment for inside in condition.any_of for moment in moments_of(inside))
        case CustomerTest() | MessageTest():
            return
        case _:
            yield from moments_of(condition.condition)


def _of_rows(collection: str, where: tuple[Test, ...]) -> Iterator[Moment]:
    if collection == "holds":
        yield from (Moment(collection, "opened_at", 0), Moment(collection, "ends_at", 0))
    for test in where:
        yield from (Moment(collection, field, span) for field, span in _time_questions(test))


def _time_questions(test: Test) -> Iterator[tuple[str, int]]:
    match test:
        case RowTest():
            if test.operator in ("within", "older_than"):
                yield test.field, whole_microseconds(test.operand)
        case AllOfTests():
            yield from (pair for inside in test.all_of for pair in _time_questions(inside))
        case AnyOfTests():
            yield from (pair for inside in test.any_of for pair in _time_questions(inside))
        case NotTest():
            yield from _time_questions(test.test)
