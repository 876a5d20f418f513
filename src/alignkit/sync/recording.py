"""Everything that people and programs say by themselves: holds, stops, incidents, sends, and sources that are over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from alignkit.connectors.base import Endpoint
from alignkit.gate import aware
from alignkit.models import Category, Channel, Hold, Send
from alignkit.stores.base import Store
from alignkit.stores.cohort import CAP, Cohort
from alignkit.stores.records import Applied, WideHold
from alignkit.sync import incident
from alignkit.sync.location import move
from alignkit.sync.manual import hold_event, lifted, new_hold, record, send_events, standing
from alignkit.sync.orphans import adopt, give_up
from alignkit.sync.retire import Retired, retire
from alignkit.sync.stop import STOP, Stop
from alignkit.sync.stop import begin as begin_stop
from alignkit.sync.stop import end as end_stop


class Recording:
    """What needs no service.

    Args:
        store: where everything is kept.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def hold(
        self,
        who: str,
        reason: str,
        *,
        expires_at: datetime | None = None,
        categories: Sequence[Category] = (),
        channels: Sequence[Channel] = (),
        by: str | None = None,
        now: datetime | None = None,
    ) -> Hold:
        """Puts a manual hold on one person; the next push carries it out."""
        moment = aware(now)
        end = None if expires_at is None else aware(expires_at, "expires_at")
        made = new_hold(who, reason, moment, expires_at=end, categories=categories, channels=channels, by=by)
        record(self.store, [hold_event(made, moment)], moment)
        return made

    def lift(self, hold_id: str, reason: str = "", *, now: datetime | None = None) -> Hold:
        """Lifts a manual hold; the next push carries it out."""
        moment = aware(now)
        hold = standing(self.store, hold_id)
        if hold.cohort is not None and hold_id != STOP:
            return incident.lift_hold(self.store, hold_id, reason, moment)
        over = lifted(hold, reason, moment)
        record(self.store, [hold_event(over, moment)], moment)
        return over

    def record(self, sends: Iterable[Send], *, now: datetime | None = None) -> Applied:
        """Records messages that went out; recording the same `id` twice changes nothing."""
        moment = aware(now)
        return record(self.store, send_events(sends, moment), moment)

    def stop(
        self,
        reason: str,
        by: str,
        *,
        destination: str | None = None,
        until: datetime | None = None,
        now: datetime | None = None,
    ) -> Stop:
        """Stops everything outbound at once, or all runs at one destination, until `resume`.

        Every gate over this store answers suppress, and every run at a destination ends before its next batch with
        `Stopped`. Transactional messages are not touched. What is stopped already stays stopped by whom it was.

        Args:
            reason: why, for everybody who asks later.
            by: the name of whoever stops.
            destination: stop the runs at this one alone; decisions go on.
            until: when the stop ends by itself; without it somebody must resume.

        Raises:
            DataInvalid: no reason, no name, or an end that is not after `now`.
        """
        return begin_stop(
            self.store, destination, reason, by, aware(now), None if until is None else aware(until, "until")
        )

    def resume(self, reason: str = "", *, destination: str | None = None, now: datetime | None = None) -> Stop:
        """Lets go on what `stop` has stopped, from where it was; returns the stop that is over.

        Raises:
            DataInvalid: nothing is stopped there.
        """
        return end_stop(self.store, destination, reason, aware(now))

    def moved(self, endpoint: Endpoint) -> None:
        """Says that a source or destination is the one that its name has stood for, at another address or path.

        Without that word, a run at another place under a known name is refused: the issues of two helpdesks, or the
        holds at two lists, would mix.

        Raises:
            LeaseHeld: a run is under way there.
        """
        move(self.store, endpoint)

    def adopt(self, old: str, new: str, *, now: datetime | None = None) -> int:
        """Carries the ledger of a destination on under another name, which it has from now on.

        Returns how many people the ledger has there.

        Raises:
            DataInvalid: the ledger has nothing of the old name.
            SettingsError: the two names stand for two destinations.
            Stopped, LeaseHeld: one of them is stopped, or a run is at work there.
        """
        return adopt(self.store, old, new, aware(now))

    def give_up(self, destination: str, *, only: Sequence[str] | None = None) -> tuple[str, ...]:
        """Gives up our holds at a destination that is gone, or those of `only` these people; whom it was about.

        Nothing is asked of the destination: whoever is held there stays so, and nobody will release them. Where it can
        still be reached, use `Sync.release`.

        Raises:
            LeaseHeld: a run is at work there.
        """
        return give_up(self.store, destination, only)

    def retire(self, source: str, *, close: bool, now: datetime | None = None) -> Retired:
        """Takes leave of a source that nobody will read again; no decision waits for it any more.

        Args:
            source: its name.
            close: whether its open issues and its holds count no more from now on. Its name then stays out of use: who
                comes back reads it under another one. Else they go on counting as they stand.

        Raises:
            DataInvalid: the store knows no such source.
            LeaseHeld: somebody is reading it.
        """
        return retire(self.store, source, aware(now), close=close)

    def open_incident(
        self,
        cohort: Cohort,
        reason: str,
        by: str,
        *,
        id: str | None = None,
        expires_at: datetime | None = None,
        categories: Sequence[Category] = (),
        channels: Sequence[Channel] = (),
        products: Sequence[str] = (),
        cap: int | None = CAP,
        now: datetime | None = None,
    ) -> WideHold:
        """Holds everybody in a cohort, in one transaction; `lift` lifts it as a whole.

        Args:
            cohort: whom it is meant for. Accounts and products are looked up again by `refresh_incidents`.
            by: the name of whoever answers for it.
            id: a name of your own for it, letters, digits, `_` and `-`.
            products: only messages that name one of these products; empty means all.
            cap: the most people it may silence before somebody confirms it; None where `by` answers for all of them.

        Raises:
            DataInvalid: nobody is meant, no reason or name, an end that is not after `now`, or an `id` that is taken.
            LeaseHeld: somebody else is changing this hold.
        """
        return incident.open_hold(
            self.store,
            cohort,
            reason,
            by,
            aware(now),
            id=id,
            expires_at=None if expires_at is None else aware(expires_at, "expires_at"),
            categories=categories,
            channels=channels,
            products=products,
            cap=cap,
        )

    def change_incident(
        self,
        hold_id: str,
        *,
        cohort: Cohort | None = None,
        reason: str | None = None,
        expires_at: datetime | None = None,
        cap: int = CAP,
        now: datetime | None = None,
    ) -> WideHold:
        """Changes a hold over a cohort; what is not given stays. Another cohort has a cap again.

        Raises:
            DataInvalid: there is no such hold, or it was lifted.
            LeaseHeld: somebody else is changing this hold.
        """
        end = None if expires_at is None else aware(expires_at, "expires_at")
        return incident.change_hold(
            self.store, hold_id, aware(now), cohort=cohort, cap=cap, reason=reason, expires_at=end
        )

    def refresh_incidents(self, *, now: datetime | None = None) -> list[WideHold]:
        """Looks up anew who is in the cohorts of open holds; who bought the product meanwhile is held as well."""
        return incident.refresh_holds(self.store, aware(now))

    def confirm(
        self, hold_id: str, by: str, reason: str, *, people: int | None = None, now: datetime | None = None
    ) -> WideHold:
        """Lets a hold reach beyond its cap, by name and reason.

        Args:
            hold_id: the id of a hold over a cohort, `source/id` of one that a service told of, or `account:source/id`
                for what the issues of a large account hold.
            people: how many people it may silence; as many as it is meant for now by default.

        Raises:
            DataInvalid: there is no such hold, or no name or reason.
        """
        return incident.confirm_hold(self.store, hold_id, by, reason, aware(now), people=people)


