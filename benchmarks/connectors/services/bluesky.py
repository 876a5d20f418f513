"""Bluesky: a page of notifications and one of a search."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Bluesky
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso_milliseconds, moment

OWN = "did:plc:brandbrandbrandbrandbran"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
CDN = "https://cdn.bsky.app/img"


def cases(size: int = 100) -> list[Case]:
    source = Bluesky("shop.example.com", "sample-app-password", searches=["acme kettle"])
    words = Words("bluesky")
    session = json({"handle": "shop.example.com", "did": OWN, "email": "shop@example.com", "active": True})
    mentions = {"notifications": [_notification(number, words) for number in reversed(range(size))]}
    found = {"posts": [_post(number, words) for number in reversed(range(size))], "hitsTotal": 30 * size}
    cursor = {"cursor": iso_milliseconds(moment(0))}
    return [
        Case(
            source,
            "mentions",
            size,
            {
                "getSession": session,
                "listNotifications": json({**mentions, **cursor, "priority": False, "seenAt": cursor["cursor"]}),
            },
        ),
        Case(source, "search", size, {"getSession": session, "searchPosts": json({**found, **cursor})}),
    ]


def _key(number: int) -> str:
    """A record's key: microseconds since 1970 above ten bits that tell clocks apart."""
    left = int(moment(number).timestamp() * 1_000_000) << 10 | number % 1024
    return "".join(LETTERS[left >> 5 * place & 31] for place in range(12, -1, -1))


def _author(number: int, words: Words) -> dict[str, Any]:
    first, last, _ = words.person(number)
    did = f"did:plc:{number:024}"
    return {
        "did": did,
        "handle": f"person{number}.bsky.social",
        "displayName": f"{first} {last}",
        "avatar": f"{CDN}/avatar/plain/{did}/bafkreic{words.key(51, LETTERS)}@jpeg",
        "associated": {
            "chat": {"allowIncoming": "following"},
            "activitySubscription": {"allowSubscriptions": "followers"},
        },
        "viewer": {"muted": False, "blockedBy": False},
        "labels": [],
        "createdAt": "2024-02-06T18:20:00.000Z",
    }


def _names(number: int, words: Words) -> dict[str, str]:
    return {
        "uri": f"at://did:plc:{number:024}/app.bsky.feed.post/{_key(number)}",
        "cid": f"bafyreib{words.key(51, LETTERS)}",
    }


def _record(number: int, words: Words) -> dict[str, Any]:
    text = f"@shop.example.com {words.text(2)}"
    names = {"uri": f"at://{OWN}/app.bsky.feed.post/{_key(number)}", "cid": f"bafyreib{words.key(51, LETTERS)}"}
    mention = {"$type": "app.bsky.richtext.facet#mention", "did": OWN}
    return {
        "$type": "app.bsky.feed.post",
        "createdAt": iso_milliseconds(moment(number)),
        "facets": [
            {
                "$type": "app.bsky.richtext.facet",
                "features": [mention],
                "index": {"byteEnd": 17, "byteStart": 0},
            }
        ],
        "langs": ["en"],
        **({"reply": {"parent": names, "root": names}} if number % 3 == 0 else {}),
        "text": text,
    }


def _notification(number: int, words: Words) -> dict[str, Any]:
    return {
        **_names(number, words),
        "author": {**_author(number, words), "description": words.text(2), "indexedAt": iso_milliseconds(moment(0))},
        "reason": "reply" if number % 3 == 0 else "mention",
        "record": _record(number, words),
        "isRead": False,
        "indexedAt": iso_milliseconds(moment(number, after=1)),
        "labels": [],
    }


def _post(number: int, words: Words) -> dict[str, Any]:
    names = _names(number, words)
    image = f"did:plc:{number:024}/bafkreid{words.key(51, LETTERS)}@jpeg"
    embed = {
        "$type": "app.bsky.embed.images#view",
        "images": [
            {
                "thumb": f"{CDN}/feed_thumbnail/plain/{image}",
                "fullsize": f"{CDN}/feed_fullsize/plain/{image}",
                "alt": words.text(1),
                "aspectRatio": {"height": 1_500, "width": 2_000},
            }
        ],
    }
    return {
        **names,
        "author": _author(number, words),
        "record": _record(number, words),
        **({"embed": embed} if number % 4 == 0 else {}),
        "bookmarkCount": 0,
        "replyCount": words.whole(9),
        "repostCount": words.whole(9),
        "likeCount": words.whole(30),
        "quoteCount": 0,
        "indexedAt": iso_milliseconds(moment(number, after=1)),
        "viewer": {"bookmarked": False, "threadMuted": False, "embeddingDisabled": False},
        "labels": [],
    }
