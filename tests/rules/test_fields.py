"""The fields that conditions may ask about are those that facts have."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from alignkit.models import Message
from alignkit.rules.facts import Facts
from alignkit.rules.fields import MESSAGE_FIELDS, ROW_FIELDS, Collection, Kind

from .builders import hold, issue, post, send, signal, survey

ROWS: dict[Collection, Any] = {
    "issues": issue(),
    "account_issues": issue(),
    "signals": signal("desk/issue/1"),
    "surveys": survey(timedelta(0)),
    "posts": post(timedelta(0)),
    "sends": send(timedelta(0)),
    "holds": hold(),
}
TIMES: dict[Collection, str] = {
    "issues": "created_at status_since first_active_at waiting_since resolved_at reopened_at snoozed_until",
    "signals": "at",
    "surveys": "at",
    "posts": "at",
    "sends": "at",
    "holds": "opened_at ends_at",
}


def test_every_collection_of_facts_can_be_asked() -> None:
    assert set(ROW_FIELDS) == {each.name for each in fields(Facts)} - {"customer", "attributes"}


@pytest.mark.parametrize("collection", list(ROW_FIELDS))
def test_every_field_of_a_row_can_be_asked(collection: Collection) -> None:
    assert set(ROW_FIELDS[collection]) == {each.name for each in fields(ROWS[collection])}


@pytest.mark.parametrize("collection", list(TIMES))
def test_exactly_the_times_are_times(collection: Collection) -> None:
    times = {name for name, field in ROW_FIELDS[collection].items() if field.kind is Kind.TIME}
    assert times == set(TIMES[collection].split())


def test_other_kinds_follow_the_types_of_facts() -> None:
    kinds = {name: ROW_FIELDS["issues"][name].kind for name in ("status", "active", "reopened_count", "tags", "rating")}
    assert kinds == {
        "status": Kind.TEXT,
        "active": Kind.FLAG,
        "reopened_count": Kind.NUMBER,
        "tags": Kind.LIST,
        "rating": Kind.TEXT,
    }
    assert ROW_FIELDS["posts"]["confidence"].kind is Kind.NUMBER


def test_closed_lists_of_words_are_known() -> None:
    assert "waiting_on_customer" in ROW_FIELDS["issues"]["status"].words
    assert not ROW_FIELDS["issues"]["status_raw"].words


def test_the_attributes_of_a_message_are_those_of_the_model() -> None:
    assert set(MESSAGE_FIELDS) <= set(Message.model_fields)
