"""Freshdesk as the facts page describes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

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
    Limited,
    Listing,
    Lookup,
    Optional,
    Quote,
    Refused,
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
from alignkit.transport import JsonValue, Response

said = quoting("freshdesk")

API = "/api/v2"
COUNTED = said("D", "So always send updated_since + order_by=updated_at + order_type=asc")
BAD, GOOD = -103, 103


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def number(id: str | None) -> int | None:
    return None if id is None else int(id)


def contact(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "name": row.title,
        "email": row.email,
        "other_emails": list(row.addresses),
        "phone": None,
        "mobile": None,
        "twitter_id": None,
        "facebook_id": None,
        "unique_external_id": None,
        "company_id": number(row.account),
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
        **({"deleted": True} if row.fate is Fate.DELETED else {}),
    }


def company(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "name": row.title,
        "domains": ["acme.example"],
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
    }


def requester(row: Row, world: World) -> JsonValue:
    if row.person is None:
        return None
    person = world.truth(Kind.PERSON, row.person)
    return {"id": int(person.id), "name": person.title, "email": person.email}


def ticket(row: Row, world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "status": 5 if row.fate is Fate.MERGED else int(row.word) if row.word.isdigit() else row.word,
        "priority": 1,
        "source": 2,
        "subject": row.title,
        "requester_id": number(row.person),
        "requester": requester(row, world),
        "company_id": number(row.account),
        "cc_emails": [],
        "tags": list(row.tags),
        "spam": row.fate is Fate.SPAM,
        "deleted": row.fate is Fate.DELETED,
        "stats": {"requester_responded_at": None, "resolved_at": None, "status_updated_at": None},
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
    }


def rating(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "user_id": number(row.person),
        "ticket_id": number(row.issue),
        "feedback": row.title,
        "ratings": {"default_question": BAD if row.score == 1 else GOOD},
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
    }


def counted(visit: Visit, bound: str = "") -> Ask:
    since = visit.params.get(bound)
    return Ask(
        since=datetime.fromisoformat(since) if since else None,
        page=int(visit.params.get("page", "1")),
        size=int(visit.params.get("per_page", "30")),
    )


def tickets_ask(visit: Visit) -> Ask:
    """With the defaults that hide rows, for whoever does not name what is wanted."""
    hidden = {"spam": {Fate.SPAM}, "deleted": {Fate.DELETED}}
    fates = hidden.get(visit.params.get("filter", ""), {None, Fate.MERGED})
    is_sorted = visit.params.get("order_by") == "updated_at" and visit.params.get("order_type") == "asc"
    since = visit.params.get("updated_since")
    month = visit.world.now.timestamp() - 30 * 86_400

    def where(row: Row) -> bool:
        return row.fate in fates and (since is not None or row.created.timestamp() >= month)

    found = counted(visit, "updated_since")
    return Ask(
        since=found.since,
        page=found.page,
        size=found.size,
        where=where,
        sort=("changed",) if is_sorted else ("-created",),
    )


def contacts_ask(visit: Visit) -> Ask:
    found = counted(visit, "_updated_since")
    wants_deleted = visit.params.get("state") == "deleted"

    def where(row: Row) -> bool:
        return (row.fate is Fate.DELETED) == wants_deleted

    return replace(found, where=where)


def ratings_ask(visit: Visit) -> Ask:
    return counted(visit, "created_since")


def bare(found: Found) -> Answer:
    return found.records


# --- by id, and writes ------------------------------------------------------------------------------------------------


def seen(visit: Visit) -> Row:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    return row


def key_of(visit: Visit) -> str:
    fields = visit.json.get("custom_fields")
    return str(fields.get("cf_key", "")) if isinstance(fields, dict) else ""


def create(visit: Visit) -> Response:
    email = str(visit.json["email"])
    known = [one for one in visit.world.live(Kind.PERSON) if one.email == email]
    person = known[0] if known else visit.world.add(Kind.PERSON, title=email, email=email)
    note = (f"key {key_of(visit)}",) if key_of(visit) else ()
    title = str(visit.json["subject"])
    row = visit.world.add(Kind.ISSUE, word="2", title=title, person=person.id, notes=note)
    return answered(201, visit.service.render(row))


def found_by_key(visit: Visit) -> Answer:
    key = visit.params["query"].strip('"').partition(":")[2].strip("'")
    rows = [one for one in visit.world.live(Kind.ISSUE) if f"key {key}" in one.notes]
    return {"total": len(rows), "results": [visit.service.render(one) for one in rows]}


def notes(visit: Visit) -> Answer:
    """What was said on a ticket: of one that was merged, where it went."""
    row = visit.world.by_id(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    into = [f"This ticket is closed and merged into ticket {row.survivor}"] if row.fate is Fate.MERGED else []
    return [{"id": 1, "incoming": False, "private": True, "body_text": one} for one in (*row.notes, *into)]


def note(visit: Visit) -> Answer:
    row = seen(visit)
    if visit.json["private"] is not True:
        raise Refused(400, "a customer would see this")
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, str(visit.json["body"])))
    return answered(201, {"id": 1, "private": True})


def update(visit: Visit) -> Answer:
    row = seen(visit)
    tags = cast("list[str]", visit.json["tags"])
    return visit.service.render(visit.world.change(Kind.ISSUE, row.id, tags=tuple(tags)))


def error(status: int, words: str) -> JsonValue:
    return {"code": "invalid_value", "message": words or str(status)}


FRESHDESK = Sheet(
    name="freshdesk",
    base_url="https://acme.freshdesk.com",
    words={
        "2": IssueStatus.OPEN,
        "3": IssueStatus.WAITING_ON_CUSTOMER,
        "4": IssueStatus.RESOLVED,
        "5": IssueStatus.CLOSED,
        "6": IssueStatus.WAITING_ON_CUSTOMER,
        "7": IssueStatus.WAITING_ON_THIRD_PARTY,
    },
    render={Kind.PERSON: contact, Kind.ACCOUNT: company, Kind.ISSUE: ticket, Kind.SURVEY: rating},
    listings=(
        Listing(
            kinds=(Kind.ACCOUNT,),
            path=f"{API}/companies",
            ask=counted,
            answer=bare,
            sort=Sort("created", said("M", "GET /companies?page=N")),
            size=Size(30, 100, said("M", "GET /companies?page=N"), shrinks=False),
            tokens=Tokens("offset", said("M", "GET /companies?page=N")),
        ),
        Listing(
            kinds=(Kind.PERSON,),
            path=f"{API}/contacts",
            ask=contacts_ask,
            answer=bare,
            sort=Sort("changed", said("M", "GET /contacts?_updated_since={ISO}")),
            size=Size(30, 100, said("M", "GET /contacts?_updated_since={ISO}"), shrinks=False),
            tokens=Tokens("offset", said("I", "page numbers over 500 are discouraged")),
            bound=Bound("changed", True, said("I", "window by _updated_since")),
            cap=Cap(said("I", "49,900 rows seen then silence"), rows=49_900, status=None),
            shows=Shows(
                frozenset({Fate.DELETED}),
                said(
                    "M",
                    "(note the leading underscore) &state=verified|unverified|blocked|deleted",
                ),
            ),
        ),
        Listing(
            kinds=(Kind.ISSUE,),
            path=f"{API}/tickets",
            ask=tickets_ask,
            answer=bare,
            sort=Sort("created", said("I", "default sort created_at DESC"), is_newest_first=True),
            size=Size(30, 100, COUNTED, shrinks=False),
            tokens=Tokens("offset", COUNTED),
            bound=Bound("changed", True, said("I", "Bound is inclusive => dedupe by id")),
            cap=Cap(said("I", "Cap: page 301 => HTTP 400"), pages=300, status=400),
            shows=Shows(
                frozenset({Fate.DELETED, Fate.SPAM, Fate.MERGED}),
                said("D", "Deleted and spam: separate passes filter=deleted and filter=spam (with updated_since)"),
            ),
            required=frozenset({"id", "created_at", "updated_at"}),
            status="status",
        ),
        Listing(
            kinds=(Kind.SURVEY,),
            path=f"{API}/surveys/satisfaction_ratings",
            ask=ratings_ask,
            answer=bare,
            sort=Sort("created", said("M", "CSAT: GET /surveys/satisfaction_ratings?created_since=")),
            size=Size(30, 100, said("M", "CSAT: GET /surveys/satisfaction_ratings?created_since="), shrinks=False),
            tokens=Tokens("offset", said("M", "CSAT: GET /surveys/satisfaction_ratings?created_since=")),
            bound=Bound("created", True, said("M", "CSAT: GET /surveys/satisfaction_ratings?created_since=")),
            required=frozenset({"id", "ratings", "ratings.default_question", "created_at"}),
        ),
    ),
    lookups=(
        Lookup(
            Kind.ISSUE,
            f"{API}/tickets/(?P<id>[0-9]+)",
            said("C", "of a soft-deleted one still answers deleted:true or 404"),
            gone=(
                Gone(Fate.DELETED, "record", said("C", "of a soft-deleted one still answers deleted:true or 404")),
                Gone(
                    Fate.SPAM, "record", said("C", "Deleted and spam: separate passes filter=deleted and filter=spam")
                ),
                Gone(Fate.MERGED, "record", said("U", "secondary is closed with a private note")),
            ),
            required=frozenset({"id", "created_at", "updated_at"}),
            status="status",
        ),
        Lookup(
            Kind.PERSON,
            f"{API}/contacts/(?P<id>[0-9]+)",
            said("M", "Contact.email may be null"),
            gone=(
                Gone(
                    Fate.DELETED,
                    "record",
                    said(
                        "M",
                        "(note the leading underscore) &state=verified|unverified|blocked|deleted",
                    ),
                ),
            ),
        ),
    ),
    actions=(
        Action("GET", f"{API}/agents/me", lambda _visit: {"id": 1, "ticket_scope": 1}, said("D", "Auth: Basic")),
        Action(
            "GET",
            f"{API}/tickets/(?P<id>[0-9]+)/conversations",
            notes,
            said("U", "secondary is closed with a private note"),
        ),
        Action("GET", f"{API}/search/tickets", found_by_key, said("M", "search own custom field first")),
        Action("POST", f"{API}/tickets", create, said("M", "No idempotency key")),
        Action(
            "POST",
            f"{API}/tickets/(?P<id>[0-9]+)/notes",
            note,
            said("M", "No idempotency key [M] => search own custom field first"),
        ),
        Action(
            "PUT",
            f"{API}/tickets/(?P<id>[0-9]+)",
            update,
            said("M", "No idempotency key [M] => search own custom field first"),
        ),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.MERGED, said("U", "Merge: secondary is closed with a private note")),
        Happens(Kind.ISSUE, Fate.PURGED, said("C", "answers deleted:true or 404")),
        Happens(
            Kind.PERSON,
            Fate.DELETED,
            said(
                "M",
                "(note the leading underscore) &state=verified|unverified|blocked|deleted",
            ),
        ),
        Happens(Kind.ISSUE, Fate.DELETED, said("D", "default excludes deleted and spam")),
        Happens(Kind.ISSUE, Fate.SPAM, said("D", "default excludes deleted and spam")),
    ),
    restores=(
        Restores(Kind.ISSUE, Fate.DELETED, said("U", "spam:true / deleted:true flags")),
        Restores(Kind.ISSUE, Fate.SPAM, said("U", "spam:true / deleted:true flags")),
    ),
    varies=(Varies(Kind.ISSUE, "person", said("M", "Contact merge folds losers into other_emails")),),
    aliases=Aliases(said("M", "other_emails[] holds secondary addresses: match all of them")),
    optional=(
        Optional(f"{API}/surveys/satisfaction_ratings", 403, said("M", "CSAT: GET /surveys/satisfaction_ratings")),
    ),
    hides=Hides((Kind.ISSUE,), Quote("TRAPS", "M", "when the token sees only part of the data")),
    limited=Limited(said("C", "429 + Retry-After seconds: honour it")),
    error=error,
)
