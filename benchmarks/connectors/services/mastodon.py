"""Mastodon: a page of mentions, each with its post and, twice, its author."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Mastodon
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso_milliseconds, moment

OWN = "https://social.example.com/@acme"


def cases(size: int = 80) -> list[Case]:
    source = Mastodon("social.example.com", "sample-token")
    words = Words("mastodon")
    rows = [_mention(number, words) for number in reversed(range(size))]
    return [Case(source, "mentions", size, {"/notifications": json(rows)})]


def _mention(number: int, words: Words) -> dict[str, Any]:
    account = _account(number, words)
    return {
        "id": str(20_000 + number),
        "type": "mention",
        "created_at": iso_milliseconds(moment(number, after=1)),
        "group_key": f"ungrouped-{20_000 + number}",
        "account": account,
        "status": _status(number, account, words),
    }


def _account(number: int, words: Words) -> dict[str, Any]:
    first, last, _ = words.person(number)
    name, host = f"{first.casefold()}_{number}", f"server{number % 20}.example.org"
    files = f"https://files.social.example.com/cache/accounts/{{}}/{number:012}/original/{words.key(16)}.jpg"
    return {
        "id": str(117_020_565_693_000_000 + number),
        "username": name,
        "acct": f"{name}@{host}",
        "display_name": f"{first} {last} :blobcat:",
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": False,
        "group": False,
        "created_at": "2022-11-05T00:00:00.000Z",
        "note": f"<p>{words.text(2)}</p>",
        "url": f"https://{host}/@{name}",
        "uri": f"https://{host}/users/{name}",
        "avatar": files.format("avatars"),
        "avatar_static": files.format("avatars"),
        "avatar_description": "",
        "header": files.format("headers"),
        "header_static": files.format("headers"),
        "header_description": "",
        "followers_count": words.whole(3_000),
        "following_count": words.whole(900),
        "statuses_count": words.whole(9_000),
        "last_status_at": "2026-03-04",
        "hide_collections": False,
        "emojis": [
            {
                "shortcode": "blobcat",
                "url": "https://files.social.example.com/cache/custom_emojis/images/000/012/original/blobcat.png",
                "static_url": "https://files.social.example.com/cache/custom_emojis/images/000/012/static/blobcat.png",
                "visible_in_picker": True,
            }
        ],
        "fields": [
            {
                "name": "Web",
                "value": f'<a href="https://{name}.example.net" rel="nofollow noopener me">{name}.example.net</a>',
                "verified_at": None,
            }
        ],
    }


def _status(number: int, account: dict[str, Any], words: Words) -> dict[str, Any]:
    id = str(117_020_576_916_000_000 + number)
    link = '<span class="h-card" translate="no"><a href="{}" class="u-url mention">@<span>acme</span></a></span>'
    return {
        "id": id,
        "created_at": iso_milliseconds(moment(number)),
        "in_reply_to_id": str(117_020_576_900_000_000 + number) if number % 3 == 0 else None,
        "in_reply_to_account_id": "117020565966271181" if number % 3 == 0 else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"{account['uri']}/statuses/{id}",
        "url": f"{account['url']}/{id}",
        "replies_count": 0,
        "reblogs_count": words.whole(9),
        "favourites_count": words.whole(30),
        "quotes_count": 0,
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "content": f"<p>{link.format(OWN)} {words.text(2)}</p><p>{words.text(1)}<br />Thanks &amp; bye</p>",
        "filtered": [],
        "reblog": None,
        "account": account,
        "media_attachments": [],
        "mentions": [{"id": "117020565966271181", "username": "acme", "url": OWN, "acct": "acme"}],
        "tags": [],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
        "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
    }
