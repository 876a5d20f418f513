"""Serves a service in memory on a loopback port, for what only real connections can show."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from alignkit.transport import Request, Response

Handle = Callable[[Request], Response]


@dataclass(slots=True)
class Served:
    """A service that listens while the context lasts.

    Attributes:
        answer: gives the answer to each request.
        heard: how many requests came.
    """

    answer: Handle
    heard: int = 0
    _server: ThreadingHTTPServer = field(init=False)
    _thread: threading.Thread = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                served.reply(self, content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that the server calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's own name
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """Answers one request."""
        with self._lock:
            self.heard += 1
            response = self.answer(_request(self.url, handler, content))
        handler.send_response(response.status)
        for name, value in response.headers.items():
            if name not in ("content-length", "date", "connection"):
                handler.send_header(name, value)
        handler.send_header("content-length", str(len(response.content)))
        handler.send_header("connection", "close")
        handler.close_connection = True
        handler.end_headers()
        handler.wfile.write(response.content)


def _request(root: str, handler: BaseHTTPRequestHandler, content: bytes) -> Request:
    headers = {name.title(): value for name, value in handler.headers.items()}
    kind = headers.get("Content-Type", "")
    url = f"{root}{handler.path}"
    if kind.startswith("application/json"):
        return Request(handler.command, url, headers=headers, json=json.loads(content))
    if kind.startswith("application/x-www-form-urlencoded"):
        return Request(handler.command, url, headers=headers, form=parse_qsl(content.decode()))
    return Request(handler.command, url, headers=headers, content=content or None)
