"""The list of traps is whole, and each names tests that there are."""

from __future__ import annotations

from alignkit.testing import ConnectorTests, SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.traps import TRAPS, applies, name_of, tally

from .bell_sheet import BELL
from .gong_sheet import GONG
from .test_bell import TestBell as BellCase
from .test_gong import TestGong as GongCase


def test_the_forty_traps_and_the_extras_are_there_once() -> None:
    assert [trap.number for trap in TRAPS] == [*map(str, range(1, 41)), "x1", "x2", "x3", "x4", "x5"]


def test_every_test_that_a_trap_names_is_one_of_the_kit() -> None:
    named = {test for trap in TRAPS for test in trap.tests}
    assert {test for test in named if not hasattr(SheetTests, test)} == set()
    assert any(not hasattr(ConnectorTests, test) for test in named), "some traps need a sheet"


def test_every_line_that_a_trap_needs_can_stand_on_a_sheet() -> None:
    needed = {line for trap in TRAPS for line in trap.lines}
    assert needed <= GONG.lines | BELL.lines
    assert isinstance(GONG, Sheet)


def test_a_trap_of_one_service_concerns_no_other() -> None:
    own = next(trap for trap in TRAPS if trap.number == "23")
    assert applies(own, "jira_service_management")
    assert not applies(own, "bell")


def test_webhooks_wait() -> None:
    [waiting] = [trap for trap in TRAPS if trap.waits]
    assert (waiting.number, applies(waiting, "zendesk")) == ("39", False)


def test_a_tally_counts_every_trap_once() -> None:
    for case in (BellCase(), GongCase()):
        counted = tally(case)
        assert sum(counted.values()) == len(TRAPS)
        assert counted["shown"] > 15


def test_a_test_is_named_by_its_name_or_as_it_is() -> None:
    assert name_of("test_this") == "test_this"
    assert name_of(test_webhooks_wait) == "test_webhooks_wait"
