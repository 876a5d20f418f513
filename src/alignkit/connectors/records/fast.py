"""Reads documents with msgspec, which the extra `fast` installs: the same values, in a fraction of the time.

It takes only what fits exactly. Whatever does not (a number written as text, a time of an unusual form, a record that
cannot be read) makes `read` return None, and the whole document goes the way that every document can go. So there is
nothing that only one of the two ways would read, or would read differently.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypedDict, cast

import msgspec

from alignkit import syntax
from alignkit.connectors.records.convert import Convert, meant_in_utc
from alignkit.connectors.records.filler import Step, element, filler
from alignkit.connectors.records.recipe import Found, Recipe, Want
from alignkit.connectors.records.shape import Keys, Kind, Path, Rows, Shape, Values, alternatives, keys_of
from alignkit.models.times import in_utc

UNSET = msgspec.UNSET
_TEXT = str | int
_ID = Annotated[str, msgspec.Meta(min_length=1)] | int
_TYPES: Mapping[type, Any] = {
    bool: bool,
    int: int,
    float: float,
    tuple: list[_TEXT | None] | str | int,
    object: Any,
    dict: dict,
}


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
            struct: Any = record.struct
            records = list[struct]
            self._lists.append((path, recipe, taker))
            if path:
                root.add(keys_of(path), records, tells_absence=True)
        self._beside = Taker(root, beside, {})
        self._is_list = () in recipes
        self._decoder = msgspec.json.Decoder(records | None if self._is_list else root.struct)
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
        self._names: dict[str, str] = {}
        self._kinds: dict[str, Any] = {}
        self._required: set[str] = set()
        self._told_apart: set[str] = set()

    def add(self, keys: Keys, kind: Any, *, is_required: bool = False, tells_absence: bool = False) -> None:
        """Wants the value that these keys lead to.

        Args:
            keys: the last one may be a place in a list.
            kind: what msgspec checks it to be; `dict` for an object of which nothing is taken.
            is_required: whether it must be there; otherwise it may be null too.
            tells_absence: whether one that is missing is `UNSET` and not None.
        """
        key, rest = keys[0], keys[1:]
        if not isinstance(key, str):
            raise Unfit
        self._names.setdefault(key, f"key{len(self._names)}")
        if rest and isinstance(rest[0], str):
            self._object(key).add(rest, kind, tells_absence=tells_absence)
            return
        if kind is dict:
            kind = self._object(key)
        elif len(rest) > 1:
            raise Unfit
        elif rest:
            kind = list[kind | None]
        self._kinds[key] = _narrower(self._kinds.get(key, kind), kind)
        if is_required:
            self._required.add(key)
        elif tells_absence and not rest:
            self._told_apart.add(key)

    def _object(self, key: str) -> Object:
        inner = self._kinds.setdefault(key, Object())
        if not isinstance(inner, Object):
            raise Unfit
        return inner

    @cached_property
    def struct(self) -> Any:
        """The struct; nothing can be added once it is made."""
        fields = [self._field(key) for key in self._names]
        names = {name: key for key, name in self._names.items()}
        return msgspec.defstruct("Record", fields, rename=names, kw_only=True, gc=False)

    def _field(self, key: str) -> Any:
        name, kind = self._names[key], self._kinds[key]
        if key in self._required:
            return (name, kind)
        if isinstance(kind, Object):
            kind = kind.struct
        if kind is not Any:
            kind |= None
        return (name, kind | msgspec.UnsetType, UNSET) if key in self._told_apart else (name, kind, None)

    def names(self, keys: Keys) -> list[str]:
        """The attributes that lead to a value."""
        key, rest = str(keys[0]), keys[1:]
        inner = self._kinds[key]
        return [self._names[key], *(inner.names(rest) if isinstance(inner, Object) and rest else ())]

    def source(self, keys: Keys, parts: Parts, holder: str = "record") -> ast.expr:
        """The expression of a value; `holder` is the variable that holds this object."""
        key, rest = str(keys[0]), keys[1:]
        found, inner = syntax.attribute(syntax.name(holder), self._names[key]), self._kinds[key]
        if isinstance(inner, Object) and rest:
            return inner.source(rest, parts, parts.add(found, f"{holder}_{self._names[key]}", inner.struct()))
        return element(found, rest[0]) if rest and isinstance(rest[0], int) else found

    def may_lack(self, keys: Keys) -> bool:
        """Whether what stands there may be `UNSET`."""
        key, rest = str(keys[0]), keys[1:]
        inner = self._kinds[key]
        if isinstance(inner, Object) and rest:
            return inner.may_lack(rest)
        return bool(rest) or key in self._told_apart


class Parts:
    """The objects within a record, each looked up once; one that is null or missing counts as an empty one.

    Attributes:
        statements: what looks each of them up, by the variable that holds it then.
        bound: what these statements name.
    """

    def __init__(self) -> None:
        self.statements: dict[str, ast.stmt] = {}
        self.bound: dict[str, Any] = {}

    def add(self, source: ast.expr, variable: str, empty: object) -> str:
        """Looks an object up, where that has not been done yet; returns the variable."""
        if variable not in self.statements:
            self.bound[f"{variable}_empty"] = empty
            self.statements[variable] = syntax.assign(variable, syntax.some([source, syntax.name(f"{variable}_empty")]))
        return variable


def _narrower(one: Any, other: Any) -> Any:
    """The kind of what is wanted twice; an id, which is never empty, is a text too."""
    if one == other:
        return one
    if _ID in (one, other) and _TEXT in (one, other):
        return _ID
    raise Unfit


class Taker:
    """Takes the values that are wanted out of decoded objects of one kind.

    Args:
        record: such an object.
        wants: the values; those with a converter are fields.
        converters: by name, as `Recipe.converters` has them.
    """

    def __init__(self, record: Object, wants: Sequence[Want], converters: Mapping[str, Convert | None]) -> None:
        places = {want.name: [keys_of(path) for path in alternatives(want.paths)] for want in wants}
        for want in wants:
            kind = _ID if want.name == "id" else _type_of(want.kind)
            several = len(places[want.name]) > 1
            for keys in places[want.name]:
                is_sure = want.is_required and not several and len(keys) == 1
                record.add(keys, kind, is_required=is_sure, tells_absence=several or want.name not in converters)
        # A key of the record itself is required by the decoder; what may lie elsewhere is looked for afterwards.
        self._elsewhere = [
            want.name for want in wants if want.is_required and [len(keys) for keys in places[want.name]] != [1]
        ]
        parts = Parts()
        steps = [
            _step(
                want,
                [record.source(keys, parts) for keys in places[want.name]],
                converters,
                may_lack=any(map(record.may_lack, places[want.name])),
            )
            for want in wants
        ]
        self._fill = filler(steps, UNSET, parts.statements.values(), parts.bound)

    def fill(self, record: Any, values: Values) -> Values:
        """Adds what a record tells; a field that it lacks, or has as null, stays as it is."""
        self._fill(record, values)
        for name in self._elsewhere:
            if values[name] is None:
                raise Unfit
        return values


def along(record: Any, names: Sequence[str]) -> Any:
    """What attributes lead to; `UNSET` where there is no such place."""
    nothing: Any = UNSET
    for name in names:
        record = getattr(record, name, nothing)
    return record


def _step(want: Want, sources: Sequence[ast.expr], converters: Mapping[str, Convert | None], *, may_lack: bool) -> Step:
    """How a decoded value becomes what a field holds."""
    convert = converters.get(want.name)
    is_text = False
    if want.kind is datetime:
        convert = _time if convert in (None, in_utc, meant_in_utc) else _unfit
    elif want.kind is tuple:
        convert = convert or _texts
    elif want.kind is dict:
        convert = _nothing_of
    else:
        is_text = _type_of(want.kind) is _TEXT
    return Step(want.name, sources, convert, is_text, keeps_null=want.name not in converters, may_lack=may_lack)


_typed_dict: Any = TypedDict  # called with keys that are known while the program runs


def _type_of(kind: Kind) -> Any:
    """What msgspec checks a value of a kind to be; it may be null too."""
    if isinstance(kind, Rows):
        row: Any = _typed_dict("Row", dict.fromkeys(kind, Any), total=False)
        return list[row]
    return _TYPES.get(kind, _TEXT)


def _nothing_of(_: object) -> dict[str, Any]:
    return {}


def _unfit(_: Any) -> Any:
    raise Unfit


def _texts(value: Any) -> list[str | None] | str:
    if not isinstance(value, list):
        return str(value)
    found = cast("list[str | int | None]", value)
    return [str(one) if one.__class__ is int else one for one in found]  # type: ignore[misc] # text now


def _time(text: Any) -> datetime:
    """The instant of a time with its zone, as nearly every service writes it: with dashes and colons."""
    if text.__class__ is str and text[4:19:3] == "--T::":
        zone = 1 if text[-1] == "Z" else 5 if text[-5:] == "+0000" else 6 if text[-6:] == "+00:00" else 0
        size = len(text) - zone
        if zone and (size == 19 or (20 < size <= 26 and text[19] == ".")):
            return datetime.fromisoformat(text)
        if _WITH_ZONE.fullmatch(text, 19):
            return in_utc(datetime.fromisoformat(text))
    raise Unfit


_WITH_ZONE = re.compile(r"(\.[0-9]{1,6})?[+-][0-9]{2}:?[0-9]{2}", re.ASCII)
