"""Turns the events about one thing into what is true of it now, by source version and never by arrival.

`fold_issue` reads a whole history. `advance` continues a fold by one later snapshot and gives the same result, so a
store need not read the history again for the common case. Both are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from alignkit.models.events import Event, IssueChanged, IssueRemoved, microseconds
from alignkit.models.issue import Issue, IssueEvent
from alignkit.models.vocabulary import IssueStatus, IssueStep, Priority

HYSTERESIS = timedelta(days=7)
"""An issue that is reopened within this time goes on; `first_active_at` is not restarted."""

_HYSTERESIS_US = HYSTERESIS // timedelta(microseconds=1)


class Version(NamedTuple):
    """The total order of the versions of one thing: the source's version, then when and where we observed it."""

    source_version: int
    observed_at: int
    sequence: int
    id: str


def version_of(event: Event) -> Version:
    """Where an event stands among those about the same thing."""
    return Version(event.source_version, microseconds(event.received_at), event.sequence, event.id)


@dataclass(frozen=True, slots=True)
class IssueFold:
    """What is true of one issue after all snapshots up to `version`; times in microseconds since 1970, UTC.

    `snapshot_id` is the event of the last snapshot. `active_until` is when the last active stretch ended, None while it lasts or where there was none. `reopenings` and
    `escalations` are the moments at which they happened.
    """

    version: Version
    snapshot_id: str
    issue: Issue
    status_since: int
    first_active_at: int | None
    active_until: int | None
    resolved_at: int | None
    reopenings: tuple[int, ...]
    escalations: tuple[int, ...]

    @property
    def reopened_at(self) -> int | None:
        """When it was last reopened."""
        return self.reopenings[-1] if self.reopenings else None

    @property
    def is_removed(self) -> bool:
        """Whether its source said that it is gone."""
        return self.issue.is_deleted


def begin(event: IssueChanged) -> IssueFold:
    """The fold of an issue of which this is the earliest snapshot.

    An issue that is active when first seen counts as active since it was created, unless its service says otherwise:
    what happened before is unknown, and a hold must not outlast its limit because reading began late.
    """
    issue = event.data
    moment = microseconds(event.time)
    created = microseconds(issue.created_at)
    is_active = issue.is_active is not False
    resolved = None if is_active else _told(issue.resolved_at) or _told(issue.closed_at) or moment
    reopened = _told(issue.reopened_at)
    return IssueFold(
        version=version_of(event),
        snapshot_id=event.id,
        issue=issue,
        status_since=_told(issue.status_since) or moment,
        first_active_at=_told(issue.first_active_at) or (created if is_active else None),
        active_until=resolved,
        resolved_at=resolved,
        reopenings=(reopened,) if reopened else (),
        escalations=(),
    )


_HIGH_OR_MORE = frozenset({Priority.URGENT, Priority.HIGH})


def advance(fold: IssueFold, event: IssueChanged) -> IssueFold:
    """The fold after one more snapshot, which must be later than every one before."""
    issue, before = event.data, fold.issue
    moment = microseconds(event.time)
    is_active, was_active = issue.is_active is not False, before.is_active is not False
    status_since = fold.status_since if issue.status is before.status else _told(issue.status_since) or moment
    first_active, until, resolved = fold.first_active_at, fold.active_until, fold.resolved_at
    reopenings, escalations = fold.reopenings, fold.escalations
    if is_active and not was_active:
        reopenings = (*reopenings, _told(issue.reopened_at) or moment)
        if first_active is None or until is None or moment - until > _HYSTERESIS_US:
            first_active = moment
        until = resolved = None
    elif was_active and not is_active:
        resolved = _told(issue.resolved_at) or _told(issue.closed_at) or moment
        until = resolved
    elif not is_active:
        resolved = _told(issue.resolved_at) or _told(issue.closed_at) or resolved
    if issue.priority in _HIGH_OR_MORE and issue.priority.rank > before.priority.rank:
        escalations = (*escalations, moment)
    return IssueFold(
        version=version_of(event),
        snapshot_id=event.id,
        issue=issue,
        status_since=status_since,
        first_active_at=first_active,
        active_until=until,
        resolved_at=resolved,
        reopenings=reopenings,
        escalations=escalations,
    )


