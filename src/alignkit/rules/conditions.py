"""Conditions as data: what a rule asks of the facts about a customer, of the message, and of the clock.

| condition | holds when |
|---|---|
| `any = "issues"`, `where = [...]` | at least one row passes every test in `where` |
| `none = "issues"`, `where = [...]` | no row does |
| `count = "signals"`, `at_least = 3`, `distinct = "thing"`, `where = [...]` | that many rows do, or rows with that \
many different values of the `distinct` field |
| `latest = "surveys"`, `where = [...]`, `passes = [...]` | the newest row that passes `where` passes `passes` too |
| `customer = "is_vip"`, one question | the customer's attribute answers it |
| `message = "channel"`, one question | the message's attribute answers it |
| `local_time = "21:00-08:00"`, `days`, `zone`, `fallback` | the wall clock stands in the window |
| `local_date = ["12-24/12-26"]`, `zone`, `fallback` | the calendar shows one of the days |
| `holdout = 0.05`, `salt = "spring"` | the customer belongs to this share, and nothing urgent is open |
| `plugin = "weather"`, `options = {...}` | the installed plugin says so |
| `all_of = [...]`, `any_of = [...]`, `not = {...}` | the conditions inside do, as the words say |

Rows of `holds` count only while they are in force (`opened_at` <= now < `ends_at`) and only where their own channels,
categories and products cover the message. `docs/policy-semantics.md` says exactly what each condition means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, StrictFloat, StrictInt, StrictStr, Tag, model_validator

from alignkit.models.base import JsonObject, Model
from alignkit.rules import plugins
from alignkit.rules.clocks import parse_dates, parse_window, zone_named
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, NEWEST_BY, ROW_FIELDS, Collection, Kind
from alignkit.rules.questions import (
    AllOfTests,
    AnyOfTests,
    Misplaced,
    NotTest,
    Place,
    Question,
    RowTest,
    Test,
    check_question,
    check_tests,
    known,
    listed,
    one_of,
    tag,
)

__all__ = [
    "AllOf",
    "AllOfTests",
    "AnyOf",
    "AnyOfTests",
    "AnyRow",
    "Condition",
    "CountRows",
    "CustomerTest",
    "Holdout",
    "LatestRow",
    "LocalDate",
    "LocalTime",
    "MessageTest",
    "Misplaced",
    "NoRow",
    "Not",
    "NotTest",
    "PluginTest",
    "Question",
    "RowTest",
    "RowsCondition",
    "Test",
]

CUSTOMER_ZONE = "customer"
"""Stands for the customer's own time zone."""


class AnyRow(Model, frozen=True):
    """At least one row passes every test."""

    any: Collection
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        check_tests(self.where, self.any)
        return self

    @property
    def collection(self) -> Collection:
        """The rows that it looks through."""
        return self.any


class NoRow(Model, frozen=True):
    """No row passes every test."""

    none: Collection
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        check_tests(self.where, self.none)
        return self

    @property
    def collection(self) -> Collection:
        """The rows that it looks through."""
        return self.none


class CountRows(Model, frozen=True):
    """At least so many rows pass every test; with `distinct`, rows with so many different values of that field."""

    count: Collection
    at_least: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    distinct: StrictStr | None = None
    where: tuple[Test, ...] = ()

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        check_tests(self.where, self.count)
        if self.distinct is not None:
            field = known(self.distinct, ROW_FIELDS[self.count], self.count, ("distinct",))
            if field.kind is not Kind.TEXT:
                raise Misplaced(("distinct",), f"`{self.distinct}` is a {field.kind}; count different texts")
        return self

    @property
    def collection(self) -> Collection:
        """The rows that it looks through."""
        return self.count


class LatestRow(Model, frozen=True):
    """The newest of the rows that pass `where` passes `passes` too; of several that are the newest, one does."""

    latest: Collection
    where: tuple[Test, ...] = ()
    passes: Annotated[tuple[Test, ...], Field(min_length=1)]
    by: StrictStr | None = None

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        if self.latest not in NEWEST_BY:
            raise Misplaced(("latest",), f"`{self.latest}` have no order in time; ask `any` of them")
        check_tests(self.where, self.latest)
        check_tests(self.passes, self.latest, ("passes",))
        if self.by is not None:
            field = known(self.by, ROW_FIELDS[self.latest], self.latest, ("by",))
            if field.kind is not Kind.TIME:
                raise Misplaced(("by",), f"`{self.by}` is a {field.kind}; put rows in order of a time")
        return self

    @property
    def collection(self) -> Collection:
        """The rows that it looks through."""
        return self.latest

    @property
    def time(self) -> str:
        """The field that says which row is the newest."""
        return self.by or NEWEST_BY[self.latest]


