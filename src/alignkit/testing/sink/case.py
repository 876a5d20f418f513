"""What the author of a sink tells the kit, and one trial of that sink against its service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import ClassVar, Generic, TypeVar

import pytest

from alignkit.connectors.base import Order, Receipt, Sink, Submitted
from alignkit.errors import AlignkitError
from alignkit.models import Category, Channel, Message
from alignkit.rules.policy import Policy
from alignkit.stores import MemoryStore, Store
from alignkit.stores.records import IN_FLIGHT, IN_PLACE, OWN_SOURCE, Batch, LedgerRow
from alignkit.sync import AsyncSync, PushResult, Sync
from alignkit.testing.service import FakeService
from alignkit.testing.watch import Clock, Crash, CrashPoint, Watched, watched
from alignkit.testing.wire import Wire
from alignkit.transport import Flow, Request, run

S = TypeVar("S", bound=FakeService)
T = TypeVar("T")

OFFER = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
REASON = "an issue is open"
MOST_PAGES = 200
MOST_POLLS = 50


@cache
def _starter() -> Policy:
    """The policy of every run; compiled once, as it never changes."""
    return Policy.starter()


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a destination, by address.

    Attributes:
        free: three or more who get mail, with preferences as different as the destination knows.
        silent: who switched mail off, or never consented.
        foreign: whom a colleague holds by the means that the sink uses, or by another.
        absent: who is not there, and must never be.
    """

    free: tuple[str, ...]
    silent: tuple[str, ...]
    foreign: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def there(self) -> tuple[str, ...]:
        """Everybody whom the destination knows."""
        return (*self.free, *self.silent, *self.foreign)


class SinkCase(Generic[S]):
    """One sink and its service, for the kit.

    Attributes:
        secret: what `sink` gives as every secret, so that a leak is seen.
        cast: the people of the service.
        denied: samples of requests that must never be sent; `forbids` has to refuse each.
    """

    secret: ClassVar[str] = "sample-token-5e1f"  # noqa: S105 - a sample
    now: ClassVar[datetime] = datetime(2026, 3, 4, 12, tzinfo=UTC)
    cast: ClassVar[Cast]
    denied: ClassVar[Sequence[Request]] = ()

    def service(self) -> S:
        """Makes the service, always with the same people, on several pages."""
        raise NotImplementedError("override `service` to make the fake service")

    def sink(self, service: S) -> Sink:
        """Makes the sink at this service, with `secret` as every secret."""
        raise NotImplementedError("override `sink` to make the sink")

    def kept(self, service: S) -> Mapping[str, object]:
        """All that the destination keeps of each person, by address: consent, preferences, holds."""
        raise NotImplementedError("override `kept`, so that a change of anything is seen")

    def gets_mail(self, service: S, address: str) -> bool:
        """Whether the destination's next message would reach this person."""
        raise NotImplementedError("override `gets_mail`")

    def opt_out(self, service: S, address: str) -> None:
        """Lets a person switch mail off, as people do at this destination, while they are held."""
        raise NotImplementedError("override `opt_out`")

    def forbids(self, request: Request) -> str | None:  # noqa: ARG002 - for the author's override
        """Why a request must never be sent: it writes consent or creates a contact. None for all others."""
        return None

    def reason(self, service: S, address: str) -> str:
        """What the destination says of why this person is held (`AMEND`)."""
        raise NotImplementedError("override `reason`, so that it is seen to be kept up to date")

    def refusing(self, service: S, address: str) -> FakeService | None:  # noqa: ARG002 - for the author's override
        """The service, saying no for good to whatever is asked to change of one person; None where it cannot."""
        return None


