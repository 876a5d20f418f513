"""Letterbox itself, in memory: people with a wish (`subscribed`), a pace, and who holds them why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from alignkit.transport import Request, Response
from alignkit_hostile.bell_service import answer

PAGE = 3
Row = dict[str, Any]


class LetterboxService:
    """One Letterbox, whose truth is in `people`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.people: dict[str, Row] = {}
        self.refused = ""

    def join(self, address: str, pace: str = "weekly", held_by: str | None = None, *, subscribed: bool = True) -> None:
        self.people[address] = {
            "address": address,
            "subscribed": subscribed,
            "pace": pace,
            "held_by": held_by,
            "why": None,
        }

    def handle(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return answer(401, {"error": "no"})
        match request.method, urlsplit(request.url).path.strip("/").split("/"):
            case "GET", ["people"]:
                page = int(dict(request.params)["page"])
                return self._list(page)
            case "GET", ["people", address]:
                found = self.people.get(address)
                link = f"https://letterbox.example.com/people/{address}"
                return answer(404, {"error": "nobody"}) if found is None else answer(200, {**found, "self": link})
            case "PATCH", ["people", address] if address in self.people:
                changes: Any = request.json
                if address == self.refused:
                    return answer(409, {"error": "locked"})
                self.people[address].update(changes)
                return Response(204)
            case _:
                return answer(404, {"error": "no such path"})

    def _list(self, page: int) -> Response:
        shown = sorted(self.people)[PAGE * (page - 1) : PAGE * page]
        return answer(200, {"people": shown, "page": page, "more": PAGE * page < len(self.people)})
