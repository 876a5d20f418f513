"""A small HTTP server on loopback that answers as told, misbehaves as told, and keeps what it was sent."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        """Everything that was received, for searching."""
        return f"{self.method} {self.target} {dict(self.headers)} {self.body!r}"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    announced: int | None = None
    """The length that is announced; None is the true one."""
    is_reset: bool = False
    """Whether the connection is reset instead of answered."""


class Server:
    """Listens on a port of its own."""

    def __init__(self) -> None:
        self.answer: Callable[[Received], Answer] = lambda _received: Answer()
        self.seen: list[Received] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.command, self.path, headers, self.rfile.read(length))
                server.seen.append(received)
                self.give(server.answer(received))

            def give(self, answer: Answer) -> None:
                if answer.is_reset:
                    reset_on_close(self.connection)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                headers = {"content-type": "application/json", **answer.headers}
                if answer.announced is not None:
                    headers["connection"] = "close"
                    self.close_connection = True
                length = len(answer.body) if answer.announced is None else answer.announced
                for name, value in {**headers, "content-length": str(length)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
                """Nothing: tests look at what was received instead."""

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.handle_any)
        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self._listener.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._listener.socket = context.wrap_socket(self._listener.socket, server_side=True)

    def received(self) -> str:
        return "\n".join(map(str, self.seen))


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is part of the tests."""


def reset_on_close(connection: socket.socket) -> None:
    """Have the connection end with a reset (RST) instead of a farewell (FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def serving() -> Generator[Server]:
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
