"""Looks for what is wrong with a policy that reads well: rules that make no difference, holds without an end."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from alignkit.errors import DataInvalid
from alignkit.rules.check.alone import endless, never_holding, unproduced
from alignkit.rules.check.finding import Example, Fault, Finding
from alignkit.rules.check.messages import blocked, ungoverned
from alignkit.rules.check.plugins import failing
from alignkit.rules.check.probe import Probe
from alignkit.rules.check.sayings import reasonless, unsent
from alignkit.rules.check.together import cancelled, idle, repeated, shadowed
from alignkit.rules.policy import Policy

__all__ = ["Example", "Fault", "Finding", "check"]


def check(
    policy: Policy,
    *,
    statuses: Mapping[str, Collection[str]] | None = None,
    accept: Collection[str] = (),
) -> list[Finding]:
    """What is wrong with a policy; nothing where it can be put in force.

    A finding is proven: its example has been evaluated, and that something never happens follows from the conditions
    and from what valid facts can be. What cannot be decided either way is not reported.

    Args:
        policy: the policy.
        statuses: for each connected source, the statuses that its issues can have; a source that may have any of them
            has none here. Where it is not given, nothing is said about statuses.
        accept: findings to leave out, by the name of the fault or by `fault:rule`, such as `ungoverned` or
            `shadowed:my-rule`.

    Raises:
        DataInvalid: `accept` names a fault that there is not, or a rule that the policy has not.
    """
    for name in accept:
        _refuse_unknown(name, policy)
    probe = Probe(policy)
    found = [
        *never_holding(probe),
        *shadowed(probe),
        *repeated(probe),
        *cancelled(probe),
        *idle(probe),
        *endless(probe),
        *(unproduced(probe, _sets(statuses)) if statuses and all(statuses.values()) else ()),
        *ungoverned(probe),
        *blocked(probe),
        *failing(probe),
        *unsent(probe),
        *reasonless(probe),
    ]
    return [finding for finding in found if not {finding.fault.value, finding.name} & set(accept)]


def _refuse_unknown(name: str, policy: Policy) -> None:
    fault, told, rule = name.partition(":")
    if fault not in list(Fault):
        raise DataInvalid(f"there is no finding `{fault[:80]}` to accept; there are {', '.join(Fault)}")
    if told and all(rule != each.id for each in policy.rules):
        raise DataInvalid(f"`{policy.name}` has no rule `{rule[:80]}` of which `{fault}` could be accepted; correct it")


def _sets(statuses: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    return {source: frozenset(str(word) for word in words) for source, words in statuses.items()}
