"""A difference between engine and page is found and made small, and what is generated reaches every part."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alignkit.models import Message
from alignkit.rules import Facts, Policy
from alignkit.rules.facts import SendFacts

from .comparing import difference, report, smallest, told, wrong_claim
from .generating import FIELDS, Typed, Untyped
from .interpreter import EPOCH, Case, Table, inside, length

SENT: Table = {"any": "sends", "where": [{"field": "at", "within": "1h"}]}
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
    assert difference(case(), policy(case()), 10) is None


def test_another_outcome_is_a_difference() -> None:
    assert difference(case("drop"), policy(case()), 10) == "outcome: the engine says 'defer', the page 'drop'"


def test_another_instant_is_a_difference() -> None:
    found = difference(case(within="2h"), policy(case()), 10)
    assert found is not None
    assert found.startswith("recheck_at: the engine says 176399999998 ")


def test_a_claim_beyond_what_was_searched_is_still_held_to_a_change() -> None:
    here = case()
    end = here.now + length("1h")
    assert list(wrong_claim("until", end, here.now, here)) == []
    assert len(list(wrong_claim("until", end + 1, here.now, here))) == 1
    assert len(list(wrong_claim("until", end, end, here))) == 1


def test_a_difference_is_made_small(monkeypatch: Any) -> None:
    def differs(each: Case, most: int) -> bool:
        return len(each.facts.sends) > 1 and any("sends" in part.values() for part in parts(each.document))

    monkeypatch.setattr(f"{__package__}.comparing.differs", differs)
    small = smallest(case(), 10)
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
        key for seed in range(400) for part in parts(Typed(seed, clocks=1).policy()) for key in asked_in(part)
    )
    conditions = ["any", "none", "count", "latest", "customer", "message", "local_time", "local_date", "holdout"]
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
