"""The policy that needs no configuration: support issues hold marketing back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, TypedDict

from pydantic import Field

from alignkit.models.base import Model, Share
from alignkit.models.vocabulary import Category, IssueReason, IssueType, Outcome, Priority
from alignkit.rules.conditions import (
    AllOfTests,
    AnyRow,
    CountRows,
    NotTest,
    RowTest,
    Test,
)
from alignkit.rules.durations import Duration, spell_duration
from alignkit.rules.presets.parts import MARKETING, Categories, Priorities, is_in, is_not_in, note, suppress
from alignkit.rules.ruleset import Freshness, Mode, OnUnknown, Rule, RuleSet, WhenStale


class StarterParameters(TypedDict, total=False):
    """The parameters of `Policy.starter`, as type checkers see them; their meanings and defaults are in `Starter`.

    Members of the vocabularies and their plain words will do alike; a word that is none is refused when it is given.
    """

    name: str
    mode: Mode | str
    on_unknown: OnUnknown | str
    expects: Sequence[str]
    held_categories: Sequence[str]
    only_priorities: Sequence[str] | None
    only_types: Sequence[str] | None
    only_reasons: Sequence[str] | None
    onboarding_priorities: Sequence[str]
    waiting_limit: timedelta | str
    waiting_priorities: Sequence[str]
    review_after: timedelta | str
    expire_after: timedelta | str
    lasting_priorities: Sequence[str]
    cool_down: timedelta | str
    bad_rating_cool_down: timedelta | str
    negative_signals: int
    negative_window: timedelta | str
    negative_categories: Sequence[str]
    detractor_hold: timedelta | str
    detractor_categories: Sequence[str]
    post_confidence: float
    post_hold: timedelta | str
    post_categories: Sequence[str]
    account_priorities: Sequence[str]
    account_categories: Sequence[str]
    freshness: timedelta | str
    solicitation_freshness: timedelta | str


class Starter(Model, frozen=True):
    """Every number and set of the starter policy.

    Attributes:
        held_categories: what an active or a just resolved issue holds.
        only_priorities, only_types, only_reasons: where given, other issues hold nothing, active or resolved.
        onboarding_priorities: an active issue of such a priority holds onboarding as well.
        waiting_limit: an issue that has waited so long for the customer no longer holds,
            except at one of `waiting_priorities`.
        review_after: after so much continuous activity a person should look at the hold.
        expire_after: so long after that the hold ends, except at one of `lasting_priorities`.
        cool_down, bad_rating_cool_down: how long a resolved issue goes on holding.
        negative_signals: so many different issues or posts with a negative signal within `negative_window`
            hold `negative_categories`.
        detractor_hold: how long a detractor's NPS answer holds `detractor_categories`.
        post_confidence: a negative post matched to the customer this surely holds `post_categories` for `post_hold`.
        account_priorities: an active issue of such a priority holds `account_categories` for the whole account.
        freshness, solicitation_freshness: how old data may be for marketing, and for review and survey requests.
    """

    name: str = "starter"
    mode: Mode = Mode.ENFORCE
    on_unknown: OnUnknown = OnUnknown.ACTIVE
    expects: tuple[str, ...] = ()
    held_categories: Categories = MARKETING
    only_priorities: Priorities | None = None
    only_types: tuple[IssueType, ...] | None = None
    only_reasons: tuple[IssueReason, ...] | None = None
    onboarding_priorities: Priorities = (Priority.HIGH, Priority.URGENT)
    waiting_limit: Duration = timedelta(days=7)
    waiting_priorities: Priorities = (Priority.HIGH, Priority.URGENT)
    review_after: Duration = timedelta(days=30)
    expire_after: Duration = timedelta(days=14)
    lasting_priorities: Priorities = (Priority.URGENT,)
    cool_down: Duration = timedelta(hours=48)
    bad_rating_cool_down: Duration = timedelta(days=14)
    negative_signals: Annotated[int, Field(ge=1)] = 3
    negative_window: Duration = timedelta(days=7)
    negative_categories: Categories = (Category.PROMOTIONAL, Category.UPSELL, Category.SOLICITATION)
    detractor_hold: Duration = timedelta(days=30)
    detractor_categories: Categories = (Category.SOLICITATION,)
    post_confidence: Share = 0.9
    post_hold: Duration = timedelta(hours=72)
    post_categories: Categories = (Category.PROMOTIONAL, Category.SOLICITATION)
    account_priorities: Priorities = (Priority.URGENT,)
    account_categories: Categories = (Category.PROMOTIONAL, Category.UPSELL, Category.SALES_OUTREACH)
    freshness: Duration = timedelta(hours=6)
    solicitation_freshness: Duration = timedelta(hours=2)

    def rule_set(self) -> RuleSet:
        """The policy with these parameters."""
        return RuleSet(
            name=self.name,
            mode=self.mode,
            on_unknown=self.on_unknown,
            expects=self.expects,
            freshness=self._freshness(),
            rules=(
                *self._active_issue(),
                *self._onboarding(),
                *self._reports(),
                *self._resolved_issue(),
                *self._feedback(),
                *self._account(),
                *self._stored_holds(),
                *self.further_rules(),
            ),
        )

    def further_rules(self) -> tuple[Rule, ...]:
        """What a preset for one kind of business adds."""
        return ()

    def _freshness(self) -> tuple[Freshness, ...]:
        marketing = tuple(category for category in MARKETING if category is not Category.SOLICITATION)
        return (
            Freshness(categories=marketing, budget=self.freshness, mode=WhenStale.LAST_KNOWN),
            Freshness(categories=(Category.SOLICITATION,), budget=self.solicitation_freshness, mode=WhenStale.HOLD),
        )

    def _active_issue(self) -> tuple[Rule, ...]:
        active = (*self.counted(), *self._holding())
        return (
            suppress(
                "open-issue",
                self.held_categories,
                AnyRow(any="issues", where=(*active, self._is_young())),
                reason="an open issue ({rows}) is being worked on since {since}; marketing waits until it is resolved"
                + (f" and {spell_duration(self.cool_down)} have passed" if self.cool_down else ""),
                why="Whoever waits for help does not want an offer; it costs goodwill and subscriptions.",
            ),
            suppress(
                "long-open-issue",
                self.held_categories,
                AnyRow(any="issues", where=(*self._is_old(), *active)),
                outcome=Outcome.REVIEW,
                reason="an issue ({rows}) has been open since {since}, which is so long that a person should look at "
                "the hold",
                why="A hold of a month is a support problem or a forgotten ticket; somebody should know which.",
            ),
        )

    def _onboarding(self) -> tuple[Rule, ...]:
        active = (*self.counted(), *self._holding(), is_in("priority", self.onboarding_priorities))
        return (
            suppress(
                "onboarding-issue",
                (Category.ONBOARDING,),
                AnyRow(any="issues", where=(*active, self._is_young())),
                reason="a serious open issue ({rows}) is being worked on since {since}; onboarding waits until it is "
                "resolved",
                why="Onboarding helps most customers with an issue; only a serious one makes it out of place.",
            ),
            suppress(
                "long-onboarding-issue",
                (Category.ONBOARDING,),
                AnyRow(any="issues", where=(*self._is_old(), *active)),
                outcome=Outcome.REVIEW,
                reason="a serious issue ({rows}) has been open since {since}, which is so long that a person should "
                "look at the hold",
                why="A hold of a month is a support problem or a forgotten ticket; somebody should know which.",
            ),
        )

    def _reports(self) -> tuple[Rule, ...]:
        categories = tuple(dict.fromkeys((*self.held_categories, Category.ONBOARDING)))
        unknown = (RowTest(field="active", is_unset=True), RowTest(field="excluded", is_unset=True))
        expired = (self._is_expired(), *self.counted(), *self._holding())
        return (
            note(
                "unknown-status",
                categories,
                AnyRow(any="issues", where=unknown),
                reason="nobody has said what the status of {rows} means",
                why="A status that nobody has mapped may hide an open issue; somebody should map it.",
            ),
            note(
                "expired",
                categories,
                AnyRow(any="issues", where=expired),
                reason="an issue ({rows}) is open since {since}, too long to go on holding",
                why="A forgotten ticket must not silence a customer for ever.",
            ),
        )

    def _resolved_issue(self) -> tuple[Rule, ...]:
        resolved = (*self.counted(), is_in("status", ("resolved", "closed")))
        rated_good, rated_bad = is_in("rating", ("good", "promoter")), is_in("rating", ("bad", "detractor"))
        return (
            suppress(
                "cool-down",
                self.held_categories,
                AnyRow(
                    any="issues",
                    where=(*resolved, NotTest(test=rated_good), RowTest(field="resolved_at", within=self.cool_down)),
                ),
                reason="an issue ({rows}) was resolved on {since}; marketing waits until "
                f"{spell_duration(self.cool_down)} have passed",
                why="An issue that seems resolved is often reopened within two days.",
            ),
            suppress(
                "bad-rating",
                self.held_categories,
                AnyRow(
                    any="issues",
                    where=(*resolved, rated_bad, RowTest(field="resolved_at", within=self.bad_rating_cool_down)),
                ),
                reason="an issue ({rows}) was resolved on {since} and the customer is not satisfied; marketing waits "
                f"until {spell_duration(self.bad_rating_cool_down)} have passed",
                why="A bad rating says that the issue is over for us, not for the customer.",
            ),
        )

    def _feedback(self) -> tuple[Rule, ...]:
        return (
            suppress(
                "several-negative-signals",
                self.negative_categories,
                CountRows(
                    count="signals",
                    at_least=self.negative_signals,
                    distinct="thing",
                    where=(
                        RowTest(field="polarity", equals="negative"),
                        RowTest(field="kind", not_in=("csat", "nps", "ces", "rating")),
                        RowTest(field="at", within=self.negative_window),
                    ),
                ),
                reason="{count} bad experiences within "
                f"{spell_duration(self.negative_window)} (the first: {{rows}}); offers wait until some have passed",
                why="Several different troubles within a week are a pattern, whatever each of them is.",
            ),
            suppress(
                "detractor",
                self.detractor_categories,
                AnyRow(
                    any="surveys",
                    where=(
                        RowTest(field="kind", equals="nps"),
                        RowTest(field="bucket", equals="detractor"),
                        RowTest(field="at", within=self.detractor_hold),
                    ),
                ),
                reason="the customer would not recommend us ({rows}, on {since}); review and survey requests wait for "
                f"{spell_duration(self.detractor_hold)}",
                why="Who has just said that they would not recommend us should not be asked for a review.",
            ),
            suppress(
                "negative-post",
                self.post_categories,
                AnyRow(
                    any="posts",
                    where=(
                        RowTest(field="polarity", equals="negative"),
                        RowTest(field="confidence", at_least=self.post_confidence),
                        RowTest(field="at", within=self.post_hold),
                    ),
                ),
                reason="the customer complained in public ({rows}, on {since}); offers wait for "
                f"{spell_duration(self.post_hold)}",
                why="An offer beside a public complaint is quoted in the next one.",
            ),
        )

    def _account(self) -> tuple[Rule, ...]:
        urgent = (
            RowTest(field="excluded", is_unset=True),
            RowTest(field="active", equals=True),
            is_in("priority", self.account_priorities),
            NotTest(test=self._waits_too_long()),
        )
        return (
            suppress(
                "account-issue",
                self.account_categories,
                AnyRow(any="account_issues", where=(*urgent, self._is_young())),
                reason="a colleague at the same customer has an urgent issue ({rows}) since {since}; offers to the "
                "whole account wait until it is resolved",
                why="In a company the one who buys hears from the one who waits.",
            ),
            suppress(
                "long-account-issue",
                self.account_categories,
                AnyRow(any="account_issues", where=(*self._is_old(), *urgent)),
                outcome=Outcome.REVIEW,
                reason="a colleague at the same customer has had an urgent issue ({rows}) since {since}, which is so "
                "long that a person should look at the hold",
                why="A hold of a month over a whole account needs somebody who answers for it.",
            ),
        )

    def _stored_holds(self) -> tuple[Rule, ...]:
        kinds = is_in("kind", ("manual", "incident", "blackout"))
        named = RowTest(field="categories", contains="onboarding")
        reason = "a hold is in force since {since} ({rows})"
        why = "A colleague, an incident or a blackout has asked for silence."
        return (
            suppress("stored-hold", MARKETING, AnyRow(any="holds", where=(kinds,)), reason=reason, why=why),
            suppress(
                "stored-onboarding-hold",
                (Category.ONBOARDING,),
                AnyRow(any="holds", where=(kinds, named)),
                reason=reason,
                why="Onboarding waits only for a hold that names it.",
            ),
        )

    def counted(self) -> tuple[Test, ...]:
        """Rows that are a customer's problem and that the narrowing parameters let through."""
        narrowed = (
            ("priority", self.only_priorities),
            ("type", self.only_types),
            ("reason", self.only_reasons),
        )
        return (
            RowTest(field="excluded", is_unset=True),
            *(is_in(field, words) for field, words in narrowed if words is not None),
        )

    def _holding(self) -> tuple[Test, ...]:
        return (RowTest(field="active", equals=True), NotTest(test=self._waits_too_long()))

    def _waits_too_long(self) -> Test:
        """Waiting on the customer beyond the limit, unless the issue is serious."""
        return AllOfTests(
            all_of=(
                RowTest(field="status", equals="waiting_on_customer"),
                RowTest(field="status_since", older_than=self.waiting_limit),
                *is_not_in("priority", self.waiting_priorities),
            )
        )

    def _is_young(self) -> Test:
        # An issue of which nobody knows since when it is active is young.
        return NotTest(test=RowTest(field="first_active_at", older_than=self.review_after))

    def _is_old(self) -> tuple[Test, ...]:
        return (
            RowTest(field="first_active_at", older_than=self.review_after),
            NotTest(test=self._is_expired()),
        )

    def _is_expired(self) -> Test:
        return AllOfTests(
            all_of=(
                RowTest(field="first_active_at", older_than=self.review_after + self.expire_after),
                *is_not_in("priority", self.lasting_priorities),
            )
        )
