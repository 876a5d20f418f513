"""Declares how the records of one kind become entities.

A path is a key (`"status"`), or a tuple of keys into nested objects (`("via", "channel")`); a list of paths names
alternatives, of which the first that a record has counts, be it null.
"""

from __future__ import annotations

import collections.abc as abc
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from alignkit.models.base import Entity
from alignkit.models.conversation import SurveyResponse
from alignkit.models.vocabulary import IssueStatus

Path: TypeAlias = str | tuple[str | int, ...]
Paths: TypeAlias = Path | list[Path]
Keys: TypeAlias = tuple[str | int, ...]
Values: TypeAlias = dict[str, Any]
"""The values of one record by name: a model's fields, and what `Shape.also` names."""

E = TypeVar("E", bound=Entity)


class Rows(tuple[str, ...]):
    """A kind of value: a list of objects of which these keys are wanted.

    An object may come with further keys, and what is no list of objects comes as it is; see `objects`.
    """

    __slots__ = ()


Kind: TypeAlias = type | Rows
"""What a value is in JSON; see `Shape.also`."""


class Extras(NamedTuple):
    """What a record tells beside the entity itself.

    Attributes:
        version: orders the snapshots of one thing; None where `remote_updated_at` does.
        answer: the answer to a survey that came with an issue.
        beside: what else the connector wants to know of the record.
    """

    version: int | None = None
    answer: SurveyResponse | None = None
    beside: Any = None


Finish: TypeAlias = abc.Callable[[Values], Extras]
"""Settles what follows from several values, by changing them in place; a `ValueError` sets the record aside."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape(Generic[E]):
    """How the records of one kind become entities.

    Attributes:
        model: the entity.
        places: a field of the entity -> where a record has it.
        statuses: the service's word for the status of an issue -> ours, whatever the case. A word that is not there is
            `unknown`.
        words: a field -> the service's word -> ours, as in `{"priority": {"p1": "urgent"}}`. Our own words need no
            entry. A word that is not there leaves the field as if nothing were said. A field that is true or false
            may have words for `true`, as in `{"is_staff": {"agent": "true"}}`; every other word is false then.
        times: `iso` (ISO 8601), `seconds` or `milliseconds` since 1970, or a format as in `datetime.strptime`.
        naive_is_utc: whether a time without a zone is meant in UTC. Otherwise its record cannot be read: a guess
            would be wrong by hours.
        separator: what stands between the words of a list that is written as one text; None where such a text is
            one word.
        also: further values that `finish` reads: a name -> where a record has it, and its kind: `str`, `int`, `float`,
            `bool`, `tuple` for a list of texts, `object` for any JSON, `Rows` for a list of objects, or `dict` for an
            object of which nothing is read but that it is there: it comes empty. One that a record lacks is not among
            the values.
        finish: settles what follows from several values; it may set any field of the entity, to what that field holds.
    """

    model: type[E]
    places: abc.Mapping[str, Paths]
    statuses: abc.Mapping[str, IssueStatus | str] = field(default_factory=dict[str, IssueStatus | str])
    words: abc.Mapping[str, abc.Mapping[str, Any]] = field(default_factory=dict[str, abc.Mapping[str, Any]])
    times: str = "iso"
    naive_is_utc: bool = False
    separator: str | None = None
    also: abc.Mapping[str, tuple[Paths, Kind]] = field(default_factory=dict[str, tuple[Paths, Kind]])
    finish: Finish | None = None


def alternatives(paths: Paths) -> list[Path]:
    """The paths, one or several, as a list."""
    return paths if isinstance(paths, list) else [paths]


def keys_of(path: Path) -> Keys:
    """The keys of a path, from the top."""
    return (path,) if isinstance(path, str) else path


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON list; none where the value is something else."""
    if value.__class__ is not list:
        return []
    return [one for one in value if one.__class__ is dict]


def listed(names: abc.Iterable[str]) -> str:
    """Names for an error's text."""
    return ", ".join(f"`{name}`" for name in names)
