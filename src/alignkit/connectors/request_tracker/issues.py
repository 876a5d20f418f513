"""Translates tickets and users into alignkit's terms: status, priority, and who began a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from alignkit import identity
from alignkit.connectors.request_tracker.payload import Ticket, UserRecord, Watcher
from alignkit.models.customer import Contact
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoval, IssueRemoved
from alignkit.models.issue import Issue
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import Direction, Initiator, IssueStatus, Namespace, Priority

STATUSES: Mapping[str, IssueStatus] = {
    "new": IssueStatus.NEW,
    "open": IssueStatus.OPEN,
    "stalled": IssueStatus.WAITING_ON_CUSTOMER,
    "resolved": IssueStatus.RESOLVED,
    "rejected": IssueStatus.CANCELLED,
    "deleted": IssueStatus.DELETED,
}
"""The statuses of RT's own lifecycle. A site may give any of these names another class."""

PRIORITIES: Mapping[Priority, int] = {Priority.LOW: 1, Priority.NORMAL: 34, Priority.HIGH: 67}
"""The least number of each priority, around RT's own Low (0), Medium (50) and High (100); 0 is unset."""

SYSTEM_USERS = frozenset({"RT_System", "Nobody"})


class Learned(NamedTuple):
    """What a ticket's own row does not say.

    Attributes:
        is_active: whether its status is active in its lifecycle.
        is_staff: whether its creator is privileged.
        has_customer_written: as its history shows; None where it was not looked at or shows nothing.
        is_outbound: whether it lies in a queue declared outbound.
    """

    is_active: bool | None = None
    is_staff: bool | None = None
    has_customer_written: bool | None = None
    is_outbound: bool = False


class Translation:
    """The terms of one desk.

    Args:
        name: of the connector.
        base_url: of the service, for links to tickets.
        statuses: by name, stronger than the lifecycle.
        priorities: the least number of each priority.
        has_subjects: whether subjects are kept.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        statuses: Mapping[str, IssueStatus],
        priorities: Mapping[Priority, int],
        *,
        has_subjects: bool,
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._statuses = {status.casefold(): meaning for status, meaning in statuses.items()}
        self._priorities = sorted(((least, priority) for priority, least in priorities.items()), reverse=True)
        self._has_subjects = has_subjects

    def changed(self, ticket: Ticket, learned: Learned, received_at: datetime, sequence: int = 0) -> IssueChanged:
        """A snapshot of a ticket, its version being its last change."""
        issue = self.issue(ticket, learned)
        return IssueChanged.of(issue, source=self._name, received_at=received_at, sequence=sequence)

    def removed(self, removal: IssueRemoval, received_at: datetime) -> IssueRemoved:
        """A removal, which outweighs a snapshot of the same version."""
        return IssueRemoved.of(removal, source=self._name, received_at=received_at, sequence=1)

    def merged(self, ticket: Ticket, received_at: datetime) -> IssueRemoved:
        """The removal of a ticket that was merged into another."""
        removal = IssueRemoval(
            id=str(ticket.id),
            source=self._name,
            remote_updated_at=ticket.updated,
            reason="merged",
            merged_into=str(ticket.survivor),
        )
        return self.removed(removal, received_at)

    def issue(self, ticket: Ticket, learned: Learned) -> Issue:
        raw = ticket.status or ""
        people = ticket.people
        first = people[0] if people else None
        status = self.status(raw, is_active=learned.is_active)
        beginning = _beginning(ticket, learned)
        return Issue(
            id=str(ticket.id),
            source=self._name,
            url=f"{self._base_url}/Ticket/Display.html?id={ticket.id}",
            remote_created_at=ticket.created,
            remote_updated_at=ticket.updated,
            created_at=ticket.created,
            # RT keeps the time of an earlier resolution when a ticket is opened again.
            resolved_at=ticket.resolved if status.is_active is False else None,
            status=status,
            status_raw=raw,
            subject=ticket.subject if self._has_subjects else None,
            priority=self.priority(ticket.priority),
            priority_raw=None if ticket.priority is None else str(ticket.priority),
            requester_id=_user_id(first),
            requester_email=first.email if first else None,
            requester_name=first.real_name if first else None,
            requesters=tuple(known for one in people[1:] if (known := self._identifier(one)) is not None),
            queue=ticket.queue.name if ticket.queue else None,
            assignee=_assignee(ticket.owner),
            initiated_by=beginning.initiated_by,
            customer_wrote=beginning.customer_wrote,
            direction=beginning.direction,
        )

    def status(self, raw: str, *, is_active: bool | None) -> IssueStatus:
        """The meaning of a status: as the settings say, else by its class, refined by the names of RT's own."""
        word = raw.casefold()
        own = STATUSES.get(word)
        if word in self._statuses:
            return self._statuses[word]
        if own is IssueStatus.DELETED:  # the one name that RT reserves in every lifecycle
            return own
        if is_active is None:
            return IssueStatus.UNKNOWN
        if own is not None and own.is_active is is_active:
            return own
        return IssueStatus.OPEN if is_active else IssueStatus.RESOLVED

    def needs_class(self, raw: str) -> bool:
        """Whether the class of a status must be known to tell its meaning."""
        word = raw.casefold()
        return word not in self._statuses and STATUSES.get(word) is not IssueStatus.DELETED

    def priority(self, number: int | str | None) -> Priority:
        """The priority of a number; one that is no number, or zero, is unset."""
        try:
            value = int(number or 0)
        except ValueError:
            return Priority.UNSET
        return next((priority for least, priority in self._priorities if 0 < least <= value), Priority.UNSET)

    def contact(
        self, user: UserRecord, user_id: int, received_at: datetime, *, is_staff: bool | None, sequence: int = 0
    ) -> ContactChanged:
        """A snapshot of a user; where RT hides the time of change, all are of version 0, the last received counts."""
        contact = Contact(
            id=str(user_id),
            source=self._name,
            remote_created_at=user.created,
            remote_updated_at=user.updated,
            name=user.real_name,
            emails=(user.email,) if user.email else (),
            locale=user.language,
            is_staff=bool(is_staff),
            is_active=not user.disabled,
        )
        version = microseconds(user.updated) if user.updated else 0
        return ContactChanged.of(
            contact, source=self._name, received_at=received_at, version=version, sequence=sequence
        )

    def _identifier(self, person: Watcher) -> str | None:
        address = identity.email(person.email) if person.email else None
        user_id = _user_id(person)
        if address is None and user_id is not None:
            return identity.of_service(Namespace.HELPDESK_USER, self._name, user_id)
        return address


