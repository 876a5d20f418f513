"""Holds the four connectors that ship to the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from alignkit.connectors import RequestTracker
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import ConnectorTests, Expected, Records
from alignkit.transport import Request, Response

from .fake_request_tracker import FakeRequestTracker, FakeTicket

LARGE = 2**53 + 1
PAGE = 2


class Desk(FakeRequestTracker):
    """A desk that lets nobody have more than two rows at once, and keeps what is written to it."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.comments: dict[str, list[str]] = {}

    def handle(self, request: Request) -> Response:
        is_walk = "Status = '" not in dict(request.params).get("query", "")
        size = PAGE if is_walk else 100
        params = [(name, str(min(int(value), size)) if name == "per_page" else value) for name, value in request.params]
        authorization = request.headers.get("Authorization", "").replace(self.token, "sample-token")
        asked = replace(request, params=params, headers={"Authorization": authorization})
        response = self.send(asked)
        path = urlsplit(request.url).path
        if path.endswith("/comment") and response.status == 201 and isinstance(request.json, dict):
            self.comments.setdefault(path.split("/")[-2], []).append(str(request.json["Content"]))
        return response

    def renumber(self, ticket: FakeTicket, number: int) -> None:
        del self.tickets[ticket.id]
        ticket.id = ticket.effective_id = number
        self.tickets[number] = ticket


class TestRequestTracker(ConnectorTests[Desk]):
    expected = Expected(
        issues={
            "1": IssueStatus.NEW,
            "2": IssueStatus.OPEN,
            "3": IssueStatus.WAITING_ON_CUSTOMER,
            "4": IssueStatus.RESOLVED,
            "5": IssueStatus.NEW,
            str(LARGE): IssueStatus.OPEN,
        },
        people=frozenset({f"{name}@example.test" for name in ("ada", "bob", "cy", "dee", "eve")}),
    )
    records: ClassVar[Sequence[Records]] = (
        Records(
            "issue",
            r"/REST/2\.0/tickets",
            ("items",),
            required=frozenset({"id", "Created", "LastUpdated"}),
            status="Status",
        ),
        Records("contact", r"/REST/2\.0/users", ("items",)),
        Records("contact", r"/REST/2\.0/user/[0-9]+"),
    )

    def service(self) -> Desk:
        desk = Desk(self.secret)
        desk.tick(60)
        statuses = {"ada": "new", "bob": "open", "cy": "stalled", "dee": "resolved"}
        for name, status in statuses.items():
            desk.ticket(f"{name}@example.test", status=status)
            desk.tick(60)
        desk.ticket("ada@example.test", creator=desk.agent)
        desk.tick(60)
        returned = desk.ticket("eve@example.test", status="in transit", lifecycle="returns", queue="Returns")
        desk.renumber(returned, LARGE)
        desk.now = self.now - timedelta(minutes=1)
        return desk

    def connector(self, service: Desk) -> RequestTracker:
        return RequestTracker("https://desk.example.test", self.secret)

    def change(self, service: Desk) -> None:
        service.tick(120)
        service.change(service.tickets[2], status="resolved", resolved=service.now)
        service.ticket("fay@example.test")
        service.tick(120)

    def delete(self, service: Desk) -> str:
        service.tick(120)
        service.change(service.tickets[1], status="deleted")
        return "1"

    def merge(self, service: Desk) -> tuple[str, str]:
        service.tick(120)
        service.merge(service.tickets[3], into=service.tickets[1])
        return "3", "1"

    def restate(self, service: Desk, status: str) -> str | None:
        service.change(service.tickets[1], status=status)
        return "1"

    def notes(self, service: Desk, issue_id: str) -> Sequence[str]:
        return service.comments.get(issue_id, [])
