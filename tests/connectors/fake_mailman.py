"""A Mailman in memory: answers as core 3.3.10 was seen to, the consent trap included."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from alignkit.transport import Request, Response

DEFAULTS = {"delivery_status": "enabled", "delivery_mode": "regular", "preferred_language": "en"}
STATUSES = {"enabled", "by_user", "by_bounces", "by_moderator", "unknown"}
FLAGS = {"true": True, "false": False}


@dataclass
class FakeMember:
    id: str
    address: str
    role: str = "member"
    own: dict[str, Any] = field(default_factory=dict[str, Any])


class FakeMailman:
    """One Mailman with one list, `offers.example.com`.

    Attributes:
        members: all subscriptions, owners and moderators among them.
        at_address: preferences at the level of addresses, which members inherit.
    """

    def __init__(self) -> None:
        self.list_id = "offers.example.com"
        self.members: list[FakeMember] = []
        self.at_address: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self._numbers = count(0x10)

    def join(self, address: str, role: str = "member", **own: Any) -> FakeMember:
        member = FakeMember(f"{next(self._numbers):032x}", address, role, dict(own))
        self.members.append(member)
        return member

    def leave(self, member: FakeMember) -> None:
        self.members.remove(member)

    def effective(self, member: FakeMember) -> dict[str, Any]:
        inherited = {**DEFAULTS, **self.at_address.get(member.address, {}), **member.own}
        inherited.pop("hide_address", None)
        return inherited

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of everything sent that could change something."""
        return [(sent.method, urlsplit(sent.url).path) for sent in self.requests if sent.method != "GET"]

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        if request.headers.get("Authorization") != "Basic cmVzdGFkbWluOnNhbXBsZS1wYXNzd29yZA==":
            return answer(401, {"title": "401 Unauthorized", "description": "REST API authorization failed"})
        path = urlsplit(request.url).path.removeprefix("/3.1").strip("/").split("/")
        params = dict(request.params)
        match path:
            case ["system", "versions"]:
                return answer(200, {"mailman_version": "GNU Mailman 3.3.10 (Tom Sawyer)", "api_version": "3.1"})
            case ["lists", list_id] if list_id == self.list_id:
                return answer(200, {"list_id": list_id, "member_count": len(self.members)})
            case ["lists", list_id, "roster", "member"] if list_id == self.list_id:
                return self._roster([member for member in self.members if member.role == "member"], params)
            case ["members", "find"]:
                return self._roster(self._found(params), {"count": "1000", "page": "1"})
            case ["members", number, *rest]:
                return self._member(number, rest, request)
            case _:
                return not_found()

    def _found(self, params: dict[str, str]) -> list[FakeMember]:
        if params["list_id"] != self.list_id:
            return []
        return [
            member
            for member in self.members
            if fnmatchcase(member.address.lower(), params["subscriber"].lower()) and member.role == params["role"]
        ]

    def _roster(self, found: list[FakeMember], params: dict[str, str]) -> Response:
        size, page = int(params["count"]), int(params["page"])
        start = size * (page - 1)
        body: dict[str, Any] = {"start": start, "total_size": len(found), "http_etag": '"abc"'}
        entries = [
            {"member_id": one.id, "email": one.address, "role": one.role, "list_id": self.list_id}
            for one in sorted(found, key=lambda one: one.address)[start : start + size]
        ]
        if entries:
            body["entries"] = entries
        return answer(200, body)

    def _member(self, number: str, rest: list[str], request: Request) -> Response:
        member = next((one for one in self.members if one.id == number), None)
        if member is None:
            return not_found()
        match request.method, rest:
            case "GET", ["preferences"]:
                return answer(200, {**member.own, "self_link": "http://inner.example/3.1/x", "http_etag": '"abc"'})
            case "GET", ["all", "preferences"]:
                return answer(200, {**self.effective(member), "http_etag": '"abc"'})
            case "DELETE", ["preferences"]:
                member.own.clear()
                return Response(204)
            case "PATCH", ["preferences"]:
                return self._patched(member, dict(request.form or ()))
            case _:
                return not_found()

    def _patched(self, member: FakeMember, form: dict[str, str]) -> Response:
        if form.get("delivery_status", "enabled") not in STATUSES:
            return answer(400, {"title": "400 Bad Request", "description": "Invalid Parameter"})
        member.own.update({name: FLAGS.get(value, value) for name, value in form.items()})
        return Response(204)


def answer(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def not_found() -> Response:
    return answer(404, {"title": "404 Not Found", "description": "404 Not Found"})
