"""Reads posts and authors by id; a post counts as taken back only on the word of its author's own repository."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.bluesky.lists import query
from alignkit.connectors.bluesky.posts import AUTHOR, PROFILES, Bodies, parts, taken_back
from alignkit.connectors.bluesky.session import error_of
from alignkit.connectors.bluesky.streams import Reader, account, own_session
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, request

POST = "app.bsky.feed.post"

_AT_ONCE = 25
"""The most posts or profiles in one request."""


def fetch(reader: Reader, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The posts (`post`, by their `at://` address) and authors (`contact`, by their DID) that these refs name."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    people = list(dict.fromkeys(ref.id for ref in refs if ref.kind == "contact" and ref.id.startswith("did:")))
    for start in range(0, len(people), _AT_ONCE):
        found = yield from _profiles(reader, people[start : start + _AT_ONCE], run.now)
        events += found.events
        bad += found.quarantined
    posts = list(dict.fromkeys(ref.id for ref in refs if ref.kind == "post" and parts(ref.id)[0]))
    if posts:
        response = yield from request(own_session())
        known = reader.bodies(str(account(response, reader.name)["did"]))
        for start in range(0, len(posts), _AT_ONCE):
            found = yield from _posts(reader, known, posts[start : start + _AT_ONCE], run.now)
            events += found.events
            bad += found.quarantined
    # One that cannot be seen now, for a block or a closed account, is asked for again with the walks that follow.
    return Fetched(events, list(refs), bad)


def _profiles(reader: Reader, dids: Sequence[str], now: datetime) -> Flow[Fetched]:
    response = yield from request(query("app.bsky.actor.getProfiles", [("actors", did) for did in dids]))
    answer = listed(PROFILES, response, reader.name)
    return Fetched([one.event(source=reader.name, received_at=now) for one in answer.of(AUTHOR)], (), answer.bad)


def _posts(reader: Reader, known: Bodies, uris: Sequence[str], now: datetime) -> Flow[Fetched]:
    response = yield from request(query("app.bsky.feed.getPosts", [("uris", uri) for uri in uris]))
    answer = listed(known.found, response, reader.name)
    rows = answer.of(known.shape)
    events = [row.event(source=reader.name, received_at=now) for row in rows]
    shown = {row.data.id for row in rows}
    hidden = [uri for uri in uris if uri not in shown] if len(rows) + len(answer.bad) < len(uris) else []
    for uri in hidden:
        post = taken_back(uri) if (yield from _is_taken_back(uri)) else None
        events += [] if post is None else [PostPublished.of(post, source=reader.name, received_at=now)]
    return Fetched(events, (), answer.bad)


def _is_taken_back(uri: str) -> Flow[bool]:
    """Whether the author's repository says that it has no such post; of a hidden one it says other things."""
    did, key = parts(uri)
    params = [("repo", did), ("collection", POST), ("rkey", key)]
    wanted = query("com.atproto.repo.getRecord", params)
    response = yield from request(
        Request(wanted.method, wanted.url, params=wanted.params, accept=frozenset({400, 404}))
    )
    return error_of(response) == "RecordNotFound"
