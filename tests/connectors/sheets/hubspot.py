"""HubSpot as a sheet: search by window and id, archived lists, batches, associations and pipelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import (
    Action,
    Aliases,
    Answer,
    Ask,
    Bound,
    Cap,
    Found,
    Gone,
    Happens,
    Hides,
    Includes,
    Lag,
    Limited,
    Listing,
    Lookup,
    Quote,
    Refused,
    Renews,
    Restores,
    Sheet,
    Shows,
    Size,
    Sort,
    Tokens,
    Varies,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request

said = quoting("hubspot")

STAGES: dict[str, JsonValue] = {
    "1": {"ticketState": "OPEN"},
    "2": {"ticketState": "OPEN", "isClosed": "false"},
    "3": {},
    "4": {"ticketState": "CLOSED"},
    "5": {"isClosed": "true"},
}
WORDS = {
    "1": IssueStatus.OPEN,
    "2": IssueStatus.OPEN,
    "3": IssueStatus.UNKNOWN,
    "4": IssueStatus.CLOSED,
    "5": IssueStatus.CLOSED,
}
CHANGED = {"tickets": "hs_lastmodifieddate", "companies": "hs_lastmodifieddate", "contacts": "lastmodifieddate"}
KINDS = {"tickets": Kind.ISSUE, "contacts": Kind.PERSON, "companies": Kind.ACCOUNT}
MILLISECOND = timedelta(milliseconds=1)
STATUS = "properties.hs_pipeline_stage"


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def thing(row: Row, properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What all objects have in common."""
    return {
        "id": row.id,
        "properties": {"hs_object_id": row.id, **properties},
        "createdAt": stamp(row.created),
        "updatedAt": stamp(row.changed),
        "archived": row.fate is Fate.DELETED,
        **({"archivedAt": stamp(row.changed)} if row.fate is Fate.DELETED else {}),
        "url": f"https://app.hubspot.com/contacts/1/record/0-5/{row.id}",
    }


def losers(row: Row, world: World) -> str | None:
    return ";".join(one.id for one in world.everything(row.kind) if one.survivor == row.id) or None


def ticket(row: Row, world: World) -> JsonValue:
    return thing(
        row,
        {
            "subject": row.title,
            "hs_pipeline": "0",
            "hs_pipeline_stage": row.word,
            "hs_ticket_priority": "MEDIUM",
            "source_type": "EMAIL",
            "closed_date": stamp(row.changed) if row.status is IssueStatus.CLOSED else "",
            "hs_merged_object_ids": losers(row, world),
            "topics": ";".join(row.tags),
        },
    )


def contact(row: Row, world: World) -> JsonValue:
    return thing(
        row,
        {
            "firstname": row.title,
            "lastname": None,
            "email": row.email,
            "hs_additional_emails": ";".join(row.addresses) or None,
            "associatedcompanyid": row.account,
            "hs_merged_object_ids": losers(row, world),
        },
    )


def company(row: Row, _world: World) -> JsonValue:
    return thing(row, {"name": row.title, "domain": "example.com"})


def search(visit: Visit) -> Ask:
    """A search as the connector may send one: filters of one group, one order."""
    body = cast("dict[str, Any]", visit.json)
    changed = CHANGED[visit.match["kind"]]
    groups = cast("list[dict[str, list[dict[str, str]]]]", body["filterGroups"])
    filters = groups[0]["filters"] if groups else []
    asked = {(one["propertyName"], one["operator"]): one["value"] for one in filters}
    unknown = asked.keys() - {(changed, "GTE"), (changed, "LTE"), ("hs_object_id", "GT")}
    if unknown or body["limit"] > 200 or body["sorts"] != [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]:
        raise Refused(400, "no such search")
    since, until = asked.get((changed, "GTE")), asked.get((changed, "LTE"))
    return Ask(
        since=_moment(since) if since else None,
        until=_moment(until) if until else None,
        above=asked.get(("hs_object_id", "GT")),
        token=None if body["after"] == "0" else body["after"],
        size=body["limit"],
        sort=("id",),
    )


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(milliseconds))


def page(found: Found) -> Answer:
    paging: dict[str, JsonValue] = {"paging": {"next": {"after": found.token}}} if found.has_more else {}
    return {"total": found.total, "results": found.records, **paging}


