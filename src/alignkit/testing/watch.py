"""Watches the flows of a connector: its waits take no time, and it can be made to crash at any step."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TypeVar

from alignkit.connectors.base import Sink, Source
from alignkit.transport import Account, Anonymous, Flow, Limits, Origin
from alignkit.transport.steps import Steps

T = TypeVar("T")
E = TypeVar("E", Source, Sink)


class Crash(BaseException):
    """The process ends here. Nothing that catches `Exception` sees it."""


@dataclass(slots=True)
class Clock:
    """Seconds since the epoch, moved on by waiting alone.

    Attributes:
        waited: how many seconds were waited in all.
    """

    now: float
    waited: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        with self._lock:
            self.now += seconds
            self.waited += seconds


@dataclass(slots=True)
class CrashPoint:
    """Ends a run at one step; a step is just before or just after something is asked for.

    Attributes:
        at: the number of the step, from 1 on; 0 for never.
        has_fired: whether the run came so far.
    """

    at: int = 0
    has_fired: bool = False
    _steps: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self) -> None:
        """Counts a step.

        Raises:
            Crash: this is the one.
        """
        with self._lock:
            self._steps += 1
            if self._steps != self.at:
                return
            self.has_fired = True
        raise Crash


class Watched(Account):
    """An endpoint's account under watch. It stands in for the real one and keeps all its rules.

    Attributes:
        has_account: whether there is a real one; an endpoint that reads files has none.
    """

    def __init__(self, account: Account | None, clock: Clock, crash: CrashPoint) -> None:
        self.has_account: bool = account is not None
        if account is None:
            super().__init__("https://files.example", Anonymous(), clock=clock)
        else:
            vars(self).update(vars(account))
        self._clock = clock
        self._wait = clock.wait
        self._crash = crash

    @property
    def limits(self) -> Limits:
        """How the service says that it limits us."""
        return self._limits

    @property
    def reachable(self) -> Collection[Origin]:
        """Where requests may go."""
        return self._origins | self._auth.origins if self.has_account else ()

    def attend(self, flow: Flow[T]) -> Flow[T]:
        """See `Account.attend`."""
        return self._watched(super().attend(flow) if self.has_account else flow)

    def _watched(self, flow: Flow[T]) -> Flow[T]:
        try:
            steps = Steps(flow)
            while (effect := steps.effect) is not None:
                self._crash.step()
                self._wait(effect.delay)
                try:
                    answer = yield replace(effect, delay=0.0)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - the inner flow decides
                    steps.fail(error)
                else:
                    self._crash.step()
                    steps.give(answer)
            return steps.result
        finally:
            flow.close()


def watched(endpoint: E, clock: Clock, crash: CrashPoint) -> Watched:
    """Puts an endpoint under watch."""
    watch = Watched(endpoint.account, clock, crash)
    endpoint.account = watch
    return watch
