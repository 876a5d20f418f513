"""Reads issues, people and feedback by id, and what no search tells of an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.jira_service_management.records import CUSTOMERS, FIELDS, Noted, moment
from alignkit.connectors.jira_service_management.site import (
    API,
    DESK_API,
    EXPERIMENTAL,
    NOT_THERE,
    Site,
    values_request,
)
from alignkit.connectors.jira_service_management.streams import CUSTOMER_PAGE
from alignkit.connectors.records import Answer, Body, Found
from alignkit.connectors.window import service_time
from alignkit.errors import PagingStuck
from alignkit.models.conversation import SurveyResponse
from alignkit.models.events import (
    CustomerEvent,
    IssueChanged,
    IssueRemoval,
    IssueRemoved,
    SurveyAnswered,
)
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import Initiator, SurveyKind
from alignkit.transport import Flow, JsonValue, Request, Response, request

FEEDBACK_DATE = "com.atlassian.servicedesk:sd-request-feedback-date"
"""The kind of the field that tells when feedback was given; its id is each site's own."""

BROWSE = "BROWSE_PROJECTS"
_AT_ONCE = 50
_MOST_WRITERS = 1_000

_PERSON = Body({(): CUSTOMERS}, is_one=True)
_REQUEST = Body({"reporter": CUSTOMERS}, is_one=True)


class _Known(Payload):
    id: str


class _Account(Payload):
    accountId: str  # noqa: N815 - the service's own name


class _Person(Payload):
    accountId: str | None = None  # noqa: N815 - the service's own name
    accountType: str | None = None  # noqa: N815 - the service's own name


class _Comment(Payload):
    author: _Person | None = None


class _Comments(Payload):
    comments: list[_Comment]
    total: int


class _Feedback(Payload):
    rating: int | None = None
    comment: dict[str, Any] | None = None


class _Project(Payload):
    key: str


class _Projects(Payload):
    projects: list[_Project]


class _Dated(Payload):
    fields: dict[str, Any]


@dataclass(slots=True)
class _Result:
    """What one fetch has found so far.

    Attributes:
        unseen: what neither answers nor is known to be gone.
        missing: issues that Jira says it does not find.
        lacking: ids of issues whose participants may not be seen at this time.
        dated_by: the field that tells when feedback was given; empty where there is none, None before it was asked.
    """

    run: Run
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[Ref] = field(default_factory=set[Ref])
    missing: list[Ref] = field(default_factory=list[Ref])
    lacking: set[str] = field(default_factory=set[str])
    dated_by: str | None = None


