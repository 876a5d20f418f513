"""Translates Zendesk tickets into alignkit's terms: status, channel, people, who began them, ratings.

Sources: developer.zendesk.com, "Incremental Exports", "Tickets", "Ticket Metrics" and "Via object reference".
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from datetime import datetime

from alignkit.connectors.records import Extras, Paths, Values
from alignkit.models.conversation import SurveyResponse
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import (
    Audience,
    Channel,
    Direction,
    Initiator,
    IssueStatus,
    SurveyBucket,
    SurveyKind,
)

STATUSES: Table[str, IssueStatus] = {
    "new": IssueStatus.NEW,
    "open": IssueStatus.OPEN,
    "pending": IssueStatus.WAITING_ON_CUSTOMER,
    "hold": IssueStatus.WAITING_ON_THIRD_PARTY,
    "solved": IssueStatus.RESOLVED,
    "closed": IssueStatus.CLOSED,
    "deleted": IssueStatus.DELETED,
}
"""`deleted` comes in exports although Zendesk's list of statuses leaves it out."""

CHANNELS: Table[str, Channel] = {
    "email": Channel.EMAIL,
    "web": Channel.WEB,
    "help_center": Channel.WEB,
    "web_widget": Channel.WEB,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "sms": Channel.SMS,
    "chat": Channel.CHAT,
    "native_messaging": Channel.MESSAGING,
    "messaging": Channel.MESSAGING,
    "whatsapp": Channel.MESSAGING,
    "line": Channel.MESSAGING,
    "wechat": Channel.MESSAGING,
    "viber": Channel.MESSAGING,
    "telegram": Channel.MESSAGING,
    "facebook": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "instagram_dm": Channel.SOCIAL,
    "any_channel": Channel.SOCIAL,
    "mobile": Channel.IN_APP,
    "mobile_sdk": Channel.IN_APP,
    "api": Channel.API,
}

_FINAL = frozenset({IssueStatus.CLOSED, IssueStatus.DELETED})
_SETTLED = frozenset({IssueStatus.RESOLVED, IssueStatus.CLOSED})
MERGED_TAGS = frozenset({"closed_by_merge", "merged"})
_SIDE_CONVERSATION = "created_for_side_conversation"
_RATINGS = {"good": (1.0, SurveyBucket.GOOD), "bad": (0.0, SurveyBucket.BAD)}

PLACES: Table[str, Paths] = {
    "id": "id",
    "url": "url",
    "status": "status",
    "type": "type",
    "subject": "subject",
    "priority": "priority",
    "channel": ("via", "channel"),
    "created_at": "created_at",
    "remote_updated_at": "updated_at",
    "requester_id": "requester_id",
    "tags": "tags",
    "affected_ids": "email_cc_ids",
    "account_id": "organization_id",
    "problem_ref": "problem_id",
    "follow_up_of": ("via", "source", "from", "ticket_id"),
    "brand": "brand_id",
    "assignee": "assignee_id",
    "team": "group_id",
    "status_since": ("metric_set", "status_updated_at"),
    "resolved_at": ("metric_set", "solved_at"),
    "last_customer_message_at": ("metric_set", "requester_updated_at"),
}
"""A field of `Issue` -> where a ticket has it."""

ALSO: Table[str, tuple[Paths, type]] = {
    "submitter_id": ("submitter_id", str),
    "collaborator_ids": ("collaborator_ids", tuple),
    "follower_ids": ("follower_ids", tuple),
    "generated_timestamp": ("generated_timestamp", int),
    "custom_status_id": ("custom_status_id", str),
    "sender": (("via", "source", "from", "address"), str),
    "rating_id": (("satisfaction_rating", "id"), str),
    "rating": (("satisfaction_rating", "score"), str),
    "rating_comment": (("satisfaction_rating", "comment"), str),
    "requester_updated_at": (("metric_set", "requester_updated_at"), str),
}
"""What `settle` reads beside the fields."""


