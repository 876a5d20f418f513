"""Compiles a mapping into what pydantic needs to read a record's JSON straight into the values that a model holds.

A record is parsed and checked once, in one pass; what the mapping does not name is skipped, not built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from types import NoneType
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

from pydantic import AwareDatetime, GetCoreSchemaHandler

from alignkit.connectors.export.mapping import Extras, Paths, Tags, Values, alternatives, listed
from alignkit.connectors.export.mapping import Mapping as Declared
from alignkit.errors import SettingsError
from alignkit.models.base import Entity, in_utc
from alignkit.models.customer import Contact
from alignkit.models.events import unchecked
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Audience, Channel, CustomerKind, IssueStatus, IssueType, Priority

E = TypeVar("E", bound=Entity)
M = TypeVar("M", bound=Enum)
Convert = Callable[[Any], Any]
Schema = dict[str, Any]


class Found(NamedTuple, Generic[E]):
    """One record as read."""

    data: E
    extras: Extras


def of_issues(mapping: Declared, tags: Tags, *, keeps_text: bool) -> Recipe[Issue]:
    """How to read an issue.

    Raises:
        SettingsError: the mapping names a field that there is not or that cannot be mapped, or a word that is none of
            ours.
    """
    statuses = _Words(_members(IssueStatus, mapping.statuses), IssueStatus.UNKNOWN)
    places = dict(mapping.issues)
    if "priority" in places:
        places.setdefault("priority_raw", places["priority"])
    return Recipe(Issue, places, mapping, partial(_finish_issue, statuses, mapping, tags, keeps_text))


def of_contacts(mapping: Declared) -> Recipe[Contact]:
    """How to read a person; raises as `of_issues` does."""
    return Recipe(Contact, mapping.contacts, mapping, _finish_contact)


class Recipe(Generic[E]):
    """Tells pydantic how to read one record: the values that are wanted, and how they become a model."""

    def __init__(
        self, model: type[E], places: Mapping[str, Paths], mapping: Declared, finish: Callable[[Values], Extras]
    ) -> None:
        self.model: type[E] = model
        self.places: Mapping[str, Paths] = places
        self.finish: Callable[[Values], Extras] = finish
        self.also: Mapping[str, tuple[Paths, type]] = mapping.also if model is Issue else {}
        known = model.model_fields
        # In the order of the fields: what an event says, and so its id, is written in that order.
        self.defaults: Values = {
            name: None if one.is_required() else one.get_default(call_default_factory=True)
            for name, one in known.items()
        }
        self.told: set[str] = set(places)
        self.objects: list[str] = [name for name, one in known.items() if one.default_factory is not None]
        kinds = {name: _kind(model, name) for name in places}
        self.schemas: dict[str, Schema] = {name: _schema(name, kind, mapping) for name, kind in kinds.items()}
        # Applied here: called by pydantic for each value, they take longer.
        self.converters: list[tuple[str, Any, Convert]] = [
            (name, self.defaults.get(name), convert)
            for name, kind in kinds.items()
            if (convert := _converter(name, kind, mapping)) is not None
        ]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        fields = {
            name: field(schema, self.places[name], is_required=name in _REQUIRED)
            for name, schema in self.schemas.items()
        }
        for name, (paths, kind) in self.also.items():
            fields[name] = field({"type": "nullable", "schema": _PLAIN.get(kind, _TEXT)}, paths)
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": self.build},
            "schema": {"type": "typed-dict", "fields": fields},
        }

    def build(self, found: Values) -> Found[E]:
        """The model of what was found."""
        values = {**self.defaults, **found}
        for name in self.objects:
            values[name] = {}
        for name, default, convert in self.converters:
            value = values[name]
            values[name] = default if value is None else convert(value)
        extras = self.finish(values)
        for name in self.also:
            values.pop(name, None)
        return Found(unchecked(self.model, values, self.told), extras)


def _finish_issue(
    statuses: _Words[IssueStatus],
    mapping: Declared,
    tags: Tags,
    keeps_text: bool,  # noqa: FBT001 - bound by `partial`
    values: Values,
) -> Extras:
    raw: str = values["status"] or ""
    values["status_raw"] = raw
    values["status"] = statuses[raw]
    values["remote_created_at"] = values["created_at"]
    if not keeps_text:
        values["subject"] = None
    extras = mapping.finish(values) if mapping.finish else Extras()
    if not keeps_text and extras.answer:
        extras = extras._replace(answer=extras.answer.model_copy(update={"comment": None}))
    tags.settle(values)
    return extras


def _finish_contact(_values: Values) -> Extras:
    return Extras()


_REQUIRED = frozenset({"id", "created_at"})
_TEXT: Schema = {"type": "str", "coerce_numbers_to_str": True}
_SOME_TEXT: Schema = {"type": "nullable", "schema": _TEXT}
_ID: Schema = {**_TEXT, "min_length": 1}
_TEXTS: Schema = {
    "type": "union",
    "mode": "left_to_right",
    "choices": [{"type": "list", "items_schema": _SOME_TEXT}, _TEXT],
}
_NUMBER: Schema = {"type": "float", "allow_inf_nan": False}
_PLAIN: Mapping[type, Schema] = {bool: {"type": "bool"}, int: {"type": "int"}, float: _NUMBER, tuple: _TEXTS}


def _kind(model: type[Entity], name: str) -> type:
    """The kind of value that a field holds: text, tuple, time, enum, or a plain one."""
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
    if kind not in (str, *_PLAIN) and not issubclass(kind, Enum):
        raise SettingsError(f"the field `{name}` of `{model.__name__}` cannot be mapped; leave it out")
    return kind


def _schema(name: str, kind: type, mapping: Declared) -> Schema:
    if name == "id":
        return _ID
    if kind is bool and name in mapping.values:
        return _SOME_TEXT
    inner = _time_schema(mapping) if kind is datetime else _PLAIN.get(kind, _TEXT)
    return inner if name in _REQUIRED else {"type": "nullable", "schema": inner}


def _time_schema(mapping: Declared) -> Schema:
    if mapping.times == "iso":
        zone: Schema = {} if mapping.naive_is_utc else {"tz_constraint": "aware"}
        return {"type": "datetime", "strict": True, **zone}
    return _NUMBER if mapping.times in _UNITS else _TEXT


def field(schema: Any, paths: Paths, *, is_required: bool = False) -> Schema:
    places = [[path] if isinstance(path, str) else list(path) for path in alternatives(paths)]
    return {"type": "typed-dict-field", "schema": schema, "required": is_required, "validation_alias": places}


def _converter(name: str, kind: type, mapping: Declared) -> Convert | None:
    """What makes of a value, once it is known to be there, what the field holds; None where it is that already."""
    if kind is datetime:
        return _time_converter(mapping)
    if kind is tuple:
        return partial(_words, mapping.separator)
    if kind is str:
        return None
    if kind is bool and name in mapping.values:
        return _truth_converter(mapping.values[name])
    if issubclass(kind, Enum):
        words = {member.value: member for member in kind} | _members(kind, mapping.values.get(name, {}))
        return _Words(words, _UNKNOWN_WORDS.get(kind)).__getitem__
    return _same


def _same(value: Any) -> Any:
    return value


def _words(separator: str | None, value: list[str | None] | str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [*value.split(separator)] if separator else [value]
        return tuple(word for part in value if part and (word := part.strip()))
    return tuple(filter(None, value))


_UNITS = {"seconds": 1, "milliseconds": 1_000}


def _time_converter(mapping: Declared) -> Convert:
    if mapping.times == "iso":
        return _meant_in_utc if mapping.naive_is_utc else in_utc
    if mapping.times in _UNITS:
        return partial(_since_epoch, _UNITS[mapping.times])
    return partial(_by_format, mapping.times, _meant_in_utc if mapping.naive_is_utc else _in_utc)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return in_utc(moment)


def _meant_in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else _in_utc(moment)


def _since_epoch(unit: int, number: float) -> datetime:
    try:
        return datetime.fromtimestamp(number / unit, UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError("the time is out of range") from None


def _by_format(form: str, settle: Callable[[datetime], datetime], text: str) -> datetime:
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - `settle` refuses a time without a zone
    except ValueError:
        raise ValueError(f"the time is not written as `{form}`") from None
    return settle(moment)


class _Words(dict[str, M | None]):
    """An export's words -> ours, whatever the case; a dictionary, so that nearly every word is found at once."""

    def __init__(self, words: Mapping[str, M], unknown: M | None) -> None:
        super().__init__(words)
        self._unknown = unknown

    def __missing__(self, word: str) -> M | None:
        return self.get(word.casefold(), self._unknown)


def _truth_converter(words: Mapping[str, str]) -> Convert:
    truths = {word.casefold() for word, ours in words.items() if ours == "true"}

    def convert(word: str) -> bool:
        return word.casefold() in truths

    return convert


_UNKNOWN_WORDS: Mapping[type[Enum], Enum] = {
    Channel: Channel.OTHER,
    IssueType: IssueType.OTHER,
    Priority: Priority.UNSET,
    Audience: Audience.CUSTOMER,
    CustomerKind: CustomerKind.PERSON,
}


def _members(kind: type[M], words: Mapping[str, Any]) -> dict[str, M]:
    return {word.casefold(): _member(kind, ours) for word, ours in words.items()}


def _member(kind: type[M], word: Any) -> M:
    try:
        return kind(word)
    except ValueError:
        raise SettingsError(f"`{word}` is none of: {listed(str(member.value) for member in kind)}") from None
