"""Reads the generic table of issues that any helpdesk's report can be brought into: one row for each issue."""

from __future__ import annotations

from collections.abc import Mapping as Table

from alignkit.connectors.export.mapping import Mapping
from alignkit.models.vocabulary import IssueStatus

STATUSES: Table[str, IssueStatus] = {
    **{status.value: status for status in IssueStatus},
    "pending": IssueStatus.WAITING_ON_CUSTOMER,
    "waiting": IssueStatus.WAITING_ON_CUSTOMER,
    "on hold": IssueStatus.WAITING_ON_THIRD_PARTY,
    "hold": IssueStatus.WAITING_ON_THIRD_PARTY,
    "in progress": IssueStatus.OPEN,
    "reopened": IssueStatus.OPEN,
    "solved": IssueStatus.RESOLVED,
    "done": IssueStatus.RESOLVED,
    "canceled": IssueStatus.CANCELLED,
}
"""Our own words, and those that most helpdesks use for the same."""

COLUMNS = (
    "id",
    "url",
    "status",
    "type",
    "reason",
    "subject",
    "priority",
    "channel",
    "initiated_by",
    "customer_wrote",
    "requester_id",
    "requester_email",
    "requester_phone",
    "requester_name",
    "account_id",
    "brand",
    "queue",
    "team",
    "tags",
    "created_at",
    "resolved_at",
    "merged_into",
    "is_spam",
    "is_deleted",
)
"""The columns that are named like the fields that they fill; `updated_at` fills `remote_updated_at`."""


def generic_csv() -> Mapping:
    """The mapping of the generic table."""
    return Mapping(
        issues={**{name: name for name in COLUMNS}, "remote_updated_at": "updated_at"},
        statuses=STATUSES,
    )
