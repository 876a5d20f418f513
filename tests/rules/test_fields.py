"""The fields that conditions may ask about are those that facts have."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alignkit.models import Message
from alignkit.rules.facts import AccountFacts, Facts
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, NEWEST_BY, PARTS, ROW_FIELDS, Collection, Field, Kind

from .builders import hold, issue, post, send, signal, survey

PAGE = Path(__file__).parents[2] / "docs" / "policy-semantics.md"
ROWS: dict[Collection, Any] = {
    "issues": issue(),
    "account_issues": issue(),
    "all_issues": issue(),
    "signals": signal("desk/issue/1"),
    "surveys": survey(timedelta(0)),
    "posts": post(timedelta(0)),
    "sends": send(timedelta(0)),
    "holds": hold(),
    "accounts": AccountFacts("crm/account/1"),
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
    stored = {each.name for each in fields(Facts)} - {"customer", "bucketing_id", "attributes"}
    assert set(ROW_FIELDS) - set(PARTS) == stored
    assert {part for parts in PARTS.values() for part in parts} <= stored


def test_all_issues_are_the_own_ones_and_those_of_the_accounts() -> None:
    facts = Facts(issues=[issue(ref="desk/issue/1")], account_issues=[issue(ref="desk/issue/2")])
    assert [each.ref for each in facts.all_issues] == ["desk/issue/1", "desk/issue/2"]


def test_the_time_that_makes_a_row_the_latest_is_never_absent() -> None:
    for collection, name in NEWEST_BY.items():
        field = ROW_FIELDS[collection][name]
        assert (field.kind, field.is_optional) == (Kind.TIME, False)


def line(name: str, field: Field) -> str:
    may_be_absent = "yes" if field.is_optional or field.kind is Kind.LIST else "no"
    words = ", ".join(f"`{word}`" for word in sorted(field.words))
    return f"| `{name}` | {field.kind} | {may_be_absent} | {words} |"


@pytest.mark.parametrize(
    "title", [*(each for each in ROW_FIELDS if not each.endswith("_issues")), "customer", "message"]
)
def test_the_page_of_semantics_lists_every_field(title: str) -> None:
    named: dict[str, dict[str, Field]] = {"customer": CUSTOMER_FIELDS, "message": MESSAGE_FIELDS}
    named.update(ROW_FIELDS.items())
    section = PAGE.read_text("utf-8").split(f"### Fields: {title}\n")[1].split("\n#")[0]
    listed = [each for each in section.splitlines() if each.startswith("| `")]
    assert listed == [line(name, field) for name, field in named[title].items()]


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