def fetch(site: Site, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """What these refs name: `issue` and `contact`; `requester` and `feedback` of the issue with this id."""
    result = _Result(run)
    numbered = [ref for ref in dict.fromkeys(refs) if ref.id.isascii() and ref.id.isdigit()]
    issues = [ref for ref in numbered if ref.kind == "issue"]
    for start in range(0, len(issues), _AT_ONCE):
        yield from _fetch_issues(site, issues[start : start + _AT_ONCE], result)
    yield from _settle_missing(site, result)
    for ref in numbered:
        if ref.kind == "requester":
            yield from _fetch_requester(site, ref, result)
        elif ref.kind == "feedback":
            yield from _fetch_feedback(site, ref, result)
    for ref in dict.fromkeys(refs):
        if ref.kind == "contact":
            yield from _fetch_contact(site, ref, result)
    done = [ref for ref in refs if ref not in result.unseen and (ref.kind != "issue" or ref.id not in result.lacking)]
    return Fetched(result.events, done, result.quarantined, _gaps(site, result))


def _gaps(site: Site, result: _Result) -> list[str]:
    if not result.missing:
        return []
    way_out = "give back the right to browse each of `projects`" if site.sees_all else "see `sees_all`"
    return [f"issues not found any more: {len(result.missing)}; they may be hidden as well as gone; {way_out}"]


# --- issues -----------------------------------------------------------------------------------------------------------


def _fetch_issues(site: Site, refs: Sequence[Ref], result: _Result) -> Flow[None]:
    """Several issues by one search where there are several, and those that it does not bring one by one."""
    answered: set[str] = set()
    if len(refs) > 1:
        response = yield from request(site.recall(ref.id for ref in refs))
        # One that is gone or hidden makes Jira refuse them all.
        if response.status != 400:
            answered = yield from _take(site, listed(site.page, response, site.name), result)
    for ref in refs:
        if ref.id not in answered:
            yield from _fetch_issue(site, ref, result)


def _fetch_issue(site: Site, ref: Ref, result: _Result) -> Flow[None]:
    response = yield from request(_issue_request(ref.id))
    if response.status == 404 and _says_not_found(response):
        result.missing.append(ref)
    elif response.status in NOT_THERE:
        result.unseen.add(ref)
    else:
        # An error that is told as a success is no record.
        parsed(_Known, response, site.name)
        yield from _take(site, site.one.read(response.content, f"issue/{ref.id}"), result)


def _issue_request(id: str, *further: str) -> Request:
    return Request("GET", f"{API}/issue/{id}", [("fields", ",".join((*FIELDS, *further)))], accept=NOT_THERE)


def _says_not_found(response: Response) -> bool:
    """Whether Jira itself says that it shows no such thing, and not something between us and it."""
    body = response.json()
    return isinstance(body, dict) and ("errorMessages" in body or "errorMessage" in body)


def _settle_missing(site: Site, result: _Result) -> Flow[None]:
    """Issues that Jira does not find are gone or hidden from us, in the same words.

    They count as gone only where nothing can be hidden: where the settings say so, and the rights were there before
    and after they were asked for.
    """
    gone: list[CustomerEvent] = []
    is_proven = bool(result.missing) and site.sees_all and (yield from _sees_projects(site))
    for ref in result.missing if is_proven else ():
        response = yield from request(_issue_request(ref.id))
        if response.status != 404 or not _says_not_found(response):
            is_proven = False
            break
        now = service_time(response, site.name)
        removal = IssueRemoval(id=ref.id, source=site.name, remote_updated_at=now, reason="not_found")
        gone.append(IssueRemoved.of(removal, source=site.name, received_at=result.run.now, sequence=1))
    if is_proven and (yield from _sees_projects(site)):
        result.events += gone
        result.missing.clear()
    result.unseen.update(result.missing)


def _sees_projects(site: Site) -> Flow[bool]:
    """Whether we may browse each project of the settings at this moment."""
    keys = yield from browsable(site)
    return bool(site.projects) and site.projects <= keys


def browsable(site: Site) -> Flow[frozenset[str]]:
    """The keys of all projects that we may browse."""
    body: JsonValue = {"permissions": [BROWSE]}
    response = yield from request(Request("POST", f"{API}/permissions/project", json=body, repeatable=True))
    return frozenset(one.key.upper() for one in parsed(_Projects, response, site.name).projects)


def _take(site: Site, answer: Answer, result: _Result) -> Flow[set[str]]:
    """The ids of the issues of an answer, once each was told with what no search tells of it."""
    found = answer.of(site.issues)
    for one in found:
        yield from _tell(site, one, result)
    result.quarantined += answer.bad
    return {one.data.id for one in found} | {bad.key for bad in answer.bad}


def _tell(site: Site, found: Found[Issue], result: _Result) -> Flow[None]:
    """The issue with what no search tells of it."""
    noted: Noted = found.extras.beside
    values: dict[str, Any] = {}
    if noted.is_on_behalf:
        affected = yield from _participants(site, found.data, result)
        if affected is None:
            result.lacking.add(found.data.id)
        else:
            values["affected_ids"] = affected
    if noted.may_be_a_campaigns:
        wrote = yield from _has_customer_written(site, found.data)
        values["customer_wrote"] = wrote
        if wrote is False:
            values["initiated_by"] = Initiator.CAMPAIGN
    issue = found.data.model_copy(update=values)
    changed = microseconds(issue.remote_updated_at or issue.created_at)
    # A search may be behind and tell this very version later; it must not take away what it does not know.
    version = changed + 1 if values else changed
    event = IssueChanged.of(issue, source=site.name, received_at=result.run.now, version=version, sequence=1)
    result.events.append(event)


def _participants(site: Site, issue: Issue, result: _Result) -> Flow[tuple[str, ...] | None]:
    """Who takes part in a request beside its reporter, page by page; None where that may not be seen."""
    path = f"{DESK_API}/request/{issue.id}/participant"
    ids: dict[str, None] = {}
    start = 0
    while True:
        response = yield from request(values_request(path, start, accept=NOT_THERE))
        if response.status in NOT_THERE:
            # An issue that is no request has none.
            return () if response.status == 404 and _says_not_found(response) else None
        answer = listed(CUSTOMER_PAGE, response, site.name)
        people = answer.of(CUSTOMERS)
        result.events += [one.event(source=site.name, received_at=result.run.now) for one in people]
        result.quarantined += answer.bad
        known = len(ids)
        ids |= dict.fromkeys(one.data.id for one in people)
        start += len(people) + len(answer.bad)
        if answer.beside.get("is_last") is not False:
            break
        if len(ids) == known:
            raise PagingStuck(f"`{site.name}` answers the same participants again and again")
    return tuple(one for one in ids if one != issue.requester_id)


def _has_customer_written(site: Site, issue: Issue) -> Flow[bool | None]:
    """True if a customer commented, False if others alone did or nobody, None where nothing tells."""
    params = [("startAt", "0"), ("maxResults", str(_MOST_WRITERS))]
    wanted = Request("GET", f"{API}/issue/{issue.id}/comment", params, accept=NOT_THERE)
    response = yield from request(wanted)
    if response.status in NOT_THERE:
        return None
    page = parsed(_Comments, response, site.name)
    writers = [one.author for one in page.comments]
    if any(one and (one.accountId == issue.requester_id or one.accountType == "customer") for one in writers):
        return True
    is_whole = page.total <= len(page.comments) and all(one and one.accountId for one in writers)
    return False if is_whole else None


# --- people -----------------------------------------------------------------------------------------------------------


def _fetch_requester(site: Site, ref: Ref, result: _Result) -> Flow[None]:
    """Who asked, with the address that service desks show and searches hide; an issue that is no request has none."""
    response = yield from request(Request("GET", f"{DESK_API}/request/{ref.id}", accept=NOT_THERE))
    if response.status == 200:
        _take_people(site, listed(_REQUEST, response, site.name), result)


def _fetch_contact(site: Site, ref: Ref, result: _Result) -> Flow[None]:
    """One person, with the address only where the person lets it be seen."""
    wanted = Request("GET", f"{API}/user", [("accountId", ref.id)], accept=NOT_THERE)
    response = yield from request(wanted)
    if response.status in NOT_THERE:
        # Somebody whom Jira does not know is not asked for for ever.
        if response.status != 404 or not _says_not_found(response):
            result.unseen.add(ref)
        return
    parsed(_Account, response, site.name)
    _take_people(site, _PERSON.read(response.content, f"contact/{ref.id}"), result)


def _take_people(site: Site, answer: Answer, result: _Result) -> None:
    people = answer.of(CUSTOMERS)
    result.events += [one.event(source=site.name, received_at=result.run.now) for one in people]
    result.quarantined += answer.bad


# --- feedback ---------------------------------------------------------------------------------------------------------


def _fetch_feedback(site: Site, ref: Ref, result: _Result) -> Flow[None]:
    """The feedback on a request; where there is none, or the plan has none, the daily list asks again."""
    path = f"{DESK_API}/request/{ref.id}/feedback"
    response = yield from request(Request("GET", path, headers=EXPERIMENTAL, accept=NOT_THERE | {400, 412}))
    if response.status != 200:
        return
    feedback = parsed(_Feedback, response, site.name)
    if feedback.rating is None or not 1 <= feedback.rating <= 5:
        return
    if result.dated_by is None:
        result.dated_by = yield from _date_field()
    response = yield from request(_issue_request(ref.id, *([result.dated_by] if result.dated_by else [])))
    if response.status in NOT_THERE:
        result.unseen.add(ref)
        return
    told = parsed(_Dated, response, site.name).fields.get(result.dated_by)
    text = (feedback.comment or {}).get("body") if site.keeps_text else None
    for found in site.one.read(response.content, f"issue/{ref.id}").of(site.issues):
        # Nobody rates what is not over: where no field tells the time, it was no earlier than the end.
        at = moment(told) or found.data.resolved_at
        if at is not None:
            answer = _answer(found.data, feedback.rating, text, at)
            result.events.append(SurveyAnswered.of(answer, source=site.name, received_at=result.run.now))


def _date_field() -> Flow[str]:
    """The field that tells when feedback was given; empty where the site has none."""
    response = yield from request(Request("GET", f"{API}/field", accept=NOT_THERE))
    if response.status in NOT_THERE:
        return ""
    fields = response.json()
    for one in fields if isinstance(fields, list) else ():
        kind = one.get("schema") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(kind, dict) and kind.get("custom") == FEEDBACK_DATE:
            return str(one["id"])
    return ""


def _answer(issue: Issue, rating: int, text: object, at: datetime) -> SurveyResponse:
    return SurveyResponse(
        id=f"feedback/{issue.id}",
        kind=SurveyKind.CSAT,
        score=rating,
        scale_min=1,
        scale_max=5,
        comment=text if isinstance(text, str) and text else None,
        contact_id=issue.requester_id,
        issue_id=issue.id,
        responded_at=at,
        remote_updated_at=at,
    )
