"""Pipedrive as a sheet: lists by cursor, whose token belongs to its question."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any, cast
from urllib.parse import parse_qsl

from alignkit.testing.sheet import (
    Action,
    Aliases,
    Answer,
    Ask,
    Bound,
    Found,
    Gone,
    Happens,
    Limited,
    Listing,
    Lookup,
    Refused,
    Renews,
    Sheet,
    Shows,
    Size,
    Sort,
    Tokens,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import SECOND, Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request

said = quoting("pipedrive")


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def thing(row: Row, **fields: JsonValue) -> JsonValue:
    return {
        "id": int(row.id),
        "add_time": stamp(row.created),
        "update_time": stamp(row.changed),
        "is_deleted": row.fate is Fate.DELETED,
        **fields,
    }


def person(row: Row, _world: World) -> JsonValue:
    known: list[JsonValue] = [{"value": one, "primary": False} for one in (row.email, *row.addresses)]
    mails: list[JsonValue] = [{"value": "", "primary": True, "label": "work"}, *known]
    return thing(row, name=row.title, emails=mails, phones=[], org_id=int(row.account) if row.account else None)


def organisation(row: Row, _world: World) -> JsonValue:
    return thing(row, name=row.title, owner_id=1)


def deal(row: Row, _world: World) -> JsonValue:
    return thing(
        row,
        title=row.title,
        status="open",
        stage_id=1,
        value=100.5,
        currency="EUR",
        expected_close_date="2026-04-30",
        person_id=int(row.person) if row.person else None,
    )


def ask(visit: Visit) -> Ask:
    params = visit.params
    ids = params["ids"].split(",") if "ids" in params else None
    if len(ids or ()) > 100 or params.get("sort_by", "id") not in ("id", "update_time", "add_time"):
        raise Refused(400, "no such question")
    wants_deleted = params.get("status") == "deleted"
    since = params.get("updated_since")
    return Ask(
        since=datetime.fromisoformat(since) if since else None,
        where=lambda row: (row.fate is Fate.DELETED) == wants_deleted and (ids is None or row.id in ids),
        token=params.get("cursor"),
        size=int(params["limit"]),
        sort=("id",),
    )


def page(found: Found) -> Answer:
    return {"success": True, "data": found.records, "additional_data": {"next_cursor": found.token}}


def listing(name: str, kind: Kind) -> Listing:
    return Listing(
        kinds=(kind,),
        path=f"/api/v2/{name}",
        ask=ask,
        answer=page,
        sort=Sort("id", said("D", "sort_by is one of id, update_time, add_time")),
        size=Size(100, 500, said("D", "sort_direction=asc&limit=500&cursor= ; same for /organizations, /deals")),
        tokens=Tokens("keyset", said("M", "Cursor is opaque and tied to the same filter set"), is_bound=True),
        bound=Bound("changed", None, said("U", "updated_since is inclusive?"), unit=SECOND),
        shows=Shows(frozenset({Fate.DELETED}), said("D", "deals: status=deleted returns those deleted within 30 days")),
        at=("data",),
    )


def one(record: JsonValue) -> JsonValue:
    return {"success": True, "data": record}


def lookup(name: str, kind: Kind) -> Lookup:
    return Lookup(
        kind,
        rf"/api/v2/{name}/(?P<id>\d+)",
        said("U", "persons/organisations have is_deleted field, no list filter in v2"),
        answer=one,
        gone=(Gone(Fate.DELETED, "record", said("U", "persons/organisations have is_deleted field")),),
        at=("data",),
    )


def note(visit: Visit) -> Answer:
    """A note is HTML."""
    body = cast("dict[str, Any]", visit.json)
    row = visit.service.seen(Kind.PERSON, str(body["person_id"]))
    if row is None:
        raise Refused(404, "Person not found")
    visit.world.change(Kind.PERSON, row.id, notes=(*row.notes, unescape(body["content"])))
    return answered(201, one({"id": 1}))


def error(status: int, words: str) -> JsonValue:
    return {"success": False, "error": words or str(status), "data": None}


def presents(request: Request) -> str | None:
    return dict(request.form or parse_qsl((request.content or b"").decode())).get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "expires_in": 3600}


PIPEDRIVE = Sheet(
    name="pipedrive",
    base_url="https://acme.pipedrive.com",
    words={},
    render={Kind.PERSON: person, Kind.ACCOUNT: organisation, Kind.OPPORTUNITY: deal},
    listings=(
        listing("organizations", Kind.ACCOUNT),
        listing("persons", Kind.PERSON),
        listing("deals", Kind.OPPORTUNITY),
    ),
    lookups=(
        lookup("organizations", Kind.ACCOUNT),
        lookup("persons", Kind.PERSON),
        lookup("deals", Kind.OPPORTUNITY),
    ),
    actions=(Action("POST", "/v1/notes", note, said("D", "Note: POST /v1/notes {content, person_id}")),),
    renews=Renews("/oauth/token", presents, granted, said("M", "or OAuth2 Bearer with api_domain from the token")),
    error=error,
    happens=(
        Happens(Kind.OPPORTUNITY, Fate.DELETED, said("D", "status=deleted returns those deleted within 30 days")),
    ),
    aliases=Aliases(said("D", "Identity: emails[] {value, primary, label}")),
    limited=Limited(
        said("M", "headers x-ratelimit-limit/-remaining/-reset, x-daily-requests-left; 429"),
        headers=lambda _now, seconds: {"x-ratelimit-reset": str(seconds)},
    ),
    unit=timedelta(seconds=1),
    # The kit's test of large ids looks at issues, of which there are none.
    has_numeric_ids=False,
)
