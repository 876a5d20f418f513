"""Releases what is ours from the ledger alone: everything at a destination, or single people, whatever a policy says.

This is the way out when alignkit is to be switched off, and what erasing a person does first. A policy that still
suppresses somebody will hold them again at the next push.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alignkit.connectors.base import Sink
from alignkit.stores.base import Store
from alignkit.sync.lease import Tenure
from alignkit.sync.ledger import Works, in_place
from alignkit.transport import Flow, call


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What releasing did; `left` are addresses that we still hold, `open` those whose release is under way."""

    destination: str
    released: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class ReleaseJob:
    """One run of releasing; its flow is driven by `Sync` or `AsyncSync`. `only` None means everybody."""

    store: Store
    sink: Sink
    now: datetime
    only: Sequence[str] | None = None
    tenure: Tenure = field(init=False)
    works: Works = field(init=False)

    def __post_init__(self) -> None:
        self.tenure = Tenure(self.store, f"push:{self.sink.name}")
        self.works = Works(self.store, self.sink, self.now)

    def open(self) -> None:
        """Takes the destination's lease."""
        self.tenure.begin()
        self.works.lease = self.tenure.lease

    def close(self) -> None:
        """Gives the lease back."""
        self.tenure.end()

    def release(self) -> Flow[ReleaseResult]:
        """Settles what was left open, then releases."""
        yield from self.works.recover()
        ours = yield from call(self._ours)
        yield from self.works.release(ours)
        left = yield from call(self._ours)
        return ReleaseResult(
            destination=self.sink.name,
            released=tuple(sorted(set(ours) - set(left))),
            left=tuple(left),
            tally=dict(sorted(self.works.tally.items())),
        )

    def _ours(self) -> list[str]:
        wanted = None if self.only is None else set(self.only)
        rows = in_place(self.store.ledger(self.sink.name))
        return [row.address for row in rows if wanted is None or row.address in wanted]
