"""What stands in for a service: a protocol for one kept in memory, and one that replays recorded exchanges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from alignkit.transport import JsonValue, Request, Response

Record = dict[str, JsonValue]
Edit = Callable[["Records", Record], JsonValue]
"""Gives what takes a record's place: the record as it was, a changed copy, or something else altogether."""


class FakeService(Protocol):
    """A service in memory. Its data may be changed between two requests, by whatever methods it has besides."""

    def handle(self, request: Request) -> Response:
        """Answers a request as the service would; its URL is absolute and its credentials are attached."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """Where the answers of a service hold records of one kind.

    Attributes:
        kind: `issue`, `contact` or any other word.
        path: a regular expression for the whole path of the URL, without the query.
        at: the keys that lead to a list of records or to a single one; none where the body itself is it.
        key: the field with the record's id.
        required: fields without which the record cannot be used, nested ones as `outer.inner`.
        status: where an issue's status stands, `outer.inner` where it is nested; wherever issues are, it must be named.
    """

    kind: str
    path: str
    at: tuple[str, ...] = ()
    key: str = "id"
    required: frozenset[str] = frozenset({"id"})
    status: str | None = None

    def id_of(self, record: Record) -> str:
        """The id that names this record, as text."""
        return str(record.get(self.key))

    def restated(self, record: Record, status: JsonValue) -> Record | None:
        """The record with another status; None where it has none in the place that is named."""
        return _put(record, (self.status or "").split("."), status)


def _put(record: Record, at: Sequence[str], value: JsonValue) -> Record | None:
    inner = record.get(at[0])
    if len(at) == 1:
        return {**record, at[0]: value} if at[0] in record else None
    if not isinstance(inner, dict):
        return None
    changed = _put(inner, at[1:], value)
    return None if changed is None else {**record, at[0]: changed}


@dataclass(slots=True)
class Edited:
    """A service whose records are changed on the way to the connector."""

    service: FakeService
    records: Sequence[Records]
    edit: Edit

    def handle(self, request: Request) -> Response:
        response = self.service.handle(request)
        path = urlsplit(request.url).path
        for kind in self.records:
            if re.fullmatch(kind.path, path) and 200 <= response.status < 300 and response.content:
                body = _changed(response.json(), kind, kind.at, self.edit)
                response = replace(response, content=json.dumps(body).encode())
        return response


def _changed(body: JsonValue, kind: Records, at: Sequence[str], edit: Edit) -> JsonValue:
    if at:
        if not isinstance(body, dict) or at[0] not in body:
            return body
        return {**body, at[0]: _changed(body[at[0]], kind, at[1:], edit)}
    if isinstance(body, list):
        return [_edited(item, kind, edit) for item in body]
    return _edited(body, kind, edit)


def _edited(item: JsonValue, kind: Records, edit: Edit) -> JsonValue:
    return edit(kind, item) if isinstance(item, dict) else item


@dataclass(slots=True)
class Doubled:
    """A service whose lists have every record twice on a page."""

    service: FakeService
    records: Sequence[Records]

    def handle(self, request: Request) -> Response:
        response = self.service.handle(request)
        path = urlsplit(request.url).path
        for kind in self.records:
            if re.fullmatch(kind.path, path) and 200 <= response.status < 300 and response.content:
                response = replace(response, content=json.dumps(_doubled(response.json(), kind.at)).encode())
        return response


def _doubled(body: JsonValue, at: Sequence[str]) -> JsonValue:
    if at and isinstance(body, dict) and at[0] in body:
        return {**body, at[0]: _doubled(body[at[0]], at[1:])}
    return [one for record in body for one in (record, record)] if not at and isinstance(body, list) else body


@dataclass(slots=True)
class Omitting:
    """A service that leaves one thing out of every list, whoever asks for it.

    Attributes:
        id: the thing's.
        keys: the fields that a record may have its id in.
    """

    service: FakeService
    id: str
    keys: frozenset[str]

    def handle(self, request: Request) -> Response:
        response = self.service.handle(request)
        if not 200 <= response.status < 300 or not response.content:
            return response
        return replace(response, content=json.dumps(self._without(response.json())).encode())

    def _without(self, body: JsonValue) -> JsonValue:
        if isinstance(body, dict):
            return {name: self._without(inner) for name, inner in body.items()}
        return [self._without(one) for one in body if not self._is_it(one)] if isinstance(body, list) else body

    def _is_it(self, record: JsonValue) -> bool:
        return isinstance(record, dict) and any(str(record.get(key)) == self.id for key in self.keys)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and the answer to it."""

    method: str
    path: str
    query: frozenset[tuple[str, str]]
    response: Response


@dataclass(slots=True)
class Recorded:
    """Replays exchanges that were recorded from a real service.

    A request gets the answer recorded for its method, path and query. Where several were recorded for one request,
    they come in turn and the last one stays.

    Attributes:
        unknown: what a request is answered for which nothing was recorded.
    """

    exchanges: Sequence[Exchange]
    unknown: Response = field(default_factory=lambda: Response(404, {"content-type": "application/json"}, b"{}"))
    _turns: dict[tuple[str, str, frozenset[tuple[str, str]]], int] = field(
        default_factory=dict[tuple[str, str, frozenset[tuple[str, str]]], int]
    )

    @classmethod
    def of_folder(cls, folder: Path) -> Recorded:
        """The exchanges of a folder's JSON files, by name.

        A file is an object with `request` (`method`, `path`, `query` as a list of pairs), `status`, `headers` and
        `body`, which is JSON or text.
        """
        return cls([_exchange(json.loads(file.read_bytes())) for file in sorted(folder.glob("*.json"))])

    def handle(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        query = frozenset([*parse_qsl(parts.query, keep_blank_values=True), *request.params])
        wanted = (request.method, parts.path, query)
        found = [one.response for one in self.exchanges if (one.method, one.path, one.query) == wanted]
        if not found:
            return self.unknown
        turn = self._turns.get(wanted, 0)
        self._turns[wanted] = turn + 1
        return found[min(turn, len(found) - 1)]


def _exchange(kept: Mapping[str, JsonValue]) -> Exchange:
    request = cast("Record", kept["request"])
    pairs = cast("list[list[str]]", request.get("query") or [])
    body = kept.get("body")
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {name.lower(): str(value) for name, value in cast("Record", kept.get("headers") or {}).items()}
    return Exchange(
        method=str(request["method"]),
        path=str(request["path"]),
        query=frozenset((name, value) for name, value in pairs),
        response=Response(int(str(kept["status"])), headers, content),
    )