@dataclass(slots=True)
class SinkTrial(Generic[S]):
    """One service, and one store with a fresh source and nothing to hold against anybody.

    Every run is made with a new sink, as a new process would, and a minute after the one before.
    """

    case: SinkCase[S]
    service: S
    through: FakeService | None = None
    store: Store = field(default_factory=MemoryStore)
    crash: CrashPoint = field(default_factory=CrashPoint)
    holds: dict[str, str] = field(default_factory=dict[str, str])
    before: Mapping[str, object] = field(init=False)
    now: datetime = field(init=False)
    clock: Clock = field(init=False)
    wire: Wire = field(init=False)
    watch: Watched = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.case.now
        self.clock = Clock(self.now.timestamp())
        self.wire = Wire(self.through or self.service, forbids=self.case.forbids)
        self.before = dict(self.case.kept(self.service))
        self.store.expect("kit", "kit", ("all",))
        self.store.apply(Batch("kit", (), self.now, stream="all", checkpoint={}, ended=True))

    def sink(self) -> Sink:
        """A new sink under watch."""
        sink = self.case.sink(self.service)
        self.watch = watched(sink, self.clock, self.crash)
        self.wire.allowed = self.watch.reachable
        return sink

    def want(self, *addresses: str) -> None:
        """Says that these people must not be written to."""
        for address in addresses:
            self.holds[address] = Sync(self.store).hold(address, REASON, now=self._moment()).id

    def want_the_same(self, other: SinkTrial[S]) -> None:
        """Says what was said in another trial, by the same holds: what a destination is told names them."""
        self.now, self.holds = other.now, dict(other.holds)
        self.store.apply(Batch(OWN_SOURCE, list(other.store.events(source=OWN_SOURCE)), self.now))

    def unwant(self, *addresses: str) -> None:
        """Says that these people may be written to again."""
        for address in addresses:
            Sync(self.store).lift(self.holds.pop(address), "it is over", now=self._moment())

    def push(self) -> PushResult:
        """One run."""
        sync = Sync(self.store, send=self.wire.send)
        return sync.push(self.sink(), _starter(), OFFER, brake=None, now=self._moment())

    def apush(self) -> PushResult:
        """One run in an event loop."""
        sync = AsyncSync(self.store, send=self.wire.asend)
        return asyncio.run(sync.push(self.sink(), _starter(), OFFER, brake=None, now=self._moment()))

    def failing_push(self) -> AlignkitError | None:
        """One run that may fail; the error where it did."""
        try:
            self.push()
        except AlignkitError as error:
            return error
        except Exception as error:  # noqa: BLE001 - told to the author in words
            pytest.fail(f"a run ended with {type(error).__name__}: {error}; raise an error from `alignkit.errors`")
        return None

    def crashing_push(self) -> bool:
        """One run up to the crash point; whether it came so far."""
        try:
            self.push()
        except Crash:
            return True
        return False

    def recover(self) -> None:
        """Runs when all is well: one run settles what was left open, another one does what that put off."""
        self.wire.disarm()
        self.crash = CrashPoint()
        self.push()
        if any(row.state in IN_FLIGHT for row in self.ledger.values()):
            self.push()

    def do(self, flow: Flow[T]) -> T:
        """Drives a flow of the last sink that was made."""
        return run(self.watch.attend(flow), self.wire.send)

    def orders(self, sink: Sink, addresses: Sequence[str]) -> list[Order]:
        """Orders for these people, with the snapshots of a look just before."""
        looks = self.do(sink.look(addresses))
        return [
            Order(address, looks[address].snapshot if address in looks else {}, REASON, self.now)
            for address in addresses
        ]

    def receipts(self, sink: Sink, answer: Sequence[Receipt] | Submitted) -> Sequence[Receipt]:
        """The receipts of a batch, asked after where the destination works on it by itself."""
        if not isinstance(answer, Submitted):
            return answer
        for _ in range(MOST_POLLS):
            receipts = self.do(sink.poll(answer.handle))
            if receipts is not None:
                return receipts
        pytest.fail(f"a batch was not done after {MOST_POLLS} polls; let the fake service finish it sooner")

    @property
    def ledger(self) -> Mapping[str, LedgerRow]:
        """The ledger's rows by address."""
        return {row.address: row for row in self.store.ledger(self.case.sink(self.service).name)}

    @property
    def held(self) -> set[str]:
        """Those of the free people who do not get mail now."""
        return {address for address in self.case.cast.free if not self.case.gets_mail(self.service, address)}

    @property
    def kept(self) -> Mapping[str, object]:
        """What the destination keeps of each person now."""
        return self.case.kept(self.service)

    def check(self, when: str) -> None:
        """Fails where a hold has no row, a row in place has no hold, or somebody was touched who was not ours."""
        rows = self.ledger
        unknown = sorted(self.held - rows.keys())
        assert not unknown, f"{when}: {unknown} are held and the ledger has no row; hold only who was ordered"
        stated = {address for address, row in rows.items() if row.direction == "hold" and row.state in IN_PLACE}
        empty = sorted(address for address in stated if self.case.gets_mail(self.service, address))
        assert not empty, f"{when}: {empty} count as held and get mail; CONFIRMED and ACCEPTED must be true"
        self.check_others(when)

    def check_others(self, when: str, touched: Sequence[str] | None = None) -> None:
        """Fails where anybody but `touched` (by default, the free) is not as before, or somebody came or went."""
        ours = self.case.cast.free if touched is None else touched
        now = self.kept
        moved = sorted(now.keys() ^ self.before.keys())
        assert not moved, f"{when}: {moved} came to the destination or left it; never create or delete a contact"
        other = sorted(address for address in now if address not in ours and now[address] != self.before[address])
        assert not other, f"{when}: {other} were touched and are not ours to touch"

    def check_restored(self, when: str) -> None:
        """Fails where anybody is not exactly as before."""
        now = self.kept
        other = sorted(address for address in self.before if now.get(address) != self.before[address])
        shown = "; ".join(f"{address} has {now.get(address)!r}, had {self.before[address]!r}" for address in other[:3])
        assert not other, f"{when}: not everybody is as before: {shown}; restore from the snapshot"

    def _moment(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class SinkParts(SinkCase[S]):
    """What every part of the kit for sinks stands on."""

    def trial(self, service: S | None = None, *, through: FakeService | None = None) -> SinkTrial[S]:
        """A new trial, of a new service unless one is given."""
        return SinkTrial(self, self.service() if service is None else service, through)

    def held_trial(self) -> SinkTrial[S]:
        """A trial in which all who are free have been held."""
        trial = self.trial()
        trial.want(*self.cast.free)
        trial.push()
        missing = sorted(set(self.cast.free) - trial.held)
        assert not missing, f"{missing} were to be held and get mail; the ledger says {dict(trial.ledger)}"
        return trial
