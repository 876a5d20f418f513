"""Holds the CloudEvents form of an event to the specification, and to saying the same when read back."""

from __future__ import annotations

import json
import re
import traceback
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from tests.strategies import events, snapshot

from alignkit.errors import DataInvalid
from alignkit.models import EVENT_TYPES, from_cloudevent, to_cloudevent


def envelope(**changes: Any) -> dict[str, Any]:
    made = to_cloudevent(snapshot("open", timedelta(hours=1)))
    return {name: value for name, value in {**made, **changes}.items() if value is not ...}


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_every_type_of_event_comes_back_as_it_was(kind: str) -> None:
    @settings(max_examples=30)
    @given(events([kind]))
    def comes_back(event: Any) -> None:
        written = json.loads(json.dumps(to_cloudevent(event)))
        assert from_cloudevent(written) == event

    comes_back()


@given(events())
def test_attributes_are_named_and_typed_as_cloudevents_wants_them(event: Any) -> None:
    written = to_cloudevent(event)
    assert written["specversion"] == "1.0"
    assert written["type"] == f"alignkit.{event.type}"
    assert written["time"].endswith("Z")
    for name, value in written.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", name), name
        assert name == "data" or isinstance(value, str), name


def test_times_keep_their_microseconds() -> None:
    event = snapshot("open", timedelta(microseconds=1))
    assert to_cloudevent(event)["time"] == "2026-01-05T09:00:00.000001Z"


def test_attributes_added_on_the_way_change_nothing() -> None:
    assert from_cloudevent(envelope(traceparent="00-af-b7-01")) == from_cloudevent(envelope())


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"specversion": "0.3"}, "`specversion`"),
        ({"specversion": ...}, "`specversion`"),
        ({"type": "alignkit.issue.exploded"}, "unknown event type"),
        ({"type": "issue.changed"}, "unknown event type"),
        ({"type": ...}, "unknown event type"),
        ({"type": None}, "unknown event type"),
        ({"id": ...}, "`id`"),
        ({"id": ""}, "`id`"),
        ({"source": "a/b"}, "`source`"),
        ({"subject": ...}, "`subject`"),
        ({"time": "2026-01-05T09:00:00"}, "`time`"),
        ({"time": "yesterday"}, "`time`"),
        ({"receivedat": ...}, "`received_at`"),
        ({"sourceversion": "one"}, "`source_version`"),
        ({"data": ...}, "`data`"),
        ({"data": []}, "`data`"),
        (
            {"data": {"id": "1", "status": "exploded", "status_raw": "", "created_at": "2026-01-05T09:00:00Z"}},
            "`data.status`",
        ),
        (
            {
                "data": {
                    "id": "1",
                    "status": "open",
                    "status_raw": "",
                    "created_at": "2026-01-05T09:00:00Z",
                    "colour": 1,
                }
            },
            "`data.colour`",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        from_cloudevent(envelope(**changes))
    assert place in str(refused.value)


@pytest.mark.parametrize(
    "attribute", ["id", "source", "subject", "time", "type", "receivedat", "sourceversion", "data"]
)
def test_a_refusal_never_repeats_what_was_handed_in(attribute: str) -> None:
    spoilt: Any = {"ada@example.com": "sample-token"} if attribute == "data" else ["ada@example.com", "sample-token"]
    with pytest.raises(DataInvalid) as refused:
        from_cloudevent(envelope(**{attribute: spoilt}))
    assert not re.search("ada@|sample", "".join(traceback.format_exception(refused.value)))
