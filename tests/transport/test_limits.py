"""Limits: every form in which a service names a wait, and a pace shared by all."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.transport.limits import APART, Limiter, Limits, wait_of

from .scripted import NOW, answer

waits = st.integers(0, 100_000)


@given(waits)
def test_every_form_names_the_same_wait(wait: int) -> None:
    then = NOW + wait
    moment = datetime.fromtimestamp(then, UTC)
    forms = [
        str(wait),
        f"{wait}.0",
        str(int(then)),
        f"{then:.3f}",
        str(int(then * 1000)),
        moment.isoformat(),
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        formatdate(then, usegmt=True),
    ]
    assert [wait_of(form, NOW) for form in forms] == pytest.approx([wait] * len(forms))


@pytest.mark.parametrize(
    "value",
    ["", "soon", "nan", "inf", "-inf", "1e400", "-3", "0x10", "2023-99-99", "Mon, 99 Foo 2023", "10, 20", "9" * 400],
)
def test_what_is_no_wait_is_no_advice(value: str) -> None:
    assert wait_of(value, NOW) is None


@given(st.text(max_size=40))
def test_any_header_is_a_finite_wait_or_none(value: str) -> None:
    wait = wait_of(value, NOW)
    assert wait is None or 0 <= wait < float("inf")


def test_a_moment_that_has_passed_is_no_wait_at_all() -> None:
    assert wait_of(formatdate(NOW - 60, usegmt=True), NOW) == wait_of(str(int(NOW - 60)), NOW) == 0.0


def test_the_services_own_clock_decides_what_its_times_mean() -> None:
    late = NOW + 3_600  # the service's clock is an hour ahead of ours
    response = answer(429, retry_after=formatdate(late + 30, usegmt=True), date=formatdate(late, usegmt=True))
    assert Limits().advised_wait(response, NOW) == 30.0


def test_retry_after_is_stronger_than_a_reset() -> None:
    response = answer(429, x_ratelimit_reset=str(int(NOW + 900)), retry_after="7.5")
    assert Limits().advised_wait(response, NOW) == 7.5


def test_a_reset_is_heeded_only_when_the_window_is_spent() -> None:
    headers = {"X_Left": "0", "X_Reset": "40"}
    limits = Limits(reset=("X-Reset",), remaining=("X-Left",))
    assert limits.advised_wait(answer(200, **headers), NOW) == 40.0
    assert limits.advised_wait(answer(200, **{**headers, "X_Left": "3"}), NOW) is None
    assert Limits(reset=("X-Reset",)).advised_wait(answer(200, **headers), NOW) is None
    assert Limits(reset=("X-Reset",)).advised_wait(answer(429, **headers), NOW) == 40.0


@given(
    st.integers(1, 5),
    st.floats(0.5, 20),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3)), min_size=1, max_size=40),
)
def test_no_window_holds_more_starts_than_the_limit(
    requests: int, seconds: float, steps: list[tuple[float, float]]
) -> None:
    limiter, now = Limiter(Limits(requests=requests, seconds=seconds)), NOW
    starts: list[float] = []
    for passed, wait in steps:
        now += passed
        starts.append(now + limiter.reserve(now, wait))
        assert starts[-1] >= now + wait - 1e-6
    for earlier, later in zip(starts, starts[requests:], strict=False):
        assert later - earlier >= seconds - 1e-5


def test_without_a_limit_nobody_waits() -> None:
    limiter = Limiter(Limits())
    assert [limiter.reserve(NOW) for _ in range(100)] == [0.0] * 100


def test_a_pause_holds_for_everybody_until_it_is_over() -> None:
    limiter = Limiter(Limits())
    limiter.pause(NOW, 30)
    limiter.pause(NOW, 10)
    assert [limiter.reserve(NOW), limiter.reserve(NOW + 5) + 5, limiter.reserve(NOW, 60)] == [30.0, 30.0 + APART, 60.0]
    assert limiter.reserve(NOW + 31) == 0.0


def test_a_clock_set_back_lengthens_no_wait() -> None:
    limiter = Limiter(Limits(requests=1, seconds=10))
    limiter.reserve(NOW)
    limiter.pause(NOW, 25)
    day_before = NOW - 86_400
    assert limiter.pause_left(day_before) == pytest.approx(25)
    assert limiter.reserve(day_before) == pytest.approx(25)
