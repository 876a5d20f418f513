"""What can go wrong with one request, and the error that has to follow when it does not pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    ResponseInvalid,
    ServiceMisbehaved,
    ServiceUnreachable,
    UntrustedTarget,
)
from alignkit.transport import JsonValue, Limits, Response

ASKED = 7
"""Seconds that a limit asks us to wait."""

STRANGER = "https://stranger.example"
"""A host that must not hear from us."""

_SERVICE_TIME = datetime(2026, 3, 2, 12, tzinfo=UTC)
_END = _SERVICE_TIME + timedelta(seconds=ASKED)
_HTML = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"

Serve = Callable[[], Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        happen: gives the answer that comes instead of the true one, or raises; it may ask for the true one first,
            which is when the service has done its work.
        raises: the error that a run ends with when the fault lasts.
        status: the status that the connector sees, where there is one.
    """

    name: str
    happen: Callable[[Serve], Response]
    raises: type[AlignkitError]
    status: int | None = None


def _told(status: int, body: bytes = b'{"error": "no"}', **headers: str) -> Callable[[Serve], Response]:
    told = {"content-type": "text/html" if body.startswith(b"<") else "application/json"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _serve: Response(status, told, body)


def _no_route(body: bytes) -> Callable[[Serve], Response]:
    """A gateway that knows no way to the service: a 404 that says nothing of what the service has."""
    told = {"content-type": "text/html" if body.startswith(b"<") else "application/json"} if body else {}
    headers = {"date": format_datetime(_SERVICE_TIME, usegmt=True), **told}
    return lambda _serve: Response(404, headers, body)


def _unreachable(_serve: Serve) -> Response:
    raise ServiceUnreachable("`service.example` refused the connection")


def _answer_lost(serve: Serve) -> Response:
    serve()
    raise ServiceUnreachable("`service.example` broke off before its answer was whole")


def _cut(serve: Serve) -> Response:
    response = serve()
    return Response(response.status, response.headers, response.content[: len(response.content) // 2])


def _replaced(body: bytes, content_type: str) -> Callable[[Serve], Response]:
    def happen(serve: Serve) -> Response:
        response = serve()
        if not response.content:
            return response
        return Response(200, {**response.headers, "content-type": content_type}, body)

    return happen


_OF_A_GATEWAY = {
    "404 of a gateway, in JSON": b'{"message": "no Route matched with those values"}',
    "404 of a gateway, as a page": b"<html><head><title>404 Not Found</title></head><body>nginx</body></html>",
    "404 of a gateway, empty": b"",
}

LASTING: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("too many requests", _told(429, retry_after="7"), RateLimited, 429),
        Fault("internal error", _told(500), ServiceUnreachable, 500),
        Fault("maintenance page", _told(503, _HTML), ServiceUnreachable, 503),
        Fault("no connection", _unreachable, ServiceUnreachable),
        Fault("answer lost", _answer_lost, ServiceUnreachable),
        Fault("body cut half-way", _cut, ResponseInvalid),
        Fault("garbage", _replaced(b"\x00\xfe{]", "application/json"), ResponseInvalid),
        Fault("sign-in page", _replaced(_HTML, "text/html"), ResponseInvalid),
        Fault("credential refused", _told(401), CredentialsRejected, 401),
        Fault("permission missing", _told(403), PermissionMissing, 403),
        *(Fault(name, _no_route(body), ServiceMisbehaved, 404) for name, body in _OF_A_GATEWAY.items()),
        Fault("redirect to a stranger", _told(302, location=f"{STRANGER}/all"), UntrustedTarget, 302),
    )
}
"""Faults by name, each as it happens to every request from one on."""

NO_WORD: Sequence[str] = (
    "credential refused",
    "permission missing",
    "internal error",
    "maintenance page",
    "sign-in page",
    *_OF_A_GATEWAY,
)
"""Answers that say nothing of what was asked for, and so remove nothing."""

TOLD_AS_SUCCESS = Fault(
    "error told as a success",
    _replaced(b'{"ok": false, "error": "no", "errors": [{"message": "no"}]}', "application/json"),
    ResponseInvalid,
)
"""An error in the body of a 200, as some services have it."""

LIMIT_FORMS = ("seconds", "fraction", "date", "end in seconds", "end in milliseconds", "end as ISO", "seconds left")
"""The forms in which services say how long to wait."""


def limit(form: str, limits: Limits) -> Fault | None:
    """One 429 that names its wait in this form, in a header that is read; None where no header of this kind is."""
    if not limits.retry_after and not limits.reset:
        pytest.fail("the account reads no header that names a wait; name those of the service in its `Limits`")
    names, value = _limit_header(form, limits)
    if not names:
        return None
    date = format_datetime(_SERVICE_TIME, usegmt=True)
    response = Response(429, {"content-type": "application/json", "date": date, names[0].lower(): value}, b"{}")
    return Fault(f"limit in {form}", lambda _serve: response, RateLimited, 429)


def _limit_header(form: str, limits: Limits) -> tuple[Sequence[str], str]:
    waits = {"seconds": str(ASKED), "fraction": f"{ASKED}.0", "date": format_datetime(_END, usegmt=True)}
    if form in waits:
        return limits.retry_after, waits[form]
    ends = {
        "end in seconds": str(int(_END.timestamp())),
        "end in milliseconds": str(int(_END.timestamp() * 1000)),
        "end as ISO": _END.isoformat(),
        "seconds left": str(ASKED),
    }
    return limits.reset, ends[form]


def elsewhere(response: Response) -> Response:
    """The same answer, every link in it leading to a stranger."""
    return _relinked(response, _led_away)


def led_to(there: str, here: str, response: Response) -> Response:
    """The same answer, every link to one root leading to another."""
    return _relinked(response, lambda text: text.replace(here, there))


def _relinked(response: Response, change: Callable[[str], str]) -> Response:
    headers = {name: change(value) for name, value in response.headers.items()}
    try:
        body = response.json()
    except ResponseInvalid:
        return Response(response.status, headers, response.content)
    return Response(response.status, headers, json.dumps(_redirected(body, change)).encode())


def _redirected(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, dict):
        return {name: _redirected(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_redirected(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _led_away(text: str) -> str:
    before, mark, rest = text.partition("://")
    if not mark or not before.endswith(("http", "https")):
        return text
    _host, slash, path = rest.partition("/")
    start = before.removesuffix("https").removesuffix("http")
    return f"{start}{STRANGER}{slash}{path}"
