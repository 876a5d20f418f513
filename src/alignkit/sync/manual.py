"""What people and other programs record by hand: holds, their lifting, and messages that were sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from alignkit import identity
from alignkit.errors import DataInvalid
from alignkit.models import (
    Category,
    Channel,
    CustomerEvent,
    Hold,
    HoldChanged,
    HoldKind,
    MessageSent,
    Send,
    microseconds,
)
from alignkit.models.times import MICROSECOND
from alignkit.stores.base import Store
from alignkit.stores.records import OWN_SOURCE, Applied, Batch


def new_hold(
    who: str,
    reason: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
    categories: Iterable[Category] = (),
    channels: Iterable[Channel] = (),
    by: str | None = None,
) -> Hold:
    """A manual hold on one person.

    Raises:
        DataInvalid: no reason, no such identifier, or an end that is not after `now`.
    """
    if not reason.strip():
        raise DataInvalid("a manual hold needs a reason; say in a few words why this person must not be written to")
    if expires_at is not None and expires_at <= now:
        raise DataInvalid("the hold would end before it begins; give an `expires_at` that lies ahead")
    return Hold(
        id=uuid4().hex,
        source=OWN_SOURCE,
        kind=HoldKind.MANUAL,
        reason=reason.strip(),
        identifiers=(identity.identifier(who),),
        channels=tuple(channels),
        categories=tuple(categories),
        opened_at=now,
        expires_at=expires_at,
        created_by=by,
    )


def standing(store: Store, hold_id: str) -> Hold:
    """The hold of our own with this id, which nobody has lifted yet.

    Raises:
        DataInvalid: there is no such hold, or it was lifted before.
    """
    hold = store.hold(OWN_SOURCE, hold_id)
    if hold is None:
        raise DataInvalid("there is no manual hold with this id; list them with `store.holds()`")
    if hold.released_at is not None:
        raise DataInvalid("this hold was lifted already")
    return hold


def lifted(hold: Hold, reason: str, now: datetime) -> Hold:
    """The hold, lifted now."""
    return changed(hold, now, released_at=now, release_reason=reason.strip() or None)


def changed(hold: Hold, now: datetime, **fields: Any) -> Hold:
    """The hold with other fields; a change counts as later, whatever the clocks of two callers say."""
    last = hold.remote_updated_at or hold.opened_at
    return hold.model_copy(update={**fields, "remote_updated_at": max(now, last + MICROSECOND)})


def record(store: Store, events: Sequence[CustomerEvent], now: datetime) -> Applied:
    """Stores events that were recorded here; recording them twice changes nothing."""
    return store.apply(Batch(OWN_SOURCE, events, now))


def hold_event(hold: Hold, now: datetime) -> HoldChanged:
    """The event that puts, changes or lifts a hold."""
    version = microseconds(hold.remote_updated_at or hold.opened_at)
    return HoldChanged.of(hold, source=OWN_SOURCE, received_at=now, time=now, version=version)


def send_events(sends: Iterable[Send], now: datetime) -> list[CustomerEvent]:
    """The events of messages that were sent; a send without `sent_at` counts as sent when it was first recorded."""
    return [_sent(send, now) for send in sends]


def _sent(send: Send, now: datetime) -> MessageSent:
    if send.sent_at is not None:
        return MessageSent.of(send, source=OWN_SOURCE, received_at=now, time=send.sent_at)
    event = MessageSent.of(send.model_copy(update={"sent_at": now}), source=OWN_SOURCE, received_at=now, time=now)
    # An id without the moment, so that a repeated record counts as a repeat and the first moment stands.
    return event.model_copy(update={"id": f"{MessageSent.kind}/{send.id}"})
