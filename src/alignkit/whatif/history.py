"""Puts the log of a store into the order in which things became known, so that it can be lived through again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from alignkit import identity
from alignkit.models import (
    AccountChanged,
    Campaign,
    CampaignChanged,
    Category,
    ContactChanged,
    CustomerEvent,
    Event,
    IssueRemoved,
    Message,
    MessageSent,
    Send,
    SendStatus,
)
from alignkit.models.times import EPOCH
from alignkit.rules.facts import Facts
from alignkit.stores import MemoryStore
from alignkit.stores.base import Store
from alignkit.stores.records import Batch

_TOLD = (
    "issue.changed",
    "issue.removed",
    "survey.answered",
    "post.published",
    "message.sent",
    "hold.changed",
    "contact.changed",
    "account.changed",
)
"""The events that decisions rest on."""

_WENT_OUT = frozenset({SendStatus.SENT, SendStatus.BOUNCED, SendStatus.FAILED})


class Known(StrEnum):
    """When an event counts as known: when it `happened` at its source, or when it was `received` here.

    A history that was imported at once was received at once; there only the first tells anything.
    """

    HAPPENED = "happened"
    RECEIVED = "received"


class Happening(NamedTuple):
    """An event, and when it became known."""

    at: datetime
    event: CustomerEvent


@dataclass(frozen=True, slots=True)
class History:
    """Everything that decisions rest on, in the order in which it became known.

    Attributes:
        people: the first records of people and companies. They tell who is who, and count from the beginning.
        happenings: everything else.
        campaigns: the last record of each campaign, by source and id.
        customers: for each identifier, the customer whose it is today.
    """

    people: Sequence[CustomerEvent]
    happenings: Sequence[Happening]
    campaigns: Mapping[tuple[str, str], Campaign]
    customers: Mapping[str, str]

    def message(self, sent: MessageSent, otherwise: Category | None) -> Message | None:
        """What went out; None where nobody says what kind of message it was."""
        send = sent.data
        campaign = self._campaign(sent.source, send)
        category = send.category or (campaign.category if campaign else None) or otherwise
        if category is None:
            return None
        products = campaign.product_refs if campaign else ()
        return Message(category=category, channel=send.channel, campaign_id=send.campaign_id, product_refs=products)

    def _campaign(self, source: str, send: Send) -> Campaign | None:
        return None if send.campaign_id is None else self.campaigns.get((source, send.campaign_id))


def read_history(store: Store, *, known: Known = Known.HAPPENED, lag: timedelta = timedelta(0)) -> History:
    """The history that a store has kept; it is held in memory.

    Args:
        store: where the log is.
        known: which time of an event counts.
        lag: how long after that it became known.
    """
    people: dict[tuple[str, str, str], CustomerEvent] = {}
    happenings: list[Happening] = []
    for event in (event for kind in _TOLD for event in store.events(type=kind)):
        at = event.received_at if known is Known.RECEIVED else event.time
        # A message went out when it did, however late it was written down.
        moment = event.time if isinstance(event, MessageSent) else at + lag
        happenings.append(Happening(moment, event))
    happenings.sort(key=_order)
    later: list[Happening] = []
    for happening in happenings:
        event = happening.event
        key = (event.source, event.type, event.subject)
        if isinstance(event, ContactChanged | AccountChanged) and key not in people:
            people[key] = event
        else:
            later.append(happening)
    return History(
        people=tuple(people.values()),
        happenings=tuple(later),
        campaigns=dict(_campaigns(store)),
        customers={key: customer.id for customer in store.customers() for key in customer.identifiers},
    )


def _order(happening: Happening) -> tuple[datetime, bool, int, str]:
    """By moment; what becomes known at the very moment of a message was not known before it."""
    event = happening.event
    return happening.at, not isinstance(event, MessageSent), event.source_version, event.id


def _campaigns(store: Store) -> Iterator[tuple[tuple[str, str], Campaign]]:
    for event in store.events(type=CampaignChanged.kind):
        if isinstance(event, CampaignChanged):
            yield (event.source, event.subject), event.data


class Replay:
    """A store that has seen of a history only what became known so far.

    Who is who is taken as it is known today: that two addresses are one person is no fact that a policy decides by.

    Args:
        history: what is lived through again.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._store = MemoryStore()
        self._people_of: dict[tuple[str, str], tuple[str, ...]] = {}
        self._members: dict[str, set[str]] = {}
        self._introduce()
        self._unite()

    def _introduce(self) -> None:
        by_source: dict[str, list[CustomerEvent]] = {}
        for event in self._history.people:
            by_source.setdefault(event.source, []).append(event)
        for source, events in by_source.items():
            for start in range(0, len(events), _AT_ONCE):
                self._store.apply(Batch(source, events[start : start + _AT_ONCE], EPOCH))
            for event in events:
                self._remember(event)

    def _unite(self) -> None:
        first: dict[str, str] = {}
        for key, customer in self._history.customers.items():
            one = first.setdefault(customer, key)
            known = self._store.customer(one), self._store.customer(key)
            if one != key and (None in known or known[0] != known[1]):
                self._store.merge(one, key, "known to be one person", EPOCH)

    def tell(self, event: CustomerEvent, at: datetime) -> None:
        """Makes an event known."""
        self._store.apply(Batch(event.source, [event], at))
        self._remember(event)

    def _remember(self, event: CustomerEvent) -> None:
        """Whom an event concerns, for later events about the same thing or company."""
        people = identity.people_of(event.data, event.source)
        if isinstance(event, ContactChanged):
            for account in identity.accounts_of(event.data, event.source):
                self._members.setdefault(account, set()).update(person.identifiers[0] for person in people[:1])
        if not isinstance(event, IssueRemoved):
            self._people_of[event.source, event.subject] = tuple(person.identifiers[0] for person in people)

    def concerned(self, event: Event) -> list[str]:
        """An identifier of each customer whose facts an event may change, after it was told."""
        people = self._people_of.get((event.source, event.subject), ())
        members = (
            key for account in identity.accounts_of(event.data, event.source) for key in self._members.get(account, ())
        )
        by_customer = {self.customer(key): key for key in (*people, *sorted(members))}
        return list(by_customer.values())

    def customer(self, key: str) -> str:
        """Who is behind an identifier today; the identifier itself where nobody is."""
        return self._history.customers.get(key, key)

    def facts(self, key: str, needs: AbstractSet[str]) -> Facts:
        """What is known of a customer so far."""
        return self._store.facts(key, needs)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()


_AT_ONCE = 1_000


def went_out(event: Event) -> bool:
    """Whether this is the word that a message went out, whether or not it arrived."""
    return isinstance(event, MessageSent) and event.data.status in _WENT_OUT


def addressee(event: MessageSent) -> str | None:
    """An identifier of the one whom a message went to; None where none is told."""
    people: Iterable[identity.Person] = identity.people_of(event.data, event.source)
    return next((person.identifiers[0] for person in people), None)
