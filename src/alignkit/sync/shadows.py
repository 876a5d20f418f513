"""Asks policies that are not in force beside the one that is, and keeps count of what they would have decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignkit.errors import PolicyInvalid, StoreDamaged, StoreUnavailable
from alignkit.gate import Gate
from alignkit.models import Customer, Message, Outcome, Verdict
from alignkit.rules.comparison import Comparison
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Mode, Policy
from alignkit.stores.base import Store


@dataclass(slots=True)
class Observed:
    """What one policy decided, whatever came of it.

    Attributes:
        asked: how many decisions it made.
        held: how many messages it would have kept back.
        by_rule: the same by rule; a message that two rules hold counts for both.
        by_outcome: what would have become of those messages.
        failed: how often it was not asked, for the store failed after the policy in force had decided.
        compared: how it differs from the policy in force; None where it is that, or is only observed.
    """

    policy: str
    mode: Mode
    asked: int = 0
    held: int = 0
    by_rule: Counter[str] = field(default_factory=Counter[str])
    by_outcome: Counter[Outcome] = field(default_factory=Counter[Outcome])
    failed: int = 0
    compared: Comparison | None = None

    def add(self, decision: Decision) -> None:
        """Counts one decision."""
        self.asked += 1
        if decision.verdict is Verdict.SUPPRESS:
            self.held += 1
            self.by_rule.update(decision.rules)
            self.by_outcome[decision.outcome or Outcome.DEFER] += 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "policy": self.policy,
            "mode": self.mode.value,
            "asked": self.asked,
            "held": self.held,
            "by_rule": dict(sorted(self.by_rule.items())),
            "by_outcome": {outcome.value: self.by_outcome[outcome] for outcome in Outcome if self.by_outcome[outcome]},
            "failed": self.failed,
            "compared": self.compared.to_dict() if self.compared else None,
        }


class Shadows:
    """The policies beside one that decides. Each is asked through a `Gate` of its own, as if it were in force.

    One in mode `shadow` is compared with the policy that decides, one in mode `observe` is only counted.

    Args:
        store: where the facts are.
        beside: the policy that decides.
        policies: the others, each with a name of its own.

    Raises:
        PolicyInvalid: one of them is to be enforced, or two have one name.
    """

    def __init__(self, store: Store, beside: Policy, policies: Sequence[Policy]) -> None:
        refuse_confusion(beside, policies)
        self._asked = [(Gate(store, policy), _begun(policy, beside)) for policy in policies]

    def ask(
        self, who: str | Customer, message: Message, decision: Decision, *, now: datetime, told_as: str | None = None
    ) -> None:
        """Asks each of them what the policy in force was asked.

        Args:
            decision: what the policy in force said.
            now: an aware time, that of the decision.
            told_as: how the person is told in a report; by the store's id otherwise.

        Raises:
            DataInvalid: `who` is no identifier.
        """
        for gate, seen in self._asked:
            try:
                other = gate.decide(who, message, now=now)
            except (StoreUnavailable, StoreDamaged):
                seen.failed += 1  # what only watches never stands in the way
                continue
            seen.add(other)
            if seen.compared is not None:
                seen.compared.add(told_as or other.customer or "", decision, other)

    def report(self) -> tuple[Observed, ...]:
        """What each of them decided so far."""
        return tuple(seen for _, seen in self._asked)


def _begun(policy: Policy, beside: Policy) -> Observed:
    compared = Comparison(beside.name, policy.name) if policy.mode is Mode.SHADOW else None
    return Observed(policy.name, policy.mode, compared=compared)


def refuse_confusion(beside: Policy, policies: Sequence[Policy]) -> None:
    """Refuses policies that cannot be asked beside this one.

    Raises:
        PolicyInvalid: one of them is to be enforced, or two have one name.
    """
    names = [policy.name for policy in (beside, *policies)]
    if len(set(names)) < len(names):
        raise PolicyInvalid("two policies have one name; give each its own, so that the report can tell them apart")
    if enforced := next((policy for policy in policies if policy.mode is Mode.ENFORCE), None):
        raise PolicyInvalid(
            f"`{enforced.name}` is to be asked beside `{beside.name}` and is in mode `enforce`; write `shadow`"
        )
