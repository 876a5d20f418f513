"""What passes through a store: pages, leases, states of reading, wide holds, waiting messages, rows of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from alignkit.models import CustomerEvent, Hold, Message
from alignkit.models.exchange import Quarantined, Ref

Scalar: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Scalar]
Json: TypeAlias = Mapping[str, Any]

OWN_SOURCE = "alignkit"
"""The source of events that are recorded here and not read from a service: manual holds, sends."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one page brings, stored in one transaction.

    Attributes:
        source: the instance that it comes from.
        stream: None for what was fetched by id or recorded by hand: no checkpoint moves then.
        now: when it was received.
        ended: the stream was read to its end; its watermark becomes `now`.
        anew: files that are read again; records quarantined by their place in one, `NAME at ...`, are let go before.
        done: objects of the work list that need no further try.
        reaches: how far holds of this batch may reach, where that is not the cap that holds for all.
        lease: the name of the run's lease and its fence; a run that lost its lease may not write.
    """

    source: str
    events: Sequence[CustomerEvent]
    now: datetime
    stream: str | None = None
    checkpoint: Json | None = None
    checkpoint_version: int = 1
    ended: bool = False
    quarantined: Sequence[Quarantined] = ()
    anew: Sequence[str] = ()
    wanted: Sequence[Ref] = ()
    done: Sequence[Ref] = ()
    reaches: Sequence[Reach] = ()
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people a hold may silence, and who has said so.

    Attributes:
        hold: the hold's id at its source.
        cap: the most people; None for all whom it is meant for.
        by: who confirmed that it may reach so many; None where nobody did.
    """

    hold: str
    cap: int | None
    by: str | None = None
    reason: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WideHold:
    """A hold that is not about single people: on accounts, on a cohort, on everybody, or on a long list.

    Attributes:
        people: how many people it is meant for; None where that is everybody, known or not.
    """

    hold: Hold
    people: int | None
    reach: Reach

    @property
    def is_capped(self) -> bool:
        """Whether it reaches fewer people than it is meant for, and waits for somebody to confirm it."""
        return self.reach.cap is not None and (self.people is None or self.people > self.reach.cap)

    @property
    def silenced(self) -> int | None:
        """How many people it reaches at most; None for everybody."""
        caps = [one for one in (self.people, self.reach.cap) if one is not None]
        return min(caps) if caps else None


class DeferredState(StrEnum):
    """How far a deferred message has come."""

    WAITING = "waiting"
    TOLD = "told"
    DONE = "done"


class Became(StrEnum):
    """What becomes of a deferred message."""

    SEND = "send"
    """It may go out now."""
    SWAP = "swap"
    """The substitute may go out in its place."""
    DROP = "drop"
    """It is never to be sent."""
    EXPIRED = "expired"
    """Its time is over."""
    SUPERSEDED = "superseded"
    """Another message of the same kind to the same person goes out in its place."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A message that waits: the caller keeps the message, the store its reference.

    Attributes:
        reference: the caller's own name for it.
        who: the identifier of the person; empty once the answer was acknowledged.
        rank: the greatest of a backlog goes out; among equals the newest.
        recheck_at: when time alone changes the decision that was last made, None where it does not.
        reason: why it waits, or why it got the answer that it got.
    """

    reference: str
    who: str
    message: Message
    deferred_at: datetime
    expires_at: datetime | None = None
    rank: int = 0
    recheck_at: datetime | None = None
    reason: str = ""
    state: DeferredState = DeferredState.WAITING
    became: Became | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wave:
    """A release that goes out piece by piece at one destination.

    Attributes:
        people: how many were due in all, those released already among them.
        released: how many of them were released so far.
    """

    destination: str
    scope: str
    since: datetime
    people: int
    released: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch changed: events that were new, repeats, and those of people who asked to be forgotten."""

    new: int = 0
    repeated: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to pull one source or push to one destination, until it ends or is renewed."""

    name: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream has been read; both times are None before its end was reached once."""

    stream: str
    read_at: datetime | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far one source has been read. `read_at` is that of its stalest stream, None until all were read once."""

    name: str
    type: str
    streams: tuple[StreamState, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every stream has been read to its end at least once."""
        return bool(self.streams) and all(stream.is_complete for stream in self.streams)

    @property
    def read_at(self) -> datetime | None:
        """The watermark: everything older was seen."""
        known = [stream.read_at for stream in self.streams if stream.read_at is not None]
        return min(known) if known and self.is_complete else None


class LedgerState(StrEnum):
    """How far a hold or a release has come at a destination."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    UNVERIFIABLE = "unverifiable"
    ABSENT = "absent"
    FOREIGN = "foreign"
    REJECTED = "rejected"


IN_PLACE = frozenset({LedgerState.ACCEPTED, LedgerState.CONFIRMED, LedgerState.UNVERIFIABLE})
"""States of a hold that stands at the destination."""

IN_FLIGHT = frozenset({LedgerState.INTENDED, LedgerState.SUBMITTED})
"""States that a run left open; the next run settles them first."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one kind of message must not reach one person at one destination.

    Attributes:
        scope: the kind of message, as `Message.scope` names it.
    """

    destination: str
    address: str
    scope: str
    reason: str
    rules: tuple[str, ...]
    evidence: tuple[str, ...]
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What we intend for, or have done to, one person at one destination."""

    destination: str
    address: str
    direction: Literal["hold", "release"]
    state: LedgerState
    since: datetime
    at: datetime
    snapshot: Json = field(default_factory=dict[str, Any])
    handle: str | None = None
    detail: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One record that could not be read, and how often it came."""

    source: str
    stream: str
    key: str
    reason: str
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What erasing one person removed."""

    customers: int
    events: int
    things: int
    identifiers: int
    ledger_rows: int
    deferred: int = 0


Role: TypeAlias = Literal["source", "destination"]
Table: TypeAlias = Literal["issues", "customers", "events", "signals", "holds", "identities", "quarantine", "ledger"]
