"""Declares how Mastodon's mentions and posts become ours, and who wrote them.

Source: docs.joinmastodon.org, "Notification", "Status" and "Account" entities.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from alignkit import identity
from alignkit.connectors.mastodon.markup import plain
from alignkit.connectors.records import Body, Extras, Found, Path, Recipe, Shape, Values
from alignkit.connectors.records.body import WHOLE
from alignkit.models.conversation import CustomerMatch, Post
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import PostKind

PLATFORM = "mastodon"

_PUBLIC = frozenset({"public", "unlisted"})


class Author(NamedTuple):
    """Who wrote a post: the id at this server, the address that lasts, the handle, and what they call themselves."""

    id: str | None
    address: str | None
    handle: str | None
    name: str | None


class Seen(NamedTuple):
    """What is wanted of a record beside its post.

    Attributes:
        mention: the id of the mention.
        has_post: whether the post is still there.
        is_public: whether everybody may read it.
    """

    mention: str | None
    has_post: bool
    author: Author
    is_public: bool = False


_PEOPLE = Recipe(Shape(model=Contact, places={}, finish=lambda _: Extras(version=0)))
"""Authors, as posts tell them."""


class Bodies(NamedTuple):
    """Mastodon's answers as one account reads them."""

    mention: Shape[Post]
    mentions: Body
    post: Shape[Post]
    posts: Body
    single: Body


@cache
def bodies(host: str, *, keeps_text: bool, keeps_private_text: bool) -> Bodies:
    """How answers are read for an account at this host."""

    def settled(post: Values) -> None:
        is_private = post.get("visibility") == "direct"
        post["platform"] = PLATFORM
        post["kind"] = PostKind.DIRECT_MESSAGE if is_private else PostKind.MENTION
        if not is_private and post["in_reply_to"]:
            post["kind"] = PostKind.COMMENT
        post["remote_updated_at"] = post["remote_updated_at"] or post["posted_at"]
        acct = post["author_handle"]
        post["author_handle"] = acct if acct is None or "@" in acct else f"{acct}@{host}"
        post["customer_match"] = _match(post.get("address") or post.get("page"))
        is_kept = keeps_text and (keeps_private_text or not is_private)
        post["text"] = plain(post.get("warning"), post.get("content")) if is_kept else None

    def of_mention(post: Values) -> Extras:
        if post.get("status") is None:
            # What it was about was deleted; the mention itself may stay for a while.
            post["platform"] = PLATFORM
            return Extras(beside=Seen(post.get("mention"), has_post=False, author=Author(None, None, None, None)))
        if not post.get("post_id"):
            raise ValueError("the post of the mention has no id")
        settled(post)
        return Extras(beside=_seen(post, post.get("mention")))

    def of_post(post: Values) -> Extras:
        settled(post)
        # A mention knows more of the same post: when it came.
        return Extras(microseconds(post["remote_updated_at"]) - 1, beside=_seen(post, None))

    mention = _shape(("status",), of_mention)
    post = _shape((), of_post)
    return Bodies(mention, Body({WHOLE: mention}), post, Body({WHOLE: post}), Body({WHOLE: post}, is_one=True))


def seen(found: Found[Post]) -> Seen:
    """What a record tells beside its post."""
    beside: Seen = found.extras.beside
    return beside


def people(found: Iterable[Found[Post]], source: str, now: datetime) -> list[CustomerEvent]:
    """The authors of posts, each once."""
    authors = {author.id: author for author in (seen(one).author for one in found) if author.id}
    people = (_PEOPLE.of(id=one.id, name=one.name or None, handles=_handles(one)) for one in authors.values())
    return [one.event(source=source, received_at=now) for one in people]


def taken_back(id: str, posted_at: datetime, told_at: datetime) -> Post:
    """A post that is gone: nothing is kept but that it was there, and when that was told."""
    after = max(told_at, posted_at + timedelta(microseconds=1))
    return Post(id=id, platform=PLATFORM, posted_at=posted_at, deleted_at=after, remote_updated_at=after)


def _shape(status: tuple[str, ...], finish: Any) -> Shape[Post]:
    """How a record becomes a post that stands at `status` in it."""
    is_mention = bool(status)

    def at(name: str) -> Path:
        return (*status, name)

    return Shape(
        model=Post,
        places={
            "id": [at("id"), "id"],
            "author_ref": ("account", "id"),
            "author_handle": ("account", "acct"),
            "posted_at": [at("created_at"), "created_at"],
            "remote_updated_at": at("edited_at"),
            **({"first_seen_at": "created_at"} if is_mention else {}),
            "in_reply_to": at("in_reply_to_id"),
            "lang": at("language"),
        },
        also={
            "content": (at("content"), str),
            "warning": (at("spoiler_text"), str),
            "visibility": (at("visibility"), str),
            "address": (("account", "uri"), str),
            "page": (("account", "url"), str),
            "name": (("account", "display_name"), str),
            **({"mention": ("id", str), "status": ("status", dict), "post_id": (at("id"), str)} if is_mention else {}),
        },
        finish=finish,
    )


def _seen(post: Values, mention: str | None) -> Seen:
    address = post.get("address") or post.get("page")
    author = Author(post["author_ref"], address, post["author_handle"], post.get("name"))
    return Seen(mention, has_post=True, author=author, is_public=post.get("visibility") in _PUBLIC)


def _match(address: str | None) -> CustomerMatch | None:
    """Whose post it is: an account's address lasts, and its handle is a part of it."""
    known = identity.handle(PLATFORM, address) if address else None
    return None if known is None else CustomerMatch(identifier=known, confidence=1.0, method="address")


def _handles(author: Author) -> tuple[str, ...]:
    return tuple(f"{PLATFORM}/{name}" for name in (author.address, author.handle) if name)
