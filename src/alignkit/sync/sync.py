"""The two faces of syncing, `Sync` and `AsyncSync`: the same jobs, driven in a thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from alignkit.connectors.base import Finding, NewIssue, Run, Sink, Source
from alignkit.gate import aware
from alignkit.identity import identifier
from alignkit.models import Category, Channel, Hold, Message, Send
from alignkit.rules.policy import Policy
from alignkit.stores.base import Applied, Forgotten, Store, WideHold
from alignkit.stores.cohort import CAP, Cohort
from alignkit.sync import incident
from alignkit.sync.manual import hold_event, lifted, new_hold, record, send_events, standing
from alignkit.sync.pace import Pace
from alignkit.sync.pull import OnProgress, PullJob, PullResult
from alignkit.sync.push import Brake, PushJob, PushResult
from alignkit.sync.reconcile import ReconcileJob, ReconcileResult
from alignkit.sync.release import ReleaseJob, ReleaseResult
from alignkit.sync.stop import STOP, Stop
from alignkit.sync.stop import begin as begin_stop
from alignkit.sync.stop import end as end_stop
from alignkit.transport import Flow, Request, Response, arun, arun_all, call, run, run_all

if TYPE_CHECKING:
    from alignkit.transport import AsyncHttpClient, HttpClient

T = TypeVar("T")
SendRequest = Callable[[Request], Response]
AsyncSendRequest = Callable[[Request], Awaitable[Response]]

AT_ONCE = 4
"""How many flows read objects by id at once."""


class _Job(Protocol):
    def open(self) -> None: ...
    def close(self) -> None: ...


class _Recording:
    """What needs no service: holds put by hand, and sends."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def _hold(
        self,
        who: str,
        reason: str,
        expires_at: datetime | None,
        categories: Sequence[Category],
        channels: Sequence[Channel],
        by: str | None,
        now: datetime | None,
    ) -> Hold:
        moment = aware(now)
        end = None if expires_at is None else aware(expires_at)
        hold = new_hold(who, reason, moment, expires_at=end, categories=categories, channels=channels, by=by)
        record(self.store, [hold_event(hold, moment)], moment)
        return hold

    def _lift(self, hold_id: str, reason: str, now: datetime | None) -> Hold:
        moment = aware(now)
        hold = standing(self.store, hold_id)
        if hold.cohort is not None and hold_id != STOP:
            return incident.lift_hold(self.store, hold_id, reason, moment)
        over = lifted(hold, reason, moment)
        record(self.store, [hold_event(over, moment)], moment)
        return over

    def _record(self, sends: Iterable[Send], now: datetime | None) -> Applied:
        moment = aware(now)
        return record(self.store, send_events(sends, moment), moment)

    def _stop(
        self, reason: str, by: str, destination: str | None, until: datetime | None, now: datetime | None
    ) -> Stop:
        return begin_stop(self.store, destination, reason, by, aware(now), None if until is None else aware(until))

    def _resume(self, reason: str, destination: str | None, now: datetime | None) -> Stop:
        return end_stop(self.store, destination, reason, aware(now))

    def _open_incident(
        self,
        cohort: Cohort,
        reason: str,
        by: str,
        id: str | None,
        expires_at: datetime | None,
        categories: Sequence[Category],
        channels: Sequence[Channel],
        products: Sequence[str],
        cap: int | None,
        now: datetime | None,
    ) -> WideHold:
        return incident.open_hold(
            self.store,
            cohort,
            reason,
            by,
            aware(now),
            id=id,
            expires_at=None if expires_at is None else aware(expires_at),
            categories=categories,
            channels=channels,
            products=products,
            cap=cap,
        )

    def _change_incident(
        self,
        hold_id: str,
        cohort: Cohort | None,
        reason: str | None,
        expires_at: datetime | None,
        cap: int,
        now: datetime | None,
    ) -> WideHold:
        end = None if expires_at is None else aware(expires_at)
        return incident.change_hold(
            self.store, hold_id, aware(now), cohort=cohort, cap=cap, reason=reason, expires_at=end
        )

    def _refresh_incidents(self, now: datetime | None) -> list[WideHold]:
        return incident.refresh_holds(self.store, aware(now))

    def _confirm(self, hold_id: str, by: str, reason: str, people: int | None, now: datetime | None) -> WideHold:
        return incident.confirm_hold(self.store, hold_id, by, reason, aware(now), people=people)


