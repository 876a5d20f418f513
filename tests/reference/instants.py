"""Finds `until` and `recheck_at` the slow way: asks the interpreter again at every instant that could matter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .interpreter import EPOCH, SECOND, Answer, Case, Table, edges, inside, length, shows
from .plugin import changes_of

HORIZON = 3_653 * 86_400 * SECOND


Clock = tuple[str, str]
"""What is looked for, and the zone."""
Sort = tuple[int, frozenset[Clock]]
"""How many instants of rows and plugins have passed since now, and which clocks show the opposite of what they did."""
START: Sort = (0, frozenset())


class Changes(NamedTuple):
    """The instants of the next changes, and how many instants were asked about."""

    until: int | None
    recheck_at: int | None
    asked: int


def changes(case: Case) -> Changes:
    """When the verdict changes, and when anything does, if no new fact comes in."""
    before, recheck_at, asked = case.decide(), None, 0
    for asked, (at, _) in enumerate(instants(case), start=1):
        after = replace(case, now=at).decide()
        if recheck_at is None and said(after) != said(before):
            recheck_at = at
        if after.verdict != before.verdict:
            return Changes(at, recheck_at, asked)
    return Changes(None, recheck_at, asked)


def said(answer: Answer) -> tuple[object, ...]:
    """What `recheck_at` is about."""
    return answer.verdict, answer.outcome, answer.rules, answer.notes, answer.evidence, answer.errors


def instants(case: Case) -> Iterator[tuple[int, Sort]]:
    """Every instant at which an answer may change, in order; where two are of one sort, all answers are the same.

    For nothing changes but clocks, which show one thing or its opposite, and what rows and plugins say at instants of
    theirs.
    """
    parts = [part for rule in case.governing() for part in inside(rule["when"])]
    ends = {at for part in parts for at in (*ends_of_rows(part, case), *changes_of(part))}
    clocks = {(text, zone) for part in parts if (text := spelled(part)) and (zone := case.zone(part))}
    first, passed, turned = (EPOCH + timedelta(microseconds=case.now)).year, 0, frozenset[Clock]()
    for year in range(first, first + 12):
        turn, next_turn = (instant_at(datetime(each, 1, 1, tzinfo=UTC)) for each in (year, year + 1))
        turning: dict[int, set[Clock]] = {at: set() for at in ends}
        for clock in clocks:
            for at in flips(*clock, year):
                turning.setdefault(at, set()).add(clock)
        for at in sorted(at for at in turning if turn <= at < next_turn and case.now < at <= case.now + HORIZON):
            passed, turned = passed + (at in ends), turned ^ turning[at]
            yield at, (passed, turned)


def ends_of_rows(condition: Table, case: Case) -> Iterator[int]:
    """The ends of holds, and of each duration that tests ask about."""
    name = next((condition[key] for key in ("any", "none", "count", "latest") if key in condition), None)
    spans = [("opened_at", 0), ("ends_at", 0)] if name == "holds" else []
    for test in inside({"all_of": [*condition.get("where", ()), *condition.get("passes", ())]}):
        spans += [(test["field"], length(test[key])) for key in ("within", "older_than") if key in test]
    for row in case.rows(name) or () if name and spans else ():
        times = [(getattr(row, field, None), span) for field, span in spans]
        yield from (at + span for at, span in times if isinstance(at, int))


def spelled(condition: Table) -> str:
    """What a condition wants to see of the clock or the calendar, as a text; empty for any other."""
    wanted = {key: condition[key] for key in ("local_time", "local_date", "days") if key in condition}
    return json.dumps(wanted) if wanted else ""


@cache
def flips(text: str, zone: str, year: int) -> list[int]:
    """The instants of a year, and of a day before and after it, at which the clock or the calendar answers anew."""
    condition, info = json.loads(text), ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=UTC).date() + timedelta(days=number) for number in range(-1, 368)]
    walls = [time(), *(edges(condition) if "local_time" in condition else [])]
    shown = [datetime.combine(day, wall, info) for day in days for wall in walls]
    found = {instant_at(moment.replace(fold=fold)) for moment in shown for fold in (0, 1)}
    found.update(at for day, after in pairwise(days) for at in settings(info, day, after))
    return [at for at in found if shows(condition, zone, at) is not shows(condition, zone, at - 1)]


def settings(zone: ZoneInfo, day: date, after: date) -> Iterator[int]:
    """The instant between two midnights (UTC) at which the clock of the zone is set, to the second."""
    low, high = (instant_at(datetime.combine(each, time(), UTC)) // SECOND for each in (day, after))
    before = offset(zone, low)
    if before == offset(zone, high):
        return
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    yield high * SECOND


def offset(zone: ZoneInfo, second: int) -> timedelta | None:
    return datetime.fromtimestamp(second, zone).utcoffset()


def instant_at(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
