"""What the author of a source tells the kit, and one trial of that source against its service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Generic, NoReturn, TypeVar

import pytest

from alignkit.connectors.base import Capability, Checkpoint, Fetched, Page, Run, Source
from alignkit.errors import AlignkitError
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.stores import MemoryStore, Store
from alignkit.sync import AsyncSync, PullResult, Sync
from alignkit.testing.service import Edit, Edited, FakeService, Records
from alignkit.testing.state import State, difference
from alignkit.testing.watch import Clock, Crash, CrashPoint, Watched, watched
from alignkit.testing.wire import Wire
from alignkit.transport import Flow, run

S = TypeVar("S", bound=FakeService)
T = TypeVar("T")

MOST_PAGES = 500
LATER = timedelta(hours=30)
"""How much later a run is made that shall read again what was put off or has long been open."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a connector finds at its service.

    Attributes:
        issues: each issue's id and status.
        people: identifiers of people, such as e-mail addresses.
    """

    issues: Mapping[str, IssueStatus]
    people: frozenset[str]


class SourceCase(Generic[S]):
    """One source and its service, for the kit.

    Attributes:
        secret: what `connector` gives as every secret, so that a leak is seen.
        now: when runs are made; after everything at the service.
        expected: what is there to be found.
        records: where the service's answers hold records.
        has_numeric_ids: whether ids are numbers; then one issue's must be above 2**53.
        shown: the author's own tests for traps that the kit cannot show, by the trap's number: the name of a test of
            this class, or a test function of another file. See `alignkit.testing.traps`.
        not_applicable: why a trap cannot be stepped into, by its number.
        owed: what is missing of a trap that can be stepped into and that nothing shows yet, by its number. It counts
            as not shown wherever evidence is told.
        meanings: what the service's words for the status of an issue mean, where the connector's `statuses` name none.
        lines: what is known of the service beyond its data, as `Sheet.lines` names it.
    """

    secret: ClassVar[str] = "sample-token-5e1f"  # noqa: S105 - a sample
    now: ClassVar[datetime] = datetime(2026, 3, 4, 12, tzinfo=UTC)
    expected: ClassVar[Expected]
    records: ClassVar[Sequence[Records]] = ()
    has_numeric_ids: ClassVar[bool] = True
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {}
    not_applicable: ClassVar[Mapping[str, str]] = {}
    owed: ClassVar[Mapping[str, str]] = {}
    meanings: ClassVar[Mapping[str, IssueStatus]] = {}
    lines: ClassVar[frozenset[str]] = frozenset()

    def service(self) -> S:
        """Makes the service, always with the same data: several pages of each stream."""
        raise NotImplementedError("override `service` to make the fake service")

    def connector(self, service: S) -> Source:
        """Makes the connector to this service, with `secret` as every secret."""
        raise NotImplementedError("override `connector` to make the source")

    def present(self, service: S, later: timedelta) -> datetime:  # noqa: ARG002 - for services with a clock
        """When a run is made; override it where the service has a clock of its own."""
        return self.now + later

    def edited(self, service: S, edit: Edit) -> FakeService:
        """The service, its records changed on the way; a connector that reads files changes them there."""
        return Edited(service, self.records, edit)

    def change(self, service: S) -> None:
        """Changes one issue and adds another, later than all that was there (`INCREMENTAL`)."""
        raise NotImplementedError("override `change`")

    def delete(self, service: S) -> str:
        """Deletes an issue that is active, and returns its id (`DELETIONS`)."""
        raise NotImplementedError("override `delete`")

    def merge(self, service: S) -> tuple[str, str]:
        """Merges an active issue into another, and returns the ids of both, the survivor's last (`MERGES`)."""
        raise NotImplementedError("override `merge`")

    def restate(self, service: S, status: str) -> str | None:
        """Gives an active issue this status, and returns its id; None where the service never shows such an issue."""
        raise NotImplementedError("override `restate`")

    def noted(self) -> str:
        """The id of what gets a note: the first of `expected.issues`, or a person where there are none."""
        return next(iter(self.expected.issues))

    def notes(self, service: S, issue_id: str) -> Sequence[str]:
        """The notes on what is `noted`, which no customer sees (`WRITE_NOTE`)."""
        raise NotImplementedError("override `notes`")

    def tags(self, service: S, issue_id: str) -> Sequence[str]:
        """The tags of an issue (`WRITE_TAG`); the first of `expected.issues` must have one."""
        raise NotImplementedError("override `tags`")


