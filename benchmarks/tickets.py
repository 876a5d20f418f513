"""Makes Zendesk-like tickets of about 2.25 kB, page by page, the same on every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z
PEOPLE_SHARE = 0.3
REPEATED_SHARE = 0.06
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
_WEIGHTS = (4, 14, 8, 4, 20, 50)
_SUBJECTS = ("Where is my parcel", "Wrong size", "Refund has not arrived", "Voucher is refused", "Cannot sign in")


def write_pages(path: Path, tickets: int, per_page: int = 1000) -> int:
    """Writes one JSON page a line, as a cursor export answers; returns the number of pages."""
    pages = 0
    with path.open("wb") as file:
        for page in _pages(tickets, per_page):
            file.write(orjson.dumps(page) + b"\n")
            pages += 1
    return pages


def _pages(tickets: int, per_page: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(20260303)
    people = max(1, int(tickets * PEOPLE_SHARE))
    recent: list[dict[str, Any]] = []
    page: list[dict[str, Any]] = []
    for number in range(tickets):
        made = ticket(number, people, chance)
        page.append(made)
        if chance.random() < REPEATED_SHARE and recent:
            page.append(chance.choice(recent))
        recent = [*recent[-200:], made]
        if len(page) >= per_page:
            yield _envelope(page[:per_page], number)
            page = page[per_page:]
    if page:
        yield _envelope(page, tickets)


def _envelope(tickets: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return {
        "tickets": tickets,
        "after_cursor": f"cursor-{number}",
        "after_url": f"https://shop.zendesk.com/api/v2/incremental/tickets/cursor.json?cursor=cursor-{number}",
        "before_cursor": None,
        "end_of_stream": False,
    }


def stamp(seconds: int) -> str:
    """A time as Zendesk writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ticket(number: int, people: int, chance: random.Random) -> dict[str, Any]:
    """One ticket as an export has it."""
    person = chance.randrange(people)
    status = chance.choices(_STATUSES, _WEIGHTS)[0]
    created = EPOCH + number * 20
    updated = created + chance.randrange(3_600, 400_000)
    by_mail = chance.random() < 0.7
    sender = {"address": f"person{person}@example.com", "name": f"Person {person}"} if by_mail else {}
    receiver = {"address": "help@shop.example", "name": "Shop"} if by_mail else {}
    subject = f"{chance.choice(_SUBJECTS)} {number}"
    return {
        "url": f"https://shop.zendesk.com/api/v2/tickets/{number}.json",
        "id": number + 100_000,
        "external_id": None,
        "via": {
            "channel": "email" if by_mail else "web",
            "source": {"from": sender, "to": receiver, "rel": None},
        },
        "created_at": stamp(created),
        "updated_at": stamp(updated),
        "generated_timestamp": updated + 2,
        "type": chance.choice(("incident", "question", "problem", None)),
        "subject": subject,
        "raw_subject": subject,
        "description": "The parcel should have been here on Monday and nobody knows where it is. " * 7,
        "priority": chance.choice(("low", "normal", "high", "urgent", None, None)),
        "status": status,
        "recipient": "help@shop.example",
        "requester_id": 10_000_000 + person,
        "submitter_id": 10_000_000 + person,
        "assignee_id": 900 + number % 20,
        "organization_id": None,
        "group_id": 77,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ["shop", "parcel", f"wave_{number % 30}"],
        "custom_fields": [{"id": 3_600_000 + k, "value": None if k % 2 else f"value {k}"} for k in range(10)],
        "satisfaction_rating": {"score": "unoffered"},
        "sharing_agreement_ids": [],
        "custom_status_id": 12,
        "fields": [{"id": 3_600_000 + k, "value": None if k % 2 else f"value {k}"} for k in range(10)],
        "followup_ids": [],
        "ticket_form_id": 3,
        "brand_id": 4,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }
