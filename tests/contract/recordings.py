"""Reads exchanges that others recorded from real services, whatever they wrote them down in, and replays them."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import yaml

from alignkit.connectors.base import Checkpoint, Fetched, Page, Run, Source
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, JsonValue, Request, Response, run

from .loose import is_mapping, listed, mapping
from .place import CONTRACT, needed

T = TypeVar("T")

SNAPSHOT = re.compile(r"^exports\[`(.*?)`\] = `\n(.*?)\n`;", re.MULTILINE | re.DOTALL)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NANGO = frozenset({"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})
"""Headers that the recorder's own proxy put in."""


@dataclass(frozen=True)
class Recording:
    """One exchange with a real service.

    Attributes:
        origin: the file, below the service's folder.
        path: with a leading slash, without the query.
        body: what was sent.
        response: what came back, decompressed.
    """

    service: str
    origin: str
    method: str
    path: str
    params: Sequence[tuple[str, str]]
    body: JsonValue
    response: Response

    def rows(self, *keys: str) -> list[JsonValue]:
        """The records in the answer, under these keys; an object there is one record, and nothing is none."""
        found = self.response.json()
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, list) else [] if found is None else [found]

    def answering(self, body: JsonValue) -> Response:
        """The same answer with another body, such as the envelope that a stream expects around these records."""
        return replace(self.response, content=json.dumps(body).encode())


def recordings(service: str, path: str, *, method: str = "GET", status: int | None = None) -> list[Recording]:
    """Exchanges with one service whose whole path fits a regular expression; successful ones, unless told otherwise.

    Skips the test where the recordings are absent.
    """
    return [
        one
        for one in every(service)
        if one.method == method
        and re.fullmatch(path, one.path)
        and (200 <= one.response.status < 300 if status is None else one.response.status == status)
    ]


@cache
def every(service: str) -> Sequence[Recording]:
    """Every exchange that was recorded with one service, in the order of files."""
    folder = needed(CONTRACT) / "recorded" / service
    if not folder.is_dir():
        return ()
    files = (file for file in sorted(folder.rglob("*")) if file.suffix in (".json", ".yaml", ".yml"))
    return tuple(chain.from_iterable(_read(service, file, folder) for file in files))


def objects(service: str, name: str) -> list[JsonValue]:
    """Single objects that were written down without their exchange, by the file's name."""
    folder = needed(CONTRACT) / "recorded" / service
    return [json.loads(file.read_bytes()) for file in sorted(folder.rglob(f"{name}.json"))]


