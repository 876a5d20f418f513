"""Facts as a store keeps them: one JSON array per thing, written by folding and read for a decision.

It holds the fields, what signals follow from, and which thing it is: its kind, the number of its source, its id. So
all that is known of a customer is read as one text, in two thirds of the time that a row for each thing takes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from types import GenericAlias
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json

from alignkit import signals
from alignkit.fold import IssueFold, begin, fold_issue, version_of
from alignkit.models import (
    Account,
    Contact,
    Entity,
    Event,
    Hold,
    IssueChanged,
    IssueRemoved,
    Post,
    Send,
    SurveyResponse,
    microseconds,
)
from alignkit.rules.facts import (
    AccountFacts,
    Facts,
    HoldFacts,
    IssueFacts,
    PostFacts,
    SendFacts,
    SignalFacts,
    SurveyFacts,
)
from alignkit.rules.guard import excluded


class Kind(IntEnum):
    """What kind of thing an event is about; the numbers are kept in files and never change their meaning."""

    ISSUE = 1
    SURVEY = 2
    POST = 3
    SEND = 4
    HOLD = 5
    CONTACT = 6
    ACCOUNT = 7
    INTERACTION = 8
    ENGAGEMENT = 9
    OPPORTUNITY = 10
    ORDER = 11
    ASSET = 12
    CAMPAIGN = 13
    CONSENT = 14
    INCIDENT = 15
    EXTENSION = 16


KIND_OF: Mapping[str, Kind] = {
    "issue.changed": Kind.ISSUE,
    "issue.removed": Kind.ISSUE,
    "survey.answered": Kind.SURVEY,
    "post.published": Kind.POST,
    "message.sent": Kind.SEND,
    "hold.changed": Kind.HOLD,
    "contact.changed": Kind.CONTACT,
    "account.changed": Kind.ACCOUNT,
    "message.exchanged": Kind.INTERACTION,
    "engagement.recorded": Kind.ENGAGEMENT,
    "opportunity.changed": Kind.OPPORTUNITY,
    "order.changed": Kind.ORDER,
    "asset.changed": Kind.ASSET,
    "campaign.changed": Kind.CAMPAIGN,
    "consent.changed": Kind.CONSENT,
    "incident.changed": Kind.INCIDENT,
    "extension": Kind.EXTENSION,
}

KINDS_OF_REFS: Mapping[str, Kind] = {"issue": Kind.ISSUE, "contact": Kind.CONTACT}
"""What the objects of the work list are."""

KINDS_FOR: Mapping[str, tuple[Kind, ...]] = {
    "issues": (Kind.ISSUE, Kind.SURVEY),
    "account_issues": (),
    "signals": (Kind.ISSUE, Kind.SURVEY, Kind.POST),
    "surveys": (Kind.SURVEY,),
    "posts": (Kind.POST,),
    "sends": (Kind.SEND,),
    "holds": (Kind.HOLD,),
}
"""Which kinds of things a collection is made from; issues need surveys for their rating."""


ALWAYS = 2**62
"""Later than every moment."""


class Folded(NamedTuple):
    """What is true of one thing: its data, whether it is active (issues alone), its facts, and the last snapshot.

    Nothing that the facts tell is later than `last_at`; it is `ALWAYS` for kinds that no store may leave out.
    """

    data: Entity
    active: bool | None
    facts: str
    snapshot_id: str
    last_at: int = ALWAYS


def fold(history: Sequence[Event]) -> Folded | None:
    """What is true of a thing after its whole history, in any order; None where nothing is said but that it is gone."""
    last = history[0] if len(history) == 1 else max(history, key=version_of)
    if isinstance(last, (IssueChanged, IssueRemoved)):
        issue = begin(last) if len(history) == 1 and isinstance(last, IssueChanged) else fold_issue(history)
        if issue is None:
            return None
        return Folded(issue.issue, issue.is_active, _issue(issue), issue.snapshot_id, _last_at(issue))
    data = last.data
    kind = type(data)
    return Folded(data, False, _FACTS_OF.get(kind, _nothing)(data), last.id, _LAST_AT.get(kind, _always)(data))


def _last_at(fold: IssueFold) -> int:
    """The latest moment of which the facts of an issue speak; of one that is not over it is not asked."""
    if fold.is_active is not False:
        return ALWAYS
    snoozed = fold.issue.snoozed_until
    return max(
        fold.created_at,
        fold.status_since,
        fold.first_active_at or 0,
        fold.resolved_at or 0,
        microseconds(snoozed) if snoozed else 0,
        *fold.reopenings,
        *fold.escalations,
    )


# The encoder of the standard library writes the members of a StrEnum as text at full speed.
encode: Callable[[object], str] = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


_FIELDS = tuple(kind for name, kind in get_type_hints(IssueFacts).items() if name not in ("ref", "rating", "customer"))
_STORY = tuple[str | None, str, tuple[int, ...], tuple[int, ...]]
_FACTS_OF_ISSUE: Any = GenericAlias(tuple, (GenericAlias(tuple, _FIELDS), _STORY))

# Told the type of each value, pydantic writes an issue in a quarter of the time that `encode` takes.
_ISSUE = TypeAdapter[Any](_FACTS_OF_ISSUE).serializer


def _issue(fold: IssueFold) -> str:
    issue = fold.issue
    snoozed = issue.snoozed_until
    return _ISSUE.to_json(
        (
            (
                issue.status,
                issue.status_raw,
                fold.is_active,
                excluded(issue),
                issue.type,
                issue.reason,
                issue.priority,
                issue.severity,
                issue.channel,
                issue.direction,
                issue.initiated_by,
                issue.customer_wrote,
                issue.brand,
                issue.queue,
                issue.team,
                issue.tags,
                issue.product_refs,
                fold.created_at,
                fold.status_since,
                fold.first_active_at,
                fold.waiting_since,
                fold.resolved_at,
                fold.reopened_at,
                max(issue.reopened_count, len(fold.reopenings)),
                microseconds(snoozed) if snoozed else None,
                issue.sla_breached,
            ),
            signals.story_of(fold),
        )
    ).decode()


def _survey(answer: SurveyResponse) -> str:
    return encode(
        (
            (
                answer.kind,
                answer.reading,
                answer.score,
                answer.normalised,
                microseconds(answer.responded_at),
                answer.issue_id,
                answer.campaign_id,
            ),
            [signals.of_survey(answer)],
        )
    )


def _post(post: Post) -> str:
    if post.deleted_at is not None:  # taken back by whoever wrote it
        return ""
    reading = signals.of_post(post)
    return encode(
        (
            (post.platform, post.kind, reading.polarity, post.intent, reading.confidence, post.rating, reading.at),
            [reading],
        )
    )


def _send(send: Send) -> str:
    at = _sent_at(send)
    return encode(((send.category, send.channel, send.campaign_id, at, send.status), ()))


def _hold(hold: Hold) -> str:
    ends = min((end for end in (hold.released_at, hold.expires_at) if end is not None), default=None)
    return encode(
        (
            (
                hold.kind,
                hold.reason,
                hold.channels,
                hold.categories,
                hold.products,
                microseconds(hold.opened_at),
                microseconds(ends) if ends else None,
                hold.created_by,
            ),
            (),
        )
    )


def _sent_at(send: Send) -> int:
    moment = send.sent_at or send.scheduled_at or send.remote_created_at
    return microseconds(moment) if moment else 0


def _contact(contact: Contact) -> str:
    return encode(
        {
            "display_name": contact.name,
            "kind": contact.kind,
            "lifecycle_stage": contact.lifecycle_stage,
            "tier": contact.tier,
            "is_vip": contact.is_vip,
            "is_staff": contact.is_staff,
            "locale": contact.locale,
            "time_zone": contact.time_zone,
            "owner_ref": contact.owner_ref,
        }
    )


def _account(account: Account) -> str:
    return encode(
        (
            (
                account.name,
                account.plan,
                account.status,
                account.owner_ref,
                account.parent_id,
                account.arr,
                account.domains,
            ),
            (),
        )
    )


def _nothing(_: object) -> str:
    return ""


_FACTS_OF: Mapping[type, Callable[[Any], str]] = {
    SurveyResponse: _survey,
    Post: _post,
    Send: _send,
    Hold: _hold,
    Contact: _contact,
    Account: _account,
}


def _always(_: object) -> int:
    return ALWAYS


_LAST_AT: Mapping[type, Callable[[Any], int]] = {Post: lambda post: signals.of_post(post).at, Send: _sent_at}


def named(facts: str, kind: int, source: int, id: str) -> str:
    """The facts of a thing, with what tells which one it is; a contact's profile is read with its customer alone."""
    return f"{facts[:-1]},{kind},{source},{encode(id)}]" if facts.startswith("[") else facts


