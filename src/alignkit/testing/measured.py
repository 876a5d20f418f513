"""Measures a source against its sheet: which tests it passes, and how late it sees what happens at its service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from alignkit.connectors.base import Capability
from alignkit.testing.sheet.case import FEW, SheetCase
from alignkit.testing.sheet.changes import Changes
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.sheet.truth import differences
from alignkit.testing.source.case import LATER, SourceTests, Trial
from alignkit.testing.world import Fate, Kind, Row, World

STEPS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=2), timedelta(days=1), timedelta(days=2))
"""How late a change may be seen; it is tried a second before each."""

SECOND = timedelta(seconds=1)

Happening = Callable[[Changes, World, Row], None]

PROOF: dict[Capability, tuple[str, ...]] = {
    Capability.INCREMENTAL: ("test_what_changed_since_the_last_run_is_read",),
    Capability.DELETIONS: ("test_a_deleted_issue_is_over",),
    Capability.MERGES: (
        "test_a_merged_issue_is_over_and_its_survivor_is_not",
        "test_whoever_had_an_issue_that_was_merged_has_the_survivor",
    ),
    Capability.FETCH: ("test_objects_are_read_by_id", "test_what_is_gone_gives_a_removal_when_read_by_id"),
}
"""The tests that show what a tier asks for."""


def passes(case: SourceTests[Any], test: str) -> bool:
    """Runs one test; whether it ran to its end and passed. One that is left out does not."""
    run: Callable[[], None] | None = getattr(case, test, None)
    if run is None:
        return False
    case.running = test
    try:
        run()
    except (AssertionError, pytest.fail.Exception, pytest.skip.Exception, pytest.xfail.Exception):
        return False
    return True


def shown(case: SourceTests[Any]) -> frozenset[Capability]:
    """The capabilities that a source claims and that its tests, run now, show."""
    claims = case.connector(case.service()).capabilities
    return frozenset(one for one in claims if one not in PROOF or all(passes(case, test) for test in PROOF[one]))


def lateness(case: SheetCase) -> timedelta | None:
    """How late the source sees the slowest thing that its service tells: changes, and ends of issues.

    The service shows each as late as its sheet allows. What is gone without a word counts only where the service tells
    of no deletion: everybody looks for that by id, a day later.

    Returns:
        The first of `STEPS` by which everything is seen; None where something is not seen by the last.
    """
    late = [_lateness(case, happens) for happens in _happenings(case)]
    return None if None in late else max((one for one in late if one), default=None)


def _happenings(case: SheetCase) -> Iterator[Happening]:
    sheet, claims = case.sheet, case.connector(case.service()).capabilities
    yield _change
    fates = {one.fate for one in sheet.happens if one.kind is Kind.ISSUE}
    if Capability.DELETIONS in claims and fates & {Fate.DELETED, Fate.PURGED}:
        fate = Fate.DELETED if Fate.DELETED in fates else Fate.PURGED
        yield lambda changes, world, row: _end(changes, world, row, fate)
    if Capability.MERGES in claims and Fate.MERGED in fates:
        yield _merge


def _lateness(case: SheetCase, happens: Happening) -> timedelta | None:
    for step in STEPS:
        trial = case.trial()
        world = trial.service.world
        changes = Changes(case.sheet, world)
        kind = Kind.ISSUE if Kind.ISSUE in case.sheet.kinds else min(case.sheet.kinds)
        _fill_the_lists(changes, world, kind)
        for _ in range(2):
            world.tick(LATER)
            trial.pull(later=world.now - case.now)
        before = set(differences(trial.store, trial.service, trial.source()))
        happens(changes, world, _open(world, kind)[-1])
        world.tick(step - SECOND)
        if _is_seen(trial, case, before):
            return step
    return None


def _fill_the_lists(changes: Changes, world: World, kind: Kind) -> None:
    """More things than a page shows, and more ended ones, so that no list is seen whole by its first page."""
    is_deletable = any(one.kind is kind and one.fate is Fate.DELETED for one in changes.sheet.happens)
    for _ in range(FEW):
        row = changes.add(kind)
        world.tick(SECOND)
        if is_deletable:
            world.change(kind, row.id, fate=Fate.DELETED)
    for _ in range(2):
        row = changes.add(kind)
        if words := [word for word, means in changes.sheet.words.items() if means.is_active]:
            world.change(kind, row.id, word=words[0])
        world.tick(SECOND)


def _open(world: World, kind: Kind) -> list[Row]:
    """What is there and, where it is an issue, not over: the end of what is over is no news."""
    return [row for row in world.live(kind) if kind is not Kind.ISSUE or row.status.is_active]


def _is_seen(trial: Trial[SheetService], case: SheetCase, before: set[str]) -> bool:
    trial.pull(later=trial.service.world.now - case.now)
    return not set(differences(trial.store, trial.service, trial.source())) - before


def _change(changes: Changes, _world: World, row: Row) -> None:
    late = changes.sheet.late.up_to if changes.sheet.late else timedelta(0)
    changes.add(row.kind, late=late, lag=changes.longest_lag(row.kind))


def _end(changes: Changes, world: World, row: Row, fate: Fate) -> None:
    world.change(row.kind, row.id, fate=fate, lag=changes.longest_lag(row.kind))


def _merge(changes: Changes, world: World, row: Row) -> None:
    survivor = _open(world, row.kind)[-2]
    world.merge(row.kind, row.id, survivor.id, lag=changes.longest_lag(row.kind))
