"""Reads one page of the mentions for one checkpoint, upwards, and looks again at the posts of the last days.

Source: docs.joinmastodon.org, "notifications", "statuses" and "accounts" API methods, "Guidelines and best practices".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignkit.connectors.answers import Payload, listed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.mastodon.posts import Bodies, people, seen, taken_back
from alignkit.connectors.records import Answer, Found
from alignkit.connectors.window import Kept, kept, position
from alignkit.errors import PagingStuck, PermissionMissing, ResponseInvalid
from alignkit.models.conversation import Post
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.models.times import Instant
from alignkit.transport import Flow, Request, Response, link_params, next_link, request

PAGE_SIZE = 80
AT_ONCE = 20
"""The most posts or accounts in one request."""

WATCHED_FOR = timedelta(days=7)
MOST_WATCHED = 250

NOT_THERE = frozenset({404, 405})


class Watched(Kept):
    """A post that is looked at again.

    Attributes:
        author: the account that wrote it.
        posted_at: its own time, which may be long before it came.
        is_public: whether its absence can only mean that it is gone.
    """

    id: str
    author: str | None = None
    posted_at: Instant
    came_at: Instant
    is_public: bool = False


class Position(Kept):
    """The checkpoint of the mentions.

    Attributes:
        after: the last mention known.
        since: the oldest that was wanted on the first read.
        newest: where a first read began that goes back to `since`; `after` once it is there.
        below: how far down it has come.
        watched: posts of the last days, newest first.
        left: those of them that are still to be looked at in this run; None before its end.
    """

    after: str = "0"
    since: Instant | None = None
    newest: str | None = None
    below: str | None = None
    watched: tuple[Watched, ...] = ()
    left: tuple[str, ...] | None = None


class _Relationship(Payload):
    id: str
    blocked_by: bool = False
    blocking: bool = False
    domain_blocking: bool = False

    @property
    def is_open(self) -> bool:
        """Whether neither side hides from the other."""
        return not (self.blocked_by or self.blocking or self.domain_blocking)


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs to know of the connector."""

    name: str
    bodies: Bodies

    def mentions(self, response: Response) -> Answer:
        """The mentions of an answer; an object in the place of their list is an error, whatever its status."""
        if not response.content.lstrip().startswith(b"["):
            raise ResponseInvalid(f"`{self.name}` answered something else than mentions; check `base_url`")
        return listed(self.bodies.mentions, response, self.name)

    def events(self, rows: Iterable[Found[Post]], run: Run) -> list[CustomerEvent]:
        """Authors and posts, of the rows that have any."""
        shown = [row for row in rows if seen(row).has_post]
        posts = [row.event(source=self.name, received_at=run.now) for row in shown]
        return [*people(shown, self.name, run.now), *posts]


