"""Conditions as data: what a rule asks of the facts about a customer, and of the message.

| condition | holds when |
|---|---|
| `any = "issues"`, `where = [...]` | at least one row passes every test in `where` |
| `none = "issues"`, `where = [...]` | no row does |
| `count = "signals"`, `at_least = 3`, `distinct = "thing"`, `where = [...]` | that many rows do, or rows with that \
many different values of the `distinct` field |
| `customer = "is_vip"`, one question | the customer's attribute answers it |
| `message = "channel"`, one question | the message's attribute answers it |
| `all_of = [...]`, `any_of = [...]`, `not = {...}` | the conditions inside do, as the words say |

A test in `where` is `field = "priority"` with one question, or `all_of`, `any_of`, `not` around further tests.

| question | answered with yes when | asked of |
|---|---|---|
| `equals` | the value is this one | text, flag, number |
| `in` | the value is one of these | text |
| `not_in` | there is a value, and it is none of these | text |
| `at_least`, `at_most` | the number is not less, not more | number |
| `within` | now < field + duration | time |
| `older_than` | now >= field + duration | time |
| `contains` | this word is in the list | list |
| `is_unset` | `true`: there is no value (an empty list is none); `false`: there is one | all |

A question about an absent value is answered with no, save `is_unset`. So `not_in` differs from `not` around `in`.
`within` and `older_than` share one boundary instant, at which `within` is already over; a time that lies ahead is
`within` every duration. Rows of `holds` count only while they are in force (`opened_at` <= now < `ends_at`) and only
where their own channels, categories and products cover the message.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from alignkit.models.base import Model
from alignkit.rules.durations import Duration
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, ROW_FIELDS, Collection, Kind
from alignkit.rules.fields import Field as FieldOf

Operator = Literal["equals", "in", "not_in", "at_least", "at_most", "within", "older_than", "contains", "is_unset"]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Number = StrictInt | StrictFloat
Words = Annotated[tuple[StrictStr, ...], Field(min_length=1)]
Place = tuple[str | int, ...]

_QUESTIONS: dict[Operator, str] = {
    "equals": "equals",
    "in": "in_",
    "not_in": "not_in",
    "at_least": "at_least",
    "at_most": "at_most",
    "within": "within",
    "older_than": "older_than",
    "contains": "contains",
    "is_unset": "is_unset",
}
_ALLOWED: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: ("equals", "in", "not_in", "is_unset"),
    Kind.FLAG: ("equals", "is_unset"),
    Kind.NUMBER: ("equals", "at_least", "at_most", "is_unset"),
    Kind.TIME: ("within", "older_than", "is_unset"),
    Kind.LIST: ("contains", "is_unset"),
}


class Misplaced(ValueError):
    """Something deeper inside is wrong.

    Attributes:
        place: where, as seen from the model that is being read.
    """

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


class Question(Model, frozen=True):
    """Exactly one question about one value."""

    equals: Scalar | None = None
    in_: Words | None = Field(default=None, validation_alias="in", serialization_alias="in")
    not_in: Words | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    within: Duration | None = None
    older_than: Duration | None = None
    contains: StrictStr | None = None
    is_unset: StrictBool | None = None

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _asks_one_question(self) -> Self:
        asked = [name for name, attribute in _QUESTIONS.items() if getattr(self, attribute) is not None]
        if len(asked) != 1:
            said = f"asks {' and '.join(f'`{name}`' for name in asked)}" if asked else "asks nothing"
            raise ValueError(f"{said}; ask exactly one of {_listed(_QUESTIONS)}")
        return self

    @property
    def operator(self) -> Operator:
        """The name of the question."""
        return next(name for name, attribute in _QUESTIONS.items() if getattr(self, attribute) is not None)

    @property
    def operand(self) -> Any:
        """What the value is held against."""
        return getattr(self, _QUESTIONS[self.operator])


class RowTest(Question, frozen=True):
    """One question about one field of a row."""

    field: StrictStr


class AllOfTests(Model, frozen=True):
    """Every one of these tests passes."""

    all_of: Annotated[tuple[Test, ...], Field(min_length=1)]


class AnyOfTests(Model, frozen=True):
    """At least one of these tests passes."""

    any_of: Annotated[tuple[Test, ...], Field(min_length=1)]


class NotTest(Model, frozen=True):
    """This test does not pass."""

    test: Test = Field(validation_alias="not", serialization_alias="not")

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)


class AnyRow(Model, frozen=True):
    """At least one row passes every test."""

    any: Collection
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        _check_tests(self.where, self.any)
        return self


class NoRow(Model, frozen=True):
    """No row passes every test."""

    none: Collection
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        _check_tests(self.where, self.none)
        return self


class CountRows(Model, frozen=True):
    """At least so many rows pass every test; with `distinct`, rows with so many different values of that field."""

    count: Collection
    at_least: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    distinct: StrictStr | None = None
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        _check_tests(self.where, self.count)
        if self.distinct is not None:
            _known(self.distinct, ROW_FIELDS[self.count], self.count, ("distinct",))
        return self


class CustomerTest(Question, frozen=True):
    """One question about one attribute of the customer."""

    customer: StrictStr

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        _check_question(self, _known(self.customer, CUSTOMER_FIELDS, "customers", ("customer",)), self.customer)
        return self


class MessageTest(Question, frozen=True):
    """One question about one attribute of the message."""

    message: StrictStr

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        _check_question(self, _known(self.message, MESSAGE_FIELDS, "messages", ("message",)), self.message)
        return self


class AllOf(Model, frozen=True):
    """Every one of these conditions holds."""

    all_of: Annotated[tuple[Condition, ...], Field(min_length=1)]


class AnyOf(Model, frozen=True):
    """At least one of these conditions holds."""

    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Not(Model, frozen=True):
    """This condition does not hold."""

    condition: Condition = Field(validation_alias="not", serialization_alias="not")

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)


_TESTS = ("field", "all_of", "any_of", "not")
_CONDITIONS = ("any", "none", "count", "customer", "message", "all_of", "any_of", "not")
_KEY_OF: dict[type[Model], str] = {
    RowTest: "field",
    AllOfTests: "all_of",
    AnyOfTests: "any_of",
    NotTest: "not",
    AnyRow: "any",
    NoRow: "none",
    CountRows: "count",
    CustomerTest: "customer",
    MessageTest: "message",
    AllOf: "all_of",
    AnyOf: "any_of",
    Not: "not",
}


def _tag(value: object, keys: tuple[str, ...]) -> str | None:
    """Which kind is meant, in angle brackets so that it can be told from a field's name in an error's place."""
    if isinstance(value, dict):
        found = [key for key in keys if key in cast("dict[object, object]", value)]
    else:
        found = [key for kind, key in _KEY_OF.items() if isinstance(value, kind)]
    return f"<{found[0]}>" if len(found) == 1 else None


def _listed(names: object) -> str:
    return ", ".join(f"`{name}`" for name in cast("tuple[str, ...]", names))


Test = Annotated[
    Annotated[RowTest, Tag("<field>")]
    | Annotated[AllOfTests, Tag("<all_of>")]
    | Annotated[AnyOfTests, Tag("<any_of>")]
    | Annotated[NotTest, Tag("<not>")],
    Discriminator(
        lambda value: _tag(value, _TESTS),
        custom_error_type="test",
        custom_error_message=f"is no test; give exactly one of {_listed(_TESTS)}",
    ),
]
"""What a row is asked."""

Condition = Annotated[
    Annotated[AnyRow, Tag("<any>")]
    | Annotated[NoRow, Tag("<none>")]
    | Annotated[CountRows, Tag("<count>")]
    | Annotated[CustomerTest, Tag("<customer>")]
    | Annotated[MessageTest, Tag("<message>")]
    | Annotated[AllOf, Tag("<all_of>")]
    | Annotated[AnyOf, Tag("<any_of>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(
        lambda value: _tag(value, _CONDITIONS),
        custom_error_type="condition",
        custom_error_message=f"is no condition; give exactly one of {_listed(_CONDITIONS)}",
    ),
]
"""What a rule asks."""


def _check_tests(tests: tuple[Test, ...], collection: Collection, place: Place = ("where",)) -> None:
    for index, test in enumerate(tests):
        _check_test(test, collection, (*place, index))


def _check_test(test: Test, collection: Collection, place: Place) -> None:
    if isinstance(test, RowTest):
        known = _known(test.field, ROW_FIELDS[collection], collection, (*place, "field"))
        _check_question(test, known, test.field, place)
    elif isinstance(test, NotTest):
        _check_test(test.test, collection, (*place, "not"))
    elif isinstance(test, AllOfTests):
        _check_tests(test.all_of, collection, (*place, "all_of"))
    else:
        _check_tests(test.any_of, collection, (*place, "any_of"))


def _known(name: str, fields: dict[str, FieldOf], owner: str, place: Place) -> FieldOf:
    if name in fields:
        return fields[name]
    close = get_close_matches(name, fields, n=1)
    remedy = f"did you mean `{close[0]}`?" if close else f"the fields are {_listed(fields)}"
    raise Misplaced(place, f"{owner.replace('_', ' ')} have no field `{name[:80]}`; {remedy}")


def _check_question(question: Question, field: FieldOf, name: str, place: Place = ()) -> None:
    """Refuse a question that this field cannot answer, and words that it never has."""
    operator, operand = question.operator, question.operand
    here = (*place, operator)
    if operator not in _ALLOWED[field.kind]:
        raise Misplaced(here, f"`{name}` is a {field.kind}; ask {_listed(_ALLOWED[field.kind])} of it")
    if operator == "equals" and not _fits(operand, field.kind):
        raise Misplaced(here, f"`{name}` is a {field.kind}; compare it with one")
    if field.words and operator in ("equals", "in", "not_in", "contains"):
        for word in operand if operator in ("in", "not_in") else (operand,):
            if word not in field.words:
                words = _listed(sorted(field.words))
                raise Misplaced(here, f"`{name}` is never `{word[:80]}`; use one of {words}")


def _fits(operand: Scalar, kind: Kind) -> bool:
    if kind is Kind.FLAG:
        return isinstance(operand, bool)
    if kind is Kind.NUMBER:
        return isinstance(operand, int | float) and not isinstance(operand, bool)
    return isinstance(operand, str)
