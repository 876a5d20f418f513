"""Bluesky is asked what its lexicons allow, and posts that its own server was kept to answer are read without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

from alignkit.connectors.base import Run
from alignkit.connectors.bluesky import Bluesky
from alignkit.models.conversation import Post
from alignkit.models.exchange import Ref
from alignkit.transport import JsonValue, Request, Response, run

from . import evidence, recordings, specs
from .loose import listed, mapping

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = "3m4kkjrxuv22p"
ADA = "did:plc:adaadaadaadaadaadaadaada"
URI = f"at://{ADA}/app.bsky.feed.post/{KEY}"
POST: JsonValue = {
    "uri": URI,
    "author": {"did": ADA, "handle": "ada.example.com"},
    "record": {"text": "hello", "createdAt": "2026-11-01T11:00:00Z"},
    "indexedAt": "2026-11-01T11:00:00.000Z",
}
ANSWER: dict[str, JsonValue] = {
    "did": "did:plc:brandbrandbrandbrandbran",
    "accessJwt": "sample-access",
    "refreshJwt": "sample-refresh",
    "notifications": [POST],
    "profiles": [],
}


def bluesky() -> Bluesky:
    return Bluesky("brand.example.com", "sample-app-password", searches=["kettle"])


class Service:
    """Answers everything with one body, and keeps what it was asked."""

    def __init__(self, posts: JsonValue) -> None:
        self.posts = posts
        self.sent: list[Request] = []

    def send(self, wanted: Request) -> Response:
        self.sent.append(wanted)
        body = json.dumps({**ANSWER, "posts": self.posts, "cursor": f"cursor-{len(self.sent)}"}).encode()
        headers = {"content-type": "application/json", "date": format_datetime(NOW, usegmt=True)}
        ended = b'{"error": "ExpiredToken"}'
        # The first token has ended, so that a renewal is among what is asked.
        is_first = sum("app.bsky" in one.url for one in self.sent) == 1 and "app.bsky" in wanted.url
        return Response(400, headers, ended) if is_first else Response(200, headers, body)


def test_it_is_asked_what_its_lexicons_allow() -> None:
    for stream in Bluesky.streams:
        source, service = bluesky(), Service([POST])
        first = run(source.attend(source.read(stream, None, Run(NOW))), service.send)
        run(source.attend(source.read(stream, first.checkpoint, Run(NOW))), service.send)
        assert any("refreshSession" in one.url for one in service.sent)
        evidence.hold("bluesky", stream, requests=specs.check("bluesky", service.sent))


def test_a_search_that_goes_on_behind_its_end_is_as_its_lexicon_wants_it() -> None:
    source, service = bluesky(), Service([POST])
    mark: JsonValue = {"time": "2026-11-01T11:00:00Z", "deep": "2026-11-01T11:00:00Z"}
    walk: JsonValue = {"did": ADA, "mark": mark, "begins": "2026-10-01T00:00:00Z", "until": "2026-11-01T11:00:01Z"}
    run(source.attend(source.read("search", {"question": "kettle", "walk": walk}, Run(NOW))), service.send)
    assert {"since", "until"} <= {name for one in service.sent for name, _ in one.params}
    assert specs.check("bluesky", service.sent) >= 2


def test_what_is_read_by_id_and_checked_is_as_its_lexicons_want_it() -> None:
    source, service = bluesky(), Service([])
    run(source.attend(source.fetch([Ref("post", URI), Ref("contact", ADA)], Run(NOW))), service.send)
    run(source.attend(source.check()), service.send)
    methods = {one.url.rpartition("/")[2] for one in service.sent}
    assert {"app.bsky.feed.getPosts", "com.atproto.repo.getRecord", "app.bsky.actor.getProfiles"} <= methods
    assert specs.check("bluesky", service.sent) >= 6


def kept_posts(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """The posts in what the service's own tests keep, wherever they stand."""
    fields = mapping(value)
    if {"uri", "author", "record", "indexedAt"} <= set(fields):
        yield fields
    for inner in [*fields.values(), *listed(value)]:
        yield from kept_posts(inner)


def unmasked(value: JsonValue) -> JsonValue:
    """With ids in the place of `user(0)` and `record(0)`, which stand for them."""
    text = re.sub(r'"user\((\d+)\)"', rf'"{ADA}"', json.dumps(value))
    found: JsonValue = json.loads(re.sub(r'"record\((\d+)\)"', rf'"{URI[:-2]}\1"', text))
    return found


def test_every_post_that_the_server_was_kept_to_answer_is_read() -> None:
    count = 0
    for name, snapshot in recordings.snapshots("bluesky").items():
        for post in kept_posts(snapshot):
            body = json.dumps({**ANSWER, "posts": [unmasked(post)]}).encode()
            response = Response(200, {"date": format_datetime(NOW, usegmt=True)}, body)
            page = recordings.page(bluesky(), "search", response)
            [read] = [event.data for event in page.events if isinstance(event.data, Post)]
            assert not page.quarantined, name
            assert read.text == mapping(post["record"]).get("text"), name
            assert read.author_handle == mapping(post["author"]).get("handle"), name
            count += 1
    evidence.hold("bluesky", "search", recorded=count)


def test_no_notification_was_recorded() -> None:
    assert recordings.recordings("bluesky", ".*listNotifications") == []
    evidence.hold("bluesky", "mentions", recorded=0)
