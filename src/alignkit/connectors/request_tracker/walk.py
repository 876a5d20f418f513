"""Says where a stream's reading stands, so that a walk can stop after any page and lose nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from alignkit.connectors.window import Kept, Pace
from alignkit.models.times import Instant

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
"""Changes may be committed late, and a mark stays a little behind the service's clock."""

WIDEST_ZONE = timedelta(hours=14)
"""No time zone is farther from UTC."""


class TicketWalk(Kept):
    """A walk through the tickets changed since `begins`, by ascending id.

    An id never changes, so a ticket that changes during the walk cannot move to a page already read; at worst it is
    read in its newer state now and once more in the next window.

    Attributes:
        begins: the time that the search is given, early enough in the reader's time zone; None for all tickets.
        mark: the mark once the walk has reached its end.
        after: the highest id read.
        page: the page of those above `after`; beyond the first only while pages come without a visible ticket.
    """

    begins: Instant | None = None
    mark: Instant
    after: Annotated[int, Field(ge=0)] = 0
    page: Annotated[int, Field(ge=1)] = 1


class TicketPosition(Kept):
    """The checkpoint of the tickets: the mark up to which all is read, and the walk under way."""

    mark: Instant | None = None
    walk: TicketWalk | None = None


class UserMark(Kept):
    """What is known of the users: every change up to `time`, every user up to `id`.

    `time` is None where RT hides from us when users were changed.
    """

    time: Instant | None = None
    id: int = 0


class UserWalk(Kept):
    """A walk through the users, newest first, until it meets the mark.

    Users cannot be searched by id or time, only sorted. A user changed during the walk moves to its beginning, where
    the next walk finds them, and pushes the others back, so that some are read twice and none of them is skipped.

    Attributes:
        order: what is newest: the last change, or the id where times are hidden.
        mark: the mark once the walk has met the old one.
        seen: a digest of the last page; the same page again and again is no progress.
        repeats: how often it came in a row.
    """

    order: Literal["LastUpdated", "id"] = "LastUpdated"
    mark: UserMark
    page: Annotated[int, Field(ge=1)] = 1
    seen: str = ""
    repeats: int = 0


class UserPosition(Kept):
    """The checkpoint of the users."""

    mark: UserMark | None = None
    walk: UserWalk | None = None


def written(moment: datetime) -> str:
    """A time as TicketSQL takes it; RT reads any other form as a time before all tickets."""
    return f"'{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
