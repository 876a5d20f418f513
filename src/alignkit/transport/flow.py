"""Drives flows: here, and nowhere else, synchronous and asynchronous code part.

Everything above the client is written once, as a flow (see `alignkit.transport.steps`): `run` drives one in
the calling thread, `arun` in an event loop.

A flow that is stopped from outside sees `asyncio.CancelledError` at the effect it waits for, in both drivers,
and may still yield effects to clean up. A flow that is merely closed may not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any, TypeVar

from alignkit.transport.message import Request, Response
from alignkit.transport.steps import Effect, Flow, Steps

T = TypeVar("T")


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

    def work() -> None:
        while not stop.is_set():
            with lock:
                taken = next(queue, None)
            if taken is None:
                return
            try:
                results[taken[0]] = _run(taken[1], _stoppable(stop, send, sleep))
            except BaseException as error:  # noqa: BLE001 - raised again below, in the calling thread
                errors.append(error)
                stop.set()

    try:
        with ThreadPoolExecutor(at_once) as threads:
            try:
                wait([threads.submit(work) for _ in range(at_once)])
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
    errors: list[BaseException] = []

    async def work() -> None:
        for index, flow in queue:
            results[index] = await arun(flow, send, sleep)

    workers = [asyncio.ensure_future(work()) for _ in range(at_once)]
    for worker in workers:
        worker.add_done_callback(partial(_note_error, errors))
    try:
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


def _stoppable(
    stop: threading.Event,
    send: Callable[[Request], Response],
    sleep: Callable[[float], object] | None,
) -> Callable[[Effect], object]:
    """Tell a flow once that it was stopped; what it yields after that is its cleaning up."""
    was_told = False

    def check() -> None:
        nonlocal was_told
        if stop.is_set() and not was_told:
            was_told = True
            raise asyncio.CancelledError

    def pause(seconds: float) -> None:
        if sleep is not None:
            sleep(seconds)
        elif was_told:
            time.sleep(seconds)
        else:
            stop.wait(seconds)
        check()

    def perform(effect: Effect) -> object:
        check()
        return _perform(send, pause, effect)

    return perform


def _close(flows: Sequence[Flow[Any]]) -> None:
    for flow in flows:
        flow.close()


def _note_error(errors: list[BaseException], worker: asyncio.Future[None]) -> None:
    error = asyncio.CancelledError() if worker.cancelled() else worker.exception()
    if error is not None:
        errors.append(error)
