"""Holds surveys and posts to their scales."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.strategies import START, survey_responses

from alignkit.models import Post, SurveyBucket, SurveyKind, SurveyResponse


def answer(kind: str, score: float, low: float, high: float, **fields: Any) -> SurveyResponse:
    told = {"id": "1", "kind": kind, "score": score, "scale_min": low, "scale_max": high, "responded_at": START}
    return SurveyResponse.model_validate({**told, **fields})


@pytest.mark.parametrize(
    ("score", "bucket"),
    [*((score, "detractor") for score in range(7)), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_nps_counts_as_everybody_counts_it(score: int, bucket: str) -> None:
    assert answer("nps", score, 0, 10).reading == bucket


@pytest.mark.parametrize(
    ("score", "low", "high", "bucket"),
    [
        (0, 0, 1, "bad"),
        (1, 0, 1, "good"),
        (1, 1, 5, "bad"),
        (2, 1, 5, "bad"),
        (2.01, 1, 5, "neutral"),
        (3, 1, 5, "neutral"),
        (3.99, 1, 5, "neutral"),
        (4, 1, 5, "good"),
        (5, 1, 5, "good"),
        (1, 1, 3, "bad"),
        (2, 1, 3, "neutral"),
        (3, 1, 3, "good"),
        (-3, -3, 3, "bad"),
        (0, -3, 3, "neutral"),
        (25, 0, 100, "bad"),
        (75, 0, 100, "good"),
    ],
)
@pytest.mark.parametrize("kind", ["csat", "ces", "star", "thumb", "custom"])
def test_other_scales_are_good_from_three_quarters_and_bad_up_to_one(
    kind: str, score: float, low: float, high: float, bucket: str
) -> None:
    assert answer(kind, score, low, high).reading == bucket


def test_the_word_of_the_service_goes_before_the_scale() -> None:
    assert answer("csat", 5, 1, 5, bucket="bad").reading is SurveyBucket.BAD
    assert answer("nps", 10, 0, 10, bucket="passive").reading is SurveyBucket.PASSIVE


@pytest.mark.parametrize(("score", "low", "high"), [(1, 5, 5), (3, 5, 1), (0, 1, 5), (6, 1, 5), (11, 0, 10)])
def test_a_score_off_its_scale_is_refused(score: float, low: float, high: float) -> None:
    with pytest.raises(ValidationError, match="must lie on a scale"):
        answer("csat", score, low, high)


def test_nps_on_another_scale_is_refused_rather_than_misread() -> None:
    with pytest.raises(ValidationError, match="from 0 to 10"):
        answer("nps", 4, 1, 5)


@given(survey_responses())
def test_every_answer_has_a_share_of_its_scale_and_a_side(given: SurveyResponse) -> None:
    assert 0 <= given.normalised <= 1
    nps = {SurveyBucket.PROMOTER, SurveyBucket.PASSIVE, SurveyBucket.DETRACTOR}
    if given.bucket is None:
        assert (given.reading in nps) is (given.kind is SurveyKind.NPS)


@pytest.mark.parametrize("rating", [-1, 5.5, 10])
def test_a_rating_that_is_not_in_stars_is_refused(rating: float) -> None:
    with pytest.raises(ValidationError, match="rating"):
        Post(id="1", platform="stars", posted_at=START, rating=rating)