def fold_issue(history: Iterable[Event]) -> IssueFold | None:
    """What is true of one issue, from every event about it in any order; None where no snapshot is among them.

    A removal counts by its version like a snapshot: a later snapshot brings the issue back (a deleted ticket can be
    restored), an earlier one does not.
    """
    fold: IssueFold | None = None
    for event in sorted(history, key=version_of):
        if isinstance(event, IssueChanged):
            fold = begin(event) if fold is None else advance(fold, event)
        elif isinstance(event, IssueRemoved) and fold is not None:
            fold = remove(fold, event)
    return fold


_REMOVED_AS = {
    "deleted": IssueStatus.DELETED,
    "not_found": IssueStatus.DELETED,
    "spam": IssueStatus.SPAM,
    "merged": IssueStatus.MERGED,
}


def remove(fold: IssueFold, event: IssueRemoved) -> IssueFold:
    """The fold after the source said that the issue is gone."""
    removal = event.data
    status = _REMOVED_AS[removal.reason]
    gone = fold.issue.model_copy(
        update={
            "status": status,
            "status_raw": removal.reason,
            "is_spam": fold.issue.is_spam or status is IssueStatus.SPAM,
            "is_deleted": fold.issue.is_deleted or status is IssueStatus.DELETED,
            "merged_into": removal.merged_into or fold.issue.merged_into,
        }
    )
    moment = microseconds(event.time)
    resolved = fold.resolved_at if fold.resolved_at is not None else moment
    return replace(
        fold,
        version=version_of(event),
        issue=gone,
        status_since=moment,
        active_until=resolved,
        resolved_at=resolved,
    )


def folded_issue(fold: IssueFold, source: str) -> Issue:
    """The issue as its last snapshot has it, with the folded times filled in and `source` set."""
    issue = fold.issue
    return issue.model_copy(
        update={
            "source": source,
            "status_since": moment_of(fold.status_since),
            "first_active_at": moment_of(fold.first_active_at),
            "resolved_at": moment_of(fold.resolved_at),
            "reopened_at": moment_of(fold.reopened_at),
            "reopened_count": max(issue.reopened_count, len(fold.reopenings)),
        }
    )


def steps(history: Sequence[Event], source: str) -> list[IssueEvent]:
    """The steps of an issue's history: opened, each change of status, priority and assignee, merges and deletions."""
    found: list[IssueEvent] = []
    before: Issue | None = None
    for event in sorted(history, key=version_of):
        if not isinstance(event, IssueChanged):
            continue
        issue = event.data
        ref = issue.model_copy(update={"source": source}).ref
        found.extend(
            IssueEvent(issue=ref, step=step, at=at, before=old, after=new)
            for step, at, old, new in _changes(before, issue, event.time)
        )
        before = issue
    return found


def _changes(
    before: Issue | None, issue: Issue, at: datetime
) -> list[tuple[IssueStep, datetime, str | None, str | None]]:
    if before is None:
        return [(IssueStep.OPENED, issue.created_at, None, issue.status.value)]
    found: list[tuple[IssueStep, datetime, str | None, str | None]] = []
    if issue.status is not before.status:
        found.append((_step_into(before, issue), at, before.status.value, issue.status.value))
    if issue.priority is not before.priority:
        rises = issue.priority in _HIGH_OR_MORE and issue.priority.rank > before.priority.rank
        step = IssueStep.ESCALATED if rises else IssueStep.PRIORITY_CHANGED
        found.append((step, at, before.priority.value, issue.priority.value))
    if issue.assignee != before.assignee:
        found.append((IssueStep.ASSIGNED, at, before.assignee, issue.assignee))
    return found


def _step_into(before: Issue, issue: Issue) -> IssueStep:
    if issue.status is IssueStatus.MERGED:
        return IssueStep.MERGED
    if issue.status is IssueStatus.DELETED:
        return IssueStep.DELETED
    if before.is_active is not False and issue.is_active is False:
        return IssueStep.RESOLVED
    if before.is_active is False and issue.is_active is not False:
        return IssueStep.REOPENED
    return IssueStep.STATUS_CHANGED


def _told(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def moment_of(instant: int | None) -> datetime | None:
    """The aware UTC time of microseconds since 1970."""
    return None if instant is None else _EPOCH + timedelta(microseconds=instant)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
