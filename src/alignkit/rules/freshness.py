"""Says what a policy may trust of sources that were last read some time ago, or never to their end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.compiler import Plan
from alignkit.rules.evaluation import Evaluation
from alignkit.rules.ruleset import Freshness


@dataclass(slots=True, frozen=True)
class Stale:
    """A source that was last read at `read_at`, longer ago than the message's budget allows."""

    source: str
    read_at: datetime


class View(NamedTuple):
    """How far facts can be trusted; its fields are arguments of `Policy.decide`."""

    as_of: datetime
    stale: tuple[Stale, ...] = ()
    incomplete: tuple[str, ...] = ()


def view(plan: Plan | None, now: datetime, sources: Mapping[str, datetime | None]) -> View:
    """See `Policy.view`; `plan` is what the policy lays down for the message."""
    if plan is None or plan.freshness is None:
        return View(now)
    budget = plan.freshness.budget
    unread = [source for source in plan.expects if source not in sources]
    old = [(source, at) for source, at in sources.items() if at is None or now - at > budget]
    if not (unread or old):
        return View(now)
    stale = tuple(Stale(source, at) for source, at in sorted(old) if at is not None)
    unread.extend(source for source, at in old if at is None)
    ends = [each.read_at + budget for each in stale] if plan.freshness.mode == "last_known" else []
    return View(min([now, *ends]), stale, tuple(sorted(set(unread))))


def fresh_until(plan: Plan, sources: Mapping[str, datetime | None]) -> datetime | None:
    """The last instant at which `view` finds nothing wrong with these sources; None where something is already."""
    if plan.freshness is None:
        return _LAST
    read_at = [at for at in sources.values() if at is not None]
    if len(read_at) < len(sources) or any(source not in sources for source in plan.expects):
        return None
    return min(read_at) + plan.freshness.budget if read_at else _LAST


_LAST = datetime.max.replace(tzinfo=UTC)


def must_wait(freshness: Freshness | None, stale: tuple[Stale, ...], incomplete: tuple[str, ...]) -> bool:
    """Whether what is not known keeps the message back: it has a budget, and a source is missing or too old."""
    return freshness is not None and (bool(incomplete) or (bool(stale) and freshness.mode == "hold"))


def waiting(evaluation: Evaluation) -> Evaluation:
    """What follows where a message must wait for sources: what would go out is deferred, what is held stays so."""
    if evaluation.verdict is Verdict.SUPPRESS:
        return evaluation
    return evaluation._replace(verdict=Verdict.SUPPRESS, outcome=Outcome.DEFER, rules=(), evidence=())
