"""Facts at random from a seed, in whose fields the values lie that the questions of policies tell apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias, cast

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Category, Channel, IssueStatus
from alignkit.rules.check.cells import Asked, TooMany, cells, compares, words_in
from alignkit.rules.check.claims import Claim, Rows, Told, claims_of
from alignkit.rules.check.formula import leaves
from alignkit.rules.check.rows import fields_of, usual_row
from alignkit.rules.check.search import Case
from alignkit.rules.examples import ROWS, make_row
from alignkit.rules.facts import Facts
from alignkit.rules.fields import PARTS, Collection, Kind
from alignkit.rules.leaves import whole_microseconds
from alignkit.rules.policy import Policy, Rule

_MOST_ROWS = 3
_FOLLOWING = ("status", "active", "excluded", "resolved_at")
"""Fields of an issue that its status decides, so that no made-up issue contradicts itself."""

_COMPARED: Mapping[bool, list[Any]] = {True: [("example",), ("other",)], False: ["example", "other"]}
"""What a row and a message may have in common: for lists, and for texts."""

Domain: TypeAlias = Mapping[str, list[Any]]


def sample_cases(policies: Iterable[Policy], *, seed: int, number: int, now: int) -> Iterator[Case]:
    """So many customers, each with a message, at an instant in microseconds; equal arguments give equal ones."""
    random = Random(seed)  # noqa: S311 - examples, no secrets
    domains = _domains([rule for policy in policies for rule in policy.rules], now)
    for place in range(1, number + 1):
        rows = {name: _rows(random, domains[name], name, now) for name in ROWS if name in domains}
        name = f"example-{place}"
        facts = replace(Facts(name, bucketing_id=name), **cast("dict[str, Any]", rows))
        told = {name: random.choice(values) for name, values in domains.get("customer", {}).items()}
        facts.attributes = {name: value for name, value in told.items() if value is not None}
        yield Case(facts, _message(random, domains.get("message", {})), now)


def _domains(rules: Iterable[Rule], now: int) -> dict[str, Domain]:
    """For each collection, the values of each of its fields that the rules tell apart."""
    asked: dict[str, dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        for leaf in leaves(claims_of(rule.when)):
            for collection, one in _questions(leaf.claim):
                fields = asked[collection]
                if one is not None:
                    fields[one.name].append(one)
    return {
        collection: {name: _values(collection, name, questions, now) for name, questions in fields.items()}
        for collection, fields in asked.items()
    }


def _questions(claim: Claim) -> Iterator[tuple[str, Asked | None]]:
    """What a claim asks of which collection; None where it only wants its rows."""
    if isinstance(claim, Told):
        yield claim.of, claim.asked
    elif isinstance(claim, Rows):
        for kept in PARTS.get(cast("Collection", claim.collection), (claim.collection,)):
            yield kept, None
            for test in leaves(claim.tests):
                yield kept, test.claim


def _values(collection: str, name: str, questions: list[Asked], now: int) -> list[Any]:
    """A value for each cell, and for times the edges of the cells as well."""
    field, usual = fields_of(collection)[name], usual_row(collection, now)[name]
    try:
        values = cells(name, field, questions, now, usual)
    except TooMany:
        values = [(word,) for word in words_in(questions)]
    if not field.words and any(compares(question) for question in questions):
        values += _COMPARED[field.kind is Kind.LIST]
    spans = [question.operand for question in questions if question.operator in ("within", "older_than")]
    edges = [now - whole_microseconds(span) for span in spans]
    return [*values, *edges, *(edge + 1 for edge in edges)]


def _rows(random: Random, domain: Domain, collection: str, now: int) -> list[Any]:
    return [
        make_row(collection, now, _fields(random, domain, collection), number)
        for number in range(1, random.randint(0, _MOST_ROWS) + 1)
    ]


def _fields(random: Random, domain: Domain, collection: str) -> dict[str, Any]:
    fields = {name: random.choice(values) for name, values in domain.items()}
    return _consistent(random, fields, domain) if "issue" in collection else fields


def _consistent(random: Random, fields: dict[str, Any], domain: Domain) -> dict[str, Any]:
    """The fields of an issue, with those that follow from its status left to follow."""
    status = random.choice(list(IssueStatus))
    kept = {name: value for name, value in fields.items() if name not in _FOLLOWING}
    times = [each for each in domain.get("resolved_at", ()) if each is not None]
    if times and status.is_active is False:
        kept["resolved_at"] = random.choice(times)
    if status.is_active is not False and "excluded" in domain and not random.randrange(4):
        kept["excluded"] = "internal"
    return {**kept, "status": status.value}


def _message(random: Random, domain: Domain) -> Message:
    told = {name: random.choice(values) for name, values in domain.items() if name != "about_issue"}
    return Message(
        category=random.choice(list(Category)),
        channel=random.choice([Channel.EMAIL, Channel.SMS]),
        campaign_id=told.get("campaign_id"),
        product_refs=told.get("product_refs") or random.choice([(), *_COMPARED[True]]),
        id=told.get("id"),
    )
