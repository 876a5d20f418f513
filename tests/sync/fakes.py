"""A source that tells what a test says, and a destination that remembers what was done to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from alignkit import Policy
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    Look,
    Members,
    Order,
    Page,
    Receipt,
    Result,
    Run,
    Sink,
    Source,
    Standing,
    Submitted,
)
from alignkit.models import Category, Channel, CustomerEvent, Message
from alignkit.models.exchange import Quarantined, Ref
from alignkit.testing.store.stories import issue
from alignkit.transport import Flow, call

PAGE = 2


class FakeSource(Source):
    """Gives lists of events, two a page, and objects by id; what it was asked stands in `asked`.

    Attributes:
        told: the events of each stream, oldest first; more may be added between runs.
        by_id: what a fetch of an object finds; an object that is missing here cannot be seen.
        failures: errors to be raised, one for each read, before reading goes on.
        hook: called with the name of every request, before it is answered.
    """

    type = "fake"
    streams: ClassVar[tuple[str, ...]] = ("users", "issues")
    capabilities = frozenset({Capability.INCREMENTAL, Capability.FETCH})

    def __init__(self, name: str = "desk", *, hook: Callable[[str], None] | None = None, version: int = 1) -> None:
        self.name = name
        self.account = None
        self.hook = hook
        self.told: dict[str, list[CustomerEvent]] = {stream: [] for stream in self.streams}
        self.by_id: dict[str, list[CustomerEvent]] = {}
        self.wanted: list[Ref] = []
        self.quarantined: list[Quarantined] = []
        self.gaps: list[str] = []
        self.gaps_by_id: list[str] = []
        self.failures: list[Exception] = []
        self.asked: list[tuple[str, Any]] = []
        self.runs: list[Run] = []
        self.always_more = False
        self.version = version

    @property
    def checkpoint_version(self) -> int:  # type: ignore[override] # a test changes it
        return self.version

    def check(self) -> Flow[Sequence[Finding]]:
        yield from self._ask("check", None)
        return [Finding(is_well=True, subject="credential")]

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        yield from self._ask(stream, None if checkpoint is None else dict(checkpoint))
        self.runs.append(run)
        if self.failures:
            raise self.failures.pop(0)
        start = int((checkpoint or {"after": 0})["after"])  # type: ignore[arg-type] # our own checkpoint
        events = self.told[stream][start : start + PAGE]
        after = start + len(events)
        more = self.always_more or after < len(self.told[stream])
        is_last = stream == self.streams[-1] and not more
        return Page(
            events,
            {"after": after},
            more,
            quarantined=self.quarantined if is_last else (),
            wanted=self.wanted if is_last else (),
            gaps=self.gaps if is_last else (),
        )

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        yield from self._ask("fetch", sorted(ref.id for ref in refs))
        seen = [ref for ref in refs if ref.id in self.by_id]
        return Fetched([event for ref in seen for event in self.by_id[ref.id]], seen, gaps=self.gaps_by_id)

    def _ask(self, name: str, what: Any) -> Flow[None]:
        yield from call(self._note, name, what)

    def _note(self, name: str, what: Any) -> None:
        if self.hook is not None:
            self.hook(name)
        self.asked.append((name, what))


@dataclass
class Member:
    """Somebody at the fake destination: `held_by` is empty, `us` or a colleague's name."""

    held_by: str = ""
    is_silent: bool = False
    preferences: dict[str, Any] = field(default_factory=dict[str, Any])


