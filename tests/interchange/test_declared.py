"""Shapes come from Python or from a settings file, and records of any kind are read by them."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.connectors.records import Extras, Shape
from alignkit.errors import SettingsError
from alignkit.interchange.declared import Record, Shapes
from alignkit.models.conversation import Post, SurveyResponse
from alignkit.models.customer import Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus, SurveyBucket, SurveyKind

from .shop import NOW, PEOPLE, TICKETS, ticket

DECLARED = {
    "event": "issue.changed",
    "places": {
        "id": "number",
        "status": "state",
        "created_at": "opened",
        "requester_email": [["caller", "mail"], "mail"],
    },
    "statuses": {"Parked": "snoozed"},
    "times": "%d.%m.%Y %H:%M",
    "naive_is_utc": True,
}


def records(*values: Any, name: str = "tickets") -> list[Record]:
    return [Record(name, value, f"line {number}") for number, value in enumerate(values)]


def test_a_table_of_a_settings_file_declares_a_shape() -> None:
    case = {"number": 7, "state": "parked", "opened": "01.03.2026 08:00", "caller": {"mail": "ada@example.com"}}
    [event] = Shapes({"tickets": DECLARED}).read(records(case), "desk", NOW).events
    assert isinstance(event.data, Issue)
    assert (event.data.id, event.data.status) == ("7", IssueStatus.SNOOZED)
    assert event.data.requester_email == "ada@example.com"


def test_a_further_place_counts_where_the_first_is_absent() -> None:
    case = {"number": 7, "state": "x", "opened": "01.03.2026 08:00", "mail": "bob@example.com"}
    [event] = Shapes({"tickets": DECLARED}).read(records(case), "desk", NOW).events
    assert isinstance(event.data, Issue)
    assert event.data.requester_email == "bob@example.com"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event": "ticket.changed"}, "`ticket.changed` is no event"),
        ({"event": None}, "`tickets` is declared wrongly: `event`"),
        ({"place": {}}, "`place`"),
        ({"places": {"id": "number", "colour": "x"}}, "no field `colour`"),
        ({"statuses": {"Parked": "resting"}}, "`resting`"),
    ],
)
def test_a_wrong_declaration_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Shapes({"tickets": DECLARED | change})


def test_people_come_before_what_is_about_them() -> None:
    read = Shapes({"tickets": TICKETS, "people": PEOPLE}).read(
        [*records(ticket(7)), *records({"id": 1, "mail": "ada@example.com"}, name="people")], "desk", NOW
    )
    assert [event.type for event in read.events] == ["contact.changed", "issue.changed"]


def test_a_record_that_cannot_be_read_is_set_aside_alone_with_its_place() -> None:
    bad = [ticket(8, created="soon"), {"state": "open"}, None, "text"]
    read = Shapes({"tickets": TICKETS}).read(records(ticket(7), *bad, ticket(9)), "desk", NOW)
    assert [event.subject for event in read.events] == ["7", "9"]
    assert [one.key for one in read.bad] == ["8", "line 2", "line 3", "line 4"]
    assert all("soon" not in one.reason for one in read.bad)


@pytest.mark.parametrize("value", [{}, {"a": {}}, {"a": {"id": None}}, {"a": None}])
def test_a_record_without_a_nested_value_that_is_needed_is_set_aside(value: dict[str, Any]) -> None:
    shape = Shape(model=Contact, places={"id": ("a", "id")})
    read = Shapes({"people": shape}).read(records({"a": {"id": 1}}, value, name="people"), "desk", NOW)
    assert [event.subject for event in read.events] == ["1"]
    assert [one.key for one in read.bad] == ["line 1"]


def test_a_shape_without_a_place_for_what_is_needed_gives_no_broken_thing() -> None:
    shape = Shape(model=Post, places={"id": "id", "text": "text"})
    read = Shapes({"posts": shape}).read(records({"id": 1, "text": "good"}, name="posts"), "desk", NOW)
    assert read.events == []
    assert read.bad[0].reason == "lacks `platform`, `posted_at`"


def test_numbers_beyond_what_a_float_holds_stay_exact() -> None:
    [event] = Shapes({"tickets": TICKETS}).read(records(ticket(2**63 + 1)), "desk", NOW).events
    assert event.subject == str(2**63 + 1)


def test_a_thing_that_happened_is_ordered_by_when_it_did() -> None:
    shape = Shape(
        model=Post, places={"id": "id", "platform": "site", "posted_at": "at", "text": "text"}, naive_is_utc=True
    )
    post = {"id": "p", "site": "reviews", "at": "2026-03-02T09:00:00", "text": "good"}
    [event] = Shapes({"posts": shape}).read(records(post, name="posts"), "desk", NOW).events
    assert event.time.isoformat() == "2026-03-02T09:00:00+00:00"


def test_a_record_without_any_time_says_the_same_only_once() -> None:
    shapes = Shapes({"people": PEOPLE})
    ada = records({"id": 1, "mail": "ada@example.com"}, name="people")
    [first], [later] = (shapes.read(ada, "desk", moment).events for moment in (NOW, NOW.replace(hour=20)))
    assert first.id == later.id
    assert isinstance(first.data, Contact)


def test_an_answer_that_comes_with_an_issue_follows_it() -> None:
    def finish(values: dict[str, Any]) -> Extras:
        answer = SurveyResponse(
            id=values["id"],
            kind=SurveyKind.CSAT,
            score=values["rating"],
            scale_min=1,
            scale_max=5,
            responded_at=NOW,
        )
        return Extras(answer=answer)

    shape = Shape(model=Issue, places=TICKETS.places, also={"rating": ("rating", float)}, finish=finish)
    read = Shapes({"tickets": shape}).read(records(ticket(7, rating=1)), "desk", NOW)
    assert [event.type for event in read.events] == ["issue.changed", "survey.answered"]
    answer = read.events[1].data
    assert isinstance(answer, SurveyResponse)
    assert answer.reading is SurveyBucket.BAD


def test_fields_that_no_column_fills_are_named() -> None:
    assert Shapes({"tickets": DECLARED}).missing("tickets", ["number", "state", "mail"]) == ["created_at"]
