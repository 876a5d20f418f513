"""The Request Tracker connector reads a real Request Tracker 5 as it claims to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from alignkit.connectors.base import Finding, NewIssue, Run
from alignkit.connectors.request_tracker import RequestTracker
from alignkit.errors import CredentialsRejected
from alignkit.models.events import ContactChanged, CustomerEvent, IssueChanged, IssueRemoved
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Initiator, IssueStatus
from alignkit.transport import Flow, HttpClient, run

from .admin import READING_RIGHTS, USER_CHANGES_RIGHT, RequestTrackerAdmin
from .servers import RequestTrackerServer, wait_until

T = TypeVar("T")
NUMBERS = count(1)
RUN = Run(now=datetime.now(UTC))
Stored = Mapping[str, Any] | None


@pytest.fixture
def tag() -> str:
    """A word that no other test uses, so that tests share a server without seeing each other."""
    return f"c{next(NUMBERS)}"


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient() as opened:
        yield opened


class Desk:
    """One connector and what a store would keep of its reading."""

    def __init__(self, source: RequestTracker, client: HttpClient) -> None:
        self.source = source
        self.stored: dict[str, Stored] = {}
        self._client = client

    def do(self, flow: Flow[T]) -> T:
        assert self.source.account is not None
        return run(self.source.account.attend(flow), self._client.send)

    def read(self, stream: str = "tickets", since: datetime | None = None) -> list[CustomerEvent]:
        events: list[CustomerEvent] = []
        for _ in range(100):
            page = self.do(self.source.read(stream, self.stored.get(stream), Run(now=RUN.now, since=since)))
            self.stored[stream] = json.loads(json.dumps(page.checkpoint))
            events += page.events
            assert list(page.quarantined) == []
            if not page.more:
                return events
        raise AssertionError("the stream does not end")

    def fetch(self, *refs: Ref) -> tuple[Sequence[CustomerEvent], Sequence[Ref]]:
        found = self.do(self.source.fetch(refs, RUN))
        return found.events, found.done

    def unwell(self) -> dict[str, str]:
        findings: Sequence[Finding] = self.do(self.source.check())
        return {finding.subject: finding.remedy for finding in findings if not finding.is_well}


def desk(rt: RequestTrackerAdmin, client: HttpClient, token: str | None = None, **given: Any) -> Desk:
    return Desk(RequestTracker(rt.url, token=token or rt.server.token(), **given), client)


def issues(events: Sequence[CustomerEvent]) -> dict[int, Issue]:
    return {int(event.subject): event.data for event in events if isinstance(event, IssueChanged)}


def removals(events: Sequence[CustomerEvent]) -> dict[int, tuple[str, str | None]]:
    found = (event.data for event in events if isinstance(event, IssueRemoved))
    return {int(removal.id): (removal.reason, removal.merged_into) for removal in found}


def contacts(events: Sequence[CustomerEvent]) -> dict[int, ContactChanged]:
    return {int(event.subject): event for event in events if isinstance(event, ContactChanged)}


def issue_refs(*numbers: int) -> list[Ref]:
    return [Ref("issue", str(number)) for number in numbers]


def next_second() -> None:
    """Waits for the service's clock, which counts whole seconds, to move on."""
    now = int(time.time())
    assert wait_until(lambda: int(time.time()) > now, 5)


# --- tickets ----------------------------------------------------------------------------------------------


