"""A policy: a rule set that can be read from a file, compiled, and asked about a message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from pydantic import ValidationError

from alignkit.models.marketing import Message
from alignkit.models.times import EPOCH
from alignkit.rules import documents
from alignkit.rules.compiler import Compiled, compile_policy
from alignkit.rules.decision import Decision, decide, withhold
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import Stale, View, view
from alignkit.rules.ruleset import Effect, Freshness, Mode, OnUnknown, Rule, RuleSet, WhenStale

if TYPE_CHECKING:
    from alignkit.rules.presets.starter import StarterParameters

_DAY = 86_400_000_000

__all__ = ["Effect", "Freshness", "Mode", "OnUnknown", "Policy", "Rule", "RuleSet", "WhenStale"]


class Policy(RuleSet, frozen=True):
    """Which messages may go out, to whom, and what becomes of the others.

    A message is suppressed when some suppressing rule holds or fails to evaluate, and no exempting rule holds; an
    exempting rule that fails to evaluate does not hold. Messages of the `always_allowed` categories, and messages
    about an issue where `allow_about_issue`, are allowed before any rule or fact is looked at.

    `expects` names the sources that must have been read to their end once before marketing may go out.
    """

    @classmethod
    def of(cls, rules: RuleSet) -> Self:
        """The policy that lays down what this rule set does."""
        return cls.model_construct(rules.model_fields_set, **dict(rules))

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
    def starter(cls, **parameters: Unpack[StarterParameters]) -> Self:
        """The policy that needs no configuration; every number and set in it is a parameter, see `Starter`.

        Raises:
            PolicyInvalid: a parameter is not known or has a value that it cannot have.
        """
        from alignkit.rules.presets.starter import Starter

        try:
            return cls.of(Starter.model_validate(parameters).rule_set())
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
        return documents.write_toml(self.as_tree())

    def to_json(self) -> str:
        """The policy as JSON that `from_json` reads back as an equal policy."""
        return json.dumps(self.as_tree(), ensure_ascii=False, indent=2) + "\n"

    def compile(self) -> Compiled:
        """The policy as a function of facts, message and now (microseconds since 1970, UTC); built once."""
        return self._compiled

    def decide(
        self,
        facts: Facts,
        message: Message,
        now: datetime,
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
        if as_of is None and not stale and not incomplete and now.tzinfo is UTC:
            # What nearly everybody asks, in as few frames as will do.
            compiled, since = self._compiled, now - EPOCH
            instant = since.days * _DAY + since.seconds * 1_000_000 + since.microseconds
            decision = Decision()
            decision.evaluation = compiled.evaluate(facts, message, instant)
            decision.compiled = compiled
            decision.facts = facts
            decision.message = message
            decision.decided_at = now
            decision.view = None
            decision.is_withheld = False
            return decision
        return decide(
            self._compiled, facts, message, now, as_of=as_of, stale=tuple(stale), incomplete=tuple(incomplete)
        )

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
        return withhold(self.compile(), message, now, error, customer=customer)

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
