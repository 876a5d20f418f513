"""Conditions that look at no rows, as functions: customers, messages, clocks, shares and plugins; faults escape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, tzinfo
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeAlias

from alignkit.models.marketing import Message
from alignkit.models.times import MICROSECOND
from alignkit.rules import plugins
from alignkit.rules.clocks import Dates, Window, local, parse_dates, parse_window, zone_named
from alignkit.rules.conditions import (
    CUSTOMER_ZONE,
    CustomerTest,
    Holdout,
    LocalDate,
    LocalTime,
    MessageTest,
    PluginTest,
    Question,
)
from alignkit.rules.facts import Facts
from alignkit.rules.fields import MESSAGE_FIELDS, Kind

Leaf: TypeAlias = CustomerTest | MessageTest | LocalTime | LocalDate | Holdout | PluginTest
Ask = Callable[[Facts, Message, int], bool]
Zone = Callable[[Facts], tzinfo]


def leaf(condition: Leaf) -> Ask:
    """Whether the condition holds; of a holdout, whether the customer belongs to its share."""
    match condition:
        case CustomerTest():
            name = condition.customer
            return asking(condition, lambda facts: facts.attributes.get(name))
        case MessageTest():
            asks = asking(condition, attrgetter(condition.message), MESSAGE_FIELDS[condition.message].kind)
            return lambda _facts, message, now: asks(message, message, now)
        case LocalTime() | LocalDate():
            return _clock(shown(condition), zone_of(condition))
        case Holdout():
            return _share(condition)
        case PluginTest():
            return _plugin(condition)


def asking(
    question: Question, value_of: Callable[[Any], Any], kind: Kind = Kind.TEXT
) -> Callable[[Any, Message, int], bool]:
    """The question as a function of the thing that has the value; about an absent value the answer is no."""
    operand = question.operand
    match question.operator:
        case "equals":
            return lambda of, _message, _now: value_of(of) == operand
        case "in":
            words = frozenset(operand)
            return lambda of, _message, _now: value_of(of) in words
        case "not_in":
            # None among the words, so that an absent value is not outside of them.
            words = frozenset((*operand, None))
            return lambda of, _message, _now: value_of(of) not in words
        case "at_least":
            return lambda of, _message, _now: (value := value_of(of)) is not None and value >= operand
        case "at_most":
            return lambda of, _message, _now: (value := value_of(of)) is not None and value <= operand
        case "within":
            span = whole_microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now < at + span
        case "older_than":
            span = whole_microseconds(operand)
            return lambda of, _message, now: (at := value_of(of)) is not None and now >= at + span
        case "contains":
            return lambda of, _message, _now: operand in value_of(of)
        case "is_unset":
            if kind is Kind.LIST:
                return lambda of, _message, _now: (not value_of(of)) is operand
            return lambda of, _message, _now: (value_of(of) is None) is operand
        case "same_as":
            raise TypeError("`same_as` is asked of rows alone")


def whole_microseconds(duration: timedelta) -> int:
    """The duration in the unit of facts."""
    return duration // MICROSECOND


def shown(condition: LocalTime | LocalDate) -> Window | Dates:
    """What the clock has to show."""
    if isinstance(condition, LocalTime):
        return parse_window(condition.local_time, condition.days)
    return parse_dates(condition.local_date)


def zone_of(condition: LocalTime | LocalDate) -> Zone:
    """The zone of the clock that a customer looks at."""
    if condition.zone != CUSTOMER_ZONE:
        fixed = _known(condition.zone)
        return lambda _facts: fixed
    fallback = _known(condition.fallback or "UTC")

    def customers(facts: Facts) -> tzinfo:
        name: object = facts.attributes.get("time_zone")
        return (zone_named(name) if isinstance(name, str) else None) or fallback

    return customers


def _known(name: str) -> tzinfo:
    zone = zone_named(name)
    if zone is None:  # it was known where the policy was loaded
        raise ValueError(f"`{name}` is no time zone that is known here; install the package `tzdata`")
    return zone


def _clock(shown: Window | Dates, zone: Zone) -> Ask:
    shows = shown.shows
    return lambda facts, _message, now: shows(local(zone(facts), now))


def _share(condition: Holdout) -> Ask:
    salt, limit = condition.salt, int(condition.holdout * 2**64)

    def belongs(facts: Facts, _message: Message, _now: int) -> bool:
        chosen_by: object = facts.bucketing_id
        if not isinstance(chosen_by, str):
            return False
        digest = sha256(f"{salt}\n{chosen_by}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < limit

    return belongs


def _plugin(condition: PluginTest) -> Ask:
    holds = plugins.make(condition.plugin, condition.options).holds
    return lambda facts, message, now: _truth(holds(facts, message, now))


def _truth(answer: object) -> bool:
    if isinstance(answer, bool):
        return answer
    raise TypeError("a plugin answers neither yes nor no")
