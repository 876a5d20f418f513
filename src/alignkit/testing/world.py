"""The truth at a fake service: things with every version they had, and the moments at which each can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from typing_extensions import Unpack

from alignkit.models.times import EPOCH
from alignkit.models.vocabulary import IssueStatus

NO_TIME = timedelta(0)
SECOND = timedelta(seconds=1)


class Kind(StrEnum):
    """What a row of the truth is about."""

    ACCOUNT = "account"
    PERSON = "person"
    ISSUE = "issue"
    SURVEY = "survey"
    POST = "post"
    OPPORTUNITY = "opportunity"


class Fate(StrEnum):
    """How a thing ended that is not as it was."""

    DELETED = "deleted"
    """Thrown away; many services still tell of it for some time."""
    PURGED = "purged"
    """Gone without a trace."""
    MERGED = "merged"
    """Part of another thing now, which `survivor` names."""
    SPAM = "spam"
    """Put away as not worth an answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one thing, in neutral words; a sheet renders it as its service's JSON.

    Attributes:
        number: counts the things of a world in the order in which they came to be.
        created: when the thing came to be, by the service's clock.
        changed: the stamp that the service shows as the last change.
        touched: the stamp that the service keeps for itself; later than `changed` where it touched the row itself.
        word: the service's own word for the status of an issue.
        status: what the word means.
        title: subject, name or text.
        email: the address of a person, or the one that came with an issue of nobody that is known.
        addresses: further e-mail addresses of a person.
        person: the id of the requester, author or respondent.
        others: ids of further people whom an issue concerns.
        issue: the id of the issue that a survey or a post is about.
        score: 1 for a bad answer, 5 for a good one.
    """

    kind: Kind
    id: str
    number: int
    created: datetime
    changed: datetime
    touched: datetime
    word: str = ""
    status: IssueStatus = IssueStatus.UNKNOWN
    title: str = ""
    email: str | None = None
    addresses: tuple[str, ...] = ()
    person: str | None = None
    others: tuple[str, ...] = ()
    account: str | None = None
    issue: str | None = None
    score: int | None = None
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fate: Fate | None = None
    survivor: str | None = None


class Fields(TypedDict, total=False):
    """What may be said of a new row, or changed of an old one."""

    word: str
    title: str
    email: str | None
    addresses: tuple[str, ...]
    person: str | None
    others: tuple[str, ...]
    account: str | None
    issue: str | None
    score: int | None
    tags: tuple[str, ...]
    notes: tuple[str, ...]
    fate: Fate | None
    survivor: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """A row and the moments from which on it can be read by id, and from which on lists and searches show it."""

    row: Row
    by_id: datetime
    in_lists: datetime


MakeId = Callable[[Kind, int, datetime], str]
"""An id in the service's form, from the kind, the number of the thing and the time of its making."""


def large_number(_kind: Kind, number: int, _created: datetime) -> str:
    """A decimal number, odd and beyond 2**53, so that no float holds it."""
    return str(2**53 + 1 + 2 * number)


def floored(moment: datetime, unit: timedelta) -> datetime:
    """The last whole unit before a moment."""
    return moment - (moment - EPOCH) % unit


@dataclass(slots=True)
class World:
    """Everything that is true at one service.

    Attributes:
        now: the service's clock.
        unit: how exact the service's stamps are.
        meanings: what each of its words for the status of an issue means.
        hidden: kinds of which whoever reads sees nothing, in lists or by id.
    """

    now: datetime
    unit: timedelta = SECOND
    meanings: Mapping[str, IssueStatus] = field(default_factory=dict[str, IssueStatus])
    make_id: MakeId = large_number
    hidden: frozenset[Kind] = frozenset()
    _histories: dict[Kind, dict[str, list[Version]]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _count: int = 0

    def tick(self, by: timedelta) -> None:
        """Lets time pass."""
        self.now += by

    # What happens

    def add(
        self,
        kind: Kind,
        *,
        late: timedelta = NO_TIME,
        lag: timedelta = NO_TIME,
        age: timedelta = NO_TIME,
        **fields: Unpack[Fields],
    ) -> Row:
        """A new thing, stamped now.

        Args:
            age: how long ago it claims to have come to be.
            late: how long its transaction stays open; until then nobody sees it.
            lag: how much longer lists and searches need.
        """
        number, stamp = self._count, floored(self.now, self.unit)
        id = self.make_id(kind, number, stamp)
        row = Row(kind, id, number, created=floored(self.now - age, self.unit), changed=stamp, touched=stamp)
        self._count += 1
        return self._put(self._with(row, fields), late, lag)

    def change(
        self,
        kind: Kind,
        id: str,
        *,
        late: timedelta = NO_TIME,
        lag: timedelta = NO_TIME,
        is_stamped: bool = True,
        **fields: Unpack[Fields],
    ) -> Row:
        """A new version of a thing; `is_stamped` False leaves the stamp that the service shows as it was."""
        before = self.truth(kind, id)
        stamp = max(floored(self.now, self.unit), before.touched)
        row = replace(before, changed=stamp if is_stamped else before.changed, touched=stamp)
        return self._put(self._with(row, fields), late, lag)

    def merge(self, kind: Kind, loser: str, survivor: str, *, lag: timedelta = NO_TIME) -> None:
        """Makes one thing a part of another; what belonged to a person belongs to the survivor from now on."""
        self.change(kind, loser, lag=lag, fate=Fate.MERGED, survivor=survivor)
        self.change(kind, survivor, lag=lag)
        if kind is Kind.PERSON:
            for row in self.live(Kind.ISSUE):
                if row.person == loser:
                    self.change(Kind.ISSUE, row.id, lag=lag, person=survivor)

    # What is true, and what can be seen

    def truth(self, kind: Kind, id: str) -> Row:
        """A thing as it stands, seen or not."""
        return self._histories[kind][id][-1].row

    def everything(self, kind: Kind) -> Iterator[Row]:
        """Every thing of a kind as it stands, what is gone included."""
        return (versions[-1].row for versions in self._histories[kind].values())

    def live(self, kind: Kind) -> list[Row]:
        """The things of a kind that are still what they were, and are no secret of an open transaction."""
        return [row for row in self.everything(kind) if row.fate is None and self.by_id(kind, row.id) == row]

    def by_id(self, kind: Kind, id: str) -> Row | None:
        """A thing as somebody sees it who reads it by id now."""
        versions = () if kind in self.hidden else self._histories[kind].get(id, ())
        return next((one.row for one in reversed(versions) if one.by_id <= self.now), None)

    def listed(self, kinds: Sequence[Kind], *, is_lagging: bool) -> list[Row]:
        """Things as lists show them now: the last version that got there."""
        found: list[Row] = []
        shown = [kind for kind in kinds if kind not in self.hidden]
        for versions in (versions for kind in shown for versions in self._histories[kind].values()):
            for one in reversed(versions):
                if (one.in_lists if is_lagging else one.by_id) <= self.now:
                    found.append(one.row)
                    break
        return found

    def _with(self, row: Row, fields: Fields) -> Row:
        row = replace(row, **fields)
        return replace(row, status=self.meanings.get(row.word, IssueStatus.UNKNOWN))

    def _put(self, row: Row, late: timedelta, lag: timedelta) -> Row:
        by_id = self.now + late
        self._histories[row.kind].setdefault(row.id, []).append(Version(row, by_id, by_id + lag))
        return row
