"""Reads documents with msgspec, which the extra `fast` installs: the same values, in a fraction of the time.

It takes only what fits exactly. Whatever does not (a number written as text, a time of an unusual form, a record that
cannot be read) makes `read` return None, and the whole document goes the way that every document can go. So there is
nothing that only one of the two ways would read, or would read differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from pydantic_core import from_json

from alignkit.connectors.records.recipe import Found, Recipe, Want
from alignkit.connectors.records.shape import Path, Shape, Values, alternatives, keys_of

UNSET = msgspec.UNSET
_TEXT = str | int
_TYPES: Mapping[type, Any] = {
    bool: bool,
    int: int,
    float: float,
    tuple: list[_TEXT | None] | str | int,
    object: msgspec.Raw,
}
_ID = Annotated[str, msgspec.Meta(min_length=1)] | int


class Unfit(Exception):
    """Something that only the general way can judge."""


class Read(NamedTuple):
    """What a document holds: records by shape, and what stands beside them."""

    found: Mapping[Shape[Any], Sequence[Found[Any]]]
    beside: Mapping[str, Any]
    absent: Sequence[Shape[Any]]


class Fast:
    """Reads one kind of document that has lists of records.

    Raises:
        Unfit: these places cannot be told by nested keys alone.
    """

    def __init__(self, recipes: Mapping[Path, Recipe[Any]], beside: Sequence[Want]) -> None:
        self._lists: list[tuple[Taken, Recipe[Any]]] = []
        root = Object()
        records: Any = None
        for path, recipe in recipes.items():
            record = Object()
            taken = Taken(record, recipe.wants)
            records = list[record.struct()] | None  # type: ignore[misc] # made while the program runs
            self._lists.append((taken, recipe))
            if path:
                root.add(keys_of(path), records, is_required=False)
        self._beside = Taken(root, beside)
        self._is_list = () in recipes
        self._decoder = msgspec.json.Decoder(records if self._is_list else root.struct())
        self._places = [] if self._is_list else [root.getter([keys_of(path)]) for path in recipes]

    def read(self, text: bytes) -> Read | None:
        """The records of a document; None where it has to go the general way."""
        try:
            return self._read(self._decoder.decode(text))
        except (Unfit, msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _read(self, document: Any) -> Read:
        found: dict[Shape[Any], Sequence[Found[Any]]] = {}
        absent: list[Shape[Any]] = []
        lists = [document] if self._is_list else [place(document) for place in self._places]
        for (taken, recipe), records in zip(self._lists, lists, strict=True):
            if records is UNSET:
                absent.append(recipe.shape)
                continue
            build, values = recipe.build, taken.values
            found[recipe.shape] = [build(values(record)) for record in records or ()]
        return Read(found, {} if self._is_list else self._beside.values(document), absent)


class Object:
    """A JSON object of which some keys are wanted, as the struct that it is decoded into."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._kinds: dict[str, Any] = {}
        self._required: set[str] = set()

    def add(self, keys: Sequence[str | int], kind: Any, *, is_required: bool) -> None:
        """Wants the value that these keys lead to."""
        first, rest = keys[0], keys[1:]
        if not isinstance(first, str):
            raise Unfit
        known = self._kinds.get(first)
        self._keys.setdefault(first, f"key{len(self._keys)}")
        if rest:
            inner = known if known is not None else Object()
            if not isinstance(inner, Object):
                raise Unfit
            inner.add(rest, kind, is_required=False)
            kind = inner
        elif known is not None and known != kind:
            raise Unfit
        self._kinds[first] = kind
        if is_required:
            self._required.add(first)

    def struct(self) -> Any:
        """The struct; a key that may be missing is `UNSET` then."""
        fields = [self._field(key) for key in self._keys]
        names = {name: key for key, name in self._keys.items()}
        return msgspec.defstruct("Record", fields, rename=names, kw_only=True, gc=False)

    def _field(self, key: str) -> Any:
        name, kind = self._keys[key], self._kinds[key]
        if isinstance(kind, Object):
            empty = kind.struct()
            return (name, empty | None, msgspec.field(default_factory=empty))
        return (name, kind) if key in self._required else (name, kind | msgspec.UnsetType, UNSET)

    def getter(self, paths: Sequence[Sequence[str | int]]) -> attrgetter[Any]:
        """Takes the values at these places out of a decoded object."""
        return attrgetter(*(".".join(self.names(path)) for path in paths))

    def names(self, path: Sequence[str | int]) -> list[str]:
        """The attributes that lead to a place."""
        key = str(path[0])
        inner = self._kinds[key]
        return [self._keys[key], *(inner.names(path[1:]) if isinstance(inner, Object) else ())]


