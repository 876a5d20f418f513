"""Bluesky is read as its sheet describes it, and where the sheet is silent, as a real network was seen to answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from alignkit.connectors.base import Page, Run
from alignkit.connectors.bluesky import Bluesky
from alignkit.connectors.bluesky.posts import time_of
from alignkit.errors import (
    CredentialsRejected,
    DataInvalid,
    PagingStuck,
    ResponseInvalid,
    SettingsError,
    UntrustedTarget,
)
from alignkit.models.conversation import Post
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import PostKind
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.changes import Changes
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.world import Kind
from alignkit.transport import MemoryTokens, Request, Response, Token

from .driving import drive
from .sheets.bluesky import AUTHOR, BLUESKY, OWN, key_of, written

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PASSWORD = "sample-app-password"


# --- a small network ----------------------------------------------------------------------------------------

Item = dict[str, Any]
Answer = Callable[[Mapping[str, str]], object]


def item(text: str = "hello", *, at: datetime = NOW, number: int = 0, **changes: Any) -> Item:
    """A notification, or a post as a search shows it."""
    made: Item = {
        "uri": f"at://{AUTHOR}/app.bsky.feed.post/{key_of(at, number)}",
        "author": {"did": AUTHOR, "handle": "ada.example.com", "displayName": "Ada"},
        "record": {"text": text, "createdAt": written(at)},
        "indexedAt": written(at),
    }
    return made | changes


@dataclass
class Network:
    """Answers as the vendor's own server was seen to: the cursor of notifications is the time of the last row."""

    items: list[Item] = field(default_factory=list[Item])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    sent: list[Request] = field(default_factory=list[Request])
    access: str = "sample-access-0"
    refresh: str = "sample-refresh-0"
    server: str = "https://morel.us-east.host.bsky.network"
    now: datetime = NOW
    size: int = 2
    shown: int = 1_000_000
    is_refresh_ended: bool = False

    def send(self, wanted: Request) -> Response:
        self.sent.append(wanted)
        method = wanted.url.rpartition("/")[2]
        if method.startswith("com.atproto.server.") and wanted.method == "POST":
            return self._session(method, wanted)
        if wanted.headers.get("Authorization") != f"Bearer {self.access}":
            return self.answer({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        given = self.answers.get(method)
        if given is not None:
            found = given(dict(wanted.params))
            return found if isinstance(found, Response) else self.answer(found)
        if method == "com.atproto.server.getSession":
            return self.answer({"did": OWN, "handle": "brand.example.com", "active": True})
        return self.answer(self._page(method, dict(wanted.params)))

    def answer(self, body: object, status: int = 200) -> Response:
        headers = {"content-type": "application/json", "date": format_datetime(self.now, usegmt=True)}
        return Response(status, headers, json.dumps(body).encode())

    def count(self, method: str) -> int:
        return sum(one.url.endswith(method) for one in self.sent)

    def _session(self, method: str, wanted: Request) -> Response:
        if method.endswith("refreshSession"):
            shown = wanted.headers["Authorization"]
            if self.is_refresh_ended or shown != f"Bearer {self.refresh}":
                return self.answer({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        elif wanted.json != {"identifier": "brand.example.com", "password": PASSWORD}:
            return self.answer({"error": "AuthenticationRequired", "message": "Invalid identifier or password"}, 401)
        number = len(self.sent)
        self.access, self.refresh = f"sample-access-{number}", f"sample-refresh-{number}"
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.server}
        return self.answer(
            {"accessJwt": self.access, "refreshJwt": self.refresh, "did": OWN, "didDoc": {"service": [service]}}
        )

    def _page(self, method: str, params: Mapping[str, str]) -> object:
        name = "notifications" if "notification" in method else "posts"
        rows = sorted(self.items, key=lambda one: (one["indexedAt"], one["uri"]), reverse=True)
        if "until" in params:
            rows = [row for row in rows if row["indexedAt"] < params["until"]]
        rows = rows[: self.shown]
        if cursor := params.get("cursor"):
            rows = [row for row in rows if row["indexedAt"] < cursor]
        page = rows[: self.size]
        return {name: page, **({"cursor": page[-1]["indexedAt"]} if page else {})}


def bluesky(network: Network, **given: Any) -> Bluesky:
    return Bluesky("@brand.example.com", PASSWORD, **given)


def pages(network: Network, source: Bluesky, stream: str, checkpoint: Any = None, **given: Any) -> list[Page]:
    """Every page up to the end of the stream's run."""
    found: list[Page] = []
    for _ in range(200):
        page = drive(source, source.read(stream, checkpoint, Run(NOW, **given)), network.send)
        found.append(page)
        checkpoint = json.loads(json.dumps(page.checkpoint))
        if not page.more:
            return found
    raise AssertionError("the stream does not end")


def posts(events: Sequence[CustomerEvent]) -> list[Post]:
    return [event.data for event in events if isinstance(event.data, Post)]


def texts(found: Sequence[Page]) -> set[str | None]:
    return {post.text for page in found for post in posts(page.events)}


def read(network: Network, **given: Any) -> list[Post]:
    """Each post once; those at the border of two pages come on both."""
    found = [post for page in pages(network, bluesky(network, **given), "mentions") for post in posts(page.events)]
    return list({post.id: post for post in found}.values())


# --- records --------------------------------------------------------------------------------------------------


def test_a_post_reads_the_same_wherever_it_was_found() -> None:
    network = Network([item()])
    source = bluesky(network, searches=["hello"])
    found = [
        event.id
        for stream in source.streams
        for page in pages(network, source, stream)
        for event in page.events
        if isinstance(event.data, Post)
    ]
    assert len(found) >= 2
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"text": "a", "reply": {"parent": {"uri": "at://did:plc:x/app.bsky.feed.post/3k"}}}, PostKind.COMMENT),
        ({"text": "a", "facets": [{"features": [{"did": OWN}]}]}, PostKind.MENTION),
        ({"text": "a", "facets": [{"features": [{"did": "did:plc:other"}, {"tag": "kettle"}]}]}, PostKind.POST),
        ({"text": "a", "facets": "nonsense"}, PostKind.POST),
        ({"text": "a", "facets": [None, {"features": None}]}, PostKind.POST),
    ],
)
def test_what_a_post_is_follows_from_itself(record: Item, kind: PostKind) -> None:
    [post] = read(Network([item(record=record)]))
    assert post.kind is kind