def read(reader: Reader, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the mentions."""
    at = Position(since=run.since) if checkpoint is None else position(Position, checkpoint, reader.name)
    if at.left:
        return (yield from _looked_again(reader, at, run))
    if at.since is not None and (checkpoint is None or at.below is not None):
        return (yield from _back(reader, at, run))
    response = yield from request(mentions(("min_id", at.after)))
    answer = reader.mentions(response)
    rows = answer.of(reader.bodies.mention)
    if not rows and not answer.bad:
        return (yield from _newest(reader, at, run))
    after = _linked(response, "prev", "min_id") or next((seen(row).mention for row in rows), None)
    if after is None or after == at.after:
        raise PagingStuck(f"`{reader.name}` gives mentions and no way to those after them; report this")
    following = at.model_copy(update={"after": after, "watched": _watched(at, rows, run)})
    return _page(reader, following, _wanted(at, rows), answer, run, more=True)


def mentions(*params: tuple[str, str]) -> Request:
    """A page of mentions: the one just above an id, the one below another, or the newest."""
    return Request(
        "GET",
        "/api/v1/notifications",
        params=[("types[]", "mention"), ("include_filtered", "true"), ("limit", str(PAGE_SIZE)), *params],
    )


def several(ids: Sequence[str]) -> Request:
    """Asks for posts by id; a server before 4.3 cannot be asked for several."""
    return Request("GET", "/api/v1/statuses", params=[("id[]", id) for id in ids], accept=NOT_THERE)


def relationships(authors: Sequence[str]) -> Request:
    """Asks how the account stands to others; suspended ones are left out."""
    return Request("GET", "/api/v1/accounts/relationships", params=[("id[]", one) for one in authors])


def _back(reader: Reader, at: Position, run: Run) -> Flow[Page]:
    """One page of a first read that goes down to the oldest mention wanted, and then goes on upwards."""
    response = yield from request(mentions(*([("max_id", at.below)] if at.below else [])))
    answer = reader.mentions(response)
    rows = answer.of(reader.bodies.mention)
    newest = at.newest or _linked(response, "prev", "min_id") or next((seen(row).mention for row in rows), None)
    below = _linked(response, "next", "max_id") or next((seen(row).mention for row in reversed(rows)), None)
    if below is not None and below == at.below:
        raise PagingStuck(f"`{reader.name}` gave the same page of mentions again; report this")
    wanted = _wanted(at, rows)
    watched = _watched(at, rows, run)
    if below is None or not (rows or answer.bad) or len(wanted) < len(rows):
        following = at.model_copy(update={"after": newest or "0", "newest": None, "below": None, "watched": watched})
    else:
        following = at.model_copy(update={"newest": newest, "below": below, "watched": watched})
    return _page(reader, following, wanted, answer, run, more=True)


def _newest(reader: Reader, at: Position, run: Run) -> Flow[Page]:
    """The newest mentions once more, at the end of a walk: an edited post brings no new one."""
    response = yield from request(mentions())
    answer = reader.mentions(response)
    rows = answer.of(reader.bodies.mention)
    watched = _watched(at, rows, run)
    shown = {row.data.id for row in rows if seen(row).has_post}
    left = tuple(one.id for one in watched if one.id not in shown)
    following = at.model_copy(update={"watched": watched, "left": left or None})
    return _page(reader, following, _wanted(at, rows), answer, run, more=bool(left))


def _looked_again(reader: Reader, at: Position, run: Run) -> Flow[Page]:
    """One page of posts of the last days that the newest mentions no longer show: edited, gone, or as they were."""
    ids = (at.left or ())[:AT_ONCE]
    left = (at.left or ())[AT_ONCE:]
    response = yield from request(several(ids))
    if response.status in NOT_THERE:
        gap = "this server cannot be asked for several posts; deleted ones, and later edits of older ones, are not seen"
        return Page((), kept(at.model_copy(update={"left": None})), more=False, gaps=[gap])
    answer = listed(reader.bodies.posts, response, reader.name)
    rows = answer.of(reader.bodies.post)
    shown = {row.data.id for row in rows} | {bad.key for bad in answer.bad}
    missing = [one for one in at.watched if one.id in ids and one.id not in shown and one.is_public and one.author]
    gone, gaps = (yield from _gone(reader, missing)) if missing else ([], [])
    removed = [
        PostPublished.of(taken_back(one.id, one.posted_at, run.now), source=reader.name, received_at=run.now)
        for one in gone
    ]
    watched = tuple(one for one in at.watched if one not in gone)
    following = at.model_copy(update={"watched": watched, "left": left or None})
    events = [*reader.events(rows, run), *removed]
    return Page(events, kept(following), bool(left), answer.bad, gaps=gaps)


def _gone(reader: Reader, missing: Sequence[Watched]) -> Flow[tuple[list[Watched], list[str]]]:
    """Those that can only be gone: their author is there, and neither side blocks the other."""
    authors = list(dict.fromkeys(one.author for one in missing if one.author))
    try:
        response = yield from request(relationships(authors))
    except PermissionMissing:
        return [], ["posts are missing; give the token `read:follows`, or none can be told from a blocked one"]
    body = response.json()
    if not isinstance(body, list):
        raise ResponseInvalid(f"`{reader.name}` answered something else than relationships; check `base_url`")
    known = [_Relationship.model_validate(one) for one in body if isinstance(one, dict)]
    is_open = {one.id for one in known if one.is_open}
    return [one for one in missing if one.author in is_open], []


def _page(reader: Reader, at: Position, rows: Sequence[Found[Post]], answer: Answer, run: Run, *, more: bool) -> Page:
    return Page(reader.events(rows, run), kept(at), more=more, quarantined=answer.bad)


def _wanted(at: Position, rows: Sequence[Found[Post]]) -> list[Found[Post]]:
    """The mentions that are not older than what was wanted on the first read."""
    return [row for row in rows if at.since is None or _came(row) >= at.since]


def _came(row: Found[Post]) -> datetime:
    return row.data.first_seen_at or row.data.posted_at


def _watched(at: Position, rows: Sequence[Found[Post]], run: Run) -> tuple[Watched, ...]:
    """The posts of the last days, newest first, with those of a page."""
    found = {one.id: one for one in at.watched}
    for row in _wanted(at, rows):
        if seen(row).has_post:
            post = row.data
            found[post.id] = Watched(
                id=post.id,
                author=post.author_ref,
                posted_at=post.posted_at,
                came_at=_came(row),
                is_public=seen(row).is_public,
            )
    recent = [one for one in found.values() if one.came_at >= run.now - WATCHED_FOR]
    return tuple(sorted(recent, key=lambda one: (one.came_at, one.id), reverse=True)[:MOST_WATCHED])


def _linked(response: Response, rel: str, name: str) -> str | None:
    """The id in one of the server's own links; None without one."""
    target = next_link(response, rel)
    return None if target is None else dict(link_params(target)).get(name)
