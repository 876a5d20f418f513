"""What the helpdesk knows of one ticket at one time, and how it comes to the next version."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from shop.people import User

ACTIVE = frozenset({"new", "open", "pending", "hold"})
"""The statuses of a ticket that is not over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One version of a ticket; other tickets are named by their `key` until all are numbered."""

    key: int
    created_at: datetime
    updated_at: datetime
    generated_at: datetime
    requester: User
    submitter: User
    channel: str
    subject: str
    description: str
    reason: str
    order: str
    kind: str | None
    group: str
    status: str = "new"
    snoozed_until: datetime | None = None
    waits_for_courier: bool = False
    priority: str | None = None
    assignee: User | None = None
    tags: tuple[str, ...] = ()
    copied: tuple[User, ...] = ()
    score: str = "unoffered"
    score_comment: str | None = None
    is_public: bool = True
    has_incidents: bool = False
    problem: int | None = None
    follows: int | None = None
    followed_by: tuple[int, ...] = ()
    merged_into: int | None = None
    was_imported_without_date: bool = False


class Changes(TypedDict, total=False):
    """What one turn may change in a ticket."""

    status: str
    snoozed_until: datetime | None
    waits_for_courier: bool
    priority: str | None
    assignee: User | None
    subject: str
    description: str
    tags: tuple[str, ...]
    copied: tuple[User, ...]
    score: str
    score_comment: str | None
    has_incidents: bool
    followed_by: tuple[int, ...]
    merged_into: int | None


@dataclass(frozen=True, slots=True)
class Life:
    """One ticket from its first version to its last, oldest first; never empty."""

    versions: list[Ticket] = field(default_factory=list[Ticket])

    @property
    def first(self) -> Ticket:
        return self.versions[0]

    @property
    def last(self) -> Ticket:
        return self.versions[-1]

    def turn(self, at: datetime, **changes: Unpack[Changes]) -> None:
        """Somebody changes the ticket at `at`.

        Raises:
            ValueError: `at` is before the version that is there.
        """
        if at < self.last.updated_at:
            raise ValueError(f"ticket `{self.last.key}` would turn back in time: put its turns in order")
        generated_at = at + timedelta(seconds=1 + self.last.key % 3)
        self.versions.append(replace(self.last, updated_at=at, generated_at=generated_at, **changes))

    def touch(self, at: datetime) -> None:
        """The service itself rewrites the ticket: `generated_timestamp` moves and `updated_at` does not."""
        self.versions.append(replace(self.last, generated_at=at))
