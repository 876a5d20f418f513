"""Says at which instants a condition may change its answer with the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import groupby
from typing import NamedTuple

from alignkit.models.marketing import Message
from alignkit.rules.clocks import Clock, changes, news
from alignkit.rules.closures import rows_of
from alignkit.rules.conditions import (
    AnyRow,
    Condition,
    CountRows,
    LatestRow,
    LocalDate,
    LocalTime,
    NoRow,
    PluginTest,
)
from alignkit.rules.facts import Facts
from alignkit.rules.leaves import shown, whole_microseconds, zone_of
from alignkit.rules.plugins import ConditionPlugin, change_after, make
from alignkit.rules.structure import conditions_in, row_tests_in

MOST_CHANGES = 100_000
"""A plugin that names more instants of change than these is asked no further."""


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


class Moments:
    """When rules may change their answers: after times in rows, and when clocks and plugins say.

    Attributes:
        in_rows: the boundaries of questions about the times of rows.
    """

    __slots__ = ("_clocks", "_plugins", "in_rows")

    def __init__(self, conditions: Iterable[Condition]) -> None:
        parts = [part for condition in conditions for part in conditions_in(condition)]
        self.in_rows: frozenset[Moment] = frozenset(moment for part in parts for moment in moments_of(part))
        self._clocks = [(zone_of(part), shown(part)) for part in parts if isinstance(part, (LocalTime, LocalDate))]
        plugins = [part for part in parts if isinstance(part, PluginTest)]
        self._plugins = [(part.plugin, make(part.plugin, part.options)) for part in plugins]

    def between(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        """Every instant in (after, until] at which some answer may change, in order and once."""
        clocks = [changes(clock, after, until) for clock in self._clocks_of(facts)]
        return _once(merge(self._other_than_clocks(facts, message, after, until), *clocks))

    def news_between(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        """Those at which the answers together may be what they have not been since `after`.

        Where nothing but clocks has changed since an instant of a row, and all of them show again what they have shown
        together before, all answers are those of that time: nights come and go while an issue stays open.
        """
        clocks, begin = self._clocks_of(facts), after
        for at in self._other_than_clocks(facts, message, after, until):
            yield from news(clocks, begin, at - 1)
            yield at
            begin = at
        yield from news(clocks, begin, until)

    def _clocks_of(self, facts: Facts) -> list[Clock]:
        """The clocks that this customer looks at; without attributes, those of others."""
        found: list[Clock] = []
        for zone, seen in self._clocks:
            with suppress(AttributeError):  # attributes that are none are a fault at all instants alike
                found.append((zone(facts), seen))
        return list(dict.fromkeys(found))

    def _other_than_clocks(self, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
        in_rows = sorted({at for at in instants(self.in_rows, facts) if after < at <= until})
        named = [_changes_of(plugin, facts, message, after, until) for _, plugin in self._plugins]
        return _once(merge(in_rows, *named))

    def faults(self, facts: Facts, message: Message, now: int) -> tuple[str, ...]:
        """What cannot say when it changes, in sentences."""
        unforeseen = {name for name, plugin in self._plugins if not _foresees(plugin, facts, message, now)}
        return tuple(f"the condition `{name}` cannot say when it changes" for name in sorted(unforeseen))


def _once(instants: Iterable[int]) -> Iterator[int]:
    return (at for at, _ in groupby(instants))


def moments_of(condition: Condition) -> Iterator[Moment]:
    """The boundary of each question about the times of rows in a condition, apart from the conditions inside it."""
    if not isinstance(condition, AnyRow | NoRow | CountRows | LatestRow):
        return
    collection = condition.collection
    if collection == "holds":
        yield from (Moment(collection, "opened_at", 0), Moment(collection, "ends_at", 0))
    for test in row_tests_in(condition):
        if test.operator in ("within", "older_than"):
            yield Moment(collection, test.field, whole_microseconds(test.operand))


def _changes_of(plugin: ConditionPlugin, facts: Facts, message: Message, after: int, until: int) -> Iterator[int]:
    """The instants in (after, until] at which a plugin may change its answer, in order; none beyond a fault."""
    for _ in range(MOST_CHANGES):
        try:
            at = change_after(plugin, facts, message, after)
        except Exception:  # noqa: BLE001 - `faults` tells of it
            return
        if at is None or at > until:
            return
        yield at
        after = at


def _foresees(plugin: ConditionPlugin, facts: Facts, message: Message, now: int) -> bool:
    try:
        change_after(plugin, facts, message, now)
    except Exception:  # noqa: BLE001 - whatever it is, the plugin cannot say
        return False
    return True