@dataclass(slots=True)
class Trial(Generic[S]):
    """One service and one store. Every run is made with a new connector, as a new process would.

    Attributes:
        through: what stands between connector and service; the service itself by default.
        at_strike: the checkpoints as they stood when a fault first happened.
        gaps: what was told as possibly missed, in all runs.
        latest: the connector of the latest run.
    """

    case: SourceCase[S]
    service: S
    through: FakeService | None = None
    store: Store = field(default_factory=MemoryStore)
    crash: CrashPoint = field(default_factory=CrashPoint)
    clock: Clock = field(init=False)
    wire: Wire = field(init=False)
    watch: Watched = field(init=False)
    latest: Source | None = None
    at_strike: Mapping[str, object] = field(default_factory=dict[str, object])
    gaps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.clock = Clock(self.case.now.timestamp())
        self.wire = Wire(self.through or self.service, on_strike=self._remember)

    def _remember(self) -> None:
        self.at_strike = self.checkpoints()

    def now(self, later: timedelta = timedelta(0)) -> datetime:
        """When a run is made."""
        moment = self.case.present(self.service, later)
        self.clock.now = max(self.clock.now, moment.timestamp())
        return moment

    def source(self) -> Source:
        """A new connector under watch."""
        source = self.latest = self.case.connector(self.service)
        self.watch = watched(source, self.clock, self.crash)
        self.wire.allowed = self.watch.reachable
        return source

    def pull(
        self,
        *,
        stream: str | None = None,
        max_pages: int | None = None,
        later: timedelta = timedelta(0),
        since: datetime | None = None,
    ) -> PullResult:
        """One run."""
        sync = Sync(self.store, send=self.wire.send)
        streams = None if stream is None else [stream]
        result = sync.pull(self.source(), streams=streams, since=since, max_pages=max_pages, now=self.now(later))
        self.gaps += result.gaps
        return result

    def apull(self) -> PullResult:
        """One run in an event loop."""
        sync = AsyncSync(self.store, send=self.wire.asend)
        return asyncio.run(sync.pull(self.source(), now=self.now()))

    def failing_pull(self, *, later: timedelta = timedelta(0)) -> AlignkitError | None:
        """One run that may fail; the error where it did. Any other exception than ours is the connector's fault."""
        try:
            self.pull(later=later)
        except AlignkitError as error:
            return error
        except Exception as error:  # noqa: BLE001 - told to the author in words
            pytest.fail(f"a run ended with {type(error).__name__}: {error}; raise an error from `alignkit.errors`")
        return None

    def crashing_pull(self) -> bool:
        """One run up to the crash point; whether it came so far."""
        try:
            self.pull()
        except Crash:
            return True
        return False

    def recover(self, wanted: State | None = None) -> None:
        """Runs again when all is well; and once more a day later where something was put off, or is still wanting."""
        self.wire.disarm()
        self.crash = CrashPoint()
        self.pull()
        is_put_off = self.latest and self.store.wanted(self.latest.name, self.case.now + LATER, 1)
        if is_put_off or (wanted is not None and self.state != wanted):
            self.pull(later=LATER)

    def pages(self) -> Iterable[tuple[str, Page]]:
        """Every page of every stream, straight from the connector."""
        source = self.source()
        for stream in source.streams:
            checkpoint: Checkpoint | None = None
            for _ in range(MOST_PAGES):
                reading = source.read(stream, checkpoint, Run(self.now()))
                page = run(self.watch.attend(reading), self.wire.send)
                yield stream, page
                checkpoint = page.checkpoint
                if not page.more:
                    break

    def fetch(self, refs: Sequence[Ref]) -> Fetched:
        """Reads objects by id."""
        source = self.source()
        return run(self.watch.attend(source.fetch(refs, Run(self.now()))), self.wire.send)

    def watch_source(self, flow: Callable[[Source], Flow[T]]) -> Flow[T]:
        """A flow of a new connector, under watch."""
        source = self.source()
        return self.watch.attend(flow(source))

    def checkpoints(self) -> Mapping[str, object]:
        """Where each stream stands."""
        source = self.latest or self.source()
        return {stream: self.store.checkpoint(source.name, stream) for stream in source.streams}

    @property
    def state(self) -> State:
        """What the store holds."""
        return State.of(self.store)


class SourceTests(SourceCase[S]):
    """What every part of the kit for sources stands on."""

    running: str = ""

    @pytest.fixture(autouse=True)
    def _named(self, request: pytest.FixtureRequest) -> None:
        """Keeps the name of the test that runs, for `leave_out`."""
        self.running = request.node.name.partition("[")[0]

    def leave_out(self, reason: str) -> NoReturn:
        """Skips the test that runs, unless a trap counts as shown because of it: what did not run shows nothing."""
        if traps := self.rests_on(self.running):
            pytest.fail(
                f"{reason}, so nothing shows trap {', '.join(traps)}; name a test of yours in `shown`, or say in"
                " `not_applicable` why it does not apply"
            )
        pytest.skip(reason)

    def rests_on(self, test: str) -> Sequence[str]:  # noqa: ARG002 - the list of traps knows
        """The traps that count as shown by a test of the kit."""
        return ()

    def trial(
        self, service: S | None = None, *, edit: Edit | None = None, through: FakeService | None = None
    ) -> Trial[S]:
        """A new trial, of a new service unless one is given."""
        served = self.service() if service is None else service
        return Trial(self, served, self.edited(served, edit) if edit else through)

    def undisturbed(self) -> Trial[S]:
        """A trial in which nothing went wrong."""
        trial = self.trial()
        trial.recover()
        return trial

    def claims(self, capability: Capability) -> bool:
        """Whether the connector claims a capability."""
        return capability in self.connector(self.service()).capabilities

    def needs(self, capability: Capability) -> None:
        """Skips a test of something that the connector does not claim."""
        if not self.claims(capability):
            self.leave_out(f"the connector does not claim {capability.name}")


def same(found: State, wanted: State, when: str) -> None:
    """Fails where two states differ.

    Args:
        when: what had happened, and what follows for the connector's author.
    """
    if text := difference(found, wanted):
        pytest.fail(f"{when}: {text}")
