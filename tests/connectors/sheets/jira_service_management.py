"""Jira Service Management as the facts page describes it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import cast

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.query import read_query
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Found,
    Happens,
    Hides,
    Lag,
    Limited,
    Listing,
    Refused,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    quoting,
)
from alignkit.testing.sheet_service import answered
from alignkit.testing.world import Fate, Kind, Row, World, large_number
from alignkit.transport import JsonValue, Response

said = quoting("jira-service-management")

API = "/rest/api/3"
DESK = "/rest/servicedeskapi"
ZONE = timezone(timedelta(hours=1))
PAGED = said("M", "(paged start/limit/isLastPage)")
REQUESTS = said("M", "GET /rest/servicedeskapi/request/{idOrKey} gives currentStatus{status,statusCategory,statusDate}")


def stamp(moment: datetime) -> str:
    """A time as Jira writes it: in the user's zone, with an offset without a colon."""
    local = moment.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}{local:%z}"


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
            "creator": person(row, world),
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
    }
    return known[field]


def literal(field: str, text: str) -> object:
    return int(text) if field == "updated" else text


def search(visit: Visit) -> Ask:
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
    body: dict[str, JsonValue] = {"issues": found.records}
    if found.has_more:
        body["nextPageToken"] = found.token
    return body


def counted(visit: Visit) -> Ask:
    start, size = int(visit.params.get("start", "0")), int(visit.params.get("limit", "50"))
    return Ask(page=start // size + 1, size=size)


def values(found: Found) -> Answer:
    return {"values": found.records, "size": len(found.records), "isLastPage": not found.has_more}


# --- by id, and writes ------------------------------------------------------------------------------------------------


def desks(visit: Visit) -> Answer:
    start = int(visit.params.get("start", "0"))
    known: list[JsonValue] = [{"id": "5", "projectKey": "SUP"}]
    return {"values": known[start:], "isLastPage": True}


def seen(visit: Visit) -> Row:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    return row


def by_id(visit: Visit) -> Answer:
    return visit.service.render(seen(visit))


def create(visit: Visit) -> Response:
    email = str(visit.json["raiseOnBehalfOf"])
    fields = cast("dict[str, JsonValue]", visit.json["requestFieldValues"])
    known = [one for one in visit.world.live(Kind.PERSON) if one.email == email]
    person = known[0] if known else visit.world.add(Kind.PERSON, title=email, email=email)
    row = visit.world.add(Kind.ISSUE, word="new", title=str(fields["summary"]), person=person.id)
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
            size=Size(50, 50, PAGED, shrinks=False),
            tokens=Tokens("offset", PAGED),
            at=("values",),
        ),
        Listing(
            kinds=(Kind.PERSON,),
            path=rf"{DESK}/servicedesk/5/customer",
            ask=counted,
            answer=values,
            sort=Sort("created", said("M", "e-mail visible only to admin/JSM endpoints")),
            size=Size(50, 50, PAGED, shrinks=False),
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
            sort=Sort("changed", said("I", "JQL must be bounded (unbounded rejected 400)")),
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
        Action("GET", f"{REQUEST}/feedback", nothing, said("M", "CSAT: /request/{id}/feedback {rating 1..5}")),
        Action("POST", f"{DESK}/request", create, REQUESTS),
        Action("POST", f"{REQUEST}/comment", comment, REQUESTS),
        Action("PUT", ISSUE, label, REQUESTS),
    ),
    happens=(Happens(Kind.ISSUE, Fate.PURGED, said("M", "Deleted or moved issue: simply absent from search")),),
    hides=Hides((Kind.ISSUE,), said("D", 'request the "Browse" for all service projects')),
    limited=Limited(said("M", "429 with Retry-After (s) and X-RateLimit-Reset")),
    make_id=make_id,
    error=error,
)
