"""Flows taken effect by effect."""

from __future__ import annotations

import pytest

from alignkit.transport.flow import Call, Flow, Request, Response
from alignkit.transport.steps import Steps, call, request


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
