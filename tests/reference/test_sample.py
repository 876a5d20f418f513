"""A sample of decisions, quick enough to hold every mutant of the rules to it."""

from __future__ import annotations

import pytest

from alignkit.rules.compiler import Plan

from .comparing import first_difference
from .generating import Typed, Untyped

FACTS = 12


@pytest.mark.parametrize("five", range(12))
def test_engine_and_page_decide_a_sample_alike(five: int) -> None:
    for number in range(5 * five, 5 * five + 5):
        for maker in (
            Typed(f"sample-{number}", clocks=0, plugins=0.1),
            Untyped(f"sample-{number}", clocks=0, plugins=0.1),
        ):
            found = first_difference(maker, FACTS)
            assert found is None, f"seed sample-{number}: {found}"


def test_engine_and_page_read_clocks_and_calendars_alike() -> None:
    for number in range(4):
        assert first_difference(Typed(f"clock-{number}", clocks=1), 3) is None


def test_valid_facts_never_need_the_careful_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def careful(*_: object) -> None:
        raise AssertionError("the generated function failed on valid facts")

    monkeypatch.setattr(Plan, "evaluate_carefully", careful)
    for number in range(40):
        assert first_difference(Typed(f"sample-{number}", clocks=0, plugins=0.1), FACTS) is None
