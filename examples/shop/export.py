"""Writes tickets as Zendesk's cursor export answers them, users side-loaded, a page at a time.

Source: developer.zendesk.com, “Incremental Exports”, “Tickets”, “Users” and “Via object reference”.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlencode

from shop import words
from shop.clock import stamp
from shop.people import User
from shop.tickets import Life, Ticket

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"
Record: TypeAlias = dict[str, Json]
Numbers: TypeAlias = Mapping[int, int]
"""Ticket key -> the number that the helpdesk gave the ticket."""

ROOT = "https://support.example.com/api/v2"
PAGE_SIZE = 100
LAG = timedelta(seconds=60)
"""The export leaves out the last minute."""

FIRST_TICKET_ID = 18_001
BRAND_ID = 41_150_000_000_031
GROUP_IDS = {"Support": 41_160_000_000_003, "Returns": 41_160_000_000_019, "Marketing": 41_160_000_000_027}
ORDER_FIELD, REASON_FIELD, SNOOZE_FIELD = 41_170_000_000_011, 41_170_000_000_029, 41_170_000_000_043
SNOOZED, WITH_COURIER = 41_180_000_000_105, 41_180_000_000_119
STATUS_IDS = {
    "new": 41_180_000_000_007,
    "open": 41_180_000_000_021,
    "pending": 41_180_000_000_049,
    "hold": 41_180_000_000_063,
    "solved": 41_180_000_000_077,
    # Zendesk counts a closed ticket to the category “solved”.
    "closed": 41_180_000_000_077,
}


def custom_statuses() -> Record:
    """The answer of `GET /api/v2/custom_statuses`: each status's label and category."""
    labels = (
        ("new", STATUS_IDS["new"], "New"),
        ("open", STATUS_IDS["open"], "Open"),
        ("pending", STATUS_IDS["pending"], "Waiting for customer"),
        ("hold", STATUS_IDS["hold"], "On hold"),
        ("solved", STATUS_IDS["solved"], "Solved"),
        ("hold", SNOOZED, "Snoozed"),
        ("hold", WITH_COURIER, "Waiting for courier"),
    )
    return {
        "custom_statuses": [
            {
                "id": number,
                "status_category": category,
                "agent_label": label,
                "end_user_label": "Open" if category == "hold" else label,
                "active": True,
                "default": number in STATUS_IDS.values(),
            }
            for category, number, label in labels
        ]
    }


def number_tickets(lives: Iterable[Life]) -> dict[int, int]:
    """Tickets are numbered in the order in which they came in."""
    in_order = sorted(lives, key=lambda life: (life.first.created_at, life.first.key))
    return {life.first.key: FIRST_TICKET_ID + rank for rank, life in enumerate(in_order)}


def first_read(lives: Iterable[Life], until: datetime) -> list[Ticket]:
    """The newest version of each ticket at `until`: what a first run of the export gives."""
    newest: list[Ticket] = []
    for life in lives:
        known = [ticket for ticket in life.versions if ticket.generated_at <= until]
        newest += known[-1:]
    return newest


def read_on(lives: Iterable[Life], since: datetime, until: datetime) -> list[Ticket]:
    """What a run every full hour adds after `since`: a ticket's newest version in each hour it changed in."""
    by_hour: dict[tuple[int, datetime], Ticket] = {}
    for life in lives:
        for ticket in life.versions:
            if since < ticket.generated_at <= until:
                hour = ticket.generated_at.replace(minute=0, second=0)
                by_hour[ticket.key, hour] = ticket
    return list(by_hour.values())


def pages(tickets: Iterable[Ticket], numbers: Numbers) -> Iterator[Record]:
    """The export's pages, ascending by `generated_timestamp`; only the last says `end_of_stream`."""
    in_order = sorted(tickets, key=lambda ticket: (ticket.generated_at, numbers[ticket.key]))
    for start in range(0, len(in_order), PAGE_SIZE):
        batch = in_order[start : start + PAGE_SIZE]
        is_last = start + PAGE_SIZE >= len(in_order)
        yield page(batch, numbers, is_last=is_last)


def page(batch: Sequence[Ticket], numbers: Numbers, *, is_last: bool) -> Record:
    """One answer of the export, with the users its tickets name."""
    last = batch[-1]
    cursor = b64encode(f"{last.generated_at.timestamp():.1f}||{numbers[last.key]}|".encode()).decode()
    query = urlencode({"cursor": cursor, "include": "users,metric_sets", "per_page": PAGE_SIZE})
    return {
        "tickets": [ticket_record(ticket, numbers) for ticket in batch],
        "users": [user_record(user, last.generated_at) for user in named_users(batch)],
        "after_cursor": cursor,
        "after_url": f"{ROOT}/incremental/tickets/cursor.json?{query}",
        "before_cursor": None,
        "before_url": None,
        "end_of_stream": is_last,
    }


def named_users(batch: Iterable[Ticket]) -> list[User]:
    """Everybody whom a ticket of the page names, each once."""
    users: dict[int, User] = {}
    for ticket in batch:
        named = (ticket.requester, ticket.submitter, ticket.assignee, *ticket.copied)
        users.update({user.id: user for user in named if user})
    return [users[number] for number in sorted(users)]


