"""A policy: rules as data that say which messages wait, strict when it is loaded and frozen from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence, Sized
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Self, Unpack

from pydantic import BeforeValidator, Field, StrictBool, ValidationError, model_validator

from alignkit.models.base import Model
from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Category, Channel, Outcome
from alignkit.rules import documents
from alignkit.rules.compiler import Compiled, compile_policy
from alignkit.rules.conditions import (
    AllOf,
    AnyOf,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    Misplaced,
    NoRow,
    Not,
)
from alignkit.rules.decision import Decision, decide, withhold
from alignkit.rules.durations import Duration
from alignkit.rules.facts import Facts
from alignkit.rules.fields import PARTS
from alignkit.rules.freshness import Stale, View, view
from alignkit.rules.wording import PLACEHOLDERS

if TYPE_CHECKING:
    from alignkit.rules.presets import StarterParameters

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
    """

    id: Id
    effect: Effect
    categories: tuple[Category, ...] = ()
    channels: tuple[Channel, ...] = ()
    when: Condition
    outcome: Outcome | None = None
    reason: Sentence
    why: str = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.effect is Effect.SUPPRESS and self.outcome is None:
            raise Misplaced(("outcome",), f"is missing; say what becomes of the message: {', '.join(Outcome)}")
        if self.effect is not Effect.SUPPRESS and self.outcome is not None:
            raise Misplaced(("outcome",), "belongs to rules that suppress; remove it")
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


class Policy(Model, frozen=True):
    """Which messages may go out, to whom, and what becomes of the others.

    A message is suppressed when some suppressing rule holds or fails to evaluate, and no exempting rule holds; an
    exempting rule that fails to evaluate does not hold. Messages of the `always_allowed` categories, and messages
    about an issue where `allow_about_issue`, are allowed before any rule or fact is looked at.

    `expects` names the sources that must have been read to their end once before marketing may go out.
    """

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

    @classmethod
    def from_toml(cls, text: str | bytes) -> Self:
        """The policy in this TOML text.

        Raises:
            PolicyInvalid: it is not TOML, too large, too deep, or no policy; the text names the place.
        """
        return cls._from_tree(documents.read_toml(text))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The policy in this JSON text.

        Raises:
            PolicyInvalid: it is not JSON, too large, too deep, or no policy; the text names the place.
        """
        return cls._from_tree(documents.read_json(text))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The policy in this file, TOML or JSON by its suffix.

        Raises:
            PolicyInvalid: the file cannot be read, is neither, too large, too deep, or no policy.
        """
        return cls._from_tree(documents.read_file(Path(path)))

    @classmethod
    def starter(cls, **parameters: Unpack[StarterParameters]) -> Policy:
        """The policy that needs no configuration; every number and set in it is a parameter, see `Starter`.

        Raises:
            PolicyInvalid: a parameter is not known or has a value that it cannot have.
        """
        from alignkit.rules.presets import Starter

        try:
            return Starter.model_validate(parameters).policy()
        except ValidationError as error:
            raise documents.refusal(error, "the starter policy") from None

    @classmethod
    def _from_tree(cls, tree: Mapping[str, Any]) -> Self:
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise documents.refusal(error, "the policy") from None

    def to_toml(self) -> str:
        """The policy as TOML that `from_toml` reads back as an equal policy."""
        return documents.write_toml(self._as_tree())

    def to_json(self) -> str:
        """The policy as JSON that `from_json` reads back as an equal policy."""
        return json.dumps(self._as_tree(), ensure_ascii=False, indent=2) + "\n"

    def _as_tree(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def digest(self) -> str:
        """32 hex digits that are the same for equal policies, on every machine and in every process."""
        text = json.dumps(self._as_tree(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]

    @property
    def needs(self) -> frozenset[str]:
        """The fields of `Facts` that rules read, so that a store need not load the others."""
        return frozenset(need for rule in self.rules for need in _needs(rule.when))

    def freshness_of(self, category: Category) -> Freshness | None:
        """The budget for messages of this category; None where data of any age will do."""
        return next((each for each in self.freshness if category in each.categories), None)

    def always_allows(self, message: Message) -> bool:
        """Whether no rule, fact or fault can touch this message."""
        return message.category in self.always_allowed or (self.allow_about_issue and message.about_issue is not None)

    def compile(self) -> Compiled:
        """The policy as a function of facts, message and now (microseconds since 1970, UTC); built once."""
        return self._compiled

    def decide(
        self,
        facts: Facts,
        message: Message,
        now: datetime,
        *,
        as_of: datetime | None = None,
        stale: Sequence[Stale] = (),
        incomplete: Sequence[str] = (),
    ) -> Decision:
        """Whether this message may go out now, and why. Pure: equal arguments give equal decisions.

        Args:
            facts: what is known of the customer.
            message: what somebody would like to send.
            now: an aware time.
            as_of: the instant up to which the facts can be trusted, where that is before `now`.
            stale: sources that were last read longer ago than their budget.
            incomplete: sources that were expected and have never been read to their end.

        Raises:
            DataInvalid: a time without a zone.
        """
        return decide(self, facts, message, now, as_of=as_of, stale=tuple(stale), incomplete=tuple(incomplete))

    def view(self, message: Message, now: datetime, sources: Mapping[str, datetime | None]) -> View:
        """How far the facts can be trusted for this message, for `decide(facts, message, now, **view._asdict())`.

        A source is stale once its last reading is more than the budget ago. With `last_known` the decision is then
        made as of the end of the budget.

        Args:
            message: what somebody would like to send.
            now: an aware time.
            sources: for each source, the instant up to which it has been read; None where it has never been read to
                its end. Expected sources that are missing here count as never read.
        """
        return view(self.compile().plan(message), now, sources)

    def withhold(self, message: Message, now: datetime, error: str, *, customer: str | None = None) -> Decision:
        """The decision where facts cannot be had: suppress, unless the message is always allowed.

        Raises:
            DataInvalid: a time without a zone.
        """
        return withhold(self, message, now, error, customer=customer)

    @cached_property
    def _compiled(self) -> Compiled:
        return compile_policy(self)

    # What was compiled belongs to one policy: a copy may be given other rules, and functions cannot be pickled.
    # Everything else is frozen all the way down, so that a deep copy need not be deeper.

    def __copy__(self) -> Self:
        copy = super().__copy__()
        vars(copy).pop("_compiled", None)
        return copy

    def __deepcopy__(self, _memo: dict[int, Any] | None = None) -> Self:
        return self.__copy__()

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {name: value for name, value in state["__dict__"].items() if name != "_compiled"}
        return state


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


def _needs(condition: Condition) -> Iterator[str]:
    match condition:
        case AnyRow():
            yield from PARTS.get(condition.any, (condition.any,))
        case NoRow():
            yield from PARTS.get(condition.none, (condition.none,))
        case CountRows():
            yield from PARTS.get(condition.count, (condition.count,))
        case CustomerTest():
            yield "attributes"
        case AllOf():
            yield from (need for inside in condition.all_of for need in _needs(inside))
        case AnyOf():
            yield from (need for inside in condition.any_of for need in _needs(inside))
        case Not():
            yield from _needs(condition.condition)
        case _:
            return
