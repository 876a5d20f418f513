"""Walks through conditions: what they are put together from, and which facts they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alignkit.rules import plugins
from alignkit.rules.conditions import (
    CUSTOMER_ZONE,
    AllOf,
    AllOfTests,
    AnyOf,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    Holdout,
    LatestRow,
    LocalDate,
    LocalTime,
    NoRow,
    Not,
    NotTest,
    PluginTest,
    RowTest,
    Test,
)
from alignkit.rules.fields import PARTS

_IS_URGENT: tuple[Test, ...] = (
    AnyOfTests(any_of=(RowTest(field="active", equals=True), RowTest(field="active", is_unset=True))),
    RowTest(field="excluded", is_unset=True),
    AnyOfTests(
        any_of=(
            RowTest(field="priority", equals="urgent"),
            RowTest(field="severity", equals="critical"),
            RowTest(field="type", equals="complaint"),
        )
    ),
)

NOTHING_URGENT = (NoRow(none="issues", where=_IS_URGENT), NoRow(none="account_issues", where=_IS_URGENT))
"""What must hold beside its share for a holdout to let somebody through."""


def inside(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that a condition is put together from."""
    match condition:
        case AllOf():
            return condition.all_of
        case AnyOf():
            return condition.any_of
        case Not():
            return (condition.condition,)
        case Holdout():
            return NOTHING_URGENT
        case _:
            return ()


def without_share(condition: Condition) -> Condition:
    """The same as if everybody belonged to the share of its holdout."""
    match condition:
        case Holdout():
            return AllOf(all_of=NOTHING_URGENT)
        case AllOf():
            return AllOf(all_of=tuple(map(without_share, condition.all_of)))
        case _:
            return condition


def conditions_in(condition: Condition) -> Iterator[Condition]:
    """The condition and all that are in it."""
    yield condition
    for part in inside(condition):
        yield from conditions_in(part)


def row_tests_in(condition: Condition) -> Iterator[RowTest]:
    """Every single test that a condition puts its rows to, apart from the conditions inside it."""
    match condition:
        case LatestRow():
            yield from _single((*condition.where, *condition.passes))
        case AnyRow() | NoRow() | CountRows():
            yield from _single(condition.where)
        case _:
            return


def _single(tests: Iterable[Test]) -> Iterator[RowTest]:
    for test in tests:
        match test:
            case RowTest():
                yield test
            case AllOfTests():
                yield from _single(test.all_of)
            case AnyOfTests():
                yield from _single(test.any_of)
            case NotTest():
                yield from _single((test.test,))


def needs_of(condition: Condition) -> Iterator[str]:
    """The fields of `Facts` that a condition reads."""
    for each in conditions_in(condition):
        match each:
            case AnyRow() | NoRow() | CountRows() | LatestRow():
                yield from PARTS.get(each.collection, (each.collection,))
            case CustomerTest():
                yield "attributes"
            case LocalTime() | LocalDate() if each.zone == CUSTOMER_ZONE:
                yield "attributes"
            case Holdout():
                yield "bucketing_id"
            case PluginTest():
                yield from plugins.make(each.plugin, each.options).needs
            case _:
                pass
