"""Takes shapes as Python has them or as a settings file writes them, and reads records of several kinds by them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from alignkit.connectors.records import Body, Found, Path, Paths, Shape
from alignkit.connectors.records.shape import listed
from alignkit.errors import SettingsError
from alignkit.models.base import Entity
from alignkit.models.events import EVENT_TYPES, AccountChanged, ContactChanged, CustomerEvent, SurveyAnswered
from alignkit.models.exchange import Quarantined

_WHOLE: Path = ()
_MOMENTS = ("at", "responded_at", "posted_at", "sent_at")
"""Fields that say when a thing happened; what has no other time is ordered by it."""


class Record(NamedTuple):
    """One record: the name under which its shape is declared, what it says, and where it stands."""

    name: str
    value: Any
    place: str


class Reading(NamedTuple):
    """What records tell."""

    events: list[CustomerEvent]
    bad: list[Quarantined]


def _paths(value: Any) -> Any:
    """Paths as a settings file writes them: a list names alternatives, a list within it a path into nested objects."""
    if not isinstance(value, list):
        return value
    alternatives = [*cast("Sequence[Any]", value)]
    return [tuple(cast("Sequence[Any]", one)) if isinstance(one, list) else one for one in alternatives]


class Declared(BaseModel):
    """A shape as a settings file writes it.

    Attributes:
        event: what each record becomes, such as `issue.changed`, `contact.changed` or `survey.answered`.
        places: see `Shape`, as the further ones. A path into nested objects is a list within a list:
            `requester_email = [["requester", "email"]]`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    event: str
    places: Mapping[str, Annotated[Any, BeforeValidator(_paths)]]
    statuses: Mapping[str, str] = Field(default_factory=dict[str, str])
    words: Mapping[str, Mapping[str, str]] = Field(default_factory=dict[str, Mapping[str, str]])
    times: str = "iso"
    naive_is_utc: bool = False
    separator: str | None = None

    def shape(self) -> Shape[Any]:
        """The shape that this declares.

        Raises:
            SettingsError: there is no such event.
        """
        known = EVENT_TYPES.get(self.event)
        if known is None:
            raise SettingsError(f"`{self.event}` is no event; take one of {listed(EVENT_TYPES)}")
        said = {name: getattr(self, name) for name in type(self).model_fields if name != "event"}
        return Shape(model=known.data_type, **said)


ShapeLike: TypeAlias = Shape[Any] | Mapping[str, Any]
"""A shape, or the table of a settings file that declares one; see `Declared`."""


class Shapes:
    """Shapes by name, compiled.

    Raises:
        SettingsError: a shape is declared wrongly; the text names it.
    """

    def __init__(self, declared: Mapping[str, ShapeLike]) -> None:
        self._shapes = {name: _timed(_shape(name, one)) for name, one in declared.items()}
        self._needed = {name: _needed(shape.model) for name, shape in self._shapes.items()}
        self._bodies = {name: Body({_WHOLE: shape}) for name, shape in self._shapes.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._shapes

    def names(self) -> list[str]:
        """What shapes are declared for."""
        return [*self._shapes]

    def missing(self, name: str, columns: Sequence[str]) -> list[str]:
        """Fields of a shape that no column of a record can fill."""
        places = self._shapes[name].places
        return [field for field, paths in places.items() if not set(_tops(paths)) & set(columns)]

    def read(self, records: Sequence[Record], source: str, now: datetime) -> Reading:
        """What these records tell, people and accounts first, so that what is about them finds them."""
        reading = Reading([], [])
        for name, run in groupby(records, key=lambda one: one.name):
            found, bad = self._found(name, list(run))
            reading.bad.extend(bad)
            for one in found:
                reading.events.extend(_events(one, source, now))
        reading.events.sort(key=lambda event: not isinstance(event, ContactChanged | AccountChanged))
        return reading

    def _found(self, name: str, records: Sequence[Record]) -> tuple[list[Found[Any]], list[Quarantined]]:
        """All at once, or one by one where something is wrong with any of them."""
        shape, body = self._shapes[name], self._bodies[name]
        answer = body.read(_text([record.value for record in records]))
        if not (answer.bad or any(self._lacking(name, one) for one in answer.of(shape))):
            return list(answer.of(shape)), []
        found: list[Found[Any]] = []
        bad: list[Quarantined] = []
        for record in records:
            answer = body.read(_text([record.value]), _UNNAMED)
            bad += [replace(one, key=record.place) if one.key.startswith(_UNNAMED) else one for one in answer.bad]
            for one in answer.of(shape):
                if lack := self._lacking(name, one):
                    bad.append(Quarantined(one.data.id or record.place, f"lacks {listed(lack)}"))
                else:
                    found.append(one)
        return found, bad

    def _lacking(self, name: str, found: Found[Any]) -> list[str]:
        return [field for field in self._needed[name] if getattr(found.data, field) is None]


_UNNAMED = "record without id"


def _needed(model: type[Entity]) -> list[str]:
    """The fields that a thing cannot do without; whoever declares a shape may forget to give one a place."""
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _shape(name: str, declared: ShapeLike) -> Shape[Any]:
    if isinstance(declared, Shape):
        return declared
    try:
        return Declared.model_validate(declared).shape()
    except ValidationError as error:
        wrong = "; ".join(
            f"`{'.'.join(map(str, one['loc']))}`: {one['msg'].lower()}"
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        )
    raise SettingsError(f"`{name}` is declared wrongly: {wrong}")


def _timed(shape: Shape[Any]) -> Shape[Any]:
    """The same shape, ordered by when a thing happened where nothing says when its record changed."""
    times = {"remote_updated_at", "remote_created_at"}
    moment = next((name for name in _MOMENTS if name in shape.places), None)
    if moment is None or times & shape.places.keys():
        return shape
    return replace(shape, places={**shape.places, "remote_created_at": shape.places[moment]})


def _events(found: Found[Any], source: str, now: datetime) -> list[CustomerEvent]:
    data, extras = found.data, found.extras
    if extras.version is None and data.remote_updated_at is None and data.remote_created_at is None:
        # Without any time of its own, a record that says the same again must count once.
        extras = extras._replace(version=0)
        found = found._replace(extras=extras)
    events = [found.event(source=source, received_at=now)]
    if extras.answer:
        events.append(SurveyAnswered.of(extras.answer, source=source, received_at=now, version=extras.version))
    return events


def _text(values: Sequence[Any]) -> bytes:
    return json.dumps(values).encode()


def _tops(paths: Paths) -> list[str]:
    alternatives = paths if isinstance(paths, list) else [paths]
    return [path if isinstance(path, str) else str(path[0]) for path in alternatives]
