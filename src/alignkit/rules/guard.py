"""The self-suppression guard: which issues are no customer's problem, on positive evidence alone.

Marketing makes support threads of its own, and a naive rule silences everybody who answers a campaign. A naive guard
mails the man on the phone. So an issue is left out only where something says so; what is unknown counts.
"""

from __future__ import annotations

from alignkit.models import Audience, Initiator, Issue, IssueStatus


def excluded(issue: Issue) -> str | None:
    """Why an issue cannot hold anything back, or None where it counts.

    `spam`, `deleted` and `merged` (the survivor counts instead) speak for themselves; `internal` is for issues of the
    back office and trackers. `bot` and `campaign` apply only where the customer is known not to have written.
    """
    if issue.is_spam or issue.is_deleted or issue.merged_into or issue.status in _GONE:
        return _end(issue)
    if issue.audience is not Audience.CUSTOMER:
        return "internal"
    if issue.customer_wrote is False:
        if issue.initiated_by is Initiator.BOT:
            return "bot"
        if issue.initiated_by is Initiator.CAMPAIGN or issue.origin_campaign_id:
            return "campaign"
    return None


_GONE = frozenset({IssueStatus.SPAM, IssueStatus.DELETED, IssueStatus.MERGED})


def _end(issue: Issue) -> str:
    """How an issue came to its end that is no customer's problem any more."""
    if issue.is_spam or issue.status is IssueStatus.SPAM:
        return "spam"
    return "deleted" if issue.is_deleted or issue.status is IssueStatus.DELETED else "merged"
