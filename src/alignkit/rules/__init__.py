"""May this message go out? Policies as data, and decisions that are pure functions of facts, message and now."""

from __future__ import annotations

from alignkit.rules.compiler import Compiled
from alignkit.rules.decision import Decision
from alignkit.rules.evaluation import Evaluation
from alignkit.rules.explanation import Cause, ConditionTrace, RuleTrace, Trial
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import Stale, View
from alignkit.rules.plugins import ConditionPlugin
from alignkit.rules.policy import Policy
from alignkit.rules.policy_file import PolicyFile
from alignkit.rules.ruleset import Effect, Freshness, Mode, OnUnknown, Rule, RuleSet, WhenStale

__all__ = [
    "Cause",
    "Compiled",
    "ConditionPlugin",
    "ConditionTrace",
    "Decision",
    "Effect",
    "Evaluation",
    "Facts",
    "Freshness",
    "Mode",
    "OnUnknown",
    "Policy",
    "PolicyFile",
    "Rule",
    "RuleSet",
    "RuleTrace",
    "Stale",
    "Trial",
    "View",
    "WhenStale",
]
