"""Holds events to ids that follow from what they say, so that nothing counts twice and nothing is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.strategies import START, events, json_objects, snapshot

from alignkit.errors import DataInvalid
from alignkit.models import (
    EVENT_TYPES,
    Contact,
    ContactChanged,
    CustomerEvent,
    Issue,
    IssueChanged,
    IssueStatus,
    Priority,
    microseconds,
)

LATER = START + timedelta(days=1)


def changed(received_at: datetime = LATER, **fields: Any) -> IssueChanged:
    told = {"id": "1", "status": "open", "status_raw": "open", "created_at": START, **fields}
    return IssueChanged.of(Issue.model_validate(told), source="desk", received_at=received_at, time=START)


def test_the_union_has_exactly_the_known_types() -> None:
    members = get_args(get_args(CustomerEvent)[0])
    assert set(members) == set(EVENT_TYPES.values())
    assert len(EVENT_TYPES) == 17


def test_two_changes_within_one_second_both_count() -> None:
    first, second = changed(status="open"), changed(status="resolved")
    assert first.time == second.time
    assert first.source_version == second.source_version
    assert first.id != second.id


def test_the_same_content_has_the_same_id_whenever_it_is_received() -> None:
    assert changed().id == changed(received_at=LATER + timedelta(days=3)).id


def test_a_default_that_is_told_says_nothing_new() -> None:
    told = changed(priority=Priority.UNSET, extensions={}, tags=[], subject=None, reopened_count=0, is_spam=False)
    assert told.id == changed().id


def test_when_we_saw_it_and_how_it_came_have_no_part_in_the_id() -> None:
    assert changed(observed_at=LATER, raw={"status": "open"}).id == changed().id


@given(json_objects, st.randoms(use_true_random=False))
def test_the_order_of_keys_has_no_part_in_the_id(said: dict[str, Any], random: Any) -> None:
    shuffled = list(said.items())
    random.shuffle(shuffled)
    assert changed(extensions=dict(shuffled)).id == changed(extensions=said).id


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "new"},
        {"status_raw": "Open"},
        {"priority": "low"},
        {"subject": ""},
        {"tags": ["a"]},
        {"extensions": {"a": 1}},
        {"created_at": START + timedelta(microseconds=1)},
        {"customer_wrote": False},
    ],
)
def test_whatever_is_said_differently_has_another_id(fields: dict[str, Any]) -> None:
    assert changed(**fields).id != changed().id


def test_an_id_names_type_object_and_version() -> None:
    event = snapshot("open", version=7)
    assert event.id.rpartition("/")[0] == "issue.changed/1/7"
    assert snapshot("open", version=8).id != event.id


@given(events())
def test_an_event_takes_its_subject_and_version_from_its_data(event: CustomerEvent) -> None:
    made = EVENT_TYPES[event.type].of(event.data, source=event.source, received_at=event.received_at)
    stamps = (event.data.remote_updated_at, event.data.remote_created_at, event.received_at)
    assert made.subject == event.data.id
    assert made.time == next(stamp for stamp in stamps if stamp is not None)
    assert made.source_version == microseconds(made.time)


def test_a_naive_time_is_refused_before_it_orders_anything() -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(DataInvalid, match="without a zone"):
        ContactChanged.of(Contact(id="7"), source="desk", received_at=naive)


def test_an_event_holds_only_the_data_of_its_type() -> None:
    with pytest.raises(ValidationError, match="instance of Contact"):
        ContactChanged.of(changed().data, source="desk", received_at=LATER)
    assert ContactChanged.of(Contact(id="7"), source="desk", received_at=LATER).type == "contact.changed"


@pytest.mark.parametrize("fields", [{"subject": "\ud800"}, {"tags": ["a\udfffb"]}, {"requester_email": "\udc00@x"}])
def test_half_of_a_character_makes_no_event(fields: dict[str, Any]) -> None:
    with pytest.raises(DataInvalid, match="surrogate"):
        changed(**fields)


def test_an_active_issue_marked_as_spam_or_deleted_is_over() -> None:
    assert changed(is_spam=True).data.is_active is False
    assert changed(is_deleted=True).data.is_active is False
    assert changed(status=IssueStatus.UNKNOWN).data.is_active is None


def test_a_copy_with_other_data_keeps_no_text_of_the_old() -> None:
    issue = Issue(id="1", status=IssueStatus.OPEN, status_raw="open", created_at=START)
    event = IssueChanged.of(issue, source="desk", received_at=START)
    changed = event.model_copy(update={"data": issue.model_copy(update={"subject": "another"})})
    assert b"another" in changed.data_text()
    assert event.model_copy(update={"sequence": 7}).data_text() == event.data_text()
