"""Intercom is asked what its own description allows, and what it was recorded to answer is read without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from tests.connectors import test_intercom as particular

from alignkit.connectors.base import NewIssue, Run
from alignkit.connectors.intercom import Intercom
from alignkit.models.events import AccountChanged, ContactChanged, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue, Request, Response, run

from . import evidence, recordings, specs
from .asked import asked
from .recordings import Recording

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NEW = NewIssue(subject="x", body="x", requester_email="ada@example.com")

ROW: dict[str, JsonValue] = {"id": "7", "created_at": 1_772_000_000, "updated_at": 1_772_000_000}
ANSWER: dict[str, JsonValue] = {
    **ROW,
    "conversations": [ROW],
    "tickets": [ROW],
    "data": [ROW],
    "pages": {"total_pages": 2, "next": {"starting_after": "x"}},
}


def intercom() -> Intercom:
    return Intercom("sample-token", ticket_type_id="5")


def answer(body: JsonValue, status: int = 200) -> Response:
    return Response(status, {"date": format_datetime(NOW, usegmt=True)}, json.dumps(body).encode())


def test_it_is_asked_what_its_description_allows() -> None:
    for stream in Intercom.streams:
        service, sent = intercom(), list[Request]()

        def send(request: Request, sent: list[Request] = sent) -> Response:
            sent.append(request)
            # No page comes twice.
            return answer({**ANSWER, "data": [{**ROW, "id": str(len(sent))}]})

        first = run(service.attend(service.read(stream, None, Run(NOW))), send)
        run(service.attend(service.read(stream, first.checkpoint, Run(NOW))), send)
        evidence.hold("intercom", stream, requests=specs.check("intercom", sent))


def test_what_is_written_and_read_by_id_is_as_its_description_wants_it() -> None:
    service, sent = intercom(), list[Request]()

    def send(request: Request) -> Response:
        sent.append(request)
        is_first = "/conversations/7" in request.url
        return answer({"errors": [{"code": "not_found"}]}, 404) if is_first else answer(ANSWER)

    for flow in (
        service.create_issue(NEW),
        service.add_note("7", "x"),
        service.add_tag("7", "vip"),
        service.check(),
        service.fetch([Ref("issue", "7"), Ref("contact", "12")], Run(NOW)),
    ):
        run(service.attend(flow), send)
    assert specs.check("intercom", sent) == 14


def holding(path: str, *keys: str) -> list[Recording]:
    """The recorded answers of these paths that hold records, one or several."""
    found = [*recordings.recordings("intercom", path), *recordings.recordings("intercom", path, method="POST")]
    return [one for one in found if rows(one, keys)]


def rows(one: Recording, keys: Sequence[str]) -> list[JsonValue]:
    body = one.response.json()
    found = body.get(keys[0]) if isinstance(body, dict) else None
    kept = found if isinstance(found, list) else [body]
    return [row for row in kept if isinstance(row, dict) and "updated_at" in row]


@pytest.mark.parametrize(
    ("stream", "path", "key", "kind"),
    [
        ("conversations", "/conversations(/search|/[0-9]+)", "conversations", IssueChanged),
        ("contacts", "/contacts(/search|/[0-9a-f]+)?|/companies/[0-9a-f]+/contacts", "data", ContactChanged),
        ("companies", "/companies(/[0-9a-f]+)?", "data", AccountChanged),
        ("tickets", "/tickets.*", "tickets", IssueChanged),
    ],
)
def test_every_recorded_object_is_read(stream: str, path: str, key: str, kind: type) -> None:
    found = holding(path, key)
    for one in found:
        wanted = sorted(rows(one, [key]), key=lambda row: str(row.get("updated_at")) if isinstance(row, dict) else "")
        page = recordings.page(intercom(), stream, answer({key: wanted}))
        assert not page.quarantined, f"{one.origin}: {page.quarantined}"
        events = [event for event in page.events if isinstance(event, kind)]
        assert len(events) == len(wanted), one.origin
        issues = [event.data for event in page.events if isinstance(event, IssueChanged)]
        assert all(issue.requester_id for issue in issues), one.origin
        assert all(issue.status is not IssueStatus.UNKNOWN for issue in issues), one.origin
    # Others searched in another order than the connector does, which refuses such an answer.
    known = [one for one in asked(particular.TestIntercomSheet, found) if _in_order(rows(one, [key]))]
    for one in known:
        assert told_as_recorded(one, stream, kind) == len(rows(one, [key])), one.origin
    evidence.hold("intercom", stream, recorded=len(known))


def _in_order(told: list[JsonValue]) -> bool:
    times = [row["updated_at"] for row in told if isinstance(row, dict)]
    return times == sorted(times, key=str)


def told_as_recorded(one: Recording, stream: str, kind: type) -> int:
    """How many objects an answer tells of in its envelope: a page of a search, or one that was asked for by id."""
    dated = replace(one.response, headers={**one.response.headers, "date": format_datetime(NOW, usegmt=True)})
    if one.path.endswith("/search"):
        page = recordings.page(intercom(), stream, dated)
        assert not page.quarantined, f"{one.origin}: {page.quarantined}"
        return len([event for event in page.events if isinstance(event, kind)])
    ref = Ref("issue" if kind is IssueChanged else "contact", one.path.rpartition("/")[2])
    found = recordings.fetched(intercom(), ref, dated, path=one.path)
    assert not found.quarantined, one.origin
    return len([event for event in found.events if isinstance(event, kind) and event.subject == ref.id])


def test_the_paths_of_recordings_are_those_of_the_interface() -> None:
    known = {re.sub(r"[0-9a-f]{6,}", "0", one.path) for one in recordings.every("intercom")}
    assert {"/conversations/search", "/contacts/search"} <= known
