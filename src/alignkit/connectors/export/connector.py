"""Reads a helpdesk's export from files: JSON Lines, a JSON array or CSV; one file, a folder, or a pattern."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from collections.abc import Mapping as Table
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Finding,
    Page,
    Run,
    Source,
    path_location,
    settings,
)
from alignkit.connectors.export import layouts
from alignkit.connectors.export.files import SUFFIXES, OpenFile, Place, find
from alignkit.connectors.export.generic_csv import generic_csv
from alignkit.connectors.export.mapping import Mapping
from alignkit.connectors.export.reader import Reader, Reading
from alignkit.connectors.export.zendesk import zendesk
from alignkit.connectors.records.shape import listed
from alignkit.connectors.tags import Tags
from alignkit.connectors.zendesk.tickets import STATUSES
from alignkit.errors import AlignkitError, SettingsError
from alignkit.garbage import put_off
from alignkit.models.events import CustomerEvent, SurveyAnswered
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Flow, JsonValue, call

MAX_BYTES = 64 * 1024 * 1024
"""The default for the longest line and the largest JSON array: 64 MiB."""


_Id = Annotated[str, Field(coerce_numbers_to_str=True)]


class ExportSettings(ConnectorSettings):
    """What an export is read from, and what its desk means by its words.

    Attributes:
        mapping: `zendesk` or `csv`; a mapping of your own is given to `Export` itself.
        statuses: the desk's words for a status -> ours, beside those that the mapping knows.
        custom_statuses: Zendesk's ids of custom statuses -> ours.
        outbound_tags: tags of issues that a campaign began; see `Tags`.
        internal_tags: tags of issues that no customer knows of.
        keeps_text: whether subjects and comments are kept; no decision needs them.
        max_bytes: the longest line, row or JSON array.
    """

    path: str
    mapping: str = "zendesk"
    statuses: Table[str, IssueStatus] = Field(default_factory=dict)
    custom_statuses: Table[_Id, IssueStatus] = Field(default_factory=dict)
    outbound_tags: frozenset[str] = frozenset()
    internal_tags: frozenset[str] = frozenset()
    keeps_text: bool = True
    max_bytes: int = Field(default=MAX_BYTES, ge=1)


class Export(Source):
    """Files that a helpdesk exported, as they are, grow, are added and are replaced.

    One pass over a file gives people and issues, people first. A file that has grown is read on from where reading
    stopped; one that was replaced is read again from its start, and a gap says so; one that is gone is told as a gap
    and changes nothing.

    Args:
        path: a file, a folder, or a pattern as in `exports/*/tickets.jsonl`.
        mapping: `zendesk`, `csv`, or a `Mapping` of your own.
        given: see `ExportSettings`.

    Raises:
        SettingsError: a setting is unknown or wrong.
    """

    type: ClassVar[str] = "export"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.INCREMENTAL, Capability.DELETIONS, Capability.MERGES}
    )
    streams: ClassVar[tuple[str, ...]] = ("records",)
    statuses: ClassVar[Table[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mapping: str | Mapping = "zendesk",
        name: str = "export",
        **given: object,
    ) -> None:
        chosen = {} if isinstance(mapping, Mapping) else {"mapping": mapping}
        known = settings(ExportSettings, self.type, {"path": os.fspath(path), "name": name, **chosen, **given})
        self.name: str = known.name
        self.account: Account | None = None
        self.path: str = known.path
        self._limit = known.max_bytes
        tags = Tags(known.internal_tags, known.outbound_tags)
        if isinstance(mapping, Mapping):
            self._reader = _reader(mapping, known.statuses, tags, keeps_text=known.keeps_text)
        else:
            words = frozenset(known.custom_statuses.items()), frozenset(known.statuses.items())
            self._reader = _ready(known.mapping, *words, tags, keeps_text=known.keeps_text)

    @property
    def location(self) -> str:
        """The path, from the root on."""
        return path_location(self.path)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:  # noqa: ARG002 - there is one stream
        """Read one line of pages, or up to a thousand records.

        Raises:
            SettingsError: there is no such file or folder, or it may not be read.
            DataInvalid: a file is no export; the text says what it is instead.
        """
        return (yield from call(self._next_page, checkpoint, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Look for the files, and say of each whether it can be read."""
        return (yield from call(self._findings))

    @put_off()
    def _next_page(self, checkpoint: Checkpoint | None, run: Run) -> Page:
        places = _places(checkpoint)
        since = _since(checkpoint, run)
        found = find(self.path)
        gaps = [f"`{name}` is gone; nothing that it told is taken back" for name in places if name not in found]
        remarks: list[str] = []
        anew: list[str] = []
        after = {name: place for name, place in places.items() if name in found}
        for name, path in found.items():
            with _opened(name, path, self._limit) as file:
                place = after.get(name)
                if place is not None and not layouts.is_same(file, place):
                    gaps.append(f"`{name}` was replaced; it is read again from its start")
                    anew.append(name)
                    place = None
                place = replace(place, stamp=file.stamp) if place else layouts.begin(file, self._reader)
                if place is None:
                    remarks += _begun(file)
                    continue
                step = layouts.step(file, place, self._reader)
                after[name] = step.place
            if step.remark:
                remarks.append(step.remark)
            if step.reading is not None:
                events = self._events(step.reading, run.now, since)
                checkpoint = _checkpoint(after, since)
                return Page(events, checkpoint, more=True, quarantined=step.reading.bad, gaps=gaps, anew=anew)
        return Page((), _checkpoint(after, since), more=False, gaps=[*gaps, *remarks], anew=anew)

    def _events(self, reading: Reading, now: datetime, since: datetime | None) -> list[CustomerEvent]:
        """People first, so that issues find their requesters; a survey's answer follows its issue."""
        events: list[CustomerEvent] = [found.event(source=self.name, received_at=now) for found in reading.contacts]
        for found in reading.issues:
            extras = found.extras
            event = found.event(source=self.name, received_at=now)
            if since is not None and event.time < since:
                continue
            events.append(event)
            if extras.answer:
                answer = SurveyAnswered.of(extras.answer, source=self.name, received_at=now, version=extras.version)
                events.append(answer)
        return events

    def _findings(self) -> list[Finding]:
        try:
            found = find(self.path)
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self.path}`", remedy=str(error))]
        if not found:
            remedy = f"put the export there; read are files named {listed(f'*{suffix}' for suffix in sorted(SUFFIXES))}"
            return [Finding(is_well=False, subject=f"`{self.path}` holds no export", remedy=remedy)]
        return [self._finding(name, path) for name, path in found.items()]

    def _finding(self, name: str, path: Path) -> Finding:
        try:
            with _opened(name, path, self._limit) as file:
                place = layouts.begin(file, self._reader)
                step = layouts.step(file, place, self._reader) if place else None
                begun = [] if place else _begun(file)
        except AlignkitError as error:
            return Finding(is_well=False, subject=f"`{name}`", remedy=str(error))
        if begun:
            return Finding(is_well=False, subject=f"`{name}`", remedy=f"{begun[0]}; export it again if none comes")
        bad = step.reading.bad if step and step.reading else ()
        if bad:
            remedy = f"{len(bad)} of its first records cannot be read, the first because {bad[0].reason}"
            return Finding(is_well=False, subject=f"`{name}`", remedy=remedy)
        return Finding(is_well=True, subject=f"`{name}`" if step else f"`{name}`, which is empty so far")


_Words = frozenset[tuple[str, IssueStatus]]


@lru_cache(maxsize=32)
def _ready(name: str, custom_statuses: _Words, statuses: _Words, tags: Tags, *, keeps_text: bool) -> Reader:
    """What reads by a mapping that is known by its name; it keeps nothing of what it reads."""
    if name == "zendesk":
        return _reader(zendesk(custom_statuses=dict(custom_statuses)), dict(statuses), tags, keeps_text=keeps_text)
    if name != "csv":
        raise SettingsError(f"`{name}` is no mapping; take `zendesk`, `csv` or a `Mapping` of your own")
    if custom_statuses:
        raise SettingsError("`custom_statuses` are Zendesk's; give the words of a table in `statuses`")
    return _reader(generic_csv(), dict(statuses), tags, keeps_text=keeps_text)


def _reader(mapping: Mapping, statuses: Table[str, IssueStatus], tags: Tags, *, keeps_text: bool) -> Reader:
    """What reads by a mapping, and by what a desk means by its words."""
    return Reader(replace(mapping, statuses={**mapping.statuses, **statuses}), tags, keeps_text=keeps_text)


def _checkpoint(places: Table[str, Place], since: datetime | None) -> dict[str, JsonValue]:
    checkpoint: dict[str, JsonValue] = {"files": {name: place.to_json() for name, place in places.items()}}
    if since is not None:
        checkpoint["since"] = since.isoformat()
    return checkpoint


def _places(checkpoint: Checkpoint | None) -> dict[str, Place]:
    kept = checkpoint.get("files") if checkpoint else None
    if not isinstance(kept, dict):
        return {}
    return {name: Place.of_json(place) for name, place in kept.items() if isinstance(place, dict)}


def _since(checkpoint: Checkpoint | None, run: Run) -> datetime | None:
    """The oldest change wanted: told on the first read, and remembered from then on."""
    if checkpoint is None:
        return run.since
    kept = checkpoint.get("since")
    return datetime.fromisoformat(kept) if isinstance(kept, str) else None


def _begun(file: OpenFile) -> list[str]:
    """What is left unread of a file whose first line is not whole; nothing of an empty one."""
    if not file.size:
        return []
    return [f"`{file.name}` ends within its first line; its {file.size:,} bytes wait for the rest"]


@contextmanager
def _opened(name: str, path: Path, limit: int) -> Generator[OpenFile]:
    try:
        stream = path.open("rb", buffering=0)
    except OSError as error:
        raise SettingsError(f"`{name}` cannot be read: {error.strerror}; give this user the right to read it") from None
    with stream:
        yield OpenFile.of(name, stream, limit)
