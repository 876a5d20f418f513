"""Zendesk as the facts page describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Bound,
    Found,
    Gone,
    Happens,
    Includes,
    Limited,
    Listing,
    Lookup,
    Optional,
    Refused,
    Renews,
    Repeats,
    Restores,
    Sheet,
    Shows,
    Size,
    Sort,
    Tokens,
    Touches,
    Varies,
    Visit,
    Withheld,
    answered,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request, Response

said = quoting("zendesk")

GONE = frozenset({Fate.DELETED, Fate.MERGED})
MINUTE = timedelta(minutes=1)
API = r"/api/v2"


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def number(id: str | None) -> int | None:
    return None if id is None else int(id)


def user(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "url": f"https://acme.zendesk.com/api/v2/users/{row.id}.json",
        "name": row.title,
        "email": row.email,
        "phone": None,
        "external_id": None,
        "organization_id": number(row.account),
        "role": "end-user",
        "active": row.fate is not Fate.DELETED,
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
        "locale": "en-US",
        "iana_time_zone": "Europe/Berlin",
        "time_zone": "Berlin",
        "tags": [],
    }


def organization(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "name": row.title,
        "domain_names": ["acme.example"],
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
        "deleted_at": None,
    }


def rating_of(row: Row, world: World) -> JsonValue:
    """The last rating of a ticket, which stands in the ticket without a time."""
    rated = [one for one in world.live(Kind.SURVEY) if one.issue == row.id]
    if not rated:
        return {"score": "unoffered"}
    return {"id": int(rated[-1].id), "score": word_of(rated[-1]), "comment": rated[-1].title}


def word_of(row: Row) -> str:
    return "bad" if row.score == 1 else "good"


def ticket(row: Row, world: World) -> JsonValue:
    is_merged, is_deleted = row.fate is Fate.MERGED, row.fate is Fate.DELETED
    return {
        "id": int(row.id),
        "url": f"https://acme.zendesk.com/api/v2/tickets/{row.id}.json",
        "status": "deleted" if is_deleted else "closed" if is_merged else row.word,
        "custom_status_id": 46_406_158_222_353,
        "subject": row.title,
        "priority": "normal",
        "type": None,
        "requester_id": number(row.person),
        "submitter_id": number(row.person),
        "organization_id": number(row.account),
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "tags": [*row.tags, *(["closed_by_merge"] if is_merged else [])],
        "email_cc_ids": [int(one) for one in row.others],
        "satisfaction_rating": rating_of(row, world),
        "metric_set": {"requester_updated_at": stamp(row.created), "solved_at": None, "status_updated_at": None},
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
        "generated_timestamp": int(row.touched.timestamp()),
    }


def rating(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "score": word_of(row),
        "comment": row.title,
        "requester_id": number(row.person),
        "ticket_id": number(row.issue),
        "created_at": stamp(row.created),
        "updated_at": stamp(row.changed),
    }


def since(visit: Visit) -> datetime:
    text = visit.params.get("start_time", "")
    if not text.isdigit():
        raise Refused(400, "start_time is required")
    start = datetime.fromtimestamp(int(text), UTC)
    if start > visit.world.now - MINUTE:
        raise Refused(422, "StartTimeTooRecent")
    return start


def export_ask(visit: Visit) -> Ask:
    size = int(visit.params.get("per_page", "1000"))
    if cursor := visit.params.get("cursor"):
        return Ask(token=cursor, size=size)
    return Ask(since=since(visit), size=size)


def beside(found: Found) -> dict[str, JsonValue]:
    """The users that tickets name, where they were asked for."""
    if "users" not in found.visit.params.get("include", ""):
        return {}
    named = dict.fromkeys(row.person for row in found.rows if row.kind is Kind.ISSUE and row.person)
    rows = [found.visit.service.seen(Kind.PERSON, id) for id in named]
    return {"users": [found.visit.service.render(row) for row in rows if row is not None]}


def export(name: str) -> Listing:
    kind = Kind.PERSON if name == "users" else Kind.ISSUE

    def envelope(found: Found) -> Answer:
        extra: dict[str, JsonValue] = beside(found) if name == "tickets" else {"identities": []}
        return {
            **extra,
            name: found.records,
            "after_cursor": found.token,
            "after_url": None if found.token is None else f"{found.visit.service.base_url}/next?cursor={found.token}",
            "before_cursor": None,
            "end_of_stream": not found.has_more,
        }

    return Listing(
        kinds=(kind,),
        path=rf"{API}/incremental/{name}/cursor\.json",
        ask=export_ask,
        answer=envelope,
        sort=Sort("touched", said("I", "Records appear in ascending generated_timestamp")),
        size=Size(1000, 1000, said("C", "Optional per_page (default and max 1000")),
        tokens=Tokens("keyset", said("D", "SAVE after_cursor and start the next run from it, no start_time")),
        bound=Bound("touched", True, said("I", "Filter field is generated_timestamp, which moves on system updates")),
        shows=Shows(
            GONE,
            said("C", "Deleted tickets stay in the export with status=deleted (not in the documented open..closed"),
        ),
        withheld=Withheld(MINUTE, said("D", "Items changed in the last minute are excluded from any answer")),
        repeats=Repeats(said("I", "Same user can come twice in one response")),
        keeps_token=True,
        at=(name,),
        required=frozenset({"id"} if kind is Kind.PERSON else {"id", "created_at", "updated_at"}),
        status="status" if kind is Kind.ISSUE else None,
    )


def organizations(found: Found) -> Answer:
    """A page ends behind all rows of its last second; the next one is asked for from that second on."""
    world, shown = found.visit.world, {row.id for row in found.rows}
    end = max((int(row.touched.timestamp()) for row in found.rows), default=None)
    more = [
        row
        for row in world.live(Kind.ACCOUNT)
        if row.id not in shown and int(row.touched.timestamp()) == end and row.touched <= world.now - MINUTE
    ]
    records = [*found.records, *(found.visit.service.render(row) for row in more)]
    return {
        "organizations": records,
        "end_time": end,
        "count": len(records),
        "end_of_stream": found.offset + len(records) >= found.total,
    }


def time_ask(visit: Visit) -> Ask:
    return Ask(since=since(visit))


def ratings_ask(visit: Visit) -> Ask:
    start = visit.params.get("start_time")
    return Ask(
        since=None if start is None else datetime.fromtimestamp(int(start), UTC),
        token=visit.params.get("page[after]"),
        size=int(visit.params.get("page[size]", "100")),
    )


def ratings(found: Found) -> Answer:
    return {
        "satisfaction_ratings": found.records,
        "meta": {"has_more": found.has_more, "after_cursor": found.token, "before_cursor": None},
        "links": {"next": None, "prev": None},
    }


# --- by id, and writes ------------------------------------------------------------------------------------------------


def several(kind: Kind, name: str, visit: Visit) -> Answer:
    """Several by id; those that are gone are left out, merged ones are closed tickets like others."""
    rows = [visit.world.by_id(kind, id) for id in visit.params["ids"].split(",")]
    shown = [row for row in rows if row is not None and row.fate in (None, Fate.MERGED)]
    people = [row.person for row in shown if row.person]
    users = [visit.service.seen(Kind.PERSON, id) for id in dict.fromkeys(people)]
    found: dict[str, JsonValue] = {name: [visit.service.render(row) for row in shown]}
    if kind is Kind.ISSUE:
        found["users"] = [visit.service.render(row) for row in users if row is not None]
    return found


def audits(visit: Visit) -> Answer:
    """Who wrote, and what a merge leaves behind: words in the one ticket, a link in the other."""
    row = visit.world.by_id(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    wrote: JsonValue = {"type": "Comment", "author_id": number(row.person), "body": row.title}
    found: list[JsonValue] = [{"author_id": number(row.person), "events": [wrote]}]
    for loser in visit.world.everything(Kind.ISSUE):
        if loser.survivor == row.id:
            source: JsonValue = {"from": {"ticket_id": int(loser.id)}, "to": {}, "rel": "merge"}
            taken: JsonValue = {"type": "Comment", "author_id": 1, "body": "taken in", "via": {"source": source}}
            found.append({"author_id": 1, "events": [taken]})
    if row.survivor is not None:
        told: JsonValue = {"type": "Comment", "author_id": 1, "body": f"merged into request #{row.survivor}, see #1"}
        marked: JsonValue = {"type": "Change", "field_name": "tags", "value": [*row.tags, "closed_by_merge"]}
        found.append({"author_id": 1, "events": [told, marked]})
    return {"audits": found, "meta": {"has_more": False, "after_cursor": None}}


def several_tickets(visit: Visit) -> Answer:
    return several(Kind.ISSUE, "tickets", visit)


def several_users(visit: Visit) -> Answer:
    return several(Kind.PERSON, "users", visit)


def field(value: JsonValue, *names: str) -> JsonValue:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def seen(visit: Visit) -> Row:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    return row


def create(visit: Visit) -> Response:
    """A ticket for each key, however often it comes."""
    key = visit.request.headers.get("Idempotency-Key", "")
    made = [one for one in visit.world.everything(Kind.ISSUE) if key and f"key {key}" in one.notes]
    if made:
        return answered(200, {"ticket": visit.service.render(made[0])})
    email = str(field(visit.json, "ticket", "requester", "email"))
    people = [one for one in visit.world.live(Kind.PERSON) if one.email == email]
    person = people[0] if people else visit.world.add(Kind.PERSON, title=email, email=email)
    title = str(field(visit.json, "ticket", "subject"))
    row = visit.world.add(Kind.ISSUE, word="new", title=title, person=person.id, notes=(f"key {key}",))
    return answered(201, {"ticket": visit.service.render(row)})


def update(visit: Visit) -> Answer:
    row = seen(visit)
    if field(visit.json, "ticket", "comment", "public") is not False:
        raise Refused(422, "a customer would see this")
    text = str(field(visit.json, "ticket", "comment", "body"))
    changed = visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, text))
    return {"ticket": visit.service.render(changed)}


def tag(visit: Visit) -> Answer:
    row, added = seen(visit), visit.json["tags"]
    assert isinstance(added, list)
    tags = tuple(dict.fromkeys((*row.tags, *map(str, added))))
    if tags != row.tags:
        visit.world.change(Kind.ISSUE, row.id, tags=tags)
    return {"tags": list(tags)}


def error(status: int, words: str) -> JsonValue:
    names = {404: "RecordNotFound", 422: words, 401: "Couldn't authenticate you"}
    return {"error": names.get(status, "Refused"), "description": words}


def left(_world: World) -> Mapping[str, str]:
    return {"x-rate-limit": "700", "x-rate-limit-remaining": "699", "ratelimit-reset": "30"}


def lookup(kind: Kind, name: str) -> Lookup:
    one = name.removesuffix("s")

    def envelope(record: JsonValue) -> JsonValue:
        return {one: record}

    return Lookup(
        kind,
        rf"{API}/{name}/(?P<id>[0-9]+)\.json",
        said("D", "Treat as a hint: fetch ticket by id."),
        answer=envelope,
        gone=(Gone(Fate.MERGED, "record", said("M", "Merge: the source ticket becomes closed, tag closed_by_merge")),),
        at=(one,),
        required=frozenset({"id", "created_at", "updated_at"} if kind is Kind.ISSUE else {"id"}),
        status="status" if kind is Kind.ISSUE else None,
    )


def presents(request: Request) -> str | None:
    form = dict(request.form or parse_qsl((request.content or b"").decode()))
    return form.get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 1800}


ZENDESK = Sheet(
    name="zendesk",
    base_url="https://acme.zendesk.com",
    words={
        "new": IssueStatus.NEW,
        "open": IssueStatus.OPEN,
        "pending": IssueStatus.WAITING_ON_CUSTOMER,
        "hold": IssueStatus.WAITING_ON_THIRD_PARTY,
        "solved": IssueStatus.RESOLVED,
        "closed": IssueStatus.CLOSED,
    },
    render={Kind.PERSON: user, Kind.ACCOUNT: organization, Kind.ISSUE: ticket, Kind.SURVEY: rating},
    listings=(
        Listing(
            kinds=(Kind.ACCOUNT,),
            path=rf"{API}/incremental/organizations\.json",
            ask=time_ask,
            answer=organizations,
            sort=Sort("touched", said("D", "Organizations: time-based only")),
            size=Size(1000, 1000, said("D", "can answer >1000 rows when many share one second")),
            tokens=Tokens("keyset", said("D", "repeats records at page borders")),
            bound=Bound("touched", True, said("D", "repeats records at page borders")),
            withheld=Withheld(MINUTE, said("D", "Items changed in the last minute are excluded from any answer")),
            at=("organizations",),
        ),
        export("users"),
        export("tickets"),
        Listing(
            kinds=(Kind.SURVEY,),
            path=rf"{API}/satisfaction_ratings\.json",
            ask=ratings_ask,
            answer=ratings,
            sort=Sort("created", said("C", "GET /satisfaction_ratings.json?score=&start_time=&end_time=")),
            size=Size(100, 100, said("C", "GET /satisfaction_ratings.json?score=&start_time=&end_time=")),
            tokens=Tokens("keyset", said("C", "GET /satisfaction_ratings.json?score=&start_time=&end_time=")),
            bound=Bound("created", None, said("C", "[C tap 1.4.7: start_time]")),
            at=("satisfaction_ratings",),
            required=frozenset({"id", "score", "updated_at"}),
        ),
    ),
    lookups=(lookup(Kind.ISSUE, "tickets"),),
    actions=(
        Action("GET", rf"{API}/tickets/show_many\.json", several_tickets, said("D", "fetch ticket by id")),
        Action("GET", rf"{API}/users/show_many\.json", several_users, said("M", "requester_id -> user.email")),
        Action(
            "GET",
            rf"{API}/tickets/(?P<id>[0-9]+)/audits\.json",
            audits,
            said("M", "the target gets a comment with via.source.rel=merge"),
        ),
        Action("POST", rf"{API}/tickets\.json", create, said("M", "with Idempotency-Key header (about 2 h)")),
        Action(
            "PUT",
            rf"{API}/tickets/(?P<id>[0-9]+)\.json",
            update,
            said("M", "PUT /tickets/{id} comment.public=false adds an internal note"),
        ),
        Action("PUT", rf"{API}/tickets/(?P<id>[0-9]+)/tags\.json", tag, said("M", "PUT /tickets/{id}/tags adds")),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.DELETED, said("C", "Deleted tickets stay in the export with status=deleted")),
        Happens(Kind.ISSUE, Fate.MERGED, said("M", "Merge: the source ticket becomes closed, tag closed_by_merge")),
        Happens(Kind.ISSUE, Fate.PURGED, said("M", "after 30 days scrubbed")),
        Happens(Kind.PERSON, Fate.DELETED, said("M", "User soft delete: active=false")),
    ),
    restores=(Restores(Kind.ISSUE, Fate.DELETED, said("M", "after 30 days scrubbed")),),
    varies=(
        Varies(Kind.ISSUE, "person", said("M", "user merge: loser vanishes and tickets change requester_id")),
        Varies(Kind.SURVEY, "score", said("C", "Filter results client-side by updated_at")),
    ),
    includes=Includes(said("M", "Also check collaborator_ids/follower_ids/email_cc_ids")),
    touches=Touches(
        said("I", "Filter field is generated_timestamp, which moves on system updates; updated_at does not")
    ),
    limited=Limited(said("D", "429 with Retry-After (s): wait exactly that")),
    optional=(
        Optional(
            rf"{API}/satisfaction_ratings\.json",
            403,
            said("C", "403/404 when plan lacks CSAT => optional stream, not fatal"),
        ),
    ),
    renews=Renews(
        "/oauth/tokens",
        presents,
        granted,
        said("C", 'OAuth tokens now expire, refresh needed [C tap-zendesk 2.8.0 "Handle OAuth token expiry"]'),
    ),
    error=error,
    headers=left,
)
