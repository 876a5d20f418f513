"""Serves ticket exports on loopback, page by page from files, in a process of its own.

Each folder in the folder that is served is an export, and the first part of its paths.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.connectors.case import json
from benchmarks.connectors.services.zendesk import ticket_page
from benchmarks.connectors.words import Words

PER_PAGE = 1_000
PATH = "api/v2/incremental/tickets/cursor.json"


def write_pages(folder: Path, tickets: int) -> int:
    """Writes the pages of an export, each under the cursor that leads to it; returns their bytes."""
    folder.mkdir()
    words, size = Words("pull"), 0
    for start in range(0, tickets, PER_PAGE):
        numbers = range(start, min(start + PER_PAGE, tickets))
        page = json(ticket_page(numbers, tickets, words, is_last=numbers.stop == tickets))
        (folder / f"c{start}").write_bytes(page)
        size += len(page)
    # For those who go on until no cursor is given.
    (folder / f"c{tickets}").write_bytes(b'{"tickets":[],"users":[],"after_cursor":null,"end_of_stream":true}')
    return size


@contextmanager
def serving(folder: Path) -> Generator[str]:
    """The address of a server of these exports, which ends with the block."""
    script = f"from benchmarks.connectors import server; server.serve({str(folder)!r})"
    server = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline() if server.stdout else 0)}"
    finally:
        server.kill()
        server.communicate()


def serve(name: str) -> None:
    """Serves the exports of a folder until standard input ends; says the port on its first line."""
    folder = Path(name)

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it, headers and body of an answer wait for one another.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            [cursor] = parse_qs(asked.query).get("cursor", ["c0"])
            export, _, path = asked.path.removeprefix("/").partition("/")
            page = folder / export / cursor
            is_known = path == PATH and export.isalpha() and cursor[1:].isdigit() and page.is_file()
            body = page.read_bytes() if is_known else b"{}"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()
