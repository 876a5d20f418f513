"""The ways in which connectors are known to lose data, and which tests of the kit show that one does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

from alignkit.connectors.base import Capability
from alignkit.testing.source.case import S, SourceTests

WRITES = (Capability.WRITE_ISSUE, Capability.WRITE_NOTE, Capability.WRITE_TAG)


@dataclass(frozen=True, slots=True)
class Trap:
    """One way to lose data.

    Attributes:
        number: its number in the list; extras begin with `x`.
        words: what must hold.
        tests: tests of the kit that show it, all of them; none where only the connector's author can.
        needs: capabilities of which one must be claimed for the tests to run.
        lines: lines of a sheet, as `Sheet.lines` names them, of which one must be there for the tests to run.
        only: the types of connector that can step into it; none for all.
        waits: why nobody can show it yet.
    """

    number: str
    words: str
    tests: tuple[str, ...] = ()
    needs: tuple[Capability, ...] = ()
    lines: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    waits: str = ""


def _only(*types: str) -> frozenset[str]:
    return frozenset(types)


NEEDED: Mapping[str, Capability] = {
    "test_a_change_between_any_two_pages_is_not_lost": Capability.INCREMENTAL,
    "test_a_deleted_issue_is_over": Capability.DELETIONS,
    "test_a_merged_issue_is_over_and_its_survivor_is_not": Capability.MERGES,
    "test_whoever_had_an_issue_that_was_merged_has_the_survivor": Capability.MERGES,
    "test_only_a_services_own_word_removes_what_is_read_by_id": Capability.FETCH,
    "test_what_is_left_out_of_several_is_not_gone_for_that": Capability.FETCH,
    "test_an_issue_is_created_once_though_the_answer_is_lost": Capability.WRITE_ISSUE,
    "test_a_note_is_added_once_and_no_customer_sees_it": Capability.WRITE_NOTE,
    "test_a_tag_is_added_once_and_the_others_stay": Capability.WRITE_TAG,
}
"""Tests that run for those alone who claim a capability."""

HISTORIES = "test_it_ends_with_the_services_truth_whatever_happened_meanwhile"

TRAPS: Sequence[Trap] = (
    Trap(
        "1", "what changed without a new visible stamp is read", (HISTORIES,), lines=("touches",), only=_only("zendesk")
    ),
    Trap("2", "the next run sends the cursor of the last one and no start", only=_only("zendesk")),
    Trap("3", "no start within the last minute is sent, and that minute is known to be missing", only=_only("zendesk")),
    Trap(
        "4",
        "rows of one moment on both sides of a page and of a run are read",
        ("test_rows_of_one_moment_are_read", "test_a_row_of_the_moment_that_a_run_ended_at_is_read_by_the_next"),
    ),
    Trap(
        "5",
        "a row that comes late with an old stamp is read",
        ("test_a_row_that_comes_late_with_an_old_stamp_is_read",),
        lines=("late", "lag"),
    ),
    Trap(
        "6",
        "what changes during a run is read by the next",
        ("test_a_change_between_any_two_pages_is_not_lost",),
        needs=(Capability.INCREMENTAL,),
    ),
    Trap(
        "7",
        "a crash in the middle of a walk leaves the mark where it was",
        ("test_a_crash_at_any_request_loses_nothing", "test_a_crash_before_any_page_is_stored_loses_nothing"),
    ),
    Trap(
        "8", "a resume keeps the bound that its walk began with", ("test_a_resume_from_every_checkpoint_loses_nothing",)
    ),
    Trap(
        "9",
        "more rows of one moment than one question reaches are read, or told as a gap",
        ("test_more_rows_of_one_moment_than_a_question_reaches_are_read_or_told",),
        lines=("cap",),
        only=_only("hubspot", "freshdesk"),
    ),
    Trap(
        "10",
        "more rows than one question reaches are read, or told as a gap",
        ("test_more_rows_than_a_question_reaches_are_read_or_told",),
        lines=("cap",),
    ),
    Trap(
        "11",
        "a position that the service has forgotten is read again from the start, and told",
        ("test_a_position_that_was_forgotten_is_told_and_costs_nothing",),
        lines=("lives",),
    ),
    Trap(
        "12",
        "a page that comes again and again ends the walk",
        ("test_a_page_that_comes_again_and_again_ends_the_walk",),
    ),
    Trap("13", "a page with few rows or none ends nothing", ("test_a_thin_page_ends_nothing",), lines=("thins",)),
    Trap("14", "a page beyond the last is not asked for", only=_only("request_tracker")),
    Trap(
        "15",
        "rows that move while pages are counted push no other row out",
        ("test_a_change_between_any_two_pages_is_not_lost",),
        needs=(Capability.INCREMENTAL,),
    ),
    Trap("16", "a row that comes twice counts once", ("test_a_record_that_comes_twice_on_a_page_counts_once",)),
    Trap(
        "17",
        "an error that is told as a success is none",
        ("test_an_error_that_is_told_as_a_success_is_no_empty_page",),
    ),
    Trap("18", "filters whose defaults hide rows are named in every request", only=_only("freshdesk")),
    Trap("19", "a filter that the service ignores is noticed", only=_only("chatwoot", "zammad", "servicenow")),
    Trap(
        "20",
        "mentions are walked upwards, filtered ones too, and a policy that drops is told",
        only=_only("mastodon"),
    ),
    Trap("21", "more new rows than one page are walked back to the known one", only=_only("yammer", "tripadvisor")),
    Trap("22", "a deleted anchor does not silence the list", only=_only("reddit")),
    Trap("23", "a bound means the same moment in every time zone", only=_only("jira_service_management")),
    Trap("24", "a bound that is read by days of the workspace's zone loses nobody", only=_only("intercom")),
    Trap(
        "25",
        "each form of a time gives the same moment, or the record is quarantined",
        ("test_each_form_of_a_time_gives_the_same_moment_or_is_quarantined",),
    ),
    Trap(
        "26",
        "what claims to be old is read when it comes",
        ("test_what_claims_to_be_old_is_read_when_it_comes",),
        lines=("backdates",),
        only=_only("bluesky", "mastodon", "reddit", "youtube"),
    ),
    Trap("27", "ids beyond what a float holds stay exact", ("test_ids_beyond_what_a_float_holds_stay_exact",)),
    Trap("28", "a status nobody knows closes nothing", ("test_a_status_nobody_knows_never_closes_an_issue",)),
    Trap(
        "29",
        "waiting, snoozed and on hold are not over",
        ("test_it_finds_every_issue_and_person_that_is_there", "test_every_status_means_what_the_connector_says"),
    ),
    Trap(
        "30",
        "a merged issue hands its state to the survivor",
        (
            "test_a_merged_issue_is_over_and_its_survivor_is_not",
            "test_whoever_had_an_issue_that_was_merged_has_the_survivor",
        ),
        needs=(Capability.MERGES,),
    ),
    Trap(
        "31",
        "what vanishes ends by the service's own word alone",
        (
            "test_a_deleted_issue_is_over",
            "test_an_issue_that_nothing_is_said_of_stays_open",
            "test_only_a_services_own_word_removes_what_is_read_by_id",
            "test_what_is_left_out_of_several_is_not_gone_for_that",
        ),
        needs=(Capability.DELETIONS,),
    ),
    Trap("32", "deletions that are no longer told are looked for by id", only=_only("salesforce")),
    Trap("33", "one number means what its own table says", only=_only("servicenow")),
    Trap(
        "34",
        "new replies on old threads are read",
        only=_only("youtube", "slack", "meta", "teams", "linkedin"),
    ),
    Trap(
        "35",
        "an issue of a person without an address is kept and counted, and every address of a person is known",
        (
            "test_a_null_in_any_field_costs_no_record",
            "test_an_issue_of_somebody_without_an_address_is_kept_and_counted",
        ),
    ),
    Trap("36", "every person of an issue is linked, on whichever page", only=_only("hubspot")),
    Trap("37", "each form of a limit is waited for", ("test_a_limit_is_waited_for_and_costs_nothing",)),
    Trap(
        "38",
        "a token that ended is renewed once, however many flows need it",
        ("test_a_token_that_ended_is_renewed_once", "test_two_flows_that_need_a_token_renew_it_once"),
        lines=("renews",),
    ),
    Trap("39", "a webhook is a hint, verified, and its loss costs nothing", waits="alignkit takes no webhooks yet"),
    Trap(
        "40",
        "a write whose answer is lost is done once, and a tag erases no other",
        (
            "test_an_issue_is_created_once_though_the_answer_is_lost",
            "test_a_note_is_added_once_and_no_customer_sees_it",
            "test_a_tag_is_added_once_and_the_others_stay",
        ),
        needs=WRITES,
    ),
    Trap("x1", "a lower limit for apps outside the marketplace is kept", only=_only("slack")),
    Trap("x2", "one video with comments switched off ends nothing", only=_only("youtube")),
    Trap(
        "x3",
        "a stream that the plan lacks is skipped with a warning",
        ("test_a_stream_that_the_plan_lacks_is_skipped_and_told",),
        lines=("optional",),
    ),
    Trap("x4", "no secret gets into a text", ("test_no_output_holds_a_secret_or_a_persons_address",)),
    Trap("x5", "the check tells when the token sees only a part"),
)
"""Forty traps and five more, in the order of the list that they were gathered in."""


class TrapTests(SourceTests[S]):
    """Whether somebody has looked at each trap."""

    def test_every_trap_is_shown_or_said_not_to_apply(self) -> None:
        source = self.connector(self.service())
        known = {trap.number for trap in TRAPS}
        unknown = sorted({*self.shown, *self.not_applicable, *self.owed} - known)
        assert not unknown, f"there is no trap {unknown}; see `alignkit.testing.traps`"
        for number, reason in [*self.not_applicable.items(), *self.owed.items()]:
            assert len(reason.split()) >= MOST_LACONIC, f"say in words why nothing shows trap {number}"
            assert number not in self.shown, f"trap {number} is shown; say nothing else of it"
        for number in self.owed:
            assert number not in self.not_applicable, f"trap {number} cannot both be owed and not apply"
        for number, test in self.shown.items():
            name = name_of(test)
            is_test = name.startswith("test_") and callable(getattr(self, name, None) if test == name else test)
            assert is_test, f"trap {number} is said to be shown by `{name}`; there is no such test"
        renews = "refresh_token" in signature(type(source)).parameters
        assert not (renews and "38" in self.not_applicable), "the connector takes a `refresh_token`, so trap 38 applies"
        open_ = [trap for trap in TRAPS if applies(trap, source.type) and not self._is_met(trap, source.capabilities)]
        assert not open_, "; ".join(
            f"trap {trap.number} ({trap.words}) is neither shown nor said not to apply;"
            " name your test in `shown`, the reason in `not_applicable`, or what is missing in `owed`"
            for trap in open_
        )

    def _is_met(self, trap: Trap, claims: frozenset[Capability]) -> bool:
        return trap.number in {*self.not_applicable, *self.owed} or bool(self.evidence(trap, claims))

    def rests_on(self, test: str) -> Sequence[str]:
        source = self.connector(self.service())
        return [
            trap.number
            for trap in TRAPS
            if trap.number not in self.shown
            and applies(trap, source.type)
            and test in self.evidence(trap, source.capabilities)
        ]

    def evidence(self, trap: Trap, claims: frozenset[Capability]) -> Sequence[str]:
        """The tests that show a trap for this connector; none where it is not shown.

        Each of them runs: one that is left out all the same fails, as `leave_out` says.
        """
        if trap.number in self.shown:
            return (name_of(self.shown[trap.number]),)
        if trap.number in {*self.not_applicable, *self.owed}:
            return ()
        runs = not trap.needs or any(need in claims for need in trap.needs)
        has_lines = not trap.lines or bool(self.lines & set(trap.lines))
        if not runs or not has_lines or not all(hasattr(self, test) for test in trap.tests):
            return ()
        return [test for test in trap.tests if NEEDED.get(test) in (None, *claims)]


MOST_LACONIC = 3
"""Fewer words than this are no reason."""


def name_of(test: str | Callable[..., object]) -> str:
    """The name of a test that is given by name, or as it is."""
    return test if isinstance(test, str) else test.__name__


def applies(trap: Trap, type: str) -> bool:
    """Whether a type of connector can step into a trap, as far as alignkit goes by now."""
    return not trap.waits and (not trap.only or type in trap.only)


def tally(case: TrapTests[Any]) -> Mapping[str, int]:
    """How many traps a connector's tests show, how many are owed or do not apply, and how many nobody can show yet."""
    source = case.connector(case.service())
    shown = [trap for trap in TRAPS if applies(trap, source.type) and case.evidence(trap, source.capabilities)]
    waiting = [trap for trap in TRAPS if trap.waits]
    owed = [trap for trap in TRAPS if applies(trap, source.type) and trap.number in case.owed]
    left = len(TRAPS) - len(shown) - len(owed) - len(waiting)
    return {"shown": len(shown), "owed": len(owed), "not applicable": left, "waiting": len(waiting)}
