"""Rolls a policy out step by step: it is observed, then compared with the one in force, then enforced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from alignkit.errors import PolicyInvalid, StoreDamaged, StoreUnavailable
from alignkit.gate import Gate, aware
from alignkit.models import Customer, Message, Outcome, Verdict
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Mode, Policy
from alignkit.stores.base import Store
from alignkit.whatif.comparison import Comparison

NOTHING_IN_FORCE = Policy(name="nothing in force")
"""Stands for the policy in force where there is none: it lets every message go."""


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


class Rollout:
    """Decides by the policy in force, and keeps count of what the others would have decided.

    Each policy's own `mode` says what is made of it. `enforce`: it is in force; at most one may be. `shadow`: it is
    asked beside that one, and every difference is reported. `observe`: it is asked, and what it would hold is counted.

    Each is asked through a `Gate` of its own, so that it decides as it would if it were in force.

    Args:
        store: where the facts are.
        policies: the policies, each with a name of its own.
        on_error: what the policy in force does when the store fails, as for a `Gate`.

    Raises:
        PolicyInvalid: two of them are to be enforced, or two have one name.
    """

    def __init__(
        self, store: Store, policies: Sequence[Policy], *, on_error: Literal["raise", "suppress"] = "raise"
    ) -> None:
        enforced = [policy for policy in policies if policy.mode is Mode.ENFORCE]
        names = [policy.name for policy in policies]
        if len(enforced) > 1:
            raise PolicyInvalid(
                f"`{enforced[0].name}` and `{enforced[1].name}` are both in mode `enforce`; shadow one of them"
            )
        if len(set(names)) < len(names):
            raise PolicyInvalid("two policies have one name; give each its own, so that the report can tell them apart")
        self.in_force: Policy = enforced[0] if enforced else NOTHING_IN_FORCE
        self._gate = Gate(store, self.in_force, on_error=on_error)
        self._others = [Gate(store, policy) for policy in policies if policy.mode is not Mode.ENFORCE]
        self._seen = {gate.policy.name: _begun(gate.policy, self.in_force) for gate in (self._gate, *self._others)}

    def decide(self, who: str | Customer, message: Message, *, now: datetime | None = None) -> Decision:
        """The decision of the policy in force; where none is, `send` unless everything is stopped.

        Args:
            who: an e-mail address, an international phone number, `namespace:value`, or a customer from the store.
            message: what somebody would like to send.
            now: an aware time, the present by default.

        Raises:
            DataInvalid: `who` is no identifier, or `now` has no time zone.
            StoreUnavailable, StoreDamaged: the store failed in front of the policy in force.
        """
        moment = aware(now)
        decision = self._gate.decide(who, message, now=moment)
        self._seen[self.in_force.name].add(decision)
        for gate in self._others:
            seen = self._seen[gate.policy.name]
            try:
                other = gate.decide(who, message, now=moment)
            except (StoreUnavailable, StoreDamaged):
                seen.failed += 1  # what only watches never stands in the way
                continue
            seen.add(other)
            if seen.compared is not None:
                seen.compared.add(other.customer or "", decision, other)
        return decision

    def report(self) -> list[Observed]:
        """What each policy decided so far, the one in force first."""
        return list(self._seen.values())


def _begun(policy: Policy, in_force: Policy) -> Observed:
    compared = Comparison(in_force.name, policy.name) if policy.mode is Mode.SHADOW else None
    return Observed(policy.name, policy.mode, compared=compared)
