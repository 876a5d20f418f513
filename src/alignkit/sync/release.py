"""Releases what is ours from the ledger alone: everything at a destination, or single people, whatever a policy says.

This is the way out when alignkit is to be switched off, and what erasing a person does first. A policy that still
suppresses somebody will hold them again at the next push.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alignkit.identity import readable
from alignkit.stores.base import IN_FLIGHT, LedgerRow
from alignkit.sync.destination import DestinationJob
from alignkit.sync.ledger import in_place
from alignkit.transport import Flow, call


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What releasing did; `left` are addresses that we still hold, `open` those whose release is under way.

    What is open is settled by the next run at this destination.
    """

    destination: str
    released: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict[str, int])
    open: tuple[str, ...] = ()


@dataclass(slots=True)
class ReleaseJob(DestinationJob):
    """One run of releasing. `only` None means everybody."""

    only: Sequence[str] | None = None

    def release(self) -> Flow[ReleaseResult]:
        """Settles what was left open, then releases."""
        before = yield from call(self._rows)
        yield from self.works.recover(holds_again=False)
        ours = yield from call(self._rows)
        yield from self.works.release([row.address for row in in_place(ours)])
        rows = yield from call(self._rows)
        left = [row.address for row in in_place(rows)]
        return ReleaseResult(
            destination=self.sink.name,
            released=tuple(sorted({row.address for row in before} - {row.address for row in rows})),
            left=tuple(left),
            tally=dict(sorted(self.works.tally.items())),
            open=tuple(row.address for row in rows if row.state in IN_FLIGHT),
        )

    def _rows(self) -> list[LedgerRow]:
        wanted = None if self.only is None else {_key(address) for address in self.only}
        rows = self.store.ledger(self.sink.name)
        return [row for row in rows if wanted is None or _key(row.address) in wanted]


def _key(address: str) -> str:
    """What tells people apart, however a destination spells their address."""
    return readable(address) or address
