"""What is measured of a connector is what it does, whatever its author or its sheet says."""

from __future__ import annotations

from datetime import timedelta

from alignkit.connectors.base import Capability
from alignkit.testing import SheetService
from alignkit.testing.measured import PROOF, lateness, passes, shown
from alignkit_hostile.gong import Gong

from .test_bell import TestBell as BellCase
from .test_gong import TestGong as GongCase
from .test_histories import TestBellSheet as BellSheetCase


class ClaimsMerges(GongCase):
    """Gong, as it says of itself that it reads merges, of which its service has none."""

    __test__ = False

    def connector(self, service: SheetService) -> Gong:
        return MergingGong(service.base_url, self.secret, service.tokens, reach=super().connector(service).reach)


class MergingGong(Gong):
    capabilities = Gong.capabilities | {Capability.MERGES}


def test_a_test_counts_as_passed_when_it_ran_to_its_end() -> None:
    assert passes(BellCase(), "test_a_deleted_issue_is_over")
    assert not passes(GongCase(), "test_a_deleted_issue_is_over"), "it is left out"
    assert not passes(BellCase(), "test_of_tomorrow")


def test_a_claim_that_nothing_shows_is_not_counted() -> None:
    assert shown(BellCase()) == BellCase().connector(BellCase().service()).capabilities
    assert Capability.MERGES not in shown(ClaimsMerges())


def test_every_proof_is_a_test_of_the_kit() -> None:
    assert {test for tests in PROOF.values() for test in tests if not hasattr(BellCase, test)} == set()


def test_what_is_seen_by_the_next_run_is_five_minutes_late_at_most() -> None:
    assert lateness(BellSheetCase()) == timedelta(minutes=5)


def test_a_list_that_shows_rows_late_makes_whoever_reads_it_late() -> None:
    assert lateness(GongCase()) == timedelta(hours=1), "a lag of five minutes, and a transaction open as long"