def test_an_author_is_known_by_the_lasting_identifier_and_by_the_handle() -> None:
    [page] = pages(network := Network([item(), item(number=1)], size=5), bluesky(network), "mentions")[:1]
    [ada] = [event.data for event in page.events if isinstance(event.data, Contact)]
    assert ada.handles == (f"bluesky/{AUTHOR}", "bluesky/ada.example.com")
    assert (ada.id, ada.name) == (AUTHOR, "Ada")
    assert isinstance(page.events[0].data, Contact), "people come first"


def test_a_handle_that_is_none_is_left_out() -> None:
    [post] = read(Network([item(author={"did": AUTHOR, "handle": "handle.invalid"})]))
    assert post.author_handle is None
    assert post.customer_match is not None
    assert post.customer_match.identifier == f"social_handle:bluesky/{AUTHOR}"


def test_the_accounts_own_posts_are_left_out() -> None:
    own = f"at://{OWN}/app.bsky.feed.post/{key_of(NOW, 9)}"
    network = Network([item("theirs"), item("ours", uri=own, author={"did": OWN, "handle": "brand.example.com"})])
    assert texts(pages(network, bluesky(network, searches=["x"]), "search")) == {"theirs"}


@pytest.mark.parametrize(
    "created", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00+02:00", "2031-01-01", "", None, "soon"]
)
def test_an_impossible_time_gives_way_to_that_of_the_key(created: str | None) -> None:
    [post] = read(Network([item(record={"text": "a", "createdAt": created})]))
    assert post.posted_at == NOW


@pytest.mark.parametrize("created", ["2026-03-04T10:00:00.1234567Z", "2026-03-04T12:00:00.123456+02:00"])
def test_a_possible_time_is_taken_in_any_of_its_forms(created: str) -> None:
    [post] = read(Network([item(record={"text": "a", "createdAt": created})]))
    assert post.posted_at == datetime(2026, 3, 4, 10, 0, 0, 123456, tzinfo=UTC)


def test_a_record_that_is_no_post_is_set_aside_alone() -> None:
    network = Network([item("good"), item(uri="at://nobody", number=1), item(indexedAt="2026-03-04 late", number=2)])
    found = pages(network, bluesky(network), "mentions")
    assert texts(found) == {"good"}
    assert len({bad.reason for page in found for bad in page.quarantined}) == 2