class CustomerTest(Question, frozen=True):
    """One question about one attribute of the customer."""

    customer: Annotated[StrictStr, one_of(CUSTOMER_FIELDS)]

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        check_question(self, known(self.customer, CUSTOMER_FIELDS, "customers", ("customer",)), self.customer)
        return self


class MessageTest(Question, frozen=True):
    """One question about one attribute of the message."""

    message: Annotated[StrictStr, one_of(MESSAGE_FIELDS)]

    @model_validator(mode="after")
    def _asks_of_its_fields(self) -> Self:
        check_question(self, known(self.message, MESSAGE_FIELDS, "messages", ("message",)), self.message)
        return self


class _InZone(Model, frozen=True):
    """Something that a clock shows in a zone: a named one, or the customer's, with a fallback where none is known."""

    zone: StrictStr = CUSTOMER_ZONE
    fallback: StrictStr | None = None

    @model_validator(mode="after")
    def _has_a_zone(self) -> Self:
        is_customers = self.zone == CUSTOMER_ZONE
        if is_customers is (self.fallback is None):
            missing = "is missing; name the zone of customers whose zone is not known"
            raise Misplaced(("fallback",), missing if is_customers else "is not asked beside a fixed zone; remove it")
        place, name = ("fallback", self.fallback) if self.fallback is not None else ("zone", self.zone)
        if zone_named(name) is None:
            raise Misplaced(
                (place,), f"`{name[:80]}` is no time zone that is known here; write `Europe/Berlin` or alike"
            )
        return self


class LocalTime(_InZone, frozen=True):
    """The wall clock stands in this window of the day; one past midnight belongs to the day on which it begins."""

    local_time: StrictStr
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        _parsed(lambda: parse_window(self.local_time, self.days), ("local_time",))
        return self


class LocalDate(_InZone, frozen=True):
    """The calendar shows one of these days."""

    local_date: Annotated[tuple[StrictStr, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _are_days(self) -> Self:
        _parsed(lambda: parse_dates(self.local_date), ("local_date",))
        return self


class Holdout(Model, frozen=True):
    """The customer belongs to a stable share of all, and has nothing urgent open.

    It lets a few through that would be held, so that what holding does can be measured: the same ones every time, by
    a hash of the salt and the customer's `bucketing_id`; never somebody with an urgent issue or a complaint.
    """

    holdout: Annotated[StrictFloat, Field(gt=0, lt=1)]
    salt: Annotated[StrictStr, Field(min_length=1, max_length=200)]


class PluginTest(Model, frozen=True):
    """A condition of an installed package says yes."""

    plugin: StrictStr
    options: JsonObject = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if None in self.options.values():
            raise Misplaced(("options",), "have a null, which TOML has not; leave the name out")
        _parsed(lambda: plugins.make(self.plugin, self.options), ("plugin",))
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


_KEY_OF: dict[type[Model], str] = {
    AnyRow: "any",
    NoRow: "none",
    CountRows: "count",
    LatestRow: "latest",
    CustomerTest: "customer",
    MessageTest: "message",
    LocalTime: "local_time",
    LocalDate: "local_date",
    Holdout: "holdout",
    PluginTest: "plugin",
    AllOf: "all_of",
    AnyOf: "any_of",
    Not: "not",
}
_CONDITIONS = tuple(_KEY_OF.values())

Condition = Annotated[
    Annotated[AnyRow, Tag("<any>")]
    | Annotated[NoRow, Tag("<none>")]
    | Annotated[CountRows, Tag("<count>")]
    | Annotated[LatestRow, Tag("<latest>")]
    | Annotated[CustomerTest, Tag("<customer>")]
    | Annotated[MessageTest, Tag("<message>")]
    | Annotated[LocalTime, Tag("<local_time>")]
    | Annotated[LocalDate, Tag("<local_date>")]
    | Annotated[Holdout, Tag("<holdout>")]
    | Annotated[PluginTest, Tag("<plugin>")]
    | Annotated[AllOf, Tag("<all_of>")]
    | Annotated[AnyOf, Tag("<any_of>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(
        lambda value: tag(value, _CONDITIONS, _KEY_OF),
        custom_error_type="condition",
        custom_error_message=f"is no condition; give exactly one of {listed(_CONDITIONS)}",
    ),
]
"""What a rule asks."""

RowsCondition = AnyRow | NoRow | CountRows | LatestRow
"""Conditions that look through the rows of a collection."""


def _parsed(parse: Callable[[], object], place: Place) -> None:
    try:
        parse()
    except ValueError as error:
        raise Misplaced(place, str(error)) from None
