"""Reads what customers answered when they were asked about a request that was over (CSAT)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.jira_service_management.records import moment
from alignkit.connectors.jira_service_management.site import (
    API,
    DESK_API,
    EXPERIMENTAL,
    NOT_THERE,
    Site,
    issue_request,
)
from alignkit.models.conversation import SurveyResponse
from alignkit.models.events import SurveyAnswered
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import SurveyKind
from alignkit.transport import Flow, Request, Response, request

FEEDBACK_DATE = "com.atlassian.servicedesk:sd-request-feedback-date"
"""The kind of the field that tells when feedback was given; its id is each site's own."""

_SCALE = range(1, 6)
_REFUSED = frozenset({400, 403, 412})


class _Feedback(Payload):
    rating: int | None = None
    comment: dict[str, Any] | None = None


class _Given(NamedTuple):
    rating: int
    text: str | None


class _Dated(Payload):
    fields: dict[str, Any]


def fetch_feedback(site: Site, ids: Iterable[str], gathered: Gathered) -> Flow[list[str]]:
    """Reads the feedback on requests, and says what of it may not be read; the daily list asks again."""
    dated_by: str | None = None
    refused = 0
    for id in ids:
        path = f"{DESK_API}/request/{id}/feedback"
        response = yield from request(Request("GET", path, headers=EXPERIMENTAL, accept=NOT_THERE | _REFUSED))
        refused += response.status in _REFUSED
        if response.status != 200:
            continue
        given = _given(site, response)
        if given is None:
            continue
        if dated_by is None:
            dated_by = yield from _date_field()
        yield from _tell(site, id, given, dated_by, gathered)
    if not refused:
        return []
    gap = f"requests whose feedback is not shown: {refused}"
    return [f"{gap}; make the user an agent of their service desks, unless the plan has no feedback"]


def _given(site: Site, response: Response) -> _Given | None:
    """What the customer answered; None where nobody did, or on a scale of another kind."""
    feedback = parsed(_Feedback, response, site.name)
    if feedback.rating is None or feedback.rating not in _SCALE:
        return None
    text = (feedback.comment or {}).get("body") if site.keeps_text else None
    return _Given(feedback.rating, text if isinstance(text, str) and text else None)


def _tell(site: Site, id: str, given: _Given, dated_by: str, gathered: Gathered) -> Flow[None]:
    response = yield from request(issue_request(id, *([dated_by] if dated_by else [])))
    if response.status in NOT_THERE:
        gathered.unseen.add(("feedback", id))
        return
    told = parsed(_Dated, response, site.name).fields.get(dated_by)
    for found in site.one.read(response.content, f"issue/{id}").of(site.issues):
        # Nobody rates what is not over: where no field tells the time, it was no earlier than the end.
        at = moment(told) or found.data.resolved_at
        if at is not None:
            answer = _answer(found.data, given, at)
            gathered.events.append(SurveyAnswered.of(answer, source=site.name, received_at=gathered.run.now))


def _date_field() -> Flow[str]:
    """The field that tells when feedback was given; empty where the site has none."""
    response = yield from request(Request("GET", f"{API}/field", accept=NOT_THERE))
    if response.status in NOT_THERE:
        return ""
    fields = response.json()
    for one in fields if isinstance(fields, list) else ():
        kind = one.get("schema") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(kind, dict) and kind.get("custom") == FEEDBACK_DATE:
            return str(one.get("id", ""))
    return ""


def _answer(issue: Issue, given: _Given, at: datetime) -> SurveyResponse:
    return SurveyResponse(
        id=f"feedback/{issue.id}",
        kind=SurveyKind.CSAT,
        score=given.rating,
        scale_min=_SCALE[0],
        scale_max=_SCALE[-1],
        comment=given.text,
        contact_id=issue.requester_id,
        issue_id=issue.id,
        responded_at=at,
        remote_updated_at=at,
    )
