"""Declares how X's posts become ours, and what stands beside them on a page.

Source: docs.x.com, X's OpenAPI document, "Post" and "X IDs".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from alignkit.connectors.answers import Payload
from alignkit.connectors.records import Body, Extras, Shape, Values
from alignkit.models.conversation import Post
from alignkit.models.vocabulary import PostKind

PLATFORM = "x"

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)

_R = TypeVar("_R")


class _Reference(Payload):
    type: str = ""
    id: str = ""


class _User(Payload):
    id: str
    username: str | None = None


_REFERENCES = TypeAdapter(tuple[_Reference, ...])
_USERS = TypeAdapter(tuple[_User, ...])


def _finish(post: Values) -> Extras:
    references = _read(_REFERENCES, post.get("references"))
    current = post["id"]
    post["id"] = next(iter(post.get("history") or ()), current)
    if not (_is_id(current) and _is_id(post["id"])):
        raise ValueError("the id of a post is a number of up to 19 digits")
    replied = next((one.id for one in references if one.type == "replied_to"), None)
    post["platform"] = PLATFORM
    post["posted_at"] = post["remote_updated_at"] = made(post["id"])
    post["in_reply_to"] = replied
    post["kind"] = PostKind.COMMENT if replied else PostKind.MENTION
    post["text"] = post.get("long_text") or post["text"]
    # What stands beside a post is whether it is a retweet.
    return Extras(version=int(current), beside=any(one.type == "retweeted" for one in references))


POST = Shape(
    model=Post,
    places={
        "id": "id",
        "author_ref": "author_id",
        "text": "text",
        "lang": "lang",
    },
    also={
        "history": ("edit_history_tweet_ids", tuple),
        "long_text": (("note_tweet", "text"), str),
        "references": ("referenced_tweets", object),
    },
    finish=_finish,
)
PAGE = Body(
    {"data": POST},
    {
        "count": (("meta", "result_count"), int),
        "newest": (("meta", "newest_id"), str),
        "token": (("meta", "next_token"), str),
        "users": (("includes", "users"), object),
    },
)


def authors(users: object) -> dict[str, str | None]:
    """The names of authors by their ids, as a page tells them beside its posts."""
    return {user.id: user.username for user in _read(_USERS, users)}


def made(id: str) -> datetime:
    """When a post was made: the upper bits of its id are milliseconds."""
    return _EPOCH + timedelta(milliseconds=int(id) >> 22)


def _read(adapter: TypeAdapter[tuple[_R, ...]], value: object) -> tuple[_R, ...]:
    """A list that an answer may have; none where it is in another form."""
    try:
        return adapter.validate_python(value or ())
    except ValidationError:
        return ()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
