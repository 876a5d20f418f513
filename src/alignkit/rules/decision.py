"""A decision: whether one message may go out to one customer now, why, and until when that stays so."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from alignkit.errors import DataInvalid
from alignkit.models.base import in_utc
from alignkit.models.events import microseconds
from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules.compiler import ALLOWED, Compiled, Evaluation, Plan, fault_of
from alignkit.rules.durations import spell_duration
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import Stale, View, must_wait
from alignkit.rules.wording import LAST_INSTANT, fill, moment_of, spell_day, spell_moment

HORIZON = timedelta(days=3653)
"""`until` and `recheck_at` look this far ahead: ten years."""

MEMORY = timedelta(days=30)
"""`explain` tells of a hold that has ended within this time."""

_OPENINGS = {
    Outcome.DEFER: "hold",
    Outcome.REVIEW: "hold for a person to look at",
    Outcome.DROP: "hold and drop",
    Outcome.SWAP: "hold and send the substitute",
}
_MICROSECOND = timedelta(microseconds=1)


class Basis(NamedTuple):
    """What a decision was made from."""

    compiled: Compiled
    facts: Facts
    message: Message


class _Unknown:
    """Not computed yet."""


_UNKNOWN = _Unknown()


@dataclass(slots=True, repr=False)
class Decision:
    """Whether one message may go out, and why. Treat it as read-only.

    Attributes:
        verdict: `send` or `suppress`.
        policy: the digest of the policy.
        policy_name: its name.
        scope: the scope of the message.
        decided_at: the instant that was asked about.
        decided_as_of: the instant up to which facts were trusted; before `decided_at` where a source is stale.
        outcome: what should become of the message; None where it may go out.
        rules: ids of the rules that decided, sorted.
        notes: ids of the rules that report something and decide nothing, sorted.
        evidence: references (`source/type/id`) of what the rules in `rules` and `notes` hold because of, sorted.
        errors: what could not be evaluated or read, in sentences without data.
        stale: sources that were last read longer ago than their budget.
        incomplete: sources that were expected and have never been read to their end.
        customer: the store's id of the customer, None for somebody unknown.
        basis: what the decision was made from, None where facts could not be had.
    """

    verdict: Verdict
    policy: str
    policy_name: str
    scope: str
    decided_at: datetime
    decided_as_of: datetime
    outcome: Outcome | None = None
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    stale: tuple[Stale, ...] = ()
    incomplete: tuple[str, ...] = ()
    customer: str | None = None
    basis: Basis | None = field(default=None, compare=False)
    _until: datetime | _Unknown | None = field(default=_UNKNOWN, init=False, compare=False)
    _recheck_at: datetime | _Unknown | None = field(default=_UNKNOWN, init=False, compare=False)

    def __repr__(self) -> str:
        outcome = f" {self.outcome}" if self.outcome else ""
        return f"<Decision {self.verdict}{outcome}: {', '.join(self.rules) or 'no rule'}>"

    @property
    def until(self) -> datetime | None:
        """The earliest instant after now at which the verdict changes with the same facts; None within ten years.

        It changes exactly there. Freshness is outside: while the decision rests on a stale or incomplete source,
        nothing but reading that source changes it, and the answer is None.
        """
        if isinstance(self._until, _Unknown):
            self._until = self._change(verdict_alone=True)
        return self._until

    @property
    def recheck_at(self) -> datetime | None:
        """The earliest instant after now at which anything in the decision changes with the same facts, or None."""
        if isinstance(self._recheck_at, _Unknown):
            self._recheck_at = self._change(verdict_alone=False)
        return self._recheck_at

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each of `rules`, then one for each of `notes`."""
        if self.basis is None:
            return ()
        compiled, facts, message = self.basis
        as_of = microseconds(self.decided_as_of)
        return tuple(
            fault_of(rule)
            if fault_of(rule) in self.errors
            else fill(compiled.reason(rule), compiled.cite(rule, facts, message, as_of), self.decided_at)
            for rule in (*self.rules, *self.notes)
        )

    def _change(self, *, verdict_alone: bool) -> datetime | None:
        if self.basis is None or self._is_blind:
            return None
        compiled, facts, message = self.basis
        now = microseconds(self.decided_at)
        end = min(now + HORIZON // _MICROSECOND, LAST_INSTANT)
        before = compiled(facts, message, now)
        for at in compiled.boundaries(facts, message, now, end):
            after = compiled(facts, message, at)
            if after.verdict is not before.verdict or (after != before and not verdict_alone):
                return moment_of(at)
        return None

    @property
    def _is_blind(self) -> bool:
        """Whether time alone cannot change the decision, for it rests on what has not been read."""
        return self.decided_as_of != self.decided_at or self._waits_for_sources

    @property
    def _waits_for_sources(self) -> bool:
        if self.basis is None:
            return False
        plan = self.basis.compiled.plan(self.basis.message)
        return plan is not None and must_wait(plan.freshness, self.stale, self.incomplete)

    def explain(self) -> str:
        """The decision in one sentence for a marketer."""
        reasons = self.reasons
        because, notes = list(reasons[: len(self.rules)]), reasons[len(self.rules) :]
        remarks = [error for error in self.errors if error not in because]
        (because if self._waits_for_sources else remarks).extend(self._blind_spots())
        if self.verdict is Verdict.SUPPRESS:
            text = f"{_OPENINGS[self.outcome or Outcome.DEFER]}: {'; also, '.join(because or remarks)}{self._end()}"
            remarks = remarks if because else []
        else:
            text = f"send: {'; '.join(because) or self._why_sent()}"
        if self.decided_as_of != self.decided_at:
            remarks.append(f"decided as of {spell_moment(self.decided_as_of, self.decided_at)}")
        aside = "; ".join((*remarks, *notes))
        return f"{text} (note: {aside})" if aside else text

    def _end(self) -> str:
        until = self.until
        return f"; unless something changes, it may go on {spell_moment(until, self.decided_at)}" if until else ""

    def _why_sent(self) -> str:
        if self.basis is None:
            return "such messages are always allowed"
        compiled, _, message = self.basis
        if message.category in compiled.policy.always_allowed:
            return f"{message.category.replace('_', ' ')} messages are always allowed"
        if compiled.policy.always_allows(message):
            return "a message about an issue itself is always allowed"
        if ended := self._ended(self.basis):
            at, hold = ended
            causes = ", ".join((*hold.rules, *hold.evidence))
            return f"no hold is in force; the last one ({causes}) ended on {spell_day(at, self.decided_at)}"
        return "nothing that is known speaks against it"

    def _ended(self, basis: Basis) -> tuple[datetime, Evaluation] | None:
        """The last hold that time alone has ended, with what it was; None where there is none to tell of."""
        compiled, facts, message = basis
        now = microseconds(self.decided_as_of)
        for at in reversed(list(compiled.boundaries(facts, message, now - MEMORY // _MICROSECOND, now))):
            before = compiled(facts, message, at - 1)
            if before.verdict is Verdict.SUPPRESS:
                return moment_of(at), before
        return None

    def _blind_spots(self) -> list[str]:
        return [
            *(
                f"{each.source} has not been read for {spell_duration(self.decided_at - each.read_at)}"
                for each in self.stale
            ),
            *(f"{source} has never been read to its end" for source in self.incomplete),
        ]

    def to_dict(self) -> dict[str, Any]:
        """The decision as plain values; equal decisions from equal facts give equal values."""
        return {
            "verdict": self.verdict.value,
            "outcome": self.outcome.value if self.outcome else None,
            "rules": list(self.rules),
            "notes": list(self.notes),
            "evidence": list(self.evidence),
            "reasons": list(self.reasons),
            "stale": [{"source": each.source, "read_at": _text(each.read_at)} for each in self.stale],
            "incomplete": list(self.incomplete),
            "errors": list(self.errors),
            "policy": self.policy,
            "policy_name": self.policy_name,
            "scope": self.scope,
            "customer": self.customer,
            "decided_at": _text(self.decided_at),
            "decided_as_of": _text(self.decided_as_of),
            "until": _text(self.until),
            "recheck_at": _text(self.recheck_at),
            "explanation": self.explain(),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON on one line, the same bytes for the same decision."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else in_utc(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


def decide(
    compiled: Compiled,
    facts: Facts,
    message: Message,
    now: datetime,
    *,
    as_of: datetime | None = None,
    stale: tuple[Stale, ...] = (),
    incomplete: tuple[str, ...] = (),
) -> Decision:
    """See `Policy.decide`."""
    decided_at = _aware(now, "now")
    trusted = decided_at if as_of is None else min(decided_at, _aware(as_of, "as_of"))
    view = View(trusted, stale, incomplete)
    return settle(Basis(compiled, facts, message), compiled.plan(message), decided_at, view)


def settle(basis: Basis, plan: Plan | None, now: datetime, view: View) -> Decision:
    """The decision by what the policy lays down for the message; `now` and the view are in UTC."""
    compiled, facts, message = basis
    trusted, stale, incomplete = view
    if plan is None:
        evaluation, trusted, stale, incomplete = ALLOWED, now, (), ()
    else:
        evaluation = plan.evaluate(facts, message, microseconds(trusted))
        if evaluation.verdict is Verdict.SEND and must_wait(plan.freshness, stale, incomplete):
            evaluation = evaluation._replace(verdict=Verdict.SUPPRESS, outcome=Outcome.DEFER, rules=(), evidence=())
    verdict, outcome, rules, notes, evidence, errors = evaluation
    # By position: fifteen names would take longer to match than the rules of most policies to evaluate.
    return Decision(
        verdict,
        compiled.digest,
        compiled.policy.name,
        message.scope,
        now,
        trusted,
        outcome,
        rules,
        notes,
        evidence,
        errors,
        stale,
        incomplete,
        facts.customer,
        basis,
    )


def withhold(
    compiled: Compiled, message: Message, now: datetime, error: str, *, customer: str | None = None
) -> Decision:
    """See `Policy.withhold`."""
    decided_at = _aware(now, "now")
    policy = compiled.policy
    allowed = policy.always_allows(message)
    return Decision(
        verdict=Verdict.SEND if allowed else Verdict.SUPPRESS,
        outcome=None if allowed else Outcome.DEFER,
        errors=(error,),
        policy=compiled.digest,
        policy_name=policy.name,
        scope=message.scope,
        decided_at=decided_at,
        decided_as_of=decided_at,
        customer=customer,
    )


def _aware(moment: datetime, name: str) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise DataInvalid(f"`{name}` has no time zone; pass an aware time, such as `datetime.now(UTC)`")
    return in_utc(moment)
