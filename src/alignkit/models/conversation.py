"""What was said: interactions, answers to surveys, and public posts."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from alignkit.models.base import Entity, Model, Name, Share
from alignkit.models.times import Instant
from alignkit.models.vocabulary import (
    AuthorKind,
    Channel,
    Department,
    Direction,
    Intent,
    Polarity,
    PostKind,
    SurveyBucket,
    SurveyKind,
)


class Interaction(Entity, frozen=True):
    """One message between a customer and the company. Its text is optional and may be dropped."""

    contact_id: str | None = None
    email: str | None = None
    channel: Channel
    direction: Direction
    author_kind: AuthorKind | None = None
    at: Instant
    issue_id: str | None = None
    campaign_id: str | None = None
    department: Department = Department.OTHER
    text: str | None = None
    polarity: Polarity | None = None
    is_automated: bool = False
    is_private_note: bool = False


class SurveyResponse(Entity, frozen=True):
    """One answer to one survey. A later answer with the same id replaces it.

    `score` is on the scale from `scale_min` to `scale_max`, which is 0 to 10 for NPS. `bucket` follows from `kind`
    where the service names none: NPS 9 to 10 promoter, 7 to 8 passive, 0 to 6 detractor; other scales good from 0.75
    of the scale, bad up to 0.25, else neutral.
    """

    kind: SurveyKind
    score: float
    scale_min: float
    scale_max: float
    bucket: SurveyBucket | None = None
    comment: str | None = None
    contact_id: str | None = None
    email: str | None = None
    issue_id: str | None = None
    campaign_id: str | None = None
    responded_at: Instant
    offered_at: Instant | None = None
    supersedes: str | None = None

    @model_validator(mode="after")
    def _fits_its_scale(self) -> Self:
        if self.scale_min >= self.scale_max or not self.scale_min <= self.score <= self.scale_max:
            raise ValueError("`score` must lie on a scale from `scale_min` up to `scale_max`")
        if self.kind is SurveyKind.NPS and (self.scale_min, self.scale_max) != (0, 10):
            raise ValueError("NPS is asked on a scale from 0 to 10; use `custom` for another")
        return self

    @property
    def normalised(self) -> float:
        """The score as a share of its scale, from 0 to 1."""
        return (self.score - self.scale_min) / (self.scale_max - self.scale_min)

    @property
    def reading(self) -> SurveyBucket:
        """Which side of the scale the answer falls on."""
        if self.bucket is not None:
            return self.bucket
        if self.kind is SurveyKind.NPS:
            if self.score >= 9:
                return SurveyBucket.PROMOTER
            return SurveyBucket.PASSIVE if self.score >= 7 else SurveyBucket.DETRACTOR
        share = self.normalised
        if share >= 0.75:
            return SurveyBucket.GOOD
        return SurveyBucket.BAD if share <= 0.25 else SurveyBucket.NEUTRAL


class CustomerMatch(Model, frozen=True):
    """Whom a post seems to be from: an identifier, how sure, and by which method."""

    identifier: str
    confidence: Share
    method: str


class Post(Entity, frozen=True):
    """A post, comment, review or mention. `storable` False means that its text may not be kept.

    `rating` is in stars, of which five are best; connectors convert other scales.
    """

    platform: Name
    kind: PostKind = PostKind.POST
    author_handle: str | None = None
    author_ref: str | None = None
    customer_match: CustomerMatch | None = None
    rating: float | None = Field(default=None, ge=0, le=5)
    text: str | None = None
    lang: str | None = None
    in_reply_to: str | None = None
    posted_at: Instant
    first_seen_at: Instant | None = None
    acknowledged_at: Instant | None = None
    polarity: Polarity | None = None
    intent: Intent | None = None
    reach: int | None = Field(default=None, ge=0)
    issue_id: str | None = None
    storable: bool = True
