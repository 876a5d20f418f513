"""Compares the ledger with what really stands at a destination, and mends what is ours.

| finding | what it means | what is done |
|---|---|---|
| `missing` | somebody lifted our hold while its cause goes on | held again, when asked to repair |
| `foreign` | a hold that is not in our ledger | left alone |
| `gone` | the person left the destination, or asked not to be written to | our row is struck |
| `moved` | the person is at the destination under another address | our row is struck; the next push holds the other |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alignkit.connectors.base import Standing
from alignkit.identity import readable
from alignkit.stores.records import Cause, LedgerRow, LedgerState
from alignkit.sync.destination import DestinationJob
from alignkit.sync.ledger import in_place, key_of, parts
from alignkit.transport import Flow, call


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """How the ledger and a destination differ; each list holds addresses, sorted.

    `repaired` counts those of `missing` that are held again; `mended` says whether repair was asked for.
    """

    destination: str
    agreed: int = 0
    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    repaired: int = 0
    mended: bool = False

    @property
    def is_in_order(self) -> bool:
        """Whether everything of ours now stands as the ledger says."""
        if self.mended:
            return self.repaired == len(self.missing)
        return not (self.missing or self.gone or self.moved)


@dataclass(slots=True)
class ReconcileJob(DestinationJob):
    """One run of reconciling."""

    repair: bool = False

    def reconcile(self) -> Flow[ReconcileResult]:
        """Settles what was left open, then looks at each of our holds and at everybody else there."""
        yield from self.works.recover()
        rows = yield from call(self._ours)
        members = yield from self._members()
        by_standing: dict[Standing, list[str]] = {standing: [] for standing in Standing}
        for part in parts(sorted(rows), self.sink.batch_size):
            looks = yield from self.works.look(part)
            for address, look in looks.items():
                by_standing[look.standing].append(address)
        yield from call(self._confirm, [rows[address] for address in by_standing[Standing.HELD]])
        ours = {key_of(address) for address in rows}
        foreign = yield from self._foreign([address for address in members if key_of(address) not in ours])
        moved = yield from call(self._moved, by_standing[Standing.ABSENT], members)
        gone = sorted({*by_standing[Standing.ABSENT], *by_standing[Standing.SILENT]} - {old for old, _ in moved})
        missing = sorted(by_standing[Standing.FREE])
        repaired = 0
        if self.repair:
            repaired = yield from self._mend(missing, [*gone, *(old for old, _ in moved)])
        return ReconcileResult(
            destination=self.sink.name,
            agreed=len(by_standing[Standing.HELD]),
            missing=tuple(missing),
            foreign=tuple(foreign),
            gone=tuple(gone),
            moved=tuple(moved),
            repaired=repaired,
            mended=self.repair,
        )

    def _ours(self) -> dict[str, LedgerRow]:
        return {row.address: row for row in in_place(self.store.ledger(self.sink.name))}

    def _members(self) -> Flow[set[str]]:
        found: set[str] = set()
        if not self.sink.lists_members:
            return found
        cursor: str | None = None
        while True:
            members = yield from self.works.members(cursor)
            found.update(members.addresses)
            cursor = members.cursor
            if cursor is None:
                return found

    def _confirm(self, rows: Sequence[LedgerRow]) -> None:
        fresh = [replace(row, state=LedgerState.CONFIRMED, at=self.now) for row in rows]
        self.store.intend(fresh, lease=self.tenure.lease)

    def _foreign(self, others: Sequence[str]) -> Flow[list[str]]:
        found: list[str] = []
        for part in parts(sorted(others), self.sink.batch_size):
            looks = yield from self.works.look(part)
            found += [address for address, look in looks.items() if look.standing is Standing.HELD]
        return found

    def _moved(self, absent: Sequence[str], members: set[str]) -> list[tuple[str, str]]:
        there = {readable(address): address for address in sorted(members)}
        moved: list[tuple[str, str]] = []
        for address in sorted(absent):
            customer = self.store.customer(address) if readable(address) else None
            others = customer.identifiers if customer else ()
            new = next((there[key] for key in others if key in there and there[key] != address), None)
            if new is not None:
                moved.append((address, new))
        return moved

    def _mend(self, missing: Sequence[str], over: Sequence[str]) -> Flow[int]:
        """Holds the missing again and strikes what is over; says how many are held again."""
        causes = yield from call(self._causes)
        yield from call(self.store.strike, self.sink.name, [*missing, *over], self.tenure.lease)
        yield from self.works.hold([cause for address in missing for cause in causes.get(address, ())[:1]])
        yield from self.works.hold([cause for address in missing for cause in causes.get(address, ())[1:]])
        ours = yield from call(self._ours)
        return sum(address in ours for address in missing)

    def _causes(self) -> dict[str, list[Cause]]:
        found: dict[str, list[Cause]] = {}
        for cause in self.store.causes(self.sink.name):
            found.setdefault(cause.address, []).append(cause)
        return found
