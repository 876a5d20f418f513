"""X as a sheet: mentions and a search, newest first, each read post and author at its price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Bound,
    Cap,
    Found,
    Happens,
    Lag,
    Limited,
    Listing,
    Refused,
    Renews,
    Sheet,
    Size,
    Sort,
    Thins,
    Tokens,
    Visit,
    Withheld,
    quoting,
)
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request

said = quoting("x")

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
PRICE = 0.015
"""Of one post and its author."""

PRICE_BY_ID = 0.005
"""Of one post alone."""

WINDOW = timedelta(days=7)


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


def made(id: str) -> datetime:
    return EPOCH + timedelta(milliseconds=int(id) >> 22)


def moment_in(params: Mapping[str, str], name: str) -> datetime | None:
    return datetime.fromisoformat(params[name]) if name in params else None


def ask(visit: Visit) -> Ask:
    params = visit.params
    since, start = params.get("since_id"), moment_in(params, "start_time")
    if visit.request.url.endswith("recent"):
        earliest = visit.world.now - WINDOW
        is_too_old = (start is not None and start < earliest) or (since is not None and made(since) < earliest)
        if "query" not in params or is_too_old:
            raise Refused(400, "Invalid Request")
    return Ask(
        since=start,
        above=since,
        below=params.get("until_id"),
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


def by_id(visit: Visit) -> Answer:
    """Up to a hundred posts; of those that are gone it says so beside them."""
    ids = visit.params["ids"].split(",")
    if len(ids) > 100:
        raise Refused(400, "ids")
    rows = [visit.service.seen(Kind.POST, id) for id in ids]
    shown: list[JsonValue] = [visit.service.render(row) for row in rows if row is not None]
    visit.service.spent += PRICE_BY_ID * len(shown)
    problem = "https://api.twitter.com/2/problems/resource-not-found"
    lost = [id for id, row in zip(ids, rows, strict=True) if row is None]
    errors: list[JsonValue] = [
        {"value": id, "resource_type": "tweet", "title": "Not Found Error", "type": problem} for id in lost
    ]
    return {**({"data": shown} if shown else {}), **({"errors": errors} if errors else {})}


def presents(request: Request) -> str | None:
    return dict(request.form or parse_qsl((request.content or b"").decode())).get("refresh_token")


def granted(access: str, refresh: str) -> JsonValue:
    return {"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": refresh}


def listing(path: str, *, cap: Cap | None = None, withheld: Withheld | None = None) -> Listing:
    return Listing(
        kinds=(Kind.POST,),
        path=path,
        ask=ask,
        answer=page,
        sort=Sort("id", said("D", "results newest first within and across pages"), is_newest_first=True),
        size=Size(10, 100, said("D", "max_results 10..100")),
        tokens=Tokens("keyset", said("M", "No next_token = end; next_token does not expire")),
        bound=Bound("created", True, said("M", "fall back to start_time=now-7d+1min")),
        cap=cap,
        withheld=withheld,
        lag=Lag(timedelta(seconds=150), said("D", "index may be later still")),
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
    actions=(
        Action("GET", "/2/tweets", by_id, said("M", "re-check stored ids by GET /tweets?ids= (100)")),
        Action(
            "GET",
            "/2/usage/tweets",
            lambda _visit: {"data": {"project_usage": "1", "project_cap": "3000000"}},
            said("D", "cap 3 million post reads per cycle"),
        ),
    ),
    happens=(Happens(Kind.POST, Fate.DELETED, said("M", "Deletes/suspensions: not in polling")),),
    renews=Renews("/2/oauth2/token", presents, granted, said("M", "refresh token single-use [M]"), is_single_use=True),
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
