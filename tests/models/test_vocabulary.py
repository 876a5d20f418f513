"""Holds the closed vocabularies to what follows from their words."""

from __future__ import annotations

import pytest

from alignkit.models import ACTIVE_STATUSES, MARKETING, Category, IssueStatus, Priority

STATUSES = {
    "new": True,
    "open": True,
    "waiting_on_customer": True,
    "waiting_on_third_party": True,
    "snoozed": True,
    "resolved": False,
    "closed": False,
    "cancelled": False,
    "merged": False,
    "spam": False,
    "deleted": False,
    "unknown": None,
}


@pytest.mark.parametrize("status", IssueStatus)
def test_every_status_says_whether_an_issue_is_active_or_that_nobody_knows(status: IssueStatus) -> None:
    assert status.is_active is STATUSES[status.value]
    assert (status in ACTIVE_STATUSES) is (STATUSES[status.value] is True)


def test_priorities_rise_from_unset_to_urgent() -> None:
    ranked = sorted(Priority, key=lambda priority: priority.rank)
    assert [priority.value for priority in ranked] == ["unset", "low", "normal", "high", "urgent"]
    assert Priority.UNSET.rank != Priority.NORMAL.rank


def test_marketing_is_exactly_the_six_categories_that_an_issue_holds_back() -> None:
    assert {category for category in Category if category.is_marketing} == MARKETING
    assert sorted(MARKETING) == ["newsletter", "promotional", "renewal", "sales_outreach", "solicitation", "upsell"]
