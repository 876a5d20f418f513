"""Sends requests over the network: the one file that knows httpx, and the one that opens connections.

httpx's transports are used without httpx's client, so that nothing follows a redirect, keeps a cookie, reads
proxies or passwords from the environment, or logs a URL. What is checked is what is dialled: a URL that our
parser and httpx's would read differently is refused.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import time
from collections.abc import Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from contextvars import ContextVar
from os import PathLike
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote, urlencode

import httpx

from alignkit.errors import ServiceUnreachable, SettingsError, UntrustedTarget
from alignkit.transport._inflate import ACCEPTED, Body
from alignkit.transport.message import Request, Response
from alignkit.transport.origin import Origin, place

_MEBIBYTE = 1 << 20
_LARGEST_BODY = 64 * _MEBIBYTE
_CONNECTIONS = 20

_is_sending: ContextVar[bool] = ContextVar("alignkit_is_sending", default=False)


class HttpClient:
    """Sends requests and waits for their answers; safe to share between threads. Use it with `with`.

    Args:
        timeout: seconds without a byte in either direction.
        deadline: seconds for one whole answer.
        largest_body: the most bytes of an answer, decompressed.
        ca_file: certificates to trust instead of the public ones, for a service with a certificate of its own.
            Verification cannot be switched off.
        user_agent: what we call ourselves.
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        deadline: float = 300.0,
        largest_body: int = _LARGEST_BODY,
        ca_file: str | PathLike[str] | None = None,
        user_agent: str = "alignkit",
    ) -> None:
        self._wire = _Wire(timeout, deadline, largest_body, user_agent)
        self._transport = httpx.HTTPTransport(
            verify=_trust(ca_file), trust_env=False, limits=httpx.Limits(max_connections=_CONNECTIONS)
        )

    def send(self, request: Request) -> Response:
        """Send one request to its absolute URL and read the answer to its end; redirects are answers.

        Raises:
            ServiceUnreachable: no connection, a timeout, or an answer cut short.
            ResponseInvalid: an answer too large or in an encoding we did not ask for.
            UntrustedTarget: the URL is not absolute or can be read in two ways.
            SettingsError: a header holds a character that cannot be sent.
        """
        exchange = _Exchange(self._wire, request)
        try:
            with _quietly(), closing(self._transport.handle_request(exchange.prepared)) as answer:
                exchange.begin(answer)
                for chunk in answer.iter_raw():
                    exchange.feed(chunk)
        except httpx.TransportError as error:
            exchange.break_off(error)
        return exchange.response()

    def close(self) -> None:
        """Closes every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncHttpClient:
    """As `HttpClient`, for one running event loop. Use it with `async with`."""

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        deadline: float = 300.0,
        largest_body: int = _LARGEST_BODY,
        ca_file: str | PathLike[str] | None = None,
        user_agent: str = "alignkit",
    ) -> None:
        self._wire = _Wire(timeout, deadline, largest_body, user_agent)
        self._transport = httpx.AsyncHTTPTransport(
            verify=_trust(ca_file), trust_env=False, limits=httpx.Limits(max_connections=_CONNECTIONS)
        )

    async def send(self, request: Request) -> Response:
        """As `HttpClient.send`."""
        exchange = _Exchange(self._wire, request)
        try:
            with _quietly():
                answer = await self._transport.handle_async_request(exchange.prepared)
                async with aclosing(answer):
                    exchange.begin(answer)
                    async for chunk in answer.aiter_raw():
                        exchange.feed(chunk)
        except httpx.TransportError as error:
            exchange.break_off(error)
        return exchange.response()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Wire:
    """What all exchanges of one client have in common."""

    def __init__(self, timeout: float, deadline: float, largest_body: int, user_agent: str) -> None:
        self.timeouts = httpx.Timeout(timeout).as_dict()
        self.timeout = timeout
        self.deadline = deadline
        self.largest_body = largest_body
        self.user_agent = user_agent


class _Exchange:
    """One request and its answer; all that the two clients share, which is all but the waiting."""

    def __init__(self, wire: _Wire, request: Request) -> None:
        self._wire = wire
        self._origin, url = _dialled(request)
        content, content_type = _content(request)
        self.prepared = httpx.Request(
            request.method,
            url,
            headers=_headers(request, wire.user_agent, content_type),
            content=content,
            extensions={"timeout": wire.timeouts},
        )
        self._ends = time.monotonic() + wire.deadline
        self._body = Body("", wire.largest_body)
        self._failure = ""
        self._status = 0
        self._answered: dict[str, str] = {}

    def begin(self, answer: httpx.Response) -> None:
        self._status = answer.status_code
        self._answered = {name.lower(): value for name, value in answer.headers.items()}
        self._body = Body(self._answered.get("content-encoding", ""), self._wire.largest_body)

    def feed(self, chunk: bytes) -> None:
        if time.monotonic() > self._ends:
            raise ServiceUnreachable(
                f"`{self._origin.address}` needed more than {self._wire.deadline:.0f} s for one answer; try again later"
            )
        self._body.feed(chunk)

    def break_off(self, error: httpx.TransportError) -> None:
        self._failure = _reason(error, self._wire.timeout)

    def response(self) -> Response:
        # Raised here, with httpx's error out of sight: it carries the request, headers included.
        if self._failure:
            raise ServiceUnreachable(f"`{self._origin.address}` {self._failure}")
        return Response(self._status, self._answered, self._body.whole())


def _dialled(request: Request) -> tuple[Origin, httpx.URL]:
    """Where a request goes, if httpx reads its URL exactly as we do."""
    separator = "&" if "?" in request.url else "?"
    query = f"{separator}{urlencode(request.params, quote_via=quote)}" if request.params else ""
    try:
        ours = place(f"{request.url}{query}")
        theirs = httpx.URL(ours.url)
        if _origin(theirs) == ours.origin and not theirs.userinfo:
            return ours.origin, theirs
    except (ValueError, httpx.InvalidURL):
        pass
    raise UntrustedTarget("a URL can be read in two ways or is not absolute; nothing was sent")


def _origin(url: httpx.URL) -> Origin:
    return Origin(url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))


def _content(request: Request) -> tuple[bytes | None, str | None]:
    """The bytes of a request's body and their type."""
    if request.form is not None:
        return urlencode(request.form).encode(), "application/x-www-form-urlencoded"
    if request.json is not None:
        text = json.dumps(request.json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode(), "application/json"
    return request.content, None


def _headers(request: Request, user_agent: str, content_type: str | None) -> dict[str, str]:
    headers = {"user-agent": user_agent, "accept": "application/json", "connection": "keep-alive"}
    if content_type is not None:
        headers["content-type"] = content_type
    headers.update({name.lower(): value for name, value in request.headers.items()})
    headers["accept-encoding"] = ACCEPTED
    for name, value in headers.items():
        if not value.isprintable() or not value.isascii():
            raise SettingsError(
                f"the header `{name}` holds a line break or a character outside ASCII; check the settings it is made of"
            )
    return headers


def _trust(ca_file: str | PathLike[str] | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError:
        pass
    raise SettingsError("`ca_file` cannot be read as certificates in PEM form")


def _reason(error: httpx.TransportError, timeout: float) -> str:
    """What happened, from the errors' types alone: their texts may quote what was sent or received."""
    if isinstance(error, httpx.TimeoutException):
        return f"did not answer within {timeout:.0f} s; check that it is up, or try again later"
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate we do not trust ({cause.verify_message}); see `ca_file`"
        if isinstance(cause, ssl.SSLError):
            return "does not speak TLS as we do; check the scheme and port of `base_url`"
        if isinstance(cause, socket.gaierror):
            return "is not a host we can find; check `base_url` and the network"
        if isinstance(cause, ConnectionRefusedError):
            return "refused the connection; check `base_url` and that the service is up"
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached; check `base_url` and the network"
    return "broke off before its answer was whole; try again later"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        # A host with several addresses fails with one error for each.
        several = cast("ExceptionGroup[Exception]", seen) if isinstance(seen, ExceptionGroup) else None
        seen = several.exceptions[0] if several else seen.__cause__ or seen.__context__


@contextmanager
def _quietly() -> Generator[None]:
    token = _is_sending.set(True)
    try:
        yield
    finally:
        _is_sending.reset(token)


class _Quiet(logging.Filter):
    """Drops what httpcore notes about our own exchanges; an application's own use of it stays as it was."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the base class's signature
        return not _is_sending.get()


# Its notes hold response headers, where links and cookies are. A filter works only on the very logger that
# a note was made with, and changes neither level nor handlers.
for _name in ("connection", "http11", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_Quiet())
