"""X as a sheet: mentions and a search, newest first, each read post and author at its price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alignkit.testing.sheet import (
    Answer,
    Ask,
    Cap,
    Found,
    Limited,
    Listing,
    Refused,
    Sheet,
    Size,
    Sort,
    Thins,
    Tokens,
    Visit,
    Withheld,
    quoting,
)
from alignkit.testing.world import Kind, Row, World
from alignkit.transport import JsonValue

said = quoting("x")

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
PRICE = 0.015
"""Of one post and its author."""


def make_id(_kind: Kind, number: int, created: datetime) -> str:
    """An id whose upper bits are the milliseconds since X's beginning; odd, so that no float holds it."""
    return str(((created - EPOCH) // timedelta(milliseconds=1) << 22) + 2 * number + 1)


def post(row: Row, _world: World) -> JsonValue:
    return {
        "id": row.id,
        "edit_history_tweet_ids": [row.id],
        "author_id": "2244994945",
        "created_at": row.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "text": f"@brand {row.title}",
        "lang": "en",
    }


def ask(visit: Visit) -> Ask:
    params = visit.params
    if "query" not in params and visit.request.url.endswith("recent"):
        raise Refused(400, "query")
    return Ask(
        above=params.get("since_id"),
        token=params.get("next_token") or params.get("pagination_token"),
        size=int(params["max_results"]),
    )


def page(found: Found) -> Answer:
    token: dict[str, JsonValue] = {"next_token": found.token} if found.has_more else {}
    if not found.records:
        return {"meta": {"result_count": 0, **token}}
    users: JsonValue = [{"id": "2244994945", "username": "ada"}]
    meta: JsonValue = {"result_count": len(found.records), "newest_id": found.rows[0].id, **token}
    return {"data": found.records, "includes": {"users": users}, "meta": meta}


def listing(path: str, *, cap: Cap | None = None, withheld: Withheld | None = None) -> Listing:
    return Listing(
        kinds=(Kind.POST,),
        path=path,
        ask=ask,
        answer=page,
        sort=Sort("id", said("D", "results newest first within and across pages"), is_newest_first=True),
        size=Size(10, 100, said("D", "max_results 10..100")),
        tokens=Tokens("keyset", said("M", "No next_token = end; next_token does not expire")),
        cap=cap,
        withheld=withheld,
        thins=Thins(said("M", "an empty page may still carry next_token/ result_count 0")),
        price=PRICE,
        at=("data",),
        required=frozenset({"id", "edit_history_tweet_ids"}),
    )


X_SHEET = Sheet(
    name="x",
    base_url="https://api.x.com",
    words={},
    render={Kind.POST: post},
    listings=(
        listing(
            r"/2/users/\d+/mentions",
            cap=Cap(said("D", "only the latest 800 mentions reachable"), rows=800, status=None),
        ),
        listing(
            "/2/tweets/search/recent",
            withheld=Withheld(timedelta(seconds=30), said("D", "newest 30 s never appear")),
        ),
    ),
    limited=Limited(
        said("D", "x-rate-limit-limit/-remaining/-reset (epoch s), 429"),
        headers=lambda now, seconds: {"x-rate-limit-reset": str(int(now.timestamp()) + seconds)},
    ),
    unit=timedelta(milliseconds=1),
    make_id=make_id,
    # The kit's test of large ids looks at issues, of which there are none.
    has_numeric_ids=False,
    error=lambda status, words: {"title": words, "status": status},
)
