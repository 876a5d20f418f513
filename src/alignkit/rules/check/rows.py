"""Finds records that pass a formula of tests, or shows that no valid record can.

A record is put together field by field, from the cells of each; what its fields say of one another is kept, so that an
active issue is never a resolved one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import IssueStatus
from alignkit.rules.check.cells import NPS, Asked, TooMany, answer, cells, compares
from alignkit.rules.check.formula import Formula, Leaf, conjuncts, leaves, truth
from alignkit.rules.examples import ROWS, make_row
from alignkit.rules.fields import CUSTOMER_FIELDS, MESSAGE_FIELDS, PARTS, ROW_FIELDS, Collection, Field, Kind

MOST_STEPS = 50_000
"""A search that takes more is given up."""

ISSUES = frozenset({"issues", "account_issues", "all_issues"})
"""The collections whose rows are issues."""

_CURRENT = frozenset({"holds", "accounts"})
"""What is told as it stands: whoever put a hold lifts it, and a company changes its plan."""

_STANDING = ("status", "active", "excluded", "resolved_at")
_GONE = ("spam", "deleted")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a search takes for granted.

    Attributes:
        now: the instant of the example, in microseconds.
        unknown_is_active: what an issue of unknown status counts as.
        statuses: the statuses that issues can have; None where every one can be.
        at_rest: only what time cannot change any more: settled issues, and everything older than every duration.
        message: the message that rows are held against; None leaves open what rows and message have in common.
        kind: the category and channel of a message of which no more is known, as far as they are.
    """

    now: int
    unknown_is_active: bool
    statuses: frozenset[str] | None = None
    at_rest: bool = False
    message: Message | None = None
    kind: Mapping[str, str] = field(default_factory=dict[str, str])


Assignment = dict[str, Any]
Tests = Formula[Asked]


def first(collection: str, tests: Tests, terms: Terms, fixed: Mapping[str, Any] | None = None) -> Assignment | None:
    """The fields of the most usual record that passes; None where none can.

    Raises:
        TooMany: the search was given up.
    """
    return next(solutions(collection, tests, terms, fixed), None)


def solutions(
    collection: str, tests: Tests, terms: Terms, fixed: Mapping[str, Any] | None = None
) -> Iterator[Assignment]:
    """The fields of records that pass, one for each combination of cells, the most usual first.

    Args:
        collection: a collection of facts, or `customer` or `message`.
        tests: what is asked.
        terms: what is taken for granted.
        fixed: fields that have this value and no other.

    Raises:
        TooMany: the search was given up.
    """
    if terms.at_rest and collection in _CURRENT:
        return
    domains = _domains(collection, tests, terms, fixed or {})
    names = sorted(domains, key=lambda name: len(domains[name]))
    yield from _search(_Search(collection, tests, terms, domains), names, {}, {})


