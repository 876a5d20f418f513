"""A policy over a store: may this message go to this customer now?

The gate looks first at what the message is, so that nothing can touch a transactional one; then at how fresh the sources
are; then at the facts. It only reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from alignkit import identity
from alignkit.errors import DataInvalid, StoreDamaged, StoreUnavailable
from alignkit.fold import moment_of
from alignkit.models import Category, Customer, Message, microseconds
from alignkit.rules.decision import Decision, Stale
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Policy, WhenStale
from alignkit.stores.base import Store

NO_SOURCE = "any source"
"""Stands in `Decision.incomplete` where no source was ever read."""

_MICROSECOND = timedelta(microseconds=1)
_NOTHING = Facts()


class Freshness(NamedTuple):
    """How far the sources can be trusted for one message: what is too old, what was never read, and until when."""

    stale: tuple[Stale, ...]
    incomplete: tuple[str, ...]
    as_of: int | None


_FRESH = Freshness((), (), None)


def freshness(policy: Policy, category: Category, watermarks: Mapping[str, int | None], now: int) -> Freshness:
    """Which sources a message of this category cannot rely on at `now`, in microseconds since 1970.

    Categories without a budget in the policy are decided on whatever is known.
    """
    budget = policy.freshness_of(category)
    if budget is None:
        return _FRESH
    incomplete = [name for name, read_at in watermarks.items() if read_at is None]
    incomplete += [name for name in policy.expects if name not in watermarks]
    if not watermarks and not policy.expects:
        incomplete = [NO_SOURCE]
    limit = budget.budget // _MICROSECOND
    oldest: int | None = None
    stale: list[Stale] = []
    for name, read_at in watermarks.items():
        if read_at is not None and now - read_at > limit:
            stale.append(Stale(name, _when(read_at)))
            oldest = read_at if oldest is None else min(oldest, read_at)
    as_of = oldest + limit if oldest is not None and budget.mode is WhenStale.LAST_KNOWN else None
    return Freshness(tuple(stale), tuple(sorted(incomplete)), as_of)


def _when(instant: int) -> datetime:
    moment = moment_of(instant)
    assert moment is not None  # noqa: S101 - only None gives None; this tells the type checker
    return moment


class Gate:
    """Decides for one message at a time.

    Args:
        store: where the facts are.
        policy: the rules.
        on_error: what to do when the store fails: `raise` hands the error to the caller, `suppress` answers that the
            message must wait. Messages that are always allowed go out in either case.
    """

    def __init__(self, store: Store, policy: Policy, *, on_error: Literal["raise", "suppress"] = "raise") -> None:
        self.store = store
        self.policy = policy
        self.on_error = on_error
        policy.compile()

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
        if self.policy.always_allows(message):
            return self.policy.decide(_NOTHING, message, moment)
        key = _key(who)
        try:
            trust = freshness(self.policy, message.category, self.store.watermarks(), microseconds(moment))
            facts = self.store.facts(key, self.policy.needs)
        except (StoreUnavailable, StoreDamaged) as error:
            if self.on_error == "raise":
                raise
            return self.policy.withhold(message, moment, str(error))
        return self.policy.decide(
            facts,
            message,
            moment,
            as_of=None if trust.as_of is None else _when(trust.as_of),
            stale=trust.stale,
            incomplete=trust.incomplete,
        )


class AsyncGate:
    """The same gate for asynchronous callers: each decision runs in a worker thread."""

    def __init__(self, store: Store, policy: Policy, *, on_error: Literal["raise", "suppress"] = "raise") -> None:
        self._gate = Gate(store, policy, on_error=on_error)

    async def decide(self, who: str | Customer, message: Message, *, now: datetime | None = None) -> Decision:
        """See `Gate.decide`."""
        return await asyncio.to_thread(self._gate.decide, who, message, now=now)


def aware(now: datetime | None) -> datetime:
    """The present in UTC, or the given time in UTC.

    Raises:
        DataInvalid: the given time has no zone.
    """
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None or now.utcoffset() is None:
        raise DataInvalid("`now` has no time zone; pass an aware time, such as `datetime.now(UTC)`")
    return now.astimezone(UTC)


def _key(who: str | Customer) -> str:
    if isinstance(who, str):
        return identity.identifier(who)
    if not who.identifiers:
        raise DataInvalid("this customer has no identifiers; take customers from the store")
    return who.identifiers[0]
