"""Holds HubSpot to the kit as its sheet describes it, and to what is particular about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import NewIssue, Run
from alignkit.connectors.hubspot import HubSpot
from alignkit.errors import DataInvalid, PagingStuck, PermissionMissing, RateLimited, SettingsError
from alignkit.models import AccountChanged, ContactChanged, CustomerEvent, IssueChanged, IssueRemoved
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.sheet import Cap, answered
from alignkit.testing.world import Kind
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.hubspot import HUBSPOT, said

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
DATE = {"date": "Wed, 04 Mar 2026 12:00:00 GMT"}
PIPELINES: JsonValue = {
    "results": [
        {
            "id": "7",
            "label": "Help",
            "stages": [
                {"id": "71", "label": "In", "metadata": {"ticketState": "OPEN"}},
                {"id": "72", "label": "With the vendor", "metadata": {}},
            ],
        }
    ]
}


Send = Callable[[Request], Response]


def told(body: JsonValue, status: int = 200) -> Response:
    return answered(status, body, DATE)


def portal(**answers: JsonValue) -> Send:
    """A portal that answers by the end of the path, dashes for slashes; every other search finds nothing.

    A batch of tickets finds those that a search finds.
    """
    answers.setdefault("objects_tickets_batch_read", answers.get("tickets_search", {"results": []}))

    def send(wanted: Request) -> Response:
        name = next((name for name in answers if wanted.url.endswith(name.replace("_", "/"))), None)
        body: JsonValue = answers[name] if name else {"total": 0, "results": []}
        return told(body)

    return send


def ticket(id: str, **properties: JsonValue) -> JsonValue:
    return {
        "id": id,
        "properties": {**properties},
        "createdAt": "2026-03-01T08:00:00Z",
        "updatedAt": "2026-03-02T08:00:00Z",
    }


def issues(source: HubSpot, send: Send) -> list[Any]:
    page = drive(source, source.read("tickets", None, RUN), send)
    return [event.data for event in page.events if isinstance(event, IssueChanged)]


def test_more_rows_than_a_search_reaches_are_read_though_they_all_have_one_time() -> None:
    searches = [
        replace(one, cap=Cap(said("I", "10,000-row cap per query"), rows=4)) if one.cap else one
        for one in HUBSPOT.listings
    ]
    sheet = replace(HUBSPOT, listings=searches)
    case = TestHubSpotSheet()
    service = replace(case.service(), sheet=sheet)
    made = {service.world.add(Kind.ISSUE, title="moved to another month", word="1").id for _ in range(15)}
    service.world.tick(timedelta(hours=1))
    source, found = case.connector(service), set[str]()
    checkpoint, more = None, True
    while more:
        page = drive(source, source.read("tickets", checkpoint, RUN), service.handle)
        found |= {event.subject for event in page.events}
        checkpoint, more = page.checkpoint, page.more
    assert made <= found


def test_every_contact_of_a_ticket_is_linked_though_they_come_on_pages_of_their_own() -> None:
    pages: list[JsonValue] = [
        {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 5}], "paging": {"next": {"after": "a"}}}]},
        {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 6}, {"toObjectId": 7}]}]},
    ]
    asked: list[JsonValue] = []

    def send(wanted: Request) -> Response:
        if wanted.url.endswith("tickets/contacts/batch/read"):
            asked.append(wanted.json)
            return told(pages[len(asked) - 1], 207)
        return portal(tickets_search={"total": 1, "results": [ticket("1", hs_pipeline_stage="71")]})(wanted)

    [issue] = issues(HubSpot(TOKEN), send)
    assert (issue.requester_id, issue.affected_ids) == ("5", ("6", "7"))
    assert asked == [{"inputs": [{"id": "1"}]}, {"inputs": [{"id": "1", "after": "a"}]}]


def test_a_ticket_that_is_hidden_before_its_people_are_read_is_not_told_without_them() -> None:
    found: JsonValue = {"results": [ticket("1", hs_pipeline_stage="71"), ticket("2", hs_pipeline_stage="71")]}
    linked: JsonValue = {"results": [{"from": {"id": "2"}, "to": [{"toObjectId": 5}]}]}
    send = portal(
        tickets_search=found,
        pipelines_tickets=PIPELINES,
        tickets_contacts_batch_read=linked,
        objects_tickets_batch_read={"results": []},
    )
    source = HubSpot(TOKEN)
    page = drive(source, source.read("tickets", None, RUN), send)
    assert [event.subject for event in page.events] == ["2"]
    assert [(ref.kind, ref.id) for ref in page.wanted] == [("issue", "1")]


def test_tickets_are_read_where_companies_are_left_out_for_good() -> None:
    def send(wanted: Request) -> Response:
        if "companies" in wanted.url:
            return answered(403, {"category": "MISSING_SCOPES"})
        linked: JsonValue = {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 5}]}]}
        return portal(tickets_search={"results": [ticket("1")]}, tickets_contacts_batch_read=linked)(wanted)

    [issue] = issues(HubSpot(TOKEN).without("companies", "archived_companies"), send)
    assert (issue.requester_id, issue.account_id) == ("5", None)


@pytest.mark.parametrize(("name", "told"), [("contacts", ContactChanged), ("tickets", IssueRemoved)])
def test_what_was_merged_into_something_that_was_deleted_is_told(name: str, told: type[CustomerEvent]) -> None:
    row: JsonValue = {
        "id": "7",
        "archivedAt": "2026-03-04T11:00:00Z",
        "properties": {"hs_merged_object_ids": "5;6", "email": "ada@example.com"},
    }
    source = HubSpot(TOKEN)
    page = drive(source, source.read(f"archived_{name}", None, RUN), lambda _: answered(200, {"results": [row]}, DATE))
    found = {event.subject: event.data for event in page.events if isinstance(event, told)}
    assert {id: getattr(data, "merged_into", None) for id, data in found.items()} == {"7": None, "5": "7", "6": "7"}


def test_objects_are_read_by_id_a_hundred_at_a_time() -> None:
    asked: list[int] = []

    def send(wanted: Request) -> Response:
        if not wanted.url.endswith("contacts/batch/read"):
            return portal()(wanted)
        body: Any = wanted.json
        asked.append(len(body["inputs"]))
        return told({"results": [ticket(one["id"]) for one in body["inputs"]]})

    source = HubSpot(TOKEN)
    refs = [Ref("contact", str(number)) for number in range(1, 202)]
    fetched = drive(source, source.fetch(refs, RUN), send)
    assert asked == [100, 100, 1]
    assert len(fetched.events) == len(fetched.done) == len(refs)


def test_associations_without_end_are_stopped() -> None:
    endless: JsonValue = {"results": [{"from": {"id": "1"}, "to": [], "paging": {"next": {"after": "a"}}}]}
    send = portal(tickets_search={"total": 1, "results": [ticket("1")]}, tickets_contacts_batch_read=endless)
    with pytest.raises(PagingStuck):
        issues(HubSpot(TOKEN), send)


def test_a_stage_that_says_nothing_is_unknown_and_counts_as_active() -> None:
    found: JsonValue = {
        "results": [ticket(str(n), hs_pipeline_stage=stage) for n, stage in enumerate(["71", "72", "9", None])]
    }
    read = issues(HubSpot(TOKEN), portal(tickets_search=found, pipelines_tickets=PIPELINES))
    unknown = IssueStatus.UNKNOWN
    assert [issue.status for issue in read] == [IssueStatus.OPEN, unknown, unknown, unknown]
    assert [issue.status_raw for issue in read] == ["71", "72", "9", ""]


@pytest.mark.parametrize("word", ["72", "with the vendor"])
def test_a_stage_means_what_the_settings_say_by_id_or_label(word: str) -> None:
    source = HubSpot(TOKEN, statuses={word: "waiting_on_third_party"})
    found: JsonValue = {"results": [ticket("1", hs_pipeline_stage="72")]}
    [issue] = issues(source, portal(tickets_search=found, pipelines_tickets=PIPELINES))
    assert issue.status is IssueStatus.WAITING_ON_THIRD_PARTY


def test_a_stage_that_is_new_is_asked_for_once() -> None:
    asked: list[str] = []
    source = HubSpot(TOKEN)
    for stage, times in (("71", 1), ("later", 2), ("later", 2)):
        found: JsonValue = {"results": [ticket("1", hs_pipeline_stage=stage)]}
        answers = portal(tickets_search=found, pipelines_tickets=PIPELINES)

        def send(wanted: Request, answers: Send = answers) -> Response:
            asked.append(wanted.url.rpartition("/crm/")[2])
            return answers(wanted)

        issues(source, send)
        assert asked.count("v3/pipelines/tickets") == times


def test_a_person_with_several_addresses_or_none_is_kept() -> None:
    people: JsonValue = {
        "results": [
            ticket(
                "1",
                email="a@example.com",
                hs_additional_emails="b@example.com; a@example.com",
                firstname="A",
                lastname="B",
            ),
            ticket("2", email="", phone="+4930123456"),
            ticket("3", email=None),
        ]
    }
    source = HubSpot(TOKEN)
    page = drive(source, source.read("contacts", None, RUN), portal(contacts_search=people))
    read = [event.data for event in page.events if isinstance(event, ContactChanged)]
    assert [one.emails for one in read] == [("a@example.com", "b@example.com"), (), ()]
    assert read[0].name == "A B"
    assert read[1].phones == ("+4930123456",)


def test_the_list_of_deleted_tickets_is_walked_once_an_hour() -> None:
    source = HubSpot(TOKEN)
    archived: JsonValue = {
        "results": [{"id": "1", "archivedAt": "2026-03-04T11:00:00Z"}],
        "paging": {"next": {"after": "2"}},
    }
    send = portal(objects_tickets=archived)
    first = drive(source, source.read("archived_tickets", None, RUN), send)
    assert [type(event) for event in first.events] == [IssueRemoved]
    assert first.more
    walked = {"walked_at": "2026-03-04T11:30:00Z"}
    again = drive(source, source.read("archived_tickets", walked, RUN), send)
    assert (again.more, again.checkpoint) == (False, walked)
    due = drive(source, source.read("archived_tickets", {"walked_at": "2026-03-04T10:30:00Z"}, RUN), send)
    assert due.more


@pytest.mark.parametrize("status", [423, 477])
def test_a_portal_that_is_locked_or_moved_is_asked_again(status: int) -> None:
    answers = iter([told({"status": "error"}, status)])
    source = HubSpot(TOKEN)
    page = drive(source, source.read("companies", None, RUN), lambda wanted: next(answers, None) or portal()(wanted))
    assert not page.more


@pytest.mark.parametrize(("policy", "seconds"), [("SECONDLY", 1.0), ("TEN_SECONDLY_ROLLING", 10.0)])
def test_a_refusal_is_waited_for_as_its_policy_says(policy: str, seconds: float) -> None:
    source, waits = HubSpot(TOKEN), list[float]()
    answers = iter([told({"policyName": policy}, 429)])
    assert source.account is not None

    def send(wanted: Request) -> Response:
        waits.append(wanted.delay)
        return next(answers, told({"results": []}))

    drive(source, source.read("companies", None, RUN), send)
    assert waits[1] == pytest.approx(seconds, abs=0.5)


def test_a_day_that_is_spent_ends_the_run() -> None:
    source = HubSpot(TOKEN)
    with pytest.raises(RateLimited):
        drive(source, source.read("companies", None, RUN), lambda _: told({"policyName": "DAILY"}, 429))


def test_a_ticket_that_can_be_read_by_id_after_all_is_not_taken_for_gone() -> None:
    def send(wanted: Request) -> Response:
        return told({"id": "42"}) if wanted.url.endswith("tickets/42") else shown(wanted)

    source = HubSpot(TOKEN)
    ref = Ref("issue", "42")
    fetched = drive(source, source.fetch([ref], RUN), send)
    assert (list(fetched.events), list(fetched.done)) == ([], [])


OBJECT_GONE: JsonValue = {"status": "error", "message": "gone", "correlationId": "c-1", "category": "OBJECT_NOT_FOUND"}
FOREIGN = (
    told({"message": "no Route matched with those values"}, 404),
    told({"status": "error", "correlationId": "c-1", "category": "MISSING_SCOPES"}, 404),
    Response(404, DATE),
)


def shown(wanted: Request) -> Response:
    """A portal in which there is one thing of each kind, which no batch asks for."""
    one: JsonValue = {"results": [{"id": "1"}]}
    answers = portal(pipelines_tickets=PIPELINES, objects_tickets=one, objects_contacts=one, objects_companies=one)
    return answers(wanted)


def by_id(kind: str, *answers: Response) -> Any:
    """What a fetch finds of an object that no batch has; its own path gives these answers, one after the other."""
    left = list(answers)

    def send(wanted: Request) -> Response:
        return left.pop(0) if wanted.url.endswith("/42") else shown(wanted)

    source = HubSpot(TOKEN)
    return drive(source, source.fetch([Ref(kind, "42")], RUN), send)


@pytest.mark.parametrize("kind", ["issue", "contact", "account"])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_the_404_of_a_gateway_ends_nothing(kind: str, foreign: Response) -> None:
    for answers in ([foreign], [told(OBJECT_GONE, 404), foreign]):
        fetched = by_id(kind, *answers)
        assert (list(fetched.events), list(fetched.done)) == ([], [])


@pytest.mark.parametrize(("kind", "event"), [("issue", IssueRemoved), ("contact", ContactChanged)])
def test_what_hubspot_itself_says_is_gone_is_gone(kind: str, event: type) -> None:
    for last in (told(OBJECT_GONE, 404), told({"id": "42", "archived": True})):
        fetched = by_id(kind, told(OBJECT_GONE, 404), last)
        assert [type(one) for one in fetched.events] == [event]
        assert list(fetched.done) == [Ref(kind, "42")]


@pytest.mark.parametrize("kind", ["issue", "contact", "account"])
def test_nothing_is_gone_where_nothing_of_its_kind_can_be_seen(kind: str) -> None:
    for none in (told({"results": []}), told({"category": "MISSING_SCOPES"}, 403), told(OBJECT_GONE, 404)):

        def send(wanted: Request, none: Response = none) -> Response:
            if wanted.method == "GET" and not wanted.url.endswith("/42"):
                return none
            return told(OBJECT_GONE, 404) if wanted.url.endswith("/42") else portal()(wanted)

        source = HubSpot(TOKEN)
        fetched = drive(source, source.fetch([Ref(kind, "42")], RUN), send)
        assert (list(fetched.events), list(fetched.done)) == ([], [])


def test_a_person_who_was_merged_is_told_by_the_one_who_stays() -> None:
    row = ticket("7", email="a@example.com", hs_merged_object_ids="8", hs_calculated_merged_vids="9:1700000000000;7:1")
    source = HubSpot(TOKEN)
    page = drive(source, source.read("contacts", None, RUN), portal(contacts_search={"results": [row]}))
    read = [event.data for event in page.events if isinstance(event, ContactChanged)]
    assert [(one.id, one.merged_into, one.is_active) for one in read] == [
        ("8", "7", False),
        ("9", "7", False),
        ("7", None, True),
    ]
    [fetched] = by_id("contact", told({"id": "7"})).events
    assert (fetched.data.id, fetched.data.merged_into) == ("42", "7")


def test_people_and_companies_that_were_deleted_are_read() -> None:
    row: JsonValue = {"id": "1", "archivedAt": "2026-03-04T11:00:00Z", "properties": {"email": "a@example.com"}}
    source = HubSpot(TOKEN)
    send = portal(objects_contacts={"results": [row]}, objects_companies={"results": [row]})
    people = drive(source, source.read("archived_contacts", None, RUN), send).events
    companies = drive(source, source.read("archived_companies", None, RUN), send).events
    at = datetime(2026, 3, 4, 11, tzinfo=UTC)
    found = [(type(one), getattr(one.data, "is_active", None), one.data.deleted_at) for one in (*people, *companies)]
    assert found == [(ContactChanged, False, at), (AccountChanged, None, at)]


def without_companies(wanted: Request) -> Response:
    if "companies" in wanted.url:
        return told({"status": "error", "correlationId": "c-1", "category": "MISSING_SCOPES"}, 403)
    found: JsonValue = {"results": [ticket("1", hs_pipeline_stage="71")]}
    linked: JsonValue = {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 5}]}]}
    answers = portal(tickets_search=found, pipelines_tickets=PIPELINES, tickets_contacts_batch_read=linked)
    return answers(wanted)


def test_without_the_scope_of_companies_tickets_are_read_and_the_gap_is_told() -> None:
    source = HubSpot(TOKEN)
    page = drive(source, source.read("companies", None, RUN), without_companies)
    assert (page.checkpoint, page.more) == ({}, False)
    assert "crm.objects.companies.read" in page.gaps[0]
    [issue] = issues(source, without_companies)
    assert (issue.requester_id, issue.account_id) == ("5", None)


def test_a_scope_of_companies_that_was_taken_away_lets_go_of_nobody() -> None:
    source = HubSpot(TOKEN)
    for stream, before in (("companies", {"mark": "2026-03-04T10:00:00Z"}), ("tickets", None)):
        with pytest.raises(PermissionMissing):
            drive(source, source.read(stream, before, RUN), without_companies)


def test_a_stage_may_say_in_another_word_that_it_is_the_end() -> None:
    ends: tuple[JsonValue, ...] = ("true", True, "false", False)
    stages: list[JsonValue] = [{"id": str(n), "metadata": {"isClosed": one}} for n, one in enumerate(ends)]
    found: JsonValue = {"results": [ticket(str(n), hs_pipeline_stage=str(n)) for n, _ in enumerate(ends)]}
    pipelines: JsonValue = {"results": [{"id": "7", "stages": stages}]}
    read = issues(HubSpot(TOKEN), portal(tickets_search=found, pipelines_tickets=pipelines))
    closed, open_ = IssueStatus.CLOSED, IssueStatus.OPEN
    assert [issue.status for issue in read] == [closed, closed, open_, open_]


def test_a_ticket_with_a_key_is_made_once_however_often_it_is_sent() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        if "idProperty" in dict(wanted.params):
            is_there = any(one.method == "PUT" for one in sent)
            return told({"id": "5"}) if is_there else told({}, 404)
        return portal(batch_upsert={"results": [{"id": "5"}]}, pipelines_tickets=PIPELINES)(wanted)

    source = HubSpot(TOKEN, key_property="alignkit_key")
    issue = NewIssue("Wet parcel", "It rained in", "new@example.com", queue="help")
    assert drive(source, source.create_issue(issue), send) == "5"
    _, contact, _, made, link = sent
    assert contact.json == {
        "inputs": [{"id": "new@example.com", "idProperty": "email", "properties": {"email": "new@example.com"}}]
    }
    [wanted] = json.loads(json.dumps(made.json))["inputs"]
    assert (wanted["idProperty"], wanted["properties"]["hs_pipeline_stage"]) == ("alignkit_key", "71")
    assert link.method == "PUT"
    assert all(one.is_repeatable for one in sent)
    # An agent may have moved it since: it is found, and linked, and stays as it is.
    del sent[:-1]
    assert drive(source, source.create_issue(issue), send) == "5"
    assert [one.method for one in sent[1:]] == ["POST", "GET", "PUT"]
    assert sent[1].json == contact.json


@pytest.mark.parametrize(
    ("issue", "words"),
    [
        (NewIssue("s", "b", "nobody"), "requester_email"),
        (NewIssue("s", "b", "new@example.com", tags=("a",)), "tag_property"),
        (NewIssue("s", "b", "new@example.com", queue="Elsewhere"), "pipeline"),
    ],
)
def test_a_ticket_that_would_reach_nobody_is_refused(issue: NewIssue, words: str) -> None:
    source = HubSpot(TOKEN)
    with pytest.raises(DataInvalid, match=words):
        drive(source, source.create_issue(issue), portal(pipelines_tickets=PIPELINES))


def test_a_tag_needs_a_property_that_holds_it() -> None:
    source = HubSpot(TOKEN)
    with pytest.raises(SettingsError, match="tag_property"):
        drive(source, source.add_tag("1", "wet"), portal())


@pytest.mark.parametrize("tag", ["", "a;b"])
def test_a_tag_that_would_replace_others_is_refused(tag: str) -> None:
    source = HubSpot(TOKEN, tag_property="topics")
    issue = NewIssue("s", "b", "new@example.com", tags=("wet", tag))
    for write in (source.add_tag("1", tag), source.create_issue(issue)):
        with pytest.raises(DataInvalid, match="semicolon"):
            drive(source, write, portal(pipelines_tickets=PIPELINES))


def test_the_doctor_is_told_of_each_scope_that_is_missing() -> None:
    def send(wanted: Request) -> Response:
        if "contacts" in wanted.url:
            return answered(403, {"category": "MISSING_SCOPES"})
        return portal(tickets_search={"total": 3, "results": []}, pipelines_tickets=PIPELINES)(wanted)

    source = HubSpot(TOKEN, expected_tickets=10)
    findings = {one.subject: one for one in drive(source, source.check(), send)}
    assert "crm.objects.contacts.read" in findings["contacts"].remedy
    assert "3 of 10" in findings["tickets"].remedy
    assert "Help/With the vendor" in findings["stages of pipelines"].remedy
    assert findings["companies"].is_well


def test_the_doctor_is_told_of_a_credential_that_is_refused() -> None:
    source = HubSpot(TOKEN)
    [finding] = drive(source, source.check(), lambda _: answered(401, {}))
    assert not finding.is_well
    assert "`token`" in finding.remedy


def test_a_refresh_token_is_turned_into_an_access_token_at_the_same_address() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        if wanted.url.endswith("/oauth/v3/token"):
            return answered(200, {"access_token": "sample-access", "expires_in": 1800})
        return told({"results": []})

    source = HubSpot(refresh_token=TOKEN, client_id="app", client_secret="sample-secret")
    drive(source, source.read("companies", None, RUN), send)
    assert sent[0].form is not None
    assert ("refresh_token", TOKEN) in sent[0].form
    assert sent[1].headers["Authorization"] == "Bearer sample-access"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token": TOKEN, "refresh_token": TOKEN, "client_id": "a", "client_secret": "b"},
        {"refresh_token": TOKEN, "client_id": "a"},
        {"token": TOKEN, "base_url": "http://api.example.com"},
        {"token": TOKEN, "base_url": "https://user@api.example.com"},
        {"token": TOKEN, "statuses": {"71": "nothing of ours"}},
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_request(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        HubSpot(**given)
    assert TOKEN not in str(refused.value)


def test_another_connectors_checkpoint_or_stream_is_refused() -> None:
    source = HubSpot(TOKEN)
    with pytest.raises(DataInvalid, match="has no stream"):
        drive(source, source.read("deals", None, RUN), portal())
    with pytest.raises(DataInvalid, match="checkpoint"):
        drive(source, source.read("tickets", {"cursor": "x"}, RUN), portal())


class TestHubSpotSheet(SheetTests):
    sheet: ClassVar[Sheet] = HUBSPOT
    cap: ClassVar[int | None] = 4
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "9": test_more_rows_than_a_search_reaches_are_read_though_they_all_have_one_time,
        "36": test_every_contact_of_a_ticket_is_linked_though_they_come_on_pages_of_their_own,
        "x5": test_the_doctor_is_told_of_each_scope_that_is_missing,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "11": "pages follow the last id; no token of a search is kept",
        "13": "a page of a search has rows as long as there are any",
        "x3": "tickets, contacts and companies are part of every plan",
    }

    def connector(self, service: SheetService) -> HubSpot:
        return HubSpot(
            refresh_token=self.secret,
            client_id="app",
            client_secret="sample-secret",
            base_url=service.base_url,
            tokens=service.tokens,
            tag_property="topics",
        )