def readings(stored: str) -> list[signals.Reading]:
    """The signals of a stored thing."""
    fields, told, kind, _, _ = from_json(stored)
    if kind != _ISSUE_KIND:
        return [signals.Reading(*reading) for reading in told]
    if fields[_EXCLUDED] in _SPEECHLESS:
        return []
    return signals.of_story(signals.Reading, told, fields[_CREATED_AT], fields[_RESOLVED_AT], fields[_STATUS])


_SPEECHLESS = frozenset({"spam", "deleted", "merged"})
PLACE: Mapping[str, int] = {field.name: place for place, field in enumerate(dataclasses.fields(IssueFacts)[1:])}
"""Where each field of an issue stands among those that are stored; its reference is not."""

SOURCE = 3
"""Where the number of a thing's source stands in its array."""

_ISSUE_KIND = int(Kind.ISSUE)  # bare: comparing with a member of an enum takes twice as long
_STATUS, _EXCLUDED = PLACE["status"], PLACE["excluded"]
_CREATED_AT, _RESOLVED_AT = PLACE["created_at"], PLACE["resolved_at"]


def blank() -> Facts:
    """Nothing known of nobody; every list is given, since making each by its default takes twice as long."""
    return Facts(None, [], [], [], [], [], [], [], {}, [])


