"""Turns the events about one thing into what is true of it now, by source version and never by arrival.

`fold_issue` reads a whole history. `advance` continues a fold by one later snapshot and gives the same result, so a
store need not read the history again for the common case. Both are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from alignkit.models.events import Event, IssueChanged, IssueRemoval, IssueRemoved
from alignkit.models.issue import Issue, IssueEvent
from alignkit.models.times import MICROSECOND, microseconds
from alignkit.models.vocabulary import ACTIVE_STATUSES, IssueStatus, IssueStep, Priority

HYSTERESIS = timedelta(days=7)
"""An issue that is reopened within this time goes on; `first_active_at` is not restarted."""

_HYSTERESIS_US = HYSTERESIS // MICROSECOND


class Version(NamedTuple):
    """The total order of the versions of one thing: the source's version, then when and where we observed it."""

    source_version: int
    observed_at: int
    sequence: int
    id: str


def version_of(event: Event) -> Version:
    """Where an event stands among those about the same thing."""
    return Version(event.source_version, microseconds(event.received_at), event.sequence, event.id)


@dataclass(slots=True)
class IssueFold:
    """What is true of one issue after every event up to `last`; times in microseconds since 1970, UTC.

    Treat it as read-only; it is not frozen because one is made for every record that is read.

    `snapshot_id` is the event of the last snapshot; `is_active` is what `issue` says. `waiting_since` is when the
    company began to owe the next step, None where it does not. `resolved_at` is when the last active stretch ended, in
    whatever way, None while it lasts. `reopenings` and `escalations` are the moments at which they happened.
    """

    last: Event
    snapshot_id: str
    issue: Issue
    is_active: bool | None
    created_at: int
    status_since: int
    first_active_at: int | None
    waiting_since: int | None
    resolved_at: int | None
    reopenings: tuple[int, ...]
    escalations: tuple[int, ...]

    @property
    def version(self) -> Version:
        """Where the fold stands in the history of the issue."""
        return version_of(self.last)

    @property
    def reopened_at(self) -> int | None:
        """When it was last reopened."""
        return self.reopenings[-1] if self.reopenings else None


def begin(event: IssueChanged) -> IssueFold:
    """The fold of an issue of which this is the earliest snapshot.

    An issue that is active when first seen counts as active since it was created, unless its service says otherwise:
    what happened before is unknown, and a hold must not outlast its limit because reading began late.
    """
    issue = event.data
    moment, created = microseconds(event.time), microseconds(issue.created_at)
    activity = issue.is_active
    is_active = activity is not False
    status_since = _told(issue.status_since) or moment
    owed_since = created if issue.status is IssueStatus.NEW else status_since
    reopened = _told(issue.reopened_at)
    return IssueFold(
        last=event,
        snapshot_id=event.id,
        issue=issue,
        is_active=activity,
        created_at=created,
        status_since=status_since,
        first_active_at=_told(issue.first_active_at) or (created if is_active else None),
        waiting_since=_waiting(issue, owed_since) if is_active else None,
        resolved_at=None if is_active else _ended(issue, reopened or 0) or moment,
        reopenings=(reopened,) if reopened else (),
        escalations=(),
    )


_HIGH_OR_MORE = frozenset({Priority.URGENT, Priority.HIGH})


def advance(fold: IssueFold, event: IssueChanged) -> IssueFold:
    """The fold after one more snapshot, which must be later than every one before."""
    issue, before = event.data, fold.issue
    moment = microseconds(event.time)
    activity = issue.is_active
    is_active, was_active = activity is not False, fold.is_active is not False
    first_active, resolved, reopenings = fold.first_active_at, fold.resolved_at, fold.reopenings
    if is_active and resolved is not None:
        reopened = _told(issue.reopened_at, resolved) or moment
        reopenings = (*reopenings, reopened)
        if first_active is None or reopened - resolved > _HYSTERESIS_US:
            first_active = reopened
        resolved = None
    elif was_active and not is_active:
        resolved = _ended(issue, fold.status_since) or moment
    elif not is_active and issue.resolved_at != before.resolved_at:
        resolved = _told(issue.resolved_at, fold.reopened_at or 0) or resolved
    return IssueFold(
        last=event,
        snapshot_id=event.id,
        issue=issue,
        is_active=activity,
        created_at=microseconds(issue.created_at),
        status_since=_since(fold, _standing(issue), _told(issue.status_since) or moment),
        first_active_at=first_active,
        waiting_since=_waiting(issue, fold.waiting_since or moment) if is_active else None,
        resolved_at=resolved,
        reopenings=reopenings,
        escalations=(*fold.escalations, moment) if _is_escalated(before, issue) else fold.escalations,
    )


def _ended(issue: Issue, earliest: int) -> int | None:
    """When the service says that the issue ended.

    A time before `earliest`, when it is known to have been active, is left over from an ending before that one.
    """
    return _told(issue.resolved_at, earliest) or _told(issue.closed_at, earliest)


