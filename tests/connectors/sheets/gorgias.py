"""Gorgias as the facts page describes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from urllib.parse import parse_qsl

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import (
    Action,
    Aliases,
    Answer,
    Ask,
    Found,
    Gone,
    Happens,
    Hides,
    Limited,
    Listing,
    Lookup,
    Optional,
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
from alignkit.transport import JsonValue, Request, Response

said = quoting("gorgias")

API = "/api"
LISTED = said("C", "Lists: GET /tickets?limit=100&cursor=&order_by=updated_datetime:desc")
MICROSECOND = timedelta(microseconds=1)


def stamp(moment: datetime) -> str:
    """A time with a fraction of a second, or without one: both are seen."""
    return moment.isoformat()


def number(id: str | None) -> int | None:
    return None if id is None else int(id)


def customer(row: Row, _world: World) -> JsonValue:
    addresses = [one for one in (row.email, *row.addresses) if one]
    channels: list[JsonValue] = [
        {"id": place, "type": "email", "address": one, "preferred": place == 1}
        for place, one in enumerate(addresses, 1)
    ]
    return {
        "id": int(row.id),
        "external_id": None,
        "active": True,
        "email": row.email,
        "name": row.title,
        "channels": channels,
        "language": None,
        "timezone": None,
        "created_datetime": stamp(row.created),
        "updated_datetime": stamp(row.changed),
    }


def requester(row: Row, world: World) -> JsonValue:
    if row.person is None:
        return None
    person = world.truth(Kind.PERSON, row.person)
    return {"id": int(person.id), "name": person.title, "email": person.email}


def ticket(row: Row, world: World) -> JsonValue:
    is_snoozed = row.word == "snoozed"
    return {
        "id": int(row.id),
        "status": "closed" if is_snoozed else row.word,
        "priority": "normal",
        "channel": "email",
        "via": "email",
        "from_agent": False,
        "spam": row.fate is Fate.SPAM,
        "customer": requester(row, world),
        "assignee_user": None,
        "subject": row.title,
        "tags": [{"id": place, "name": tag} for place, tag in enumerate(row.tags)],
        "created_datetime": stamp(row.created),
        "updated_datetime": stamp(row.changed),
        "closed_datetime": None,
        "last_received_message_datetime": stamp(row.created),
        "snooze_datetime": stamp(row.changed + timedelta(days=30)) if is_snoozed else None,
        "trashed_datetime": stamp(row.changed) if row.fate is Fate.DELETED else None,
    }


def survey(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "ticket_id": number(row.issue),
        "customer_id": number(row.person),
        "score": row.score,
        "body_text": row.title,
        "created_datetime": stamp(row.created),
        "scored_datetime": stamp(row.changed),
    }


def ask(visit: Visit) -> Ask:
    field, _, way = visit.params.get("order_by", "created_datetime:desc").partition(":")
    key = "changed" if field == "updated_datetime" else "created"
    return Ask(
        token=visit.params.get("cursor"),
        size=int(visit.params.get("limit", "30")),
        sort=(f"-{key}" if way == "desc" else key,),
    )


def envelope(found: Found) -> Answer:
    return {"object": "list", "data": found.records, "meta": {"prev_cursor": None, "next_cursor": found.token}}


def listing(kind: Kind, name: str) -> Listing:
    required = {
        Kind.PERSON: frozenset({"id"}),
        Kind.ISSUE: frozenset({"id", "created_datetime", "updated_datetime"}),
        Kind.SURVEY: frozenset({"id", "created_datetime", "score", "scored_datetime"}),
    }
    return Listing(
        kinds=(kind,),
        path=f"{API}/{name}",
        ask=ask,
        answer=envelope,
        sort=Sort("created", said("M", "order_by default for tickets is created_datetime:desc"), is_newest_first=True),
        size=Size(30, 100, LISTED),
        tokens=Tokens("keyset", LISTED),
        shows=Shows(
            frozenset({Fate.SPAM, Fate.DELETED}),
            said("M", "spam flag bool, trashed_datetime non-null = deleted-soft"),
        ),
        at=("data",),
        required=required[kind],
        status="status" if kind is Kind.ISSUE else None,
    )


# --- writes -----------------------------------------------------------------------------------------------------------


def seen(visit: Visit) -> Row:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    return row


def create(visit: Visit) -> Response:
    email = str(cast("dict[str, JsonValue]", visit.json["customer"])["email"])
    known = [one for one in visit.world.live(Kind.PERSON) if one.email == email]
    person = known[0] if known else visit.world.add(Kind.PERSON, title=email, email=email)
    row = visit.world.add(Kind.ISSUE, word="open", title=str(visit.json["subject"]), person=person.id)
    return answered(201, {"id": int(row.id)})


def write(visit: Visit) -> Response:
    row = seen(visit)
    if visit.json["channel"] != "internal-note" or visit.json["from_agent"] is not True:
        raise Refused(400, "a customer would see this")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, str(visit.json["body_text"])))
    return answered(201, {"id": 1})


def tag(visit: Visit) -> Response:
    row, names = seen(visit), cast("list[str]", visit.json["names"])
    tags = tuple(dict.fromkeys((*row.tags, *names)))
    if tags != row.tags:
        visit.world.change(Kind.ISSUE, row.id, tags=tags)
    return Response(204)


def error(status: int, words: str) -> JsonValue:
    return {"error": {"msg": words or str(status)}}


def presents(request: Request) -> str | None:
    return dict(request.form or parse_qsl((request.content or b"").decode())).get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 86_400}


TICKET = rf"{API}/tickets/(?P<id>[0-9]+)"

GORGIAS = Sheet(
    name="gorgias",
    base_url="https://acme.gorgias.com",
    words={"open": IssueStatus.OPEN, "closed": IssueStatus.CLOSED, "snoozed": IssueStatus.SNOOZED},
    render={Kind.PERSON: customer, Kind.ISSUE: ticket, Kind.SURVEY: survey},
    listings=(
        listing(Kind.PERSON, "customers"),
        listing(Kind.ISSUE, "tickets"),
        listing(Kind.SURVEY, "satisfaction-surveys"),
    ),
    lookups=(
        Lookup(
            Kind.ISSUE,
            TICKET,
            said("C", "List omits message bodies: GET /tickets/{id} has messages[]"),
            gone=(
                Gone(Fate.MERGED, "redirect", said("D", "of a merged ticket answers 301 to the survivor")),
                Gone(Fate.DELETED, "record", said("M", "trashed_datetime non-null = deleted-soft")),
                Gone(Fate.SPAM, "record", said("M", "spam flag bool, trashed_datetime non-null = deleted-soft")),
            ),
            required=frozenset({"id", "created_datetime", "updated_datetime"}),
            status="status",
        ),
        Lookup(
            Kind.PERSON,
            rf"{API}/customers/(?P<id>[0-9]+)",
            said("U", "channels[] {type email|phone|facebook"),
        ),
    ),
    actions=(
        Action("POST", f"{API}/tickets", create, said("M", "POST /tickets {customer:{email}, messages:[{channel")),
        Action("POST", f"{TICKET}/messages", write, said("M", '{channel:"internal-note", via:"api", from_agent:true}')),
        Action("POST", f"{TICKET}/tags", tag, said("M", "POST /tickets/{id}/tags adds, PUT replaces")),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.DELETED, said("M", "trashed_datetime non-null = deleted-soft")),
        Happens(Kind.ISSUE, Fate.SPAM, said("M", "spam flag bool, trashed_datetime non-null = deleted-soft")),
        Happens(Kind.ISSUE, Fate.MERGED, said("D", "of a merged ticket answers 301 to the survivor")),
    ),
    restores=(
        Restores(Kind.ISSUE, Fate.DELETED, said("M", "trashed_datetime non-null = deleted-soft")),
        Restores(Kind.ISSUE, Fate.SPAM, said("M", "spam flag bool, trashed_datetime non-null = deleted-soft")),
    ),
    varies=(Varies(Kind.ISSUE, "person", said("U", "Merged customers: PUT /customers/merge; old id redirects")),),
    aliases=Aliases(said("U", "channels[] {type email|phone|facebook|instagram")),
    optional=(Optional(f"{API}/satisfaction-surveys", 403, said("D", "list GET /satisfaction-surveys")),),
    hides=Hides((Kind.ISSUE,), Quote("TRAPS", "M", "when the token sees only part of the data")),
    limited=Limited(said("C", "429 + Retry-After seconds")),
    renews=Renews("/oauth/token", presents, granted, said("M", "or OAuth2 bearer")),
    unit=MICROSECOND,
    error=error,
)
