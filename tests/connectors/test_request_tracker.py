"""The Request Tracker connector loses nothing, reads nothing into a ticket that is not there, and fails closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.connectors.base import Finding, NewIssue, Page, Run
from alignkit.connectors.request_tracker import RequestTracker
from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    DataInvalid,
    PagingStuck,
    PermissionMissing,
    RequestRefused,
    ResponseInvalid,
    ServiceUnreachable,
    SettingsError,
)
from alignkit.models.events import ContactChanged, CustomerEvent, IssueChanged, IssueRemoved
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Initiator, IssueStatus, Priority
from alignkit.transport import Request, Response

from .driving import LASTING, PASSING, Send, breaking, drive
from .fake_request_tracker import ACTIVE, INACTIVE, START, FakeRequestTracker, FakeTicket

RUN = Run(now=datetime(2026, 3, 3, tzinfo=UTC))
API = "https://desk.example.com/REST/2.0"
RECORDED = Path(__file__).parents[1] / "recorded" / "request_tracker"
Stored = Mapping[str, Any] | None


def connector(**given: Any) -> RequestTracker:
    return RequestTracker("https://desk.example.com", token="sample-token", **given)


@pytest.fixture
def desk() -> FakeRequestTracker:
    return FakeRequestTracker()


def pages(source: RequestTracker, stream: str, send: Send, stored: Stored = None, run: Run = RUN) -> Iterator[Page]:
    """The pages of one run, every checkpoint taken through JSON as a store does."""
    for _ in range(1_000):
        page = drive(source, source.read(stream, stored, run), send)
        stored = json.loads(json.dumps(page.checkpoint))
        yield page
        if not page.more:
            return
    raise AssertionError("the stream does not end")


def read(
    source: RequestTracker, stream: str, send: Send, stored: Stored = None, run: Run = RUN
) -> tuple[list[CustomerEvent], Stored]:
    events: list[CustomerEvent] = []
    for page in pages(source, stream, send, stored, run):
        events += page.events
        stored = page.checkpoint
    return events, stored


def issues(events: Sequence[CustomerEvent]) -> dict[str, Issue]:
    return {event.data.id: event.data for event in events if isinstance(event, IssueChanged)}


def issue(desk: FakeRequestTracker, ticket: FakeTicket, source: RequestTracker | None = None) -> Issue:
    events, _ = read(source or connector(), "tickets", desk.send)
    return issues(events)[str(ticket.id)]


def fetched(
    desk: FakeRequestTracker, *ids: int, kind: str = "issue", source: RequestTracker | None = None
) -> tuple[Sequence[CustomerEvent], Sequence[Ref]]:
    reader = source or connector()
    found = drive(reader, reader.fetch([Ref(kind, str(one)) for one in ids], RUN), desk.send)
    return found.events, found.done


def searches(desk: FakeRequestTracker) -> list[str]:
    return [dict(request.params)["query"] for request in desk.requests if request.url.endswith("/tickets")]


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token": "sample-token", "username": "sync", "password": "sample-password"},
        {"username": "sync"},
        {"token": "sample-token", "password": "sample-password"},
    ],
)
def test_anything_but_one_whole_credential_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="either `token`, or `username` and `password`"):
        RequestTracker("https://desk.example.com", **given)  # type: ignore[arg-type]  # what a settings file may hold


def test_an_unknown_status_in_the_settings_is_named_and_no_secret_is_shown() -> None:
    with pytest.raises(SettingsError, match=r"statuses.parked") as caught:
        connector(statuses={"parked": "sleeping"})
    assert "sample-token" not in str(caught.value)


def test_a_user_name_and_password_serve_as_well_as_a_token(desk: FakeRequestTracker) -> None:
    source = RequestTracker("https://desk.example.com", username="sync", password="sample-password")
    sent: list[str] = []

    def send(request: Request) -> Response:
        sent.append(request.headers["Authorization"])
        return desk.answer(200, {"items": [], "total": 0})

    drive(source, source.read("users", None, RUN), send)
    assert sent[0].startswith("Basic ")


def test_a_refused_credential_says_which_setting_to_check(desk: FakeRequestTracker) -> None:
    source = RequestTracker("https://desk.example.com", token="sample-old-token")
    with pytest.raises(CredentialsRejected, match="`token`") as caught:
        read(source, "tickets", desk.send)
    assert "sample-old-token" not in str(caught.value)


# --- the walk through tickets -----------------------------------------------------------------------------


def test_every_ticket_is_read_once_over_several_pages(desk: FakeRequestTracker) -> None:
    tickets = [desk.ticket(f"customer{number}@example.test") for number in range(250)]
    events, stored = read(connector(), "tickets", desk.send)
    assert [event.subject for event in events] == [str(ticket.id) for ticket in tickets]
    assert stored == {"mark": "2026-03-02T08:59:30Z"}


def test_what_changed_while_a_walk_rested_is_read_by_the_run_that_ends_it(desk: FakeRequestTracker) -> None:
    tickets = [desk.ticket(f"customer{number}@example.test") for number in range(150)]
    source = connector()
    first = drive(source, source.read("tickets", None, RUN), desk.send)
    desk.tick(6 * 3600)
    desk.change(tickets[0], status="resolved")
    desk.tick(60)
    events, _ = read(source, "tickets", desk.send, first.checkpoint)
    assert issues(events)[str(tickets[0].id)].status is IssueStatus.RESOLVED


def test_links_to_other_pages_are_never_followed(desk: FakeRequestTracker) -> None:
    for number in range(150):
        desk.ticket(f"customer{number}@example.test")
    read(connector(), "tickets", desk.send)
    assert {request.url.split("/REST")[0] for request in desk.requests} == {"https://desk.example.com"}


def test_many_tickets_of_one_second_across_a_page_border_are_all_read(desk: FakeRequestTracker) -> None:
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(600)
    for number in range(201):
        desk.ticket(f"customer{number}@example.test")
    events, _ = read(connector(), "tickets", desk.send, stored)
    assert len(issues(events)) == 201


def test_a_second_run_asks_for_changes_since_the_first_began_with_five_minutes_of_overlap(
    desk: FakeRequestTracker,
) -> None:
    desk.ticket("ada@example.test")
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(3600)
    desk.requests.clear()
    read(connector(), "tickets", desk.send, stored)
    assert any("LastUpdated >= '2026-03-02 08:54:30'" in query for query in searches(desk))


def test_a_change_committed_late_with_an_older_time_is_picked_up(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test")
    _, stored = read(connector(), "tickets", desk.send)
    ticket.status, ticket.updated = "resolved", desk.now - timedelta(minutes=4)
    desk.tick(60)
    events, _ = read(connector(), "tickets", desk.send, stored)
    assert issues(events)["1"].status is IssueStatus.RESOLVED


def test_the_mark_follows_the_clock_of_the_service_and_neither_ours_nor_the_tickets(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test")
    ticket.updated = desk.now + timedelta(days=30)
    late = Run(now=desk.now + timedelta(days=365))
    _, stored = read(connector(), "tickets", desk.send, run=late)
    assert stored == {"mark": "2026-03-02T08:59:30Z"}


def test_a_service_that_tells_no_time_is_not_read_by_another_clock(desk: FakeRequestTracker) -> None:
    def send(request: Request) -> Response:
        answer = desk.send(request)
        return Response(answer.status, {"content-type": "application/json"}, answer.content)

    with pytest.raises(ResponseInvalid, match="`Date`"):
        read(connector(), "tickets", send)


def test_a_first_read_can_begin_at_a_moment(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    desk.tick(3600)
    fresh = desk.ticket("cy@example.test")
    since = Run(now=RUN.now, since=desk.now - timedelta(minutes=1))
    events, _ = read(connector(), "tickets", desk.send, run=since)
    assert list(issues(events)) == [str(fresh.id)]


@pytest.mark.parametrize("hours", [-12, -8, 0, 5.5, 14])
def test_no_time_zone_of_the_reading_user_hides_a_change(desk: FakeRequestTracker, hours: float) -> None:
    ticket = desk.ticket("ada@example.test")
    desk.zone = timedelta(hours=hours)
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(3600)
    desk.change(ticket, status="resolved")
    desk.tick(3600)
    events, _ = read(connector(), "tickets", desk.send, stored)
    assert issues(events)["1"].status is IssueStatus.RESOLVED


def test_a_search_that_leaves_out_what_it_should_find_says_to_set_the_zone(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test")
    _, stored = read(connector(), "tickets", desk.send)
    desk.zone = timedelta(hours=-30)
    desk.tick(3600)
    desk.change(ticket, status="resolved")
    with pytest.raises(SettingsError, match="time zone of the user it is read with to UTC"):
        read(connector(), "tickets", desk.send, stored)


def test_a_search_whose_time_is_ignored_is_not_believed(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(90 * 86_400)
    desk.change(desk.tickets[1])
    desk.ticket("cy@example.test", subject="old").updated = START
    _, stored = read(connector(), "tickets", desk.send, stored)

    def send(request: Request) -> Response:
        params = [
            (name, value.replace("LastUpdated >= ", "id > 0 AND LastUpdated < ")) for name, value in request.params
        ]
        return desk.send(Request(request.method, request.url, params=params, headers=request.headers))

    desk.tick(60)
    with pytest.raises(ResponseInvalid, match="before the time"):
        read(connector(), "tickets", send, stored)


def test_rows_that_were_not_asked_for_stop_the_walk(desk: FakeRequestTracker) -> None:
    for number in range(150):
        desk.ticket(f"customer{number}@example.test")

    def send(request: Request) -> Response:
        params = [(name, value.replace("id > 100", "id > 0")) for name, value in request.params]
        return desk.send(Request(request.method, request.url, params=params, headers=request.headers))

    with pytest.raises(PagingStuck):
        read(connector(), "tickets", send)


def test_where_rights_are_checked_row_by_row_the_walk_goes_on_without_a_next_page_and_says_so(
    desk: FakeRequestTracker,
) -> None:
    desk.rights_by_row = True
    for number in range(250):
        desk.ticket(f"customer{number}@example.test", is_hidden=number % 3 == 0)
    read_pages = list(pages(connector(), "tickets", desk.send))
    seen = {event.subject for page in read_pages for event in page.events}
    assert len(seen) == sum(not ticket.is_hidden for ticket in desk.tickets.values())
    assert any("`ShowTicket`" in gap for gap in read_pages[-1].gaps)


def test_empty_pages_that_name_a_next_one_are_walked_past(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    answered = 0

    def send(request: Request) -> Response:
        nonlocal answered
        if request.url.endswith("/tickets") and "Status" not in dict(request.params)["query"]:
            answered += 1
            if dict(request.params)["page"] in {"1", "2"} and answered <= 2:
                return desk.answer(200, {"items": [], "total": 1, "next_page": "https://desk.example.com/?page=2"})
            request = Request(
                request.method,
                request.url,
                params=[pair if pair[0] != "page" else ("page", "1") for pair in request.params],
                headers=request.headers,
            )
        return desk.send(request)

    events, _ = read(connector(), "tickets", send)
    assert list(issues(events)) == ["1"]


def test_a_checkpoint_of_something_else_is_refused(desk: FakeRequestTracker) -> None:
    with pytest.raises(DataInvalid, match="no checkpoint"):
        read(connector(), "tickets", desk.send, {"cursor": "abc"})


def test_a_stream_that_does_not_exist_is_refused(desk: FakeRequestTracker) -> None:
    with pytest.raises(DataInvalid, match="users, tickets"):
        read(connector(), "orders", desk.send)


# --- resuming, faults -------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    changes=st.lists(st.tuples(st.integers(0, 29), st.sampled_from(["open", "resolved", "stalled"])), max_size=25),
    per_page=st.integers(1, 7),
    crashes=st.sets(st.integers(0, 30)),
)
def test_tickets_that_change_while_they_are_read_are_known_in_their_last_state_after_the_next_run(
    changes: list[tuple[int, str]], per_page: int, crashes: set[int]
) -> None:
    desk = FakeRequestTracker()
    for number in range(30):
        desk.ticket(f"customer{number}@example.test")
    script = iter(changes)

    def send(request: Request) -> Response:
        if request.url.endswith("/tickets"):
            desk.tick(400)
            for place, status in [change for change in [next(script, None)] if change is not None]:
                desk.change(desk.tickets[place + 1], status=status)
        params = [(name, str(per_page)) if name == "per_page" else (name, value) for name, value in request.params]
        return desk.send(Request(request.method, request.url, params=params, headers=request.headers))

    known: dict[str, tuple[int, IssueStatus]] = {}
    stored: Stored = None
    reads = 0
    while True:
        source = connector()
        page = drive(source, source.read("tickets", stored, RUN), send)
        reads += 1
        if reads not in crashes:  # a crash: the page was read and neither it nor its checkpoint was stored
            stored = json.loads(json.dumps(page.checkpoint))
            for event in page.events:
                if isinstance(event, IssueChanged):
                    newer = (event.source_version, event.data.status)
                    known[event.subject] = max(known.get(event.subject, (0, newer[1])), newer, key=lambda one: one[0])
            if not page.more and next(script, None) is None:
                break
        assert reads < 500
    events, _ = read(connector(), "tickets", send, stored)
    for event in events:
        if isinstance(event, IssueChanged):
            known[event.subject] = (event.source_version, event.data.status)
    meaning = {"new": IssueStatus.NEW, "open": IssueStatus.OPEN, "resolved": IssueStatus.RESOLVED}
    meaning["stalled"] = IssueStatus.WAITING_ON_CUSTOMER
    assert {number: status for number, (_, status) in known.items()} == {
        str(ticket.id): meaning[ticket.status] for ticket in desk.tickets.values()
    }


def busy_desk() -> tuple[FakeRequestTracker, Stored]:
    """A desk after a first run, with enough changed since for every kind of request."""
    desk = FakeRequestTracker()
    tickets = [desk.ticket(f"customer{number}@example.test") for number in range(110)]
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(3600)
    for ticket in tickets:
        desk.change(ticket, status="open")
    desk.merge(tickets[0], into=tickets[1])
    return desk, stored


def ids(events: Sequence[CustomerEvent]) -> set[str]:
    return {event.id for event in events}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_changes_nothing_at_whatever_request_it_comes(
    fault: Callable[[Response], Response],
) -> None:
    desk, stored = busy_desk()
    desk.requests.clear()
    expected, end = read(connector(), "tickets", desk.send, stored)
    for at in range(len(desk.requests)):
        events, reached = read(connector(), "tickets", breaking(desk.send, at, fault), stored)
        assert ids(events) == ids(expected)
        assert reached == end


def read_until_it_breaks(send: Send, stored: Stored) -> tuple[set[str], Stored]:
    found = set[str]()
    try:
        for page in pages(connector(), "tickets", send, stored):
            found |= ids(page.events)
            stored = page.checkpoint
    except ResponseInvalid:
        return found, stored
    raise AssertionError("a broken answer was taken for a good one")


@pytest.mark.parametrize("fault", LASTING)
def test_an_answer_that_is_none_stops_the_page_and_a_later_run_loses_nothing(
    fault: Callable[[Response], Response],
) -> None:
    desk, stored = busy_desk()
    desk.requests.clear()
    expected, _ = read(connector(), "tickets", desk.send, stored)
    for at in range(len(desk.requests)):
        found, reached = read_until_it_breaks(breaking(desk.send, at, fault), stored)
        events, _ = read(connector(), "tickets", desk.send, reached)
        assert found | ids(events) >= ids(expected)


@pytest.mark.parametrize("stream", RequestTracker.streams)
def test_a_service_that_stays_down_is_named_with_no_word_of_what_was_asked(
    desk: FakeRequestTracker, stream: str
) -> None:
    with pytest.raises(ServiceUnreachable) as caught:
        read(connector(), stream, lambda _request: Response(503, {}, b"<html>secret-body</html>"))
    assert "secret-body" not in str(caught.value)
    assert "?" not in str(caught.value)


def test_a_broken_record_is_quarantined_and_the_rest_of_its_page_goes_in(desk: FakeRequestTracker) -> None:
    for number in range(3):
        desk.ticket(f"customer{number}@example.test", is_broken=number == 2)
    (page,) = pages(connector(), "tickets", desk.send)
    assert [event.subject for event in page.events] == ["1", "2"]
    assert [one.key for one in page.quarantined] == ["issue/3"]
    assert "LastUpdated" in page.quarantined[0].reason
    assert "yesterday" not in page.quarantined[0].reason


def test_reading_twice_gives_the_same_events(desk: FakeRequestTracker) -> None:
    for number in range(5):
        desk.ticket(f"customer{number}@example.test")
    once, _ = read(connector(), "tickets", desk.send)
    twice, _ = read(connector(), "tickets", desk.send)
    assert [event.id for event in once] == [event.id for event in twice]


# --- what a ticket means ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "lifecycle", "meaning"),
    [
        ("new", "default", IssueStatus.NEW),
        ("open", "default", IssueStatus.OPEN),
        ("stalled", "default", IssueStatus.WAITING_ON_CUSTOMER),
        ("resolved", "default", IssueStatus.RESOLVED),
        ("rejected", "default", IssueStatus.CANCELLED),
        ("in transit", "returns", IssueStatus.OPEN),
        ("refunded", "returns", IssueStatus.RESOLVED),
        ("parked", "default", IssueStatus.UNKNOWN),
    ],
)
def test_a_status_means_what_its_class_in_the_lifecycle_says(
    desk: FakeRequestTracker, status: str, lifecycle: str, meaning: IssueStatus
) -> None:
    found = issue(desk, desk.ticket("ada@example.test", status=status, lifecycle=lifecycle))
    assert (found.status, found.status_raw) == (meaning, status)


def test_a_name_of_rts_own_with_another_class_is_read_by_its_class(
    desk: FakeRequestTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVE, "odd", {"resolved"})
    monkeypatch.setitem(INACTIVE, "odd", {"open"})
    first = desk.ticket("ada@example.test", status="resolved", lifecycle="odd")
    second = desk.ticket("cy@example.test", status="open", lifecycle="odd")
    assert issue(desk, first).status is IssueStatus.OPEN
    assert issue(desk, second).status is IssueStatus.RESOLVED


def test_an_unknown_status_is_neither_open_nor_closed_and_the_ticket_is_wanted_again(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test", status="parked")
    (page,) = pages(connector(), "tickets", desk.send)
    assert issues(page.events)["1"].is_active is None
    assert page.wanted == [Ref("issue", "1", "status")]


def test_the_settings_outweigh_the_lifecycle(desk: FakeRequestTracker) -> None:
    source = connector(statuses={"Parked": "snoozed", "open": "waiting_on_third_party"})
    assert issue(desk, desk.ticket("ada@example.test", status="parked"), source).status is IssueStatus.SNOOZED
    assert issue(desk, desk.ticket("cy@example.test", status="open"), source).status is (
        IssueStatus.WAITING_ON_THIRD_PARTY
    )


def test_classes_are_learned_once_for_all_tickets_of_a_status(desk: FakeRequestTracker) -> None:
    for number in range(220):
        desk.ticket(f"customer{number}@example.test", status="open" if number % 2 else "new")
    read(connector(), "tickets", desk.send)
    assert sum("Status = " in query for query in searches(desk)) == 1


@pytest.mark.parametrize(
    ("number", "meaning"),
    [(0, Priority.UNSET), (1, Priority.LOW), (50, Priority.NORMAL), (100, Priority.HIGH), (-5, Priority.UNSET)],
)
def test_a_priority_is_read_by_thresholds_and_zero_is_unset(
    desk: FakeRequestTracker, number: int, meaning: Priority
) -> None:
    found = issue(desk, desk.ticket("ada@example.test", priority=number))
    assert (found.priority, found.priority_raw) == (meaning, str(number))


def test_thresholds_can_be_set(desk: FakeRequestTracker) -> None:
    source = connector(priorities={"urgent": 90, "low": 1})
    assert issue(desk, desk.ticket("ada@example.test", priority=95), source).priority is Priority.URGENT
    assert issue(desk, desk.ticket("cy@example.test", priority=89), source).priority is Priority.LOW


def test_a_time_that_was_never_set_is_no_time_and_a_reopened_ticket_is_not_resolved(desk: FakeRequestTracker) -> None:
    assert issue(desk, desk.ticket("ada@example.test")).resolved_at is None
    assert issue(desk, desk.ticket("cy@example.test", status="open", resolved=START)).resolved_at is None
    assert issue(desk, desk.ticket("di@example.test", status="resolved", resolved=START)).resolved_at == START


def test_the_first_requestor_is_the_requester_and_each_further_one_is_named(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", "Cy@Example.test")
    ticket.requestors.append(desk.user("walk-in"))
    found = issue(desk, ticket)
    walk_in = ticket.requestors[2].id
    assert found.requester_email == "ada@example.test"
    assert found.requesters == ("email:cy@example.test", f"helpdesk_user:request_tracker/{walk_in}")


def test_a_requestor_without_an_address_is_kept_by_id(desk: FakeRequestTracker) -> None:
    walk_in = desk.user("walk-in")
    ticket = desk.ticket(creator=walk_in)
    ticket.requestors.append(walk_in)
    found = issue(desk, ticket)
    assert (found.requester_id, found.requester_email) == (str(walk_in.id), None)


def test_a_ticket_without_requestors_is_kept(desk: FakeRequestTracker) -> None:
    found = issue(desk, desk.ticket(creator=desk.agent))
    assert (found.requester_id, found.requester_email, found.requesters) == (None, None, ())


def test_subjects_can_be_left_behind(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", subject="private matter")
    assert issue(desk, ticket).subject == "private matter"
    assert issue(desk, ticket, connector(keeps_subjects=False)).subject is None


def test_the_version_of_a_ticket_is_its_last_change_in_microseconds(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    (event,), _ = read(connector(), "tickets", desk.send)
    assert event.source_version == int(START.timestamp()) * 1_000_000


# --- who began it -----------------------------------------------------------------------------------------


def test_a_ticket_by_its_requestor_was_begun_and_written_by_the_customer(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    (page,) = pages(connector(), "tickets", desk.send)
    found = issues(page.events)["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CUSTOMER, True)
    assert list(page.wanted) == []


def test_a_ticket_that_an_agent_filed_for_a_caller_counts(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", creator=desk.agent)
    (page,) = pages(connector(), "tickets", desk.send)
    listed = issues(page.events)["1"]
    assert (listed.initiated_by, listed.customer_wrote) == (None, None)
    assert page.wanted == [Ref("issue", "1", "who created it")]
    found = issues(fetched(desk, ticket.id)[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.AGENT, None)


def test_what_a_fetch_learned_of_a_creator_holds_for_all_further_tickets(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", creator=desk.agent)
    source = connector()
    read(source, "tickets", desk.send)
    fetched(desk, ticket.id, source=source)
    other = desk.ticket("cy@example.test", creator=desk.agent)
    assert issue(desk, other, source).initiated_by is Initiator.AGENT


def test_a_fetched_snapshot_outweighs_the_listed_one_of_the_same_version(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", creator=desk.agent)
    (listed,), _ = read(connector(), "tickets", desk.send)
    (_, told), _ = fetched(desk, ticket.id)
    assert told.source_version == listed.source_version
    assert (told.received_at, told.sequence) > (listed.received_at, listed.sequence)


def test_a_ticket_by_somebody_else_who_is_no_staff_was_begun_by_a_customer(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", creator=desk.customer("son@example.test"))
    found = issues(fetched(desk, ticket.id)[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CUSTOMER, None)


def test_a_ticket_by_rt_itself_was_begun_by_the_system(desk: FakeRequestTracker) -> None:
    found = issue(desk, desk.ticket("ada@example.test", creator=desk.system))
    assert (found.initiated_by, found.customer_wrote) == (Initiator.SYSTEM, None)


OUTBOUND = {"outbound_queues": ["Winback"]}


def campaign_ticket(desk: FakeRequestTracker) -> FakeTicket:
    return desk.ticket("ada@example.test", creator=desk.agent, queue="Winback")


def test_an_outbound_ticket_in_which_only_staff_wrote_is_a_campaign(desk: FakeRequestTracker) -> None:
    ticket = campaign_ticket(desk)
    ticket.messages += [desk.root, desk.agent]
    source = connector(**OUTBOUND)
    (page,) = pages(source, "tickets", desk.send)
    assert issues(page.events)["1"].customer_wrote is None
    assert page.wanted == [Ref("issue", "1", "whether the customer wrote")]
    found = issues(fetched(desk, ticket.id, source=source)[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CAMPAIGN, False)


def test_an_answer_by_the_customer_on_a_later_page_makes_it_an_issue(desk: FakeRequestTracker) -> None:
    ticket = campaign_ticket(desk)
    ticket.messages += [desk.agent, desk.agent, desk.agent, ticket.requestors[0]]
    found = issues(fetched(desk, ticket.id, source=connector(**OUTBOUND))[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.AGENT, True)


def test_an_answer_from_an_unknown_address_is_no_evidence_that_the_customer_was_silent(
    desk: FakeRequestTracker,
) -> None:
    ticket = campaign_ticket(desk)
    ticket.messages.append(desk.customer("ada.private@example.test"))
    found = issues(fetched(desk, ticket.id, source=connector(**OUTBOUND))[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.AGENT, None)


def test_messages_that_cannot_be_read_are_no_evidence_either(desk: FakeRequestTracker) -> None:
    ticket = campaign_ticket(desk)
    ticket.messages.clear()
    found = issues(fetched(desk, ticket.id, source=connector(**OUTBOUND))[0])["1"]
    assert found.customer_wrote is None


def test_a_ticket_by_the_customer_in_an_outbound_queue_is_no_campaign(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", queue="Winback")
    found = issues(fetched(desk, ticket.id, source=connector(**OUTBOUND))[0])["1"]
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CUSTOMER, True)


# --- merged, deleted, gone --------------------------------------------------------------------------------


def removals(events: Sequence[CustomerEvent]) -> dict[str, tuple[str, str | None]]:
    found = (event.data for event in events if isinstance(event, IssueRemoved))
    return {removal.id: (removal.reason, removal.merged_into) for removal in found}


def test_a_merge_is_told_with_the_survivor_although_the_merged_ticket_kept_its_time(desk: FakeRequestTracker) -> None:
    merged, survivor = desk.ticket("ada@example.test"), desk.ticket("cy@example.test")
    _, stored = read(connector(), "tickets", desk.send)
    desk.tick(3600)
    desk.merge(merged, into=survivor)
    events, _ = read(connector(), "tickets", desk.send, stored)
    assert removals(events) == {"1": ("merged", "2")}
    assert issues(events)["2"].requesters == ("email:ada@example.test",)


def test_a_first_read_tells_merges_of_long_ago(desk: FakeRequestTracker) -> None:
    merged, survivor = desk.ticket("ada@example.test"), desk.ticket("cy@example.test")
    desk.merge(merged, into=survivor)
    events, _ = read(connector(), "tickets", desk.send)
    assert removals(events) == {"1": ("merged", "2")}
    assert list(issues(events)) == ["2"]


def test_fetching_a_merged_ticket_gives_its_removal_and_the_survivor(desk: FakeRequestTracker) -> None:
    merged, survivor = desk.ticket("ada@example.test"), desk.ticket("cy@example.test")
    desk.merge(merged, into=survivor)
    events, done = fetched(desk, merged.id)
    assert removals(events) == {"1": ("merged", "2")}
    assert list(issues(events)) == ["2"]
    assert done == [Ref("issue", "1")]


def test_a_deleted_ticket_and_a_shredded_one_are_removed(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", status="deleted")
    events, done = fetched(desk, ticket.id, 99)
    assert removals(events) == {"1": ("deleted", None), "99": ("not_found", None)}
    assert len(done) == 2


def test_a_ticket_that_may_not_be_seen_is_not_removed_and_is_tried_again(desk: FakeRequestTracker) -> None:
    ticket = desk.ticket("ada@example.test", is_hidden=True)
    assert fetched(desk, ticket.id) == ([], [])


@pytest.mark.parametrize("body", [b'{"message": "no Route matched with those values"}', b"[]"])
def test_the_404_of_a_gateway_removes_nothing(desk: FakeRequestTracker, body: bytes) -> None:
    def send(request: Request) -> Response:
        return Response(404, {}, body) if "/ticket/" in request.url else desk.send(request)

    source = connector()
    found = drive(source, source.fetch([Ref("issue", "7")], RUN), send)
    assert (found.events, found.done) == ([], [])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(401, {}, b"{}"), CredentialsRejected),
        (Response(503, {}, b""), ServiceUnreachable),
        (Response(404, {"content-type": "text/html"}, b"<h1>no such site</h1>"), ResponseInvalid),
    ],
)
def test_a_failing_service_removes_nothing(
    desk: FakeRequestTracker, answer: Response, error: type[AlignkitError]
) -> None:
    def send(request: Request) -> Response:
        return answer if "/ticket/" in request.url else desk.send(request)

    source = connector()
    with pytest.raises(error):
        drive(source, source.fetch([Ref("issue", "7")], RUN), send)


def test_many_tickets_are_fetched_together(desk: FakeRequestTracker) -> None:
    tickets = [desk.ticket(f"customer{number}@example.test") for number in range(120)]
    desk.requests.clear()
    events, done = fetched(desk, *(ticket.id for ticket in tickets))
    assert len(issues(events)) == len(done) == 120
    assert len(desk.requests) < 6


def test_a_ref_that_is_no_number_is_done_without_asking(desk: FakeRequestTracker) -> None:
    source = connector()
    ref = Ref("issue", "../user/1")
    found = drive(source, source.fetch([ref], RUN), desk.send)
    assert (found.events, list(found.done), desk.requests) == ([], [ref], [])


# --- users ------------------------------------------------------------------------------------------------


def contacts(events: Sequence[CustomerEvent]) -> dict[str, ContactChanged]:
    return {event.subject: event for event in events if isinstance(event, ContactChanged)}


def test_users_come_before_tickets() -> None:
    assert RequestTracker.streams == ("users", "tickets")


def test_every_user_but_rts_own_is_read_over_several_pages(desk: FakeRequestTracker) -> None:
    for number in range(230):
        desk.customer(f"customer{number}@example.test")
    events, _ = read(connector(), "users", desk.send)
    assert len(contacts(events)) == 232
    assert str(desk.system.id) not in contacts(events)


def test_a_second_run_reads_changed_users_alone(desk: FakeRequestTracker) -> None:
    people = [desk.customer(f"customer{number}@example.test") for number in range(230)]
    desk.tick(3600)
    _, stored = read(connector(), "users", desk.send)
    desk.tick(3600)
    people[3].email, people[3].updated = "moved@example.test", desk.now
    events, _ = read(connector(), "users", desk.send, stored)
    (event,) = contacts(events).values()
    assert event.data.emails == ("moved@example.test",)


def test_users_in_another_order_than_asked_for_are_not_believed(desk: FakeRequestTracker) -> None:
    for number in range(3):
        desk.tick(60)
        desk.customer(f"customer{number}@example.test")

    def send(request: Request) -> Response:
        answer = desk.send(request)
        body: Any = answer.json()
        return desk.answer(200, {**body, "items": body["items"][::-1]})

    with pytest.raises(ResponseInvalid, match="order"):
        read(connector(), "users", send)


def test_a_crash_in_the_middle_of_the_users_leaves_the_mark_where_it_was(desk: FakeRequestTracker) -> None:
    people = [desk.customer(f"customer{number}@example.test") for number in range(230)]
    desk.tick(3600)
    _, stored = read(connector(), "users", desk.send)
    desk.tick(3600)
    for person in people:
        person.updated = desk.now
    first = next(pages(connector(), "users", desk.send, stored))
    desk.tick(60)
    desk.customer("newcomer@example.test")
    events, _ = read(connector(), "users", desk.send, json.loads(json.dumps(first.checkpoint)))
    rest, _ = read(connector(), "users", desk.send, stored)
    assert set(contacts(first.events)) | set(contacts(events)) >= {str(person.id) for person in people}
    assert len(contacts(rest)) == 231


def test_users_that_change_while_they_are_read_are_known_after_the_next_run(desk: FakeRequestTracker) -> None:
    people = [desk.customer(f"customer{number}@example.test") for number in range(330)]
    seen: set[str] = set()
    stored: Stored = None
    changed: set[str] = set()
    for page in pages(connector(), "users", desk.send):
        seen |= set(contacts(page.events))
        stored = page.checkpoint
        desk.tick(60)
        people[len(seen) % 330].updated = desk.now
        changed.add(str(people[len(seen) % 330].id))
    assert seen | changed >= {str(person.id) for person in people}
    events, _ = read(connector(), "users", desk.send, stored)
    assert set(contacts(events)) >= changed


def test_where_times_of_users_are_hidden_new_users_are_found_by_id(desk: FakeRequestTracker) -> None:
    desk.shows_times = False
    for number in range(130):
        desk.customer(f"customer{number}@example.test")
    everybody, stored = read(connector(), "users", desk.send)
    newcomer = desk.customer("newcomer@example.test")
    events, _ = read(connector(), "users", desk.send, stored)
    assert len(contacts(everybody)) == 132
    assert set(contacts(events)) == {str(newcomer.id)}


def test_the_same_page_of_users_again_and_again_is_an_error(desk: FakeRequestTracker) -> None:
    for number in range(230):
        desk.customer(f"customer{number}@example.test")

    def send(request: Request) -> Response:
        params = [("page", "1") if name == "page" else (name, value) for name, value in request.params]
        return desk.send(Request(request.method, request.url, params=params, headers=request.headers))

    with pytest.raises(PagingStuck):
        read(connector(), "users", send)


def test_a_fetch_tells_who_is_staff_and_only_those_with_a_name_of_their_own_are_asked_about(
    desk: FakeRequestTracker,
) -> None:
    desk.customer("ada@example.test")
    (page,) = pages(connector(), "users", desk.send)
    assert {ref.id for ref in page.wanted} == {str(desk.root.id), str(desk.agent.id)}
    events, _ = fetched(desk, desk.agent.id, kind="contact")
    assert contacts(events)[str(desk.agent.id)].data.is_staff
    assert contacts(events)[str(desk.agent.id)].sequence > contacts(page.events)[str(desk.agent.id)].sequence


def test_a_user_who_is_gone_gives_nothing(desk: FakeRequestTracker) -> None:
    assert fetched(desk, 999, kind="contact") == ([], [Ref("contact", "999")])


# --- writes -----------------------------------------------------------------------------------------------


def test_a_ticket_is_created_for_its_requester(desk: FakeRequestTracker) -> None:
    source = connector()
    number = drive(source, source.create_issue(NewIssue("Call back", "Please.", "ada@example.test")), desk.send)
    assert desk.tickets[int(number)].requestors[0].email == "ada@example.test"


def test_what_rt_would_drop_without_a_word_is_refused_before_it_is_sent(desk: FakeRequestTracker) -> None:
    source = connector()
    for wrong in (NewIssue("Call back", "Please.", "ada"), NewIssue("s", "b", "ada@example.test", tags=("vip",))):
        with pytest.raises(DataInvalid):
            drive(source, source.create_issue(wrong), desk.send)
    assert desk.requests == []


def test_a_queue_that_does_not_exist_is_an_error(desk: FakeRequestTracker) -> None:
    source = connector()
    with pytest.raises(PermissionMissing):
        drive(source, source.create_issue(NewIssue("s", "b", "ada@example.test", queue="Nope")), desk.send)


def test_a_write_whose_answer_was_lost_is_not_sent_again(desk: FakeRequestTracker) -> None:
    source = connector()
    flow = source.create_issue(NewIssue("Call back", "Please.", "ada@example.test"))
    with pytest.raises(ServiceUnreachable):
        drive(source, flow, breaking(desk.send, 0, PASSING[-1]))
    assert len(desk.tickets) == 1


def test_a_note_is_a_comment_and_never_a_reply(desk: FakeRequestTracker) -> None:
    source = connector()
    desk.ticket("ada@example.test")
    drive(source, source.add_note("1", "marketing is on hold"), desk.send)
    (sent,) = desk.requests
    assert (sent.method, sent.url) == ("POST", "https://desk.example.com/REST/2.0/ticket/1/comment")


def test_a_note_on_no_ticket_is_an_error(desk: FakeRequestTracker) -> None:
    source = connector()
    with pytest.raises(RequestRefused):
        drive(source, source.add_note("99", "text"), desk.send)
    with pytest.raises(DataInvalid):
        drive(source, source.add_note("1/../2", "text"), desk.send)


# --- check ------------------------------------------------------------------------------------------------


def unwell(desk: FakeRequestTracker, **given: Any) -> dict[str, str]:
    source = connector(**given)
    findings: Sequence[Finding] = drive(source, source.check(), desk.send)
    return {finding.subject: finding.remedy for finding in findings if not finding.is_well}


def test_a_desk_in_order_has_no_complaint(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    assert unwell(desk) == {}


def test_a_foreign_time_zone_partial_rights_and_missing_queues_are_found(desk: FakeRequestTracker) -> None:
    desk.ticket("ada@example.test")
    desk.zone = timedelta(hours=-8)
    desk.rights_by_row = True
    desk.shows_times = False
    found = unwell(desk, outbound_queues=["Winback"])
    assert set(found) == {"tickets", "time zone of the user", "queue `Winback`", "changes of users"}
    assert "UTC" in found["time zone of the user"]


def test_a_desk_that_shows_no_ticket_or_no_address_is_found(desk: FakeRequestTracker) -> None:
    assert "ShowTicket" in unwell(desk)["tickets"]
    walk_in = desk.user("walk-in")
    desk.ticket(creator=desk.agent).requestors.append(walk_in)
    assert "addresses of requestors" in unwell(desk)


def test_a_refused_credential_is_a_finding(desk: FakeRequestTracker) -> None:
    source = RequestTracker("https://desk.example.com", token="sample-old-token")
    (finding,) = drive(source, source.check(), desk.send)
    assert not finding.is_well
    assert "`token`" in finding.remedy


# --- recorded answers -------------------------------------------------------------------------------------


def recorded(name: str) -> Response:
    exchange = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return Response(exchange["status"], exchange["headers"], json.dumps(exchange["body"]).encode())


def replay(page: str) -> Send:
    def send(request: Request) -> Response:
        query = dict(request.params).get("query", "")
        for part, name in (("__Active__", "tickets_active"), ("__Inactive__", "tickets_inactive")):
            if part in query:
                return recorded(name)
        return recorded({"/rt": "version", "/tickets": page, "/users": page}[request.url.removeprefix(API)])

    return send


@pytest.mark.parametrize("name", ["tickets_page_1", "tickets_page_2", "tickets_last_page", "tickets_none"])
def test_recorded_tickets_are_read_without_loss(name: str) -> None:
    source = connector()
    page = drive(source, source.read("tickets", None, RUN), replay(name))
    exchange = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    assert {event.subject for event in page.events} == {item["id"] for item in exchange["body"]["items"]}
    assert list(page.quarantined) == []


@pytest.mark.parametrize("name", ["users_page_1", "users_page_2", "users_without_admin_users"])
def test_recorded_users_are_read_without_loss(name: str) -> None:
    source = connector()
    page = drive(source, source.read("users", None, RUN), replay(name))
    exchange = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    own = {"RT_System", "Nobody"}
    assert {event.subject for event in page.events} == {
        str(item["id"]) for item in exchange["body"]["items"] if item["Name"] not in own
    }
    assert list(page.quarantined) == []
