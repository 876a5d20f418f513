"""A service, a clock and a sleep that exist on paper only: what account and token tests drive flows with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tenacity import stop_after_attempt, wait_fixed

from alignkit.transport.account import Account
from alignkit.transport.auth import Auth, Bearer
from alignkit.transport.flow import run
from alignkit.transport.limits import Limits
from alignkit.transport.message import Request, Response
from alignkit.transport.retry import Retry
from alignkit.transport.steps import Flow, request

T = TypeVar("T")
Answer = Response | BaseException

BASE = "https://help.example.com"
NOW = 1_700_000_000.0
PATIENT = Retry(stop=stop_after_attempt(4), wait=wait_fixed(2.0), longest_wait=100.0)


class Script:
    """Answers requests from a list or by a function, and keeps what was sent and slept."""

    def __init__(self, answers: Iterable[Answer] | Callable[[Request], Answer]) -> None:
        self._answers = answers if callable(answers) else None
        self._queue = iter(() if callable(answers) else answers)
        self._lock = threading.Lock()
        self.sent: list[Request] = []
        self.slept: list[float] = []
        self.now = NOW

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def send(self, wanted: Request) -> Response:
        with self._lock:
            self.sent.append(wanted)
            answer = self._answers(wanted) if self._answers else next(self._queue)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def asend(self, wanted: Request) -> Response:
        return self.send(wanted)

    def run(self, flow: Flow[T]) -> T:
        return run(flow, self.send, self.sleep)

    def account(
        self,
        auth: Auth | None = None,
        *,
        base_url: str = BASE,
        origins: Iterable[str] = (),
        limits: Limits | None = None,
        retry: Retry = PATIENT,
    ) -> Account:
        return Account(
            base_url,
            auth or Bearer("sample-token"),
            name="helpdesk",
            origins=origins,
            limits=limits,
            retry=retry,
            clock=self.clock,
        )

    def ask(self, wanted: Request, account: Account | None = None) -> Response:
        return self.run((account or self.account()).attend(request(wanted)))


def answer(status: int = 200, content: bytes = b"{}", /, **headers: str) -> Response:
    return Response(status, named(headers), content)


def named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").lower(): value for name, value in headers.items()}
