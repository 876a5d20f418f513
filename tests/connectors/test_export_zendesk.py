"""Zendesk's records mean what its documentation says, and nothing is read into them."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from alignkit.connectors.export import Export
from alignkit.connectors.zendesk.tickets import CHANNELS, STATUSES
from alignkit.fold import fold_issue
from alignkit.models.customer import Contact
from alignkit.models.events import ContactChanged, IssueChanged, SurveyAnswered
from alignkit.models.vocabulary import (
    Audience,
    Channel,
    Direction,
    Initiator,
    IssueStatus,
    IssueType,
    Priority,
    SurveyBucket,
)
from alignkit.rules.guard import excluded

from .exporting import Pulled, Record, issue_of, lines, page, pull, ticket, user

RECORDED = Path(__file__).parents[3] / "shared" / "contract" / "recorded" / "zendesk"
SENT_BY_AGENT = {"submitter_id": 11, "requester_id": 701}


def via(channel: str | None, **sender: Any) -> Record:
    return {"via": {"channel": channel, "source": {"from": sender, "to": {}, "rel": None}}}


def metrics(**times: str | None) -> Record:
    return {"metric_set": {"requester_updated_at": None, "solved_at": None, "status_updated_at": None} | times}


def pulled(folder: Path, *records: Record, **settings: Any) -> Pulled:
    path = folder / "tickets.jsonl"
    path.write_bytes(lines([page(records)]))
    return pull(Export(path, **settings))


# Status


@pytest.mark.parametrize(("word", "status"), STATUSES.items())
def test_each_status_has_its_meaning_and_keeps_its_word(tmp_path: Path, word: str, status: IssueStatus) -> None:
    issue = issue_of(tmp_path, ticket(status=word))
    assert (issue.status, issue.status_raw) == (status, word)
    assert issue.is_deleted is (word == "deleted")


def test_an_unknown_status_is_unknown_and_neither_open_nor_over(tmp_path: Path) -> None:
    issue = issue_of(tmp_path, ticket(status="in_review"))
    assert (issue.status, issue.status_raw, issue.is_active) == (IssueStatus.UNKNOWN, "in_review", None)


def test_a_desk_can_say_what_its_own_words_mean(tmp_path: Path) -> None:
    given = {"In_Review": "open", "solved": "closed"}
    assert issue_of(tmp_path, ticket(status="in_review"), statuses=given).status is IssueStatus.OPEN
    assert issue_of(tmp_path, ticket(status="solved"), statuses=given).status is IssueStatus.CLOSED


def test_a_custom_status_refines_its_category_but_not_an_end(tmp_path: Path) -> None:
    given: dict[Any, str] = {21: "snoozed", "22": "waiting_on_customer"}
    assert issue_of(tmp_path, ticket(status="hold"), custom_statuses=given).status is IssueStatus.SNOOZED
    asked = ticket(status="open", custom_status_id=22)
    assert issue_of(tmp_path, asked, custom_statuses=given).status is IssueStatus.WAITING_ON_CUSTOMER
    assert issue_of(tmp_path, ticket(status="closed"), custom_statuses=given).status is IssueStatus.CLOSED
    assert issue_of(tmp_path, ticket(status="deleted"), custom_statuses=given).status is IssueStatus.DELETED


@pytest.mark.parametrize("tag", ["closed_by_merge", "merged"])
def test_a_ticket_closed_by_a_merge_is_merged_and_not_resolved(tmp_path: Path, tag: str) -> None:
    issue = issue_of(tmp_path, ticket(status="closed", tags=["late", tag]))
    assert issue.status is IssueStatus.MERGED
    assert excluded(issue) == "merged"


def test_a_follow_up_that_inherits_the_mark_of_a_merge_is_open_all_the_same(tmp_path: Path) -> None:
    record = ticket(status="open", tags=["closed_by_merge"]) | via("web", ticket_id=17)
    issue = issue_of(tmp_path, record)
    assert (issue.status, issue.follow_up_of, excluded(issue)) == (IssueStatus.OPEN, "17", None)


def test_the_tag_of_spam_makes_spam_deleted_or_not(tmp_path: Path) -> None:
    alive = issue_of(tmp_path, ticket(status="new", tags=["spam"]))
    gone = issue_of(tmp_path, ticket(status="deleted", tags=["spam"]))
    assert (alive.status, alive.is_spam, alive.is_deleted) == (IssueStatus.SPAM, True, False)
    assert (gone.status, gone.is_spam, gone.is_deleted) == (IssueStatus.SPAM, True, True)


# Priority, type, channel


@pytest.mark.parametrize("word", ["urgent", "high", "normal", "low"])
def test_each_priority_is_kept(tmp_path: Path, word: str) -> None:
    issue = issue_of(tmp_path, ticket(priority=word))
    assert (issue.priority, issue.priority_raw) == (Priority(word), word)


@pytest.mark.parametrize("word", [None, "whenever"])
def test_no_priority_is_unset_and_not_normal(tmp_path: Path, word: str | None) -> None:
    issue = issue_of(tmp_path, ticket(priority=word))
    assert (issue.priority, issue.priority_raw) == (Priority.UNSET, word)


@pytest.mark.parametrize("word", ["problem", "incident", "question", "task"])
def test_each_type_is_kept(tmp_path: Path, word: str) -> None:
    assert issue_of(tmp_path, ticket(type=word)).type is IssueType(word)


def test_no_type_is_other(tmp_path: Path) -> None:
    assert issue_of(tmp_path, ticket(type=None)).type is IssueType.OTHER


@pytest.mark.parametrize(("word", "channel"), [*CHANNELS.items(), ("carrier_pigeon", Channel.OTHER), (None, None)])
def test_each_channel_has_its_meaning(tmp_path: Path, word: str | None, channel: Channel | None) -> None:
    assert issue_of(tmp_path, ticket() | via(word)).channel is channel


# Who began it, who wrote, whom it concerns


def test_a_ticket_by_its_requester_is_the_customers_own(tmp_path: Path) -> None:
    issue = issue_of(tmp_path, ticket())
    assert (issue.initiated_by, issue.customer_wrote, issue.direction) == (
        Initiator.CUSTOMER,
        True,
        Direction.INBOUND,
    )


def test_a_ticket_that_an_agent_files_for_a_caller_counts(tmp_path: Path) -> None:
    issue = issue_of(tmp_path, ticket(**SENT_BY_AGENT) | via("voice"), outbound_tags=["campaign"])
    assert (issue.initiated_by, issue.customer_wrote) == (Initiator.AGENT, None)
    assert excluded(issue) is None


@pytest.mark.parametrize(
    ("at", "wrote"),
    [(None, False), ("2026-03-01T08:00:00Z", None), ("2026-03-01T08:00:01Z", True)],
)
def test_metrics_tell_whether_the_requester_of_an_agents_ticket_wrote(
    tmp_path: Path, at: str | None, wrote: bool | None
) -> None:
    issue = issue_of(tmp_path, ticket(**SENT_BY_AGENT) | metrics(requester_updated_at=at))
    assert issue.customer_wrote is wrote


def test_metrics_that_are_missing_tell_nothing(tmp_path: Path) -> None:
    nothing: list[Record] = [{"metric_set": None}, {"metric_set": {}}, {}]
    for record in nothing:
        assert issue_of(tmp_path, ticket(**SENT_BY_AGENT) | record).customer_wrote is None


def test_metrics_tell_since_when_and_until_when(tmp_path: Path) -> None:
    times = metrics(solved_at="2026-03-02T07:00:00Z", status_updated_at="2026-03-02T07:30:00Z")
    solved = issue_of(tmp_path, ticket(status="solved") | times)
    assert solved.resolved_at == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert solved.status_since == datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    assert issue_of(tmp_path, ticket(status="open") | times).resolved_at is None


def test_an_outbound_tag_excludes_only_where_the_customer_has_not_written(tmp_path: Path) -> None:
    outbound = ticket(**SENT_BY_AGENT, tags=["spring_offer"])
    given = {"outbound_tags": ["spring_offer"]}
    silent = issue_of(tmp_path, outbound | metrics(), **given)
    assert (silent.initiated_by, excluded(silent)) == (Initiator.CAMPAIGN, "campaign")
    for answered in (
        outbound,
        outbound | metrics(requester_updated_at="2026-03-01T09:00:00Z"),
        outbound | {"submitter_id": 701} | metrics(),
    ):
        assert excluded(issue_of(tmp_path, answered, **given)) is None
    assert excluded(issue_of(tmp_path, outbound | metrics())) is None


def test_internal_tickets_are_known_by_a_declared_tag_or_a_side_conversation(tmp_path: Path) -> None:
    assert issue_of(tmp_path, ticket(tags=["internal"])).audience is Audience.CUSTOMER
    assert issue_of(tmp_path, ticket(tags=["internal"]), internal_tags=["internal"]).audience is Audience.BACK_OFFICE
    assert issue_of(tmp_path, ticket(tags=["created_for_side_conversation"])).audience is Audience.BACK_OFFICE


def test_the_senders_address_is_the_requesters_only_where_the_requester_sent_it(tmp_path: Path) -> None:
    mailed = via("email", address="ada@example.com", name="Ada")
    assert issue_of(tmp_path, ticket() | mailed).requester_email == "ada@example.com"
    assert issue_of(tmp_path, ticket() | via("web", address="ada@example.com")).requester_email is None
    assert issue_of(tmp_path, ticket(submitter_id=11) | mailed).requester_email is None


def test_people_in_copy_are_affected_and_staff_is_not(tmp_path: Path) -> None:
    record = ticket(email_cc_ids=[801, 802, 701, 11], collaborator_ids=[802, 803, 12], follower_ids=[12])
    assert issue_of(tmp_path, record).affected_ids == ("801", "802", "803")
    assert issue_of(tmp_path, ticket(email_cc_ids=None, collaborator_ids=None)).affected_ids == ()


def test_ids_beyond_53_bits_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    huge = 2**63 + 1
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([page([ticket(huge), ticket(2, created_at="never")], [user(huge)])]))
    found = pull(Export(path))
    assert [event.subject for event in found.events] == [str(huge), str(huge)]
    [issue] = found.issues
    assert issue.requester_id == str(700 + huge)


# Versions and ratings


def test_versions_follow_generated_timestamp_and_within_its_second_updated_at(tmp_path: Path) -> None:
    def version(second: int, updated_at: str) -> int:
        [event] = pulled(tmp_path, ticket(generated_timestamp=second, updated_at=updated_at)).events
        return event.source_version

    base = 1_772_438_400
    ascending = [
        version(base - 1, "2026-03-02T07:59:59Z"),
        version(base, "2020-01-01T00:00:00Z"),
        version(base, "2026-03-02T07:59:58Z"),
        version(base, "2026-03-02T07:59:59Z"),
        version(base, "2026-03-02T08:00:00Z"),
        version(base + 1, "2020-01-01T00:00:00Z"),
    ]
    assert ascending == sorted(set(ascending))
    assert version(base, "2026-03-02T08:00:09Z") == version(base, "2026-03-02T08:00:00Z")


def test_a_ticket_that_the_service_touched_is_read_although_nothing_was_updated(tmp_path: Path) -> None:
    before, touched = ticket(), ticket(generated_timestamp=1_772_438_400 + 900_000)
    events = pulled(tmp_path, before, touched).events
    assert len({event.id for event in events}) == 2
    assert events[0].time == events[1].time


def test_two_changes_within_one_second_both_count_in_their_order(tmp_path: Path) -> None:
    opened = ticket(status="open", updated_at="2026-03-02T07:59:59Z")
    solved = ticket(status="solved", updated_at="2026-03-02T08:00:00Z")
    for order in ([opened, solved], [solved, opened]):
        events = [event for event in pulled(tmp_path, *order).events if isinstance(event, IssueChanged)]
        fold = fold_issue(events)
        assert fold is not None
        assert fold.issue.status is IssueStatus.RESOLVED


def test_without_generated_timestamp_the_last_change_orders(tmp_path: Path) -> None:
    [event] = pulled(tmp_path, ticket(generated_timestamp=None)).events
    assert event.source_version == int(event.time.timestamp()) * 1_000_000


@pytest.mark.parametrize("score", ["unoffered", "offered", None, "received"])
def test_a_rating_that_nobody_gave_is_no_answer(tmp_path: Path, score: str | None) -> None:
    assert [e.type for e in pulled(tmp_path, ticket(satisfaction_rating={"score": score})).events] == ["issue.changed"]


def test_a_rating_is_an_answer_about_its_ticket_and_a_changed_one_replaces_it(tmp_path: Path) -> None:
    good = ticket(satisfaction_rating={"id": 4, "score": "good", "comment": "Thanks"})
    bad = ticket(satisfaction_rating={"id": 4, "score": "bad"}, generated_timestamp=1_772_438_401)
    answers = [event for event in pulled(tmp_path, good, bad).events if isinstance(event, SurveyAnswered)]
    assert [(one.data.issue_id, one.data.reading, one.data.comment) for one in answers] == [
        ("1", SurveyBucket.GOOD, "Thanks"),
        ("1", SurveyBucket.BAD, None),
    ]
    assert answers[0].subject == answers[1].subject
    assert answers[0].source_version < answers[1].source_version


# People


def contact_of(folder: Path, record: Record) -> Contact:
    path = folder / "users.jsonl"
    path.write_bytes(lines([page([], [record])]))
    [event] = pull(Export(path)).events
    assert isinstance(event, ContactChanged)
    return event.data


def test_a_user_is_a_contact_with_every_identifier_it_has(tmp_path: Path) -> None:
    found = contact_of(tmp_path, user(phone="+49 30 1234567", external_id="shop-7", organization_id=9, tags=["vip"]))
    assert found.emails == ("customer701@example.com",)
    assert found.phones == ("+49 30 1234567",)
    assert (found.external_ids, found.account_ids, found.tags) == (("shop-7",), ("9",), ("vip",))
    assert found.time_zone == "Europe/Berlin"


@pytest.mark.parametrize(("role", "is_staff"), [("end-user", False), ("agent", True), ("admin", True), (None, False)])
def test_agents_and_admins_are_staff(tmp_path: Path, role: str | None, is_staff: bool) -> None:
    assert contact_of(tmp_path, user(role=role)).is_staff is is_staff


def test_a_user_without_an_address_is_kept(tmp_path: Path) -> None:
    found = contact_of(tmp_path, user(email=None, name=None, active=False))
    assert (found.id, found.emails, found.is_active) == ("701", (), False)


# What the service really answered


def recorded(key: str) -> Iterator[Record]:
    """Records of this kind in every recorded answer, however deep."""
    for path in sorted((RECORDED / "nango").rglob("*.json")):
        yield from found_in(json.loads(path.read_text("utf-8")).get("api", {}), key)
    example = RECORDED / "zenpy-object-examples" / "zendesk" / f"{key.removesuffix('s')}.json"
    yield json.loads(example.read_text("utf-8"))


def found_in(value: Any, key: str) -> Iterator[Record]:
    inside: list[Any] = []
    if isinstance(value, dict):
        known = cast("Record", value)
        if isinstance(known.get(key), list):
            yield from known[key]
        inside = [*known.values()]
    elif isinstance(value, list):
        inside = [*cast("Sequence[Any]", value)]
    for inner in inside:
        yield from found_in(inner, key)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not part of this copy")
def test_recorded_tickets_and_users_are_read_without_loss(tmp_path: Path) -> None:
    tickets, users = list(recorded("tickets")), list(recorded("users"))
    assert len(tickets) >= 3
    assert len(users) >= 3
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(lines([page(tickets, users)]))
    found = pull(Export(path))
    assert found.quarantined == []
    assert [event.subject for event in found.events if isinstance(event, ContactChanged)] == [
        str(one["id"]) for one in users
    ]
    assert [issue.id for issue in found.issues] == [str(one["id"]) for one in tickets]
    assert all(issue.status is not IssueStatus.UNKNOWN for issue in found.issues)
    assert all(issue.created_at.tzinfo is UTC for issue in found.issues)


def recorded_exports(name: str) -> list[bytes]:
    """The bodies of a recorded incremental export, byte for byte."""
    exchanges = json.loads((RECORDED / "zenpy-betamax" / name).read_text("utf-8"))["http_interactions"]
    return [gzip.decompress(b64decode(one["response"]["body"]["base64_string"])) for one in exchanges]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not part of this copy")
@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("TicketsIncrementalTest.test_pagination.json", "tickets", "issue.changed"),
        ("UsersIncrementalTest.test_pagination.json", "users", "contact.changed"),
    ],
)
def test_recorded_exports_are_read_without_loss(tmp_path: Path, name: str, key: str, kind: str) -> None:
    bodies = recorded_exports(name)
    records = [record for body in bodies for record in json.loads(body)[key]]
    assert len(records) > 1_000
    path = tmp_path / "recorded.jsonl"
    path.write_bytes(b"".join(body.strip() + b"\n" for body in bodies))
    found = pull(Export(path))
    assert found.quarantined == []
    assert [event.subject for event in found.events] == [str(record["id"]) for record in records]
    assert {event.type for event in found.events} == {kind}
    assert {issue.status_raw for issue in found.issues} == {record["status"] for record in records if key == "tickets"}
