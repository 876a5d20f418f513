"""Declares how HubSpot's tickets, contacts and companies become issues, people and accounts.

Sources: HubSpot's published specs "CRM/Tickets", "CRM/Contacts" and "CRM/Companies" (v3).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from alignkit.connectors.records import Body, Extras, Path, Shape, Values
from alignkit.models.customer import Account, Contact
from alignkit.models.events import IssueRemoval
from alignkit.models.issue import Issue
from alignkit.models.times import in_utc
from alignkit.models.vocabulary import Channel, IssueStatus, LifecycleStage, Priority

TICKETS, COMPANIES = "tickets", "companies"
NAMES: Mapping[str, str] = {"contacts": "contact", COMPANIES: "account"}
"""The kinds of objects beside tickets, and what they are called here."""

CHANNELS: Mapping[str, Channel] = {
    "EMAIL": Channel.EMAIL,
    "CHAT": Channel.CHAT,
    "FORM": Channel.WEB,
    "PHONE": Channel.PHONE,
}
PRIORITIES: Mapping[str, Priority] = {"MEDIUM": Priority.NORMAL}
"""The words that differ from ours; a portal may add others, which count as unset."""

LIFECYCLE: Mapping[str, LifecycleStage] = {
    "subscriber": LifecycleStage.LEAD,
    "lead": LifecycleStage.LEAD,
    "marketingqualifiedlead": LifecycleStage.LEAD,
    "salesqualifiedlead": LifecycleStage.LEAD,
    "opportunity": LifecycleStage.LEAD,
    "customer": LifecycleStage.CUSTOMER,
    "evangelist": LifecycleStage.CUSTOMER,
}

SETTLED = frozenset({IssueStatus.RESOLVED, IssueStatus.CLOSED, IssueStatus.CANCELLED})


class Beside(NamedTuple):
    """What a ticket tells beside the issue: the ids of those merged into it, and when it was last closed."""

    merged_ids: tuple[str, ...]
    closed_at: datetime | None


class Kind(NamedTuple):
    """One kind of object.

    Attributes:
        name: as in paths.
        changed: the property with the time of the last change; contacts have another one than all others.
        properties: what is asked for.
        shape: how a record becomes an entity.
        body: a page of them.
    """

    name: str
    changed: str
    properties: tuple[str, ...]
    shape: Shape[Any]
    body: Body


def _property(name: str) -> Path:
    return ("properties", name)


_COMMON: Mapping[str, Path] = {"id": "id", "remote_updated_at": "updatedAt"}
_MERGED: Mapping[str, tuple[Path, type]] = {
    "merged_ids": (_property("hs_merged_object_ids"), str),
    "merged_vids": (_property("hs_calculated_merged_vids"), str),
}
_BESIDE: Mapping[str, tuple[Path, type]] = {"after": (("paging", "next", "after"), str), "total": ("total", int)}


@cache
def tickets(tag_property: str | None, *, keeps_subjects: bool) -> Kind:
    """How tickets become issues; what their stages mean is each portal's own, and settled afterwards."""
    places: dict[str, Path] = {
        **_COMMON,
        "status": _property("hs_pipeline_stage"),
        "subject": _property("subject"),
        "priority": _property("hs_ticket_priority"),
        "channel": _property("source_type"),
        "queue": _property("hs_pipeline"),
        "assignee": _property("hubspot_owner_id"),
        "created_at": "createdAt",
        **({} if tag_property is None else {"tags": _property(tag_property)}),
    }
    if not keeps_subjects:
        del places["subject"]
    shape = Shape(
        model=Issue,
        places={**places},
        words={"priority": PRIORITIES, "channel": CHANNELS},
        separator=";",
        also={
            # Read as text: a property that was cleared is an empty one, which is no time.
            "closed": (_property("closed_date"), str),
            **_MERGED,
            "is_last_from_visitor": (_property("hs_last_message_from_visitor"), str),
        },
        finish=_finish_ticket,
    )
    return _kind("tickets", "hs_lastmodifieddate", shape)


def _finish_ticket(ticket: Values) -> Extras:
    # Only the positive word counts: the property is also false where nobody ever wrote.
    if ticket.get("is_last_from_visitor") == "true":
        ticket["customer_wrote"] = True
    return Extras(beside=Beside(_losers(ticket), _moment(ticket.get("closed"))))


