"""Holds the connector for Freshdesk to the kit as its sheet describes Freshdesk, and to what is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Checkpoint, NewIssue, Page, Run
from alignkit.connectors.freshdesk import Freshdesk
from alignkit.errors import DataInvalid, PagingStuck, ResponseInvalid, SettingsError
from alignkit.models import Contact, Issue, SurveyResponse
from alignkit.models.events import ContactChanged, IssueChanged, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Channel, Initiator, IssueStatus, Priority, SurveyBucket
from alignkit.stores import MemoryStore
from alignkit.stores.records import Batch
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit.transport import JsonValue, Response

from .answering import NOW, Answers, Prepared, answer
from .driving import drive
from .sheets.freshdesk import FRESHDESK

TICKETS = "/api/v2/tickets"
CONTACTS = "/api/v2/contacts"
COMPANIES = "/api/v2/companies"
RATINGS = "/api/v2/surveys/satisfaction_ratings"
FIELDS = "/api/v2/ticket_fields"


class SmallFreshdesk(Freshdesk):
    """Asks for few records at once, as a test has few."""

    page_size: ClassVar[int] = 2


def freshdesk(kind: type[Freshdesk] = Freshdesk, **settings: Any) -> Freshdesk:
    return kind("acme", "sample-token", **settings)


def ticket(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": 7,
        "status": 2,
        "source": 1,
        "requester_id": 701,
        "created_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        **values,
    }


def read(source: Freshdesk, stream: str, service: Answers, checkpoint: Checkpoint | None = None, **run: Any) -> Page:
    return drive(source, source.read(stream, checkpoint, Run(NOW, **run)), service)


def issue_of(by: Freshdesk | None = None, stream: str = "tickets", **values: JsonValue) -> Issue:
    page = read(by or freshdesk(), stream, Answers({TICKETS: [ticket(**values)]}))
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
        Freshdesk(domain, "sample-token")


def test_a_key_and_an_address_are_needed() -> None:
    with pytest.raises(SettingsError, match="api_key"):
        Freshdesk("acme")
    with pytest.raises(SettingsError, match="give `domain`"):
        Freshdesk(api_key="sample-token")
    with pytest.raises(SettingsError, match="plain http"):
        Freshdesk(api_key="sample-token", base_url="http://freshdesk.example")


# Walking


def test_every_request_for_tickets_names_bound_order_and_list() -> None:
    service = Answers({TICKETS: []})
    for stream in ("tickets", "spam_tickets", "deleted_tickets"):
        read(freshdesk(), stream, service)
    for asked in service.queries(TICKETS):
        assert asked["updated_since"] == "2000-01-01T00:00:00Z"
        assert (asked["order_by"], asked["order_type"]) == ("updated_at", "asc")
    assert [asked.get("filter") for asked in service.queries(TICKETS)] == [None, "spam", "deleted"]


def at(second: int, id: int) -> JsonValue:
    return ticket(id=id, updated_at=f"2026-03-02T10:00:{second:02}Z")


def test_a_page_is_asked_for_from_the_second_of_the_last_row_at_page_one() -> None:
    service = Answers({TICKETS: [at(1, 1), at(5, 2)]})
    source = freshdesk(SmallFreshdesk)
    page = read(source, "tickets", service)
    read(source, "tickets", service, page.checkpoint)
    first, second = service.queries(TICKETS)
    assert (first["page"], second["page"], second["updated_since"]) == ("1", "1", "2026-03-02T10:00:05Z")


def test_within_one_second_pages_are_read_up_and_then_down_again() -> None:
    one, other, last = (list[JsonValue](at(5, id) for id in ids) for ids in ((1, 2), (3, 4), (5,)))
    service = Answers({TICKETS: tuple(answer(rows) for rows in (one, one, other, last, other, one))})
    source, checkpoint, pages = freshdesk(SmallFreshdesk), None, list[str]()
    while True:
        page = read(source, "tickets", service, checkpoint)
        pages.append(service.queries(TICKETS)[-1]["page"])
        checkpoint = page.checkpoint
        if not page.more:
            break
    # The first answer moves the walk to that second; in it there are three pages.
    assert pages == ["1", "1", "2", "3", "2", "1"]
    assert checkpoint == {"mark": "2026-03-04T11:59:30Z"}


def test_the_same_page_on_the_way_up_ends_the_walk() -> None:
    service = Answers({TICKETS: [at(5, 1), at(5, 2)]})
    source = freshdesk(SmallFreshdesk)
    first = read(source, "tickets", service, {"mark": "2026-03-02T10:05:05Z"})
    with pytest.raises(PagingStuck):
        read(source, "tickets", service, first.checkpoint)


def test_more_tickets_of_one_second_than_can_be_listed_are_told_and_the_walk_goes_on() -> None:
    same: JsonValue = [at(5, 1), at(5, 2)]
    walk: JsonValue = {"since": "2026-03-02T10:00:05Z", "until": NOW.isoformat(), "page": 300}
    page = read(freshdesk(SmallFreshdesk), "tickets", Answers({TICKETS: same}), {"walk": walk})
    assert [gap for gap in page.gaps if "more than 600 tickets" in gap]
    following = page.checkpoint["walk"]
    assert isinstance(following, dict)
    assert (following["since"], following.get("page", 1)) == ("2026-03-02T10:00:06Z", 1)


def test_an_order_that_was_ignored_ends_the_walk() -> None:
    with pytest.raises(ResponseInvalid, match="another order"):
        read(freshdesk(), "tickets", Answers({TICKETS: [at(5, 1), at(3, 2), at(1, 3)]}))


def test_the_next_window_begins_before_the_services_clock_at_the_first_page() -> None:
    service = Answers({TICKETS: [at(1, 1)]})
    page = read(freshdesk(), "tickets", service)
    assert page.checkpoint == {"mark": "2026-03-04T11:59:30Z"}
    read(freshdesk(), "tickets", service, page.checkpoint)
    assert service.queries(TICKETS)[1]["updated_since"] == "2026-03-04T11:54:30Z"


def person(id: int, second: int) -> JsonValue:
    return {"id": id, "email": f"{id}@example.com", "updated_at": f"2026-03-02T10:00:{second:02}Z"}


def down_from(rows: JsonValue, **walk: JsonValue) -> tuple[Page, dict[str, Any]]:
    """The last page that can be listed, and the walk that follows."""
    before: dict[str, JsonValue] = {"until": NOW.isoformat(), "page": 499, **walk}
    service, mark = Answers({CONTACTS: rows}), "2026-03-01T00:00:00Z"
    page = read(freshdesk(SmallFreshdesk), "contacts", service, {"mark": mark, "walk": before})
    walked = page.checkpoint["walk"]
    assert isinstance(walked, dict)
    assert (walked["page"], walked["is_down"]) == (498, True)
    return page, walked


def test_contacts_beyond_the_reach_of_their_list_are_read_from_the_last_second_on() -> None:
    page, walk = down_from([person(1, 5), person(2, 6)], newest="2026-03-02T10:00:05Z")
    assert (list(page.gaps), walk["last"]) == ([], "2026-03-02T10:00:06Z")
    walk["page"] = 1
    service = Answers({CONTACTS: [person(1, 5)]})
    page = read(freshdesk(SmallFreshdesk), "contacts", service, {"mark": "2026-03-01T00:00:00Z", "walk": walk})
    read(freshdesk(SmallFreshdesk), "contacts", service, page.checkpoint)
    assert service.queries(CONTACTS)[-1] == {
        "per_page": "2",
        "page": "1",
        "_updated_since": "2026-03-02T10:00:06Z",
    }


@pytest.mark.parametrize(
    ("rows", "walk"),
    [
        ([person(1, 6), person(2, 5)], {}),
        ([person(1, 5), person(2, 6)], {"newest": "2026-03-02T10:00:07Z"}),
        ([person(1, 5), person(2, 6)], {"is_ordered": False}),
        ([person(1, 5), person(2, 5)], {"since": "2026-03-02T10:00:05Z"}),
        ([person(1, 5), {"id": 2}], {}),
    ],
)
def test_contacts_that_cannot_be_reached_are_told_and_the_mark_stays(rows: JsonValue, walk: dict[str, Any]) -> None:
    page, walked = down_from(rows, **walk)
    assert [gap for gap in page.gaps if "first 998 of contacts" in gap]
    walked["page"] = 1
    service = Answers({CONTACTS: [person(1, 5)]})
    page = read(freshdesk(SmallFreshdesk), "contacts", service, {"mark": "2026-03-01T00:00:00Z", "walk": walked})
    assert (page.more, page.checkpoint) == (False, {"mark": "2026-03-01T00:00:00Z"})


def test_contacts_that_were_deleted_are_read_from_a_list_of_their_own() -> None:
    service = Answers({CONTACTS: [person(1, 5)]})
    page = read(freshdesk(), "deleted_contacts", service)
    assert service.queries(CONTACTS)[0]["state"] == "deleted"
    [event] = page.events
    [found] = contacts([event])
    assert (found.is_active, found.emails, event.sequence) == (False, ("1@example.com",), 1)


def test_companies_are_read_once_a_day() -> None:
    service = Answers({COMPANIES: [{"id": 1, "name": "Acme", "domains": ["acme.example"]}]})
    page = read(freshdesk(), "companies", service)
    again = read(freshdesk(), "companies", service, page.checkpoint)
    assert (page.more, again.events, len(service.asked)) == (False, (), 1)
    later = freshdesk()
    drive(later, later.read("companies", page.checkpoint, Run(NOW + timedelta(days=2))), service)
    assert len(service.asked) == 2


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_ratings_skips_that_stream(status: int) -> None:
    page = read(freshdesk(), "satisfaction_ratings", Answers({RATINGS: answer({"code": "require_feature"}, status)}))
    assert (page.checkpoint, page.more) == ({}, False)
    assert [gap for gap in page.gaps if "no ratings are read" in gap]


# Meaning


def test_a_status_of_the_accounts_own_is_unknown_until_the_settings_say_what_it_means() -> None:
    assert issue_of(status=8).status is IssueStatus.UNKNOWN
    assert issue_of(freshdesk(statuses={8: "snoozed"}), status=8).status is IssueStatus.SNOOZED
    fields: JsonValue = [{"type": "default_status", "choices": {"8": ["Parts on order", "Wait"], "2": ["Open"]}}]
    service = Answers({TICKETS: [ticket(status=8)], FIELDS: fields})
    [event] = read(freshdesk(statuses={"parts on order": "snoozed"}), "tickets", service).events
    assert isinstance(event, IssueChanged)
    assert event.data.status is IssueStatus.SNOOZED


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (answer({"code": "access_denied"}, 403), "may not be seen"),
        (Response(403, {"content-type": "text/html"}, b"<h1>Forbidden</h1>"), "may not be seen"),
        (answer([{"type": "default_status", "choices": {"9": ["Baking"]}}]), "none of these names"),
    ],
)
def test_a_status_that_is_not_found_by_its_name_is_told_until_it_is(fields: Response, why: str) -> None:
    known: JsonValue = [{"type": "default_status", "choices": {"8": ["Parts on order"]}}]
    service = Answers({TICKETS: [ticket(status=8)], FIELDS: (fields, fields, answer(known))})
    source = freshdesk(statuses={"parts on order": "snoozed"})
    for _ in range(2):
        page = read(source, "tickets", service)
        [gap] = page.gaps
        assert why in gap
        assert "`parts on order`" in gap
    page = read(source, "tickets", service)
    [event] = page.events
    assert isinstance(event, IssueChanged)
    assert (event.data.status, list(page.gaps)) == (IssueStatus.SNOOZED, [])


def test_what_lies_in_the_trash_or_among_spam_is_over() -> None:
    assert issue_of(stream="deleted_tickets").status is IssueStatus.DELETED
    assert issue_of(stream="spam_tickets").status is IssueStatus.SPAM
    assert issue_of(deleted=True).is_active is False
    assert issue_of(spam=True).is_active is False


def test_a_ticket_that_was_put_away_in_the_second_of_its_last_change_is_over() -> None:
    store, source = MemoryStore(), freshdesk()
    for stream in ("deleted_tickets", "tickets", "spam_tickets"):
        page = read(source, stream, Answers({TICKETS: [ticket()]}))
        ranks = {(event.source_version, event.sequence) for event in page.events}
        store.apply(Batch(source.name, page.events, NOW))
        assert {sequence for _, sequence in ranks} == {int(stream != "tickets")}
    assert [issue.is_active for issue in store.issues()] == [False]


STATS: JsonValue = {"requester_responded_at": None}
ANSWERED: JsonValue = {"requester_responded_at": "2026-03-02T09:30:00Z"}


@pytest.mark.parametrize(
    ("source", "stats", "initiator", "wrote"),
    [
        (1, STATS, Initiator.CUSTOMER, True),
        (2, None, Initiator.CUSTOMER, True),
        (3, STATS, Initiator.AGENT, None),
        (3, ANSWERED, Initiator.AGENT, True),
        (10, STATS, Initiator.AGENT, False),
        (10, ANSWERED, Initiator.AGENT, True),
        (10, None, Initiator.AGENT, None),
        (99, STATS, None, None),
    ],
)
def test_who_began_a_ticket_is_what_its_source_says(
    source: int, stats: JsonValue, initiator: Initiator | None, wrote: bool | None
) -> None:
    found = issue_of(source=source, stats=stats)
    assert (found.initiated_by, found.customer_wrote) == (initiator, wrote)


def test_an_outbound_tag_makes_a_campaigns_of_an_e_mail_without_an_answer_alone() -> None:
    tagged = freshdesk(outbound_tags=["winback"])
    assert issue_of(tagged, source=10, stats=STATS, tags=["winback"]).initiated_by is Initiator.CAMPAIGN
    assert issue_of(tagged, source=10, stats=ANSWERED, tags=["winback"]).initiated_by is Initiator.AGENT
    assert issue_of(tagged, source=3, stats=STATS, tags=["winback"]).initiated_by is Initiator.AGENT


def test_a_ticket_tells_its_people_channel_priority_and_place() -> None:
    requester: dict[str, JsonValue] = {"id": 701, "name": "Ada", "email": "ada@example.com"}
    requester |= {"phone": None, "mobile": "+49301234567"}
    found = issue_of(requester=requester, priority=4, cc_emails=["Bob <bob@example.com>", "bob@example.com", "odd"])
    assert (found.requester_email, found.requester_phone) == ("ada@example.com", "+49301234567")
    assert found.affected == ("email:bob@example.com",)
    assert (found.priority, found.channel) == (Priority.URGENT, Channel.EMAIL)
    assert found.url == "https://acme.freshdesk.com/a/tickets/7"


def test_a_contact_has_all_its_addresses() -> None:
    row: JsonValue = {
        "id": 1,
        "email": "ada@example.com",
        "other_emails": ["ada@home.example"],
        "phone": "+4930",
        "mobile": "+49170",
        "twitter_id": "ada",
        "unique_external_id": "x1",
    }
    [found] = contacts(read(freshdesk(), "contacts", Answers({CONTACTS: [row]})).events)
    assert found.emails == ("ada@example.com", "ada@home.example")
    assert (found.phones, found.handles, found.external_ids) == (("+4930", "+49170"), ("twitter/ada",), ("x1",))


@pytest.mark.parametrize(
    ("number", "bucket"), [(103, SurveyBucket.GOOD), (100, SurveyBucket.NEUTRAL), (-101, SurveyBucket.BAD)]
)
def test_a_rating_is_read_by_its_number(number: int, bucket: SurveyBucket) -> None:
    row: JsonValue = {
        "id": 3,
        "ticket_id": 7,
        "feedback": "slow",
        "ratings": {"default_question": number},
        "created_at": "2026-03-02T09:00:00Z",
    }
    [found] = answers(read(freshdesk(), "satisfaction_ratings", Answers({RATINGS: [row]})).events)
    assert (found.reading, found.comment, found.issue_id) == (bucket, "slow", "7")
    kept = read(freshdesk(keeps_text=False), "satisfaction_ratings", Answers({RATINGS: [row]}))
    assert answers(kept.events)[0].comment is None


# By id, and writing


ME = "/api/v2/agents/me"
EMPTY, OWN = Response(404), answer({"code": "not_found", "message": "no such thing"}, 404)
SEES_ALL: Mapping[str, Any] = {ME: {"id": 1, "ticket_scope": 1}, TICKETS: [ticket(id=8)], f"{TICKETS}/8": ticket(id=8)}


def fetched(ref: Ref, prepared: Mapping[str, Any]) -> tuple[list[Any], bool]:
    source = freshdesk()
    result = drive(source, source.fetch([ref], Run(NOW)), Answers(prepared))
    return [event.data for event in result.events], bool(result.done)


@pytest.mark.parametrize("gone", [EMPTY, OWN])
def test_a_ticket_is_gone_where_freshdesk_says_so_twice_and_shows_another_one_in_between(gone: Response) -> None:
    [removal], is_done = fetched(Ref("issue", "7"), {**SEES_ALL, f"{TICKETS}/7": gone})
    assert (type(removal).__name__, removal.reason, is_done) == ("IssueRemoval", "not_found", True)
    [person], is_done = fetched(Ref("contact", "7"), {**SEES_ALL, f"{CONTACTS}/7": gone})
    assert (person.id, person.is_active, is_done) == ("7", False, True)


@pytest.mark.parametrize(
    "changed",
    [
        {ME: {"id": 1, "ticket_scope": 2}},
        {ME: {"id": 1}},
        {ME: EMPTY},
        {TICKETS: []},
        {TICKETS: EMPTY},
        {f"{TICKETS}/8": EMPTY},
        {f"{TICKETS}/8": answer({"message": "ok"})},
        {f"{TICKETS}/7": (EMPTY, answer({}, 403))},
        {f"{TICKETS}/7": answer({}, 403)},
        {f"{TICKETS}/7": answer({"message": "no Route matched with those values"}, 404)},
        {f"{TICKETS}/7": answer({"code": 404, "message": "not found"}, 404)},
        {f"{TICKETS}/7": Response(404, {"content-type": "text/html"}, b"<html>not here</html>")},
    ],
)
def test_a_ticket_is_not_gone_where_anything_else_may_be_the_reason(changed: Mapping[str, Any]) -> None:
    assert fetched(Ref("issue", "7"), {**SEES_ALL, f"{TICKETS}/7": EMPTY, **changed}) == ([], False)


def test_a_404_that_passes_by_ends_nothing() -> None:
    [issue], is_done = fetched(Ref("issue", "7"), {**SEES_ALL, f"{TICKETS}/7": (EMPTY, answer(ticket()))})
    assert (issue.status, is_done) == (IssueStatus.OPEN, True)


# Merging


CLOSED: Mapping[str, JsonValue] = {"status": 5, "stats": {"first_responded_at": None}}
NOTES = f"{TICKETS}/7/conversations"


def noted(*texts: str, incoming: bool = False) -> JsonValue:
    return [{"id": n, "incoming": incoming, "private": True, "body_text": text} for n, text in enumerate(texts)]


def test_a_ticket_that_was_closed_without_an_answer_is_told_once_its_notes_are_read() -> None:
    recent = ticket(**CLOSED, updated_at="2026-03-04T10:00:00Z")
    page = read(freshdesk(), "tickets", Answers({TICKETS: [recent]}))
    assert (list(page.events), [(ref.kind, ref.id) for ref in page.wanted]) == ([], [("issue", "7")])
    answered = ticket(status=5, stats={"first_responded_at": "2026-03-04T09:00:00Z"}, updated_at="2026-03-04T10:00:00Z")
    old = ticket(**CLOSED, updated_at="2026-01-04T10:00:00Z")
    for row in (answered, old):
        page = read(freshdesk(), "tickets", Answers({TICKETS: [row]}))
        assert (len(page.events), list(page.wanted)) == (1, [])


@pytest.mark.parametrize("words", ["This ticket is closed and merged into ticket 9", "Merged into ticket #9 by an app"])
def test_a_merged_ticket_hands_its_customer_to_the_one_that_its_note_names(words: str) -> None:
    store, source = MemoryStore(), freshdesk()
    survivor = ticket(id=9, requester_id=702)
    page = read(source, "tickets", Answers({TICKETS: [ticket(), survivor]}))
    store.apply(Batch(source.name, page.events, NOW))
    service = Answers({f"{TICKETS}/7": ticket(**CLOSED), NOTES: noted("Hello", words)})
    result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), service)
    store.apply(Batch(source.name, result.events, NOW))
    loser = next(issue for issue in store.issues() if issue.id == "7")
    assert (loser.status, loser.is_active) == (IssueStatus.MERGED, False)
    facts = store.facts("helpdesk_user:freshdesk/701", {"issues"})
    assert [row.ref for row in facts.issues if row.active is not False] == ["freshdesk/issue/9"]


@pytest.mark.parametrize(
    "notes",
    [noted(), noted("Closed: spam"), noted("merged into ticket 9", incoming=True), noted("merged into ticket 7")],
)
def test_a_ticket_without_such_a_note_is_closed(notes: JsonValue) -> None:
    [issue], is_done = fetched(Ref("issue", "7"), {f"{TICKETS}/7": ticket(**CLOSED), NOTES: notes})
    assert (issue.status, issue.merged_into, is_done) == (IssueStatus.CLOSED, None, True)


def test_a_ticket_whose_notes_may_not_be_read_stays_as_it_was() -> None:
    assert fetched(Ref("issue", "7"), {f"{TICKETS}/7": ticket(**CLOSED), NOTES: answer({}, 403)}) == ([], False)


NEW = NewIssue(subject="x", body="x", requester_email="ada@example.com", tags=("social",))


def test_a_ticket_with_the_same_key_is_found_and_not_made_again() -> None:
    search = "/api/v2/search/tickets"
    service = Answers({search: (answer({"results": []}), answer({"results": [{"id": 9}]})), TICKETS: {"id": 9}})
    source = freshdesk(key_field="cf_key")
    assert drive(source, source.create_issue(NEW), service) == "9"
    assert drive(source, source.create_issue(NEW), service) == "9"
    assert [one.method for one in service.asked] == ["GET", "POST", "GET"]
    keys = {query["query"] for query in service.queries(search)}
    assert len(keys) == 1


def test_a_tag_that_is_there_already_is_not_written() -> None:
    source, service = freshdesk(), Answers({f"{TICKETS}/7": {"id": 7, "tags": ["vip"]}})
    drive(source, source.add_tag("7", "vip"), service)
    assert [one.method for one in service.asked] == ["GET"]
    drive(source, source.add_tag("7", "late"), service)
    assert service.asked[-1].json == {"tags": ["vip", "late"]}


def test_what_cannot_be_written_is_refused_before_any_request() -> None:
    source, service = freshdesk(), Answers({})
    for flow in (
        source.create_issue(NewIssue(subject="x", body="x", requester_email="nobody")),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", queue="First line")),
        source.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", tags=("vip", "a,b"))),
        source.add_note("seven", "x"),
        source.add_tag("7", "a,b"),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


def told(scope: int, hidden: str = "", **settings: Any) -> dict[str, str]:
    fields: JsonValue = [{"type": "default_status", "choices": {"2": ["Open", "Open"], "8": ["Baking", "Baking"]}}]
    lists: dict[str, Prepared] = {COMPANIES: [], CONTACTS: [], RATINGS: [], FIELDS: fields}
    hiding = {hidden: answer({"code": "access_denied"}, 403)} if hidden else {}
    service = Answers({"/api/v2/agents/me": {"id": 5, "ticket_scope": scope}, **lists, **hiding})
    source = freshdesk(**settings)
    return {one.subject: one.remedy for one in drive(source, source.check(), service) if not one.is_well}


def test_the_doctor_tells_of_a_part_that_is_not_seen_and_of_statuses_without_a_meaning() -> None:
    assert told(1, statuses={"Baking": "snoozed"}) == told(1, RATINGS, statuses={"Baking": "snoozed"}) == {}
    assert "only a part is seen" in told(2, statuses={8: "snoozed"})["tickets"]
    assert "say in `statuses` what `8` means" in told(1)["status `baking`"]
    assert "there is none of this name" in told(1, statuses={"Lost": "closed", 8: "open"})["status `Lost`"]


@pytest.mark.parametrize(("path", "stream"), [("/api/v2/companies", "companies"), ("/api/v2/contacts", "contacts")])
def test_the_doctor_tells_of_a_stream_that_may_not_be_read(path: str, stream: str) -> None:
    assert f"may not read {stream}" in told(1, path, statuses={8: "snoozed"})[stream]


class TestFreshdeskSheet(SheetTests):
    sheet: ClassVar[Sheet] = FRESHDESK
    cap: ClassVar[int | None] = 4
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "18": test_every_request_for_tickets_names_bound_order_and_list,
        "x5": test_the_doctor_tells_of_a_part_that_is_not_seen_and_of_statuses_without_a_meaning,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "the list is read from the database, and the page names no delay",
        "11": "pages are counted, so there is no position that could be forgotten",
        "13": "Freshdesk tells the end of a list by a page that is not full",
        "38": "the key of an agent does not end",
    }

    def connector(self, service: SheetService) -> Freshdesk:
        caps = [one.cap for one in service.sheet.listings if one.cap]
        pages = next(cap.pages for cap in caps if cap.pages)
        rows = next(cap.rows for cap in caps if cap.rows)
        kind = type("ShortFreshdesk", (SmallFreshdesk,), {"most_pages": pages, "most_counted": rows // 2})
        made: Freshdesk = kind("acme", self.secret, base_url=service.base_url)
        return made
