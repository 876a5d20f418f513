"""What Chime is like, line by line, each with the words that it follows."""

from __future__ import annotations

from datetime import timedelta

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import Sheet
from alignkit.testing.sheet import (
    Answer,
    Ask,
    Found,
    Happens,
    Limited,
    Listing,
    Lookup,
    Shows,
    Size,
    Sort,
    Thins,
    Tokens,
    Visit,
    Withheld,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue

said = quoting("chime")


def person(row: Row, _world: World) -> JsonValue:
    return {"id": int(row.id), "email": row.email, "name": row.title, "changed": row.changed.isoformat()}


def ticket(row: Row, _world: World) -> JsonValue:
    return {
        "id": int(row.id),
        "status": "deleted" if row.fate is Fate.DELETED else row.word,
        "subject": row.title,
        "requester": int(row.person) if row.person else None,
        "opened": row.created.isoformat(),
        "changed": row.changed.isoformat(),
    }


def ask(visit: Visit) -> Ask:
    return Ask(token=visit.params.get("cursor") or None)


def page(kind: Kind, name: str) -> Listing:
    def envelope(found: Found) -> Answer:
        return {name: found.records, "cursor": found.token or "", "end": not found.has_more}

    return Listing(
        kinds=(kind,),
        path=f"/{name}",
        ask=ask,
        answer=envelope,
        sort=Sort("changed", said("M", "in the order of the last change")),
        size=Size(100, 100, said("M", "up to 100 on a page")),
        tokens=Tokens("keyset", said("M", "go on with `cursor`")),
        shows=Shows(frozenset({Fate.DELETED}), said("M", "what was deleted stays in the list")),
        withheld=Withheld(timedelta(seconds=60), said("M", "the last minute is not listed")),
        thins=Thins(said("M", "an empty page need not be the last")),
        keeps_token=True,
        at=(name,),
        required=frozenset({"id", "opened", "changed"} if kind is Kind.ISSUE else {"id"}),
        status="status" if kind is Kind.ISSUE else None,
    )


def error(status: int, words: str) -> JsonValue:
    return {"error": "not_found" if status == 404 else words or str(status)}


SHEET = Sheet(
    name="chime",
    base_url="https://chime.example.com",
    words={
        "open": IssueStatus.OPEN,
        "waiting": IssueStatus.WAITING_ON_CUSTOMER,
        "done": IssueStatus.RESOLVED,
    },
    render={Kind.PERSON: person, Kind.ISSUE: ticket},
    listings=(page(Kind.PERSON, "people"), page(Kind.ISSUE, "tickets")),
    lookups=(
        Lookup(
            Kind.ISSUE,
            "/tickets/(?P<id>[0-9]+)",
            said("M", "one ticket by its id"),
            required=frozenset({"id", "opened", "changed"}),
            status="status",
        ),
    ),
    happens=(
        Happens(Kind.ISSUE, Fate.DELETED, said("M", "tickets can be deleted")),
        Happens(Kind.ISSUE, Fate.PURGED, said("M", "a deleted ticket is gone after a time")),
    ),
    limited=Limited(said("M", "429 with the seconds to wait")),
    error=error,
)
