"""A small town of customers in a store, with a history of issues and messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from alignkit.models import (
    Campaign,
    CampaignChanged,
    Contact,
    ContactChanged,
    CustomerEvent,
    Issue,
    IssueChanged,
    IssueStatus,
    MessageSent,
    Send,
    SurveyAnswered,
    SurveyResponse,
)
from alignkit.stores import MemoryStore
from alignkit.stores.records import Batch

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def issue(id: str, who: str, at: float, status: str = "open", **fields: Any) -> CustomerEvent:
    """A snapshot of an issue, as it stood on that day."""
    created = fields.pop("created", at)
    data = Issue(
        id=id,
        status=IssueStatus(status),
        status_raw=status,
        created_at=day(created),
        requester_email=who,
        remote_updated_at=day(at),
        **fields,
    )
    return IssueChanged.of(data, source="desk", received_at=day(at) + HOUR)


def send(id: str, who: str | None, at: float, category: str | None = "promotional", **fields: Any) -> CustomerEvent:
    """A message that went out on that day."""
    told: dict[str, Any] = {"id": id, "channel": "email", "address": who, "category": category, "sent_at": day(at)}
    data = Send.model_validate({**told, **fields})
    return MessageSent.of(data, source="mail", received_at=day(at) + HOUR, time=day(at))


def contact(who: str, at: float, **fields: Any) -> CustomerEvent:
    data = Contact(id=who.partition("@")[0], emails=(who,), remote_updated_at=day(at), **fields)
    return ContactChanged.of(data, source="desk", received_at=day(at) + HOUR)


def campaign(id: str, category: str, **fields: Any) -> CustomerEvent:
    data = Campaign.model_validate({"id": id, "category": category, "remote_updated_at": day(0), **fields})
    return CampaignChanged.of(data, source="mail", received_at=day(0))


def answer(id: str, who: str, at: float, score: float) -> CustomerEvent:
    scale = {"kind": "nps", "scale_min": 0, "scale_max": 10}
    data = SurveyResponse.model_validate({"id": id, **scale, "score": score, "email": who, "responded_at": day(at)})
    return SurveyAnswered.of(data, source="forms", received_at=day(at), time=day(at))


def store_of(*events: CustomerEvent, read_at: datetime | None = None) -> MemoryStore:
    """A store that was told of these events, in this order, and has read its sources to their end."""
    store = MemoryStore()
    for name in dict.fromkeys(event.source for event in events):
        store.expect(name, "test", ["all"])
    for event in events:
        store.apply(Batch(event.source, [event], event.received_at))
    for name in dict.fromkeys(event.source for event in events):
        now = read_at or max(event.received_at for event in events)
        store.apply(Batch(name, [], now, stream="all", checkpoint={}, ended=True))
    return store
