"""A decision: whether one message may go out to one customer now, why, and until when that stays so."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignkit.models.marketing import Message
from alignkit.models.times import aware, in_utc, microseconds
from alignkit.models.vocabulary import Outcome, Verdict
from alignkit.rules import explanation
from alignkit.rules.basis import Basis
from alignkit.rules.compiler import Compiled, Plan
from alignkit.rules.durations import spell_duration
from alignkit.rules.evaluation import ALLOWED, Evaluation
from alignkit.rules.explanation import Cause, RuleTrace, Trial
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import Stale, View, must_wait, waiting
from alignkit.rules.wording import spell_moment

__all__ = ["Basis", "Cause", "Decision", "RuleTrace", "Trial", "decide", "settle", "withhold"]

_OPENINGS = {
    Outcome.DEFER: "hold",
    Outcome.REVIEW: "hold for a person to look at",
    Outcome.DROP: "hold and drop",
    Outcome.SWAP: "hold and send the substitute",
}
_FINAL = (Outcome.DROP, Outcome.SWAP)


@dataclass(slots=True, repr=False, eq=False, init=False)
class Decision:
    """Whether one message may go out, and why. Treat it as read-only.

    It keeps what it was made from, and tells what else follows from that when it is asked. It is made empty and then
    filled in: a constructor would take twice as long.

    Attributes:
        evaluation: what follows from the rules, and from what has not been read.
        compiled: the policy.
        facts: what was known of the customer.
        message: what somebody would like to send.
        decided_at: the instant that was asked about.
        view: how far facts could be trusted; None where they are of `decided_at` itself.
        is_withheld: facts could not be had, and `facts` says no more than who the customer is.
    """

    evaluation: Evaluation
    compiled: Compiled
    facts: Facts
    message: Message
    decided_at: datetime
    view: View | None
    is_withheld: bool
    # Set when they are first asked for, so that a decision of which nobody asks them does not pay for them.
    _until: datetime | None = field(init=False)
    _recheck_at: datetime | None = field(init=False)

    def __repr__(self) -> str:
        outcome = f" {self.outcome}" if self.outcome else ""
        return f"<Decision {self.verdict}{outcome}: {', '.join(self.rules) or 'no rule'}>"

    def __eq__(self, other: object) -> bool:
        return self._told == other._told if isinstance(other, Decision) else NotImplemented

    @property
    def _told(self) -> tuple[object, ...]:
        when = (self.decided_at, self.decided_as_of)
        return (
            self.evaluation,
            self.policy,
            self.policy_name,
            self.scope,
            when,
            self.stale,
            self.incomplete,
            self.customer,
        )

    @property
    def verdict(self) -> Verdict:
        """`send` or `suppress`."""
        return self.evaluation.verdict

    @property
    def outcome(self) -> Outcome | None:
        """What should become of the message; None where it may go out."""
        return self.evaluation.outcome

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that decided, sorted."""
        return self.evaluation.rules

    @property
    def notes(self) -> tuple[str, ...]:
        """Ids of the rules that report something and decide nothing, sorted."""
        return self.evaluation.notes

    @property
    def evidence(self) -> tuple[str, ...]:
        """References (`source/type/id`) of what the rules in `rules` and `notes` hold because of, sorted."""
        return self.evaluation.evidence

    @property
    def errors(self) -> tuple[str, ...]:
        """What could not be evaluated or read, in sentences without data."""
        plan = None if self.is_withheld else self.compiled.plan(self.message)
        unforeseen = () if plan is None else plan.moments.faults(self.facts, self.message, self._as_of)
        return (*self.evaluation.errors, *unforeseen)

    @property
    def policy(self) -> str:
        """The digest of the policy."""
        return self.compiled.digest

    @property
    def policy_name(self) -> str:
        """The name of the policy."""
        return self.compiled.policy.name

    @property
    def scope(self) -> str:
        """The scope of the message."""
        return self.message.scope

    @property
    def customer(self) -> str | None:
        """The store's id of the customer, None for somebody unknown."""
        return self.facts.customer

    @property
    def decided_as_of(self) -> datetime:
        """The instant up to which facts were trusted; before `decided_at` where a source is stale."""
        return self.decided_at if self.view is None else self.view.as_of

    @property
    def stale(self) -> tuple[Stale, ...]:
        """Sources that were last read longer ago than their budget."""
        return () if self.view is None else self.view.stale

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Sources that were expected and have never been read to their end."""
        return () if self.view is None else self.view.incomplete

    @property
    def relevance(self) -> timedelta | None:
        """How long a deferred message is worth sending, from when it was first held; None where no rule says."""
        rules = [self.compiled.rule(id).rule for id in self.rules] if self.outcome is Outcome.DEFER else []
        return min([rule.relevance for rule in rules if rule.relevance is not None], default=None)

    @property
    def substitute(self) -> str | None:
        """The caller's name of the message to send in the place of a swapped one; None where no rule says."""
        rules = [self.compiled.rule(id).rule for id in self.rules] if self.outcome is Outcome.SWAP else []
        return next((rule.substitute for rule in rules if rule.substitute is not None), None)

    @property
    def until(self) -> datetime | None:
        """The earliest instant after now at which the verdict changes with the same facts; None within ten years.

        It changes exactly there. Freshness is outside: while the decision rests on a stale or incomplete source,
        nothing but reading that source changes it, and the answer is None.
        """
        try:
            return self._until
        except AttributeError:
            self._until = self._change(verdict_alone=True)
            return self._until

    @property
    def recheck_at(self) -> datetime | None:
        """The earliest instant after now at which anything in the decision changes with the same facts, or None."""
        try:
            return self._recheck_at
        except AttributeError:
            self._recheck_at = self._change(verdict_alone=False)
            return self._recheck_at

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each of `rules`, then one for each of `notes`."""
        basis = self.basis
        return () if basis is None else explanation.reasons(basis, self.evaluation, self._as_of, self.decided_at)

    @property
    def basis(self) -> Basis | None:
        """What it was made from, None where facts could not be had."""
        return None if self.is_withheld else Basis(self.compiled, self.facts, self.message)

    def causes(self) -> tuple[Cause, ...]:
        """What would change this: for each thing in `evidence`, what would be decided without it.

        What must wait for sources waits with or without it.
        """
        basis = self.basis
        if basis is None:
            return ()
        return explanation.causes(basis, self.evaluation, self._as_of, must_wait=self._waits_for_sources)

    def trace(self) -> tuple[RuleTrace, ...]:
        """How each rule that governs the message was answered, by id, and each condition in it."""
        basis = self.basis
        return () if basis is None else explanation.traces(basis, self.evaluation, self._as_of, self.decided_at)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The holdouts that could have let the message through, and whether they have: what measures their effect."""
        basis = self.basis
        return () if basis is None else explanation.trials(basis, self._as_of)

    @property
    def _as_of(self) -> int:
        return microseconds(self.decided_as_of)

    def _change(self, *, verdict_alone: bool) -> datetime | None:
        basis = self.basis
        if basis is None or self._is_blind:
            return None
        return basis.change(microseconds(self.decided_at), verdict_alone=verdict_alone)

    @property
    def _is_blind(self) -> bool:
        """Whether time alone cannot change the decision, for it rests on what has not been read."""
        return self.decided_as_of != self.decided_at or self._waits_for_sources

    @property
    def _waits_for_sources(self) -> bool:
        plan = None if self.is_withheld else self.compiled.plan(self.message)
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
            why = "; ".join(because) or explanation.why_sent(self.basis, self._as_of, self.decided_at)
            text = f"send: {why}"
        if self.decided_as_of != self.decided_at:
            remarks.append(f"decided as of {spell_moment(self.decided_as_of, self.decided_at)}")
        aside = "; ".join((*remarks, *notes))
        return f"{text} (note: {aside})" if aside else text

    def _end(self) -> str:
        # A message that is dropped or swapped is done with; what time changes is about the next of its kind.
        what = "one like it" if self.outcome in _FINAL else "it"
        until = self.until
        return f"; unless something changes, {what} may go on {spell_moment(until, self.decided_at)}" if until else ""

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
            "relevance_seconds": self.relevance.total_seconds() if self.relevance is not None else None,
            "substitute": self.substitute,
            "rules": list(self.rules),
            "notes": list(self.notes),
            "evidence": list(self.evidence),
            "reasons": list(self.reasons),
            "trials": [trial._asdict() for trial in self.trials],
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
        return _json(self.to_dict())

    def trace_to_json(self) -> str:
        """`trace` and `causes` as JSON on one line, the same bytes for the same decision."""
        return _json(
            {"rules": [asdict(each) for each in self.trace()], "causes": [asdict(each) for each in self.causes()]}
        )


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


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
    decided_at = aware(now, "now")
    plan = compiled.plan(message)
    if as_of is None and not stale and not incomplete:
        return settle(compiled, plan, facts, message, decided_at)
    trusted = decided_at if as_of is None else min(decided_at, aware(as_of, "as_of"))
    return settle(compiled, plan, facts, message, decided_at, View(trusted, stale, incomplete))


