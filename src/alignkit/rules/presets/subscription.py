"""Where a subscription business would start: disputes about money, and signs that somebody wants to leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from alignkit.models.vocabulary import Category, IssueReason, Outcome
from alignkit.rules.conditions import AnyOf, AnyOfTests, AnyRow, LatestRow, RowTest
from alignkit.rules.durations import Duration, spell_duration
from alignkit.rules.presets.parts import enough, is_in, suppress
from alignkit.rules.presets.starter import Starter
from alignkit.rules.ruleset import Rule

_OFFERS = (Category.PROMOTIONAL, Category.UPSELL)
_MONEY = (IssueReason.BILLING, IssueReason.PRICING, IssueReason.DISCOUNT, IssueReason.REFUND)


class Subscription(Starter, frozen=True):
    """The starter with renewal in view.

    Attributes:
        dispute_hold: how long offers wait after a dispute about money was settled.
        leaving_hold: how long offers wait after a sign that the customer wants to leave.
        unhappy_hold: how long an unhappy answer counts, as long as no happier one has followed it.
        most_upsells, upsell_window: so many offers of more within the window are enough.
        most_mails, mail_window: so many marketing messages within the window are enough.
    """

    name: str = "subscription"
    dispute_hold: Duration = timedelta(days=14)
    leaving_hold: Duration = timedelta(days=30)
    unhappy_hold: Duration = timedelta(days=60)
    most_upsells: Annotated[int, Field(ge=1)] = 1
    upsell_window: Duration = timedelta(days=14)
    most_mails: Annotated[int, Field(ge=1)] = 3
    mail_window: Duration = timedelta(days=7)

    def further_rules(self) -> tuple[Rule, ...]:
        """What concerns money, leaving and staying, and how much is enough."""
        return (*self._money(), *self._leaving(), *self._caps())

    def _money(self) -> tuple[Rule, ...]:
        about_money = (*self.counted(), is_in("reason", _MONEY))
        going_on = AnyOfTests(
            any_of=(RowTest(field="active", equals=True), RowTest(field="resolved_at", within=self.dispute_hold))
        )
        return (
            suppress(
                "settled-dispute",
                _OFFERS,
                AnyRow(any="issues", where=(*about_money, RowTest(field="resolved_at", within=self.dispute_hold))),
                reason="a dispute about money ({rows}) was settled on {since}; offers wait until "
                f"{spell_duration(self.dispute_hold)} have passed",
                why="Whoever has just fought over an invoice reads every price as the next one.",
            ),
            suppress(
                "renewal-in-dispute",
                (Category.RENEWAL,),
                AnyRow(any="issues", where=(*about_money, going_on)),
                outcome=Outcome.REVIEW,
                reason="there is, or was until lately, a dispute about money ({rows}, since {since}); a person should "
                "decide about the renewal",
                why="A renewal notice in the middle of a dispute about the last invoice ends the subscription.",
            ),
        )

    def _leaving(self) -> tuple[Rule, ...]:
        leaving = AnyOf(
            any_of=(
                AnyRow(
                    any="signals",
                    where=(is_in("kind", ("churn_risk",)), RowTest(field="at", within=self.leaving_hold)),
                ),
                AnyRow(
                    any="issues",
                    where=(
                        *self.counted(),
                        is_in("reason", ("unsubscribe",)),
                        RowTest(field="created_at", within=self.leaving_hold),
                    ),
                ),
            )
        )
        return (
            suppress(
                "wants-to-leave",
                (*_OFFERS, Category.SOLICITATION),
                leaving,
                reason="there are signs that the customer wants to leave ({rows}, since {since}); offers wait for "
                f"{spell_duration(self.leaving_hold)}",
                why="Whoever thinks of leaving wants to be heard, not to be sold more.",
            ),
            suppress(
                "renewal-at-risk",
                (Category.RENEWAL,),
                leaving,
                outcome=Outcome.REVIEW,
                reason="there are signs that the customer wants to leave ({rows}, since {since}); a person should "
                "decide about the renewal",
                why="A reminder to renew is also a reminder to cancel.",
            ),
            suppress(
                "unhappy",
                (Category.UPSELL, Category.SOLICITATION),
                LatestRow(
                    latest="surveys",
                    passes=(is_in("bucket", ("bad", "detractor")), RowTest(field="at", within=self.unhappy_hold)),
                ),
                reason="the customer's last answer was unhappy ({rows}, on {since}); nothing more is offered for "
                f"{spell_duration(self.unhappy_hold)}, or until a happier one",
                why="The last answer is what the customer thinks now, whatever they said before.",
            ),
        )

    def _caps(self) -> tuple[Rule, ...]:
        return (
            enough(
                "enough-upsell",
                (Category.UPSELL,),
                self.most_upsells,
                self.upsell_window,
                why="Who pays every month has chosen already; to ask again soon says that we have not noticed.",
            ),
            enough(
                "enough-mail",
                (Category.PROMOTIONAL, Category.NEWSLETTER),
                self.most_mails,
                self.mail_window,
                why="Beyond a few mails a week people unsubscribe, and are gone for good.",
            ),
        )
