"""A Request Tracker in memory: answers as 5.0.3 was seen to, its traps included."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from alignkit.transport import Request, Response

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNSET = "1970-01-01T00:00:00Z"
ACTIVE = {"default": {"new", "open", "stalled"}, "returns": {"announced", "in transit"}}
INACTIVE = {"default": {"resolved", "rejected", "deleted"}, "returns": {"refunded", "deleted"}}
TOKEN = re.compile(r"\(|\)|'(?:[^'\\]|\\.)*'|[<>!]?=|[<>]|\w+")
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    ">=": operator.ge,
}
Test = Callable[["FakeTicket"], bool]


@dataclass
class FakeUser:
    id: int
    name: str
    email: str = ""
    real_name: str = ""
    privileged: bool = False
    updated: datetime = START


@dataclass
class FakeTicket:
    id: int
    creator: FakeUser
    requestors: list[FakeUser]
    created: datetime
    updated: datetime
    subject: str = "Where is my parcel?"
    status: str = "new"
    queue: str = "General"
    lifecycle: str = "default"
    priority: int = 0
    effective_id: int = 0
    resolved: datetime | None = None
    is_hidden: bool = False
    is_broken: bool = False
    messages: list[FakeUser] = field(default_factory=list[FakeUser])


def stamp(moment: datetime | None) -> str:
    return UNSET if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class FakeRequestTracker:
    """One desk.

    Attributes:
        now: its clock; every change takes the second it is at.
        zone: the offset of the reading user's time zone, in which quoted times are read.
        rights_by_row: whether rights are checked row by row, so that pages are thinned and no total is known.
        shows_times: whether the reading user may see when other users were changed.
        web_base_url: what its links are built from.
    """

    def __init__(self) -> None:
        self.now = START
        self.zone = timedelta(0)
        self.rights_by_row = False
        self.shows_times = True
        self.web_base_url = "http://inner.example:8080"
        self.users: list[FakeUser] = []
        self.tickets: dict[int, FakeTicket] = {}
        self.requests: list[Request] = []
        self._numbers = count(1)
        self.system = self.user("RT_System")
        self.root = self.user("root", "root@example.test", privileged=True)
        self.agent = self.user("grace", "grace@example.test", privileged=True)

    # --- what happens at the desk -------------------------------------------------------------------------

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)

    def user(self, name: str, email: str = "", *, privileged: bool = False) -> FakeUser:
        number = len(self.users) * 2 + 1
        self.users.append(FakeUser(number, name, email, privileged=privileged, updated=self.now))
        return self.users[-1]

    def customer(self, address: str) -> FakeUser:
        known = next((user for user in self.users if user.email == address), None)
        return known or self.user(address, address)

    def ticket(self, *addresses: str, creator: FakeUser | None = None, **fields: Any) -> FakeTicket:
        requestors = [self.customer(address) for address in addresses]
        author = creator or requestors[0]
        number = next(self._numbers)
        ticket = FakeTicket(number, author, requestors, self.now, self.now, effective_id=number, **fields)
        ticket.messages.append(author)
        self.tickets[number] = ticket
        return ticket

    def change(self, ticket: FakeTicket, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(ticket, name, value)
        ticket.updated = self.now

    def merge(self, ticket: FakeTicket, *, into: FakeTicket) -> None:
        ticket.effective_id = into.id
        into.requestors += [user for user in ticket.requestors if user not in into.requestors]
        into.updated = self.now

    # --- what it answers ----------------------------------------------------------------------------------

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        path = urlsplit(request.url).path.removeprefix("/REST/2.0")
        if request.headers.get("Authorization") != "token sample-token":
            return self.answer(401, {"message": "Unauthorized"})
        if request.method == "POST":
            return self._post(path, request)
        # Of several `orderby`, the first is the one that counts most.
        params = dict(reversed(request.params))
        match path.strip("/").split("/"):
            case ["rt"]:
                return self.answer(200, {"Version": "5.0.3", "Plugins": []})
            case ["tickets"]:
                return self._search(params)
            case ["users"]:
                return self._users(params)
            case ["queues", "all"]:
                names = sorted({ticket.queue for ticket in self.tickets.values()} | {"General"})
                rows = [{"type": "queue", "id": str(place), "Name": name} for place, name in enumerate(names, 1)]
                return self._page(rows, params, total=len(rows))
            case ["transactions"]:
                return self._transactions(params)
            case ["ticket", number]:
                return self._ticket(int(number))
            case ["user", number]:
                return self._user(int(number))
            case _:
                return self.answer(404, {"message": "Not Found"})

    def answer(self, status: int, body: object) -> Response:
        headers = {"content-type": 'application/json; charset="utf-8"', "date": format_datetime(self.now, usegmt=True)}
        return Response(status, headers, json.dumps(body).encode())

    def _search(self, params: dict[str, str]) -> Response:
        query = params["query"]
        holds = Query(query, self.zone).test()
        found = [
            ticket
            for ticket in self.tickets.values()
            if ticket.status != "deleted"
            and ("EffectiveId" in query or ticket.effective_id == ticket.id)
            and holds(ticket)
            and (self.rights_by_row or not ticket.is_hidden)
        ]
        found.sort(key=lambda ticket: ticket.id if params["orderby"] == "id" else ticket.updated)
        if params["order"] == "DESC":
            found.reverse()
        if not self.rights_by_row:
            return self._page([self._row(ticket) for ticket in found], params, total=len(found))
        size, page = min(int(params["per_page"]), 100), int(params["page"])
        seen = found[size * (page - 1) : size * page]
        rows = [self._row(ticket) for ticket in seen if not ticket.is_hidden]
        return self.answer(200, {"count": len(rows), "total": None, "pages": None, "page": page, "items": rows})

    def _page(self, rows: Sequence[object], params: dict[str, str], total: int) -> Response:
        size, page = min(int(params["per_page"]), 100), int(params["page"])
        pages = -(-total // size)
        body: dict[str, object] = {
            "count": len(rows[size * (page - 1) : size * page]),
            "total": total,
            "pages": pages,
            "page": page,
            "per_page": size,
            "items": rows[size * (page - 1) : size * page],
        }
        if page < pages:
            body["next_page"] = f"{self.web_base_url}/REST/2.0/elsewhere?page={page + 1}"
        return self.answer(200, body)

    def _row(self, ticket: FakeTicket) -> dict[str, object]:
        row: dict[str, object] = {
            "type": "ticket",
            "id": str(ticket.id),
            "_url": f"{self.web_base_url}/REST/2.0/ticket/{ticket.id}",
            "EffectiveId": str(ticket.effective_id),
            "Subject": ticket.subject,
            "Status": ticket.status,
            "Priority": str(ticket.priority),
            "Created": stamp(ticket.created),
            "LastUpdated": stamp(ticket.updated),
            "Resolved": stamp(ticket.resolved),
            "Queue": {"type": "queue", "id": 1, "Name": ticket.queue, "Lifecycle": ticket.lifecycle},
            "Creator": {"type": "user", "id": ticket.creator.id, "Name": ticket.creator.name},
            "Owner": {"type": "user", "id": "Nobody"},
            "Requestor": [_watcher(user) for user in ticket.requestors],
        }
        if ticket.is_broken:
            row["LastUpdated"] = "yesterday"
        return row

    def _ticket(self, number: int) -> Response:
        ticket = self.tickets.get(number)
        if ticket is None:
            return self.answer(404, {"message": "Not Found"})
        if ticket.is_hidden:
            return self.answer(403, {"message": "Forbidden"})
        shown = self.tickets[ticket.effective_id]
        body = {"id": shown.id, "Status": shown.status, "LastUpdated": stamp(shown.updated)}
        return self.answer(200, body)

    def _users(self, params: dict[str, str]) -> Response:
        def newest(user: FakeUser) -> tuple[datetime, int]:
            return (user.updated, user.id) if params["orderby"] == "LastUpdated" else (START, user.id)

        rows = [
            {
                "type": "user",
                "id": user.id,
                "Name": user.name,
                "EmailAddress": user.email,
                "RealName": user.real_name,
                "Privileged": "",
                "Disabled": "",
                "Lang": "",
                "Created": stamp(START if self.shows_times else None),
                "LastUpdated": stamp(user.updated if self.shows_times else None),
            }
            for user in sorted(self.users, key=newest, reverse=True)
        ]
        return self._page(rows, params, total=len(rows))

    def _user(self, number: int) -> Response:
        user = next((user for user in self.users if user.id == number), None)
        if user is None:
            return self.answer(404, {"message": "Not Found"})
        body: dict[str, object] = {"Name": user.name, "EmailAddress": user.email, "Privileged": int(user.privileged)}
        if self.shows_times:
            body |= {"id": user.id, "Created": stamp(START), "LastUpdated": stamp(user.updated), "Disabled": "0"}
        return self.answer(200, body)

    def _transactions(self, params: dict[str, str]) -> Response:
        numbers = re.findall(r"ObjectId = (\d+).* id > (\d+)", params["query"])
        ticket, after = int(numbers[0][0]), int(numbers[0][1])
        rows = [
            {"type": "transaction", "id": str(place), "Creator": {"id": user.id, "Name": user.name, "type": "user"}}
            for place, user in enumerate(self.tickets[ticket].messages, 1)
            if place > after
        ]
        # Only an administrator is told how many transactions there are.
        return self.answer(200, {"count": len(rows[:2]), "total": None, "pages": None, "items": rows[:2]})

    def _post(self, path: str, request: Request) -> Response:
        body: Any = request.json
        if path == "/ticket":
            if body["Queue"] != "General":
                return self.answer(403, {"message": f"No permission to create tickets in the queue '{body['Queue']}'"})
            ticket = self.ticket(*body["Requestor"], creator=self.agent, subject=body["Subject"])
            return self.answer(201, {"type": "ticket", "id": str(ticket.id)})
        number = int(path.split("/")[2])
        if number not in self.tickets:
            return self.answer(400, {"message": "Message could not be recorded"})
        return self.answer(201, ["Comments added"])


def _watcher(user: FakeUser) -> dict[str, object]:
    return {
        "type": "user",
        "id": user.id,
        "Name": user.name,
        "EmailAddress": user.email,
        "RealName": user.real_name,
        "Privileged": "",
    }


class Query:
    """TicketSQL, as much of it as the connector writes."""

    def __init__(self, text: str, zone: timedelta) -> None:
        self._tokens = TOKEN.findall(text)
        self._zone = zone

    def test(self) -> Test:
        found = self._any()
        assert not self._tokens, f"cannot read TicketSQL from {self._tokens}"
        return found

    def _any(self) -> Test:
        parts = [self._all()]
        while self._tokens[:1] == ["OR"]:
            self._tokens.pop(0)
            parts.append(self._all())
        return lambda ticket: any(part(ticket) for part in parts)

    def _all(self) -> Test:
        parts = [self._one()]
        while self._tokens[:1] == ["AND"]:
            self._tokens.pop(0)
            parts.append(self._one())
        return lambda ticket: all(part(ticket) for part in parts)

    def _one(self) -> Test:
        if self._tokens[0] == "(":
            self._tokens.pop(0)
            inner = self._any()
            assert self._tokens.pop(0) == ")"
            return inner
        name, comparison, value = (self._tokens.pop(0) for _ in range(3))
        return self._comparison(name, comparison, value)

    def _comparison(self, name: str, comparison: str, value: str) -> Test:
        if name == "Status":
            classes = {"'__Active__'": ACTIVE, "'__Inactive__'": INACTIVE}[value]
            return lambda ticket: ticket.status in classes[ticket.lifecycle]
        compare = COMPARISONS[comparison]
        if name == "LastUpdated":
            moment = self._moment(value)
            return lambda ticket: compare(ticket.updated, moment)
        attribute = {"id": "id", "EffectiveId": "effective_id"}[name]
        return lambda ticket: compare(getattr(ticket, attribute), int(value))

    def _moment(self, value: str) -> datetime:
        """A quoted time in the reader's zone; any other form is read as a time before all tickets."""
        try:
            local = datetime.strptime(value, "'%Y-%m-%d %H:%M:%S'").replace(tzinfo=UTC)
        except ValueError:
            return datetime(1970, 1, 1, tzinfo=UTC)
        return local - self._zone
