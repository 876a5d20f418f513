"""A Singer tap that others wrote reads a real desk, and alignkit takes what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alignkit import Gate, MemoryStore, Message, Policy, Sync, Verdict
from alignkit.connectors.records import Extras, Shape
from alignkit.errors import ServiceUnreachable
from alignkit.interchange import Singer
from alignkit.models.issue import Issue

from .admin import READING_RIGHTS, RequestTrackerAdmin
from .conftest import skip_missing
from .servers import CACHE

TAP = CACHE / "tap" / "bin" / "tap-rest-api-msdk"


def first_requestor(values: dict[str, Any]) -> Extras:
    """The tap writes what lies deeper as the text of its JSON."""
    people = json.loads(values["people"])
    values["requester_email"] = people[0]["EmailAddress"] if people else None
    return Extras()


TICKETS = Shape(
    model=Issue,
    places={
        "id": "id",
        "status": "Status",
        "subject": "Subject",
        "created_at": "Created",
        "remote_updated_at": "LastUpdated",
    },
    statuses={"new": "new", "open": "open", "resolved": "resolved"},
    also={"people": ("Requestor", str)},
    finish=first_requestor,
)


@pytest.fixture
def config(fresh_rt: RequestTrackerAdmin, tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """What the tap is told: where the tickets are, whom it is, and by what it tells new from old."""
    if not (TAP.parent.parent / "requirements.txt").exists():
        skip_missing(pytestconfig, f"no Singer tap is installed in `{TAP.parent.parent}`; run `make live`")
    token = fresh_rt.add_integration("tap", *READING_RIGHTS)
    stream = {
        "name": "tickets",
        "path": "/tickets",
        "params": {
            "query": "id > 0",
            "fields": "Subject,Status,Created,LastUpdated,Requestor",
            "fields[Requestor]": "EmailAddress",
            "orderby": "id",
            "per_page": "100",
        },
        "records_path": "$.items[*]",
        "primary_keys": ["id"],
        "replication_key": "LastUpdated",
    }
    file = tmp_path / "tap.json"
    settings = {
        "api_url": f"{fresh_rt.url}/REST/2.0",
        "headers": {"Authorization": f"token {token}"},
        "streams": [stream],
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    return file


def tap(config: Path) -> Singer:
    command = [str(TAP), "--config", str(config)]
    return Singer(command=command, streams={"tickets": TICKETS}, log=str(config.with_suffix(".log")))


def test_what_a_tap_reads_holds_marketing_back_and_its_state_is_the_checkpoint(
    fresh_rt: RequestTrackerAdmin, config: Path
) -> None:
    ticket = fresh_rt.receive_mail("ada@example.test", "Where is my parcel")
    fresh_rt.receive_mail("bob@example.test", "It leaks")
    store = MemoryStore()
    pulled = Sync(store).pull(tap(config))
    assert (pulled.is_complete, pulled.quarantined, pulled.events) == (True, 0, 2)
    checkpoint, _ = store.checkpoint("singer", "records") or ({}, 0)
    assert "replication_key_value" in json.dumps(checkpoint["state"])
    gate, offer = Gate(store, Policy.starter()), Message(category="promotional", channel="email")
    assert gate.decide("ada@example.test", offer).verdict is Verdict.SUPPRESS

    fresh_rt.set_status(ticket, "resolved")
    again = Sync(store).pull(tap(config))
    assert (again.is_complete, again.quarantined) == (True, 0)
    assert {issue.id: issue.status_raw for issue in store.issues()}[str(ticket)] == "resolved"


def test_a_check_runs_the_tap_and_finds_its_stream(fresh_rt: RequestTrackerAdmin, config: Path) -> None:
    fresh_rt.receive_mail("ada@example.test", "Where is my parcel")
    [finding] = Sync(MemoryStore()).check(tap(config))
    assert finding.is_well, finding.remedy


def test_a_tap_that_is_refused_ends_the_pull_and_stores_nothing(fresh_rt: RequestTrackerAdmin, config: Path) -> None:
    fresh_rt.receive_mail("ada@example.test", "Where is my parcel")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("token 1-", "token 9-sample-"), encoding="utf-8")
    store = MemoryStore()
    with pytest.raises(ServiceUnreachable, match="failed with status"):
        Sync(store).pull(tap(config))
    assert store.checkpoint("singer", "records") is None
    assert store.counts()["issues"] == 0
