"""Drives a connector's flows against a service in memory, and breaks single answers on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from alignkit.connectors.base import Endpoint
from alignkit.errors import ServiceUnreachable
from alignkit.transport import Flow, Request, Response, run

T = TypeVar("T")
Send = Callable[[Request], Response]


def drive(endpoint: Endpoint, flow: Flow[T], send: Send) -> T:
    """Runs a flow to its end; waits take no time."""
    assert endpoint.account is not None
    return run(endpoint.account.attend(flow), send, sleep=lambda _seconds: None)


def too_many(_answer: Response) -> Response:
    return Response(429, {"retry-after": "1"}, b"slow down")


def failing(_answer: Response) -> Response:
    return Response(500, {"content-type": "text/html"}, b"<h1>Internal Server Error</h1>")


def unavailable(_answer: Response) -> Response:
    return Response(503, {"content-type": "text/html"}, b"<h1>Service Unavailable</h1>")


def broken_off(_answer: Response) -> Response:
    raise ServiceUnreachable("`service.example:443` broke off before its answer was whole; try again later")


def cut(answer: Response) -> Response:
    return Response(answer.status, answer.headers, answer.content[: len(answer.content) // 2])


def garbage(answer: Response) -> Response:
    return Response(answer.status, {"content-type": "text/html"}, b"<html>please log in</html>")


PASSING = (too_many, failing, unavailable, broken_off)
"""Faults that a second attempt overcomes."""

LASTING = (cut, garbage)
"""Faults that look like an answer and are none."""


def breaking(send: Send, at: int, fault: Callable[[Response], Response]) -> Send:
    """The same service, whose answer number `at` (from 0) is broken; the request was carried out all the same."""
    sent = 0

    def broken(request: Request) -> Response:
        nonlocal sent
        answer = send(request)
        sent += 1
        return fault(answer) if sent == at + 1 else answer

    return broken
