"""The interpreter says what the page says, in cases that a reader can decide alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alignkit.models import Message
from alignkit.rules import Facts
from alignkit.rules.facts import SendFacts, SurveyFacts

from .instants import changes, instant_at
from .interpreter import Answer, Case, Table, Truth, every, length, some

NOON = datetime(2025, 3, 5, 12, tzinfo=UTC)
HOUR = length("1h")
OFFER = Message(category="promotional", channel="email")


def document(*conditions: Table, effect: str = "suppress") -> Table:
    outcome = {"outcome": "defer"} if effect == "suppress" else {}
    rules = [{"id": f"rule-{n}", "effect": effect, "when": when, **outcome} for n, when in enumerate(conditions)]
    return {"rules": rules, "always_allowed": ["legal"], "allow_about_issue": True, "on_unknown": "active"}


def case(condition: Table, facts: Facts | None = None, now: datetime = NOON) -> Case:
    return Case(document(condition), facts or Facts(), OFFER, instant_at(now))


def send(at: Any, channel: str = "email") -> SendFacts:
    return SendFacts(f"mail/send/{at}", "promotional", channel, None, at)


def answer(nine: int, score: float) -> SurveyFacts:
    return SurveyFacts(f"forms/survey/{score}", "nps", "detractor", score, score / 10, nine, None, None)


def is_held(condition: Table, facts: Facts | None = None, now: datetime = NOON) -> Truth:
    return case(condition, facts, now).holds(condition)


@pytest.mark.parametrize(
    ("answers", "all_of", "any_of"),
    [
        ([], True, False),
        ([True, True], True, True),
        ([True, None], None, True),
        ([None, False], False, None),
        ([None], None, None),
        ([True, None, False], False, True),
    ],
)
def test_unknown_combines_by_kleene(answers: list[Truth], all_of: Truth, any_of: Truth) -> None:
    assert (every(answers), some(answers)) == (all_of, any_of)


@pytest.mark.parametrize(("text", "microseconds"), [("0s", 0), ("1us", 1), ("2w", 14 * 24 * HOUR), ("1m", HOUR // 60)])
def test_a_duration_is_a_number_and_a_unit(text: str, microseconds: int) -> None:
    assert length(text) == microseconds


def test_within_is_over_at_its_end() -> None:
    now = instant_at(NOON)
    recently = {"any": "sends", "where": [{"field": "at", "within": "1h"}]}
    assert is_held(recently, Facts(sends=[send(now - HOUR + 1)])) is True
    assert is_held(recently, Facts(sends=[send(now - HOUR)])) is False
    assert is_held(recently, Facts(sends=[send("noon")])) is None


def test_the_newest_is_looked_for_before_it_is_tested() -> None:
    low = {"latest": "surveys", "passes": [{"field": "score", "at_most": 6}]}
    assert is_held(low, Facts(surveys=[answer(1, 3.0), answer(2, 9.0)])) is False
    assert is_held(low, Facts(surveys=[answer(1, 3.0), answer(1, 9.0)])) is True
    assert is_held(low | {"where": [{"field": "score", "at_most": 8}]}, Facts(surveys=[answer(1, 3.0), answer(2, 9.0)]))


def test_different_values_are_counted_once() -> None:
    two = {"count": "sends", "at_least": 2, "distinct": "channel"}
    assert is_held(two, Facts(sends=[send(1), send(2)])) is False
    assert is_held(two, Facts(sends=[send(1), send(2, "sms")])) is True


@pytest.mark.parametrize(
    ("hour", "is_quiet"), [((3, 28, 20), True), ((3, 28, 19), False), ((3, 29, 6), True), ((3, 29, 7), False)]
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins(
    hour: tuple[int, int, int], is_quiet: bool
) -> None:
    friday = {"local_time": "21:00-08:00", "days": ["fri"], "zone": "Europe/Berlin"}
    assert is_held(friday, now=datetime(2025, *hour, 30, tzinfo=UTC)) is is_quiet


def test_a_window_in_the_hour_that_is_skipped_is_never_there() -> None:
    skipped = {"local_time": "02:00-03:00", "zone": "Europe/Berlin"}
    before, after = changes(case(skipped, now=datetime(2025, 3, 29, 12, tzinfo=UTC)))[:2]
    assert before == after == instant_at(datetime(2025, 3, 31, 0, tzinfo=UTC))


def test_a_window_in_the_hour_that_is_shown_twice_is_there_twice() -> None:
    twice = {"local_time": "02:30-03:00", "zone": "Europe/Berlin"}
    turns = [datetime(2025, 10, 26, hour, minute, tzinfo=UTC) for hour, minute in ((0, 30), (1, 0), (1, 30), (2, 0))]
    assert [is_held(twice, now=turn) for turn in turns] == [True, False, True, False]


@pytest.mark.parametrize(
    ("day", "dates", "is_on"),
    [
        ((2025, 12, 24), "12-24/01-02", True),
        ((2026, 1, 2), "12-24/01-02", True),
        ((2026, 1, 3), "12-24/01-02", False),
        ((2028, 2, 29), "02-29", True),
        ((2025, 3, 5), "2025-03-05", True),
        ((2026, 3, 5), "2025-03-05", False),
    ],
)
def test_a_date_without_a_year_comes_every_year(day: tuple[int, int, int], dates: str, is_on: bool) -> None:
    assert is_held({"local_date": [dates], "zone": "UTC"}, now=datetime(*day, 23, 59, tzinfo=UTC)) is is_on


def test_a_share_is_the_same_customers_every_time() -> None:
    half = {"holdout": 0.5, "salt": "spring"}
    chosen = {f"c{n}" for n in range(200) if is_held(half, Facts(bucketing_id=f"c{n}"))}
    assert 70 < len(chosen) < 130
    assert chosen < {f"c{n}" for n in range(200) if is_held({**half, "holdout": 0.9}, Facts(bucketing_id=f"c{n}"))}


def test_what_cannot_be_told_holds_a_message_back_and_frees_none() -> None:
    broken: Any = Facts(sends=None)  # type: ignore[arg-type] # damaged on purpose
    sent: Table = {"any": "sends"}
    held = case(sent, broken).decide()
    assert (held.verdict, held.rules, held.errors) == (
        "suppress",
        ("rule-0",),
        ("the rule `rule-0` could not be evaluated",),
    )
    both = document(sent)
    both["rules"].append({"id": "rule-1", "effect": "exempt", "when": sent})
    assert Case(both, broken, OFFER, 0).decide().verdict == "suppress"


def test_a_message_that_is_always_allowed_meets_no_rule() -> None:
    legal = Message(category="legal", channel="email")
    assert Case(document({"none": "sends"}), Facts(), legal, 0).decide() == Answer(
        "send", None, (), (), (), (), None, None, ()
    )