class AsyncRecording:
    """The same as `Recording`, for event loops: each call works in a thread.

    Args:
        store: where everything is kept.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._recording = Recording(store)

    async def hold(
        self,
        who: str,
        reason: str,
        *,
        expires_at: datetime | None = None,
        categories: Sequence[Category] = (),
        channels: Sequence[Channel] = (),
        by: str | None = None,
        now: datetime | None = None,
    ) -> Hold:
        """See `Recording.hold`."""
        return await asyncio.to_thread(
            self._recording.hold,
            who,
            reason,
            expires_at=expires_at,
            categories=categories,
            channels=channels,
            by=by,
            now=now,
        )

    async def lift(self, hold_id: str, reason: str = "", *, now: datetime | None = None) -> Hold:
        """See `Recording.lift`."""
        return await asyncio.to_thread(self._recording.lift, hold_id, reason, now=now)

    async def stop(
        self,
        reason: str,
        by: str,
        *,
        destination: str | None = None,
        until: datetime | None = None,
        now: datetime | None = None,
    ) -> Stop:
        """See `Recording.stop`."""
        return await asyncio.to_thread(self._recording.stop, reason, by, destination=destination, until=until, now=now)

    async def resume(self, reason: str = "", *, destination: str | None = None, now: datetime | None = None) -> Stop:
        """See `Recording.resume`."""
        return await asyncio.to_thread(self._recording.resume, reason, destination=destination, now=now)

    async def moved(self, endpoint: Endpoint) -> None:
        """See `Recording.moved`."""
        await asyncio.to_thread(self._recording.moved, endpoint)

    async def adopt(self, old: str, new: str, *, now: datetime | None = None) -> int:
        """See `Recording.adopt`."""
        return await asyncio.to_thread(self._recording.adopt, old, new, now=now)

    async def give_up(self, destination: str, *, only: Sequence[str] | None = None) -> tuple[str, ...]:
        """See `Recording.give_up`."""
        return await asyncio.to_thread(self._recording.give_up, destination, only=only)

    async def retire(self, source: str, *, close: bool, now: datetime | None = None) -> Retired:
        """See `Recording.retire`."""
        return await asyncio.to_thread(self._recording.retire, source, close=close, now=now)

    async def open_incident(
        self,
        cohort: Cohort,
        reason: str,
        by: str,
        *,
        id: str | None = None,
        expires_at: datetime | None = None,
        categories: Sequence[Category] = (),
        channels: Sequence[Channel] = (),
        products: Sequence[str] = (),
        cap: int | None = CAP,
        now: datetime | None = None,
    ) -> WideHold:
        """See `Recording.open_incident`."""
        return await asyncio.to_thread(
            self._recording.open_incident,
            cohort,
            reason,
            by,
            id=id,
            expires_at=expires_at,
            categories=categories,
            channels=channels,
            products=products,
            cap=cap,
            now=now,
        )

    async def change_incident(
        self,
        hold_id: str,
        *,
        cohort: Cohort | None = None,
        reason: str | None = None,
        expires_at: datetime | None = None,
        cap: int = CAP,
        now: datetime | None = None,
    ) -> WideHold:
        """See `Recording.change_incident`."""
        return await asyncio.to_thread(
            self._recording.change_incident,
            hold_id,
            cohort=cohort,
            reason=reason,
            expires_at=expires_at,
            cap=cap,
            now=now,
        )

    async def refresh_incidents(self, *, now: datetime | None = None) -> list[WideHold]:
        """See `Recording.refresh_incidents`."""
        return await asyncio.to_thread(self._recording.refresh_incidents, now=now)

    async def confirm(
        self, hold_id: str, by: str, reason: str, *, people: int | None = None, now: datetime | None = None
    ) -> WideHold:
        """See `Recording.confirm`."""
        return await asyncio.to_thread(self._recording.confirm, hold_id, by, reason, people=people, now=now)

    async def record(self, sends: Iterable[Send], *, now: datetime | None = None) -> Applied:
        """See `Recording.record`."""
        return await asyncio.to_thread(self._recording.record, sends, now=now)
