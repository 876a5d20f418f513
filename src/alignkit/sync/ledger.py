"""Carries holds and releases out at a destination, each written down before it is asked for.

A crash between writing and asking, or between asking and hearing, leaves a row that the next run settles first: what
stands at the destination is looked at, and the step is done again or counted as done. No hold exists without its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeVar

from alignkit.connectors.base import Capability, Look, Members, Order, Receipt, Result, Sink, Standing, Submitted
from alignkit.errors import PagingStuck
from alignkit.identity import readable
from alignkit.stores.base import Store
from alignkit.stores.records import IN_FLIGHT, IN_PLACE, Cause, Lease, LedgerRow, LedgerState
from alignkit.transport import Flow, call

T = TypeVar("T")
Direction = Literal["hold", "release"]

_STATE_OF = {
    Result.CONFIRMED: LedgerState.CONFIRMED,
    Result.ACCEPTED: LedgerState.ACCEPTED,
    Result.UNVERIFIABLE: LedgerState.UNVERIFIABLE,
}
_SETTLED_AS = _STATE_OF | {
    Result.ABSENT: LedgerState.ABSENT,
    Result.FOREIGN: LedgerState.FOREIGN,
    Result.REJECTED: LedgerState.REJECTED,
    Result.RETRY: LedgerState.INTENDED,
}
_TEXT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a destination made of one person's hold or release.

    Attributes:
        state: `intended` where it could not do it this time, and the next run asks again.
        detail: what it said, where it said more.
    """

    address: str
    direction: Direction
    state: LedgerState
    detail: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet how it ends; the next run settles it."""
        return self.state in IN_FLIGHT

    @property
    def is_rejected(self) -> bool:
        """Whether the destination said no, and will again until something changes there."""
        return self.state is LedgerState.REJECTED

    @property
    def is_done(self) -> bool:
        """Whether our hold stands, or is gone."""
        if self.direction == "hold":
            return self.state in IN_PLACE
        return not (self.is_open or self.is_rejected)


def _nothing() -> None: ...


@dataclass(slots=True)
class Works:
    """Holds and releases at one destination during one run.

    Attributes:
        keep: renews the lease where it is time, or ends the run; called before each batch is asked for.
        tally: how often each result came, by `hold confirmed`, `release absent` and so on.
        settlements: what became of each person of whom something was asked, by address.
    """

    store: Store
    sink: Sink
    now: datetime
    lease: Lease | None = None
    keep: Callable[[], None] = _nothing
    tally: dict[str, int] = field(default_factory=dict[str, int])
    settlements: dict[str, Settlement] = field(default_factory=dict[str, Settlement])
    _cursors: set[str] = field(default_factory=set[str])

    def hold(self, causes: Sequence[Cause]) -> Flow[None]:
        """Holds the people of these causes; who is held for another reason already only gets the cause.

        Whom the destination has refused before is asked for again: what stood in the way may be gone.
        """
        rows = yield from call(self._rows)
        standing = {row.address for row in in_place(rows.values())}
        busy = {address for address, row in rows.items() if row.state in IN_FLIGHT}
        for part in parts([c for c in causes if c.address not in standing | busy], self.sink.batch_size):
            yield from self._hold_part(part, rows)
        yield from self.change_causes(add=[cause for cause in causes if cause.address in standing])

    def change_causes(self, *, add: Sequence[Cause] = (), drop: Sequence[str] = (), scope: str = "") -> Flow[None]:
        """Adds causes of people who are held anyway, and drops the cause of one kind of message of others.

        A destination that keeps reasons is told first, so that a run that dies in between tells it again.
        """
        untold: set[str] = set()
        if Capability.AMEND in self.sink.capabilities and (add or drop):
            untold = yield from self._amend(add, {(address, scope) for address in drop})
        added = [cause for cause in add if cause.address not in untold]
        dropped = [(self.sink.name, address, scope) for address in drop if address not in untold]
        if added or dropped:
            yield from call(self._intend, (), added, dropped)

    def _amend(self, add: Sequence[Cause], drop: AbstractSet[tuple[str, str]]) -> Flow[set[str]]:
        """Tells the destination what it will have to say after a change; whom it could not be told of."""
        rows = yield from call(self._rows)
        before = yield from call(lambda: list(self.store.causes(self.sink.name)))
        after = {(cause.address, cause.scope): cause for cause in (*before, *add)}
        told, telling = last_to_end(before), last_to_end(after[key] for key in after.keys() - drop)
        orders = [
            _order(row, cause)
            for row in in_place(rows.values())
            if (cause := telling.get(row.address)) is not None and not _says_the_same(cause, told.get(row.address))
        ]
        untold: set[str] = set()
        for part in parts(orders, self.sink.batch_size):
            yield from call(self.keep)
            receipts = yield from self.sink.attend(self.sink.amend(part))
            for receipt in receipts:
                self._count("amend", receipt.result)
            untold |= {receipt.address for receipt in receipts if receipt.result is Result.RETRY}
        return untold

    def _hold_part(self, causes: Sequence[Cause], rows: Mapping[str, LedgerRow]) -> Flow[None]:
        looks = yield from self.look([cause.address for cause in causes])
        free = [cause for cause in causes if looks[cause.address].standing is Standing.FREE]
        others = [cause.address for cause in causes if looks[cause.address].standing is not Standing.FREE]
        for address in others:
            self._tell(address, "hold", Receipt(address, _unreachable(looks[address].standing)))
        if over := [address for address in others if address in rows]:
            yield from call(self._strike, over)
        if not free:
            return
        wanted = [self._row(cause.address, "hold", looks[cause.address], cause.since) for cause in free]
        yield from call(self._intend, wanted, free)
        by_address = {cause.address: cause for cause in free}
        orders = [_order(row, by_address.get(row.address)) for row in wanted]
        answer = yield from self.sink.attend(self.sink.hold(orders))
        yield from self._settle(wanted, answer)

    def release(self, addresses: Sequence[str]) -> Flow[None]:
        """Releases people whom the ledger says we hold; nobody else is touched."""
        rows = yield from call(self._rows)
        named = [rows[address] for address in addresses if address in rows]
        ours = in_place(named)
        if over := [row.address for row in refused(named)]:
            yield from call(self._strike, over)
        for part in parts(ours, self.sink.batch_size):
            yield from self._release_part(part)

    def _release_part(self, held: Sequence[LedgerRow]) -> Flow[None]:
        """Gives back what the snapshot of the hold says; a look now would only show what we made of it."""
        looks = yield from self.look([row.address for row in held])
        over = [row.address for row in held if looks[row.address].standing is not Standing.HELD]
        if over:
            yield from call(self._strike, over)
            for address in over:
                absent = looks[address].standing is Standing.ABSENT
                self._tell(address, "release", Receipt(address, Result.ABSENT if absent else Result.CONFIRMED))
        rows = [
            replace(row, direction="release", state=LedgerState.INTENDED, at=self.now)
            for row in held
            if looks[row.address].standing is Standing.HELD
        ]
        if rows:
            yield from call(self._intend, rows, ())
            answer = yield from self.sink.attend(self.sink.release([_order(row) for row in rows]))
            yield from self._settle(rows, answer)

    def recover(self, *, holds_again: bool = True) -> Flow[None]:
        """Settles what a former run left open: asks after submitted batches, and ends unfinished steps.

        Args:
            holds_again: whether a hold that has not come about is asked for once more; else it is given up.
        """
        rows = yield from call(self._rows)
        open_rows = [row for row in rows.values() if row.state in IN_FLIGHT]
        handles = {row.handle for row in open_rows if row.state is LedgerState.SUBMITTED and row.handle}
        for handle in sorted(handles):
            waiting = [row for row in open_rows if row.handle == handle]
            receipts = yield from self.sink.attend(self.sink.poll(handle))
            if receipts is None:
                self._tell_submitted(waiting)
            else:
                yield from self._settle(waiting, receipts)
        intended = [row for row in open_rows if row.state is LedgerState.INTENDED]
        for part in parts([row for row in intended if row.direction == "hold"], self.sink.batch_size):
            yield from self._recover_holds(part, holds_again=holds_again)
        for part in parts([row for row in intended if row.direction == "release"], self.sink.batch_size):
            yield from self._recover_releases(part)

    def _recover_releases(self, rows: Sequence[LedgerRow]) -> Flow[None]:
        """Stood HELD when we wrote the intent: FREE now means that the release may be half done, so it is ended."""
        looks = yield from self.look([row.address for row in rows])
        there = {address for address, look in looks.items() if look.standing in (Standing.HELD, Standing.FREE)}
        still = [row for row in rows if row.address in there]
        over = [row for row in rows if row.address not in there]
        yield from self._settle(over, [Receipt(row.address, Result.ABSENT) for row in over])
        if still:
            answer = yield from self.sink.attend(self.sink.release([_order(row) for row in still]))
            yield from self._settle(still, answer)

    def _recover_holds(self, rows: Sequence[LedgerRow], *, holds_again: bool) -> Flow[None]:
        """Stood FREE when we wrote the intent: HELD now means that our call went through, FREE that it did not."""
        looks = yield from self.look([row.address for row in rows])
        done = [row for row in rows if looks[row.address].standing is Standing.HELD]
        yield from self._settle(done, [Receipt(row.address, Result.CONFIRMED) for row in done])
        free = [row for row in rows if looks[row.address].standing is Standing.FREE]
        settled = {row.address for row in (*done, *(free if holds_again else ()))}
        void = [row for row in rows if row.address not in settled]
        yield from self._settle(void, [Receipt(row.address, Result.ABSENT) for row in void])
        if free and holds_again:
            # They may have changed their preferences since; a release must give back those of today.
            fresh = [replace(row, snapshot=looks[row.address].snapshot, at=self.now) for row in free]
            yield from call(self._intend, fresh, ())
            causes = yield from call(self._causes)
            answer = yield from self.sink.attend(
                self.sink.hold([_order(row, causes.get(row.address)) for row in fresh])
            )
            yield from self._settle(fresh, answer)

    def _causes(self) -> dict[str, Cause]:
        return last_to_end(self.store.causes(self.sink.name))

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        """How each of these people stands; who is not known there stands ABSENT."""
        if not addresses:
            return {}
        found = yield from self.sink.attend(self.sink.look(addresses))
        return {address: found.get(address, Look(Standing.ABSENT)) for address in addresses}

    def members(self, cursor: str | None) -> Flow[Members]:
        """One page of the people at the destination.

        Raises:
            PagingStuck: the destination gave a cursor for the second time.
        """
        page = yield from self.sink.attend(self.sink.members(cursor))
        if page.cursor is not None and page.cursor in self._cursors:
            raise PagingStuck(f"`{self.sink.name}` gave the same page of its members twice; nothing was changed")
        self._cursors.update(() if page.cursor is None else (page.cursor,))
        return page

    def _settle(self, rows: Sequence[LedgerRow], answer: Sequence[Receipt] | Submitted) -> Flow[None]:
        if not rows:
            return
        if isinstance(answer, Submitted):
            sent = [replace(row, state=LedgerState.SUBMITTED, handle=answer.handle) for row in rows]
            yield from call(self._note, sent)
            self.tally["submitted"] = self.tally.get("submitted", 0) + len(sent)
            self._tell_submitted(sent)
            return
        receipts = {receipt.address: receipt for receipt in answer}
        kept: list[LedgerRow] = []
        struck: list[str] = []
        for row in rows:
            receipt = receipts.get(row.address, Receipt(row.address, Result.RETRY, "the destination said nothing"))
            self._tell(row.address, row.direction, receipt)
            after = _after(row, receipt, self.now)
            if after is None:
                struck.append(row.address)
            else:
                kept.append(after)
        if kept:
            yield from call(self._note, kept)
        if struck:
            yield from call(self._strike, struck)

    def _strike(self, addresses: Sequence[str]) -> None:
        self.store.strike(self.sink.name, addresses, self.lease)

    def _rows(self) -> dict[str, LedgerRow]:
        return {row.address: row for row in self.store.ledger(self.sink.name)}

    def _intend(
        self, rows: Iterable[LedgerRow], add: Iterable[Cause], drop: Iterable[tuple[str, str, str]] = ()
    ) -> None:
        self.keep()
        self.store.intend(rows, add=add, drop=drop, lease=self.lease)

    def _note(self, rows: Iterable[LedgerRow]) -> None:
        """Writes what became of a batch; nothing may come in between once it was asked for."""
        self.store.intend(rows, lease=self.lease)

    def _row(self, address: str, direction: Direction, look: Look, since: datetime) -> LedgerRow:
        return LedgerRow(
            destination=self.sink.name,
            address=address,
            direction=direction,
            state=LedgerState.INTENDED,
            since=since,
            at=self.now,
            snapshot=look.snapshot,
        )

    def pass_over(self, standing: Standing) -> None:
        """Counts somebody whom we cannot hold: not there, or without mail for a reason that is not ours."""
        self._count("hold", _unreachable(standing))

    def _tell(self, address: str, direction: Direction, receipt: Receipt) -> None:
        self._count(direction, receipt.result)
        detail = receipt.detail[:_TEXT_LIMIT]
        self.settlements[address] = Settlement(address, direction, _SETTLED_AS[receipt.result], detail)

    def _tell_submitted(self, rows: Iterable[LedgerRow]) -> None:
        for row in rows:
            self.settlements[row.address] = Settlement(row.address, row.direction, LedgerState.SUBMITTED)

    def _count(self, what: str, result: Result) -> None:
        name = f"{what} {result.value}"
        self.tally[name] = self.tally.get(name, 0) + 1


def last_to_end(causes: Iterable[Cause]) -> dict[str, Cause]:
    """Of several causes of one person, the one that is expected to end last: what a destination says of them."""
    found: dict[str, Cause] = {}
    for cause in sorted(causes, key=lambda cause: (cause.until is None, cause.until or cause.since, cause.scope)):
        found[cause.address] = cause
    return found


def _says_the_same(one: Cause, other: Cause | None) -> bool:
    return other is not None and (one.reason, one.until) == (other.reason, other.until)


def _unreachable(standing: Standing) -> Result:
    return Result.ABSENT if standing is Standing.ABSENT else Result.FOREIGN


def _order(row: LedgerRow, cause: Cause | None = None) -> Order:
    return Order(
        address=row.address,
        snapshot=row.snapshot,
        reason=cause.reason if cause else "",
        since=row.since,
        until=cause.until if cause else None,
    )


def _after(row: LedgerRow, receipt: Receipt, now: datetime) -> LedgerRow | None:
    """The ledger row after a receipt; None where nothing of ours is left at the destination, and nothing to tell."""
    told = replace(row, handle=None, at=now, detail=receipt.detail[:_TEXT_LIMIT])
    again = replace(told, attempts=row.attempts + 1)
    if receipt.result is Result.RETRY:
        return replace(again, state=LedgerState.INTENDED)
    if receipt.result is Result.REJECTED:
        # A refused release leaves the hold in place; a refused hold stays in the ledger, so that somebody sees it.
        state = LedgerState.REJECTED if row.direction == "hold" else LedgerState.CONFIRMED
        return replace(again, direction="hold", state=state)
    if row.direction == "hold" and receipt.result in _STATE_OF:
        return replace(told, state=_STATE_OF[receipt.result])
    return None


def parts(rows: Sequence[T], size: int) -> list[Sequence[T]]:
    """The rows in pieces of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def key_of(address: str) -> str:
    """What tells people apart, however a destination spells their address."""
    return readable(address) or address


def in_place(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """The rows whose hold stands at the destination."""
    return [row for row in rows if row.direction == "hold" and row.state in IN_PLACE]


def refused(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """The rows of people whom the destination refuses to hold."""
    return [row for row in rows if row.state is LedgerState.REJECTED]


def still_held(rows: Iterable[LedgerRow]) -> set[str]:
    """The addresses of those whose hold stands, or whose release is not over."""
    return {row.address for row in rows if row.direction == "release" or row.state in IN_PLACE}