def _losers(values: Values) -> tuple[str, ...]:
    """The ids of what was merged into an object: some kinds tell them with the time of the merge, as `id:time`."""
    if not any(map(values.get, _MERGED)):
        return ()
    told = ";".join(values.get(name) or "" for name in _MERGED)
    ids = (one.strip().partition(":")[0] for one in told.split(";"))
    return tuple(dict.fromkeys(one for one in ids if one and one != values["id"]))


@cache
def contacts() -> Kind:
    """How contacts become people."""

    def finish(contact: Values) -> Extras:
        contact["name"] = " ".join(filter(None, (contact["name"], contact.get("last_name")))) or None
        contact["emails"] = _unique(contact["emails"], contact.get("more_emails"))
        contact["phones"] = _unique(contact["phones"], contact.get("mobile"))
        return Extras(beside=_losers(contact))

    shape = Shape(
        model=Contact,
        places={
            **_COMMON,
            "remote_created_at": "createdAt",
            "name": _property("firstname"),
            "emails": _property("email"),
            "phones": _property("phone"),
            "account_ids": _property("associatedcompanyid"),
            "lifecycle_stage": _property("lifecyclestage"),
            "owner_ref": _property("hubspot_owner_id"),
        },
        words={"lifecycle_stage": LIFECYCLE},
        also={
            "last_name": (_property("lastname"), str),
            "more_emails": (_property("hs_additional_emails"), str),
            "mobile": (_property("mobilephone"), str),
            **_MERGED,
        },
        finish=finish,
    )
    return _kind("contacts", "lastmodifieddate", shape)


@cache
def companies() -> Kind:
    """How companies become accounts."""
    shape = Shape(
        model=Account,
        places={
            **_COMMON,
            "remote_created_at": "createdAt",
            "name": _property("name"),
            "domains": _property("domain"),
            "parent_id": _property("hs_parent_company_id"),
            "owner_ref": _property("hubspot_owner_id"),
        },
        also=_MERGED,
        finish=lambda company: Extras(beside=_losers(company)),
    )
    return _kind("companies", "hs_lastmodifieddate", shape)


def _removed(removal: Values) -> Extras:
    removal["reason"] = "deleted"
    return Extras(beside=_losers(removal))


def _archived(thing: Values) -> Extras:
    thing["deleted_at"] = thing["remote_updated_at"]
    return Extras(beside=_losers(thing))


def _archived_contact(contact: Values) -> Extras:
    contact["is_active"] = False
    return _archived(contact)


_GONE: Mapping[str, Path] = {"id": "id", "remote_updated_at": "archivedAt"}

ARCHIVED: Mapping[str, Shape[Any]] = {
    TICKETS: Shape(model=IssueRemoval, places=_GONE, also=_MERGED, finish=_removed),
    "contacts": Shape(
        model=Contact, places={**_GONE, "emails": _property("email")}, also=_MERGED, finish=_archived_contact
    ),
    COMPANIES: Shape(model=Account, places={**_GONE, "name": _property("name")}, also=_MERGED, finish=_archived),
}
"""What is deleted, by the name of its kind, and what had been merged into it before."""

ARCHIVED_PAGES: Mapping[str, Body] = {name: Body({"results": shape}, _BESIDE) for name, shape in ARCHIVED.items()}


def _kind(name: str, changed: str, shape: Shape[Any]) -> Kind:
    return Kind(name, changed, properties_of(shape), shape, Body({"results": shape}, _BESIDE))


def properties_of(shape: Shape[Any]) -> tuple[str, ...]:
    """The properties that a shape reads, by their names at HubSpot."""
    paths = [*shape.places.values(), *(paths for paths, _ in shape.also.values())]
    return tuple(str(path[1]) for path in paths if isinstance(path, tuple))


def _moment(text: str | None) -> datetime | None:
    """A time of HubSpot's, which names its zone; None where there is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.tzinfo is None else in_utc(moment)


def _unique(first: tuple[str, ...], others: str | None) -> tuple[str, ...]:
    """Values of two properties, the second of which may hold several."""
    if not others:
        return first
    more = (one.strip() for one in others.split(";"))
    return tuple(dict.fromkeys(one for one in (*first, *more) if one))