def test_text_can_be_left_at_the_service() -> None:
    [post] = read(Network([item("secret")]), keeps_text=False)
    assert post.text is None


def test_the_time_in_a_key_is_told_and_a_key_of_another_kind_has_none() -> None:
    assert time_of(key_of(NOW, 7)) == NOW
    assert [time_of(key) for key in ("self", "3jzfcijpj2z2", "3jzfcijpj2z21", "3jzfcijpj2z2aa")] == [None] * 4


# --- walks ----------------------------------------------------------------------------------------------------


def minutes_ago(number: float) -> datetime:
    return NOW - timedelta(minutes=number)


def test_a_second_run_stops_at_the_mark_and_its_overlap() -> None:
    network = Network([item(f"{number}", at=minutes_ago(10 * number)) for number in range(20)])
    source = bluesky(network)
    first = pages(network, source, "mentions")
    network.now += timedelta(minutes=5)
    network.items.append(item("new", at=minutes_ago(-4)))
    second = pages(network, source, "mentions", first[-1].checkpoint)
    assert {"new", "0", "1"} <= texts(second) < {"new", "0", "1", "2", "3", "4"}


def test_the_mark_stays_until_the_walk_has_come_back_to_it() -> None:
    network = Network([item(f"{number}", at=minutes_ago(number)) for number in range(6)])
    source = bluesky(network)
    found = pages(network, source, "mentions")
    assert ["marks" in page.checkpoint for page in found] == [*[False] * (len(found) - 1), True]


def test_rows_of_one_time_on_both_sides_of_a_page_are_all_read() -> None:
    network = Network([item(f"{number}", number=number) for number in range(2)], size=3)
    network.items += [item(f"old {number}", at=minutes_ago(1), number=10 + number) for number in range(2)]
    found = pages(network, bluesky(network), "mentions")
    assert texts(found) == {"0", "1", "old 0", "old 1"}
    assert [page.gaps for page in found if page.gaps] == []


def test_more_rows_of_one_time_than_a_page_holds_are_told_as_a_gap() -> None:
    network = Network([item(f"{number}", number=number) for number in range(130)], size=100)
    network.items.append(item("older", at=minutes_ago(1)))
    found = pages(network, bluesky(network), "mentions")
    assert "older" in texts(found)
    assert [gap for page in found for gap in page.gaps] != []


def test_a_walk_goes_deep_once_a_day_and_finds_what_was_dated_back() -> None:
    network = Network([item(f"{number}", at=minutes_ago(10 * number)) for number in range(20)])
    source = bluesky(network)
    first = pages(network, source, "mentions")
    network.items.append(item("written offline", at=minutes_ago(155), number=5))
    network.now += timedelta(hours=1)
    second = pages(network, source, "mentions", first[-1].checkpoint)
    assert "written offline" not in texts(second)
    network.now += timedelta(hours=24)
    assert "written offline" in texts(pages(network, source, "mentions", second[-1].checkpoint))


def test_what_is_older_than_was_wanted_is_not_read_now_nor_by_a_deep_walk() -> None:
    network = Network([item(f"{number}", at=minutes_ago(10 * number)) for number in range(9)])
    source = bluesky(network)
    first = pages(network, source, "mentions", since=minutes_ago(35))
    assert texts(first) == {"0", "1", "2", "3"}
    network.now += timedelta(hours=25)
    assert "5" not in texts(pages(network, source, "mentions", first[-1].checkpoint))


def test_searches_take_turns_and_each_has_its_mark() -> None:
    network = Network([item(f"{number}", at=minutes_ago(number)) for number in range(5)])
    found = pages(network, bluesky(network, searches=["kettle", "toaster"]), "search")
    assert set(found[-1].checkpoint["marks"]) == {"kettle", "toaster"}  # type: ignore[arg-type] # JSON
    fewer = pages(network, bluesky(network, searches=["toaster"]), "search", found[-1].checkpoint)
    assert set(fewer[-1].checkpoint["marks"]) == {"toaster"}  # type: ignore[arg-type] # JSON


def test_no_search_is_read_where_there_is_none() -> None:
    network = Network()
    [page] = pages(network, bluesky(network), "search")
    assert (page.events, page.more, network.sent) == ((), False, [])


