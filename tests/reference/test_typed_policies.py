"""Engine and interpreter decide alike what careful authors and sound stores give."""

from __future__ import annotations

import pytest

from .comparing import first_difference
from .generating import Typed

FACTS = 40


@pytest.mark.parametrize("hundred", range(3))
def test_engine_and_page_decide_alike(hundred: int) -> None:
    for number in range(100 * hundred, 100 * hundred + 100):
        found = first_difference(Typed(f"typed-{number}", plugins=0.05), FACTS)
        assert found is None, f"seed typed-{number}: {found}"
