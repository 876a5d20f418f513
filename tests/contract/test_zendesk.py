"""Zendesk is asked what its own description allows, and what it was recorded to answer is read without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from tests.connectors import test_zendesk as particular

from alignkit.connectors.base import NewIssue, Run
from alignkit.connectors.zendesk import Zendesk
from alignkit.models.events import AccountChanged, ContactChanged, CustomerEvent, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue, Request, Response, run

from . import evidence, recordings, specs
from .asked import asked
from .recordings import Recording

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NEW = NewIssue(subject="x", body="x", requester_email="ada@example.com", tags=("social",), queue="5")

ANSWER: dict[str, JsonValue] = {
    "tickets": [
        {
            "id": 7,
            "status": "open",
            "submitter_id": 11,
            "requester_id": 12,
            "tags": ["winback"],
            "created_at": "2026-10-30T09:00:00Z",
            "updated_at": "2026-10-30T09:00:00Z",
        }
    ],
    "users": [],
    "organizations": [],
    "satisfaction_ratings": [],
    "custom_statuses": [],
    "audits": [{"author_id": 11, "events": [{"type": "Comment"}]}],
    "user": {"id": 1, "role": "admin"},
    "ticket": {"id": 7},
    "after_cursor": "c1",
    "end_of_stream": True,
    "end_time": 1_772_000_000,
    "meta": {"has_more": True, "after_cursor": "c1"},
}


def zendesk() -> Zendesk:
    return Zendesk(
        "acme", "agent@example.com", "sample-token", outbound_tags=["winback"], custom_statuses={"Waiting": "snoozed"}
    )


def answer(body: JsonValue) -> Response:
    return Response(200, {"date": format_datetime(NOW, usegmt=True)}, json.dumps(body).encode())


def sent_for(service: Zendesk, stream: str) -> list[Request]:
    """What a first page of a stream asks for, and a second one."""
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return answer(ANSWER)

    first = run(service.attend(service.read(stream, None, Run(NOW))), send)
    run(service.attend(service.read(stream, first.checkpoint, Run(NOW))), send)
    return sent


def test_it_is_asked_what_its_description_allows() -> None:
    cursor = {"start_time": "[D4] the first call alone has a time, later ones have the cursor"}
    for stream in Zendesk.streams:
        requests = sent_for(zendesk(), stream)
        excused = cursor if stream in ("users", "tickets") else None
        evidence.hold("zendesk", stream, requests=specs.check("zendesk", requests, excused=excused))


def test_what_is_written_and_read_by_id_is_as_its_description_wants_it() -> None:
    service, sent = zendesk(), list[Request]()

    def send(request: Request) -> Response:
        sent.append(request)
        return answer({**ANSWER, "meta": {"has_more": False}, "count": {"value": 1}})

    for flow in (
        service.create_issue(NEW),
        service.create_issue(replace(NEW, about="fedi/post/17")),
        service.add_note("7", "x"),
        service.add_tag("7", "vip"),
        service.check(),
        service.fetch([Ref("issue", "7"), Ref("issue", "8"), Ref("contact", "12")], Run(NOW)),
    ):
        run(service.attend(flow), send)
    assert specs.check("zendesk", sent) == 12


def holding(*keys: str) -> list[Recording]:
    """The recorded answers of the interface for programs that hold such records, one or several."""
    found = recordings.recordings("zendesk", r"/api/v2/(?!help_center).*")
    return [one for one in found if rows(one, keys)]


def rows(one: Recording, keys: Sequence[str]) -> list[JsonValue]:
    return [row for key in keys for row in one.rows(key) if isinstance(row, dict)]


def read(one: Recording, stream: str, *keys: str) -> list[object]:
    """Every event that these records become; nothing may be put aside."""
    service = zendesk()
    response = one.answering({stream: rows(one, keys), "end_of_stream": True, "meta": {"has_more": False}})
    page = recordings.page(service, stream, response, path=r".*/(incremental|satisfaction_ratings).*")
    assert not page.quarantined, f"{one.origin}: {page.quarantined}"
    return list(page.events)


def read_as_recorded(one: Recording, stream: str) -> Sequence[CustomerEvent]:
    """Every event that an answer becomes, in its envelope, where the connector asks for such a one."""
    ids = [str(row["id"]) for row in rows(one, [stream]) if isinstance(row, dict)]
    if one.path.removesuffix(".json").endswith("/show_many"):
        refs = [Ref("issue" if stream == "tickets" else "contact", id) for id in ids]
        found = recordings.fetched(zendesk(), refs, one.response, path=r".*/show_many(\.json)?")
        assert not found.quarantined, one.origin
        return found.events
    page = recordings.page(zendesk(), stream, one.response, path=r".*/incremental/.*")
    assert not page.quarantined, f"{one.origin}: {page.quarantined}"
    return page.events


def is_asked(one: Recording) -> bool:
    """Whether the connector itself asks for such an answer as a page or by several ids."""
    return bool(asked(particular.TestZendeskSheet, [one])) and not re.search(r"/[0-9]+(\.json)?$", one.path)


def test_every_recorded_ticket_is_read_with_its_status_and_its_customer() -> None:
    found = [one for one in holding("tickets", "ticket") if "requester_id" in str(one.response.content)]
    for one in found:
        events = read_as_recorded(one, "tickets") if is_asked(one) else read(one, "tickets", "tickets", "ticket")
        issues = [event.data for event in events if isinstance(event, IssueChanged)]
        assert len(issues) == len(rows(one, ("tickets", "ticket"))), one.origin
        assert all(issue.requester_id for issue in issues), one.origin
        assert all(issue.status is not IssueStatus.UNKNOWN for issue in issues), one.origin
    evidence.hold("zendesk", "tickets", recorded=sum(map(is_asked, found)))


@pytest.mark.parametrize(
    ("stream", "one", "kind"), [("users", "user", ContactChanged), ("organizations", "organization", AccountChanged)]
)
def test_every_recorded_user_and_organization_is_read(stream: str, one: str, kind: type) -> None:
    found = holding(stream, one)
    assert found
    for recording in found:
        as_recorded = is_asked(recording)
        events = read_as_recorded(recording, stream) if as_recorded else read(recording, stream, stream, one)
        told = [event for event in events if isinstance(event, kind)]
        assert len(told) == len(rows(recording, (stream, one))), recording.origin
    evidence.hold("zendesk", stream, recorded=sum(map(is_asked, found)))


def test_no_rating_was_recorded() -> None:
    assert holding("satisfaction_ratings", "satisfaction_rating") == []
    evidence.hold("zendesk", "satisfaction_ratings", recorded=0)
