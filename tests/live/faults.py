"""Stands between a client and a real server and spoils answers as planned: on the wire, not in the library."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .servers import LoopbackServer, NotInstalled, OwnProcess

UPSTREAM_SECONDS = 30.0
STALL_SECONDS = 20.0
OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


class Fault(Enum):
    """How one answer is spoilt."""

    TOO_MANY = auto()
    """429, and a second to wait; the server is not asked."""
    DOWN = auto()
    """503 with a web page and no wait; the server is not asked."""
    REFUSED = auto()
    """The connection is reset before the server is asked."""
    LOST = auto()
    """The server does its work, and the connection is reset instead of answered."""
    CUT = auto()
    """Half of the body comes, then the connection ends."""
    SLOW = auto()
    """Half of the body comes, and then nothing for longer than any client waits."""


Plan = Callable[[int], Fault | None]
"""What happens to the answer of a request, by its number from 0 on."""


def sound(_number: int) -> None:
    """Nothing is spoilt."""


class FaultProxy:
    """A proxy on loopback in front of one server.

    Attributes:
        plan: what is spoilt; counting begins anew whenever it is set.
        struck: the faults that happened since.
    """

    def __init__(self) -> None:
        self.upstream = ""
        self.struck: list[Fault] = []
        self._plan: Plan = sound
        self._number = 0
        self._turn = threading.Lock()
        self._healed = threading.Event()
        self._listener = _Listener(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    @property
    def plan(self) -> Plan:
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        with self._turn:
            self._plan = plan
            self._number = 0
            self.struck = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._healed.set()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def next_fault(self) -> Fault | None:
        with self._turn:
            fault = self._plan(self._number)
            self._number += 1
            if fault is not None:
                self.struck.append(fault)
            return fault

    def stall(self) -> None:
        """Waits as a hanging server would, but no longer than the proxy stands."""
        self._healed.wait(STALL_SECONDS)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up in the middle is what the tests are about."""


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = UPSTREAM_SECONDS

        def pass_on(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            fault = proxy.next_fault()
            if fault is Fault.TOO_MANY:
                self._answer(429, {"retry-after": "1", "content-type": "application/json"}, b"{}")
            elif fault is Fault.DOWN:
                self._answer(503, {"content-type": "text/html"}, b"<html><title>Bad Gateway</title></html>")
            elif fault is Fault.REFUSED:
                self._reset()
            else:
                status, headers, body = self._asked(content)
                if fault is Fault.LOST:
                    self._reset()
                else:
                    self._answer(status, headers, body, fault)

        def _asked(self, content: bytes) -> tuple[int, Mapping[str, str], bytes]:
            upstream = http.client.HTTPConnection(urlsplit(proxy.upstream).netloc, timeout=UPSTREAM_SECONDS)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                upstream.request(self.command, self.path, content, headers)
                answer = upstream.getresponse()
                kept = {name: value for name, value in answer.getheaders() if name.lower() not in OF_ONE_CONNECTION}
                return answer.status, kept, answer.read()
            finally:
                upstream.close()

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault | None = None) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if fault is None:
                self.wfile.write(body)
                return
            self.close_connection = True
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if fault is Fault.SLOW:
                proxy.stall()

        def _reset(self) -> None:
            """Has the connection end with a reset (RST) instead of a farewell (FIN)."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Nothing: the proxy itself counts."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.pass_on)
    return Handler


NGINX_SETTINGS = """\
daemon off;
@USER@
pid @DATA@/nginx.pid;
error_log @DATA@/error.log;
events { worker_connections 64; }
http {
    access_log @DATA@/access.log combined;
    client_body_temp_path @DATA@/body;
    proxy_temp_path @DATA@/proxy;
    fastcgi_temp_path @DATA@/fastcgi;
    uwsgi_temp_path @DATA@/uwsgi;
    scgi_temp_path @DATA@/scgi;
    limit_req_zone $binary_remote_addr zone=clients:1m rate=@RATE@r/s;
    limit_req_status 429;
    server {
        listen 127.0.0.1:@PORT@;
        location = /ready { return 204; }
        location / {
            limit_req zone=clients burst=1 nodelay;
            proxy_pass @UPSTREAM@;
            error_page 429 = @too_many;
        }
        location @too_many {
            add_header Retry-After 1 always;
            return 429;
        }
    }
}
"""


class RateLimitedProxy(LoopbackServer):
    """nginx in front of one server: a token bucket that nobody here wrote, and its 429 with `Retry-After`."""

    name = "nginx"
    ready_path = "/ready"

    def __init__(self, data: Path, upstream: str, *, rate: int) -> None:
        super().__init__(data)
        self._upstream = upstream
        self._rate = rate

    @property
    def refused(self) -> int:
        """How many requests were answered 429."""
        lines = (self.data / "access.log").read_text(encoding="utf-8").splitlines()
        return sum('" 429 ' in line for line in lines)

    def _require_installed(self) -> None:
        if _nginx() is None:
            raise NotInstalled(f"{self.name} is not installed; run `make live` as root")

    def _launch(self) -> OwnProcess:
        values = {
            # Workers of root would give up their rights and then lack access to the folder.
            "@USER@": "user root;" if os.geteuid() == 0 else "",
            "@DATA@": str(self.data),
            "@PORT@": str(self.port),
            "@RATE@": str(self._rate),
            "@UPSTREAM@": self._upstream,
        }
        settings = NGINX_SETTINGS
        for mark, value in values.items():
            settings = settings.replace(mark, value)
        (self.data / "nginx.conf").write_text(settings, encoding="utf-8")
        command = (_nginx() or "nginx", "-e", self.data / "error.log", "-c", self.data / "nginx.conf")
        return OwnProcess.start(command, env={"PATH": os.defpath}, log=self.log)


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
