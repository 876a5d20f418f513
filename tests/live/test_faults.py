"""A desk behind a failing line is read to its end: nothing is lost, nothing is counted or written twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alignkit import MemoryStore, Sync
from alignkit.connectors import RequestTracker
from alignkit.connectors.base import NewIssue
from alignkit.errors import ServiceUnreachable, TryAgainLater
from alignkit.stores import Store
from alignkit.transport import HttpClient

from .admin import READING_RIGHTS, USER_CHANGES_RIGHT, RequestTrackerAdmin
from .conftest import running
from .faults import Fault, FaultProxy, Plan, RateLimitedProxy, sound
from .servers import RequestTrackerServer

TICKETS = 102
CAMPAIGN = "win-back"
STRIKES = 3
"""How many answers fail in a run that shall come through all the same."""

HISTORY = {"status_since", "first_active_at", "waiting_since", "reopened_at", "reopened_count", "initiated_by"}
"""Who read a ticket while it was open knows more of it than who first meets it when it is over."""
PATIENCE = 4.0
"""Seconds without a byte after which the client gives an answer up."""


@dataclass
class Line:
    """A desk, the proxy through which it is read, and what a reader brings."""

    desk: RequestTrackerAdmin
    proxy: FaultProxy
    token: str
    client: HttpClient

    @property
    def source(self) -> RequestTracker:
        return RequestTracker(base_url=self.proxy.url, token=self.token, outbound_queues=[CAMPAIGN])

    def pull(self, store: Store, plan: Plan = sound) -> None:
        self.proxy.plan = plan
        result = Sync(store, send=self.client.send).pull(self.source)
        assert result.is_complete
        assert (result.quarantined, result.waiting, result.gaps) == (0, 0, ())

    def truth(self) -> set[str]:
        """Everything that is there, read in one go over a sound line."""
        store = MemoryStore()
        self.pull(store)
        return told(store)


def told(store: Store) -> set[str]:
    """What a store holds: each thing with what the desk says of it now, less what it takes a history to know."""
    issues = {issue.model_dump_json(exclude=HISTORY) for issue in store.issues()}
    people = {" ".join(sorted(customer.identifiers)) for customer in store.customers()}
    return issues | people


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Line]:
    with FaultProxy() as proxy, HttpClient(timeout=PATIENCE) as client:
        server = RequestTrackerServer(tmp_path_factory.mktemp("faults"), web_base_url=proxy.url)
        with running(server, pytestconfig):
            proxy.upstream = server.url
            desk = RequestTrackerAdmin(server)
            token = desk.add_integration("alignkit", *READING_RIGHTS, USER_CHANGES_RIGHT, "CreateTicket")
            desk.add_queue(CAMPAIGN)
            for number in range(TICKETS):
                desk.file_ticket(f"ticket {number}", requestors=[f"customer{number}@example.test"])
            for number in range(3):
                desk.file_ticket(f"offer {number}", requestors=[f"customer{number}@example.test"], queue=CAMPAIGN)
            yield Line(desk, proxy, token, client)


def every_fourth(fault: Fault) -> Plan:
    return lambda number: fault if number % 4 == 1 and number < 4 * STRIKES else None


def dead_from(start: int, fault: Fault) -> Plan:
    return lambda number: fault if number >= start else None


def first(fault: Fault) -> Plan:
    return lambda number: fault if number == 0 else None


def test_the_links_of_the_desk_name_the_proxy(line: Line) -> None:
    ticket = line.desk.rest.get("/ticket/1").expect(200)
    assert all(link["_url"].startswith(line.proxy.url) for link in ticket.body["_hyperlinks"])


@pytest.mark.parametrize("fault", list(Fault))
def test_one_run_reads_everything_although_every_fourth_answer_fails(line: Line, fault: Fault) -> None:
    store = MemoryStore()
    line.pull(store, every_fourth(fault))
    assert line.proxy.struck == [fault] * STRIKES
    assert told(store) == line.truth()


@pytest.mark.parametrize(("start", "fault"), [(0, Fault.REFUSED), (6, Fault.CUT), (10, Fault.LOST)])
def test_a_run_that_the_line_ends_goes_on_where_it_was(line: Line, start: int, fault: Fault) -> None:
    store = MemoryStore()
    with pytest.raises(TryAgainLater):
        line.pull(store, dead_from(start, fault))
    line.desk.set_status(start + 1, "resolved")
    line.desk.file_ticket("filed while the line was down", requestors=[f"late{start}@example.test"])
    line.pull(store)
    assert told(store) == line.truth()
    assert store.counts()["issues"] == len(list(store.issues()))


def test_faults_of_all_kinds_at_random_cost_nothing(line: Line) -> None:
    dice = random.Random(20260304)
    kinds = [fault for fault in Fault if fault is not Fault.SLOW]
    store = MemoryStore()
    for _ in range(10):
        try:
            line.pull(store, lambda _number: dice.choice(kinds) if dice.random() < 0.3 else None)
        except TryAgainLater:
            continue
        break
    assert told(store) == line.truth()


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.CUT, Fault.DOWN, Fault.REFUSED])
def test_a_ticket_whose_answer_never_came_is_not_filed_twice(line: Line, fault: Fault) -> None:
    subject = f"complaint {fault.name}"
    issue = NewIssue(subject, "It broke.", "mia@example.test")
    line.proxy.plan = first(fault)
    with pytest.raises(ServiceUnreachable):
        Sync(MemoryStore(), send=line.client.send).create_issue(line.source, issue)
    was_done = fault in (Fault.LOST, Fault.CUT)
    assert len(line.desk.search(f"Subject = '{subject}'")) == (1 if was_done else 0)


def test_a_ticket_that_the_desk_had_no_time_for_is_filed_once_it_has(line: Line) -> None:
    line.proxy.plan = first(Fault.TOO_MANY)
    issue = NewIssue("complaint, later", "It broke.", "mia@example.test")
    number = Sync(MemoryStore(), send=line.client.send).create_issue(line.source, issue)
    assert line.desk.search("Subject = 'complaint, later'") == [int(number)]


def test_a_real_rate_limit_is_waited_for(line: Line, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    proxy = RateLimitedProxy(tmp_path / "nginx", line.desk.url, rate=3)
    with running(proxy, pytestconfig):
        store = MemoryStore()
        result = Sync(store).pull(RequestTracker(base_url=proxy.url, token=line.token))
        assert result.is_complete
        assert proxy.refused > 0
        assert {int(issue.id) for issue in store.issues()} == set(every_ticket(line.desk))


def every_ticket(desk: RequestTrackerAdmin) -> list[int]:
    found: list[int] = []
    while page := desk.search(f"id > {max(found, default=0)}"):
        found += page
    return found