def searching(name: str) -> Listing:
    return Listing(
        kinds=(KINDS[name],),
        path=f"/crm/v3/objects/(?P<kind>{name})/search",
        method="POST",
        ask=search,
        answer=page,
        sort=Sort(
            "id", said("I", "inside a fixed [lo,hi] window sort by hs_object_id and add hs_object_id GT last_id")
        ),
        size=Size(10, 200, said("D", "limit up to 200 [D1]")),
        tokens=Tokens("offset", said("D", "paging.next.after absent => end")),
        bound=Bound(
            "changed",
            is_inclusive=True,
            why=said("D", 'filters:[{propertyName,operator:"GTE",value:"<epoch ms>"}'),
            unit=MILLISECOND,
        ),
        cap=Cap(said("I", "10,000-row cap per query: after>10,000 => HTTP 400"), rows=10_000),
        lag=Lag(timedelta(seconds=90), said("I", "search misses just-changed records")),
        at=("results",),
        required=frozenset({"id", "createdAt"} if name == "tickets" else {"id"}),
        status=STATUS if name == "tickets" else None,
    )


def listed(visit: Visit) -> Ask:
    wants_archived = visit.params.get("archived") == "true"
    return Ask(
        where=lambda row: (row.fate is Fate.DELETED) == wants_archived,
        token=visit.params.get("after"),
        size=int(visit.params["limit"]),
    )


def listing(name: str) -> Listing:
    return Listing(
        kinds=(KINDS[name],),
        path=f"/crm/v3/objects/{name}",
        ask=listed,
        answer=page,
        sort=Sort("id", said("C", "DB-consistent, order by id")),
        size=Size(
            10, 100, said("C", "no time filter; DB-consistent, order by id; use for backfill and daily reconcile")
        ),
        tokens=Tokens("keyset", said("D", "paging.next.after absent => end")),
        shows=Shows(frozenset({Fate.DELETED}), said("D", "GET ...?archived=true lists archived (archivedAt)")),
        at=("results",),
        required=frozenset({"id", "createdAt"} if name == "tickets" else {"id"}),
        status=STATUS if name == "tickets" else None,
    )


def lookup(name: str) -> Lookup:
    return Lookup(
        KINDS[name],
        rf"/crm/v3/objects/{name}/(?P<id>\d+)",
        said("M", "loser id vanishes"),
        gone=(Gone(Fate.MERGED, "survivor", said("M", "GET old id returns the winner")),),
        required=frozenset({"id", "createdAt"} if name == "tickets" else {"id"}),
        status=STATUS if name == "tickets" else None,
    )


def batch(visit: Visit) -> Answer:
    """Objects by id; those that are not there make it a partial answer."""
    kind = KINDS[visit.match["kind"]]
    inputs = cast("list[dict[str, str]]", visit.json["inputs"])
    if len(inputs) > 100:
        raise Refused(400, "too many at once")
    rows = [visit.service.seen(kind, one["id"]) for one in inputs]
    results = [visit.service.render(row) for row in rows if row is not None]
    return answered(200 if None not in rows else 207, {"status": "COMPLETE", "results": results})


def linked(row: Row, name: str) -> list[str]:
    """The contacts of a ticket, or its company."""
    found = (row.person, *row.others) if name == "contacts" else (row.account,)
    return [id for id in found if id is not None]


def associations(visit: Visit) -> Answer:
    """The contacts or the company of each ticket; those without one are errors of a partial answer."""
    results: list[JsonValue] = []
    errors: list[JsonValue] = []
    for one in cast("list[dict[str, str]]", visit.json["inputs"]):
        row = visit.service.seen(Kind.ISSUE, one["id"])
        targets = [] if row is None else linked(row, visit.match["to"])
        if not targets:
            errors.append({"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"fromObjectId": [one["id"]]}})
        else:
            to: list[JsonValue] = [{"toObjectId": int(id), "associationTypes": []} for id in targets]
            results.append({"from": {"id": one["id"]}, "to": to})
    return answered(207 if errors else 200, {"status": "COMPLETE", "results": results, "errors": errors})


def pipelines(_visit: Visit) -> Answer:
    stages: list[JsonValue] = [{"id": id, "label": f"Stage {id}", "metadata": told} for id, told in STAGES.items()]
    return {"results": [{"id": "0", "label": "Support", "stages": stages}]}


def upsert_contact(visit: Visit) -> Answer:
    [wanted] = cast("list[dict[str, Any]]", visit.json["inputs"])
    if wanted["idProperty"] != "email":
        raise Refused(400, "no such unique property")
    known = (row.id for row in visit.world.live(Kind.PERSON) if row.email == wanted["id"])
    found = next(known, None) or visit.world.add(Kind.PERSON, email=wanted["id"], title="new").id
    return {"status": "COMPLETE", "results": [{"id": found}]}


def create(visit: Visit) -> Answer:
    body = cast("dict[str, Any]", visit.json)
    said_of, [link] = body["properties"], body["associations"]
    if link["types"][0]["associationTypeId"] != 16:
        raise Refused(400, "no such association")
    made = visit.world.add(
        Kind.ISSUE, title=said_of["subject"], word=said_of["hs_pipeline_stage"], person=link["to"]["id"]
    )
    return answered(201, {"id": made.id, "properties": {}})


def note(visit: Visit) -> Answer:
    body = cast("dict[str, Any]", visit.json)
    [link] = body["associations"]
    row = visit.service.seen(Kind.ISSUE, link["to"]["id"])
    if row is None or link["types"][0]["associationTypeId"] != 228 or not int(body["properties"]["hs_timestamp"]):
        raise Refused(400, "no such note")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, body["properties"]["hs_note_body"]))
    return answered(201, {"id": "1"})


