"""Bell itself, in memory: lists in order of change, two records at a time, with a cursor after each page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from alignkit.transport import Request, Response

PAGE = 2
LARGE = 2**53 + 1
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Row = dict[str, Any]


class BellService:
    """One Bell, whose truth is in `people`, `tickets` and `notes`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.now = START
        self.people: list[Row] = []
        self.tickets: list[Row] = []
        self.notes: dict[str, list[str]] = {}
        self.tags: dict[str, list[str]] = {}
        for id, name in enumerate(("ada", "bob", "cy"), 1):
            self.people.append({"id": id, "email": f"{name}@example.com", "name": name, "changed": self.tick()})
        for id, status in ((11, "open"), (12, "waiting"), (13, "done"), (14, "open"), (LARGE, "open")):
            self.open(id, status, requester=2 if id == 11 else 1)

    def tick(self) -> str:
        self.now += timedelta(minutes=1)
        return self.now.isoformat()

    def open(self, id: int, status: str = "open", subject: str = "Late", requester: int = 1) -> Row:
        moment = self.tick()
        row: Row = {"id": id, "status": status, "subject": subject, "requester": requester, "merged_into": None}
        self.tickets.append({**row, "opened": moment, "changed": moment})
        return self.tickets[-1]

    def change(self, id: int, **fields: object) -> None:
        row = next(row for row in self.tickets if row["id"] == id)
        row.update(fields, changed=self.tick())

    def handle(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return answer(401, {"error": "no"})
        path = urlsplit(request.url).path.strip("/").split("/")
        match request.method, path:
            case "GET", ["people"]:
                return self._list("people", self.people, dict(request.params))
            case "GET", ["tickets"]:
                return self._list("tickets", self.tickets, dict(request.params))
            case "GET", ["tickets", id]:
                found = [row for row in self.tickets if str(row["id"]) == id and row["status"] != "deleted"]
                return answer(200, found[0]) if found else answer(404, {"error": "no such ticket"})
            case "POST", ["tickets"]:
                body: Any = request.json
                return answer(201, {"id": self.open(100 + len(self.tickets), subject=body["subject"])["id"]})
            case "POST", ["tickets", id, "notes"]:
                note: Any = request.json
                self.notes.setdefault(id, []).append(note["text"])
                return answer(201, {"done": True})
            case "PUT", ["tickets", id, "tags", tag]:
                tags = self.tags.setdefault(id, ["vip"])
                tags += [tag] if tag not in tags else []
                return answer(200, {"tags": tags})
            case "PUT", ["tickets", id, "tags"]:
                whole: Any = request.json
                self.tags[id] = list(whole["tags"])
                return answer(200, {"tags": self.tags[id]})
            case _:
                return answer(404, {"error": "no such path"})

    def _list(self, name: str, rows: list[Row], params: dict[str, str]) -> Response:
        ordered = sorted(rows, key=_cursor)
        skip = int(params.get("skip", 0))
        following = [row for row in ordered if _cursor(row) > params.get("cursor", "")][skip:]
        page = following[:PAGE]
        cursor = _cursor(page[-1]) if page else params.get("cursor", "")
        link = f"https://bell.example.com/{name}?cursor={cursor}"
        return answer(200, {name: page, "cursor": cursor, "end": len(following) <= PAGE, "next": link})


def answer(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def _cursor(row: Row) -> str:
    return f"{row['changed']}/{row['id']:020d}"
