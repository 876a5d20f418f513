"""Writes one Python function for rules that are asked together, as a syntax tree; nothing in a policy becomes text.

What it writes reads like this:

    def evaluate(facts, message, now):
        held, noted = [], []
        all_issues = facts.issues
        if len(all_issues):                                     # most customers have none of most
            before_0 = now - 2592000000000                      # each boundary in time, once
            rows_0, rows_1 = [], []
            for row in all_issues:                              # one loop for every rule about issues
                if row.excluded is None or row.excluded in empty:  # what rules share is asked once
                    if row.first_active_at is not None and row.first_active_at <= before_0:
                        rows_1.append(row.ref)
                    else:
                        rows_0.append(row.ref)
            if rows_0:
                held.append((mark_0, rows_0))
            if rows_1:
                noted.append((mark_1, rows_1))
        if held or noted:
            return conclude(held, (), noted)
        return nothing

A fault escapes from it, and then somebody careful has to be asked. Where none does, `and`, `or` and `not` are Kleene's
in any order; that is why tests may be moved to where rules share them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from alignkit.models.marketing import Message
from alignkit.rules import syntax
from alignkit.rules.closures import covers, in_common
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
    Question,
    RowTest,
    Test,
)
from alignkit.rules.facts import Facts
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, ROW_FIELDS, Collection, Field, Kind
from alignkit.rules.leaves import EMPTY, leaf, whole_microseconds
from alignkit.rules.plugins import make
from alignkit.rules.questions import Operator
from alignkit.rules.structure import NOTHING_URGENT, conditions_in

Function = Callable[[Facts, Message, int], Any]

_PARAMETERS = ("facts", "message", "now")
_IN_FORCE = "in force"


class Asked(NamedTuple):
    """A condition, and the mark that stands for it in the answer."""

    mark: object
    when: Condition


class Questions(NamedTuple):
    """What one function asks."""

    suppressing: Sequence[Asked]
    exempting: Sequence[Asked]
    noting: Sequence[Asked]


def generate(
    questions: Questions, conclude: Callable[..., object], nothing: object, *, unknown_is_active: bool
) -> Function:
    """The function that asks them all.

    It gives `nothing` where nothing suppresses and nothing is noted, else `conclude(held, freed, noted)`: for each
    condition that holds its mark, with the names of the rows that make it hold. Exempting conditions count only where
    something suppresses.
    """
    writer = _Writer(unknown_is_active=unknown_is_active)
    module = syntax.function("evaluate", _PARAMETERS, writer.body(questions))
    bound: dict[str, Any] = {
        "__builtins__": {},
        "beginning": float("-inf"),
        "conclude": conclude,
        "covers": covers,
        "empty": EMPTY,
        "in_common": in_common,
        "len": len,
        "nothing": nothing,
        "set": set,
        **writer.constants,
    }
    exec(compile(module, "<policy>", "exec"), bound)  # noqa: S102 - a tree of our own making, no text
    return cast("Function", bound["evaluate"])


class _Asks(NamedTuple):
    """The key of one question about one field."""

    field: str
    operator: Operator
    operand: Any


class _Literal(NamedTuple):
    """A test, told from others by its key, and whether it must fail instead of pass."""

    key: object
    is_denied: bool


class _Rows:
    """The rows of one collection that pass the same tests, by the names of the containers that gather them."""

    def __init__(self, number: int, collection: Collection, literals: Sequence[_Literal]) -> None:
        self.collection: Collection = collection
        self.literals = literals
        self.name = f"rows_{number}"
        self.sets: dict[str, str] = {}

    def set_of(self, field: str) -> str:
        """The set of the different values that these rows have in a field."""
        return self.sets.setdefault(field, f"{self.name}_{field}")

    def beginning(self) -> Iterator[ast.stmt]:
        yield syntax.assign(self.name, syntax.new_list())
        for name in self.sets.values():
            yield syntax.assign(name, syntax.call(syntax.name("set")))

    def gathering(self) -> list[ast.stmt]:
        """Takes `row` in, by the thing that it is cited as."""
        return [
            _put(self.name, "append", _reference(self.collection)),
            *(_put(name, "add", field) for field, name in self.sets.items()),
        ]

    def ending(self) -> Iterator[ast.stmt]:
        """An absent value is no value."""
        for name in self.sets.values():
            yield syntax.do(syntax.call(syntax.attribute(syntax.name(name), "discard"), syntax.constant(None)))


class _Newest(_Rows):
    """The newest rows of those that pass the same tests, gathered whole and tested afterwards."""

    def __init__(
        self, number: int, collection: Collection, literals: Sequence[_Literal], time: str, passes: Sequence[_Literal]
    ) -> None:
        super().__init__(number, collection, literals)
        self.time = time
        self.passes = passes
        self.last = f"last_{number}"

    def beginning(self) -> Iterator[ast.stmt]:
        yield from super().beginning()
        yield syntax.assign(self.last, syntax.name("beginning"))

    def gathering(self) -> list[ast.stmt]:
        """Takes `row` in where it is as new as the newest so far, and drops those where it is newer."""
        time, last = syntax.attribute(syntax.name("row"), self.time), syntax.name(self.last)
        newer = [
            syntax.assign(self.last, syntax.name("time")),
            syntax.assign(self.name, syntax.new_list(syntax.name("row"))),
        ]
        as_new = syntax.when(
            syntax.compare(syntax.name("time"), ast.Eq(), last),
            [syntax.do(syntax.call(syntax.attribute(syntax.name(self.name), "append"), syntax.name("row")))],
        )
        compared = syntax.when(syntax.compare(syntax.name("time"), ast.Gt(), last), newer, [as_new])
        taken = syntax.assign("time", time)
        if not ROW_FIELDS[self.collection][self.time].is_optional:
            return [taken, compared]
        return [taken, syntax.when(syntax.compare(syntax.name("time"), ast.IsNot(), syntax.constant(None)), [compared])]

    def testing(self, tests: dict[object, ast.expr]) -> Iterator[ast.stmt]:
        """Keeps the names of those that pass."""
        newest = f"newest_{self.name}"
        yield syntax.assign(newest, syntax.name(self.name))
        yield syntax.assign(self.name, syntax.new_list())
        kept = _put(self.name, "append", _reference(self.collection))
        yield syntax.for_each("row", syntax.name(newest), [_alone(tests, [kept], self.passes)])


class _Pass:
    """One pass over a collection: its tests, its boundaries in time, and what it gathers."""

    def __init__(self) -> None:
        self.rows: dict[object, _Rows] = {}
        self.tests: dict[object, ast.expr] = {}
        self.spans: dict[int, str] = {}
        self.said: dict[str, str] = {}


_Open = list[tuple[_Rows, list[_Literal]]]


class _Writer:
    """Writes the body of one function; `constants` are the names that it leaves to be bound."""

    def __init__(self, *, unknown_is_active: bool) -> None:
        self.constants: dict[str, object] = {}
        self._unknown_is_active = unknown_is_active
        self._passes: dict[Collection, _Pass] = {}
        self._asks_attributes = False

    def body(self, questions: Questions) -> list[ast.stmt]:
        within: dict[Collection, list[ast.stmt]] = {}
        after: list[ast.stmt] = []
        outside: list[_Rows] = []
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
        passes = [self._pass(name, one, within.get(name, [])) for name, one in self._passes.items()]
        return [
            syntax.assign("held", syntax.new_list()),
            *([syntax.assign("noted", syntax.new_list())] if questions.noting else []),
            *self._defaults(outside),
            *(statement for one in passes for statement in one),
            *after,
            *_conclusion(freeing, does_note=bool(questions.noting)),
        ]

    def _defaults(self, outside: Iterable[_Rows]) -> Iterator[ast.stmt]:
        """What is asked of rows even where their collection turns out to be empty."""
        for name in dict.fromkeys(name for rows in outside for name in (rows.name, *rows.sets.values())):
            yield syntax.assign(name, syntax.sequence())
        if self._asks_attributes:
            yield syntax.assign("attributes", syntax.attribute(syntax.name("facts"), "attributes"))

    # Rules

    def _finding(self, found: str, asked: Asked) -> ast.stmt:
        mark = self._bound(asked.mark)
        pair = syntax.sequence(mark, self._evidence(asked.when))
        take = syntax.call(syntax.attribute(syntax.name(found), "append"), pair)
        return syntax.when(self._holds(asked.when), [syntax.do(take)])

    def _holds(self, condition: Condition) -> ast.expr:
        match condition:
            case AnyRow():
                return syntax.name(self._rows(condition.any, condition.where).name)
            case NoRow():
                return syntax.denied(syntax.name(self._rows(condition.none, condition.where).name))
            case CountRows():
                return self._count(condition)
            case CustomerTest():
                self._asks_attributes = True
                field = CUSTOMER_FIELDS[condition.customer]
                get = syntax.attribute(syntax.name("attributes"), "get")
                return self._answer(condition, syntax.call(get, syntax.constant(condition.customer)), field)
            case MessageTest():
                field = MESSAGE_FIELDS[condition.message]
                return self._answer(condition, syntax.attribute(syntax.name("message"), condition.message), field)
            case LatestRow():
                return syntax.name(self._newest(condition).name)
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
        return syntax.call(self._bound(leaf(condition)), *map(syntax.name, _PARAMETERS))

    def _count(self, condition: CountRows) -> ast.expr:
        rows = self._rows(condition.count, condition.where)
        counted = rows.set_of(condition.distinct) if condition.distinct else rows.name
        size = syntax.call(syntax.name("len"), syntax.name(counted))
        return syntax.compare(size, ast.GtE(), self._bound(condition.at_least))

    def _evidence(self, condition: Condition) -> ast.expr:
        """The names of the rows that make a condition hold which does hold; an absence has none."""
        return _together(list(self._cited(condition)))

    def _cited(self, condition: Condition) -> Iterator[ast.expr]:
        match condition:
            case AnyRow():
                yield syntax.name(self._rows(condition.any, condition.where).name)
            case CountRows():
                yield syntax.name(self._rows(condition.count, condition.where).name)
            case LatestRow():
                yield syntax.name(self._newest(condition).name)
            case PluginTest():
                evidence = self._bound(make(condition.plugin, condition.options).evidence)
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

    def _rows_of(self, condition: Condition) -> list[_Rows]:
        found: list[_Rows] = []
        for part in conditions_in(condition):
            if isinstance(part, LatestRow):
                found.append(self._newest(part))
            elif isinstance(part, (AnyRow, NoRow, CountRows)):
                found.append(self._rows(part.collection, part.where))
        return found

    # Rows

    def _rows(self, collection: Collection, where: tuple[Test, ...]) -> _Rows:
        """The rows that pass these tests; rules that ask the same share them."""
        one = self._passes.setdefault(collection, _Pass())
        literals = self._all_literals(one, collection, where)
        key = frozenset(literals)
        if key not in one.rows:
            one.rows[key] = _Rows(self._number(), collection, literals)
        return one.rows[key]

    def _newest(self, condition: LatestRow) -> _Rows:
        """The newest of the rows that pass `where`, as far as they pass `passes`."""
        collection = condition.latest
        one = self._passes.setdefault(collection, _Pass())
        literals = self._all_literals(one, collection, condition.where)
        passes = list(dict.fromkeys(self._literals(one, collection, condition.passes)))
        key = (frozenset(literals), condition.time, frozenset(passes))
        if key not in one.rows:
            one.rows[key] = _Newest(self._number(), collection, literals, condition.time, passes)
        return one.rows[key]

    def _number(self) -> int:
        return sum(len(each.rows) for each in self._passes.values())

    def _all_literals(self, one: _Pass, collection: Collection, where: tuple[Test, ...]) -> list[_Literal]:
        literals = list(dict.fromkeys(self._literals(one, collection, where)))
        if collection == "holds":
            one.tests[_IN_FORCE] = syntax.call(
                syntax.name("covers"), syntax.name("row"), syntax.name("message"), syntax.name("now")
            )
            literals.insert(0, _Literal(_IN_FORCE, is_denied=False))
        return literals

    def _literals(
        self, one: _Pass, collection: Collection, tests: Iterable[Test], *, are_denied: bool = False
    ) -> Iterator[_Literal]:
        """Tests that must all pass, or all fail, taken apart as far as they fall into more of the same."""
        for test in tests:
            match test:
                case NotTest():
                    yield from self._literals(one, collection, (test.test,), are_denied=not are_denied)
                case AllOfTests() if not are_denied:
                    yield from self._literals(one, collection, test.all_of)
                case AnyOfTests() if are_denied:
                    yield from self._literals(one, collection, test.any_of, are_denied=True)
                case _:
                    key = _key(test)
                    if key not in one.tests:
                        one.tests[key] = self._test(one, collection, test)
                    yield _Literal(key, are_denied)

    def _test(self, one: _Pass, collection: Collection, test: Test) -> ast.expr:
        match test:
            case RowTest():
                return self._field(one, collection, test)
            case AllOfTests():
                return syntax.every(self._test(one, collection, inside) for inside in test.all_of)
            case AnyOfTests():
                return syntax.some(self._test(one, collection, inside) for inside in test.any_of)
            case NotTest():
                return syntax.denied(self._test(one, collection, test.test))

    def _field(self, one: _Pass, collection: Collection, test: RowTest) -> ast.expr:
        value, field = syntax.attribute(syntax.name("row"), test.field), ROW_FIELDS[collection][test.field]
        if test.operator in ("within", "older_than"):
            before = one.spans.setdefault(whole_microseconds(test.operand), f"before_{len(one.spans)}")
            later = ast.Gt() if test.operator == "within" else ast.LtE()
            return _present(value, syntax.compare(value, later, syntax.name(before)), field)
        if test.operator == "same_as":
            return self._comparison(one, test.operand, value, field)
        answer = self._answer(test, value, field)
        if test.field == "active" and test.operator == "equals" and test.operand == self._unknown_is_active:
            return syntax.some([answer, _is_absent(value)])
        return answer

    def _comparison(self, one: _Pass, attribute: str, value: ast.expr, field: Field) -> ast.expr:
        """Whether a row has what the message has; the row is not looked at where the message has none."""
        said = syntax.name(one.said.setdefault(attribute, f"said_{attribute}"))
        if MESSAGE_FIELDS[attribute].kind is Kind.LIST:
            if field.kind is Kind.LIST:
                return syntax.every([said, syntax.call(syntax.name("in_common"), said, value)])
            return syntax.every([said, syntax.compare(value, ast.In(), said)])
        has = (
            syntax.compare(said, ast.In(), value) if field.kind is Kind.LIST else syntax.compare(value, ast.Eq(), said)
        )
        return syntax.every([syntax.compare(said, ast.IsNot(), syntax.constant(None)), has])

    def _pass(self, collection: Collection, one: _Pass, findings: list[ast.stmt]) -> list[ast.stmt]:
        everything, gathered = f"all_{collection}", list(one.rows.values())
        return [
            syntax.assign(everything, syntax.attribute(syntax.name("facts"), collection)),
            syntax.when(
                syntax.call(syntax.name("len"), syntax.name(everything)),
                [
                    *(
                        syntax.assign(name, syntax.subtract(syntax.name("now"), syntax.constant(span)))
                        for span, name in one.spans.items()
                    ),
                    *(
                        syntax.assign(name, syntax.attribute(syntax.name("message"), attribute))
                        for attribute, name in one.said.items()
                    ),
                    *(statement for rows in gathered for statement in rows.beginning()),
                    syntax.for_each(
                        "row",
                        syntax.name(everything),
                        _branches(one.tests, [(rows, list(rows.literals)) for rows in gathered]),
                    ),
                    *(statement for rows in gathered for statement in rows.ending()),
                    *(
                        statement
                        for rows in gathered
                        if isinstance(rows, _Newest)
                        for statement in rows.testing(one.tests)
                    ),
                    *findings,
                ],
            ),
        ]

    # Questions

    def _answer(self, question: Question, value: ast.expr, field: Field) -> ast.expr:
        """The answer to a question about a value; about an absent one it is no."""
        operand = question.operand
        match question.operator:
            case "equals":
                return syntax.compare(value, ast.Eq(), self._bound(operand))
            case "in":
                return syntax.compare(value, ast.In(), self._bound(frozenset(operand)))
            case "not_in":
                # None among the words, so that an absent value is not outside of them.
                return syntax.compare(value, ast.NotIn(), self._bound(frozenset((*operand, None))))
            case "at_least":
                test = syntax.compare(value, ast.GtE(), self._bound(operand))
            case "at_most":
                test = syntax.compare(value, ast.LtE(), self._bound(operand))
            case "contains":
                return syntax.compare(self._bound(operand), ast.In(), value)
            case _:
                is_unset = syntax.some([_is_absent(value), syntax.compare(value, ast.In(), syntax.name("empty"))])
                return is_unset if operand else syntax.denied(is_unset)
        return _present(value, test, field)

    def _bound(self, value: object) -> ast.expr:
        """The value itself, in the function's code or under a name of its own."""
        if isinstance(value, (str, int, float)) and type(value) in (str, int, float, bool):
            return syntax.constant(value)
        name = f"constant_{len(self.constants)}"
        self.constants[name] = value
        return syntax.name(name)


