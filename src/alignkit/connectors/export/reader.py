"""Reads pages and records of JSON by a mapping: as a whole, or else one by one, setting aside what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError

from alignkit.connectors.export import recipe
from alignkit.connectors.export.files import Place
from alignkit.connectors.export.mapping import Mapping as Declared
from alignkit.connectors.export.mapping import Tags
from alignkit.connectors.export.recipe import Found, Recipe
from alignkit.errors import DataInvalid
from alignkit.models.customer import Contact
from alignkit.models.exchange import Quarantined
from alignkit.models.issue import Issue

PAGES, ISSUES, CONTACTS = "pages", "issues", "contacts"
"""What a text may be: a JSON page with records under its keys, an issue's record, a person's."""

PAGE = 1_000
"""The most records in one page of a file that holds them one by one."""

F = TypeVar("F", bound=Found[Any])


class Reading(NamedTuple):
    """What a page or a run of records holds."""

    contacts: Sequence[Found[Contact]] = ()
    issues: Sequence[Found[Issue]] = ()
    bad: Sequence[Quarantined] = ()


class Step(NamedTuple):
    """What one step through a file gave.

    Attributes:
        reading: None where the file has nothing more for now.
        place: where to go on.
        remark: what is left unread although it is there, as a sentence.
    """

    reading: Reading | None
    place: Place
    remark: str | None = None


class Reader:
    """A mapping, compiled.

    Raises:
        SettingsError: see `recipe.of_issues`.
    """

    def __init__(self, mapping: Declared, tags: Tags, *, keeps_text: bool = True) -> None:
        self.mapping = mapping
        issue, contact = recipe.of_issues(mapping, tags, keeps_text=keeps_text), recipe.of_contacts(mapping)
        self._issues: TypeAdapter[list[Found[Issue]]] = TypeAdapter(list[Annotated[Any, issue]])
        self._contacts: TypeAdapter[list[Found[Contact]]] = TypeAdapter(list[Annotated[Any, contact]])
        self._parts: dict[str, Recipe[Any]] = {mapping.issues_at: issue}
        if mapping.contacts:
            self._parts[mapping.contacts_at] = contact
        self._page: TypeAdapter[dict[str, list[Any] | None]] = TypeAdapter(Annotated[Any, _Page(self._parts)])

    def layout(self, document: object) -> str:
        """What a JSON value is, told by its keys."""
        record = _object(document)
        if any(isinstance(record.get(key), list) for key in self._parts):
            return PAGES
        return CONTACTS if self.mapping.contact_mark in record else ISSUES

    def read(self, layout: str, texts: Sequence[bytes], places: Sequence[str]) -> Reading:
        """Read JSON texts of one kind; `places` says where each stands.

        Raises:
            DataInvalid: a text is not UTF-8.
        """
        if layout == PAGES:
            return _joined([self._read_page(text, place) for text, place in zip(texts, places, strict=True)])
        if layout == CONTACTS:
            people, bad = _records(self._contacts, texts, places)
            return Reading(contacts=people, bad=bad)
        issues, bad = _records(self._issues, texts, places)
        return Reading(issues=issues, bad=bad)

    def _read_page(self, text: bytes, place: str) -> Reading:
        try:
            found = self._page.validate_json(text)
        except ValidationError:
            return self._read_page_by_records(text, place)
        if not found:
            return Reading(bad=[Quarantined(place, f"holds neither of: {', '.join(self._parts)}")])
        return Reading(found.get(self.mapping.contacts_at) or (), found.get(self.mapping.issues_at) or ())

    def _read_page_by_records(self, text: bytes, place: str) -> Reading:
        page = _object(_loaded(text, place))
        if not page:
            return Reading(bad=[Quarantined(place, "is no JSON object; perhaps it was cut or overwritten")])
        readings: list[Reading] = []
        for key in reversed(self._parts):
            texts = [json.dumps(record).encode() for record in _list(page.get(key))]
            places = [f"{place}, {key}[{index}]" for index in range(len(texts))]
            readings.append(self.read(ISSUES if key == self.mapping.issues_at else CONTACTS, texts, places))
        return _joined(readings)


def _joined(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]
    return Reading(
        [found for one in readings for found in one.contacts],
        [found for one in readings for found in one.issues],
        [bad for one in readings for bad in one.bad],
    )


def _records(
    adapter: TypeAdapter[list[F]], texts: Sequence[bytes], places: Sequence[str]
) -> tuple[list[F], list[Quarantined]]:
    try:
        return adapter.validate_json(b"[" + b",".join(texts) + b"]"), []
    except ValidationError:
        pass
    found: list[F] = []
    bad: list[Quarantined] = []
    for text, place in zip(texts, places, strict=True):
        try:
            found += adapter.validate_json(b"[" + text + b"]")
        except ValidationError as error:
            bad.append(Quarantined(_key(text, place), _reason(error)))
    return found, bad


def _loaded(text: bytes, place: str) -> Any:
    """The JSON value of a text; None where it is none."""
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise DataInvalid(f"{place} is not UTF-8; save the file as UTF-8 and read it again") from None
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    """A JSON value that should be an object; an empty one where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """A JSON value that should be a list; one that is none, as the only element, so that it is told and not lost."""
    if value is None:
        return []
    return [*cast("Sequence[Any]", value)] if isinstance(value, list) else [value]


def _key(text: bytes, place: str) -> str:
    """The id that a bad record names, else where it stands."""
    known = _object(_loaded(text, place)).get("id")
    return str(known) if isinstance(known, str | int) and known != "" else place


def _reason(error: ValidationError) -> str:
    """What is wrong, by field, without the record's values."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"`{'.'.join(map(str, fault['loc'][1:])) or 'record'}`: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults
    ]
    return "; ".join(told[:_TOLD])


_TOLD = 5


class _Page:
    """Tells pydantic how to read a page: lists of records under their keys, each of which may be missing or null."""

    def __init__(self, parts: Mapping[str, Recipe[Any]]) -> None:
        self.parts = parts

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        lists = {key: handler.generate_schema(list[Annotated[Any, part]]) for key, part in self.parts.items()}
        nullable = {key: {"type": "nullable", "schema": schema} for key, schema in lists.items()}
        return {"type": "typed-dict", "fields": {key: recipe.field(one, key) for key, one in nullable.items()}}
