"""Taps' output and streams of messages pass the conformance kit, as every connector does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

from alignkit.connectors.records import Shape
from alignkit.interchange import Segment, Singer
from alignkit.interchange.segment import WHO
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import ConnectorTests, Edit, Expected, FakeService, Records
from alignkit.transport import Request, Response

from .shop import PEOPLE, TICKETS, record, schema, state, ticket, write

LARGE = 2**53 + 1
EXPECTED = Expected(
    issues={
        "7": IssueStatus.OPEN,
        "8": IssueStatus.OPEN,
        "9": IssueStatus.RESOLVED,
        str(LARGE): IssueStatus.OPEN,
    },
    people=frozenset({"ada@example.com", "bob@example.com"}),
)
LATER = "2026-03-03T09:00:00Z"
OF_FILES: Mapping[str, str] = {
    "4": "lines of a file are counted, whatever their times",
    "5": "a file has all its lines when it is read",
    "6": "a file is written before it is read; what is added is read by the next run",
    "10": "a file is read to its last line",
    "11": "the place in a file is a number of bytes; a file that was replaced is read anew and told",
    "12": "each step through a file begins where the one before has ended",
    "13": "an empty line is one line of many",
    "15": "the lines of a file stay where they are",
    "17": "a file has no answer that could be an error",
    "30": "what merges mean is for the shape to say",
    "31": "a file holds what there is; nothing is looked for by id",
    "37": "a file sets no limit",
    "38": "a file asks for no token",
    "40": "nothing is written to what others wrote",
    "x3": "a file has what was written to it",
    "x5": "a file shows all of itself to whoever may read it",
}


@dataclass
class Folder:
    """Files instead of a service: nobody may send it anything."""

    path: Path

    def handle(self, request: Request) -> Response:
        unexpected(request)

    def files(self) -> Iterator[tuple[Path, list[Any]]]:
        for file in sorted(self.path.iterdir()):
            yield file, [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def add(self, *messages: object) -> None:
        write(self.path / f"{len(list(self.path.iterdir()))}.jsonl", messages)

    def change(self, edit: Callable[[Any], Any]) -> None:
        for file, messages in self.files():
            write(file, [edit(message) for message in messages])


def unexpected(_request: Request) -> NoReturn:
    raise AssertionError("a connector for files sent a request")


class FolderTests(ConnectorTests[Folder]):
    """What both have in common."""

    __test__ = False
    expected: ClassVar[Expected] = EXPECTED
    records: ClassVar[Sequence[Records]] = (
        Records("issue", "", required=frozenset({"id", "created"}), status="state"),
        Records("contact", "", required=frozenset({"id"})),
    )
    not_applicable: ClassVar[Mapping[str, str]] = OF_FILES
    meanings: ClassVar[Mapping[str, IssueStatus]] = {"open": IssueStatus.OPEN, "done": IssueStatus.RESOLVED}

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def service(self) -> Folder:
        folder = Folder(self.root / str(len(list(self.root.iterdir()))))
        folder.path.mkdir()
        self.fill(folder)
        return folder

    def fill(self, folder: Folder) -> None:
        raise NotImplementedError


class TestSinger(FolderTests):
    __test__ = True
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {"35": "test_a_ticket_of_nobody_is_kept_and_counted"}

    def test_a_ticket_of_nobody_is_kept_and_counted(self) -> None:
        service = self.service()
        service.add(record("tickets", ticket(11, customer=None)))
        trial = self.trial(service)
        trial.pull()
        assert "11" in trial.state.issues
        assert trial.store.counts()["issues_without_customer"] == 1

    def fill(self, folder: Folder) -> None:
        folder.add(schema("people", "id", "mail"), record("people", {"id": 1, "mail": "ada@example.com"}))
        folder.add(record("people", {"id": 2, "mail": "bob@example.com"}), record("tickets", ticket(7)))
        folder.add(record("tickets", ticket(8)), record("tickets", ticket(9, state="done")), state({"last": 9}))
        folder.add(record("tickets", ticket(LARGE, customer=2)))

    def connector(self, service: Folder) -> Singer:
        return Singer(service.path, streams={"tickets": TICKETS, "people": PEOPLE})

    def edited(self, service: Folder, edit: Edit) -> FakeService:
        issue, contact = self.records
        kinds = {"tickets": issue, "people": contact}

        def changed(message: Any) -> Any:
            if message["type"] != "RECORD":
                return message
            return message | {"record": edit(kinds[message["stream"]], message["record"])}

        service.change(changed)
        return service

    def change(self, service: Folder) -> None:
        service.add(record("tickets", ticket(8, state="done", changed=LATER)), record("tickets", ticket(10)))

    def restate(self, service: Folder, status: str) -> str | None:
        service.add(record("tickets", ticket(7, state=status, changed=LATER)))
        return "7"


COMPLAINT = Shape(
    model=Issue,
    places={
        "id": ("properties", "id"),
        "status": ("properties", "state"),
        "created_at": ("properties", "created"),
        "remote_updated_at": ("properties", "changed"),
        "requester_id": WHO,
    },
    statuses=TICKETS.statuses,
)


def complaint(number: int, **changes: Any) -> dict[str, Any]:
    told = ticket(number, **changes)
    return {"type": "track", "event": "Ticket Changed", "userId": str(told["customer"]), "properties": told}


def person(number: int, mail: str) -> dict[str, Any]:
    return {"type": "identify", "userId": str(number), "timestamp": "2026-03-01T09:00:00Z", "traits": {"email": mail}}


class TestSegment(FolderTests):
    __test__ = True
    not_applicable: ClassVar[Mapping[str, str]] = {**OF_FILES, "35": "every message names who did it, by an id"}
    records: ClassVar[Sequence[Records]] = (
        Records("issue", "", required=frozenset({"id", "created"}), status="state"),
        Records("contact", "", required=frozenset({"id"})),
    )

    def fill(self, folder: Folder) -> None:
        folder.add(person(1, "ada@example.com"))
        folder.add({"batch": [person(2, "bob@example.com"), complaint(7)]})
        folder.add(complaint(8), complaint(9, state="done"))
        folder.add(complaint(LARGE, customer=2))

    def connector(self, service: Folder) -> Segment:
        return Segment(service.path, track={"Ticket Changed": COMPLAINT})

    def edited(self, service: Folder, edit: Edit) -> FakeService:
        issue, contact = self.records

        def changed(message: Any) -> Any:
            if "batch" in message:
                return message | {"batch": [changed(one) for one in message["batch"]]}
            if message["type"] == "track":
                return message | {"properties": edit(issue, message["properties"])}
            told = edit(contact, {"id": message["userId"], **message["traits"]})
            if not isinstance(told, dict):
                return message | {"traits": told, "userId": None}
            return message | {"traits": told, "userId": told.get("id")}

        service.change(changed)
        return service

    def change(self, service: Folder) -> None:
        service.add(complaint(8, state="done", changed=LATER), complaint(10))

    def restate(self, service: Folder, status: str) -> str | None:
        service.add(complaint(7, state=status, changed=LATER))
        return "7"
