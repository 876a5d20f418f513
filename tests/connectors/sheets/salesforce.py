"""Salesforce as a sheet: SOQL over all records, single records, and writes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl

from alignkit.connectors.salesforce.records import cases, opportunities, whole_id
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.query import Query, read_query
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Found,
    Happens,
    Hides,
    Late,
    Listing,
    Refused,
    Renews,
    Restores,
    Sheet,
    Shows,
    Size,
    Sort,
    Supplies,
    Tokens,
    Varies,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import SECOND, Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request

said = quoting("salesforce")

API = r"/services/data/v62\.0"
WORDS = {
    "New": IssueStatus.OPEN,
    "Working": IssueStatus.OPEN,
    "Waiting for the customer": IssueStatus.WAITING_ON_CUSTOMER,
    "Closed": IssueStatus.CLOSED,
}
PREFIXES = {Kind.ACCOUNT: "001", Kind.PERSON: "003", Kind.OPPORTUNITY: "006", Kind.ISSUE: "500"}
OBJECTS = {"Account": Kind.ACCOUNT, "Contact": Kind.PERSON, "Opportunity": Kind.OPPORTUNITY, "Case": Kind.ISSUE}
GONE = frozenset({Fate.DELETED, Fate.MERGED})
QUERY = re.compile(r"SELECT (?P<fields>.*?) FROM (?P<object>\w+)(?: WHERE)?(?P<rest>.*)", re.DOTALL)


def make_id(kind: Kind, number: int, _created: datetime) -> str:
    whole = whole_id(f"{PREFIXES.get(kind, '0ZZ')}dM00000{number:05d}")
    assert whole is not None
    return whole


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def thing(row: Row, name: str, **fields: JsonValue) -> JsonValue:
    """What all records have in common."""
    return {
        "attributes": {"type": name, "url": f"/services/data/v62.0/sobjects/{name}/{row.id}"},
        "Id": row.id,
        "CreatedDate": stamp(row.created),
        "LastModifiedDate": stamp(row.changed),
        "SystemModstamp": stamp(row.touched),
        "IsDeleted": row.fate in GONE,
        "MasterRecordId": row.survivor,
        **fields,
    }


def case(row: Row, world: World) -> JsonValue:
    contact = None if row.person is None else world.truth(Kind.PERSON, row.person)
    is_closed = row.status is IssueStatus.CLOSED
    return thing(
        row,
        "Case",
        Subject=row.title,
        Status=row.word,
        IsClosed=is_closed,
        Priority="Medium",
        Origin="Email",
        ContactId=row.person,
        ContactEmail=contact.email if contact else None,
        SuppliedEmail=row.email,
        AccountId=row.account,
        ClosedDate=stamp(row.changed) if is_closed else None,
    )


def contact(row: Row, _world: World) -> JsonValue:
    return thing(row, "Contact", Name=row.title, Email=row.email, Phone=None, AccountId=row.account)


def account(row: Row, _world: World) -> JsonValue:
    return thing(row, "Account", Name=row.title, Website="https://www.example.com/shop")


def opportunity(row: Row, _world: World) -> JsonValue:
    return thing(
        row,
        "Opportunity",
        Name=row.title,
        StageName="Prospecting",
        IsClosed=False,
        IsWon=False,
        Amount=35000.0,
        CloseDate="2026-04-30",
        AccountId=row.account,
    )


def value(row: Row, field: str) -> Any:
    contact_of = {"Email": row.email, "Name": row.title}
    return {"Id": row.id, "SystemModstamp": row.touched, **contact_of}[field]


def literal(field: str, text: str) -> Any:
    return datetime.fromisoformat(text) if field == "SystemModstamp" else text


def asked(visit: Visit) -> tuple[str, str, Query]:
    """The object, the fields and the conditions of a query."""
    parts = QUERY.fullmatch(visit.params["q"])
    if parts is None:
        raise Refused(400, "MALFORMED_QUERY")
    rest = parts["rest"] if "ORDER BY" in parts["rest"] else f"{parts['rest'].partition(' LIMIT')[0]}"
    return parts["object"], parts["fields"], read_query(rest, value, literal)


def query_all(visit: Visit) -> Ask:
    name, fields, query = asked(visit)
    if name == "Opportunity" and "CurrencyIsoCode" in fields:
        raise Refused(400, "INVALID_FIELD")
    keys = {"SystemModstamp": "touched", "Id": "id"}
    return Ask(
        where=lambda row: row.kind is OBJECTS.get(name) and query.where(row),
        size=query.limit,
        sort=tuple(f"-{keys[key]}" if is_turned else keys[key] for key, is_turned in query.order) or ("id",),
    )


def page(found: Found) -> Answer:
    locator: dict[str, JsonValue] = {"nextRecordsUrl": "/services/data/v62.0/query/0r8-2000"} if found.has_more else {}
    return {"totalSize": found.total, "done": not found.has_more, **locator, "records": found.records}


def query(visit: Visit) -> Answer:
    """The small queries that a writer makes; the objects that hold no rows here are empty."""
    name, fields, read = asked(visit)
    if fields == "COUNT()":
        return {
            "totalSize": len(visit.world.live(OBJECTS[name])) if name in OBJECTS else 0,
            "done": True,
            "records": [],
        }
    if name == "CaseStatus":
        return rows([{"MasterLabel": word} for word in WORDS])
    if name == "Topic":
        wanted = re.search(r"Name = '([^']+)'", visit.params["q"])
        return rows([{"Id": f"0TO-{wanted[1]}"}] if wanted else [])
    if name == "TopicAssignment":
        named = re.search(r"EntityId = '(\w+)' AND TopicId = '0TO-([^']+)'", visit.params["q"])
        assert named is not None
        row = visit.service.seen(Kind.ISSUE, named[1])
        return rows([{"Id": "0TA"}] if row and named[2] in row.tags else [])
    return rows([{"Id": row.id} for row in visit.world.live(OBJECTS[name]) if read.where(row)])


def rows(found: list[JsonValue]) -> JsonValue:
    return {"totalSize": len(found), "done": True, "records": found}


def describe(visit: Visit) -> Answer:
    """The fields of an object, where a single currency leaves out the one for currencies."""
    kinds = {"Opportunity": opportunities(), "Case": cases()}
    return {"fields": [{"name": name} for name in kinds[visit.match["object"]].fields if name != "CurrencyIsoCode"]}


def create(visit: Visit) -> Answer:
    body = cast("dict[str, str]", visit.json)
    made = visit.world.add(Kind.ISSUE, title=body["Subject"], word="New", person=body.get("ContactId"))
    return answered(201, {"id": made.id, "success": True, "errors": []})


def comment(visit: Visit) -> Answer:
    body = cast("dict[str, Any]", visit.json)
    row = visit.service.seen(Kind.ISSUE, body["ParentId"])
    if row is None or body["IsPublished"] is not False:
        raise Refused(400, "INVALID_CROSS_REFERENCE_KEY")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, body["CommentBody"]))
    return answered(201, {"id": "00a", "success": True})


def assign(visit: Visit) -> Answer:
    body = cast("dict[str, str]", visit.json)
    row = visit.service.seen(Kind.ISSUE, body["EntityId"])
    if row is None:
        raise Refused(400, "INVALID_CROSS_REFERENCE_KEY")
    visit.world.change(Kind.ISSUE, row.id, tags=(*row.tags, body["TopicId"].removeprefix("0TO-")))
    return answered(201, {"id": "0TA", "success": True})


def error(status: int, words: str) -> JsonValue:
    codes = {401: "INVALID_SESSION_ID", 404: "NOT_FOUND"}
    return [{"errorCode": words if status == 400 else codes.get(status, words), "message": "no"}]


def presents(request: Request) -> str | None:
    form = dict(request.form or parse_qsl((request.content or b"").decode()))
    return form.get("client_secret")


def granted(access: str, _refresh: str) -> JsonValue:
    return {"access_token": access, "token_type": "Bearer", "issued_at": "1772625600000"}


def usage(_world: World) -> dict[str, str]:
    return {"sforce-limit-info": "api-usage=123/15000"}


def deleted(visit: Visit) -> Answer:
    """Which cases were deleted in a window, those that no query shows any more among them."""
    since, until = (datetime.fromisoformat(visit.params[name]) for name in ("start", "end"))
    if visit.world.now - since > timedelta(days=30) or since.second or until.second:
        raise Refused(400, "INVALID_REPLICATION_DATE")
    gone = [
        row
        for row in visit.world.everything(Kind.ISSUE)
        if row.fate in (Fate.DELETED, Fate.PURGED) and since <= row.touched < until
    ]
    return {
        "deletedRecords": [{"id": row.id, "deletedDate": stamp(row.touched)} for row in gone],
        "earliestDateAvailable": stamp(visit.world.now - timedelta(days=30)),
        "latestDateCovered": stamp(until),
    }


SALESFORCE = Sheet(
    name="salesforce",
    base_url="https://acme.my.salesforce.com",
    words=WORDS,
    render={Kind.ISSUE: case, Kind.PERSON: contact, Kind.ACCOUNT: account, Kind.OPPORTUNITY: opportunity},
    listings=(
        Listing(
            kinds=(Kind.ISSUE, Kind.PERSON, Kind.ACCOUNT, Kind.OPPORTUNITY),
            path=f"{API}/queryAll",
            ask=query_all,
            answer=page,
            sort=Sort("touched", said("C", "Use SystemModstamp (indexed; moves on automated changes)")),
            size=Size(2000, 2000, said("M", "Batch size about 2,000, may be lower")),
            tokens=Tokens("snapshot", said("M", "follow nextRecordsUrl (relative) until done=true")),
            shows=Shows(GONE, said("C", "/queryAll (same SOQL) returns IsDeleted=true rows from the bin")),
            at=("records",),
            key="Id",
            required=frozenset({"Id", "CreatedDate", "SystemModstamp"}),
            status="Status",
        ),
    ),
    actions=(
        Action("GET", f"{API}/query", query, said("D", "GET /query?q=SELECT Id, CaseNumber, Status, IsClosed")),
        Action(
            "GET",
            f"{API}/sobjects/Case/deleted/",
            deleted,
            said("M", "Also GET /sobjects/Case/deleted/?start&end (30 days, minute precision)"),
        ),
        Action(
            "GET",
            rf"{API}/sobjects/(?P<object>\w+)/describe",
            describe,
            said("D", "Describe first; drop optional fields"),
        ),
        Action("POST", f"{API}/sobjects/Case", create, said("D", "POST /sobjects/Case {Subject, Description, Origin")),
        Action(
            "POST",
            f"{API}/sobjects/CaseComment",
            comment,
            said("D", "CaseComment {ParentId, CommentBody, IsPublished:false}"),
        ),
        Action(
            "POST", f"{API}/sobjects/TopicAssignment", assign, said("D", "tags: Topic/TopicAssignment or custom field")
        ),
    ),
    happens=(
        Happens(
            Kind.ISSUE,
            Fate.DELETED,
            said("C", "returns IsDeleted=true rows from the bin (about 15 days, then hard delete)"),
        ),
        *(
            Happens(kind, Fate.DELETED, said("C", "returns IsDeleted=true rows from the bin"))
            for kind in (Kind.PERSON, Kind.ACCOUNT, Kind.OPPORTUNITY)
        ),
        Happens(Kind.ISSUE, Fate.MERGED, said("M", "Case merge: loser kept or deleted by setting")),
        Happens(Kind.ISSUE, Fate.PURGED, said("M", "Hard delete / GDPR purge is invisible => reconcile")),
        Happens(Kind.PERSON, Fate.MERGED, said("M", "loser IsDeleted=true and MasterRecordId=winner")),
    ),
    restores=(Restores(Kind.ISSUE, Fate.DELETED, said("C", "from the bin (about 15 days, then hard delete)")),),
    varies=(Varies(Kind.ISSUE, "person", said("U", "children are reparented (Case.ContactId changes")),),
    supplies=Supplies(said("D", "SuppliedEmail (web-to-case) when ContactId is null")),
    hides=Hides((Kind.ISSUE,), said("D", 'without "View All Data" the user silently sees only part')),
    late=Late(timedelta(minutes=8), said("I", "lookback >= 10 min (long Apex/bulk transactions)")),
    renews=Renews(
        "/services/oauth2/token",
        presents,
        granted,
        said("M", "Session death = 401 INVALID_SESSION_ID: refresh once and repeat"),
        words="INVALID_SESSION_ID",
    ),
    unit=SECOND,
    make_id=make_id,
    has_numeric_ids=False,
    error=error,
    headers=usage,
)
