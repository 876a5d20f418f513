"""Holds groups of identifiers to the links between them, in whatever order these come."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from alignkit.identity import Person, assign, components, identifier, is_shared

SHARED = "email:info@example.com"
KEYS = [*(f"email:{letter}@example.com" for letter in "abcdefgh"), SHARED, "email:sales@example.com"]
people = st.lists(
    st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True).map(tuple).map(Person), max_size=8
)
apart = st.frozensets(st.sampled_from(KEYS), max_size=3)


def groups(customer_of: dict[str, int]) -> set[frozenset[str]]:
    found: dict[int, set[str]] = {}
    for key, customer in customer_of.items():
        found.setdefault(customer, set()).add(key)
    return {frozenset(group) for group in found.values()}


def person(*texts: str) -> Person:
    return Person(tuple(identifier(text) for text in texts))


def links(records: Iterable[Person], alone: frozenset[str]) -> list[tuple[str, str]]:
    return [link for record in records for link in record.links(alone)]


@given(people, apart, st.data())
def test_the_order_of_arrival_changes_no_group(
    records: list[Person], alone: frozenset[str], data: st.DataObject
) -> None:
    arrived = data.draw(st.permutations(records))
    assert groups(assign(arrived, {}, 1, alone).customer_of) == groups(assign(records, {}, 1, alone).customer_of)


@given(people, apart)
def test_assigning_agrees_with_the_links_alone(records: list[Person], alone: frozenset[str]) -> None:
    seen = {key for record in records for key in record.identifiers}
    assert groups(assign(records, {}, 1, alone).customer_of) == set(components(seen, links(records, alone)))


@given(people, apart, st.integers(0, 8))
def test_pages_say_the_same_as_one_batch(records: list[Person], alone: frozenset[str], cut: int) -> None:
    first = assign(records[:cut], {}, 1, alone)
    second = assign(records[cut:], first.customer_of, 1 + len(first.created), alone)
    both = {
        key: second.merged.get(customer, customer) for key, customer in (first.customer_of | second.customer_of).items()
    }
    assert groups(both) == groups(assign(records, {}, 1, alone).customer_of)
    assert set(second.created).isdisjoint(first.created)


@given(people, apart)
def test_shared_addresses_and_those_taken_out_stay_by_themselves(records: list[Person], alone: frozenset[str]) -> None:
    for group in groups(assign(records, {}, 1, alone).customer_of):
        kept_apart = {key for key in group if is_shared(key) or key in alone}
        assert not kept_apart or len(group) == 1


@given(people, apart)
def test_an_assignment_is_followed_to_its_end(records: list[Person], alone: frozenset[str]) -> None:
    found = assign(records, {}, 1, alone)
    assert found.created == list(range(1, 1 + len(found.created)))
    assert not set(found.customer_of.values()) & set(found.merged)
    assert not set(found.merged.values()) & set(found.merged)
    for loser, keeper in found.merged.items():
        assert keeper < loser


def test_a_person_known_by_two_customers_becomes_the_older_one() -> None:
    found = assign([person("a@x.example", "b@x.example")], {"email:a@x.example": 9, "email:b@x.example": 4}, 20)
    assert found.merged == {9: 4}
    assert found.created == []
    assert set(found.customer_of.values()) == {4}


def test_a_chain_of_merges_ends_at_the_oldest() -> None:
    known = {f"email:{letter}@x.example": number for letter, number in zip("abcd", (4, 3, 2, 1), strict=True)}
    chain = [person(f"{one}@x.example", f"{other}@x.example") for one, other in ("ab", "bc", "cd")]
    found = assign(chain, known, 20)
    assert found.merged == {4: 1, 3: 1, 2: 1}
    assert set(found.customer_of.values()) == {1}


def test_one_record_can_join_people_that_were_new_a_moment_ago() -> None:
    found = assign([person("a@x.example"), person("b@x.example"), person("a@x.example", "b@x.example")], {}, 5)
    assert (found.created, found.merged) == ([5, 6], {6: 5})


def test_colleagues_behind_one_mailbox_stay_two_people() -> None:
    found = assign([person("ada@x.example", "info@x.example"), person("bo@x.example", "info@x.example")], {}, 1)
    assert len(set(found.customer_of.values())) == 3


def test_what_was_taken_out_by_hand_is_never_linked_again() -> None:
    alone = frozenset({"email:b@x.example"})
    record = person("a@x.example", "b@x.example", "c@x.example")
    found = assign([record], {"email:b@x.example": 7}, 20, alone)
    assert found.customer_of["email:b@x.example"] == 7
    assert found.customer_of["email:a@x.example"] == found.customer_of["email:c@x.example"] == 20
    assert record.links(alone) == [("email:a@x.example", "email:c@x.example")]


def test_undoing_a_link_leaves_the_parts_that_their_own_evidence_joins() -> None:
    known = [f"email:{letter}@x.example" for letter in "abcd"]
    evidence = [(known[0], known[1]), (known[2], known[3])]
    by_mistake = (known[1], known[2])
    assert components(known, [*evidence, by_mistake]) == [frozenset(known)]
    assert components(known, evidence) == [frozenset(known[:2]), frozenset(known[2:])]


def test_a_link_to_something_unknown_joins_nothing() -> None:
    assert components(["email:a@x.example"], [("email:a@x.example", "email:b@x.example")]) == [
        frozenset({"email:a@x.example"})
    ]
    assert components([], []) == []


def test_a_long_chain_is_followed_without_end_of_stack() -> None:
    known = [f"external_id:shop/{number:05}" for number in range(20_000)]
    assert components(known, zip(known[1:], known, strict=False)) == [frozenset(known)]
