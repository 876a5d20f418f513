"""Keeps overlapping runs apart: takes, keeps and gives back the lease of a source or destination.

An owner names its host and process. A lease of a process on this host that is no longer there is taken over at once;
one of another host counts until it runs out.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from alignkit.errors import LeaseHeld
from alignkit.stores.base import Store
from alignkit.stores.records import Lease

TERM = timedelta(minutes=10)
"""How long a lease lasts unless it is renewed; a run renews it long before."""


def of_source(name: str) -> str:
    """The lease of whoever reads a source."""
    return f"pull:{name}"


def of_destination(name: str) -> str:
    """The lease of whoever acts at a destination."""
    return f"push:{name}"


class Tenure:
    """One run's lease."""

    def __init__(self, store: Store, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._name = name
        self._clock = clock
        self._renew_at = 0.0
        self.lease: Lease | None = None

    def begin(self) -> None:
        """Takes the lease.

        Raises:
            LeaseHeld: a living run has it.
        """
        owner = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex}"
        try:
            self.lease = self._store.acquire(self._name, owner, datetime.now(UTC), TERM)
        except LeaseHeld as error:
            if error.owner is None or not _is_dead(error.owner):
                raise
            self.lease = self._store.acquire(self._name, owner, datetime.now(UTC), TERM, dead=error.owner)
        self._schedule()

    def keep(self) -> None:
        """Renews the lease where a third of its term has passed."""
        if self.lease is not None and self._clock() >= self._renew_at:
            self._store.renew(self.lease, datetime.now(UTC), TERM)
            self._schedule()

    def end(self) -> None:
        """Gives the lease back."""
        if self.lease is not None:
            self._store.surrender(self.lease)
            self.lease = None

    def _schedule(self) -> None:
        self._renew_at = self._clock() + TERM.total_seconds() / 3


@contextmanager
def held(store: Store, name: str) -> Generator[Tenure]:
    """The lease of a piece of work that is done here from its begin to its end.

    Raises:
        LeaseHeld: a living run has it.
    """
    tenure = Tenure(store, name)
    tenure.begin()
    try:
        yield tenure
    finally:
        tenure.end()


def _is_dead(owner: str) -> bool:
    """Whether the owner was a process of this host that has ended."""
    host, _, rest = owner.partition("/")
    process = rest.partition("/")[0]
    if host != socket.gethostname() or not process.isdigit() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
