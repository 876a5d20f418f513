"""Declares how X's posts become ours, and what stands beside them on a page.

Source: docs.x.com, X's OpenAPI document, "Post" and "X IDs".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from alignkit.connectors.answers import Payload
from alignkit.connectors.ids import is_number
from alignkit.connectors.records import Body, Extras, Shape, Values
from alignkit.models.conversation import CustomerMatch, Post
from alignkit.models.customer import Contact
from alignkit.models.vocabulary import PostKind

PLATFORM = "x"

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_R = TypeVar("_R")


class _Reference(Payload):
    type: str = ""
    id: str = ""


class _Error(Payload):
    type: str = ""
    value: str = ""
    resource_id: str = ""

    @property
    def post(self) -> str:
        return self.value or self.resource_id


class Seen(NamedTuple):
    """What is wanted of a listed post beside itself: whether it repeats another one, and its newest edit."""

    is_retweet: bool
    latest: str


_REFERENCES = TypeAdapter(tuple[_Reference, ...])
_ERRORS = TypeAdapter(tuple[_Error, ...])
_NOT_FOUND = "resource-not-found"

_EDITED_FOR = timedelta(hours=2)
"""Longer than anybody may edit a post."""


def _finish(post: Values) -> Extras:
    # By kind; of several of one kind the first counts.
    references = {one.type: one.id for one in reversed(_read(_REFERENCES, post.get("references")))}
    current = post["id"]
    history: tuple[str, ...] = post.get("history") or (current,)
    post["id"] = history[0]
    if not (is_id(current) and is_id(post["id"])):
        raise ValueError("the id of a post is a number of up to 19 digits")
    replied = references.get("replied_to")
    post["platform"] = PLATFORM
    post["posted_at"] = post["remote_updated_at"] = made(post["id"])
    post["in_reply_to"] = replied
    post["kind"] = PostKind.COMMENT if replied else PostKind.MENTION
    post["text"] = post.get("long_text") or post["text"]
    if post["author_ref"]:
        # A name may pass to somebody else; the id does not.
        author = f"social_handle:{PLATFORM}/{post['author_ref']}"
        post["customer_match"] = CustomerMatch(identifier=author, confidence=1.0, method="id")
    return Extras(version=int(current), beside=Seen("retweeted" in references, history[-1]))


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


def _finish_author(author: Values) -> Extras:
    """The author by the lasting id and by the name, whose form is `platform/name`."""
    name: str = author.get("username") or ""
    author["handles"] = (f"{PLATFORM}/{author['id']}", f"{PLATFORM}/{name}")
    return Extras(version=0, beside=name)


AUTHOR = Shape(
    model=Contact,
    places={"id": "id"},
    also={"username": ("username", str)},
    finish=_finish_author,
)
PAGE = Body(
    {"data": POST, ("includes", "users"): AUTHOR},
    {
        "count": (("meta", "result_count"), int),
        "newest": (("meta", "newest_id"), str),
        "token": (("meta", "next_token"), str),
        "errors": ("errors", object),
    },
)


def unshown(errors: object) -> dict[str, bool]:
    """The posts that X does not show beside those that it does, each with whether it says that there is none."""
    return {error.post: error.type.endswith(_NOT_FOUND) for error in _read(_ERRORS, errors) if error.post}


def taken_back(id: str) -> tuple[Post, int]:
    """A post that is gone, and its version, above that of any edit: nothing is kept but that it was there.

    Nobody tells when it was taken back, so the time of its making stands for that, and the same word said twice counts
    once.
    """
    after = made(id) + timedelta(microseconds=1)
    post = Post(id=id, platform=PLATFORM, posted_at=made(id), deleted_at=after, remote_updated_at=after)
    return post, int(id) + (int(_EDITED_FOR.total_seconds() * 1_000) << 22)


def made(id: str) -> datetime:
    """When a post was made: the upper bits of its id are milliseconds."""
    return _EPOCH + (int(id) >> 22) * _MILLISECOND


def _read(adapter: TypeAdapter[tuple[_R, ...]], value: object) -> tuple[_R, ...]:
    """A list that an answer may have; none where it is in another form."""
    if not value:
        return ()
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return ()


def is_id(text: str) -> bool:
    """Whether this can be the id of a post."""
    return is_number(text) and len(text) <= 19
