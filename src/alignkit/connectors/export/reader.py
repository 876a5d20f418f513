"""Reads pages and records of JSON by a mapping: as a whole, or else one by one, setting aside what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar, cast

from alignkit.connectors.export.files import Place
from alignkit.connectors.export.mapping import Mapping as Declared
from alignkit.connectors.records import Body, Found, Path, Shape
from alignkit.connectors.records.body import WHOLE
from alignkit.connectors.tags import Tags
from alignkit.errors import DataInvalid, ResponseInvalid
from alignkit.models.base import Entity
from alignkit.models.customer import Contact
from alignkit.models.exchange import Quarantined
from alignkit.models.issue import Issue

PAGES, ISSUES, CONTACTS = "pages", "issues", "contacts"
"""What a text may be: a JSON page with records under its keys, an issue's record, a person's."""

PAGE = 1_000
"""The most records in one page of a file that holds them one by one."""

E = TypeVar("E", bound=Entity)


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
        self._issue = mapping.issue_shape(tags, keeps_text=keeps_text)
        self._contact = mapping.contact_shape()
        parts: dict[Path, Shape[Any]] = {mapping.issues_at: self._issue}
        if mapping.contacts:
            parts[mapping.contacts_at] = self._contact
        self._keys = [str(key) for key in parts]
        self._page = Body(parts)
        self._issues = Body({WHOLE: self._issue})
        self._contacts = Body({WHOLE: self._contact})

    def layout(self, document: object) -> str:
        """What a JSON value is, told by its keys."""
        record = _object(document)
        if any(isinstance(record.get(key), list) for key in self._keys):
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
            people, bad = _records(self._contacts, self._contact, texts, places)
            return Reading(contacts=people, bad=bad)
        issues, bad = _records(self._issues, self._issue, texts, places)
        return Reading(issues=issues, bad=bad)

    def _read_page(self, text: bytes, place: str) -> Reading:
        try:
            answer = self._page.read(text, place)
        except ResponseInvalid:
            _refuse_other_than_utf8(text, place)
            return Reading(bad=[Quarantined(place, "is no JSON object; perhaps it was cut or overwritten")])
        if not answer.found:
            return Reading(bad=[Quarantined(place, f"holds neither of: {', '.join(self._keys)}")])
        return Reading(answer.of(self._contact), answer.of(self._issue), answer.bad)


def _joined(readings: Sequence[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]
    return Reading(
        [found for one in readings for found in one.contacts],
        [found for one in readings for found in one.issues],
        [bad for one in readings for bad in one.bad],
    )


def _records(
    body: Body, shape: Shape[E], texts: Sequence[bytes], places: Sequence[str]
) -> tuple[Sequence[Found[E]], list[Quarantined]]:
    """Records that stand each by itself: all at once, and one by one where something is wrong with any of them."""
    try:
        answer = body.read(b"[" + b",".join(texts) + b"]")
    except ResponseInvalid:
        answer = None
    if answer is not None and not answer.bad:
        return answer.of(shape), []
    found: list[Found[E]] = []
    bad: list[Quarantined] = []
    for text, place in zip(texts, places, strict=True):
        try:
            answer = body.read(b"[" + text + b"]")
        except ResponseInvalid:
            _refuse_other_than_utf8(text, place)
            bad.append(Quarantined(place, "is no JSON; perhaps it was cut or overwritten"))
            continue
        found += answer.of(shape)
        bad += [replace(one, key=place) if one.key.startswith("record") else one for one in answer.bad]
    return found, bad


def _refuse_other_than_utf8(text: bytes, place: str) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise DataInvalid(f"{place} is not UTF-8; save the file as UTF-8 and read it again") from None


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON value that should be an object; an empty one where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
