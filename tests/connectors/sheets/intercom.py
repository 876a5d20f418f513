"""Intercom as the facts page describes it; every second issue is a ticket, the others are conversations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Bound,
    Found,
    Happens,
    Hides,
    Includes,
    Lag,
    Limited,
    Listing,
    Lookup,
    Quote,
    Refused,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue, Response

said = quoting("intercom")

ADMIN = "814860"


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def is_ticket(row: Row) -> bool:
    return row.number % 2 == 1


def contact(row: Row, _world: World) -> JsonValue:
    companies: list[JsonValue] = [{"type": "company", "id": row.account}] if row.account else []
    return {
        "type": "contact",
        "id": row.id,
        "role": "user",
        "external_id": None,
        "email": row.email,
        "phone": None,
        "name": row.title,
        "companies": {"type": "list", "data": companies},
        "created_at": seconds(row.created),
        "updated_at": seconds(row.changed),
    }


def company(row: Row, _world: World) -> JsonValue:
    return {
        "type": "company",
        "id": row.id,
        "company_id": f"own-{row.id}",
        "name": row.title,
        "plan": {},
        "created_at": seconds(row.created),
        "updated_at": seconds(row.changed),
    }


def issue(row: Row, world: World) -> JsonValue:
    ids = [row.person, *row.others] if row.person else []
    people: list[JsonValue] = [{"type": "contact", "id": id, "external_id": None} for id in ids]
    common: dict[str, JsonValue] = {
        "id": row.id,
        "contacts": {"type": "contact.list", "contacts": people},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": tag, "name": tag} for tag in row.tags]},
        "created_at": seconds(row.created),
        "updated_at": seconds(row.changed),
        "snoozed_until": None,
    }
    return {**common, **(_ticket(row) if is_ticket(row) else _conversation(row, world))}


def _ticket(row: Row) -> dict[str, JsonValue]:
    return {
        "type": "ticket",
        "ticket_id": str(row.number),
        "category": "Customer",
        "ticket_attributes": {"_default_title_": row.title, "_default_description_": ""},
        "ticket_state": {"type": "ticket_state", "id": "1", "category": row.word},
        "open": True,
    }


def _conversation(row: Row, world: World) -> dict[str, JsonValue]:
    author: JsonValue = None
    if row.person:
        person = world.truth(Kind.PERSON, row.person)
        author = {"type": "user", "id": person.id, "name": person.title, "email": person.email}
    return {
        "type": "conversation",
        "title": row.title,
        "state": row.word,
        "open": row.word != "closed",
        "priority": "not_priority",
        "waiting_since": None,
        "source": {"type": "conversation", "id": "1", "delivered_as": "customer_initiated", "author": author},
        "statistics": {"type": "conversation_statistics", "last_contact_reply_at": seconds(row.created)},
        "first_contact_reply": None,
        "conversation_rating": None,
        "ticket": None,
    }


# --- searches ---------------------------------------------------------------------------------------------------------


def conditions(visit: Visit) -> Mapping[tuple[str, str], JsonValue]:
    query = cast("dict[str, JsonValue]", visit.json["query"])
    filters = cast("list[dict[str, JsonValue]]", query["value"])
    return {(str(one["field"]), str(one["operator"])): one["value"] for one in filters}


def search(visit: Visit) -> Ask:
    if visit.request.headers.get("Intercom-Version") != "2.15":
        raise Refused(400, "another version")
    value = conditions(visit)["updated_at", ">"]
    pagination = cast("dict[str, JsonValue]", visit.json.get("pagination") or {})
    sort = cast("dict[str, JsonValue]", visit.json.get("sort") or {})
    after, size = pagination.get("starting_after"), pagination.get("per_page", 20)
    assert isinstance(value, int)
    assert isinstance(size, int)
    return Ask(
        since=datetime.fromtimestamp(value, UTC),
        token=None if after is None else str(after),
        size=size,
        sort=("-changed" if sort.get("order") == "descending" else "changed",),
    )


def only(*, tickets: bool) -> Listing:
    name = "tickets" if tickets else "conversations"

    def ask(visit: Visit) -> Ask:
        found = search(visit)
        return Ask(
            since=found.since,
            token=found.token,
            size=found.size,
            sort=found.sort,
            where=lambda row: is_ticket(row) is tickets,
        )

    return Listing(
        kinds=(Kind.ISSUE,),
        path=f"/{name}/search",
        method="POST",
        ask=ask,
        answer=lambda found: envelope(found, name),
        sort=Sort("changed", said("I", "Always send an explicit sort")),
        size=Size(20, 150, said("D", "default 20, max 150 per page")),
        tokens=Tokens("keyset", said("D", "pagination:{per_page:150,starting_after}} ; default 20, max 150 per page")),
        bound=Bound("changed", None, said("D", "but behaves as strict in tests")),
        lag=Lag(timedelta(minutes=3), said("U", "assume the same for conversations"), is_shown_afresh=True),
        at=(name,),
        required=frozenset({"id", "created_at", "updated_at"}),
        status="ticket_state.category" if tickets else "state",
    )


def envelope(found: Found, name: str) -> Answer:
    pages: dict[str, JsonValue] = {"type": "pages", "per_page": found.ask.size}
    if found.has_more:
        pages["next"] = {"per_page": found.ask.size, "starting_after": found.token}
    return {"type": "list", name: found.records, "total_count": found.total, "pages": pages}


COMPANY_PAGE = 2
"""So few rows that the list has pages, whatever is asked for."""


def company_ask(visit: Visit) -> Ask:
    return Ask(page=int(visit.params.get("page", "1")), size=COMPANY_PAGE)


def company_page(found: Found) -> Answer:
    last = max(1, -(-found.total // COMPANY_PAGE))
    return {"type": "list", "data": found.records, "pages": {"page": found.ask.page, "total_pages": last}}


# --- by id, and writes ------------------------------------------------------------------------------------------------


def seen(visit: Visit, *, tickets: bool) -> Row:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None or is_ticket(row) is not tickets:
        raise Refused(404, "not_found")
    return row


def conversation_by_id(visit: Visit) -> Answer:
    return visit.service.render(seen(visit, tickets=False))


def ticket_by_id(visit: Visit) -> Answer:
    return visit.service.render(seen(visit, tickets=True))


def create(visit: Visit) -> Response:
    contacts = cast("list[dict[str, JsonValue]]", visit.json["contacts"])
    attributes = cast("dict[str, JsonValue]", visit.json["ticket_attributes"])
    email = str(contacts[0]["email"])
    known = [one for one in visit.world.live(Kind.PERSON) if one.email == email]
    person = known[0] if known else visit.world.add(Kind.PERSON, title=email, email=email)
    row = visit.world.add(Kind.ISSUE, word="submitted", title=str(attributes["_default_title_"]), person=person.id)
    return answered(200, {"type": "ticket", "id": row.id})


def reply(visit: Visit) -> Answer:
    row = seen(visit, tickets=visit.match["what"] == "tickets")
    if visit.json["message_type"] != "note" or visit.json["admin_id"] != ADMIN:
        raise Refused(422, "a customer would see this")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, str(visit.json["body"])))
    return {"type": "conversation", "id": row.id}


def make_tag(visit: Visit) -> Answer:
    return {"type": "tag", "id": visit.json["name"], "name": visit.json["name"]}


def attach(visit: Visit) -> Answer:
    row, tag = seen(visit, tickets=visit.match["what"] == "tickets"), str(visit.json["id"])
    if tag not in row.tags:
        visit.world.change(Kind.ISSUE, row.id, tags=(*row.tags, tag))
    return {"type": "tag", "id": tag, "name": tag}


def error(status: int, words: str) -> JsonValue:
    code = "not_found" if status == 404 else words or str(status)
    return {"type": "error.list", "request_id": "r1", "errors": [{"code": code, "message": words}]}


def left(world: World) -> Mapping[str, str]:
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-reset": str(seconds(world.now) + 10),
    }


def spent(now: datetime, wait: int) -> Mapping[str, str]:
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(seconds(now) + wait)}


PATH = r"/(?P<what>conversations|tickets)/(?P<id>[0-9]+)"

INTERCOM = Sheet(
    name="intercom",
    base_url="https://api.intercom.io",
    words={
        "open": IssueStatus.OPEN,
        "snoozed": IssueStatus.SNOOZED,
        "closed": IssueStatus.CLOSED,
        "submitted": IssueStatus.NEW,
        "in_progress": IssueStatus.OPEN,
        "waiting_on_customer": IssueStatus.WAITING_ON_CUSTOMER,
        "resolved": IssueStatus.RESOLVED,
    },
    render={Kind.PERSON: contact, Kind.ACCOUNT: company, Kind.ISSUE: issue},
    listings=(
        Listing(
            kinds=(Kind.ACCOUNT,),
            path="/companies/list",
            method="POST",
            ask=company_ask,
            answer=company_page,
            sort=Sort("created", said("M", "Companies: /companies/list (page)")),
            size=Size(COMPANY_PAGE, COMPANY_PAGE, said("M", "Companies: /companies/list (page)"), shrinks=False),
            tokens=Tokens("offset", said("M", "Companies: /companies/list (page)")),
            at=("data",),
        ),
        Listing(
            kinds=(Kind.PERSON,),
            path="/contacts/search",
            method="POST",
            ask=search,
            answer=lambda found: envelope(found, "data"),
            sort=Sort("changed", said("I", "Always send an explicit sort")),
            size=Size(20, 150, said("D", "default 20, max 150 per page")),
            tokens=Tokens(
                "keyset", said("D", "pagination:{per_page:150,starting_after}} ; default 20, max 150 per page")
            ),
            bound=Bound(
                "changed",
                False,
                said("D", "matches timestamps by CALENDAR DAY in the WORKSPACE timezone"),
                unit=timedelta(days=1),
                zone=timedelta(hours=-8),
            ),
            lag=Lag(
                timedelta(minutes=3),
                said("D", "Recently created contacts can be missing from search for a few"),
                is_shown_afresh=True,
            ),
            at=("data",),
        ),
        only(tickets=False),
        only(tickets=True),
    ),
    lookups=(Lookup(Kind.PERSON, "/contacts/(?P<id>[0-9]+)", said("D", "e-mail/phone need GET /contacts/{id}")),),
    actions=(
        Action("GET", "/conversations/(?P<id>[0-9]+)", conversation_by_id, said("I", "by GET /conversations/{id}")),
        Action("GET", "/tickets/(?P<id>[0-9]+)", ticket_by_id, said("D", "ticket.id is the API id")),
        Action("POST", "/tickets", create, said("D", "POST /tickets {ticket_type_id, contacts:[{id|email}]")),
        Action("POST", f"{PATH}/reply", reply, said("D", 'message_type:"note", type:"admin", admin_id, body')),
        Action("POST", "/tags", make_tag, said("D", "POST /conversations/{id}/tags {id, admin_id}")),
        Action("POST", f"{PATH}/tags", attach, said("D", "POST /conversations/{id}/tags {id, admin_id}")),
        Action("GET", "/me", lambda _visit: {"type": "admin", "id": ADMIN}, said("D", "admin_id, body")),
    ),
    happens=(Happens(Kind.ISSUE, Fate.PURGED, said("M", "search just stops returning => reconcile")),),
    includes=Includes(said("D", "Conversation gives only contacts.contacts[].{id,external_id}")),
    hides=Hides((Kind.ISSUE,), Quote("TRAPS", "M", "when the token sees only part of the data")),
    limited=Limited(said("D", "429; headers X-RateLimit-Limit, -Remaining, -Reset (unix ts)"), headers=spent),
    error=error,
    headers=left,
)
