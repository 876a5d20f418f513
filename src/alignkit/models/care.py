"""What alignkit reads and keeps: signals, holds and incidents."""

from __future__ import annotations

from pydantic import Field

from alignkit.models.base import Entity, Model, Share
from alignkit.models.times import Instant
from alignkit.models.vocabulary import (
    Category,
    Channel,
    Detector,
    HoldKind,
    IncidentState,
    Intent,
    Polarity,
    SignalKind,
    SignalState,
    Team,
)


class Signal(Model, frozen=True):
    """One reading of the history of one thing. The same history always gives the same `id`.

    `polarity` None means unknown, which is not neutral. `evidence` are references, `source/type/id`.
    """

    id: str
    kind: SignalKind
    polarity: Polarity | None
    subject: str
    intent: Intent | None = None
    strength: Share = 1.0
    confidence: Share = 1.0
    evidence: tuple[str, ...] = ()
    detected_by: Detector = Detector.RULE
    occurred_at: Instant
    detected_at: Instant | None = None
    route_to: tuple[Team, ...] = ()
    state: SignalState = SignalState.NEW
    due_at: Instant | None = None
    outcome: str | None = None


class Hold(Entity, frozen=True):
    """A hold that a person, an incident or a blackout has put; automatic ones are derived, never stored.

    It covers the people in `identifiers` (`namespace:value`) and accounts in `account_ids`; empty `channels`,
    `categories` or `products` mean all of them. It is not an opt-out and says nothing about consent.
    """

    kind: HoldKind
    reason: str = Field(min_length=1)
    identifiers: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    cohort: str | None = None
    channels: tuple[Channel, ...] = ()
    categories: tuple[Category, ...] = ()
    products: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    opened_at: Instant
    expires_at: Instant | None = None
    released_at: Instant | None = None
    release_reason: str | None = None
    created_by: str | None = None
    policy_rule: str | None = None
    override_of: str | None = None


class Incident(Entity, frozen=True):
    """Something that went wrong for many customers at once."""

    state: IncidentState
    title: str | None = None
    cohort: str | None = None
    products: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    started_at: Instant
    resolved_at: Instant | None = None
    linked_issue_ids: tuple[str, ...] = ()
