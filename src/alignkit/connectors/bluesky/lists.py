"""The two lists that Bluesky has for us: how each is asked for a page, and how a walk through it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alignkit.connectors.bluesky.posts import Bodies
from alignkit.connectors.bluesky.session import XRPC
from alignkit.connectors.bluesky.walk import Walk
from alignkit.connectors.records import Body
from alignkit.transport import Request

PAGE = 100
REASONS = ("mention", "reply", "quote")

_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


class List(Protocol):
    """One list of posts, newest first."""

    @property
    def questions(self) -> Sequence[str]:
        """What is asked of it, in turn."""
        ...

    def ask(self, question: str, walk: Walk) -> Request:
        """The request for a walk's next page."""
        ...

    def body(self, known: Bodies) -> Body:
        """How its answers are read."""
        ...

    def following(self, walk: Walk, cursor: str | None, rows: int) -> tuple[Walk | None, str | None]:
        """The walk after a page of `rows` that has not come to its beginning, None at its end; and a gap, if any."""
        ...


@dataclass(frozen=True, slots=True)
class Mentions:
    """Posts that mention the account, answer it or quote it."""

    questions: Sequence[str] = ("",)

    def ask(self, question: str, walk: Walk) -> Request:  # noqa: ARG002 - there is one question
        return notifications(walk.cursor)

    def body(self, known: Bodies) -> Body:
        return known.notifications

    def following(self, walk: Walk, cursor: str | None, rows: int) -> tuple[Walk | None, str | None]:
        """A cursor that is the time of the last row skips all others of that time, so it is moved behind them."""
        if cursor is None:
            return None, None
        behind = _behind(cursor)
        if behind != walk.cursor:
            return walk.model_copy(update={"cursor": behind}), None
        gap = f"more than {PAGE} notifications have the time {cursor}; some of them may not have been read"
        return walk.model_copy(update={"cursor": cursor}), gap if rows >= PAGE else None


@dataclass(frozen=True, slots=True)
class Search:
    """Posts that searches find."""

    questions: Sequence[str]

    def ask(self, question: str, walk: Walk) -> Request:
        return search(question, walk)

    def body(self, known: Bodies) -> Body:
        return known.found

    def following(self, walk: Walk, cursor: str | None, rows: int) -> tuple[Walk | None, str | None]:  # noqa: ARG002
        """A search ends before it has shown everything, nobody says where, so its end is asked for once more."""
        if cursor is not None:
            return walk.model_copy(update={"cursor": cursor}), None
        if walk.read < PAGE:
            return None, None
        if (until := _earlier(walk)) is not None:
            return walk.model_copy(update={"cursor": None, "until": until, "read": 0, "oldest": None}), None
        return None, "a search has so many posts of one second that some of them may not have been shown"


def notifications(cursor: str | None = None, limit: int = PAGE) -> Request:
    """A page of what was addressed to the account; without `priority=false` strangers might be left out."""
    params = [("limit", str(limit)), ("priority", "false"), *(("reasons", reason) for reason in REASONS)]
    return query("app.bsky.notification.listNotifications", params, cursor=cursor)


def search(words: str, walk: Walk | None = None, limit: int = PAGE) -> Request:
    """A page of what a search finds."""
    params = [("q", words), ("sort", "latest"), ("limit", str(limit))]
    if walk is None:
        return query("app.bsky.feed.searchPosts", params)
    since, until = _written(walk.begins), _written(walk.until)
    return query("app.bsky.feed.searchPosts", params, since=since, until=until, cursor=walk.cursor)


def query(method: str, params: Sequence[tuple[str, str]] = (), **given: str | None) -> Request:
    """An XRPC query; parameters that are None are left out.

    One with a cursor is answered 400 where the cursor is not known; the walk then begins anew.
    """
    known = [(name, value) for name, value in given.items() if value is not None]
    accept = frozenset({400} if given.get("cursor") is not None else ())
    return Request("GET", f"{XRPC}/{method}", params=(*params, *known), accept=accept)


def _behind(cursor: str) -> str:
    """A cursor that is a time, a millisecond later; any other as it is."""
    try:
        moment = datetime.fromisoformat(cursor) + _MILLISECOND
    except (ValueError, OverflowError):
        return cursor
    return _written(moment) or cursor


def _earlier(walk: Walk) -> datetime | None:
    """The upper bound of a walk's next piece; None where it would not be an earlier one."""
    if walk.oldest is None:
        return None
    until = walk.oldest + _SECOND
    return until if walk.until is None or until < walk.until else None


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
