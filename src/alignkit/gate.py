"""A policy over a store: may this message go to this customer now?

The gate looks first at what the message is, so that nothing can touch a transactional one; then at how fresh the
sources are; then at the facts. It only reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from alignkit import identity
from alignkit.errors import DataInvalid, StoreDamaged, StoreUnavailable
from alignkit.models import Customer, Message, microseconds, times
from alignkit.rules.compiler import Plan
from alignkit.rules.decision import Decision, settle
from alignkit.rules.facts import EarlierHold, Facts, HoldFacts
from alignkit.rules.freshness import View, fresh_until, view
from alignkit.rules.policy import Policy
from alignkit.rules.policy_file import PolicyFile
from alignkit.stores.base import Store
from alignkit.stores.cohort import BlackoutFacts, blackout_in
from alignkit.stores.records import OWN_SOURCE

NO_SOURCE = "any source"
"""Stands in `Decision.incomplete` where no source was ever read and the policy names none."""

_NOTHING = Facts()


class _InForce:
    """A policy, with what a gate asks of it for every message."""

    __slots__ = ("_fresh", "_nobody", "compiled", "lookback", "needs", "policy")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.compiled = policy.compile()
        self.needs = policy.needs
        self.lookback = policy.lookback
        self._nobody: Mapping[str, datetime | None] = {} if policy.expects else {NO_SOURCE: None}
        self._fresh: dict[Plan, tuple[Mapping[str, datetime | None], datetime | None]] = {}

    def view(self, plan: Plan, now: datetime, sources: Mapping[str, datetime | None]) -> View | None:
        """How far the sources are to be trusted, None where nothing is wrong with them.

        A store tells of the same ones until one is read again.
        """
        known = self._fresh.get(plan)
        if known is None or known[0] is not sources:
            known = self._fresh[plan] = (sources, fresh_until(plan, sources or self._nobody))
        if known[1] is not None and now <= known[1]:
            return None
        return view(plan, now, sources or self._nobody)


class Gate:
    """Decides for one message at a time.

    Args:
        store: where the facts are.
        policy: the rules; of a `PolicyFile`, those that it holds at the moment of each decision.
        on_error: what to do when the store fails: `raise` hands the error to the caller, `suppress` answers that the
            message must wait. Messages that are always allowed go out in either case.
    """

    def __init__(
        self, store: Store, policy: Policy | PolicyFile, *, on_error: Literal["raise", "suppress"] = "raise"
    ) -> None:
        if on_error not in ("raise", "suppress"):
            raise DataInvalid("`on_error` must be `raise` or `suppress`")
        self.store = store
        self.on_error = on_error
        self._file = policy if isinstance(policy, PolicyFile) else None
        self._in_force = _InForce(policy.policy if isinstance(policy, PolicyFile) else policy)

    @property
    def policy(self) -> Policy:
        """The policy by which the next message is decided."""
        return self._in_force.policy if self._file is None else self._file.policy

    def decide(self, who: str | Customer, message: Message, *, now: datetime | None = None) -> Decision:
        """Whether this message may go to this customer now, why, and until when that stays so.

        Args:
            who: an e-mail address, an international phone number, `namespace:value`, or a customer from the store.
            message: what somebody would like to send.
            now: an aware time, the present by default; give another one to ask about that moment.

        Raises:
            DataInvalid: `who` is no identifier, or `now` has no time zone.
            StoreUnavailable, StoreDamaged: the store failed and `on_error` is `raise`.
        """
        moment = aware(now)
        # All of one decision goes by one policy, whatever is put in force meanwhile.
        rules = self._in_force
        if self._file is not None and rules.policy is not self._file.policy:
            rules = self._in_force = _InForce(self._file.policy)
        plan = rules.compiled.plan(message)
        if plan is None:
            return settle(rules.compiled, None, _NOTHING, message, moment)
        keys = _keys(who)
        try:
            facts, sources = self._ask(rules, keys, moment)
            seen = rules.view(plan, moment, sources)
            if seen is not None and seen.as_of < moment:  # decided as of then, so what lies further back matters too
                facts, sources = self._ask(rules, keys, seen.as_of)
                seen = rules.view(plan, moment, sources) or View(moment)
                facts.holds = holds_as_of(facts.holds, microseconds(seen.as_of), microseconds(moment))
        except (StoreUnavailable, StoreDamaged) as error:
            if self.on_error == "raise":
                raise
            return rules.policy.withhold(message, moment, str(error))
        if facts.holds and (blackout := blackout_in(facts, moment)) is not None:
            return rules.policy.withhold(message, moment, blackout.explain(moment), customer=facts.customer)
        return settle(rules.compiled, plan, facts, message, moment, seen)

    def _ask(
        self, rules: _InForce, keys: Sequence[str], as_of: datetime
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        """What is known under the first identifier that the store knows, and when each source was last read."""
        after = None if rules.lookback is None else microseconds(as_of) - rules.lookback
        answer = self.store.ask(keys[0], rules.needs, after)
        if answer[0].customer is None and len(keys) > 1:
            return self._ask(rules, keys[1:], as_of)
        return answer


class AsyncGate:
    """The same gate for asynchronous callers: each decision runs in a worker thread."""

    def __init__(
        self, store: Store, policy: Policy | PolicyFile, *, on_error: Literal["raise", "suppress"] = "raise"
    ) -> None:
        self._gate = Gate(store, policy, on_error=on_error)

    async def decide(self, who: str | Customer, message: Message, *, now: datetime | None = None) -> Decision:
        """See `Gate.decide`."""
        return await asyncio.to_thread(self._gate.decide, who, message, now=now)


def holds_as_of(holds: Sequence[HoldFacts], as_of: int, now: int) -> list[HoldFacts]:
    """Holds of our own are never stale: what is in force now counts as of the earlier moment, what is over does not."""
    found: list[HoldFacts] = []
    for hold in holds:
        if isinstance(hold, BlackoutFacts) or not hold.ref.startswith(f"{OWN_SOURCE}/hold/"):
            found.append(hold)
        elif hold.opened_at <= now and (hold.ends_at is None or now < hold.ends_at):
            found.append(EarlierHold.of(hold, as_of))
    return found


def aware(now: datetime | None, name: str = "now") -> datetime:
    """The present in UTC, or the given time in UTC; `name` is what the caller calls it.

    Raises:
        DataInvalid: the given time has no zone.
    """
    return datetime.now(UTC) if now is None else times.aware(now, name)


def _keys(who: str | Customer) -> list[str]:
    if isinstance(who, str):
        return [identity.identifier(who)]
    if not isinstance(who, Customer):  # pyright: ignore[reportUnnecessaryIsInstance] # callers without types
        raise DataInvalid("`who` must be an e-mail address, another identifier, or a customer from the store")
    if not who.identifiers:
        raise DataInvalid("this customer has no identifiers; take customers from the store")
    return [identity.identifier(one) for one in who.identifiers]