def is_system(person: Watcher | None) -> bool:
    """Whether it is one of the users that RT made for itself."""
    return person is not None and person.name in SYSTEM_USERS


def is_own(ticket: Ticket) -> bool:
    """Whether its creator is among its requestors."""
    creator = ticket.creator
    return creator is not None and creator.id is not None and creator.id in {one.id for one in ticket.people}


class _Beginning(NamedTuple):
    """Who began a ticket, and whether the customer wrote in it, as far as that is known."""

    initiated_by: Initiator | None
    customer_wrote: bool | None
    direction: Direction | None = None


def _beginning(ticket: Ticket, learned: Learned) -> _Beginning:
    # Only True is certain from a history: an address we do not know may be the customer's.
    wrote = True if learned.has_customer_written else None
    if is_system(ticket.creator):
        return _Beginning(Initiator.SYSTEM, wrote)
    if is_own(ticket):
        return _Beginning(Initiator.AGENT if learned.is_staff else Initiator.CUSTOMER, True, Direction.INBOUND)
    if learned.is_staff is None:
        return _Beginning(None, wrote)
    if not learned.is_staff:
        return _Beginning(Initiator.CUSTOMER, wrote)
    if learned.is_outbound and learned.has_customer_written is False:
        return _Beginning(Initiator.CAMPAIGN, False, Direction.OUTBOUND)
    # A ticket that an agent files for a caller holds no words of the customer's, and counts all the same.
    return _Beginning(Initiator.AGENT, wrote)


def _user_id(person: Watcher | None) -> str | None:
    return str(person.id) if person is not None and person.id is not None else None


def _assignee(owner: Watcher | None) -> str | None:
    name = None if owner is None else owner.name or (str(owner.id) if owner.id else None)
    return None if name in SYSTEM_USERS else name
