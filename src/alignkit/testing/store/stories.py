"""What the tests of stores are told with: events of a small company, pages of them, and one whole story."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from alignkit.models import (
    Category,
    Channel,
    Contact,
    ContactChanged,
    CustomerEvent,
    CustomerMatch,
    Hold,
    HoldChanged,
    HoldKind,
    Issue,
    IssueChanged,
    IssueRemoval,
    IssueRemoved,
    IssueStatus,
    Message,
    MessageSent,
    Polarity,
    Post,
    PostPublished,
    Send,
    SurveyAnswered,
    SurveyKind,
    SurveyResponse,
)
from alignkit.stores.base import Store
from alignkit.stores.records import OWN_SOURCE, Applied, Batch, Cause, Deferred, LedgerRow, LedgerState

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning, from which every story here goes on."""

HOUR = timedelta(hours=1)
TERM = timedelta(minutes=10)
DESK = "desk"
EVERYTHING = frozenset(
    {"issues", "account_issues", "signals", "surveys", "posts", "sends", "holds", "attributes", "bucketing_id"}
)


def at(hours: float) -> datetime:
    """So many hours after the start."""
    return START + hours * HOUR


def issue(id: str, hours: float = 0, status: str = "open", *, source: str = DESK, **fields: Any) -> IssueChanged:
    """What a helpdesk says of an issue at some hour."""
    known = {"created_at": START, "status_raw": status} | fields
    data = Issue.model_validate({"id": id, "status": IssueStatus(status), **known})
    return IssueChanged.of(data, source=source, received_at=at(hours), time=at(hours))


def removal(id: str, hours: float, reason: str, merged_into: str | None = None) -> IssueRemoved:
    """The word of a helpdesk that an issue is gone."""
    data = IssueRemoval.model_validate({"id": id, "reason": reason, "merged_into": merged_into})
    return IssueRemoved.of(data, source=DESK, received_at=at(hours), time=at(hours))


def contact(id: str, hours: float = 0, *emails: str, source: str = DESK, **fields: Any) -> ContactChanged:
    """What a service says of a person at some hour."""
    data = Contact.model_validate({"id": id, "emails": emails, "remote_updated_at": at(hours), **fields})
    return ContactChanged.of(data, source=source, received_at=at(hours))


def hold(id: str, hours: float, *identifiers: str, accounts: Sequence[str] = ()) -> HoldChanged:
    """A colleague's hold on some people."""
    data = Hold(
        id=id,
        kind=HoldKind.MANUAL,
        reason="a recall",
        identifiers=identifiers,
        account_ids=tuple(accounts),
        opened_at=at(hours),
    )
    return HoldChanged.of(data, source=DESK, received_at=at(hours), time=at(hours))


def wide(id: str, hours: float, **fields: Any) -> HoldChanged:
    """What a service says at some hour of a hold on many people."""
    data = Hold.model_validate({"id": id, "kind": "incident", "reason": "a recall", "opened_at": at(1), **fields})
    return HoldChanged.of(data, source=DESK, received_at=at(hours), time=at(hours))


def own_part(id: str) -> HoldChanged:
    """A part of a hold of our own."""
    data = Hold(id=id, kind=HoldKind.INCIDENT, reason="a recall", identifiers=("a@x.example",), opened_at=at(1))
    return HoldChanged.of(data, source=OWN_SOURCE, received_at=at(1), time=at(1))


def waits(reference: str, *, who: str = "email:ada@shop.example", hours: float = 1) -> Deferred:
    """An offer to somebody that waits since some hour."""
    offer = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
    return Deferred(reference, who, offer, at(hours), expires_at=at(hours + 48))


def rating(id: str, hours: float, about: str, score: float, email: str | None = None) -> SurveyAnswered:
    """An answer to the survey that follows an issue."""
    data = SurveyResponse(
        id=id,
        kind=SurveyKind.CSAT,
        score=score,
        scale_min=1,
        scale_max=5,
        issue_id=about,
        email=email,
        responded_at=at(hours),
    )
    return SurveyAnswered.of(data, source=DESK, received_at=at(hours), time=at(hours))


def page(events: Iterable[CustomerEvent], hours: float = 100, *, source: str = DESK, **fields: Any) -> Batch:
    """A page of the stream `issues`, unless another is named, received at some hour."""
    given: dict[str, Any] = {"stream": "issues", "checkpoint": {"after": hours}} | fields
    return Batch(source, list(events), at(hours), **given)


def told(store: Store, identifiers: Iterable[str]) -> str:
    """Everything a store says of some people, as text that does not depend on the numbers it gave them."""
    return json.dumps({one: _told(store, one) for one in identifiers}, sort_keys=True, default=str, indent=1)


