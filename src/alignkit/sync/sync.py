"""The two faces of syncing, `Sync` and `AsyncSync`: the same jobs, driven in a thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from alignkit.connectors.base import Capability, Finding, NewIssue, Run, Sink, Source
from alignkit.errors import DataInvalid, TryAgainLater
from alignkit.gate import aware
from alignkit.identity import identifier
from alignkit.models import Message
from alignkit.rules.policy import Policy
from alignkit.stores.base import Store
from alignkit.stores.records import Forgotten
from alignkit.sync.pace import Pace
from alignkit.sync.pull import OnProgress, PullJob, PullResult
from alignkit.sync.push import Brake, PushJob, PushResult
from alignkit.sync.reconcile import ReconcileJob, ReconcileResult
from alignkit.sync.recording import AsyncRecording, Recording
from alignkit.sync.release import ReleaseJob, ReleaseResult
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


class Sync(Recording):
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
            SettingsError: the source's name stands for another one; see `moved`.
            SettingsError, TryAgainLater, ServiceMisbehaved: the service; what was read stays. Where it refused a
                stream, the others were read first.
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
        shadows: Sequence[Policy] = (),
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PushResult:
        """Makes a destination agree with a policy for one kind of message.

        Args:
            dry_run: work everything out, change nothing. A policy in `observe` or `shadow` is always a dry run.
            brake: how many may change at once; None lets everything through.
            pace: how fast people are let go again; all at once by default.
            shadows: policies in mode `shadow` or `observe` that are asked about the same people; the result reports
                what they would have decided.
            now: the moment to decide for, the present by default.

        Raises:
            Stopped: somebody stopped everything, or this destination; a dry run tells of it instead.
            LeaseHeld: another run is pushing to this destination.
            SettingsError: the destination's name stands for another one; see `moved`.
            SettingsError, TryAgainLater, ServiceMisbehaved: the destination; the ledger knows how far it came.
        """
        job = PushJob(self.store, sink, aware(now), policy, message, dry_run, brake, pace, on_progress, shadows)
        return self._driven(job, job.push)

    def reconcile(self, sink: Sink, *, repair: bool = False, now: datetime | None = None) -> ReconcileResult:
        """Compares the ledger with what stands at a destination; `repair` mends what is ours."""
        job = ReconcileJob(self.store, sink, aware(now), repair)
        return self._driven(job, job.reconcile)

    def release(self, sink: Sink, *, only: Sequence[str] | None = None, now: datetime | None = None) -> ReleaseResult:
        """Releases everything at a destination that the ledger says is ours, or `only` these addresses."""
        job = ReleaseJob(self.store, sink, aware(now), only)
        return self._driven(job, job.release)

    def forget(
        self, who: str, sinks: Sequence[Sink] = (), *, give_up: Sequence[str] = (), now: datetime | None = None
    ) -> Forgotten:
        """Releases a person at these destinations, then erases them from the store.

        Args:
            give_up: names of destinations that are gone, at which a hold on this person is given up; see `give_up`.

        Raises:
            TryAgainLater: a destination could not release them this time; nothing was erased.
            DataInvalid: we still hold them at another destination, or one refused to release them.
        """
        addresses = _addresses(self.store, who)
        for sink in sinks:
            _require_settled(self.release(sink, only=addresses, now=now))
        for name in give_up:
            self.give_up(name, only=addresses)
        return self.store.forget(who, aware(now))

    def check(self, endpoint: Source | Sink) -> Sequence[Finding]:
        """Looks at credential, permissions and settings of a source or destination."""
        with self._sending() as send:
            return run(endpoint.attend(endpoint.check()), send)

    def create_issue(self, source: Source, issue: NewIssue) -> str:
        """Creates an issue at a helpdesk and returns its id.

        Raises:
            DataInvalid: the source cannot do that, or the helpdesk would not take this issue.
        """
        with self._sending() as send:
            return run(_write(source, Capability.WRITE_ISSUE, lambda: source.create_issue(issue)), send)

    def add_note(self, source: Source, issue_id: str, text: str) -> None:
        """Adds a note that the customer does not see to an issue, or at a CRM without issues to a person.

        Raises as `create_issue` does.
        """
        with self._sending() as send:
            run(_write(source, Capability.WRITE_NOTE, lambda: source.add_note(issue_id, text)), send)

    def add_tag(self, source: Source, issue_id: str, tag: str) -> None:
        """Adds a tag to an issue and leaves the others as they are; raises as `create_issue` does."""
        with self._sending() as send:
            run(_write(source, Capability.WRITE_TAG, lambda: source.add_tag(issue_id, tag)), send)

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


class AsyncSync(AsyncRecording):
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
        shadows: Sequence[Policy] = (),
        on_progress: OnProgress | None = None,
        now: datetime | None = None,
    ) -> PushResult:
        """See `Sync.push`."""
        job = PushJob(self.store, sink, aware(now), policy, message, dry_run, brake, pace, on_progress, shadows)
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

    async def forget(
        self, who: str, sinks: Sequence[Sink] = (), *, give_up: Sequence[str] = (), now: datetime | None = None
    ) -> Forgotten:
        """See `Sync.forget`."""
        addresses = await asyncio.to_thread(_addresses, self.store, who)
        for sink in sinks:
            _require_settled(await self.release(sink, only=addresses, now=now))
        for name in give_up:
            await self.give_up(name, only=addresses)
        return await asyncio.to_thread(self.store.forget, who, aware(now))

    async def check(self, endpoint: Source | Sink) -> Sequence[Finding]:
        """See `Sync.check`."""
        async with self._sending() as send:
            return await arun(endpoint.attend(endpoint.check()), send)

    async def create_issue(self, source: Source, issue: NewIssue) -> str:
        """See `Sync.create_issue`."""
        async with self._sending() as send:
            return await arun(_write(source, Capability.WRITE_ISSUE, lambda: source.create_issue(issue)), send)

    async def add_note(self, source: Source, issue_id: str, text: str) -> None:
        """See `Sync.add_note`."""
        async with self._sending() as send:
            await arun(_write(source, Capability.WRITE_NOTE, lambda: source.add_note(issue_id, text)), send)

    async def add_tag(self, source: Source, issue_id: str, tag: str) -> None:
        """See `Sync.add_tag`."""
        async with self._sending() as send:
            await arun(_write(source, Capability.WRITE_TAG, lambda: source.add_tag(issue_id, tag)), send)

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
    run_now = Run(aware(now), None if since is None else aware(since, "since"))
    return PullJob(source, store, run_now, streams or source.wanted_streams, max_pages, on_progress)


def _write(source: Source, capability: Capability, flow: Callable[[], Flow[T]]) -> Flow[T]:
    if capability not in source.capabilities:
        raise DataInvalid(
            f"`{source.name}` cannot do `{capability}`; `alignkit connectors` shows what each connector can"
        )
    return source.attend(flow())


def _addresses(store: Store, who: str) -> list[str]:
    customer = store.customer(who)
    known = () if customer is None else customer.identifiers
    return [key.partition(":")[2] for key in dict.fromkeys((identifier(who), *known))]


def _require_settled(result: ReleaseResult) -> None:
    if result.open:
        raise TryAgainLater(
            f"`{result.destination}` has not released this person yet, so nothing was erased; forget them again later"
        )


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