def settle(
    compiled: Compiled, plan: Plan | None, facts: Facts, message: Message, now: datetime, view: View | None = None
) -> Decision:
    """The decision by what the policy lays down for the message; `now` and the view are in UTC.

    Without a view, all facts are of `now` and every source has been read.
    """
    decision = Decision()
    decision.compiled, decision.facts, decision.message = compiled, facts, message
    decision.decided_at, decision.is_withheld = now, False
    if plan is None:
        decision.evaluation, decision.view = ALLOWED, None
        return decision
    evaluation = plan.evaluate(facts, message, microseconds(now if view is None else view.as_of))
    if (
        view is not None
        and evaluation.verdict is Verdict.SEND
        and must_wait(plan.freshness, view.stale, view.incomplete)
    ):
        evaluation = waiting(evaluation)
    decision.evaluation, decision.view = evaluation, view
    return decision


def withhold(
    compiled: Compiled, message: Message, now: datetime, error: str, *, customer: str | None = None
) -> Decision:
    """See `Policy.withhold`."""
    decided_at = aware(now, "now")
    decision = settle(compiled, None, Facts(customer), message, decided_at)
    is_allowed = compiled.policy.always_allows(message)
    decision.evaluation = Evaluation(
        Verdict.SEND if is_allowed else Verdict.SUPPRESS, None if is_allowed else Outcome.DEFER, errors=(error,)
    )
    decision.is_withheld = True
    return decision
