"""Mastodon as a sheet: mentions above an id, newest first on each page, and a link to what is newer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from alignkit.testing.sheet import (
    Answer,
    Ask,
    Backdates,
    Found,
    Limited,
    Listing,
    Refused,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    quoting,
)
from alignkit.testing.sheet_service import link_to
from alignkit.testing.world import Kind, Row, World
from alignkit.transport import JsonValue

said = quoting("mastodon")


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mention(row: Row, _world: World) -> JsonValue:
    account: JsonValue = {"id": "117020565693913441", "acct": "ada@elsewhere.example", "display_name": "Ada"}
    status: JsonValue = {
        "id": row.id,
        "created_at": stamp(row.created),
        "edited_at": None,
        "content": f"<p>@brand {row.title}</p>",
        "spoiler_text": "",
        "visibility": "public",
        "in_reply_to_id": None,
        "language": "en",
    }
    return {"id": row.id, "type": "mention", "created_at": stamp(row.created), "account": account, "status": status}


def ask(visit: Visit) -> Ask:
    params = visit.params
    if params.get("types[]") != "mention" or params.get("include_filtered") != "true":
        raise Refused(422, "mentions that were filtered are asked for in words")
    above = params.get("min_id")
    return Ask(above=above, is_from_oldest=above is not None, size=int(params["limit"]))


def links(found: Found) -> Mapping[str, str]:
    if not found.rows:
        return {}
    return {"link": f'<{link_to(found, min_id=found.rows[0].id)}>; rel="prev"'}


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
