"""Counts of mutants are read from what mutmut prints, and what did not run counts for nothing."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "mutants.py"))
RESULTS = """
    alignkit.fold.x_begin__mutmut_1: killed
    alignkit.fold.x_begin__mutmut_2: survived
    alignkit.fold.x_begin__mutmut_3: not checked
    alignkit.rules.clocks.xǁWindowǁshows__mutmut_1: timeout
    alignkit.rules.clocks.x_parse__mutmut_1: no tests
"""


def test_each_module_has_its_killed_and_its_survivors() -> None:
    assert SCRIPT["tally"](RESULTS) == {"alignkit.fold": (1, 1), "alignkit.rules.clocks": (1, 1)}


def test_a_sample_is_the_same_for_the_same_seed_and_of_what_there_is() -> None:
    known = SCRIPT["known_names"](RESULTS)
    assert len(known) == 5
    some = SCRIPT["chosen"](known, 3, 1)
    assert some == SCRIPT["chosen"](known, 3, 1)
    assert len(some) == 3
    assert set(some) < set(known)
    assert SCRIPT["chosen"](known, 9, 1) == known


def test_what_did_not_run_counts_for_nothing() -> None:
    assert SCRIPT["tally"]("    alignkit.fold.x_begin__mutmut_3: not checked\n") == {}


def test_the_counts_are_a_table() -> None:
    assert SCRIPT["table"]({"alignkit.fold": (9, 1)}).splitlines()[-1] == "| `alignkit.fold` | 9 | 1 |"
