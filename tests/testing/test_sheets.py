"""Every trap of the kit catches a connector that steps into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from alignkit.testing import ConnectorTests, SheetService, SheetTests
from alignkit.testing.sheet.histories import seeds
from alignkit_hostile import gongs as hostile_gongs
from alignkit_hostile.gong import Gong

from . import test_gong

HISTORY = "test_it_ends_with_the_services_truth_whatever_happened_meanwhile"


class Defect(NamedTuple):
    """A test, a connector that it must refuse, and what it says then."""

    test: str
    connector: type[Gong]
    words: str


DEFECTS = (
    Defect("test_rows_of_one_moment_are_read", hostile_gongs.ResumesASecondLater, "rows were of one moment"),
    Defect(
        "test_a_row_of_the_moment_that_a_run_ended_at_is_read_by_the_next",
        hostile_gongs.MarksTheNewest,
        "between two rows of one moment",
    ),
    Defect("test_a_row_that_comes_late_with_an_old_stamp_is_read", hostile_gongs.OverlapsNothing, "came late"),
    Defect(
        "test_a_first_read_from_a_beginning_finds_what_changed_since", hostile_gongs.BeginsToday, "changed since then"
    ),
    Defect(
        "test_more_rows_than_a_question_reaches_are_read_or_told", hostile_gongs.StopsAtTheCap, "split the question"
    ),
    Defect(
        "test_more_rows_of_one_moment_than_a_question_reaches_are_read_or_told",
        hostile_gongs.SkipsWithoutAWord,
        "without a word",
    ),
    Defect(
        "test_a_position_that_was_forgotten_is_told_and_costs_nothing",
        hostile_gongs.BeginsAnewInSilence,
        "nobody told; raise `CursorExpired`",
    ),
    Defect(
        "test_what_changed_while_a_walk_rested_is_read_by_the_run_that_ends_it",
        hostile_gongs.LeavesTheRest,
        "walk once more",
    ),
    Defect("test_a_thin_page_ends_nothing", hostile_gongs.StopsAtAnEmptyPage, "every other page was empty"),
    Defect("test_what_claims_to_be_old_is_read_when_it_comes", hostile_gongs.DropsTheOld, "claimed to be old"),
    Defect(
        "test_a_stream_that_the_plan_lacks_is_skipped_and_told", hostile_gongs.NeedsThePlan, "skip that stream alone"
    ),
    Defect("test_a_token_that_ended_is_renewed_once", hostile_gongs.NeverRenews, "renew it"),
    Defect(
        "test_two_flows_that_need_a_token_renew_it_once",
        hostile_gongs.RenewsForEachFlow,
        "needed a new token at once",
    ),
    Defect(
        "test_an_issue_of_somebody_without_an_address_is_kept_and_counted",
        hostile_gongs.DropsIssuesOfNobody,
        "is missing",
    ),
    Defect("test_every_address_of_a_person_leads_to_them", hostile_gongs.KnowsOneAddress, "second.address"),
    Defect("test_an_address_that_an_issue_names_alone_leads_to_it", hostile_gongs.OverlooksTheSender, "wrote.in"),
    Defect("test_a_right_that_was_taken_away_ends_nothing", hostile_gongs.TakesTheUnseenForGone, "ended by it"),
    Defect("test_a_limit_in_the_services_own_words_is_waited_for", hostile_gongs.DeafToTheWait, "name its headers"),
    Defect("test_a_listener_at_another_host_hears_nothing", hostile_gongs.FollowsLinksByItself, "it heard"),
)


class Wrong(test_gong.TestGong):
    """The tests of Gong, for a connector with a defect."""

    __test__ = False
    of: type[Gong]

    def connector(self, service: SheetService) -> Gong:
        right = super().connector(service)
        return self.of(service.base_url, self.secret, service.tokens, reach=right.reach)


def wrong(connector: type[Gong]) -> Wrong:
    case = Wrong()
    case.of = connector
    return case


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.connector.__name__)
def test_a_connector_that_steps_into_a_trap_is_refused(defect: Defect) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=re.escape(defect.words)):
        getattr(wrong(defect.connector), defect.test)()


@pytest.mark.parametrize(
    "connector",
    [hostile_gongs.OverlapsNothing, hostile_gongs.MarksTheNewest, hostile_gongs.StopsAtAnEmptyPage],
    ids=lambda one: one.__name__,
)
def test_some_history_refuses_a_connector_that_loses_rows(connector: type[Gong]) -> None:
    refused = 0
    for seed in range(25):
        try:
            getattr(wrong(connector), HISTORY)(seed)
        except (AssertionError, pytest.fail.Exception):
            refused += 1
            break
    assert refused, f"25 histories were played, and none noticed that `{connector.__name__}` loses rows"


def ends(connector: type[Gong], unmended: Mapping[str, str]) -> set[str]:
    """How 25 histories end for a connector with a defect, of which these words are known."""

    class Known(Wrong):
        __test__ = False

    Known.unmended = unmended
    found: set[str] = set()
    for seed in range(25):
        case = Known()
        case.of = connector
        try:
            getattr(case, HISTORY)(seed)
        except pytest.xfail.Exception as error:
            found.add(f"expected: {error}")
        except (AssertionError, pytest.fail.Exception):
            found.add("failed")
    return found


def test_a_history_that_ends_as_is_known_fails_as_expected_and_in_words() -> None:
    known = {"": "rows that come late are lost"}
    assert ends(hostile_gongs.OverlapsNothing, known) == {"expected: rows that come late are lost"}


def test_a_history_that_ends_otherwise_than_is_known_fails() -> None:
    assert "failed" in ends(hostile_gongs.OverlapsNothing, {"quarantine": "something else"})


def test_every_trap_of_a_sheet_refuses_some_connector() -> None:
    own = {name for name in dir(SheetTests) if name.startswith("test_")} - set(dir(ConnectorTests))
    assert own == {defect.test for defect in DEFECTS} | {HISTORY}


def test_the_number_of_histories_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALIGNKIT_HISTORIES", raising=False)
    monkeypatch.delenv("ALIGNKIT_SEED", raising=False)
    assert list(seeds()) == list(range(25))
    monkeypatch.setenv("ALIGNKIT_HISTORIES", "200")
    monkeypatch.setenv("ALIGNKIT_SEED", "1000")
    assert list(seeds()) == list(range(1000, 1200))
