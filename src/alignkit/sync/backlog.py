"""Messages that wait: the caller keeps the message, and is told once what becomes of it.

Every look decides anew about each message that waits, for a new fact can free it long before its time. An answer is
written before it is given. A caller who crashed after that finds it with `told`; one who cannot act on it gives it
back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.gate import Gate, aware
from alignkit.models import Message, Outcome, Verdict
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Mode, Policy
from alignkit.stores.base import Store
from alignkit.stores.records import Became, Deferred, DeferredState
from alignkit.sync.lease import Tenure
from alignkit.sync.pace import Pace, Paced, allow, finish, note
from alignkit.sync.stop import Stop, find

BATCH = 500
"""How many messages are decided about before anything is written."""

KEPT = timedelta(days=90)
"""For how long a message that is over is known, so that deferring it again changes nothing."""

_LONGEST = 500
_BACKLOG = "backlog"

_BECAME = {Outcome.DROP: Became.DROP, Outcome.SWAP: Became.SWAP}
_GOES_OUT = (Became.SEND, Became.SWAP)


@dataclass(frozen=True, slots=True)
class DueResult:
    """What one look at the backlog told.

    Attributes:
        answers: messages that were answered now, the oldest first.
        waiting: how many go on waiting.
        next_at: the earliest instant at which time alone changes a decision about one of them; a new fact may be
            sooner. None where only a new fact helps.
        paced: how far a release has come, where it goes out piece by piece.
        stopped: the stop that keeps everything back, None where there is none.
        dry_run: nothing was written.
    """

    answers: tuple[Deferred, ...] = ()
    waiting: int = 0
    next_at: datetime | None = None
    paced: Paced | None = None
    stopped: Stop | None = None
    dry_run: bool = False

    def which(self, became: Became) -> tuple[Deferred, ...]:
        """The messages with this answer."""
        return tuple(one for one in self.answers if one.became is became)


class Backlog:
    """Messages that wait for a policy, over a store.

    Args:
        store: where the facts are, and where references are kept.
        policy: the rules. One in `observe` or `shadow` only looks, and tells nothing.
    """

    def __init__(self, store: Store, policy: Policy) -> None:
        self.store = store
        self.policy = policy

    def defer(
        self,
        reference: str,
        who: str,
        message: Message,
        *,
        expires_at: datetime | None = None,
        relevant_for: timedelta | None = None,
        rank: int = 0,
        now: datetime | None = None,
    ) -> Deferred:
        """Lets a message wait; deferring it twice changes nothing and tells how far it has come.

        Args:
            reference: your own name for the message, any text of up to 500 characters.
            who: an e-mail address, an international phone number, or `namespace:value`.
            expires_at: from when it is not worth sending; never by default.
            relevant_for: the same as a time from now.
            rank: of several messages of one kind to one person the greatest goes out, among equals the newest.

        Raises:
            DataInvalid: no reference, no identifier, an end that is not after `now`, or a reference of another message.
        """
        moment = aware(now)
        end = _end(moment, expires_at, relevant_for)
        if not 0 < len(reference) <= _LONGEST:
            raise DataInvalid(f"a reference has 1 to {_LONGEST} characters; give the message's own id")
        if not -(2**63) <= rank < 2**63:
            raise DataInvalid("`rank` does not fit into 64 bits")
        key = identity.identifier(who)
        decision = Gate(self.store, self.policy).decide(key, message, now=moment)
        return self.store.defer(
            Deferred(reference, key, message, moment, end, rank, decision.recheck_at, decision.explain())
        )

    def due(
        self,
        *,
        limit: int | None = None,
        pace: Pace | None = None,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> DueResult:
        """Decides anew about every message that waits, and tells once what becomes of those that need not wait.

        At most one of a backlog goes out: of several messages of one scope to one person, the others are told as
        superseded.

        Args:
            limit: let at most so many go out now; the others wait on.
            pace: let them go out piece by piece.
            dry_run: only look.

        Raises:
            DataInvalid: a `limit` below 1.
            LeaseHeld: another look is under way.
            StoreUnavailable, StoreDamaged: the store; what was told until then is found with `told`.
        """
        if limit is not None and limit < 1:
            raise DataInvalid("`limit` must be at least 1, for nobody may wait for ever")
        look = _Look(self.store, self.policy, aware(now), limit, pace, dry_run or self.policy.mode is not Mode.ENFORCE)
        return look.take()

    def told(self) -> list[Deferred]:
        """Answers that were given and not acknowledged yet, the oldest message first."""
        return list(self.store.deferred(DeferredState.TOLD))

    def waiting(self) -> list[Deferred]:
        """Messages that wait, the oldest first, each with why."""
        return list(self.store.deferred(DeferredState.WAITING))

    def acknowledge(self, references: Iterable[str]) -> list[str]:
        """Ends messages whose answer was acted upon; returns those that ended now."""
        return self.store.acknowledge(list(references))

    def give_back(self, references: Iterable[str]) -> list[str]:
        """Lets messages wait again whose answer cannot be acted upon; returns those that do."""
        return self.store.give_back(list(references))

    def prune(self, *, older_than: timedelta = KEPT, now: datetime | None = None) -> int:
        """Drops what was answered so long ago and acknowledged; how many. Their references are free again."""
        return self.store.prune_deferred(aware(now) - older_than)


class AsyncBacklog:
    """The same backlog for asynchronous callers; the store works in worker threads."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._backlog = Backlog(store, policy)

    async def defer(
        self,
        reference: str,
        who: str,
        message: Message,
        *,
        expires_at: datetime | None = None,
        relevant_for: timedelta | None = None,
        rank: int = 0,
        now: datetime | None = None,
    ) -> Deferred:
        """See `Backlog.defer`."""
        return await asyncio.to_thread(
            self._backlog.defer,
            reference,
            who,
            message,
            expires_at=expires_at,
            relevant_for=relevant_for,
            rank=rank,
            now=now,
        )

    async def due(
        self,
        *,
        limit: int | None = None,
        pace: Pace | None = None,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> DueResult:
        """See `Backlog.due`."""
        return await asyncio.to_thread(self._backlog.due, limit=limit, pace=pace, dry_run=dry_run, now=now)

    async def told(self) -> list[Deferred]:
        """See `Backlog.told`."""
        return await asyncio.to_thread(self._backlog.told)

    async def waiting(self) -> list[Deferred]:
        """See `Backlog.waiting`."""
        return await asyncio.to_thread(self._backlog.waiting)

    async def acknowledge(self, references: Iterable[str]) -> list[str]:
        """See `Backlog.acknowledge`."""
        return await asyncio.to_thread(self._backlog.acknowledge, references)

    async def give_back(self, references: Iterable[str]) -> list[str]:
        """See `Backlog.give_back`."""
        return await asyncio.to_thread(self._backlog.give_back, references)

    async def prune(self, *, older_than: timedelta = KEPT, now: datetime | None = None) -> int:
        """See `Backlog.prune`."""
        return await asyncio.to_thread(self._backlog.prune, older_than=older_than, now=now)


def _end(now: datetime, expires_at: datetime | None, relevant_for: timedelta | None) -> datetime | None:
    """When a message is not worth sending any more."""
    ends = [aware(expires_at, "expires_at")] if expires_at is not None else []
    ends += [now + relevant_for] if relevant_for is not None else []
    if ends and min(ends) <= now:
        raise DataInvalid("the message would be over before it waits; give an end that lies ahead")
    return min(ends, default=None)


Group = list[Deferred]
"""Messages of one scope to one person that may go out, of which one does."""


@dataclass(slots=True)
class _Look:
    """One look at the backlog."""

    store: Store
    policy: Policy
    now: datetime
    limit: int | None
    pace: Pace | None
    dry_run: bool
    stop: Stop | None = field(init=False, default=None)
    answers: list[Deferred] = field(default_factory=list[Deferred])
    changed: list[Deferred] = field(default_factory=list[Deferred])
    groups: dict[tuple[str, ...], Group] = field(default_factory=dict[tuple[str, ...], Group])
    rechecks: list[datetime] = field(default_factory=list[datetime])
    waiting: int = 0
    _told: list[Deferred] = field(default_factory=list[Deferred])

    def take(self) -> DueResult:
        """Decides, chooses, writes and tells, alone where it writes."""
        tenure = Tenure(self.store, _BACKLOG)
        if not self.dry_run:
            tenure.begin()
        try:
            return self._take(tenure)
        finally:
            tenure.end()

    def _take(self, tenure: Tenure) -> DueResult:
        self.stop = find(self.store, None, self.now)
        gate = Gate(self.store, self.policy)
        for number, one in enumerate(self.store.deferred(DeferredState.WAITING), 1):
            self._sort(one, gate)
            if number % BATCH == 0:
                tenure.keep()
                self._write(tenure)
        chosen = sorted(self.groups.values(), key=lambda group: _place(_winner(group)))
        paced = self._pace(len(chosen))
        going = chosen[: self.limit] if paced is None else chosen[: paced.now]
        if paced is not None and not self.dry_run:
            note(self.store, paced, self.now, tenure.lease)
        for group in going:
            self.answers += self._settled(group)
            if len(self.answers) >= BATCH:
                tenure.keep()
                self._write(tenure)
        self._write(tenure)
        if paced is not None and not self.dry_run:
            finish(self.store, paced, tenure.lease)
        self.waiting += sum(map(len, chosen[len(going) :]))
        return DueResult(
            answers=tuple(sorted(self._told, key=_place)),
            waiting=self.waiting,
            next_at=min(self.rechecks, default=None),
            paced=paced,
            stopped=self.stop,
            dry_run=self.dry_run,
        )

    def _pace(self, due: int) -> Paced | None:
        """How many may go out now, where that is paced."""
        if self.pace is None:
            return None
        paced = allow(self.store, self.pace, "", _BACKLOG, due, self.now)
        return paced if self.limit is None else replace(paced, now=min(paced.now, self.limit))

    def _sort(self, one: Deferred, gate: Gate) -> None:
        """Says of one message whether it is over, may go out, or waits on."""
        if one.expires_at is not None and one.expires_at <= self.now:
            self.answers.append(self._answer(one, Became.EXPIRED, "its time is over"))
            return
        decision = gate.decide(one.who, one.message, now=self.now)
        became = _became(decision)
        if became is None or self.stop is not None:
            self._let_wait(one, decision)
        elif became in _GOES_OUT:
            answer = self._answer(one, became, decision.explain())
            self.groups.setdefault(self._group_of(one, decision), []).append(answer)
        else:
            self.answers.append(self._answer(one, became, decision.explain()))

    def _group_of(self, one: Deferred, decision: Decision) -> tuple[str, ...]:
        if self.policy.always_allows(one.message):
            return (one.reference,)
        return (decision.customer or one.who, one.message.scope)

    def _let_wait(self, one: Deferred, decision: Decision) -> None:
        self.waiting += 1
        ends = [end for end in (decision.recheck_at, one.expires_at) if end is not None]
        self.rechecks += ends
        after = replace(one, recheck_at=decision.recheck_at, reason=decision.explain())
        if after != one:
            self.changed.append(after)

    def _settled(self, group: Group) -> Iterable[Deferred]:
        """The one of a backlog that goes out, and the others."""
        winner = _winner(group)
        for one in group:
            if one is winner:
                yield one
            else:
                text = "another message of the same kind to the same person goes out in its place"
                yield self._answer(one, Became.SUPERSEDED, text)

    def _answer(self, one: Deferred, became: Became, reason: str) -> Deferred:
        return replace(one, state=DeferredState.TOLD, became=became, reason=reason, told_at=self.now, recheck_at=None)

    def _write(self, tenure: Tenure) -> None:
        """Writes what was found so far; only what was written is told."""
        answers, changed = self.answers, self.changed
        self.answers, self.changed = [], []
        if self.dry_run:
            self._told += answers
        elif answers or changed:
            told = set(self.store.tell(answers, changed, tenure.lease))
            self._told += [one for one in answers if one.reference in told]


def _became(decision: Decision) -> Became | None:
    """What a decision makes of a message that waits; None where it goes on waiting."""
    if decision.verdict is Verdict.SEND:
        return Became.SEND
    return None if decision.outcome is None else _BECAME.get(decision.outcome)


def _place(one: Deferred) -> tuple[datetime, str]:
    """Where a message stands in the backlog."""
    return one.deferred_at, one.reference


def _winner(group: Sequence[Deferred]) -> Deferred:
    return max(group, key=lambda one: (one.rank, one.deferred_at, one.reference))
