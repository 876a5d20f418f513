"""Zendesk: a page of the ticket export with its metrics and people, and one of the user export with identities."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Zendesk
from benchmarks import tickets
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso, moment

FIRST_PERSON = 10_000_000


def cases(size: int = 1_000) -> list[Case]:
    source = Zendesk("acme", "agent@example.com", "sample-token")
    words = Words("zendesk")
    page = ticket_page(range(size), size, words)
    users = [user(number, words) for number in range(size)]
    identities = [_identity(number, words) for number in range(size)]
    user_page = {**_envelope("users", users, size), "identities": identities}
    return [
        Case(source, "tickets", size + len(page["users"]), {"tickets/cursor.json": json(page)}),
        Case(source, "users", size, {"users/cursor.json": json(user_page)}),
    ]


def ticket_page(numbers: range, of: int, words: Words, *, is_last: bool = False) -> dict[str, Any]:
    """One page of an export of `of` tickets; a person for every ten thirds of them."""
    people = max(1, int(of * tickets.PEOPLE_SHARE))
    rows = [_ticket(number, people, words) for number in numbers]
    named = dict.fromkeys(row["requester_id"] - FIRST_PERSON for row in rows)
    users = [user(one, words) for one in named]
    return {**_envelope("tickets", rows, numbers.stop, is_last=is_last), "users": users}


def _envelope(name: str, rows: list[dict[str, Any]], after: int, *, is_last: bool = False) -> dict[str, Any]:
    url = f"https://acme.zendesk.com/api/v2/incremental/{name}/cursor.json?cursor=c{after}&per_page=1000"
    return {name: rows, "after_url": url, "after_cursor": f"c{after}", "before_cursor": None, "end_of_stream": is_last}


def _ticket(number: int, people: int, words: Words) -> dict[str, Any]:
    row = tickets.ticket(number, people, words.chance)
    row["fields"] = row["custom_fields"]
    row["metric_set"] = {
        "url": f"https://acme.zendesk.com/api/v2/ticket_metrics/{number + 7_000_000}.json",
        "id": number + 7_000_000,
        "ticket_id": row["id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "group_stations": 1,
        "assignee_stations": 1,
        "reopens": 0,
        "replies": words.whole(6),
        "assignee_updated_at": row["updated_at"],
        "requester_updated_at": row["created_at"],
        "status_updated_at": row["updated_at"],
        "initially_assigned_at": row["created_at"],
        "assigned_at": row["created_at"],
        "solved_at": row["updated_at"] if row["status"] in ("solved", "closed") else None,
        "latest_comment_added_at": row["updated_at"],
        "reply_time_in_minutes": {"calendar": words.whole(5_000), "business": words.whole(1_500)},
        "first_resolution_time_in_minutes": {"calendar": words.whole(5_000), "business": words.whole(1_500)},
        "full_resolution_time_in_minutes": {"calendar": words.whole(5_000), "business": words.whole(1_500)},
        "agent_wait_time_in_minutes": {"calendar": words.whole(5_000), "business": words.whole(1_500)},
        "requester_wait_time_in_minutes": {"calendar": words.whole(5_000), "business": words.whole(1_500)},
        "on_hold_time_in_minutes": {"calendar": 0, "business": 0},
        "custom_status_updated_at": row["updated_at"],
    }
    return row


def user(number: int, words: Words) -> dict[str, Any]:
    """An end user."""
    first, last, address = words.person(number)
    made = moment(number)
    return {
        "id": FIRST_PERSON + number,
        "url": f"https://acme.zendesk.com/api/v2/users/{FIRST_PERSON + number}.json",
        "name": f"{first} {last}",
        "email": address,
        "created_at": iso(made),
        "updated_at": iso(moment(number, after=90_000)),
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": words.phone(number) if number % 3 == 0 else None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": 5_000 + number % 50 if number % 4 == 0 else None,
        "role": "end-user",
        "verified": True,
        "external_id": f"shop-{number}" if number % 2 else None,
        "tags": ["newsletter"] if number % 5 == 0 else [],
        "alias": None,
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": iso(made),
        "two_factor_auth_enabled": None,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": None,
        "custom_role_id": None,
        "is_billing_admin": False,
        "moderator": False,
        "ticket_restriction": "requested",
        "only_private_comments": False,
        "restricted_agent": True,
        "suspended": False,
        "default_group_id": None,
        "report_csv": False,
        "user_fields": {"loyalty_level": "gold", "orders": words.whole(30), "birthday": None},
        "suspension_details": None,
    }


def _identity(number: int, words: Words) -> dict[str, Any]:
    """The main address again, or for one in four another one."""
    address = words.person(number)[2]
    return {
        "url": f"https://acme.zendesk.com/api/v2/users/{FIRST_PERSON + number}/identities/{number + 900}.json",
        "id": number + 900,
        "user_id": FIRST_PERSON + number,
        "type": "email",
        "value": f"private.{address}" if number % 4 == 0 else address,
        "verified": True,
        "primary": number % 4 != 0,
        "created_at": iso(moment(number)),
        "updated_at": iso(moment(number)),
        "undeliverable_count": 0,
        "deliverable_state": "deliverable",
    }
