"""Where a company that sells software to companies would start: what troubles one colleague concerns the account."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from alignkit.models.vocabulary import Category, IssueType, Outcome
from alignkit.rules.conditions import AnyOfTests, AnyRow, CountRows, NotTest, RowTest, Test
from alignkit.rules.durations import Duration
from alignkit.rules.presets.parts import MARKETING, Categories, enough, is_in, suppress
from alignkit.rules.presets.starter import Starter
from alignkit.rules.ruleset import Rule

_SELLING = (Category.PROMOTIONAL, Category.UPSELL, Category.SALES_OUTREACH)


class SaaS(Starter, frozen=True):
    """The starter with the account in view.

    Attributes:
        only_types: all types but feature requests: who asks for more is interested, not in trouble.
        detractor_hold, detractor_categories: as in the starter, longer and for sales as well.
        account_people: so many people of an account with an open issue hold `account_categories` for all of it.
        outage_categories: what an outage at the account holds.
        reopened: an issue that was reopened so often wants a person before anything is sold.
        most_outreach, outreach_window: so many sales messages within the window are enough.
        most_mails, mail_window: so many other marketing messages within the window are enough.
    """

    name: str = "saas"
    only_types: tuple[IssueType, ...] | None = tuple(
        issue_type for issue_type in IssueType if issue_type is not IssueType.FEATURE_REQUEST
    )
    detractor_hold: Duration = timedelta(days=60)
    detractor_categories: Categories = (Category.SOLICITATION, Category.UPSELL, Category.SALES_OUTREACH)
    account_people: Annotated[int, Field(ge=2)] = 3
    outage_categories: Categories = (*MARKETING, Category.ONBOARDING)
    reopened: Annotated[int, Field(ge=1)] = 2
    most_outreach: Annotated[int, Field(ge=1)] = 2
    outreach_window: Duration = timedelta(days=7)
    most_mails: Annotated[int, Field(ge=1)] = 3
    mail_window: Duration = timedelta(days=7)

    def further_rules(self) -> tuple[Rule, ...]:
        """What concerns the account, the renewal, and how much is enough."""
        return (*self._accounts(), *self._renewal(), *self._caps())

    def _open(self) -> tuple[Test, ...]:
        """An open issue that nobody has forgotten."""
        forgotten = RowTest(field="first_active_at", older_than=self.review_after + self.expire_after)
        return (RowTest(field="excluded", is_unset=True), RowTest(field="active", equals=True), NotTest(test=forgotten))

    def _accounts(self) -> tuple[Rule, ...]:
        outage = is_in("reason", ("outage",))
        return (
            suppress(
                "account-outage",
                self.outage_categories,
                AnyRow(any="all_issues", where=(*self._open(), outage)),
                reason="the account reports an outage ({rows}) since {since}; everything that is not about it waits",
                why="While the product is down, every other message says that we have not noticed.",
            ),
            suppress(
                "account-several-people",
                self.account_categories,
                CountRows(count="all_issues", at_least=self.account_people, distinct="customer", where=self._open()),
                reason=f"at least {self.account_people} people of the account wait for help ({{rows}}); offers to the "
                "whole account wait",
                why="Where several people of one company wait, the one who buys has heard of it.",
            ),
        )

    def _renewal(self) -> tuple[Rule, ...]:
        broken = AnyOfTests(any_of=(RowTest(field="sla_breached", equals=True), is_in("priority", ("urgent",))))
        return (
            suppress(
                "renewal-in-trouble",
                (Category.RENEWAL,),
                AnyRow(any="all_issues", where=(*self._open(), broken)),
                outcome=Outcome.REVIEW,
                reason="the account has an urgent or overdue issue ({rows}) since {since}; its owner should renew in "
                "person",
                why="A renewal notice in the middle of broken promises loses the renewal; a call may save it.",
            ),
            suppress(
                "reopened-again",
                _SELLING,
                AnyRow(any="issues", where=(*self._open(), RowTest(field="reopened_count", at_least=self.reopened))),
                outcome=Outcome.REVIEW,
                reason="an issue ({rows}) was reopened again and again; somebody should speak with the customer first",
                why="A fix that does not hold is a talk to have, not a moment to sell.",
            ),
        )

    def _caps(self) -> tuple[Rule, ...]:
        return (
            enough(
                "enough-outreach",
                (Category.SALES_OUTREACH,),
                self.most_outreach,
                self.outreach_window,
                outcome=Outcome.DEFER,
                why="Several sellers write to one person, and none of them sees the others' mails.",
            ),
            enough(
                "enough-mail",
                (Category.PROMOTIONAL, Category.NEWSLETTER, Category.UPSELL),
                self.most_mails,
                self.mail_window,
                why="Beyond a few mails a week people unsubscribe, and are gone for good.",
            ),
        )
