"""Rules and settings as data: what a policy lays down, strict when it is read and frozen from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence, Sized
from enum import StrEnum
from string import Formatter
from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from alignkit.models.base import Model
from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Category, Channel, Outcome
from alignkit.rules.conditions import AllOf, Condition, Holdout, Misplaced
from alignkit.rules.durations import Duration
from alignkit.rules.lookback import MEMORY, lookback
from alignkit.rules.structure import conditions_in, needs_of

PLACEHOLDERS = ("rows", "count", "since")
"""What may stand in braces in a rule's reason."""

MOST_RULES = 2_000
"""A policy with more rules is refused."""

UNTOUCHABLE = frozenset({Category.TRANSACTIONAL, Category.LEGAL})
"""No policy can govern these."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=1_000)]


class Effect(StrEnum):
    """What a rule does where its condition holds."""

    SUPPRESS = "suppress"
    EXEMPT = "exempt"
    NOTE = "note"


class Mode(StrEnum):
    """How far a policy is taken seriously; `decide` answers the same in each.

    `observe` only records decisions, `shadow` also compares them with those of the policy in force, `enforce` acts.
    """

    OBSERVE = "observe"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class WhenStale(StrEnum):
    """What follows when a source has not been read within its budget.

    `hold` suppresses, `allow` decides by what is known, `last_known` decides as of the end of the budget, so that
    waiting times do not run out on data that nobody has renewed.
    """

    HOLD = "hold"
    ALLOW = "allow"
    LAST_KNOWN = "last_known"


class OnUnknown(StrEnum):
    """What an issue of unknown status counts as."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Freshness(Model, frozen=True):
    """How old the last reading of a source may be when a message of these categories is decided."""

    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    budget: Duration
    mode: WhenStale


class Rule(Model, frozen=True):
    """One rule. Rules have no order and no priority; empty `categories` or `channels` mean all of them.

    `reason` is the sentence a marketer reads; `{rows}`, `{count}` and `{since}` in it stand for the rows that made
    the condition hold, their number, and the day on which the earliest began. `why` is the reason the rule exists.

    `relevance` is how long a deferred message is worth sending after it was first held, `substitute` the caller's name
    for the message that goes out in the place of a swapped one.
    """

    id: Id
    effect: Effect
    categories: tuple[Category, ...] = ()
    channels: tuple[Channel, ...] = ()
    when: Condition
    outcome: Outcome | None = None
    relevance: Duration | None = None
    substitute: Sentence | None = None
    reason: Sentence
    why: str = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.effect is Effect.SUPPRESS and self.outcome is None:
            raise Misplaced(("outcome",), f"is missing; say what becomes of the message: {', '.join(Outcome)}")
        if self.effect is not Effect.SUPPRESS and self.outcome is not None:
            raise Misplaced(("outcome",), "belongs to rules that suppress; remove it")
        for name, outcome in (("relevance", Outcome.DEFER), ("substitute", Outcome.SWAP)):
            if getattr(self, name) is not None and self.outcome is not outcome:
                raise Misplaced((name,), f"belongs to the outcome `{outcome}`; remove it")
        _check_holdouts(self.when, self.effect)
        if unknown := _unknown_placeholders(self.reason):
            raise Misplaced(("reason",), f"has the placeholder `{unknown[:80]}`; use {', '.join(PLACEHOLDERS)}")
        return self

    def governs(self, category: str, channel: str) -> bool:
        """Whether the rule is about messages of this kind at all."""
        return (not self.categories or category in self.categories) and (not self.channels or channel in self.channels)


def _refuse_too_many(rules: Any) -> Any:
    if isinstance(rules, Sized) and len(rules) > MOST_RULES:
        raise ValueError(f"are more than {MOST_RULES:,}; split the policy")
    return rules


