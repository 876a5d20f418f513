"""Request Tracker 5 behaves as the connector assumes, traps included."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .admin import READING_RIGHTS, USER_CHANGES_RIGHT, RequestTrackerAdmin, RestClient
from .servers import RequestTrackerServer, wait_until

UNSET = "1970-01-01T00:00:00Z"
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
NUMBERS = count(1)


@pytest.fixture
def tag() -> str:
    """A word that no other test uses, so that tests share a server without seeing each other."""
    return f"t{next(NUMBERS)}"


@pytest.fixture
def address(tag: str) -> str:
    return f"{tag}.customer@example.test"


def sql_time(moment: datetime) -> str:
    return f"'{moment:%Y-%m-%d %H:%M:%S}'"


def listed(reader: RestClient, ticket: int, **fields: str) -> dict[str, Any]:
    """One ticket as a search lists it, with the fields named: `Creator="Name"` or `Subject=""`."""
    query = {"query": f"id = {ticket}", "fields": ",".join(fields)}
    query |= {f"fields[{name}]": inner for name, inner in fields.items() if inner}
    item: dict[str, Any] = reader.get("/tickets", query).expect(200).body["items"][0]
    return item


def next_second() -> None:
    """Waits for the service's clock, which counts whole seconds, to move on."""
    now = int(time.time())
    assert wait_until(lambda: int(time.time()) > now, 5)


# --- times ------------------------------------------------------------------------------------------------


def test_a_time_that_was_never_set_reads_1970(rt: RequestTrackerAdmin, tag: str) -> None:
    ticket = rt.ticket(rt.file_ticket(tag))
    assert {ticket[name] for name in ("Resolved", "Started", "Starts", "Due")} == {UNSET}