class _Search:
    """One search, and how many steps it may still take."""

    def __init__(self, collection: str, tests: Tests, terms: Terms, domains: Mapping[str, list[Any]]) -> None:
        self.collection = collection
        self.tests = tests
        self.terms = terms
        self.domains = domains
        self.steps = MOST_STEPS

    def verdict(self, row: Assignment, common: Mapping[Asked, bool]) -> bool | None:
        """Whether a record that is put together so far passes; None where that is open."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMany
        return truth(self.tests, lambda asked: self.answer(asked, row, common))

    def answer(self, asked: Asked, row: Assignment, common: Mapping[Asked, bool]) -> bool | None:
        if asked.name not in row:
            return None
        value = row[asked.name]
        if compares(asked):
            if self.terms.message is not None:
                return _in_common(asked, value, self.terms.message)
            said = self.terms.kind.get(str(asked.operand))
            return common.get(asked) if said is None else said in _several(value)
        absent_is = self.terms.unknown_is_active if asked.name == "active" and self.collection in ISSUES else None
        return answer(asked, value, self.terms.now, absent_is=absent_is)


def _search(search: _Search, names: list[str], row: Assignment, common: dict[Asked, bool]) -> Iterator[Assignment]:
    verdict = search.verdict(row, common)
    if verdict is False:
        return
    if names:
        name, *rest = names
        for value in search.domains[name]:
            longer = {**row, name: value}
            if _is_possible(search.collection, longer):
                yield from _search(search, rest, longer, common)
    elif verdict:
        yield row
    else:
        asked = next(leaf.claim for leaf in leaves(search.tests) if search.answer(leaf.claim, row, common) is None)
        for one in (True, False):
            yield from _search(search, [], row, {**common, asked: one})


def _in_common(asked: Asked, value: Any, message: Message) -> bool:
    return not set(_several(value)).isdisjoint(_several(getattr(message, str(asked.operand))))


def _several(value: object) -> tuple[object, ...]:
    """The values that a list has; a value by itself; nothing where there is none."""
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    return () if value is None else (value,)


def fields_of(collection: str) -> Mapping[str, Field]:
    """The fields that may be asked about."""
    if collection == "customer":
        return CUSTOMER_FIELDS
    return MESSAGE_FIELDS if collection == "message" else ROW_FIELDS[cast("Collection", collection)]


def usual_row(collection: str, now: int) -> Mapping[str, Any]:
    """What each field of an example has where nothing else is wanted."""
    known = fields_of(collection)
    if collection in ("customer", "message"):
        usual = {"category": "promotional", "channel": "email", "product_refs": ()}
        return {name: usual.get(name) for name in known}
    row = make_row(kept_in(collection), now, {})
    return {name: getattr(row, name) for name in known}


def kept_in(collection: str) -> str:
    """Where facts keep the rows of a collection; the first place of one that is read from several."""
    return collection if collection in ROWS else PARTS[cast("Collection", collection)][0]


def _domains(collection: str, tests: Tests, terms: Terms, fixed: Mapping[str, Any]) -> dict[str, list[Any]]:
    known, usual = fields_of(collection), usual_row(collection, terms.now)
    asked: dict[str, list[Asked]] = {name: [] for name in fixed}
    for leaf in leaves(tests):
        asked.setdefault(leaf.claim.name, []).append(leaf.claim)
    if collection in ISSUES and (terms.at_rest or not asked.keys().isdisjoint(_STANDING)):
        asked = {**{name: [] for name in _STANDING}, **asked}
    settled = _settled(tests)
    domains = {
        name: cells(name, known[name], questions, terms.now, usual[name], settled.get(name, ()))
        for name, questions in asked.items()
    }
    _open_up(domains, collection, asked, terms)
    domains |= {name: [value] for name, value in fixed.items()}
    return _narrowed(domains, tests, terms, is_issue=collection in ISSUES)


def _settled(tests: Tests) -> dict[str, set[tuple[str, bool]]]:
    """For each list, the words that a test which must pass by itself wants in it, or out of it."""
    found: dict[str, set[tuple[str, bool]]] = {}
    for part in conjuncts(tests):
        if isinstance(part, Leaf) and part.claim.operator == "contains":
            found.setdefault(part.claim.name, set()).add((part.claim.operand, not part.is_denied))
    return found


def _open_up(domains: dict[str, list[Any]], collection: str, asked: Mapping[str, list[Asked]], terms: Terms) -> None:
    """Gives fields the values that follow from others or from the terms, not from the questions about them."""
    if collection in ISSUES and "status" in domains:
        statuses = terms.statuses or frozenset(IssueStatus)
        domains["status"] = [status.value for status in IssueStatus if status in statuses]
        domains["status"].sort(key=lambda status: status != "open")
        domains["excluded"] = [None, "spam", "deleted", "merged", "internal", "bot", "campaign"]
        if terms.at_rest:
            domains["active"] = [False]
    for name, questions in asked.items():
        for word in _said(questions, terms):
            domains[name] += _with_word(domains[name], fields_of(collection)[name], word)
    if terms.at_rest:
        known = fields_of(collection)
        for name in domains:
            if known[name].kind is Kind.TIME:
                times = [each for each in domains[name] if each is not None]
                domains[name] = [min(times), *([None] if None in domains[name] else [])]


def _said(questions: Iterable[Asked], terms: Terms) -> list[Any]:
    """What the message has in the places that a field is compared with, each once."""
    compared = [str(question.operand) for question in questions if compares(question)]
    known = [terms.kind.get(name) if terms.message is None else getattr(terms.message, name) for name in compared]
    return list(dict.fromkeys(word for value in known for word in _several(value)))


def _with_word(values: Iterable[Any], field: Field, word: Any) -> list[Any]:
    """A word where these values have it not: by itself, or in each of the lists."""
    if field.words and word not in field.words:
        return []
    if field.kind is Kind.LIST:
        return [(*value, word) for value in values if word not in value]
    return [word] if word not in values else []


def _narrowed(domains: dict[str, list[Any]], tests: Tests, terms: Terms, *, is_issue: bool) -> dict[str, list[Any]]:
    """The domains without what a test that must pass by itself excludes."""
    for part in conjuncts(tests):
        if isinstance(part, Leaf):
            name = part.claim.name
            absent_is = terms.unknown_is_active if name == "active" and is_issue else None
            domains[name] = [
                value
                for value in domains[name]
                if answer(part.claim, value, terms.now, absent_is=absent_is) is not part.is_denied
            ]
    return domains


def _is_possible(collection: str, row: Mapping[str, Any]) -> bool:
    """Whether a record may have these fields together, as far as they are given."""
    if collection == "surveys":
        return row.get("kind") != "nps" or NPS[0] <= row.get("score", NPS[0]) <= NPS[1]
    return collection not in ISSUES or _is_possible_issue(row)


def _is_possible_issue(row: Mapping[str, Any]) -> bool:
    status, active, excluded = (row.get(name, ...) for name in ("status", "active", "excluded"))
    if status is not ... and active is not ... and excluded is not ...:
        told = IssueStatus(status).is_active
        if active is not (False if excluded in _GONE else told):
            return False
    if status in ("spam", "deleted", "merged") and excluded not in (..., status, *_GONE):
        return False
    if active is not ... and "resolved_at" in row:
        return (row["resolved_at"] is not None) is (active is False)
    return True
