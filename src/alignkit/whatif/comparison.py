"""Says who would be decided differently by another policy: customers of a store, or facts made for the purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from alignkit.gate import Gate, aware
from alignkit.models import Customer, Message
from alignkit.rules.check.probe import NOON, Probe
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.comparison import Comparison
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Policy
from alignkit.rules.wording import nearest_moment
from alignkit.stores.base import Store


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
                yield Question(f"made for {rule.id}", case.facts, case.message, nearest_moment(case.now))
    for case in sample_cases(policies, seed=seed, number=number, now=NOON):
        yield Question(str(case.facts.customer), case.facts, case.message, nearest_moment(case.now))
