"""Compares what two policies decided about the same messages: how often they differ, in what, and by which rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alignkit.models.vocabulary import Verdict
from alignkit.rules.decision import Decision

MOST_LISTED = 1_000
"""So many differences are kept one by one; the others are only counted."""


class Change(StrEnum):
    """In what two decisions differ: the first of these that does.

    `held`: only the second suppresses. `released`: only the first does. `outcome`: something else becomes of the
    message. `rules`: other rules say the same.
    """

    HELD = "held"
    RELEASED = "released"
    OUTCOME = "outcome"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Difference:
    """One customer and message that two policies decide differently."""

    who: str
    change: Change
    before: Decision
    after: Decision

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that make the difference: those that only one of the decisions rests on."""
        return tuple(sorted(set(self.before.rules) ^ set(self.after.rules)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "who": self.who,
            "change": self.change.value,
            "rules": list(self.rules),
            "scope": self.after.scope,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }


@dataclass(slots=True)
class Comparison:
    """What became of a comparison of two policies.

    Attributes:
        before, after: the names of the policies.
        asked: how many decisions were compared.
        changes: how many of them differ, by the kind of difference.
        by_rule: for each rule, the differences that it takes part in, by kind.
        differences: the first `MOST_LISTED` of them.
    """

    before: str
    after: str
    asked: int = 0
    changes: Counter[Change] = field(default_factory=Counter[Change])
    by_rule: dict[str, Counter[Change]] = field(default_factory=dict[str, Counter[Change]])
    differences: list[Difference] = field(default_factory=list[Difference])

    @property
    def changed(self) -> int:
        """How many decisions differ."""
        return self.changes.total()

    def add(self, who: str, before: Decision, after: Decision) -> Difference | None:
        """Counts one pair of decisions; gives the difference where there is one."""
        self.asked += 1
        change = change_of(before, after)
        if change is None:
            return None
        found = Difference(who, change, before, after)
        self.changes[change] += 1
        for rule in found.rules:
            self.by_rule.setdefault(rule, Counter())[change] += 1
        if len(self.differences) < MOST_LISTED:
            self.differences.append(found)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values; the differences are told one by one."""
        return {
            "before": self.before,
            "after": self.after,
            "asked": self.asked,
            "changed": self.changed,
            "changes": {change.value: self.changes[change] for change in Change},
            "by_rule": {
                rule: {change.value: found[change] for change in Change if found[change]}
                for rule, found in sorted(self.by_rule.items())
            },
        }


def change_of(before: Decision, after: Decision) -> Change | None:
    """In what two decisions about one message differ; None where they do not."""
    if before.verdict is not after.verdict:
        return Change.HELD if after.verdict is Verdict.SUPPRESS else Change.RELEASED
    if before.outcome is not after.outcome:
        return Change.OUTCOME
    return Change.RULES if before.rules != after.rules else None
