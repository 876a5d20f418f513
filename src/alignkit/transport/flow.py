"""Describes what a flow asks for, and drives flows: here, and nowhere else, sync and async part.

A flow is a generator. It yields a `Request` (something to send) or a `Call` (a function that may block), is
given the `Response` or the result, and returns its value. Everything above the client is written once this
way: `run` drives a flow in the calling thread, `arun` in an event loop.

A flow that is stopped from outside sees `asyncio.CancelledError` at the effect it waits for, in both drivers,
and may still yield effects to clean up. A flow that is merely closed may not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, Union

from typing_extensions import TypeAliasType

from alignkit.transport._body import parsed_json, parsed_text
from alignkit.transport._shown import shown_path

T = TypeVar("T")
P = ParamSpec("P")

JsonValue = TypeAliasType(
    "JsonValue",
    Union["dict[str, JsonValue]", "list[JsonValue]", str, int, float, bool, None],
)
"""What a JSON document can hold, as `json.loads` returns it."""

_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, described and not yet sent.

    Attributes:
        method: in capitals.
        url: absolute, or a path starting with "/" that the account puts after the path of its `base_url`.
        params: the query, appended to whatever query `url` has.
        headers: sent as they are; credentials are added by the account, never here.
        json: sent as `application/json`; at most one of `json`, `form` and `content` may be given.
        form: sent as `application/x-www-form-urlencoded`.
        content: sent as it is; name its type in `headers`.
        delay: seconds to wait before sending.
        credentials: False sends the request bare, as links signed by a third party need.
        accept: statuses beside 2xx that are returned to the flow instead of raised.
        repeatable: whether sending twice does no harm; None decides by method. Only a repeatable request is
            sent again after a timeout, a 5xx or a broken connection.
    """

    method: str
    url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    json: JsonValue | None = None
    form: Sequence[tuple[str, str]] | None = None
    content: bytes | None = None
    delay: float = 0.0
    credentials: bool = True
    accept: frozenset[int] = frozenset()
    repeatable: bool | None = None

    def __post_init__(self) -> None:
        if sum(body is not None for body in (self.json, self.form, self.content)) > 1:
            raise ValueError("a request takes one of `json`, `form` and `content`, not several")

    @property
    def is_repeatable(self) -> bool:
        """Whether sending this request twice does no harm."""
        return self.method in _REPEATABLE_METHODS if self.repeatable is None else self.repeatable

    def __repr__(self) -> str:
        return f"<Request {self.method} {shown_path(self.url)}>"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP answer, read to its end and decompressed.

    Attributes:
        status: the HTTP status.
        headers: keys in lower case; a header sent several times is joined with ", ".
        content: the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""

    def json(self) -> JsonValue:
        """The body as JSON.

        Raises:
            ResponseInvalid: it is not JSON, is cut, nests deeper than 64 levels or holds a number that is
                infinite or longer than 64 digits. The text names type and length, never the body.
        """
        return parsed_json(self.content, self.headers.get("content-type", ""))

    def text(self) -> str:
        """The body as text, by the character set it names, else UTF-8.

        Raises:
            ResponseInvalid: the bytes are not in that character set.
        """
        return parsed_text(self.content, self.headers.get("content-type", ""))

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.content)} bytes>"


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
    """Sends one request from inside a flow, as in `response = yield from request(Request("GET", path))`."""
    response: Response = yield wanted
    return response