def _home(condition: Condition, rows: list[_Rows]) -> Collection | None:
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


def _branches(tests: dict[object, ast.expr], rest: _Open) -> list[ast.stmt]:
    """Takes a row in wherever it belongs; the test that most share is asked first, and of all of them once."""
    body = [statement for rows, literals in rest if not literals for statement in rows.gathering()]
    rest = [each for each in rest if each[1]]
    while rest:
        shared = Counter(literal.key for _, literals in rest for literal in literals)
        key = max(shared, key=shared.__getitem__)
        if shared[key] == 1:
            return body + [_alone(tests, rows.gathering(), literals) for rows, literals in rest]
        passing, failing = _Literal(key, is_denied=False), _Literal(key, is_denied=True)
        otherwise = [each for each in rest if passing not in each[1] and failing not in each[1]]
        excluded = [each for each in otherwise if any(_excludes(key, literal) for literal in each[1])]
        body.append(_fork(tests, key, _given(passing, rest), _given(failing, rest) + excluded))
        rest = [each for each in otherwise if each not in excluded]
    return body


def _excludes(key: object, other: _Literal) -> bool:
    """Whether no row that passes the first test can pass the other: the same field is one of different words."""
    first, second = _words_of(key), _words_of(other.key)
    if other.is_denied or first is None or second is None:
        return False
    return first[0] == second[0] and first[1].isdisjoint(second[1])