class Sync(_Recording):
    """Pulls from sources, pushes to destinations, and keeps both in order.

    Args:
        store: where everything is kept.
        send: how requests are sent; the guarded HTTP client by default. Give another one for tests.
    """

    def __init__(self, store: Store, *, send: SendRequest | None = None) -> None:
        super().__init__(store)
        self._send = send

    def pull(
        self,
        source: Source,
        *,
        streams: Sequence[str] | None = None,
        since: datetime | None = None,
        max_pages: int | None = None,
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PullResult:
        """Brings in what is new at a source, from where the last pull left off.

        Args:
            streams: only these of the source's streams.
            since: the oldest change wanted on a first read.
            max_pages: stop after so many pages; the next pull goes on there.
            on_progress: called after each page.
            now: stamps receipt and freshness, the present by default; it never moves a window.

        Raises:
            LeaseHeld: another run is pulling this source.
            SettingsError, TryAgainLater, ServiceMisbehaved: the service; what was read stays.
            StoreUnavailable, StoreDamaged: the store; nothing was half-written.
        """
        job = _pull_job(self.store, source, streams, since, max_pages, on_progress, now)
        with self._sending() as send, _open(job):
            run(job.read(), send)
            while flows := job.fetches():
                run_all(flows, send, at_once=AT_ONCE)
        return job.result()

    def push(
        self,
        sink: Sink,
        policy: Policy,
        message: Message,
        *,
        dry_run: bool = False,
        brake: Brake | None = Brake(),  # noqa: B008 - frozen
        pace: Pace | None = None,
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PushResult:
        """Makes a destination agree with a policy for one kind of message.

        Args:
            dry_run: work everything out, change nothing. A policy in `observe` or `shadow` is always a dry run.
            brake: how many may change at once; None lets everything through.
            pace: how fast people are let go again; all at once by default.
            now: the moment to decide for, the present by default.

        Raises:
            Stopped: somebody stopped everything, or this destination; a dry run tells of it instead.
            LeaseHeld: another run is pushing to this destination.
            SettingsError, TryAgainLater, ServiceMisbehaved: the destination; the ledger knows how far it came.
        """
        job = PushJob(self.store, sink, aware(now), policy, message, dry_run, brake, pace, on_progress)
        return self._driven(job, job.push)

    def reconcile(self, sink: Sink, *, repair: bool = False, now: datetime | None = None) -> ReconcileResult:
        """Compares the ledger with what stands at a destination; `repair` mends what is ours."""
        job = ReconcileJob(self.store, sink, aware(now), repair)
        return self._driven(job, job.reconcile)

    def release(self, sink: Sink, *, only: Sequence[str] | None = None, now: datetime | None = None) -> ReleaseResult:
        """Releases everything at a destination that the ledger says is ours, or `only` these addresses."""
        job = ReleaseJob(self.store, sink, aware(now), only)
        return self._driven(job, job.release)

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
        return self._hold(who, reason, expires_at, categories, channels, by, now)

    def lift(self, hold_id: str, reason: str = "", *, now: datetime | None = None) -> Hold:
        """Lifts a manual hold; the next push carries it out."""
        return self._lift(hold_id, reason, now)

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

        Every gate over this store answers suppress where the policy has a rule about holds, and every run at a
        destination ends before its next batch with `Stopped`. Transactional messages are not touched. What is stopped
        already stays stopped by whom it was.

        Args:
            reason: why, for everybody who asks later.
            by: the name of whoever stops.
            destination: stop the runs at this one alone; decisions go on.
            until: when the stop ends by itself; without it somebody must resume.

        Raises:
            DataInvalid: no reason, no name, or an end that is not after `now`.
        """
        return self._stop(reason, by, destination, until, now)

    def resume(self, reason: str = "", *, destination: str | None = None, now: datetime | None = None) -> Stop:
        """Lets go on what `stop` has stopped, from where it was; returns the stop that is over.

        Raises:
            DataInvalid: nothing is stopped there.
        """
        return self._resume(reason, destination, now)

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
        return self._open_incident(cohort, reason, by, id, expires_at, categories, channels, products, cap, now)

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
        return self._change_incident(hold_id, cohort, reason, expires_at, cap, now)

    def refresh_incidents(self, *, now: datetime | None = None) -> list[WideHold]:
        """Looks up anew who is in the cohorts of open holds; who bought the product meanwhile is held as well."""
        return self._refresh_incidents(now)

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
        return self._confirm(hold_id, by, reason, people, now)

    def record(self, sends: Iterable[Send], *, now: datetime | None = None) -> Applied:
        """Records messages that went out; recording the same `id` twice changes nothing."""
        return self._record(sends, now)

    def forget(self, who: str, sinks: Sequence[Sink] = (), *, now: datetime | None = None) -> Forgotten:
        """Releases a person at these destinations, then erases them from the store.

        Raises:
            DataInvalid: we still hold them at a destination that is not among `sinks`.
        """
        addresses = _addresses(self.store, who)
        for sink in sinks:
            self.release(sink, only=addresses, now=now)
        return self.store.forget(who, aware(now))

    def check(self, endpoint: Source | Sink) -> Sequence[Finding]:
        """Looks at credential, permissions and settings of a source or destination."""
        with self._sending() as send:
            return run(endpoint.attend(endpoint.check()), send)

    def create_issue(self, source: Source, issue: NewIssue) -> str:
        """Creates an issue at a helpdesk and returns its id."""
        with self._sending() as send:
            return run(source.attend(source.create_issue(issue)), send)

    def add_note(self, source: Source, issue_id: str, text: str) -> None:
        """Adds a note to an issue that the customer does not see."""
        with self._sending() as send:
            run(source.attend(source.add_note(issue_id, text)), send)

    def _driven(self, job: _Job, flow: Callable[[], Flow[T]]) -> T:
        with self._sending() as send, _open(job):
            return run(flow(), send)

    @contextmanager
    def _sending(self) -> Generator[SendRequest]:
        if self._send is not None:
            yield self._send
            return
        with ExitStack() as opened:
            clients: list[HttpClient] = []

            def send(request: Request) -> Response:
                """Opens the client with the first request, which connectors of files never make."""
                if not clients:
                    from alignkit.transport import HttpClient

                    clients.append(opened.enter_context(HttpClient()))
                return clients[0].send(request)

            yield send


class AsyncSync(_Recording):
    """The same as `Sync`, for event loops; the store works in worker threads.

    Args:
        store: where everything is kept.
        send: how requests are sent; the guarded HTTP client by default.
    """

    def __init__(self, store: Store, *, send: AsyncSendRequest | None = None) -> None:
        super().__init__(store)
        self._send = send

    async def pull(
        self,
        source: Source,
        *,
        streams: Sequence[str] | None = None,
        since: datetime | None = None,
        max_pages: int | None = None,
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PullResult:
        """See `Sync.pull`."""
        job = _pull_job(self.store, source, streams, since, max_pages, on_progress, now)
        async with self._sending() as send, _aopen(job):
            await arun(job.read(), send)
            while flows := await asyncio.to_thread(job.fetches):
                await arun_all(flows, send, at_once=AT_ONCE)
        return job.result()

    async def push(
        self,
        sink: Sink,
        policy: Policy,
        message: Message,
        *,
        dry_run: bool = False,
        brake: Brake | None = Brake(),  # noqa: B008 - frozen
        pace: Pace | None = None,
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PushResult:
        """See `Sync.push`."""
        job = PushJob(self.store, sink, aware(now), policy, message, dry_run, brake, pace, on_progress)
        return await self._driven(job, job.push)

    async def reconcile(self, sink: Sink, *, repair: bool = False, now: datetime | None = None) -> ReconcileResult:
        """See `Sync.reconcile`."""
        job = ReconcileJob(self.store, sink, aware(now), repair)
        return await self._driven(job, job.reconcile)

    async def release(
        self, sink: Sink, *, only: Sequence[str] | None = None, now: datetime | None = None
    ) -> ReleaseResult:
        """See `Sync.release`."""
        job = ReleaseJob(self.store, sink, aware(now), only)
        return await self._driven(job, job.release)

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
        """See `Sync.hold`."""
        return await asyncio.to_thread(self._hold, who, reason, expires_at, categories, channels, by, now)

    async def lift(self, hold_id: str, reason: str = "", *, now: datetime | None = None) -> Hold:
        """See `Sync.lift`."""
        return await asyncio.to_thread(self._lift, hold_id, reason, now)

    async def stop(
        self,
        reason: str,
        by: str,
        *,
        destination: str | None = None,
        until: datetime | None = None,
        now: datetime | None = None,
    ) -> Stop:
        """See `Sync.stop`."""
        return await asyncio.to_thread(self._stop, reason, by, destination, until, now)

    async def resume(self, reason: str = "", *, destination: str | None = None, now: datetime | None = None) -> Stop:
        """See `Sync.resume`."""
        return await asyncio.to_thread(self._resume, reason, destination, now)

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
        """See `Sync.open_incident`."""
        return await asyncio.to_thread(
            self._open_incident, cohort, reason, by, id, expires_at, categories, channels, products, cap, now
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
        """See `Sync.change_incident`."""
        return await asyncio.to_thread(self._change_incident, hold_id, cohort, reason, expires_at, cap, now)

    async def refresh_incidents(self, *, now: datetime | None = None) -> list[WideHold]:
        """See `Sync.refresh_incidents`."""
        return await asyncio.to_thread(self._refresh_incidents, now)

    async def confirm(
        self, hold_id: str, by: str, reason: str, *, people: int | None = None, now: datetime | None = None
    ) -> WideHold:
        """See `Sync.confirm`."""
        return await asyncio.to_thread(self._confirm, hold_id, by, reason, people, now)

    async def record(self, sends: Iterable[Send], *, now: datetime | None = None) -> Applied:
        """See `Sync.record`."""
        return await asyncio.to_thread(self._record, sends, now)

    async def forget(self, who: str, sinks: Sequence[Sink] = (), *, now: datetime | None = None) -> Forgotten:
        """See `Sync.forget`."""
        addresses = await asyncio.to_thread(_addresses, self.store, who)
        for sink in sinks:
            await self.release(sink, only=addresses, now=now)
        return await asyncio.to_thread(self.store.forget, who, aware(now))

    async def check(self, endpoint: Source | Sink) -> Sequence[Finding]:
        """See `Sync.check`."""
        async with self._sending() as send:
            return await arun(endpoint.attend(endpoint.check()), send)

    async def create_issue(self, source: Source, issue: NewIssue) -> str:
        """See `Sync.create_issue`."""
        async with self._sending() as send:
            return await arun(source.attend(source.create_issue(issue)), send)

    async def add_note(self, source: Source, issue_id: str, text: str) -> None:
        """See `Sync.add_note`."""
        async with self._sending() as send:
            await arun(source.attend(source.add_note(issue_id, text)), send)

    async def _driven(self, job: _Job, flow: Callable[[], Flow[T]]) -> T:
        async with self._sending() as send, _aopen(job):
            return await arun(flow(), send)

    @asynccontextmanager
    async def _sending(self) -> AsyncGenerator[AsyncSendRequest]:
        if self._send is not None:
            yield self._send
            return
        async with AsyncExitStack() as opened:
            clients: list[AsyncHttpClient] = []

            async def send(request: Request) -> Response:
                """Opens the client with the first request, which connectors of files never make."""
                if not clients:
                    from alignkit.transport import AsyncHttpClient

                    clients.append(await opened.enter_async_context(AsyncHttpClient()))
                return await clients[0].send(request)

            yield send


def _pull_job(
    store: Store,
    source: Source,
    streams: Sequence[str] | None,
    since: datetime | None,
    max_pages: int | None,
    on_progress: OnProgress | None,
    now: datetime | None,
) -> PullJob:
    run_now = Run(aware(now), None if since is None else aware(since))
    return PullJob(source, store, run_now, streams or source.streams, max_pages, on_progress)


def _addresses(store: Store, who: str) -> list[str]:
    customer = store.customer(who)
    known = () if customer is None else customer.identifiers
    return [key.partition(":")[2] for key in dict.fromkeys((identifier(who), *known))]


@contextmanager
def _open(job: _Job) -> Generator[None]:
    try:
        job.open()
        yield
    finally:
        job.close()


@asynccontextmanager
async def _aopen(job: _Job) -> AsyncGenerator[None]:
    try:
        # Waits for the thread even when it is cancelled, so that a lease taken meanwhile is given back.
        await arun(call(job.open), _send_nothing)
        yield
    finally:
        await asyncio.to_thread(job.close)


async def _send_nothing(wanted: Request) -> Response:
    raise AssertionError(wanted)
