"""The customers that the rules benchmark decides about: made up from a fixed seed, as facts and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, TypeVar

from alignkit.models import Category, Channel, Message
from alignkit.rules import Facts
from alignkit.rules.facts import HoldFacts, IssueFacts, SignalFacts, SurveyFacts

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
MORNING = 1_772_496_000 * SECOND

_CHANNELS = ((Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.ADS, Channel.WEB), (45, 20, 20, 10, 5))
_CATEGORIES = (
    (Category.PROMOTIONAL, Category.NEWSLETTER, Category.ONBOARDING, Category.TRANSACTIONAL),
    (55, 20, 17, 8),
)
_PRODUCTS = ("router", "switch", "phone", "tablet", "watch")
_STATUSES = (("new", "open", "waiting_on_customer", "snoozed", "resolved", "closed"), (8, 20, 12, 5, 25, 30))
_PRIORITIES = (("low", "normal", "high", "urgent"), (20, 50, 22, 8))
_RATINGS = ((1, 2, 3, 4, 5), (15, 8, 7, 25, 45))
_SCORES = (tuple(range(11)), (3, 1, 2, 3, 4, 8, 8, 14, 22, 18, 17))
_RESOLVED = frozenset({"resolved", "closed"})

T = TypeVar("T")
Weighted = tuple[Sequence[T], Sequence[int]]


@dataclass(slots=True)
class Context:
    """One question: may this message go to this customer now? `plain` is the same for engines that want plain data."""

    facts: Facts
    message: Message
    now: int
    plain: dict[str, Any]


def population(size: int, *, busy: bool, seed: int = 7) -> list[Context]:
    """Contexts of which a tenth have issues, or all where `busy`."""
    random = Random(seed + busy)
    return [_context(random, has_issues=busy or random.random() < 0.1) for _ in range(size)]


def _context(random: Random, *, has_issues: bool) -> Context:
    now = MORNING + random.randrange(DAY)
    message = _message(_one(random, _CATEGORIES), _one(random, _CHANNELS), random.choice(_PRODUCTS))
    facts = Facts(
        customer="c1",
        issues=_issues(random, now) if has_issues else [],
        signals=_signals(random, now, 0.55 if has_issues else 0.2),
        surveys=_surveys(random, now),
        holds=_holds(random, now),
    )
    return Context(facts, message, now, _plain(facts, message, now))


@cache
def _message(category: Category, channel: Channel, product: str) -> Message:
    """One object for each kind of message, as a campaign has one for everybody."""
    return Message(category=category, channel=channel, product_refs=(product,), campaign_id="spring")


def _issues(random: Random, now: int) -> list[IssueFacts]:
    count = _one(random, (range(1, 7), (55, 22, 11, 6, 4, 2)))
    return [_issue(random, now, f"desk/issue/{number}") for number in range(count)]


def _issue(random: Random, now: int, ref: str) -> IssueFacts:
    status = _one(random, _STATUSES)
    age = random.randrange(3 * DAY) if random.random() < 0.5 else random.randrange(90 * DAY)
    rating = _one(random, _RATINGS) if random.random() < 0.4 else None
    return IssueFacts(
        ref=ref,
        status=status,
        status_raw=status,
        active=status not in _RESOLVED,
        excluded=None,
        type="question",
        reason=None,
        priority=_one(random, _PRIORITIES),
        severity=None,
        channel="email",
        direction="inbound",
        initiated_by="customer",
        customer_wrote=True,
        brand=None,
        queue=None,
        team=None,
        tags=(),
        products=() if random.random() < 0.3 else (random.choice(_PRODUCTS),),
        created_at=now - age - DAY,
        status_since=now - age,
        first_active_at=now - age - DAY,
        waiting_since=None,
        resolved_at=now - age if status in _RESOLVED else None,
        reopened_at=None,
        reopened_count=0,
        snoozed_until=None,
        sla_breached=None,
        rating=None if rating is None else "good" if rating >= 4 else "bad",
    )


def _signals(random: Random, now: int, negative: float) -> list[SignalFacts]:
    if random.random() < 0.35:
        return []
    return [
        SignalFacts(
            kind="post",
            polarity="negative" if random.random() < negative else "positive",
            at=now - int(random.expovariate(1 / (12 * DAY))),
            intent=None,
            strength=1.0,
            confidence=1.0,
            thing=f"net/post/{number}",
        )
        for number in range(min(20, 1 + int(random.expovariate(1 / 4))))
    ]


def _surveys(random: Random, now: int) -> list[SurveyFacts]:
    """Answers to NPS surveys, the newest first."""
    count = _one(random, (range(4), (60, 25, 10, 5)))
    ages = sorted(random.randrange(120 * DAY) for _ in range(count))
    return [_survey(f"forms/survey/{number}", now - age, _one(random, _SCORES)) for number, age in enumerate(ages)]


def _survey(ref: str, at: int, score: int) -> SurveyFacts:
    bucket = "detractor" if score <= 6 else "passive" if score <= 8 else "promoter"
    return SurveyFacts(
        ref=ref, kind="nps", bucket=bucket, score=float(score), normalised=score / 10, at=at, issue=None, campaign=None
    )


def _holds(random: Random, now: int) -> list[HoldFacts]:
    chance = random.random()
    if chance >= 0.05:
        return []
    ends_at = now + random.randrange(1, 7 * DAY) * (1 if chance < 0.02 else -1)
    return [HoldFacts("align/hold/1", "manual", "recall", (), (), (), now - 14 * DAY, ends_at, None)]


def _plain(facts: Facts, message: Message, now: int) -> dict[str, Any]:
    """The context as JSON would have it, in the form that suits engines best: few fields, numbers for ranks."""
    return {
        "now": now,
        "category": str(message.category),
        "channel": str(message.channel),
        "product": message.product_refs[0],
        "hold_until": max((hold.ends_at or 0 for hold in facts.holds), default=0),
        "issues": [_plain_issue(issue) for issue in facts.issues],
        "signals": [{"polarity": signal.polarity, "at": signal.at} for signal in facts.signals],
        "answers": [{"score": int(survey.score), "at": survey.at} for survey in facts.surveys],
    }


def _plain_issue(issue: IssueFacts) -> dict[str, Any]:
    return {
        "ref": issue.ref,
        "status": issue.status,
        "priority": 1 + _PRIORITIES[0].index(issue.priority),
        "product": issue.products[0] if issue.products else None,
        "resolved_at": issue.resolved_at or 0,
        "rating": {"good": 5, "bad": 1, None: 0}[issue.rating],
    }


def _one(random: Random, choices: Weighted[T]) -> T:
    values, weights = choices
    return random.choices(values, weights)[0]
