"""Rolls a policy out step by step: it is observed, then compared with the one in force, then enforced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from alignkit.errors import PolicyInvalid
from alignkit.gate import Gate, aware
from alignkit.models import Customer, Message
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Mode, Policy
from alignkit.stores.base import Store
from alignkit.sync.shadows import Observed, Shadows

NOTHING_IN_FORCE = Policy(name="nothing in force")
"""Stands for the policy in force where there is none: it lets every message go."""


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
        if len(enforced) > 1:
            raise PolicyInvalid(
                f"`{enforced[0].name}` and `{enforced[1].name}` are both in mode `enforce`; shadow one of them"
            )
        self.in_force: Policy = enforced[0] if enforced else NOTHING_IN_FORCE
        self._gate = Gate(store, self.in_force, on_error=on_error)
        self._seen = Observed(self.in_force.name, self.in_force.mode)
        self._shadows = Shadows(
            store, self.in_force, [policy for policy in policies if policy.mode is not Mode.ENFORCE]
        )

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
        self._seen.add(decision)
        self._shadows.ask(who, message, decision, now=moment)
        return decision

    def report(self) -> list[Observed]:
        """What each policy decided so far, the one in force first."""
        return [self._seen, *self._shadows.report()]