def ticket_record(ticket: Ticket, numbers: Numbers) -> Record:
    """One version of one ticket as the export writes it."""
    number = numbers[ticket.key]
    copied = [user.id for user in ticket.copied]
    is_messaging = ticket.channel in {"native_messaging", "whatsapp"}
    return {
        "url": f"{ROOT}/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "via": via(ticket, numbers),
        "created_at": "0000-00-00T00:00:00Z" if ticket.was_imported_without_date else stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "generated_timestamp": int(ticket.generated_at.timestamp()),
        "type": ticket.kind,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.description,
        "priority": ticket.priority,
        "status": ticket.status,
        "recipient": "help@shop.example.com" if ticket.channel == "email" else None,
        "requester_id": ticket.requester.id,
        "submitter_id": ticket.submitter.id,
        "assignee_id": ticket.assignee.id if ticket.assignee else None,
        "organization_id": ticket.requester.organization_id,
        "group_id": GROUP_IDS[ticket.group],
        "collaborator_ids": copied,
        "follower_ids": [],
        "email_cc_ids": copied,
        "problem_id": None if ticket.problem is None else numbers[ticket.problem],
        "has_incidents": ticket.has_incidents,
        "is_public": ticket.is_public,
        "due_at": None,
        "tags": sorted(set(ticket.tags)),
        "custom_fields": custom_fields(ticket),
        "satisfaction_rating": satisfaction_rating(ticket),
        "metric_set": metric_set(ticket, number),
        "custom_status_id": custom_status_id(ticket),
        "brand_id": BRAND_ID,
        "followup_ids": [numbers[key] for key in ticket.followed_by],
        "allow_channelback": ticket.channel == "whatsapp",
        "allow_attachments": True,
        "from_messaging_channel": is_messaging,
    }


def via(ticket: Ticket, numbers: Numbers) -> Record:
    """How the ticket came in."""
    sender: Record = {}
    receiver: Record = {}
    rel: str | None = None
    if ticket.channel == "email":
        sender = {"address": ticket.requester.email, "name": ticket.requester.name}
        receiver = {"name": "Lark & Pine", "address": "help@shop.example.com"}
    elif ticket.channel == "voice":
        phone = ticket.requester.phone
        sender = {"phone": phone, "formatted_phone": phone, "name": ticket.requester.name}
        rel = "inbound"
    if ticket.follows is not None:
        sender |= {"ticket_id": numbers[ticket.follows], "subject": ticket.subject, "channel": ticket.channel}
        rel = "follow_up"
    return {"channel": ticket.channel, "source": {"from": sender, "to": receiver, "rel": rel}}


def custom_fields(ticket: Ticket) -> list[Json]:
    """The shop's own fields: order number, reason, and the day until which a ticket sleeps."""
    snoozed_until = f"{ticket.snoozed_until:%Y-%m-%d}" if ticket.snoozed_until else None
    return [
        {"id": ORDER_FIELD, "value": ticket.order},
        {"id": REASON_FIELD, "value": ticket.reason},
        {"id": SNOOZE_FIELD, "value": snoozed_until},
    ]


def metric_set(ticket: Ticket, number: int) -> Record:
    """The times that Zendesk keeps beside a ticket; the requester's is null while the requester has not written."""
    has_written = ticket.submitter.id == ticket.requester.id
    return {"ticket_id": number, "requester_updated_at": stamp(ticket.created_at) if has_written else None}


def satisfaction_rating(ticket: Ticket) -> Record:
    """What the customer said about the help, if anybody asked."""
    if ticket.score not in {"good", "bad"}:
        return {"score": ticket.score}
    return {"id": 41_300_000_000_000 + ticket.key, "score": ticket.score, "comment": ticket.score_comment}


def custom_status_id(ticket: Ticket) -> int | None:
    """The finer status below Zendesk's own; a status the service does not list has none."""
    if ticket.status == "hold" and ticket.snoozed_until:
        return SNOOZED
    if ticket.status == "hold" and ticket.waits_for_courier:
        return WITH_COURIER
    return STATUS_IDS.get(ticket.status)


def user_record(user: User, at: datetime) -> Record:
    """One user as side-loaded at `at`."""
    locale, zone, iana_zone = words.LOCALES[user.country]
    is_suspended = user.suspended_at is not None and user.suspended_at <= at
    changed_at = user.suspended_at if user.suspended_at and is_suspended else user.created_at
    return {
        "id": user.id,
        "url": f"{ROOT}/users/{user.id}.json",
        "name": user.name,
        "email": user.email,
        "created_at": stamp(user.created_at),
        "updated_at": stamp(changed_at),
        "time_zone": zone,
        "iana_time_zone": iana_zone,
        "phone": user.phone,
        "locale": locale,
        "organization_id": user.organization_id,
        "role": user.role,
        "verified": user.email is not None,
        "external_id": None,
        "tags": list(user.tags),
        "active": user.active,
        "suspended": is_suspended,
    }
