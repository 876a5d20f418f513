"""The benchmark's policy as somebody in a hurry for speed would write it by hand, with the same answers."""

from __future__ import annotations

from alignkit.models import Message
from alignkit.rules import Facts
from alignkit.rules.facts import IssueFacts

HOUR = 3_600_000_000
DAY = 24 * HOUR

Answer = tuple[str, str | None, tuple[str, ...], tuple[str, ...]]
"""Verdict, outcome, the rules that matched in order, and what they matched, sorted and without repeats."""

_SEND: Answer = ("send", None, (), ())
_OPEN = frozenset({"new", "open", "waiting_on_customer", "snoozed"})
_SERIOUS = frozenset({"high", "urgent"})
_RESOLVED = frozenset({"resolved", "closed"})
_WRITTEN = frozenset({"email", "sms"})


def decide(facts: Facts, message: Message, now: int) -> Answer:
    """Whether the message may go out, by rules R0 to R6."""
    if message.category == "transactional":
        return _SEND
    rules: list[str] = []
    evidence: list[str] = []
    if facts.holds:
        held = [
            hold.ref
            for hold in facts.holds
            if hold.kind == "manual" and hold.opened_at <= now and (hold.ends_at is None or hold.ends_at > now)
        ]
        if held:
            rules.append("r1")
            evidence += held
    if facts.issues:
        _look_at_issues(facts.issues, message, now - 72 * HOUR, rules, evidence)
    if facts.signals:
        week_ago = now - 7 * DAY
        negative = [each.thing for each in facts.signals if each.polarity == "negative" and each.at > week_ago]
        if len(negative) >= 3:
            rules.append("r5")
            evidence += negative
    if facts.surveys and message.channel in _WRITTEN:
        last = None
        for answer in facts.surveys:
            if answer.kind == "nps" and (last is None or answer.at > last.at):
                last = answer
        if last is not None and last.at > now - 30 * DAY and last.score <= 6:
            rules.append("r6")
            evidence.append(last.ref)
    if not rules:
        return _SEND
    return ("suppress", "defer", tuple(rules), tuple(sorted(set(evidence))))


def _look_at_issues(
    issues: list[IssueFacts], message: Message, recently: int, rules: list[str], evidence: list[str]
) -> None:
    is_serious = is_about_product = is_recent = False
    for issue in issues:
        if issue.status in _OPEN:
            matches = False
            if issue.priority in _SERIOUS:
                is_serious = matches = True
            if not issue.products or not set(issue.products).isdisjoint(message.product_refs):
                is_about_product = matches = True
            if matches:
                evidence.append(issue.ref)
        elif (
            issue.status in _RESOLVED
            and issue.rating != "good"
            and issue.resolved_at is not None
            and issue.resolved_at > recently
        ):
            is_recent = True
            evidence.append(issue.ref)
    if is_serious:
        rules.append("r2")
    if is_about_product:
        rules.append("r3")
    if is_recent:
        rules.append("r4")
