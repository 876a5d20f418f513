"""The panic stop: nothing goes out any more, anywhere or at one destination, until somebody resumes it.

A stop is a blackout hold, so it stands in the log with its end, and decisions meet it as they meet any other hold:
every marketing message waits. Runs at destinations look for it before each batch and end. Nothing else is changed, so
what was under way goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from alignkit.errors import DataInvalid, Stopped
from alignkit.models import Category, Hold, HoldKind
from alignkit.rules.facts import Facts
from alignkit.rules.wording import spell_moment
from alignkit.stores.base import Store
from alignkit.stores.cohort import EVERYBODY
from alignkit.stores.records import OWN_SOURCE, Batch, Reach
from alignkit.sync.manual import changed, hold_event, lifted

STOP = "stop"
"""The id of the hold that stops everything; one that stops a destination has its name after a dot."""

_UNTOUCHED = frozenset({Category.TRANSACTIONAL, Category.LEGAL})


@dataclass(frozen=True, slots=True)
class Stop:
    """Who has stopped what, why and since when; `destination` None means everything."""

    destination: str | None
    reason: str
    by: str
    since: datetime
    until: datetime | None = None

    def explain(self, now: datetime) -> str:
        """The stop in one clause."""
        what = "everything outbound" if self.destination is None else f"`{self.destination}`"
        end = f", until {spell_moment(self.until, now)}" if self.until else ""
        return f"{what} was stopped by {self.by} on {spell_moment(self.since, now)}{end}: {self.reason}"


def begin(
    store: Store, destination: str | None, reason: str, by: str, now: datetime, until: datetime | None = None
) -> Stop:
    """Stops everything, or one destination; who is first stays the one who did.

    Raises:
        DataInvalid: no reason, no name, or an end that is not after `now`.
    """
    if not reason.strip() or not by.strip():
        raise DataInvalid("a stop needs a reason and the name of whoever stops; give both")
    if until is not None and until <= now:
        raise DataInvalid("the stop would end before it begins; give an `until` that lies ahead")
    before = store.hold(OWN_SOURCE, _id(destination))
    if before is not None and (standing := _stop(before, now)) is not None:
        return standing
    fields = {
        "reason": f"{reason.strip()}{_by(by)}",
        "opened_at": now,
        "expires_at": until,
        "released_at": None,
        "release_reason": None,
        "created_by": by.strip(),
    }
    hold = _new(destination, now) if before is None else before
    stopped = changed(hold, now, **fields)
    reach = Reach(stopped.id, None, by.strip(), reason.strip(), now)
    store.apply(Batch(OWN_SOURCE, [hold_event(stopped, now)], now, reaches=() if destination else (reach,)))
    return Stop(destination, reason.strip(), by.strip(), now, until)


def _new(destination: str | None, now: datetime) -> Hold:
    return Hold(
        id=_id(destination),
        source=OWN_SOURCE,
        kind=HoldKind.BLACKOUT,
        reason=STOP,
        cohort=EVERYBODY.to_text() if destination is None else None,
        # Named one by one, for some rules hold only what a hold names.
        categories=tuple(category for category in Category if category not in _UNTOUCHED),
        opened_at=now,
    )


def end(store: Store, destination: str | None, reason: str, now: datetime) -> Stop:
    """Lets go on what was stopped; returns the stop that is over.

    Raises:
        DataInvalid: nothing is stopped there.
    """
    hold = store.hold(OWN_SOURCE, _id(destination))
    stopped = None if hold is None else _stop(hold, now)
    if hold is None or stopped is None:
        raise DataInvalid("nothing is stopped there; `alignkit status` shows what is")
    store.apply(Batch(OWN_SOURCE, [hold_event(lifted(hold, reason, now), now)], now))
    return stopped


def find(store: Store, destination: str | None, now: datetime) -> Stop | None:
    """The stop that stands in the way at a destination, or of everything; the one on everything comes first."""
    for id in dict.fromkeys((_id(None), _id(destination))):
        hold = store.hold(OWN_SOURCE, id)
        if hold is not None and (stop := _stop(hold, now)) is not None:
            return stop
    return None


def find_all(store: Store, now: datetime) -> list[Stop]:
    """Every stop that is in force, the one on everything first."""
    holds = [store.hold(OWN_SOURCE, STOP), *store.parts(STOP)]
    return [stop for hold in holds if hold is not None and (stop := _stop(hold, now)) is not None]


def refuse(store: Store, destination: str | None, now: datetime) -> None:
    """Ends a run that a stop stands in the way of.

    Raises:
        Stopped: the text says who has stopped it, why and since when.
    """
    stop = find(store, destination, now)
    if stop is not None:
        raise Stopped(f"{stop.explain(now)}; resume it, then run this again")


def is_stop(hold: Hold) -> bool:
    """Whether a hold is a stop of everything or of a destination."""
    return hold.source == OWN_SOURCE and hold.id.partition(".")[0] == STOP


def _id(destination: str | None) -> str:
    return STOP if destination is None else f"{STOP}.{destination}"


def _stop(hold: Hold, now: datetime) -> Stop | None:
    """The stop that a hold stands for; None where it is over. One that begins later on another clock counts already."""
    if hold.released_at is not None or (hold.expires_at is not None and hold.expires_at <= now):
        return None
    by = hold.created_by or ""
    destination = hold.id.partition(".")[2] or None
    return Stop(destination, hold.reason.removesuffix(_by(by)), by, hold.opened_at, hold.expires_at)


def _by(name: str) -> str:
    """What is added to the reason, so that each decision that rests on it says who."""
    return f" (stopped by {name.strip()})"


class Resumed:
    """A store as it will answer once everything is resumed, for runs that only look.

    Args:
        store: the store as it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(
        self, identifier: str, needs: AbstractSet[str], after: int | None = None
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        """What the store tells, without stops."""
        facts, sources = self._store.ask(identifier, needs, after)
        facts.holds = [hold for hold in facts.holds if hold.ref != f"{OWN_SOURCE}/hold/{STOP}"]
        return facts, sources
