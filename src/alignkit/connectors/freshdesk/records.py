"""Translates tickets, contacts, companies and ratings of Freshdesk into alignkit's terms.

Sources: developers.freshdesk.com/api, "Tickets", "Contacts", "Companies" and "Satisfaction Ratings".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial

from alignkit import identity
from alignkit.connectors.records import Extras, Shape, Values
from alignkit.connectors.tags import Tags
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import (
    Channel,
    Direction,
    Initiator,
    IssueStatus,
    Priority,
    SurveyBucket,
    SurveyKind,
)

STATUSES: Mapping[str, IssueStatus] = {
    "2": IssueStatus.OPEN,
    "3": IssueStatus.WAITING_ON_CUSTOMER,
    "4": IssueStatus.RESOLVED,
    "5": IssueStatus.CLOSED,
    "6": IssueStatus.WAITING_ON_CUSTOMER,
    "7": IssueStatus.WAITING_ON_THIRD_PARTY,
}
"""Freshdesk tells statuses as numbers; those from 8 on are an account's own."""

PRIORITIES: Mapping[str, Priority] = {
    "1": Priority.LOW,
    "2": Priority.NORMAL,
    "3": Priority.HIGH,
    "4": Priority.URGENT,
}

CHANNELS: Mapping[str, Channel] = {
    "1": Channel.EMAIL,
    "2": Channel.WEB,
    "3": Channel.PHONE,
    "7": Channel.CHAT,
    "9": Channel.WEB,
    "10": Channel.EMAIL,
    "15": Channel.CHAT,
}

_BY_CUSTOMERS = frozenset({"1", "2", "7", "9", "15"})
_PHONE, _OUTBOUND = "3", "10"
_SETTLED = frozenset({IssueStatus.RESOLVED, IssueStatus.CLOSED})


class Listed(StrEnum):
    """Which list a ticket stands in: Freshdesk keeps spam and what was deleted apart."""

    TICKETS = "tickets"
    SPAM = "spam"
    DELETED = "deleted"


_GONE: Mapping[Listed, IssueStatus] = {Listed.SPAM: IssueStatus.SPAM, Listed.DELETED: IssueStatus.DELETED}


def tickets(
    listed: Listed, root: str, custom: Mapping[str, IssueStatus], tags: Tags, *, keeps_text: bool
) -> Shape[Issue]:
    """How a ticket becomes an issue.

    Args:
        listed: the list that it stands in.
        root: of the pages that agents see.
        custom: numbers of statuses -> what they mean, stronger than `STATUSES`; may grow later.
        tags: what tags say.
        keeps_text: whether subjects are kept.
    """
    return Shape(
        model=Issue,
        places={
            "id": "id",
            "status": "status",
            "priority": "priority",
            "channel": "source",
            **({"subject": "subject"} if keeps_text else {}),
            "created_at": "created_at",
            "remote_updated_at": "updated_at",
            "requester_id": "requester_id",
            "requester_email": ("requester", "email"),
            "requester_phone": ("requester", "phone"),
            "requester_name": ("requester", "name"),
            "account_id": "company_id",
            "assignee": "responder_id",
            "team": "group_id",
            "brand": "product_id",
            "tags": "tags",
            "resolved_at": ("stats", "resolved_at"),
            "closed_at": ("stats", "closed_at"),
            "first_response_at": ("stats", "first_responded_at"),
            "status_since": ("stats", "status_updated_at"),
            "last_customer_message_at": ("stats", "requester_responded_at"),
        },
        statuses=STATUSES,
        words={"priority": PRIORITIES, "channel": CHANNELS},
        also={
            "origin": ("source", str),
            "spam": ("spam", bool),
            "deleted": ("deleted", bool),
            "answered": (("stats", "requester_responded_at"), str),
            "copied": ("cc_emails", tuple),
            "mobile": (("requester", "mobile"), str),
        },
        finish=partial(_ticket, listed, root, custom, tags),
    )


def _ticket(listed: Listed, root: str, custom: Mapping[str, IssueStatus], tags: Tags, values: Values) -> Extras:
    values["url"] = f"{root}/a/tickets/{values['id']}"
    status = custom.get(values["status_raw"], values["status"])
    if listed is Listed.DELETED or values.get("deleted"):
        status, values["is_deleted"] = IssueStatus.DELETED, True
    elif listed is Listed.SPAM or values.get("spam"):
        status, values["is_spam"] = IssueStatus.SPAM, True
    values["status"] = status
    if status not in _SETTLED:
        values["resolved_at"] = values["closed_at"] = None
    _settle_beginning(values)
    copied = values.get("copied") or ()
    values["requester_phone"] = values["requester_phone"] or values.get("mobile")
    values["affected"] = _addresses([copied] if isinstance(copied, str) else [one for one in copied if one])
    tags.settle(values)
    return Extras()


