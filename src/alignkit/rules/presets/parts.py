"""The parts that presets are written with: rules and tests, each in one short call."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from alignkit.models.vocabulary import Category, Outcome, Priority
from alignkit.rules.conditions import Condition, NotTest, RowTest, Test
from alignkit.rules.policy import Effect, Rule

MARKETING = tuple(category for category in Category if category.is_marketing)

Categories = Annotated[tuple[Category, ...], Field(min_length=1)]
Priorities = tuple[Priority, ...]


def suppress(
    id: str,
    categories: tuple[Category, ...],
    when: Condition,
    *,
    reason: str,
    why: str,
    outcome: Outcome = Outcome.DEFER,
) -> Rule:
    """A rule that holds such messages back."""
    return Rule(
        id=id, effect=Effect.SUPPRESS, categories=categories, when=when, outcome=outcome, reason=reason, why=why
    )


def note(id: str, categories: tuple[Category, ...], when: Condition, *, reason: str, why: str) -> Rule:
    """A rule that reports something and holds nothing back."""
    return Rule(id=id, effect=Effect.NOTE, categories=categories, when=when, reason=reason, why=why)


def is_in(field: str, members: Iterable[str]) -> RowTest:
    """The field has one of these words."""
    return RowTest(field=field, in_=_words(members))


def is_not_in(field: str, members: Iterable[str]) -> tuple[Test, ...]:
    """The field has none of these words, or no value; no test at all where there are no words."""
    words = _words(members)
    return (NotTest(test=RowTest(field=field, in_=words)),) if words else ()


def _words(members: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(member.value) if isinstance(member, StrEnum) else member for member in members)