def change(visit: Visit) -> Answer:
    """Sets properties; a value that begins with a semicolon is added to what is there."""
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    [(name, value)] = cast("dict[str, dict[str, str]]", visit.json)["properties"].items()
    assert name == "topics"
    new = [one for one in value.split(";") if one]
    tags = (*row.tags, *(one for one in new if one not in row.tags)) if value.startswith(";") else tuple(new)
    return visit.service.render(visit.world.change(Kind.ISSUE, row.id, tags=tags))


def error(status: int, words: str) -> JsonValue:
    policy: dict[str, JsonValue] = {"policyName": "TEN_SECONDLY_ROLLING"} if status == 429 else {}
    category = {403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND"}.get(status, "VALIDATION_ERROR")
    return {"status": "error", "message": words, "correlationId": "c-1", "category": category, **policy}


def presents(request: Request) -> str | None:
    form = dict(request.form or parse_qsl((request.content or b"").decode()))
    return form.get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "expires_in": 1800}


HUBSPOT = Sheet(
    name="hubspot",
    base_url="https://api.hubapi.com",
    words=WORDS,
    render={Kind.ISSUE: ticket, Kind.PERSON: contact, Kind.ACCOUNT: company},
    listings=(searching("companies"), searching("contacts"), searching("tickets"), *map(listing, KINDS)),
    lookups=(lookup("tickets"), lookup("contacts"), lookup("companies")),
    actions=(
        Action("GET", "/crm/v3/pipelines/tickets", pipelines, said("D", "stages[].metadata.ticketState OPEN|CLOSED")),
        Action(
            "POST",
            "/crm/v3/objects/(?P<kind>tickets|contacts|companies)/batch/read",
            batch,
            said("M", "Answer 207 multi-status"),
        ),
        Action(
            "POST",
            "/crm/v4/associations/tickets/(?P<to>contacts|companies)/batch/read",
            associations,
            said("M", "Answer 207 multi-status: ids with no association are listed under errors"),
        ),
        Action(
            "POST",
            "/crm/v3/objects/contacts/batch/upsert",
            upsert_contact,
            said("D", "upsert by unique property: /batch/upsert with idProperty"),
        ),
        Action("POST", "/crm/v3/objects/tickets", create, said("D", "POST /crm/v3/objects/tickets {properties:")),
        Action("POST", "/crm/v3/objects/notes", note, said("M", "Note = POST /crm/v3/objects/notes + association")),
        Action(
            "PATCH",
            r"/crm/v3/objects/tickets/(?P<id>\d+)",
            change,
            said("M", '";a;b" prefix appends'),
        ),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.DELETED, said("D", "GET ...?archived=true lists archived")),
        Happens(Kind.ISSUE, Fate.MERGED, said("D", "POST /crm/v3/objects/tickets/merge")),
        Happens(Kind.ISSUE, Fate.PURGED, said("M", "contact.privacyDeletion (GDPR: erase)")),
        Happens(Kind.PERSON, Fate.DELETED, said("D", "GET ...?archived=true lists archived")),
        Happens(Kind.ACCOUNT, Fate.DELETED, said("D", "GET ...?archived=true lists archived")),
        Happens(Kind.PERSON, Fate.MERGED, said("M", "hs_merged_object_ids / hs_calculated_merged_vids")),
    ),
    restores=(
        Restores(
            Kind.ISSUE,
            Fate.DELETED,
            said("M", "Topics ticket.creation/deletion/merge/propertyChange/associationChange/restore"),
        ),
    ),
    varies=(
        Varies(
            Kind.ISSUE,
            "person",
            said("U", "association-only changes do NOT bump hs_lastmodifieddate"),
            is_stamped=False,
        ),
    ),
    includes=Includes(said("D", "a ticket with many contacts is paged PER INPUT")),
    aliases=Aliases(said("M", 'hs_additional_emails ";"-separated')),
    hides=Hides((Kind.ISSUE,), Quote("TRAPS", "M", "when the token sees only part of the data")),
    limited=Limited(said("M", "429 body policyName"), headers=lambda _now, _seconds: {}),
    renews=Renews(
        "/oauth/v3/token",
        presents,
        granted,
        said("C", "OAuth access token (about 30 min; refresh; tap-hubspot 4.4.0 had to move off OAuth v1"),
    ),
    unit=MILLISECOND,
    error=error,
)