class Taken:
    """The values that are wanted of an object, taken from it and brought to what pydantic would give."""

    def __init__(self, record: Object, wants: Sequence[Want]) -> None:
        paths: list[Sequence[str | int]] = []
        self._names: list[str] = []
        self._others: list[tuple[str, str]] = []
        self._needed: list[str] = []
        for want in wants:
            is_certain = want.is_required and len(alternatives(want.paths)) == 1
            if want.is_required and not is_certain:
                self._needed.append(want.name)
            for number, path in enumerate(alternatives(want.paths)):
                kind = _ID if want.name == "id" else _TYPES.get(want.kind, _TEXT)
                record.add(keys_of(path), kind if want.is_required else kind | None, is_required=is_certain)
                paths.append(keys_of(path))
                self._names.append(f"{want.name} {number}" if number else want.name)
                if number:
                    self._others.append((want.name, self._names[-1]))
        certain = {want.name for want in wants if want.is_required and want.name not in self._needed}
        self._perhaps = [name for name in self._names if name not in certain]
        self._paths = [record.names(path) for path in paths]
        self._get = record.getter(paths) if len(paths) > 1 else _alone(record, paths)
        kinds = {want.name: want.kind for want in wants}
        self._texts = [
            name for name, kind in kinds.items() if _TYPES.get(kind, _TEXT) == _TEXT and kind is not datetime
        ]
        self._tuples = [name for name, kind in kinds.items() if kind is tuple]
        self._times = [name for name, kind in kinds.items() if kind is datetime]
        self._raws = [name for name, kind in kinds.items() if kind is object]

    def values(self, record: Any) -> Values:
        """The values by name; one that the record lacks is left out."""
        try:
            taken = self._get(record)
        except AttributeError:  # a null where an object might have been
            taken = [_along(record, path) for path in self._paths]
        found: Values = dict(zip(self._names, taken, strict=True))
        for name in self._perhaps:
            if found[name] is UNSET:
                del found[name]
        for name, other in self._others:
            if other in found:
                value = found.pop(other)
                found.setdefault(name, value)
        for name in self._needed:
            if name not in found:
                raise Unfit
        for name in self._texts:
            value = found.get(name)
            if value.__class__ is int:
                found[name] = str(value)
        for name in self._tuples:
            value = found.get(name)
            if value:
                found[name] = _texts(value)
        for name in self._times:
            value = found.get(name)
            if value is not None:
                found[name] = _time(value)
        for name in self._raws:
            if name in found:
                found[name] = from_json(found[name])
        return found


def _along(record: Any, names: Sequence[str]) -> Any:
    for name in names:
        record = getattr(record, name, UNSET)
    return record


def _alone(record: Object, paths: Sequence[Sequence[str | int]]) -> Callable[[Any], tuple[Any, ...]]:
    get = record.getter(paths) if paths else None

    def take(found: Any) -> tuple[Any, ...]:
        return (get(found),) if get else ()

    return take


def _texts(value: list[str | int | None] | str | int) -> list[str | None] | str:
    if isinstance(value, list):
        return [str(one) if isinstance(one, int) else one for one in value]
    return str(value)


def _time(text: object) -> datetime:
    """The instant of a time in UTC as nearly every service writes it."""
    if isinstance(text, str) and len(text) >= 20 and text[-1] == "Z" and _is_plain(text):
        return datetime.fromisoformat(text)
    raise Unfit


def _is_plain(text: str) -> bool:
    """Whether date and time are written with dashes and colons, with nothing after the seconds or up to six digits."""
    return (
        text[4] == "-" == text[7]
        and text[10] == "T"
        and text[13] == ":" == text[16]
        and (len(text) == 20 or (text[19] == "." and 21 < len(text) <= 27))
    )
