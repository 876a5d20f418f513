"""A service that gives prepared answers by path, for what is particular to one connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

from alignkit.transport import JsonValue, Request, Response

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)

Prepared = JsonValue | Response | tuple[Response, ...]


@dataclass
class Answers:
    """Answers each path as prepared; of several answers to one path, each is given once and the last one stays.

    Attributes:
        asked: every request, in order.
    """

    prepared: Mapping[str, Prepared]
    now: datetime = NOW
    asked: list[Request] = field(default_factory=list[Request])

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        path = urlsplit(request.url).path
        prepared = self.prepared.get(path)
        if isinstance(prepared, tuple):
            turn = sum(urlsplit(one.url).path == path for one in self.asked)
            prepared = prepared[min(turn, len(prepared)) - 1]
        if prepared is None:
            raise AssertionError(f"nothing is prepared for {request.method} {path}")
        found = prepared if isinstance(prepared, Response) else answer(prepared)
        return Response(found.status, {"date": format_datetime(self.now, usegmt=True), **found.headers}, found.content)

    def queries(self, path: str) -> list[dict[str, str]]:
        """The query of each request for a path."""
        return [query(one) for one in self.asked if urlsplit(one.url).path == path]


def query(request: Request) -> dict[str, str]:
    """The query of a request, as names and values."""
    return dict([*parse_qsl(urlsplit(request.url).query, keep_blank_values=True), *request.params])


def answer(body: JsonValue, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body."""
    return Response(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())