def settle(custom: Table[str, IssueStatus], spam_tags: frozenset[str], ticket: Values) -> Extras:
    """Settles what follows from several values of a ticket.

    Args:
        custom: the id of a custom status -> ours.
        spam_tags: a ticket with one of these is spam.
        ticket: its values.
    """
    # The answer needs the time of solving, which a ticket that was opened again does not keep.
    answer = _answer(ticket)
    _settle_status(custom, spam_tags, ticket)
    _settle_people(ticket)
    return Extras(_version(ticket), answer)


def _settle_status(custom: Table[str, IssueStatus], spam_tags: frozenset[str], ticket: Values) -> None:
    status, tags = ticket["status"], ticket["tags"]
    ticket["is_deleted"] = status is IssueStatus.DELETED
    if status not in _FINAL and custom:
        status = custom.get(ticket.get("custom_status_id") or "", status)
    # A follow-up inherits its predecessor's tags, so an open ticket may carry the mark of a merge.
    if status is IssueStatus.CLOSED and not MERGED_TAGS.isdisjoint(tags):
        status = IssueStatus.MERGED
    if not spam_tags.isdisjoint(tags):
        status, ticket["is_spam"] = IssueStatus.SPAM, True
    ticket["status"] = status
    if status not in _SETTLED:
        ticket["resolved_at"] = None


def _settle_people(ticket: Values) -> None:
    requester, submitter = ticket["requester_id"], ticket.get("submitter_id")
    is_own = submitter is not None and submitter == requester
    if is_own:
        ticket["initiated_by"], ticket["customer_wrote"] = Initiator.CUSTOMER, True
        ticket["direction"] = Direction.INBOUND
        if ticket["channel"] is Channel.EMAIL:
            ticket["requester_email"] = ticket.get("sender")
    elif submitter is not None:
        ticket["initiated_by"] = Initiator.AGENT
        ticket["customer_wrote"] = _wrote(ticket)
    if _SIDE_CONVERSATION in ticket["tags"]:
        ticket["audience"] = Audience.BACK_OFFICE
    ticket["affected_ids"] = _copied(ticket)


def _wrote(ticket: Values) -> bool | None:
    """Whether the requester of a ticket that an agent filed has written; None where nothing tells."""
    if "requester_updated_at" not in ticket:
        return None
    at: datetime | None = ticket["last_customer_message_at"]
    if at is None:
        return False
    return True if at > ticket["created_at"] else None


def _copied(ticket: Values) -> tuple[str, ...]:
    """People in copy: customers too. Followers and the assignee are staff."""
    copied = ticket["affected_ids"]
    collaborators = ticket.get("collaborator_ids")
    if not copied and not collaborators:
        return ()
    others = {ticket["requester_id"], ticket["assignee"], *(ticket.get("follower_ids") or ())}
    return tuple(one for one in dict.fromkeys((*copied, *(collaborators or ()))) if one not in others)


def _version(ticket: Values) -> int | None:
    """What orders snapshots: the second of `generated_timestamp`, within it the later `updated_at`.

    `generated_timestamp` also moves when the service itself touches a ticket, which leaves `updated_at` behind by any
    length; a lag beyond a million seconds makes no further difference.
    """
    second: int | None = ticket.get("generated_timestamp")
    if second is None:
        return None
    changed = ticket["remote_updated_at"] or ticket["created_at"]
    lag = second - microseconds(changed) // 1_000_000
    return second * 1_000_000 + 999_999 - min(max(lag, 0), 999_999)


def _answer(ticket: Values) -> SurveyResponse | None:
    """The rating of a ticket, which names no time of its own: it was not given before the ticket was solved."""
    rating = _RATINGS.get(ticket.get("rating") or "")
    if rating is None:
        return None
    score, bucket = rating
    solved = ticket["resolved_at"] or ticket["remote_updated_at"] or ticket["created_at"]
    return SurveyResponse(
        # The rating's own id, under which the list of ratings has it as well.
        id=ticket.get("rating_id") or ticket["id"],
        remote_updated_at=solved,
        kind=SurveyKind.CSAT,
        score=score,
        scale_min=0.0,
        scale_max=1.0,
        bucket=bucket,
        comment=ticket.get("rating_comment"),
        contact_id=ticket["requester_id"],
        issue_id=ticket["id"],
        responded_at=solved,
    )
