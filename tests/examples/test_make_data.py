"""The demo's data is what its README says: reproducible, true to Zendesk's shape, every kind in it.

Kinds are counted here from the written JSON alone and compared with what the script says it told.
"""

import csv
import json
import os
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "examples" / "data"
WRITTEN = ("audience.csv", "custom_statuses.json", "day1/tickets.jsonl", "day2/tickets.jsonl", "story.json")
DAYS = ("day1", "day2")
ACTIVE = {"new", "open", "pending", "hold"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Page(TypedDict):
    tickets: list[dict[str, Any]]
    users: list[dict[str, Any]]
    after_cursor: str
    after_url: str
    before_cursor: None
    end_of_stream: bool


class Story(TypedDict):
    day1_now: str
    day2_now: str
    counts: dict[str, dict[str, int]]
    audience: dict[str, int]
    people: dict[str, dict[str, Any]]
    merged_into: dict[str, int]


def pages_of(day: str) -> list[Page]:
    return [json.loads(line) for line in (DATA / day / "tickets.jsonl").read_text("utf-8").splitlines()]


PAGES = {day: pages_of(day) for day in DAYS}
STORY: Story = json.loads((DATA / "story.json").read_text("utf-8"))
NOW = {"day1": datetime.fromisoformat(STORY["day1_now"]), "day2": datetime.fromisoformat(STORY["day2_now"])}
STATUS_LABELS: dict[int, str] = {
    status["id"]: status["agent_label"]
    for status in json.loads((DATA / "custom_statuses.json").read_text("utf-8"))["custom_statuses"]
}
USERS: dict[int, dict[str, Any]] = {user["id"]: user for day in DAYS for page in PAGES[day] for user in page["users"]}


class Case:
    """One ticket as a reader knows it at the end of a day."""

    def __init__(self, records: list[dict[str, Any]], now: datetime) -> None:
        self.records = records
        self.newest = records[-1]
        self.now = now
        self.requester = USERS[self.newest["requester_id"]]
        self.submitter = USERS[self.newest["submitter_id"]]
        self.status: str = self.newest["status"]

    def __getitem__(self, field: str) -> Any:
        return self.newest[field]

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_malformed(self) -> bool:
        return str(self["created_at"]).startswith("0000")

    @property
    def status_age(self) -> timedelta:
        """How long ago the records first show the newest status."""
        first = len(self.records) - 1
        while first and self.records[first - 1]["status"] == self.status:
            first -= 1
        return self.now - datetime.fromisoformat(self.records[first]["updated_at"])

    @property
    def status_label(self) -> str:
        return STATUS_LABELS.get(self["custom_status_id"], "")

    def has_tag(self, *tags: str) -> bool:
        return any(tag in self["tags"] for tag in tags)

    @property
    def was_written_by_staff_for_a_customer(self) -> bool:
        return (self.submitter["role"], self.requester["role"]) == ("agent", "end-user")

    @property
    def was_reopened(self) -> bool:
        after_solved = False
        for record in self.records:
            if after_solved and record["status"] in ACTIVE:
                return True
            after_solved = after_solved or record["status"] == "solved"
        return False


def cases_after(day: str) -> dict[int, Case]:
    records: dict[int, list[dict[str, Any]]] = {}
    for name in DAYS[: DAYS.index(day) + 1]:
        for page in PAGES[name]:
            for ticket in page["tickets"]:
                records.setdefault(ticket["id"], []).append(ticket)
    return {number: Case(known, NOW[day]) for number, known in records.items()}


CASES = {day: cases_after(day) for day in DAYS}

CLAIMS: dict[str, Callable[[Case], bool]] = {
    "tickets": lambda c: True,
    "active": lambda c: c.is_active,
    "solved": lambda c: c.status == "solved",
    "solved_within_48_hours": lambda c: c.status == "solved" and c.status_age <= 48 * HOUR,
    "phoned": lambda c: (
        c.was_written_by_staff_for_a_customer and (c["via"]["channel"] == "voice" or c.has_tag("phone"))
    ),
    "merged": lambda c: c.has_tag("closed_by_merge") and c.status == "closed",
    "spam": lambda c: c.has_tag("spam"),
    "deleted": lambda c: c.status == "deleted",
    "scrubbed": lambda c: c["subject"] == c["description"] == "SCRUBBED" and c.status == "deleted",
    "snoozed": lambda c: c.status == "hold" and c.status_label == "Snoozed",
    "waiting_for_courier": lambda c: c.status == "hold" and c.status_label == "Waiting for courier",
    "waiting_for_customer": lambda c: c.status == "pending",
    "waiting_for_customer_over_7_days": lambda c: c.status == "pending" and c.status_age > 7 * DAY,
    "open_over_30_days": lambda c: (
        c.is_active and not c.is_malformed and c.now - datetime.fromisoformat(c["created_at"]) > 30 * DAY
    ),
    "reopened": lambda c: c.was_reopened,
    "unknown_status": lambda c: c.status not in ACTIVE | {"solved", "closed", "deleted"},
    "campaign_initiated": lambda c: (
        c.has_tag("campaign_reply", "campaign_outbound") and c["submitter_id"] != c["requester_id"]
    ),
    "campaign_answered": lambda c: c.has_tag("campaign_reply") and c["submitter_id"] == c["requester_id"],
    "without_address": lambda c: c.requester["email"] is None,
    "shared_address": lambda c: (c.requester["email"] or "").startswith(("info@", "office@", "orders@", "hello@")),
    "internal": lambda c: c.requester["role"] == "agent" and c["is_public"] is False,
    "incident": lambda c: c["type"] == "incident" and c["problem_id"] is not None,
    "follow_up": lambda c: c["via"]["source"]["rel"] == "follow_up",
    "touched_by_service": lambda c: (
        c["generated_timestamp"] - datetime.fromisoformat(c["updated_at"]).timestamp() > 3600
    ),
    "rated_good": lambda c: c["satisfaction_rating"]["score"] == "good",
    "rated_bad": lambda c: c["satisfaction_rating"]["score"] == "bad",
    "priority_urgent": lambda c: c["priority"] == "urgent",
    "priority_high": lambda c: c["priority"] == "high",
    "priority_normal": lambda c: c["priority"] == "normal",
    "priority_low": lambda c: c["priority"] == "low",
    "priority_unset": lambda c: c["priority"] is None,
    "malformed": lambda c: c.is_malformed,
}
FEWEST = dict.fromkeys(CLAIMS, 10) | {"tickets": 2000, "unknown_status": 3, "malformed": 1}
NEWS_OF_DAY_2 = ("tickets", "solved", "reopened", "merged", "spam", "deleted", "rated_good", "rated_bad", "phoned")


def records(day: str) -> Iterator[dict[str, Any]]:
    return (ticket for page in PAGES[day] for ticket in page["tickets"])


def audience() -> list[dict[str, str]]:
    with (DATA / "audience.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_every_run_writes_the_committed_bytes(tmp_path: Path, hash_seed: str) -> None:
    script = ROOT / "examples" / "make_data.py"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=120, env=environment)
    written = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert sorted(written) == sorted(WRITTEN)
    assert [name for name in WRITTEN if written[name].read_bytes() != (DATA / name).read_bytes()] == []


def test_the_files_stay_under_six_megabytes() -> None:
    assert sum((DATA / name).stat().st_size for name in WRITTEN) < 6_000_000


def test_the_clocks_are_those_of_the_story() -> None:
    assert {
        "day1": datetime(2026, 3, 3, 9, tzinfo=UTC),
        "day2": datetime(2026, 3, 4, 9, tzinfo=UTC),
    } == NOW


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("kind", CLAIMS)
def test_every_kind_is_there_as_often_as_the_story_says(kind: str, day: str) -> None:
    found = sum(CLAIMS[kind](case) for case in CASES[day].values())
    assert found == STORY["counts"][day][kind]
    assert found >= FEWEST[kind]


@pytest.mark.parametrize("kind", CLAIMS)
def test_the_second_day_brings_as_much_of_every_kind_as_the_story_says(kind: str) -> None:
    earlier, later = CASES["day1"], CASES["day2"]
    found = sum(
        CLAIMS[kind](case) and not (number in earlier and CLAIMS[kind](earlier[number]))
        for number, case in later.items()
    )
    assert found == STORY["counts"]["new_on_day2"][kind]
    assert found >= (5 if kind in NEWS_OF_DAY_2 else 0)


def test_the_story_counts_no_kind_that_is_not_proved_here() -> None:
    assert all(list(counts) == list(CLAIMS) for counts in STORY["counts"].values())


@pytest.mark.parametrize("day", DAYS)
def test_pages_hold_a_hundred_tickets_and_only_the_last_one_ends_the_stream(day: str) -> None:
    assert {len(page["tickets"]) for page in PAGES[day][:-1]} == {100}
    assert 1 <= len(PAGES[day][-1]["tickets"]) <= 100
    assert [page["end_of_stream"] for page in PAGES[day]] == [False] * (len(PAGES[day]) - 1) + [True]


@pytest.mark.parametrize("day", DAYS)
def test_cursors_name_the_last_record_of_their_page_and_never_repeat(day: str) -> None:
    for page in PAGES[day]:
        last = page["tickets"][-1]
        assert b64decode(page["after_cursor"]).decode() == f"{last['generated_timestamp']}.0||{last['id']}|"
        assert page["before_cursor"] is None
    assert len({page["after_url"] for page in PAGES[day]}) == len(PAGES[day])


def test_records_ascend_by_generated_timestamp_over_both_days() -> None:
    stamps = [ticket["generated_timestamp"] for day in DAYS for ticket in records(day)]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("day", DAYS)
def test_no_record_is_newer_than_a_minute_before_the_clock(day: str) -> None:
    assert max(ticket["generated_timestamp"] for ticket in records(day)) <= NOW[day].timestamp() - 60


def test_the_second_day_starts_where_the_first_one_ended() -> None:
    assert min(ticket["generated_timestamp"] for ticket in records("day2")) > NOW["day1"].timestamp() - 60


@pytest.mark.parametrize("day", DAYS)
def test_a_ticket_that_comes_again_is_newer(day: str) -> None:
    again = [case for case in CASES[day].values() if len(case.records) > 1]
    for case in again:
        generated = [record["generated_timestamp"] for record in case.records]
        updated = [record["updated_at"] for record in case.records]
        assert generated == sorted(set(generated))
        assert updated == sorted(updated)
    assert len(again) > 100


@pytest.mark.parametrize("day", DAYS)
def test_users_are_exactly_those_the_page_names_each_once(day: str) -> None:
    for page in PAGES[day]:
        named = {
            number
            for ticket in page["tickets"]
            for number in (
                ticket["requester_id"],
                ticket["submitter_id"],
                ticket["assignee_id"],
                *ticket["collaborator_ids"],
            )
            if number is not None
        }
        loaded = [user["id"] for user in page["users"]]
        assert set(loaded) == named
        assert len(loaded) == len(named)


def test_exactly_one_record_has_a_time_that_cannot_be_read() -> None:
    unreadable: list[str] = []
    for ticket in (ticket for day in DAYS for ticket in records(day)):
        for text in (ticket["created_at"], ticket["updated_at"]):
            try:
                assert datetime.fromisoformat(text).tzinfo is not None
            except ValueError:
                unreadable.append(text)
    assert unreadable == ["0000-00-00T00:00:00Z"]


def test_times_of_a_ticket_are_in_order() -> None:
    for ticket in (ticket for day in DAYS for ticket in records(day)):
        assert ticket["created_at"] <= ticket["updated_at"]
        assert datetime.fromisoformat(ticket["updated_at"]).timestamp() <= ticket["generated_timestamp"]


def test_tickets_are_numbered_in_the_order_of_their_creation() -> None:
    created = [case["created_at"] for _, case in sorted(CASES["day2"].items()) if not case.is_malformed]
    assert created == sorted(created)


@pytest.mark.parametrize("day", DAYS)
def test_a_merged_ticket_has_a_survivor_that_knows_its_requester(day: str) -> None:
    merged = {number: case for number, case in CASES[day].items() if CLAIMS["merged"](case)}
    kept = {number: CASES[day][STORY["merged_into"][str(number)]] for number in merged}
    assert all(
        case["requester_id"] in (kept[number]["requester_id"], *kept[number]["email_cc_ids"])
        for number, case in merged.items()
    )
    assert not any(CLAIMS["merged"](survivor) for survivor in kept.values())
    assert {survivor.is_active for survivor in kept.values()} == {True, False}
    assert any(case["requester_id"] != kept[number]["requester_id"] for number, case in merged.items())


def test_spam_is_partly_still_open_and_partly_deleted_with_its_sender_suspended() -> None:
    spam = [case for case in CASES["day2"].values() if CLAIMS["spam"](case)]
    by_status = Counter(case.status for case in spam)
    assert set(by_status) == {"new", "deleted"}
    assert min(by_status.values()) >= 10
    assert all(case.requester["suspended"] is (case.status == "deleted") for case in spam)


def test_a_spammer_is_not_suspended_before_being_marked() -> None:
    marked = [number for number, case in CASES["day2"].items() if case.requester["suspended"]]
    page_users = {
        (page_number, user["id"]): user for page_number, page in enumerate(PAGES["day1"]) for user in page["users"]
    }
    unmarked = [
        page_users[page_number, ticket["requester_id"]]["suspended"]
        for page_number, page in enumerate(PAGES["day1"])
        for ticket in page["tickets"]
        if ticket["id"] in marked and ticket["status"] != "deleted"
    ]
    assert unmarked
    assert not any(unmarked)


def test_snoozed_tickets_say_on_which_day_they_wake() -> None:
    snoozed = [case for case in CASES["day1"].values() if CLAIMS["snoozed"](case)]
    wakes = [case["custom_fields"][-1]["value"] for case in snoozed]
    assert all("2026-03-04" <= day <= "2026-03-31" for day in wakes)
    woken = [case for case in snoozed if CASES["day2"][case["id"]].status == "open"]
    assert len(woken) == 2


def test_the_courier_outage_is_one_problem_that_ends_on_the_second_day() -> None:
    problems = {case["problem_id"] for case in CASES["day1"].values() if CLAIMS["incident"](case)}
    (problem,) = problems
    assert CASES["day1"][problem]["has_incidents"]
    assert CASES["day1"][problem]["type"] == "problem"
    linked = [problem, *(number for number, case in CASES["day2"].items() if case["problem_id"] == problem)]
    assert all(CASES["day1"][number].is_active for number in linked if number in CASES["day1"])
    assert {CASES["day2"][number].status for number in linked} == {"solved"}


def test_a_follow_up_and_its_closed_ticket_name_each_other() -> None:
    follow_ups = {number: case for number, case in CASES["day1"].items() if CLAIMS["follow_up"](case)}
    for number, case in follow_ups.items():
        old = CASES["day1"][case["via"]["source"]["from"]["ticket_id"]]
        assert old.status == "closed"
        assert old["followup_ids"] == [number]


def test_urgent_tickets_wait_on_the_first_day() -> None:
    urgent = [case for case in CASES["day1"].values() if CLAIMS["priority_urgent"](case) and case.is_active]
    assert len(urgent) >= 10
    assert any(case.status == "pending" and case.status_age > 7 * DAY for case in urgent)
    assert any(case["organization_id"] for case in urgent)


def test_some_holds_reach_a_limit_between_the_days() -> None:
    crossed = [
        number
        for number, case in CASES["day2"].items()
        if CLAIMS["waiting_for_customer_over_7_days"](case)
        and number in CASES["day1"]
        and not CLAIMS["waiting_for_customer_over_7_days"](CASES["day1"][number])
    ]
    assert len(crossed) >= 5
    ends = [case for case in CASES["day1"].values() if case.status == "solved" and DAY < case.status_age <= 2 * DAY]
    assert len(ends) >= 5


def test_addresses_and_numbers_belong_to_nobody() -> None:
    domains = {user["email"].rpartition("@")[2] for user in USERS.values() if user["email"]}
    domains |= {line["email"].lower().rpartition("@")[2] for line in audience()}
    assert all(domain.endswith(("example.com", "example.org", "example.net")) for domain in domains)
    phones = {user["phone"] for user in USERS.values() if user["phone"]}
    assert phones
    assert all(phone.startswith("+447700900") and len(phone) == 13 for phone in phones)


def test_customers_write_by_day_and_some_write_often() -> None:
    customers = [case for case in CASES["day1"].values() if case.requester["role"] == "end-user"]
    by_day = [case for case in customers if 6 <= int(case["created_at"][11:13]) < 22]
    assert len(by_day) > 0.9 * len(customers)
    often = [number for number, times in Counter(case["requester_id"] for case in customers).items() if times >= 3]
    assert len(often) > 50


def test_the_mailing_list_has_fifteen_hundred_people_each_once() -> None:
    lines = audience()
    assert list(lines[0]) == ["email", "first_name", "subscribed_at", "status", "country"]
    assert len(lines) == len({line["email"].lower() for line in lines}) == STORY["audience"]["people"] == 1500
    assert {line["status"] for line in lines} == {"subscribed", "unsubscribed"}
    assert sum(line["status"] == "unsubscribed" for line in lines) == STORY["audience"]["unsubscribed"] > 50
    assert all(datetime.fromisoformat(line["subscribed_at"]) < NOW["day1"] for line in lines)
    assert any(line["email"] != line["email"].lower() for line in lines)


def test_a_tenth_of_the_mailing_list_has_a_ticket_open() -> None:
    listed = {line["email"].lower() for line in audience()}
    wrote = {case.requester["email"] for case in CASES["day1"].values() if case.requester["email"]}
    waits = {case.requester["email"] for case in CASES["day1"].values() if case.is_active}
    assert len(listed & waits) == STORY["audience"]["with_open_tickets"] == 165
    assert len((listed & wrote) - waits) == 800
    assert len(listed - wrote) == 535
    assert len(wrote - listed) > 100
    assert len(waits - listed - {None}) > 50


def test_shared_addresses_and_agents_are_on_the_mailing_list_too() -> None:
    listed = {line["email"].lower() for line in audience()}
    assert any(address.startswith("info@") for address in listed)
    assert any(address.endswith("@shop.example.com") for address in listed)


@pytest.mark.parametrize("part", STORY["people"])
def test_people_to_follow_are_subscribed_and_wrote_once(part: str) -> None:
    person = STORY["people"][part]
    theirs = [case for case in CASES["day1"].values() if case.requester["email"] == person["email"]]
    assert [case["id"] for case in theirs] == [person["ticket"]]
    subscribed = {line["email"].lower() for line in audience() if line["status"] == "subscribed"}
    assert person["email"] in subscribed


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ("phoned", ("phoned", "active")),
        ("urgent", ("priority_urgent", "active")),
        ("courier_outage", ("incident", "active")),
        ("snoozed", ("snoozed",)),
        ("reopened", ("reopened", "active")),
        ("campaign_answered", ("campaign_answered", "active")),
        ("unknown_status", ("unknown_status",)),
        ("rated_bad", ("rated_bad", "solved")),
        ("rated_good", ("rated_good", "solved")),
        ("solved_lately", ("solved_within_48_hours",)),
        ("waiting_for_customer", ("waiting_for_customer_over_7_days",)),
        ("open_over_30_days", ("open_over_30_days",)),
        ("merged", ("merged",)),
        ("spam", ("spam", "active")),
        ("deleted", ("deleted",)),
        ("campaign_initiated", ("campaign_initiated", "active")),
    ],
)
def test_people_to_follow_are_what_their_part_says(part: str, kinds: tuple[str, ...]) -> None:
    case = CASES["day1"][STORY["people"][part]["ticket"]]
    assert [kind for kind in kinds if not CLAIMS[kind](case)] == []


def test_field_names_are_those_that_zendesk_sends() -> None:
    recordings = ROOT.parent / "shared" / "contract" / "recorded" / "zendesk" / "nango" / "tests"
    if not recordings.is_dir():
        pytest.skip("the recorded exchanges with Zendesk are not beside this project")
    tickets = json.loads((recordings / "tickets.test.json").read_text("utf-8"))["api"]["get"]
    users = json.loads((recordings / "users.test.json").read_text("utf-8"))["api"]["get"]
    sent_ticket = tickets["/api/v2/incremental/tickets"]["response"]["tickets"][0]
    sent_user = users["/api/v2/incremental/users/cursor"][0]["response"]["users"][0]
    side_loaded = {"metric_set"}  # only there where it is asked for, which the recordings did not
    assert set(PAGES["day1"][0]["tickets"][0]) - side_loaded <= set(sent_ticket)
    assert set(PAGES["day1"][0]["users"][0]) <= set(sent_user)
