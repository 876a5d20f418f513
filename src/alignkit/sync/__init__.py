"""Brings events in and carries decisions out."""

from __future__ import annotations

from alignkit.sync.pull import Progress, PullResult
from alignkit.sync.push import Brake, Change, PushResult
from alignkit.sync.reconcile import ReconcileResult
from alignkit.sync.release import ReleaseResult
from alignkit.sync.sync import AsyncSync, Sync

__all__ = [
    "AsyncSync",
    "Brake",
    "Change",
    "Progress",
    "PullResult",
    "PushResult",
    "ReconcileResult",
    "ReleaseResult",
    "Sync",
]
