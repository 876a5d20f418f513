"""A request is held to its service's description: what is right passes, and each wrong one is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alignkit.transport import JsonValue, Request

from . import specs

GOOD: dict[str, Sequence[Request]] = {
    "zendesk": [
        Request("GET", "https://acme.zendesk.com/api/v2/incremental/tickets/cursor.json", [("start_time", "1")]),
        Request("PUT", "https://acme.zendesk.com/api/v2/tickets/7", json={"ticket": {"comment": {"body": "x"}}}),
    ],
    "intercom": [
        Request(
            "POST",
            "https://api.intercom.io/conversations/search",
            headers={"Intercom-Version": "2.15"},
            json={"query": {"field": "updated_at", "operator": ">", "value": "1"}},
        )
    ],
    "hubspot": [
        Request(
            "POST",
            "https://api.hubapi.com/crm/v3/objects/tickets/search",
            json={
                "filterGroups": [
                    {"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1"}]}
                ],
                "sorts": ["hs_object_id"],
                "properties": ["subject"],
                "limit": 200,
                "after": "0",
            },
        )
    ],
    "jira": [Request("GET", "https://acme.atlassian.net/rest/api/3/myself")],
    "mastodon": [Request("GET", "https://social.example/api/v1/notifications", [("limit", "80")])],
    "pipedrive": [Request("GET", "https://acme.pipedrive.com/api/v2/persons", [("limit", "100")])],
    "x": [Request("GET", "https://api.x.com/2/tweets/search/recent", [("query", "alignkit"), ("max_results", "10")])],
    "bluesky": [
        Request(
            "GET",
            "https://bsky.social/xrpc/app.bsky.notification.listNotifications",
            [("limit", "100"), ("reasons", "mention"), ("reasons", "reply")],
        ),
        Request(
            "POST",
            "https://bsky.social/xrpc/com.atproto.server.createSession",
            json={"identifier": "acme.example", "password": "sample-token"},
        ),
    ],
}

POST = "https://bsky.social/xrpc/com.atproto.repo.createRecord"
RECORD: dict[str, JsonValue] = {
    "repo": "did:plc:sample",
    "collection": "app.bsky.feed.post",
    "record": {"$type": "app.bsky.feed.post", "text": "x", "createdAt": "2026-03-02T09:00:00Z"},
}

BAD = [
    ("zendesk", Request("GET", "https://acme.zendesk.com/api/v2/incremental/people.json"), "is not described"),
    ("zendesk", Request("GET", "https://acme.zendesk.com/api/v2/tickets/seven"), "ticket_id"),
    ("zendesk", Request("GET", "https://acme.zendesk.com/api/v2/incremental/tickets/cursor.json"), "start_time"),
    ("intercom", Request("POST", "https://api.intercom.io/conversations/search", json={"query": 7}), "query"),
    ("x", Request("GET", "https://api.x.com/2/tweets/search/recent"), "query"),
    ("x", Request("GET", "https://api.x.com/2/tweets/search/recent", [("query", "a"), ("max_results", "5")]), "5"),
    ("bluesky", Request("GET", "https://bsky.social/xrpc/app.bsky.feed.getNothing"), "is in no lexicon"),
    ("bluesky", Request("GET", "https://bsky.social/xrpc/app.bsky.feed.searchPosts"), "`q` is missing"),
    (
        "bluesky",
        Request("GET", "https://bsky.social/xrpc/app.bsky.feed.searchPosts", [("q", "a"), ("limit", "101")]),
        "out of its bounds",
    ),
    (
        "bluesky",
        Request("GET", "https://bsky.social/xrpc/app.bsky.feed.searchPosts", [("q", "a"), ("sortby", "latest")]),
        "`sortby` is not known",
    ),
    ("bluesky", Request("GET", POST), "is a procedure"),
    ("bluesky", Request("POST", POST, json={**RECORD, "repo": "nobody"}), "at-identifier"),
]


@pytest.mark.parametrize("service", GOOD)
def test_a_request_that_is_right_passes(service: str) -> None:
    assert specs.check(service, GOOD[service]) == len(GOOD[service])


@pytest.mark.parametrize(("service", "wanted", "words"), BAD, ids=lambda one: repr(one) if isinstance(one, str) else "")
def test_a_request_that_is_wrong_is_told(service: str, wanted: Request, words: str) -> None:
    [told] = specs.complaints(service, [wanted])
    assert words in told


def test_a_record_that_is_right_passes() -> None:
    assert specs.check("bluesky", [Request("POST", POST, json=RECORD)]) == 1


def test_a_service_without_a_description_is_skipped_in_words() -> None:
    with pytest.raises(pytest.skip.Exception, match="no official description of `gorgias`"):
        specs.complaints("gorgias", [Request("GET", "https://acme.gorgias.com/api/tickets")])


def test_nothing_sent_is_no_success() -> None:
    with pytest.raises(AssertionError, match="nothing was checked"):
        specs.check("zendesk", [])


def test_an_excuse_is_taken_where_it_is_needed_and_nowhere_else() -> None:
    wanted = Request("GET", "https://acme.zendesk.com/api/v2/incremental/tickets/cursor.json", [("cursor", "a")])
    assert specs.check("zendesk", [wanted], excused={"start_time": "a cursor stands in its place"}) == 1
    with pytest.raises(AssertionError, match="leave the excuse out"):
        specs.check("zendesk", GOOD["zendesk"], excused={"start_time": "a cursor stands in its place"})