def snapshots(service: str) -> Mapping[str, JsonValue]:
    """What a service's own tests keep as its answers (`.snap`), by the test's name; ids are masked in them."""
    found: dict[str, JsonValue] = {}
    for file in sorted((needed(CONTRACT) / "recorded" / service).rglob("*.snap")):
        for name, text in re.findall(
            r"^exports\[`(.*?)`\] = `\n(.*?)\n`;", file.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            try:
                found[name] = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
            except ValueError:
                continue
    return found


# --- replaying ----------------------------------------------------------------------------------------------------


def _empty(_wanted: Request) -> Response:
    return Response(200, {"content-type": "application/json"}, b"{}")


def page(
    source: Source,
    stream: str,
    response: Response,
    *,
    checkpoint: Checkpoint | None = None,
    path: str = ".*",
    others: Callable[[Request], Response] = _empty,
) -> Page:
    """What a connector makes of one recorded answer, given as a page of a stream.

    Args:
        path: a regular expression for the paths that get this answer; `others` answers the rest.
    """
    return _driven(source, source.read(stream, checkpoint, Run(NOW)), response, path, others)


def fetched(
    source: Source,
    ref: Ref | Sequence[Ref],
    response: Response,
    *,
    path: str = ".*",
    others: Callable[[Request], Response] = _empty,
) -> Fetched:
    """What a connector makes of one recorded answer, given when it reads things by id."""
    refs = [ref] if isinstance(ref, Ref) else ref
    return _driven(source, source.fetch(refs, Run(NOW)), response, path, others)


def _driven(source: Source, flow: Flow[T], response: Response, path: str, others: Callable[[Request], Response]) -> T:
    def send(wanted: Request) -> Response:
        return response if re.fullmatch(path, urlsplit(wanted.url).path) else others(wanted)

    return run(source.attend(flow), send)


# --- the forms in which exchanges were written down -----------------------------------------------------------------


def _read(service: str, file: Path, folder: Path) -> Iterator[Recording]:
    origin = file.relative_to(folder).as_posix()
    loaded = _loaded(file)
    found = mapping(loaded)
    cassette = listed(found.get("http_interactions")) or listed(found.get("interactions"))
    if cassette:
        yield from (_cassette(service, origin, mapping(one)) for one in cassette)
    elif mapping(found.get("api")):
        yield from _nango(service, origin, mapping(found["api"]))
    elif "requestIdentity" in found:
        yield _mock(service, origin, found)
    elif "/proxy/" in origin:
        yield _bare(service, origin, loaded)


def _loaded(file: Path) -> object:
    if file.suffix == ".json":
        return json.loads(file.read_bytes())
    return yaml.load(file.read_bytes(), yaml.CSafeLoader)


def _nango(service: str, origin: str, api: Mapping[str, Any]) -> Iterator[Recording]:
    for method, paths in api.items():
        for path, found in mapping(paths).items():
            for one in map(mapping, listed(found) or [found]):
                request = mapping(one.get("request"))
                answer = _response(one.get("status"), mapping(one.get("headers")), one.get("response"))
                params = _pairs(request.get("params"))
                yield Recording(service, origin, method.upper(), _path(path), params, request.get("data"), answer)


def _mock(service: str, origin: str, one: Mapping[str, Any]) -> Recording:
    identity = mapping(one["requestIdentity"])
    answer = _response(one.get("statusCode") or one.get("status"), mapping(one.get("headers")), one["response"])
    method, path = str(one["method"]).upper(), _path(str(one["endpoint"]))
    return Recording(service, origin, method, path, _pairs(identity.get("params")), identity.get("data"), answer)


def _bare(service: str, origin: str, body: object) -> Recording:
    """A file that is the answer itself; its folders name the request, and its file the script that made it."""
    before, _, path = origin.partition("/proxy/")
    method = before.rpartition("/")[2].upper()
    return Recording(service, origin, method, _path(path.rpartition("/")[0]), (), None, _response(200, {}, body))


def _cassette(service: str, origin: str, one: Mapping[str, Any]) -> Recording:
    request, response = mapping(one["request"]), mapping(one["response"])
    parts = urlsplit(str(request["uri"]))
    status = mapping(response["status"]).get("code", response["status"])
    packed = ("content-encoding", "transfer-encoding")
    headers = {
        name.lower(): ", ".join(map(str, listed(value) or [value]))
        for name, value in mapping(response.get("headers")).items()
        if name.lower() not in packed
    }
    answer = Response(int(status), headers, _content(response.get("body")))
    params = parse_qsl(parts.query, keep_blank_values=True)
    return Recording(service, origin, str(request["method"]), parts.path, params, _sent(request.get("body")), answer)


def _content(body: object) -> bytes:
    """The bytes of a recorded body, unpacked."""
    kept = mapping(body)
    found: object = body
    if "base64_string" in kept:
        found = b64decode(kept["base64_string"])
    elif is_mapping(body):
        found = kept.get("string")
    content = found if isinstance(found, bytes) else str(found or "").encode()
    return zlib.decompress(content, zlib.MAX_WBITS | 32) if content[:2] == b"\x1f\x8b" else content


def _sent(body: object) -> JsonValue:
    kept = mapping(body)
    if kept and "string" not in kept:
        return kept
    text = _content(body).decode(errors="replace")
    try:
        sent: JsonValue = json.loads(text) if text else None
    except ValueError:
        return text
    return sent


def _response(status: object, headers: Mapping[str, Any], body: object) -> Response:
    kept = {name.lower(): str(value) for name, value in headers.items() if name.lower() not in NANGO}
    kept |= {"content-type": "application/json"}
    return Response(int(str(status or 200)), kept, json.dumps(body).encode())


def _path(path: str) -> str:
    return "/" + path.partition("?")[0].lstrip("/")


def _pairs(params: object) -> Sequence[tuple[str, str]]:
    if is_mapping(params):
        return [(name, str(value)) for name, value in params.items()]
    return [(str(one[0]), str(one[1])) for one in map(listed, listed(params)) if len(one) == 2]
