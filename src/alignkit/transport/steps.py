"""Describes what a flow asks for, and takes a flow effect by effect.

A flow is a generator. It yields a `Request` (something to send) or a `Call` (a function that may block), is
given the `Response` or the result, and returns its value.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from alignkit.garbage import put_off
from alignkit.transport.message import Request, Response

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One function that may block: a store, a file, a lock. `arun` calls it in a worker thread.

    Attributes:
        function: called without arguments.
        delay: seconds to wait first; while waiting no thread is held.
    """

    function: Callable[[], T]
    delay: float = 0.0


Effect: TypeAlias = Request | Call[Any]
Flow: TypeAlias = Generator[Effect, Any, T]


def request(wanted: Request) -> Flow[Response]:
    """One request as a flow of its own.

    Inside a flow: `response = yield from request(Request("GET", "/tickets"))`.
    """
    response: Response = yield wanted
    return response


def call(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
    """One function that may block as a flow of its own.

    Inside a flow: `row = yield from call(store.load, key)`.
    """
    result: T = yield Call(partial(function, *args, **kwargs))
    return result


class Steps(Generic[T]):
    """A flow taken effect by effect.

    Attributes:
        effect: what the flow waits for; None once it has returned.
    """

    effect: Effect | None

    def __init__(self, flow: Flow[T]) -> None:
        self._flow = flow
        self._result: list[T] = []
        self._advance(partial(next, flow))

    def give(self, answer: object) -> None:
        """Answer the effect."""
        self._advance(partial(self._flow.send, answer))

    def fail(self, error: BaseException) -> None:
        """Raise an error where the flow waits."""
        self._advance(partial(self._flow.throw, error))

    @property
    def result(self) -> T:
        """What the flow returned."""
        return self._result[0]

    def _advance(self, step: Callable[[], Effect]) -> None:
        try:
            # A flow never waits between two effects: it reads a page there, and makes thousands of events.
            with put_off():
                self.effect = step()
        except StopIteration as stop:
            self.effect = None
            self._result.append(stop.value)
