"""Every test of the kit for sources fails for a connector that has the defect it is there to find."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from alignkit.testing import ConnectorTests
from alignkit.testing.faults import LASTING, LIMIT_FORMS
from alignkit_hostile import bells as hostile
from alignkit_hostile.bell_service import BellService

from . import test_bell

FAULT = "test_a_fault_at_any_request_is_told_and_costs_nothing"
UNREADABLE = "test_a_record_that_cannot_be_read_is_quarantined_alone"
LIMIT = "test_a_limit_is_waited_for_and_costs_nothing"


class Defect(NamedTuple):
    """A test, a connector that it must refuse, and what it says then."""

    test: str
    connector: type[hostile.WrongBell]
    words: str
    args: Sequence[str] = ()


DEFECTS = (
    Defect("test_it_finds_every_issue_and_person_that_is_there", hostile.DropsSolved, "the connector found"),
    Defect("test_it_finds_every_issue_and_person_that_is_there", hostile.DropsWithoutPeople, "nobody was found"),
    Defect("test_a_resume_from_every_checkpoint_loses_nothing", hostile.RemembersItsPlace, "does not end"),
    Defect("test_a_crash_at_any_request_loses_nothing", hostile.CountsWhatItAskedFor, "a run crashed at step"),
    Defect("test_a_crash_before_any_page_is_stored_loses_nothing", hostile.TakesFromAQueue, "was read and not stored"),
    Defect("test_a_change_between_any_two_pages_is_not_lost", hostile.CountsRows, "the service changed after page"),
    Defect("test_what_changed_since_the_last_run_is_read", hostile.MarksThePresent, "the next run did not find it"),
    Defect("test_a_second_run_finds_nothing_new_where_nothing_changed", hostile.NewEachTime, "were new though"),
    Defect("test_sync_and_async_read_alike", hostile.AsksOtherwiseInALoop, "other requests are sent"),
    Defect("test_people_come_before_issues", hostile.IssuesFirst, "put it first in `streams`"),
    Defect("test_every_time_is_aware_and_in_utc", hostile.SpeaksOfItsZone, "give aware times in UTC"),
    Defect("test_every_time_is_aware_and_in_utc", hostile.ReadsLocalTime, "never use its local time"),
    Defect("test_ids_beyond_what_a_float_holds_stay_exact", hostile.ReadsIdsAsFloats, "keep ids as text"),
    Defect("test_a_page_that_comes_again_and_again_ends_the_walk", hostile.WalksForEver, "guard the walk"),
    Defect("test_a_checkpoint_is_json_that_tells_no_secret", hostile.KeepsItsToken, "holds the secret"),
    *(Defect(LIMIT, hostile.DeafToLimits, "ended the run", [form]) for form in LIMIT_FORMS),
    *(Defect(LIMIT, hostile.ReadsNoLimits, "reads no header", [form]) for form in LIMIT_FORMS),
    *(Defect(FAULT, hostile.Swallows, "never swallow an error", [name]) for name in LASTING),
    *(Defect(FAULT, hostile.Mislabels, "ended with DataInvalid", [name]) for name in LASTING),
    Defect("test_a_link_to_another_host_is_not_followed", hostile.FollowsLinks, "follow no link to another host"),
    Defect("test_no_output_holds_a_secret_or_a_persons_address", hostile.LogsItsToken, "the log or the terminal holds"),
    Defect("test_no_output_holds_a_secret_or_a_persons_address", hostile.ShowsItsToken, "repr holds the secret"),
    Defect("test_no_output_holds_a_secret_or_a_persons_address", hostile.NamesPeople, "holds the address of a person"),
    Defect("test_no_output_holds_a_secret_or_a_persons_address", hostile.Prints, "the connector printed"),
    Defect("test_an_unknown_field_changes_nothing", hostile.RefusesNewFields, "every record had a field more"),
    Defect("test_a_null_in_any_field_costs_no_record", hostile.NeedsAnAddress, "allow None"),
    Defect("test_a_null_in_any_field_costs_no_record", hostile.DropsWithoutAddress, "dropped without a word"),
    Defect("test_a_null_in_any_field_costs_no_record", hostile.ClosesTheUnknown, "closes nothing"),
    Defect(UNREADABLE, hostile.AllOrNothing, "quarantine the record alone"),
    Defect(UNREADABLE, hostile.DropsUnreadable, "dropped without a word"),
    Defect(UNREADABLE, hostile.RepeatsValues, "repeats the record's values"),
    Defect(
        "test_a_value_of_another_kind_in_any_field_costs_at_most_its_record", hostile.AllOrNothing, "and the run ended"
    ),
    Defect("test_a_text_where_a_number_belongs_costs_that_record_alone", hostile.AllOrNothing, "and the run ended"),
    Defect(
        "test_each_form_of_a_time_gives_the_same_moment_or_is_quarantined",
        hostile.ReadsWallTimes,
        "where times are written as 2024-01-01 10:00:00",
    ),
    Defect("test_a_record_that_comes_twice_on_a_page_counts_once", hostile.NumbersRows, "made other events"),
    Defect("test_every_trap_is_shown_or_said_not_to_apply", hostile.CallsItselfFreshdesk, "trap 18 ("),
    Defect(
        "test_an_error_that_is_told_as_a_success_is_no_empty_page",
        hostile.TakesAnythingForAPage,
        "look for what a page must have",
    ),
    Defect("test_a_status_nobody_knows_never_closes_an_issue", hostile.ClosesTheUnknown, "never over"),
    Defect("test_every_status_means_what_the_connector_says", hostile.MeansSomethingElse, "and `statuses` says"),
    Defect("test_every_claim_can_be_shown", hostile.ClaimsTooMuch, "do not claim it"),
    Defect("test_a_deleted_issue_is_over", hostile.KeepsTheDeleted, "though it was deleted"),
    Defect("test_a_merged_issue_is_over_and_its_survivor_is_not", hostile.KeepsTheMerged, "though it was merged"),
    Defect(
        "test_whoever_had_an_issue_that_was_merged_has_the_survivor", hostile.ForgetsTheSurvivor, "set `merged_into`"
    ),
    Defect("test_an_issue_that_nothing_is_said_of_stays_open", hostile.TakesRefusalForGone, "ended by it"),
    Defect("test_an_issue_that_nothing_is_said_of_stays_open", hostile.TakesAGatewaysWord, "404 of a gateway, in JSON"),
    Defect("test_objects_are_read_by_id", hostile.FetchesNothing, "were not found by id"),
    Defect("test_objects_are_read_by_id", hostile.NeverDone, "are not among `done`"),
    Defect("test_only_a_services_own_word_removes_what_is_read_by_id", hostile.TakesRefusalForGone, "count as gone"),
    Defect(
        "test_only_a_services_own_word_removes_what_is_read_by_id",
        hostile.TakesAGatewaysWord,
        "404 of a gateway, in JSON",
    ),
    Defect("test_what_is_left_out_of_several_is_not_gone_for_that", hostile.TakesTheListForAll, "was left out where"),
    Defect("test_what_is_gone_gives_a_removal_when_read_by_id", hostile.OverlooksTheGone, "reading it by id gave"),
    Defect("test_an_issue_is_created_once", hostile.MakesUpIds, "no such issue was found"),
    Defect("test_an_issue_is_created_once_though_the_answer_is_lost", hostile.CreatesAgain, "do not repeat it"),
    Defect("test_a_note_is_added_once_and_no_customer_sees_it", hostile.NotesTwice, "exactly one internal note"),
    Defect("test_a_note_is_added_once_and_no_customer_sees_it", hostile.NotesForgotten, "exactly one internal note"),
    Defect("test_a_note_is_added_once_and_no_customer_sees_it", hostile.NotesAgain, "the note was added again"),
    Defect("test_a_tag_is_added_once_and_the_others_stay", hostile.ReplacesTags, "add, never replace"),
    Defect("test_a_tag_is_added_once_and_the_others_stay", hostile.TagsForgotten, "add, never replace"),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: f"{one.connector.__name__}-{one.test}-{''.join(one.args)}")
def test_a_connector_with_this_defect_is_refused(defect: Defect) -> None:
    class Wrong(test_bell.TestBell):
        def connector(self, service: BellService) -> hostile.WrongBell:
            return defect.connector(service)

    with pytest.raises((AssertionError, pytest.fail.Exception), match=re.escape(defect.words)):
        getattr(Wrong(), defect.test)(*defect.args)


def test_every_test_of_the_kit_refuses_some_connector() -> None:
    tests = {name for name in dir(ConnectorTests) if name.startswith("test_")}
    assert tests == {defect.test for defect in DEFECTS}
