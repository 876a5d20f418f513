"""Holds the guard to positive evidence: what is unknown counts, and the man on the phone is never mailed."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from tests.strategies import START, models

from alignkit.models import Audience, Initiator, Issue, IssueStatus
from alignkit.rules.guard import excluded


def issue(**fields: Any) -> Issue:
    return Issue.model_validate({"id": "1", "status": "open", "status_raw": "open", "created_at": START, **fields})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"is_spam": True}, "spam"),
        ({"status": "spam"}, "spam"),
        ({"is_deleted": True}, "deleted"),
        ({"status": "deleted"}, "deleted"),
        ({"status": "merged"}, "merged"),
        ({"status": "closed", "merged_into": "2"}, "merged"),
        ({"audience": "back_office"}, "internal"),
        ({"audience": "tracker"}, "internal"),
        ({"initiated_by": "bot", "customer_wrote": False}, "bot"),
        ({"initiated_by": "campaign", "customer_wrote": False}, "campaign"),
        ({"initiated_by": "agent", "origin_campaign_id": "spring", "customer_wrote": False}, "campaign"),
    ],
)
def test_positive_evidence_leaves_an_issue_out_and_says_why(fields: dict[str, Any], why: str) -> None:
    assert excluded(issue(**fields)) == why


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"status": "unknown"},
        {"initiated_by": "agent", "customer_wrote": False, "channel": "phone"},
        {"initiated_by": "agent", "customer_wrote": False, "direction": "outbound"},
        {"initiated_by": "agent", "customer_wrote": False, "direction": "internal"},
        {"initiated_by": "system", "customer_wrote": False},
        {"customer_wrote": False},
        {"tags": ["spam", "merged", "campaign"]},
        {"type": "task"},
        {"requester_email": "info@example.com"},
    ],
)
def test_what_nobody_knows_counts_and_so_does_the_man_on_the_phone(fields: dict[str, Any]) -> None:
    assert excluded(issue(**fields)) is None


@pytest.mark.parametrize(("initiator", "wrote"), list(product([Initiator.BOT, Initiator.CAMPAIGN], [True, None])))
def test_an_issue_in_which_the_customer_wrote_or_may_have_counts(initiator: Initiator, *, wrote: bool | None) -> None:
    assert excluded(issue(initiated_by=initiator, customer_wrote=wrote, origin_campaign_id="spring")) is None


@given(models(Issue))
def test_every_exclusion_rests_on_something_that_the_issue_says(one: Issue) -> None:
    evidence = {
        "spam": one.is_spam or one.status is IssueStatus.SPAM,
        "deleted": one.is_deleted or one.status is IssueStatus.DELETED,
        "merged": one.status is IssueStatus.MERGED or bool(one.merged_into),
        "internal": one.audience in (Audience.BACK_OFFICE, Audience.TRACKER),
        "bot": one.customer_wrote is False and one.initiated_by is Initiator.BOT,
        "campaign": one.customer_wrote is False
        and (one.initiated_by is Initiator.CAMPAIGN or bool(one.origin_campaign_id)),
    }
    why = excluded(one)
    assert why is None or evidence[why]
    assert why is not None or not any(evidence.values())
