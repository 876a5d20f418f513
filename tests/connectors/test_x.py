"""Holds X to the kit as its sheet describes it, and to what is particular about it: above all, to its budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Fetched, Page, Run
from alignkit.connectors.x import MemorySpending, Spending, SpendingFile, X
from alignkit.errors import (
    DataInvalid,
    PagingStuck,
    PermissionMissing,
    RateLimited,
    RequestRefused,
    ResponseInvalid,
    ServiceUnreachable,
    SettingsError,
    StoreDamaged,
    StoreUnavailable,
)
from alignkit.models import Post
from alignkit.models.events import PostPublished
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import PostKind
from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.sheet import answered
from alignkit.testing.sheet.case import SheetCase
from alignkit.testing.sheet.changes import Changes
from alignkit.testing.source.case import LATER, Trial
from alignkit.testing.watch import Crash, CrashPoint
from alignkit.testing.world import Fate, Kind
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


def saying(response: Response, _wanted: Request) -> Response:
    return response


def tweet(id: str = "20", **fields: JsonValue) -> JsonValue:
    return {"id": id, "edit_history_tweet_ids": [id], "author_id": "7", "text": "wet", **fields}


def x(**settings: Any) -> X:
    given: dict[str, Any] = {"token": TOKEN, "spending": MemorySpending(), **settings}
    return X("2244994945", **given)


def page(*posts: JsonValue, **settings: Any) -> Page:
    source = x(**settings)
    return drive(source, source.read("mentions", None, RUN), lambda _: told(*posts))


def posts_in(events: Sequence[object]) -> list[PostPublished]:
    return [one for one in events if isinstance(one, PostPublished)]


def post(found: JsonValue, **settings: Any) -> Post:
    [event] = posts_in(page(found, **settings).events)
    return event.data


# --- money --------------------------------------------------------------------------------------------------------


def busy_service() -> SheetService:
    service = TestXSheet().service()
    for number in range(60):
        service.world.add(Kind.POST, title=f"post {number}")
        service.world.tick(timedelta(seconds=1))
    service.world.tick(timedelta(minutes=5))
    service.page = None
    return service


@pytest.mark.parametrize("budget", [0.05, 0.08, 0.2, 0.31, 1.0])
def test_reading_stops_before_the_budget_is_passed(budget: float) -> None:
    case, service = TestXSheet(), busy_service()
    source = x(token=None, **case.grant(service), daily_budget=budget)
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


class Poor(SheetCase):
    """A day's budget of a dollar for both streams and for reading by id, kept in one file."""

    sheet: ClassVar[Sheet] = X_SHEET
    spending_file: Path

    def connector(self, service: SheetService) -> X:
        grant = TestXSheet().grant(service)
        return x(token=None, **grant, query="brand", daily_budget=1.0, spending_file=self.spending_file, spending=None)


@pytest.mark.parametrize("step", range(1, 25))
def test_the_budget_holds_for_all_streams_whenever_a_run_dies(step: int, tmp_path: Path) -> None:
    case, service = Poor(), busy_service()
    case.spending_file = tmp_path / "spending.json"
    store = MemoryStore()
    for attempt in range(8):
        trial = Trial(case, service, store=store, crash=CrashPoint(step if attempt < 6 else 0))
        with suppress(Crash):
            trial.failing_pull()
    assert service.spent <= 1.0
    Trial(case, service, store=store).failing_pull(later=timedelta(days=1))
    assert 0 < service.spent <= 2.0


def test_two_connectors_with_one_file_have_one_budget(tmp_path: Path) -> None:
    file = tmp_path / "spending.json"
    sizes: list[int] = []

    def send(wanted: Request) -> Response:
        sizes.append(int(dict(wanted.params)["max_results"]))
        return told(*[tweet(str(number)) for number in range(20, 20 + sizes[-1])])

    for name in ("brand", "other", "third"):
        source = x(name=name, spending=None, spending_file=file, daily_budget=0.3)
        if name == "third":
            with pytest.raises(RateLimited, match="daily_budget"):
                drive(source, source.read("mentions", None, RUN), send)
        else:
            drive(source, source.read("mentions", None, RUN), send)
        if name == "brand":
            SpendingFile(file).give_back("2026-03-04", 150_000)
    assert sizes == [20, 10]


