"""Refuses a source or destination under a name that stands for another one: their issues or holds would mix.

A name stands for one instance and stays when that instance moves; `move` is how somebody says that it has.
"""

from __future__ import annotations

from alignkit.connectors.base import Endpoint, Source
from alignkit.errors import SettingsError
from alignkit.stores.base import Store
from alignkit.stores.records import Lease, Role
from alignkit.sync.lease import held, of_destination, of_source


def refuse_other(store: Store, endpoint: Endpoint) -> None:
    """Ends a run at another source or destination than the one that its name stands for.

    A destination of which the ledger has nothing may be anywhere.

    Raises:
        SettingsError: the text says where the other one is, and what to do.
    """
    role, here = role_of(endpoint), endpoint.location
    known = store.location(role, endpoint.name) if here else None
    if known is None or known == here:
        return
    if role == "destination" and next(iter(store.ledger(endpoint.name)), None) is None:
        return
    raise SettingsError(
        f"`{endpoint.name}` stands for the {role} at `{known}`, and this one is at `{here}`;"
        " give another one a `name` of its own; if it has moved, say so with `Sync.moved` or"
        f" `alignkit moved {endpoint.name}`"
    )


def settle(store: Store, endpoint: Endpoint, lease: Lease | None) -> None:
    """Writes down where a source or destination is, where that is new."""
    role, here = role_of(endpoint), endpoint.location
    if here and store.location(role, endpoint.name) != here:
        store.locate(role, endpoint.name, here, lease)


def move(store: Store, endpoint: Endpoint) -> None:
    """The same on somebody's word, while nobody is at work there.

    Raises:
        LeaseHeld: a run is under way.
    """
    lease_of = of_source if role_of(endpoint) == "source" else of_destination
    with held(store, lease_of(endpoint.name)) as tenure:
        settle(store, endpoint, tenure.lease)


def role_of(endpoint: Endpoint) -> Role:
    """What an endpoint is to the store."""
    return "source" if isinstance(endpoint, Source) else "destination"
