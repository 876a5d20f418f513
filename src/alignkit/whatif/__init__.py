"""What a policy would do, before it does it: tests as data, comparisons, replays of history, and a way to roll out."""

from __future__ import annotations

from alignkit.rules.comparison import Change, Comparison, Difference
from alignkit.sync.shadows import Observed
from alignkit.whatif.backtesting import Backtest, Tally, backtest
from alignkit.whatif.cases import CaseResult, PolicyCase, PolicyCases, load_cases
from alignkit.whatif.comparison import Question, StoreQuestion, compare, made_questions, questions_of_store
from alignkit.whatif.history import Known
from alignkit.whatif.rollout import Rollout
from alignkit.whatif.timeline import Flapping, Held, HoldTimes

__all__ = [
    "Backtest",
    "CaseResult",
    "Change",
    "Comparison",
    "Difference",
    "Flapping",
    "Held",
    "HoldTimes",
    "Known",
    "Observed",
    "PolicyCase",
    "PolicyCases",
    "Question",
    "Rollout",
    "StoreQuestion",
    "Tally",
    "backtest",
    "compare",
    "load_cases",
    "made_questions",
    "questions_of_store",
]
