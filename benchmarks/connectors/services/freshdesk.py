"""Freshdesk: a page of tickets with their requesters and statistics, and one of contacts."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Freshdesk
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso, moment

FIRST_PERSON = 43_000_000_000


def cases(size: int = 100) -> list[Case]:
    source = Freshdesk("acme", "sample-token")
    words = Words("freshdesk")
    tickets = [_ticket(number, words) for number in range(size)]
    contacts = [_contact(number, words) for number in range(size)]
    return [
        Case(source, "tickets", size, {"/tickets": json(tickets)}),
        Case(source, "contacts", size, {"/contacts": json(contacts)}),
    ]


def _ticket(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    changed = iso(moment(number, after=7_000))
    status = words.chance.choice((2, 2, 3, 4, 5, 6))
    return {
        "cc_emails": [f"copy.{address}"] if number % 10 == 0 else [],
        "fwd_emails": [],
        "reply_cc_emails": [],
        "ticket_cc_emails": [],
        "fr_escalated": False,
        "spam": False,
        "email_config_id": 43_000_012_345,
        "group_id": 43_000_000_017,
        "priority": words.whole(4) + 1,
        "requester_id": FIRST_PERSON + number,
        "responder_id": 43_000_000_900 + number % 9,
        "source": words.chance.choice((1, 1, 2, 7)),
        "company_id": None,
        "status": status,
        "subject": words.subject(),
        "association_type": None,
        "support_email": "help@acme.example",
        "to_emails": ["help@acme.example"],
        "product_id": None,
        "id": number + 1_000,
        "type": "Question",
        "due_by": iso(moment(number, after=259_200)),
        "fr_due_by": iso(moment(number, after=86_400)),
        "is_escalated": False,
        "custom_fields": {"cf_order": f"{number + 10_000}", "cf_shop": "de", "cf_reason": None, "cf_amount": None},
        "created_at": iso(moment(number)),
        "updated_at": changed,
        "associated_tickets_count": None,
        "tags": ["parcel", f"wave_{number % 30}"],
        "form_id": 43_000_000_002,
        "nr_due_by": None,
        "nr_escalated": False,
        "stats": {
            "agent_responded_at": changed,
            "requester_responded_at": iso(moment(number, after=3_600)),
            "first_responded_at": iso(moment(number, after=1_800)),
            "status_updated_at": changed,
            "reopened_at": None,
            "resolved_at": changed if status in (4, 5) else None,
            "closed_at": changed if status == 5 else None,
            "pending_since": changed if status == 3 else None,
        },
        "requester": {
            "id": FIRST_PERSON + number,
            "name": f"{first} {last}",
            "email": address,
            "mobile": None,
            "phone": words.phone(number) if number % 3 == 0 else None,
        },
        "structured_description": None,
    }


def _contact(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    return {
        "active": True,
        "address": f"Sample Street {number}, 10115 Berlin",
        "company_id": 43_000_111_000 + number % 40 if number % 4 == 0 else None,
        "view_all_tickets": False,
        "description": words.text(1),
        "email": address,
        "id": FIRST_PERSON + number,
        "job_title": "Buyer",
        "language": "en",
        "mobile": words.phone(number),
        "name": f"{first} {last}",
        "phone": None,
        "time_zone": "Berlin",
        "twitter_id": None,
        "facebook_id": None,
        "custom_fields": {"department": None, "loyalty_level": "gold", "birthday": None},
        "tags": ["newsletter"] if number % 5 == 0 else [],
        "other_emails": [f"private.{address}"] if number % 4 == 0 else [],
        "other_companies": [],
        "unique_external_id": f"shop-{number}",
        "created_at": iso(moment(number)),
        "updated_at": iso(moment(number, after=90_000)),
        "preferred_source": "email",
        "visitor_id": f"{words.key(8)}-{words.key(4)}-{words.key(4)}-{words.key(12)}",
        "org_contact_id": 1_900_000_000_000 + number,
        "other_phone_numbers": [],
        "first_name": first,
        "last_name": last,
    }
