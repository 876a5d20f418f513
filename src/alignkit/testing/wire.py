"""Carries requests to a service in memory: notes each, lets one go wrong, and refuses those that must not be sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import pytest

from alignkit.testing.faults import Fault
from alignkit.testing.service import FakeService
from alignkit.transport import Origin, Request, Response
from alignkit.transport.origin import place

MOST_REQUESTS = 3_000
"""A run that sends more than this is taken for one that would never end."""


def _nothing(_request: Request) -> str | None:
    return None


def _ignored() -> None:
    return None


@dataclass(slots=True)
class Wire:
    """The way to one service.

    Attributes:
        allowed: where requests may go.
        forbids: says why a request must never be sent, or None.
        sent: every request, in order.
        struck: the request that the fault first happened to.
        on_strike: called just before the fault happens for the first time.
    """

    service: FakeService
    allowed: Collection[Origin] = ()
    forbids: Callable[[Request], str | None] = _nothing
    sent: list[Request] = field(default_factory=list[Request])
    struck: Request | None = None
    on_strike: Callable[[], None] = _ignored
    _fault: Fault | None = None
    _first: int = 0
    _last: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def arm(self, fault: Fault, at: int, *, lasts: bool) -> None:
        """Lets a fault happen to the request with this number, and to all that follow where it lasts."""
        self._fault, self._first = fault, at
        self._last = MOST_REQUESTS if lasts else at

    def disarm(self) -> None:
        """Lets everything go well again."""
        self._fault = None

    def send(self, request: Request) -> Response:
        """Answers one request."""
        with self._lock:
            number = len(self.sent)
            self.sent.append(request)
            self._refuse(request)
            if self._fault is None or not self._first <= number <= self._last:
                return self.service.handle(request)
            if self.struck is None:
                self.struck = request
                self.on_strike()
            return self._fault.happen(lambda: self.service.handle(request))

    async def asend(self, request: Request) -> Response:
        """As `send`, for event loops."""
        return self.send(request)

    def _refuse(self, request: Request) -> None:
        if len(self.sent) > MOST_REQUESTS:
            pytest.fail(f"the run sent {MOST_REQUESTS} requests and goes on; guard the walk with `PageGuard`")
        try:
            origin = place(request.url).origin
        except ValueError:
            pytest.fail(f"{request!r} was sent past the account; give the connector an `Account` and yield requests")
        if origin not in self.allowed:
            pytest.fail(f"{request!r} went to `{origin}`, which is not the service; follow no link to another host")
        if why := self.forbids(request):
            pytest.fail(f"{request!r} was sent, which is forbidden: {why}")
