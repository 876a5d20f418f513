"""Reads a document of JSON: its records as a whole, or else one by one, and what stands beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import SchemaValidator

from alignkit.connectors.records import wire
from alignkit.connectors.records.recipe import Found, Recipe, Want
from alignkit.connectors.records.shape import Kind, Path, Paths, Shape, Values, alternatives, keys_of
from alignkit.errors import ResponseInvalid
from alignkit.garbage import put_off
from alignkit.models.base import Entity
from alignkit.models.exchange import Quarantined

if TYPE_CHECKING:
    from alignkit.connectors.records.fast import Fast

E = TypeVar("E", bound=Entity)

WHOLE: Path = ()
"""The place of records that are the whole document: a list of them, or one."""


class Answer(NamedTuple):
    """What a document holds.

    Attributes:
        found: the records by shape; ask `of`.
        beside: what stands beside the records, as `Body.beside` names it; a value that is not there is left out.
        bad: the records that could not be read.
        absent: the shapes for whose records there is no place in the document.
    """

    found: Mapping[Shape[Any], Sequence[Found[Any]]]
    beside: Mapping[str, Any]
    bad: Sequence[Quarantined] = ()
    absent: Sequence[Shape[Any]] = ()

    def of(self, shape: Shape[E]) -> Sequence[Found[E]]:
        """The records of one shape, in their order."""
        return self.found.get(shape, ())


class Body:
    """A kind of document: where it holds records, and what else is wanted of it.

    Args:
        records: a place -> the shape of the records that stand there, as a list, null, or (with `is_one`) alone.
        beside: a name -> where its value stands, and its kind, as in `Shape.also`.
        is_one: whether one record stands at each place, instead of a list.

    Raises:
        SettingsError: see `Recipe`.
    """

    def __init__(
        self,
        records: Mapping[Path, Shape[Any]],
        beside: Mapping[str, tuple[Paths, Kind]] | None = None,
        *,
        is_one: bool = False,
    ) -> None:
        self._recipes: dict[Path, Recipe[Any]] = {path: Recipe(shape) for path, shape in records.items()}
        self._is_one = is_one
        wants = [Want(name, paths, kind) for name, (paths, kind) in (beside or {}).items()]
        self._beside = _validator(wire.values(wants))
        self._names: dict[str, Path] = {f"records {number}": path for number, path in enumerate(self._recipes)}
        self._whole = _validator(self._schema(wants))
        self._each = {path: _validator(wire.record(one)) for path, one in self._recipes.items()}
        self._fast = None if is_one else _fast(self._recipes, wants)

    def read(self, text: bytes, place: str = "record") -> Answer:
        """The records of a document; `place` names a record that tells no id of its own.

        Raises:
            ResponseInvalid: the text is no JSON, or no such document: nothing was read.
        """
        with put_off():
            return self._read(text, place)

    def _read(self, text: bytes, place: str) -> Answer:
        answer = self._fast.read(text) if self._fast is not None else None
        if answer is not None:
            return Answer(answer.found, answer.beside, (), answer.absent)
        try:
            found = self._whole.validate_json(text)
        except ValidationError:
            found = _UNREAD  # not from here: an error in what follows would carry the record along
        return self._one_by_one(text, place) if found is _UNREAD else self._answer(found)

    def _schema(self, wants: Sequence[Want]) -> wire.Schema:
        parts = {
            name: wire.nullable(wire.record(recipe) if self._is_one else wire.many(wire.record(recipe)))
            for name, recipe in zip(self._names, self._recipes.values(), strict=True)
        }
        if WHOLE in self._recipes:
            return next(iter(parts.values()))
        beside = wire.values(wants)["fields"]
        fields = {name: wire.field(part, wire.at(self._names[name])) for name, part in parts.items()}
        return {"type": "typed-dict", "fields": {**fields, **beside}}

    def _answer(self, found: Any) -> Answer:
        if WHOLE in self._recipes:
            found = {next(iter(self._names)): found}
        records: dict[Shape[Any], Sequence[Found[Any]]] = {}
        absent: list[Shape[Any]] = []
        for name, path in self._names.items():
            shape = self._recipes[path].shape
            if name not in found:
                absent.append(shape)
                continue
            part = found.pop(name)
            records[shape] = [part] if self._is_one and part is not None else part or ()
        return Answer(records, found, (), absent)

    def _one_by_one(self, text: bytes, place: str) -> Answer:
        document = loaded(text)
        if document is _NO_JSON or (WHOLE not in self._recipes and not isinstance(document, dict)):
            raise ResponseInvalid("the answer is no JSON object; check the address, or what a proxy made of it")
        records: dict[Shape[Any], Sequence[Found[Any]]] = {}
        bad: list[Quarantined] = []
        absent: list[Shape[Any]] = []
        for path, recipe in self._recipes.items():
            part, ids = _part(document, path), alternatives(recipe.shape.places.get("id", "id"))
            if part is _NO_JSON:
                absent.append(recipe.shape)
                continue
            items = [part] if self._is_one and part is not None else as_list(part)
            good = list[Found[Any]]()
            at = f"{place}, " + ".".join(map(str, keys_of(path)))
            for number, item in enumerate(items):
                try:
                    good.append(self._each[path].validate_json(json.dumps(item)))
                except ValidationError as error:
                    bad.append(Quarantined(_name(item, ids, f"{at}[{number}]"), reason(error)))
            records[recipe.shape] = good
        try:
            beside: Values = self._beside.validate_json(text) if isinstance(document, dict) else {}
        except ValidationError as error:
            raise ResponseInvalid(f"the answer cannot be read: {reason(error)}") from None
        return Answer(records, beside, bad, absent)


def _validator(schema: wire.Schema) -> SchemaValidator:
    return SchemaValidator(cast("Any", schema), {"hide_input_in_errors": True})


def _fast(recipes: Mapping[Path, Recipe[Any]], beside: Sequence[Want]) -> Fast | None:
    """The quick way to read these documents, where it is installed and can tell them."""
    if find_spec("msgspec") is None:
        return None
    from alignkit.connectors.records.fast import Fast, Unfit

    try:
        return Fast(recipes, beside)
    except Unfit:
        return None


_NO_JSON, _UNREAD = object(), object()
_TOLD = 5


def loaded(text: bytes) -> Any:
    """The JSON value of a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON


def as_list(value: Any) -> list[Any]:
    """A JSON value that should be a list; one that is none, as the only element, so that it is told and not lost."""
    if value is None:
        return []
    return [*cast("Sequence[Any]", value)] if isinstance(value, list) else [value]


def _name(record: Any, ids: Sequence[Path], place: str) -> str:
    """The id that a record names, else where it stands."""
    known = next((id for path in ids if (id := _part(record, path)) is not _NO_JSON), None)
    return str(known) if isinstance(known, str | int) and known != "" else place


def reason(error: ValidationError) -> str:
    """What is wrong with a record, by field, without its values."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"`{'.'.join(map(str, fault['loc'])) or 'record'}`: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults
    ]
    return "; ".join(told[:_TOLD])


def _part(document: Any, path: Path) -> Any:
    for key in keys_of(path):
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return _NO_JSON
    return document
