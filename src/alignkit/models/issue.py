"""An issue: what helpdesks call ticket, case or conversation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alignkit.models.base import Entity, Model, SourceRef
from alignkit.models.times import Instant
from alignkit.models.vocabulary import (
    Audience,
    AuthorKind,
    Channel,
    Direction,
    Initiator,
    IssueReason,
    IssueStatus,
    IssueStep,
    IssueType,
    Polarity,
    Priority,
    Severity,
)


class Issue(Entity, frozen=True):
    """A full snapshot of one issue, as its helpdesk told it.

    Who it concerns: `requester_id` (at the same source), `requester_email` and `requester_phone` are one person;
    each of `requesters` and `affected` (identifiers, `namespace:value`) and of `affected_ids` (ids at the same
    source) is a further one. `customer_wrote` is None while nobody knows; only False is evidence against an issue.

    `status_since`, `first_active_at`, `reopened_at` and `reopened_count` are folded from the history; a connector
    sets them only where its service tells them. `first_active_at` is not restarted by gaps of up to seven days.
    """

    status: IssueStatus
    status_raw: str
    type: IssueType = IssueType.OTHER
    reason: IssueReason | None = None
    subject: str | None = None
    priority: Priority = Priority.UNSET
    priority_raw: str | None = None
    severity: Severity | None = None
    sentiment: Polarity | None = None
    channel: Channel | None = None
    direction: Direction | None = None
    initiated_by: Initiator | None = None
    customer_wrote: bool | None = None
    origin_campaign_id: str | None = None
    audience: Audience = Audience.CUSTOMER
    requester_id: str | None = None
    requester_email: str | None = None
    requester_phone: str | None = None
    requester_name: str | None = None
    requesters: tuple[str, ...] = ()
    affected_ids: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    account_id: str | None = None
    product_refs: tuple[str, ...] = ()
    order_refs: tuple[str, ...] = ()
    asset_refs: tuple[str, ...] = ()
    brand: str | None = None
    queue: str | None = None
    tags: tuple[str, ...] = ()
    created_at: Instant
    status_since: Instant | None = None
    first_active_at: Instant | None = None
    first_response_at: Instant | None = None
    last_customer_message_at: Instant | None = None
    waiting_since: Instant | None = None
    snoozed_until: Instant | None = None
    resolved_at: Instant | None = None
    closed_at: Instant | None = None
    reopened_at: Instant | None = None
    reopened_count: Annotated[int, Field(ge=0)] = 0
    parent_ref: str | None = None
    problem_ref: str | None = None
    merged_into: str | None = None
    follow_up_of: str | None = None
    linked_refs: tuple[str, ...] = ()
    is_spam: bool = False
    is_deleted: bool = False
    csat_ref: str | None = None
    sla_breached: bool | None = None
    assignee: str | None = None
    team: str | None = None

    @property
    def is_active(self) -> bool | None:
        """Whether somebody still owes the customer something; None where the status is unknown."""
        return False if self.is_spam or self.is_deleted else self.status.is_active

    @property
    def ref(self) -> SourceRef:
        """Where this issue lives."""
        return SourceRef(source=self.source, type="issue", id=self.id, url=self.url)


class IssueEvent(Model, frozen=True):
    """One step in the history of an issue, read out of two neighbouring snapshots."""

    issue: SourceRef
    step: IssueStep
    at: Instant
    before: str | None = None
    after: str | None = None
    author_kind: AuthorKind | None = None
    is_public: bool | None = None