class FakeSink(Sink):
    """Keeps its members in memory, or in a file so that they survive a killed process.

    A hold overwrites a member's preferences, so that only the snapshot can bring them back.

    Attributes:
        results: what to answer for an address in place of doing it.
        jobs: submitted batches, where `works_by_itself`; they are carried out when `finish` is called.
        calls: every change that was asked for, as (direction, address).
    """

    type = "fake_sink"
    capabilities = frozenset({Capability.HOLD, Capability.RELEASE, Capability.READ_BACK})
    batch_size: ClassVar[int] = 2

    def __init__(
        self, *addresses: str, name: str = "list", file: Path | None = None, hook: Callable[[str], None] | None = None
    ) -> None:
        self.name = name
        self.account = None
        self.file = file
        self.hook = hook
        self.lists = True
        self.people: dict[str, Member] = {}
        if file is not None and file.exists():
            self.people = {one: Member(**known) for one, known in json.loads(file.read_text("utf-8")).items()}
        else:
            self.people = {one: Member(preferences={"digest": number}) for number, one in enumerate(addresses)}
            self._save()
        self.results: dict[str, Result] = {}
        self.works_by_itself = False
        self.jobs: dict[str, tuple[str, Sequence[Order]]] = {}
        self.done: dict[str, Sequence[Receipt]] = {}
        self.calls: list[tuple[str, str]] = []
        self.repeats_its_cursor = False

    @property
    def lists_members(self) -> bool:  # type: ignore[override] # a test changes it
        return self.lists

    @property
    def held(self) -> set[str]:
        """Whom we hold."""
        return {address for address, member in self.people.items() if member.held_by == "us"}

    def check(self) -> Flow[Sequence[Finding]]:
        yield from call(self._ask, "check")
        return [Finding(is_well=True, subject="credential")]

    def members(self, cursor: str | None) -> Flow[Members]:
        yield from call(self._ask, "members")
        start = int(cursor or 0)
        names = list(self.people)
        following = None if start + 3 >= len(names) else str(start + 3)
        return Members(names[start : start + 3], "0" if self.repeats_its_cursor else following)

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        yield from call(self._ask, "look")
        return {one: self._look(self.people[one]) for one in addresses if one in self.people}

    @staticmethod
    def _look(member: Member) -> Look:
        if member.held_by:
            return Look(Standing.HELD, dict(member.preferences))
        return Look(Standing.SILENT if member.is_silent else Standing.FREE, dict(member.preferences))

    def hold(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt] | Submitted]:
        return (yield from call(self._take, "hold", orders))

    def release(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt] | Submitted]:
        return (yield from call(self._take, "release", orders))

    def poll(self, handle: str) -> Flow[Sequence[Receipt] | None]:
        yield from call(self._ask, "poll")
        return self.done.get(handle)

    def finish(self) -> None:
        """Lets the destination carry out what was submitted."""
        for handle, (direction, orders) in self.jobs.items():
            self.done[handle] = [self._carry_out(direction, order) for order in orders]
        self.jobs.clear()

    def _take(self, direction: str, orders: Sequence[Order]) -> Sequence[Receipt] | Submitted:
        self._ask(f"before {direction}")
        self.calls += [(direction, order.address) for order in orders]
        if self.works_by_itself:
            handle = f"job-{len(self.jobs) + len(self.done)}"
            self.jobs[handle] = (direction, orders)
            return Submitted(handle)
        receipts = [self._carry_out(direction, order) for order in orders]
        self._save()
        self._ask(f"after {direction}")
        return receipts

    def _carry_out(self, direction: str, order: Order) -> Receipt:
        if order.address in self.results:
            result = self.results[order.address]
            return Receipt(order.address, result, "no means no" if result is Result.REJECTED else "")
        member = self.people.get(order.address)
        if member is None:
            return Receipt(order.address, Result.ABSENT)
        if direction == "hold":
            assert member.held_by in ("", "us"), "a colleague's hold was touched"
            assert not member.is_silent, "somebody who was silent was touched"
            member.held_by, member.preferences = "us", {"held": order.reason}
        elif member.held_by:
            assert member.held_by == "us", "a colleague's hold was lifted"
            member.held_by, member.preferences = "", dict(order.snapshot)
        elif not member.preferences:
            member.preferences = dict(order.snapshot)  # an earlier release had ended half-way
        return Receipt(order.address, Result.CONFIRMED)

    def _ask(self, name: str) -> None:
        if self.hook is not None:
            self.hook(name)

    def _save(self) -> None:
        if self.file is not None:
            fresh = self.file.with_suffix(".new")
            fresh.write_text(json.dumps({one: vars(member) for one, member in self.people.items()}), "utf-8")
            fresh.replace(self.file)


class TellingSink(FakeSink):
    """A destination that shows why somebody is held, and until when, in `told`."""

    capabilities = FakeSink.capabilities | {Capability.AMEND}

    def __init__(self, *addresses: str, **given: Any) -> None:
        super().__init__(*addresses, **given)
        self.told: dict[str, tuple[str, datetime | None]] = {}
        self.unwilling: set[str] = set()

    def amend(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        return (yield from call(self._amend, orders))

    def _amend(self, orders: Sequence[Order]) -> Sequence[Receipt]:
        self._ask("before amend")
        assert len(orders) <= self.batch_size
        receipts = [self._amend_one(order) for order in orders]
        self._ask("after amend")
        return receipts

    def _amend_one(self, order: Order) -> Receipt:
        if order.address not in self.held:
            return Receipt(order.address, Result.ABSENT)
        if order.address in self.unwilling:
            return Receipt(order.address, Result.RETRY)
        self.told[order.address] = (order.reason, order.until)
        return Receipt(order.address, Result.CONFIRMED)

    def _carry_out(self, direction: str, order: Order) -> Receipt:
        receipt = super()._carry_out(direction, order)
        if receipt.result is Result.CONFIRMED and direction == "hold":
            self.told[order.address] = (order.reason, order.until)
        elif receipt.result is Result.CONFIRMED:
            self.told.pop(order.address, None)
        return receipt


OFFER = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
RENEWAL = Message(category=Category.RENEWAL, channel=Channel.EMAIL)
STARTER = Policy.starter()


def desk(*issues: CustomerEvent, **given: Any) -> FakeSource:
    """A helpdesk with these issues."""
    source = FakeSource(**given)
    source.told["issues"] = list(issues)
    return source


def ask(name: str, hours: float = 0, status: str = "open", **fields: Any) -> CustomerEvent:
    """An issue of somebody at `shop.example`, who has one each."""
    return issue(f"of-{name}", hours, status, requester_email=f"{name}@shop.example", **fields)


def address(name: str) -> str:
    return f"{name}@shop.example"


def audience(*names: str, **given: Any) -> FakeSink:
    """A list with these people at `shop.example`."""
    return FakeSink(*(address(name) for name in names), **given)
