"""Compares Mastodon's connector with the server's own description and with answers that others recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.connectors import test_mastodon as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import Run
from alignkit.connectors.mastodon import Mastodon
from alignkit.models import Post
from alignkit.testing.sheet_service import answered
from alignkit.transport import JsonValue, Request, Response

from . import evidence, recordings, specs

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CASE = particular.TestMastodonSheet()


def mentions(rows: list[JsonValue]) -> list[JsonValue]:
    return [row for row in rows if isinstance(row, dict) and row.get("type") == "mention"]


def test_every_request_is_as_the_description_wants_it() -> None:
    service = CASE.service()
    source = CASE.connector(service)
    checkpoint, more = None, True
    while more:
        page = drive(source, source.read("mentions", checkpoint, Run(NOW)), service.handle)
        checkpoint, more = page.checkpoint, page.more
    evidence.hold("mastodon", "mentions", requests=specs.check("mastodon", service.requests))


def test_the_doctors_requests_are_as_the_description_wants_them() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return answered(200, [] if wanted.url.endswith("/notifications") else {})

    source = Mastodon("social.example.com", "sample-token")
    drive(source, source.check(), send)
    assert specs.check("mastodon", sent) == 3


def test_every_recorded_mention_is_read_without_loss() -> None:
    read = 0
    for one in recordings.recordings("mastodon", r"/api/v1/notifications(/[0-9]+)?"):
        rows = mentions(one.rows())
        if not rows:
            continue
        source = Mastodon("social.example.com", "sample-token", keeps_private_text=True)
        page = recordings.page(source, "mentions", one.answering(rows))
        posts = [row for row in rows if isinstance(row, dict) and row["status"] is not None]
        assert (len(page.events), list(page.quarantined)) == (len(posts), []), one.origin
        for event, row in zip(page.events, posts, strict=True):
            assert isinstance(event.data, Post)
            assert isinstance(row["status"], dict)
            assert event.data.id == row["status"]["id"]
            assert event.data.author_handle
            assert event.data.text
        read += 1
    evidence.hold("mastodon", "mentions", recorded=read)
