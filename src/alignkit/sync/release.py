"""Releases what is ours from the ledger alone: everything at a destination, or single people, whatever a policy says.

This is the way out when alignkit is to be switched off, and what erasing a person does first. A policy that still
suppresses somebody will hold them again at the next push.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alignkit.stores.records import IN_FLIGHT, LedgerRow
from alignkit.sync.destination import DestinationJob
from alignkit.sync.ledger import Settlement, in_place, key_of, refused
from alignkit.transport import Flow, call


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What releasing did, by address.

    Attributes:
        released: who was held and is free.
        left: whom we still hold, for the destination refused to release them.
        open: whose release is under way, or could not be done this time; the next run settles it.
        settlements: what the destination made of each person of whom something was asked.
    """

    destination: str
    released: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict[str, int])
    open: tuple[str, ...] = ()
    settlements: Mapping[str, Settlement] = field(default_factory=dict[str, Settlement])


@dataclass(slots=True)
class ReleaseJob(DestinationJob):
    """One run of releasing. `only` None means everybody."""

    only: Sequence[str] | None = None

    def release(self) -> Flow[ReleaseResult]:
        """Settles what was left open, then releases."""
        before = yield from call(self._rows)
        yield from self.works.recover(holds_again=False)
        ours = yield from call(self._rows)
        yield from self.works.release([row.address for row in ours])
        rows = yield from call(self._rows)
        never_held = {row.address for row in refused(before)}
        return ReleaseResult(
            destination=self.sink.name,
            released=tuple(sorted({row.address for row in before} - {row.address for row in rows} - never_held)),
            left=tuple(row.address for row in in_place(rows)),
            tally=dict(sorted(self.works.tally.items())),
            open=tuple(row.address for row in rows if row.state in IN_FLIGHT),
            settlements=dict(sorted(self.works.settlements.items())),
        )

    def _rows(self) -> list[LedgerRow]:
        return of_people(self.store.ledger(self.sink.name), self.only)


def of_people(rows: Iterable[LedgerRow], only: Sequence[str] | None) -> list[LedgerRow]:
    """The rows about `only` these people, however their addresses are spelled; all of them where nobody is named."""
    wanted = None if only is None else {key_of(address) for address in only}
    return [row for row in rows if wanted is None or key_of(row.address) in wanted]