def add(facts: Facts, thing: Sequence[Any], source: str, whose: str | None = None) -> None:
    """Puts a stored thing among the facts of a customer; an issue that is nobody's problem gives no signals.

    Args:
        facts: of the customer.
        thing: what stands in the file, read as JSON.
        source: the name of its source.
        whose: the customer whose issue it is, where that is another one.
    """
    fields, told, kind, _, id = thing
    if kind == _ISSUE_KIND:
        ref = f"{source}/issue/{id}"
        issue = IssueFacts(ref, *fields)
        issue.customer = whose or facts.customer
        facts.issues.append(issue)
        if fields[_EXCLUDED] is None:
            created_at, resolved_at = fields[_CREATED_AT], fields[_RESOLVED_AT]
            facts.signals += signals.of_story(SignalFacts, told, created_at, resolved_at, fields[_STATUS], ref)
    elif kind == Kind.SURVEY:
        ref = f"{source}/survey/{id}"
        name, bucket, score, share, at, issue, campaign = fields
        about = f"{source}/issue/{issue}" if issue else None
        facts.surveys.append(SurveyFacts(ref, name, bucket, score, share, at, about, campaign))
        facts.signals += [_signal(reading, ref) for reading in told]
    elif kind == Kind.POST:
        ref = f"{source}/post/{id}"
        facts.posts.append(PostFacts(ref, *fields))
        facts.signals += [_signal(reading, ref) for reading in told]
    elif kind == Kind.SEND:
        facts.sends.append(SendFacts(f"{source}/send/{id}", *fields))
    elif kind == Kind.ACCOUNT:
        facts.accounts.append(AccountFacts(f"{source}/account/{id}", *fields))
    elif kind == Kind.HOLD:
        facts.holds.append(HoldFacts(f"{source}/hold/{id}", *fields))


def _signal(reading: Sequence[Any], thing: str) -> SignalFacts:
    kind, polarity, at, intent, strength, confidence = reading
    return SignalFacts(kind, polarity, at, intent, strength, confidence, thing)


def rate(facts: Facts) -> None:
    """Gives each issue the latest rating that was given about it."""
    latest: dict[str, SurveyFacts] = {}
    for survey in facts.surveys:
        if survey.issue is not None and (survey.issue not in latest or _rank(latest[survey.issue]) < _rank(survey)):
            latest[survey.issue] = survey
    for issue in facts.issues:
        if issue.ref in latest:
            issue.rating = latest[issue.ref].bucket


def _rank(survey: SurveyFacts) -> tuple[int, str]:
    return survey.at, survey.ref
