"""Holds the connector for Intercom to the kit as its sheet describes Intercom, and to what is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Checkpoint, NewIssue, Page, Run
from alignkit.connectors.intercom import Intercom
from alignkit.errors import CursorExpired, DataInvalid, PagingStuck, SettingsError
from alignkit.models import Issue, SurveyResponse
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Audience, Channel, Initiator, IssueStatus, Priority, SurveyBucket
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit.transport import JsonValue, Response

from .answering import NOW, Answers, answer
from .driving import drive
from .sheets.intercom import INTERCOM

CONVERSATIONS = "/conversations/search"
TICKETS = "/tickets/search"
CONTACTS = "/contacts/search"
COMPANIES = "/companies/list"
SECOND = int(datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp())


def intercom(**settings: Any) -> Intercom:
    return Intercom("sample-token", **settings)


def conversation(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": "7",
        "state": "open",
        "contacts": {"contacts": [{"id": "c1"}]},
        "created_at": SECOND,
        "updated_at": SECOND,
        **values,
    }


def page_of(*rows: JsonValue, name: str = "conversations", after: str | None = None) -> dict[str, JsonValue]:
    pages: JsonValue = {"next": {"starting_after": after}} if after else {"next": None}
    return {name: list(rows), "pages": pages}


def read(source: Intercom, stream: str, service: Answers, checkpoint: Checkpoint | None = None, **run: Any) -> Page:
    return drive(source, source.read(stream, checkpoint, Run(NOW, **run)), service)


def issues(events: Sequence[object]) -> list[Issue]:
    return [one.data for one in events if isinstance(one, IssueChanged)]


def answers(events: Sequence[object]) -> list[SurveyResponse]:
    return [one.data for one in events if isinstance(one, SurveyAnswered)]


def sent(service: Answers, turn: int = -1) -> dict[str, Any]:
    body = service.asked[turn].json
    assert isinstance(body, dict)
    return body


# Settings


def test_each_region_has_its_own_address() -> None:
    for region, host in (("us", "api.intercom.io"), ("eu", "api.eu.intercom.io"), ("au", "api.au.intercom.io")):
        service = Answers({CONVERSATIONS: page_of()})
        read(intercom(region=region), "conversations", service)
        assert service.asked[0].url == f"https://{host}/conversations/search"


@pytest.mark.parametrize("region", ["us/x", "us@evil", "us:80", "u s", "mars", ""])
def test_a_region_that_could_name_another_host_is_refused_before_any_request(region: str) -> None:
    with pytest.raises(SettingsError, match="region"):
        intercom(region=region)


def test_plain_http_is_for_loopback_alone() -> None:
    with pytest.raises(SettingsError, match="plain http"):
        intercom(base_url="http://intercom.example")


def test_every_request_pins_the_version() -> None:
    service = Answers({CONVERSATIONS: page_of()})
    read(intercom(), "conversations", service)
    assert service.asked[0].headers["Intercom-Version"] == "2.15"


# Walking


def test_a_walk_goes_on_by_the_services_position_whatever_times_its_rows_show() -> None:
    rows = (conversation(id="1", updated_at=SECOND + 9_000), conversation(id="2", updated_at=SECOND))
    service = Answers({CONVERSATIONS: page_of(*rows, after="x")})
    page = read(intercom(), "conversations", service, since=NOW - timedelta(days=9))
    assert page.more
    read(intercom(), "conversations", service, page.checkpoint)
    asked, then = sent(service, 0), sent(service)
    assert (asked["query"], asked["sort"]) == (then["query"], then["sort"])
    assert then["pagination"]["starting_after"] == "x"


def test_the_next_window_begins_before_the_services_clock_at_the_first_page() -> None:
    late = conversation(updated_at=int(NOW.timestamp()) + 50)
    first, last = page_of(late, after="x"), page_of(late)
    service = Answers({CONVERSATIONS: (answer(first), answer(last))})
    page = read(intercom(), "conversations", service)
    service.now += timedelta(hours=3)
    page = read(intercom(), "conversations", service, page.checkpoint)
    assert (page.more, page.checkpoint) == (False, {"mark": "2026-03-04T11:59:00Z"})
    read(intercom(), "conversations", service, page.checkpoint)
    assert sent(service)["query"]["value"][0]["value"] == int(NOW.timestamp()) - 60 - 300 - 1


def test_a_position_that_is_not_known_is_told_as_expired() -> None:
    walk: JsonValue = {"since": NOW.isoformat(), "after": "old"}
    service = Answers({CONVERSATIONS: answer({"errors": [{"code": "bad_request"}]}, 400)})
    with pytest.raises(CursorExpired):
        read(intercom(), "conversations", service, {"walk": walk})


def test_contacts_are_asked_for_two_days_further_back_and_left_out_here() -> None:
    mark = NOW - timedelta(hours=1)
    old, new = int((mark - timedelta(hours=5)).timestamp()), int(NOW.timestamp()) - 60
    rows: Sequence[JsonValue] = ({"id": "c1", "updated_at": old}, {"id": "c2", "updated_at": new})
    service = Answers({CONTACTS: page_of(*rows, name="data")})
    page = read(intercom(), "contacts", service, {"mark": mark.isoformat()})
    assert [event.subject for event in page.events] == ["c2"]
    asked = sent(service)
    since = mark - timedelta(minutes=15) - timedelta(days=2)
    assert asked["query"]["value"][0]["value"] == int(since.timestamp())
    assert asked["sort"] == {"field": "updated_at", "order": "descending"}


@pytest.mark.parametrize(("ages", "goes_on"), [((9, 8), True), ((30, 40), False), ((40, 30), True), ((5, 40), True)])
def test_contacts_are_read_down_to_a_page_of_known_ones_where_their_order_is_kept(
    ages: tuple[int, int], goes_on: bool
) -> None:
    rows: list[JsonValue] = [
        {"id": f"c{age}", "updated_at": int((NOW - timedelta(minutes=age)).timestamp())} for age in ages
    ]
    service = Answers({CONTACTS: page_of(*rows, name="data", after="x")})
    page = read(intercom(), "contacts", service, {"mark": (NOW - timedelta(minutes=10)).isoformat()})
    assert page.more is goes_on


def companies(*ids: str) -> Answers:
    rows: JsonValue = [{"id": id, "name": "Acme", "plan": {"name": "Pro"}} for id in ids]
    return Answers({COMPANIES: {"data": rows, "pages": {"page": 1, "total_pages": 2}}})


def test_companies_are_read_once_a_day() -> None:
    first = read(intercom(), "companies", companies("a1"))
    last = read(intercom(), "companies", service := companies("a2"), first.checkpoint)
    assert (first.more, last.more) == (True, False)
    again = read(intercom(), "companies", service, last.checkpoint)
    assert (again.events, len(service.asked)) == ((), 1)
    assert service.queries(COMPANIES)[0]["page"] == "2"


def test_a_page_of_companies_that_comes_again_ends_the_walk() -> None:
    first = read(intercom(), "companies", companies("a1"))
    with pytest.raises(PagingStuck):
        read(intercom(), "companies", companies("a1"), first.checkpoint)


def test_a_list_of_companies_that_reaches_no_further_is_told() -> None:
    service = Answers({COMPANIES: answer({"errors": [{"code": "page_limit"}]}, 400)})
    page = read(intercom(), "companies", service, {"begun": NOW.isoformat(), "page": 201})
    assert [gap for gap in page.gaps if "beyond page 200" in gap]


# Meaning


def from_intercom(by: Intercom | None = None, **values: JsonValue) -> Issue:
    service = Answers({CONVERSATIONS: page_of(conversation(**values))})
    [found] = issues(read(by or intercom(), "conversations", service).events)
    return found


@pytest.mark.parametrize(
    ("delivered_as", "initiator"),
    [
        ("customer_initiated", Initiator.CUSTOMER),
        ("admin_initiated", Initiator.AGENT),
        ("campaigns_initiated", Initiator.CAMPAIGN),
        ("operator_initiated", Initiator.BOT),
        ("new_form", None),
    ],
)
def test_who_began_a_conversation_is_what_intercom_says(delivered_as: str, initiator: Initiator | None) -> None:
    assert from_intercom(source={"delivered_as": delivered_as}).initiated_by is initiator


SILENT: JsonValue = {"last_contact_reply_at": None}
CAMPAIGN: JsonValue = {"delivered_as": "campaigns_initiated"}


def test_an_outbound_message_is_a_campaigns_while_statistics_show_no_reply() -> None:
    found = from_intercom(source=CAMPAIGN, statistics=SILENT)
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CAMPAIGN, False)


@pytest.mark.parametrize(
    "values",
    [
        {"statistics": {"last_contact_reply_at": SECOND}},
        {"statistics": SILENT, "first_contact_reply": {"created_at": 1}},
    ],
)
def test_a_reply_to_an_outbound_message_makes_it_the_customers(values: dict[str, JsonValue]) -> None:
    assert from_intercom(None, source=CAMPAIGN, **values).customer_wrote is True


def test_without_statistics_nobody_knows_whether_the_customer_wrote() -> None:
    assert from_intercom(source=CAMPAIGN, statistics=None).customer_wrote is None


def test_an_agents_conversation_under_an_outbound_tag_is_a_campaigns() -> None:
    source = intercom(outbound_tags=["winback"])
    values: dict[str, JsonValue] = {"source": {"delivered_as": "admin_initiated"}, "statistics": SILENT}
    tagged: JsonValue = {"tags": [{"name": "winback"}]}
    assert from_intercom(by=source, tags=tagged, **values).initiated_by is Initiator.CAMPAIGN
    assert from_intercom(by=source, **values).initiated_by is Initiator.AGENT


def test_a_conversation_tells_its_people_channel_and_priority() -> None:
    author: JsonValue = {"type": "lead", "id": "c1", "email": "ada@example.com", "name": "Ada &amp; Co"}
    found = from_intercom(
        contacts={"contacts": [{"id": "c1"}, {"id": "c2"}]},
        source={"type": "whatsapp", "author": author},
        priority="priority",
        title="Late &amp; wet",
    )
    assert (found.requester_id, found.affected_ids) == ("c1", ("c2",))
    assert (found.requester_email, found.requester_name) == ("ada@example.com", "Ada & Co")
    assert (found.channel, found.priority, found.subject) == (Channel.MESSAGING, Priority.HIGH, "Late & wet")


def test_the_address_of_an_agent_is_not_the_customers() -> None:
    assert (
        from_intercom(source={"author": {"type": "admin", "id": "c1", "email": "x@acme.example"}}).requester_email
        is None
    )


def test_a_rating_of_a_conversation_is_an_answer() -> None:
    rating: JsonValue = {"rating": 1, "remark": "slow", "updated_at": SECOND, "contact": {"id": "c9"}}
    service = Answers({CONVERSATIONS: page_of(conversation(conversation_rating=rating))})
    [found] = answers(read(intercom(), "conversations", service).events)
    assert (found.reading, found.comment, found.contact_id, found.issue_id) == (SurveyBucket.BAD, "slow", "c9", "7")
    [kept] = answers(read(intercom(keeps_text=False), "conversations", service).events)
    assert kept.comment is None


def test_a_conversation_without_a_title_is_called_as_its_first_message() -> None:
    assert from_intercom(title=None, source={"subject": "Wet"}).subject == "Wet"
    assert from_intercom(by=intercom(keeps_text=False), title=None, source={"subject": "Wet"}).subject is None


def test_a_rating_of_a_conversation_that_became_a_ticket_is_about_the_ticket() -> None:
    rated = conversation(ticket={"id": 611}, conversation_rating={"rating": 1, "updated_at": SECOND})
    [found] = answers(read(intercom(), "conversations", Answers({CONVERSATIONS: page_of(rated)})).events)
    assert found.issue_id == "611"


@pytest.mark.parametrize("rating", [{}, {"rating": None}, {"rating": 9, "updated_at": 1}, {"rating": 3}])
def test_a_conversation_that_was_not_rated_has_no_answer(rating: JsonValue) -> None:
    service = Answers({CONVERSATIONS: page_of(conversation(conversation_rating=rating))})
    assert answers(read(intercom(), "conversations", service).events) == []


def test_a_rating_at_a_time_that_there_is_not_sets_its_conversation_aside() -> None:
    rows = (conversation(conversation_rating={"rating": 1, "updated_at": 2**70}), conversation(id="8"))
    page = read(intercom(), "conversations", Answers({CONVERSATIONS: page_of(*rows)}))
    assert ([one.key for one in page.quarantined], [one.id for one in issues(page.events)]) == (["7"], ["8"])


def ticket_of(**values: JsonValue) -> Issue:
    service = Answers({TICKETS: page_of(conversation(**values), name="tickets")})
    [found] = issues(read(intercom(), "tickets", service).events)
    return found


@pytest.mark.parametrize(
    ("category", "audience"),
    [("Customer", Audience.CUSTOMER), ("Back-office", Audience.BACK_OFFICE), ("Tracker", Audience.TRACKER)],
)
def test_a_ticket_of_another_audience_is_marked(category: str, audience: Audience) -> None:
    found = ticket_of(category=category, ticket_state={"category": "in_progress", "internal_label": "Baking"})
    assert (found.audience, found.status, found.status_raw) == (audience, IssueStatus.OPEN, "in_progress")


RESOLVED: JsonValue = {"category": "resolved"}


def fetched(ref: Ref, prepared: Mapping[str, Any]) -> tuple[list[Any], bool]:
    source = intercom()
    result = drive(source, source.fetch([ref], Run(NOW)), Answers(prepared))
    return [event.data for event in result.events], bool(result.done)


def test_a_conversation_that_is_a_ticket_is_told_by_the_ticket_and_its_own_id() -> None:
    page = read(intercom(), "conversations", Answers({CONVERSATIONS: page_of(conversation(ticket={"id": 611}))}))
    assert (issues(page.events), list(page.wanted)) == ([], [])
    service = {"/conversations/7": conversation(ticket={"id": 611}), "/tickets/611": conversation(id="611")}
    (ticket, gone), is_done = fetched(Ref("issue", "7"), service)
    assert (ticket.id, gone.id, gone.reason, gone.merged_into, is_done) == ("611", "7", "merged", "611", True)


def test_a_conversation_that_was_known_before_it_became_a_ticket_is_looked_at_again() -> None:
    service = Answers({CONVERSATIONS: page_of(conversation(ticket={"id": "611"}), conversation(id="8"))})
    page = read(intercom(), "conversations", service, {"mark": "2026-03-02T00:00:00Z"})
    assert [(ref.kind, ref.id) for ref in page.wanted] == [("issue", "7")]


@pytest.mark.parametrize("status", [403, 404])
def test_a_conversation_stays_as_it_was_until_its_ticket_is_seen(status: int) -> None:
    hidden = answer({"errors": [{"code": "not_found"}]}, status)
    service = {"/conversations/7": conversation(ticket={"id": "611"}), "/tickets/611": hidden}
    assert fetched(Ref("issue", "7"), service) == ([], False)


def test_a_ticket_that_shares_the_id_of_its_conversation_stays_what_it_is() -> None:
    service = {"/conversations/7": conversation(ticket={"id": "7"}), "/tickets/7": conversation(ticket_state=RESOLVED)}
    [ticket], is_done = fetched(Ref("issue", "7"), service)
    assert (ticket.status, is_done) == (IssueStatus.RESOLVED, True)


def test_a_contact_is_gone_on_intercoms_own_word_alone() -> None:
    gone = answer({"errors": [{"code": "contact_not_found"}]}, 404)
    [person], is_done = fetched(Ref("contact", "c1"), {"/contacts/c1": gone})
    assert (person.id, person.is_active, is_done) == ("c1", False, True)
    page = Response(404, {"content-type": "text/html"}, b"<html>nginx</html>")
    for response in (page, Response(404), answer({"message": "no route"}, 404), answer({}, 403)):
        assert fetched(Ref("contact", "c1"), {"/contacts/c1": response}) == ([], False)


def test_the_contact_of_a_new_conversation_without_an_address_is_read_by_id() -> None:
    new = int(NOW.timestamp()) - 600
    rows = (conversation(id="1", created_at=new, updated_at=new), conversation(id="2", updated_at=new))
    page = read(intercom(), "conversations", Answers({CONVERSATIONS: page_of(*rows)}))
    assert [(ref.kind, ref.id) for ref in page.wanted] == [("contact", "c1")]
    source, service = intercom(), Answers({"/contacts/c1": {"id": "c1", "email": "ada@example.com"}})
    [event] = drive(source, source.fetch([Ref("contact", "c1")], Run(NOW)), service).events
    assert isinstance(event, ContactChanged)
    assert event.data.emails == ("ada@example.com",)


# By id, and writing


def test_an_issue_is_gone_on_intercoms_own_word_alone() -> None:
    gone, odd = answer({"errors": [{"code": "ticket_not_found"}]}, 404), answer({"message": "no route"}, 404)
    empty, page = Response(404), Response(404, {"content-type": "text/html"}, b"<html>nginx</html>")
    foreign = [(gone, one, False) for one in (odd, empty, page)] + [(one, gone, False) for one in (odd, empty, page)]
    for first, second, is_gone in ((gone, gone, True), *foreign):
        source = intercom()
        one = page_of(conversation(id="8"))
        service = Answers({"/conversations/7": first, "/tickets/7": second, CONVERSATIONS: one})
        result = drive(source, source.fetch([Ref("issue", "7")], Run(NOW)), service)
        assert [type(event) for event in result.events] == ([IssueRemoved] if is_gone else [])
        assert bool(result.done) is is_gone


def test_an_issue_is_not_gone_where_no_other_can_be_seen() -> None:
    gone = answer({"errors": [{"code": "not_found"}]}, 404)
    by_id: dict[str, Any] = {"/conversations/7": gone, "/tickets/7": gone}
    none: dict[str, Any] = {CONVERSATIONS: page_of(), TICKETS: page_of(name="tickets")}
    assert fetched(Ref("issue", "7"), {**by_id, **none}) == ([], False)
    some = page_of(conversation(id="8"), name="tickets")
    [removal], is_done = fetched(Ref("issue", "7"), {**by_id, **none, TICKETS: some})
    assert (removal.reason, is_done) == ("not_found", True)


def test_what_cannot_be_written_is_refused_before_any_request() -> None:
    service, good = Answers({}), NewIssue(subject="x", body="x", requester_email="ada@example.com")
    typed = intercom(ticket_type_id="5")
    for source, flow in (
        (typed, typed.create_issue(NewIssue(subject="x", body="x", requester_email="nobody"))),
        (typed, typed.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", tags=("x",)))),
        (intercom(), intercom().create_issue(good)),
        (typed, typed.add_tag("7", " ")),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


def test_a_note_on_a_ticket_goes_to_the_ticket() -> None:
    gone = answer({"errors": [{"code": "not_found"}]}, 404)
    service = Answers({"/me": {"id": "5"}, "/conversations/7/reply": gone, "/tickets/7/reply": {"id": "1"}})
    source = intercom()
    drive(source, source.add_note("7", "called back"), service)
    assert sent(service) == {"message_type": "note", "type": "admin", "admin_id": "5", "body": "called back"}


def test_the_doctor_tells_what_the_token_may_not_read() -> None:
    service = Answers(
        {
            "/me": {"id": "5"},
            COMPANIES: {"data": []},
            CONTACTS: page_of(name="data"),
            CONVERSATIONS: page_of(),
            TICKETS: answer({"errors": [{"code": "forbidden"}]}, 403),
        }
    )
    source = intercom()
    found = {one.subject: one for one in drive(source, source.check(), service)}
    assert [name for name, one in found.items() if not one.is_well] == ["tickets"]
    assert "may not read tickets" in found["tickets"].remedy


def test_the_doctor_tells_what_ought_to_be_seen_and_is_not() -> None:
    gone = answer({"errors": [{"code": "not_found"}]}, 404)
    lists: dict[str, Any] = {"/me": {"id": "5"}, COMPANIES: {"data": []}, CONTACTS: page_of(name="data")}
    lists |= {CONVERSATIONS: page_of(), TICKETS: page_of(name="tickets")}
    some: dict[str, Any] = {
        "/conversations/7": conversation(),
        "/tickets/7": gone,
        "/conversations/8": gone,
        "/tickets/8": gone,
    }
    source = intercom(known_issues=[7, "8"])
    found = {one.subject: one for one in drive(source, source.check(), Answers({**lists, **some}))}
    assert [name for name, one in found.items() if not one.is_well] == ["issue `8`"]
    source = intercom()
    assert any("set `known_issues`" in one.subject for one in drive(source, source.check(), Answers(lists)))


class TestIntercomSheet(SheetTests):
    sheet: ClassVar[Sheet] = INTERCOM
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "10": test_a_list_of_companies_that_reaches_no_further_is_told,
        "11": test_a_position_that_is_not_known_is_told_as_expired,
        "x5": test_the_doctor_tells_what_ought_to_be_seen_and_is_not,
        "24": test_contacts_are_asked_for_two_days_further_back_and_left_out_here,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "13": "the end of a search is told by the missing position alone, however few rows a page has",
        "30": "conversations are not merged, and contacts that are leave no trace in the interface",
        "38": "the access token of an app does not end",
        "x3": "no stream depends on the plan: ratings stand in conversations",
    }

    def connector(self, service: SheetService) -> Intercom:
        return Intercom(self.secret, base_url=service.base_url, ticket_type_id="1")
