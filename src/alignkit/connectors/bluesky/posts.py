"""Declares how Bluesky's posts and their authors become ours; the same post reads the same wherever it was found.

Sources: lexicons `app.bsky.notification.listNotifications`, `app.bsky.feed.defs` (`postView`), `app.bsky.feed.post`
and `app.bsky.actor.defs`; atproto.com, "Timestamp identifiers".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple

from alignkit.connectors.records import Body, Extras, Found, Recipe, Rows, Shape, Values, objects
from alignkit.models.conversation import CustomerMatch, Post
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent
from alignkit.models.times import in_utc
from alignkit.models.vocabulary import PostKind

PLATFORM = "bluesky"

_BEGAN = datetime(2022, 11, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_LETTERS = frozenset(_SORTABLE)
_AS_DIGITS = str.maketrans(_SORTABLE, "0123456789abcdefghijklmnopqrstuv")
_CLOCK_BITS = 10
_MICROSECOND = timedelta(microseconds=1)
_UNKNOWN_HANDLE = "handle.invalid"


class Author(NamedTuple):
    """Who wrote a post: the lasting identifier, the name that may change, and what they call themselves."""

    did: str
    handle: str | None
    name: str | None


_PEOPLE = Recipe(Shape(model=Contact, places={}, finish=lambda _: Extras(version=0)))
"""Authors, as posts tell them."""


class Seen(NamedTuple):
    """What is wanted of a listed post beside itself.

    Attributes:
        author: who wrote it.
        indexed: the place of the post in lists, which is by this time.
    """

    author: Author
    indexed: datetime


class Bodies(NamedTuple):
    """Bluesky's answers as one account reads them."""

    shape: Shape[Post]
    notifications: Body
    found: Body


@lru_cache(maxsize=16)
def bodies(did: str, *, keeps_text: bool) -> Bodies:
    """How the account `did` reads answers: a post that names it is a mention."""
    shape = Shape(
        model=Post,
        places={
            "id": "uri",
            "author_handle": ("author", "handle"),
            "author_ref": ("author", "did"),
            "lang": ("record", "langs", 0),
            "in_reply_to": ("record", "reply", "parent", "uri"),
            **({"text": ("record", "text")} if keeps_text else {}),
        },
        also={
            "author_name": (("author", "displayName"), str),
            "created": (("record", "createdAt"), str),
            "indexed": ("indexedAt", str),
            "facets": (("record", "facets"), Rows(("features",))),
        },
        finish=partial(_finish, did),
    )
    return Bodies(
        shape,
        Body({"notifications": shape}, beside={"cursor": ("cursor", str)}),
        Body({"posts": shape}, beside={"cursor": ("cursor", str)}),
    )


def people(found: Iterable[Found[Post]], source: str, now: datetime) -> list[CustomerEvent]:
    """The authors of posts, each once."""
    authors = {author.did: author for author in (seen(one).author for one in found)}
    people = (_PEOPLE.of(id=one.did, name=one.name or None, handles=_handles(one)) for one in authors.values())
    return [one.event(source=source, received_at=now) for one in people]


def seen(found: Found[Post]) -> Seen:
    """What a listed post tells beside itself."""
    beside: Seen = found.extras.beside
    return beside


def taken_back(uri: str) -> Post | None:
    """A post that its author took back: nothing is kept but that it was there; None where `uri` names none.

    Nobody tells when it was taken back, so the time of its making stands for that, and the same word said twice counts
    once.
    """
    written = time_of(parts(uri)[1])
    if written is None:
        return None
    after = written + _MICROSECOND
    return Post(id=uri, platform=PLATFORM, posted_at=written, deleted_at=after, remote_updated_at=after)


def parts(uri: str) -> tuple[str, str]:
    """The author's DID and the record's key in `at://DID/app.bsky.feed.post/KEY`; both empty where it is none."""
    pieces = uri.removeprefix("at://").split("/")
    is_post = uri.startswith("at://did:") and len(pieces) == 3 and pieces[1] == "app.bsky.feed.post"
    return (pieces[0], pieces[2]) if is_post else ("", "")


def time_of(key: str) -> datetime | None:
    """When a record was made, as its key says: microseconds since 1970 above ten bits that tell clocks apart."""
    if len(key) != 13 or not _LETTERS.issuperset(key):
        return None
    try:
        return _EPOCH + (int(key.translate(_AS_DIGITS), 32) >> _CLOCK_BITS) * _MICROSECOND
    except OverflowError:
        return None


def _finish(own: str, values: Values) -> Extras:
    did, key = parts(values["id"])
    if not did:
        raise ValueError("`uri` names no post")
    indexed = _moment(values.get("indexed"))
    if indexed is None:
        raise ValueError("`indexedAt` is no time")
    written = _written(_moment(values.get("created")), time_of(key), indexed)
    handle = values["author_handle"]
    values["author_handle"] = None if handle == _UNKNOWN_HANDLE else handle
    values["author_ref"] = did
    # A handle changes its owner; the DID does not.
    values["customer_match"] = CustomerMatch(identifier=f"social_handle:{PLATFORM}/{did}", confidence=1.0, method="did")
    values["platform"] = PLATFORM
    values["kind"] = _kind(own, values)
    values["url"] = f"https://bsky.app/profile/{did}/post/{key}"
    values["posted_at"] = values["remote_created_at"] = values["remote_updated_at"] = written
    return Extras(beside=Seen(Author(did, values["author_handle"], values.get("author_name")), indexed))


def _kind(own: str, values: Values) -> PostKind:
    if values["in_reply_to"]:
        return PostKind.COMMENT
    return PostKind.MENTION if own in _mentioned(values.get("facets")) else PostKind.POST


def _mentioned(facets: Any) -> set[str]:
    """The DIDs that a text names; the places of the names are left aside, as they may be wrong."""
    features = (feature for facet in objects(facets) for feature in objects(facet.get("features")))
    return {str(feature["did"]) for feature in features if "did" in feature}


def _written(created: datetime | None, keyed: datetime | None, indexed: datetime) -> datetime:
    """When a post was written. Programs set its time and its key as they please: the years 1 and 1970 occur."""
    possible = [moment for moment in (created, keyed) if moment is not None and moment >= _BEGAN]
    return min(possible) if possible else max(indexed, _BEGAN)


def _moment(text: str | None) -> datetime | None:
    """A time as it is written here: with up to seven digits of a second, with a zone or meant in UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else in_utc(moment)
    except ValueError:
        return None


def _handles(author: Author) -> tuple[str, ...]:
    known = f"{PLATFORM}/{author.did}"
    return (known, f"{PLATFORM}/{author.handle}") if author.handle else (known,)


def _finish_author(values: Values) -> Extras:
    [handle] = values["handles"] or (None,)
    values["handles"] = _handles(Author(values["id"], None if handle == _UNKNOWN_HANDLE else handle, None))
    return Extras(version=0)


AUTHOR = Shape(
    model=Contact,
    places={"id": "did", "name": "displayName", "handles": "handle"},
    finish=_finish_author,
)
PROFILES = Body({"profiles": AUTHOR})
