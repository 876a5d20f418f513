"""The commands that ask: `decide` for one message, and `explain` for everything behind the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from alignkit import identity
from alignkit.cli.command import (
    MessageCampaign,
    MessageCategory,
    MessageChannel,
    MessageName,
    Now,
    Person,
    Session,
    command,
    ended,
)
from alignkit.cli.exits import Exit
from alignkit.cli.output import age, moment
from alignkit.gate import Gate
from alignkit.models import Message, Verdict
from alignkit.models.times import stamp
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts, IssueFacts
from alignkit.rules.policy import Policy
from alignkit.rules.wording import nearest_moment
from alignkit.stores.records import SourceState

_NEEDS = frozenset({"issues", "surveys", "holds", "sends"})
_STYLES = {Verdict.SEND: "bold green", Verdict.SUPPRESS: "bold yellow"}


def decide(
    session: Session,
    who: Person,
    message: MessageName = None,
    category: MessageCategory = None,
    channel: MessageChannel = None,
    campaign: MessageCampaign = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help=f"End with {Exit.SUPPRESS.value} where the answer is suppress.")
    ] = False,
    now: Now = None,
) -> None:
    """Say whether a message may go to a person now, why, and until when that stays so."""
    wanted = session.message(message, category, channel, campaign)
    decision = Gate(session.store, session.settings.policy()).decide(who, wanted, now=now)
    session.output.row("decision", **decision.to_dict())
    _tell_decision(session, decision)
    if exit_code and decision.verdict is Verdict.SUPPRESS:
        raise ended(Exit.SUPPRESS)


def _tell_decision(session: Session, decision: Decision) -> None:
    verdict = Text(decision.verdict.value, style=_STYLES[decision.verdict])
    until = f"  until {moment(decision.until)} UTC, unless something changes" if decision.until else ""
    session.output.show(verdict + Text(until))
    session.output.say(decision.explain())


def explain(
    session: Session,
    who: Person,
    message: MessageName = None,
    category: MessageCategory = None,
    channel: MessageChannel = None,
    campaign: MessageCampaign = None,
    now: Now = None,
) -> None:
    """Show everything behind a decision: rules, evidence, open issues, holds, and how fresh the sources are."""
    wanted = session.message(message, category, channel, campaign)
    at = now or datetime.now(UTC)
    policy = session.settings.policy()
    decision = Gate(session.store, policy).decide(who, wanted, now=at)
    facts = session.store.facts(identity.identifier(who), _NEEDS)
    issues = [issue for issue in facts.issues if issue.active is not False]
    sources = session.store.sources()
    session.output.row(
        "explanation",
        **decision.to_dict(),
        why=_whys(policy, decision),
        open_issues=[_issue_fields(issue) for issue in issues],
        sources=[{"name": one.name, "read_at": stamp(one.read_at), "is_complete": one.is_complete} for one in sources],
    )
    _tell_decision(session, decision)
    _tell_rules(session, policy, decision, wanted)
    _tell_evidence(session, decision, facts, issues)
    _tell_sources(session, sources, at)


def _whys(policy: Policy, decision: Decision) -> dict[str, str]:
    named = {*decision.rules, *decision.notes}
    return {rule.id: rule.why for rule in policy.rules if rule.id in named}


def _tell_rules(session: Session, policy: Policy, decision: Decision, message: Message) -> None:
    why = _whys(policy, decision)
    decisive = len(decision.rules)
    rows = [
        (rule, "decides" if place < decisive else "notes", reason, why.get(rule, ""))
        for place, (rule, reason) in enumerate(zip((*decision.rules, *decision.notes), decision.reasons, strict=False))
    ]
    session.output.table("Rules", ("rule", "", "what it says", "why there is such a rule"), rows)
    ends = [
        ("message", message.scope),
        ("policy", f"{decision.policy_name} ({decision.policy[:12]})"),
        ("what becomes of the message", decision.outcome.value if decision.outcome else "it goes out"),
        ("the answer changes", _in_utc(decision.until) or "not by time alone"),
        ("ask again", _in_utc(decision.recheck_at) or "when something is read that is new"),
        ("decided as of", _in_utc(decision.decided_as_of)),
        *(("not evaluated", error) for error in decision.errors),
    ]
    session.output.table("Decision", ("", ""), ends)


def _in_utc(at: datetime | None) -> str:
    return f"{moment(at)} UTC" if at else ""


def _tell_evidence(session: Session, decision: Decision, facts: Facts, issues: list[IssueFacts]) -> None:
    output = session.output
    output.table("Evidence", ("record",), [(one,) for one in decision.evidence])
    rows = [
        (
            issue.ref,
            issue.status.replace("_", " ") + (f" ({issue.status_raw})" if issue.active is None else ""),
            issue.priority,
            moment(nearest_moment(issue.first_active_at if issue.first_active_at is not None else issue.created_at)),
            f"no: {issue.excluded}" if issue.excluded else "yes",
        )
        for issue in issues
    ]
    output.table("Open issues", ("issue", "status", "priority", "since (UTC)", "counts"), rows)
    holds = [
        (
            hold.ref.rpartition("/")[2],
            hold.kind,
            hold.reason,
            moment(_when(hold.opened_at)),
            moment(_when(hold.ends_at)),
        )
        for hold in facts.holds
    ]
    output.table("Holds", ("hold", "kind", "reason", "since (UTC)", "until (UTC)"), holds)
    if facts.customer is None:
        output.say("nobody with this identifier is known\n")


def _when(instant: int | None) -> datetime | None:
    return None if instant is None else nearest_moment(instant)


def _tell_sources(session: Session, sources: list[SourceState], now: datetime) -> None:
    rows = [
        (one.name, moment(one.read_at), age(one.read_at, now), "yes" if one.is_complete else "no") for one in sources
    ]
    session.output.table("Sources", ("source", "read until (UTC)", "", "read to its end"), rows)


def _issue_fields(issue: IssueFacts) -> dict[str, Any]:
    return {
        "ref": issue.ref,
        "status": str(issue.status),
        "status_raw": issue.status_raw,
        "priority": str(issue.priority),
        "created_at": stamp(nearest_moment(issue.created_at)),
        "first_active_at": stamp(_when(issue.first_active_at)),
        "excluded": issue.excluded,
    }


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "decide")(decide)
    command(app, "explain")(explain)
