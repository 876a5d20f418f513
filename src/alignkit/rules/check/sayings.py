"""Looks for rules that say something else than they do: a count of what went out, a reason that names what is cited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from string import Formatter

from alignkit.rules.check.finding import Fault, Finding
from alignkit.rules.check.probe import Probe, example
from alignkit.rules.check.search import Case
from alignkit.rules.conditions import (
    AllOf,
    AnyOf,
    AnyRow,
    Condition,
    CountRows,
    LatestRow,
    PluginTest,
)
from alignkit.rules.policy import Rule
from alignkit.rules.structure import row_tests_in


def unsent(probe: Probe) -> Iterator[Finding]:
    """Rules that hold because of messages that never went out, and do not ask whether they did."""
    for rule in probe.policy.rules:
        case = None if _asks_for_status(rule.when) else probe.case_of(rule).case
        if case is None or not case.facts.sends:
            continue
        held = case._replace(facts=replace(case.facts, sends=[replace(one, status="held") for one in case.facts.sends]))
        none = case._replace(facts=replace(case.facts, sends=[]))
        if rule.id in probe.holding(held) and rule.id not in probe.holding(none):
            yield Finding(
                Fault.COUNTS_UNSENT,
                rule.id,
                f"`{rule.id}` counts messages that never went out: those that were held, dropped or failed as well",
                'add `{ field = "status", equals = "sent" }` to its `where`',
                example(held, f"`{rule.id}` holds because of messages that were held back"),
            )


def _asks_for_status(when: Condition) -> bool:
    """Whether a condition says anywhere which messages it means, or looks at none."""
    looks = [each for each in _citing(when) if not isinstance(each, PluginTest) and each.collection == "sends"]
    return all(any(test.field == "status" for test in row_tests_in(each)) for each in looks)


def reasonless(probe: Probe) -> Iterator[Finding]:
    """Rules whose reason names what they hold because of, while they hold because of nothing on record."""
    for rule in probe.policy.rules:
        named = sorted({name for _, name, _, _ in Formatter().parse(rule.reason) if name})
        case = probe.case_of(rule).case if named and not list(_citing(rule.when)) else None
        if case is not None:
            words = " and ".join(f"`{{{name}}}`" for name in named)
            yield Finding(
                Fault.EMPTY_REASON,
                rule.id,
                f"the reason of `{rule.id}` names {words}, and nothing on record is what makes the rule hold",
                f"leave {words} out of its reason",
                example(case, f"its reason reads: {_reason(probe, rule, case)}"),
            )


def _reason(probe: Probe, rule: Rule, case: Case) -> str:
    [trace] = [each for each in probe.decide(case).trace() if each.rule == rule.id]
    return trace.reason


def _citing(when: Condition) -> Iterator[AnyRow | CountRows | LatestRow | PluginTest]:
    """The conditions inside that can cite something."""
    match when:
        case AnyRow() | CountRows() | LatestRow() | PluginTest():
            yield when
        case AllOf():
            for each in when.all_of:
                yield from _citing(each)
        case AnyOf():
            for each in when.any_of:
                yield from _citing(each)
        case _:
            pass
