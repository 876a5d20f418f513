"""A policy under examination: which rules hold on given facts, and searches for facts on which they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from alignkit.models.times import microseconds
from alignkit.rules.check.cells import ask
from alignkit.rules.check.claims import Claims, Told, collections, holds, message_is
from alignkit.rules.check.finding import Example
from alignkit.rules.check.formula import Every, Leaf, denied
from alignkit.rules.check.rows import Terms
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.check.search import Answer, Case, Shows, find
from alignkit.rules.compiler import Compiled, fault_of
from alignkit.rules.conditions import MessageTest
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Effect, OnUnknown, Policy, Rule
from alignkit.rules.wording import nearest_moment

NOON = microseconds(datetime(2026, 3, 4, 12, tzinfo=UTC))
"""The instant of examples: a Wednesday, at noon in UTC."""


_SAMPLES = 300


class Probe:
    """A policy under examination."""

    def __init__(self, policy: Policy) -> None:
        self.policy: Policy = policy
        self.terms: Terms = Terms(now=NOON, unknown_is_active=policy.on_unknown is OnUnknown.ACTIVE)
        self._found: dict[str, Answer] = {}
        self._claims: dict[str, Claims] = {}
        self._collections: dict[str, frozenset[str]] = {}

    def rules(self, *effects: Effect) -> list[Rule]:
        """The rules of these effects, in the order of the policy."""
        return [rule for rule in self.policy.rules if rule.effect in effects]

    def holding(self, case: Case) -> frozenset[str]:
        """The ids of all rules that hold, whatever their effect."""
        return frozenset(self._notes(*case).notes)

    def failing(self, case: Case) -> list[str]:
        """The ids of all rules that cannot be evaluated, whatever their effect."""
        errors = self._notes(*case).errors
        return [rule.id for rule in self.policy.rules if fault_of(rule.id) in errors]

    @cached_property
    def _notes(self) -> Compiled:
        """The policy with every rule a note, so that one evaluation tells of each whether it holds."""
        return self.policy.model_copy(update={"rules": tuple(_as_note(rule) for rule in self.policy.rules)}).compile()

    def decide(self, case: Case, policy: Policy | None = None) -> Decision:
        """The decision of the policy, or of another one, about an example."""
        return (policy or self.policy).decide(case.facts, case.message, nearest_moment(case.now))

    def alone(self, rule: Rule) -> Policy:
        """The policy with no other rule."""
        return self.policy.model_copy(update={"rules": (rule,)})

    def claims(self, rule: Rule) -> Claims:
        """That a rule holds."""
        if rule.id not in self._claims:
            self._claims[rule.id] = holds(rule)
        return self._claims[rule.id]

    def collections(self, rule: Rule) -> frozenset[str]:
        """The collections that a rule looks through."""
        if rule.id not in self._collections:
            self._collections[rule.id] = collections(self.claims(rule))
        return self._collections[rule.id]

    def case_of(self, rule: Rule) -> Answer:
        """Facts on which a rule holds."""
        if rule.id not in self._found:
            self._found[rule.id] = self.find(self.claims(rule), lambda case: rule.id in self.holding(case))
        return self._found[rule.id]

    @cached_property
    def seen(self) -> list[frozenset[str]]:
        """Which rules hold together on each of many facts: what was seen there needs no search."""
        found = (self.case_of(rule).case for rule in self.policy.rules)
        sampled = sample_cases([self.policy], seed=0, number=_SAMPLES, now=NOON)
        return [self.holding(case) for case in (*sampled, *found) if case is not None]

    def find(self, claims: Claims, shows: Shows, **terms: Any) -> Answer:
        """Facts, and a message that is not always allowed, of which the claims are true."""
        return find(Every((self._governed, claims)), replace(self.terms, **terms), shows)

    @cached_property
    def _governed(self) -> Claims:
        """That the message is not always allowed."""
        allowed = self.policy.always_allowed
        parts: list[Claims] = [denied(message_is("category", allowed))] if allowed else []
        if self.policy.allow_about_issue:
            parts.append(Leaf(Told("message", ask("about_issue", MessageTest(message="about_issue", is_unset=True)))))
        return Every(tuple(parts))


def _as_note(rule: Rule) -> Rule:
    kept = {name: getattr(rule, name) for name in ("id", "categories", "channels", "when", "reason", "why")}
    return Rule.model_construct(effect=Effect.NOTE, **kept)


def example(case: Case, shows: str) -> Example:
    """The example that a case is."""
    return Example(case.facts, case.message, nearest_moment(case.now), shows)


def listed(rules: Sequence[str]) -> str:
    """Ids of rules in a sentence."""
    return " and ".join(f"`{rule}`" for rule in rules)
