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
    freshness = policy.freshness_of(message.category)
    if freshness is None or policy.always_allows(message):
        return View(now)
    known = {**dict.fromkeys(policy.expects), **sources}
    stale = tuple(
        Stale(source, read_at)
        for source, read_at in sorted(known.items())
        if read_at is not None and now - read_at > freshness.budget
    )
    ends = [each.read_at + freshness.budget for each in stale] if freshness.mode == "last_known" else []
    return View(min([now, *ends]), stale, tuple(sorted(source for source, at in known.items() if at is None)))