def test_a_search_that_ends_too_early_is_asked_for_what_lies_behind() -> None:
    network = Network([item(f"{number}", at=NOW - timedelta(seconds=number)) for number in range(1_050)], size=100)
    network.shown = 500
    found = pages(network, bluesky(network, searches=["kettle"]), "search")
    assert len(texts(found)) == 1_050
    assert len({dict(request.params).get("until") for request in network.sent}) == 3
    assert [page.gaps for page in found if page.gaps] == []


def test_more_posts_of_one_second_than_a_search_shows_are_told_as_a_gap() -> None:
    network = Network([item(f"{number}", number=number) for number in range(700)], size=500, shown=500)
    found = pages(network, bluesky(network, searches=["kettle"]), "search")
    assert len(found[-1].gaps) == 1


def test_a_short_search_asks_for_nothing_behind_its_end() -> None:
    network = Network([item(f"{number}", at=minutes_ago(number)) for number in range(30)], size=100)
    pages(network, bluesky(network, searches=["kettle"]), "search")
    assert network.count("searchPosts") == 2


def test_the_same_cursor_again_ends_the_walk() -> None:
    network = Network()
    network.answers["app.bsky.notification.listNotifications"] = lambda _params: {
        "notifications": [item()],
        "cursor": "opaque",
    }
    with pytest.raises(PagingStuck):
        pages(network, bluesky(network), "mentions")


def test_a_position_that_is_no_longer_known_begins_the_walk_anew_and_says_so() -> None:
    network = Network([item(f"{number}", at=minutes_ago(number)) for number in range(3)])
    source = bluesky(network)
    begun = drive(source, source.read("mentions", None, Run(NOW)), network.send)
    network.answers["app.bsky.notification.listNotifications"] = lambda params: (
        network.answer({"error": "InvalidRequest"}, 400) if "cursor" in params else {"notifications": []}
    )
    found = pages(network, source, "mentions", begun.checkpoint)
    assert "began anew" in found[0].gaps[0]
    assert not found[-1].more


def test_a_page_without_posts_that_is_not_the_last_ends_nothing() -> None:
    told: list[dict[str, Any]] = [{"notifications": [], "cursor": "further"}, {"notifications": [item("late")]}]
    answers = iter(told)
    network = Network(answers={"app.bsky.notification.listNotifications": lambda _params: next(answers)})
    assert texts(pages(network, bluesky(network), "mentions")) == {"late"}


def test_an_answer_without_its_list_is_no_empty_page() -> None:
    network = Network(answers={"app.bsky.notification.listNotifications": lambda _params: {"seenAt": "x"}})
    with pytest.raises(ResponseInvalid):
        pages(network, bluesky(network), "mentions")


def test_a_checkpoint_of_something_else_is_refused() -> None:
    network = Network()
    with pytest.raises(DataInvalid, match="beginning"):
        pages(network, bluesky(network), "mentions", {"page": 3})
    with pytest.raises(DataInvalid, match="no stream"):
        pages(network, bluesky(network), "likes")


# --- by id ------------------------------------------------------------------------------------------------------


def test_posts_of_the_last_days_are_looked_up_after_the_run_that_did_not_meet_them() -> None:
    recent, old = item("recent", at=minutes_ago(60)), item("old", at=NOW - timedelta(days=8))
    network = Network([recent, old], size=5)
    source = bluesky(network)
    first = pages(network, source, "mentions")
    assert [list(page.wanted) for page in first if page.wanted] == []
    network.items = [item("new", at=minutes_ago(1))]
    second = pages(network, source, "mentions", first[-1].checkpoint)
    assert [ref.id for page in second for ref in page.wanted] == [recent["uri"]]


@pytest.mark.parametrize(
    ("status", "error", "is_deleted"),
    [(400, "RecordNotFound", True), (400, "InvalidRequest", False), (404, "NotFound", False), (200, "", False)],
)
def test_only_its_authors_repository_says_that_a_post_is_deleted(status: int, error: str, is_deleted: bool) -> None:
    network = Network(answers={"app.bsky.feed.getPosts": lambda _params: {"posts": []}})
    network.answers["com.atproto.repo.getRecord"] = lambda _params: network.answer({"error": error}, status)
    source = bluesky(network)
    found = drive(source, source.fetch([Ref("post", item()["uri"])], Run(NOW)), network.send)
    told = posts(found.events)
    assert [post.deleted_at is not None for post in told] == ([True] if is_deleted else [])
    assert all((post.text, post.author_ref) == (None, None) for post in told)


