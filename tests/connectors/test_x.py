"""Holds X to the kit as its sheet describes it, and to what is particular about it: above all, to its budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Page, Run
from alignkit.connectors.x import X
from alignkit.errors import DataInvalid, PagingStuck, RateLimited, RequestRefused, ResponseInvalid, SettingsError
from alignkit.models import Post
from alignkit.models.vocabulary import PostKind
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.changes import Changes
from alignkit.testing.sheet_service import answered
from alignkit.testing.world import Kind
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.x import PRICE, X_SHEET, make_id

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
DATE = {"date": "Wed, 04 Mar 2026 12:00:00 GMT"}

Send = Callable[[Request], Response]


def id_of(moment: datetime, number: int = 0) -> str:
    return make_id(Kind.POST, number, moment)


def told(*posts: JsonValue, token: str | None = None, **meta: JsonValue) -> Response:
    following: dict[str, JsonValue] = {"next_token": token} if token else {}
    users: JsonValue = [{"id": "7", "username": "ada"}]
    counted: JsonValue = {"result_count": len(posts), **following, **meta}
    return answered(200, {"data": [*posts], "includes": {"users": users}, "meta": counted}, DATE)


def tweet(id: str = "20", **fields: JsonValue) -> JsonValue:
    return {"id": id, "edit_history_tweet_ids": [id], "author_id": "7", "text": "wet", **fields}


def page(*posts: JsonValue, **settings: Any) -> Page:
    source = X("2244994945", TOKEN, **settings)
    return drive(source, source.read("mentions", None, RUN), lambda _: told(*posts))


def post(found: JsonValue, **settings: Any) -> Post:
    [event] = page(found, **settings).events
    assert isinstance(event.data, Post)
    return event.data


# --- money --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0.05, 0.08, 0.2, 0.31, 1.0])
def test_reading_stops_before_the_budget_is_passed(budget: float) -> None:
    case = TestXSheet()
    service = case.service()
    for number in range(60):
        service.world.add(Kind.POST, title=f"post {number}")
        service.world.tick(timedelta(seconds=1))
    service.world.tick(timedelta(minutes=5))
    service.page = None
    source = X("2244994945", case.secret, daily_budget=budget)
    checkpoint: Mapping[str, JsonValue] | None = None
    for _ in range(30):
        try:
            read = drive(source, source.read("mentions", checkpoint, RUN), service.handle)
        except RateLimited:
            break
        checkpoint = read.checkpoint
        if not read.more:
            break
    assert service.spent <= budget
    is_whole = checkpoint is not None and "walk" not in checkpoint
    assert is_whole or budget - service.spent < 5 * PRICE + budget / 2


def test_a_spent_budget_sends_nothing_and_a_new_day_goes_on_where_it_was() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return told(tweet())

    source = X("2244994945", TOKEN, daily_budget=1.0)
    spent: Mapping[str, JsonValue] = {"mark": "10", "day": "2026-03-04", "spent": 0.95}
    with pytest.raises(RateLimited, match="daily_budget"):
        drive(source, source.read("mentions", spent, RUN), send)
    assert not sent
    later = drive(source, source.read("mentions", spent, Run(NOW + timedelta(days=1))), send)
    assert later.checkpoint["day"] == "2026-03-05"
    assert later.checkpoint["spent"] == pytest.approx(PRICE)


def test_a_page_is_as_small_as_what_is_left_of_the_budget() -> None:
    sizes: list[str] = []

    def send(wanted: Request) -> Response:
        sizes.append(dict(wanted.params)["max_results"])
        return told()

    for budget, is_dear in ((0.15, True), (0.15, False), (90.0, True)):
        source = X("2244994945", TOKEN, daily_budget=budget, reads_authors=is_dear)
        drive(source, source.read("mentions", None, RUN), send)
    assert sizes == ["10", "30", "100"]


def test_a_usage_cap_ends_the_run() -> None:
    source = X("2244994945", TOKEN)
    with pytest.raises(RateLimited):
        drive(source, source.read("mentions", None, RUN), lambda _: answered(429, {"title": "UsageCapExceeded"}))


# --- reading ------------------------------------------------------------------------------------------------------


def test_a_walk_keeps_its_bound_and_moves_its_mark_at_its_end() -> None:
    asked: list[Mapping[str, str]] = []
    pages = [told(tweet(id_of(NOW)), token="t1", newest_id=id_of(NOW)), told(tweet("30"))]

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return pages[len(asked) - 1]

    source = X("2244994945", TOKEN)
    mark = id_of(NOW - timedelta(hours=1))
    first = drive(source, source.read("mentions", {"mark": mark}, RUN), send)
    last = drive(source, source.read("mentions", first.checkpoint, RUN), send)
    assert (first.more, first.checkpoint["mark"]) == (True, mark)
    assert asked[0]["since_id"] == asked[1]["since_id"] == str(int(mark) - (180_000 << 22))
    assert asked[1]["pagination_token"] == "t1"
    assert (last.more, last.checkpoint["mark"]) == (False, id_of(NOW))


def test_a_search_whose_last_post_is_too_old_goes_on_from_seven_days_ago_and_says_so() -> None:
    asked: list[Mapping[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return answered(400, {"title": "Invalid Request"}, DATE) if "since_id" in asked[-1] else told()

    source = X("2244994945", TOKEN, query="parcel")
    found = drive(source, source.read("search", {"mark": id_of(NOW - timedelta(days=9))}, RUN), send)
    assert asked[1]["start_time"] == "2026-02-25T12:01:00Z"
    assert found.gaps
    with pytest.raises(RequestRefused):
        drive(source, source.read("search", {"mark": id_of(NOW)}, RUN), send)


def test_more_mentions_than_can_be_reached_are_told_as_a_gap() -> None:
    source = X("2244994945", TOKEN)
    walk: dict[str, JsonValue] = {"walk": {"read": 799, "token": "t"}}
    assert drive(source, source.read("mentions", walk, RUN), lambda _: told(tweet())).gaps
    walk = {"walk": {"read": 798, "token": "t"}}
    assert not drive(source, source.read("mentions", walk, RUN), lambda _: told(tweet())).gaps


def test_without_a_query_nothing_is_searched_for() -> None:
    source = X("2244994945", TOKEN)

    def send(_wanted: Request) -> Response:
        raise AssertionError("something was asked for")

    found = drive(source, source.read("search", None, RUN), send)
    assert (found.more, list(found.events)) == (False, [])


def test_the_same_token_twice_and_an_error_in_place_of_posts_end_the_run() -> None:
    source = X("2244994945", TOKEN)
    with pytest.raises(PagingStuck):
        drive(source, source.read("mentions", {"walk": {"token": "t"}}, RUN), lambda _: told(tweet(), token="t"))
    with pytest.raises(ResponseInvalid):
        drive(source, source.read("mentions", None, RUN), lambda _: answered(200, {"errors": [{"title": "no"}]}))


def test_a_first_read_begins_when_it_was_told_to() -> None:
    asked: list[Mapping[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return told()

    source = X("2244994945", TOKEN)
    drive(source, source.read("mentions", None, Run(NOW, since=NOW - timedelta(days=1))), send)
    assert asked[0]["start_time"] == "2026-03-03T12:00:00Z"


# --- what posts become --------------------------------------------------------------------------------------------


def test_an_edited_post_is_known_by_its_first_id_and_its_last_version_counts() -> None:
    first, second = id_of(NOW), id_of(NOW + timedelta(minutes=5))
    edited: JsonValue = {"id": second, "edit_history_tweet_ids": [first, second], "text": "dry"}
    [event] = page(edited).events
    assert (event.subject, event.source_version) == (first, int(second))
    [before] = page(tweet(first)).events
    assert before.source_version < event.source_version


def test_a_post_has_the_time_of_its_id() -> None:
    assert post(tweet(id_of(NOW))).posted_at == NOW


def test_a_post_is_known_by_its_authors_id_and_name() -> None:
    long: JsonValue = {"text": "all of it"}
    found = post(tweet(note_tweet=long, lang="en", referenced_tweets=[{"type": "replied_to", "id": "19"}]))
    assert (found.author_ref, found.author_handle, found.text) == ("7", "ada", "all of it")
    assert (found.kind, found.in_reply_to, found.lang) == (PostKind.COMMENT, "19", "en")
    assert post(tweet(author_id="8")).author_handle is None
    assert post(tweet(), keeps_text=False).text is None


def test_retweets_are_left_out_and_odd_ids_set_aside() -> None:
    found = page(tweet("30", referenced_tweets=[{"type": "retweeted", "id": "1"}]), tweet("9" * 30), tweet("31"))
    assert [event.subject for event in found.events] == ["31"]
    assert len(found.quarantined) == 1


# --- the rest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("usage", "is_well"), [("10", True), ("3000000", False)])
def test_the_doctor_is_told_of_a_cap_that_is_spent_and_pays_nothing(usage: str, is_well: bool) -> None:
    sent: list[str] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted.url)
        return answered(200, {"data": {"project_usage": usage, "project_cap": "3000000"}})

    source = X("2244994945", TOKEN)
    assert [one.is_well for one in drive(source, source.check(), send)] == [True, is_well]
    assert sent == ["https://api.x.com/2/usage/tweets"]
    [finding] = drive(source, source.check(), lambda _: answered(401, {}))
    assert "`token`" in finding.remedy


@pytest.mark.parametrize(
    "given",
    [
        {"user_id": "7"},
        {"user_id": "7/x", "token": TOKEN},
        {"user_id": "@brand", "token": TOKEN},
        {"user_id": "7:1", "token": TOKEN},
        {"user_id": "7 8", "token": TOKEN},
        {"user_id": "7", "token": TOKEN, "client_id": "app"},
        {"user_id": "7", "refresh_token": TOKEN},
        {"user_id": "7", "token": TOKEN, "daily_budget": 0},
        {"user_id": "7", "token": TOKEN, "query": "x" * 513},
        {"user_id": "7", "token": TOKEN, "base_url": "http://api.example.com"},
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_request(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        X(**given)
    assert TOKEN not in str(refused.value)


def test_another_connectors_stream_or_checkpoint_is_refused() -> None:
    source = X("2244994945", TOKEN)
    for stream, checkpoint in (("issues", None), ("mentions", {"cursor": "x"})):
        with pytest.raises(DataInvalid):
            drive(source, source.read(stream, checkpoint, RUN), lambda _: told())


class TestXSheet(SheetTests):
    sheet: ClassVar[Sheet] = X_SHEET
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "27": test_a_walk_keeps_its_bound_and_moves_its_mark_at_its_end,
        "35": test_a_post_is_known_by_its_authors_id_and_name,
    }
    owed: ClassVar[Mapping[str, str]] = {
        "38": "the connector renews single-use tokens, and the sheet has no line `renews` to show it",
        "x5": "the check tries no mentions",
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "ids follow the time; three minutes of overlap are read again all the same",
        "11": "a token does not end",
        "28": "there are no issues here",
        "29": "there are no issues here",
        "30": "there are no issues here",
        "31": "there are no issues here",
        "40": "nothing is written to X",
        "x3": "without a search the mentions are read all the same",
    }

    def connector(self, service: SheetService) -> X:
        return X("2244994945", self.secret, base_url=service.base_url, query="brand", daily_budget=1_000.0)

    def change(self, service: SheetService) -> None:
        service.world.tick(self.sheet.settles)
        Changes(self.sheet, service.world).add(Kind.POST)
        service.world.tick(self.sheet.settles)
