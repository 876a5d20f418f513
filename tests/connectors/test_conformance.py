"""Holds the four connectors that ship to the conformance kit."""

from __future__ import annotations

import csv
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zlib import crc32

import pytest

from alignkit.connectors import AudienceFile, Export, Mailman, RequestTracker
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import Cast, ConnectorTests, Edit, Expected, FakeService, Records, SinkTests
from alignkit.transport import Request, Response

from . import test_export_zendesk as exported
from . import test_request_tracker as seen
from .exporting import page, ticket, user
from .fake_mailman import FakeMailman, FakeMember
from .fake_request_tracker import FakeRequestTracker, FakeTicket

LARGE = 2**53 + 1
MOVED_ON: Mapping[str, Any] = {"updated_at": "2026-03-03T10:00:00Z", "generated_timestamp": 1_772_532_000}
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
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "4": seen.test_many_tickets_of_one_second_across_a_page_border_are_all_read,
        "5": seen.test_a_change_committed_late_with_an_older_time_is_picked_up,
        "13": seen.test_empty_pages_that_name_a_next_one_are_walked_past,
        "14": seen.test_every_ticket_is_read_once_over_several_pages,
        "35": seen.test_a_requestor_without_an_address_is_kept_by_id,
        "x5": seen.test_a_foreign_time_zone_partial_rights_and_missing_queues_are_found,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "10": "a search has as many pages as it needs",
        "11": "pages are numbers within a window that the checkpoint keeps",
        "38": "the token or password is one that does not end",
        "x3": "every Request Tracker has tickets and users",
    }

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


class Lists(FakeMailman):
    """A Mailman that gives at most two members at once."""

    def __init__(self, password: str) -> None:
        super().__init__()
        self.credential = f"Basic {b64encode(f'restadmin:{password}'.encode()).decode()}"

    def handle(self, request: Request) -> Response:
        is_known = request.headers.get("Authorization") == self.credential
        headers = {"Authorization": "Basic cmVzdGFkbWluOnNhbXBsZS1wYXNzd29yZA=="} if is_known else {}
        params = [(name, str(PAGE) if name == "count" else value) for name, value in request.params]
        return self.send(replace(request, headers=headers, params=params))

    def member(self, address: str) -> FakeMember:
        return next(one for one in self.members if one.address == address)


class Refusing:
    """A Mailman that lets nobody change one member."""

    def __init__(self, lists: Lists, address: str) -> None:
        self.lists = lists
        self.path = f"/members/{lists.member(address).id}/"

    def handle(self, request: Request) -> Response:
        if request.method != "GET" and self.path in request.url:
            return Response(400, {"content-type": "application/json"}, b'{"title": "400 Bad Request"}')
        return self.lists.handle(request)


class TestMailman(SinkTests[Lists]):
    cast = Cast(
        free=("ada@example.com", "bob@example.com", "cy@example.com"),
        silent=("dee@example.com", "eve@example.com", "fay@example.com"),
        foreign=("gus@example.com",),
        absent=("zoe@example.com",),
    )
    denied: ClassVar[Sequence[Request]] = (
        Request("PATCH", "https://x/3.1/members/1/preferences", form=[("delivery_status", "enabled")]),
        Request("PATCH", "https://x/3.1/members/1/preferences", form=[("delivery_status", "by_user")]),
        Request("PUT", "https://x/3.1/members/1/preferences", form=[("delivery_status", "by_moderator")]),
        Request("POST", "https://x/3.1/members", form=[("subscriber", "zoe@example.com")]),
        Request("DELETE", "https://x/3.1/members/1"),
        Request("PATCH", "https://x/3.1/addresses/ada@example.com/preferences", form=[("delivery_mode", "regular")]),
    )

    def service(self) -> Lists:
        lists = Lists(self.secret)
        lists.join("ada@example.com")
        lists.join("bob@example.com", delivery_mode="plaintext_digests", hide_address=True)
        lists.join("cy@example.com", preferred_language="de")
        lists.join("dee@example.com", delivery_status="by_user")
        lists.join("eve@example.com")
        lists.at_address["eve@example.com"] = {"delivery_status": "by_user"}
        lists.join("fay@example.com", delivery_status="by_bounces")
        lists.join("gus@example.com", delivery_status="by_moderator")
        lists.join("ada@example.com", role="owner")
        return lists

    def sink(self, service: Lists) -> Mailman:
        return Mailman("https://lists.example.test", "restadmin", self.secret, "offers.example.com")

    def kept(self, service: Lists) -> Mapping[str, object]:
        return {
            f"{one.address}" if one.role == "member" else f"{one.address} as {one.role}": (
                one.id,
                dict(one.own),
                dict(service.at_address.get(one.address, {})),
            )
            for one in service.members
        }

    def gets_mail(self, service: Lists, address: str) -> bool:
        return bool(service.effective(service.member(address))["delivery_status"] == "enabled")

    def opt_out(self, service: Lists, address: str) -> None:
        service.at_address[address] = {"delivery_status": "by_user"}

    def forbids(self, request: Request) -> str | None:
        path = urlsplit(request.url).path
        if request.method == "GET":
            return None
        if not (path.startswith("/3.1/members/") and path.endswith("/preferences")):
            return "only a member's own preferences are ours to write"
        status = dict(request.form or ()).get("delivery_status", "by_moderator")
        if request.method not in ("PATCH", "DELETE") or status != "by_moderator":
            return f"`{request.method}` with `{status}` overrides what a person chose"
        return None

    def refusing(self, service: Lists, address: str) -> FakeService:
        return Refusing(service, address)