def test_a_customers_mail_and_a_call_filed_by_an_agent_are_both_read(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    rt.add_agent(f"{tag}-agnes")
    mailed = rt.receive_mail(f"{tag}.ada@example.test", tag)
    called = rt.file_ticket(tag, requestors=[f"{tag}.bob@example.test"], author=rt.as_user(f"{tag}-agnes"))
    helpdesk = desk(rt, client)
    found = issues(helpdesk.read())
    assert found[mailed].requester_email == f"{tag}.ada@example.test"
    assert (found[mailed].initiated_by, found[mailed].customer_wrote) == (Initiator.CUSTOMER, True)
    assert (found[called].initiated_by, found[called].customer_wrote) == (None, None)
    told = issues(helpdesk.fetch(*issue_refs(called))[0])[called]
    assert (told.initiated_by, told.customer_wrote) == (Initiator.AGENT, None)
    assert told.requester_email == f"{tag}.bob@example.test"


def test_statuses_of_any_lifecycle_are_read_by_their_class(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    rt.add_queue(tag, lifecycle="returns")
    expected: dict[int, IssueStatus] = {}
    for queue, status, meaning in (
        ("General", "new", IssueStatus.NEW),
        ("General", "open", IssueStatus.OPEN),
        ("General", "stalled", IssueStatus.WAITING_ON_CUSTOMER),
        ("General", "resolved", IssueStatus.RESOLVED),
        ("General", "rejected", IssueStatus.CANCELLED),
        (tag, "announced", IssueStatus.OPEN),
        (tag, "inspected", IssueStatus.OPEN),
        (tag, "refunded", IssueStatus.RESOLVED),
    ):
        number = rt.file_ticket(tag, requestors=[f"{tag}@example.test"], queue=queue)
        if rt.ticket(number)["Status"] != status:
            rt.set_status(number, status)
        expected[number] = meaning
    found = issues(desk(rt, client).read())
    assert {number: found[number].status for number in expected} == expected


def test_a_second_read_brings_changes_and_merges_and_not_everything(
    fresh_rt: RequestTrackerAdmin, client: HttpClient
) -> None:
    old = fresh_rt.file_ticket("old", requestors=["old@example.test"])
    token = fresh_rt.add_integration("sync", *READING_RIGHTS)
    helpdesk = desk(fresh_rt, client, token)
    assert list(issues(helpdesk.read())) == [old]
    merged = fresh_rt.file_ticket("one", requestors=["ada@example.test"])
    survivor = fresh_rt.file_ticket("two", requestors=["cy@example.test"])
    helpdesk.read()
    fresh_rt.merge(merged, into=survivor)
    events = helpdesk.read()
    assert removals(events) == {merged: ("merged", str(survivor))}
    assert issues(events)[survivor].requesters == ("email:ada@example.test",)


def test_more_tickets_than_a_page_holds_are_all_read(fresh_rt: RequestTrackerAdmin, client: HttpClient) -> None:
    filed = {fresh_rt.file_ticket("many", requestors=["ada@example.test"]) for _ in range(101)}
    assert set(issues(desk(fresh_rt, client).read())) == filed


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "UTC"])
def test_a_change_is_found_in_whatever_zone_the_reading_user_lives(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str, zone: str
) -> None:
    helpdesk = desk(rt, client, rt.add_integration(f"{tag}-sync", *READING_RIGHTS, timezone=zone))
    number = rt.file_ticket(tag, requestors=[f"{tag}@example.test"])
    helpdesk.read(since=datetime.now(UTC))
    next_second()
    rt.set_status(number, "resolved")
    assert issues(helpdesk.read())[number].status is IssueStatus.RESOLVED


def test_a_service_behind_another_name_is_read_under_that_name(
    tmp_path: Path, rt: RequestTrackerAdmin, client: HttpClient
) -> None:
    # The shared server is asked for only so that this test skips with the others.
    assert rt.server.port
    with RequestTrackerServer(tmp_path, web_base_url="http://desk.example.test") as server:
        admin = RequestTrackerAdmin(server)
        for number in range(101):
            admin.file_ticket(f"ticket {number}", requestors=["ada@example.test"])
        assert len(issues(desk(admin, client).read())) == 101


# --- by id ------------------------------------------------------------------------------------------------


def test_merged_deleted_and_unknown_ids_are_told_apart(rt: RequestTrackerAdmin, client: HttpClient, tag: str) -> None:
    merged, survivor, deleted = (rt.file_ticket(tag, requestors=[f"{tag}@example.test"]) for _ in range(3))
    rt.merge(merged, into=survivor)
    rt.delete(deleted)
    refs = issue_refs(merged, deleted, 999_999)
    events, done = desk(rt, client).fetch(*refs)
    assert removals(events) == {
        merged: ("merged", str(survivor)),
        deleted: ("deleted", None),
        999_999: ("not_found", None),
    }
    assert list(issues(events)) == [survivor]
    assert list(done) == refs


