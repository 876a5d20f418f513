"""Makes policies, facts and messages at random from one seeded generator, cheaply, and often on the boundaries.

`Typed` gives what a careful author and a sound store would. `Untyped` gives anything that the schema lets through, and
facts that are damaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from alignkit.models import Message
from alignkit.models.marketing import CategoryName, ChannelName
from alignkit.rules import Facts
from alignkit.rules import facts as kinds

from . import plugin
from .instants import instant_at
from .interpreter import Table, is_of, length
from .page import Field, tables

FIELDS = tables()
ROWS: dict[str, type] = {
    "issues": kinds.IssueFacts,
    "account_issues": kinds.IssueFacts,
    "signals": kinds.SignalFacts,
    "surveys": kinds.SurveyFacts,
    "posts": kinds.PostFacts,
    "sends": kinds.SendFacts,
    "holds": kinds.HoldFacts,
    "accounts": kinds.AccountFacts,
}
PARTS = ("issues", "account_issues")
MOST = {"issues": 3, "account_issues": 2, "signals": 5, "surveys": 2, "posts": 2, "sends": 3, "holds": 2, "accounts": 1}
TIMES = {name: times for name, of in FIELDS.items() if (times := [each for each in of if of[each].kind == "time"])}
TEXTS = ("a", "b", "c")
SPANS = ("0s", "1us", "1h", "2d", "7d", "30d")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
WINDOWS = ("21:00-08:00", "09:00-17:30", "02:00-03:00", "02:30-02:45", "00:00-24:00", "22:00-24:00", "00:00-06:15")
DATES = ("12-24/01-02", "02-29", "2025-03-30", "2025-10-25/2025-10-27", "03-09")
DAYS = (["sat", "sun"], ["fri"], ["mon", "wed", "sun"])
CLOCKS = 0.05
CATEGORIES: tuple[CategoryName, ...] = (
    "promotional",
    "promotional",
    "promotional",
    "newsletter",
    "onboarding",
    "upsell",
)
CHANNELS: tuple[ChannelName, ...] = ("email", "email", "sms")
NOWS = [
    datetime(2025, 3, 5, 12, tzinfo=UTC),
    datetime(2025, 3, 9, 6, 59, 59, 999_999, tzinfo=UTC),  # New York sets its clocks forward at seven
    datetime(2025, 3, 30, 1, tzinfo=UTC),  # Berlin does at this instant
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),  # and back half an hour from here
    datetime(2025, 12, 31, 23, 0, tzinfo=UTC),  # midnight in Berlin
    datetime(2024, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime(2025, 4, 5, 15, tzinfo=UTC),  # Lord Howe sets its clocks back by half an hour
]
JUNK: tuple[Any, ...] = (
    None,
    "text",
    "",
    7,
    0,
    -1,
    True,
    1.5,
    10**30,
    [],
    ["a"],
    ["a", 7],
    {},
    {"a": 1},
    [None],
    object(),
)
NOBODY: tuple[Any, ...] = (None, 7, ["c1"])
NO_RECORDS: tuple[Any, ...] = (None, 7, "text", {}, kinds.AccountFacts("accounts/9"))
NO_ROWS: tuple[Any, ...] = (None, 7, 0, {}, "", "text", {"a": 1}, [None], ["text"], [7, {}], object())


class Typed:
    """What a careful author and a sound store would give."""

    def __init__(self, seed: int | str, clocks: float = CLOCKS, plugins: float = 0) -> None:
        self.random = Random(seed)
        self.share_of_clocks, self.share_of_plugins = clocks, plugins
        self.one = self.random.choice
        often = (self.any_row, self.any_row, self.any_row, self.no_row, self.count, self.count, self.latest)
        self.plain: tuple[Callable[[], Table], ...] = (*often, *often, self.customer, self.about_message)
        self.others: tuple[Callable[[], Table], ...] = ()
        self.made: dict[str, list[Table]] = {name: [] for name in FIELDS}
        self.favourite, self.crowding = "issues", 0.5

    # Policies

    def policy(self) -> Table:
        """A policy as a document; few look at the clock, for it takes long to find when these change."""
        self.made = {name: [] for name in FIELDS}
        self.favourite = self.one(("issues", "issues", *MOST))
        self.crowding = self.one((0.2, 0.5, 0.9))
        clocks = (self.local_time, self.local_date) if self.is_so(self.share_of_clocks) else ()
        self.others = (*clocks, *((self.plugin,) * 3 if self.is_so(self.share_of_plugins) else ()))
        return {
            "name": "generated",
            "on_unknown": self.one(("active", "inactive")),
            "allow_about_issue": self.one((True, True, False)),
            "always_allowed": ["transactional", "legal"],
            "rules": [self.rule(f"rule-{number}") for number in range(self.random.randint(1, 6))],
        }

    def rule(self, id: str, effect: str | None = None) -> Table:
        effect = effect or self.one(("suppress", "suppress", "suppress", "exempt", "note"))
        rule: Table = {"id": id, "effect": effect, "reason": "because"}
        if self.is_so(0.2):
            rule["categories"] = self.some(("promotional", "newsletter", "onboarding"))
        if self.is_so(0.1):
            rule["channels"] = self.some(("email", "sms"))
        if effect == "suppress":
            rule["outcome"] = self.one(("defer", "defer", "drop", "swap", "review"))
            self.terms(rule)
        rule["when"] = self.rule_condition(effect)
        return rule

    def terms(self, rule: Table) -> None:
        if rule["outcome"] == "defer" and self.is_so(0.3):
            rule["relevance"] = self.one(("1h", "7d"))
        if rule["outcome"] == "swap" and self.is_so(0.5):
            rule["substitute"] = self.one(TEXTS)

    def rule_condition(self, effect: str) -> Table:
        condition = self.condition()
        if effect == "suppress" or not self.is_so(0.15):
            return condition
        holdout = {"holdout": self.one((0.1, 0.5, 0.9)), "salt": self.one(TEXTS)}
        return self.one((holdout, {"all_of": [condition, holdout]}))

    def condition(self, depth: int = 2) -> Table:
        if depth and self.is_so(0.3):
            parts = [self.condition(depth - 1) for _ in range(self.random.randint(1, 3))]
            return self.one(({"all_of": parts}, {"any_of": parts}, {"not": parts[0]}))
        return self.one((*self.plain, *self.others))()

    def any_row(self) -> Table:
        name = self.collection()
        return {"any": name, **self.where(name)}

    def no_row(self) -> Table:
        name = self.collection()
        return {"none": name, **self.where(name)}

    def count(self) -> Table:
        name = self.collection()
        texts = [field for field, about in FIELDS[name].items() if about.kind == "text"]
        distinct = {"distinct": self.one(texts)} if self.is_so(0.4) else {}
        return {"count": name, "at_least": self.one((1, 2, 2, 3)), **distinct, **self.where(name)}

    def latest(self) -> Table:
        name = self.one(list(TIMES))
        by = {"by": self.one(TIMES[name])} if self.is_so(0.3) else {}
        return {"latest": name, "passes": self.tests(name, 1), **by, **self.where(name)}

    def customer(self) -> Table:
        name, field = self.one(list(FIELDS["customer"].items()))
        return {"customer": name, **self.question(field)}

    def about_message(self) -> Table:
        name, field = self.one(list(FIELDS["message"].items()))
        return {"message": name, **self.question(field)}

    def local_time(self) -> Table:
        days = {"days": self.one(DAYS)} if self.is_so(0.3) else {}
        return {"local_time": self.one(WINDOWS), **days, **self.zone()}

    def local_date(self) -> Table:
        return {"local_date": self.some(DATES), **self.zone()}

    def plugin(self) -> Table:
        at = [self.now() + self.one((0, 1, 1, -1)) * length(self.one(SPANS)) for _ in range(self.random.randint(0, 4))]
        fails = self.some(("holds", "next_change", "evidence")) if self.is_so(0.2) else []
        return {"plugin": plugin.NAME, "options": {"at": at, "fails": fails}}

    def zone(self) -> Table:
        return self.one(
            ({"zone": self.one(ZONES)}, {"zone": "customer", "fallback": "Europe/Berlin"}, {"fallback": "UTC"})
        )

    def collection(self) -> str:
        """Often the same one in a policy, so that rules meet in one loop."""
        if self.is_so(self.crowding):
            return self.favourite
        return self.one(("issues", "issues", "issues", "account_issues", "all_issues", *MOST))

    def where(self, name: str) -> Table:
        tests = self.tests(name, 0)
        return {"where": tests} if tests or self.is_so(0.5) else {}

    def tests(self, name: str, least: int) -> list[Table]:
        return [self.test(name) for _ in range(self.random.randint(least, 2))]

    def test(self, name: str, depth: int = 2) -> Table:
        if depth and self.is_so(0.25):
            parts = [self.test(name, depth - 1) for _ in range(self.random.randint(1, 2))]
            return self.one(({"all_of": parts}, {"any_of": parts}, {"not": parts[0]}))
        if self.made[name] and self.is_so(self.crowding):
            return self.related(name)
        self.made[name].append(self.plain_test(name))
        return self.made[name][-1]

    def related(self, name: str) -> Table:
        """A test that was made before, its opposite, or another of the same field: what rules share is asked once."""
        before = self.one(self.made[name])
        other = {"field": before["field"], **self.question(FIELDS[name][before["field"]])}
        return self.one((before, before, {"not": before}, other, {"not": other}))

    def plain_test(self, name: str) -> Table:
        if "products" in FIELDS[name] and self.is_so(0.1):
            return {"field": "products", "same_as": "product_refs"}
        field, about = self.one(list(FIELDS[name].items()))
        if name in TIMES and self.is_so(0.4):
            field = self.one(TIMES[name])
            return {"field": field, **self.question(FIELDS[name][field])}
        alike = [each for each, of in FIELDS["message"].items() if of.words == about.words]
        if alike and self.is_so({"text": 0.15, "list": 0.4}.get(about.kind, 0)):
            return {"field": field, "same_as": self.one(alike)}
        return {"field": field, **self.question(about)}

    def question(self, field: Field) -> Table:
        if self.is_so(0.2):
            return {"is_unset": self.one((True, False))}
        words = field.words or TEXTS
        match field.kind:
            case "text":
                return self.one(
                    ({"equals": self.one(words)}, {"in": self.some(words)}, {"not_in": self.some(words)}),
                )
            case "flag":
                return {"equals": self.one((True, False))}
            case "number":
                return {self.one(("equals", "at_least", "at_most")): self.number()}
            case "time":
                return {self.one(("within", "older_than")): self.span()}
            case _:
                return {"contains": self.one(words)}

    def number(self) -> float:
        return self.one((0, 1, 2, 0.5, 1.0))

    def span(self) -> str:
        return self.one(SPANS)

    # Facts and messages

    def message(self) -> Message:
        return Message(
            category=self.one(CATEGORIES),
            channel=self.one(CHANNELS),
            campaign_id=self.one((None, "a")),
            product_refs=tuple(self.some(TEXTS)) if self.is_so(0.6) else (),
            about_issue="desk/1" if self.is_so(0.05) else None,
            id=self.one((None, "a")),
        )

    def now(self) -> int:
        return instant_at(self.one(NOWS))

    def facts(self, now: int) -> Facts:
        rows: Table = {name: self.rows(name, now) for name in ROWS}
        customer = FIELDS["customer"].items()
        attributes = {name: self.value(name, field, now) for name, field in customer if self.is_so(0.8)}
        attributes["time_zone"] = self.one((*ZONES, None, "Nowhere/Atlantis"))
        ids: Table = {name: self.one((None, "c1", "c2", "c3")) for name in ("customer", "bucketing_id")}
        return Facts(**ids, attributes=attributes, **rows)

    def rows(self, name: str, now: int) -> list[Any]:
        if self.is_so(0.4):
            return []
        return [self.row(name, number, now) for number in range(self.random.randint(1, MOST[name]))]

    def row(self, name: str, number: int, now: int) -> Any:
        values = {field: self.value(field, about, now) for field, about in FIELDS[name].items()}
        if "ref" in values:
            values["ref"] = f"{name}/{number}"
        return ROWS[name](**values)

    def value(self, name: str, field: Field, now: int) -> Any:
        if field.kind == "list":
            return tuple(self.some(field.words or TEXTS)) if self.is_so(0.5) else ()
        if field.may_be_absent and self.is_so(0.4):
            return None
        match field.kind:
            case "text":
                return self.one(field.words or TEXTS)
            case "flag":
                return self.one((True, False))
            case "number":
                return self.one((0, 1, 2, 3)) if name.endswith("count") else self.one((0.0, 0.5, 1.0, 2.0))
            case _:
                return self.time(now)

    def time(self, now: int) -> int:
        """A time that some span often carries to now, or to a microsecond beside it."""
        span = length(self.one(SPANS)) * self.one((1, 1, 1, -1))
        return now - span + self.one((0, 0, 1, -1, 3_600_000_000, -3_600_000_000, -60 * 86_400_000_000))

    # Chances

    def is_so(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, values: tuple[str, ...]) -> list[str]:
        return self.random.sample(values, self.random.randint(1, min(3, len(values))))


class Untyped(Typed):
    """Anything that the schema lets through, and facts that are damaged, most often where the policy looks."""

    def __init__(self, seed: int | str, clocks: float = CLOCKS, plugins: float = 0) -> None:
        super().__init__(seed, clocks, plugins)
        self.asked: list[tuple[str, str]] = []

    def policy(self) -> Table:
        self.asked = [("holds", each.name) for each in fields(kinds.HoldFacts)]
        return super().policy()

    def test(self, name: str, depth: int = 2) -> Table:
        test = super().test(name, depth)
        if "field" in test:
            self.asked.extend((each, test["field"]) for each in (PARTS if name == "all_issues" else (name,)))
        return test

    def number(self) -> float:
        return self.one((0, 1, -1, 0.5, 10**15, -1e15, -1e-300, 1e15 - 0.5, -0.0))

    def span(self) -> str:
        return self.one((*SPANS, "3653d", "1ms", "0us", "521w", "90061001us"))

    def count(self) -> Table:
        return super().count() | {"at_least": self.one((1, 2, 3, 1_000_000))}

    def facts(self, now: int) -> Facts:
        facts = super().facts(now)
        for _ in range(self.random.randint(1, 3)):
            facts = self.damaged(facts)
        return facts

    def damaged(self, facts: Facts) -> Facts:
        """The facts with one value, row or collection that is not what it should be."""
        if self.is_so(0.05):
            return with_damage(facts, self.one(("customer", "bucketing_id")), self.one(NOBODY))
        if self.is_so(0.1):
            broken: Any = self.one((None, 7, [], "text")) if self.is_so(0.3) else self.attributes(facts)
            return with_damage(facts, "attributes", broken)
        name, field = self.one(self.asked)
        rows: Any = getattr(facts, name)
        if self.is_so(0.1):
            return with_damage(facts, name, self.one(NO_ROWS))
        if not is_of(rows, list) or not rows:
            return facts
        return with_damage(facts, name, self.damaged_rows(list(rows), field))

    def attributes(self, facts: Facts) -> Table:
        known: Any = facts.attributes
        return {**(known if isinstance(known, dict) else {}), self.one(list(FIELDS["customer"])): self.one(JUNK)}

    def damaged_rows(self, rows: list[Any], field: str) -> list[Any]:
        place = self.random.randrange(len(rows))
        if self.is_so(0.1) or not hasattr(rows[place], field):
            return [*rows, self.one(NO_RECORDS)]
        rows[place] = replace(rows[place], **{field: self.one(JUNK)})
        return rows


def with_damage(facts: Facts, field: str, value: Any) -> Facts:
    changed: Table = {field: value}
    return replace(facts, **changed)
