"""Says who would be decided differently by another policy: customers of a store, or facts made for the purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from alignkit.gate import Gate, aware
from alignkit.models import Customer, Message, Verdict
from alignkit.rules.check.probe import NOON, Probe
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Policy
from alignkit.rules.wording import moment_of
from alignkit.stores.base import Store

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


class Question(NamedTuple):
    """Facts, and the message that both policies are asked about.

    Attributes:
        who: how the customer is told in a report.
    """

    who: str
    facts: Facts
    message: Message
    now: datetime

    def ask(self, policy: Policy) -> Decision:
        """The decision of a policy."""
        return policy.decide(self.facts, self.message, self.now)


class StoreQuestion(NamedTuple):
    """A customer of a store, and the message that both policies are asked about: each through a `Gate`.

    Attributes:
        who: how the customer is told in a report: an identifier that every command takes.
    """

    who: str
    customer: Customer
    message: Message
    now: datetime
    gates: _Gates

    def ask(self, policy: Policy) -> Decision:
        """The decision of a policy."""
        return self.gates.of(policy).decide(self.customer, self.message, now=self.now)


class _Gates:
    """A gate over one store for each policy that is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._gates: list[Gate] = []

    def of(self, policy: Policy) -> Gate:
        """The gate of this policy."""
        # By identity, and few of them: to hash a policy is to hash each of its rules.
        found = next((gate for gate in self._gates if gate.policy is policy), None)
        if found is None:
            found = Gate(self._store, policy)
            self._gates.append(found)
        return found


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


def compare(before: Policy, after: Policy, questions: Iterable[Question | StoreQuestion]) -> Comparison:
    """Asks both policies the same questions.

    Args:
        before: the policy that is in force.
        after: the one that might replace it.
        questions: from `questions_of_store` or `made_questions`, or of your own.
    """
    found = Comparison(before.name, after.name)
    for question in questions:
        found.add(question.who, question.ask(before), question.ask(after))
    return found


def questions_of_store(
    store: Store, messages: Sequence[Message], *, now: datetime | None = None
) -> Iterator[StoreQuestion]:
    """Every customer of a store with each message, as a `Gate` decides: freshness and stops included.

    Args:
        store: where the facts are; it is asked when a question is.
        messages: what one might want to send.
        now: an aware time, the present by default.

    Raises:
        DataInvalid: `now` has no time zone.
        StoreUnavailable, StoreDamaged: the store failed.
    """
    moment, gates = aware(now), _Gates(store)
    for customer in store.customers():
        if customer.identifiers:
            # An address before a service's number: a reader knows it, and every command takes it.
            who = min(customer.identifiers, key=lambda key: (not key.startswith("email:"), key))
            for message in messages:
                yield StoreQuestion(who, customer, message, moment, gates)


def made_questions(policies: Sequence[Policy], *, number: int = 1_000, seed: int = 0) -> Iterator[Question]:
    """Facts made for these policies: for each rule some on which it holds, then as many at random as are wanted.

    The values lie where the rules tell them apart, on both sides of each threshold. Equal arguments give equal facts.
    """
    for policy in policies:
        probe = Probe(policy)
        for rule in policy.rules:
            case = probe.case_of(rule).case
            if case is not None:
                yield Question(f"made for {rule.id}", case.facts, case.message, moment_of(case.now))
    for case in sample_cases(policies, seed=seed, number=number, now=NOON):
        yield Question(str(case.facts.customer), case.facts, case.message, moment_of(case.now))
