"""Questions as data: what a condition asks of one value, and of the fields of one row.

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
| `same_as` | the message has there what the row has, or something in common with it | text, list of a row |
| `is_unset` | `true`: there is no value (an empty list is none); `false`: there is one | all |

A question about an absent value is answered with no, save `is_unset`. So `not_in` differs from `not` around `in`.
`within` and `older_than` share one boundary instant, at which `within` is already over; a time that lies ahead is
`within` every duration.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from alignkit.rules.fields import MESSAGE_FIELDS, ROW_FIELDS, Collection, Kind
from alignkit.rules.fields import Field as FieldOf

Operator = Literal[
    "equals", "in", "not_in", "at_least", "at_most", "within", "older_than", "contains", "same_as", "is_unset"
]
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Number = StrictInt | StrictFloat
LARGEST = 10**15
"""No number in a policy lies further from 0. Up to here a whole number is the same whether it is kept whole or not."""

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
    "same_as": "same_as",
    "is_unset": "is_unset",
}
_OPERATORS: dict[str, Operator] = {attribute: operator for operator, attribute in _QUESTIONS.items()}
_ALLOWED: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: ("equals", "in", "not_in", "same_as", "is_unset"),
    Kind.FLAG: ("equals", "is_unset"),
    Kind.NUMBER: ("equals", "at_least", "at_most", "is_unset"),
    Kind.TIME: ("within", "older_than", "is_unset"),
    Kind.LIST: ("contains", "same_as", "is_unset"),
}


class Misplaced(ValueError):
    """Something deeper inside is wrong.

    Attributes:
        place: where, as seen from the model that is being read.
    """

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def _say_what_is_asked(schema: dict[str, Any]) -> None:
    """Lets the JSON Schema ask for exactly one question, as the model does, and for its operand."""
    shapes = schema["properties"]
    asked = [name for name in dict.fromkeys((*_QUESTIONS, *_OPERATORS)) if name in shapes]
    for shape in (shapes[name] for name in asked):
        shape.pop("default", None)
        if "anyOf" in shape:
            shape["anyOf"] = [each for each in shape["anyOf"] if each != {"type": "null"}]
    schema["oneOf"] = [{"required": [name]} for name in asked]


def one_of(names: Iterable[str]) -> Any:
    """A text of which the JSON Schema tells an editor the words; whether one is known is checked with its place."""
    return Field(json_schema_extra={"enum": [*sorted(names)]})


_FIELD_NAMES = {name for fields in ROW_FIELDS.values() for name in fields}


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

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True, json_schema_extra=_say_what_is_asked)

    @model_validator(mode="after")
    def _asks_one_question(self) -> Self:
        if void := next((name for name in self.model_fields_set if getattr(self, name) is None), None):
            raise Misplaced((_OPERATORS.get(void, void),), "is null; remove it")
        asked = self._asked
        if len(asked) != 1:
            said = f"asks {' and '.join(f'`{name}`' for name in asked)}" if asked else "asks nothing"
            raise ValueError(f"{said}; ask exactly one of {listed(_QUESTIONS)}")
        return self

    @property
    def operator(self) -> Operator:
        """The name of the question."""
        return self._asked[0]

    @property
    def _asked(self) -> list[Operator]:
        # Straight from where pydantic keeps the fields: a policy is compiled by asking this many times.
        return [_OPERATORS[name] for name, value in vars(self).items() if value is not None and name in _OPERATORS]

    @property
    def operand(self) -> Any:
        """What the value is held against."""
        return getattr(self, _QUESTIONS[self.operator])


class RowTest(Question, frozen=True):
    """One question about one field of a row; `same_as` names the attribute of the message to compare it with."""

    field: Annotated[StrictStr, one_of(_FIELD_NAMES)]
    same_as: Annotated[StrictStr, one_of(MESSAGE_FIELDS)] | None = None


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


_TESTS = ("field", "all_of", "any_of", "not")
_KEY_OF: dict[type[Model], str] = {RowTest: "field", AllOfTests: "all_of", AnyOfTests: "any_of", NotTest: "not"}


def tag(value: object, keys: tuple[str, ...], key_of: dict[type[Model], str]) -> str | None:
    """Which kind is meant, in angle brackets so that it can be told from a field's name in an error's place."""
    if isinstance(value, dict):
        found = [key for key in keys if key in cast("dict[object, object]", value)]
    else:
        found = [key for kind, key in key_of.items() if isinstance(value, kind)]
    return f"<{found[0]}>" if len(found) == 1 else None


def listed(names: Iterable[str]) -> str:
    """The names in backticks, with commas."""
    return ", ".join(f"`{name}`" for name in names)


Test = Annotated[
    Annotated[RowTest, Tag("<field>")]
    | Annotated[AllOfTests, Tag("<all_of>")]
    | Annotated[AnyOfTests, Tag("<any_of>")]
    | Annotated[NotTest, Tag("<not>")],
    Discriminator(
        lambda value: tag(value, _TESTS, _KEY_OF),
        custom_error_type="test",
        custom_error_message=f"is no test; give exactly one of {listed(_TESTS)}",
    ),
]
"""What a row is asked."""


def check_tests(tests: tuple[Test, ...], collection: Collection, place: Place = ("where",)) -> None:
    """Refuses tests that rows of this collection cannot answer."""
    for index, test in enumerate(tests):
        _check_test(test, collection, (*place, index))


def _check_test(test: Test, collection: Collection, place: Place) -> None:
    if isinstance(test, RowTest):
        found = known(test.field, ROW_FIELDS[collection], collection, (*place, "field"))
        check_question(test, found, test.field, place)
    elif isinstance(test, NotTest):
        _check_test(test.test, collection, (*place, "not"))
    elif isinstance(test, AllOfTests):
        check_tests(test.all_of, collection, (*place, "all_of"))
    else:
        check_tests(test.any_of, collection, (*place, "any_of"))


def known(name: str, fields: dict[str, FieldOf], owner: str, place: Place) -> FieldOf:
    """The field of this name, or a refusal that helps."""
    if name in fields:
        return fields[name]
    close = get_close_matches(name, fields, n=1)
    remedy = f"did you mean `{close[0]}`?" if close else f"the fields are {listed(fields)}"
    raise Misplaced(place, f"{owner.replace('_', ' ')} have no field `{name[:80]}`; {remedy}")


def check_question(question: Question, field: FieldOf, name: str, place: Place = ()) -> None:
    """Refuses a question that this field cannot answer, and words that it never has."""
    operator, operand = question.operator, question.operand
    here = (*place, operator)
    if operator not in _ALLOWED[field.kind]:
        raise Misplaced(here, f"`{name}` is a {field.kind}; ask {listed(_ALLOWED[field.kind])} of it")
    if operator == "same_as":
        _check_comparison(field, name, known(operand, MESSAGE_FIELDS, "messages", here), operand, here)
    if operator == "equals" and not _fits(operand, field.kind):
        raise Misplaced(here, f"`{name}` is a {field.kind}; compare it with one")
    if field.kind is Kind.NUMBER and not -LARGEST <= operand <= LARGEST:
        raise Misplaced(here, f"is a number beyond {LARGEST:,}; write one that lies closer to 0")
    if field.words and operator in ("equals", "in", "not_in", "contains"):
        for word in operand if operator in ("in", "not_in") else (operand,):
            if word not in field.words:
                words = listed(sorted(field.words))
                raise Misplaced(here, f"`{name}` is never `{word[:80]}`; use one of {words}")


def _fits(operand: Scalar, kind: Kind) -> bool:
    if kind is Kind.FLAG:
        return isinstance(operand, bool)
    if kind is Kind.NUMBER:
        return isinstance(operand, int | float) and not isinstance(operand, bool)
    return isinstance(operand, str)


def _check_comparison(field: FieldOf, name: str, other: FieldOf, attribute: str, place: Place) -> None:
    if field.words and other.words and field.words.isdisjoint(other.words):
        raise Misplaced(place, f"`{name}` is never what `{attribute}` of a message is; compare it with another")
