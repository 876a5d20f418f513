"""Flows taken effect by effect."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from alignkit.transport.message import Request, Response
from alignkit.transport.steps import Call, Flow, Steps, call, request


def two() -> Flow[str]:
    status = (yield from request(Request("GET", "/"))).status
    word = yield from call(str.upper, "done")
    return f"{status} {word}"


def test_a_flow_waits_for_one_effect_after_the_other() -> None:
    steps = Steps(two())
    first = steps.effect
    assert isinstance(first, Request)
    steps.give(Response(204))
    second = steps.effect
    assert isinstance(second, Call)
    steps.give(second.function())
    assert steps.effect is None
    assert steps.result == "204 DONE"


def test_an_error_is_raised_where_the_flow_waits() -> None:
    steps = Steps(two())
    with pytest.raises(LookupError, match="gone"):
        steps.fail(LookupError("gone"))


def test_a_flow_that_asks_for_nothing_is_done_at_once() -> None:
    def idle() -> Flow[int]:
        yield from ()
        return 7

    steps = Steps(idle())
    assert steps.effect is None
    assert steps.result == 7


@pytest.mark.usefixtures("collector")
def test_nothing_is_collected_while_a_flow_works_and_everything_while_it_waits() -> None:
    seen: list[bool] = []

    def working() -> Flow[None]:
        seen.append(gc.isenabled())
        try:
            yield from request(Request("GET", "/"))
        except LookupError:
            seen.append(gc.isenabled())

    steps = Steps(working())
    seen.append(gc.isenabled())
    steps.fail(LookupError("gone"))
    assert seen == [False, True, False]
    assert gc.isenabled()


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector at work, and afterwards as it was."""
    was_enabled = gc.isenabled()
    gc.enable()
    yield
    if not was_enabled:
        gc.disable()