def _since(fold: IssueFold, status: IssueStatus, otherwise: int) -> int:
    return fold.status_since if status is _standing(fold.issue) else otherwise


_OWING = ACTIVE_STATUSES - {IssueStatus.WAITING_ON_CUSTOMER}


def _waiting(issue: Issue, since: int) -> int | None:
    """Since when the company owes the next step for an active issue; the service's own word goes first."""
    return _told(issue.waiting_since) or (since if issue.status in _OWING else None)


def _is_escalated(before: Issue, issue: Issue) -> bool:
    return issue.priority in _HIGH_OR_MORE and issue.priority.rank > before.priority.rank


def _standing(issue: Issue) -> IssueStatus:
    """The status, unless the service marks spam and deletion beside it."""
    if issue.is_deleted:
        return IssueStatus.DELETED
    return IssueStatus.SPAM if issue.is_spam else issue.status


def fold_issue(history: Iterable[Event]) -> IssueFold | None:
    """What is true of one issue, from every event about it in any order; None where no snapshot is among them.

    A removal counts by its version like a snapshot: a later snapshot brings the issue back (a deleted ticket can be
    restored), an earlier one does not.
    """
    fold: IssueFold | None = None
    for event in _in_order(history):
        if isinstance(event, IssueChanged):
            fold = begin(event) if fold is None else advance(fold, event)
        elif isinstance(event, IssueRemoved) and fold is not None:
            fold = remove(fold, event)
    return fold


def _in_order(history: Iterable[Event]) -> Iterable[Event]:
    """Each event once, by version; of one that was received twice, the copy that came first."""
    once: dict[str, Event] = {}
    for event in sorted(history, key=version_of):
        once.setdefault(event.id, event)
    return once.values()


_REMOVED_AS = {
    "deleted": IssueStatus.DELETED,
    "not_found": IssueStatus.DELETED,
    "spam": IssueStatus.SPAM,
    "merged": IssueStatus.MERGED,
}


def remove(fold: IssueFold, event: IssueRemoved) -> IssueFold:
    """The fold after the source said that the issue is gone."""
    gone = _gone(fold.issue, event.data)
    moment = microseconds(event.time)
    return replace(
        fold,
        last=event,
        issue=gone,
        is_active=gone.is_active,
        status_since=_since(fold, _standing(gone), moment),
        waiting_since=None,
        resolved_at=moment if fold.resolved_at is None else fold.resolved_at,
    )


def _gone(issue: Issue, removal: IssueRemoval) -> Issue:
    status = _REMOVED_AS[removal.reason]
    return issue.model_copy(
        update={
            "status": status,
            "status_raw": removal.reason,
            "is_spam": issue.is_spam or status is IssueStatus.SPAM,
            "is_deleted": issue.is_deleted or status is IssueStatus.DELETED,
            "merged_into": removal.merged_into or issue.merged_into,
        }
    )


def steps(history: Sequence[Event], source: str) -> list[IssueEvent]:
    """The steps of an issue's history: opened, each change of status, priority and assignee, merges and deletions."""
    found: list[IssueEvent] = []
    before: Issue | None = None
    for event in _in_order(history):
        if isinstance(event, IssueChanged):
            issue = event.data
        elif isinstance(event, IssueRemoved) and before is not None:
            issue = _gone(before, event.data)
        else:
            continue
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
    status = _standing(issue)
    if before is None:
        return [(IssueStep.OPENED, issue.created_at, None, status.value)]
    found: list[tuple[IssueStep, datetime, str | None, str | None]] = []
    if status is not _standing(before):
        found.append((_step_into(status, before, issue), at, _standing(before).value, status.value))
    if issue.priority is not before.priority:
        step = IssueStep.ESCALATED if _is_escalated(before, issue) else IssueStep.PRIORITY_CHANGED
        found.append((step, at, before.priority.value, issue.priority.value))
    if issue.assignee != before.assignee:
        found.append((IssueStep.ASSIGNED, at, before.assignee, issue.assignee))
    return found


_STEP_INTO = {IssueStatus.MERGED: IssueStep.MERGED, IssueStatus.DELETED: IssueStep.DELETED}
_SETTLED = frozenset({IssueStatus.RESOLVED, IssueStatus.CLOSED})


def _step_into(status: IssueStatus, before: Issue, issue: Issue) -> IssueStep:
    if status in _STEP_INTO:
        return _STEP_INTO[status]
    was_active, is_active = before.is_active is not False, issue.is_active is not False
    if was_active and status in _SETTLED:
        return IssueStep.RESOLVED
    return IssueStep.REOPENED if is_active and not was_active else IssueStep.STATUS_CHANGED


def _told(moment: datetime | None, earliest: int = 0) -> int | None:
    """A time that the service tells; None for the zero of a Unix clock, by which some write "never"."""
    if moment is None:
        return None
    told = microseconds(moment)
    return told if told >= max(earliest, 1) else None
