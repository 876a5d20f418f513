"""Brings events in and carries decisions out."""

from __future__ import annotations

from alignkit.stores.cohort import CAP, EVERYBODY, Cohort
from alignkit.stores.records import Became, Deferred, Reach, WideHold
from alignkit.sync.backlog import AsyncBacklog, Backlog, DueResult
from alignkit.sync.ledger import Settlement
from alignkit.sync.pace import Pace, Paced
from alignkit.sync.pull import Progress, PullResult
from alignkit.sync.push import Brake, Change, PushResult
from alignkit.sync.reconcile import ReconcileResult
from alignkit.sync.release import ReleaseResult
from alignkit.sync.retire import Retired
from alignkit.sync.stop import Stop
from alignkit.sync.sync import AsyncSync, Sync

__all__ = [
    "CAP",
    "EVERYBODY",
    "AsyncBacklog",
    "AsyncSync",
    "Backlog",
    "Became",
    "Brake",
    "Change",
    "Cohort",
    "Deferred",
    "DueResult",
    "Pace",
    "Paced",
    "Progress",
    "PullResult",
    "PushResult",
    "Reach",
    "ReconcileResult",
    "ReleaseResult",
    "Retired",
    "Settlement",
    "Stop",
    "Sync",
    "WideHold",
]
