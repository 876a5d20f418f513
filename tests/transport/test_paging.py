"""Paging: every style ends, and a service that walks in circles is stopped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import PagingStuck
from alignkit.transport.message import JsonValue, Request, Response
from alignkit.transport.paging import PageGuard, by_cursor, by_link, by_number, link_params, next_link, read_pages

from .scripted import Script, answer

FIRST = Request("GET", "/items", params=[("size", "2")])


def items(response: Response) -> list[JsonValue]:
    body = response.json()
    assert isinstance(body, dict)
    found = body["items"]
    assert isinstance(found, list)
    return found


def cursor(body: JsonValue) -> str | None:
    found = body.get("next") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def test_links_are_followed_to_the_last() -> None:
    script = Script(
        [
            answer(200, b'{"items": [1]}', link='<https://help.example.com/items?page=2>; rel="next"'),
            answer(200, b'{"items": []}', link='</items?page=3>; rel=next, </items?page=1>; rel="prev first"'),
            answer(200, b'{"items": [2]}', link='</items?page=1>; rel="prev"'),
        ]
    )
    assert script.run(read_pages(FIRST, items, by_link())) == [1, 2]
    assert [wanted.url for wanted in script.sent] == [
        "/items",
        "https://help.example.com/items?page=2",
        "/items?page=3",
    ]


def test_cursors_are_sent_until_there_is_none() -> None:
    bodies = [b'{"items": [1], "next": "c1"}', b'{"items": [2], "next": "c2"}', b'{"items": [], "next": ""}']
    script = Script([answer(200, body) for body in bodies])
    assert script.run(read_pages(FIRST, items, by_cursor("after", cursor))) == [1, 2]
    assert [dict(wanted.params).get("after") for wanted in script.sent] == [None, "c1", "c2"]
    assert all(dict(wanted.params)["size"] == "2" for wanted in script.sent)


def test_numbers_count_up_to_the_last_page() -> None:
    script = Script([answer(200, b'{"items": [%d]}' % number) for number in (1, 2, 3)])
    last = by_number("page", lambda response: items(response) == [3])
    assert script.run(read_pages(FIRST, items, last)) == [1, 2, 3]
    assert [dict(wanted.params).get("page") for wanted in script.sent] == [None, "2", "3"]


def test_other_relations_and_other_first_numbers_are_followed_where_a_service_has_them() -> None:
    back = Script([answer(200, b'{"items": [2]}', link='</items?page=1>; rel="prev"'), answer(200, b'{"items": [1]}')])
    assert back.run(read_pages(FIRST, items, by_link("prev"))) == [2, 1]
    from_zero = Script([answer(200, b'{"items": [%d]}' % number) for number in (0, 1)])
    last = by_number("page", lambda response: items(response) == [1], first=0)
    assert from_zero.run(read_pages(FIRST, items, last)) == [0, 1]
    assert [dict(wanted.params).get("page") for wanted in from_zero.sent] == [None, "1"]


def test_the_same_cursor_twice_stops_the_walk_without_showing_it() -> None:
    script = Script(lambda _wanted: answer(200, b'{"items": [1], "next": "sample-secret"}'))
    with pytest.raises(PagingStuck, match="same page again") as caught:
        script.run(read_pages(FIRST, items, by_cursor("after", cursor)))
    assert len(script.sent) == 2
    assert "sample-secret" not in str(caught.value)


def test_two_cursors_in_turn_stop_the_walk() -> None:
    bodies = iter([b'{"items": [], "next": "a"}', b'{"items": [], "next": "b"}'] * 9)
    script = Script(lambda _wanted: answer(200, next(bodies)))
    with pytest.raises(PagingStuck):
        script.run(read_pages(FIRST, items, by_cursor("after", cursor)))
    assert len(script.sent) == 3


def test_a_walk_without_end_is_cut_at_its_cap() -> None:
    script = Script(lambda _wanted: answer(200, b'{"items": []}'))
    with pytest.raises(PagingStuck, match="more than 20 pages"):
        script.run(read_pages(FIRST, items, by_number("page", lambda _response: False), most=20))
    assert len(script.sent) == 20


@given(st.lists(st.text() | st.integers() | st.lists(st.text(), max_size=2), max_size=20))
def test_the_guard_admits_each_position_once(positions: list[JsonValue]) -> None:
    guard, admitted = PageGuard(), list[JsonValue]()
    for position in positions:
        if position in admitted:
            with pytest.raises(PagingStuck):
                guard.admit(position)
        else:
            guard.admit(position)
            admitted.append(position)


def test_the_guard_knows_a_position_by_its_content_and_not_by_the_order_of_keys() -> None:
    guard = PageGuard()
    guard.admit({"a": 1, "b": 2})
    with pytest.raises(PagingStuck):
        guard.admit({"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        ("</a>; rel=next", "/a"),
        ('</a?x=1,2;3>; title="one, two"; REL="Next"', "/a?x=1,2;3"),
        ('</p>; rel="prev", </n>; rel="next last"', "/n"),
        ('</n>; rel="nextish"', None),
        ("</n>", None),
        ("</n", None),
        ("rel=next", None),
        ("<<<<", None),
    ],
)
def test_the_next_link_is_read_from_its_header(header: str, target: str | None) -> None:
    assert next_link(Response(200, {"link": header})) == target


@given(st.text(alphabet='<>;,="/ nextrl', max_size=60))
def test_any_link_header_is_read_without_an_error(header: str) -> None:
    target = next_link(Response(200, {"link": header}))
    assert target is None or f"{target}" in header


def test_a_links_query_can_be_used_without_its_host() -> None:
    assert link_params("https://inner.example.com/REST/2.0/tickets?page=2&q=a%20b&x=") == (
        ("page", "2"),
        ("q", "a b"),
        ("x", ""),
    )
    assert link_params("https://[broken?page=2") == ()
