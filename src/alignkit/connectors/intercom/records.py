"""Translates conversations, tickets, contacts and companies of Intercom into alignkit's terms.

Sources: developers.intercom.com, REST API 2.15: "Conversations", "Tickets", "Contacts", "Companies".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import unescape
from typing import Any, NamedTuple

from alignkit.connectors.records import Extras, Rows, Shape, Values, objects
from alignkit.connectors.records.convert import since_epoch
from alignkit.connectors.tags import Tags
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import (
    Audience,
    Channel,
    Direction,
    Initiator,
    IssueStatus,
    Priority,
    SurveyKind,
)

STATUSES: Mapping[str, IssueStatus] = {
    "open": IssueStatus.OPEN,
    "snoozed": IssueStatus.SNOOZED,
    "closed": IssueStatus.CLOSED,
    "submitted": IssueStatus.NEW,
    "in_progress": IssueStatus.OPEN,
    "waiting_on_customer": IssueStatus.WAITING_ON_CUSTOMER,
    "resolved": IssueStatus.RESOLVED,
}
"""The states of conversations, and the categories to which the states of tickets belong, custom ones too."""

CHANNELS: Mapping[str, Channel] = {
    "conversation": Channel.CHAT,
    "email": Channel.EMAIL,
    "facebook": Channel.SOCIAL,
    "instagram": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "whatsapp": Channel.MESSAGING,
    "sms": Channel.SMS,
    "phone_call": Channel.PHONE,
    "phone_switch": Channel.PHONE,
    "push": Channel.PUSH,
}

AUDIENCES: Mapping[str, Audience] = {
    "customer": Audience.CUSTOMER,
    "back-office": Audience.BACK_OFFICE,
    "tracker": Audience.TRACKER,
}

_INITIATORS: Mapping[str, Initiator] = {
    "customer_initiated": Initiator.CUSTOMER,
    "admin_initiated": Initiator.AGENT,
    "campaigns_initiated": Initiator.CAMPAIGN,
    "automated": Initiator.CAMPAIGN,
    "operator_initiated": Initiator.BOT,
}
_PEOPLE = frozenset({"user", "lead", "contact"})


class Noted(NamedTuple):
    """What is known of a conversation or ticket beside the issue.

    Attributes:
        ticket_id: of the ticket that this conversation is, which tells its state.
    """

    ticket_id: str | None = None


def conversations(tags: Tags, *, keeps_text: bool) -> Shape[Issue]:
    """How a conversation becomes an issue; its rating becomes an answer."""
    return Shape(
        model=Issue,
        places={
            "id": "id",
            "status": "state",
            "channel": ("source", "type"),
            "priority": "priority",
            **({"subject": "title"} if keeps_text else {}),
            "created_at": "created_at",
            "remote_updated_at": "updated_at",
            "waiting_since": "waiting_since",
            "snoozed_until": "snoozed_until",
            "assignee": "admin_assignee_id",
            "team": "team_assignee_id",
            "first_response_at": ("statistics", "first_admin_reply_at"),
            "last_customer_message_at": ("statistics", "last_contact_reply_at"),
            "closed_at": ("statistics", "last_close_at"),
        },
        statuses=STATUSES,
        words={"channel": CHANNELS, "priority": {"priority": Priority.HIGH, "not_priority": Priority.UNSET}},
        times="seconds",
        also={
            "first_subject": (("source", "subject"), str),
            "contacts": (("contacts", "contacts"), Rows(("id",))),
            "tag_list": (("tags", "tags"), Rows(("name",))),
            "delivered_as": (("source", "delivered_as"), str),
            "author": (("source", "author"), object),
            "first_reply": ("first_contact_reply", object),
            "last_reply": (("statistics", "last_contact_reply_at"), float),
            "rating": ("conversation_rating", object),
            "ticket_id": (("ticket", "id"), str),
        },
        finish=partial(_conversation, tags, keeps_text),
    )


def _conversation(tags: Tags, keeps_text: bool, values: Values) -> Extras:  # noqa: FBT001 - bound by `partial`
    subject = (values["subject"] or values.get("first_subject")) if keeps_text else None
    values["subject"] = unescape(subject) if subject else None
    _settle_people(values)
    _settle_author(values)
    _settle_tags(values)
    if values["status"] is not IssueStatus.CLOSED:
        values["closed_at"] = None
    _settle_beginning(values)
    tags.settle(values)
    return Extras(answer=_answer(values, keeps_text=keeps_text), beside=Noted(values.get("ticket_id")))


def _settle_tags(values: Values) -> None:
    values["tags"] = tuple([str(name) for one in objects(values.get("tag_list")) if (name := one.get("name"))])


def _settle_people(values: Values) -> None:
    """The first contact is the requester; each further one is affected."""
    ids = [str(one["id"]) for one in objects(values.get("contacts")) if one.get("id") is not None]
    values["requester_id"] = ids[0] if ids else None
    values["affected_ids"] = tuple(dict.fromkeys(ids[1:]))


def _settle_author(values: Values) -> None:
    author = _object(values.get("author"))
    if str(author.get("type")) not in _PEOPLE or str(author.get("id")) != values["requester_id"]:
        return
    email, name = author.get("email"), author.get("name")
    values["requester_email"] = email if isinstance(email, str) and email else None
    values["requester_name"] = unescape(name) if isinstance(name, str) and name else None


def _settle_beginning(values: Values) -> None:
    """Who began it, and whether a contact has written: True or False only where Intercom says so."""
    initiator = _INITIATORS.get(values.get("delivered_as") or "")
    values["initiated_by"] = initiator
    if initiator is Initiator.CUSTOMER:
        values["customer_wrote"], values["direction"] = True, Direction.INBOUND
        return
    has_reply = bool(values.get("first_reply")) or values["last_customer_message_at"] is not None
    if has_reply:
        values["customer_wrote"] = True
    elif initiator is not None and "last_reply" in values:
        values["customer_wrote"], values["direction"] = False, Direction.OUTBOUND


def _answer(values: Values, *, keeps_text: bool) -> SurveyResponse | None:
    rating = _object(values.get("rating"))
    score = rating.get("rating")
    at = rating.get("updated_at") or rating.get("created_at") or rating.get("replied_at")
    if not isinstance(score, int) or not 1 <= score <= 5 or not isinstance(at, int):
        return None
    remark = rating.get("remark")
    contact = _object(rating.get("contact")).get("id")
    moment = since_epoch(at)
    return SurveyResponse(
        id=f"rating/{values['id']}",
        kind=SurveyKind.CSAT,
        score=score,
        scale_min=1,
        scale_max=5,
        comment=remark if keeps_text and isinstance(remark, str) and remark else None,
        contact_id=str(contact) if contact is not None else values["requester_id"],
        issue_id=values.get("ticket_id") or values["id"],
        responded_at=moment,
        remote_updated_at=moment,
    )


def tickets(*, keeps_text: bool) -> Shape[Issue]:
    """How a ticket becomes an issue; only its API id is used, never the number that people see."""
    return Shape(
        model=Issue,
        places={
            "id": "id",
            "status": ("ticket_state", "category"),
            "audience": "category",
            **({"subject": ("ticket_attributes", "_default_title_")} if keeps_text else {}),
            "created_at": "created_at",
            "remote_updated_at": "updated_at",
            "snoozed_until": "snoozed_until",
            "assignee": "admin_assignee_id",
            "team": "team_assignee_id",
            "queue": ("ticket_type", "name"),
        },
        statuses=STATUSES,
        words={"audience": AUDIENCES},
        times="seconds",
        also={
            "contacts": (("contacts", "contacts"), Rows(("id",))),
            "tag_list": (("tags", "tags"), Rows(("name",))),
        },
        finish=_ticket,
    )


def _ticket(values: Values) -> Extras:
    _settle_people(values)
    _settle_tags(values)
    return Extras(beside=Noted())


def _contact(values: Values) -> Extras:
    if values["name"]:
        values["name"] = unescape(values["name"])
    values["account_ids"] = tuple([str(one["id"]) for one in objects(values.get("companies")) if one.get("id")])
    return Extras()


CONTACTS = Shape(
    model=Contact,
    places={
        "id": "id",
        "name": "name",
        "emails": "email",
        "phones": "phone",
        "external_ids": "external_id",
        "remote_created_at": "created_at",
        "remote_updated_at": "updated_at",
        "locale": "browser_language",
        "owner_ref": "owner_id",
    },
    times="seconds",
    also={"companies": (("companies", "data"), Rows(("id",)))},
    finish=_contact,
)

COMPANIES = Shape(
    model=Account,
    places={
        "id": "id",
        "name": "name",
        "plan": ("plan", "name"),
        "remote_created_at": "created_at",
        "remote_updated_at": "updated_at",
    },
    times="seconds",
)


def _object(value: Any) -> Mapping[str, Any]:
    return value if value.__class__ is dict else {}
