"""Holds signals to their table, to ids that follow from the history, and to its version order alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import START, histories, removal, snapshot, survey_responses

from alignkit.fold import fold_issue
from alignkit.models import (
    CustomerMatch,
    Event,
    Intent,
    IssueStatus,
    IssueType,
    Polarity,
    Post,
    PostPublished,
    Signal,
    SignalKind,
    SurveyAnswered,
    SurveyKind,
    SurveyResponse,
    Team,
    microseconds,
)
from alignkit.signals import Reading, as_signal, of_issue, of_post, of_survey, read

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNKNOWN = None


def kinds(*history: Event) -> list[str]:
    return [signal.kind.value for signal in read(history, "desk")]


def answer(kind: str, score: float, low: float = 0, high: float = 10, **fields: Any) -> SurveyResponse:
    told = {"id": "7", "kind": kind, "score": score, "scale_min": low, "scale_max": high, "responded_at": START}
    return SurveyResponse.model_validate({**told, **fields})


def answered(response: SurveyResponse, at: timedelta = timedelta()) -> SurveyAnswered:
    return SurveyAnswered.of(response, source="desk", received_at=START + at, time=START + at)


def post(**fields: Any) -> Post:
    return Post.model_validate({"id": "9", "platform": "stars", "posted_at": START, **fields})


# One history, one reading


@given(histories(), st.data())
def test_the_order_of_arrival_changes_no_signal(history: list[Event], data: st.DataObject) -> None:
    assert read(data.draw(st.permutations(history)), "desk") == read(history, "desk")


@given(histories())
def test_ids_follow_from_the_history_and_are_distinct(history: list[Event]) -> None:
    found = read(history, "desk")
    assert [signal.id for signal in found] == [signal.id for signal in read(list(history), "desk")]
    assert len({signal.id for signal in found}) == len(found)
    for signal in found:
        assert signal.id == f"{signal.kind.value}/desk/issue/1/{microseconds(signal.occurred_at)}"
        assert signal.evidence == ("desk/issue/1",)


def test_nothing_is_read_from_nothing() -> None:
    assert read([], "desk") == []
    assert read([removal("deleted", DAY)], "desk") == []


# Issues


@pytest.mark.parametrize(
    ("type", "polarity", "intent"),
    [
        ("incident", "negative", "help"),
        ("problem", "negative", "help"),
        ("complaint", "negative", "complaint"),
        ("refund", "negative", "help"),
        ("return", "negative", "help"),
        ("question", "neutral", "question"),
        ("request", "neutral", "help"),
        ("task", "neutral", "help"),
        ("feature_request", "neutral", "feedback"),
        ("other", UNKNOWN, "help"),
    ],
)
def test_what_an_opened_issue_means_follows_from_its_type(type: str, polarity: str | None, intent: str) -> None:
    [opened] = read([snapshot("new", type=IssueType(type))], "desk")
    assert opened.kind is SignalKind.ISSUE_OPENED
    assert opened.occurred_at == START
    assert opened.polarity == polarity
    assert opened.intent == intent


def test_the_table_knows_every_type_of_issue() -> None:
    for type in IssueType:
        assert [signal.kind for signal in read([snapshot("new", type=type)], "desk")] == [SignalKind.ISSUE_OPENED]


@pytest.mark.parametrize("told", Polarity)
def test_a_told_sentiment_goes_before_the_type(told: Polarity) -> None:
    [opened] = read([snapshot("new", type=IssueType.COMPLAINT, sentiment=told)], "desk")
    assert opened.polarity is told


def test_an_unknown_polarity_is_not_neutral() -> None:
    [opened] = read([snapshot("new")], "desk")
    assert opened.polarity is None
    assert Signal.model_validate_json(opened.model_dump_json()).polarity is None


def test_an_issue_is_read_from_its_opening_to_its_end() -> None:
    history = [
        snapshot("open", HOUR),
        snapshot("open", 2 * HOUR, priority="urgent"),
        snapshot("resolved", DAY),
        snapshot("open", 2 * DAY),
        snapshot("closed", 3 * DAY),
    ]
    found = [(signal.kind.value, signal.polarity, signal.occurred_at - START) for signal in read(history, "desk")]
    assert found == [
        ("issue_opened", None, timedelta()),
        ("issue_reopened", "negative", 2 * DAY),
        ("issue_escalated", "negative", 2 * HOUR),
        ("issue_resolved", "positive", 3 * DAY),
    ]


@pytest.mark.parametrize("status", IssueStatus)
def test_only_resolved_and_closed_are_a_good_end(status: IssueStatus) -> None:
    found = kinds(snapshot("open"), snapshot(status, DAY))
    assert ("issue_resolved" in found) is (status in (IssueStatus.RESOLVED, IssueStatus.CLOSED))


@pytest.mark.parametrize(
    "history",
    [
        [snapshot("spam", DAY)],
        [snapshot("deleted", DAY)],
        [snapshot("merged", DAY)],
        [snapshot("closed", DAY, merged_into="2")],
        [snapshot("open", DAY, is_spam=True)],
        [snapshot("open", DAY, is_deleted=True)],
        *([removal(reason, DAY)] for reason in ("deleted", "not_found", "spam", "merged")),
    ],
)
def test_spam_deleted_and_merged_issues_have_no_reading(history: list[Event]) -> None:
    complaint = snapshot("open", type=IssueType.COMPLAINT)
    assert kinds(complaint) == ["issue_opened"]
    assert kinds(complaint, *history) == []


def test_several_reopenings_of_one_instant_are_one_reading() -> None:
    history = [snapshot(status, DAY, sequence=n, subject=str(n)) for n, status in enumerate(["closed", "open"] * 2)]
    fold = fold_issue(history)
    assert fold is not None
    assert len(fold.reopenings) == 2
    assert kinds(*history).count("issue_reopened") == 1


def test_compact_readings_say_the_same_as_signals() -> None:
    history = [snapshot("open"), snapshot("resolved", DAY)]
    fold = fold_issue(history)
    assert fold is not None
    assert [as_signal(reading, "desk/issue/1") for reading in of_issue(fold)] == read(history, "desk")


# Surveys


@pytest.mark.parametrize(
    ("score", "polarity"),
    [*((score, "negative") for score in range(7)), (7, "neutral"), (8, "neutral"), (9, "positive"), (10, "positive")],
)
def test_nps_is_read_by_its_buckets(score: int, polarity: str) -> None:
    [signal] = read([answered(answer("nps", score))], "desk")
    assert (signal.kind, signal.polarity, signal.intent) == (SignalKind.NPS, polarity, Intent.FEEDBACK)


@pytest.mark.parametrize(
    ("score", "polarity", "strength"),
    [(1, "negative", 1.0), (2, "negative", 0.5), (3, "neutral", 0.0), (4, "positive", 0.5), (5, "positive", 1.0)],
)
def test_csat_is_read_by_quarters_of_its_scale(score: int, polarity: str, strength: float) -> None:
    [signal] = read([answered(answer("csat", score, 1, 5))], "desk")
    assert (signal.kind, signal.polarity, signal.strength) == (SignalKind.CSAT, polarity, strength)


@pytest.mark.parametrize("kind", SurveyKind)
def test_every_kind_of_survey_has_its_signal(kind: SurveyKind) -> None:
    own = {SurveyKind.NPS: SignalKind.NPS, SurveyKind.CSAT: SignalKind.CSAT, SurveyKind.CES: SignalKind.CES}
    assert of_survey(answer(kind, 10)).kind == own.get(kind, SignalKind.RATING)


@given(survey_responses())
def test_every_answer_can_be_read(response: SurveyResponse) -> None:
    [signal] = read([answered(response)], "desk")
    assert 0 <= signal.strength <= 1
    assert signal.polarity is not None


def test_a_changed_answer_replaces_the_one_before_in_any_order() -> None:
    bad, good = answered(answer("csat", 1, 1, 5)), answered(answer("csat", 5, 1, 5), DAY)
    for history in ([bad, good], [good, bad], [good, bad, good]):
        [signal] = read(history, "desk")
        assert signal.polarity is Polarity.POSITIVE
        assert signal.evidence == ("desk/survey/7",)


# Posts


@pytest.mark.parametrize(
    ("fields", "polarity"),
    [
        ({"polarity": "mixed", "rating": 5}, "mixed"),
        ({"rating": 1}, "negative"),
        ({"rating": 2}, "negative"),
        ({"rating": 2.5}, "neutral"),
        ({"rating": 3.5}, "neutral"),
        ({"rating": 4}, "positive"),
        ({"rating": 5}, "positive"),
        ({}, UNKNOWN),
    ],
)
def test_a_post_is_read_as_told_else_by_its_stars(fields: dict[str, Any], polarity: str | None) -> None:
    event = PostPublished.of(post(**fields), source="forum", received_at=START)
    [signal] = read([event], "forum")
    assert (signal.kind, signal.polarity, signal.evidence) == (SignalKind.POST, polarity, ("forum/post/9",))


def test_a_post_is_as_sure_as_its_match_with_a_customer() -> None:
    assert of_post(post()).confidence == 0.0
    match = CustomerMatch(identifier="email:ada@example.com", confidence=0.9, method="verified profile")
    assert of_post(post(customer_match=match, intent="praise")).confidence == 0.9


# Whom it matters to


@pytest.mark.parametrize(
    ("kind", "polarity", "teams"),
    [
        (SignalKind.ISSUE_RESOLVED, Polarity.POSITIVE, (Team.MARKETING,)),
        (SignalKind.ISSUE_OPENED, Polarity.NEGATIVE, (Team.SERVICE, Team.MARKETING)),
        (SignalKind.NPS, Polarity.POSITIVE, (Team.MARKETING, Team.SALES)),
        (SignalKind.NPS, Polarity.NEUTRAL, (Team.SERVICE,)),
        (SignalKind.POST, Polarity.MIXED, (Team.SERVICE,)),
        (SignalKind.POST, UNKNOWN, (Team.SERVICE,)),
    ],
)
def test_a_signal_goes_to_the_teams_that_it_matters_to(
    kind: SignalKind, polarity: Polarity | None, teams: tuple[Team, ...]
) -> None:
    assert as_signal(Reading(kind, polarity, 1), "desk/issue/1").route_to == teams


def test_a_signal_is_about_its_customer_where_one_is_known() -> None:
    reading = Reading(SignalKind.POST, None, 1)
    assert as_signal(reading, "forum/post/9").subject == "forum/post/9"
    assert as_signal(reading, "forum/post/9", "42").subject == "42"


def test_a_post_that_was_taken_back_says_nothing() -> None:
    event = PostPublished.of(post(rating=1.0, deleted_at=START), source="forum", received_at=START)
    assert read([event], "forum") == []
