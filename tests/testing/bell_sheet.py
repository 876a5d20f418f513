"""Bell as a sheet: a service that does not exist, so what its lines quote is made up."""

from __future__ import annotations

from datetime import timedelta

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Found,
    Gone,
    Happens,
    Limited,
    Listing,
    Lookup,
    Refused,
    Repeats,
    Sheet,
    Shows,
    Size,
    Sort,
    Thins,
    Tokens,
    Touches,
    Visit,
    Withheld,
    answered,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue

said = quoting("bell")

GONE = frozenset({Fate.DELETED, Fate.MERGED})


def person(row: Row, _world: World) -> JsonValue:
    return {"id": int(row.id), "email": row.email, "name": row.title, "changed": row.changed.isoformat()}


def ticket(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "status": "deleted" if row.fate is Fate.DELETED else row.word,
        "subject": row.title,
        "requester": int(row.person) if row.person else None,
        "merged_into": int(row.survivor) if row.survivor else None,
        "opened": row.created.isoformat(),
        "changed": row.changed.isoformat(),
    }


def ask(visit: Visit) -> Ask:
    return Ask(token=visit.params.get("cursor") or None)


def page(name: str) -> Listing:
    def envelope(found: Found) -> Answer:
        return {name: found.records, "cursor": found.token or "", "end": not found.has_more}

    return Listing(
        kinds=(Kind.PERSON if name == "people" else Kind.ISSUE,),
        path=f"/{name}",
        ask=ask,
        answer=envelope,
        sort=Sort("touched", said("D", "in the order of the last change, also of changes by the system")),
        size=Size(100, 100, said("D", "up to 100 on a page")),
        tokens=Tokens("keyset", said("D", "go on with `cursor`")),
        shows=Shows(GONE, said("D", "what was deleted or merged stays in the list")),
        withheld=Withheld(timedelta(seconds=60), said("D", "the last minute is not listed")),
        repeats=Repeats(said("I", "the same ticket came twice on a page")),
        thins=Thins(said("I", "an empty page that was not the last")),
        keeps_token=True,
        at=(name,),
        required=frozenset({"id"} if name == "people" else {"id", "opened", "changed"}),
        status="status" if name == "tickets" else None,
    )


def create(visit: Visit) -> Answer:
    made = visit.world.add(Kind.ISSUE, word="open", title=str(visit.json["subject"]))
    return answered(201, {"id": int(made.id)})


def note(visit: Visit) -> Answer:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    visit.world.change(Kind.ISSUE, row.id, notes=(*row.notes, str(visit.json["text"])))
    return answered(201, {"done": True})


def tag(visit: Visit) -> Answer:
    row = visit.service.seen(Kind.ISSUE, visit.match["id"])
    if row is None:
        raise Refused(404)
    tags = tuple(dict.fromkeys([*row.tags, visit.match["tag"]]))
    visit.world.change(Kind.ISSUE, row.id, tags=tags)
    return {"tags": list(tags)}


BELL = Sheet(
    name="bell",
    base_url="https://bell.example.com",
    words={
        "open": IssueStatus.OPEN,
        "waiting": IssueStatus.WAITING_ON_CUSTOMER,
        "done": IssueStatus.RESOLVED,
    },
    render={Kind.PERSON: person, Kind.ISSUE: ticket},
    listings=(page("people"), page("tickets")),
    lookups=(
        Lookup(
            Kind.ISSUE,
            "/tickets/(?P<id>[0-9]+)",
            said("D", "one ticket"),
            gone=(Gone(Fate.MERGED, "record", said("D", "a merged ticket names the other")),),
            required=frozenset({"id", "opened", "changed"}),
            status="status",
        ),
    ),
    actions=(
        Action("POST", "/tickets", create, said("D", "makes a ticket")),
        Action("POST", "/tickets/(?P<id>[0-9]+)/notes", note, said("D", "adds a note that no customer sees")),
        Action("PUT", "/tickets/(?P<id>[0-9]+)/tags/(?P<tag>.+)", tag, said("D", "adds a tag to those that are there")),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.DELETED, said("D", "tickets can be deleted")),
        Happens(Kind.ISSUE, Fate.MERGED, said("D", "tickets can be merged")),
        Happens(Kind.ISSUE, Fate.PURGED, said("I", "a ticket was gone without a word")),
    ),
    touches=Touches(said("D", "a change by the system keeps `changed`")),
    limited=Limited(said("D", "429 with the seconds to wait")),
)