def _addresses(copied: Sequence[str]) -> tuple[str, ...]:
    """People in copy, who are customers too; Freshdesk writes some as `Name <address>`."""
    words = (one.rpartition("<")[2].rstrip("> ") for one in copied)
    return tuple(dict.fromkeys(known for word in words if (known := identity.email(word)) is not None))


def _settle_beginning(values: Values) -> None:
    """Who began a ticket, by its source.

    What an agent files for a caller counts. Only an e-mail that an agent sent first, and to which the statistics show
    no answer, is one in which the customer has not written.
    """
    origin = values.get("origin")
    has_answered = values["last_customer_message_at"] is not None
    if origin in _BY_CUSTOMERS:
        values["initiated_by"], values["customer_wrote"] = Initiator.CUSTOMER, True
        values["direction"] = Direction.INBOUND
    elif origin == _OUTBOUND:
        values["initiated_by"], values["direction"] = Initiator.AGENT, Direction.OUTBOUND
        values["customer_wrote"] = has_answered if "answered" in values else None
    elif origin == _PHONE:
        values["initiated_by"] = Initiator.AGENT
        values["customer_wrote"] = True if has_answered else None


def _contact(is_deleted: bool, values: Values) -> Extras:  # noqa: FBT001 - bound by `partial`
    more = (one for one in values.get("more") or () if isinstance(one, str) and one)
    values["emails"] = tuple(dict.fromkeys((*values["emails"], *more)))
    mobile = values.get("mobile")
    values["phones"] = tuple(dict.fromkeys((*values["phones"], *([mobile] if mobile else []))))
    if is_deleted or values.get("deleted"):
        values["is_active"], values["deleted_at"] = False, values["remote_updated_at"]
    handles = [f"{name}/{found}" for name in ("twitter", "facebook") if (found := values.get(name))]
    values["handles"] = tuple(handles)
    return Extras()


def _contacts(*, is_deleted: bool) -> Shape[Contact]:
    return Shape(
        model=Contact,
        places={
            "id": "id",
            "name": "name",
            "emails": "email",
            "phones": "phone",
            "external_ids": "unique_external_id",
            "account_ids": "company_id",
            "remote_created_at": "created_at",
            "remote_updated_at": "updated_at",
            "locale": "language",
            "time_zone": "time_zone",
            "tags": "tags",
        },
        also={
            "more": ("other_emails", tuple),
            "mobile": ("mobile", str),
            "twitter": ("twitter_id", str),
            "facebook": ("facebook_id", str),
            "deleted": ("deleted", bool),
        },
        finish=partial(_contact, is_deleted),
    )


CONTACTS, DELETED_CONTACTS = _contacts(is_deleted=False), _contacts(is_deleted=True)
"""Contacts as they are listed; those that were deleted stand in a list of their own."""

COMPANIES = Shape(
    model=Account,
    places={
        "id": "id",
        "name": "name",
        "domains": "domains",
        "plan": "account_tier",
        "remote_created_at": "created_at",
        "remote_updated_at": "updated_at",
    },
)

_SCORES: Mapping[int, tuple[float, SurveyBucket]] = {
    103: (3, SurveyBucket.GOOD),
    102: (2, SurveyBucket.GOOD),
    101: (1, SurveyBucket.GOOD),
    100: (0, SurveyBucket.NEUTRAL),
    -101: (-1, SurveyBucket.BAD),
    -102: (-2, SurveyBucket.BAD),
    -103: (-3, SurveyBucket.BAD),
}
"""Freshdesk's number for an answer -> how far from neutral it is."""


def ratings(*, keeps_text: bool) -> Shape[SurveyResponse]:
    """How a rating becomes an answer."""
    return Shape(
        model=SurveyResponse,
        places={
            "id": "id",
            **({"comment": "feedback"} if keeps_text else {}),
            "contact_id": "user_id",
            "issue_id": "ticket_id",
            "remote_created_at": "created_at",
            "remote_updated_at": "updated_at",
            "responded_at": "created_at",
        },
        also={"number": (("ratings", "default_question"), int)},
        finish=_rated,
    )


def _rated(values: Values) -> Extras:
    known = _SCORES.get(values.get("number") or 0)
    if known is None:
        raise ValueError("a rating whose number has no meaning")
    values["kind"] = SurveyKind.CSAT
    values["score"], values["bucket"] = known
    values["scale_min"], values["scale_max"] = -3.0, 3.0
    return Extras()
