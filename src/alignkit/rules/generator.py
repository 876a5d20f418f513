"""Writes one Python function for rules that are asked together, as a syntax tree; nothing in a policy becomes text.

What it writes reads like this:

    def evaluate(facts, message, now):
        held, noted = [], []
        all_issues = facts.issues
        if all_issues:                                          # most customers have none of most
            before_0 = now - 2592000000000                      # each boundary in time, once
            issues_0, issues_1 = [], []
            for row in all_issues:                              # one loop for every rule about issues
                if row.excluded is None:                        # what rules share is asked once
                    if row.first_active_at is not None and row.first_active_at <= before_0:
                        issues_1.append(row.ref)
                    else:
                        issues_0.append(row.ref)
            if issues_0:
                held.append((mark_0, issues_0))
            if issues_1:
                noted.append((mark_1, issues_1))
        if held or noted:
            return conclude(held, (), noted)
        return nothing

A fault escapes from it, and then somebody careful has to be asked. Where none does, `and`, `or` and `not` are Kleene's
in any order; that is why tests may be moved to where rules share them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from alignkit import syntax
from alignkit.models.marketing import Message
from alignkit.rules.answers import Constants, answer, is_absent
from alignkit.rules.closures import covers, in_common
from alignkit.rules.conditions import (
    AllOf,
    AnyOf,
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
    PluginTest,
    RowsCondition,
)
from alignkit.rules.facts import Facts
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, Collection
from alignkit.rules.leaves import leaf
from alignkit.rules.passes import Pass, Rows
from alignkit.rules.plugins import make
from alignkit.rules.structure import NOTHING_URGENT, conditions_in

T = TypeVar("T")
Function = Callable[[Facts, Message, int], T]

_PARAMETERS = ("facts", "message", "now")
_MOST_NAMES = 30
"""A pass with more containers becomes a function of its own: every call clears all names of a function, used or not."""


class Asked(NamedTuple):
    """A condition, and the mark that stands for it in the answer."""

    mark: object
    when: Condition


class Questions(NamedTuple):
    """What one function asks."""

    suppressing: Sequence[Asked]
    exempting: Sequence[Asked]
    noting: Sequence[Asked]


def generate(questions: Questions, conclude: Callable[..., T], nothing: T, *, unknown_is_active: bool) -> Function[T]:
    """The function that asks them all.

    It gives `nothing` where nothing suppresses and nothing is noted, else `conclude(held, freed, noted)`: for each
    condition that holds its mark, with the names of the rows that make it hold. Exempting conditions count only where
    something suppresses.
    """
    writer = _Writer(unknown_is_active=unknown_is_active)
    evaluate = syntax.function("evaluate", _PARAMETERS, writer.body(questions))
    bound: dict[str, Any] = {
        "__builtins__": {},
        "beginning": float("-inf"),
        "conclude": conclude,
        "covers": covers,
        "in_common": in_common,
        "len": len,
        "nothing": nothing,
        "set": set,
        **writer.constants.bound,
    }
    exec(compile(syntax.module(*writer.functions, evaluate), "<policy>", "exec"), bound)  # noqa: S102 - no text of theirs
    return cast("Function[T]", bound["evaluate"])


class _Writer:
    """Writes the body of one function, and further functions that it calls."""

    def __init__(self, *, unknown_is_active: bool) -> None:
        self.constants = Constants()
        self.functions: list[ast.stmt] = []
        self._unknown_is_active = unknown_is_active
        self._passes: dict[Collection, Pass] = {}
        self._known: dict[int, Rows] = {}
        self._asks_attributes = False

    def body(self, questions: Questions) -> list[ast.stmt]:
        within: dict[Collection, list[ast.stmt]] = {}
        after: list[ast.stmt] = []
        outside: list[Rows] = []
        for found, asked in (("held", questions.suppressing), ("noted", questions.noting)):
            for each in asked:
                finding, rows = self._finding(found, each), self._rows_of(each.when)
                home = _home(each.when, rows)
                if home is None:
                    after.append(finding)
                    outside.extend(rows)
                else:
                    within.setdefault(home, []).append(finding)
        freeing = [self._finding("freed", each) for each in questions.exempting]
        outside.extend(rows for each in questions.exempting for rows in self._rows_of(each.when))
        names = dict.fromkeys(name for rows in outside for name in rows.names)
        shared = ["held", *(["noted"] if questions.noting else []), *(["attributes"] if self._asks_attributes else [])]
        return [
            syntax.assign("held", syntax.new_list()),
            *([syntax.assign("noted", syntax.new_list())] if questions.noting else []),
            *self._defaults(names),
            *(made for one in self._passes.values() for made in self._pass(one, within, names, shared)),
            *after,
            *_conclusion(freeing, does_note=bool(questions.noting)),
        ]

    def _defaults(self, names: Iterable[str]) -> Iterator[ast.stmt]:
        """What is asked of rows even where their collection turns out to be empty."""
        for name in names:
            yield syntax.assign(name, syntax.sequence())
        if self._asks_attributes:
            yield syntax.assign("attributes", syntax.attribute(syntax.name("facts"), "attributes"))

    def _pass(
        self, one: Pass, within: dict[Collection, list[ast.stmt]], outside: Iterable[str], shared: list[str]
    ) -> Iterator[ast.stmt]:
        """Looks through a collection unless it is empty; what is nothing at all is a fault, which no list is."""
        everything = f"all_{one.collection}"
        rows = syntax.name(everything)
        body = [*one.loop(rows), *within.get(one.collection, [])]
        if len(one.names) > _MOST_NAMES and set(one.names).isdisjoint(outside):
            parameters = [everything, *_PARAMETERS, *shared]
            self.functions.append(syntax.function(f"look_at_{one.collection}", parameters, body))
            body = [syntax.do(syntax.call(syntax.name(f"look_at_{one.collection}"), *map(syntax.name, parameters)))]
        yield syntax.assign(everything, syntax.attribute(syntax.name("facts"), one.collection))
        yield syntax.when(rows, body, [syntax.when(is_absent(rows), [syntax.do(_size(rows))])])

    # Rules

    def _finding(self, found: str, asked: Asked) -> ast.stmt:
        pair = syntax.sequence(self.constants.name(asked.mark), self._evidence(asked.when))
        take = syntax.call(syntax.attribute(syntax.name(found), "append"), pair)
        return syntax.when(self._holds(asked.when), [syntax.do(take)])

    def _holds(self, condition: Condition) -> ast.expr:
        match condition:
            case AnyRow() | LatestRow():
                return syntax.name(self._rows(condition).name)
            case NoRow():
                return syntax.denied(syntax.name(self._rows(condition).name))
            case CountRows():
                return self._count(condition)
            case CustomerTest():
                self._asks_attributes = True
                field = CUSTOMER_FIELDS[condition.customer]
                get = syntax.attribute(syntax.name("attributes"), "get")
                return answer(condition, syntax.call(get, syntax.constant(condition.customer)), field, self.constants)
            case MessageTest():
                value = syntax.attribute(syntax.name("message"), condition.message)
                return answer(condition, value, MESSAGE_FIELDS[condition.message], self.constants)
            case Holdout():
                return syntax.every([*map(self._holds, NOTHING_URGENT), self._asked(condition)])
            case AllOf():
                return syntax.every(map(self._holds, _cheapest_first(condition.all_of)))
            case AnyOf():
                return syntax.some(map(self._holds, _cheapest_first(condition.any_of)))
            case Not():
                return syntax.denied(self._holds(condition.condition))
            case _:
                return self._asked(condition)

    def _asked(self, condition: LocalTime | LocalDate | Holdout | PluginTest) -> ast.expr:
        """A call of what the condition means, which takes a time zone, a hash or somebody's code to say."""
        return syntax.call(self.constants.name(leaf(condition)), *map(syntax.name, _PARAMETERS))

    def _count(self, condition: CountRows) -> ast.expr:
        rows = self._rows(condition)
        counted = rows.set_of(condition.distinct) if condition.distinct else rows.name
        return syntax.compare(_size(syntax.name(counted)), ast.GtE(), self.constants.name(condition.at_least))

    def _evidence(self, condition: Condition) -> ast.expr:
        """The names of the rows that make a condition hold which does hold; an absence has none."""
        return _together(list(self._cited(condition)))

    def _cited(self, condition: Condition) -> Iterator[ast.expr]:
        match condition:
            case AnyRow() | CountRows() | LatestRow():
                yield syntax.name(self._rows(condition).name)
            case PluginTest():
                evidence = self.constants.name(make(condition.plugin, condition.options).evidence)
                yield syntax.call(evidence, *map(syntax.name, _PARAMETERS))
            case AllOf():
                for inside in condition.all_of:
                    yield from self._cited(inside)
            case AnyOf():
                for inside in condition.any_of:
                    yield from self._cited_where_it_holds(inside)
            case _:
                return

    def _cited_where_it_holds(self, condition: Condition) -> Iterator[ast.expr]:
        if isinstance(condition, (AnyRow, LatestRow, AnyOf)):
            # What does not hold has gathered nothing.
            yield from self._cited(condition)
        elif parts := list(self._cited(condition)):
            yield syntax.choice(self._holds(condition), _together(parts), syntax.sequence())

    def _rows_of(self, condition: Condition) -> list[Rows]:
        return [self._rows(part) for part in conditions_in(condition) if isinstance(part, RowsCondition)]

    def _rows(self, condition: RowsCondition) -> Rows:
        known = self._known.get(id(condition))
        if known is None:
            if condition.collection not in self._passes:
                self._passes[condition.collection] = Pass(
                    condition.collection, self.constants, unknown_is_active=self._unknown_is_active
                )
            known = self._known[id(condition)] = self._passes[condition.collection].rows(condition)
        return known