def test_more_posts_than_one_request_takes_are_read_in_several() -> None:
    items = {item(number=number)["uri"]: item(number=number) for number in range(30)}
    network = Network(answers={"app.bsky.feed.getPosts": lambda _params: {"posts": asked()}})

    def asked() -> list[Item]:
        return [items[value] for name, value in network.sent[-1].params if name == "uris"]

    source = bluesky(network)
    refs = [Ref("post", uri) for uri in items]
    found = drive(source, source.fetch(refs, Run(NOW)), network.send)
    assert len(posts(found.events)) == 30
    assert network.count("getPosts") == 2
    assert list(found.done) == refs


def test_authors_are_read_by_their_lasting_identifier() -> None:
    profile = {"did": AUTHOR, "handle": "ada.example.org", "displayName": "", "createdAt": "2023-01-01T00:00:00Z"}
    network = Network(answers={"app.bsky.actor.getProfiles": lambda _params: {"profiles": [profile]}})
    source = bluesky(network)
    found = drive(source, source.fetch([Ref("contact", AUTHOR)], Run(NOW)), network.send)
    [ada] = [event.data for event in found.events if isinstance(event.data, Contact)]
    assert ada.handles == (f"bluesky/{AUTHOR}", "bluesky/ada.example.org")


# --- the session --------------------------------------------------------------------------------------------------


def test_requests_go_to_the_data_server_and_tokens_to_where_the_account_signs_in() -> None:
    network = Network([item()])
    pages(network, bluesky(network), "mentions")
    hosts = {(one.url.split("/")[2], one.method) for one in network.sent}
    assert hosts == {("bsky.social", "POST"), ("morel.us-east.host.bsky.network", "GET")}


def test_a_stored_session_is_used_by_the_next_run_and_renewed_when_it_has_ended() -> None:
    network, tokens = Network([item()]), MemoryTokens()
    pages(network, bluesky(network, tokens=tokens), "mentions")
    pages(network, bluesky(network, tokens=tokens), "mentions")
    assert (network.count("createSession"), network.count("refreshSession")) == (1, 0)
    network.access = "sample-ended"
    pages(network, bluesky(network, tokens=tokens), "mentions")
    assert (network.count("createSession"), network.count("refreshSession")) == (1, 1)


def test_a_session_that_cannot_be_renewed_is_begun_anew() -> None:
    network, tokens = Network([item()], is_refresh_ended=True), MemoryTokens()
    pages(network, bluesky(network, tokens=tokens), "mentions")
    network.access = "sample-ended"
    pages(network, bluesky(network, tokens=tokens), "mentions")
    assert (network.count("refreshSession"), network.count("createSession")) == (1, 2)


def test_a_session_of_another_password_is_not_used() -> None:
    network, tokens = Network([item()]), MemoryTokens()
    tokens.save(Token(SecretStr(network.access), grant="of another"))
    pages(network, bluesky(network, tokens=tokens), "mentions")
    assert network.count("createSession") == 1


@pytest.mark.parametrize(
    "server", ["https://evil.example.com", "https://bsky.social.evil.example", "https://host.bsky.network.evil.example"]
)
def test_a_data_server_elsewhere_gets_nothing(server: str) -> None:
    network = Network([item()], server=server)
    with pytest.raises(UntrustedTarget):
        pages(network, bluesky(network), "mentions")
    assert {one.url.split("/")[2] for one in network.sent} == {"bsky.social"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("AuthenticationRequired", "is not known"),
        ("AuthFactorTokenRequired", "second factor"),
        ("AccountTakedown", "down"),
    ],
)
def test_a_refused_password_is_told_in_one_sentence(error: str, words: str) -> None:
    class Refusing(Network):
        def send(self, wanted: Request) -> Response:
            return self.answer({"error": error, "message": f"{PASSWORD} is wrong"}, 401)

    network = Refusing()
    with pytest.raises(CredentialsRejected, match=words) as caught:
        pages(network, bluesky(network), "mentions")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"accessJwt": "a"}, [], {"accessJwt": "a b", "refreshJwt": "c"}])
