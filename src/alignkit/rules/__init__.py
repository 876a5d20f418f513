"""May this message go out? Policies as data, and decisions that are pure functions of facts, message and now."""

from __future__ import annotations

from alignkit.rules.compiler import Compiled, Evaluation
from alignkit.rules.decision import Decision
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import Stale, View
from alignkit.rules.policy import Effect, Freshness, Mode, OnUnknown, Policy, Rule, WhenStale

__all__ = [
    "Compiled",
    "Decision",
    "Effect",
    "Evaluation",
    "Facts",
    "Freshness",
    "Mode",
    "OnUnknown",
    "Policy",
    "Rule",
    "Stale",
    "View",
    "WhenStale",
]
