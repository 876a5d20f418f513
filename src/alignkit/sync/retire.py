"""Takes leave of a source that nobody will read again, so that no decision waits for it.

What it told stays in the log. Its open issues and holds either go on counting, or are closed here by hand: each gets an
event of its own, as if its service had said so, and the name stays out of use, for a later reading would not open them
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alignkit.errors import DataInvalid
from alignkit.models import CustomerEvent, Hold, HoldChanged, HoldKind, IssueRemoval, IssueRemoved
from alignkit.stores.base import Store
from alignkit.stores.records import OWN_SOURCE, Batch
from alignkit.sync.lease import held, of_source
from alignkit.sync.ledger import parts
from alignkit.sync.manual import lifted

_SIZE = 500
_WHY = "its source was retired"
_LAST = 2**62
"""The version of the last word on a thing: later than any that a service counts or stamps."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What taking leave of a source did.

    Attributes:
        issues: how many of its issues counted as open or unknown.
        holds: how many of its holds were in force.
        is_closed: whether those were closed; else they go on counting.
    """

    source: str
    issues: int
    holds: int
    is_closed: bool


def retire(store: Store, source: str, now: datetime, *, close: bool) -> Retired:
    """Closes what is open where that is wanted, then forgets the reading; a run that dies is done again.

    Raises:
        DataInvalid: there is no such source, or it is our own.
        LeaseHeld: somebody is reading it.
    """
    if source == OWN_SOURCE:
        raise DataInvalid(f"`{OWN_SOURCE}` stands for what is recorded by hand; lift those holds instead")
    with held(store, of_source(source)) as tenure:
        issues = [issue.id for issue in store.issues(active=True, source=source)]
        holds = [hold for hold in store.holds() if hold.source == source and _is_open(hold, now)]
        if close:
            endings: list[CustomerEvent] = [
                *(_removal(source, id, now) for id in issues),
                *(_lifting(hold, now) for hold in holds),
            ]
            for events in parts(endings, _SIZE):
                tenure.keep()
                store.apply(Batch(source, events, now, lease=tenure.lease))
        store.retire(source, for_good=close, lease=tenure.lease)
    return Retired(source, len(issues), len(holds), close)


def _is_open(hold: Hold, now: datetime) -> bool:
    is_over = hold.released_at is not None or (hold.expires_at is not None and hold.expires_at <= now)
    return hold.kind is not HoldKind.AUTOMATIC and not is_over


def _removal(source: str, id: str, now: datetime) -> IssueRemoved:
    removal = IssueRemoval(id=id, source=source, remote_updated_at=now, reason="not_found")
    return IssueRemoved.of(removal, source=source, received_at=now, time=now, version=_LAST)


def _lifting(hold: Hold, now: datetime) -> HoldChanged:
    return HoldChanged.of(lifted(hold, _WHY, now), source=hold.source, received_at=now, time=now, version=_LAST)
