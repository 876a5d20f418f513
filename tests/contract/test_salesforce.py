"""Compares Salesforce's connector with answers that others recorded; there is no official description to check."""

from __future__ import annotations

import pytest
from tests.connectors import test_salesforce as particular

from alignkit.connectors.salesforce import Salesforce
from alignkit.connectors.salesforce.org import PAGE_SIZE
from alignkit.models import CustomerEvent, IssueChanged, OpportunityChanged
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue

from . import evidence, recordings
from .asked import asked

OBJECTS = {
    "accounts": "Account",
    "contacts": "Contact",
    "leads": "Lead",
    "opportunities": "Opportunity",
    "cases": "Case",
}


@pytest.mark.parametrize("stream", Salesforce.streams)
def test_every_recorded_record_is_read_without_loss(stream: str) -> None:
    read = 0
    for one in recordings.recordings("salesforce", r"/services/data/v[0-9.]+/query(All)?(/[^/]+)?"):
        records = [row for row in one.rows("records") if _is_of(row, OBJECTS[stream])]
        if not records:
            continue
        for start in range(0, len(records), PAGE_SIZE - 1):
            part = records[start : start + PAGE_SIZE - 1]
            answer = one.answering({"totalSize": len(part), "done": True, "records": part})
            page = recordings.page(Salesforce("acme", token="sample-token"), stream, answer)
            assert (len(page.events), list(page.quarantined)) == (len(part), []), one.origin
            for event, record in zip(page.events, part, strict=True):
                _nothing_lost(event, record)
        # A query is no `queryAll`, though they answer alike; and an answer with other objects is no page of a stream.
        read += bool(asked(particular.TestSalesforceSheet, [one])) and records == one.rows("records")
    evidence.hold("salesforce", stream, recorded=read, requests=0)


def _is_of(row: JsonValue, name: str) -> bool:
    assert isinstance(row, dict)
    attributes = row["attributes"]
    return isinstance(attributes, dict) and attributes["type"] == name


def _nothing_lost(event: CustomerEvent, record: JsonValue) -> None:
    assert isinstance(record, dict)
    if isinstance(event, IssueChanged):
        assert event.data.requester_id == record["ContactId"]
        assert event.data.status_raw == record["Status"]
        is_told = "IsClosed" in record
        assert (event.data.status is IssueStatus.UNKNOWN) is not is_told
        assert not is_told or event.data.is_active is not record["IsClosed"]
    if isinstance(event, OpportunityChanged):
        assert event.data.name == record["Name"]
