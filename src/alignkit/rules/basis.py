"""What a decision was made from, asked again about other instants and other facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from alignkit.models.marketing import Message
from alignkit.models.times import MICROSECOND
from alignkit.models.vocabulary import Verdict
from alignkit.rules.citation import reference
from alignkit.rules.closures import rows_of
from alignkit.rules.compiler import Compiled, CompiledRule
from alignkit.rules.evaluation import Evaluation
from alignkit.rules.facts import Facts
from alignkit.rules.fields import PARTS, ROW_FIELDS
from alignkit.rules.lookback import MEMORY
from alignkit.rules.wording import LAST_INSTANT, nearest_moment

HORIZON = timedelta(days=3653)
"""`until` and `recheck_at` look this far ahead: ten years."""


class Basis(NamedTuple):
    """A compiled policy, the facts about one customer, and a message; instants are microseconds since 1970, UTC."""

    compiled: Compiled
    facts: Facts
    message: Message

    def evaluate(self, now: int) -> Evaluation:
        """What the rules say at an instant."""
        return self.compiled.evaluate(self.facts, self.message, now)

    def change(self, now: int, *, verdict_alone: bool) -> datetime | None:
        """The earliest instant after now at which the verdict, or anything at all, changes; None within ten years."""
        end = min(now + HORIZON // MICROSECOND, LAST_INSTANT)
        before = self.evaluate(now)
        for at in self.compiled.news(self.facts, self.message, now, end):
            after = self.evaluate(at)
            if after.verdict is not before.verdict or (after != before and not verdict_alone):
                return nearest_moment(at)
        return None

    def ended(self, now: int) -> tuple[datetime, Evaluation] | None:
        """The last hold that time alone has ended, with what it was; None where there is none to tell of."""
        since = now - MEMORY
        for at in reversed(list(self.compiled.boundaries(self.facts, self.message, since, now))):
            before = self.evaluate(at - 1)
            if before.verdict is Verdict.SUPPRESS:
                return nearest_moment(at), before
        return None

    def rules(self) -> list[CompiledRule]:
        """The rules that govern the message, by id."""
        plan = self.compiled.plan(self.message)
        return [] if plan is None else sorted(plan.rules, key=lambda rule: rule.id)

    def without(self, cited: str) -> Basis:
        """The same without every row that is cited under this reference."""
        kept: dict[str, Any] = {
            name: [row for row in rows if reference(name, row) != cited]
            for name in ROW_FIELDS
            if name not in PARTS and (rows := rows_of(self.facts, name))
        }
        return self._replace(facts=replace(self.facts, **kept))
