"""Decides whether and when a request is sent again: tenacity's stop and wait objects, the service's word first."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_random_exponential
from tenacity.stop import StopBaseT
from tenacity.wait import WaitBaseT


@dataclass(frozen=True, slots=True)
class Retry:
    """How patient an account is.

    Attributes:
        stop: when to give up, as tenacity puts it: `stop_after_attempt(5)`, `stop_after_delay(60)`, or both
            joined with `|`.
        wait: seconds between attempts where the service names none.
        longest_wait: the most seconds a service may make us wait; asked for more, `RateLimited` is raised.
    """

    stop: StopBaseT = field(default_factory=lambda: stop_after_attempt(5))
    wait: WaitBaseT = field(default_factory=lambda: wait_random_exponential(multiplier=0.5, max=30))
    longest_wait: float = 120.0


class Attempts:
    """The attempts at one request.

    Attributes:
        made: how many there were.
    """

    def __init__(self, retry: Retry, started: float) -> None:
        self._retry = retry
        self._state = RetryCallState(Retrying(stop=retry.stop, wait=retry.wait), None, (), {})
        self._state.start_time = started

    @property
    def made(self) -> int:
        return self._state.attempt_number

    def next_wait(self, now: float, advised: float | None) -> float | None:
        """Seconds to wait before the next attempt, or None where there shall be none."""
        state = self._state
        state.outcome_timestamp = now
        wait = float(self._retry.wait(state)) if advised is None else advised
        state.upcoming_sleep = wait
        if self._retry.stop(state):
            return None
        state.idle_for += wait
        state.prepare_for_next_attempt()
        return wait
