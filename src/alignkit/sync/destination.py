"""What every run at a destination shares: its lease, and the works that carry holds and releases out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from alignkit.connectors.base import Sink
from alignkit.stores.base import Store
from alignkit.sync import stop
from alignkit.sync.lease import Tenure, of_destination
from alignkit.sync.ledger import Works
from alignkit.sync.location import refuse_other, settle


@dataclass(slots=True)
class DestinationJob:
    """One run at a destination; its flow is driven by `Sync` or `AsyncSync`."""

    store: Store
    sink: Sink
    now: datetime
    tenure: Tenure = field(init=False)
    works: Works = field(init=False)

    def __post_init__(self) -> None:
        self.tenure = Tenure(self.store, of_destination(self.sink.name))
        self.works = Works(self.store, self.sink, self.now)

    def open(self) -> None:
        """Takes the destination's lease.

        Raises:
            Stopped: somebody stopped everything, or this destination.
            LeaseHeld: another run is at work there.
            SettingsError: the destination's name stands for another one.
        """
        stop.refuse(self.store, self.sink.name, self.now)
        self.tenure.begin()
        refuse_other(self.store, self.sink)
        settle(self.store, self.sink, self.tenure.lease)
        self.works.lease, self.works.keep = self.tenure.lease, self.keep

    def keep(self) -> None:
        """Keeps the lease, and ends the run where somebody has stopped it meanwhile.

        Raises:
            Stopped: before the next batch; what was asked for already is settled by the next run.
            LeaseHeld: another run took the lease over.
        """
        stop.refuse(self.store, self.sink.name, self.now)
        self.tenure.keep()

    def close(self) -> None:
        """Gives the lease back."""
        self.tenure.end()