def test_a_spent_budget_sends_nothing_and_a_new_day_goes_on_where_it_was() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return told(tweet())

    spending = MemorySpending()
    source = x(daily_budget=1.0, spending=spending)
    assert spending.reserve("2026-03-04", 950_000, 1_000_000, 1, 1) == 1
    with pytest.raises(RateLimited, match="daily_budget"):
        drive(source, source.read("mentions", {"mark": "10"}, RUN), send)
    assert not sent
    tomorrow = Run(NOW + timedelta(days=1))
    drive(source, source.read("mentions", {"mark": "10"}, tomorrow), send)
    assert spending.reserve("2026-03-05", 1, 1_000_000, 1, 1_000_000) == 985_000


def test_a_page_is_as_small_as_what_is_left_of_the_budget() -> None:
    sizes: list[str] = []

    def send(wanted: Request) -> Response:
        sizes.append(dict(wanted.params)["max_results"])
        return told()

    for budget, is_dear in ((0.15, True), (0.15, False), (90.0, True)):
        source = x(daily_budget=budget, reads_authors=is_dear)
        drive(source, source.read("mentions", None, RUN), send)
    assert sizes == ["10", "30", "100"]


def test_a_refusal_costs_nothing_and_a_lost_answer_all_that_it_may_have_cost() -> None:
    def lost(_wanted: Request) -> Response:
        raise ServiceUnreachable("`api.x.com` broke off before its answer was whole")

    refused, broken = partial(saying, answered(403, {})), partial(saying, answered(502, {}))
    cases: list[tuple[Send, int]] = [(refused, 1_000_000), (broken, 1_000_000), (lost, 0)]
    for send, left in cases:
        spending, sent = MemorySpending(), list[Request]()
        source = x(daily_budget=1.0, spending=spending, price_post=0.01, price_user=0.0)

        def heard(wanted: Request, send: Send = send, sent: list[Request] = sent) -> Response:
            sent.append(wanted)
            return send(wanted)

        with pytest.raises((PermissionMissing, ServiceUnreachable)):
            drive(source, source.read("mentions", None, RUN), heard)
        assert len(sent) == 1
        assert spending.reserve("2026-03-04", 1, 1_000_000, 0, 2_000_000) == left


def test_a_run_that_knows_most_posts_asks_for_few_at_first() -> None:
    sizes: list[str] = []

    def send(wanted: Request) -> Response:
        sizes.append(dict(wanted.params)["max_results"])
        return told(tweet(id_of(NOW)), token=f"t{len(sizes)}")

    source, checkpoint = x(), {"mark": id_of(NOW)}
    for _ in range(2):
        page = drive(source, source.read("mentions", checkpoint, RUN), send)
        checkpoint = json.loads(json.dumps(page.checkpoint))
    assert sizes == ["20", "100"]


def test_a_usage_cap_ends_the_run() -> None:
    source = x()
    with pytest.raises(RateLimited):
        drive(source, source.read("mentions", None, RUN), lambda _: answered(429, {"title": "UsageCapExceeded"}))


# --- reading ------------------------------------------------------------------------------------------------------


def test_a_walk_keeps_its_bound_and_moves_its_mark_at_its_end() -> None:
    asked: list[Mapping[str, str]] = []
    pages = [told(tweet(id_of(NOW)), token="t1", newest_id=id_of(NOW)), told(tweet("30"), newest_id="30")]

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return pages[len(asked) - 1]

    source = x()
    mark = id_of(NOW - timedelta(hours=1))
    first = drive(source, source.read("mentions", {"mark": mark}, RUN), send)
    last = drive(source, source.read("mentions", first.checkpoint, RUN), send)
    assert (first.more, first.checkpoint["mark"]) == (True, mark)
    assert asked[0]["since_id"] == asked[1]["since_id"] == str(int(mark) - (180_000 << 22))
    assert asked[1]["pagination_token"] == "t1"
    assert (last.more, last.checkpoint["mark"]) == (False, id_of(NOW))


