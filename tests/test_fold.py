"""Holds folding to one result for one history, in whatever order, however often, and from wherever it is continued."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import START, histories, removal, snapshot

from alignkit.fold import (
    HYSTERESIS,
    IssueFold,
    Version,
    advance,
    begin,
    fold_issue,
    remove,
    steps,
    version_of,
)
from alignkit.models import (
    Event,
    IssueChanged,
    IssueRemoved,
    IssueStatus,
    IssueStep,
    Priority,
    microseconds,
)
from alignkit.models.times import moment_of

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
ACTIVE = [status for status in IssueStatus if status.is_active is not False]
INACTIVE = [status for status in IssueStatus if status.is_active is False]


def us(after: timedelta) -> int:
    return microseconds(START + after)


def folded(*history: Event) -> IssueFold:
    fold = fold_issue(history)
    assert fold is not None
    return fold


@given(histories(), st.data())
def test_the_order_of_arrival_changes_nothing(history: list[Event], data: st.DataObject) -> None:
    arrived = data.draw(st.permutations(history))
    assert fold_issue(arrived) == fold_issue(history)
    assert steps(arrived, "desk") == steps(history, "desk")


@given(histories(), st.data())
def test_receiving_an_event_again_changes_nothing(history: list[Event], data: st.DataObject) -> None:
    latest = max(event.received_at for event in history)
    again = [
        event.model_copy(update={"received_at": latest + timedelta(hours=number)})
        for number, event in enumerate(data.draw(st.lists(st.sampled_from(history))))
    ]
    both = data.draw(st.permutations([*history, *again]))
    assert fold_issue(both) == fold_issue(history)
    assert steps(both, "desk") == steps(history, "desk")


@given(histories())
def test_continuing_by_one_event_is_folding_the_whole(history: list[Event]) -> None:
    distinct = {event.id: event for event in sorted(history, key=version_of, reverse=True)}
    *before, last = sorted(distinct.values(), key=version_of)
    fold = fold_issue(before)
    continued: IssueFold | None
    if isinstance(last, IssueChanged):
        continued = begin(last) if fold is None else advance(fold, last)
    else:
        assert isinstance(last, IssueRemoved)
        continued = None if fold is None else remove(fold, last)
    assert continued == fold_issue(distinct.values())


@given(histories())
def test_a_fold_is_over_exactly_when_it_says_since_when(history: list[Event]) -> None:
    fold = fold_issue(history)
    if fold is None:
        assert not any(isinstance(event, IssueChanged) for event in history)
        return
    is_over = fold.issue.is_active is False
    assert (fold.resolved_at is not None) is is_over
    assert is_over or fold.first_active_at is not None
    assert not is_over or fold.waiting_since is None


@given(histories())
def test_every_reopening_is_a_step_and_every_step_has_its_snapshot(history: list[Event]) -> None:
    found = [step.step for step in steps(history, "desk")]
    fold = fold_issue(history)
    if fold is None:
        assert found == []
        return
    first = min((event for event in history if isinstance(event, IssueChanged)), key=version_of)
    known = 1 if first.data.reopened_at else 0
    assert found[0] is IssueStep.OPENED
    assert found.count(IssueStep.OPENED) == 1
    assert found.count(IssueStep.REOPENED) == len(fold.reopenings) - known
    assert found.count(IssueStep.ESCALATED) == len(fold.escalations)


@given(histories())
def test_a_fold_names_the_last_event_and_the_last_snapshot(history: list[Event]) -> None:
    fold = fold_issue(history)
    if fold is None:
        return
    in_order = sorted(history, key=version_of)
    shown = [event for event in in_order if isinstance(event, IssueChanged)]
    assert version_of(fold.last) == fold.version == version_of(in_order[-1])
    assert fold.snapshot_id == shown[-1].id
    assert fold.is_active == fold.issue.is_active


def test_nothing_is_folded_from_nothing() -> None:
    assert fold_issue([]) is None
    assert fold_issue([removal("deleted", DAY)]) is None
    assert steps([removal("deleted", DAY)], "desk") == []


# Versions


def test_a_version_counts_before_the_time_of_observing() -> None:
    late, early = snapshot("resolved", version=1, received=9 * DAY), snapshot("open", version=2, received=DAY)
    assert folded(late, early).issue.status is IssueStatus.OPEN


def test_a_tie_falls_to_the_time_of_observing_then_the_sequence_then_the_id() -> None:
    by_time = [snapshot("open", version=1, received=2 * DAY), snapshot("closed", version=1, received=DAY, sequence=9)]
    assert folded(*by_time).issue.status is IssueStatus.OPEN
    by_sequence = [snapshot("open", version=1, sequence=2), snapshot("closed", version=1, sequence=1)]
    assert folded(*by_sequence).issue.status is IssueStatus.OPEN
    alike = [snapshot(status, version=1) for status in ("open", "closed", "snoozed")]
    last = max(alike, key=lambda event: event.id)
    for arrived in permutations(alike):
        assert folded(*arrived).snapshot_id == last.id


def test_a_version_is_what_the_envelope_says() -> None:
    event = snapshot("open", DAY, version=5, sequence=3)
    assert version_of(event) == Version(5, us(DAY + timedelta(seconds=1)), 3, event.id)


# The first snapshot


@pytest.mark.parametrize("status", IssueStatus)
def test_an_issue_first_seen_active_counts_from_its_creation_and_one_first_seen_over_does_not(
    status: IssueStatus,
) -> None:
    fold = folded(snapshot(status, 40 * DAY))
    is_active = status in ACTIVE
    assert fold.first_active_at == (us(timedelta()) if is_active else None)
    assert fold.resolved_at == (None if is_active else us(40 * DAY))
    assert fold.status_since == us(40 * DAY)
    assert fold.reopenings == fold.escalations == ()


def test_what_the_service_tells_of_the_past_is_believed() -> None:
    told = snapshot(
        "closed",
        9 * DAY,
        status_since=START + 6 * DAY,
        first_active_at=START + HOUR,
        reopened_at=START + 2 * DAY,
        resolved_at=START + 5 * DAY,
        closed_at=START + 6 * DAY,
    )
    fold = folded(told)
    assert fold.status_since == us(6 * DAY)
    assert fold.first_active_at == us(HOUR)
    assert fold.reopened_at == us(2 * DAY)
    assert fold.resolved_at == us(5 * DAY)


def test_the_next_step_is_owed_since_the_status_and_for_a_new_issue_since_its_creation() -> None:
    assert folded(snapshot("new", DAY)).waiting_since == us(timedelta())
    assert folded(snapshot("open", 2 * DAY, status_since=START + DAY)).waiting_since == us(DAY)


def test_what_the_service_tells_of_a_later_status_is_believed() -> None:
    changed = snapshot("waiting_on_third_party", 3 * DAY, status_since=START + 2 * DAY)
    assert folded(snapshot("open"), changed).status_since == us(2 * DAY)


def test_a_closing_from_before_the_last_stretch_is_not_believed() -> None:
    opened = snapshot("open", 5 * DAY, status_since=START + 5 * DAY)
    closed = snapshot("closed", 9 * DAY, closed_at=START + DAY)
    assert folded(opened, closed).resolved_at == us(9 * DAY)


def test_closing_is_the_end_where_no_resolution_is_told() -> None:
    assert folded(snapshot("closed", 9 * DAY, closed_at=START + 6 * DAY)).resolved_at == us(6 * DAY)


def test_an_ending_before_the_last_reopening_is_left_over_and_not_believed() -> None:
    fold = folded(snapshot("closed", 9 * DAY, resolved_at=START + DAY, reopened_at=START + 2 * DAY))
    assert fold.resolved_at == us(9 * DAY)


def test_the_zero_of_a_clock_is_no_time() -> None:
    never = moment_of(0)
    fold = folded(snapshot("closed", DAY, resolved_at=never, closed_at=never, reopened_at=never, status_since=never))
    assert (fold.resolved_at, fold.status_since, fold.reopenings) == (us(DAY), us(DAY), ())


# From one snapshot to the next


@pytest.mark.parametrize("before", IssueStatus)
@pytest.mark.parametrize("after", IssueStatus)
def test_every_change_of_status_has_one_meaning(before: IssueStatus, after: IssueStatus) -> None:
    history = [snapshot(before, DAY), snapshot(after, 2 * DAY)]
    fold = folded(*history)
    was_active, is_active = before in ACTIVE, after in ACTIVE
    assert fold.status_since == us(DAY if before is after else 2 * DAY)
    assert fold.reopenings == ((us(2 * DAY),) if is_active and not was_active else ())
    assert fold.resolved_at == (None if is_active else us(2 * DAY) if was_active else us(DAY))
    first_active = us(timedelta()) if was_active else us(2 * DAY) if is_active else None
    assert fold.first_active_at == first_active
    assert [step.step for step in steps(history, "desk")[1:]] == _steps(before, after)


def _steps(before: IssueStatus, after: IssueStatus) -> list[IssueStep]:
    if before is after:
        return []
    if after in (IssueStatus.MERGED, IssueStatus.DELETED):
        return [IssueStep(after.value)]
    if before in ACTIVE and after in (IssueStatus.RESOLVED, IssueStatus.CLOSED):
        return [IssueStep.RESOLVED]
    return [IssueStep.REOPENED if before in INACTIVE and after in ACTIVE else IssueStep.STATUS_CHANGED]


@pytest.mark.parametrize(
    ("gap", "restarts"), [(HYSTERESIS - TICK, False), (HYSTERESIS, False), (HYSTERESIS + TICK, True)]
)
def test_a_gap_of_up_to_seven_days_does_not_restart_an_issue(*, gap: timedelta, restarts: bool) -> None:
    again = DAY + gap
    fold = folded(snapshot("open"), snapshot("resolved", DAY), snapshot("open", again))
    assert timedelta(days=7) == HYSTERESIS
    assert fold.first_active_at == us(again if restarts else timedelta())
    assert fold.reopened_at == us(again)


def test_a_gap_is_measured_by_what_the_service_tells_not_by_when_it_was_seen() -> None:
    seen_late = snapshot("open", 20 * DAY, reopened_at=START + 3 * DAY)
    fold = folded(snapshot("open"), snapshot("resolved", 2 * DAY), seen_late)
    assert fold.first_active_at == us(timedelta())
    assert fold.reopened_at == us(3 * DAY)


def test_a_reopening_before_the_ending_is_an_older_one() -> None:
    fold = folded(snapshot("resolved", 5 * DAY), snapshot("open", 6 * DAY, reopened_at=START + DAY))
    assert fold.reopened_at == us(6 * DAY)


def test_several_reopenings_are_all_counted_even_within_one_second() -> None:
    changes = enumerate(["open", "closed"] * 3)
    fold = folded(*(snapshot(status, DAY, sequence=place, subject=str(place)) for place, status in changes))
    assert fold.reopenings == (us(DAY),) * 2


def test_an_automatic_closing_does_not_end_a_resolved_issue_again() -> None:
    fold = folded(snapshot("open"), snapshot("resolved", DAY), snapshot("closed", 5 * DAY, closed_at=START + 5 * DAY))
    assert fold.resolved_at == us(DAY)
    assert fold.status_since == us(5 * DAY)


def test_a_corrected_time_of_resolution_is_believed() -> None:
    fold = folded(
        snapshot("open"), snapshot("resolved", 3 * DAY), snapshot("resolved", 4 * DAY, resolved_at=START + DAY)
    )
    assert fold.resolved_at == us(DAY)


def test_a_resolution_told_from_before_the_last_stretch_is_not_believed() -> None:
    stale: dict[str, Any] = {"resolved_at": START + DAY}
    history = [
        snapshot("resolved", DAY, **stale),
        snapshot("open", 2 * DAY, **stale),
        snapshot("resolved", 5 * DAY, **stale),
        snapshot("resolved", 6 * DAY, subject="tagged", **stale),
    ]
    assert folded(*history).resolved_at == us(5 * DAY)


def test_a_resolution_told_from_before_an_unseen_reopening_is_not_believed_later_either() -> None:
    stale: dict[str, Any] = {"resolved_at": START + DAY}
    history = [
        snapshot("open", 3 * DAY, **stale),
        snapshot("resolved", 5 * DAY, **stale),
        snapshot("resolved", 6 * DAY, subject="tagged", **stale),
    ]
    assert folded(*history).resolved_at == us(5 * DAY)


def test_an_unknown_status_neither_ends_nor_reopens_an_active_issue() -> None:
    fold = folded(snapshot("open"), snapshot("unknown", DAY), snapshot("open", 30 * DAY))
    assert fold.first_active_at == us(timedelta())
    assert fold.reopenings == ()
    assert folded(snapshot("unknown")).issue.is_active is None


@pytest.mark.parametrize("flag", ["is_spam", "is_deleted"])
def test_a_mark_beside_the_status_ends_an_issue_and_taking_it_back_reopens_it(flag: str) -> None:
    mark: dict[str, Any] = {flag: True}
    marked = [snapshot("open"), snapshot("open", DAY, **mark)]
    assert folded(*marked).resolved_at == folded(*marked).status_since == us(DAY)
    assert [step.step for step in steps(marked, "desk")][1:] == [
        IssueStep.DELETED if flag == "is_deleted" else IssueStep.STATUS_CHANGED
    ]
    assert folded(*marked, snapshot("open", 2 * DAY)).reopened_at == us(2 * DAY)


RISES = {
    (before, after) for before in Priority for after in (Priority.HIGH, Priority.URGENT) if after.rank > before.rank
}


@pytest.mark.parametrize("before", Priority)
@pytest.mark.parametrize("after", Priority)
def test_a_rise_to_high_or_urgent_is_an_escalation_and_nothing_else_is(before: Priority, after: Priority) -> None:
    history = [snapshot("open", priority=before), snapshot("open", DAY, priority=after)]
    assert folded(*history).escalations == ((us(DAY),) if (before, after) in RISES else ())
    kinds = [] if before is after else [IssueStep.ESCALATED if (before, after) in RISES else IssueStep.PRIORITY_CHANGED]
    assert [step.step for step in steps(history, "desk")[1:]] == kinds


# Waiting

OWING = {status for status in ACTIVE if status not in (IssueStatus.WAITING_ON_CUSTOMER, IssueStatus.UNKNOWN)}


@pytest.mark.parametrize("status", IssueStatus)
def test_the_company_owes_a_step_unless_the_customer_does_or_it_is_over_or_unknown(status: IssueStatus) -> None:
    fold = folded(snapshot("waiting_on_customer"), snapshot(status, DAY))
    assert fold.waiting_since == (us(DAY) if status in OWING else None)


def test_waiting_goes_on_while_the_company_owes_the_step_whatever_it_calls_it() -> None:
    history = [snapshot("new", HOUR), snapshot("open", DAY), snapshot("waiting_on_third_party", 2 * DAY)]
    assert folded(*history).waiting_since == us(timedelta())
    assert folded(*history, snapshot("waiting_on_customer", 3 * DAY), snapshot("open", 4 * DAY)).waiting_since == us(
        4 * DAY
    )


def test_the_services_own_word_on_waiting_goes_first() -> None:
    assert folded(snapshot("open", DAY, waiting_since=START + HOUR)).waiting_since == us(HOUR)
    assert folded(snapshot("closed", DAY, waiting_since=START + HOUR)).waiting_since is None


# Removals


@pytest.mark.parametrize(
    ("reason", "status", "step"),
    [
        ("deleted", "deleted", "deleted"),
        ("not_found", "deleted", "deleted"),
        ("spam", "spam", "status_changed"),
        ("merged", "merged", "merged"),
    ],
)
def test_a_removal_ends_an_issue_and_says_how(reason: str, status: str, step: str) -> None:
    history = [snapshot("open"), removal(reason, DAY, merged_into="2" if reason == "merged" else None)]
    fold = folded(*history)
    assert fold.issue.status == status
    assert fold.issue.status_raw == reason
    assert fold.issue.is_active is False
    assert fold.issue.merged_into == ("2" if reason == "merged" else None)
    assert fold.resolved_at == fold.status_since == us(DAY)
    assert [found.step for found in steps(history, "desk")] == [IssueStep.OPENED, IssueStep(step)]


def test_a_removed_issue_comes_back_with_a_later_snapshot_alone() -> None:
    gone = removal("deleted", 2 * DAY)
    back = folded(snapshot("open"), gone, snapshot("open", 3 * DAY))
    assert back.issue.status is IssueStatus.OPEN
    assert back.first_active_at == us(timedelta())
    assert back.reopened_at == us(3 * DAY)
    assert folded(gone, snapshot("open", DAY)).issue.status is IssueStatus.DELETED


def test_a_second_removal_moves_nothing_but_the_version() -> None:
    once = folded(snapshot("open"), removal("deleted", DAY))
    twice = folded(snapshot("open"), removal("deleted", DAY), removal("deleted", 9 * DAY))
    assert (twice.status_since, twice.resolved_at) == (once.status_since, once.resolved_at) == (us(DAY), us(DAY))
    assert twice.version > once.version


def test_removing_a_resolved_issue_does_not_end_it_again() -> None:
    fold = folded(snapshot("open"), snapshot("resolved", DAY), removal("deleted", 9 * DAY))
    assert fold.resolved_at == us(DAY)
    assert fold.status_since == us(9 * DAY)


def test_steps_tell_what_was_before_and_after() -> None:
    history = [
        snapshot("new", HOUR),
        snapshot("open", DAY, assignee="ada"),
        snapshot("resolved", 2 * DAY, assignee="bo"),
    ]
    told = [(step.step.value, step.before, step.after, step.at - START) for step in steps(history, "desk")]
    assert told == [
        ("opened", None, "new", timedelta()),
        ("status_changed", "new", "open", DAY),
        ("assigned", None, "ada", DAY),
        ("resolved", "open", "resolved", 2 * DAY),
        ("assigned", "ada", "bo", 2 * DAY),
    ]
    assert {str(step.issue) for step in steps(history, "desk")} == {"desk/issue/1"}
