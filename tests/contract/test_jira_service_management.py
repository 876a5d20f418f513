"""Jira is asked what its description allows as far as it knows, and what it was recorded to answer is read whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from tests.connectors import test_jira_service_management as particular

from alignkit.connectors.base import Run
from alignkit.connectors.jira_service_management import JiraServiceManagement
from alignkit.models.events import ContactChanged, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue, Request, Response, run

from . import evidence, recordings, specs
from .asked import asked
from .recordings import Recording

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATE = {"date": format_datetime(NOW, usegmt=True)}
SITE = "/ex/jira/[0-9a-f-]+/rest/api/3"


def jira() -> JiraServiceManagement:
    return JiraServiceManagement(
        "acme", "agent@example.com", "sample-token", outbound_labels=["winback"], projects=["SUP"], sees_all=True
    )


def dated(one: Recording, body: JsonValue) -> Response:
    """The recorded answer with this body and the service's time."""
    return Response(200, DATE, json.dumps(body).encode()) if one.response.status == 200 else one.response


def read(one: Recording, rows: list[JsonValue]) -> list[IssueChanged]:
    page = recordings.page(jira(), "issues", dated(one, {"issues": rows}))
    assert not page.quarantined, f"{one.origin}: {page.quarantined}"
    return [event for event in page.events if isinstance(event, IssueChanged)]


def test_every_recorded_issue_is_read_with_its_status_and_its_reporter() -> None:
    lists = [
        *recordings.recordings("jira", f"{SITE}/search/jql"),
        *recordings.recordings("jira", f"{SITE}/search/jql", method="POST"),
    ]
    single = recordings.recordings("jira", f"{SITE}/issue/[A-Z]+-[0-9]+")
    count = 0
    for one in [*lists, *single]:
        rows = [row for row in one.rows("issues") or one.rows() if isinstance(row, dict) and "updated" in str(row)]
        issues = [event.data for event in read(one, list(rows))] if rows else []
        assert len(issues) == len(rows), one.origin
        assert all(issue.requester_id for issue in issues), one.origin
        assert all(issue.status is not IssueStatus.UNKNOWN for issue in issues), one.origin
        count += bool(rows)
    assert count == 2
    found = asked(particular.TestJiraServiceManagementSheet, [*lists, *single])
    for one in found:
        assert told_as_recorded(one), one.origin
    evidence.hold("jira", "issues", recorded=len(found))


def told_as_recorded(one: Recording) -> bool:
    """Whether an answer tells of all its issues in its envelope: a page of the search, or one that was read by id."""
    if "/search/" in one.path:
        page = recordings.page(jira(), "issues", dated(one, one.response.json()))
        return not page.quarantined and len(page.events) == len(one.rows("issues"))
    [row] = one.rows()
    assert isinstance(row, dict)
    ref = Ref("issue", str(row["id"]))
    result = recordings.fetched(jira(), ref, dated(one, row), path=r".*/issue/[0-9]+")
    return not result.quarantined and ref.id in {event.subject for event in result.events}


def one_desk(_request: Request) -> Response:
    return Response(200, DATE, b'{"values": [{"id": "5"}], "isLastPage": true}')


def test_every_recorded_person_is_read() -> None:
    """People in Jira's own lists have the form of those that a service desk shows."""
    found = [one for one in recordings.recordings("jira", f"{SITE}/(myself|user|users/search)") if one.rows()]
    for one in found:
        rows: list[JsonValue] = [row for row in one.rows() if isinstance(row, dict)]
        body: JsonValue = {"values": rows, "isLastPage": True}
        page = recordings.page(jira(), "customers", dated(one, body), path=".*/customer", others=one_desk)
        assert not page.quarantined, f"{one.origin}: {page.quarantined}"
        assert len([event for event in page.events if isinstance(event, ContactChanged)]) == len(rows)
    # They are no recordings of the stream itself, of which there is none.
    evidence.hold("jira", "customers", recorded=0, requests=0)
    evidence.hold("jira", "organizations", recorded=0, requests=0)
    evidence.hold("jira", "feedback", recorded=0, requests=0)


def test_what_the_description_knows_of_is_asked_as_it_allows() -> None:
    service, sent = jira(), list[Request]()
    issue: JsonValue = {
        "id": "7",
        "fields": {
            "created": "2026-10-30T09:00:00.000+0000",
            "updated": "2026-10-30T09:00:00.000+0000",
            "labels": ["winback"],
            "reporter": {"accountId": "1"},
            "creator": {"accountId": "2"},
            "status": {"statusCategory": {"key": "new"}},
        },
    }

    def send(request: Request) -> Response:
        sent.append(request)
        path = urlsplit(request.url).path
        known: dict[str, JsonValue] = {
            "/comment": {"comments": [], "total": 0},
            "/feedback": {"rating": 5},
            "/user": {"accountId": "1"},
            "/field": [],
            "/permissions/project": {"projects": [{"id": 10_000, "key": "SUP"}]},
            "/issuesecuritylevelscheme": {"id": 1, "levels": []},
            "/securitylevel": {"levels": []},
            "/servicedesk": {"values": [{"id": "5", "projectKey": "SUP"}], "isLastPage": True},
            "/participant": {"values": [], "isLastPage": True},
        }
        if path.endswith("/issue/8"):
            return Response(404, DATE, b'{"errorMessages": ["Issue does not exist"]}')
        body = next((body for end, body in known.items() if path.endswith(end)), issue)
        return Response(200, DATE, json.dumps(body).encode())

    for flow in (
        service.fetch([Ref("issue", "7"), Ref("contact", "1"), Ref("feedback", "7")], Run(NOW)),
        service.fetch([Ref("issue", "8")], Run(NOW)),
        service.check(),
        service.add_tag("7", "vip"),
    ):
        run(service.attend(flow), send)
    # The description is older than the search, and does not cover service desks.
    known = [one for one in sent if "servicedeskapi" not in one.url]
    assert specs.check("jira", known) >= 3
    # None of these is the search, which is what the stream asks.
    evidence.hold("jira", "issues", requests=0)
