"""The fake service does what its sheet says: each order, bound, cap, kind of token, lag and end of things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alignkit.testing.sheet import (
    Ask,
    Bound,
    Cap,
    Found,
    Gone,
    Lag,
    Limited,
    Listing,
    Lookup,
    Refused,
    Sheet,
    Shows,
    Size,
    Sort,
    Tokens,
    Visit,
    Withheld,
    link_to,
    quotes,
    quoting,
)
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.world import Fate, Kind, Row, World
from alignkit.transport import JsonValue, Request

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
said = quoting("shop")


def ask(visit: Visit) -> Ask:
    params = visit.params

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(params[name]) if name in params else None

    if params.get("since") == "never":
        raise Refused(422, "no such time")
    return Ask(
        since=moment("since"),
        until=moment("until"),
        token=params.get("token"),
        page=int(params["page"]) if "page" in params else None,
        size=int(params["size"]) if "size" in params else None,
        above=params.get("min_id") or params.get("since_id"),
        below=params.get("max_id"),
        is_from_oldest="min_id" in params,
        sort=params["sort"].split(",") if "sort" in params else (),
    )


def envelope(found: Found) -> JsonValue:
    return {
        "rows": found.records,
        "token": found.token,
        "more": found.has_more,
        "total": found.total,
        "next": link_to(found, token=found.token or ""),
    }


def shown(row: Row, _world: World) -> JsonValue:
    return {"id": row.id, "title": row.title}


LISTING = Listing(
    kinds=(Kind.ISSUE,),
    path="/tickets",
    ask=ask,
    answer=envelope,
    sort=Sort("changed", said("D", "oldest first")),
    size=Size(3, 3, said("D", "three on a page")),
    tokens=Tokens("keyset", said("D", "go on with `token`")),
)


class Shop:
    """A service with tickets 1 to 5, a minute apart, and a short way to ask it."""

    def __init__(self, **lines: Any) -> None:
        lookups = lines.pop("lookups", ())
        listing = replace(LISTING, **lines)
        sheet = Sheet("shop", "https://shop.example", {}, {Kind.ISSUE: shown}, [listing], lookups=lookups)
        self.world = World(START, make_id=lambda _kind, number, _created: str(number + 1))
        for number in range(1, 6):
            self.world.add(Kind.ISSUE, title=f"t{number}")
            self.world.tick(MINUTE)
        self.service = SheetService(sheet, self.world, "sample-token", page=None)

    def get(self, path: str = "/tickets", **params: str) -> Any:
        headers = {"authorization": "Bearer sample-token"}
        wanted = Request("GET", f"https://shop.example{path}", list(params.items()), headers=headers)
        self.response = self.service.handle(wanted)
        return self.response.json() if self.response.content else None

    def ids(self, **params: str) -> str:
        found = self.get(**params)
        assert "rows" in found, found
        return "".join(row["id"] for row in found["rows"])

    def walk(self, **params: str) -> list[str]:
        pages: list[str] = []
        token: Mapping[str, str] = {}
        while True:
            found = self.get(**params, **token)
            pages.append("".join(row["id"] for row in found["rows"]))
            if not found["more"]:
                return pages
            token = {"token": found["token"]}


def at(minutes: float) -> str:
    return (START + minutes * MINUTE).isoformat()


def test_a_walk_shows_everything_once() -> None:
    for walk in ("keyset", "offset", "snapshot"):
        assert Shop(tokens=Tokens(walk, said("D", "walks"))).walk() == ["123", "45"]


def test_a_row_that_moves_is_shown_again_by_keyset_and_pushes_another_out_by_offset() -> None:
    found: dict[str, str] = {}
    for walk in ("keyset", "offset", "snapshot"):
        shop = Shop(tokens=Tokens(walk, said("D", "walks")))
        token = shop.get()["token"]
        shop.world.change(Kind.ISSUE, "1", title="later")
        found[walk] = shop.ids(token=token)
    assert found == {"keyset": "451", "offset": "51", "snapshot": "45"}


def test_newest_first_goes_down_and_ids_bound_it() -> None:
    shop = Shop(sort=Sort("id", said("D", "newest first"), is_newest_first=True))
    assert shop.walk() == ["543", "21"]
    assert shop.ids(since_id="1") == "543"
    assert shop.ids(min_id="1") == "432"
    assert shop.ids(max_id="3") == "21"


def test_a_request_may_name_its_order() -> None:
    assert Shop().walk(sort="-created") == ["543", "21"]


@pytest.mark.parametrize(("is_inclusive", "wanted"), [(True, "345"), (False, "45")])
def test_a_bound_is_taken_as_its_line_says(*, is_inclusive: bool, wanted: str) -> None:
    bound = Bound("changed", is_inclusive, said("D", "from then on"))
    assert Shop(bound=bound).ids(since=at(2)) == wanted
    assert Shop(bound=bound).ids(until=at(1)) == "12"
    assert Shop(bound=replace(bound, is_until_inclusive=False)).ids(until=at(1)) == "1"


def test_a_bound_may_be_cut_to_days_of_a_zone() -> None:
    day = Bound("changed", False, said("D", "by day"), unit=timedelta(days=1), zone=timedelta(hours=-10))
    shop = Shop(bound=day)
    assert shop.ids(since=at(-24 * 60)) == "123"
    assert shop.ids(since=at(0)) == ""


def test_a_cap_refuses_or_just_ends() -> None:
    tokens = Tokens("offset", said("D", "walks"))
    refusing = Shop(tokens=tokens, cap=Cap(said("D", "3 rows"), rows=3))
    token = refusing.get()["token"]
    refusing.get(token=token)
    assert refusing.response.status == 400
    assert Shop(cap=Cap(said("D", "4 rows"), rows=4, status=None)).walk() == ["123", "4"]
    paged = Shop(cap=Cap(said("D", "2 pages"), pages=2))
    assert [paged.ids(page="2"), paged.get(page="3") and paged.response.status] == ["45", 400]


def test_a_token_ends_and_belongs_to_its_question() -> None:
    shop = Shop(tokens=Tokens("keyset", said("D", "7 days"), lives=timedelta(days=7), expired=410, is_bound=True))
    token = shop.get(size="2")["token"]
    assert shop.ids(size="2", token=token) == "34"
    shop.get(size="1", token=token)
    assert shop.response.status == 400
    shop.world.tick(timedelta(days=8))
    shop.get(size="2", token=token)
    assert shop.response.status == 410
    shop.get(token="nonsense")
    assert shop.response.status == 410


def test_a_lagging_list_shows_the_old_version_until_the_new_one_is_there() -> None:
    shop = Shop(lag=Lag(10 * MINUTE, said("D", "a few minutes")), lookups=[LOOKUP])
    shop.world.change(Kind.ISSUE, "1", lag=5 * MINUTE, title="new")
    assert shop.get("/tickets/1")["title"] == "new"
    assert next(row["title"] for row in shop.get()["rows"]) == "t1"
    shop.world.tick(6 * MINUTE)
    assert shop.walk() == ["234", "51"]


def test_a_lagging_list_may_show_the_new_version_in_the_old_ones_place() -> None:
    shop = Shop(lag=Lag(10 * MINUTE, said("D", "a few minutes"), is_shown_afresh=True))
    shop.world.change(Kind.ISSUE, "1", lag=5 * MINUTE, title="new")
    assert [(row["id"], row["title"]) for row in shop.get()["rows"][:2]] == [("1", "new"), ("2", "t2")]


def test_what_comes_late_has_an_old_stamp() -> None:
    shop = Shop()
    shop.world.add(Kind.ISSUE, late=5 * MINUTE, title="late")
    shop.world.tick(2 * MINUTE)
    shop.world.add(Kind.ISSUE, title="in time")
    assert shop.walk() == ["123", "457"]
    shop.world.tick(4 * MINUTE)
    assert shop.walk() == ["123", "456", "7"]


def test_the_newest_rows_are_withheld() -> None:
    shop = Shop(withheld=Withheld(90 * timedelta(seconds=1), said("D", "the last minute")))
    assert shop.walk() == ["123", "4"]


LOOKUP = Lookup(
    Kind.ISSUE,
    "/tickets/(?P<id>[0-9]+)",
    said("D", "one ticket"),
    gone=(
        Gone(Fate.MERGED, "redirect", said("D", "leads to the other")),
        Gone(Fate.SPAM, "record", said("D", "is shown")),
        Gone(Fate.PURGED, 410, said("D", "is gone")),
    ),
)


def test_each_end_of_a_thing_is_told_as_its_line_says() -> None:
    shop = Shop(lookups=[LOOKUP], shows=Shows(frozenset({Fate.SPAM}), said("D", "spam stays")))
    for id, fate in (("1", Fate.SPAM), ("2", Fate.PURGED), ("3", Fate.DELETED)):
        shop.world.change(Kind.ISSUE, id, fate=fate)
    shop.world.merge(Kind.ISSUE, "4", "5")
    assert shop.walk() == ["15"]
    assert [shop.get(f"/tickets/{id}") and shop.response.status for id in ("1", "2", "3")] == [200, 410, 404]
    shop.get("/tickets/4")
    assert (shop.response.status, shop.response.headers["location"]) == (301, "https://shop.example/tickets/5")


def test_a_request_that_is_refused_or_unknown_is_told() -> None:
    shop = Shop()
    assert shop.get(since="never") == {"error": "no such time"}
    assert shop.response.status == 422
    shop.get("/nothing")
    assert shop.response.status == 404
    assert shop.service.handle(Request("GET", "https://shop.example/tickets")).status == 401


def test_a_price_is_added_up() -> None:
    shop = Shop(price=0.5)
    shop.walk()
    assert shop.service.spent == 2.5


def test_a_limit_is_told_in_the_services_own_words() -> None:
    shop = Shop()
    assert shop.service.limit(7) is None
    shop.service.sheet = replace(
        shop.service.sheet,
        limited=Limited(
            said("D", "420"), 420, lambda now, wait: {"x-end": (now + timedelta(seconds=wait)).isoformat()}
        ),
    )
    response = shop.service.limit(7)
    assert response is not None
    assert (response.status, response.headers["x-end"]) == (
        420,
        (START + 5 * MINUTE + timedelta(seconds=7)).isoformat(),
    )


def test_every_quote_of_a_sheet_is_found() -> None:
    words = {quote.words for quote in quotes(Shop(lookups=[LOOKUP]).service.sheet)}
    assert words == {
        "oldest first",
        "three on a page",
        "go on with `token`",
        "one ticket",
        "leads to the other",
        "is shown",
        "is gone",
    }
