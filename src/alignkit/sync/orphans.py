"""Holds at a destination that nobody reaches any more under its name: taken over by another name, or given up.

Neither asks the destination anything. Whoever is given up stays as they are there, and nobody will release them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alignkit.errors import DataInvalid, SettingsError
from alignkit.stores.base import Store
from alignkit.sync import stop
from alignkit.sync.lease import held, of_destination
from alignkit.sync.release import of_people


def adopt(store: Store, old: str, new: str, now: datetime) -> int:
    """Carries the ledger of one name on under another; says how many people it has.

    Raises:
        DataInvalid: the ledger has nothing of the old name.
        SettingsError: the two names stand for two places.
        Stopped: one of them is stopped.
        LeaseHeld: a run is at work there.
    """
    if old == new or old not in store.destinations():
        raise DataInvalid(f"the ledger has nothing of `{old}` to be adopted; `alignkit status` shows what it has")
    for name in (old, new):
        stop.refuse(store, name, now)
    places = {place for name in (old, new) if (place := store.location("destination", name)) is not None}
    if len(places) > 1:
        here, there = sorted(places)
        raise SettingsError(f"`{old}` and `{new}` stand for two destinations, at `{here}` and `{there}`; keep both")
    with held(store, of_destination(old)), held(store, of_destination(new)) as tenure:
        return store.adopt(old, new, tenure.lease)


def give_up(store: Store, destination: str, only: Sequence[str] | None = None) -> tuple[str, ...]:
    """Strikes what the ledger has of a destination, or of `only` these people there; whom it was about.

    Raises:
        LeaseHeld: a run is at work there.
    """
    with held(store, of_destination(destination)) as tenure:
        given_up = [row.address for row in of_people(store.ledger(destination), only)]
        if given_up:
            store.strike(destination, given_up, tenure.lease)
    return tuple(given_up)
