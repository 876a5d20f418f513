"""Drivers: the same flow gives the same in a thread and in a loop, and is always closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import ServiceUnreachable
from alignkit.transport.flow import arun, arun_all, run, run_all
from alignkit.transport.message import Request, Response
from alignkit.transport.steps import Flow, call, request

GET = Request("GET", "https://help.example.com/")

Step: TypeAlias = tuple[str, int]
steps = st.tuples(st.sampled_from(["request", "call", "delay", "recover", "fail"]), st.integers(0, 9))


def program(plan: list[Step], trace: list[str]) -> Flow[int]:
    """A flow made of steps; those with an odd number meet an error from outside."""
    total = 0
    try:
        for kind, number in plan:
            trace.append(kind)
            if kind == "request":
                total += (yield from request(Request("GET", f"/{number}"))).status
            elif kind == "delay":
                total += (yield from request(Request("GET", "/0", delay=number / 1000))).status
            elif kind == "call":
                total += yield from call(divmod_of, number)
            elif kind == "recover":
                try:
                    yield from request(Request("GET", "/1"))
                except ServiceUnreachable:
                    total += number
            else:
                raise LookupError(number)
    finally:
        trace.append("closed")
    return total


def divmod_of(number: int) -> int:
    return 10 // (number - 3)


def reply(wanted: Request) -> Response:
    number = int(wanted.url[1:])
    if number % 2:
        raise ServiceUnreachable("odd")
    return Response(200 + number)


async def areply(wanted: Request) -> Response:
    return reply(wanted)


def outcome(drive: Callable[[Flow[int]], int], plan: list[Step]) -> tuple[object, list[str]]:
    trace: list[str] = []
    try:
        return drive(program(plan, trace)), trace
    except Exception as error:  # noqa: BLE001 - the error is what is compared
        return (type(error), str(error)), trace


@given(st.lists(steps, max_size=6))
def test_sync_equals_async_for_generated_flows(plan: list[Step]) -> None:
    async def adrive(flow: Flow[int]) -> int:
        return await arun(flow, areply)

    assert outcome(lambda flow: run(flow, reply), plan) == outcome(lambda flow: asyncio.run(adrive(flow)), plan)


def test_a_delay_is_slept_before_the_request_is_sent() -> None:
    happened: list[str] = []

    def send(wanted: Request) -> Response:
        happened.append("sent")
        return Response(200)

    run(request(Request("GET", "/", delay=2.5)), send, lambda seconds: happened.append(f"slept {seconds}"))
    assert happened == ["slept 2.5", "sent"]


def test_an_interrupt_lets_the_flow_clean_up_with_effects() -> None:
    released: list[str] = []

    def leased() -> Flow[None]:
        try:
            yield from request(GET)
        finally:
            yield from call(released.append, "lease")

    def interrupted(_wanted: Request) -> Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(leased(), interrupted)
    assert released == ["lease"]


def test_a_cancelled_task_waits_for_the_call_under_way_and_then_cleans_up() -> None:
    begun, go_on, happened = threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        begun.set()
        assert go_on.wait(10)
        happened.append("call ended")

    def leased() -> Flow[None]:
        try:
            yield from call(slow)
        except asyncio.CancelledError:
            happened.append("told")
            yield from call(happened.append, "released")
            raise

    async def main() -> None:
        task = asyncio.create_task(arun(leased(), areply))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # an impatient caller changes nothing
        await asyncio.sleep(0)
        go_on.set()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert happened == ["call ended", "told", "released"]


def numbered(number: int) -> Flow[int]:
    yield from request(Request("GET", f"/{2 * number}"))
    return number


@pytest.mark.parametrize("at_once", [1, 3, 40])
def test_several_flows_give_their_results_in_order(at_once: int) -> None:
    flows = range(20)

    async def main() -> list[int]:
        return await arun_all(map(numbered, flows), areply, at_once)

    assert run_all(map(numbered, flows), reply, at_once) == list(flows) == asyncio.run(main())


def test_no_flows_give_no_results() -> None:
    assert run_all(list[Flow[int]](), reply) == []
    assert asyncio.run(arun_all(list[Flow[int]](), areply)) == []


def test_never_more_flows_than_asked_for_run_at_once() -> None:
    lock, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(3)

    def counted(_wanted: Request) -> Response:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(10)
        with lock:
            running -= 1
        return Response(200)

    run_all([request(GET) for _ in range(9)], counted, at_once=3)
    assert most == 3


def test_the_first_error_stops_sleeping_threads_and_every_flow_is_closed() -> None:
    sleeping, closed = threading.Event(), list[str]()

    def sleeper() -> Flow[None]:
        try:
            yield from call(sleeping.set)
            yield from request(Request("GET", "/0", delay=600))
            closed.append("sent in spite of the stop")
        except asyncio.CancelledError:
            yield from call(closed.append, "sleeper cleaned up")
            raise

    def failing() -> Flow[None]:
        yield from call(sleeping.wait, 10)
        raise LookupError("first")

    with pytest.raises(LookupError, match="first"):
        run_all([sleeper(), failing(), sleeper()], reply, at_once=2)
    assert closed == ["sleeper cleaned up"]


def test_the_first_error_stops_a_thread_that_never_sleeps() -> None:
    begun, failed, seen = threading.Event(), threading.Event(), list[str]()

    def busy() -> Flow[None]:
        yield from call(begun.set)
        yield from call(failed.wait, 10)
        try:
            for _ in range(1_000_000):
                yield from request(Request("GET", "/0"))
        except asyncio.CancelledError:
            seen.append("stopped")
            raise

    def failing() -> Flow[None]:
        try:
            yield from call(begun.wait, 10)
            raise LookupError("first")
        finally:
            failed.set()

    with pytest.raises(LookupError, match="first"):
        run_all([busy(), failing()], reply, at_once=2)
    assert seen == ["stopped"]


def test_the_first_error_stops_sleeping_tasks_and_every_flow_is_closed() -> None:
    closed: list[str] = []

    def sleeper() -> Flow[None]:
        try:
            yield from request(Request("GET", "/0", delay=600))
            closed.append("sent in spite of the stop")
        except asyncio.CancelledError:
            yield from call(closed.append, "sleeper cleaned up")
            raise

    def failing() -> Flow[None]:
        yield from request(Request("GET", "/1"))

    async def main() -> None:
        await arun_all([sleeper(), failing(), sleeper()], areply, at_once=2)

    with pytest.raises(ServiceUnreachable, match="odd"):
        asyncio.run(main())
    assert closed == ["sleeper cleaned up"]


def test_a_flow_may_catch_what_send_raises_and_go_on() -> None:
    def stubborn() -> Flow[int]:
        try:
            yield from request(Request("GET", "/1"))
        except ServiceUnreachable:
            return (yield from request(Request("GET", "/2"))).status
        return 0

    assert run(stubborn(), reply) == 202
