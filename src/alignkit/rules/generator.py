"""Writes one Python function for rules that are asked together, as a syntax tree; nothing in a policy becomes text.

What it writes reads like this:

    def evaluate(facts, message, now):
        found = 0                                               # a bit for each rule
        held = []                                               # what those that suppress rest on
        noted = []
        all_issues = facts.issues
        if all_issues:                                          # most customers have none of most
            before_0 = now - 2592000000000                      # each boundary in time, once
            issues_0 = []
            for row in all_issues:                              # one loop for every rule about issues
                if row.excluded is None:                        # what rules share is asked once
                    if row.first_active_at is not None and row.first_active_at <= before_0:
                        found |= 2                              # a rule that one row makes hold
                        noted.append(row.ref)
                    else:
                        issues_0.append(row.ref)
            if len(issues_0) >= 3:                              # a rule that it takes more for
                found |= 1
                held += issues_0
        if found:
            return conclude(found, held + noted)
        return nothing

A fault escapes from it, and then somebody careful has to be asked. Where none does, `and`, `or` and `not` are Kleene's
in any order; that is why tests may be moved to where rules share them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
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
from alignkit.rules.passes import FOUND, Mark, Pass, Rows
from alignkit.rules.plugins import make
from alignkit.rules.structure import NOTHING_URGENT, conditions_in

T = TypeVar("T")
Function = Callable[[Facts, Message, int], T]

_PARAMETERS = ("facts", "message", "now")
_MOST_NAMES = 30
"""A pass with more names becomes a function of its own: every call clears all names of a function, used or not."""


class Questions(NamedTuple):
    """What one function asks."""

    suppressing: Sequence[Condition]
    noting: Sequence[Condition]
    exempting: Sequence[Condition]


def generate(questions: Questions, conclude: Callable[..., T], nothing: T, *, unknown_is_active: bool) -> Function[T]:
    """The function that asks them all.

    It gives `nothing` where nothing suppresses and nothing is noted, else `conclude(found, cited)`. Bit n of `found` is
    set where the nth condition holds, counted through all of `questions`; exempting ones are asked only where something
    suppresses. `cited` names the rows that make conditions hold: noting ones, and exempting ones or else suppressing.
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
        suppressing, noting, exempting = _marked(questions)
        for mark, condition in (*suppressing, *noting):
            if isinstance(condition, (AnyRow, LatestRow)):
                self._rows(condition).mark(mark)
                continue
            finding, rows = self._finding(mark, condition), self._rows_of(condition)
            home = _home(condition, rows)
            if home is None:
                after.append(finding)
                outside.extend(rows)
            else:
                within.setdefault(home, []).append(finding)
        freeing = [self._finding(*each) for each in exempting]
        outside.extend(rows for _, condition in exempting for rows in self._rows_of(condition))
        names = dict.fromkeys(name for rows in outside for name in rows.names)
        lists = ["held", *(["noted"] if noting else [])]
        shared = [*lists, *(["attributes"] if self._asks_attributes else [])]
        return [
            syntax.assign(FOUND, syntax.constant(0)),
            *(syntax.assign(name, syntax.new_list()) for name in lists),
            *self._defaults(names),
            *(made for one in self._passes.values() for made in self._pass(one, within, names, shared)),
            *after,
            *(_freed(freeing, exempting[0][0].bit, of=len(suppressing)) if freeing else []),
            *_conclusion(lists),
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
        """Looks through a collection unless it is too small; what is nothing at all is a fault, which no list is."""
        everything = f"all_{one.collection}"
        rows = syntax.name(everything)
        body = [*one.loop(rows), *within.get(one.collection, [])]
        if len(one.names) > _MOST_NAMES and set(one.names).isdisjoint(outside):
            look, parameters = f"look_at_{one.collection}", [everything, *_PARAMETERS, FOUND, *shared]
            self.functions.append(syntax.function(look, parameters, [*body, syntax.give(syntax.name(FOUND))]))
            body = [syntax.assign(FOUND, syntax.call(syntax.name(look), *map(syntax.name, parameters)))]
        yield syntax.assign(everything, syntax.attribute(syntax.name("facts"), one.collection))
        if one.least > 1:
            yield syntax.when(syntax.compare(_size(rows), ast.GtE(), syntax.constant(one.least)), body)
        else:
            yield syntax.when(rows, body, [syntax.when(is_absent(rows), [syntax.do(_size(rows))])])

    # Rules

    def _finding(self, mark: Mark, condition: Condition) -> ast.stmt:
        """Marks a condition where it holds, with the names of the rows that make it hold; an absence has none."""
        found = syntax.update(FOUND, ast.BitOr(), syntax.constant(mark.bit))
        taken = [syntax.update(mark.cited, ast.Add(), cited) for cited in self._cited(condition)]
        return syntax.when(self._holds(condition), [found, *taken])

    def _holds(self, condition: Condition) -> ast.expr:
        match condition:
            case AnyRow() | LatestRow():
                return syntax.name(self._rows(condition).references())
            case NoRow():
                return syntax.denied(syntax.name(self._rows(condition).references()))
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
        counted = rows.set_of(condition.distinct) if condition.distinct else rows.references()
        return syntax.compare(_size(syntax.name(counted)), ast.GtE(), self.constants.name(condition.at_least))

    def _cited(self, condition: Condition) -> Iterator[ast.expr]:
        match condition:
            case AnyRow() | CountRows() | LatestRow():
                yield syntax.name(self._rows(condition).references())
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


def _marked(questions: Questions) -> list[list[tuple[Mark, Condition]]]:
    """Each condition with its mark, in the groups of the questions."""
    bits = (1 << number for number in count())
    groups = zip(("held", "noted", "freed"), questions, strict=True)
    return [[(Mark(next(bits), cited), condition) for condition in group] for cited, group in groups]


def _freed(freeing: list[ast.stmt], first: int, *, of: int) -> Iterator[ast.stmt]:
    """Asks exempting conditions, whose bits are the highest, where one of so many suppressing ones holds."""
    found, suppressing = syntax.name(FOUND), syntax.constant((1 << of) - 1)
    is_freed = syntax.compare(found, ast.GtE(), syntax.constant(first))
    freed = syntax.when(is_freed, [syntax.assign("held", syntax.name("freed"))])
    asked = [syntax.assign("freed", syntax.new_list()), *freeing, freed]
    yield syntax.when(syntax.combine(found, ast.BitAnd(), suppressing), asked)


def _conclusion(lists: list[str]) -> Iterator[ast.stmt]:
    cited: ast.expr = syntax.name(lists[0])
    for name in lists[1:]:
        cited = syntax.combine(cited, ast.Add(), syntax.name(name))
    concluded = syntax.call(syntax.name("conclude"), syntax.name(FOUND), cited)
    yield syntax.when(syntax.name(FOUND), [syntax.give(concluded)])
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
