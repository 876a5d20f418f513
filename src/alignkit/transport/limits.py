"""Keeps one account within its service's limits: what the service asks for, shared by all flows."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from alignkit.transport.message import Response

# Seconds since the epoch passed 1e9 in 2001; in milliseconds, 1e11 was in 1973. No wait is as long as either.
_FIRST_EPOCH_SECOND = 1e9
_FIRST_EPOCH_MILLISECOND = 1e11


APART = 1.0
"""Seconds between the first requests of several flows after a pause that the service asked for."""


def is_too_many(response: Response) -> bool:
    """Whether an answer says "too many requests", as most services put it."""
    return response.status == 429


@dataclass(frozen=True, slots=True)
class Limits:
    """How a service limits an account, and in which headers it says so.

    Attributes:
        requests: how many requests may start within `seconds`; None leaves it to the service's answers.
        seconds: the length of that window.
        retry_after: headers that name a wait: seconds, whole or not, or an HTTP date (RFC 9110, 10.2.3).
        reset: headers that name the end of the window: epoch in seconds or milliseconds, ISO 8601, an HTTP
            date, or the seconds left; told apart by their form and size.
        remaining: headers that count what is left; at 0 all flows wait for the reset. None by default, as
            some services count per endpoint.
        means_limited: tells an answer that asks for patience from any other; some services use 400 or 403.
    """

    requests: int | None = None
    seconds: float = 1.0
    retry_after: Sequence[str] = ("retry-after",)
    reset: Sequence[str] = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
    remaining: Sequence[str] = ()
    means_limited: Callable[[Response], bool] = is_too_many

    def advised_wait(self, response: Response, now: float) -> float | None:
        """Seconds until the service wants to hear from us again, or None where it does not say.

        The end of a window counts only when the window is spent: services name it in every answer.
        """
        ends = self.reset if self.means_limited(response) or self.is_spent(response) else ()
        service_now = _service_time(response.headers, now)
        waits = (wait_of(response.headers.get(name.lower(), ""), service_now) for name in (*self.retry_after, *ends))
        return next((wait for wait in waits if wait is not None), None)

    def is_spent(self, response: Response) -> bool:
        """Whether an answer says that the window's last request was this one."""
        return any(_number(response.headers.get(name.lower(), "")) == 0 for name in self.remaining)


def wait_of(value: str, now: float) -> float | None:
    """Seconds from `now` that a header's value names, in any of the forms of `Limits.reset`."""
    number = _number(value)
    if number is None:
        moment = _moment(value)
        return None if moment is None else max(0.0, moment - now)
    if number >= _FIRST_EPOCH_MILLISECOND:
        return max(0.0, number / 1000 - now)
    if number >= _FIRST_EPOCH_SECOND:
        return max(0.0, number - now)
    return number


class Limiter:
    """Hands out starting times to all flows of one account; safe to share between threads."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.seconds
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=limits.requests or 0)
        self._paused_until = -math.inf
        self._resume_at = -math.inf
        self._latest = -math.inf

    def reserve(self, now: float, wait: float = 0.0) -> float:
        """Seconds until a request may start that waits for `wait` seconds anyway; the start is taken."""
        with self._lock:
            self._follow(now)
            start = now + wait
            if now < self._paused_until:
                # One after the other: all at once, they would only be told to wait again.
                start = max(start, self._resume_at)
                self._resume_at = start + APART
            if self._starts.maxlen and len(self._starts) == self._starts.maxlen:
                start = max(start, self._starts[0] + self._seconds)
            self._starts.append(start)
            return start - now

    def pause(self, now: float, seconds: float) -> None:
        """Let nobody start within the next seconds."""
        with self._lock:
            self._follow(now)
            self._paused_until = max(self._paused_until, now + seconds)
            self._resume_at = max(self._resume_at, self._paused_until)

    def pause_left(self, now: float) -> float:
        """Seconds of a pause that are still to come."""
        with self._lock:
            self._follow(now)
            return max(0.0, self._paused_until - now)

    def _follow(self, now: float) -> None:
        """Move everything along when the clock was set back, so that no wait grows by the difference."""
        back = self._latest - now
        if 0 < back < math.inf:
            self._starts = deque((start - back for start in self._starts), self._starts.maxlen)
            self._paused_until -= back
            self._resume_at -= back
        self._latest = now


def _service_time(headers: Mapping[str, str], now: float) -> float:
    """The service's own clock where it shows it: a time it names is meant by that clock."""
    moment = _moment(headers.get("date", ""))
    return now if moment is None else moment


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(value: str) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None
