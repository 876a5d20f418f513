"""HubSpot: a page of tickets with the pages of their associations, and one of contacts, as searches answer them."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import HubSpot
from alignkit.connectors.hubspot import records
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso_milliseconds, moment

_UNMERGED: dict[str, Any] = {"hs_merged_object_ids": None, "hs_calculated_merged_vids": None}
FIRST_TICKET, FIRST_CONTACT, FIRST_COMPANY = 394_413_000_000, 713_492_000_000, 310_200_000_000


def cases(size: int = 100) -> list[Case]:
    source = HubSpot("sample-token")
    words = Words("hubspot")
    tickets = [_ticket(number, words) for number in range(size)]
    contacts = [_contact(number, words) for number in range(size)]
    answers = {
        "/tickets/search": json(_page(tickets)),
        "/pipelines/tickets": json(_pipelines()),
        "/contacts/batch/read": json(_associations(size, FIRST_CONTACT)),
        "/companies/batch/read": json(_associations(size, FIRST_COMPANY)),
    }
    return [
        Case(source, "tickets", size, answers),
        Case(source, "contacts", size, {"/contacts/search": json(_page(contacts))}),
    ]


def _page(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"total": 30 * len(rows), "results": rows, "paging": {"next": {"after": str(len(rows))}}}


def _thing(id: int, kind: str, number: int, properties: dict[str, Any]) -> dict[str, Any]:
    made, changed = iso_milliseconds(moment(number)), iso_milliseconds(moment(number, after=9_000))
    name = "lastmodifieddate" if kind == "0-1" else "hs_lastmodifieddate"
    return {
        "id": str(id),
        "properties": {"createdate": made, name: changed, "hs_object_id": str(id), **properties},
        "createdAt": made,
        "updatedAt": changed,
        "archived": False,
        "url": f"https://app-eu1.hubspot.com/contacts/147893286/record/{kind}/{id}",
    }


def _ticket(number: int, words: Words) -> dict[str, Any]:
    stage = words.chance.choice("1234")
    told = {
        "closed_date": iso_milliseconds(moment(number, after=9_000)) if stage == "4" else None,
        "hs_last_message_from_visitor": words.chance.choice(("true", "false", None)),
        "hs_pipeline": "0",
        "hs_pipeline_stage": stage,
        "hs_ticket_priority": words.chance.choice(("LOW", "MEDIUM", "HIGH", None)),
        "hubspot_owner_id": str(75_600_000 + number % 9),
        "source_type": words.chance.choice(("EMAIL", "CHAT", "FORM")),
        "subject": words.subject(),
    }
    return _thing(FIRST_TICKET + number, "0-5", number, _asked(records.tickets(None, keeps_subjects=True), told))


def _contact(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    told = {
        "associatedcompanyid": str(FIRST_COMPANY + number % 40) if number % 4 == 0 else None,
        "email": address,
        "firstname": first,
        "hs_additional_emails": f"private.{address}" if number % 8 == 0 else None,
        "hubspot_owner_id": str(75_600_000 + number % 9),
        "lastname": last,
        "lifecyclestage": "customer",
        "mobilephone": words.phone(number) if number % 3 == 0 else None,
        "phone": None,
    }
    return _thing(FIRST_CONTACT + number, "0-1", number, _asked(records.contacts(), told))


def _asked(kind: records.Kind, told: dict[str, Any]) -> dict[str, Any]:
    """The properties that are asked for, each with its value."""
    known = {**told, **_UNMERGED}
    return {name: known[name] for name in kind.properties}


def _pipelines() -> dict[str, Any]:
    labels = {"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed"}
    stages = [
        {
            "label": label,
            "displayOrder": int(id),
            "metadata": {"ticketState": "CLOSED" if id == "4" else "OPEN", "isClosed": str(id == "4").lower()},
            "id": id,
            "createdAt": "2025-01-01T00:00:00Z",
            "updatedAt": "2025-01-01T00:00:00Z",
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }
        for id, label in labels.items()
    ]
    return {"results": [{"label": "Support Pipeline", "displayOrder": 0, "id": "0", "stages": stages}]}


def _associations(size: int, first: int) -> dict[str, Any]:
    types = [
        {"category": "HUBSPOT_DEFINED", "typeId": 16, "label": None},
        {"category": "HUBSPOT_DEFINED", "typeId": 26, "label": "Primary"},
    ]
    results = [
        {"from": {"id": str(FIRST_TICKET + one)}, "to": [{"toObjectId": first + one, "associationTypes": types}]}
        for one in range(size)
    ]
    times = {"startedAt": "2026-03-04T12:00:00.000Z", "completedAt": "2026-03-04T12:00:00.030Z"}
    return {"status": "COMPLETE", "results": results, **times}
