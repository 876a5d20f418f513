"""Writes one loop over a collection, which gathers the rows that rules ask for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alignkit import syntax
from alignkit.rules.answers import Constants, answer_to, comparison, is_absent, present
from alignkit.rules.branches import Asks, Literal, Sorted, alone, branches, key_of
from alignkit.rules.conditions import CountRows, LatestRow, RowsCondition
from alignkit.rules.fields import ROW_FIELDS, Collection
from alignkit.rules.leaves import whole_microseconds
from alignkit.rules.questions import AllOfTests, AnyOfTests, NotTest, RowTest, Test

FOUND = "found"
"""The variable that has a bit for each condition."""

_IN_FORCE = "in force"
_ROW = "row"


class Mark(NamedTuple):
    """How a condition that holds is told: by a bit of `found`, and by the list that takes what it rests on."""

    bit: int
    cited: str


class Rows:
    """The rows of one collection that pass the same tests: what becomes of each, and what gathers them."""

    def __init__(self, name: str, collection: Collection, literals: Sequence[Literal]) -> None:
        self.collection: Collection = collection
        self.literals = literals
        self.name = name
        self.lists: list[str] = []
        self.sets: dict[str, str] = {}
        self.marks: list[Mark] = []

    @property
    def names(self) -> list[str]:
        """The names of all its containers."""
        return [*self.lists, *self.sets.values()]

    def references(self) -> str:
        """The list of what these rows are cited as."""
        self.lists = [self.name]
        return self.name

    def set_of(self, field: str) -> str:
        """The set of the different values that these rows have in a field."""
        return self.sets.setdefault(field, f"{self.name}_{field}")

    def mark(self, mark: Mark) -> None:
        """Each of these rows makes a condition hold by itself."""
        self.marks.append(mark)

    def beginning(self) -> Iterator[ast.stmt]:
        for name in self.lists:
            yield syntax.assign(name, syntax.new_list())
        for name in self.sets.values():
            yield syntax.assign(name, syntax.call(syntax.name("set")))

    def gathering(self) -> list[ast.stmt]:
        """Takes `row` in."""
        return self.taking()

    def taking(self) -> list[ast.stmt]:
        """What becomes of a `row` that counts."""
        bits = sum({mark.bit for mark in self.marks})
        cited = dict.fromkeys([*(mark.cited for mark in self.marks), *self.lists])
        return [
            *([syntax.update(FOUND, ast.BitOr(), syntax.constant(bits))] if bits else []),
            *(_put(name, "append", _cited_by(self.collection)) for name in cited),
            *(_put(name, "add", field) for field, name in self.sets.items()),
        ]

    def ending(self) -> Iterator[ast.stmt]:
        """An absent value is no value."""
        for name in self.sets.values():
            yield syntax.do(syntax.call(syntax.attribute(syntax.name(name), "discard"), syntax.constant(None)))


class Newest(Rows):
    """The newest rows of those that pass the same tests, gathered whole and tested afterwards."""

    def __init__(
        self, name: str, collection: Collection, literals: Sequence[Literal], time: str, passes: Sequence[Literal]
    ) -> None:
        super().__init__(name, collection, literals)
        self.time = time
        self.passes = passes
        self.newest: str = f"{name}_newest"
        self.last: str = f"{name}_last"

    def beginning(self) -> Iterator[ast.stmt]:
        yield from super().beginning()
        yield syntax.assign(self.newest, syntax.new_list())
        yield syntax.assign(self.last, syntax.name("beginning"))

    def gathering(self) -> list[ast.stmt]:
        """Takes `row` in where it is as new as the newest so far, and drops those where it is newer."""
        time, last, rows = syntax.name("time"), syntax.name(self.last), syntax.name(self.newest)
        newer = [syntax.assign(self.last, time), syntax.assign(self.newest, syntax.new_list(syntax.name(_ROW)))]
        take = syntax.do(syntax.call(syntax.attribute(rows, "append"), syntax.name(_ROW)))
        as_new = syntax.when(syntax.compare(time, ast.Eq(), last), [take])
        compared: ast.stmt = syntax.when(syntax.compare(time, ast.Gt(), last), newer, [as_new])
        if ROW_FIELDS[self.collection][self.time].is_optional:
            compared = syntax.when(syntax.compare(time, ast.IsNot(), syntax.constant(None)), [compared])
        return [syntax.assign("time", syntax.attribute(syntax.name(_ROW), self.time)), compared]

    def testing(self, tests: dict[object, ast.expr]) -> Iterator[ast.stmt]:
        """Those that pass are the ones that count."""
        yield syntax.for_each(_ROW, syntax.name(self.newest), [alone(tests, self.taking(), self.passes)])


class Pass:
    """One pass over a collection: its tests, its boundaries in time, and what it gathers."""

    def __init__(self, collection: Collection, constants: Constants, *, unknown_is_active: bool) -> None:
        self.collection: Collection = collection
        self._constants = constants
        self._unknown_is_active = unknown_is_active
        self._rows: dict[object, Rows] = {}
        self._tests: dict[object, ast.expr] = {}
        self._spans: dict[int, str] = {}
        self._said: dict[str, str] = {}
        self._leasts: set[int] = set()

    @property
    def names(self) -> list[str]:
        """The names of all that it binds, but for a few."""
        containers = [name for rows in self._rows.values() for name in rows.names]
        return [*containers, *self._spans.values(), *self._said.values()]

    @property
    def least(self) -> int:
        """With fewer rows than these none of them matters, faulty as they may be."""
        return min(self._leasts)

    def rows(self, condition: RowsCondition) -> Rows:
        """The rows that a condition asks for; conditions that ask the same share them."""
        self._leasts.add(_least(condition))
        literals = self._all_literals(condition.where)
        if isinstance(condition, LatestRow):
            return self._newest(condition, literals)
        key = frozenset(literals)
        if key not in self._rows:
            self._rows[key] = Rows(self._name(), self.collection, literals)
        return self._rows[key]

    def _newest(self, condition: LatestRow, literals: list[Literal]) -> Rows:
        """The newest of the rows that pass `where`, as far as they pass `passes`."""
        passes = list(dict.fromkeys(self._literals(condition.passes)))
        key = (frozenset(literals), condition.time, frozenset(passes))
        if key not in self._rows:
            self._rows[key] = Newest(self._name(), self.collection, literals, condition.time, passes)
        return self._rows[key]

    def _name(self) -> str:
        return f"{self.collection}_{len(self._rows)}"

    def loop(self, everything: ast.expr) -> Iterator[ast.stmt]:
        """Looks at each row once; boundaries in time and what the message says are read before."""
        gathered = list(self._rows.values())
        for span, name in self._spans.items():
            yield syntax.assign(name, syntax.combine(syntax.name("now"), ast.Sub(), syntax.constant(span)))
        for attribute, name in self._said.items():
            yield syntax.assign(name, syntax.attribute(syntax.name("message"), attribute))
        for rows in gathered:
            yield from rows.beginning()
        sorting = branches(self._tests, [Sorted(rows.gathering, rows.literals) for rows in gathered])
        yield syntax.for_each(_ROW, everything, sorting)
        for rows in gathered:
            yield from rows.ending()
            if isinstance(rows, Newest):
                yield from rows.testing(self._tests)

    def _all_literals(self, where: tuple[Test, ...]) -> list[Literal]:
        literals = list(dict.fromkeys(self._literals(where)))
        if self.collection == "holds":
            self._tests[_IN_FORCE] = syntax.call(
                syntax.name("covers"), syntax.name(_ROW), syntax.name("message"), syntax.name("now")
            )
            literals.insert(0, Literal(_IN_FORCE, is_denied=False))
        return literals

    def _literals(self, tests: Iterable[Test], *, are_denied: bool = False) -> Iterator[Literal]:
        """Tests that must all pass, or all fail, taken apart as far as they fall into more of the same."""
        for test in tests:
            match test:
                case NotTest():
                    yield from self._literals((test.test,), are_denied=not are_denied)
                case AllOfTests() if not are_denied:
                    yield from self._literals(test.all_of)
                case AnyOfTests() if are_denied:
                    yield from self._literals(test.any_of, are_denied=True)
                case _:
                    key = key_of(test)
                    if key not in self._tests:
                        self._tests[key] = self._field(key) if isinstance(key, Asks) else self._test(test)
                    yield Literal(key, are_denied)

    def _test(self, test: Test) -> ast.expr:
        match test:
            case RowTest():
                return self._field(Asks(test.field, test.operator, test.operand))
            case AllOfTests():
                return syntax.every(map(self._test, test.all_of))
            case AnyOfTests():
                return syntax.some(map(self._test, test.any_of))
            case NotTest():
                return syntax.denied(self._test(test.test))

    def _field(self, asks: Asks) -> ast.expr:
        name, operator, operand = asks
        value, field = syntax.attribute(syntax.name(_ROW), name), ROW_FIELDS[self.collection][name]
        if operator in ("within", "older_than"):
            before = self._spans.setdefault(whole_microseconds(operand), f"before_{len(self._spans)}")
            later = ast.Gt() if operator == "within" else ast.LtE()
            return present(value, syntax.compare(value, later, syntax.name(before)), field)
        if operator == "same_as":
            return comparison(syntax.name(self._said.setdefault(operand, f"said_{operand}")), operand, value, field)
        told = answer_to(operator, operand, value, field, self._constants)
        if name == "active" and operator == "equals" and operand == self._unknown_is_active:
            return syntax.some([told, is_absent(value)])
        return told


def _least(condition: RowsCondition) -> int:
    """How many rows there must be for any of them to matter; where values are told apart, one alone may be unfit."""
    return condition.at_least if isinstance(condition, CountRows) and condition.distinct is None else 1


def _cited_by(collection: Collection) -> str:
    """The field that a row is cited by."""
    return "thing" if collection == "signals" else "ref"


def _put(container: str, method: str, field: str) -> ast.stmt:
    value = syntax.attribute(syntax.name(_ROW), field)
    return syntax.do(syntax.call(syntax.attribute(syntax.name(container), method), value))
