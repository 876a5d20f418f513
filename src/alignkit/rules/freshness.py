"""Says what a policy may trust of sources that were last read some time ago, or never to their end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from alignkit.models.marketing import Message
from alignkit.rules.decision import Stale

if TYPE_CHECKING:
    from alignkit.rules.policy import Policy


class View(NamedTuple):
    """How far facts can be trusted; its fields are arguments of `Policy.decide`."""

    as_of: datetime
    stale: tuple[Stale, ...] = ()
    incomplete: tuple[str, ...] = ()


def view(policy: Policy, message: Message, now: datetime, sources: Mapping[str, datetime | None]) -> View:
    """See `Policy.view`."""
    plan = policy.compile().plan(message)
    freshness = None if plan is None else plan.freshness
    if freshness is None:
        return View(now)
    budget = freshness.budget
    unread = [source for source in policy.expects if source not in sources]
    old = [(source, at) for source, at in sources.items() if at is None or now - at > budget]
    if not (unread or old):
        return View(now)
    stale = tuple(Stale(source, at) for source, at in sorted(old) if at is not None)
    unread.extend(source for source, at in old if at is None)
    ends = [each.read_at + budget for each in stale] if freshness.mode == "last_known" else []
    return View(min([now, *ends]), stale, tuple(sorted(set(unread))))
