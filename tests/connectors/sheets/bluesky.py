"""Bluesky as the facts page describes it, and the records that its lists show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from alignkit.testing.sheet import (
    Action,
    Answer,
    Ask,
    Backdates,
    Bound,
    Cap,
    Found,
    Lag,
    Limited,
    Listing,
    Refused,
    Renews,
    Sheet,
    Size,
    Sort,
    Tokens,
    Visit,
    answered,
    quoting,
)
from alignkit.testing.world import Kind, Row, World
from alignkit.transport import JsonValue, Request

said = quoting("bluesky")

ROOT = "https://bsky.social"
ENDED = "ExpiredToken"
OWN = "did:plc:brandbrandbrandbrandbran"
AUTHOR = "did:plc:adaadaadaadaadaadaadaada"
PREFIX = "/xrpc/"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def key_of(moment: datetime, number: int) -> str:
    """A record's key: the microseconds since 1970, then ten bits of a number."""
    left = (int(moment.timestamp() * 1_000_000) << 10) | number % 1024
    letters = [LETTERS[left >> 5 * place & 31] for place in range(12, -1, -1)]
    return "".join(letters)


def uri_of(_kind: Kind, number: int, created: datetime) -> str:
    return f"at://{AUTHOR}/app.bsky.feed.post/{key_of(created, number)}"


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def post(row: Row, _world: World) -> JsonValue:
    """A post as both lists show it, as far as it is read."""
    return {
        "uri": row.id,
        "cid": f"cid{row.number}",
        "author": {"did": AUTHOR, "handle": "ada.example.com", "displayName": "Ada", "labels": []},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": row.title,
            "createdAt": written(row.created),
            "facets": [
                {
                    "index": {"byteStart": 0, "byteEnd": 6},
                    "features": [{"$type": "app.bsky.richtext.facet#mention", "did": OWN}],
                }
            ],
        },
        "reason": "mention",
        "isRead": False,
        "indexedAt": written(row.created),
        "labels": [],
    }


def ask(visit: Visit) -> Ask:
    return Ask(token=visit.params.get("cursor"), size=int(visit.params["limit"]))


def ask_mentions(visit: Visit) -> Ask:
    if visit.params.get("priority") != "false":
        raise Refused(400, "strangers would be hidden")
    return ask(visit)


def ask_search(visit: Visit) -> Ask:
    bounds = {name: datetime.fromisoformat(visit.params[name]) for name in ("since", "until") if name in visit.params}
    wanted = ask(visit)
    return Ask(token=wanted.token, size=wanted.size, since=bounds.get("since"), until=bounds.get("until"))


def envelope(name: str, found: Found) -> Answer:
    return {name: found.records, **({"cursor": found.token} if found.token else {})}


def granted(access: str, refresh: str) -> JsonValue:
    server: JsonValue = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": ROOT}
    return {
        "accessJwt": access,
        "refreshJwt": refresh,
        "handle": "brand.example.com",
        "did": OWN,
        "didDoc": {"id": OWN, "service": [server]},
        "active": True,
    }


def presents(request: Request) -> str | None:
    """The password where a session begins, the refresh token where it goes on."""
    if request.url.endswith("refreshSession"):
        return request.headers.get("Authorization", "").removeprefix("Bearer ")
    return str(request.json.get("password")) if isinstance(request.json, dict) else None


def whoami(_visit: Visit) -> Answer:
    return {"handle": "brand.example.com", "did": OWN, "active": True}


def posts(visit: Visit) -> Answer:
    """The posts that there are; those that are gone are left out without a word."""
    params = [*parse_qsl(urlsplit(visit.request.url).query), *visit.request.params]
    rows = (visit.service.seen(Kind.POST, value) for name, value in params if name == "uris")
    return {"posts": [visit.service.render(row) for row in rows if row is not None]}


def record(visit: Visit) -> Answer:
    uri = f"at://{visit.params['repo']}/{visit.params['collection']}/{visit.params['rkey']}"
    row = visit.service.seen(Kind.POST, uri)
    if row is None:
        return answered(400, {"error": "RecordNotFound", "message": "Could not locate record"})
    return {"uri": uri, "cid": f"cid{row.number}", "value": {"text": row.title}}


def error(status: int, words: str) -> JsonValue:
    name = ENDED if words == ENDED else "InvalidRequest" if status == 400 else "Error"
    return {"error": name, "message": words}


BLUESKY = Sheet(
    name="bluesky",
    base_url=ROOT,
    words={},
    render={Kind.POST: post},
    make_id=uri_of,
    has_numeric_ids=False,
    renews=Renews(
        f"{PREFIX}com\\.atproto\\.server\\.(create|refresh)Session",
        presents,
        granted,
        said("D", "POST refreshSession with the REFRESH jwt as bearer (not access) [D1]; refresh rotates"),
        is_single_use=True,
        secret_lasts=True,
        status=400,
        words=ENDED,
    ),
    backdates=Backdates(timedelta(days=20), said("D", "createdAt is client-set (1970, 0001 ... seen)")),
    error=error,
    listings=(
        Listing(
            kinds=(Kind.POST,),
            path=f"{PREFIX}app.bsky.notification.listNotifications",
            ask=ask_mentions,
            answer=lambda found: envelope("notifications", found),
            sort=Sort("created", said("D", "Newest first, opaque cursor."), is_newest_first=True),
            size=Size(50, 100, said("D", "default 50, max 100")),
            tokens=Tokens("keyset", said("D", "Newest first, opaque cursor.")),
            lag=Lag(timedelta(minutes=5), said("D", "overlap (10 min)")),
            at=("notifications",),
            key="uri",
            required=frozenset({"uri", "indexedAt"}),
        ),
        Listing(
            kinds=(Kind.POST,),
            path=f"{PREFIX}app.bsky.feed.searchPosts",
            ask=ask_search,
            answer=lambda found: envelope("posts", found),
            sort=Sort(
                "created", said("D", "Search: GET app.bsky.feed.searchPosts?q=&sort=latest"), is_newest_first=True
            ),
            bound=Bound(
                "created",
                is_inclusive=True,
                why=said("D", "since inclusive, until exclusive"),
                is_until_inclusive=False,
            ),
            size=Size(25, 100, said("D", "limit=100&mentions=did: since inclusive")),
            tokens=Tokens("keyset", said("D", "may not necessarily allow scrolling through entire result set")),
            lag=Lag(timedelta(minutes=5), said("D", "repeated runs differ")),
            cap=Cap(said("D", "about 10,000 per query"), rows=10_000, status=None),
            at=("posts",),
            key="uri",
            required=frozenset({"uri", "indexedAt"}),
        ),
    ),
    actions=(
        Action(
            "GET",
            f"{PREFIX}com.atproto.server.getSession",
            whoami,
            said("D", "{identifier, password: app password} -> accessJwt"),
        ),
        Action("GET", f"{PREFIX}app.bsky.feed.getPosts", posts, said("D", "getPosts (25 uris) omits them silently")),
        Action(
            "GET",
            f"{PREFIX}com.atproto.repo.getRecord",
            record,
            said("D", "Notification vanishes if post deleted/blocked"),
        ),
    ),
    limited=Limited(
        said("D", "429 wait Reset"),
        headers=lambda now, seconds: {"ratelimit-reset": str(int(now.replace(tzinfo=UTC).timestamp()) + seconds)},
    ),
)
