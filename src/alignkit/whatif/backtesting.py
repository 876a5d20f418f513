"""Replays the messages that went out, and asks of each what a policy would have decided then.

Nothing looks ahead: a decision knows what had become known before its moment. A message that the policy holds has not
gone out, so that later decisions do not count it. Freshness is left out, for nobody knows when sources were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from alignkit.errors import DataInvalid
from alignkit.models import Category, CustomerEvent, Message, MessageSent, Outcome, Verdict
from alignkit.models.times import stamp
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts
from alignkit.rules.fields import CUSTOMER_FIELDS
from alignkit.rules.policy import Policy
from alignkit.stores.base import Store
from alignkit.whatif.history import Happening, History, Known, Replay, addressee, read_history, went_out
from alignkit.whatif.kinds import Kinds
from alignkit.whatif.timeline import Flapping, Held, HoldTimes, Timeline, flapping, hold_times

W = TypeVar("W", Known, Category)

UNTOLD = "not told"
"""Stands for a campaign or a segment where none is known."""


@dataclass(slots=True)
class Tally:
    """How many messages went out, and how many of these a policy would have held."""

    sends: int = 0
    held: int = 0

    @property
    def share(self) -> float:
        """The held ones as a share of all, from 0 to 1."""
        return self.held / self.sends if self.sends else 0.0

    def add(self, *, is_held: bool) -> None:
        """Counts one message."""
        self.sends += 1
        self.held += is_held

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"sends": self.sends, "held": self.held, "share": round(self.share, 4)}


@dataclass(slots=True)
class Backtest:
    """What a policy would have done.

    Attributes:
        policy: its name.
        began_at, ended_at: of the history that was replayed; None where there was none.
        events: how many events were replayed.
        all: every message whose kind is known.
        unclassified: messages of which nobody says what kind they were; they count as sent and as nothing else.
        unaddressed: messages of which nobody says to whom they went; the same.
        by_rule: held messages by the rule; one that two rules hold counts for both.
        by_outcome: held messages by what would have become of them.
        by_category, by_campaign, by_segment: all messages and the held ones.
        holds: every hold on a kind of message that went out, whether or not a message fell into it. Where rules look at
            the campaign or the products of a message, each campaign or set of products is a kind of its own, which is
            followed for those to whom such a message went.
        not_followed: rules that look at something else of a message, so that their holds cannot be told; messages
            that they held are counted.
        flapping: holds that began again soon.
    """

    policy: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    events: int = 0
    all: Tally = field(default_factory=Tally)
    unclassified: int = 0
    unaddressed: int = 0
    by_rule: Counter[str] = field(default_factory=Counter[str])
    by_outcome: Counter[Outcome] = field(default_factory=Counter[Outcome])
    by_category: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_campaign: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_segment: dict[str, Tally] = field(default_factory=dict[str, Tally])
    holds: Sequence[Held] = ()
    not_followed: tuple[str, ...] = ()
    flapping: Flapping = field(default_factory=lambda: flapping((), timedelta(0)))

    @property
    def hold_times(self) -> HoldTimes:
        """How long the holds took, nights and holidays left out."""
        return hold_times(held for held in self.holds if not held.is_by_clock)

    @property
    def hold_times_by_clock(self) -> HoldTimes:
        """How long messages waited for the clock or the calendar alone."""
        return hold_times(held for held in self.holds if held.is_by_clock)

    def hold_times_by_rule(self) -> dict[str, HoldTimes]:
        """The same for each rule that began holds."""
        rules = sorted({rule for held in self.holds for rule in held.rules})
        return {rule: hold_times(held for held in self.holds if rule in held.rules) for rule in rules}

    def count(self, decision: Decision, message: Message, segment: str) -> None:
        """Counts one message with what was decided about it."""
        is_held = decision.verdict is Verdict.SUPPRESS
        campaign = message.campaign_id or UNTOLD
        for tally in (
            self.all,
            self.by_category.setdefault(message.category.value, Tally()),
            self.by_campaign.setdefault(campaign, Tally()),
            self.by_segment.setdefault(segment, Tally()),
        ):
            tally.add(is_held=is_held)
        if is_held:
            self.by_rule.update(decision.rules)
            self.by_outcome[decision.outcome or Outcome.DEFER] += 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, times in seconds."""
        return {
            "policy": self.policy,
            "began_at": stamp(self.began_at),
            "ended_at": stamp(self.ended_at),
            "events": self.events,
            **self.all.to_dict(),
            "unclassified": self.unclassified,
            "unaddressed": self.unaddressed,
            "by_rule": dict(sorted(self.by_rule.items())),
            "by_outcome": {outcome.value: self.by_outcome[outcome] for outcome in Outcome if self.by_outcome[outcome]},
            "by_category": _tallies(self.by_category),
            "by_campaign": _tallies(self.by_campaign),
            "by_segment": _tallies(self.by_segment),
            "hold_times": self.hold_times.to_dict(),
            "hold_times_by_clock": self.hold_times_by_clock.to_dict(),
            "hold_times_by_rule": {rule: times.to_dict() for rule, times in self.hold_times_by_rule().items()},
            "flapping": self.flapping.to_dict(),
            "not_followed": list(self.not_followed),
        }