class RuleSet(Model, frozen=True):
    """What a policy lays down, apart from what can be done with it; see `alignkit.rules.Policy`."""

    name: Sentence
    version: str = "1"
    mode: Mode = Mode.ENFORCE
    on_unknown: OnUnknown = OnUnknown.ACTIVE
    allow_about_issue: StrictBool = True
    always_allowed: tuple[Category, ...] = (
        Category.TRANSACTIONAL,
        Category.LEGAL,
        Category.SERVICE_NOTICE,
        Category.RECOVERY,
    )
    expects: tuple[str, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    rules: Annotated[tuple[Rule, ...], BeforeValidator(_refuse_too_many)] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if missing := UNTOUCHABLE.difference(self.always_allowed):
            raise Misplaced(("always_allowed",), f"lacks `{min(missing)}`, which no policy may govern; add it")
        _refuse_repeats(self.rules)
        for index, rule in enumerate(self.rules):
            if governed := set(rule.categories).intersection(self.always_allowed):
                raise Misplaced(
                    ("rules", index, "categories"), f"names `{min(governed)}`, which is always allowed; remove it"
                )
        budgeted = [category for each in self.freshness for category in each.categories]
        if twice := next((category for category in budgeted if budgeted.count(category) > 1), None):
            raise Misplaced(("freshness",), f"names `{twice}` twice; give each category one budget")
        return self

    def as_tree(self) -> dict[str, Any]:
        """The policy as a document: equal policies are equal documents, to the last digit."""
        return {
            name: _in_one_form(value)
            for name, value in self.model_dump(mode="json", by_alias=True, exclude_none=True).items()
        }

    @property
    def digest(self) -> str:
        """32 hex digits that are the same for equal policies, on every machine and in every process."""
        text = json.dumps(self.as_tree(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]

    @property
    def needs(self) -> frozenset[str]:
        """The fields of `Facts` that rules read, so that a store need not load the others."""
        return frozenset(need for rule in self.rules for need in needs_of(rule.when))

    @property
    def lookback(self) -> int | None:
        """How far back, in microseconds, a thing can matter that is over: see `alignkit.rules.lookback`.

        As far as any rule looks, and a little further, for an explanation tells of holds that have just ended.
        """
        found = lookback(rule.when for rule in self.rules)
        return None if found is None else found + MEMORY

    def freshness_of(self, category: Category) -> Freshness | None:
        """The budget for messages of this category; None where data of any age will do."""
        return next((each for each in self.freshness if category in each.categories), None)

    def always_allows(self, message: Message) -> bool:
        """Whether no rule, fact or fault can touch this message."""
        return message.category in self.always_allowed or (self.allow_about_issue and message.about_issue is not None)


_MOST_WHOLE = 2**63  # TOML has no larger whole numbers


def _in_one_form(value: Any) -> Any:
    """The same value with numbers written in one way: whole ones without a fraction, nought without a sign."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _MOST_WHOLE else value
    if isinstance(value, dict):
        return {name: _in_one_form(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_in_one_form(each) for each in cast("Sequence[Any]", value)]
    return value


def _refuse_repeats(rules: tuple[Rule, ...]) -> None:
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.id in first:
            raise Misplaced(
                ("rules", index, "id"), f"`{rule.id}` is the id of `rules[{first[rule.id]}]` as well; give it another"
            )
        first[rule.id] = index


def _unknown_placeholders(template: str) -> str | None:
    """The first placeholder that is not a bare known name, or None."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        return template
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            return f"{{{name}}}"
    return None


def _check_holdouts(when: Condition, effect: Effect) -> None:
    """Refuses a holdout where it could hold somebody back, or where nobody could tell what it did."""
    found = [each for each in conditions_in(when) if isinstance(each, Holdout)]
    if not found:
        return
    if effect is Effect.SUPPRESS:
        raise Misplaced(("when",), "has a holdout, which only lets messages through; make it an `exempt` rule")
    if len(found) > 1 or holdout_of(when) is None:
        raise Misplaced(("when",), "has a holdout too many or not directly inside `all_of`; give the rule one alone")


def holdout_of(when: Condition) -> Holdout | None:
    """The holdout that a condition is, or that stands in it under `all_of` alone."""
    if isinstance(when, Holdout):
        return when
    if isinstance(when, AllOf):
        return next((found for part in when.all_of if (found := holdout_of(part))), None)
    return None
