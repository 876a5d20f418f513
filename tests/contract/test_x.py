"""Compares X's connector with the official description and with answers that others recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from tests.connectors import test_x as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import Run
from alignkit.connectors.x import MemorySpending, X
from alignkit.models.events import PostPublished
from alignkit.models.exchange import Ref
from alignkit.testing.sheet import answered
from alignkit.transport import JsonValue, Request, Response

from . import evidence, recordings, specs

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CASE = particular.TestXSheet()
PATHS = {"mentions": r"/2/users/\d+/mentions", "search": "/2/tweets/search/recent"}


@pytest.mark.parametrize("stream", X.streams)
def test_every_request_of_a_stream_is_as_the_description_wants_it(stream: str) -> None:
    service = CASE.service()
    source = CASE.connector(service)
    checkpoint, more = None, True
    for _ in range(2):
        while more:
            page = drive(source, source.read(stream, checkpoint, Run(NOW)), service.handle)
            checkpoint, more = page.checkpoint, page.more
        more = True
    # The description leaves out where tokens come from.
    asked = [wanted for wanted in service.requests if not wanted.url.endswith("/2/oauth2/token")]
    evidence.hold("x", stream, requests=specs.check("x", asked))


def x() -> X:
    return X("7", "sample-token", query="parcel", spending=MemorySpending())


def test_the_doctors_requests_and_those_by_id_are_as_the_description_wants_them() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        post: JsonValue = {"id": "20", "edit_history_tweet_ids": ["20"]}
        body: JsonValue = {"data": {"project_usage": "1", "project_cap": "2"}}
        listed: JsonValue = {"data": [post], "meta": {"result_count": 1}}
        date = {"date": format_datetime(NOW, usegmt=True)}
        return answered(200, body if wanted.url.endswith("/usage/tweets") else listed, date)

    source = x()
    drive(source, source.check(), send)
    drive(source, source.fetch([Ref("post", "20"), Ref("post", "21")], Run(NOW)), send)
    assert specs.check("x", sent) == 4


@pytest.mark.parametrize("stream", X.streams)
def test_every_recorded_post_is_read_without_loss(stream: str) -> None:
    read = 0
    for one in recordings.recordings("x-twitter", PATHS[stream]):
        rows = [row for row in one.rows("data") if isinstance(row, dict) and not _is_retweet(row)]
        page = recordings.page(x(), stream, one.response)
        posts = [event for event in page.events if isinstance(event, PostPublished)]
        assert (len(posts), list(page.quarantined)) == (len(rows), []), one.origin
        for event, row in zip(posts, rows, strict=True):
            assert event.data.text == row["text"]
            assert event.data.author_ref == row.get("author_id")
            assert (event.data.customer_match is not None) is ("author_id" in row)
        read += 1
    evidence.hold("x", stream, recorded=read)


def test_no_post_by_id_was_recorded() -> None:
    assert recordings.recordings("x-twitter", "/2/tweets") == []


def _is_retweet(row: dict[str, JsonValue]) -> bool:
    references = row.get("referenced_tweets")
    return isinstance(references, list) and any(
        isinstance(one, dict) and one.get("type") == "retweeted" for one in references
    )