class Folder:
    """A folder of files, which answers no requests."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path

    def handle(self, request: Request) -> Response:
        raise AssertionError(f"{request!r} was sent by a connector for files")


class TestAudienceFile(SinkTests[Folder]):
    cast = Cast(
        free=("ada@example.com", "bob@example.com", "cy@example.com"),
        silent=("dee@example.com",),
        foreign=("gus@example.com",),
        absent=("zoe@example.com",),
    )

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def service(self) -> Folder:
        folder = Folder(self.root / str(len(list(self.root.iterdir()))))
        rows = [(address, "unsubscribed" if address in self.cast.silent else "") for address in self.cast.there]
        _write(folder.path / "audience.csv", [("email", "status"), *rows])
        _write(folder.path / "held.csv", [("address", "reason"), *((one, "on leave") for one in self.cast.foreign)])
        return folder

    def sink(self, service: Folder) -> AudienceFile:
        return AudienceFile(service.path / "audience.csv", held_path=service.path / "held.csv")

    def kept(self, service: Folder) -> Mapping[str, object]:
        held = {row["address"]: (row["reason"], row.get("held_by")) for row in _rows(service.path / "held.csv")}
        people = {row["email"]: row["status"] for row in _rows(service.path / "audience.csv")}
        return {
            address: (people.get(address), "held" if held.get(address, (0, ""))[1] else held.get(address, (None,))[0])
            for address in {*people, *held}
        }

    def gets_mail(self, service: Folder, address: str) -> bool:
        people = {row["email"]: row["status"] for row in _rows(service.path / "audience.csv")}
        held = {row["address"] for row in _rows(service.path / "held.csv")}
        return address in people and not people[address] and address not in held

    def reason(self, service: Folder, address: str) -> str:
        return next(row["reason"] for row in _rows(service.path / "held.csv") if row["address"] == address)

    def opt_out(self, service: Folder, address: str) -> None:
        rows = _rows(service.path / "audience.csv")
        changed = [(row["email"], "unsubscribed" if row["email"] == address else row["status"]) for row in rows]
        _write(service.path / "audience.csv", [("email", "status"), *changed])


class TestExport(ConnectorTests[Folder]):
    expected = Expected(
        issues={
            "1": IssueStatus.OPEN,
            "2": IssueStatus.OPEN,
            "3": IssueStatus.RESOLVED,
            "4": IssueStatus.OPEN,
            str(LARGE): IssueStatus.OPEN,
        },
        people=frozenset({"customer701@example.com", "customer702@example.com"}),
    )
    records: ClassVar[Sequence[Records]] = (
        Records("issue", "", required=frozenset({"id", "created_at"}), status="status"),
        Records("contact", "", required=frozenset({"id"})),
    )
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {"35": exported.test_a_user_without_an_address_is_kept}
    not_applicable: ClassVar[Mapping[str, str]] = {
        "4": "lines of a file are counted, whatever their times",
        "5": "a file has all its lines when it is read",
        "6": "a file is written before it is read; a new one is read from its start",
        "10": "a file is read to its last line",
        "11": "the place in a file is a number of bytes; a file that was replaced is read anew and told",
        "12": "each step through a file begins where the one before has ended",
        "13": "an empty line is one line of many",
        "15": "the lines of a file stay where they are",
        "17": "a file has no answer that could be an error",
        "30": "an export tells of no merge but by tags",
        "31": "an export holds what there is; nothing is looked for by id",
        "37": "a file sets no limit",
        "38": "a file asks for no token",
        "40": "nothing is written to a file of an export",
        "x3": "an export has what was exported",
        "x5": "a file shows all of itself to whoever may read it",
    }

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def service(self) -> Folder:
        folder = Folder(self.root / str(len(list(self.root.iterdir()))))
        pages = [
            page([ticket(1), ticket(2)], [user(701)]),
            page([ticket(3, status="solved"), ticket(4)], [user(702)]),
            page([ticket(LARGE)], []),
        ]
        self._save(folder, pages)
        return folder

    def connector(self, service: Folder) -> Export:
        return Export(service.path / "tickets.jsonl")

    def edited(self, service: Folder, edit: Edit) -> FakeService:
        kinds = dict(zip(("tickets", "users"), self.records, strict=True))
        pages = [
            {name: [edit(kinds[name], one) for one in rows] if name in kinds else rows for name, rows in found.items()}
            for found in self._pages(service)
        ]
        self._save(service, pages)
        return service

    def change(self, service: Folder) -> None:
        self._append(
            service,
            [ticket(2, status="solved", **MOVED_ON), ticket(5)],
        )

    def delete(self, service: Folder) -> str:
        self._append(service, [ticket(1, status="deleted", **MOVED_ON)])
        return "1"

    def merge(self, service: Folder) -> tuple[str, str]:
        gone = ticket(1, status="closed", tags=["closed_by_merge"], **MOVED_ON)
        self._append(service, [gone])
        return "1", "2"

    def restate(self, service: Folder, status: str) -> str | None:
        self._append(service, [ticket(1, status=status, **MOVED_ON)])
        return "1"

    def _append(self, service: Folder, tickets: list[dict[str, Any]]) -> None:
        self._save(service, [*self._pages(service), page(tickets, [])])

    def _pages(self, service: Folder) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (service.path / "tickets.jsonl").read_text().splitlines()]

    def _save(self, service: Folder, pages: Sequence[Mapping[str, object]]) -> None:
        path, text = service.path / "tickets.jsonl", "".join(f"{json.dumps(one)}\n" for one in pages).encode()
        path.write_bytes(text)
        os.utime(path, (0, crc32(text)))  # so that files of the same content are the same file to a checkpoint


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
