"""`Sync` and `AsyncSync` write to a helpdesk what it can take, and refuse the rest by its name."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from alignkit import AsyncSync, Sync
from alignkit.connectors.base import Capability, NewIssue
from alignkit.errors import DataInvalid
from alignkit.stores import MemoryStore
from alignkit.transport import Flow, call

from .fakes import FakeSource

ISSUE = NewIssue("A call", "The saw does not start.", "ada@shop.example")


class Desk(FakeSource):
    """Keeps what is written to it."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.WRITE_ISSUE, Capability.WRITE_NOTE, Capability.WRITE_TAG}
    )

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[str, ...]] = []

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        yield from call(self.written.append, (issue.subject,))
        return "17"

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        yield from call(self.written.append, (issue_id, text))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        yield from call(self.written.append, (issue_id, tag))


WRITTEN = [("A call",), ("17", "He calls again tomorrow."), ("17", "phone")]


def test_issues_notes_and_tags_are_written() -> None:
    desk = Desk()
    with MemoryStore() as store:
        sync = Sync(store)
        assert sync.create_issue(desk, ISSUE) == "17"
        sync.add_note(desk, "17", "He calls again tomorrow.")
        sync.add_tag(desk, "17", "phone")
    assert desk.written == WRITTEN


def test_they_are_written_in_an_event_loop() -> None:
    desk = Desk()

    async def write(store: MemoryStore) -> None:
        sync = AsyncSync(store)
        assert await sync.create_issue(desk, ISSUE) == "17"
        await sync.add_note(desk, "17", "He calls again tomorrow.")
        await sync.add_tag(desk, "17", "phone")

    with MemoryStore() as store:
        asyncio.run(write(store))
    assert desk.written == WRITTEN


def test_what_a_helpdesk_cannot_take_is_refused_by_its_name() -> None:
    desk = FakeSource()
    with MemoryStore() as store:
        sync = Sync(store)
        with pytest.raises(DataInvalid, match="cannot do `write_issue`"):
            sync.create_issue(desk, ISSUE)
        with pytest.raises(DataInvalid, match="cannot do `write_note`"):
            sync.add_note(desk, "17", "x")
        with pytest.raises(DataInvalid, match="cannot do `write_tag`"):
            sync.add_tag(desk, "17", "x")