def _home(condition: Condition, rows: list[Rows]) -> Collection | None:
    """The collection that a condition is about alone, and without whose rows it cannot hold; None for any other."""
    collections: set[Collection] = {each.collection for each in rows}
    return collections.pop() if len(collections) == 1 and _wants_rows(condition) else None


def _wants_rows(condition: Condition) -> bool:
    match condition:
        case AnyRow() | CountRows() | LatestRow():
            return True
        case AllOf():
            return any(map(_wants_rows, condition.all_of))
        case AnyOf():
            return all(map(_wants_rows, condition.any_of))
        case _:
            return False


def _conclusion(freeing: list[ast.stmt], *, does_note: bool) -> Iterator[ast.stmt]:
    held, noted = syntax.name("held"), syntax.name("noted") if does_note else syntax.sequence()
    freed = syntax.name("freed") if freeing else syntax.sequence()
    concluded = syntax.give(syntax.call(syntax.name("conclude"), held, freed, noted))
    if freeing:
        yield syntax.assign("freed", syntax.new_list())
        yield syntax.when(held, freeing)
    yield syntax.when(syntax.some([held, noted]) if does_note else held, [concluded])
    yield syntax.give(syntax.name("nothing"))


def _cheapest_first(conditions: Iterable[Condition]) -> list[Condition]:
    """What takes a call last; in Kleene's logic the order changes no answer."""
    return sorted(conditions, key=lambda each: isinstance(each, (LocalTime, LocalDate, Holdout, PluginTest)))


def _together(parts: list[ast.expr]) -> ast.expr:
    if len(parts) == 1:
        return parts[0]
    return syntax.new_list(*map(syntax.spread, parts)) if parts else syntax.sequence()


def _size(rows: ast.expr) -> ast.expr:
    return syntax.call(syntax.name("len"), rows)
