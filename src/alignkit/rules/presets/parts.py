"""The parts that presets are written with: rules and tests, each in one short call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from alignkit.models.vocabulary import Category, Channel, Outcome, Priority
from alignkit.rules.conditions import Condition, CountRows, NotTest, RowTest, Test
from alignkit.rules.durations import spell_duration
from alignkit.rules.ruleset import Effect, Rule

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
    channels: tuple[Channel, ...] = (),
    relevance: timedelta | None = None,
) -> Rule:
    """A rule that holds such messages back."""
    return Rule(
        id=id,
        effect=Effect.SUPPRESS,
        categories=categories,
        channels=channels,
        when=when,
        outcome=outcome,
        relevance=relevance,
        reason=reason,
        why=why,
    )


def note(id: str, categories: tuple[Category, ...], when: Condition, *, reason: str, why: str) -> Rule:
    """A rule that reports something and holds nothing back."""
    return Rule(id=id, effect=Effect.NOTE, categories=categories, when=when, reason=reason, why=why)


def enough(
    id: str,
    categories: tuple[Category, ...],
    most: int,
    window: timedelta,
    *,
    why: str,
    channels: tuple[Channel, ...] = (),
    outcome: Outcome = Outcome.DROP,
) -> Rule:
    """A cap: where so many such messages went out within the window, the next one does not."""
    by_channel = (is_in("channel", channels),) if channels else ()
    sent = (RowTest(field="status", equals="sent"), RowTest(field="at", within=window))
    return suppress(
        id,
        categories,
        CountRows(count="sends", at_least=most, where=(is_in("category", categories), *by_channel, *sent)),
        channels=channels,
        outcome=outcome,
        reason=f"{{count}} such messages went out within {spell_duration(window)}, which is enough",
        why=why,
    )


def is_in(field: str, members: Iterable[str]) -> RowTest:
    """The field has one of these words."""
    return RowTest(field=field, in_=_words(members))


def is_not_in(field: str, members: Iterable[str]) -> tuple[Test, ...]:
    """The field has none of these words, or no value; no test at all where there are no words."""
    words = _words(members)
    return (NotTest(test=RowTest(field=field, in_=words)),) if words else ()


def _words(members: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(member.value) if isinstance(member, StrEnum) else member for member in members)
