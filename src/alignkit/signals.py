"""Reads signals out of the history of one thing: what it means, how surely, and to whom it matters.

A reading depends on the whole history in version order and on nothing else, so the order of arrival cannot matter, and
the same history gives the same ids.

| thing | reading | polarity |
|---|---|---|
| issue opened | `issue_opened` | negative for incident, problem, complaint, refund, return; by sentiment where told; \
neutral for question, request, task, feature request; unknown otherwise |
| issue reopened, escalated | `issue_reopened`, `issue_escalated` | negative |
| issue resolved or closed | `issue_resolved` | positive |
| survey answer | `nps`, `csat`, `ces`, `rating` | by its side of the scale |
| post | `post` | as told, else by its rating (up to 2 stars negative, from 4 positive), else unknown |

Spam, deleted and merged issues have no reading: nobody spoke, or the issue that they went into speaks. Reopenings, and
escalations, of one instant are one reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from alignkit.fold import IssueFold, fold_issue, version_of
from alignkit.models.care import Signal
from alignkit.models.conversation import Post, SurveyResponse
from alignkit.models.events import Event, PostPublished, SurveyAnswered
from alignkit.models.issue import Issue
from alignkit.models.times import microseconds, moment_of
from alignkit.models.vocabulary import (
    Intent,
    IssueStatus,
    IssueType,
    Polarity,
    SignalKind,
    SurveyBucket,
    SurveyKind,
    Team,
)

_UNHAPPY = frozenset({IssueType.INCIDENT, IssueType.PROBLEM, IssueType.COMPLAINT, IssueType.REFUND, IssueType.RETURN})
_MATTER_OF_FACT = frozenset({IssueType.QUESTION, IssueType.REQUEST, IssueType.TASK, IssueType.FEATURE_REQUEST})
_SETTLED = frozenset({IssueStatus.RESOLVED, IssueStatus.CLOSED})
_SPEECHLESS = frozenset({IssueStatus.SPAM, IssueStatus.DELETED, IssueStatus.MERGED})
_INTENTS = {
    IssueType.COMPLAINT: Intent.COMPLAINT,
    IssueType.QUESTION: Intent.QUESTION,
    IssueType.FEATURE_REQUEST: Intent.FEEDBACK,
}
_BUCKETS = {
    SurveyBucket.PROMOTER: Polarity.POSITIVE,
    SurveyBucket.GOOD: Polarity.POSITIVE,
    SurveyBucket.PASSIVE: Polarity.NEUTRAL,
    SurveyBucket.NEUTRAL: Polarity.NEUTRAL,
    SurveyBucket.DETRACTOR: Polarity.NEGATIVE,
    SurveyBucket.BAD: Polarity.NEGATIVE,
}
_SURVEYS = {SurveyKind.NPS: SignalKind.NPS, SurveyKind.CSAT: SignalKind.CSAT, SurveyKind.CES: SignalKind.CES}
_BAD_STARS, _GOOD_STARS = 2.0, 4.0


T = TypeVar("T")


class Reading(NamedTuple):
    """One signal in the compact form in which facts keep it; `at` is in microseconds since 1970."""

    kind: str
    polarity: str | None
    at: int
    intent: str | None = None
    strength: float = 1.0
    confidence: float = 1.0


def read(history: Sequence[Event], source: str) -> list[Signal]:
    """The signals in the history of one thing; events about other things must not be among them."""
    if not history:
        return []
    last = max(history, key=version_of)
    if isinstance(last, SurveyAnswered):
        return [as_signal(of_survey(last.data), f"{source}/survey/{last.subject}")]
    if isinstance(last, PostPublished):
        if last.data.deleted_at is not None:  # taken back by whoever wrote it
            return []
        return [as_signal(of_post(last.data), f"{source}/post/{last.subject}")]
    fold = fold_issue(history)
    return [as_signal(reading, f"{source}/issue/{fold.issue.id}") for reading in of_issue(fold)] if fold else []


def of_issue(fold: IssueFold) -> list[Reading]:
    """The signals of one issue: opened, each reopening and escalation, and how it ended."""
    issue = fold.issue
    if issue.is_spam or issue.is_deleted or issue.merged_into or issue.status in _SPEECHLESS:
        return []
    return of_story(Reading, story_of(fold), fold.created_at, fold.resolved_at, issue.status)


class Story(NamedTuple):
    """What the signals of one issue follow from, besides when it was created and how it ended."""

    polarity: str | None
    intent: str
    reopenings: Sequence[int]
    escalations: Sequence[int]


def story_of(fold: IssueFold) -> Story:
    """How one issue began, and what went wrong with it since."""
    issue = fold.issue
    return Story(_polarity_of_opening(issue), _INTENTS.get(issue.type, Intent.HELP), fold.reopenings, fold.escalations)


_OPENED, _REOPENED = SignalKind.ISSUE_OPENED.value, SignalKind.ISSUE_REOPENED.value
_ESCALATED, _RESOLVED = SignalKind.ISSUE_ESCALATED.value, SignalKind.ISSUE_RESOLVED.value
_NEGATIVE, _POSITIVE, _HELP = Polarity.NEGATIVE.value, Polarity.POSITIVE.value, Intent.HELP.value


def of_story(
    make: Callable[..., T],
    story: Story | Sequence[Any],
    created_at: int,
    resolved_at: int | None,
    status: str,
    *thing: str,
) -> list[T]:
    """The signals of an issue with this story; times in microseconds since 1970.

    `make` is given the fields of a `Reading`, and then `thing`.
    """
    polarity, intent, reopenings, escalations = story
    found = [make(_OPENED, polarity, created_at, intent, 1.0, 1.0, *thing)]
    if reopenings:
        found += [make(_REOPENED, _NEGATIVE, at, _HELP, 1.0, 1.0, *thing) for at in dict.fromkeys(reopenings)]
    if escalations:
        found += [make(_ESCALATED, _NEGATIVE, at, _HELP, 1.0, 1.0, *thing) for at in dict.fromkeys(escalations)]
    if resolved_at is not None and status in _SETTLED:
        found.append(make(_RESOLVED, _POSITIVE, resolved_at, None, 1.0, 1.0, *thing))
    return found


def _polarity_of_opening(issue: Issue) -> Polarity | None:
    if issue.sentiment is not None:
        return issue.sentiment
    if issue.type in _UNHAPPY:
        return Polarity.NEGATIVE
    return Polarity.NEUTRAL if issue.type in _MATTER_OF_FACT else None


def of_survey(answer: SurveyResponse) -> Reading:
    """The signal of one answer; its strength is the distance from the middle of its scale."""
    return Reading(
        _SURVEYS.get(answer.kind, SignalKind.RATING),
        _BUCKETS[answer.reading],
        microseconds(answer.responded_at),
        Intent.FEEDBACK,
        abs(answer.normalised - 0.5) * 2,
    )


def of_post(post: Post) -> Reading:
    """The signal of one post; its confidence is that of the match with a customer."""
    return Reading(
        SignalKind.POST,
        post.polarity or _polarity_of_stars(post.rating),
        microseconds(post.posted_at),
        post.intent,
        1.0,
        post.customer_match.confidence if post.customer_match else 0.0,
    )


def _polarity_of_stars(rating: float | None) -> Polarity | None:
    if rating is None:
        return None
    if rating <= _BAD_STARS:
        return Polarity.NEGATIVE
    return Polarity.POSITIVE if rating >= _GOOD_STARS else Polarity.NEUTRAL


def as_signal(reading: Reading, evidence: str, subject: str | None = None) -> Signal:
    """The full model of a reading; `evidence` is `source/type/id`, `subject` the customer where one is known."""
    polarity = Polarity(reading.polarity) if reading.polarity else None
    return Signal(
        id=f"{reading.kind}/{evidence}/{reading.at}",
        kind=SignalKind(reading.kind),
        polarity=polarity,
        subject=subject or evidence,
        intent=Intent(reading.intent) if reading.intent else None,
        strength=reading.strength,
        confidence=reading.confidence,
        evidence=(evidence,),
        occurred_at=moment_of(reading.at),
        route_to=_teams(reading.kind, polarity),
    )


def _teams(kind: str, polarity: Polarity | None) -> tuple[Team, ...]:
    if kind == SignalKind.ISSUE_RESOLVED:
        return (Team.MARKETING,)
    if polarity is Polarity.NEGATIVE:
        return (Team.SERVICE, Team.MARKETING)
    if polarity is Polarity.POSITIVE:
        return (Team.MARKETING, Team.SALES)
    return (Team.SERVICE,)
