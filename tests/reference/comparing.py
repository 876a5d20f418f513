"""Compares one decision of the engine with the interpreter's, and makes what differs small enough to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from alignkit.errors import PolicyInvalid
from alignkit.rules import Decision, Facts, Policy

from .generating import Typed
from .instants import START, instant_at, instants, said
from .interpreter import EPOCH, Case, Table, is_of


def first_difference(maker: Typed, pairs: int) -> str | None:
    """What differs first between the two, over one policy and so many facts of this maker; None where nothing does."""
    document = maker.policy()
    policy = Policy.from_json(json.dumps(document))
    for _ in range(pairs):
        now = maker.now()
        case = Case(document, maker.facts(now), maker.message(), now)
        if difference(case, policy):
            least = smallest(case)
            return report(least, difference(least, Policy.from_json(json.dumps(least.document))) or "")
    return None


def difference(case: Case, policy: Policy) -> str | None:
    """What the engine decides otherwise than the interpreter, or None."""
    decision = policy.decide(case.facts, case.message, EPOCH + timedelta(microseconds=case.now))
    expected = case.decide()
    for name, value in told(decision).items():
        if value != getattr(expected, name):
            return f"{name}: the engine says {value!r}, the page {getattr(expected, name)!r}"
    return next(time_differences(case, decision), None)


def told(decision: Decision) -> dict[str, Any]:
    """The parts of a decision in the interpreter's words."""
    return {
        "verdict": str(decision.verdict),
        "outcome": decision.outcome and str(decision.outcome),
        "rules": decision.rules,
        "notes": decision.notes,
        "evidence": decision.evidence,
        "errors": decision.errors,
        "relevance": decision.relevance and decision.relevance // timedelta(microseconds=1),
        "substitute": decision.substitute,
        "trials": decision.trials,
    }


def time_differences(case: Case, decision: Decision) -> Iterator[str]:
    """Where `until` or `recheck_at` differ. All ten years are searched, at the first instant of each sort."""
    before, asked = case.decide(), {START}
    found: dict[str, int] = {}
    for at, sort in instants(case):
        if sort in asked:
            continue
        asked.add(sort)
        after = replace(case, now=at).decide()
        if said(after) != said(before):
            found.setdefault("recheck_at", at)
        if after.verdict != before.verdict:
            found["until"] = at
            break
    for name, claim in (("recheck_at", at_of(decision.recheck_at)), ("until", at_of(decision.until))):
        if claim != found.get(name):
            yield f"{name}: the engine says {shown(claim)}, the page {shown(found.get(name))}"


def at_of(moment: datetime | None) -> int | None:
    return None if moment is None else instant_at(moment)


def shown(at: int | None) -> str:
    return "never" if at is None else f"{at} ({EPOCH + timedelta(microseconds=at)})"


def report(case: Case, text: str) -> str:
    """Everything that is needed to see a difference again."""
    rows = {each.name: getattr(case.facts, each.name) for each in fields(Facts)}
    known = "\n".join(f"  {name} = {value!r}" for name, value in rows.items() if value not in (None, [], {}))
    return f"{text}\nat {shown(case.now)}\n{case.message!r}\n{json.dumps(case.document)}\n{known}"


# Making a difference small


def smallest(case: Case) -> Case:
    """A case with as little in it as still differs."""
    shrunk = next((each for each in smaller(case) if differs(each)), None)
    return case if shrunk is None else smallest(shrunk)


def differs(case: Case) -> bool:
    try:
        policy = Policy.from_json(json.dumps(case.document))
    except PolicyInvalid:
        return False
    return difference(case, policy) is not None


def smaller(case: Case) -> Iterator[Case]:
    for rules in lesser(case.document["rules"]):
        yield replace(case, document={**case.document, "rules": rules})
    for each in fields(Facts):
        for fewer in without_one(getattr(case.facts, each.name)):
            changed: Table = {each.name: fewer}
            yield replace(case, facts=replace(case.facts, **changed))


def lesser(part: Any) -> Iterator[Any]:
    """The document with one thing less in it, at any depth, or with one part in the place of the whole."""
    if is_of(part, dict):
        for key, value in part.items():
            yield {other: kept for other, kept in part.items() if other != key}
            yield from ({**part, key: less} for less in lesser(value))
            if key in ("all_of", "any_of", "not"):
                yield from [value] if key == "not" else value
    if is_of(part, list):
        yield from without_one(part)
        for index, value in enumerate(part):
            yield from ([*part[:index], less, *part[index + 1 :]] for less in lesser(value))


def without_one(rows: Any) -> Iterator[list[Any]]:
    if is_of(rows, list):
        yield from (rows[:index] + rows[index + 1 :] for index in range(len(rows)))
