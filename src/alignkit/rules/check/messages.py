"""Looks at kinds of messages: which no rule can hold back, and which one could that must go out."""

from __future__ import annotations

from collections.abc import Iterator

from alignkit.models.marketing import Message
from alignkit.models.vocabulary import Category, Channel, Verdict
from alignkit.rules.check.cells import answer, ask
from alignkit.rules.check.claims import EVERYTHING, Claim, Claims, Told, message_is
from alignkit.rules.check.finding import Fault, Finding
from alignkit.rules.check.formula import Every, Leaf, truth
from alignkit.rules.check.probe import Probe, example
from alignkit.rules.check.search import Case, find
from alignkit.rules.conditions import MessageTest
from alignkit.rules.examples import make_row
from alignkit.rules.facts import Facts
from alignkit.rules.policy import Effect, Rule

MUST_GO_OUT = (Category.TRANSACTIONAL, Category.LEGAL, Category.SERVICE_NOTICE, Category.RECOVERY)
"""What a customer must get, whatever else is going on: receipts, notices, and the apology itself."""


def ungoverned(probe: Probe) -> Iterator[Finding]:
    """Categories that no rule can hold back on some channel."""
    for category in Category:
        if category in probe.policy.always_allowed:
            continue
        channels = [channel for channel in Channel if not _is_governed(probe, category, channel)]
        if channels:
            yield _ungoverned(probe, category, channels)


def _is_governed(probe: Probe, category: Category, channel: Channel) -> bool:
    return any(_could_hold(probe, rule, category, channel) for rule in probe.rules(Effect.SUPPRESS))


def _could_hold(probe: Probe, rule: Rule, category: Category, channel: Channel) -> bool:
    """Whether a rule may be about such messages, as far as they are all that is known."""
    kind = {"category": category.value, "channel": channel.value}

    def said(claim: Claim) -> bool | None:
        if isinstance(claim, Told) and claim.of == "message" and claim.asked.name in kind:
            return answer(claim.asked, kind[claim.asked.name], probe.terms.now)
        return None

    return truth(probe.claims(rule), said) is not False


def _ungoverned(probe: Probe, category: Category, channels: list[Channel]) -> Finding:
    where = "" if len(channels) == len(Channel) else f" on {', '.join(channels)}"
    case = Case(trouble(probe.terms.now), Message(category=category, channel=channels[0]), probe.terms.now)
    return Finding(
        Fault.UNGOVERNED,
        None,
        f"no rule can hold back {category.replace('_', ' ')} messages{where}",
        f"name `{category}` among the categories of a rule that suppresses, or among `always_allowed`",
        example(case, "everything is wrong that can be, and the message goes out"),
    )


def trouble(now: int) -> Facts:
    """A customer with every kind of trouble."""
    serious = {"type": "complaint", "priority": "urgent", "severity": "critical", "reason": "outage"}
    return Facts(
        customer="example",
        bucketing_id="example",
        issues=[make_row("issues", now, serious)],
        account_issues=[make_row("account_issues", now, serious)],
        signals=[make_row("signals", now, {}, number) for number in (1, 2, 3)],
        surveys=[make_row("surveys", now, {})],
        posts=[make_row("posts", now, {})],
        sends=[make_row("sends", now, {}, number) for number in (1, 2, 3)],
        holds=[make_row("holds", now, {})],
    )


def blocked(probe: Probe) -> Iterator[Finding]:
    """Messages that a customer must get and that a rule could hold back."""
    governed = [category for category in MUST_GO_OUT if category not in probe.policy.always_allowed]
    for rule in probe.rules(Effect.SUPPRESS):
        for category in governed:
            case = _suppressed(probe, rule, message_is("category", (category,)), is_about_issue=False)
            if case is not None:
                what = f"{category.replace('_', ' ')} messages"
                yield _blocked(rule, what, f"put `{category}` among `always_allowed`", case)
        if not probe.policy.allow_about_issue:
            case = _suppressed(probe, rule, EVERYTHING, is_about_issue=True)
            if case is not None:
                yield _blocked(rule, "messages about an issue itself", "set `allow_about_issue` to true", case)


def _suppressed(probe: Probe, rule: Rule, messages: Claims, *, is_about_issue: bool) -> Case | None:
    """Facts on which the rule suppresses such a message."""
    about = ask("about_issue", MessageTest(message="about_issue", is_unset=not is_about_issue))
    return find(
        Every((messages, Leaf(Told("message", about)), probe.claims(rule))),
        probe.terms,
        lambda case: rule.id in (decision := probe.decide(case)).rules and decision.verdict is Verdict.SUPPRESS,
    ).case


def _blocked(rule: Rule, what: str, remedy: str, case: Case) -> Finding:
    return Finding(
        Fault.BLOCKED,
        rule.id,
        f"`{rule.id}` could hold back {what}, which a customer must get",
        remedy,
        example(case, f"a message that must go out is suppressed by `{rule.id}`"),
    )
