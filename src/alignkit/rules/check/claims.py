"""Conditions as formulas of claims, of which each can be made true or false by building facts.

A claim that facts cannot be built for, such as one about the time of day, stays as it is: a search takes it for either
and leaves the last word to the policy itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from alignkit.models.vocabulary import Category, Channel
from alignkit.rules.check.cells import Asked, ask
from alignkit.rules.check.formula import Every, Formula, Leaf, Some, denied, leaves
from alignkit.rules.check.rows import Tests
from alignkit.rules.conditions import (
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
    MessageTest,
    NoRow,
    Not,
    NotTest,
    PluginTest,
    RowTest,
    Test,
)
from alignkit.rules.fields import PARTS, Collection
from alignkit.rules.policy import Rule
from alignkit.rules.structure import NOTHING_URGENT


@dataclass(frozen=True, slots=True)
class Rows:
    """So many rows of a collection pass; with `distinct`, rows with so many different values of that field."""

    collection: str
    tests: Tests
    least: int = 1
    distinct: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The customer or the message answers a question with yes."""

    of: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Given:
    """A condition that no facts can be built for."""

    condition: Any


Claim: TypeAlias = Rows | Told | Given
Claims: TypeAlias = Formula[Claim]

EVERYTHING: Every[Any] = Every(())
"""True of everything."""


def claims_of(condition: Condition) -> Claims:
    """What a condition claims."""
    return READERS[type(condition)](condition)


def governed_by(rule: Rule) -> Claims:
    """That the message is one that the rule is about."""
    parts: list[Claims] = []
    if rule.categories:
        parts.append(message_is("category", rule.categories))
    if rule.channels:
        parts.append(message_is("channel", rule.channels))
    return Every(tuple(parts))


def message_is(attribute: str, words: Sequence[Category | Channel | str]) -> Claims:
    """That the message has one of these words there."""
    told = MessageTest(message=attribute, in_=tuple(str(word) for word in words))
    return Leaf(Told("message", ask(attribute, told)))


def holds(rule: Rule) -> Claims:
    """That the rule governs the message and its condition holds."""
    return Every((governed_by(rule), claims_of(rule.when)))


def collections(claims: Claims) -> frozenset[str]:
    """The collections that claims are about."""
    return frozenset(leaf.claim.collection for leaf in leaves(claims) if isinstance(leaf.claim, Rows))


def tests_of(where: Sequence[Test]) -> Tests:
    """That a row passes all of these tests."""
    return Every(tuple(_test(test) for test in where))


def _test(test: Test) -> Tests:
    match test:
        case RowTest():
            return Leaf(ask(test.field, test))
        case AllOfTests():
            return tests_of(test.all_of)
        case AnyOfTests():
            return Some(tuple(_test(inside) for inside in test.any_of))
        case NotTest():
            return denied(_test(test.test))


def some_row(collection: Collection, tests: Tests) -> Claims:
    """That a row passes; one that is kept in several places may be in any of them."""
    places = PARTS.get(collection, (collection,))
    found: list[Leaf[Claim]] = [rows(place, tests) for place in places]
    return found[0] if len(found) == 1 else Some(tuple(found))


def rows(collection: str, tests: Tests, least: int = 1, distinct: str | None = None) -> Leaf[Claim]:
    """That so many rows pass; a hold does only while it is in force for messages of this kind."""
    covering = Every((tests, _COVERS)) if collection == "holds" else tests
    return Leaf(Rows(collection, covering, least, distinct))


def _empty_or(name: str, **question: Any) -> Tests:
    """That a field has no value, or one that answers a question."""
    return Some(
        tuple(
            Leaf(ask(name, RowTest.model_validate({"field": name, **asked})))
            for asked in ({"is_unset": True}, question)
        )
    )


_COVERS: Tests = Every(
    (
        Leaf(ask("opened_at", RowTest(field="opened_at", older_than=timedelta()))),
        _empty_or("ends_at", within=timedelta()),
        _empty_or("channels", same_as="channel"),
        _empty_or("categories", same_as="category"),
    )
)
"""That a hold is in force and about such messages; of its products nothing is said."""


def _count(condition: CountRows) -> Claims:
    tests = tests_of(condition.where)
    if condition.distinct is not None:
        present = RowTest(field=condition.distinct, is_unset=False)
        tests = Every((tests, Leaf(ask(condition.distinct, present))))
    if condition.at_least == 1:
        return some_row(condition.count, tests)
    return rows(condition.count, tests, condition.at_least, condition.distinct)


def _latest(condition: LatestRow) -> Claims:
    """That it is so, for which a row must pass both filters, whatever others there are."""
    has_time = Leaf(ask(condition.time, RowTest(field=condition.time, is_unset=False)))
    tests: Tests = Every((tests_of(condition.where), tests_of(condition.passes), has_time))
    return Every((Leaf(Given(condition)), some_row(condition.latest, tests)))


def _given(condition: LocalTime | LocalDate | PluginTest) -> Claims:
    return Leaf(Given(condition))


def _holdout(condition: Holdout) -> Claims:
    return Every((Leaf(Given(condition)), *(claims_of(part) for part in NOTHING_URGENT)))


READERS: Mapping[type, Callable[[Any], Claims]] = {
    AnyRow: lambda condition: some_row(condition.any, tests_of(condition.where)),
    NoRow: lambda condition: denied(some_row(condition.none, tests_of(condition.where))),
    CountRows: _count,
    LatestRow: _latest,
    LocalTime: _given,
    LocalDate: _given,
    Holdout: _holdout,
    PluginTest: _given,
    CustomerTest: lambda condition: Leaf(Told("customer", ask(condition.customer, condition))),
    MessageTest: lambda condition: Leaf(Told("message", ask(condition.message, condition))),
    AllOf: lambda condition: Every(tuple(claims_of(inside) for inside in condition.all_of)),
    AnyOf: lambda condition: Some(tuple(claims_of(inside) for inside in condition.any_of)),
    Not: lambda condition: denied(claims_of(condition.condition)),
}
"""How each kind of condition is read; every kind of the language has its place here."""
