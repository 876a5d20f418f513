"""Holds Salesforce to the kit as its sheet describes it, and to what is particular about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from alignkit.connectors.base import Fetched, NewIssue, Page, Run
from alignkit.connectors.salesforce import Salesforce
from alignkit.connectors.salesforce.org import PAGE_SIZE
from alignkit.connectors.salesforce.records import whole_id
from alignkit.errors import (
    DataInvalid,
    PagingStuck,
    PermissionMissing,
    RateLimited,
    RequestRefused,
    ResponseInvalid,
    SettingsError,
    UntrustedTarget,
)
from alignkit.models import ContactChanged, IssueRemoved, OpportunityChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import CustomerKind, Initiator, IssueStatus, OpportunityStatus
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.sheet import answered
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.salesforce import SALESFORCE

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
DATE = {"date": "Wed, 04 Mar 2026 12:00:00 GMT"}
CASE = "500dM00000F2OMjQAN"

Send = Callable[[Request], Response]


def told(body: JsonValue, status: int = 200, **headers: str) -> Response:
    return answered(status, body, {**DATE, **{name.replace("_", "-"): value for name, value in headers.items()}})


def rows(*records: JsonValue, done: bool = True) -> JsonValue:
    return {"totalSize": len(records), "done": done, "records": list(records)}


def record(id: str, **fields: JsonValue) -> JsonValue:
    stamp = "2026-03-01T08:00:00.000+0000"
    return {
        "Id": id,
        "CreatedDate": stamp,
        "SystemModstamp": stamp,
        "IsDeleted": False,
        "MasterRecordId": None,
        **fields,
    }


def fault(code: str, status: int = 400) -> Response:
    return told([{"errorCode": code, "message": "words of the service"}], status)


def soql(wanted: Request) -> str:
    return dict(wanted.params).get("q", "")


def org() -> Salesforce:
    return Salesforce("acme", token=TOKEN)


def page(stream: str, *records: JsonValue) -> Page:
    source = org()
    return drive(source, source.read(stream, None, RUN), lambda _: told(rows(*records)))


def datas(stream: str, *records: JsonValue) -> list[Any]:
    return [event.data for event in page(stream, *records).events]


# --- where requests go, and with what ----------------------------------------------------------------------------


def granting(root: str, sent: list[str]) -> Send:
    def send(wanted: Request) -> Response:
        sent.append(wanted.url)
        if wanted.url.endswith("/oauth2/token"):
            return told({"access_token": "sample-access", "instance_url": root})
        return told(rows())

    return send


def test_the_address_of_the_org_is_learned_from_the_token_answer() -> None:
    source, sent = Salesforce("acme", client_id="app", client_secret=TOKEN), list[str]()
    drive(source, source.read("cases", None, RUN), granting("https://moved.my.salesforce.com", sent))
    hosts = [urlsplit(url).netloc for url in sent]
    assert hosts == ["acme.my.salesforce.com", "moved.my.salesforce.com"]


def test_an_address_outside_salesforce_is_not_believed() -> None:
    source, sent = Salesforce("acme", client_id="app", client_secret=TOKEN), list[str]()
    with pytest.raises(UntrustedTarget):
        drive(source, source.read("cases", None, RUN), granting("https://salesforce.com.example.net", sent))
    assert len(sent) == 1


def test_a_refresh_token_and_a_sandbox_are_taken(tmp_path: Path) -> None:
    source = Salesforce(
        "acme--dev", is_sandbox=True, client_id="app", refresh_token=TOKEN, token_file=tmp_path / "token.json"
    )
    sent = list[str]()
    drive(source, source.read("cases", None, RUN), granting("https://acme--dev.sandbox.my.salesforce.com", sent))
    assert sent[0] == "https://acme--dev.sandbox.my.salesforce.com/services/oauth2/token"
    assert "sample-access" in (tmp_path / "token.json").read_text("utf-8")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"domain": "acme"},
        {"token": TOKEN},
        {"domain": "acme", "token": TOKEN, "client_id": "app", "client_secret": TOKEN},
        {"domain": "acme/x", "token": TOKEN},
        {"domain": "acme@host", "token": TOKEN},
        {"domain": "acme:1", "token": TOKEN},
        {"domain": "ac me", "token": TOKEN},
        {"domain": "acme", "token": TOKEN, "base_url": "http://acme.example.com"},
        {"domain": "acme", "token": TOKEN, "version": "../62.0"},
        {"domain": "acme", "token": TOKEN, "key_field": "Key__c/x"},
        {"domain": "acme", "token": TOKEN, "most_usage": 0},
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_request(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        Salesforce(**given)
    assert TOKEN not in str(refused.value)


# --- reading ------------------------------------------------------------------------------------------------------


def test_pages_follow_time_and_id_within_a_fixed_window() -> None:
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        asked.append(soql(wanted))
        return told(rows(record(CASE), done=len(asked) > 1))

    source = org()
    first = drive(source, source.read("cases", {"mark": "2026-03-04T10:00:00Z"}, RUN), send)
    drive(source, source.read("cases", first.checkpoint, RUN), send)
    assert "WHERE SystemModstamp >= 2026-03-04T09:50:00.000Z ORDER BY SystemModstamp ASC, Id ASC" in asked[0]
    assert "SystemModstamp <= 2026-03-04T11:59:00.000Z" in asked[1]
    assert f"(SystemModstamp = 2026-03-01T08:00:00.000Z AND Id > '{CASE}')" in asked[1]


def test_a_full_page_is_followed_by_another_though_it_is_called_the_last() -> None:
    many = [record(str(whole_id(f"500dM00000{number:05d}"))) for number in range(PAGE_SIZE)]
    found = page("cases", *many)
    assert found.more
    assert len(found.events) == PAGE_SIZE


def test_a_page_without_a_record_that_leads_on_ends_the_run() -> None:
    source = org()
    with pytest.raises(PagingStuck):
        drive(source, source.read("cases", None, RUN), lambda _: told(rows(done=False)))


def test_a_pause_longer_than_the_bin_keeps_is_told_as_a_gap() -> None:
    source = org()
    for mark, is_told in (("2026-02-10T12:00:00Z", True), ("2026-03-01T12:00:00Z", False)):
        found = drive(source, source.read("cases", {"mark": mark}, RUN), lambda _: told(rows()))
        assert bool(found.gaps) is is_told


def test_a_field_that_is_hidden_is_left_out_and_the_rest_is_read() -> None:
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        if wanted.url.endswith("/describe"):
            names = ["Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Status", "IsClosed", "ContactId"]
            return told({"fields": [{"name": name} for name in names]})
        asked.append(soql(wanted))
        return (
            fault("INVALID_FIELD") if "Subject" in asked[-1] else told(rows(record(CASE, Status="New", IsClosed=False)))
        )

    source = org()
    [event] = drive(source, source.read("cases", None, RUN), send).events
    assert event.subject == CASE
    drive(source, source.read("cases", None, RUN), send)
    assert len(asked) == 3


def test_fields_that_are_hidden_later_are_left_out_from_then_on() -> None:
    seen = ["Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Email", "Phone", "Name"]

    def send(wanted: Request) -> Response:
        if wanted.url.endswith("/describe"):
            return told({"fields": [{"name": name} for name in seen]})
        fields = soql(wanted).removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        return told(rows(record("003dM00000F2OMjQAN"))) if set(fields) <= {*seen} else fault("INVALID_FIELD")

    source = org()
    for _ in range(2):
        assert drive(source, source.read("contacts", None, RUN), send).events
        seen.remove(seen[-1])


def test_a_field_that_is_needed_and_hidden_ends_the_run() -> None:
    def send(wanted: Request) -> Response:
        if wanted.url.endswith("/describe"):
            return told({"fields": [{"name": name} for name in ("Id", "CreatedDate", "SystemModstamp", "IsDeleted")]})
        return fault("INVALID_FIELD")

    source = org()
    with pytest.raises(PermissionMissing, match=r"Case\.ContactId.*Case\.IsClosed.*Case\.Status"):
        drive(source, source.read("cases", None, RUN), send)


def test_leads_that_an_edition_lacks_are_skipped_and_told() -> None:
    source = org()
    found = drive(source, source.read("leads", None, RUN), lambda _: fault("INVALID_TYPE"))
    assert (found.more, list(found.events)) == (False, [])
    assert "Lead" in found.gaps[0]
    with pytest.raises(PermissionMissing):
        drive(source, source.read("cases", None, RUN), lambda _: fault("INVALID_TYPE"))


def test_a_query_that_is_refused_for_another_reason_ends_the_run() -> None:
    source = org()
    with pytest.raises(RequestRefused):
        drive(source, source.read("cases", None, RUN), lambda _: fault("MALFORMED_QUERY"))
    with pytest.raises(ResponseInvalid):
        drive(source, source.read("cases", None, RUN), lambda _: told({"no": "reason"}, 400))


def test_another_connectors_stream_is_refused() -> None:
    source = org()
    with pytest.raises(DataInvalid, match="no stream"):
        drive(source, source.read("tickets", None, RUN), lambda _: told(rows()))


# --- what records become ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Status": "New", "IsClosed": False}, IssueStatus.OPEN),
        ({"Status": "Solved", "IsClosed": True}, IssueStatus.CLOSED),
        ({"Status": "Solved", "IsClosed": None}, IssueStatus.UNKNOWN),
        ({"Status": None}, IssueStatus.UNKNOWN),
        ({"Status": "on hold", "IsClosed": False}, IssueStatus.WAITING_ON_THIRD_PARTY),
        ({"Status": "New", "IsClosed": False, "IsDeleted": True}, IssueStatus.DELETED),
        ({"Status": "New", "IsDeleted": True, "MasterRecordId": "500dM00000F2OMkQAN"}, IssueStatus.MERGED),
    ],
)
def test_a_case_is_over_by_its_field_and_not_by_its_word(fields: dict[str, JsonValue], status: IssueStatus) -> None:
    source = Salesforce("acme", token=TOKEN, statuses={"On Hold": "waiting_on_third_party"})
    found = drive(source, source.read("cases", None, RUN), lambda _: told(rows(record(CASE, **fields))))
    [event] = found.events
    data: Any = event.data
    assert (data.status, data.status_raw) == (status, fields["Status"] or "")
    assert data.merged_into == fields.get("MasterRecordId")


def test_an_address_that_was_typed_in_counts_beside_the_contacts() -> None:
    known, typed, both = datas(
        "cases",
        record(CASE, ContactId="003", ContactEmail="a@example.com"),
        record(CASE, SuppliedEmail="b@example.com", SuppliedName="B"),
        record(CASE, ContactId="003", ContactEmail="a@example.com", SuppliedEmail="B@example.com"),
    )
    assert (known.requester_email, known.initiated_by, known.customer_wrote) == ("a@example.com", None, None)
    assert (typed.requester_email, typed.initiated_by, typed.customer_wrote) == (
        "b@example.com",
        Initiator.CUSTOMER,
        True,
    )
    assert (both.requester_id, both.requester_email, both.requesters) == (
        "003",
        "a@example.com",
        ("email:B@example.com",),
    )


def test_a_converted_lead_names_its_contact_and_a_deleted_contact_is_not_active() -> None:
    [lead] = datas("leads", record("00QdM000003kSQJQA2", Email="a@example.com", ConvertedContactId="003x"))
    assert (lead.kind, lead.merged_into, lead.emails) == (CustomerKind.PROSPECT, "003x", ("a@example.com",))
    [contact] = datas("contacts", record("003", IsDeleted=True, Phone="1", MobilePhone="2", Email=None))
    assert (contact.is_active, contact.phones, contact.emails) == (False, ("1", "2"), ())


def test_a_deal_has_its_amount_where_its_currency_is_told_or_set() -> None:
    deal: dict[str, JsonValue] = {
        "Name": "Big",
        "Amount": 35000.5,
        "IsClosed": True,
        "IsWon": True,
        "CloseDate": "2026-04-30",
    }
    alone, foreign = datas("opportunities", record("006", **deal), record("006", **deal, CurrencyIsoCode="EUR"))
    assert alone.amount is None
    source = Salesforce("acme", token=TOKEN, currency="GBP")
    found = drive(
        source,
        source.read("opportunities", None, RUN),
        lambda _: told(rows(record("006", **deal), record("006", **deal, CurrencyIsoCode="EUR"))),
    )
    amounts = [event.data.amount for event in found.events if isinstance(event, OpportunityChanged)]
    assert [one and (one.amount, one.currency) for one in amounts] == [
        (Decimal("35000.5"), "GBP"),
        (Decimal("35000.5"), "EUR"),
    ]
    assert (foreign.amount.amount, foreign.amount.currency) == (Decimal("35000.5"), "EUR")
    assert (foreign.status, foreign.close_date) == (OpportunityStatus.WON, datetime(2026, 4, 30, tzinfo=UTC))


@pytest.mark.parametrize("website", ["https://www.example.com/shop", "example.com", "HTTP://Example.com:8080"])
def test_an_accounts_website_gives_its_domain(website: str) -> None:
    [account] = datas("accounts", record("001", Name="Example", Website=website))
    assert account.domains == ("example.com",)


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("500dM00000F2OMj", "500dM00000F2OMjQAN"),
        ("001dM00003kSQJv", "001dM00003kSQJvQAO"),
        ("500dM00000F2OMjQAN", "500dM00000F2OMjQAN"),
        ("500", None),
        ("../../sobjects/A", None),
    ],
)
def test_an_id_of_15_letters_and_one_of_18_are_one(given: str, whole: str | None) -> None:
    assert whole_id(given) == whole


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_quota_that_is_spent_ends_the_run_though_it_comes_as_403() -> None:
    source = org()
    with pytest.raises(RateLimited):
        drive(source, source.read("cases", None, RUN), lambda _: fault("REQUEST_LIMIT_EXCEEDED", 403))


def test_a_share_of_the_quota_is_left_to_others() -> None:
    source = Salesforce("acme", token=TOKEN, most_usage=0.5)
    used = iter(["api-usage=499/1000", "api-usage=500/1000"])

    def send(_wanted: Request) -> Response:
        return told(rows(), sforce_limit_info=next(used))

    for _ in range(2):
        drive(source, source.read("cases", None, RUN), send)
    with pytest.raises(RateLimited):
        drive(source, source.read("cases", None, RUN), send)


# --- reading by id --------------------------------------------------------------------------------------------------


def test_contacts_and_leads_are_told_apart_by_their_ids() -> None:
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        asked.append(soql(wanted).partition(" FROM ")[2].partition(" ")[0])
        return told(rows(record("003dM000001wBXYQA4", Email="a@example.com")))

    source = org()
    refs = [Ref("contact", "003dM000001wBXY"), Ref("contact", "00QdM000003kSQJ")]
    fetched = drive(source, source.fetch(refs, RUN), send)
    assert asked == ["Contact", "Lead"]
    assert all(isinstance(event, ContactChanged) for event in fetched.events)
    assert list(fetched.done) == refs


def test_a_case_that_cannot_be_read_is_set_aside_by_its_id_and_not_asked_for_again() -> None:
    source, ref = org(), Ref("issue", CASE)
    bad = record(CASE, Status="New", IsClosed=False, CreatedDate="yesterday")
    fetched = drive(source, source.fetch([ref], RUN), lambda _: told(rows(bad)))
    assert ([one.key for one in fetched.quarantined], list(fetched.done), fetched.gaps) == ([CASE], [ref], [])


def test_records_are_read_by_id_two_hundred_at_a_time_and_again_where_an_answer_is_not_all() -> None:
    asked: list[list[str]] = []

    def send(wanted: Request) -> Response:
        ids = re.findall(r"'(\w+)'", soql(wanted))
        asked.append(ids)
        return told(rows(*(record(id) for id in ids[:150]), done=len(ids) <= 150))

    ids = [str(whole_id(f"003dM00000{number:05d}")) for number in range(201)]
    source = org()
    fetched = drive(source, source.fetch([Ref("contact", id) for id in ids], RUN), send)
    assert [len(one) for one in asked] == [200, 51]
    assert [event.subject for event in fetched.events] == ids


LOG = "/services/data/v62.0/sobjects/Case/deleted/"


def fetched_from_an_empty_org(log: Response) -> tuple[Fetched, list[Request]]:
    """What reading a case by id finds in an org that has it neither among its records nor in its bin."""
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return log if urlsplit(wanted.url).path == LOG else told(rows())

    source = org()
    return drive(source, source.fetch([Ref("issue", CASE)], RUN), send), sent


def test_a_case_is_gone_where_the_org_tells_of_its_deletion() -> None:
    gone, sent = fetched_from_an_empty_org(told({"deletedRecords": [{"id": CASE[:15]}, {"id": "500dM00000F2OMk"}]}))
    assert [(type(event), event.subject) for event in gone.events] == [(IssueRemoved, CASE)]
    assert (list(gone.done), list(gone.gaps)) == ([Ref("issue", CASE)], [])
    assert dict(sent[-1].params) == {"start": "2026-02-03T12:00:00+00:00", "end": "2026-03-04T12:00:00+00:00"}


@pytest.mark.parametrize(
    "log",
    [
        told({"deletedRecords": []}),
        fault("NOT_FOUND", 404),
        fault("INVALID_REPLICATION_DATE"),
        fault("INSUFFICIENT_ACCESS", 403),
        told({"message": "no Route matched with those values"}, 404),
    ],
)
def test_a_case_that_is_not_found_may_be_hidden_and_stays(log: Response) -> None:
    hidden, _ = fetched_from_an_empty_org(log)
    assert (list(hidden.events), list(hidden.done)) == ([], [])
    assert "`View All`" in hidden.gaps[0]


def test_a_list_of_deletions_that_is_none_is_no_evidence() -> None:
    with pytest.raises(ResponseInvalid):
        fetched_from_an_empty_org(told({"ok": False}))


# --- writing --------------------------------------------------------------------------------------------------------


def writing(sent: list[Request], **found: JsonValue) -> Send:
    """An org whose queries find these records, by object."""

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        if wanted.url.endswith("/query"):
            name = soql(wanted).partition(" FROM ")[2].partition(" ")[0]
            return told(found.get(name, rows()))
        return told({"id": CASE, "success": True}, 201)

    return send


NEW = NewIssue("Wet parcel", "It rained in", "o'hara@example.com")


@pytest.mark.parametrize(("found", "linked"), [(0, False), (1, True), (2, False)])
def test_a_case_is_linked_to_the_one_contact_with_its_address(found: int, linked: bool) -> None:
    source, sent = org(), list[Request]()
    contacts: list[JsonValue] = [{"Id": "0031"}, {"Id": "0032"}]
    assert drive(source, source.create_issue(NEW), writing(sent, Contact=rows(*contacts[:found]))) == CASE
    assert "Email = 'o\\'hara@example.com'" in soql(sent[0])
    body = json.loads(json.dumps(sent[-1].json))
    assert ("ContactId" in body) is linked
    assert body["SuppliedEmail"] == NEW.requester_email
    assert not sent[-1].is_repeatable


def test_a_case_goes_to_the_queue_that_is_named_and_gets_its_topics() -> None:
    source, sent = org(), list[Request]()
    issue = NewIssue("s", "b", "new@example.com", queue="Social", tags=("wet",))
    drive(source, source.create_issue(issue), writing(sent, Group=rows({"Id": "00G"})))
    made = [(one.url.rpartition("/")[2], one.json) for one in sent if one.method == "POST"]
    topic, case, assignment = made
    assert json.loads(json.dumps(case[1]))["OwnerId"] == "00G"
    assert topic == ("Topic", {"Name": "wet"})
    assert assignment == ("TopicAssignment", {"EntityId": CASE, "TopicId": CASE})


def test_a_queue_that_is_not_there_is_refused() -> None:
    source = org()
    with pytest.raises(DataInvalid, match="queue"):
        drive(source, source.create_issue(NewIssue("s", "b", "new@example.com", queue="No")), writing([]))


@pytest.mark.parametrize("answer", [told({"id": CASE, "success": True, "created": True}, 201), Response(204, DATE)])
def test_a_case_with_a_key_is_made_once_and_stays_as_it_is(answer: Response) -> None:
    source, sent = Salesforce("acme", token=TOKEN, key_field="Key__c"), list[Request]()

    def send(wanted: Request) -> Response:
        is_there = any(one.method == "PATCH" for one in sent)
        found = writing(sent, Case=rows({"Id": CASE}) if is_there else rows())(wanted)
        return answer if wanted.method == "PATCH" else found

    assert drive(source, source.create_issue(NEW), send) == CASE
    assert drive(source, source.create_issue(NEW), send) == CASE
    assert sum(one.method == "PATCH" for one in sent) == 1
    assert all(one.is_repeatable for one in sent)


def test_nothing_is_made_for_an_empty_tag() -> None:
    source, sent = org(), list[Request]()
    with pytest.raises(DataInvalid, match="tag is empty"):
        drive(source, source.create_issue(NewIssue("s", "b", "new@example.com", tags=(" ",))), writing(sent))
    assert not sent


@pytest.mark.parametrize("id", ["", "500", "500dM00000F2OMj/.."])
def test_an_id_that_is_none_is_refused_before_any_request(id: str) -> None:
    source = org()
    for flow in (source.add_note(id, "x"), source.add_tag(id, "x")):
        with pytest.raises(DataInvalid):
            drive(source, flow, writing([]))


def test_an_address_or_a_tag_that_is_none_is_refused() -> None:
    source = org()
    with pytest.raises(DataInvalid, match="requester_email"):
        drive(source, source.create_issue(NewIssue("s", "b", "nobody")), writing([]))
    with pytest.raises(DataInvalid, match="tag"):
        drive(source, source.add_tag(CASE, " "), writing([]))


# --- the doctor -----------------------------------------------------------------------------------------------------


def doctor(counts: Response, **settings: Any) -> dict[str, str]:
    """What is not well in an org whose user sees 80 records of each object."""

    def send(wanted: Request) -> Response:
        if wanted.url.endswith("/recordCount"):
            return counts
        if "CaseStatus" in soql(wanted):
            return told(rows({"MasterLabel": "New"}))
        if "COUNT()" in soql(wanted):
            return told({"totalSize": 80, "done": True, "records": []})
        return fault("INVALID_TYPE") if "FROM Lead" in soql(wanted) else told(rows(record(CASE)))

    source = Salesforce("acme", token=TOKEN, **settings)
    return {one.subject: one.remedy for one in drive(source, source.check(), send) if not one.is_well}


def test_the_doctor_is_told_when_the_user_sees_a_part_of_the_cases() -> None:
    counted = told({"sObjects": [{"name": "Case", "count": 100}, {"name": "Contact", "count": 81}]})
    wrong = doctor(counted)
    assert "80 of about 100" in wrong["object `Case`"]
    assert "object `Contact`: 80" not in wrong
    assert "Lead" in wrong["object `Lead`"]


def test_the_doctor_is_told_when_nobody_can_tell_how_many_cases_there_are() -> None:
    assert "expected_cases" in doctor(fault("FORBIDDEN", 403))["object `Case`: 80"]
    assert "80 of about 81" in doctor(fault("FORBIDDEN", 403), expected_cases=81)["object `Case`"]
    assert "object `Case`" not in doctor(fault("FORBIDDEN", 403), expected_cases=80)


def test_the_doctor_is_told_of_words_that_are_no_status_of_the_org() -> None:
    assert "`Gone`" in doctor(told({}), statuses={"Gone": "closed", "new": "new"})["statuses of cases"]


def test_the_doctor_is_told_of_a_credential_that_is_refused() -> None:
    source = org()
    [finding] = drive(source, source.check(), lambda _: fault("INVALID_SESSION_ID", 401))
    assert "`token`" in finding.remedy


class TestSalesforceSheet(SheetTests):
    sheet: ClassVar[Sheet] = SALESFORCE
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "32": test_a_pause_longer_than_the_bin_keeps_is_told_as_a_gap,
        "x3": test_leads_that_an_edition_lacks_are_skipped_and_told,
        "x5": test_the_doctor_is_told_when_the_user_sees_a_part_of_the_cases,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "10": "a query has no end but its own limit, after which the next page follows the last row",
        "11": "pages follow the last row; no locator is kept",
        "13": "a page of a query has rows as long as there are any",
        "27": "ids are eighteen letters and digits, never numbers",
    }

    def connector(self, service: SheetService) -> Salesforce:
        return Salesforce(
            client_id="app",
            client_secret=self.secret,
            base_url=service.base_url,
            tokens=service.tokens,
            statuses={"Waiting for the customer": "waiting_on_customer"},
        )