def test_reopening_keeps_the_time_of_the_resolution(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    rt.set_status(number, "resolved")
    resolved = rt.ticket(number)["Resolved"]
    rt.set_status(number, "open")
    assert resolved != UNSET
    assert rt.ticket(number)["Resolved"] == resolved


def test_a_quoted_time_is_read_in_the_zone_of_the_user_who_asks(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    token = rt.add_integration(tag, *READING_RIGHTS, timezone="America/Los_Angeles")
    in_california = rt.with_token(token)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)

    def found(moment: datetime, reader: RestClient) -> list[int]:
        return rt.search(f"id = {number} AND LastUpdated >= {sql_time(moment)}", reader=reader)

    assert found(hour_ago, rt.rest) == [number]
    assert found(hour_ago, in_california) == []
    assert found(hour_ago.astimezone(LOS_ANGELES), in_california) == [number]
    assert found((hour_ago + timedelta(hours=2)).astimezone(LOS_ANGELES), in_california) == []


def test_a_zone_written_after_a_quoted_time_is_ignored(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    token = rt.add_integration(tag, *READING_RIGHTS, timezone="America/Los_Angeles")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    query = f"id = {number} AND LastUpdated >= '{hour_ago:%Y-%m-%d %H:%M:%S} UTC'"
    assert rt.search(query, reader=rt.with_token(token)) == []


def test_an_iso_time_loses_its_time_of_day(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    day = rt.ticket(number)["LastUpdated"].partition("T")[0]
    day_after = f"{datetime.fromisoformat(day) + timedelta(days=1):%Y-%m-%d}"
    assert rt.search(f"id = {number} AND LastUpdated >= '{day}T23:59:59Z'") == [number]
    assert rt.search(f"id = {number} AND LastUpdated >= '{day_after}T00:00:00Z'") == []


@pytest.mark.parametrize("form", ["{}", "'{}'"])
def test_an_epoch_time_matches_everything(rt: RequestTrackerAdmin, tag: str, form: str) -> None:
    number = rt.file_ticket(tag)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    written = form.format(int(tomorrow.timestamp()))
    assert rt.search(f"id = {number} AND LastUpdated >= {written}") == [number]


def test_an_integration_can_read_its_own_zone(rt: RequestTrackerAdmin, tag: str) -> None:
    token = rt.add_integration(tag, *READING_RIGHTS, timezone="America/Los_Angeles")
    assert rt.with_token(token).get(f"/user/{tag}").body["Timezone"] == "America/Los_Angeles"


# --- tickets that vanish ----------------------------------------------------------------------------------


def test_a_merged_id_answers_with_the_survivor_who_has_everybodys_requestors(rt: RequestTrackerAdmin, tag: str) -> None:
    merged = rt.file_ticket(tag, requestors=[f"{tag}.a@example.test"])
    survivor = rt.file_ticket(tag, requestors=[f"{tag}.b@example.test"])
    rt.merge(merged, into=survivor)
    answer = rt.ticket(merged)
    assert answer["id"] == survivor
    requestors = {user["id"] for user in answer["Requestor"]}
    assert requestors == {f"{tag}.a@example.test", f"{tag}.b@example.test"}


def test_merged_and_deleted_tickets_vanish_from_every_search(rt: RequestTrackerAdmin, tag: str) -> None:
    merged, survivor, deleted = (rt.file_ticket(tag) for _ in range(3))
    rt.merge(merged, into=survivor)
    rt.delete(deleted)
    assert rt.search(f"Subject = '{tag}'") == [survivor]
    assert rt.search(f"Subject = '{tag}' AND Status = 'deleted'") == []


def test_a_deleted_ticket_still_answers_and_says_so(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    rt.delete(number)
    assert rt.ticket(number)["Status"] == "deleted"


# --- pages ------------------------------------------------------------------------------------------------


def page_of(rt: RequestTrackerAdmin, tag: str, **query: str) -> dict[str, Any]:
    answer = rt.rest.get("/tickets", {"query": f"Subject = '{tag}'", "orderby": "id", **query})
    page: dict[str, Any] = answer.expect(200).body
    return page


def test_following_next_page_reads_every_ticket_once_and_ends(rt: RequestTrackerAdmin, tag: str) -> None:
    filed = [rt.file_ticket(tag) for _ in range(5)]
    page = page_of(rt, tag, per_page="2")
    seen = [int(item["id"]) for item in page["items"]]
    while "next_page" in page and len(seen) < 10:
        page = RestClient(page["next_page"], rt.rest.authorization).get("").expect(200).body
        seen += [int(item["id"]) for item in page["items"]]
    assert seen == filed
    assert (page["page"], page["pages"], page["total"]) == (3, 3, 5)


def test_a_page_past_the_end_is_empty_and_names_no_next_one(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.file_ticket(tag)
    page = page_of(rt, tag, per_page="1", page="9")
    assert page["items"] == []
    assert "next_page" not in page


def test_a_search_without_hits_has_an_empty_list_of_items(rt: RequestTrackerAdmin, tag: str) -> None:
    page = page_of(rt, tag)
    assert (page["items"], page["total"], page["pages"]) == ([], 0, 0)


def test_a_page_holds_at_most_a_hundred_whatever_was_asked(rt: RequestTrackerAdmin, tag: str) -> None:
    assert page_of(rt, tag, per_page="500")["per_page"] == 100


def test_links_to_objects_come_from_the_settings_and_links_to_pages_from_the_address_asked(
    tmp_path: Path, rt: RequestTrackerAdmin
) -> None:
    # The shared server is asked for only so that this test skips with the others.
    assert rt.server.port
    with RequestTrackerServer(tmp_path, web_base_url="http://desk.example.test") as server:
        admin = RequestTrackerAdmin(server)
        admin.file_ticket("one")
        admin.file_ticket("two")
        page = admin.rest.get("/tickets", {"query": "id > 0", "per_page": "1"}).expect(200).body
    assert page["items"][0]["_url"] == "http://desk.example.test/REST/2.0/ticket/1"
    assert page["next_page"].startswith(f"{server.url}/REST/2.0/tickets?")


# --- statuses ---------------------------------------------------------------------------------------------


def test_active_includes_initial_and_inactive_the_rest_whatever_the_names(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.add_queue(tag, lifecycle="returns")
    waiting, moving, done = (rt.file_ticket(tag, queue=tag) for _ in range(3))
    rt.set_status(moving, "inspected")
    rt.set_status(done, "refunded")
    assert rt.search(f"Queue = '{tag}' AND Status = '__Active__'") == [waiting, moving]
    assert rt.search(f"Queue = '{tag}' AND Status = '__Inactive__'") == [done]
    assert rt.ticket(waiting)["Status"] == "announced"


def test_there_is_no_way_to_ask_for_initial_statuses(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.file_ticket(tag)
    assert rt.search(f"Subject = '{tag}' AND Status = '__Initial__'") == []


def test_a_queue_names_its_lifecycle_and_not_the_statuses_in_it(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.add_queue(tag, lifecycle="returns")
    queue = rt.rest.get(f"/queue/{number}").expect(200).body
    assert queue["Lifecycle"] == "returns"
    assert "announced" not in json.dumps(queue)


def test_a_status_that_cannot_be_set_is_refused_with_a_200(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    answer = rt.rest.request("PUT", f"/ticket/{number}", body={"Status": "bogus"}).expect(200)
    assert answer.body == [f"Ticket {number}: Status 'bogus' isn't a valid status for this ticket."]
    assert rt.ticket(number)["Status"] == "new"


# --- people -----------------------------------------------------------------------------------------------


def test_the_creator_of_mail_is_its_sender_and_of_a_call_the_agent(
    rt: RequestTrackerAdmin, tag: str, address: str
) -> None:
    rt.add_agent(tag)
    mailed = listed(rt.rest, rt.receive_mail(address, tag), Creator="EmailAddress", Requestor="EmailAddress")
    called = rt.file_ticket(tag, requestors=[address], author=rt.as_user(tag))
    filed = listed(rt.rest, called, Creator="Name", Requestor="EmailAddress")
    assert mailed["Creator"]["EmailAddress"] == mailed["Requestor"][0]["EmailAddress"] == address
    assert filed["Creator"]["Name"] == tag
    assert [user["EmailAddress"] for user in filed["Requestor"]] == [address]


def test_a_customer_may_file_a_ticket_through_a_login_of_their_own(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.add_user(tag, email=f"{tag}@example.test", signs_in=True)
    number = rt.file_ticket(tag, requestors=[f"{tag}@example.test"], author=rt.as_user(tag))
    assert rt.ticket(number)["Creator"]["id"] == tag


def test_a_ticket_may_have_nobody_as_requestor_and_a_requestor_no_address(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.add_user(tag)
    nobody = listed(rt.rest, rt.file_ticket(tag), Requestor="EmailAddress")
    no_address = listed(rt.rest, rt.file_ticket(tag, requestors=[tag]), Requestor="EmailAddress")
    not_an_address = listed(rt.rest, rt.file_ticket(tag, requestors=["not an address"]), Requestor="Name")
    assert nobody["Requestor"] == []
    assert no_address["Requestor"][0]["EmailAddress"] == ""
    assert not_an_address["Requestor"] == []


def test_only_a_users_own_record_says_whether_they_are_staff(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.add_agent(tag)
    number = rt.file_ticket(tag, requestors=[f"{tag}.c@example.test"], author=rt.as_user(tag))
    assert listed(rt.rest, number, Creator="Privileged")["Creator"]["Privileged"] == ""
    assert rt.rest.get(f"/user/{tag}").body["Privileged"] == 1
    assert rt.rest.get(f"/user/{tag}.c@example.test").body["Privileged"] == 0


def test_a_mention_of_a_user_carries_the_name_and_the_lasting_number_only_when_asked(
    rt: RequestTrackerAdmin, tag: str
) -> None:
    number = rt.add_user(tag, email=f"{tag}@example.test")
    ticket = rt.file_ticket(tag, requestors=[f"{tag}@example.test"])
    rt.change_user(tag, Name=f"{tag}-renamed")
    assert rt.rest.get(f"/user/{tag}").status == 404
    assert listed(rt.rest, ticket, Requestor="Name")["Requestor"][0]["id"] == f"{tag}-renamed"
    assert listed(rt.rest, ticket, Requestor="id,Name")["Requestor"][0]["id"] == number


def test_a_new_address_of_a_user_leaves_the_time_of_their_tickets_alone(
    rt: RequestTrackerAdmin, tag: str, address: str
) -> None:
    rt.add_user(tag, email=address)
    number = rt.file_ticket(tag, requestors=[address])
    before = rt.ticket(number)["LastUpdated"], rt.rest.get(f"/user/{tag}").body["LastUpdated"]
    next_second()
    rt.change_user(tag, EmailAddress=f"{tag}.new@example.test")
    after = rt.ticket(number)["LastUpdated"], rt.rest.get(f"/user/{tag}").body["LastUpdated"]
    assert after[0] == before[0]
    assert after[1] > before[1]


# --- listing users ----------------------------------------------------------------------------------------


def users(reader: RestClient, query: Mapping[str, str]) -> list[dict[str, Any]]:
    fields = {"fields": "id,Name,EmailAddress,LastUpdated", "per_page": "100"}
    items: list[dict[str, Any]] = reader.get("/users", {**fields, **query}).expect(200).body["items"]
    return items


@pytest.mark.parametrize("field", ["LastUpdated", "Created", "id", "NoSuchField"])
def test_a_filter_of_users_by_time_or_number_is_silently_ignored(rt: RequestTrackerAdmin, field: str) -> None:
    never = [{"field": field, "operator": ">", "value": "2999-01-01 00:00:00"}]
    assert users(rt.rest, {"query": json.dumps(never)}) == users(rt.rest, {})


def test_users_can_be_walked_from_the_latest_change_back(rt: RequestTrackerAdmin, tag: str) -> None:
    rt.add_user(f"{tag}a")
    rt.add_user(f"{tag}b")
    next_second()
    rt.change_user(f"{tag}a", RealName="Ada")
    order = {"orderby": "LastUpdated", "order": "DESC"}
    walked = users(rt.rest, order)
    assert walked[0]["Name"] == f"{tag}a"
    times = [user["LastUpdated"] for user in walked]
    assert times == sorted(times, reverse=True)


def test_disabled_users_are_listed_only_on_request(rt: RequestTrackerAdmin, tag: str, address: str) -> None:
    rt.add_user(tag, email=address)
    rt.change_user(tag, Disabled=1)
    assert tag not in {user["Name"] for user in users(rt.rest, {})}
    assert tag in {user["Name"] for user in users(rt.rest, {"find_disabled_rows": "1"})}


# --- rights -----------------------------------------------------------------------------------------------


def test_two_rights_are_enough_to_read_tickets_queues_and_addresses(
    rt: RequestTrackerAdmin, tag: str, address: str
) -> None:
    number = rt.file_ticket(tag, requestors=[address])
    reader = rt.with_token(rt.add_integration(tag, *READING_RIGHTS))
    ticket = listed(reader, number, Subject="", Queue="Name,Lifecycle", Requestor="EmailAddress")
    assert ticket["Requestor"][0]["EmailAddress"] == address
    assert (ticket["Queue"]["Name"], ticket["Queue"]["Lifecycle"]) == ("General", "default")
    assert reader.get(f"/user/{address}").expect(200).body["Privileged"] == 0


def test_without_the_right_to_see_queues_their_names_are_empty(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    reader = rt.with_token(rt.add_integration(tag, "ShowTicket"))
    queue = listed(reader, number, Queue="Name,Lifecycle")["Queue"]
    assert (queue["id"], queue["Name"], queue["Lifecycle"]) == ("1", "", "")


def test_without_the_right_to_tickets_a_search_is_empty_and_a_ticket_forbidden(
    rt: RequestTrackerAdmin, tag: str
) -> None:
    number = rt.file_ticket(tag)
    reader = rt.with_token(rt.add_integration(tag))
    assert rt.search(f"id = {number}", reader=reader) == []
    assert reader.get(f"/ticket/{number}").expect(403).body == {"message": "Forbidden"}


def test_the_time_of_a_users_change_needs_one_right_more(rt: RequestTrackerAdmin, tag: str) -> None:
    without = rt.with_token(rt.add_integration(f"{tag}a", *READING_RIGHTS))
    with_it = rt.with_token(rt.add_integration(f"{tag}b", *READING_RIGHTS, USER_CHANGES_RIGHT))

    def time_of_root(reader: RestClient) -> str:
        found: str = next(user["LastUpdated"] for user in users(reader, {}) if user["Name"] == "root")
        return found

    assert time_of_root(without) == UNSET
    assert "LastUpdated" not in without.get("/user/root").body
    assert time_of_root(with_it) != UNSET
    assert "LastUpdated" in with_it.get("/user/root").body


# --- history ----------------------------------------------------------------------------------------------


def test_history_tells_who_wrote_and_which_status_followed_which(
    rt: RequestTrackerAdmin, tag: str, address: str
) -> None:
    rt.add_agent(tag)
    number = rt.receive_mail(address, tag)
    rt.correspond(number, "Which colour?", author=rt.as_user(tag))
    rt.receive_mail(address, tag, "Red.", reply_to=number)
    query = {"fields": "Type,Creator,Field,OldValue,NewValue", "per_page": "100"}
    history = rt.rest.get(f"/ticket/{number}/history", query).expect(200).body["items"]
    wrote = [(item["Type"], item["Creator"]["id"]) for item in history if item["Type"] in {"Create", "Correspond"}]
    assert wrote == [("Create", address), ("Correspond", tag), ("Correspond", address)]
    changes = [(item["OldValue"], item["NewValue"]) for item in history if item["Type"] == "Status"]
    assert changes == [("new", "open")]


def test_history_has_no_total_for_anybody_but_the_administrator(rt: RequestTrackerAdmin, tag: str) -> None:
    number = rt.file_ticket(tag)
    reader = rt.with_token(rt.add_integration(tag, *READING_RIGHTS))
    page = reader.get(f"/ticket/{number}/history").expect(200).body
    assert (page["total"], page["pages"]) == (None, None)
    assert page["count"] == len(page["items"]) == 1


# --- writing ----------------------------------------------------------------------------------------------


def test_a_reply_is_mailed_to_the_customer_and_a_comment_is_not(
    rt: RequestTrackerAdmin, tag: str, address: str
) -> None:
    number = rt.file_ticket(tag, requestors=[address])
    rt.comment(number, f"internal {tag}")
    rt.correspond(number, f"public {tag}")
    mail = rt.server.outgoing_mail()
    assert f"public {tag}" in mail
    assert f"internal {tag}" not in mail


# --- errors -----------------------------------------------------------------------------------------------


def test_a_wrong_or_missing_credential_is_a_401(rt: RequestTrackerAdmin) -> None:
    for client in (rt.with_token("1-14-sample-token"), rt.as_user("root", "wrong"), RestClient(rt.rest.root)):
        assert client.get("/tickets").expect(401).body == {"message": "Unauthorized"}


def test_an_unknown_ticket_is_a_404(rt: RequestTrackerAdmin) -> None:
    assert rt.rest.get("/ticket/999999").expect(404).body == {"message": "Not Found"}


def test_a_query_that_cannot_be_read_is_a_400_that_says_why(rt: RequestTrackerAdmin) -> None:
    answer = rt.rest.get("/tickets", {"query": "Nonsense = 1"}).expect(400)
    assert answer.body["message"].startswith("Unknown field: Nonsense")