def call(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
    """Calls something that may block from inside a flow, as in `row = yield from call(store.load, key)`."""
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
            self.effect = step()
        except StopIteration as stop:
            self.effect = None
            self._result.append(stop.value)


def run(
    flow: Flow[T],
    send: Callable[[Request], Response],
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Drive a flow to its end in the calling thread.

    Whatever `send`, `sleep` or a call raises is raised inside the flow, which may react to it.
    """
    return _run(flow, partial(_perform, send, sleep))


async def arun(
    flow: Flow[T],
    send: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T:
    """Drive a flow to its end in the running event loop; calls go to worker threads.

    When the task is cancelled, a call already under way is waited for, so that the flow knows what it holds.
    """
    try:
        steps = Steps(flow)
        while steps.effect is not None:
            try:
                answer = await _aperform(send, sleep, steps.effect)
            except BaseException as error:  # noqa: BLE001 - the flow decides, cancellation included
                steps.fail(error)
            else:
                steps.give(answer)
        return steps.result
    finally:
        flow.close()


def run_all(
    flows: Iterable[Flow[T]],
    send: Callable[[Request], Response],
    at_once: int = 4,
    sleep: Callable[[float], object] | None = None,
) -> list[T]:
    """Drive several flows, `at_once` at a time, each in a thread of its own; results in the flows' order.

    Raises:
        BaseException: the first error of any flow, after the others were stopped and closed.
    """
    waiting = list(flows)
    queue = iter(enumerate(waiting))
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    lock, stop = threading.Lock(), threading.Event()
    pause = stop.wait if sleep is None else sleep

    def work() -> None:
        while not stop.is_set():
            with lock:
                index, flow = next(queue, (None, None))
            if index is None or flow is None:
                return
            try:
                results[index] = _run(flow, _until_stopped(stop, partial(_perform, send, pause)))
            except BaseException as error:  # noqa: BLE001 - raised again below, in the calling thread
                errors.append(error)
                stop.set()

    try:
        with ThreadPoolExecutor(at_once) as threads:
            try:
                for worker in [threads.submit(work) for _ in range(at_once)]:
                    worker.result()
            finally:
                stop.set()
    finally:
        _close(waiting)
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(waiting))]


async def arun_all(
    flows: Iterable[Flow[T]],
    send: Callable[[Request], Awaitable[Response]],
    at_once: int = 4,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> list[T]:
    """Drive several flows, `at_once` at a time, as tasks of the running loop; results in the flows' order.

    Raises:
        BaseException: the first error of any flow, after the others were stopped and closed.
    """
    waiting = list(flows)
    queue = iter(enumerate(waiting))
    results: dict[int, T] = {}

    async def work() -> None:
        for index, flow in queue:
            results[index] = await arun(flow, send, sleep)

    workers = [asyncio.ensure_future(work()) for _ in range(min(at_once, len(waiting)))]
    errors: list[BaseException] = []
    for worker in workers:
        worker.add_done_callback(partial(_note_error, errors))
    try:
        if workers:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        _close(waiting)
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(waiting))]


def _run(flow: Flow[T], perform: Callable[[Effect], object]) -> T:
    try:
        steps = Steps(flow)
        while steps.effect is not None:
            try:
                answer = perform(steps.effect)
            except BaseException as error:  # noqa: BLE001 - the flow decides, an interrupt included
                steps.fail(error)
            else:
                steps.give(answer)
        return steps.result
    finally:
        flow.close()


def _perform(send: Callable[[Request], Response], sleep: Callable[[float], object], effect: Effect) -> object:
    if effect.delay > 0:
        sleep(effect.delay)
    return send(effect) if isinstance(effect, Request) else effect.function()


async def _aperform(
    send: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]],
    effect: Effect,
) -> object:
    if effect.delay > 0:
        await sleep(effect.delay)
    return await (send(effect) if isinstance(effect, Request) else _in_thread(effect.function))


async def _in_thread(function: Callable[[], object]) -> object:
    """Call in a worker thread; a cancellation waits for the thread, which nothing can interrupt."""
    outcome = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(outcome)
    except asyncio.CancelledError:
        while not outcome.done():
            try:
                await asyncio.wait([outcome])
            except asyncio.CancelledError:
                continue
        if not outcome.cancelled():
            outcome.exception()  # seen, so that asyncio does not report it as lost
        raise


def _until_stopped(stop: threading.Event, perform: Callable[[Effect], object]) -> Callable[[Effect], object]:
    """Tell a flow once that it was stopped; what it yields after that is its cleaning up."""
    told = False

    def performed(effect: Effect) -> object:
        nonlocal told
        if told or not stop.is_set():
            return perform(effect)
        told = True
        raise asyncio.CancelledError

    return performed


def _close(flows: Sequence[Flow[Any]]) -> None:
    for flow in flows:
        flow.close()


def _note_error(errors: list[BaseException], worker: asyncio.Future[None]) -> None:
    if not worker.cancelled() and (error := worker.exception()) is not None:
        errors.append(error)
