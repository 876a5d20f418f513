"""Gong as a sheet: every line that a sheet can have, made up."""

from __future__ import annotations

from datetime import datetime, timedelta

from alignkit.testing.sheet import (
    Aliases,
    Answer,
    Ask,
    Backdates,
    Bound,
    Cap,
    Found,
    Hides,
    Includes,
    Lag,
    Late,
    Limited,
    Listing,
    Optional,
    Renews,
    Sheet,
    Size,
    Sort,
    Supplies,
    Thins,
    Tokens,
    Varies,
    Visit,
    link_to,
    quoting,
)
from alignkit.testing.world import Kind, Row, World
from alignkit.transport import JsonValue, Request
from alignkit_hostile.gong import STATUSES

said = quoting("gong")


def shown(row: Row, _world: World) -> JsonValue:
    common: dict[str, JsonValue] = {
        "id": int(row.id),
        "made": row.created.isoformat(),
        "changed": row.changed.isoformat(),
    }
    if row.kind is Kind.PERSON:
        return {**common, "email": row.email, "more": list(row.addresses)}
    if row.kind is Kind.SURVEY:
        return {**common, "score": row.score, "ticket": int(row.issue) if row.issue else None}
    people: dict[str, JsonValue] = {
        "by": int(row.person) if row.person else None,
        "also": [int(one) for one in row.others],
        "sender": row.email,
    }
    return {**common, **people, "subject": row.title, "state": row.word}


def ask(visit: Visit) -> Ask:
    since = visit.params.get("since")
    return Ask(since=datetime.fromisoformat(since) if since else None, token=visit.params.get("token"))


def envelope(found: Found) -> Answer:
    return {"rows": found.records, "token": found.token, "next": link_to(found, token=found.token or "")}


def search(kind: Kind, name: str) -> Listing:
    return Listing(
        kinds=(kind,),
        path=f"/search/{name}",
        ask=ask,
        answer=envelope,
        sort=Sort("changed", said("D", "by the last change")),
        bound=Bound("changed", None, said("U", "from then on, or after it")),
        size=Size(50, 50, said("D", "fifty on a page")),
        tokens=Tokens("keyset", said("D", "a token for the next page"), lives=timedelta(hours=1), expired=410),
        cap=Cap(said("D", "a search reaches 1,000 rows"), rows=1_000),
        lag=Lag(timedelta(minutes=5), said("I", "found minutes after it was changed")),
        thins=Thins(said("I", "an empty page that was not the last")),
        at=("rows",),
        required=frozenset({"id", "made", "changed"}),
        status="state" if kind is Kind.ISSUE else None,
    )


def wait(now: datetime, seconds: int) -> dict[str, str]:
    return {"x-wait": str(int(now.timestamp()) + seconds)}


def presented(request: Request) -> str | None:
    return dict(request.form or ()).get("refresh_token")


def tokens(access: str, refresh: str) -> JsonValue:
    return {"access_token": access, "refresh_token": refresh, "token_type": "bearer"}


GONG = Sheet(
    name="gong",
    base_url="https://gong.example.com",
    words=STATUSES,
    render={Kind.PERSON: shown, Kind.ISSUE: shown, Kind.SURVEY: shown},
    listings=(search(Kind.PERSON, "people"), search(Kind.ISSUE, "tickets"), search(Kind.SURVEY, "answers")),
    late=Late(timedelta(minutes=5), said("I", "a row with a stamp of minutes ago")),
    backdates=Backdates(timedelta(days=9_000), said("I", "a row that says it was made long ago")),
    limited=Limited(said("D", "the end of the wait in x-wait"), headers=wait),
    renews=Renews("/token", presented, tokens, said("D", "a refresh token for each hour"), is_single_use=True),
    varies=(
        Varies(Kind.SURVEY, "score", said("D", "an answer may be changed")),
        Varies(Kind.ISSUE, "person", said("D", "a ticket may be given to somebody else")),
    ),
    aliases=Aliases(said("D", "further addresses in `more`")),
    includes=Includes(said("D", "whom a ticket concerns as well, in `also`")),
    supplies=Supplies(said("D", "the address that a ticket came from, in `sender`")),
    hides=Hides((Kind.ISSUE,), said("I", "nothing at all was shown any more")),
    optional=(Optional("/search/answers", 403, said("D", "answers are for those who pay")),),
)
