"""Compiles a shape: what is wanted of a record's JSON, and how these values become an entity and its event.

A record is parsed and checked once, in one pass; what the shape does not name is skipped, not built.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from alignkit.connectors.records.convert import Convert, Words, converter, kind_of, members
from alignkit.connectors.records.filler import Step, filler, item, item_or_nothing
from alignkit.connectors.records.shape import Extras, Kind, Paths, Shape, Values
from alignkit.connectors.records.writer import writer
from alignkit.errors import SettingsError
from alignkit.models.base import Entity
from alignkit.models.events import EVENT_TYPES, CustomerEvent, Event, unchecked
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus

E = TypeVar("E", bound=Entity)

EVENT_OF: Mapping[type[Entity], type[Event]] = {event.data_type: event for event in EVENT_TYPES.values()}


class Found(NamedTuple, Generic[E]):
    """One record as read.

    Attributes:
        text: `data` as a store keeps it.
        recipe: made it.
    """

    data: E
    extras: Extras
    text: bytes
    recipe: Recipe[E]

    def event(
        self, *, source: str, received_at: datetime, sequence: int = 0, version: int | None = None
    ) -> CustomerEvent:
        """What the record tells, as an event; `version` instead of the record's own."""
        data, extras, text, recipe = self
        rank = extras.version if version is None else version
        made: Any = recipe.event_type.of(
            data, source=source, received_at=received_at, version=rank, sequence=sequence, text=text
        )
        return made  # type: ignore[no-any-return] # the union of all that `EVENT_TYPES` holds

    def changed(self, **values: Any) -> Found[E]:
        """The same record with these fields as something else told them, each with exactly what the field holds."""
        return self.recipe.changed(self, values)


class Want(NamedTuple):
    """One value that is wanted of a record: its name, where it may stand, and its kind."""

    name: str
    paths: Paths
    kind: Kind
    is_required: bool = False


class Recipe(Generic[E]):
    """A shape, compiled.

    Attributes:
        wants: what to take from a record, in the order of the entity's fields.
        converters: what makes of a wanted value what its field holds, by the field.
        event_type: what a record tells is one of these.

    Raises:
        SettingsError: the shape names a field that there is not or that cannot be mapped, or a word that is none of
            ours.
    """

    def __init__(self, shape: Shape[E]) -> None:
        self.shape = shape
        self.event_type: type[Event] = EVENT_OF[shape.model]
        self._model: type[E] = shape.model
        self._is_issue = issubclass(shape.model, Issue)
        places = dict(shape.places)
        if self._is_issue and "priority" in places:
            places.setdefault("priority_raw", places["priority"])
        known = shape.model.model_fields
        kinds = {name: kind_of(shape.model, name) for name in places}
        _refuse_fields(shape, known.keys())
        self.wants: list[Want] = [
            *(
                Want(name, places[name], _wire(name, kinds[name], shape), _is_required(shape.model, name))
                for name in known
                if name in places
            ),
            *(Want(name, paths, kind) for name, (paths, kind) in shape.also.items()),
        ]
        self._statuses = Words(members(IssueStatus, shape.statuses), IssueStatus.UNKNOWN)
        self._defaults: Values = {
            name: None if one.is_required() else one.get_default(call_default_factory=True)
            for name, one in known.items()
        }
        self._told: set[str] = set()
        self._template: Values = {}
        self._learn({*places, *(_FOLLOWING if self._is_issue else ())})
        self._objects: list[str] = [name for name, one in known.items() if one.default_factory is not None]
        self._is_plain = not shape.model.__pydantic_decorators__.model_validators
        # Applied here: called by pydantic for each value, they take longer.
        self.converters: dict[str, Convert | None] = {
            name: converter(name, kinds[name], shape) for name in known if name in places
        }
        self._fill = filler([self._step(want.name) for want in self.wants], _ABSENT)

    def _step(self, name: str) -> Step:
        if name in self.converters:
            return Step(name, [item(name)], self.converters[name], may_lack=False)
        return Step(name, [item_or_nothing(name)], keeps_null=True)

    @property
    def template(self) -> Values:
        """The fields that a record can tell, each with its default; to be filled and handed to `finished`."""
        return self._template.copy()

    def build(self, found: Values) -> Found[E]:
        """The entity of what was found: of each value that is wanted, what JSON holds.

        Raises:
            ValueError: a value is out of its range, or `finish` refuses the record.
        """
        return self.finished(self._fill(found, self._template.copy()))

    def finished(self, values: Values) -> Found[E]:
        """The entity of these values, converted already; raises as `build` does."""
        if self._is_issue:
            self._settle_issue(values)
        finish, also = self.shape.finish, self.shape.also
        extras = finish(values) if finish else _NOTHING
        for name in also:
            values.pop(name, None)
        if len(values) > len(self._template):
            self._learn(values.keys())
            values = {**self._template, **values}
        return Found(self._made({**self._defaults, **values}), extras, self._text(values), self)

    def of(self, **values: Any) -> Found[E]:
        """The entity of values that a connector knows already, each with exactly what its field holds."""
        return self.finished({**self._template, **values})

    def changed(self, found: Found[E], values: Values) -> Found[E]:
        """A record with other values in some fields."""
        if not values.keys() <= self._template.keys():
            self._learn(values.keys())
        whole = {**vars(found.data), **values}
        told = {name: whole[name] for name in self._template}
        return Found(self._made(whole), found.extras, self._text(told), self)

    def _learn(self, names: Collection[str]) -> None:
        """Notes which fields a record can tell; `finish` may set more than the shape has places for."""
        strange = set(names) - self._defaults.keys()
        if strange:
            raise ValueError(f"`finish` sets `{min(strange)}`, which is no field of `{self._model.__name__}`")
        self._told = {*self._told, *names}
        # In the order of the fields: what an event says, and so its id, is written in that order.
        self._template = {name: default for name, default in self._defaults.items() if name in self._told}
        self._text = writer(self._model, self._template)

    def _settle_issue(self, values: Values) -> None:
        raw: str = values["status"] or ""
        values["status_raw"] = raw
        values["status"] = self._statuses[raw]
        values["remote_created_at"] = values["created_at"]

    def _made(self, whole: Values) -> E:
        for name in self._objects:
            if not whole[name]:
                whole[name] = {}  # its own, as no default may be shared
        return unchecked(self._model, whole, self._told) if self._is_plain else self._model.model_validate(whole)


_NOTHING = Extras()
_ABSENT = object()
_FOLLOWING = ("status_raw", "remote_created_at")
"""Fields of an issue that follow from others."""


def _wire(name: str, kind: type, shape: Shape[Any]) -> type:
    """What JSON holds for a field of this kind."""
    if kind is datetime:
        return datetime if shape.times == "iso" else float if shape.times in ("seconds", "milliseconds") else str
    if kind is bool and name in shape.words:
        return str
    return kind if kind in (bool, int, float, tuple) else str


def _is_required(model: type[Entity], name: str) -> bool:
    """Whether a record without the value cannot be read; an issue without a status is one whose status is unknown."""
    return model.model_fields[name].is_required() and name != "status"


def _refuse_fields(shape: Shape[Any], known: Collection[str]) -> None:
    for name in shape.also:
        if name in known:
            raise SettingsError(f"`{name}` is a field of `{shape.model.__name__}`; give it a place, or another name")
