"""Requests and answers, in words that are the same for the sheets of all services."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from re import Match
from typing import Protocol, TypeAlias
from urllib.parse import urlencode, urlsplit

from alignkit.testing.world import Kind, Row, World
from alignkit.transport import JsonValue, Request, Response


class Refused(Exception):
    """The service refuses a request; raised by whatever reads one."""

    def __init__(self, status: int, words: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _any_row(_row: Row) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request for a list wants, in neutral words.

    Attributes:
        since: the lower bound, read by the list's `Bound`.
        until: the upper bound.
        where: any further condition.
        token: what the page before gave.
        page: the number of the page, from 1.
        size: how many rows are wanted; None for the service's default.
        above: only rows with greater ids.
        below: only rows with smaller ids.
        is_from_oldest: whether the page is taken from the far end of a list that shows the newest first (`min_id`).
        sort: the order, where the request names one, most significant first; a minus sign turns one around.
    """

    since: datetime | None = None
    until: datetime | None = None
    where: Callable[[Row], bool] = _any_row
    token: str | None = None
    page: int | None = None
    size: int | None = None
    above: str | None = None
    below: str | None = None
    is_from_oldest: bool = False
    sort: Sequence[str] = ()


class Served(Protocol):
    """What whatever answers a request may ask of the service."""

    spent: float

    @property
    def world(self) -> World:
        """The service's truth."""
        ...

    @property
    def base_url(self) -> str:
        """The service's root."""
        ...

    @property
    def is_blind(self) -> bool:
        """Whether a right was taken away from whoever reads."""
        ...

    def render(self, row: Row) -> JsonValue:
        """A row as the service shows it."""
        ...

    def seen(self, kind: Kind, id: str) -> Row | None:
        """A thing as it can be read by id, unless it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at the service, for whatever answers it."""

    request: Request
    params: Mapping[str, str]
    match: Match[str]
    service: Served

    @property
    def world(self) -> World:
        """The service's truth."""
        return self.service.world

    @property
    def json(self) -> dict[str, JsonValue]:
        """The body of the request, an object."""
        return self.request.json if isinstance(self.request.json, dict) else {}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, for the envelope.

    Attributes:
        records: the rows as the service renders them.
        token: for the next page; None on the last one, unless the walk goes on for ever.
        has_more: whether rows follow.
        total: how many rows the question found in all.
        offset: how many of them came before this page.
    """

    visit: Visit
    ask: Ask
    rows: Sequence[Row]
    records: list[JsonValue]
    token: str | None
    has_more: bool
    total: int
    offset: int


Render: TypeAlias = Callable[[Row, World], JsonValue]
Answer: TypeAlias = JsonValue | Response


def answered(status: int, body: JsonValue, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body."""
    return Response(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())


def response_of(answer: Answer) -> Response:
    """The answer as a response; a bare body is a 200."""
    return answer if isinstance(answer, Response) else answered(200, answer)


def link_to(found: Found, **params: str) -> str:
    """This request's address with other parameters, as a service gives it in a link."""
    parts = urlsplit(found.visit.request.url)
    place = urlsplit(found.visit.service.base_url)
    query = urlencode({**found.visit.params, **params})
    return f"{place.scheme}://{place.netloc}{parts.path}?{query}"


def carries(request: Request, secret: str) -> bool:
    """Whether a request has the secret in a header or in its query, as it is or in Base64."""
    values = [*request.headers.values(), *(value for _, value in request.params)]
    return any(secret in word or secret in _decoded(word) for value in values for word in value.split())


def _decoded(word: str) -> str:
    try:
        return b64decode(word, validate=True).decode()
    except ValueError:
        return ""


def plain_error(status: int, words: str) -> JsonValue:
    """An error's body where a sheet says nothing of it."""
    return {"error": words or str(status)}
