"""Compares X's connector with the official description and with answers that others recorded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.connectors import test_x as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import Run
from alignkit.connectors.x import X
from alignkit.models import Post
from alignkit.testing.sheet_service import answered
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
    evidence.hold("x", stream, requests=specs.check("x", service.requests))


def test_the_doctors_request_is_as_the_description_wants_it() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return answered(200, {"data": {"project_usage": "1", "project_cap": "2"}})

    source = X("7", "sample-token")
    drive(source, source.check(), send)
    assert specs.check("x", sent) == 1


@pytest.mark.parametrize("stream", X.streams)
def test_every_recorded_post_is_read_without_loss(stream: str) -> None:
    read = 0
    for one in recordings.recordings("x-twitter", PATHS[stream]):
        rows = [row for row in one.rows("data") if isinstance(row, dict) and not _is_retweet(row)]
        page = recordings.page(X("7", "sample-token", query="parcel"), stream, one.response)
        assert (len(page.events), list(page.quarantined)) == (len(rows), []), one.origin
        for event, row in zip(page.events, rows, strict=True):
            assert isinstance(event.data, Post)
            assert event.data.text == row["text"]
            assert event.data.author_ref == row.get("author_id")
        read += 1
    evidence.hold("x", stream, recorded=read)


def _is_retweet(row: dict[str, JsonValue]) -> bool:
    references = row.get("referenced_tweets")
    return isinstance(references, list) and any(
        isinstance(one, dict) and one.get("type") == "retweeted" for one in references
    )
