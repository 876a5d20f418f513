"""Reads streams of customer data by Segment's specification: who people are, and what they did.

Source: segment.com/docs/connections/spec: `identify`, `group` and `track`, with the fields common to all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

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
from alignkit.connectors.records import Extras, Path, Shape, Values
from alignkit.errors import AlignkitError
from alignkit.interchange.declared import Record, ShapeLike, Shapes
from alignkit.interchange.lines import MAX_BYTES, Line, next_lines, of_json, since_of, to_json, wanted
from alignkit.log import logger
from alignkit.models.base import Name
from alignkit.models.customer import Account as Company
from alignkit.models.customer import Contact
from alignkit.models.exchange import Quarantined
from alignkit.models.marketing import Engagement
from alignkit.transport import Account, Flow, JsonValue, call

_log = logger("interchange")

WHEN: list[Path] = ["timestamp", "originalTimestamp", "sentAt", "receivedAt"]
"""Where a message says when something happened, the best first."""

WHO: list[Path] = ["userId", "anonymousId"]


def _finish_person(values: Values) -> Extras:
    parts = (values.get("first_name"), values.get("last_name"))
    values["name"] = values["name"] or " ".join(part for part in parts if part) or None
    return Extras()


IDENTIFY = Shape(
    model=Contact,
    places={
        "id": WHO,
        "name": ("traits", "name"),
        "emails": [("traits", "email"), ("context", "traits", "email")],
        "phones": [("traits", "phone"), ("context", "traits", "phone")],
        "account_ids": ("context", "groupId"),
        "locale": ("context", "locale"),
        "time_zone": ("context", "timezone"),
        "remote_updated_at": WHEN,
    },
    also={"first_name": (("traits", "firstName"), str), "last_name": (("traits", "lastName"), str)},
    finish=_finish_person,
)
"""People, by the traits that the specification reserves."""

GROUP = Shape(
    model=Company,
    places={
        "id": "groupId",
        "name": ("traits", "name"),
        "plan": ("traits", "plan"),
        "remote_updated_at": WHEN,
    },
)
"""Companies, by the traits that the specification reserves."""

_ENGAGEMENTS = {
    "Email Delivered": "delivered",
    "Email Opened": "open",
    "Email Link Clicked": "click",
    "Email Marked as Spam": "spam_complaint",
    "Unsubscribed": "unsubscribe",
}

ENGAGEMENT = Shape(
    model=Engagement,
    places={
        "id": "messageId",
        "kind": "event",
        "at": WHEN,
        "campaign_id": ("properties", "campaign_id"),
        "contact_id": WHO,
        "email": [("context", "traits", "email"), ("properties", "email")],
    },
    words={"kind": _ENGAGEMENTS},
)
"""What people do with e-mail, by the events that the specification reserves."""

EMAIL_EVENTS: Mapping[str, ShapeLike] = dict.fromkeys(_ENGAGEMENTS, ENGAGEMENT)


class SegmentSettings(ConnectorSettings):
    """What a stream is read from.

    Attributes:
        path: a file of messages, a folder of such files, or a pattern.
        max_bytes: the longest line.
    """

    name: Name = "segment"
    path: str
    max_bytes: int = Field(default=MAX_BYTES, ge=1)


class Segment(Source):
    """Files of messages by Segment's specification, one on each line, or several as `{"batch": [...]}` or a list.

    People and companies are read by the traits that the specification reserves, what people did by the shape that is
    declared for the name of the event. Other messages are passed over.

    Args:
        path: a file, a folder, or a pattern.
        track: the name of an event -> a `Shape`, or the table that declares one; beside those for e-mail, which are
            there already.
        identify: how `identify` becomes a person.
        group: how `group` becomes a company.
        given: see `SegmentSettings`.

    Raises:
        SettingsError: a setting or a shape is wrong.
    """

    type = "segment"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL})
    streams: ClassVar[tuple[str, ...]] = ("records",)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        track: Mapping[str, ShapeLike] | None = None,
        identify: ShapeLike = IDENTIFY,
        group: ShapeLike = GROUP,
        name: str = "segment",
        **given: object,
    ) -> None:
        known = settings(SegmentSettings, self.type, {"path": os.fspath(path), "name": name, **given})
        self.name: str = known.name
        self.account: Account | None = None
        self._path = known.path
        self._limit = known.max_bytes
        events = {**EMAIL_EVENTS, **(track or {})}
        named = {_TRACK + event: shape for event, shape in events.items()}
        self._shapes = Shapes({"identify": identify, "group": group, **named})
        self._passed_over: set[str] = set()

    @property
    def location(self) -> str:
        """The path, from the root on."""
        return path_location(self._path)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:  # noqa: ARG002 - there is one stream
        """Reads up to a thousand lines.

        Raises:
            SettingsError: there is no such file or folder, or it may not be read.
            DataInvalid: a line is longer than the limit.
        """
        return (yield from call(self._next_page, checkpoint, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Reads the first page, and says whether any message of it could be used."""
        return (yield from call(self._findings))

    def _next_page(self, checkpoint: Checkpoint | None, run: Run) -> Page:
        found = next_lines(self._path, of_json(checkpoint), self._limit)
        records, bad = self._records(found.lines)
        reading = self._shapes.read(records, self.name, run.now)
        since = since_of(checkpoint, run)
        after: dict[str, JsonValue] = {"files": to_json(found.places), **({"since": since} if since else {})}
        events = wanted(reading.events, since)
        return Page(events, after, bool(found.lines), [*bad, *reading.bad], (), found.gaps, found.anew)

    def _records(self, lines: Sequence[Line]) -> tuple[list[Record], list[Quarantined]]:
        records: list[Record] = []
        bad: list[Quarantined] = []
        for line in lines:
            messages = list(_messages(line.text))
            if not messages:
                bad.append(Quarantined(line.place, "is no message; perhaps it was cut or overwritten"))
            for message in messages:
                name = _name(message)
                if name in self._shapes:
                    # Nulls mean the same as nothing here, and would hide a further place where a value stands.
                    said = {field: value for field, value in message.items() if value is not None}
                    records.append(Record(name, said, line.place))
                elif name not in self._passed_over:
                    self._passed_over.add(name)
                    _log.info("%s: messages `%s` have no shape and are passed over", self.name, name)
        return records, bad

    def _findings(self) -> list[Finding]:
        try:
            lines = next_lines(self._path, {}, self._limit).lines
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self._path}`", remedy=str(error))]
        records, bad = self._records(lines)
        if bad:
            remedy = f"{len(bad)} of its first lines are no messages, the first being {bad[0].key}"
            return [Finding(is_well=False, subject=f"`{self._path}`", remedy=remedy)]
        if lines and not records:
            remedy = "none of its first messages has a shape; declare those that matter in `track`"
            return [Finding(is_well=False, subject=f"`{self._path}`", remedy=remedy)]
        return [Finding(is_well=True, subject=f"`{self._path}`" if lines else f"`{self._path}`, which is empty so far")]


_TRACK = "track "


def _name(message: Mapping[str, Any]) -> str:
    """The name under which the shape of a message is kept."""
    kind = str(message.get("type"))
    return f"{_TRACK}{message.get('event')}" if kind == "track" else kind


def _messages(text: bytes) -> Iterator[dict[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    batch = cast("dict[str, Any]", value).get("batch", value) if isinstance(value, dict) else value
    for one in [*cast("Sequence[Any]", batch)] if isinstance(batch, list) else [batch]:
        if isinstance(one, dict) and "type" in one:
            yield cast("dict[str, Any]", one)
