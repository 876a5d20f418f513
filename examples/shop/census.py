"""Counts what the data holds, kind by kind, and names one person to follow for each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from shop.clock import DAY1_NOW, DAY2_NOW
from shop.tickets import ACTIVE, Ticket
from shop.words import ROLE_NAMES

History: TypeAlias = Sequence[Ticket]
"""A ticket's exported versions up to a day, oldest first; never empty."""
Claim: TypeAlias = Callable[[History, datetime], bool]


def newest(claim: Callable[[Ticket], bool]) -> Claim:
    """`claim` about the newest version, at any time."""
    return lambda history, _now: claim(history[-1])


def in_status_since(history: History) -> datetime:
    """When the newest status was first seen: ratings and tags come later and do not count."""
    since = history[-1].updated_at
    for ticket in reversed(history):
        if ticket.status != history[-1].status:
            break
        since = ticket.updated_at
    return since


def is_solved_lately(history: History, now: datetime) -> bool:
    return history[-1].status == "solved" and now - in_status_since(history) <= timedelta(hours=48)


def waits_long(history: History, now: datetime) -> bool:
    return history[-1].status == "pending" and now - in_status_since(history) > timedelta(days=7)


def is_long_open(history: History, now: datetime) -> bool:
    ticket = history[-1]
    is_dated = not ticket.was_imported_without_date
    return is_active(ticket) and is_dated and now - ticket.created_at > timedelta(days=30)


def was_reopened(history: History, _now: datetime) -> bool:
    """Solved in one exported version, active in a later one."""
    statuses = [ticket.status for ticket in history]
    return "solved" in statuses and not ACTIVE.isdisjoint(statuses[statuses.index("solved") :])


def is_active(ticket: Ticket) -> bool:
    return ticket.status in ACTIVE


def is_filed_by_staff(ticket: Ticket) -> bool:
    return ticket.requester.role == "end-user" and ticket.submitter.role == "agent"


def is_campaign(ticket: Ticket) -> bool:
    return not CAMPAIGN_TAGS.isdisjoint(ticket.tags)


def has_shared_address(ticket: Ticket) -> bool:
    return (ticket.requester.email or "").partition("@")[0] in ROLE_NAMES


def has_priority(priority: str | None) -> Claim:
    return newest(lambda ticket: ticket.priority == priority)


CAMPAIGN_TAGS = frozenset({"campaign_reply", "campaign_outbound"})
KINDS: Mapping[str, Claim] = {
    "tickets": newest(lambda _: True),
    "active": newest(is_active),
    "solved": newest(lambda t: t.status == "solved"),
    "solved_within_48_hours": is_solved_lately,
    "phoned": newest(lambda t: is_filed_by_staff(t) and (t.channel == "voice" or "phone" in t.tags)),
    "merged": newest(lambda t: "closed_by_merge" in t.tags),
    "spam": newest(lambda t: "spam" in t.tags),
    "deleted": newest(lambda t: t.status == "deleted"),
    "scrubbed": newest(lambda t: t.subject == "SCRUBBED"),
    "snoozed": newest(lambda t: t.status == "hold" and t.snoozed_until is not None),
    "waiting_for_courier": newest(lambda t: t.status == "hold" and t.waits_for_courier),
    "waiting_for_customer": newest(lambda t: t.status == "pending"),
    "waiting_for_customer_over_7_days": waits_long,
    "open_over_30_days": is_long_open,
    "reopened": was_reopened,
    "unknown_status": newest(lambda t: t.status == "in_review"),
    "campaign_initiated": newest(lambda t: is_campaign(t) and is_filed_by_staff(t)),
    "campaign_answered": newest(lambda t: is_campaign(t) and not is_filed_by_staff(t)),
    "without_address": newest(lambda t: t.requester.email is None),
    "shared_address": newest(has_shared_address),
    "internal": newest(lambda t: t.requester.role == "agent" and not t.is_public),
    "incident": newest(lambda t: t.problem is not None),
    "follow_up": newest(lambda t: t.follows is not None),
    "touched_by_service": newest(lambda t: t.generated_at - t.updated_at > timedelta(hours=1)),
    "rated_good": newest(lambda t: t.score == "good"),
    "rated_bad": newest(lambda t: t.score == "bad"),
    "priority_urgent": has_priority("urgent"),
    "priority_high": has_priority("high"),
    "priority_normal": has_priority("normal"),
    "priority_low": has_priority("low"),
    "priority_unset": has_priority(None),
    "malformed": newest(lambda t: t.was_imported_without_date),
}
"""Kind -> what must be true of a ticket to count."""

CAST: Mapping[str, tuple[str, ...]] = {
    "phoned": ("phoned", "active"),
    "urgent": ("priority_urgent", "active"),
    "courier_outage": ("incident", "active"),
    "snoozed": ("snoozed",),
    "reopened": ("reopened", "active"),
    "campaign_answered": ("campaign_answered", "active"),
    "unknown_status": ("unknown_status",),
    "rated_bad": ("rated_bad", "solved"),
    "rated_good": ("rated_good", "solved"),
    "solved_lately": ("solved_within_48_hours",),
    "waiting_for_customer": ("waiting_for_customer_over_7_days",),
    "open_over_30_days": ("open_over_30_days",),
    "merged": ("merged",),
    "spam": ("spam", "active"),
    "deleted": ("deleted",),
    "campaign_initiated": ("campaign_initiated", "active"),
}
"""Whom to follow -> the kinds that the person's only ticket is of."""


def count(histories: Iterable[History], now: datetime) -> dict[str, int]:
    """How many tickets are of each kind at `now`."""
    known = list(histories)
    return {kind: sum(claim(history, now) for history in known) for kind, claim in KINDS.items()}


def count_new(earlier: Mapping[int, History], later: Mapping[int, History]) -> dict[str, int]:
    """How many tickets are of each kind on the second day and were not on the first."""
    return {
        kind: sum(
            claim(history, DAY2_NOW) and not (key in earlier and claim(earlier[key], DAY1_NOW))
            for key, history in later.items()
        )
        for kind, claim in KINDS.items()
    }


def choose_cast(histories: Iterable[History], now: datetime) -> dict[str, Ticket]:
    """For each part the earliest ticket that fits and is all its requester ever wrote."""
    known = list(histories)
    wrote = Counter(history[-1].requester.id for history in known)
    alone = [h for h in known if h[-1].requester.email and wrote[h[-1].requester.id] == 1]
    return {
        part: next(history[-1] for history in alone if all(KINDS[kind](history, now) for kind in kinds))
        for part, kinds in CAST.items()
    }
