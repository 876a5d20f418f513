"""Holds the connector for Zendesk to the kit as its sheet describes Zendesk, and to what is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Checkpoint, NewIssue, Page, Run
from alignkit.connectors.zendesk import Zendesk
from alignkit.errors import CursorExpired, DataInvalid, PagingStuck, SettingsError
from alignkit.models import Contact, Issue, SurveyResponse
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Initiator, IssueStatus, SurveyBucket
from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit.transport import JsonValue, Response

from .answering import NOW, Answers, answer, query
from .driving import drive
from .sheets.zendesk import ZENDESK

TICKETS = "/api/v2/incremental/tickets/cursor.json"
USERS = "/api/v2/incremental/users/cursor.json"
ORGANIZATIONS = "/api/v2/incremental/organizations.json"
RATINGS = "/api/v2/satisfaction_ratings.json"
SEVERAL = "/api/v2/tickets/show_many.json"
PEOPLE = "/api/v2/users/show_many.json"
EMPTY: dict[str, JsonValue] = {"after_cursor": None, "end_of_stream": True}


def zendesk(**settings: Any) -> Zendesk:
    return Zendesk("acme", "agent@example.com", "sample-token", **settings)


def ticket(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": 7,
        "status": "open",
        "requester_id": 701,
        "submitter_id": 701,
        "created_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "generated_timestamp": 1_772_445_600,
        **values,
    }


def read(source: Zendesk, stream: str, service: Answers, checkpoint: Checkpoint | None = None, **run: Any) -> Page:
    return drive(source, source.read(stream, checkpoint, Run(NOW, **run)), service)


def issues(events: Sequence[object]) -> list[Issue]:
    return [one.data for one in events if isinstance(one, IssueChanged)]


GATEWAY = Response(404, {"content-type": "text/html"}, b"<h1>Not Found</h1>")
"""What something in between says where it knows no way."""


def contacts(events: Sequence[object]) -> list[Contact]:
    return [one.data for one in events if isinstance(one, ContactChanged)]


def answers(events: Sequence[object]) -> list[SurveyResponse]:
    return [one.data for one in events if isinstance(one, SurveyAnswered)]


# Settings


@pytest.mark.parametrize("subdomain", ["acme/x", "acme@evil", "acme:80", "ac me", "acme.evil", ""])
def test_a_subdomain_that_could_name_another_host_is_refused_before_any_request(subdomain: str) -> None:
    with pytest.raises(SettingsError, match="subdomain"):
        Zendesk(subdomain, "agent@example.com", "sample-token")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"email": "agent@example.com"},
        {"token": "sample-token"},
        {"email": "agent@example.com", "token": "sample-token", "access_token": "sample-token"},
        {"refresh_token": "sample-token", "client_id": "alignkit"},
        {"access_token": "sample-token", "refresh_token": "x", "client_id": "alignkit", "client_secret": "x"},
    ],
)
def test_one_whole_credential_is_needed_and_no_second_one(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="give either `email` and `token`, `access_token`"):
        Zendesk("acme", **given)  # type: ignore[arg-type] # every combination is wrong


def test_plain_http_is_for_loopback_alone() -> None:
    with pytest.raises(SettingsError, match="plain http"):
        zendesk(base_url="http://zendesk.example")
    assert zendesk(base_url="http://127.0.0.1:8080").account is not None


def test_an_access_token_is_sent_as_a_bearer_token() -> None:
    service = Answers({TICKETS: {"tickets": [], **EMPTY}})
    read(Zendesk("acme", access_token="sample-token"), "tickets", service)
    assert service.asked[0].headers["Authorization"] == "Bearer sample-token"
    assert service.asked[0].url.startswith("https://acme.zendesk.com/")


# Reading


def test_the_next_run_sends_the_cursor_and_no_time() -> None:
    service = Answers({TICKETS: {"tickets": [], "after_cursor": "c1", "end_of_stream": True}})
    page = read(zendesk(), "tickets", service)
    assert (page.checkpoint, page.more) == ({"cursor": "c1"}, False)
    read(zendesk(), "tickets", service, page.checkpoint)
    first, second = service.queries(TICKETS)
    assert first["start_time"] == "0"
    assert (second["cursor"], "start_time" in second) == ("c1", False)


def test_an_empty_page_without_a_cursor_keeps_the_old_one() -> None:
    service = Answers({TICKETS: {"tickets": [], **EMPTY}})
    assert read(zendesk(), "tickets", service, {"cursor": "c1"}).checkpoint == {"cursor": "c1"}


def test_a_start_within_the_last_minute_is_moved_back_by_the_services_clock() -> None:
    too_recent = answer({"error": "StartTimeTooRecent"}, 422)
    service = Answers({TICKETS: (too_recent, answer({"tickets": [], **EMPTY}))})
    read(zendesk(), "tickets", service, since=NOW - timedelta(seconds=10))
    starts = [int(query["start_time"]) for query in service.queries(TICKETS)]
    assert starts == [int(NOW.timestamp()) - 10, int(NOW.timestamp()) - 120]


@pytest.mark.parametrize("status", [400, 410, 422])
def test_a_cursor_that_is_not_known_is_told_as_expired(status: int) -> None:
    service = Answers({TICKETS: answer({"error": "InvalidCursor"}, status)})
    with pytest.raises(CursorExpired, match="tickets"):
        read(zendesk(), "tickets", service, {"cursor": "old"})


def test_tickets_changed_before_the_last_run_by_their_own_stamp_are_read_all_the_same() -> None:
    old = ticket(updated_at="2020-01-01T00:00:00Z", created_at="2020-01-01T00:00:00Z")
    service = Answers({TICKETS: {"tickets": [old], "after_cursor": "c2", "end_of_stream": True}})
    assert [one.id for one in issues(read(zendesk(), "tickets", service, {"cursor": "c1"}).events)] == ["7"]


def test_a_ticket_comes_with_its_requester_who_ranks_below_the_same_one_of_the_stream() -> None:
    user: JsonValue = {"id": 701, "email": "ada@example.com", "updated_at": "2026-03-01T00:00:00Z"}
    more: JsonValue = [{"user_id": 701, "type": "email", "value": "ada@home.example"}]
    service = Answers(
        {
            TICKETS: {"tickets": [ticket()], "users": [user], **EMPTY},
            USERS: {"users": [user], "identities": more, **EMPTY},
        }
    )
    [beside] = [one for one in read(zendesk(), "tickets", service).events if isinstance(one, ContactChanged)]
    [whole] = [one for one in read(zendesk(), "users", service).events if isinstance(one, ContactChanged)]
    assert beside.data.emails == ("ada@example.com",)
    assert whole.data.emails == ("ada@example.com", "ada@home.example")
    assert beside.source_version < whole.source_version


def test_further_identities_are_addresses_of_their_user_alone() -> None:
    users: JsonValue = [{"id": 701, "email": "ada@example.com"}, {"id": 702, "email": None}]
    identities: JsonValue = [
        {"user_id": 701, "type": "email", "value": "ada@example.com"},
        {"user_id": 701, "type": "phone_number", "value": "+49301234567"},
        {"user_id": 702, "type": "twitter", "value": "bob"},
        {"user_id": 702, "type": "agent_forwarding", "value": "+1"},
        {"user_id": 702, "type": "email", "value": None},
        "odd",
    ]
    service = Answers({USERS: {"users": users, "identities": identities, **EMPTY}})
    ada, bob = contacts(read(zendesk(), "users", service).events)
    assert (ada.emails, ada.phones, ada.handles) == (("ada@example.com",), ("+49301234567",), ())
    assert (bob.emails, bob.phones, bob.handles) == ((), (), ("twitter/bob",))


def test_organizations_go_on_from_their_end_time_and_are_never_asked_for_past_it() -> None:
    rows: JsonValue = [{"id": 1, "name": "Acme", "domain_names": ["acme.example"], "deleted_at": None}]
    first = answer({"organizations": rows, "end_time": 1_772_000_000, "count": 1000})
    last = answer({"organizations": rows, "end_time": 1_772_000_500, "count": 1})
    service = Answers({ORGANIZATIONS: (first, last)})
    page = read(zendesk(), "organizations", service)
    assert (page.checkpoint, page.more) == ({"start": 1_772_000_000}, True)
    page = read(zendesk(), "organizations", service, page.checkpoint)
    assert (page.checkpoint, page.more) == ({"start": 1_772_000_500}, False)
    assert [one["start_time"] for one in service.queries(ORGANIZATIONS)] == ["0", "1772000000"]


def test_a_full_page_of_organizations_of_one_second_stops_nothing_and_is_told() -> None:
    rows: JsonValue = [{"id": 1, "name": "Acme"}]
    full = answer({"organizations": rows, "end_time": 1_772_000_000, "count": 1000, "end_of_stream": False})
    last = answer({"organizations": rows, "end_time": 1_772_000_500, "count": 1, "end_of_stream": True})
    service, at = Answers({ORGANIZATIONS: (full, last)}), {"start": 1_772_000_000}
    page = read(zendesk(), "organizations", service, at)
    assert (page.checkpoint, page.more, len(page.gaps)) == ({"start": 1_772_000_001}, True, 1)
    page = read(zendesk(), "organizations", service, page.checkpoint)
    assert (page.checkpoint, page.more, list(page.gaps)) == ({"start": 1_772_000_500}, False, [])
    for end in (1_771_000_000, None):
        stuck = Answers({ORGANIZATIONS: {"organizations": rows, "end_time": end, "end_of_stream": False}})
        with pytest.raises(PagingStuck):
            read(zendesk(), "organizations", stuck, at)


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_ratings_skips_that_stream_and_reads_the_others(status: int) -> None:
    service = Answers(
        {
            ORGANIZATIONS: {"organizations": [], "end_time": None, "end_of_stream": True},
            USERS: {"users": [], **EMPTY},
            TICKETS: {"tickets": [ticket()], **EMPTY},
            RATINGS: answer({"error": "Forbidden"}, status),
        }
    )
    store = MemoryStore()
    result = Sync(store, send=service).pull(zendesk(), now=NOW)
    assert result.is_complete
    assert [gap for gap in result.gaps if "no ratings are read" in gap]
    assert [issue.id for issue in store.issues()] == ["7"]


RATED: dict[str, JsonValue] = {
    "id": 35,
    "score": "bad_with_comment",
    "ticket_id": 7,
    "requester_id": 701,
    "comment": "slow",
    "created_at": "2026-03-02T10:00:00Z",
    "updated_at": "2026-03-02T10:00:00Z",
}


def test_a_rating_that_the_list_has_is_told_by_the_list_alone_for_a_ticket_knows_no_time_of_it() -> None:
    rated = ticket(satisfaction_rating={"id": 35, "score": "bad"}, updated_at="2026-03-04T10:00:00Z")
    service = Answers(
        {
            TICKETS: {"tickets": [rated], **EMPTY},
            RATINGS: {"satisfaction_ratings": [RATED], "meta": {"has_more": False}},
        }
    )
    assert answers(read(zendesk(), "tickets", service).events) == []
    [one] = answers(read(zendesk(), "satisfaction_ratings", service).events)
    assert (one.id, one.issue_id, one.bucket) == ("35", "7", SurveyBucket.BAD)
    assert one.responded_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    [kept] = answers(read(zendesk(keeps_text=False), "satisfaction_ratings", service).events)
    assert (one.comment, kept.comment) == ("slow", None)


def test_a_rating_that_no_list_has_counts_from_when_the_ticket_was_solved_however_often_that_is_touched() -> None:
    solved: JsonValue = {"solved_at": "2026-03-01T09:00:00Z"}
    rating: JsonValue = {"score": "good", "comment": "quick"}
    for changed in ("2026-03-02T10:00:00Z", "2026-03-04T10:00:00Z"):
        rated = ticket(status="closed", satisfaction_rating=rating, metric_set=solved, updated_at=changed)
        service = Answers({TICKETS: {"tickets": [rated], **EMPTY}})
        [one] = answers(read(zendesk(), "tickets", service).events)
        assert (one.id, one.bucket) == ("7", SurveyBucket.GOOD)
        assert one.responded_at == one.remote_updated_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
        [kept] = answers(read(zendesk(keeps_text=False), "tickets", service).events)
        assert (one.comment, kept.comment) == ("quick", None)


def test_ratings_that_may_be_given_anew_are_read_again_once_a_day() -> None:
    service = Answers({RATINGS: {"satisfaction_ratings": [], "meta": {"has_more": False}}})
    mark = NOW - timedelta(minutes=1)
    checkpoint = read(zendesk(), "satisfaction_ratings", service, {"mark": mark.isoformat()}).checkpoint
    for later in (timedelta(hours=23), timedelta(hours=25), timedelta(hours=26)):
        service.now = NOW + later
        checkpoint = read(zendesk(), "satisfaction_ratings", service, checkpoint).checkpoint
    starts = [datetime.fromtimestamp(int(query["start_time"]), UTC) for query in service.queries(RATINGS)]
    recent = timedelta(minutes=10)
    assert starts == [
        mark - timedelta(days=28),
        mark - recent,
        mark + timedelta(hours=23) - recent,
        mark + timedelta(hours=25) - timedelta(days=28),
    ]


def test_a_custom_status_counts_by_its_id_its_name_or_its_category() -> None:
    statuses: JsonValue = {"custom_statuses": [{"id": 31, "agent_label": "Parts on Order", "status_category": "hold"}]}
    rows: JsonValue = [ticket(status="hold", custom_status_id=31), ticket(id=8, status="hold", custom_status_id=32)]
    service = Answers({TICKETS: {"tickets": rows, **EMPTY}, "/api/v2/custom_statuses.json": statuses})
    third_party = IssueStatus.WAITING_ON_THIRD_PARTY
    for given in ({"parts on order": "snoozed"}, {31: "snoozed"}):
        read_in = issues(read(zendesk(custom_statuses=given), "tickets", service).events)
        assert [one.status for one in read_in] == [IssueStatus.SNOOZED, third_party]
    assert [one.status for one in issues(read(zendesk(), "tickets", service).events)] == [third_party, third_party]


def test_a_custom_status_that_is_not_there_or_may_not_be_read_is_told_in_every_run() -> None:
    statuses: JsonValue = {"custom_statuses": [{"id": 31, "agent_label": "Parts on Order"}]}
    held = ticket(status="hold", custom_status_id=31)
    path = "/api/v2/custom_statuses.json"
    for found, lost in (
        (answer({"error": "Forbidden"}, 403), "`lost`, `parts on order`"),
        (GATEWAY, "`lost`, `parts on order`"),
        (answer(statuses), "`lost`"),
    ):
        service = Answers({TICKETS: {"tickets": [held], **EMPTY}, path: found})
        source = zendesk(custom_statuses={"Parts on Order": "snoozed", "Lost": "closed"})
        for later in (timedelta(0), timedelta(hours=1)):
            run = Run(NOW + later)
            first = drive(source, source.read("tickets", None, run), service)
            second = drive(source, source.read("tickets", None, run), service)
            assert [lost in gap for gap in first.gaps] == [True]
            assert not second.gaps
        assert len(service.queries(path)) == 2


def test_a_custom_status_that_could_not_be_read_is_learned_by_the_next_run() -> None:
    statuses: JsonValue = {"custom_statuses": [{"id": 31, "agent_label": "Parts on Order"}]}
    held = ticket(status="hold", custom_status_id=31)
    both = (answer({"error": "Forbidden"}, 403), answer(statuses))
    service = Answers({TICKETS: {"tickets": [held], **EMPTY}, "/api/v2/custom_statuses.json": both})
    source = zendesk(custom_statuses={"Parts on Order": "snoozed"})
    found: list[IssueStatus] = []
    for later in (timedelta(0), timedelta(hours=1)):
        page = drive(source, source.read("tickets", None, Run(NOW + later)), service)
        found += [one.status for one in issues(page.events)]
    assert found == [IssueStatus.WAITING_ON_THIRD_PARTY, IssueStatus.SNOOZED]


# Which ticket a merged one went into


MERGED = ticket(status="closed", tags=["vip", "closed_by_merge"])
MARK: JsonValue = {"type": "Change", "field_name": "tags", "value": ["vip", "closed_by_merge"]}


def said_in(body: str) -> JsonValue:
    return {"type": "Comment", "author_id": 11, "body": body}


def merge_via(*ids: int) -> JsonValue:
    return {"source": {"from": {"ticket_ids": [*ids]}, "to": {}, "rel": "merge"}}


def survivor_of(ours: list[JsonValue], theirs: Mapping[int, list[JsonValue]] | None = None) -> str | None:
    prepared: dict[str, JsonValue | Response] = {
        f"/api/v2/tickets/{id}/audits.json": {"audits": rows} for id, rows in {7: ours, **(theirs or {})}.items()
    }
    service = Answers({SEVERAL: {"tickets": [MERGED]}, **prepared})
    source = zendesk()
    result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), service)
    ranked = [one for one in result.events if isinstance(one, IssueChanged)]
    found = max(ranked, key=lambda one: one.sequence).data
    assert (found.status, [ref.id for ref in result.done]) == (IssueStatus.MERGED, ["7"])
    assert ["merged tickets 7" in gap for gap in result.gaps] == ([True] if found.merged_into is None else [])
    return found.merged_into


def test_a_merged_ticket_is_looked_up() -> None:
    service = Answers({TICKETS: {"tickets": [MERGED, ticket(id=8)], **EMPTY}})
    assert [ref.id for ref in read(zendesk(), "tickets", service).wanted] == ["7"]


def test_a_ticket_went_where_the_merge_itself_leads() -> None:
    earlier: JsonValue = {"events": [said_in("took #5 in")], "via": merge_via(5)}
    last: JsonValue = {"events": [said_in("see #4711"), MARK], "via": merge_via(9)}
    assert survivor_of([earlier, last]) == "9"


def test_a_ticket_went_into_the_one_that_a_comment_names_where_that_one_took_it_in() -> None:
    last: JsonValue = {"events": [said_in("closed and merged into request #9, see #12"), MARK]}
    took_in: JsonValue = {"events": [{"type": "Comment", "body": "", "via": merge_via(7, 6)}]}
    other: JsonValue = {"events": [said_in("like #7")]}
    assert survivor_of([last], {9: [took_in], 12: [other]}) == "9"
    assert survivor_of([last], {12: [other], 9: [other]}) is None


def test_a_follow_up_that_was_created_with_the_tag_of_a_merge_went_nowhere() -> None:
    created: JsonValue = {"type": "Create", "field_name": "tags", "value": ["closed_by_merge"]}
    assert survivor_of([{"events": [said_in("follow-up of #9"), created]}, {"events": None}]) is None


# Who wrote


AUDITS = "/api/v2/tickets/7/audits.json"
OUTBOUND = ticket(submitter_id=11, tags=["winback"])


def audits(*writers: int, after: str | None = None) -> JsonValue:
    comments: list[JsonValue] = [
        {"author_id": writer, "events": [{"type": "Comment", "author_id": writer}, {"type": "Change"}]}
        for writer in writers
    ]
    return {"audits": comments, "meta": {"has_more": after is not None, "after_cursor": after}}


def fetched(*pages: JsonValue, role: str = "agent") -> Issue:
    people: JsonValue = {"users": [{"id": 11, "role": "agent"}, {"id": 12, "role": role}]}
    service = Answers({SEVERAL: {"tickets": [OUTBOUND]}, AUDITS: tuple(answer(page) for page in pages), PEOPLE: people})
    source = zendesk(outbound_tags=["winback"])
    result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), service)
    assert [ref.id for ref in result.done] == ["7"]
    ranked = [one for one in result.events if isinstance(one, IssueChanged)]
    return max(ranked, key=lambda one: one.sequence).data


def test_a_ticket_that_a_campaign_may_have_begun_is_looked_up() -> None:
    service = Answers({TICKETS: {"tickets": [OUTBOUND, ticket(id=8, submitter_id=11), ticket(id=9)], **EMPTY}})
    page = read(zendesk(outbound_tags=["winback"]), "tickets", service)
    assert [ref.id for ref in page.wanted] == ["7"]
    assert issues(page.events)[0].initiated_by is Initiator.AGENT


def test_staff_alone_having_written_makes_it_a_campaigns() -> None:
    found = fetched(audits(11), audits(11, -1))
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CAMPAIGN, False)


def test_an_answer_of_the_customers_makes_it_an_issue_again() -> None:
    found = fetched(audits(11, after="a1"), audits(701))
    assert (found.initiated_by, found.customer_wrote) == (Initiator.AGENT, True)


def test_what_the_customer_wrote_first_was_begun_by_the_customer() -> None:
    assert fetched(audits(701, 11)).initiated_by is Initiator.CUSTOMER


@pytest.mark.parametrize("pages", [(audits(),), (audits(11, 12),)])
def test_nothing_follows_where_it_is_not_known_who_wrote(pages: tuple[JsonValue, ...]) -> None:
    found = fetched(*pages, role="end-user")
    assert (found.initiated_by, found.customer_wrote) == (Initiator.AGENT, None)


# By id


def test_a_ticket_is_gone_on_zendesks_own_word_alone() -> None:
    source, one = zendesk(), "/api/v2/tickets/7.json"
    for response, is_gone in (
        (answer({"error": "RecordNotFound"}, 404), True),
        (answer({"error": "InvalidEndpoint"}, 404), False),
        (answer({"error": "Forbidden"}, 403), False),
        (GATEWAY, False),
    ):
        service = Answers({SEVERAL: {"tickets": []}, one: response})
        result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), service)
        assert [type(event) for event in result.events] == ([IssueRemoved] if is_gone else [])
        assert (bool(result.done), bool(result.gaps)) == (is_gone, not is_gone)


# Writing


NEW = NewIssue(subject="Parcel is wet", body="It rained in.", requester_email="ada@example.com", tags=("social",))


def test_a_created_ticket_is_internal_and_repeated_under_one_key() -> None:
    service = Answers({"/api/v2/tickets.json": (answer({}, 500), answer({"ticket": {"id": 9}}, 201))})
    source = zendesk()
    assert drive(source, source.create_issue(NEW), service) == "9"
    keys = {request.headers["Idempotency-Key"] for request in service.asked}
    assert (len(service.asked), len(keys)) == (2, 1)
    body = service.asked[0].json
    assert isinstance(body, dict)
    sent = body["ticket"]
    assert isinstance(sent, dict)
    assert sent["comment"] == {"body": "It rained in.", "public": False}
    assert sent["tags"] == ["social"]


def test_a_post_makes_one_ticket_whatever_becomes_of_its_text() -> None:
    one: JsonValue = {"id": 9}
    answered = (answer({"tickets": []}), answer({"ticket": one}, 201), answer({"tickets": [one]}))
    source, service = zendesk(), Answers({"/api/v2/tickets.json": answered})
    complaint = replace(NEW, about="fedi/post/17")
    for body in ("It rained in.", "It rained in!"):
        assert drive(source, source.create_issue(replace(complaint, body=body)), service) == "9"
    looked, made, looked_again = service.asked
    assert query(looked) == query(looked_again) == {"external_id": complaint.key}
    assert isinstance(made.json, dict)
    assert isinstance(made.json["ticket"], dict)
    assert made.json["ticket"]["external_id"] == complaint.key


def test_what_cannot_be_written_is_refused_before_any_request() -> None:
    source, service = zendesk(), Answers({})
    nobody = NewIssue(subject="x", body="x", requester_email="nobody")
    for flow in (
        source.create_issue(nobody),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", queue="First line")),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", tags=("vip", "two words"))),
        source.add_note("seven", "x"),
        source.add_tag("7", "two words"),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


# Doctor


def told(me: JsonValue, **settings: Any) -> dict[str, str]:
    labels: JsonValue = {"custom_statuses": [{"id": 31, "agent_label": "Parts on Order"}]}
    service = Answers(
        {
            "/api/v2/users/me.json": {"user": me},
            "/api/v2/tickets/count.json": {"count": {"value": settings.pop("seen", 812)}},
            RATINGS: answer({}, 403) if "plan" in settings else answer({"satisfaction_ratings": []}),
            "/api/v2/custom_statuses.json": labels,
        }
    )
    settings.pop("plan", None)
    source = zendesk(**settings)
    return {one.subject: one.remedy for one in drive(source, source.check(), service) if not one.is_well}


ADMIN: dict[str, JsonValue] = {"id": 1, "role": "admin", "ticket_restriction": None}


def test_the_doctor_finds_nothing_wrong_with_an_admin_who_sees_all() -> None:
    assert told(ADMIN, custom_statuses={"Parts on Order": "snoozed", 31: "snoozed"}) == {}
    assert told(ADMIN, plan="small") == {}


def test_the_doctor_tells_when_fewer_tickets_are_seen_than_there_are() -> None:
    assert "812 of 813 are seen" in told(ADMIN, expected_tickets=813)["number of tickets"]
    assert "none is seen" in told(ADMIN, seen=0)["number of tickets"]
    assert told(ADMIN, expected_tickets=812) == told(ADMIN, seen=None, expected_tickets=813) == {}


def test_the_doctor_tells_who_is_not_signed_in() -> None:
    assert "nobody is signed in" in told({"id": None, "role": "end-user"})["credential"]


def test_the_doctor_tells_who_sees_only_a_part() -> None:
    found = told({**ADMIN, "role": "agent", "ticket_restriction": "groups"})
    assert "only a part is seen" in found["tickets"]
    assert "admin" in found["role"]


def test_the_doctor_tells_of_a_custom_status_that_is_not_there() -> None:
    assert "there is none of this name" in told(ADMIN, custom_statuses={"Lost": "closed"})["custom status `Lost`"]


def test_an_empty_page_that_is_not_the_last_ends_nothing() -> None:
    service = Answers({TICKETS: {"tickets": [], "after_cursor": "c2", "end_of_stream": False}})
    page = read(zendesk(), "tickets", service, {"cursor": "c1"})
    assert (page.checkpoint, page.more) == ({"cursor": "c2"}, True)


def test_people_and_metrics_are_asked_for_with_tickets() -> None:
    service = Answers({TICKETS: Response(200, {}, b'{"tickets": [], "end_of_stream": true}')})
    read(zendesk(), "tickets", service)
    assert query(service.asked[0])["include"] == "users,metric_sets"


class TestZendeskSheet(SheetTests):
    sheet: ClassVar[Sheet] = ZENDESK
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "2": test_the_next_run_sends_the_cursor_and_no_time,
        "3": test_a_start_within_the_last_minute_is_moved_back_by_the_services_clock,
        "11": test_a_cursor_that_is_not_known_is_told_as_expired,
        "13": test_an_empty_page_that_is_not_the_last_ends_nothing,
        "x5": test_the_doctor_tells_who_sees_only_a_part,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "the export goes by the time at which Zendesk noted a change, which no change precedes",
        "10": "an export has no cap: its cursor leads to the end",
    }

    def connector(self, service: SheetService) -> Zendesk:
        return Zendesk(
            "acme",
            refresh_token=self.secret,
            client_id="alignkit",
            client_secret="sample-secret",
            base_url=service.base_url,
            tokens=service.tokens,
        )
