"""Walks pages by link, cursor or number, and stops a service that would have us walk in circles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

from alignkit.errors import PagingStuck
from alignkit.transport.message import JsonValue, Request, Response
from alignkit.transport.steps import Flow, request

T = TypeVar("T")

NextPage: TypeAlias = Callable[[Request, Response], Request | None]
"""The request for the page after an answer, or None after the last."""


class PageGuard:
    """Sees to it that a walk ends: no position comes twice, and there are at most `most` pages."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._seen: set[bytes] = set()

    def admit(self, position: JsonValue) -> None:
        """Note the position (cursor, link, number) of a page before it is read.

        Raises:
            PagingStuck: the position came before, or there were too many. The text does not show the
                position, which may hold a key.
        """
        mark = hashlib.sha256(json.dumps(position, sort_keys=True).encode()).digest()
        if mark in self._seen:
            raise PagingStuck(
                f"the service offered the same page again after {len(self._seen)} pages; the walk was stopped "
                "where it was; report this to the service"
            )
        if len(self._seen) >= self._most:
            raise PagingStuck(f"the walk has more than {self._most} pages; narrow what is read")
        self._seen.add(mark)


def read_pages(
    first: Request, read: Callable[[Response], Iterable[T]], following: NextPage, *, most: int = 1_000
) -> Flow[list[T]]:
    """Everything on all pages of a short list, such as the fields or the members of one thing.

    A stream does not use this: it returns one page for one checkpoint.

    Raises:
        PagingStuck: the same page came twice, or there were more than `most`.
    """
    guard = PageGuard(most)
    found: list[T] = []
    wanted: Request | None = first
    while wanted is not None:
        guard.admit([wanted.url, [f"{name}={value}" for name, value in wanted.params], wanted.json])
        response = yield from request(wanted)
        found.extend(read(response))
        wanted = following(wanted, response)
    return found


def by_link(relation: str = "next") -> NextPage:
    """Follow the `Link` header (RFC 8288)."""

    def following(wanted: Request, response: Response) -> Request | None:
        target = next_link(response, relation)
        return None if target is None else replace(wanted, url=target, params=())

    return following


def by_cursor(param: str, cursor: Callable[[JsonValue], str | None]) -> NextPage:
    """Send the cursor that the answer's JSON holds as a query parameter."""

    def following(wanted: Request, response: Response) -> Request | None:
        position = cursor(response.json())
        return None if not position else with_param(wanted, param, position)

    return following


def by_number(param: str, is_last: Callable[[Response], bool], *, first: int = 1) -> NextPage:
    """Count pages in a query parameter until an answer is the last."""

    def following(wanted: Request, response: Response) -> Request | None:
        if is_last(response):
            return None
        number = next((int(value) for name, value in wanted.params if name == param), first)
        return with_param(wanted, param, str(number + 1))

    return following


def with_param(wanted: Request, param: str, value: str) -> Request:
    """The same request with one query parameter set."""
    others = (pair for pair in wanted.params if pair[0] != param)
    return replace(wanted, params=(*others, (param, value)))


def link_params(url: str) -> Sequence[tuple[str, str]]:
    """The query of a link: all that is needed of it where host and path are known anyway."""
    try:
        return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except ValueError:
        return ()


def next_link(response: Response, relation: str = "next") -> str | None:
    """The target of a `Link` header with that relation (RFC 8288), as the service wrote it."""
    rest = response.headers.get("link", "")
    while (start := rest.find("<")) >= 0 and (end := rest.find(">", start)) >= 0:
        target, rest = rest[start + 1 : end], rest[end + 1 :]
        if relation in _relations(rest):
            return target.strip()
    return None


def _relations(rest: str) -> Sequence[str]:
    """The relations among the parameters that stand between one link and the next."""
    params = rest[:following] if (following := rest.find("<")) >= 0 else rest
    for param in params.split(";"):
        name, _, value = param.partition("=")
        if name.strip().lower() == "rel":
            return value.strip(' \t,"').lower().split()
    return ()
