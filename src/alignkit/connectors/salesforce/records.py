"""Declares how Salesforce's records become issues, people, accounts and deals.

Source: developer.salesforce.com, "Object Reference for the Salesforce Platform": Case, Contact, Lead, Account,
Opportunity.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from alignkit.connectors.records import Body, Extras, Path, Shape, Values, day, money
from alignkit.connectors.records.shape import alternatives, keys_of
from alignkit.models.commerce import Opportunity
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import (
    Channel,
    CustomerKind,
    Direction,
    Initiator,
    IssueStatus,
    LifecycleStage,
    OpportunityStatus,
    Priority,
)

CHANNELS: Mapping[str, Channel] = {
    "Email": Channel.EMAIL,
    "Phone": Channel.PHONE,
    "Web": Channel.WEB,
    "Chat": Channel.CHAT,
    "Facebook": Channel.SOCIAL,
    "Twitter": Channel.SOCIAL,
    "Social": Channel.SOCIAL,
    "SMS": Channel.SMS,
    "Messaging": Channel.MESSAGING,
}
PRIORITIES: Mapping[str, Priority] = {"Medium": Priority.NORMAL, "Critical": Priority.URGENT}
"""The words that differ from ours; an org may add others, which count as unset."""

_CLOSED = frozenset({IssueStatus.CLOSED, IssueStatus.RESOLVED, IssueStatus.CANCELLED})


class Kind(NamedTuple):
    """One kind of object.

    Attributes:
        object: its name in SOQL.
        fields: what is asked for.
        needed: fields without which its records would be misread; the others may be hidden from us.
        shape: how a record becomes an entity.
        body: a page of them.
    """

    object: str
    fields: tuple[str, ...]
    needed: frozenset[str]
    shape: Shape[Any]
    body: Body


_COMMON: Mapping[str, Path] = {
    "id": "Id",
    "remote_created_at": "CreatedDate",
    "remote_updated_at": "SystemModstamp",
}
_KEYS = frozenset({"Id", "CreatedDate", "SystemModstamp", "IsDeleted"})
_GONE: Mapping[str, tuple[Path, type]] = {"deleted": ("IsDeleted", bool), "master": ("MasterRecordId", str)}


@cache
def cases(statuses: frozenset[tuple[str, IssueStatus]] = frozenset(), *, keeps_subjects: bool = True) -> Kind:
    """How cases become issues; `statuses`, words and meanings, are stronger than what a case says of being closed."""
    declared = {word.casefold(): status for word, status in statuses}

    def finish(case: Values) -> Extras:
        case["status"] = _status(case, declared.get(case["status_raw"].casefold()))
        case["is_deleted"] = case["status"] is IssueStatus.DELETED
        if case["status"] is IssueStatus.MERGED:
            case["merged_into"] = case.get("master")
        case["resolved_at"] = case["closed_at"] = case["closed_at"] if case["status"] in _CLOSED else None
        _settle_people(case)
        return Extras()

    places: dict[str, Path] = {
        "id": "Id",
        "created_at": "CreatedDate",
        "remote_updated_at": "SystemModstamp",
        "status": "Status",
        "subject": "Subject",
        "priority": "Priority",
        "channel": "Origin",
        "requester_id": "ContactId",
        "requester_email": "ContactEmail",
        "requester_phone": "SuppliedPhone",
        "requester_name": "SuppliedName",
        "account_id": "AccountId",
        "parent_ref": "ParentId",
        "assignee": "OwnerId",
        "closed_at": "ClosedDate",
    }
    if not keeps_subjects:
        del places["subject"]
    shape = Shape(
        model=Issue,
        places={**places},
        words={"channel": CHANNELS, "priority": PRIORITIES},
        also={
            **_GONE,
            "closed": ("IsClosed", bool),
            "supplied_email": ("SuppliedEmail", str),
            "asset": ("AssetId", str),
        },
        finish=finish,
    )
    return _kind("Case", shape, _KEYS | {"Status", "IsClosed", "ContactId"})


@cache
def contacts() -> Kind:
    """How contacts become people; a person account has a contact too."""
    shape = Shape(
        model=Contact,
        places={
            **_COMMON,
            "name": "Name",
            "emails": "Email",
            "phones": "Phone",
            "account_ids": "AccountId",
            "owner_ref": "OwnerId",
        },
        also={**_GONE, "mobile": ("MobilePhone", str)},
        finish=_settle_contact,
    )
    return _kind("Contact", shape, _KEYS | {"Email"})


@cache
def leads() -> Kind:
    """How leads become people, who were merged into a contact once they were converted."""

    def finish(lead: Values) -> Extras:
        lead["kind"], lead["lifecycle_stage"] = CustomerKind.PROSPECT, LifecycleStage.LEAD
        extras = _settle_contact(lead)
        lead["merged_into"] = lead["merged_into"] or lead.get("converted")
        return extras

    shape = Shape(
        model=Contact,
        places={**_COMMON, "name": "Name", "emails": "Email", "phones": "Phone", "owner_ref": "OwnerId"},
        also={**_GONE, "mobile": ("MobilePhone", str), "converted": ("ConvertedContactId", str)},
        finish=finish,
    )
    return _kind("Lead", shape, _KEYS | {"Email"})


@cache
def accounts() -> Kind:
    """How accounts become accounts."""

    def finish(account: Values) -> Extras:
        account["domains"] = tuple(domain for one in account["domains"] if (domain := _domain(one)))
        account["deleted_at"] = account["remote_updated_at"] if account.get("deleted") else None
        return Extras()

    shape = Shape(
        model=Account,
        places={**_COMMON, "name": "Name", "domains": "Website", "parent_id": "ParentId", "owner_ref": "OwnerId"},
        also=_GONE,
        finish=finish,
    )
    return _kind("Account", shape, _KEYS)


@cache
def opportunities(currency: str | None = None) -> Kind:
    """How opportunities become deals; `currency` is that of an org with one alone, whose deals do not tell it."""

    def finish(deal: Values) -> Extras:
        if deal.get("closed"):
            deal["status"] = OpportunityStatus.WON if deal.get("won") else OpportunityStatus.LOST
        deal["amount"] = money(deal.get("amount_told"), deal.get("currency") or currency)
        deal["close_date"] = day(deal.get("close_day"))
        deal["contact_ids"] = (deal["contact"],) if deal.get("contact") else ()
        deal["deleted_at"] = deal["remote_updated_at"] if deal.get("deleted") else None
        return Extras()

    shape = Shape(
        model=Opportunity,
        places={**_COMMON, "name": "Name", "stage": "StageName", "account_id": "AccountId"},
        also={
            "deleted": ("IsDeleted", bool),
            "closed": ("IsClosed", bool),
            "won": ("IsWon", bool),
            "amount_told": ("Amount", str),
            "currency": ("CurrencyIsoCode", str),
            "close_day": ("CloseDate", str),
            "contact": ("ContactId", str),
        },
        finish=finish,
    )
    return _kind("Opportunity", shape, _KEYS | {"IsClosed"})


def whole_id(id: str) -> str | None:
    """The form of an id with 18 letters, which does not depend on their case; None where this is no id.

    The last three letters tell which of the others are capitals, five by five.
    """
    if not (id.isascii() and id.isalnum()) or len(id) not in (15, 18):
        return None
    fives = (id[start : start + 5] for start in (0, 5, 10))
    marks = (sum(1 << place for place, letter in enumerate(five) if letter.isupper()) for five in fives)
    return id[:15] + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[mark] for mark in marks)


def _status(case: Values, declared: IssueStatus | None) -> IssueStatus:
    if case.get("master"):
        return IssueStatus.MERGED
    if case.get("deleted"):
        return IssueStatus.DELETED
    if declared is not None:
        return declared
    is_closed = case.get("closed")
    if is_closed is None:
        return IssueStatus.UNKNOWN
    return IssueStatus.CLOSED if is_closed else IssueStatus.OPEN


def _settle_people(case: Values) -> None:
    """A supplied address was typed by whoever wrote in by mail or web, who may not be the contact."""
    supplied = case.get("supplied_email")
    case["asset_refs"] = (case["asset"],) if case.get("asset") else ()
    if not supplied:
        return
    case["initiated_by"], case["customer_wrote"], case["direction"] = Initiator.CUSTOMER, True, Direction.INBOUND
    known = case["requester_email"]
    if known is None:
        case["requester_email"] = supplied
    elif known.casefold() != supplied.casefold():
        case["requesters"] = (f"email:{supplied}",)


def _settle_contact(contact: Values) -> Extras:
    mobile = contact.get("mobile")
    contact["phones"] = tuple(dict.fromkeys((*contact["phones"], *((mobile,) if mobile else ()))))
    contact["is_active"] = not contact.get("deleted")
    contact["merged_into"] = contact.get("master")
    return Extras()


def _kind(name: str, shape: Shape[Any], needed: frozenset[str]) -> Kind:
    paths = [*shape.places.values(), *(paths for paths, _ in shape.also.values())]
    fields = dict.fromkeys(str(keys_of(path)[0]) for one in paths for path in alternatives(one))
    body = Body({"records": shape}, {"is_done": ("done", bool)})
    return Kind(name, tuple(fields), needed, shape, body)


def _domain(website: str) -> str:
    """The host that a website's address names, without `www`."""
    host = website.partition("://")[2] or website
    return host.partition("/")[0].partition(":")[0].strip().casefold().removeprefix("www.")
