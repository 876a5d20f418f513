"""Reads what any Singer tap writes, from a file or from the tap itself, whose state is the checkpoint.

Source: the Singer specification (hub.meltano.com/singer/spec): `SCHEMA`, `RECORD` and `STATE`, one JSON object a line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

from pydantic import Field, model_validator

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
from alignkit.errors import AlignkitError, DataInvalid, SettingsError
from alignkit.interchange.declared import Record, ShapeLike, Shapes
from alignkit.interchange.lines import MAX_BYTES, PAGE, Line, next_lines, of_json, since_of, to_json, wanted
from alignkit.interchange.tap import Tap
from alignkit.log import logger
from alignkit.models.base import Name
from alignkit.models.exchange import Quarantined
from alignkit.transport import Account, Flow, JsonValue, call

_log = logger("interchange")


MOST_PATIENT = 1_000_000
"""The most seconds that a tap may be silent; no system waits for ever."""


class SingerSettings(ConnectorSettings):
    """What a tap's output is read from.

    Attributes:
        path: a file of a tap's output, a folder of such files, or a pattern.
        command: instead of `path`, a tap and its arguments, run anew for each pull.
        log: a file for what the tap writes to its standard error, which may hold secrets; nowhere by default.
        patience: seconds without output after which a tap is given up.
        max_bytes: the longest line.
    """

    name: Name = "singer"
    path: str | None = None
    command: tuple[str, ...] = ()
    log: str | None = None
    patience: float = Field(default=600.0, gt=0, le=MOST_PATIENT)
    max_bytes: int = Field(default=MAX_BYTES, ge=1)

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.path is None) == (not self.command):
            raise ValueError("give either `path` or `command`")
        return self


@dataclass(slots=True)
class _Messages:
    """What the messages of one page say."""

    records: list[Record] = field(default_factory=list[Record])
    bad: list[Quarantined] = field(default_factory=list[Quarantined])
    state: JsonValue = None
    has_state: bool = False


class Singer(Source):
    """Streams of a Singer tap, each by the shape that is declared for it.

    A file is read as it is, grows or is replaced. A tap is run with the state of its last run, and each `STATE` that it
    writes ends a page and is the checkpoint; a run that breaks off is taken up again from there, so that records may
    come twice and none is lost. Streams without a shape are passed over.

    Args:
        path: a file, a folder, or a pattern.
        streams: the name of a stream -> a `Shape`, or the table that declares one.
        command: instead of `path`, a tap and its arguments; `--state FILE` is added.
        given: see `SingerSettings`.

    Raises:
        SettingsError: a setting or a shape is wrong.
    """

    type = "singer"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL})
    streams: ClassVar[tuple[str, ...]] = ("records",)

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        streams: Mapping[str, ShapeLike],
        command: Sequence[str] = (),
        name: str = "singer",
        **given: object,
    ) -> None:
        origin: dict[str, object] = {"path": None if path is None else os.fspath(path), "command": command}
        known = settings(SingerSettings, self.type, {**origin, "name": name, **given})
        if not streams:
            raise SettingsError("`singer` cannot be set up: `streams` declares no stream; nothing would be read")
        self.name: str = known.name
        self.account: Account | None = None
        self._known = known
        self._shapes = Shapes(streams)
        self._passed_over: set[str] = set()
        self._tap: Tap | None = None
        self._stands_at: Checkpoint | None = None

    @property
    def location(self) -> str:
        """The path, from the root on, or the tap's program, whose arguments may be secrets."""
        known = self._known
        return path_location(known.path) if known.path is not None else known.command[0]

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:  # noqa: ARG002 - there is one stream
        """Reads up to a thousand messages, or those up to the next state.

        Raises:
            SettingsError: the file is not there, or the tap cannot be started.
            DataInvalid: a stream has no field for the id that its shape needs.
            ServiceUnreachable: the tap failed; what came before its last state is stored.
        """
        return (yield from call(self._from_file if self._known.path else self._from_tap, checkpoint, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Reads the first page, and says of each declared stream whether it is there and what of it has no field."""
        return (yield from call(self._findings))

    def close(self) -> None:
        """Ends a tap that was not read to its end, as after a pull with `max_pages`."""
        if self._tap is not None:
            self._tap.stop()
        self._tap = self._stands_at = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _from_file(self, checkpoint: Checkpoint | None, run: Run) -> Page:
        found = next_lines(self._known.path or "", of_json(checkpoint), self._known.max_bytes)
        messages = _Messages()
        for line in found.lines:
            self._take(line, messages)
        reading = self._shapes.read(messages.records, self.name, run.now)
        since = since_of(checkpoint, run)
        after: dict[str, JsonValue] = {"files": to_json(found.places), **({"since": since} if since else {})}
        bad = [*messages.bad, *reading.bad]
        return Page(wanted(reading.events, since), after, bool(found.lines), bad, (), found.gaps, found.anew)

    def _from_tap(self, checkpoint: Checkpoint | None, run: Run) -> Page:
        since = since_of(checkpoint, run)
        state = checkpoint.get("state") if checkpoint else None
        tap = self._running(checkpoint, state)
        messages = _Messages(state=state)
        is_over = False
        try:
            while not is_over and len(messages.records) < PAGE and not (messages.has_state and messages.records):
                text = tap.next_line()
                is_over = text is None
                if text is not None and text.strip():
                    self._take(Line(text, "a message of the tap"), messages)
        except BaseException:
            self.close()
            raise
        reading = self._shapes.read(messages.records, self.name, run.now)
        after: dict[str, JsonValue] = {"state": messages.state, **({"since": since} if since else {})}
        if not is_over:
            # Nothing tells two pages of one state apart but how many records came since.
            before = 0 if messages.has_state else int(str((checkpoint or {}).get("read", 0)))
            after["read"] = before + len(messages.records)
            self._stands_at = after
        else:
            self.close()
        return Page(wanted(reading.events, since), after, not is_over, [*messages.bad, *reading.bad])

    def _running(self, checkpoint: Checkpoint | None, state: JsonValue) -> Tap:
        """The tap that stands where the checkpoint says, or a new one, begun at its state."""
        if self._tap is None or checkpoint is None or checkpoint != self._stands_at:
            self.close()
            known = self._known
            self._tap = Tap(known.command, state, log=known.log, patience=known.patience, longest=known.max_bytes)
        return self._tap

    def _take(self, line: Line, messages: _Messages) -> None:
        message = _object(line.text)
        kind, stream = message.get("type"), str(message.get("stream"))
        if kind == "RECORD" and stream in self._shapes:
            messages.records.append(Record(stream, message.get("record"), line.place))
        elif kind == "SCHEMA" and stream in self._shapes:
            self._refuse_without_id(stream, _columns(message))
        elif kind == "STATE":
            messages.state, messages.has_state = message.get("value"), True
        elif kind in ("RECORD", "SCHEMA") and stream not in self._passed_over:
            self._passed_over.add(stream)
            _log.info("%s: the stream `%s` has no shape and is passed over", self.name, stream)
        elif not isinstance(kind, str):
            messages.bad.append(Quarantined(line.place, "is no Singer message; perhaps it was cut or overwritten"))

    def _refuse_without_id(self, stream: str, columns: Sequence[str]) -> None:
        if columns and "id" in self._shapes.missing(stream, columns):
            raise DataInvalid(
                f"the stream `{stream}` of `{self.name}` has no field for the id that its shape names; it has "
                f"{', '.join(f'`{column}`' for column in sorted(columns)[:_SHOWN])}"
            )

    def _findings(self) -> list[Finding]:
        try:
            schemas = self._schemas()
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error))]
        finally:
            self.close()
        return [self._finding(stream, schemas.get(stream)) for stream in self._shapes.names()]

    def _finding(self, stream: str, columns: Sequence[str] | None) -> Finding:
        if columns is None:
            return Finding(
                is_well=False,
                subject=f"stream `{stream}`",
                remedy="is not among the first messages; select it in the tap's catalog, or correct its name",
            )
        if missing := self._shapes.missing(stream, columns):
            remedy = f"has no field for {', '.join(f'`{one}`' for one in missing)}; correct the places of its shape"
            return Finding(is_well=False, subject=f"stream `{stream}`", remedy=remedy)
        return Finding(is_well=True, subject=f"stream `{stream}`")

    def _schemas(self) -> dict[str, Sequence[str]]:
        """The columns of each stream among the first messages, by its schema, or else by its first record."""
        found: dict[str, Sequence[str]] = {}
        for message in (_object(line.text) for line in self._first_lines()):
            stream, said = str(message.get("stream")), message.get("record")
            if message.get("type") == "SCHEMA":
                found[stream] = _columns(message)
            elif message.get("type") == "RECORD" and isinstance(said, dict):
                found.setdefault(stream, [*cast("Mapping[str, Any]", said)])
        return found

    def _first_lines(self) -> Iterable[Line]:
        if self._known.path:
            return next_lines(self._known.path, {}, self._known.max_bytes).lines
        tap = self._running(None, None)
        texts = (tap.next_line() for _ in range(PAGE))
        return [Line(text, "") for text in iter(lambda: next(texts, None), None)]


_SHOWN = 20


def _object(text: bytes) -> dict[str, Any]:
    """A line's JSON object; an empty one where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _columns(message: Mapping[str, Any]) -> Sequence[str]:
    schema = message.get("schema")
    properties = cast("Mapping[str, Any]", schema).get("properties") if isinstance(schema, dict) else None
    return [*cast("Mapping[str, Any]", properties)] if isinstance(properties, dict) else []
