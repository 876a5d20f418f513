"""Follows when messages to a customer are held: from when to when, by which rules, and whether holds flap."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from alignkit.models import Message, Verdict
from alignkit.rules.conditions import AllOf, AnyOf, Condition, LocalDate, LocalTime, Not
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Held:
    """One hold: a stretch of time in which such messages to one customer wait.

    Attributes:
        scope: the kind of message.
        rules: the rules that began it.
        ended_at: None where it still goes on.
        is_by_clock: it is a night or a holiday: no rule held such messages back but those that follow the clock or the
            calendar. Such a hold ends where another rule holds as well, and begins again where that one no longer does.
    """

    customer: str
    scope: str
    rules: tuple[str, ...]
    began_at: datetime
    ended_at: datetime | None = None
    is_by_clock: bool = False

    @property
    def lasted(self) -> timedelta | None:
        """How long it took; None where it still goes on."""
        return None if self.ended_at is None else self.ended_at - self.began_at


@dataclass(slots=True)
class _Standing:
    decision: Decision
    facts: Facts
    message: Message
    hold: Held | None


class Timeline:
    """Knows of each customer and kind of message whether it waits, and every hold that there was.

    Between two changes of the facts, a hold begins and ends exactly where `until` says.

    Args:
        policy: the policy that decides.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._by_clock = frozenset(rule.id for rule in policy.rules if _follows_the_clock(rule.when))
        self._standing: dict[tuple[str, str], _Standing] = {}
        self._ended: list[Held] = []

    def learn(self, customer: str, facts: Facts, message: Message, now: datetime) -> None:
        """Takes in that from now on these are the facts."""
        key = (customer, message.scope)
        self._pass(key, now)
        self._decide(key, facts, message, now)

    def holds(self, now: datetime) -> list[Held]:
        """Every hold until now, by customer, kind of message and beginning."""
        for key in self._standing:
            self._pass(key, now)
        lasting = [one.hold for one in self._standing.values() if one.hold is not None]
        return sorted((*self._ended, *lasting), key=lambda held: (held.customer, held.scope, held.began_at))

    def _pass(self, key: tuple[str, str], now: datetime) -> None:
        """Lets time pass with the same facts."""
        while (one := self._standing.get(key)) is not None:
            # Which rules hold matters beside the verdict where some of them follow the clock.
            change = one.decision.recheck_at if self._by_clock else one.decision.until
            if change is None or change >= now:
                return
            self._decide(key, one.facts, one.message, change)

    def _decide(self, key: tuple[str, str], facts: Facts, message: Message, now: datetime) -> None:
        decision = self._policy.decide(facts, message, now)
        before = self._standing.get(key)
        hold, found = before.hold if before else None, self._hold(key, decision, now)
        if hold is None or found is None or hold.is_by_clock is not found.is_by_clock:
            if hold is not None and hold.began_at < now:
                self._ended.append(replace(hold, ended_at=now))
            hold = found
        self._standing[key] = _Standing(decision, facts, message, hold)

    def _hold(self, key: tuple[str, str], decision: Decision, now: datetime) -> Held | None:
        """The hold that a decision would begin."""
        if decision.verdict is Verdict.SEND:
            return None
        others = tuple(rule for rule in decision.rules if rule not in self._by_clock)
        return Held(*key, others or decision.rules, now, is_by_clock=not others)


def _follows_the_clock(when: Condition) -> bool:
    """Whether a condition begins and ends with the clock or the calendar, whatever else it asks beside."""
    match when:
        case LocalTime() | LocalDate():
            return True
        case AllOf():
            return any(map(_follows_the_clock, when.all_of))
        case AnyOf():
            return all(map(_follows_the_clock, when.any_of))
        case Not():
            return isinstance(when.condition, LocalTime | LocalDate)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class HoldTimes:
    """How long holds took.

    Attributes:
        ended: how many have ended; the figures below are theirs.
        lasting: how many still went on at the end.
        p95: 95 of 100 were not longer.
    """

    ended: int
    lasting: int
    median: timedelta | None
    p95: timedelta | None
    longest: timedelta | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, times in seconds."""
        return {
            "ended": self.ended,
            "lasting": self.lasting,
            "median_s": _seconds(self.median),
            "p95_s": _seconds(self.p95),
            "longest_s": _seconds(self.longest),
        }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def hold_times(holds: Iterable[Held]) -> HoldTimes:
    """How long these holds took."""
    found = list(holds)
    spans = sorted(span for held in found if (span := held.lasted) is not None)
    if not spans:
        return HoldTimes(0, len(found), None, None, None)
    # The nearest rank: the shortest span that at least 95 of 100 do not exceed.
    rank = -(-95 * len(spans) // 100)
    middle = (spans[(len(spans) - 1) // 2] + spans[len(spans) // 2]) / 2
    return HoldTimes(len(spans), len(found) - len(spans), middle, spans[rank - 1], spans[-1])


@dataclass(frozen=True, slots=True)
class Flapping:
    """Holds that began again soon after the last one had ended; nights and holidays, which come and go, do not count.

    Attributes:
        within: how soon counts.
        again: how many such holds there were.
        customers: how many customers had one.
        by_rule: the rules that began them.
    """

    within: timedelta
    again: int
    customers: int
    by_rule: Counter[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, times in seconds."""
        return {
            "within_s": self.within.total_seconds(),
            "again": self.again,
            "customers": self.customers,
            "by_rule": dict(sorted(self.by_rule.items())),
        }


def flapping(holds: Sequence[Held], within: timedelta) -> Flapping:
    """Which of these holds began again within this time, for the same customer and kind of message."""
    by_kind: dict[tuple[str, str], list[Held]] = defaultdict(list)
    counted = (held for held in holds if not held.is_by_clock)
    for held in sorted(counted, key=lambda held: held.began_at):
        by_kind[held.customer, held.scope].append(held)
    again = [
        later
        for kind in by_kind.values()
        for earlier, later in pairwise(kind)
        if earlier.ended_at is not None and later.began_at - earlier.ended_at < within
    ]
    rules = Counter(rule for held in again for rule in held.rules)
    return Flapping(within, len(again), len({held.customer for held in again}), rules)
