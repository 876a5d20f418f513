"""Gorgias: a page of tickets and one of customers."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Gorgias
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, moment

FIRST_TICKET, FIRST_PERSON = 153_000_000, 400_700_000


def cases(size: int = 100) -> list[Case]:
    source = Gorgias("acme", "agent@example.com", "sample-token")
    words = Words("gorgias")
    tickets = [_ticket(number, words) for number in range(size)]
    customers = [_customer(number, words) for number in range(size)]
    return [
        Case(source, "tickets", size, {"/tickets": json(_page("tickets", tickets))}),
        Case(source, "customers", size, {"/customers": json(_page("customers", customers))}),
    ]


def _page(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    meta = {"prev_cursor": None, "next_cursor": "WyIyMDI2LTAzLTA0VDEyOjAwOjAwIiwgMTUzMDExOTcyXQ=="}
    return {"object": "list", "uri": f"/api/{name}?limit=100", "data": rows, "meta": meta}


def _stamp(number: int, after: int = 0) -> str:
    return moment(number, after=after).isoformat(timespec="microseconds")


def _ticket(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    id, changed = FIRST_TICKET + number, _stamp(number, 9_000)
    is_closed = words.is_one_of(2)
    return {
        "id": id,
        "uri": f"/api/tickets/{id}/",
        "external_id": None,
        "language": "en",
        "status": "closed" if is_closed else "open",
        "priority": "normal",
        "channel": words.chance.choice(("email", "chat", "instagram-comment")),
        "via": "email",
        "from_agent": False,
        "customer": {
            "id": FIRST_PERSON + number,
            "email": address,
            "name": f"{first} {last}",
            "firstname": first,
            "lastname": last,
            "meta": {"name_set_via": "email"},
        },
        "assignee_user": {
            "id": 400_746_608,
            "email": "agent@acme.example",
            "name": "Sam Agent",
            "firstname": "Sam",
            "lastname": "Agent",
            "meta": {"name_set_via": "agent"},
            "bio": None,
        },
        "assignee_team": {"id": 77, "name": "First level", "decoration": {"emoji": "📦"}},
        "subject": words.subject(),
        "excerpt": words.text(3)[:200],
        "integrations": [{"name": "Acme Support", "address": "help@acme.example", "type": "email"}],
        "meta": None,
        "tags": [
            {"id": 1_151_716, "name": "parcel", "decoration": {"color": "#eb144c"}},
            {"id": 1_151_800 + number % 30, "name": f"wave_{number % 30}", "decoration": {}},
        ],
        "messages_count": words.whole(9) + 1,
        "is_unread": False,
        "spam": False,
        "created_datetime": _stamp(number),
        "opened_datetime": _stamp(number, 600),
        "last_received_message_datetime": _stamp(number, 3_600),
        "last_message_datetime": changed,
        "updated_datetime": changed,
        "closed_datetime": changed if is_closed else None,
        "snooze_datetime": None,
        "trashed_datetime": None,
    }


def _customer(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    id = FIRST_PERSON + number
    told = {"email": address, "phone": words.phone(number)}
    channels = [
        {
            "id": 2 * id + place,
            "type": kind,
            "address": value,
            "preferred": True,
            "created_datetime": _stamp(number),
            "updated_datetime": _stamp(number),
            "deleted_datetime": None,
            "user": {"id": id, "name": f"{first} {last}"},
            "customer": {"id": id, "name": f"{first} {last}"},
        }
        for place, (kind, value) in enumerate(told.items())
        if kind == "email" or number % 3 == 0
    ]
    return {
        "id": id,
        "external_id": str(6_600_000_000_000 + number),
        "active": True,
        "email": address,
        "name": f"{first} {last}",
        "firstname": first,
        "lastname": last,
        "language": "en",
        "timezone": "Europe/Berlin",
        "note": None,
        "meta": {"name_set_via": "email"},
        "data": None,
        "integrations": {},
        "channels": channels,
        "created_datetime": _stamp(number),
        "updated_datetime": _stamp(number, 9_000),
    }
