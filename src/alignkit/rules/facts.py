"""What a policy may know of one customer at the moment of deciding: plain records, times in microseconds, UTC.

These are slots dataclasses because a decision reads them millions of times; pydantic stays at the boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, cast

# The bare types: making a list through `list[IssueFacts]` takes six times as long, and every decision makes eight.
_no_rows = cast("Callable[[], list[Any]]", list)
_no_attributes = cast("Callable[[], dict[str, str | bool | None]]", dict)


@dataclass(slots=True)
class SignalFacts:
    """One signal and the thing it was read from (`source/type/id`)."""

    kind: str
    polarity: str | None
    at: int
    intent: str | None
    strength: float
    confidence: float
    thing: str


@dataclass(slots=True)
class IssueFacts:
    """One issue. `active` is None where the status is unknown; `excluded` says why it is no customer's problem.

    `customer` is the store's id of the one whose issue it is, so that the people of an account can be counted.
    """

    ref: str
    status: str
    status_raw: str
    active: bool | None
    excluded: str | None
    type: str
    reason: str | None
    priority: str
    severity: str | None
    channel: str | None
    direction: str | None
    initiated_by: str | None
    customer_wrote: bool | None
    brand: str | None
    queue: str | None
    team: str | None
    tags: tuple[str, ...]
    products: tuple[str, ...]
    created_at: int
    status_since: int
    first_active_at: int | None
    waiting_since: int | None
    resolved_at: int | None
    reopened_at: int | None
    reopened_count: int
    snoozed_until: int | None
    sla_breached: bool | None
    rating: str | None = None
    customer: str | None = None


@dataclass(slots=True)
class SurveyFacts:
    """One answer to one survey."""

    ref: str
    kind: str
    bucket: str
    score: float
    normalised: float
    at: int
    issue: str | None
    campaign: str | None


@dataclass(slots=True)
class PostFacts:
    """One public post."""

    ref: str
    platform: str
    kind: str
    polarity: str | None
    intent: str | None
    confidence: float
    rating: float | None
    at: int


@dataclass(slots=True)
class SendFacts:
    """One message that went out, or was to: `status` says what became of it."""

    ref: str
    category: str | None
    channel: str
    campaign: str | None
    at: int
    status: str = "sent"


@dataclass(slots=True)
class HoldFacts:
    """One manual, incident or blackout hold; empty scopes cover everything."""

    ref: str
    kind: str
    reason: str
    channels: tuple[str, ...]
    categories: tuple[str, ...]
    products: tuple[str, ...]
    opened_at: int
    ends_at: int | None
    created_by: str | None


@dataclass(slots=True)
class EarlierHold(HoldFacts):
    """A hold that a decision on older facts takes for one that was in force then; `put_at` is when it really began."""

    put_at: int = 0

    @classmethod
    def of(cls, hold: HoldFacts, opened_at: int) -> EarlierHold:
        """The hold, as if it had begun no later than `opened_at`."""
        known: dict[str, Any] = {field.name: getattr(hold, field.name) for field in fields(HoldFacts)}
        known["opened_at"] = min(hold.opened_at, opened_at)
        return cls(**known, put_at=hold.opened_at)


@dataclass(slots=True)
class AccountFacts:
    """One company that the customer belongs to; `arr` is its annual recurring revenue in its own currency."""

    ref: str
    name: str | None = None
    plan: str | None = None
    status: str | None = None
    owner_ref: str | None = None
    parent: str | None = None
    arr: float | None = None
    domains: tuple[str, ...] = ()


@dataclass(slots=True)
class Facts:
    """Everything known of one customer. `account_issues` are those of others in the same accounts.

    No list has an order that matters; `attributes` are those of the customer (`is_vip`, `tier`, `time_zone`).

    `customer` is the store's own id, another in another store. `bucketing_id` is what holdouts choose customers by: of
    stores `alignkit.identity.bucketing_id`, the same in all that know the same identifiers of the customer.
    """

    customer: str | None = None
    issues: list[IssueFacts] = field(default_factory=_no_rows)
    signals: list[SignalFacts] = field(default_factory=_no_rows)
    surveys: list[SurveyFacts] = field(default_factory=_no_rows)
    posts: list[PostFacts] = field(default_factory=_no_rows)
    sends: list[SendFacts] = field(default_factory=_no_rows)
    holds: list[HoldFacts] = field(default_factory=_no_rows)
    account_issues: list[IssueFacts] = field(default_factory=_no_rows)
    attributes: dict[str, str | bool | None] = field(default_factory=_no_attributes)
    accounts: list[AccountFacts] = field(default_factory=_no_rows)
    bucketing_id: str | None = None

    @property
    def all_issues(self) -> list[IssueFacts]:
        """The customer's own issues and those of others in the same accounts."""
        return [*self.issues, *self.account_issues]