def test_an_answer_without_tokens_is_refused(body: object) -> None:
    class Odd(Network):
        def send(self, wanted: Request) -> Response:
            return self.answer(body)

    network = Odd()
    with pytest.raises((ResponseInvalid, SettingsError)):
        pages(network, bluesky(network), "mentions")


# --- settings and checks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"identifier": ""},
        {"identifier": " @"},
        {"app_password": ""},
        {"searches": "kettle"},
        {"searches": ["kettle", " "]},
        {"base_url": "http://bsky.social"},
        {"base_url": "https://user@bsky.social"},
        {"base_url": "https://bsky.social evil"},
        {"name": "a/b"},
    ],
)
def test_wrong_settings_are_refused_before_any_request(given: Mapping[str, Any]) -> None:
    settings: dict[str, Any] = {"identifier": "brand.example.com", "app_password": PASSWORD, **given}
    with pytest.raises(SettingsError) as caught:
        Bluesky(**settings)
    assert PASSWORD not in str(caught.value)


def unwell(network: Network, **given: Any) -> dict[str, str]:
    source = bluesky(network, **given)
    return {one.subject: one.remedy for one in drive(source, source.check(), network.send) if not one.is_well}


def test_a_sound_account_has_no_complaint() -> None:
    assert unwell(Network([item()]), searches=["kettle"]) == {}


def test_an_account_that_is_closed_and_hidden_notifications_are_found() -> None:
    network = Network()
    network.answers["com.atproto.server.getSession"] = lambda _params: {
        "did": OWN,
        "active": False,
        "status": "takendown",
    }
    network.answers["app.bsky.notification.listNotifications"] = lambda _params: {"notifications": [], "priority": True}
    network.answers["app.bsky.feed.searchPosts"] = lambda _params: network.answer({"error": "BadQueryString"}, 400)
    found = unwell(network, searches=["kettle"])
    assert list(found) == [f"account `{OWN}`", "notifications", "search `kettle`"]
    assert "takendown" in found[f"account `{OWN}`"]


def test_the_doctor_is_told_whose_posts_the_account_does_not_see() -> None:
    network = Network()
    network.answers["app.bsky.graph.getMutes"] = lambda _params: {"mutes": [{"did": OWN}] * 100}
    network.answers["app.bsky.graph.getListBlocks"] = lambda _params: {"lists": [{"uri": "at://list"}]}
    source = bluesky(network)
    subjects = [one.subject for one in drive(source, source.check(), network.send)]
    assert subjects[-2:] == [
        "at least 100 muted people, whose posts are not seen",
        "1 blocked lists of people, whose posts are not seen",
    ]


def test_the_doctor_is_told_why_the_account_cannot_be_asked() -> None:
    source = bluesky(Network())
    [finding] = drive(source, source.check(), lambda _: Response(401, {}, b'{"error": "AuthenticationRequired"}'))
    assert not finding.is_well
    assert (finding.subject, bool(finding.remedy)) == ("`bluesky`", True)


class TestBlueskySheet(SheetTests):
    sheet: ClassVar[Sheet] = BLUESKY
    cap: ClassVar[int | None] = 250
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "11": test_a_position_that_is_no_longer_known_begins_the_walk_anew_and_says_so,
        "13": test_a_page_without_posts_that_is_not_the_last_ends_nothing,
        "31": test_only_its_authors_repository_says_that_a_post_is_deleted,
        "35": test_an_author_is_known_by_the_lasting_identifier_and_by_the_handle,
        "x5": test_the_doctor_is_told_whose_posts_the_account_does_not_see,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "27": "names of posts are letters, never numbers",
        "28": "there are no issues here",
        "29": "there are no issues here",
        "30": "there are no issues here, and posts are not merged",
        "40": "nothing is ever written to Bluesky",
        "x3": "every account may read all that is read here",
    }

    def connector(self, service: SheetService) -> Bluesky:
        return Bluesky("brand.example.com", self.secret, base_url=service.base_url, searches=["kettle"])

    def change(self, service: SheetService) -> None:
        world = service.world
        world.tick(self.sheet.settles)
        Changes(self.sheet, world).add(Kind.POST)
        world.tick(self.sheet.settles)

    def restate(self, service: SheetService, status: str) -> str | None:
        return None
