"""Holds leases to keeping runs apart, and to outliving no dead process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from alignkit.errors import LeaseHeld
from alignkit.stores import MemoryStore
from alignkit.sync.lease import TERM, Tenure


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    with MemoryStore() as store:
        yield store


def take(store: MemoryStore, owner: str) -> None:
    store.acquire("run", owner, datetime.now(UTC), timedelta(minutes=5))


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(timeout=60)
    return process.pid


def test_the_lease_of_a_dead_process_is_taken_over_at_once(store: MemoryStore) -> None:
    take(store, f"{socket.gethostname()}/{ended_process()}/x")
    tenure = Tenure(store, "run")
    tenure.begin()
    assert tenure.lease is not None


@pytest.mark.parametrize(
    "owner",
    [
        f"{socket.gethostname()}/{os.getpid()}/another-thread",
        f"{socket.gethostname()}/1/init",
        f"elsewhere/{2**22 + 1}/x",
        f"{socket.gethostname()}/no-number/x",
        "nonsense",
    ],
    ids=["this process", "a living one", "another host", "no number", "nonsense"],
)
def test_the_lease_of_whoever_may_live_counts(store: MemoryStore, owner: str) -> None:
    take(store, owner)
    with pytest.raises(LeaseHeld):
        Tenure(store, "run").begin()


def test_a_lease_is_renewed_after_a_third_of_its_term(store: MemoryStore) -> None:
    now = 1000.0
    tenure = Tenure(store, "run", clock=lambda: now)
    tenure.begin()
    assert tenure.lease is not None
    other = store.acquire("run", tenure.lease.owner, datetime.now(UTC), TERM)
    now += TERM.total_seconds() / 3 - 1
    tenure.keep()
    now += 1
    with pytest.raises(LeaseHeld):
        tenure.keep()
    store.surrender(other)


def test_a_lease_that_was_given_back_is_free(store: MemoryStore) -> None:
    tenure = Tenure(store, "run")
    tenure.begin()
    with pytest.raises(LeaseHeld):
        Tenure(store, "run").begin()
    tenure.end()
    tenure.end()
    Tenure(store, "run").begin()
