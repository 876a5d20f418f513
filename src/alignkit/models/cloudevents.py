"""Writes one event as a CloudEvents 1.0 structure, and reads it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from alignkit.errors import DataInvalid
from alignkit.models.events import EVENT_TYPES, CustomerEvent

_TYPE_PREFIX = "alignkit."
_EXTENSIONS = {
    "received_at": "receivedat",
    "source_version": "sourceversion",
    "sequence": "sequence",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "schema_version": "schemaversion",
}
_EVENT: TypeAdapter[CustomerEvent] = TypeAdapter(
    CustomerEvent, config=ConfigDict(hide_input_in_errors=True, defer_build=True)
)


def to_cloudevent(event: CustomerEvent) -> dict[str, Any]:
    """The event as a JSON-ready CloudEvents 1.0 structure.

    Envelope fields that CloudEvents does not know become extension attributes, in lower case without separators.
    Source: CloudEvents specification 1.0.2, JSON event format.
    """
    dumped = event.model_dump(mode="json", exclude_none=True)
    extensions = {name: str(dumped[field]) for field, name in _EXTENSIONS.items() if field in dumped}
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": _TYPE_PREFIX + event.type,
        "subject": event.subject,
        "time": dumped["time"],
        "datacontenttype": "application/json",
        **extensions,
        "data": dumped["data"],
    }


def from_cloudevent(envelope: Mapping[str, Any]) -> CustomerEvent:
    """The event that `to_cloudevent` wrote. Extension attributes that others added on the way are left aside.

    Raises:
        DataInvalid: not CloudEvents 1.0, a type that alignkit does not know, or fields that do not fit.
    """
    if envelope.get("specversion") != "1.0":
        raise DataInvalid("not a CloudEvents 1.0 structure: `specversion` must be `1.0`")
    name = str(envelope.get("type", ""))
    kind = name.removeprefix(_TYPE_PREFIX)
    if kind == name or kind not in EVENT_TYPES:
        known = ", ".join(f"`{_TYPE_PREFIX}{one}`" for one in sorted(EVENT_TYPES))
        raise DataInvalid(f"unknown event type; `type` must be one of {known}")
    fields = {key: envelope[key] for key in ("id", "source", "subject", "time", "data") if key in envelope}
    fields["type"] = kind
    for field, attribute in _EXTENSIONS.items():
        if attribute in envelope:
            fields[field] = envelope[attribute]
    try:
        return _EVENT.validate_python(fields)
    except ValidationError as error:
        places = ", ".join(sorted({_place(one["loc"]) for one in error.errors(include_input=False)}))
        raise DataInvalid(f"event of type `{kind}` does not fit its schema at: {places}") from None


def _place(path: tuple[int | str, ...]) -> str:
    """Where in an event something is wrong; names that no schema would have may be anybody's, so they are left out."""
    parts = [str(part) for part in path[1:]]
    return "`" + ".".join(part if _FIELD.fullmatch(part) else "(unknown)" for part in parts) + "`"


_FIELD = re.compile(r"[a-z_]{1,40}|[0-9]+")
