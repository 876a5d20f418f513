"""Looks at rules with plugins, asked about many valid facts: can they be evaluated, and do they keep their word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from alignkit.rules.basis import HORIZON
from alignkit.rules.check.finding import Fault, Finding
from alignkit.rules.check.probe import NOON, Probe, example
from alignkit.rules.check.samples import sample_cases
from alignkit.rules.check.search import Case
from alignkit.rules.conditions import PluginTest
from alignkit.rules.leaves import whole_microseconds
from alignkit.rules.plugins import ConditionPlugin, change_after, make
from alignkit.rules.policy import Rule
from alignkit.rules.structure import conditions_in
from alignkit.rules.wording import nearest_moment, spell_moment

_SAMPLES = 200
_MOMENTS = 50
"""So many of the samples are asked again at other instants."""

_HORIZON = whole_microseconds(HORIZON)
_HOUR = 3_600_000_000
_AHEAD = (1, *(_HOUR * hours for hours in (*range(1, 48), *range(48, 24 * 60, 24), 24 * 366, 24 * 3653)))


class Broken(NamedTuple):
    """What a plugin does that it may not, and the example that shows it."""

    what: str
    shows: str
    case: Case


def failing(probe: Probe) -> Iterator[Finding]:
    """Rules that cannot be evaluated on valid facts, or whose plugins say something else than what they do."""
    rules = [rule for rule in probe.policy.rules if _plugins_of(rule)]
    cases = list(sample_cases([probe.policy], seed=0, number=_SAMPLES, now=NOON)) if rules else []
    for rule in rules:
        broken = _unanswered(probe, rule, cases) or _broken_word(rule, cases)
        if broken is not None:
            yield Finding(
                Fault.FAILS,
                rule.id,
                broken.what,
                "correct the plugin that its condition names, or remove the rule",
                example(broken.case, broken.shows),
            )


def _plugins_of(rule: Rule) -> list[PluginTest]:
    return [part for part in conditions_in(rule.when) if isinstance(part, PluginTest)]


def _unanswered(probe: Probe, rule: Rule, cases: list[Case]) -> Broken | None:
    case = next((case for case in cases if rule.id in probe.failing(case)), None)
    if case is None:
        return None
    return Broken(
        f"`{rule.id}` cannot be evaluated, so that messages wait that nothing speaks against",
        f"asked about these, `{rule.id}` cannot be evaluated",
        case,
    )


def _broken_word(rule: Rule, cases: list[Case]) -> Broken | None:
    """The first of the rule's plugins, and of the cases, where what it says of itself is not so."""
    for condition in _plugins_of(rule):
        plugin = make(condition.plugin, condition.options)
        for case in cases[:_MOMENTS]:
            what = _reasonless(plugin, case) or _unforeseen(plugin, case)
            if what is not None:
                shows = f"asked about these, `{condition.plugin}` {what}"
                return Broken(f"`{condition.plugin}`, which `{rule.id}` names, {what}", shows, case)
    return None


def _reasonless(plugin: ConditionPlugin, case: Case) -> str | None:
    """Whether it holds and cannot say because of what."""
    if not _answer(plugin, case):
        return None
    try:
        named: list[Any] = list(plugin.evidence(*case))
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return "cannot say what it holds because of"
    return None if all(isinstance(each, str) for each in named) else "holds because of something that is no text"


def _unforeseen(plugin: ConditionPlugin, case: Case) -> str | None:
    """Whether its answer changes before it says that it does, or it cannot say when."""
    try:
        change = change_after(plugin, *case)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return "cannot say when it changes"
    before = case.now + _HORIZON if change is None else change
    answer = _answer(plugin, case)
    for at in sorted({before - 1, *(case.now + span for span in _AHEAD)}):
        if at < before and _answer(plugin, case._replace(now=at)) is not answer:
            then = spell_moment(nearest_moment(at), nearest_moment(case.now))
            return f"changes by {then}, which it does not say"
    return None


def _answer(plugin: ConditionPlugin, case: Case) -> bool | None:
    try:
        return plugin.holds(*case)
    except Exception:  # noqa: BLE001 - no answer is one that can change as well
        return None
