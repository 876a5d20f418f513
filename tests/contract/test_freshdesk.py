"""What Freshdesk was recorded to answer is read without loss; it has no official description to judge requests by."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.connectors import test_freshdesk as particular

from alignkit.connectors.freshdesk import Freshdesk
from alignkit.models.events import IssueChanged
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue, Response

from . import evidence, recordings
from .asked import asked
from .recordings import Recording


def dated(one: Recording, body: JsonValue) -> Response:
    """The recorded answer with this body; its headers were not written down, and the service's time is among them."""
    return replace(one.answering(body), headers={"date": "Fri, 07 Feb 2025 10:00:00 GMT"})


def updated(row: JsonValue) -> str:
    return str(row["updated_at"]) if isinstance(row, dict) else ""


def test_every_recorded_ticket_is_read_with_its_status_and_its_customer() -> None:
    found = recordings.recordings("freshdesk", "/api/v2/tickets")
    for one in found:
        # Recorded newest first, and asked for oldest first.
        rows = sorted(one.rows(), key=updated)
        page = recordings.page(Freshdesk("acme", "sample-token"), "tickets", dated(one, rows))
        assert not page.quarantined, one.origin
        issues = [event.data for event in page.events if isinstance(event, IssueChanged)]
        assert len(issues) == len(rows) > 0, one.origin
        assert all(issue.requester_id for issue in issues), one.origin
        assert all(issue.status is not IssueStatus.UNKNOWN for issue in issues), one.origin
    evidence.hold("freshdesk", "tickets", recorded=len(asked(particular.TestFreshdeskSheet, found)), requests=0)


@pytest.mark.parametrize("stream", [one for one in Freshdesk.streams if one != "tickets"])
def test_nothing_else_that_is_read_was_recorded(stream: str) -> None:
    assert not recordings.recordings("freshdesk", f"/api/v2/(contacts|companies|surveys/.*|{stream})")
    evidence.hold("freshdesk", stream, recorded=0, requests=0)
