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
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Channel, Initiator, IssueStatus, Priority, SurveyBucket
from alignkit.stores import MemoryStore
from alignkit.stores.base import Batch
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet_service import SheetService
from alignkit.transport import JsonValue, Response

from .answering import NOW, Answers, answer
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


def test_pages_of_contacts_are_read_up_and_down_and_their_end_is_told() -> None:
    full: JsonValue = [{"id": 1, "email": "a@example.com"}, {"id": 2, "email": None}]
    walk: JsonValue = {"until": NOW.isoformat(), "page": 499}
    page = read(freshdesk(SmallFreshdesk), "contacts", Answers({CONTACTS: full}), {"walk": walk})
    assert [gap for gap in page.gaps if "first 998 of contacts" in gap]
    down = page.checkpoint["walk"]
    assert isinstance(down, dict)
    assert (down["page"], down["is_down"]) == (498, True)


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
    requester: JsonValue = {"id": 701, "name": "Ada", "email": "ada@example.com", "mobile": "+49301234567"}
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


def test_a_ticket_is_gone_on_freshdesks_own_word_alone() -> None:
    page = Response(404, {"content-type": "text/html"}, b"<html>not here</html>")
    for response, is_gone in ((Response(404), True), (answer({"code": "x"}, 404), True), (answer({}, 403), False)):
        source = freshdesk()
        result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), Answers({f"{TICKETS}/7": response}))
        assert [type(event) for event in result.events] == ([IssueRemoved] if is_gone else [])
        assert bool(result.done) is is_gone
    source = freshdesk()
    with pytest.raises(ResponseInvalid):
        drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), Answers({f"{TICKETS}/7": page}))


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
        source.add_note("seven", "x"),
        source.add_tag("7", "a,b"),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


def told(scope: int, **settings: Any) -> dict[str, str]:
    fields: JsonValue = [{"type": "default_status", "choices": {"2": ["Open", "Open"], "8": ["Baking", "Baking"]}}]
    service = Answers({"/api/v2/agents/me": {"ticket_scope": scope}, RATINGS: answer({}, 403), FIELDS: fields})
    source = freshdesk(**settings)
    return {one.subject: one.remedy for one in drive(source, source.check(), service) if not one.is_well}


def test_the_doctor_tells_of_a_part_that_is_not_seen_and_of_statuses_without_a_meaning() -> None:
    assert told(1, statuses={"Baking": "snoozed"}) == {}
    assert "only a part is seen" in told(2, statuses={8: "snoozed"})["tickets"]
    assert "say in `statuses` what `8` means" in told(1)["status `baking`"]
    assert "there is none of this name" in told(1, statuses={"Lost": "closed", 8: "open"})["status `Lost`"]


class TestFreshdeskSheet(SheetTests):
    sheet: ClassVar[Sheet] = FRESHDESK
    cap: ClassVar[int | None] = 4
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "18": test_every_request_for_tickets_names_bound_order_and_list,
    }
    owed: ClassVar[Mapping[str, str]] = {
        "x5": "the check does not tell an agent's restricted view of tickets from the whole",
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "the list is read from the database, and the page names no delay",
        "11": "pages are counted, so there is no position that could be forgotten",
        "13": "Freshdesk tells the end of a list by a page that is not full",
        "30": "the list does not say which ticket one was merged into",
        "38": "the key of an agent does not end",
    }

    def connector(self, service: SheetService) -> Freshdesk:
        pages = next(one.cap.pages for one in service.sheet.listings if one.cap)
        kind = type("ShortFreshdesk", (SmallFreshdesk,), {"most_pages": pages})
        made: Freshdesk = kind("acme", self.secret, base_url=service.base_url)
        return made