@pytest.mark.parametrize(
    ("checkpoint", "since"), [({"mark": id_of(NOW - timedelta(days=9))}, None), (None, NOW - timedelta(days=30))]
)
def test_a_search_for_what_is_too_old_goes_back_seven_days_by_xs_clock_and_says_so(
    checkpoint: Mapping[str, JsonValue] | None, since: datetime | None
) -> None:
    asked: list[Mapping[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return answered(400, {"title": "Invalid Request"}, DATE) if len(asked) == 1 else told()

    source = x(query="parcel")
    # Our own clock is wrong by a month.
    found = drive(source, source.read("search", checkpoint, Run(NOW + timedelta(days=30), since)), send)
    assert asked[1]["start_time"] == "2026-02-25T12:01:00Z"
    assert "since_id" not in asked[1]
    assert found.gaps
    with pytest.raises(RequestRefused):
        drive(source, source.read("search", {"mark": id_of(NOW)}, RUN), lambda _: answered(400, {}, DATE))


def test_a_search_that_rested_too_long_half_way_goes_on_below_the_last_post_that_it_read() -> None:
    asked: list[Mapping[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return answered(400, {"title": "Invalid Request"}, DATE) if "since_id" in asked[-1] else told()

    source, oldest = x(query="parcel"), id_of(NOW - timedelta(days=3))
    walk: JsonValue = {"since": id_of(NOW - timedelta(days=8)), "oldest": oldest, "newest": oldest, "token": "t"}
    found = drive(source, source.read("search", {"walk": walk}, RUN), send)
    assert (asked[1]["until_id"], asked[1]["start_time"]) == (oldest, "2026-02-25T12:01:00Z")
    assert "next_token" not in asked[1]
    assert (found.checkpoint["mark"], found.more, len(found.gaps)) == (oldest, False, 1)
    asked.clear()
    oldest = id_of(NOW - timedelta(days=8))
    walk = {"since": id_of(NOW - timedelta(days=9)), "oldest": oldest, "newest": oldest, "token": "t"}
    found = drive(source, source.read("search", {"walk": walk}, RUN), send)
    assert (len(asked), found.checkpoint["mark"], found.more, len(found.gaps)) == (1, oldest, False, 1)


@pytest.mark.parametrize(
    ("read", "mark", "is_told"), [(799, None, True), (701, "20", True), (701, "30", False), (200, "20", False)]
)
def test_more_mentions_than_can_be_reached_are_told_as_a_gap(read: int, mark: str | None, is_told: bool) -> None:
    source = x()
    at: dict[str, JsonValue] = {"mark": mark, "walk": {"read": read, "token": "t", "oldest": "40"}}
    found = drive(source, source.read("mentions", at, RUN), lambda _: told(tweet("30")))
    assert bool(found.gaps) is is_told


def test_without_a_query_nothing_is_searched_for() -> None:
    source = x()

    def send(_wanted: Request) -> Response:
        raise AssertionError("something was asked for")

    found = drive(source, source.read("search", None, RUN), send)
    assert (found.more, list(found.events)) == (False, [])


def test_the_same_token_twice_and_an_error_in_place_of_posts_end_the_run() -> None:
    source = x()
    with pytest.raises(PagingStuck):
        drive(source, source.read("mentions", {"walk": {"token": "t"}}, RUN), lambda _: told(tweet(), token="t"))
    with pytest.raises(ResponseInvalid):
        drive(source, source.read("mentions", None, RUN), lambda _: answered(200, {"errors": [{"title": "no"}]}))


def test_a_first_read_begins_when_it_was_told_to() -> None:
    asked: list[Mapping[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return told()

    source = x()
    drive(source, source.read("mentions", None, Run(NOW, since=NOW - timedelta(days=1))), send)
    assert asked[0]["start_time"] == "2026-03-03T12:00:00Z"


# --- what posts become --------------------------------------------------------------------------------------------


def test_an_edited_post_is_known_by_its_first_id_and_its_last_version_counts() -> None:
    first, second = id_of(NOW), id_of(NOW + timedelta(minutes=5))
    edited: JsonValue = {"id": second, "edit_history_tweet_ids": [first, second], "text": "dry"}
    [event] = posts_in(page(edited).events)
    assert (event.subject, event.source_version) == (first, int(second))
    [before] = posts_in(page(tweet(first)).events)
    assert before.source_version < event.source_version


def test_a_post_has_the_time_of_its_id() -> None:
    assert post(tweet(id_of(NOW))).posted_at == NOW


def test_a_post_is_known_by_its_authors_id_and_name() -> None:
    long: JsonValue = {"text": "all of it"}
    found = post(tweet(note_tweet=long, lang="en", referenced_tweets=[{"type": "replied_to", "id": "19"}]))
    assert (found.author_ref, found.author_handle, found.text) == ("7", "ada", "all of it")
    assert (found.kind, found.in_reply_to, found.lang) == (PostKind.COMMENT, "19", "en")
    assert post(tweet(author_id="8")).author_handle is None
    assert found.customer_match is not None
    assert (found.customer_match.identifier, found.customer_match.confidence) == ("social_handle:x/7", 1.0)


def test_an_author_is_one_person_under_any_name_and_without_one() -> None:
    store = MemoryStore()
    names = iter(["ada", "ada_b", "ada_b"])
    for number, reads_authors in ((1, True), (2, True), (3, False)):
        source = x(name="brand", reads_authors=reads_authors)
        users: JsonValue = [{"id": "7", "username": next(names)}] if reads_authors else []
        body: JsonValue = {"data": [tweet(f"2{number}")], "includes": {"users": users}, "meta": {"result_count": 1}}
        sync = Sync(store, send=partial(saying, answered(200, body, DATE)))
        sync.pull(source, streams=["mentions"], now=NOW + timedelta(hours=number))
    [customer] = store.customers()
    assert customer.identifiers == (
        "helpdesk_user:brand/7",
        "social_handle:x/7",
        "social_handle:x/ada",
        "social_handle:x/ada_b",
    )


def test_a_post_keeps_its_text_on_request_alone() -> None:
    assert post(tweet(), keeps_text=False).text is None


def test_retweets_are_left_out_and_odd_ids_set_aside() -> None:
    found = page(tweet("30", referenced_tweets=[{"type": "retweeted", "id": "1"}]), tweet("9" * 30), tweet("31"))
    assert [event.subject for event in posts_in(found.events)] == ["31"]
    assert len(found.quarantined) == 1


# --- the rest -----------------------------------------------------------------------------------------------------


def doctor(usage: Response, search: Response | None = None, **settings: Any) -> tuple[list[str], dict[str, str]]:
    """What was asked, and what is not well."""
    sent: list[str] = []

    def send(wanted: Request) -> Response:
        path = wanted.url.removeprefix("https://api.x.com")
        sent.append(path)
        answers = {"/2/usage/tweets": usage, "/2/tweets/search/recent": search or told()}
        return answers.get(path, told())

    source = x(**settings)
    findings = drive(source, source.check(), send)
    return sent, {one.subject: one.remedy for one in findings if not one.is_well}


def used(number: str) -> Response:
    return answered(200, {"data": {"project_usage": number, "project_cap": "3000000"}}, DATE)


MENTIONS = "/2/users/2244994945/mentions"


def test_the_doctor_asks_each_list_that_is_read_for_its_newest_posts() -> None:
    assert doctor(used("10")) == (["/2/usage/tweets", MENTIONS], {})
    sent, unwell = doctor(used("10"), query="parcel")
    assert (sent[-1], unwell) == ("/2/tweets/search/recent", {})


def test_the_doctor_is_told_of_a_cap_that_is_spent_and_of_a_budget_that_is() -> None:
    assert "cap is spent" in next(iter(doctor(used("3000000"))[1].values()))
    sent, unwell = doctor(used("10"), daily_budget=0.01)
    assert sent == ["/2/usage/tweets"]
    assert "daily_budget" in unwell["mentions"]


def test_the_doctor_of_a_users_grant_does_without_the_cap() -> None:
    refused = answered(403, {"title": "Unsupported Authentication"}, DATE)
    assert doctor(refused) == (["/2/usage/tweets", MENTIONS], {})


def test_the_doctor_is_told_of_a_credential_or_a_list_that_is_refused() -> None:
    assert "`token`" in doctor(answered(401, {}))[1]["`x`"]
    assert "403" in doctor(used("1"), answered(403, {}), query="wet")[1]["`x`"]
    assert "correct `query`" in doctor(used("1"), answered(400, {}), query="(")[1]["search"]


# --- by id --------------------------------------------------------------------------------------------------------


def lookup(*errors: JsonValue, posts: Sequence[JsonValue] = ()) -> Response:
    return answered(200, {**({"data": [*posts]} if posts else {}), **({"errors": [*errors]} if errors else {})}, DATE)


def missing(id: str, problem: str = "resource-not-found") -> JsonValue:
    return {"value": id, "resource_type": "tweet", "type": f"https://api.twitter.com/2/problems/{problem}"}


def fetched(send: Send, *ids: str, **settings: Any) -> Fetched:
    source = x(**settings)
    return drive(source, source.fetch([Ref("post", id) for id in ids], RUN), send)


def test_a_post_counts_as_taken_back_on_xs_own_word_alone() -> None:
    first, second, third = (id_of(NOW, number) for number in (1, 2, 3))
    answer = lookup(missing(first), missing(second, "not-authorized-for-resource"), posts=[tweet(third)])
    found = fetched(lambda _: answer, first, second, third)
    posts = {event.subject: event.data for event in posts_in(found.events)}
    assert {id: one.deleted_at is not None for id, one in posts.items()} == {first: True, third: False}
    assert (posts[first].text, posts[first].author_ref) == (None, None)
    assert [ref.id for ref in found.done] == [first, second, third]
    listed = posts_in(page(tweet(first)).events)[0]
    gone = next(event for event in posts_in(found.events) if event.subject == first)
    assert gone.source_version > listed.source_version


def test_a_post_by_id_ranks_below_the_same_one_of_a_list_which_names_its_author() -> None:
    id = id_of(NOW)
    [by_id] = posts_in(fetched(lambda _: lookup(posts=[tweet(id)]), id).events)
    [listed] = posts_in(page(tweet(id)).events)
    assert by_id.source_version < listed.source_version


def test_a_post_that_was_edited_is_read_in_its_newest_edit() -> None:
    first, second = id_of(NOW), id_of(NOW + timedelta(minutes=5))
    history: JsonValue = [first, second]
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params)["ids"])
        return lookup(posts=[tweet(asked[-1], edit_history_tweet_ids=history, text=asked[-1])])

    found = posts_in(fetched(send, first).events)
    assert asked == [first, second]
    newest = max(found, key=lambda event: event.source_version)
    assert (newest.subject, newest.data.text) == (first, second)


def test_reading_by_id_leaves_half_of_the_budget_to_the_lists() -> None:
    ids = [id_of(NOW, number) for number in range(10)]
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        asked.extend(dict(wanted.params)["ids"].split(","))
        return lookup(posts=[tweet(id) for id in asked])

    found = fetched(send, *ids, daily_budget=0.03)
    assert asked == ids[:3]
    assert [ref.id for ref in found.done] == ids[:3]
    assert fetched(send, *ids, daily_budget=0.005).done == []


@pytest.mark.parametrize("body", [{"errors": [{"message": "no"}]}, {}, {"data": None}])
def test_an_error_in_place_of_posts_by_id_is_an_error(body: JsonValue) -> None:
    with pytest.raises(ResponseInvalid):
        fetched(lambda _: answered(200, body, DATE), id_of(NOW))


def test_a_post_is_looked_up_once_on_the_day_after_its_own() -> None:
    id = id_of(NOW)
    cases: dict[int, list[list[str]]] = {1: [[], [id], [], []], 2: [[], [id], [id], []], 0: [[], [], [], []]}
    for days, due in cases.items():
        source, wanted = x(watched_days=days), list[list[str]]()
        checkpoint: Mapping[str, JsonValue] | None = None
        for day, listed in enumerate((told(tweet(id)), told(), told(), told())):
            for hour in (0, 1):
                run = Run(NOW + timedelta(days=day, hours=hour))
                read = drive(source, source.read("mentions", checkpoint, run), partial(saying, listed))
                checkpoint = read.checkpoint
                if hour == 0:
                    wanted.append([ref.id for ref in read.wanted])
                else:
                    assert not read.wanted
        assert wanted == due


# --- what is spent ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "file"])
def spending(request: pytest.FixtureRequest, tmp_path: Path) -> Spending:
    return MemorySpending() if request.param == "memory" else SpendingFile(tmp_path / "spending.json")


def test_what_is_given_back_can_be_spent_again_on_the_same_day_alone(spending: Spending) -> None:
    assert spending.reserve("2026-03-04", 10, 100, 5, 100) == 10
    assert spending.reserve("2026-03-04", 10, 100, 1, 100) == 0
    spending.give_back("2026-03-04", 60)
    spending.give_back("2026-03-03", 40)
    assert spending.reserve("2026-03-04", 10, 100, 7, 100) == 0
    assert spending.reserve("2026-03-04", 10, 100, 5, 100) == 6
    assert spending.reserve("2026-03-05", 0, 100, 5, 77) == 77


def test_a_day_that_is_over_opens_no_second_budget(spending: Spending) -> None:
    assert spending.reserve("2026-03-05", 10, 100, 1, 10) == 10
    assert spending.reserve("2026-03-04", 10, 100, 1, 10) == 0
    assert spending.reserve("2026-03-06", 10, 100, 1, 10) == 10


def test_what_was_spent_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "spending.json"
    assert SpendingFile(path).reserve("2026-03-04", 10, 100, 1, 9) == 9
    assert SpendingFile(path).reserve("2026-03-04", 10, 100, 1, 9) == 1
    assert json.loads(path.read_text()) == {"day": "2026-03-04", "spent": 100}


def test_a_file_that_cannot_say_what_was_spent_spends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "spending.json"
    path.write_text("{")
    with pytest.raises(StoreDamaged, match="move it away"):
        SpendingFile(path).reserve("2026-03-04", 10, 100, 1, 9)
    with pytest.raises(StoreUnavailable, match="check its folder"):
        SpendingFile(tmp_path / "nowhere" / "spending.json").reserve("2026-03-04", 10, 100, 1, 9)


# --- settings -----------------------------------------------------------------------------------------------------


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
        {"user_id": "7", "token": TOKEN, "daily_budget": float("inf")},
        {"user_id": "7", "token": TOKEN, "price_post": float("nan")},
        {"user_id": "7", "token": TOKEN, "query": "x" * 513},
        {"user_id": "7", "token": TOKEN, "base_url": "http://api.example.com"},
        {"user_id": "7", "token": TOKEN, "spending": None},
        {"user_id": "7", "token": TOKEN, "name": "a\nb"},
        {"user_id": "7", "token": TOKEN, "watched_days": -1},
        {"user_id": "7", "refresh_token": TOKEN, "client_id": "app"},
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_request(given: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"spending": MemorySpending(), **given}
    with pytest.raises(SettingsError) as refused:
        X(**settings)
    assert TOKEN not in str(refused.value)


def test_another_connectors_stream_or_checkpoint_is_refused() -> None:
    source = x()
    for stream, checkpoint in (("issues", None), ("mentions", {"cursor": "x"})):
        with pytest.raises(DataInvalid):
            drive(source, source.read(stream, checkpoint, RUN), lambda _: told())


class TestXSheet(SheetTests):
    sheet: ClassVar[Sheet] = X_SHEET
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "27": test_a_walk_keeps_its_bound_and_moves_its_mark_at_its_end,
        "35": test_an_author_is_one_person_under_any_name_and_without_one,
        "x5": test_the_doctor_asks_each_list_that_is_read_for_its_newest_posts,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "11": "a token does not end",
        "28": "there are no issues here",
        "29": "there are no issues here",
        "30": "there are no issues here",
        "31": "there are no issues here",
        "40": "nothing is written to X",
        "x3": "without a search the mentions are read all the same",
    }

    def grant(self, service: SheetService) -> dict[str, Any]:
        """The credential of a user whose refresh tokens are good for one renewal each."""
        return {
            "refresh_token": self.secret,
            "client_id": "sample-app",
            "tokens": service.tokens,
            "base_url": service.base_url,
        }

    def connector(self, service: SheetService) -> X:
        return x(token=None, **self.grant(service), query="brand", daily_budget=1_000.0)

    def test_a_post_that_was_deleted_is_known_to_be_gone_the_day_after(self) -> None:
        trial = self.undisturbed()
        world = trial.service.world
        row = Changes(self.sheet, world).add(Kind.POST)
        world.tick(self.sheet.settles)
        trial.pull()
        world.change(Kind.POST, row.id, fate=Fate.DELETED)
        trial.pull(later=LATER)
        told = [one for one in posts_in(list(trial.store.events())) if one.subject == row.id]
        newest = max(told, key=lambda event: event.source_version)
        assert newest.data.deleted_at is not None

    def change(self, service: SheetService) -> None:
        service.world.tick(self.sheet.settles)
        Changes(self.sheet, service.world).add(Kind.POST)
        service.world.tick(self.sheet.settles)