def _tallies(tallies: dict[str, Tally]) -> dict[str, Any]:
    return {name: tally.to_dict() for name, tally in sorted(tallies.items())}


def backtest(
    policy: Policy,
    store: Store,
    *,
    known: Known | str = Known.HAPPENED,
    lag: timedelta = timedelta(0),
    segment: str = "tier",
    category: Category | str | None = None,
    flapping_within: timedelta = timedelta(days=7),
) -> Backtest:
    """What a policy would have done to the messages that went out.

    Args:
        policy: the policy.
        store: where the log is; it is read and not changed. The history is held in memory.
        known: when an event counts as known: when it happened at its source, or when it was received here.
        lag: how long after that; with what happened at its source, how late this installation would have been.
        segment: the attribute of customers to tell apart, as it was at the time: `tier`, `lifecycle_stage`, ...
        category: what a message is for where neither it nor its campaign says so.
        flapping_within: a hold that begins so soon after the last one flaps.

    Raises:
        DataInvalid: customers have no such attribute, or there is no such word.
        StoreUnavailable, StoreDamaged: the store failed.
    """
    if segment not in CUSTOMER_FIELDS:
        raise DataInvalid(f"customers have no attribute `{segment[:80]}`; take one of {', '.join(CUSTOMER_FIELDS)}")
    if lag < timedelta(0):
        raise DataInvalid("`lag` is negative, as if events were known before they happened; give it as positive")
    history = read_history(store, known=_word(Known, known, "known"), lag=lag)
    otherwise = None if category is None else _word(Category, category, "category")
    run = _Run(policy, history, segment, otherwise)
    with closing(run.replay):
        for happening in history.happenings:
            run.live_through(happening)
    return run.finish(flapping_within)


def _word(kind: type[W], word: W | str, name: str) -> W:
    try:
        return kind(word)
    except ValueError:
        raise DataInvalid(f"`{name}` is `{str(word)[:80]}`; use one of {', '.join(kind)}") from None


class _Run:
    """One replay, and what was counted so far."""

    def __init__(self, policy: Policy, history: History, segment: str, otherwise: Category | None) -> None:
        self.replay = Replay(history)
        self._policy = policy
        self._history = history
        self._segment = segment
        self._otherwise = otherwise
        self._needs = policy.needs | {"attributes"}
        self._counts_sends = "sends" in policy.needs
        self._timeline = Timeline(policy)
        self._kinds = Kinds(policy, history, otherwise)
        self._sent: set[tuple[str, str]] = set()
        self._found = Backtest(policy.name, not_followed=self._kinds.not_followed)

    def live_through(self, happening: Happening) -> None:
        """Takes in one event; of a message that went out, what the policy would have said comes first."""
        at, event = happening
        self._found.events += 1
        self._found.began_at = self._found.began_at or at
        self._found.ended_at = at
        if isinstance(event, MessageSent):
            is_held = went_out(event) and self._is_held(event, at)
            if is_held or not self._counts_sends:
                return
        self.replay.tell(event, at)
        self._follow(event, at)

    def _is_held(self, event: MessageSent, at: datetime) -> bool:
        message, key = self._history.message(event, self._otherwise), addressee(event)
        if (event.source, event.subject) in self._sent:
            return False
        self._sent.add((event.source, event.subject))
        if message is None:
            self._found.unclassified += 1
            return False
        if key is None:
            self._found.unaddressed += 1
            return False
        facts = self.replay.facts(key, self._needs)
        decision = self._policy.decide(facts, message, at)
        self._found.count(decision, message, self._segment_of(facts))
        return decision.verdict is Verdict.SUPPRESS

    def _segment_of(self, facts: Facts) -> str:
        value = facts.attributes.get(self._segment)
        return UNTOLD if value is None else str(value).lower() if isinstance(value, bool) else value

    def _follow(self, event: CustomerEvent, at: datetime) -> None:
        """Sees what the event changes for those whom it concerns."""
        for key in self.replay.concerned(event):
            facts, customer = self.replay.facts(key, self._needs), self.replay.customer(key)
            for message in self._kinds.of(customer):
                self._timeline.learn(customer, facts, message, at)

    def finish(self, within: timedelta) -> Backtest:
        """What was found."""
        if self._found.ended_at is not None:
            self._found.holds = self._timeline.holds(self._found.ended_at)
        self._found.flapping = flapping(self._found.holds, within)
        return self._found