def _words_of(key: object) -> tuple[str, frozenset[object]] | None:
    """The field, and the words of which it has to be one, where that is what a test asks."""
    if isinstance(key, _Asks) and key.operator in ("equals", "in"):
        return key.field, frozenset(key.operand if key.operator == "in" else (key.operand,))
    return None


def _fork(tests: dict[object, ast.expr], key: object, passed: _Open, failed: _Open) -> ast.stmt:
    if not passed:
        return syntax.when(syntax.denied(tests[key]), _branches(tests, failed))
    return syntax.when(tests[key], _branches(tests, passed), _branches(tests, failed))


def _given(known: _Literal, rest: _Open) -> _Open:
    """Those that ask for this answer, with what they have yet to ask once it is known."""
    return [
        (rows, [literal for literal in literals if literal != known]) for rows, literals in rest if known in literals
    ]


def _alone(tests: dict[object, ast.expr], body: list[ast.stmt], literals: Sequence[_Literal]) -> ast.stmt:
    asked = [syntax.denied(tests[key]) if is_denied else tests[key] for key, is_denied in literals]
    return syntax.when(syntax.every(asked), body)


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


def _reference(collection: Collection) -> str:
    """The field that a row is cited by."""
    return "thing" if collection == "signals" else "ref"


def _put(container: str, method: str, field: str) -> ast.stmt:
    value = syntax.attribute(syntax.name("row"), field)
    return syntax.do(syntax.call(syntax.attribute(syntax.name(container), method), value))


def _together(parts: list[ast.expr]) -> ast.expr:
    if len(parts) == 1:
        return parts[0]
    return syntax.new_list(*map(syntax.spread, parts)) if parts else syntax.sequence()


def _present(value: ast.expr, test: ast.expr, field: Field) -> ast.expr:
    """The test of a value that may be absent; where it never should be, its absence is a fault."""
    if not field.is_optional:
        return test
    return syntax.every([syntax.compare(value, ast.IsNot(), syntax.constant(None)), test])


def _is_absent(value: ast.expr) -> ast.expr:
    return syntax.compare(value, ast.Is(), syntax.constant(None))


def _key(test: Test) -> object:
    """Equal for tests that ask the same, whatever model says it."""
    match test:
        case RowTest():
            return _Asks(test.field, test.operator, test.operand)
        case AllOfTests():
            return ("all_of", *map(_key, test.all_of))
        case AnyOfTests():
            return ("any_of", *map(_key, test.any_of))
        case NotTest():
            return ("not", _key(test.test))
