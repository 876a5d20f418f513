"""Jira Service Management as the facts page describes it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import cast
from urllib.parse import parse_qsl

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.query import read_query
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Found,
    Happens,
    Hides,
    Includes,
    Lag,
    Limited,
    Listing,
    Refused,
    Renews,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World, large_number
from alignkit.transport import JsonValue, Request, Response

said = quoting("jira-service-management")

API = "/rest/api/3"
DESK = "/rest/servicedeskapi"
ZONE = timezone(timedelta(hours=1))
PAGED = said("M", "(paged start/limit/isLastPage)")
CREATING = said(
    "D", "Create: POST /rest/servicedeskapi/request {serviceDeskId, requestTypeId, requestFieldValues, raise"
)
REQUESTS = said("M", "GET /rest/servicedeskapi/request/{idOrKey} gives currentStatus{status,statusCategory,statusDate}")


AGENT: JsonValue = {"accountId": "712020:9", "accountType": "atlassian", "displayName": "Agent"}


def stamp(moment: datetime) -> str:
    """A time as Jira writes it: in the user's zone, with an offset without a colon."""
    local = moment.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}{local:%z}"


DESK_PAGE = 2
"""So few rows that every list has pages, whatever is asked for."""


def make_id(kind: Kind, number: int, created: datetime) -> str:
    return f"qm:{number:08}" if kind is Kind.PERSON else large_number(kind, number, created)


def customer(row: Row, _world: World) -> JsonValue:
    return {
        "accountId": row.id,
        "displayName": row.title,
        "emailAddress": row.email,
        "active": True,
        "timeZone": "Europe/Berlin",
    }


def organization(row: Row, _world: World) -> JsonValue:
    return {"id": row.id, "name": row.title}


def person(row: Row, world: World) -> JsonValue:
    if row.person is None:
        return None
    found = world.truth(Kind.PERSON, row.person)
    # Addresses are often hidden here.
    return {"accountId": found.id, "accountType": "customer", "displayName": found.title}


def issue(row: Row, world: World) -> JsonValue:
    return {
        "id": row.id,
        "key": f"SUP-{row.number}",
        "fields": {
            "summary": row.title,
            "status": {"name": row.word, "statusCategory": {"key": row.word}},
            "priority": {"name": "Medium"},
            "issuetype": {"name": "[System] Service request"},
            "project": {"key": "SUP"},
            "reporter": person(row, world),
            "creator": AGENT if row.others else person(row, world),
            "assignee": None,
            "labels": list(row.tags),
            "resolution": None,
            "resolutiondate": None,
            "created": stamp(row.created),
            "updated": stamp(row.changed),
        },
    }


def value(row: Row, field: str) -> object:
    known: dict[str, object] = {
        "projectType": "service_desk",
        "project": "SUP",
        "updated": int(row.changed.timestamp()) // 60 * 60_000,
        "statusCategory": "Done" if row.word == "done" else "other",
        "id": row.id,
    }
    return known[field]


def moment(visit: Visit, text: str) -> int:
    """Milliseconds, or days before now: both mean the same moment in every zone."""
    if text.endswith("d"):
        return int((visit.world.now + timedelta(days=int(text[:-1]))).timestamp() * 1000)
    return int(text)


def search(visit: Visit) -> Ask:
    def literal(field: str, text: str) -> object:
        return moment(visit, text) if field == "updated" else text

    query = read_query(str(visit.json["jql"]), value, literal)
    if not query.order or not visit.json.get("fields"):
        raise Refused(400, "name an order and fields")
    token, size = visit.json.get("nextPageToken"), visit.json.get("maxResults", 50)
    assert isinstance(size, int)
    names = {"created": "created", "updated": "changed", "key": "id"}
    return Ask(
        where=query.where,
        token=None if token is None else str(token),
        size=size,
        sort=[f"{'-' if is_turned else ''}{names[name]}" for name, is_turned in query.order],
    )


def searched(found: Found) -> Answer:
    """A page as the index has it, or issues as they stand, if each of those that are named is there."""
    if named := found.visit.json.get("reconcileIssues"):
        assert isinstance(named, list)
        return {"issues": [found.visit.service.render(there(found.visit, str(id), 400)) for id in named]}
    body: dict[str, JsonValue] = {"issues": found.records}
    if found.has_more:
        body["nextPageToken"] = found.token
    return body


