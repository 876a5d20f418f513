"""Reads issues by id, with what no search tells of them, and hands on who asks for people and feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alignkit.connectors.answers import Named, Payload, listed, parsed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered, ids_of
from alignkit.connectors.gone import issue_gone
from alignkit.connectors.ids import numbers
from alignkit.connectors.jira_service_management.feedback import fetch_feedback
from alignkit.connectors.jira_service_management.people import fetch_contact, fetch_requester, participants
from alignkit.connectors.jira_service_management.records import Noted
from alignkit.connectors.jira_service_management.site import API, NOT_THERE, Site, issue_request, says_not_found
from alignkit.connectors.records import Answer, Found
from alignkit.connectors.window import service_time
from alignkit.models.events import CustomerEvent, IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import Initiator
from alignkit.transport import Flow, JsonValue, Request, request

BROWSE = "BROWSE_PROJECTS"
_AT_ONCE = 50
_MOST_WRITERS = 1_000


class _Person(Payload):
    accountId: str | None = None  # noqa: N815 - the service's own name
    accountType: str | None = None  # noqa: N815 - the service's own name


class _Comment(Payload):
    author: _Person | None = None


class _Comments(Payload):
    comments: list[_Comment]
    total: int


class _Project(Payload):
    key: str


class _Projects(Payload):
    projects: list[_Project]


@dataclass(slots=True)
class _Gathered(Gathered):
    """What one fetch has found so far.

    Attributes:
        missing: ids of issues that Jira says it does not find.
        lacking: ids of issues whose participants may not be seen at this time.
    """

    missing: list[str] = field(default_factory=list[str])
    lacking: list[str] = field(default_factory=list[str])


def fetch(site: Site, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """What these refs name: `issue` and `contact`; `requester` and `feedback` of the issue with this id."""
    gathered = _Gathered(site.name, run)
    issues = numbers(refs, "issue")
    for start in range(0, len(issues), _AT_ONCE):
        yield from _fetch_issues(site, issues[start : start + _AT_ONCE], gathered)
    yield from _settle_missing(site, gathered)
    for id in numbers(refs, "requester"):
        yield from fetch_requester(site, id, gathered)
    unrated = yield from fetch_feedback(site, numbers(refs, "feedback"), gathered)
    for id in dict.fromkeys(ref.id for ref in refs if ref.kind == "contact"):
        yield from fetch_contact(site, id, gathered)
    gathered.waiting |= {("issue", id) for id in (*gathered.missing, *gathered.lacking)}
    return gathered.fetched(refs, [*_gaps(site, gathered), *unrated])


def _gaps(site: Site, gathered: _Gathered) -> list[str]:
    told: list[str] = []
    if number := len(gathered.missing):
        way_out = "give back the right to browse each of `projects`" if site.sees_all else "see `sees_all`"
        told.append(f"issues not found any more: {number}; they may be hidden as well as gone; {way_out}")
    if number := len(gathered.lacking):
        told.append(f"issues whose participants are not shown: {number}; make the user an agent of their service desks")
    return told


def _fetch_issues(site: Site, ids: Sequence[str], gathered: _Gathered) -> Flow[None]:
    """Several issues by one search where there are several, and those that it does not bring one by one."""
    answered: set[str] = set()
    if len(ids) > 1:
        response = yield from request(site.recall(ids))
        # One that is gone or hidden makes Jira refuse them all.
        if response.status != 400:
            answered = yield from _take(site, listed(site.page, response, site.name), gathered)
    for id in ids:
        if id not in answered:
            yield from _fetch_issue(site, id, gathered)


def _fetch_issue(site: Site, id: str, gathered: _Gathered) -> Flow[None]:
    response = yield from request(issue_request(id))
    if says_not_found(response):
        gathered.missing.append(id)
    elif response.status in NOT_THERE:
        gathered.unseen.add(("issue", id))
    else:
        # An error that is told as a success is no record.
        parsed(Named, response, site.name)
        yield from _take(site, site.one.read(response.content, f"issue/{id}"), gathered)


def _settle_missing(site: Site, gathered: _Gathered) -> Flow[None]:
    """Issues that Jira does not find are gone or hidden from us, in the same words.

    They count as gone only where nothing can be hidden: where the settings say so, and the rights were there before
    and after they were asked for.
    """
    gone: list[CustomerEvent] = []
    is_proven = bool(gathered.missing) and site.sees_all and (yield from _sees_projects(site))
    for id in gathered.missing if is_proven else ():
        response = yield from request(issue_request(id))
        if not says_not_found(response):
            is_proven = False
            break
        at = service_time(response, site.name)
        gone.append(issue_gone(id, source=site.name, at=at, received_at=gathered.run.now))
    if is_proven and (yield from _sees_projects(site)):
        gathered.events += gone
        gathered.missing.clear()


def _sees_projects(site: Site) -> Flow[bool]:
    """Whether we may browse each project of the settings at this moment."""
    keys = yield from browsable(site)
    return bool(site.projects) and site.projects <= keys


def browsable(site: Site) -> Flow[frozenset[str]]:
    """The keys of all projects that we may browse."""
    body: JsonValue = {"permissions": [BROWSE]}
    response = yield from request(Request("POST", f"{API}/permissions/project", json=body, repeatable=True))
    return frozenset(one.key.upper() for one in parsed(_Projects, response, site.name).projects)


def _take(site: Site, answer: Answer, gathered: _Gathered) -> Flow[set[str]]:
    """The ids of the issues of an answer, once each was told with what no search tells of it."""
    for one in answer.of(site.issues):
        yield from _tell(site, one, gathered)
    gathered.quarantined += answer.bad
    return ids_of(answer, site.issues)


def _tell(site: Site, found: Found[Issue], gathered: _Gathered) -> Flow[None]:
    """The issue with what no search tells of it."""
    noted: Noted = found.extras.beside
    values: dict[str, Any] = {}
    if noted.is_on_behalf:
        affected = yield from participants(site, found.data, gathered)
        if affected is None:
            gathered.lacking.append(found.data.id)
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
    event = IssueChanged.of(issue, source=site.name, received_at=gathered.run.now, version=version, sequence=1)
    gathered.events.append(event)


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
