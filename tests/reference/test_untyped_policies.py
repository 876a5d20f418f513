"""Engine and interpreter decide alike whatever the schema lets through, over facts that are damaged."""

from __future__ import annotations

import pytest

from .comparing import first_difference
from .generating import Untyped

FACTS = 40


@pytest.mark.parametrize("hundred", range(2))
def test_engine_and_page_decide_alike(hundred: int) -> None:
    for number in range(100 * hundred, 100 * hundred + 100):
        found = first_difference(Untyped(f"untyped-{number}", plugins=0.05), FACTS)
        assert found is None, f"seed untyped-{number}: {found}"
