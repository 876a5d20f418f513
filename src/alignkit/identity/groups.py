"""Says which identifiers are one person, by the links between them alone, and plans merges and their undoing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from alignkit.identity.identifiers import is_shared
from alignkit.identity.people import Person


def components(identifiers: Iterable[str], links: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """The identifiers in groups, each of them one person, by the links alone."""
    parent = {known: known for known in identifiers}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for left, right in links:
        if left in parent and right in parent:
            parent[root(left)] = root(right)
    groups: dict[str, set[str]] = {}
    for known in parent:
        groups.setdefault(root(known), set()).add(known)
    return sorted((frozenset(group) for group in groups.values()), key=min)


class Assignment(NamedTuple):
    """What resolving a batch of people changes.

    `customer_of` gives a customer to every identifier seen; `created` are the new ones, `merged` says which customer
    went into which, already followed to the end.
    """

    customer_of: dict[str, int]
    created: list[int]
    merged: dict[int, int]


def assign(
    people: Iterable[Person], known: Mapping[str, int], next_customer: int, alone: AbstractSet[str] = frozenset()
) -> Assignment:
    """Gives every identifier its customer: one already known, or a new number from `next_customer` on.

    Two known customers that a record links become one: the older number stays. Identifiers in `alone` were taken out
    of a merge by a person and stay by themselves. Links say the same in every order, so the groups do not depend on
    arrival; only the numbers do.
    """
    customer_of: dict[str, int] = {}
    created: list[int] = []
    merged: dict[int, int] = {}

    def current(customer: int) -> int:
        while customer in merged:
            customer = merged[customer]
        return customer

    def place(identifiers: Sequence[str]) -> None:
        nonlocal next_customer
        found = {
            current(customer) for one in identifiers if (customer := customer_of.get(one, known.get(one))) is not None
        }
        if found:
            keeper = min(found)
            for other in found:
                if other != keeper:
                    merged[other] = keeper
        else:
            keeper = next_customer
            next_customer += 1
            created.append(keeper)
        for one in identifiers:
            customer_of[one] = keeper

    for person in people:
        identifiers = person.identifiers
        if len(identifiers) == 1:
            if identifiers[0] not in customer_of:
                place(identifiers)
            continue
        own = [one for one in identifiers if one not in alone and not is_shared(one)]
        if own:
            place(own)
        for one in identifiers:
            if one not in customer_of:
                place((one,))
    return Assignment(
        {one: current(customer) for one, customer in customer_of.items()},
        created,
        {loser: current(loser) for loser in merged},
    )
