"""Decides by the page `docs/policy-semantics.md` and nothing else: slowly, from the policy as a document.

It shares no code with the engine, which it exists to be compared with. Answers are True, False or None: unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from .plugin import answer_of, blind, names_of

Table = dict[str, Any]
Truth = bool | None

SECOND, HOUR = 10**6, 3_600 * 10**6
KNOWN_ZONES = available_timezones()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"us": 1, "ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": HOUR, "d": 24 * HOUR, "w": 168 * HOUR}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CAUTION = ("swap", "defer", "drop", "review")
LISTS = {"tags", "products", "channels", "categories", "domains", "product_refs"}
NEWEST_BY = {"issues": "created_at", "account_issues": "created_at", "all_issues": "created_at", "holds": "opened_at"}
ACTIVE = {"any_of": [{"field": "active", "equals": True}, {"field": "active", "is_unset": True}]}
WORST = {"priority": "urgent", "severity": "critical", "type": "complaint"}.items()
SEVERE = {"any_of": [{"field": field, "equals": word} for field, word in WORST]}
URGENT = [ACTIVE, {"field": "excluded", "is_unset": True}, SEVERE]


class Answer(NamedTuple):
    """Everything that the rules say."""

    verdict: str
    outcome: str | None
    rules: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: tuple[str, ...]
    errors: tuple[str, ...]
    relevance: int | None
    substitute: str | None
    trials: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Case:
    """What a policy is asked about; `everybody` asks as if all customers belonged to every holdout."""

    document: Table
    facts: Any
    message: Any
    now: int
    everybody: bool = False

    def decide(self) -> Answer:
        rules = {rule["id"]: rule for rule in sorted(self.governing(), key=lambda rule: rule["id"])}
        truths = {id: self.holds(rule["when"]) for id, rule in rules.items()}
        held = [id for id in rules if rules[id]["effect"] == "suppress" and truths[id] is not False]
        asked = [id for id in rules if rules[id]["effect"] != "exempt" or held]
        freed = [id for id in asked if rules[id]["effect"] == "exempt" and truths[id]]
        noted = [id for id in asked if rules[id]["effect"] == "note" and truths[id]]
        outcome = max((rules[id]["outcome"] for id in held), key=CAUTION.index) if held and not freed else None
        relevances = [length(rules[id]["relevance"]) for id in held if rules[id].get("relevance")]
        substitutes = [rules[id]["substitute"] for id in held if rules[id].get("substitute")]
        return Answer(
            "suppress" if outcome else "send",
            outcome,
            tuple(freed or held),
            tuple(noted),
            tuple(sorted({name for id in (freed or held) + noted for name in self.cites(rules[id]["when"])})),
            (*(f"the rule `{id}` could not be evaluated" for id in asked if truths[id] is None), *self.unforeseen()),
            min(relevances, default=None) if outcome == "defer" else None,
            substitutes[0] if substitutes and outcome == "swap" else None,
            tuple(trial for id in asked for trial in self.trials(rules[id])),
        )

    def governing(self) -> list[Table]:
        category, channel, document = self.message.category, self.message.channel, self.document
        is_about_issue = document["allow_about_issue"] and self.message.about_issue is not None
        if is_about_issue or category in document["always_allowed"]:
            return []
        named = [(rule, rule.get("categories"), rule.get("channels")) for rule in document["rules"]]
        return [rule for rule, of, by in named if (not of or category in of) and (not by or channel in by)]

    def unforeseen(self) -> list[str]:
        plugins = {part["plugin"] for rule in self.governing() for part in inside(rule["when"]) if blind(part)}
        return [f"the condition `{name}` cannot say when it changes" for name in sorted(plugins)]

    def trials(self, rule: Table) -> Iterator[tuple[str, bool]]:
        holdouts = [part for part in inside(rule["when"]) if rule["effect"] == "exempt" and "holdout" in part]
        if holdouts and replace(self, everybody=True).holds(rule["when"]):
            yield rule["id"], self.belongs(holdouts[0])

    def belongs(self, holdout: Table) -> bool:
        digest = hashlib.sha256(f"{holdout['salt']}\n{self.facts.bucketing_id}".encode()).digest()
        return is_of(self.facts.bucketing_id, str) and int.from_bytes(digest[:8]) < int(holdout["holdout"] * 2**64)

    def holds(self, condition: Table) -> Truth:
        match condition:
            case {"any": rows} | {"none": rows}:
                found = self.are_enough({"count": rows, "at_least": 1, **condition})
                return found if "any" in condition else denied(found)
            case {"count": _}:
                return self.are_enough(condition)
            case {"latest": _}:
                newest = self.newest(condition)
                return None if newest is None else some(self.passes(condition["passes"], row) for row in newest)
            case {"customer": name}:
                is_table = is_of(self.facts.attributes, dict)
                return self.ask(condition, name, self.facts.attributes.get(name)) if is_table else None
            case {"message": name}:
                return self.ask(condition, name, getattr(self.message, name))
            case {"local_time": _} | {"local_date": _}:
                zone = self.zone(condition)
                return None if zone is None else shows(condition, zone, self.now)
            case {"holdout": _}:
                calm = [self.holds({"none": rows, "where": URGENT}) for rows in ("issues", "account_issues")]
                return every([self.everybody or self.belongs(condition), *calm])
            case {"plugin": _}:
                return answer_of(condition, self)
            case _:
                return combined(condition, self.holds)

    def cites(self, condition: Table) -> list[str]:
        match condition:
            case {"any": rows} | {"count": rows}:
                found = [row for row, answer in self.answered(rows, condition) or () if answer]
            case {"latest": rows} if self.holds(condition):
                found = [row for row in self.newest(condition) or () if self.passes(condition["passes"], row)]
            case {"all_of": parts} | {"any_of": parts}:
                return [name for part in parts if self.holds(part) for name in self.cites(part)]
            case {"plugin": _} if self.holds(condition):
                return [name for name in names_of(condition, self) if is_of(name, str) and name]
            case _:
                return []
        names = [getattr(row, "thing" if rows == "signals" else "ref", None) for row in found]
        return [name for name in names if is_of(name, str) and name]

    def are_enough(self, condition: Table) -> Truth:
        rows, least = self.answered(condition["count"], condition), condition["at_least"]
        if rows is None:
            return None
        counted: list[tuple[Any, Truth]] = [(number, answer) for number, (_, answer) in enumerate(rows)]
        if "distinct" in condition:
            counted = [(getattr(row, condition["distinct"], ()), answer) for row, answer in rows if answer is not False]
            if any(is_of(value, list, tuple, dict) for value, _ in counted):
                return None
        sure = {value for value, answer in counted if value is not None and answer}
        perhaps = {value for value, answer in counted if value is not None and answer is not False}
        return True if len(sure) >= least else None if len(perhaps) >= least else False

    def newest(self, condition: Table) -> list[Any] | None:
        name = condition["latest"]
        rows, by = self.answered(name, condition), condition.get("by") or NEWEST_BY.get(name, "at")
        if rows is None or None in (answer for _, answer in rows):
            return None
        timed = [(at, row) for row, answer in rows if answer and (at := getattr(row, by, "")) is not None]
        if not all(is_of(at, int, float) for at, _ in timed):
            return None
        return [row for at, row in timed if at == max(at for at, _ in timed)]

    def answered(self, collection: str, condition: Table) -> list[tuple[Any, Truth]] | None:
        """Each row of a collection with whether it passes `where`; None where it is no list of rows."""
        rows, tests = self.rows(collection), condition.get("where", ())
        if rows is None:
            return None
        return [(row, every([collection != "holds" or self.covers(row), self.passes(tests, row)])) for row in rows]

    def rows(self, collection: str) -> list[Any] | None:
        names = ("issues", "account_issues") if collection == "all_issues" else (collection,)
        found = [getattr(self.facts, name) for name in names]
        are_rows = all(is_of(rows, list, tuple, dict, str) or (rows == 0 and len(names) == 1) for rows in found)
        return [row for rows in found for row in rows or ()] if are_rows else None

    def covers(self, hold: Any) -> Truth:
        try:
            return bool(
                hold.opened_at <= self.now
                and (hold.ends_at is None or self.now < hold.ends_at)
                and (not hold.channels or self.message.channel in hold.channels)
                and (not hold.categories or self.message.category in hold.categories)
                and (not hold.products or any(product in hold.products for product in self.message.product_refs))
            )
        except (AttributeError, TypeError):
            return None

    def passes(self, tests: Iterable[Table], row: Any) -> Truth:
        return every(self.answer(test, row) for test in tests)

    def answer(self, test: Table, row: Any) -> Truth:
        if "field" not in test:
            return combined(test, lambda part: self.answer(part, row))
        wanted = test.get("same_as", "")
        if wanted and is_absent(wanted, getattr(self.message, wanted)):
            return False
        return self.ask(test, test["field"], getattr(row, test["field"])) if hasattr(row, test["field"]) else None

    def ask(self, question: Table, name: str, value: Any) -> Truth:
        """The answer to one question about one value."""
        is_listing = is_of(value, list, tuple, dict)
        match question:
            case {"equals": operand} if name == "active" and value is None:
                return bool(operand is (self.document["on_unknown"] == "active"))
            case {"equals": operand}:
                return bool(value == operand)
            case {"in": words}:
                return None if is_listing else value in words
            case {"not_in": words}:
                return None if is_listing else value is not None and value not in words
            case {"contains": word}:
                return word in value if is_listing or is_of(value, str) else None
            case {"same_as": attribute}:
                wanted = getattr(self.message, attribute)
                wanted = wanted if attribute in LISTS else [wanted]
                if name not in LISTS:
                    return value is not None and value in wanted
                return any(word in value for word in wanted) if is_listing or is_of(value, str) else None
            case {"is_unset": operand}:
                return is_absent(name, value) is operand
            case _ if not is_of(value, int, float):
                return False if value is None else None
            case {"at_least": least}:
                return bool(value >= least)
            case {"at_most": most}:
                return bool(value <= most)
            case {"within": duration}:
                return bool(self.now < value + length(duration))
            case _:
                return bool(self.now >= value + length(question["older_than"]))

    def zone(self, condition: Table) -> str | None:
        zone: str = condition.get("zone", "customer")
        if zone != "customer" or not is_of(self.facts.attributes, dict):
            return None if zone == "customer" else zone
        name: Any = self.facts.attributes.get("time_zone")
        return str(name if is_of(name, str) and name in KNOWN_ZONES else condition["fallback"])


def inside(part: Table) -> Iterator[Table]:
    yield part
    for each in (*part.get("all_of", ()), *part.get("any_of", ()), *([part["not"]] if "not" in part else ())):
        yield from inside(each)


def combined(part: Table, answer: Callable[[Table], Truth]) -> Truth:
    if "not" in part:
        return denied(answer(part["not"]))
    return every(map(answer, part["all_of"])) if "all_of" in part else some(map(answer, part["any_of"]))


def every(answers: Iterable[Truth]) -> Truth:
    found = set(answers)
    return False if False in found else None if None in found else True


def some(answers: Iterable[Truth]) -> Truth:
    return denied(every(map(denied, answers)))


def denied(answer: Truth) -> Truth:
    return None if answer is None else not answer


def is_absent(name: str, value: Any) -> bool:
    return not value if name in LISTS else value is None


def is_of(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds)


def length(duration: str) -> int:
    number = duration.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(number) * UNITS[duration[len(number) :]]


def shows(condition: Table, zone: str, now: int) -> bool:
    """Whether the wall clock stands in the window, or the calendar shows one of the dates."""
    local = (EPOCH + timedelta(microseconds=now)).astimezone(ZoneInfo(zone))
    if "local_date" in condition:
        return any(is_on(dates, local.date().isoformat()) for dates in condition["local_date"])
    begin, end = edges(condition)
    days, clock = condition.get("days") or WEEK, local.time()
    today, yesterday = WEEK[local.weekday()] in days, WEEK[local.weekday() - 1] in days
    if begin < end or end == time():
        return today and begin <= clock and (clock < end or end == time())
    return (today and begin <= clock) or (yesterday and clock < end)


def edges(condition: Table) -> list[time]:
    return [time.fromisoformat(each.replace("24:", "00:")) for each in condition["local_time"].split("-")]


def is_on(dates: str, day: str) -> bool:
    first, _, last = dates.partition("/")
    day, last = day[-len(first) :], last or first
    return first <= day <= last if first <= last else day >= first or day <= last
