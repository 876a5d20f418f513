"""Holds the connector for Bell to the kit, as a plugin's author would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import ConnectorTests, Expected, Records
from alignkit_hostile.bell import Bell
from alignkit_hostile.bell_service import LARGE, BellService


class TestBell(ConnectorTests[BellService]):
    expected = Expected(
        issues={
            "11": IssueStatus.OPEN,
            "12": IssueStatus.WAITING_ON_CUSTOMER,
            "13": IssueStatus.RESOLVED,
            "14": IssueStatus.OPEN,
            str(LARGE): IssueStatus.OPEN,
        },
        people=frozenset({"ada@example.com", "bob@example.com", "cy@example.com"}),
    )
    records: ClassVar[Sequence[Records]] = (
        Records("contact", "/people", ("people",)),
        Records("issue", "/tickets", ("tickets",), required=frozenset({"id", "opened", "changed"}), status="status"),
        Records("issue", "/tickets/[0-9]+", required=frozenset({"id", "opened", "changed"}), status="status"),
    )

    not_applicable: ClassVar[Mapping[str, str]] = {
        "4": "the cursor names the row, not a moment",
        "5": "Bell shows each row as soon as it is stamped",
        "10": "a walk through Bell has no end but the last row",
        "11": "a cursor of Bell is good for ever",
        "13": "the kit's sheet of Bell shows it",
        "35": "the kit's sheet of Bell shows it",
        "38": "the token is one that does not end",
        "x3": "every Bell has the same plan",
        "x5": "a token sees all of Bell",
    }

    def service(self) -> BellService:
        return BellService(self.secret)

    def connector(self, service: BellService) -> Bell:
        return Bell("https://bell.example.com", self.secret)

    def change(self, service: BellService) -> None:
        service.change(11, status="done")
        service.open(15)

    def delete(self, service: BellService) -> str:
        service.change(11, status="deleted")
        return "11"

    def merge(self, service: BellService) -> tuple[str, str]:
        service.change(11, merged_into=14)
        return "11", "14"

    def restate(self, service: BellService, status: str) -> str:
        service.change(11, status=status)
        return "11"

    def notes(self, service: BellService, issue_id: str) -> Sequence[str]:
        return service.notes.get(issue_id, [])

    def tags(self, service: BellService, issue_id: str) -> Sequence[str]:
        return service.tags.get(issue_id, ["vip"])