def test_a_ticket_that_the_reader_may_not_see_is_not_taken_for_gone(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    number = rt.file_ticket(tag, requestors=[f"{tag}@example.test"])
    blind = desk(rt, client, rt.add_integration(f"{tag}-sync"))
    assert blind.fetch(*issue_refs(number)) == ([], [])


def test_a_campaign_ticket_counts_as_soon_as_the_customer_answers(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    rt.add_queue(tag)
    number = rt.file_ticket(tag, requestors=[f"{tag}@example.test"], queue=tag)
    rt.correspond(number, "We miss you.")
    helpdesk = desk(rt, client, rt.add_integration(f"{tag}-sync", *READING_RIGHTS), outbound_queues=[tag])
    silent = issues(helpdesk.fetch(*issue_refs(number))[0])[number]
    assert (silent.initiated_by, silent.customer_wrote) == (Initiator.CAMPAIGN, False)
    rt.receive_mail(f"{tag}@example.test", tag, queue=tag, reply_to=number)
    answered = issues(helpdesk.fetch(*issue_refs(number))[0])[number]
    assert (answered.initiated_by, answered.customer_wrote) == (Initiator.AGENT, True)


# --- people -----------------------------------------------------------------------------------------------


def test_changed_and_new_users_are_read_and_staff_is_told_by_id(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    agent = rt.add_user(f"{tag}-agnes", email=f"{tag}.agnes@example.test", privileged=True)
    old = rt.add_user(f"{tag}-ada", email=f"{tag}.ada@example.test")
    helpdesk = desk(rt, client, rt.add_integration(f"{tag}-sync", *READING_RIGHTS, USER_CHANGES_RIGHT))
    first = contacts(helpdesk.read("users"))
    assert first[old].data.emails == (f"{tag}.ada@example.test",)
    rt.change_user(f"{tag}-ada", EmailAddress=f"{tag}.moved@example.test")
    new = rt.add_user(f"{tag}-cy", email=f"{tag}.cy@example.test")
    second = contacts(helpdesk.read("users"))
    assert second[old].data.emails == (f"{tag}.moved@example.test",)
    assert new in second
    told = contacts(helpdesk.fetch(Ref("contact", str(agent)), Ref("contact", str(old)))[0])
    assert (told[agent].data.is_staff, told[old].data.is_staff) == (True, False)


def test_a_reader_without_rights_over_users_still_finds_new_ones(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    old = rt.add_user(f"{tag}-ada", email=f"{tag}.ada@example.test")
    helpdesk = desk(rt, client, rt.add_integration(f"{tag}-sync", *READING_RIGHTS))
    assert old in contacts(helpdesk.read("users"))
    new = rt.add_user(f"{tag}-cy", email=f"{tag}.cy@example.test")
    assert list(contacts(helpdesk.read("users"))) == [new]


def test_the_requester_of_a_ticket_and_the_user_share_an_id(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    number = rt.receive_mail(f"{tag}@example.test", tag)
    helpdesk = desk(rt, client)
    people = contacts(helpdesk.read("users"))
    requester = issues(helpdesk.read())[number].requester_id
    assert requester is not None
    assert people[int(requester)].data.emails == (f"{tag}@example.test",)


# --- writes and checks ------------------------------------------------------------------------------------


def test_a_ticket_is_created_and_a_note_on_it_is_not_mailed_to_the_customer(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    helpdesk = desk(rt, client)
    address = f"{tag}@example.test"
    number = helpdesk.do(helpdesk.source.create_issue(NewIssue(tag, "Please call back.", address)))
    helpdesk.do(helpdesk.source.add_note(number, f"note for {tag} alone"))
    assert issues(helpdesk.read())[int(number)].requester_email == address
    assert f"note for {tag} alone" not in rt.server.outgoing_mail()


def test_a_reader_with_the_documented_rights_has_no_complaint(
    rt: RequestTrackerAdmin, client: HttpClient, tag: str
) -> None:
    rt.receive_mail(f"{tag}@example.test", tag)
    token = rt.add_integration(f"{tag}-sync", *READING_RIGHTS, USER_CHANGES_RIGHT)
    assert desk(rt, client, token).unwell() == {}


def test_missing_rights_and_a_foreign_zone_are_found(rt: RequestTrackerAdmin, client: HttpClient, tag: str) -> None:
    rt.receive_mail(f"{tag}@example.test", tag)
    blind = desk(rt, client, rt.add_integration(f"{tag}-blind")).unwell()
    assert {"tickets", "queues"} <= set(blind)
    token = rt.add_integration(f"{tag}-tokyo", *READING_RIGHTS, timezone="Asia/Tokyo")
    assert {"time zone of the user", "changes of users"} <= set(desk(rt, client, token).unwell())


def test_a_wrong_token_is_refused_in_one_sentence(rt: RequestTrackerAdmin, client: HttpClient) -> None:
    with pytest.raises(CredentialsRejected, match="`token`"):
        desk(rt, client, "1-14-sample-token").read()
