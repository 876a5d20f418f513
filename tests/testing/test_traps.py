"""The list of traps is whole, and each names tests that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from alignkit.testing import ConnectorTests, SheetService, SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.traps import TRAPS, applies, name_of, tally
from alignkit.transport import MemoryTokens
from alignkit_hostile.gong import Gong

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


class Silent(GongCase):
    """Gong, with one trap declared and one owed."""

    __test__ = False
    not_applicable: ClassVar[Mapping[str, str]] = {**GongCase.not_applicable, "17": "a reason in words"}
    owed: ClassVar[Mapping[str, str]] = {"12": "a test is missing"}


def test_what_is_declared_or_owed_does_not_count_as_shown() -> None:
    before, after = tally(GongCase()), tally(Silent())
    assert after["shown"] == before["shown"] - 2
    assert after["owed"] == 1


def test_a_test_that_is_left_out_fails_where_a_trap_rests_on_it() -> None:
    case = GongCase()
    case.running = "test_a_status_nobody_knows_never_closes_an_issue"
    with pytest.raises(pytest.fail.Exception, match="so nothing shows trap 28"):
        case.leave_out("there is nothing to try")
    case.running = "test_what_is_gone_gives_a_removal_when_read_by_id"
    with pytest.raises(pytest.skip.Exception, match="nothing to try"):
        case.leave_out("there is nothing to try")


def test_a_connector_that_renews_tokens_cannot_say_that_they_do_not_end() -> None:
    class Renewing(Silent):
        not_applicable: ClassVar[Mapping[str, str]] = {"38": "the token does not end"}

        def connector(self, service: SheetService) -> RenewingGong:
            return RenewingGong(service.base_url, self.secret)

    with pytest.raises(AssertionError, match="so trap 38 applies"):
        Renewing().test_every_trap_is_shown_or_said_not_to_apply()


class RenewingGong(Gong):
    """Gong, as it says of itself that it takes a refresh token."""

    def __init__(self, url: str, refresh_token: str) -> None:
        super().__init__(url, refresh_token, MemoryTokens(), reach=12)


def test_a_test_is_named_by_its_name_or_as_it_is() -> None:
    assert name_of("test_this") == "test_this"
    assert name_of(test_webhooks_wait) == "test_webhooks_wait"
