"""Facts about one customer, as rules read them."""

from __future__ import annotations

from dataclasses import asdict

from alignkit.rules.facts import EarlierHold

from .builders import HOUR, ago, hold


def test_a_hold_taken_for_an_earlier_one_says_all_else_as_it_was() -> None:
    put = hold(opened_at=ago(HOUR), channels=("email",))
    earlier = EarlierHold.of(put, ago(2 * HOUR))
    assert asdict(earlier) == {**asdict(put), "opened_at": ago(2 * HOUR), "put_at": ago(HOUR)}


def test_a_hold_that_was_in_force_before_began_when_it_began() -> None:
    put = hold(opened_at=ago(3 * HOUR))
    assert EarlierHold.of(put, ago(2 * HOUR)).opened_at == ago(3 * HOUR)
