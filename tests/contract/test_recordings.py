"""Recordings are read out of every form in which they were written down, unpacked, with their paths and parameters."""

from __future__ import annotations

import json

import pytest

from alignkit.models.exchange import Ref
from alignkit.transport import Response
from alignkit_hostile.bell import Bell

from . import recordings

FOUND = {
    "zendesk": 570,
    "freshdesk": 35,
    "intercom": 30,
    "hubspot": 26,
    "salesforce": 81,
    "gorgias": 9,
    "jira": 27,
    "pipedrive": 27,
    "mastodon": 386,
    "x-twitter": 142,
}
"""How many exchanges there are: a form that is read no more would change a figure."""


@pytest.mark.parametrize("service", FOUND)
def test_every_exchange_is_found(service: str) -> None:
    assert len(recordings.every(service)) == FOUND[service]


def test_a_service_that_nobody_recorded_has_no_exchange() -> None:
    assert recordings.every("nobody") == ()


def test_exchanges_are_found_by_their_path() -> None:
    found = recordings.recordings("gorgias", "/api/tickets/[0-9]+")
    assert [one.path for one in found] == ["/api/tickets/153006867", "/api/tickets/153011972"]
    assert all(one.rows() for one in found)


def test_a_packed_body_is_unpacked() -> None:
    packed = recordings.recordings("zendesk", r"/api/v2/help_center/categories\.json")
    assert packed
    assert all(isinstance(one.response.json(), dict) for one in packed)


def test_snapshots_of_a_services_own_tests_are_read() -> None:
    assert len(recordings.snapshots("bluesky")) >= 5


def test_a_recorded_answer_is_given_as_a_page() -> None:
    body = {"people": [{"id": 1, "email": "ada@example.com"}], "cursor": "1", "end": True}
    answer = Response(200, {"content-type": "application/json"}, json.dumps(body).encode())
    page = recordings.page(Bell("https://bell.example.com", "sample-token"), "people", answer)
    assert [event.subject for event in page.events] == ["1"]


def test_a_recorded_answer_is_given_by_id() -> None:
    row = {"id": 7, "opened": "2026-03-02T09:00:00Z", "changed": "2026-03-02T09:00:00Z"}
    answer = Response(200, {"content-type": "application/json"}, json.dumps(row).encode())
    found = recordings.fetched(Bell("https://bell.example.com", "sample-token"), Ref("issue", "7"), answer)
    assert [event.subject for event in found.events] == ["7"]
