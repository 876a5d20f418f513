"""Mastodon as a sheet: mentions above an id, newest first on each page, and a link to what is newer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Backdates,
    Found,
    Happens,
    Limited,
    Listing,
    Refused,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    link_to,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue

said = quoting("mastodon")


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


AUTHOR = "117020565693913441"


def account() -> JsonValue:
    # Without its address, as servers before 4.2 tell it: the kit leads every address elsewhere, and whoever has
    # another one is somebody else.
    return {"id": AUTHOR, "acct": "ada@elsewhere.example", "display_name": "Ada"}


def status(row: Row) -> dict[str, JsonValue]:
    return {
        "id": row.id,
        "created_at": stamp(row.created),
        "edited_at": None,
        "content": f"<p>@brand {row.title}</p>",
        "spoiler_text": "",
        "visibility": "public",
        "in_reply_to_id": None,
        "language": "en",
        "account": account(),
    }


def mention(row: Row, _world: World) -> JsonValue:
    """A mention comes when it comes, however old its post claims to be."""
    at = stamp(row.changed)
    return {"id": row.id, "type": "mention", "created_at": at, "account": account(), "status": status(row)}


def ids(visit: Visit) -> list[str]:
    return [value for name, value in visit.request.params if name == "id[]"]


def statuses(visit: Visit) -> Answer:
    """Several posts; those that are gone are left out."""
    if len(ids(visit)) > 20:
        raise Refused(422, "too many")
    rows = [visit.service.seen(Kind.POST, id) for id in ids(visit)]
    return [status(row) for row in rows if row is not None]


def relationships(visit: Visit) -> Answer:
    return [{"id": id, "blocked_by": False, "blocking": False, "domain_blocking": False} for id in ids(visit)]


def ask(visit: Visit) -> Ask:
    params = visit.params
    if params.get("types[]") != "mention" or params.get("include_filtered") != "true":
        raise Refused(422, "mentions that were filtered are asked for in words")
    above = params.get("min_id")
    below = params.get("max_id")
    return Ask(above=above, below=below, is_from_oldest=above is not None, size=int(params["limit"]))


def links(found: Found) -> Mapping[str, str]:
    if not found.rows:
        return {}
    newer, older = link_to(found, min_id=found.rows[0].id), link_to(found, max_id=found.rows[-1].id)
    return {"link": f'<{older}>; rel="next", <{newer}>; rel="prev"'}


def only(found: Found) -> Answer:
    return found.records


MASTODON = Sheet(
    name="mastodon",
    base_url="https://social.example.com",
    words={},
    render={Kind.POST: mention},
    listings=(
        Listing(
            kinds=(Kind.POST,),
            path="/api/v1/notifications",
            ask=ask,
            answer=only,
            sort=Sort("id", said("D", "pages are still listed newest-first inside the page"), is_newest_first=True),
            size=Size(40, 80, said("D", "Default 40, max 80")),
            tokens=Tokens("keyset", said("D", "min_id returns the page IMMEDIATELY above and walks forward")),
            headers=links,
            required=frozenset({"id", "status", "status.id", "status.created_at"}),
        ),
    ),
    actions=(
        Action("GET", "/api/v1/statuses", statuses, said("D", "re-read statuses in the window (edited_at)")),
        Action(
            "GET",
            "/api/v1/accounts/relationships",
            relationships,
            said("D", "A notification disappears when its status is deleted or author suspended/blocked"),
        ),
    ),
    happens=(
        Happens(Kind.POST, Fate.DELETED, said("D", "A notification disappears when its status is deleted or author")),
    ),
    backdates=Backdates(timedelta(days=30), said("D", "created_at of remote statuses may be older than arrival")),
    limited=Limited(
        said("D", "429 wait until Reset; self-hosted may differ"),
        headers=lambda now, seconds: {"x-ratelimit-reset": stamp(now + timedelta(seconds=seconds))},
    ),
    unit=timedelta(milliseconds=1),
    # The kit's test of large ids looks at issues, of which there are none.
    has_numeric_ids=False,
    error=lambda _status, words: {"error": words},
)
