"""What Gorgias was recorded to answer is read without loss; it has no official description to judge requests by."""

from __future__ import annotations

from dataclasses import replace

from tests.connectors import test_gorgias as particular

from alignkit.connectors.gorgias import Gorgias
from alignkit.models.events import ContactChanged, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Initiator, IssueStatus
from alignkit.transport import JsonValue, Response

from . import evidence, recordings
from .asked import asked
from .recordings import Recording


def dated(one: Recording, body: JsonValue) -> Response:
    """The recorded answer with this body; its headers were not written down, and the service's time is among them."""
    return replace(one.answering(body), headers={"date": "Fri, 07 Feb 2025 10:00:00 GMT"})


def gorgias() -> Gorgias:
    return Gorgias("acme", "agent@example.com", "sample-token")


def test_every_recorded_ticket_is_read_with_its_status_and_its_customer() -> None:
    lists = recordings.recordings("gorgias", "/api/tickets")
    for one in lists:
        page = recordings.page(gorgias(), "tickets", dated(one, one.response.json()))
        assert not page.quarantined, one.origin
        issues = [event.data for event in page.events if isinstance(event, IssueChanged)]
        assert len(issues) == len(one.rows("data")) > 0
        assert all(issue.requester_email and issue.requester_id for issue in issues)
        assert all(issue.status is not IssueStatus.UNKNOWN for issue in issues)
        # One was sent first by an agent, and nothing was received from the customer.
        assert {(issue.initiated_by, issue.customer_wrote) for issue in issues} == {
            (Initiator.AGENT, False),
            (Initiator.CUSTOMER, True),
        }
    single = recordings.recordings("gorgias", "/api/tickets/[0-9]+")
    for one in single:
        ref = Ref("issue", one.path.rpartition("/")[2])
        result = recordings.fetched(gorgias(), ref, dated(one, one.response.json()))
        assert not result.quarantined, one.origin
        assert [event.subject for event in result.events] == [ref.id]
    found = asked(particular.TestGorgiasSheet, [*lists, *single])
    assert len(found) == len(lists) + len(single)
    evidence.hold("gorgias", "tickets", recorded=len(found), requests=0)


def test_every_recorded_customer_is_read_with_an_address() -> None:
    single = recordings.recordings("gorgias", "/api/customers/[0-9]+")
    for one in [*single, *recordings.recordings("gorgias", "/api/customers", method="POST")]:
        page = recordings.page(gorgias(), "customers", dated(one, {"data": one.rows(), "meta": {}}))
        assert not page.quarantined, one.origin
        [contact] = [event.data for event in page.events if isinstance(event, ContactChanged)]
        assert contact.emails, one.origin
    found = asked(particular.TestGorgiasSheet, single)
    for one in found:
        ref = Ref("contact", one.path.rpartition("/")[2])
        result = recordings.fetched(gorgias(), ref, dated(one, one.response.json()))
        assert [event.subject for event in result.events] == [ref.id], one.origin
    evidence.hold("gorgias", "customers", recorded=len(found), requests=0)


def test_no_survey_was_recorded() -> None:
    assert not recordings.recordings("gorgias", "/api/satisfaction-surveys.*")
    evidence.hold("gorgias", "satisfaction_surveys", recorded=0, requests=0)
