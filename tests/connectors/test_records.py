"""Records become entities as declared, whichever of two ways they go, and what cannot be read is set aside alone."""

from __future__ import annotations

import json
import random
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given
from tests.strategies import events, json_values

from alignkit.connectors.records import Answer, Body, Extras, Found, Paths, Recipe, Rows, Shape, Values, objects
from alignkit.connectors.records.writer import writer
from alignkit.errors import DataInvalid, ResponseInvalid, SettingsError
from alignkit.models import Channel, Contact, CustomerEvent, Issue, IssueStatus, Post, PostKind, Priority
from alignkit.models.text import text_of_values

Record = dict[str, Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def finish(values: Values) -> Extras:
    values["is_deleted"] = values["status"] is IssueStatus.DELETED
    if values.get("revision") == 13:
        raise ValueError("no revision may be 13")
    return Extras(version=values.get("revision"), beside=("note" in values, values.get("note"), values.get("more")))


ISSUES = Shape(
    model=Issue,
    places={
        "id": "id",
        "status": "state",
        "subject": ["title", "headline"],
        "priority": "urgency",
        "channel": ("via", "channel"),
        "tags": "labels",
        "created_at": "opened",
        "remote_updated_at": ("audit", "changed"),
        "requester_email": ("via", "from", "mail"),
        "customer_wrote": "wrote",
        "reopened_count": "reopened",
    },
    statuses={"In Progress": "open", "gone": IssueStatus.DELETED},
    words={"priority": {"P1": "urgent", "3": "low"}},
    also={"revision": ("rev", int), "note": (("audit", "note"), str), "more": ("more", object)},
    finish=finish,
)
PEOPLE = Shape(
    model=Contact, places={"id": "id", "emails": "mail", "is_staff": "role"}, words={"is_staff": {"agent": "true"}}
)
PAGE = Body({("data", "issues"): ISSUES, "people": PEOPLE}, {"next": (("links", "next"), str), "count": ("count", int)})


def issue(**changes: Any) -> Record:
    return {
        "id": 2**60 + 1,
        "state": "in progress",
        "title": "Late",
        "urgency": 3,
        "via": {"channel": "email", "from": {"mail": "ada@example.com"}},
        "labels": ["a", 7, None, ""],
        "opened": "2026-03-01T12:00:00Z",
        "audit": {"changed": "2026-03-01T12:00:00.250Z", "note": None},
        "wrote": True,
        "reopened": 2,
        "rev": 5,
        "more": {"a": [1, 2.5, "x"]},
        "unknown": {"deep": [1]},
    } | changes


def page(*issues: Any, **changes: Any) -> Record:
    return {"data": {"issues": list(issues)}, "people": [{"id": "p1", "mail": "ada@example.com"}], "count": 3} | changes


def general(body: Body, text: bytes) -> Answer:
    """Reads by the way that every document can go."""
    fast, body._fast = body._fast, None  # pyright: ignore[reportPrivateUsage] # to compare the two
    try:
        return body.read(text)
    finally:
        body._fast = fast  # pyright: ignore[reportPrivateUsage] # to compare the two


def took_the_quick_way(body: Body, text: bytes) -> bool:
    fast = body._fast  # pyright: ignore[reportPrivateUsage] # to see that it is taken at all
    if fast is None:
        pytest.skip("the extra `fast` is not installed, so there is one way only")
    return fast.read(text) is not None


def test_a_page_becomes_what_its_shapes_say() -> None:
    text = json.dumps(page(issue(), links={"next": 12})).encode()
    answer = PAGE.read(text)
    [found] = answer.of(ISSUES)
    read = found.data
    assert (read.id, read.status, read.status_raw, read.subject) == (
        str(2**60 + 1),
        IssueStatus.OPEN,
        "in progress",
        "Late",
    )
    assert (read.priority, read.priority_raw, read.channel, read.tags) == (Priority.LOW, "3", Channel.EMAIL, ("a", "7"))
    assert (read.created_at, read.remote_created_at, read.customer_wrote, read.reopened_count) == (NOON, NOON, True, 2)
    assert read.remote_updated_at == NOON.replace(microsecond=250_000)
    assert found.extras == Extras(5, None, (True, None, {"a": [1, 2.5, "x"]}))
    assert [one.data.emails for one in answer.of(PEOPLE)] == [("ada@example.com",)]
    assert answer.beside == {"next": "12", "count": 3}
    assert not answer.bad
    assert not answer.absent
    assert took_the_quick_way(PAGE, text)


def test_the_event_is_the_one_that_the_entity_by_itself_would_give() -> None:
    [found] = PAGE.read(json.dumps(page(issue())).encode()).of(ISSUES)
    event = found.event(source="desk", received_at=NOON)
    again = type(event).of(Issue.model_validate(found.data.model_dump()), source="desk", received_at=NOON, version=5)
    assert event == again
    assert event.data_text() == again.data_text()


writer_of = cache(writer)


@given(events())
def test_each_field_is_written_byte_for_byte_as_its_model_writes_it(event: CustomerEvent) -> None:
    for name, value in vars(event.data).items():
        write = writer_of(event.data_type, (name,))
        assert write({name: value}) == text_of_values({name: value}, event.data_type)


def test_fields_are_written_together_in_their_order_and_quickly_where_that_is_the_same() -> None:
    names = ("id", "status", "subject", "created_at", "reopened_count")
    issue = Issue(id="1", status=IssueStatus.OPEN, status_raw="open", created_at=NOON, subject="\x1f\x7f\u2028é😀")
    write = writer(Issue, names)
    values = {name: vars(issue)[name] for name in names}
    assert write(values) == text_of_values(values, Issue)
    assert isinstance(write, partial) == (find_spec("msgspec") is None)


def test_half_of_a_character_is_refused_when_it_is_written() -> None:
    with pytest.raises(DataInvalid, match="surrogate"):
        writer(Issue, ("id", "subject"))({"id": "1", "subject": "\ud800"})


def test_a_record_that_something_else_tells_more_of_is_as_if_it_had_told_that_itself() -> None:
    [found] = PAGE.read(json.dumps(page(issue())).encode()).of(ISSUES)
    more: Values = {"status": IssueStatus.CLOSED, "closed_at": NOON, "tags": (), "requester_id": "7"}
    changed: Found[Issue] = found.changed(**more)
    event = changed.event(source="desk", received_at=NOON)
    whole = found.data.model_copy(update=more)
    assert (changed.data, changed.extras) == (whole, found.extras)
    assert event == type(event).of(whole, source="desk", received_at=NOON, version=5)
    assert event.data_text() == text_of_values(vars(whole), Issue)
    assert found.data.status is IssueStatus.OPEN


def test_a_record_cannot_be_changed_in_a_field_that_there_is_not() -> None:
    [found] = PAGE.read(json.dumps(page(issue())).encode()).of(ISSUES)
    with pytest.raises(ValueError, match="`colour`"):
        found.changed(colour="red")


def test_an_entity_may_be_made_of_values_that_are_known_already() -> None:
    people = Recipe(Shape(model=Contact, places={}, finish=lambda _: Extras(version=0)))
    for number in ("1", "2"):
        found = people.of(handles=("shop/ada",), name="Ada", id=number)
        contact = Contact(id=number, name="Ada", handles=("shop/ada",))
        assert found.data == contact
        event = found.event(source="desk", received_at=NOON)
        assert event == type(event).of(contact, source="desk", received_at=NOON, version=0)
        assert event.data_text() == contact.model_dump_json(exclude_defaults=True).encode()


CHANGES: list[Record] = [
    {},
    {"title": None},
    {"headline": "Lost"},
    {"via": None},
    {"via": {"channel": None, "from": None}},
    {"via": "email"},
    {"labels": "one, two"},
    {"labels": []},
    {"labels": 0},
    {"labels": 7},
    {"labels": ""},
    {"labels": " one "},
    {"labels": [0, "", " two "]},
    {"labels": [["deep"]]},
    {"labels": [1.5]},
    {"urgency": "p1"},
    {"urgency": "Urgent"},
    {"urgency": None},
    {"urgency": 1.5},
    {"urgency": True},
    {"state": None},
    {"state": "parked"},
    {"state": "GONE"},
    {"id": ""},
    {"id": None},
    {"id": 0},
    {"id": 2**70},
    {"id": 1e3},
    {"opened": None},
    {"opened": "2026-03-01T13:00:00+01:00"},
    {"opened": "2026-03-01T12:00:00+0000"},
    {"opened": "2026-03-01T12:00:00.250+0000"},
    {"opened": "2026-03-01T12:00:00.25+00:00"},
    {"opened": "2026-03-01T12:00:00.+0000"},
    {"opened": "2026-03-01T12:00:0+0000"},
    {"opened": "2026-03-01T12:00+00:00"},
    {"opened": "2026-03-01T12:00:00.1234567+0000"},
    {"opened": "2026-03-01T12:00:00.25-03:30"},
    {"opened": "2026-03-01T12:00:00.1234567+00:00"},
    {"opened": "2026-03-01T12:00:00+24:00"},
    {"opened": "2026-03-01T12:00:00-00:00"},
    {"opened": "2026-03-01T12:00:00+01"},
    {"opened": "0001-01-01T00:00:00+23:00"},
    {"opened": "2026-03-01 12:00:00Z"},
    {"opened": "2026-03-01T12:00:00"},
    {"opened": "2026-03-01T12:00:00.1234567Z"},
    {"opened": "2026-03-01T12:00:00.Z"},
    {"opened": "2026-W09-7T12:00:00Z"},
    {"opened": "2026-03-01T120000.0Z"},
    {"opened": "2026-02-30T12:00:00Z"},
    {"opened": "0001-01-01T00:00:00Z"},
    {"opened": 1_772_366_400},
    {"audit": None},
    {"audit": {"note": "n"}},
    {"audit": {"changed": None, "note": 4}},
    {"wrote": "yes"},
    {"wrote": 1},
    {"wrote": None},
    {"reopened": "2"},
    {"reopened": 2.0},
    {"reopened": -1},
    {"rev": 13},
    {"rev": "5"},
    {"rev": None},
    {"rev": 2**70},
    {"more": None},
    {"more": 2**70},
    {"more": "\ud83d\ude00"},
    {"title": "\x07\x7f\u2028é"},
]


def same(first: Answer, second: Answer) -> None:
    assert list(first.of(ISSUES)) == list(second.of(ISSUES))
    assert list(first.of(PEOPLE)) == list(second.of(PEOPLE))
    assert first.beside == second.beside
    assert list(first.bad) == list(second.bad)
    assert list(first.absent) == list(second.absent)


@pytest.mark.parametrize("changes", CHANGES, ids=repr)
def test_both_ways_read_the_same(changes: Record) -> None:
    text = json.dumps(page(issue(), issue(**changes), issue(id="last"))).encode()
    same(PAGE.read(text), general(PAGE, text))


@pytest.mark.parametrize(
    "changes",
    [
        {"data": None},
        {"data": {}},
        {"data": {"issues": None}},
        {"data": {"issues": "none"}},
        {"data": {"issues": [None, 7]}},
        {"people": None},
        {"people": {"id": "p1"}},
        {"count": None},
        {"count": "3"},
        {"links": None},
        {"links": {"next": None}},
    ],
    ids=repr,
)
def test_both_ways_read_the_same_around_the_records(changes: Record) -> None:
    text = json.dumps(page(issue(), **changes)).encode()
    same(PAGE.read(text), general(PAGE, text))


def test_both_ways_read_the_same_of_records_at_random() -> None:
    chance = random.Random(20260301)
    quick = 0
    for _ in range(300):
        records: list[Record] = []
        for number in range(3):
            record = issue(id=number)
            for changes in chance.sample(CHANGES, chance.choice((0, 0, 1, 2))):
                record |= changes
            for key in chance.sample(sorted(record), chance.choice((0, 0, 1))):
                del record[key]
            records.append(record)
        text = json.dumps(page(*records)).encode()
        same(PAGE.read(text), general(PAGE, text))
        quick += took_the_quick_way(PAGE, text)
    assert quick > 30


@pytest.mark.parametrize(
    ("rows", "is_quick"),
    [
        ([{"a": 1, "b": [2], "c": {"deep": [3]}}, {"c": 4}, {}, {"a": None}], True),
        ([], True),
        (None, True),
        ([{"a": 1}, None, "text"], False),
        ({"a": 1}, False),
        ("text", False),
    ],
    ids=repr,
)
def test_of_rows_the_wanted_keys_come_in_both_ways(rows: Any, is_quick: bool) -> None:
    people = Shape(model=Contact, places={"id": "id"}, also={"rows": ("rows", Rows(("a", "b")))}, finish=told_rows)
    body = Body({"people": people}, {"beside": ("rows", Rows(("a",)))})
    text = json.dumps({"people": [{"id": 1, "rows": rows}, {"id": 2}], "rows": rows}).encode()
    answer, other = body.read(text), general(body, text)
    assert list(answer.of(people)) == list(other.of(people))
    first, second = (objects(each.beside.get("beside")) for each in (answer, other))
    assert [one.get("a") for one in first] == [one.get("a") for one in second]
    assert took_the_quick_way(body, text) == is_quick


def told_rows(values: Values) -> Extras:
    return Extras(beside=[(row.get("a"), row.get("b")) for row in objects(values.get("rows"))])


@given(json_values)
def test_any_json_is_the_same_in_both_ways(value: Any) -> None:
    text = json.dumps(page(issue(more=value))).encode()
    assert repr(PAGE.read(text).of(ISSUES)) == repr(general(PAGE, text).of(ISSUES))


@pytest.mark.parametrize("number", ["1e400", "-0", "-0.0", "1E5", "4.9e-324", "12345678901234567890.0", "9" * 40])
def test_any_number_is_the_same_in_both_ways(number: str) -> None:
    text = json.dumps(page(issue(more="here"))).replace('"here"', number).encode()
    assert repr(PAGE.read(text).of(ISSUES)) == repr(general(PAGE, text).of(ISSUES))


def test_one_bad_record_is_set_aside_by_its_id_without_its_values() -> None:
    answer = PAGE.read(json.dumps(page(issue(id=1), issue(id=2, opened="yesterday"), issue(id=3))).encode(), "issues")
    assert [found.data.id for found in answer.of(ISSUES)] == ["1", "3"]
    [bad] = answer.bad
    assert bad.key == "2"
    assert "`opened`" in bad.reason
    assert "yesterday" not in bad.reason


@pytest.mark.parametrize(("places", "record"), [("Id", {"Id": 7}), (["key", ("of", "id")], {"of": {"id": "7"}})])
def test_a_bad_record_is_named_by_the_id_that_its_shape_knows(places: Paths, record: Mapping[str, Any]) -> None:
    body = Body({"rows": Shape(model=Contact, places={"id": places, "remote_updated_at": "at"})})
    [bad] = body.read(json.dumps({"rows": [{**record, "at": "yesterday"}]}).encode()).bad
    assert bad.key == "7"


def test_a_bad_record_without_an_id_is_named_by_its_place() -> None:
    answer = PAGE.read(json.dumps(page(issue(), "no record")).encode(), "issues")
    assert [bad.key for bad in answer.bad] == ["issues, data.issues[1]"]


@pytest.mark.parametrize("text", [b"", b"<html>", b"[1]", b'"text"', b"\xff\xfe", b'{"data": ', b"null"])
def test_a_text_that_is_no_such_document_is_refused_whole(text: bytes) -> None:
    with pytest.raises(ResponseInvalid, match="no JSON object"):
        PAGE.read(text)


@pytest.mark.parametrize("deep", [{}, {"at": None}, None, {"at": "2026-03-01T12:00:00Z", "id": None}])
def test_a_needed_value_that_lies_deep_is_needed_in_both_ways(deep: Any) -> None:
    posts = Shape(model=Post, places={"id": ("p", "id"), "posted_at": ("p", "at")}, finish=of_the_shop)
    body = Body({"posts": posts})
    good = {"p": {"id": 1, "at": "2026-03-01T12:00:00Z"}}
    text = json.dumps({"posts": [good, {"p": deep}]}).encode()
    for answer in (body.read(text), general(body, text)):
        assert [found.data.id for found in answer.of(posts)] == ["1"]
        assert len(answer.bad) == 1
    assert took_the_quick_way(body, json.dumps({"posts": [good]}).encode())


def test_a_needed_value_may_stand_in_one_of_several_places_in_both_ways() -> None:
    posts = Shape(model=Post, places={"id": ["id", "uid"], "posted_at": "at"}, naive_is_utc=True, finish=of_the_shop)
    body = Body({"posts": posts})
    at = "2026-03-01T12:00:00Z"
    good = [{"id": 1, "at": at}, {"uid": 2, "at": at}]
    text = json.dumps({"posts": [*good, {"at": at}, {"id": 3, "at": "2026-03-01T12:00:00"}]}).encode()
    for answer in (body.read(text), general(body, text)):
        assert [found.data.id for found in answer.of(posts)] == ["1", "2", "3"]
        assert len(answer.bad) == 1
    assert took_the_quick_way(body, json.dumps({"posts": good}).encode())


def boosted(values: Values) -> Extras:
    values["platform"] = "shop"
    return Extras(beside=(values.get("boost"), values.get("boost_id"), values.get("own")))


BOOSTS = Shape(
    model=Post,
    places={"id": [("boost", "id"), "id"], "posted_at": "at", "lang": ("boost", "langs", 0)},
    also={"boost": ("boost", dict), "boost_id": (("boost", "id"), str), "own": ("id", str)},
    finish=boosted,
)
BOOST_PAGE = Body({"boosts": BOOSTS})
WHOLE_BOOST: Record = {"id": 2, "langs": ["en", "de"], "text": {"deep": [1]}}


BOOST_CASES: list[tuple[Any, bool]] = [
    (WHOLE_BOOST, True),
    (WHOLE_BOOST | {"langs": []}, True),
    (WHOLE_BOOST | {"langs": [None, "en"]}, True),
    (WHOLE_BOOST | {"langs": [7]}, True),
    (WHOLE_BOOST | {"langs": None}, True),
    (WHOLE_BOOST | {"langs": "en"}, False),
    (WHOLE_BOOST | {"langs": {"0": "en"}}, False),
    (WHOLE_BOOST | {"langs": [["en"]]}, False),
    ({"langs": ["en"]}, True),
    ({"id": None}, False),
    ({"id": ""}, False),
    ({}, True),
    (None, True),
    ("text", False),
    ([], False),
]


@pytest.mark.parametrize(("boost", "is_quick"), BOOST_CASES, ids=repr)
def test_both_ways_read_places_in_lists_and_whether_objects_are_there(boost: Any, is_quick: bool) -> None:
    at = "2026-03-01T12:00:00Z"
    for record in ({"id": 1, "at": at, "boost": boost}, {"id": 1, "at": at}):
        text = json.dumps({"boosts": [{"id": 1, "at": at, "boost": WHOLE_BOOST}, record]}).encode()
        answer, other = BOOST_PAGE.read(text), general(BOOST_PAGE, text)
        assert (list(answer.of(BOOSTS)), answer.bad) == (list(other.of(BOOSTS)), other.bad)
        assert took_the_quick_way(BOOST_PAGE, text) == (is_quick or "boost" not in record)


def test_an_object_that_is_only_looked_for_comes_empty() -> None:
    at = "2026-03-01T12:00:00Z"
    records = [{"id": 1, "at": at, "boost": WHOLE_BOOST}, {"id": 2, "at": at, "boost": None}, {"id": 3, "at": at}]
    answer = BOOST_PAGE.read(json.dumps({"boosts": records}).encode())
    told = [(found.data.id, found.data.lang, found.extras.beside) for found in answer.of(BOOSTS)]
    assert told == [("2", "en", ({}, "2", "1")), ("2", None, (None, None, "2")), ("3", None, (None, None, "3"))]


def test_an_error_carries_no_record_along() -> None:
    text = json.dumps(page(issue(title="ada@example.com"))).encode()[:-30]
    with pytest.raises(ResponseInvalid) as caught:
        PAGE.read(text)
    shown = "".join(traceback.format_exception(caught.value))
    assert "ada@" not in shown


def test_lists_that_are_not_there_are_told() -> None:
    answer = PAGE.read(b'{"people": []}')
    assert list(answer.absent) == [ISSUES]


def test_a_document_may_be_the_list_itself_or_hold_one_record() -> None:
    whole, one = Body({(): PEOPLE}), Body({"person": PEOPLE}, is_one=True)
    assert [found.data.id for found in whole.read(b'[{"id": 1}, {"id": 2}]').of(PEOPLE)] == ["1", "2"]
    [found] = one.read(b'{"person": {"id": 1, "role": "Agent"}}').of(PEOPLE)
    assert found.data.is_staff
    assert one.read(b'{"person": null}').of(PEOPLE) == ()


def of_the_shop(values: Values) -> Extras:
    values["platform"] = "shop"
    return Extras()


def test_a_number_out_of_the_bounds_of_its_field_is_refused() -> None:
    posts = Shape(
        model=Post,
        places={"id": "id", "posted_at": "at", "rating": "stars", "kind": "kind"},
        finish=of_the_shop,
    )
    body = Body({"posts": posts})
    at = "2026-03-01T12:00:00Z"
    records = [{"id": 1, "at": at, "stars": 5}, {"id": 2, "at": at, "stars": 6}, {"id": 3, "at": at, "kind": "review"}]
    answer = body.read(json.dumps({"posts": records}).encode())
    assert [(one.data.id, one.data.kind) for one in answer.of(posts)] == [("1", PostKind.POST), ("3", PostKind.REVIEW)]
    assert [bad.key for bad in answer.bad] == ["2"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Shape(model=Issue, places={"id": "id", "colour": "c"}), "has no field `colour`"),
        (lambda: Shape(model=Issue, places={"id": "id", "extensions": "c"}), "cannot be mapped"),
        (lambda: Shape(model=Issue, places={"id": "id"}, also={"status": ("s", str)}), "is a field of `Issue`"),
        (lambda: Shape(model=Issue, places={"id": "id"}, statuses={"x": "sleeping"}), "`sleeping` is none of"),
    ],
)
def test_a_shape_that_cannot_be_is_refused_with_words(make: Callable[[], Shape[Any]], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Body({"records": make()})
