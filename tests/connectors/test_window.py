"""A window's bounds follow the service's clock, and its place in a checkpoint survives being stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from alignkit.connectors.base import Run
from alignkit.connectors.window import Pace, Position, Walk, kept, position, service_time
from alignkit.errors import DataInvalid, ResponseInvalid
from alignkit.transport import Response

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(minutes=1))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATE_RUN = Run(NOON + timedelta(days=400), since=NOON - timedelta(days=30))
AT_NOON = Response(200, {"date": "Wed, 04 Mar 2026 12:00:00 GMT"})


def test_a_first_walk_begins_where_the_run_says_and_a_later_one_before_the_mark() -> None:
    assert PACE.walk(Position(), LATE_RUN).since == LATE_RUN.since
    assert PACE.walk(Position(), Run(NOON)).since is None
    assert PACE.walk(Position(mark=NOON), LATE_RUN).since == NOON - timedelta(minutes=10)


def test_once_a_day_a_walk_goes_far_back_where_what_changes_keeps_its_stamp() -> None:
    pace, hour = PACE._replace(back=timedelta(days=28)), timedelta(hours=1)
    first = pace.walk(Position(), Run(NOON)).model_copy(update={"until": NOON})
    assert Position().following(first, None) == Position(mark=NOON, deep=NOON)
    for hours, back in ((0, PACE.overlap), (23, PACE.overlap), (24, timedelta(days=28))):
        at = Position(mark=NOON + hours * hour, deep=NOON)
        walk = pace.walk(at, Run(NOON)).model_copy(update={"until": NOON + 30 * hour})
        assert walk.since == NOON + hours * hour - back
        deep = NOON + 30 * hour if hours == 24 else NOON
        assert at.following(walk, "7").following(walk, None) == Position(mark=NOON + 30 * hour, deep=deep)


def test_a_walk_under_way_keeps_its_bounds() -> None:
    walk = Walk(since=NOON, until=NOON, after="7")
    assert PACE.walk(Position(mark=NOON, walk=walk), LATE_RUN) == walk
    assert PACE.answered(walk, Response(200), "shop") == walk


def test_the_upper_bound_is_the_services_clock_less_its_lag_whenever_the_run_is() -> None:
    assert PACE.answered(Walk(), AT_NOON, "shop").until == NOON - timedelta(minutes=1)


@pytest.mark.parametrize(("minutes", "is_behind"), [(None, False), (1.5, False), (2, True)])
def test_a_walk_is_behind_once_another_one_would_bring_more(minutes: float | None, is_behind: bool) -> None:
    until = None if minutes is None else NOON - timedelta(minutes=minutes)
    assert PACE.is_behind(until, AT_NOON, "shop") is is_behind


def test_the_mark_moves_when_the_walk_has_ended_and_not_before() -> None:
    walk = Walk(until=NOON)
    assert Position(mark=None).following(walk, "7") == Position(mark=None, walk=Walk(until=NOON, after="7"))
    assert Position(mark=None).following(walk, None) == Position(mark=NOON)


def test_a_position_is_json_and_comes_back_as_it_was() -> None:
    at = Position(mark=NOON, walk=Walk(since=NOON, until=NOON, after="9007199254740993"))
    assert position(Position, json.loads(json.dumps(kept(at))), "shop") == at
    assert position(Position, None, "shop") == Position()


@pytest.mark.parametrize("stored", [{"cursor": "x"}, {"mark": "2026-03-04T12:00:00"}, {"walk": {"until": 7, "x": 1}}])
def test_what_is_no_position_is_refused_without_its_values(stored: dict[str, object]) -> None:
    with pytest.raises(DataInvalid, match="`shop`") as refused:
        position(Position, json.loads(json.dumps(stored)), "shop")
    assert "cursor" not in str(refused.value)


@pytest.mark.parametrize("date", ["Wed, 04 Mar 2026 12:00:00 GMT", "Wed, 04 Mar 2026 14:00:00 +0200"])
def test_the_services_time_is_told_in_utc(date: str) -> None:
    assert service_time(Response(200, {"date": date}), "shop") == NOON


@pytest.mark.parametrize("headers", [{}, {"date": "noon"}, {"date": "Wed, 04 Mar 2026 12:00:00"}])
def test_a_service_that_does_not_tell_its_time_is_not_read_by_another_clock(headers: dict[str, str]) -> None:
    with pytest.raises(ResponseInvalid, match="`Date`"):
        service_time(Response(200, headers), "shop")
