"""Reads documents with msgspec, which the extra `fast` installs: the same values, in a fraction of the time.

It takes only what fits exactly. Whatever does not (a number written as text, a time of an unusual form, a record that
cannot be read) makes `read` return None, and the whole document goes the way that every document can go. So there is
nothing that only one of the two ways would read, or would read differently.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from pydantic_core import from_json

from alignkit.connectors.records.convert import Convert, meant_in_utc
from alignkit.connectors.records.filler import Step, attribute, attribute_or_nothing, filler
from alignkit.connectors.records.recipe import Found, Recipe, Want
from alignkit.connectors.records.shape import Path, Shape, Values, alternatives, keys_of
from alignkit.models.base import in_utc

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
        root = Object()
        self._lists: list[tuple[Path, Recipe[Any], Taker]] = []
        records: Any = None
        for path, recipe in recipes.items():
            record = Object()
            taker = Taker(record, recipe.wants, recipe.converters)
            records = list[record.struct()] | None  # type: ignore[misc] # made while the program runs
            self._lists.append((path, recipe, taker))
            if path:
                root.add(keys_of(path), records, is_required=False)
        self._beside = Taker(root, beside, {})
        self._is_list = () in recipes
        self._decoder = msgspec.json.Decoder(records if self._is_list else root.struct())
        self._places = {} if self._is_list else {path: root.names(keys_of(path)) for path in recipes}

    def read(self, text: bytes) -> Read | None:
        """The records of a document; None where it has to go the general way."""
        try:
            return self._read(self._decoder.decode(text))
        except (Unfit, msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _read(self, document: Any) -> Read:
        found: dict[Shape[Any], Sequence[Found[Any]]] = {}
        absent: list[Shape[Any]] = []
        for path, recipe, taker in self._lists:
            records = document if self._is_list else along(document, self._places[path])
            if records is UNSET:
                absent.append(recipe.shape)
            else:
                finished, fill = recipe.finished, taker.fill
                found[recipe.shape] = [finished(fill(record, recipe.template)) for record in records] if records else ()
        return Read(found, {} if self._is_list else self._beside.fill(document, {}), absent)


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
        if key in self._required:
            return (name, kind)
        return (name, kind if kind is msgspec.Raw else kind | msgspec.UnsetType, UNSET)

    def names(self, path: Sequence[str | int]) -> list[str]:
        """The attributes that lead to a place."""
        key = str(path[0])
        inner = self._kinds[key]
        return [self._keys[key], *(inner.names(path[1:]) if isinstance(inner, Object) else ())]


class Taker:
    """Takes the values that are wanted out of decoded objects of one kind.

    Args:
        wants: the values; those with a converter are fields.
        converters: by name, as `Recipe.converters` has them.
    """

    def __init__(self, record: Object, wants: Sequence[Want], converters: Mapping[str, Convert | None]) -> None:
        for want in wants:
            kind = _ID if want.name == "id" else _TYPES.get(want.kind, _TEXT)
            places = alternatives(want.paths)
            is_sure = want.is_required and len(places) == 1
            for place in places:
                has_null = not is_sure and kind is not msgspec.Raw
                record.add(keys_of(place), kind | None if has_null else kind, is_required=is_sure)
        paths = [(want, [record.names(keys_of(path)) for path in alternatives(want.paths)]) for want in wants]
        # A key of the record itself is required by the decoder; what may lie elsewhere is looked for afterwards.
        self._elsewhere = [
            want.name
            for want in wants
            if want.is_required and (isinstance(want.paths, list) or len(keys_of(want.paths)) > 1)
        ]
        self._fill, self._carefully = (
            filler([_step(want, map(source, names), converters) for want, names in paths], UNSET)
            for source in (attribute, attribute_or_nothing)
        )

    def fill(self, record: Any, values: Values) -> Values:
        """Adds what a record tells; a field that it lacks, or has as null, stays as it is."""
        try:
            filled = self._fill(record, values)
        except AttributeError:  # a null where an object might have been
            filled = self._carefully(record, values)
        for name in self._elsewhere:
            if filled[name] is None:
                raise Unfit
        return filled


def along(record: Any, names: Sequence[str]) -> Any:
    """What attributes lead to; `UNSET` where there is no such place."""
    nothing: Any = UNSET
    for name in names:
        record = getattr(record, name, nothing)
    return record


def _step(want: Want, sources: Iterable[ast.expr], converters: Mapping[str, Convert | None]) -> Step:
    """How a decoded value becomes what a field holds."""
    convert = converters.get(want.name)
    is_text = False
    if want.kind is datetime:
        convert = _time if convert in (None, in_utc, meant_in_utc) else _unfit
    elif want.kind is object:
        convert = _json
    elif want.kind is tuple:
        convert = _texts if convert is None else partial(_converted, convert)
    else:
        is_text = want.kind not in _TYPES
    return Step(want.name, list(sources), convert, is_text, keeps_null=want.name not in converters)


def _converted(convert: Convert, value: Any) -> Any:
    return convert(_texts(value)) if value else ()


def _json(raw: msgspec.Raw) -> Any:
    return from_json(bytes(raw))


def _unfit(_: Any) -> Any:
    raise Unfit


def _texts(value: Any) -> list[str | None] | str:
    if not isinstance(value, list):
        return str(value)
    found = cast("list[str | int | None]", value)
    return [str(one) if one.__class__ is int else one for one in found]  # type: ignore[misc] # text now


def _time(text: object) -> datetime:
    """The instant of a time with its zone, as nearly every service writes it."""
    if isinstance(text, str) and len(text) >= 20 and _is_plain(text):
        if text[-1] == "Z" and (len(text) == 20 or (text[19] == "." and 21 < len(text) <= 27)):
            return datetime.fromisoformat(text)
        if _WITH_ZONE.fullmatch(text, 19):
            return in_utc(datetime.fromisoformat(text))
    raise Unfit


_WITH_ZONE = re.compile(r"(\.[0-9]{1,6})?[+-][0-9]{2}:?[0-9]{2}", re.ASCII)


def _is_plain(text: str) -> bool:
    """Whether date and time are written with dashes and colons."""
    return text[4] == "-" == text[7] and text[10] == "T" and text[13] == ":" == text[16]
