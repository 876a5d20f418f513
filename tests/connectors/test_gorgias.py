"""Holds the connector for Gorgias to the kit as its sheet describes Gorgias, and to what is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Checkpoint, NewIssue, Page, Run
from alignkit.connectors.gorgias import Gorgias
from alignkit.errors import CursorExpired, DataInvalid, SettingsError
from alignkit.models import Contact, Issue, SurveyResponse
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Channel, Initiator, IssueStatus, Priority, SurveyBucket
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit.transport import JsonValue, Response

from .answering import NOW, Answers, answer
from .driving import drive
from .sheets.gorgias import GORGIAS

TICKETS = "/api/tickets"
CUSTOMERS = "/api/customers"
SURVEYS = "/api/satisfaction-surveys"
MARK = NOW - timedelta(hours=1)


def gorgias(**settings: Any) -> Gorgias:
    return Gorgias("acme", "agent@example.com", "sample-token", **settings)


def ticket(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": 7,
        "status": "open",
        "created_datetime": "2026-03-02T09:00:00.123456+00:00",
        "updated_datetime": "2026-03-02T10:00:00.123456+00:00",
        **values,
    }


def list_of(*rows: JsonValue, after: str | None = None) -> dict[str, JsonValue]:
    return {"data": list(rows), "meta": {"next_cursor": after}}


def read(source: Gorgias, stream: str, service: Answers, checkpoint: Checkpoint | None = None, **run: Any) -> Page:
    return drive(source, source.read(stream, checkpoint, Run(NOW, **run)), service)


def issue_of(by: Gorgias | None = None, **values: JsonValue) -> Issue:
    page = read(by or gorgias(), "tickets", Answers({TICKETS: list_of(ticket(**values))}))
    assert not page.quarantined
    [found] = [one.data for one in page.events if isinstance(one, IssueChanged)]
    return found


def contacts(events: Sequence[object]) -> list[Contact]:
    return [one.data for one in events if isinstance(one, ContactChanged)]


def answers(events: Sequence[object]) -> list[SurveyResponse]:
    return [one.data for one in events if isinstance(one, SurveyAnswered)]


# Settings


@pytest.mark.parametrize("domain", ["acme/x", "acme@evil", "acme:80", "ac me", "acme.evil", ""])
def test_a_domain_that_could_name_another_host_is_refused_before_any_request(domain: str) -> None:
    with pytest.raises(SettingsError, match="domain"):
        Gorgias(domain, "agent@example.com", "sample-token")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"email": "a@example.com"},
        {"api_key": "sample-token"},
        {"refresh_token": "sample-token", "client_id": "app"},
        {"email": "a@example.com", "api_key": "sample-token", "access_token": "sample-token"},
        {"access_token": "sample-token", "client_id": "app"},
    ],
)
def test_one_whole_credential_is_needed(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="give either `email` and `api_key`, or `access_token`"):
        Gorgias("acme", **given)


def test_plain_http_is_for_loopback_alone() -> None:
    with pytest.raises(SettingsError, match="plain http"):
        gorgias(base_url="http://gorgias.example")


# Walking


def test_the_mark_moves_only_when_a_walk_has_met_the_old_one() -> None:
    new, old = ticket(updated_datetime="2026-03-04T11:30:00+00:00"), ticket(id=8)
    service = Answers({TICKETS: (answer(list_of(new, after="c1")), answer(list_of(old, after="c2")))})
    first = read(gorgias(), "tickets", service, {"mark": MARK.isoformat()})
    assert (first.more, first.checkpoint["mark"]) == (True, "2026-03-04T11:00:00Z")
    second = read(gorgias(), "tickets", service, first.checkpoint)
    assert (second.more, second.checkpoint) == (False, {"mark": "2026-03-04T11:59:30Z"})
    assert [one.get("cursor") for one in service.queries(TICKETS)] == [None, "c1"]


def test_a_page_with_one_new_row_among_old_ones_is_not_the_last() -> None:
    new, old = ticket(updated_datetime="2026-03-04T11:30:00+00:00"), ticket(id=8)
    service = Answers({TICKETS: list_of(old, new, old, after="c1")})
    assert read(gorgias(), "tickets", service, {"mark": MARK.isoformat()}).more


def test_the_order_is_named_in_every_request() -> None:
    service = Answers({TICKETS: list_of(), CUSTOMERS: list_of(), SURVEYS: list_of()})
    for stream in Gorgias.streams:
        read(gorgias(), stream, service)
    assert service.queries(TICKETS)[0]["order_by"] == "updated_datetime:desc"
    assert service.queries(CUSTOMERS)[0]["order_by"] == "updated_datetime:desc"
    assert service.queries(SURVEYS)[0]["order_by"] == "created_datetime:desc"


def test_an_empty_page_that_is_not_the_last_ends_nothing() -> None:
    assert read(gorgias(), "tickets", Answers({TICKETS: list_of(after="c1")}), {"mark": MARK.isoformat()}).more


def test_a_position_that_is_not_known_is_told_as_expired() -> None:
    with pytest.raises(CursorExpired):
        read(gorgias(), "tickets", Answers({TICKETS: answer({}, 400)}), {"walk": {"after": "old"}})


@pytest.mark.parametrize("status", [403, 404])
def test_surveys_that_may_not_be_seen_are_skipped(status: int) -> None:
    page = read(gorgias(), "satisfaction_surveys", Answers({SURVEYS: answer({"error": {}}, status)}))
    assert (page.checkpoint, page.more) == ({}, False)
    assert [gap for gap in page.gaps if "no surveys are read" in gap]


# Meaning


FUTURE, PAST = "2026-04-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"


def test_a_closed_ticket_that_is_snoozed_is_open() -> None:
    assert issue_of(status="closed", snooze_datetime=FUTURE).status is IssueStatus.SNOOZED
    assert issue_of(status="closed", snooze_datetime=PAST).status is IssueStatus.CLOSED
    assert issue_of(status="open", snooze_datetime=FUTURE).status is IssueStatus.OPEN


def test_a_snooze_that_is_over_by_the_services_clock_leaves_a_closed_ticket_closed() -> None:
    assert issue_of(status="closed", snooze_datetime="2026-03-03T00:00:00+00:00").status is IssueStatus.CLOSED


def test_spam_and_what_lies_in_the_trash_are_over() -> None:
    assert issue_of(spam=True).status is IssueStatus.SPAM
    assert issue_of(trashed_datetime=PAST).status is IssueStatus.DELETED


@pytest.mark.parametrize(
    ("values", "initiator", "wrote"),
    [
        ({"from_agent": False}, Initiator.CUSTOMER, True),
        ({"from_agent": True, "last_received_message_datetime": None}, Initiator.AGENT, False),
        ({"from_agent": True, "last_received_message_datetime": PAST}, Initiator.AGENT, True),
        ({"from_agent": True, "messages": [{"from_agent": True}, {"from_agent": False}]}, Initiator.AGENT, True),
        ({"from_agent": True}, Initiator.AGENT, None),
        ({}, None, None),
    ],
)
def test_who_began_a_ticket_is_what_gorgias_says(
    values: dict[str, JsonValue], initiator: Initiator | None, wrote: bool | None
) -> None:
    found = issue_of(None, **values)
    assert (found.initiated_by, found.customer_wrote) == (initiator, wrote)


def test_an_outbound_tag_makes_a_campaigns_of_a_ticket_without_an_answer_alone() -> None:
    tagged, tags = gorgias(outbound_tags=["winback"]), [{"name": "winback"}]
    sent: dict[str, Any] = {"from_agent": True, "tags": tags}
    assert issue_of(tagged, **sent, last_received_message_datetime=None).initiated_by is Initiator.CAMPAIGN
    assert issue_of(tagged, **sent, last_received_message_datetime=PAST).initiated_by is Initiator.AGENT
    assert issue_of(tagged, **sent).initiated_by is Initiator.AGENT


def test_a_ticket_tells_its_customer_channel_priority_and_place() -> None:
    customer: JsonValue = {"id": 701, "email": "ada@example.com", "name": "Ada"}
    found = issue_of(customer=customer, channel="instagram-comment", priority="critical", tags=[{"name": "vip"}])
    assert (found.requester_id, found.requester_email) == ("701", "ada@example.com")
    assert (found.channel, found.priority, found.tags) == (Channel.SOCIAL, Priority.URGENT, ("vip",))
    assert found.url == "https://acme.gorgias.com/app/ticket/7"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T10:00:00.123456+00:00", datetime(2026, 3, 2, 10, 0, 0, 123456, UTC)),
        ("2026-03-02 10:00:00.123456+00:00", datetime(2026, 3, 2, 10, 0, 0, 123456, UTC)),
        ("2026-03-02T10:00:00+00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2026-03-02T10:00:00Z", datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ],
)
def test_each_form_of_a_time_is_read(text: str, moment: datetime) -> None:
    assert issue_of(updated_datetime=text).remote_updated_at == moment


def test_a_customer_has_the_addresses_of_all_channels() -> None:
    channels: JsonValue = [
        {"type": "email", "address": "ada@home.example"},
        {"type": "phone", "address": "+49301234567"},
        {"type": "instagram", "address": "ada.l"},
        {"type": "email", "address": "old@example.com", "deleted_datetime": PAST},
        {"type": "aircall", "address": "x"},
        {"type": "email", "address": None},
    ]
    row: JsonValue = {"id": 701, "email": "ada@example.com", "channels": channels, "external_id": "x1"}
    [found] = contacts(read(gorgias(), "customers", Answers({CUSTOMERS: list_of(row)})).events)
    assert found.emails == ("ada@example.com", "ada@home.example")
    assert (found.phones, found.handles, found.external_ids) == (("+49301234567",), ("instagram/ada.l",), ("x1",))


def survey(**values: JsonValue) -> dict[str, JsonValue]:
    return {"id": 3, "ticket_id": 7, "created_datetime": PAST, "score": 1, "scored_datetime": FUTURE, **values}


def test_a_survey_is_an_answer_once_it_has_a_score() -> None:
    rows = (survey(body_text="slow"), survey(id=4, score=None, scored_datetime=None))
    page = read(gorgias(), "satisfaction_surveys", Answers({SURVEYS: list_of(*rows)}))
    assert not page.quarantined
    [found] = answers(page.events)
    assert (found.id, found.reading, found.comment, found.issue_id) == ("3", SurveyBucket.BAD, "slow", "7")
    assert found.responded_at == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "deep", "goes_on"),
    [
        (timedelta(days=1), MARK, True),
        (timedelta(days=3), MARK, False),
        (timedelta(days=27), MARK - timedelta(days=1), True),
        (timedelta(days=29), MARK - timedelta(days=1), False),
    ],
)
def test_surveys_of_two_days_are_walked_again_and_once_a_day_those_of_four_weeks(
    sent: timedelta, deep: datetime, goes_on: bool
) -> None:
    service = Answers({SURVEYS: list_of(survey(created_datetime=(MARK - sent).isoformat()), after="c1")})
    checkpoint = {"mark": MARK.isoformat(), "deep": deep.isoformat()}
    assert read(gorgias(), "satisfaction_surveys", service, checkpoint).more is goes_on


# By id, and writing


def fetched(prepared: Mapping[str, Any]) -> tuple[list[object], bool]:
    source = gorgias()
    result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), Answers(prepared))
    return list(result.events), bool(result.done)


def test_a_merged_ticket_is_told_with_its_survivor_whatever_host_the_redirect_names() -> None:
    moved = Response(301, {"location": "https://stranger.example/api/tickets/9/"})
    events, is_done = fetched({f"{TICKETS}/7": moved, f"{TICKETS}/9": ticket(id=9)})
    removed, survivor = events
    assert isinstance(removed, IssueRemoved)
    assert (removed.data.reason, removed.data.merged_into, is_done) == ("merged", "9", True)
    assert isinstance(survivor, IssueChanged)
    assert survivor.subject == "9"


GONE = answer({"error": {"msg": "not found"}}, 404)


def test_a_ticket_is_gone_on_gorgias_own_word_alone() -> None:
    events, is_done = fetched({f"{TICKETS}/7": GONE, TICKETS: list_of(ticket(id=8))})
    assert ([type(event) for event in events], is_done) == ([IssueRemoved], True)
    elsewhere = Response(301, {"location": "/login"})
    customer = Response(301, {"location": "/api/customers/9"})
    kong, empty = answer({"message": "no Route matched with those values"}, 404), Response(404)
    told = answer({"error": "not found"}, 404)
    for response in (answer({}, 403), answer([], 404), elsewhere, customer, kong, empty, told):
        assert fetched({f"{TICKETS}/7": response}) == ([], False)


@pytest.mark.parametrize("tickets", [answer({}, 403), GONE, answer({"error": {"msg": "no"}}), answer(list_of())])
def test_a_ticket_is_not_gone_where_no_ticket_can_be_seen(tickets: Response) -> None:
    assert fetched({f"{TICKETS}/7": GONE, TICKETS: tickets}) == ([], False)


def fetched_customer(prepared: Mapping[str, Any]) -> tuple[list[Any], bool]:
    source = gorgias()
    result = drive(source, source.fetch([Ref("contact", "7")], Run(NOW)), Answers(prepared))
    return [one.data for one in result.events], bool(result.done)


def test_a_customer_who_was_merged_is_told_with_the_one_who_stays() -> None:
    moved = Response(301, {"location": "/api/customers/9"})
    people, is_done = fetched_customer({f"{CUSTOMERS}/7": moved, f"{CUSTOMERS}/9": {"id": 9, "email": "a@example.com"}})
    assert [(one.id, one.merged_into, one.is_active) for one in people] == [("7", "9", False), ("9", None, True)]
    assert is_done


def test_a_customer_is_gone_on_gorgias_own_word_alone() -> None:
    people, is_done = fetched_customer({f"{CUSTOMERS}/7": GONE, TICKETS: list_of(ticket(id=8))})
    assert ([(one.id, one.is_active) for one in people], is_done) == ([("7", False)], True)
    for response in (answer({}, 403), answer({"message": "no Route matched"}, 404)):
        assert fetched_customer({f"{CUSTOMERS}/7": response}) == ([], False)


def test_what_cannot_be_written_is_refused_before_any_request() -> None:
    source, service = gorgias(), Answers({})
    for flow in (
        source.create_issue(NewIssue(subject="x", body="x", requester_email="nobody")),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", queue="5")),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", tags=("vip", " "))),
        source.add_note("seven", "x"),
        source.add_tag("7", " "),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


def test_the_doctor_tells_what_may_not_be_read() -> None:
    service = Answers({CUSTOMERS: list_of(), TICKETS: answer({}, 403), SURVEYS: answer({}, 403)})
    source = gorgias()
    found = {one.subject: one for one in drive(source, source.check(), service)}
    assert [name for name, one in found.items() if not one.is_well] == ["tickets"]


def test_the_doctor_does_not_miss_what_is_left_out() -> None:
    service = Answers({TICKETS: list_of(), CUSTOMERS: answer({}, 403), SURVEYS: list_of()})
    source = gorgias().without("customers")
    assert all(one.is_well for one in drive(source, source.check(), service))


def test_the_doctor_tells_what_ought_to_be_seen_and_is_not() -> None:
    lists: Mapping[str, Any] = {CUSTOMERS: list_of(), TICKETS: list_of(), SURVEYS: list_of()}
    moved = Response(301, {"location": "/api/tickets/9"})
    of_three: Mapping[str, Any] = {f"{TICKETS}/7": ticket(), f"{TICKETS}/8": moved, f"{TICKETS}/9": answer({}, 403)}
    source = gorgias(known_issues=[7, "8", 9])
    found = {one.subject: one for one in drive(source, source.check(), Answers({**lists, **of_three}))}
    assert [name for name, one in found.items() if not one.is_well] == ["ticket `9`"]
    assert "sees all tickets" in found["ticket `9`"].remedy
    source = gorgias()
    assert any("set `known_issues`" in one.subject for one in drive(source, source.check(), Answers(lists)))


def test_a_credential_that_is_refused_is_told_by_the_names_of_its_settings() -> None:
    source = gorgias()
    [finding] = drive(source, source.check(), Answers({CUSTOMERS: answer({}, 401)}))
    assert "check `email` and `api_key`" in finding.remedy
    source = Gorgias("acme", access_token="sample-token")
    [finding] = drive(source, source.check(), Answers({CUSTOMERS: answer({}, 401)}))
    assert "check `access_token`" in finding.remedy


class TestGorgiasSheet(SheetTests):
    sheet: ClassVar[Sheet] = GORGIAS
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "11": test_a_position_that_is_not_known_is_told_as_expired,
        "13": test_an_empty_page_that_is_not_the_last_ends_nothing,
        "x5": test_the_doctor_tells_what_ought_to_be_seen_and_is_not,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "the page names no delay of the lists, and a row that changes goes to their head",
        "10": "a list goes on by cursor to its end",
    }

    def connector(self, service: SheetService) -> Gorgias:
        return Gorgias(
            "acme",
            refresh_token=self.secret,
            client_id="app",
            client_secret="sample-secret",
            tokens=service.tokens,
            base_url=service.base_url,
        )
