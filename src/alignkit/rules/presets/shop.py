"""Where a shop would start: orders that went wrong, goods that came back, and not too many offers."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from alignkit.models.vocabulary import Category, Channel, IssueReason, Outcome
from alignkit.rules.conditions import AnyOfTests, AnyRow, LocalTime, RowTest
from alignkit.rules.durations import Duration, spell_duration
from alignkit.rules.presets.parts import MARKETING, enough, is_in, suppress
from alignkit.rules.presets.starter import Starter
from alignkit.rules.ruleset import Rule

_OFFERS = (Category.PROMOTIONAL, Category.UPSELL)
_TEXTS = (Channel.SMS, Channel.PUSH, Channel.MESSAGING)
_WENT_WRONG = (
    IssueReason.DELIVERY_LATE,
    IssueReason.DELIVERY_LOST,
    IssueReason.WRONG_ITEM,
    IssueReason.WRONG_QUANTITY,
    IssueReason.DAMAGED_ITEM,
    IssueReason.PRODUCT_FAULT,
)
_BROKE = (IssueReason.DAMAGED_ITEM, IssueReason.PRODUCT_FAULT)


class Shop(Starter, frozen=True):
    """The starter with orders in view.

    Attributes:
        order_cool_down: how long offers wait after an order that went wrong was put right.
        return_hold: how long nobody who sent something back is asked for a review.
        product_hold: how long no offer goes out for a product of which one broke.
        safety_hold: how long somebody looks at marketing to a customer who reported a danger.
        most_mails, mail_window: so many offers and newsletters by e-mail within the window are enough.
        most_texts, text_window: so many offers by SMS, push or messenger within the window are enough.
        quiet_hours, zone: the night of those channels, `21:00-08:00`, in the customer's time zone, else in this one;
            without a zone there is no such rule.
    """

    name: str = "shop"
    order_cool_down: Duration = timedelta(days=7)
    return_hold: Duration = timedelta(days=30)
    product_hold: Duration = timedelta(days=90)
    safety_hold: Duration = timedelta(days=30)
    most_mails: Annotated[int, Field(ge=1)] = 3
    mail_window: Duration = timedelta(days=7)
    most_texts: Annotated[int, Field(ge=1)] = 1
    text_window: Duration = timedelta(days=7)
    quiet_hours: str = "21:00-08:00"
    zone: str | None = None

    def further_rules(self) -> tuple[Rule, ...]:
        """What concerns orders and goods, and how much is enough."""
        return (*self._orders(), *self._goods(), *self._caps(), *self._night())

    def _orders(self) -> tuple[Rule, ...]:
        resolved = (*self.counted(), is_in("status", ("resolved", "closed")))
        sent_back = AnyOfTests(any_of=(is_in("type", ("refund", "return")), is_in("reason", ("refund", "return"))))
        return (
            suppress(
                "order-went-wrong",
                (*_OFFERS, Category.SOLICITATION),
                AnyRow(
                    any="issues",
                    where=(
                        *resolved,
                        is_in("reason", _WENT_WRONG),
                        RowTest(field="resolved_at", within=self.order_cool_down),
                    ),
                ),
                reason="an order that went wrong ({rows}) was put right on {since}; offers wait until "
                f"{spell_duration(self.order_cool_down)} have passed",
                why="A parcel that came late or broken is remembered longer than its ticket is open.",
            ),
            suppress(
                "sent-back",
                (Category.SOLICITATION,),
                AnyRow(
                    any="issues", where=(*resolved, sent_back, RowTest(field="resolved_at", within=self.return_hold))
                ),
                outcome=Outcome.DROP,
                reason="the customer sent something back ({rows}, settled on {since}) and is not asked for a review",
                why="Who is asked how they like what they sent back will say so.",
            ),
        )

    def _goods(self) -> tuple[Rule, ...]:
        danger = (RowTest(field="excluded", is_unset=True), is_in("reason", ("safety",)))
        recent = AnyOfTests(
            any_of=(RowTest(field="active", equals=True), RowTest(field="resolved_at", within=self.safety_hold))
        )
        return (
            suppress(
                "same-product",
                _OFFERS,
                AnyRow(
                    any="issues",
                    where=(
                        *self.counted(),
                        is_in("reason", _BROKE),
                        RowTest(field="products", same_as="product_refs"),
                        RowTest(field="created_at", within=self.product_hold),
                    ),
                ),
                outcome=Outcome.DROP,
                reason="the offer is for a product of which the customer's own broke ({rows}, since {since})",
                why="An offer for the very thing that broke is a joke at our expense.",
            ),
            suppress(
                "danger",
                MARKETING,
                AnyRow(any="issues", where=(*danger, recent)),
                outcome=Outcome.REVIEW,
                reason="the customer reported a danger ({rows}, since {since}); a person should decide what they get",
                why="Where somebody may have been hurt, no automatism writes.",
            ),
        )

    def _caps(self) -> tuple[Rule, ...]:
        return (
            enough(
                "enough-mail",
                (Category.PROMOTIONAL, Category.NEWSLETTER, Category.UPSELL),
                self.most_mails,
                self.mail_window,
                channels=(Channel.EMAIL,),
                why="Beyond a few mails a week people unsubscribe, and are gone for good.",
            ),
            enough(
                "enough-texts",
                _OFFERS,
                self.most_texts,
                self.text_window,
                channels=_TEXTS,
                why="A telephone is private; a second offer there is an intrusion.",
            ),
        )

    def _night(self) -> tuple[Rule, ...]:
        if self.zone is None:
            return ()
        return (
            suppress(
                "night",
                MARKETING,
                LocalTime(local_time=self.quiet_hours, fallback=self.zone),
                channels=_TEXTS,
                relevance=timedelta(days=1),
                reason="it is night where the customer lives",
                why="Nobody buys from whom has woken them.",
            ),
        )