def _told(store: Store, identifier: str) -> dict[str, Any]:
    facts = asdict(store.facts(identifier, EVERYTHING))
    customer = store.customer(identifier)
    facts["customer"] = None if customer is None else customer.identifiers
    known = {one.id: one.identifiers for one in store.customers()}
    for issue in (*facts["issues"], *facts["account_issues"]):
        issue["customer"] = known.get(issue["customer"], issue["customer"])
    lists: dict[str, list[Any]] = {name: found for name, found in facts.items() if isinstance(found, list)}
    return facts | {name: sorted(found, key=str) for name, found in lists.items()}


def row(address: str, state: LedgerState = LedgerState.CONFIRMED, *, destination: str = "list") -> LedgerRow:
    """A hold at a destination."""
    return LedgerRow(destination, address, "hold", state, START, START, {"was": "on"})


def cause(address: str, scope: str = "promotional/email", *, destination: str = "list") -> Cause:
    """Why somebody is held there."""
    return Cause(destination, address, scope, "an open issue", ("open-issue",), ("desk/issue/1",), START)


def story() -> list[CustomerEvent]:
    """Two people and what befalls them: each kind of thing whose folding could depend on the order of arrival."""
    post = Post(
        id="p1",
        platform="net",
        polarity=Polarity.NEGATIVE,
        customer_match=CustomerMatch(identifier="email:ada@shop.example", confidence=0.95, method="told"),
        posted_at=at(4),
    )
    sent = Send(
        id="s1", address="ada@shop.example", channel=Channel.EMAIL, category=Category.PROMOTIONAL, sent_at=at(1)
    )
    return [
        contact("u1", 0, "ada@shop.example", "info@shop.example", tier="gold", account_ids=("a1",)),
        contact("u1", 5, "ada@home.example", tier="gold", account_ids=("a1",)),
        contact("u9", 2, "ada@home.example", source="crm", tier="silver", is_vip=True),
        contact("u2", 1, "bob@shop.example", account_ids=("a1",)),
        issue("1", 1, "new", requester_id="u1", priority="normal"),
        issue("1", 3, "resolved", requester_id="u1", priority="normal"),
        issue("1", 8, "open", requester_id="u1", priority="urgent", account_id="a1"),
        issue("2", 2, requester_email="bob@shop.example"),
        issue("2", 6, requester_email="carol@shop.example"),
        issue("3", 2, requester_id="u2"),
        issue("3", 7, "merged", requester_id="u2", merged_into="4"),
        issue("4", 3, requester_email="dora@shop.example"),
        removal("4", 9, "merged", "5"),
        issue("5", 4, requester_email="info@shop.example"),
        issue("6", 2, "merged", requester_id="u1", merged_into="5"),
        issue("6", 6, "open", requester_id="u1"),
        issue("7", 1, requester_email="eve@shop.example"),
        removal("7", 2, "deleted"),
        issue("7", 3, requester_email="eve@shop.example"),
        rating("r1", 4, "1", 1, "ada@shop.example"),
        rating("r2", 4, "1", 5, "ada@shop.example"),
        hold("h1", 1, "bob@shop.example"),
        PostPublished.of(post, source="net", received_at=at(4), time=at(4)),
        MessageSent.of(sent, source="alignkit", received_at=at(1), time=at(1)),
    ]


def shuffled(events: Sequence[CustomerEvent], seed: int) -> list[CustomerEvent]:
    """The events in an order that is the same for the same seed."""
    return Random(seed).sample(events, len(events))


PEOPLE = (
    *(f"email:{name}@shop.example" for name in ("ada", "bob", "carol", "dora", "eve", "info")),
    "email:ada@home.example",
    "helpdesk_user:desk/u1",
    "helpdesk_user:desk/u2",
    "helpdesk_user:crm/u9",
)
"""Everybody in `story`."""


def put(store: Store, events: Iterable[CustomerEvent], hours: float = 100) -> Applied:
    """Stores events of any sources, in pages of one source each, in the order given."""
    counts = [0, 0, 0]
    for event in events:
        done = store.apply(page([event], hours, source=event.source, stream=None, checkpoint=None))
        counts = [sum(pair) for pair in zip(counts, (done.new, done.repeated, done.forgotten), strict=True)]
    return Applied(*counts)


def issues_of(store: Store, identifier: str) -> set[str]:
    """The issues that concern somebody, as `source/issue/id`."""
    return {one.ref for one in store.facts(identifier, EVERYTHING).issues}
