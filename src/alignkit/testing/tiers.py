"""How far a connector can be relied on, computed from what was seen of it and never claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from alignkit.connectors.base import Capability

PROMPT = timedelta(minutes=5)
"""Who sees whatever a service tells within this time needs no webhooks."""


class Tier(StrEnum):
    """How far a connector can be relied on; each tier asks for all that the one before does."""

    NONE = "none"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of one connector.

    Attributes:
        passes_kit: whether it passes every test of the kit.
        owed: traps that it could step into and that nothing shows yet.
        has_page: whether it has a page in the documentation.
        recorded: recorded exchanges that were parsed without loss, for each stream of issues, people or posts.
        is_live: whether it is tested against a real server.
        checked: requests that an official description allows, for each of those streams; None where there is no
            description.
        reads_limits: whether it was seen to wait as long as its service's headers said; None where its service says
            nothing in headers.
        capabilities: what it claims, and the kit has seen.
        lateness: how late it saw the slowest of what its service tells; None where nobody knows.
        is_sink: whether it is one; then drift repaired on a real server stands for deletions, merges and fetching.
    """

    passes_kit: bool
    has_page: bool
    recorded: Mapping[str, int] = field(default_factory=dict[str, int])
    is_live: bool = False
    checked: Mapping[str, int] | None = None
    reads_limits: bool | None = False
    owed: Sequence[str] = ()
    capabilities: frozenset[Capability] = frozenset()
    lateness: timedelta | None = None
    is_sink: bool = False


def tier(seen: Evidence) -> Tier:
    """The highest tier whose every demand is met, and those below it."""
    for demanded, below in ((Tier.BRONZE, Tier.NONE), (Tier.SILVER, Tier.BRONZE), (Tier.GOLD, Tier.SILVER)):
        if next(missing(seen, demanded), None):
            return below
    return Tier.GOLD


def missing(seen: Evidence, demanded: Tier) -> Iterator[str]:
    """What one tier demands beyond the one below it, and was not seen."""
    if demanded is Tier.BRONZE:
        yield from _lacks(("every test of the kit", seen.passes_kit), ("a page in the documentation", seen.has_page))
    elif demanded is Tier.SILVER:
        yield from _silver(seen)
    elif demanded is Tier.GOLD:
        yield from _gold(seen)


def _silver(seen: Evidence) -> Iterator[str]:
    if not seen.is_live:
        unread = sorted(stream for stream, number in seen.recorded.items() if not number)
        yield from (f"recorded exchanges of `{stream}`" for stream in unread)
        if not seen.recorded:
            yield "a real server or recorded exchanges"
    unchecked = sorted(stream for stream, number in (seen.checked or {}).items() if not number)
    yield from (f"requests of `{stream}` held to the official description" for stream in unchecked)
    yield from _lacks(("limits read from headers", seen.reads_limits is not False))
    yield from (f"trap {number}" for number in seen.owed)


def _gold(seen: Evidence) -> Iterator[str]:
    if seen.is_sink:
        is_repaired = seen.is_live and Capability.READ_BACK in seen.capabilities
        yield from _lacks(("reading back, and drift repaired on a real server", is_repaired))
        return
    is_prompt = seen.lateness is not None and seen.lateness <= PROMPT
    yield from _lacks(
        ("deletions", Capability.DELETIONS in seen.capabilities),
        ("merges", Capability.MERGES in seen.capabilities),
        ("reading by id", Capability.FETCH in seen.capabilities),
        ("webhooks, or changes seen within five minutes", Capability.WEBHOOKS in seen.capabilities or is_prompt),
    )


def _lacks(*demands: tuple[str, bool]) -> Iterator[str]:
    yield from (words for words, is_met in demands if not is_met)
