"""Looks at a desk the way a doctor would: credential, time zone, and what the reading user may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from alignkit.connectors.base import Finding
from alignkit.connectors.request_tracker.desk import API, QUEUES, USERS, Desk, hides_times, queues, tickets, users
from alignkit.connectors.request_tracker.payload import Listing, Ticket, Version, parsed
from alignkit.connectors.request_tracker.walk import written
from alignkit.errors import AlignkitError
from alignkit.transport import Flow, Request, request

_SAMPLE = 20
_MOST_PAGES = 100


def check(desk: Desk, declared: Collection[str]) -> Flow[Sequence[Finding]]:
    """What is well and what is not; the first thing that cannot even be asked ends the list."""
    findings: list[Finding] = []
    try:
        version = parsed(Version, (yield from request(Request("GET", f"{API}/rt"))), desk.name)
        findings.append(Finding(is_well=True, subject="credential"))
        findings.append(_version(version))
        listing, sample = yield from _newest(desk)
        findings.append(_visible_tickets(listing))
        findings += _requestors(sample)
        findings += yield from _zone(desk, sample)
        findings += yield from _queues(desk, declared)
        findings.append((yield from _user_times(desk)))
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{desk.name}`", remedy=str(error)))
    return findings


def _version(version: Version) -> Finding:
    told = version.version or "unknown"
    is_well = told.startswith(("5.", "6."))
    return Finding(is_well=is_well, subject=f"version {told}", remedy="" if is_well else "use Request Tracker 5")


def _newest(desk: Desk) -> Flow[tuple[Listing, Sequence[Ticket]]]:
    listing, records = yield from desk.listed(tickets("id > 0", order="LastUpdated", size=_SAMPLE))
    return listing, records.good


def _visible_tickets(listing: Listing) -> Finding:
    subject = "tickets"
    if listing.is_partial:
        return Finding(is_well=False, subject=subject, remedy="give the user `ShowTicket` on all queues, not some")
    if not listing.items:
        return Finding(is_well=False, subject=subject, remedy="none is seen; give the user `ShowTicket` on all queues")
    return Finding(is_well=True, subject=subject)


def _requestors(sample: Sequence[Ticket]) -> list[Finding]:
    people = [person for ticket in sample for person in ticket.people]
    if not people:
        return []
    is_well = any(person.email for person in people)
    remedy = "" if is_well else "no requestor shows an address; make the user it is read with privileged"
    return [Finding(is_well=is_well, subject="addresses of requestors", remedy=remedy)]


def _zone(desk: Desk, sample: Sequence[Ticket]) -> Flow[list[Finding]]:
    """Whether RT reads times in UTC: one ticket is looked for by the very second of its last change."""
    if not sample:
        return []
    newest = sample[0]
    moment = newest.updated
    second = f"LastUpdated >= {written(moment)} AND LastUpdated < {written(moment + timedelta(seconds=1))}"
    _, records = yield from desk.listed(tickets(f"id = {newest.id} AND {second}"))
    # A ticket that was changed in between is no evidence of anything.
    is_well = bool(records.good) or not (yield from _stands(desk, newest))
    remedy = "" if is_well else "set the user's time zone to UTC; until then each read goes back up to 14 hours further"
    return [Finding(is_well=is_well, subject="time zone of the user", remedy=remedy)]


def _stands(desk: Desk, ticket: Ticket) -> Flow[bool]:
    _, records = yield from desk.listed(tickets(f"id = {ticket.id}"))
    return any(found.updated == ticket.updated for found in records.good)


def _queues(desk: Desk, declared: Collection[str]) -> Flow[list[Finding]]:
    """Whether the queues of the settings are there, and whether any is seen at all."""
    names: set[str] = set()
    page: int | None = 1
    while page is not None:
        listing = parsed(Listing, (yield from request(queues(page))), desk.name)
        names.update(queue.name.casefold() for queue in QUEUES.read(listing.items).good if queue.name)
        page = page + 1 if listing.next_page and page < _MOST_PAGES else None
    if not names:
        return [Finding(is_well=False, subject="queues", remedy="none is seen; give the user `SeeQueue` on all queues")]
    return [
        Finding(is_well=True, subject=f"queue `{name}`")
        if name.casefold() in names
        else Finding(is_well=False, subject=f"queue `{name}`", remedy="no queue of this name is seen; correct it")
        for name in sorted(declared)
    ] or [Finding(is_well=True, subject="queues")]


def _user_times(desk: Desk) -> Flow[Finding]:
    listing = parsed(Listing, (yield from request(users("LastUpdated", 1))), desk.name)
    is_well = not hides_times(USERS.read(listing.items).good)
    remedy = "new users are read, changed addresses are not; give the user `AdminUsers` where that matters"
    return Finding(is_well=is_well, subject="changes of users", remedy="" if is_well else remedy)
