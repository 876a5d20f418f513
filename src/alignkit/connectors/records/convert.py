"""Makes of a value, as JSON has it, what a field holds: times in UTC, words of closed lists, lists of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import AwareDatetime, TypeAdapter

from alignkit.connectors.records.shape import Shape, listed
from alignkit.errors import SettingsError
from alignkit.models.base import Entity
from alignkit.models.commerce import Money
from alignkit.models.issue import Issue
from alignkit.models.times import in_utc
from alignkit.models.vocabulary import Audience, Channel, CustomerKind, IssueType, Priority

M = TypeVar("M", bound=Enum)
Convert = Callable[[Any], Any]

PLAIN = (bool, int, float, tuple)


def kind_of(model: type[Entity], name: str) -> type:
    """The kind of value that a field holds: text, tuple, time, enum, or a plain one.

    Raises:
        SettingsError: there is no such field, or it cannot be mapped.
    """
    if name not in model.model_fields:
        raise SettingsError(f"`{model.__name__}` has no field `{name}`; its fields are in the reference of models")
    if name == "status" and model is Issue:
        return str
    annotation: Any = model.model_fields[name].annotation
    while get_origin(annotation) not in (None, tuple, dict, Mapping):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    kind: type = get_origin(annotation) or annotation
    if kind in (datetime, AwareDatetime):
        return datetime
    if kind not in (str, *PLAIN) and not issubclass(kind, Enum):
        raise SettingsError(f"the field `{name}` of `{model.__name__}` cannot be mapped; leave it out")
    return kind


def converter(name: str, kind: type, shape: Shape[Any]) -> Convert | None:
    """What makes of a value, once it is known to be there, what the field holds; None where it is that already."""
    if kind is datetime:
        return _time_converter(shape)
    if kind is tuple:
        return partial(_words, shape.separator)
    if shape.model.model_fields[name].metadata and name != "id":
        return TypeAdapter[Any](_bounded(shape.model, name)).validate_python
    if kind is bool and name in shape.words:
        return _truth_converter(shape.words[name])
    if issubclass(kind, Enum):
        words = {member.value: member for member in kind} | members(kind, shape.words.get(name, {}))
        if shape.model.model_fields[name].is_required() and kind not in _UNKNOWN_WORDS:
            return partial(_one_of, words)
        return Words(words, _UNKNOWN_WORDS.get(kind)).__getitem__
    return None


def _bounded(model: type[Entity], name: str) -> Any:
    """A field's type with the bounds that its model puts on it."""
    known = model.model_fields[name]
    return Annotated[known.annotation, *known.metadata]


def _words(separator: str | None, value: list[str | int | None] | str | int) -> tuple[str, ...]:
    """The words of a list, or of a text that is one or holds several; numbers are texts here, and empty ones none."""
    if isinstance(value, list):
        return tuple([str(one) for one in value if one not in _NO_WORDS])
    text = str(value)
    if separator:
        return tuple(filter(None, map(str.strip, text.split(separator))))
    word = text.strip()
    return (word,) if word else ()


_NO_WORDS = (None, "")


def _one_of(words: Mapping[str, M], word: str) -> M:
    found = words.get(word.casefold())
    if found is None:
        raise ValueError("a word that has no meaning here, in a field that needs one")
    return found


UNITS = {"seconds": 1, "milliseconds": 1_000}
"""Units of times that are numbers, in a second."""


def _time_converter(shape: Shape[Any]) -> Convert:
    if shape.times == "iso":
        return meant_in_utc if shape.naive_is_utc else in_utc
    if shape.times in UNITS:
        return since_epoch if UNITS[shape.times] == 1 else partial(_by_unit, UNITS[shape.times])
    return partial(_by_format, shape.times, meant_in_utc if shape.naive_is_utc else _in_utc)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return in_utc(moment)


def meant_in_utc(moment: datetime) -> datetime:
    """The same instant, told in UTC; a time without a zone is meant so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else _in_utc(moment)


def _by_unit(unit: int, number: float) -> datetime:
    return since_epoch(number / unit)


def since_epoch(seconds: float) -> datetime:
    """An instant that is told in seconds since 1970.

    Raises:
        ValueError: there is no such instant.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError("the time is out of range") from None


def _by_format(form: str, settle: Callable[[datetime], datetime], text: str) -> datetime:
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - `settle` refuses a time without a zone
    except ValueError:
        raise ValueError(f"the time is not written as `{form}`") from None
    return settle(moment)


def day(text: str | None) -> datetime | None:
    """The beginning of a day, in UTC; None where none is told."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def money(amount: str | None, currency: str | None) -> Money | None:
    """An amount in a currency; None where one of the two is not told.

    Raises:
        ValueError: the amount is no number, or the currency none.
    """
    if not amount or not currency or len(currency) != _CURRENCY:
        return None
    return Money.model_validate({"amount": amount, "currency": currency.upper()})


_CURRENCY = 3
"""The letters of a currency (ISO 4217)."""


class Words(dict[str, M | None]):
    """A service's words -> ours, whatever the case; a dictionary, so that nearly every word is found at once.

    A known word is kept as it was spelt as well, so that it is found at once the next time.
    """

    def __init__(self, words: Mapping[str, M], unknown: M | None) -> None:
        super().__init__(words)
        self._unknown = unknown

    def __missing__(self, word: str) -> M | None:
        small = word.casefold()
        if small not in self:
            return self._unknown
        known = self[word] = self[small]
        return known


def _truth_converter(words: Mapping[str, str]) -> Convert:
    truths = {word.casefold() for word, ours in words.items() if ours == "true"}

    def convert(word: Any) -> bool:
        # Where the record lacks the word, it is the field's default that comes here.
        return word if isinstance(word, bool) else str(word).casefold() in truths

    return convert


_UNKNOWN_WORDS: Mapping[type[Enum], Enum] = {
    Channel: Channel.OTHER,
    IssueType: IssueType.OTHER,
    Priority: Priority.UNSET,
    Audience: Audience.CUSTOMER,
    CustomerKind: CustomerKind.PERSON,
}


def members(kind: type[M], words: Mapping[str, Any]) -> dict[str, M]:
    """A service's words, in small letters -> members of a closed list.

    Raises:
        SettingsError: a word of ours is none of the list.
    """
    return {word.casefold(): _member(kind, ours) for word, ours in words.items()}


def _member(kind: type[M], word: Any) -> M:
    try:
        return kind(word)
    except ValueError:
        raise SettingsError(f"`{word}` is none of: {listed(str(member.value) for member in kind)}") from None
