"""Compares HubSpot's connector with its official specs and with answers that others recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain

import pytest
from tests.connectors import test_hubspot as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import NewIssue, Run
from alignkit.connectors.hubspot import HubSpot
from alignkit.models import ContactChanged, CustomerEvent, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import answered
from alignkit.testing.world import Kind
from alignkit.transport import JsonValue, Request, Response

from . import evidence, recordings, specs
from .asked import asked

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TOKEN = "sample-token"
CASE = particular.TestHubSpotSheet()
EXCUSED = {"sorts.0": 'hubspot: `sorts:[{propertyName, direction:"ASCENDING"}]`; the spec knows names alone'}
OPEN: JsonValue = {"ticketState": "OPEN"}
PIPELINES: JsonValue = {
    "results": [
        {
            "id": "0",
            "stages": [
                {"id": "1", "metadata": OPEN},
                {"id": "2", "metadata": OPEN},
                {"id": "3", "metadata": OPEN},
                {"id": "4", "metadata": {"ticketState": "CLOSED"}},
            ],
        }
    ]
}
"""Of the ticket pipeline that every portal begins with; that of the recorded portal was not recorded."""


def checked(requests: Sequence[Request]) -> int:
    has_search = any(one.url.endswith("/search") for one in requests)
    return specs.check("hubspot", requests, excused=EXCUSED if has_search else None)


@pytest.mark.parametrize("stream", HubSpot.streams)
def test_every_request_of_a_stream_is_as_the_spec_wants_it(stream: str) -> None:
    service = CASE.service()
    source = CASE.connector(service)
    checkpoint, more = None, True
    for _ in range(2):
        while more:
            page = drive(source, source.read(stream, checkpoint, Run(NOW)), service.handle)
            checkpoint, more = page.checkpoint, page.more
        more = True
    evidence.hold("hubspot", stream, requests=checked(service.requests))


def test_every_other_request_is_as_the_spec_wants_it() -> None:
    service = CASE.service()
    source = CASE.connector(service)
    first, *_ = service.world.live(Kind.ISSUE)
    refs = [Ref("issue", first.id), Ref("issue", "1"), Ref("contact", "2"), Ref("account", "3")]
    drive(source, source.fetch(refs, Run(NOW)), service.handle)
    drive(source, source.check(), service.handle)
    drive(source, source.create_issue(NewIssue("Wet parcel", "It rained in", "new@example.com")), service.handle)
    drive(source, source.add_note(first.id, "Called back"), service.handle)
    drive(source, source.add_tag(first.id, "wet"), service.handle)
    assert checked(service.requests) >= 9


def around(records: Sequence[JsonValue]) -> Callable[[Request], Response]:
    """What a portal answers beside a search that has found these records: nobody is associated with them."""

    def others(wanted: Request) -> Response:
        known: JsonValue = {"results": [*records]} if wanted.url.endswith("/objects/tickets/batch/read") else None
        return answered(200, PIPELINES if wanted.url.endswith("/pipelines/tickets") else known or {"results": []})

    return others


@pytest.mark.parametrize("stream", ["contacts", "companies", "tickets"])
def test_every_recorded_record_is_read_without_loss(stream: str) -> None:
    path, read = f"/crm/v3/objects/{stream}(/[0-9]+|/search|/batch/create)?", 0
    for one in chain.from_iterable(recordings.recordings("hubspot", path, method=verb) for verb in ("GET", "POST")):
        body = one.response.json()
        records = one.rows("results") if isinstance(body, dict) and "results" in body else one.rows()
        answer = one.answering({"results": records})
        page = recordings.page(HubSpot(TOKEN), stream, answer, path=f".*/{stream}/search", others=around(records))
        assert (len(page.events), list(page.quarantined)) == (len(records), []), one.origin
        for event, record in zip(page.events, records, strict=True):
            _nothing_lost(event, record)
        read += 1
    assert read
    # Of these the connector itself asks for searches alone, and gets their envelope as it was recorded.
    found = asked(
        particular.TestHubSpotSheet,
        recordings.recordings("hubspot", f"/crm/v3/objects/{stream}/search", method="POST"),
    )
    for one in found:
        others = around(one.rows("results"))
        page = recordings.page(HubSpot(TOKEN), stream, one.response, path=f".*/{stream}/search", others=others)
        assert (len(page.events), list(page.quarantined)) == (len(one.rows("results")), []), one.origin
    evidence.hold("hubspot", stream, recorded=len(found))


@pytest.mark.parametrize("stream", [one for one in HubSpot.streams if one.startswith("archived")])
def test_nothing_archived_was_recorded(stream: str) -> None:
    lists = recordings.recordings("hubspot", f"/crm/v3/objects/{stream.removeprefix('archived_')}")
    assert not [one for one in lists if "archivedAt" in str(one.response.content)]
    evidence.hold("hubspot", stream, recorded=0)


def _nothing_lost(event: CustomerEvent, record: JsonValue) -> None:
    assert isinstance(record, dict)
    told = record["properties"]
    assert isinstance(told, dict)
    if isinstance(event, IssueChanged):
        assert event.data.status is not IssueStatus.UNKNOWN
        assert event.data.subject == told["subject"]
    if isinstance(event, ContactChanged) and told.get("email"):
        assert event.data.emails == (told["email"],)
