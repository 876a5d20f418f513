"""Translates tickets, customers and surveys of Gorgias into alignkit's terms.

Sources: developers.gorgias.com/reference, "Tickets", "Customers" and "Satisfaction Surveys".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from alignkit.connectors.records import Extras, Rows, Shape, Values, objects
from alignkit.connectors.tags import Tags
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Channel, Direction, Initiator, IssueStatus, Priority, SurveyKind

STATUSES: Mapping[str, IssueStatus] = {"open": IssueStatus.OPEN, "closed": IssueStatus.CLOSED}

PRIORITIES: Mapping[str, Priority] = {
    "low": Priority.LOW,
    "normal": Priority.NORMAL,
    "high": Priority.HIGH,
    "critical": Priority.URGENT,
}

CHANNELS: Mapping[str, Channel] = {
    "email": Channel.EMAIL,
    "chat": Channel.CHAT,
    "phone": Channel.PHONE,
    "sms": Channel.SMS,
    "whatsapp": Channel.MESSAGING,
    "facebook": Channel.SOCIAL,
    "facebook-messenger": Channel.SOCIAL,
    "facebook-mention": Channel.SOCIAL,
    "facebook-recommendations": Channel.SOCIAL,
    "instagram-comment": Channel.SOCIAL,
    "instagram-ad-comment": Channel.SOCIAL,
    "instagram-mention": Channel.SOCIAL,
    "instagram-direct-message": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "twitter-direct-message": Channel.SOCIAL,
    "contact_form": Channel.WEB,
    "help-center": Channel.WEB,
    "api": Channel.API,
}

_SOCIAL = frozenset({"facebook", "instagram", "twitter"})


def tickets(root: str, tags: Tags, *, keeps_text: bool) -> Shape[Issue]:
    """How a ticket becomes an issue.

    Args:
        root: of the pages that agents see.
        tags: what tags say.
        keeps_text: whether subjects are kept.
    """
    return Shape(
        model=Issue,
        places={
            "id": "id",
            "status": "status",
            "priority": "priority",
            "channel": "channel",
            **({"subject": "subject"} if keeps_text else {}),
            "created_at": "created_datetime",
            "remote_updated_at": "updated_datetime",
            "requester_id": ("customer", "id"),
            "requester_email": ("customer", "email"),
            "requester_name": ("customer", "name"),
            "assignee": ("assignee_user", "id"),
            "team": ("assignee_team", "id"),
            "snoozed_until": "snooze_datetime",
            "closed_at": "closed_datetime",
            "last_customer_message_at": "last_received_message_datetime",
            "deleted_at": "trashed_datetime",
        },
        statuses=STATUSES,
        words={"priority": PRIORITIES, "channel": CHANNELS},
        also={
            "spam": ("spam", bool),
            "from_agent": ("from_agent", bool),
            "received": ("last_received_message_datetime", str),
            "messages": ("messages", Rows(("from_agent",))),
            "tag_list": ("tags", Rows(("name",))),
        },
        finish=partial(_ticket, root, tags),
    )


def _ticket(root: str, tags: Tags, values: Values) -> Extras:
    values["url"] = f"{root}/app/ticket/{values['id']}"
    values["tags"] = tuple([str(name) for one in objects(values.get("tag_list")) if (name := one.get("name"))])
    _settle_status(values)
    _settle_beginning(values)
    tags.settle(values)
    return Extras()


def _settle_status(values: Values) -> None:
    snoozed_until, changed = values["snoozed_until"], values["remote_updated_at"] or values["created_at"]
    if values["status"] is IssueStatus.CLOSED and snoozed_until is not None and snoozed_until > changed:
        # A snoozed ticket looks closed, and opens by itself.
        values["status"] = IssueStatus.SNOOZED
    if values["deleted_at"] is not None:
        values["status"], values["is_deleted"] = IssueStatus.DELETED, True
    elif values.get("spam"):
        values["status"], values["is_spam"] = IssueStatus.SPAM, True
    if values["status"] is not IssueStatus.CLOSED:
        values["closed_at"] = None


def _settle_beginning(values: Values) -> None:
    """Who began a ticket, and whether the customer wrote; False where Gorgias knows of no message from them."""
    from_agent = values.get("from_agent")
    writers = [one.get("from_agent") for one in objects(values.get("messages"))]
    has_written = values["last_customer_message_at"] is not None or False in writers
    if from_agent is False:
        values["initiated_by"], values["customer_wrote"] = Initiator.CUSTOMER, True
        values["direction"] = Direction.INBOUND
    elif from_agent is True:
        values["initiated_by"], values["direction"] = Initiator.AGENT, Direction.OUTBOUND
        is_known = "received" in values or bool(writers)
        values["customer_wrote"] = True if has_written else False if is_known else None


def _customer(values: Values) -> Extras:
    emails, phones, handles = [*values["emails"]], list[str](), list[str]()
    for one in objects(values.get("channels")):
        kind, address = str(one.get("type")), one.get("address")
        if not isinstance(address, str) or not address or one.get("deleted_datetime"):
            continue
        if kind == "email":
            emails.append(address)
        elif kind == "phone":
            phones.append(address)
        elif kind in _SOCIAL:
            handles.append(f"{kind}/{address}")
    for field, found in (("emails", emails), ("phones", phones), ("handles", handles)):
        values[field] = tuple(dict.fromkeys(found))
    return Extras()


CUSTOMERS = Shape(
    model=Contact,
    places={
        "id": "id",
        "name": "name",
        "emails": "email",
        "external_ids": "external_id",
        "remote_created_at": "created_datetime",
        "remote_updated_at": "updated_datetime",
        "locale": "language",
        "time_zone": "timezone",
        "is_active": "active",
    },
    also={"channels": ("channels", Rows(("type", "address", "deleted_datetime")))},
    finish=_customer,
)


def surveys(*, keeps_text: bool) -> Shape[SurveyResponse]:
    """How a survey becomes an answer; `beside` says whether it has been answered."""
    return Shape(
        model=SurveyResponse,
        places={
            "id": "id",
            **({"comment": "body_text"} if keeps_text else {}),
            "contact_id": "customer_id",
            "issue_id": "ticket_id",
            "remote_created_at": "created_datetime",
            "remote_updated_at": "scored_datetime",
            "responded_at": "created_datetime",
            "offered_at": "created_datetime",
        },
        also={"stars": ("score", int)},
        finish=_survey,
    )


def _survey(values: Values) -> Extras:
    stars, scored_at = values.get("stars"), values["remote_updated_at"]
    is_answered = stars is not None and scored_at is not None
    if is_answered:
        values["responded_at"] = scored_at
    values["kind"] = SurveyKind.CSAT
    values["score"] = float(stars) if is_answered and stars is not None else 1.0
    values["scale_min"], values["scale_max"] = 1.0, 5.0
    return Extras(beside=is_answered)
