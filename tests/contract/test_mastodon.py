"""Compares Mastodon's connector with the server's own description and with answers that others recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.connectors import test_mastodon as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import Run
from alignkit.connectors.mastodon import Mastodon
from alignkit.models.events import PostPublished
from alignkit.models.exchange import Ref
from alignkit.testing.sheet import answered
from alignkit.transport import JsonValue, Request, Response

from . import evidence, recordings, specs
from .asked import asked

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
        is_one = wanted.url.endswith(("/policy", "/verify_credentials"))
        return answered(200, {} if is_one else [])

    source = Mastodon("social.example.com", "sample-token")
    drive(source, source.check(), send)
    assert specs.check("mastodon", sent) == 8


def test_every_recorded_mention_is_read_without_loss() -> None:
    read = 0
    for one in recordings.recordings("mastodon", r"/api/v1/notifications(/[0-9]+)?"):
        rows = mentions(one.rows())
        if not rows:
            continue
        source = Mastodon("social.example.com", "sample-token", keeps_private_text=True)
        is_asked = bool(asked(particular.TestMastodonSheet, [one]))
        page = recordings.page(source, "mentions", one.response if is_asked else one.answering(rows))
        posts = [row for row in rows if isinstance(row, dict) and row["status"] is not None]
        events = [event for event in page.events if isinstance(event, PostPublished)]
        assert (len(events), list(page.quarantined)) == (len(posts), []), one.origin
        for event, row in zip(events, posts, strict=True):
            assert isinstance(row["status"], dict)
            assert event.data.id == row["status"]["id"]
            assert event.data.author_handle
            assert event.data.text
            assert event.data.customer_match is not None
        read += is_asked
    evidence.hold("mastodon", "mentions", recorded=read)


def test_every_recorded_post_by_id_is_read_without_loss() -> None:
    found = recordings.recordings("mastodon", r"/api/v1/statuses/[0-9]+")
    assert found
    for one in found:
        id = one.path.rpartition("/")[2]
        source = Mastodon("social.example.com", "sample-token")
        fetched = recordings.fetched(source, Ref("post", id), one.response, path=one.path, others=_unknown)
        [post] = [event.data for event in fetched.events if isinstance(event, PostPublished)]
        assert (post.id, list(fetched.quarantined)) == (id, []), one.origin
        assert post.customer_match is not None


def _unknown(_wanted: Request) -> Response:
    """A server before 4.3, which cannot be asked for several posts."""
    return answered(404, {"error": "Not Found"})