def counted(visit: Visit) -> Ask:
    """A page by the number of its first row; half of the people are customers of each desk."""
    start, size = int(visit.params.get("start", "0")), DESK_PAGE
    if asked := visit.params.get("query"):
        return Ask(page=start // size + 1, size=size, where=lambda row: asked in f"{row.title} {row.email}")
    desk = visit.match.groupdict().get("desk")
    return Ask(page=start // size + 1, size=size, where=lambda row: desk is None or (row.number + int(desk)) % 2 == 0)


def values(found: Found) -> Answer:
    return {"values": found.records, "size": len(found.records), "isLastPage": not found.has_more}


# --- by id, and writes ------------------------------------------------------------------------------------------------


def desks(visit: Visit) -> Answer:
    start = int(visit.params.get("start", "0"))
    known: list[JsonValue] = [{"id": "5", "projectKey": "SUP"}, {"id": "6", "projectKey": "OPS"}]
    end = start + int(visit.params.get("limit", "50"))
    return {"values": known[start:end], "isLastPage": end >= len(known)}


def there(visit: Visit, id: str, status: int = 404) -> Row:
    row = visit.service.seen(Kind.ISSUE, id)
    if row is None:
        raise Refused(status, "Issue does not exist or you do not have permission to see it.")
    return row


def seen(visit: Visit) -> Row:
    return there(visit, visit.match["id"])


def by_id(visit: Visit) -> Answer:
    return visit.service.render(seen(visit))


def of_request(visit: Visit) -> Answer:
    """A request, whose reporter's address is shown here."""
    row = seen(visit)
    reporter = None if row.person is None else visit.world.truth(Kind.PERSON, row.person)
    return {"issueId": row.id, "reporter": None if reporter is None else customer(reporter, visit.world)}


def participants(visit: Visit) -> Answer:
    """Who takes part in a request beside its reporter, one on a page."""
    others = seen(visit).others
    start = int(visit.params["start"])
    page = [customer(visit.world.truth(Kind.PERSON, id), visit.world) for id in others[start : start + 1]]
    return {"values": page, "isLastPage": start + 1 >= len(others)}


def browsed(visit: Visit) -> Answer:
    assert visit.json["permissions"] == ["BROWSE_PROJECTS"]
    shown: list[JsonValue] = [{"id": 10_000, "key": "SUP"}, {"id": 10_001, "key": "OPS"}]
    return {"projects": [] if visit.service.is_blind else shown}


def invite(visit: Visit) -> Response:
    email = str(visit.json["email"])
    if any(one.email == email for one in visit.world.live(Kind.PERSON)):
        raise Refused(400, "An account already exists for this email")
    person = visit.world.add(Kind.PERSON, title=str(visit.json["displayName"]), email=email)
    return answered(201, customer(person, visit.world))


def admit(visit: Visit) -> Response:
    for id in cast("list[str]", visit.json["accountIds"]):
        if visit.service.seen(Kind.PERSON, id) is None:
            raise Refused(400, "there is no such account")
    return Response(204)


def create(visit: Visit) -> Response:
    reporter = str(visit.json["raiseOnBehalfOf"])
    if visit.service.seen(Kind.PERSON, reporter) is None:
        raise Refused(400, "there is no account with this id")
    fields = cast("dict[str, JsonValue]", visit.json["requestFieldValues"])
    row = visit.world.add(Kind.ISSUE, word="new", title=str(fields["summary"]), person=reporter)
    return answered(201, {"issueId": row.id, "issueKey": f"SUP-{row.number}"})


def comment(visit: Visit) -> Response:
    row = seen(visit)
    if visit.json["public"] is not False:
        raise Refused(400, "a customer would see this")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, str(visit.json["body"])))
    return answered(201, {"id": "1"})


def label(visit: Visit) -> Response:
    row = seen(visit)
    update = cast("dict[str, list[dict[str, str]]]", visit.json["update"])
    added = [one["add"] for one in update["labels"]]
    tags = tuple(dict.fromkeys((*row.tags, *added)))
    if tags != row.tags:
        visit.world.change(Kind.ISSUE, row.id, tags=tags)
    return Response(204)


