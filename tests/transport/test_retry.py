"""Retries: tenacity's objects decide, the service's word first."""

from __future__ import annotations

from tenacity import stop_after_attempt, stop_after_delay, stop_before_delay, wait_exponential, wait_fixed

from alignkit.transport.retry import Attempts, Retry


def waits(retry: Retry, advised: float | None = None) -> list[float]:
    """All waits of one request that never succeeds; each attempt takes no time."""
    now, found = 1_000.0, list[float]()
    attempts = Attempts(retry, now)
    while (wait := attempts.next_wait(now, advised)) is not None:
        found.append(wait)
        now += wait
    return found


def test_waits_grow_as_the_wait_object_says_until_the_stop_object_ends_them() -> None:
    assert waits(Retry(stop=stop_after_attempt(5), wait=wait_exponential(multiplier=1))) == [1, 2, 4, 8]


def test_the_services_word_beats_the_wait_object() -> None:
    assert waits(Retry(stop=stop_after_attempt(3), wait=wait_fixed(1)), advised=0.25) == [0.25, 0.25]


def test_a_stop_by_time_follows_the_accounts_clock() -> None:
    assert waits(Retry(stop=stop_after_delay(10), wait=wait_fixed(4))) == [4, 4, 4]
    assert waits(Retry(stop=stop_before_delay(10), wait=wait_fixed(4))) == [4, 4]


def test_stop_objects_can_be_joined() -> None:
    assert waits(Retry(stop=stop_after_attempt(2) | stop_after_delay(60), wait=wait_fixed(4))) == [4]


def test_attempts_are_counted() -> None:
    attempts = Attempts(Retry(wait=wait_fixed(0)), 0.0)
    while attempts.next_wait(0.0, None) is not None:
        pass
    assert attempts.made == 5
