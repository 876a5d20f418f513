"""A small shop for the command line: an export of three tickets, a mailing list, and settings that name both."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from alignkit.cli.app import app

NOW = "2026-03-03T09:00:00Z"
ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"

SETTINGS = """\
store = "align.db"

[sources.desk]
connector = "export"
path = "tickets.jsonl"

[destinations.list]
connector = "audience_file"
path = "audience.csv"
held_path = "held.csv"

[messages.offer]
category = "promotional"
channel = "email"
"""


@dataclass
class Shop:
    """One folder with everything in it."""

    folder: Path

    def __post_init__(self) -> None:
        self.write("alignkit.toml", SETTINGS)
        self.write("tickets.jsonl", page(ticket(1, ADA), ticket(2, BOB, status="solved")))
        self.write("audience.csv", f"email\n{ADA}\n{BOB}\n{CY}\n")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def change(self, before: str, after: str) -> None:
        """Change the settings."""
        text = (self.folder / "alignkit.toml").read_text("utf-8")
        assert before in text
        self.write("alignkit.toml", text.replace(before, after))

    def run(self, *words: str, settings: str = "alignkit.toml") -> Result:
        return run(*words, "--settings", str(self.folder / settings))

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """What a command prints for programs, after it ended well."""
        result = self.run(*words, "--json")
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def pull(self) -> None:
        assert self.run("pull", "--now", NOW).exit_code == 0

    def held(self) -> set[str]:
        path = self.folder / "held.csv"
        lines = path.read_text("utf-8").splitlines()[1:] if path.exists() else []
        return {line.partition(",")[0] for line in lines}


def run(*words: str) -> Result:
    """Run one command; a bug fails the test with its own traceback."""
    runner = CliRunner(env={"COLUMNS": "250", "TERM": "dumb", "NO_COLOR": "1", "ALIGNKIT_SETTINGS": None})
    return runner.invoke(app, list(words), catch_exceptions=False)


def ticket(number: int, address: str, *, status: str = "open", at: str = "2026-03-02T08:00:00Z") -> dict[str, Any]:
    """One ticket that its requester wrote; the address is kept for the page's list of users."""
    return {
        "id": number,
        "status": status,
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": at,
        "requester_id": 100 + number,
        "submitter_id": 100 + number,
        "via": {"channel": "web"},
        "tags": [],
        "address": address,
    }


def page(*tickets: dict[str, Any]) -> str:
    """One line of a Zendesk export."""
    users = [
        {"id": one["requester_id"], "email": one["address"], "name": "Sample", "role": "end-user"} for one in tickets
    ]
    bare = [{key: value for key, value in one.items() if key != "address"} for one in tickets]
    return json.dumps({"tickets": bare, "users": users, "end_of_stream": True}) + "\n"


@contextmanager
def answering(status: int, body: bytes = b"{}", kind: str = "application/json") -> Generator[str]:
    """A service on loopback that always gives one answer; gives its root."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Nothing; standard error is what the tests look at."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