def nothing(visit: Visit) -> Answer:
    seen(visit)
    raise Refused(404, "there is no feedback")


def error(status: int, words: str) -> JsonValue:
    return {"errorMessages": [words or str(status)], "errors": {}}


def presents(asked: Request) -> str | None:
    form = dict(asked.form or parse_qsl((asked.content or b"").decode()))
    return form.get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "expires_in": 3600, "scope": "read:jira-work"}


ISSUE = rf"{API}/issue/(?P<id>[0-9]+)"
REQUEST = rf"{DESK}/request/(?P<id>[0-9]+)"

JIRA = Sheet(
    name="jira_service_management",
    base_url="https://acme.atlassian.net",
    words={"new": IssueStatus.NEW, "indeterminate": IssueStatus.OPEN, "done": IssueStatus.RESOLVED},
    render={Kind.PERSON: customer, Kind.ACCOUNT: organization, Kind.ISSUE: issue},
    listings=(
        Listing(
            kinds=(Kind.ACCOUNT,),
            path=f"{DESK}/organization",
            ask=counted,
            answer=values,
            sort=Sort("created", PAGED),
            size=Size(DESK_PAGE, DESK_PAGE, PAGED, shrinks=False),
            tokens=Tokens("offset", PAGED),
            at=("values",),
        ),
        Listing(
            kinds=(Kind.PERSON,),
            path=rf"{DESK}/servicedesk/(?P<desk>[56])/customer",
            ask=counted,
            answer=values,
            sort=Sort("created", PAGED),
            size=Size(DESK_PAGE, DESK_PAGE, PAGED, shrinks=False),
            tokens=Tokens("offset", PAGED),
            at=("values",),
            key="accountId",
            required=frozenset({"accountId"}),
        ),
        Listing(
            kinds=(Kind.ISSUE,),
            path=f"{API}/search/jql",
            method="POST",
            ask=search,
            answer=searched,
            sort=Sort("changed", said("D", "ORDER BY updated ASC, key ASC")),
            size=Size(50, 100, said("D", "nextPageToken missing/null = last page")),
            tokens=Tokens("keyset", said("D", "token expires in 7 days"), lives=timedelta(days=7), is_bound=True),
            lag=Lag(timedelta(minutes=5), said("D", 'search may be stale "a few seconds to minutes"')),
            at=("issues",),
            required=frozenset({"id", "fields", "fields.created", "fields.updated"}),
            status="fields.status.statusCategory.key",
        ),
    ),
    actions=(
        Action("GET", f"{DESK}/servicedesk", desks, PAGED),
        Action("GET", ISSUE, by_id, said("M", "Reconcile: GET 404")),
        Action("GET", REQUEST, of_request, REQUESTS),
        Action("GET", f"{REQUEST}/participant", participants, PAGED),
        Action("GET", f"{REQUEST}/feedback", nothing, said("M", "CSAT: /request/{id}/feedback {rating 1..5}")),
        Action(
            "POST", f"{API}/permissions/project", browsed, said("D", 'request the "Browse" for all service projects')
        ),
        Action("POST", f"{DESK}/customer", invite, CREATING),
        Action("POST", f"{DESK}/servicedesk/5/customer", admit, CREATING),
        Action("POST", f"{DESK}/request", create, CREATING),
        Action(
            "POST",
            f"{REQUEST}/comment",
            comment,
            said("D", "internal note: POST /rest/servicedeskapi/request/{id}/comment {body, public:false}"),
        ),
        Action("PUT", ISSUE, label, said("D", "{update:{labels:[{add}]}} (add, never replace)")),
    ),
    happens=(Happens(Kind.ISSUE, Fate.PURGED, said("M", "Deleted or moved issue: simply absent from search")),),
    hides=Hides((Kind.ISSUE,), said("D", 'request the "Browse" for all service projects')),
    includes=Includes(said("M", 'Reporter may be an agent "on behalf": also read participants')),
    renews=Renews(
        "/oauth/token",
        presents,
        granted,
        said("M", "OAuth 2.0 3LO / service accounts via https://api.atlassian.com/ex/jira/{cloudId}"),
        is_single_use=True,
    ),
    limited=Limited(said("M", "429 with Retry-After (s) and X-RateLimit-Reset")),
    make_id=make_id,
    error=error,
)
