"""Tells tickets, contacts and companies as events, and what was merged into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from alignkit.connectors.gone import issue_gone, thing_gone
from alignkit.connectors.hubspot.portal import Portal
from alignkit.connectors.hubspot.records import COMPANIES, NAMES, SETTLED, TICKETS, Kind
from alignkit.connectors.records import Found
from alignkit.models.events import CustomerEvent
from alignkit.models.issue import Issue
from alignkit.transport import Flow

Associated = Mapping[str, tuple[str, ...]]
"""The ids that tickets are associated with, by the ticket's."""


def thing_events(portal: Portal, kind: Kind, found: Sequence[Found[Any]], now: datetime) -> list[CustomerEvent]:
    """Contacts or companies, and those that were merged into them."""
    events: list[CustomerEvent] = []
    for one in found:
        losers: tuple[str, ...] = one.extras.beside
        at = one.data.remote_updated_at or now
        events += merged_events(portal, kind.name, losers, one.data.id, at, now)
        events.append(one.event(source=portal.name, received_at=now))
    return events


def merged_events(
    portal: Portal, name: str, losers: Iterable[str], into: str, at: datetime, now: datetime
) -> list[CustomerEvent]:
    """Objects of the kind `name` that went into another one, no later than `at`."""
    source = portal.name
    if name == TICKETS:
        return [issue_gone(one, source=source, at=at, received_at=now, reason="merged", into=into) for one in losers]
    return [thing_gone(NAMES[name], one, source=source, at=at, received_at=now, into=into) for one in losers]


def ticket_events(
    portal: Portal, kind: Kind, tickets: Sequence[Found[Any]], now: datetime
) -> Flow[tuple[list[CustomerEvent], AbstractSet[str]]]:
    """Tickets as their stages and associations tell them, and those merged into them; and those no longer shown.

    Whoever has lost the right to see a ticket is shown no people of it either, and nothing tells. So a ticket without
    people is told only if it is still there afterwards.
    """
    if not tickets:
        return [], set()
    yield from portal.learn_stages(found.data.status_raw for found in tickets)
    ids = [found.data.id for found in tickets]
    companies: Associated = {}
    if not portal.lacks_companies:
        companies = yield from portal.associated(ids, COMPANIES)
    people = yield from portal.associated(ids, "contacts")
    hidden = yield from _hidden(portal, kind, [id for id in ids if not people.get(id)])
    events: list[CustomerEvent] = []
    for found in tickets:
        if found.data.id in hidden:
            continue
        events.append(_settled(portal, found, people, companies).event(source=portal.name, received_at=now))
        ticket, beside = found.data, found.extras.beside
        at = ticket.remote_updated_at or ticket.created_at
        events += merged_events(portal, kind.name, beside.merged_ids, ticket.id, at, now)
    return events, hidden


def _hidden(portal: Portal, kind: Kind, ids: Sequence[str]) -> Flow[AbstractSet[str]]:
    """Which of these are not shown any more."""
    found, unread = yield from portal.by_id(kind, ids)
    return {*ids} - {one.data.id for one in found} - {one.key for one in unread}


def _settled(portal: Portal, found: Found[Issue], people: Associated, companies: Associated) -> Found[Issue]:
    ticket, beside = found.data, found.extras.beside
    status = portal.status_of(ticket.status_raw)
    contacts = people.get(ticket.id, ())
    closed_at = beside.closed_at if status in SETTLED else None
    return found.changed(
        status=status,
        resolved_at=closed_at,
        closed_at=closed_at,
        requester_id=next(iter(contacts), None),
        affected_ids=contacts[1:],
        account_id=next(iter(companies.get(ticket.id, ())), None),
    )
