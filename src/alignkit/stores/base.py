"""What a store promises, as one protocol.

Events, folded facts and the checkpoint of a page are one transaction; an intent to hold or release is committed before
any call. Everything a store is told twice counts once. A store that fails raises `StoreUnavailable` or `StoreDamaged`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, Protocol

from alignkit.models import Customer, CustomerEvent, Hold, Identity, Issue, Signal
from alignkit.models.exchange import Ref
from alignkit.rules.facts import Facts
from alignkit.stores.cohort import Cohort
from alignkit.stores.records import (
    Applied,
    Batch,
    Cause,
    Deferred,
    DeferredState,
    Forgotten,
    Json,
    Lease,
    LedgerRow,
    QuarantineRow,
    Reach,
    Role,
    Row,
    SourceState,
    Table,
    Wave,
    WideHold,
)


class Store(Protocol):
    """Where events, facts, checkpoints and the ledger are kept. Methods may be called from any thread."""

    # Reading sources

    def expect(self, source: str, type: str, streams: Sequence[str]) -> None:
        """Registers a source; decisions count as incomplete until each of its streams was read to its end.

        Raises:
            DataInvalid: the source was retired for good.
        """
        ...

    def retire(self, source: str, *, for_good: bool = False, lease: Lease | None = None) -> None:
        """Forgets how far a source was read and what was to be read of it; no decision waits for it any more.

        What it told stays, and so does its name. It is a new source to whoever reads it again, unless it was retired
        `for_good`, after which it cannot be expected again.

        Raises:
            DataInvalid: there is no such source.
        """
        ...

    def location(self, role: Role, name: str) -> str | None:
        """Where the source or destination of this name was last; None where nobody has said."""
        ...

    def locate(self, role: Role, name: str, location: str, lease: Lease | None = None) -> None:
        """Says where the source or destination of this name is from now on."""
        ...

    def sources(self) -> list[SourceState]:
        """Every source that is expected, with its watermark."""
        ...

    def watermarks(self) -> Mapping[str, datetime | None]:
        """The watermark of each expected source, as `sources` tells it; None where it is not complete."""
        ...

    def checkpoint(self, source: str, stream: str) -> tuple[Json, int] | None:
        """Where a stream's reading goes on, and the version of the checkpoint's meaning."""
        ...

    def apply(self, batch: Batch) -> Applied:
        """Stores events, what follows from them, and the checkpoint: all of it or nothing.

        Raises:
            LeaseHeld: the batch's lease has been taken over by another run.
            DataInvalid: an event is of another source than the batch.
        """
        ...

    def wanted(self, source: str, now: datetime, limit: int = 100) -> list[Ref]:
        """Objects of the work list that are due, and those that a clock which was ahead put off by more than a week."""
        ...

    def postpone(self, source: str, refs: Sequence[Ref], until: datetime) -> None:
        """Tries these objects again later; nothing is given up."""
        ...

    def stale_issues(self, source: str, unseen_since: datetime, limit: int = 100) -> list[str]:
        """Ids of issues that count as active or unknown and were last seen before a moment, longest unseen first.

        Those that were seen more than a week after it were seen by a clock that was ahead: they are among them.
        """
        ...

    # People

    def customer(self, identifier: str) -> Customer | None:
        """The customer whom an identifier belongs to."""
        ...

    def identities(self, customer_id: str) -> list[Identity]:
        """Every identifier of a customer, with its evidence."""
        ...

    def merge(self, first: str, second: str, reason: str, now: datetime) -> None:
        """Says by hand that two identifiers are one person."""
        ...

    def unmerge(self, identifier: str, reason: str, now: datetime) -> None:
        """Takes one identifier out of its customer for good; both parts are worked out anew from their own evidence."""
        ...

    # Deciding

    def ask(
        self, identifier: str, needs: AbstractSet[str], after: int | None = None
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        """What `facts` and `watermarks` tell, of one moment: what a decision needs to know, and how far to trust it.

        Issues, posts and sends that are over may be left out where nothing that they tell is later than `after`, in
        microseconds; see `alignkit.rules.lookback`.
        """
        ...

    def facts(self, identifier: str, needs: AbstractSet[str]) -> Facts:
        """What is known of a customer, as far as `needs` (names of fields of `Facts`) asks; empty for strangers.

        Holds on everybody are always among it, for strangers as well; those beyond whose cap the customer is are not.
        """
        ...

    # Holds that are not about single people

    def hold(self, source: str, id: str) -> Hold | None:
        """One manual, incident or blackout hold."""
        ...

    def parts(self, id: str) -> list[Hold]:
        """The holds that carry a hold of our own out, person by person, sorted by id."""
        ...

    def members(self, cohort: Cohort) -> list[str]:
        """One identifier of each person in a cohort, those who are named first; nobody for `everybody`."""
        ...

    def wide_holds(self, active_at: datetime | None = None) -> list[WideHold]:
        """Holds that are not about single people, the oldest first, and accounts whose issues concern many people.

        An account is told of as an automatic hold, whose id is that of the account with `account:` before it.
        """
        ...

    def confirm(self, source: str, reach: Reach) -> None:
        """Lets a hold, or the issues of an account (`source` empty), reach as many people as somebody answers for.

        Raises:
            DataInvalid: there is no such hold, or it is about single people.
        """
        ...

    # Deferred messages

    def defer(self, wanted: Deferred) -> Deferred:
        """Keeps a message that waits and returns what is kept; the same one twice changes nothing.

        Raises:
            DataInvalid: the reference stands for another message.
        """
        ...

    def deferred(self, state: DeferredState | None = None) -> Iterator[Deferred]:
        """Deferred messages, the oldest first."""
        ...

    def tell(
        self, answers: Sequence[Deferred], waiting: Sequence[Deferred] = (), lease: Lease | None = None
    ) -> list[str]:
        """Writes answers, and what is known of those that go on waiting, in one transaction.

        Returns the references that were waiting until now: each is answered once, whoever asks at the same time.
        """
        ...

    def give_back(self, references: Sequence[str]) -> list[str]:
        """Lets messages wait again whose answer was not acted upon; returns those that do."""
        ...

    def acknowledge(self, references: Sequence[str]) -> list[str]:
        """Ends messages whose answer was acted upon, and forgets whom they were for; returns those that ended now."""
        ...

    def prune_deferred(self, before: datetime) -> int:
        """Drops messages that ended and were answered before a moment; how many. Their references are free again."""
        ...

    # Release piece by piece

    def wave(self, destination: str, scope: str) -> Wave | None:
        """The release that is under way for one kind of message at one destination."""
        ...

    def waves(self) -> list[Wave]:
        """Every release that is under way."""
        ...

    def released_since(self, destination: str, scope: str, since: datetime) -> int:
        """How many people were let go, for one kind of message, after a moment."""
        ...

    def keep_wave(self, wave: Wave, released: int, now: datetime, lease: Lease | None = None) -> None:
        """Writes how far a release has come, before `released` people are let go now."""
        ...

    def end_wave(self, destination: str, scope: str, lease: Lease | None = None) -> None:
        """Says that nobody waits for a release any more."""
        ...

    # Scripts: everything in constant memory

    def issues(self, *, active: bool | None = None, source: str | None = None) -> Iterator[Issue]:
        """Issues as they stand; `active=True` counts unknown ones in."""
        ...

    def customers(self) -> Iterator[Customer]:
        """Customers that were not merged into others."""
        ...

    def events(
        self, *, source: str | None = None, type: str | None = None, customer: str | None = None
    ) -> Iterator[CustomerEvent]:
        """The log, in order of arrival."""
        ...

    def signals(self, *, customer: str | None = None) -> Iterator[Signal]:
        """Readings of every issue, survey and post."""
        ...

    def holds(self, *, active_at: datetime | None = None) -> Iterator[Hold]:
        """Manual, incident and blackout holds, then those in place at destinations."""
        ...

    def rows(self, table: Table) -> Iterator[Row]:
        """One table as flat rows of plain values, for data frames and CSV."""
        ...

    def quarantined(self) -> Iterator[QuarantineRow]:
        """Records that could not be read."""
        ...

    def counts(self) -> dict[str, int]:
        """Figures for a status report: issues, active, unknown, without customer, customers, events, quarantined."""
        ...

    def unknown_statuses(self) -> dict[tuple[str, str], int]:
        """How many issues carry each status that could not be mapped, by (source, raw status)."""
        ...

    # The ledger

    def destinations(self) -> list[str]:
        """The name of every destination that the ledger has something of."""
        ...

    def adopt(self, old: str, new: str, lease: Lease | None = None) -> int:
        """Carries all that is kept of one destination on under another name; says how many people the ledger has there.

        What is known of a person under the new name already stays as it is.
        """
        ...

    def ledger(self, destination: str) -> Iterator[LedgerRow]:
        """Every row of one destination."""
        ...

    def causes(self, destination: str, scope: str | None = None) -> Iterator[Cause]:
        """Why people are held at one destination."""
        ...

    def intend(
        self,
        rows: Iterable[LedgerRow],
        *,
        add: Iterable[Cause] = (),
        drop: Iterable[tuple[str, str, str]] = (),
        lease: Lease | None = None,
    ) -> None:
        """Writes rows and causes in one transaction. `drop` is (destination, address, scope)."""
        ...

    def strike(self, destination: str, addresses: Sequence[str], lease: Lease | None = None) -> None:
        """Removes ledger rows, and their causes, whose release is over."""
        ...

    # Leases

    def acquire(self, name: str, owner: str, now: datetime, term: timedelta, *, dead: str | None = None) -> Lease:
        """Takes a lease. An owner given as `dead` is known not to live any more, so its lease counts as ended.

        Raises:
            LeaseHeld: another owner has it and it has not ended; the error names that owner.
        """
        ...

    def renew(self, lease: Lease, now: datetime, term: timedelta) -> None:
        """Keeps a lease.

        Raises:
            LeaseHeld: it was taken over.
        """
        ...

    def surrender(self, lease: Lease) -> None:
        """Gives a lease back; harmless where it was lost already."""
        ...

    # Upkeep

    def refold(self) -> int:
        """Builds all facts anew from the log, after a mapping or a reading has changed; returns how many things."""
        ...

    def forget(self, identifier: str, now: datetime) -> Forgotten:
        """Erases a person: no identifier of theirs stays in the file.

        Raises:
            DataInvalid: a hold of ours is still in place for them; the text names where.
        """
        ...

    def export(self, identifier: str) -> dict[str, Any]:
        """Everything kept about one customer, and nothing of others, ready for JSON."""
        ...

    def close(self) -> None:
        """Ends the use of the store."""
        ...
