"""Every test of the kit for sinks fails for a sink that has the defect it is there to find."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from alignkit.testing import SinkTests
from alignkit.testing.faults import LASTING, LIMIT_FORMS
from alignkit.transport import Request

from . import hostile_sinks as hostile
from . import test_letterbox
from .letterbox_service import LetterboxService

HOLD_FAULT = "test_a_fault_at_any_request_of_a_hold_is_told_and_mended"
RELEASE_FAULT = "test_a_fault_at_any_request_of_a_release_is_told_and_mended"
UNTOUCHED = "test_the_silent_the_foreign_and_the_absent_are_never_touched"
LIMIT = "test_a_limit_is_waited_for_and_the_run_goes_on"
OUTPUT = "test_no_output_holds_a_secret_or_a_persons_address"


DONE_ALL_THE_SAME = "answer lost"
"""The one fault after which a sink that takes every error for success is right, if by luck."""


class Defect(NamedTuple):
    """A test, a sink that it must refuse, and what it says then."""

    test: str
    sink: type[hostile.WrongLetterbox]
    words: str
    args: Sequence[str] = ()


DEFECTS = (
    Defect("test_every_claim_can_be_shown", hostile.HoldsForEver, "a sink that cannot release is of no use"),
    Defect("test_a_look_tells_how_everybody_stands", hostile.OverlooksWishes, "should stand silent"),
    Defect("test_everybody_is_listed_to_the_last_page", hostile.OverlooksPeople, "the list has"),
    Defect("test_who_is_held_gets_no_mail_and_nobody_else_is_touched", hostile.OnlySaysSo, "was to be held"),
    Defect("test_who_is_held_gets_no_mail_and_nobody_else_is_touched", hostile.HoldsTheNextOneToo, "was to be held"),
    Defect("test_a_release_gives_back_exactly_what_was_there", hostile.GivesBackTheUsual, "restore from the snapshot"),
    Defect("test_holding_or_releasing_twice_changes_nothing", hostile.Toggles, "the second time changed something"),
    Defect(
        "test_the_silent_the_foreign_and_the_absent_are_never_touched", hostile.TakesAllForFree, "not ours to touch"
    ),
    Defect("test_a_sink_itself_leaves_alone_who_is_silent_or_absent", hostile.HoldsAnybody, "count as held by us"),
    Defect("test_who_switches_mail_off_while_held_stays_without_mail", hostile.SubscribesAgain, "it writes consent"),
    Defect("test_each_row_of_a_batch_ends_in_exactly_one_result", hostile.ForgetsTheRefused, "give each one"),
    Defect("test_each_row_of_a_batch_ends_in_exactly_one_result", hostile.OnlySaysSo, "count as held, and"),
    Defect("test_reading_back_agrees_with_the_ledger", hostile.CannotSeeItsHolds, "holds were read back"),
    Defect("test_another_reason_holds_and_frees_nobody", hostile.KeepsToItsFirstWord, "write what the order says"),
    Defect("test_sync_and_async_hold_alike", hostile.AsksOtherwiseInALoop, "other requests are sent"),
    Defect("test_a_crash_at_any_step_of_a_hold_loses_nobody", hostile.HoldsInTwoSteps, "a run crashed at step"),
    Defect("test_a_crash_at_any_step_of_a_release_loses_nobody", hostile.ReleasesInTwoSteps, "a run crashed at step"),
    *(Defect(HOLD_FAULT, hostile.Swallows, "from request", [name]) for name in LASTING if name != DONE_ALL_THE_SAME),
    *(Defect(HOLD_FAULT, hostile.Mislabels, "ended with DataInvalid", [name]) for name in LASTING),
    *(Defect(RELEASE_FAULT, hostile.Mislabels, "ended with DataInvalid", [name]) for name in LASTING),
    *(Defect(LIMIT, hostile.DeafToLimits, "and the run ended", [form]) for form in LIMIT_FORMS),
    Defect("test_a_link_to_another_host_is_not_followed", hostile.FollowsLinks, "follow no link to another host"),
    Defect("test_a_page_of_members_that_comes_again_and_again_ends_the_run", hostile.WalksForEver, "guard the walk"),
    Defect(OUTPUT, hostile.LogsItsToken, "the log or the terminal holds the secret"),
    Defect(OUTPUT, hostile.LogsPeople, "the log or the terminal holds the address"),
    Defect(OUTPUT, hostile.ShowsItsToken, "an error holds the secret"),
    Defect(OUTPUT, hostile.Prints, "the sink printed"),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: f"{one.sink.__name__}-{one.test}-{''.join(one.args)}")
def test_a_sink_with_this_defect_is_refused(defect: Defect) -> None:
    class Wrong(test_letterbox.TestLetterbox):
        def sink(self, service: LetterboxService) -> hostile.WrongLetterbox:
            return defect.sink(service)

    with pytest.raises((AssertionError, pytest.fail.Exception), match=re.escape(defect.words)):
        getattr(Wrong(), defect.test)(*defect.args)


class Unguarded(test_letterbox.TestLetterbox):
    """A case whose deny-list lets everything pass."""

    def forbids(self, request: Request) -> str | None:
        return None


def test_a_deny_list_that_lets_everything_pass_is_refused() -> None:
    with pytest.raises(AssertionError, match="`forbids` lets"):
        Unguarded().test_the_deny_list_refuses_what_it_must()


def test_who_is_subscribed_again_is_seen_without_a_deny_list_too() -> None:
    class Wrong(Unguarded):
        def sink(self, service: LetterboxService) -> hostile.WrongLetterbox:
            return hostile.SubscribesAgain(service)

    with pytest.raises(AssertionError, match="never write consent"):
        Wrong().test_who_switches_mail_off_while_held_stays_without_mail()


def test_every_test_of_the_kit_refuses_some_sink() -> None:
    tests = {name for name in dir(SinkTests) if name.startswith("test_")}
    shown = {defect.test for defect in DEFECTS} | {"test_the_deny_list_refuses_what_it_must"}
    assert tests == shown
