"""Reads one site: issues by search, customers and organizations desk by desk, and single issues by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.jira_service_management.records import CUSTOMERS, FIELDS, ORGANIZATIONS, Noted, issues
from alignkit.connectors.records import Body, Found, Shape
from alignkit.connectors.tags import Tags
from alignkit.connectors.window import Kept, kept, position, service_time
from alignkit.errors import CursorExpired, PagingStuck, RequestRefused
from alignkit.models.base import Instant
from alignkit.models.conversation import SurveyResponse
from alignkit.models.events import CustomerEvent, IssueChanged, IssueRemoval, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Initiator, IssueStatus, SurveyKind
from alignkit.transport import Flow, JsonValue, Request, Response, request

API = "/rest/api/3"
DESK_API = "/rest/servicedeskapi"
NOT_THERE = frozenset({403, 404})
OVERLAP = timedelta(minutes=15)
"""A search may be behind for some minutes, and longer after a bulk change."""

LAG = timedelta(minutes=1)
DAILY = timedelta(days=1)
RATED_WITHIN = timedelta(days=14)
_CATCH_UP = timedelta(seconds=30)
_PAGE_SIZE = 100
_DESK_PAGE_SIZE = 50
_MOST_WRITERS = 1_000

_LISTED = {"is_last": ("isLastPage", bool)}
_CUSTOMER_PAGE = Body({"values": CUSTOMERS}, _LISTED)
_ORGANIZATION_PAGE = Body({"values": ORGANIZATIONS}, _LISTED)


class Walk(Kept):
    """A walk through what changed in one window, in the order of creation, which no change disturbs.

    Attributes:
        since: what is older is not asked for; None for everything.
        until: the mark once the walk has ended; None before its first answer.
        token: for the next page.
        first: the id of the first issue of the last page; the same one again is no progress.
    """

    since: Instant | None = None
    until: Instant | None = None
    token: str | None = None
    first: str | None = None


class Position(Kept):
    """The checkpoint of the issues."""

    mark: Instant | None = None
    walk: Walk | None = None


class DeskPosition(Kept):
    """The checkpoint of a daily list: when it was read last, and the walk under way.

    Attributes:
        begun: when the walk began, by the service's clock.
        desk: which service desk is read, counted from 0.
        start: how many of its rows were read.
    """

    mark: Instant | None = None
    begun: Instant | None = None
    desk: int = 0
    start: int = 0


class _Desk(Payload):
    id: str
    projectKey: str | None = None  # noqa: N815 - the service's own name


class Desks(Payload):
    """A page of service desks."""

    values: list[_Desk]
    isLastPage: bool = True  # noqa: N815 - the service's own name


class _Known(Payload):
    id: str


class _Person(Payload):
    accountId: str | None = None  # noqa: N815 - the service's own name
    accountType: str | None = None  # noqa: N815 - the service's own name


class _Comment(Payload):
    author: _Person | None = None


class _Comments(Payload):
    comments: list[_Comment]
    total: int


class _Participants(Payload):
    values: list[_Person]


class _Feedback(Payload):
    rating: int | None = None
    comment: dict[str, Any] | None = None


class Site:
    """One site, shared by all flows of a connector.

    Args:
        name: of the connector.
        root: of the pages that agents see.
        projects: the keys of the projects that are read; none for all service projects.
        names: what statuses mean, by name.
        tags: what labels say.
        keeps_text: whether summaries and comments are kept.
    """

    def __init__(
        self,
        name: str,
        root: str,
        projects: Sequence[str],
        names: Mapping[str, IssueStatus],
        tags: Tags,
        *,
        keeps_text: bool,
    ) -> None:
        self.name = name
        self._keeps_text = keeps_text
        listed_keys = ", ".join(f'"{key}"' for key in projects)
        self._scope = f"project in ({listed_keys})" if projects else "projectType = service_desk"
        self._issues: Shape[Issue] = issues(root, names, tags, keeps_text=keeps_text)
        self._page: Body = Body({"issues": self._issues}, {"token": ("nextPageToken", str)})
        self._one: Body = Body({(): self._issues}, is_one=True)

    # --- streams ---------------------------------------------------------------------------------------------

    def read_issues(self, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """One page of the issues that changed in the window."""
        at = position(Position, checkpoint, self.name)
        walk = at.walk or Walk(since=run.since if at.mark is None else at.mark - OVERLAP)
        response = yield from request(self._search(walk))
        if response.status == 400:
            raise self._refusal(walk.token)
        clock = service_time(response, self.name)
        walk = walk if walk.until else walk.model_copy(update={"until": clock - LAG})
        answer = listed(self._page, response, self.name)
        found = answer.of(self._issues)
        token = answer.beside.get("token")
        first = found[0].data.id if found else None
        if token is not None and first is not None and first == walk.first:
            raise PagingStuck(f"`{self.name}` answers the same page again and again; the walk was stopped where it was")
        following = walk.model_copy(update={"token": token, "first": first}) if token else None
        after = Position(mark=walk.until) if following is None else Position(mark=at.mark, walk=following)
        # What changed during a long or resumed walk may have been passed; another walk brings it at once.
        is_behind = walk.until is not None and clock - walk.until > LAG + _CATCH_UP
        events = [one.event(source=self.name, received_at=run.now) for one in found]
        wanted = [Ref("issue", one.data.id, why) for one in found if (why := self._lack(one, clock))]
        return Page(events, kept(after), following is not None or is_behind, answer.bad, wanted)

    def _search(self, walk: Walk) -> Request:
        """A search, its bound in milliseconds: a date without a zone would be read in the searching user's."""
        since = 0 if walk.since is None else max(0, int(walk.since.timestamp()) // 60 * 60_000)
        jql = f"{self._scope} AND updated >= {since} ORDER BY created ASC, key ASC"
        body: dict[str, JsonValue] = {"jql": jql, "fields": list(FIELDS), "maxResults": _PAGE_SIZE}
        if walk.token is not None:
            body["nextPageToken"] = walk.token
        return Request("POST", f"{API}/search/jql", json=body, repeatable=True, accept=frozenset({400}))

    def _refusal(self, token: str | None) -> Exception:
        if token is None:
            return RequestRefused(f"`{self.name}` refused the search (400); check `projects`", status=400)
        return CursorExpired(f"`{self.name}` does not know the position of a search any more")

    def _lack(self, found: Found[Issue], clock: datetime) -> str:
        """What reading an issue by id would tell; empty where nothing that matters."""
        noted: Noted = found.extras.beside
        issue = found.data
        if noted.may_be_a_campaigns:
            return "who wrote"
        if issue.is_active is False:
            changed = issue.remote_updated_at or issue.created_at
            return "rating" if issue.status is IssueStatus.RESOLVED and changed > clock - RATED_WITHIN else ""
        return "participants" if noted.is_on_behalf else ""

    def read_customers(self, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """One page of the customers of one service desk, once a day."""
        at = position(DeskPosition, checkpoint, self.name)
        if _is_read(at, run):
            return Page((), kept(at), more=False)
        params = [("start", str(at.desk)), ("limit", "1")]
        response = yield from request(Request("GET", f"{DESK_API}/servicedesk", params))
        begun = at.begun or service_time(response, self.name)
        desks = parsed(Desks, response, self.name)
        if not desks.values:
            return Page((), kept(DeskPosition(mark=begun)), more=False)
        path = f"{DESK_API}/servicedesk/{desks.values[0].id}/customer"
        events, bad, count, is_last = yield from self._values(path, at.start, _CUSTOMER_PAGE, CUSTOMERS, run)
        if not is_last:
            after = at.model_copy(update={"begun": begun, "start": at.start + count})
        elif not desks.isLastPage:
            after = DeskPosition(mark=at.mark, begun=begun, desk=at.desk + 1)
        else:
            after = DeskPosition(mark=begun)
        return Page(events, kept(after), not (is_last and desks.isLastPage), bad)

    def read_organizations(self, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """One page of the organizations, once a day."""
        at = position(DeskPosition, checkpoint, self.name)
        if _is_read(at, run):
            return Page((), kept(at), more=False)
        path = f"{DESK_API}/organization"
        response = yield from request(_values_request(path, at.start))
        begun = at.begun or service_time(response, self.name)
        events, bad, count, is_last = self._read_values(response, _ORGANIZATION_PAGE, ORGANIZATIONS, run)
        following = at.model_copy(update={"begun": begun, "start": at.start + count})
        after = DeskPosition(mark=begun) if is_last else following
        return Page(events, kept(after), not is_last, bad)

    def _values(
        self, path: str, start: int, body: Body, shape: Shape[Any], run: Run
    ) -> Flow[tuple[list[CustomerEvent], Sequence[Quarantined], int, bool]]:
        response = yield from request(_values_request(path, start))
        return self._read_values(response, body, shape, run)

    def _read_values(
        self, response: Response, body: Body, shape: Shape[Any], run: Run
    ) -> tuple[list[CustomerEvent], Sequence[Quarantined], int, bool]:
        """The events of a page, its broken records, how many rows it had, and whether it is the last."""
        answer = listed(body, response, self.name)
        found = answer.of(shape)
        count = len(found) + len(answer.bad)
        is_last = answer.beside.get("is_last") is not False or not count
        return [one.event(source=self.name, received_at=run.now) for one in found], answer.bad, count, is_last

    # --- by id -----------------------------------------------------------------------------------------------

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """The issues that these refs name, with participants, writers and ratings where they matter."""
        result = _Result(run)
        for ref in refs:
            if ref.kind == "issue" and ref.id.isascii() and ref.id.isdigit():
                yield from self._fetch_issue(ref, result)
        return Fetched(result.events, [ref for ref in refs if ref not in result.unseen], result.quarantined)

    def _fetch_issue(self, ref: Ref, result: _Result) -> Flow[None]:
        params = [("fields", ",".join(FIELDS))]
        response = yield from request(Request("GET", f"{API}/issue/{ref.id}", params, accept=NOT_THERE))
        if response.status == 404 and _says_not_found(response):
            now = service_time(response, self.name)
            removal = IssueRemoval(id=ref.id, source=self.name, remote_updated_at=now, reason="not_found")
            result.events.append(IssueRemoved.of(removal, source=self.name, received_at=result.run.now, sequence=1))
            return
        if response.status in NOT_THERE:
            result.unseen.add(ref)
            return
        # An error that is told as a success is no record.
        parsed(_Known, response, self.name)
        answer = self._one.read(response.content, f"issue/{ref.id}")
        result.quarantined += answer.bad
        for found in answer.of(self._issues):
            yield from self._tell(found, result)

    def _tell(self, found: Found[Issue], result: _Result) -> Flow[None]:
        """The issue with what no search tells of it."""
        noted: Noted = found.extras.beside
        values: dict[str, Any] = {}
        if noted.is_on_behalf:
            values["affected_ids"] = yield from self._participants(found.data)
        if noted.may_be_a_campaigns:
            wrote = yield from self._has_customer_written(found.data)
            values["customer_wrote"] = wrote
            if wrote is False:
                values["initiated_by"] = Initiator.CAMPAIGN
        issue = found.data.model_copy(update=values)
        event = IssueChanged.of(issue, source=self.name, received_at=result.run.now, sequence=1)
        result.events.append(event)
        if issue.status is IssueStatus.RESOLVED:
            yield from self._rate(issue, result)

    def _participants(self, issue: Issue) -> Flow[tuple[str, ...]]:
        """Who takes part in a request beside its reporter."""
        params = [("start", "0"), ("limit", str(_DESK_PAGE_SIZE))]
        wanted = Request("GET", f"{DESK_API}/request/{issue.id}/participant", params, accept=NOT_THERE)
        response = yield from request(wanted)
        if response.status in NOT_THERE:
            return ()
        people = parsed(_Participants, response, self.name).values
        ids = dict.fromkeys(one.accountId for one in people)
        return tuple(one for one in ids if one is not None and one != issue.requester_id)

    def _has_customer_written(self, issue: Issue) -> Flow[bool | None]:
        """True if a customer commented, False if others alone did or nobody, None where nothing tells."""
        params = [("startAt", "0"), ("maxResults", str(_MOST_WRITERS))]
        wanted = Request("GET", f"{API}/issue/{issue.id}/comment", params, accept=NOT_THERE)
        response = yield from request(wanted)
        if response.status in NOT_THERE:
            return None
        page = parsed(_Comments, response, self.name)
        writers = [one.author for one in page.comments]
        if any(one and (one.accountId == issue.requester_id or one.accountType == "customer") for one in writers):
            return True
        is_whole = page.total <= len(page.comments) and all(one and one.accountId for one in writers)
        return False if is_whole else None

    def _rate(self, issue: Issue, result: _Result) -> Flow[None]:
        """The feedback on a request that is over; where there is none, or the plan has none, nothing follows."""
        path = f"{DESK_API}/request/{issue.id}/feedback"
        headers = {"X-ExperimentalApi": "opt-in"}
        response = yield from request(Request("GET", path, headers=headers, accept=NOT_THERE | {400, 412}))
        if response.status != 200:
            return
        feedback = parsed(_Feedback, response, self.name)
        if feedback.rating is None or not 1 <= feedback.rating <= 5:
            return
        text = (feedback.comment or {}).get("body") if self._keeps_text else None
        at = issue.remote_updated_at or issue.created_at
        answer = SurveyResponse(
            id=f"feedback/{issue.id}",
            kind=SurveyKind.CSAT,
            score=feedback.rating,
            scale_min=1,
            scale_max=5,
            comment=text if isinstance(text, str) and text else None,
            contact_id=issue.requester_id,
            issue_id=issue.id,
            responded_at=at,
            remote_updated_at=at,
        )
        result.events.append(SurveyAnswered.of(answer, source=self.name, received_at=result.run.now))


@lru_cache(maxsize=32)
def compiled(
    name: str,
    root: str,
    projects: tuple[str, ...],
    names: frozenset[tuple[str, IssueStatus]],
    tags: Tags,
    *,
    keeps_text: bool,
) -> Site:
    """The site with these settings. How it is read is compiled once, and not for every connector that is made."""
    return Site(name, root, projects, dict(names), tags, keeps_text=keeps_text)


@dataclass(slots=True)
class _Result:
    """What one fetch has found so far; `unseen` are issues that neither answer nor are known to be gone."""

    run: Run
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[Ref] = field(default_factory=set[Ref])


def _is_read(at: DeskPosition, run: Run) -> bool:
    """Whether a daily list was read within the day."""
    return at.begun is None and at.mark is not None and run.now - at.mark < DAILY


def _values_request(path: str, start: int) -> Request:
    params = [("start", str(start)), ("limit", str(_DESK_PAGE_SIZE))]
    return Request("GET", path, params, headers={"X-ExperimentalApi": "opt-in"})


def _says_not_found(response: Response) -> bool:
    """Whether Jira itself says that there is no such issue, and not something between us and it."""
    body = response.json()
    return isinstance(body, dict) and "errorMessages" in body
