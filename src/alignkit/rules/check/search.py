"""Finds facts of which claims are true, or shows that there can be none.

Impossible is said only where every way in which the claims could come true contradicts itself. What is found has been
evaluated by the policy. Between the two lies "not found", from which nothing follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, count, islice, product
from typing import Any, NamedTuple, cast

from alignkit.models.marketing import Message
from alignkit.rules.check.cells import TooMany, compares, words_in
from alignkit.rules.check.claims import Claim, Claims, Given, Rows, Told
from alignkit.rules.check.clocks import contradict
from alignkit.rules.check.formula import Every, Leaf, denied, leaves, ways
from alignkit.rules.check.rows import Assignment, Terms, Tests, fields_of, first, solutions
from alignkit.rules.examples import ROWS, make_row, move_facts
from alignkit.rules.facts import Facts
from alignkit.rules.fields import MESSAGE_FIELDS
from alignkit.rules.leaves import whole_microseconds

MOST_WAYS = 500
"""A formula that can come true in more ways is not searched to its end."""

MOST_CASES = 1_500
"""So many facts are evaluated in one search."""

_MESSAGES = 20
_USUAL = ("promotional", "email")
_HOURS_OF_A_WEEK, _DAYS_OF_A_YEAR = 7 * 24, 366
_CUSTOMERS = 300
_HOUR = whole_microseconds(timedelta(hours=1))


class Case(NamedTuple):
    """Facts, a message, and the instant in microseconds."""

    facts: Facts
    message: Message
    now: int


class Answer(NamedTuple):
    """The facts that were found; where there are none, whether there can be none."""

    case: Case | None
    is_impossible: bool = False


Shows = Callable[[Case], bool]


def find(claims: Claims, terms: Terms, shows: Shows) -> Answer:
    """Facts of which the claims are true and that show what is looked for.

    Args:
        claims: what must be true.
        terms: what is taken for granted.
        shows: whether facts really do; it asks the policy.
    """
    is_unsure = False
    tries = iter(range(MOST_CASES))
    for way in islice(ways(claims), MOST_WAYS):
        try:
            cases = _cases(way, terms)
            if cases is None:
                continue
            found = next((case for _, case in zip(tries, cases, strict=False) if shows(case)), None)
        except TooMany:
            found = None
        if found is not None:
            return Answer(found)
        is_unsure = True
    is_complete = next(islice(ways(claims), MOST_WAYS, None), None) is None
    return Answer(None, is_impossible=is_complete and not is_unsure)


def _cases(way: Sequence[Leaf[Claim]], terms: Terms) -> Iterator[Case] | None:
    """Facts that may make all of these claims true; None where they contradict one another."""
    given = [Leaf(leaf.claim, leaf.is_denied) for leaf in way if isinstance(leaf.claim, Given)]
    if any(Leaf(leaf.claim, not leaf.is_denied) in given for leaf in given):
        return None
    if contradict(((leaf.claim.condition, not leaf.is_denied) for leaf in given), terms.now):
        return None
    message = _told(way, "message")
    if first("message", message, terms) is None or first("customer", _told(way, "customer"), terms) is None:
        return None
    wanted, unwanted = _rows(way)
    kinds = (
        kind
        for kind in _kinds(wanted, message, terms)
        if all(_is_possible(rows, unwanted, replace(terms, kind=kind)) for rows in wanted)
    )
    kind = next(kinds, None)
    if kind is None:
        return None
    messages = (fields for each in chain((kind,), kinds) for fields in solutions("message", message, terms, each))
    return _built(way, terms, wanted, unwanted, islice(messages, _MESSAGES))


def _kinds(wanted: Iterable[Rows], message: Tests, terms: Terms) -> Iterator[dict[str, str]]:
    """The categories and channels that messages can have, as far as rows are compared with them."""
    asked = [leaf.claim for rows in wanted for leaf in leaves(rows.tests)]
    offered: dict[str, list[str]] = {}
    for attribute in ("category", "channel"):
        fields = {one.name for one in asked if compares(one) and one.operand == attribute}
        if fields:
            about = [one for one in asked if one.name in fields and not compares(one)]
            about += [leaf.claim for leaf in leaves(message) if leaf.claim.name == attribute]
            named = [word for word in words_in(about) if word in MESSAGE_FIELDS[attribute].words]
            others = [word for word in (*_USUAL, *sorted(MESSAGE_FIELDS[attribute].words)) if word not in named]
            others = [word for word in others if word in MESSAGE_FIELDS[attribute].words]
            offered[attribute] = [*others[:1], *named]
    for words in product(*offered.values()):
        kind = dict(zip(offered, words, strict=True))
        if first("message", message, terms, kind) is not None:
            yield kind


def _told(way: Iterable[Leaf[Claim]], of: str) -> Tests:
    return Every(
        tuple(
            Leaf(leaf.claim.asked, leaf.is_denied)
            for leaf in way
            if isinstance(leaf.claim, Told) and leaf.claim.of == of
        )
    )


def _rows(way: Iterable[Leaf[Claim]]) -> tuple[list[Rows], list[Rows]]:
    """The rows that there must be, and those that there must not be."""
    wanted: list[Rows] = []
    unwanted: list[Rows] = []
    for leaf in way:
        if isinstance(leaf.claim, Rows):
            (unwanted if leaf.is_denied else wanted).append(leaf.claim)
    return wanted, unwanted


def _without(collection: str, unwanted: Iterable[Rows], *, single: bool) -> list[Tests]:
    """That a row is none of those that there must not be at all, or must not be too many of."""
    return [
        denied(rows.tests) for rows in unwanted if rows.collection == collection and (rows.least == 1 or not single)
    ]


def _is_possible(rows: Rows, unwanted: Sequence[Rows], terms: Terms) -> bool:
    """Whether such rows can be there without those that must not be."""
    alone = Every((rows.tests, *_without(rows.collection, unwanted, single=True)))
    if first(rows.collection, alone, terms) is None:
        return False
    if rows.distinct is not None and len(_values(rows, alone, terms)) < rows.least:
        return False
    return not any(
        other.collection == rows.collection
        and 1 < other.least <= rows.least
        and other.distinct in (None, rows.distinct)
        and first(rows.collection, Every((alone, denied(other.tests))), terms) is None
        for other in unwanted
    )


def _values(rows: Rows, tests: Tests, terms: Terms) -> list[Any]:
    """Different values of the `distinct` field, each of some row that passes; no more than are wanted."""
    name = str(rows.distinct)
    asked = [leaf.claim for leaf in leaves(tests) if leaf.claim.name == name]
    words = sorted(fields_of(rows.collection)[name].words)
    fresh = (f"{name}-{number}" for number in count(1))
    offered = words or [*words_in(asked), *islice(fresh, rows.least)]
    passing = (value for value in offered if first(rows.collection, tests, terms, {name: value}) is not None)
    return list(islice(passing, rows.least))


def _built(
    way: Sequence[Leaf[Claim]],
    terms: Terms,
    wanted: Sequence[Rows],
    unwanted: Sequence[Rows],
    messages: Iterable[Assignment],
) -> Iterator[Case]:
    attributes = first("customer", _told(way, "customer"), terms) or {}
    is_open = any(isinstance(leaf.claim, Given) for leaf in way)
    for fields in messages:
        message = _message(fields, wanted)
        held = replace(terms, message=message)
        for places in (0, 1) if any(rows.collection not in ROWS for rows in wanted) else (0,):
            facts = _facts(wanted, unwanted, held, places)
            if facts is None:
                continue
            facts.customer = facts.bucketing_id = "example"
            facts.attributes = {name: value for name, value in attributes.items() if value is not None}
            case = Case(facts, message, terms.now)
            yield case
            if is_open:
                yield from _at_other_times(case)
                yield from _of_other_customers(case)


def _message(fields: Mapping[str, Any], wanted: Iterable[Rows]) -> Message:
    """The message with these fields, and with something in the places that rows are compared with."""
    compared = {str(leaf.claim.operand) for rows in wanted for leaf in leaves(rows.tests) if compares(leaf.claim)}
    filled = {name: ("example",) if name == "product_refs" else "example" for name in compared}
    return Message.model_validate({**filled, "category": "promotional", "channel": "email", **fields})


def _facts(wanted: Iterable[Rows], unwanted: Sequence[Rows], terms: Terms, place: int) -> Facts | None:
    """A row for each that there must be; None where there is none with this message."""
    found: dict[str, list[Any]] = defaultdict(list)
    for rows in wanted:
        kept = rows.collection if rows.collection in ROWS else ("issues", "account_issues")[place]
        fields = _chosen(rows, unwanted, terms, kept)
        if fields is None:
            return None
        for each in fields:
            found[kept].append(make_row(kept, terms.now, each, len(found[kept]) + 1))
    return replace(Facts(), **cast("dict[str, Any]", found))


def _chosen(rows: Rows, unwanted: Sequence[Rows], terms: Terms, kept: str) -> list[Assignment] | None:
    """The fields of as many rows as are wanted; better such as do not count towards what must not be too many."""
    around = {kept, rows.collection}
    for single in (False, True):
        tests: Tests = Every(
            (rows.tests, *(test for name in sorted(around) for test in _without(name, unwanted, single=single)))
        )
        if rows.distinct is not None:
            values = _values(rows, tests, terms)
            fields = [first(rows.collection, tests, terms, {rows.distinct: value}) for value in values]
        else:
            fields = [first(rows.collection, tests, terms)] * rows.least
        chosen = [each for each in fields if each is not None]
        if len(chosen) == rows.least:
            return chosen
    return None


def _at_other_times(case: Case) -> Iterator[Case]:
    """The same, as old, at each hour of a week and on each day of a year."""
    for hours in (*range(1, _HOURS_OF_A_WEEK), *range(_HOURS_OF_A_WEEK, 24 * _DAYS_OF_A_YEAR, 24)):
        span = hours * _HOUR
        yield Case(move_facts(case.facts, span), case.message, case.now + span)


def _of_other_customers(case: Case) -> Iterator[Case]:
    for number in range(1, _CUSTOMERS):
        name = f"example-{number}"
        yield case._replace(facts=replace(case.facts, customer=name, bucketing_id=name))
