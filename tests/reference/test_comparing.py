"""A difference between engine and page is found and made small, and what is generated reaches every part."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from alignkit.models import Message
from alignkit.rules import Facts, Policy
from alignkit.rules.facts import SendFacts

from .comparing import difference, report, smallest, told
from .generating import FIELDS, Typed, Untyped
from .instants import START, changes, instants
from .interpreter import EPOCH, Case, Table, inside, length

SENT: Table = {"any": "sends", "where": [{"field": "at", "within": "1h"}]}
ENDLESS: Table = {"none": "holds"}
OFFER = Message(category="promotional", channel="email")


def case(outcome: str = "defer", within: str = "1h") -> Case:
    sent = {"any": "sends", "where": [{"field": "at", "within": within}]}
    rules = [
        {"id": "one", "effect": "suppress", "outcome": outcome, "reason": "because", "when": sent},
        {"id": "two", "effect": "note", "reason": "because", "when": {"none": "posts"}},
    ]
    document = {"name": "x", "on_unknown": "active", "allow_about_issue": True, "rules": rules}
    now = length("2d")
    sends = [SendFacts(f"mail/{n}", None, "email", None, now - n) for n in range(3)]
    return Case(document | {"always_allowed": ["transactional", "legal"]}, Facts(sends=sends), OFFER, now)


def policy(case: Case) -> Policy:
    return Policy.from_json(json.dumps(case.document))


def test_what_is_alike_is_no_difference() -> None:
    assert difference(case(), policy(case())) is None


def test_another_outcome_is_a_difference() -> None:
    assert difference(case("drop"), policy(case())) == "outcome: the engine says 'defer', the page 'drop'"


def test_another_instant_is_a_difference() -> None:
    found = difference(case(within="2h"), policy(case()))
    assert found is not None
    assert found.startswith("recheck_at: the engine says 176399999998 ")


def test_nothing_is_overlooked_at_instants_of_a_sort_that_was_asked_about() -> None:
    asked = 0
    for number in range(60):
        made = Typed(f"sorts-{number}", clocks=1, plugins=0.5)
        document, now = made.policy(), made.now()
        here = Case(document, made.facts(now), made.message(), now)
        answers = {START: here.decide()}
        for at, sort in islice(instants(here), 60):
            then = replace(here, now=at).decide()
            assert then == answers.setdefault(sort, then), f"seed sorts-{number} at {at}"
            asked += 1
    assert asked > 500


@pytest.mark.parametrize("number", [0, 6])
def test_ten_years_of_nights_are_searched_to_their_end(number: int) -> None:
    made = Typed(f"nights-{number}")
    night = {"local_time": "21:00-08:00", "zone": ("Europe/Berlin", "America/New_York")[number % 2]}
    rules = [{"id": "r", "effect": "suppress", "outcome": "defer", "reason": "x", "when": {"any_of": [night, ENDLESS]}}]
    here = replace(case(), document={**made.policy(), "rules": rules}, facts=Facts(), now=made.now())
    found = changes(here)
    assert (found.until, found.recheck_at) == (None, None)
    assert found.asked > 7_000
    assert difference(here, policy(here)) is None


def test_a_difference_is_made_small(monkeypatch: Any) -> None:
    def differs(each: Case) -> bool:
        return len(each.facts.sends) > 1 and any("sends" in part.values() for part in parts(each.document))

    monkeypatch.setattr(f"{__package__}.comparing.differs", differs)
    small = smallest(case())
    assert len(small.facts.sends) == 2
    assert len(small.document["rules"]) == 1
    assert "why" in report(small, "why")


def parts(document: Table) -> list[Table]:
    return [part for rule in document["rules"] if "when" in rule for part in inside(rule["when"])]


def tally(maker: type[Typed], policies: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in range(policies):
        made = maker(seed)
        document = made.policy()
        asked = policy(Case(document, Facts(), OFFER, 0))
        found.update(key for part in parts(document) for key in part)
        for _ in range(20):
            now = made.now()
            decision = asked.decide(made.facts(now), made.message(), EPOCH + timedelta(microseconds=now))
            found.update(f"{name} {value}" for name, value in told(decision).items() if isinstance(value, str))
            found.update(name for name, value in told(decision).items() if value)
            found["freed"] += decision.verdict == "send" and bool(decision.rules)
            found["until"] += decision.until is not None
            found["recheck_at"] += decision.recheck_at is not None
    return found


def test_what_is_generated_reaches_every_part_of_a_decision() -> None:
    found = tally(Typed, 150)
    outcomes = [f"outcome {outcome}" for outcome in ("defer", "drop", "swap", "review")]
    verdicts = ["verdict send", "verdict suppress", "freed", "notes", "evidence", "until", "recheck_at", "relevance"]
    assert {name for name in (*outcomes, *verdicts, "substitute", "trials") if found[name] < 5} == set()
    assert not found["errors"], "valid facts have no faults"


def test_what_is_generated_asks_every_kind_of_question() -> None:
    asked = Counter(
        key for seed in range(400) for part in parts(Typed(seed, 1, 0.2).policy()) for key in asked_in(part)
    )
    conditions = [
        "any",
        "none",
        "count",
        "latest",
        "customer",
        "message",
        "local_time",
        "local_date",
        "holdout",
        "plugin",
    ]
    questions = ["equals", "in", "not_in", "at_least", "at_most", "within", "older_than", "contains", "same_as"]
    more = ["is_unset", "all_of", "any_of", "not", "distinct", "by", "days", "zone", "fallback"]
    assert {name for name in (*conditions, *questions, *more) if asked[name] < 3} == set()


def asked_in(part: Table) -> list[str]:
    tests = [*part.get("where", ()), *part.get("passes", ())]
    return [key for each in (part, *(inner for test in tests for inner in inside(test))) for key in each]


def test_damaged_facts_are_faults_often_enough() -> None:
    assert tally(Untyped, 40)["errors"] > 50


def test_every_table_of_fields_was_read() -> None:
    assert {name: len(fields) for name, fields in FIELDS.items() if len(fields) < 5} == {}
    assert "urgent" in FIELDS["issues"]["priority"].words
    assert FIELDS["issues"]["tags"].kind == "list"


def test_the_same_seed_gives_the_same_case() -> None:
    one, two = (made(Typed("again")) for _ in range(2))
    assert one == two
    assert replace(one, now=0) != two


def made(maker: Typed) -> Case:
    document, now = maker.policy(), maker.now()
    return Case(document, maker.facts(now), maker.message(), now)
