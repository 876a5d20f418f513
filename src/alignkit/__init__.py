"""alignkit keeps marketing from working against support.

Public names are loaded on first use, so that `import alignkit` costs next to nothing (PEP 562).
"""

from __future__ import annotations

# Importing `typing` alone would cost ten times as much as this file; type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from alignkit.errors import AlignkitError
    from alignkit.gate import AsyncGate, Gate
    from alignkit.models import Category, Channel, Customer, Issue, Message, Send, Signal, Verdict
    from alignkit.rules.decision import Decision
    from alignkit.rules.policy import Policy
    from alignkit.stores import MemoryStore, SQLiteStore, Store
    from alignkit.sync import AsyncBacklog, AsyncSync, Backlog, Brake, Cohort, Pace, PullResult, PushResult, Sync

__version__ = "0.1.0"

_HOMES = {
    "AlignkitError": "alignkit.errors",
    "AsyncBacklog": "alignkit.sync",
    "AsyncGate": "alignkit.gate",
    "AsyncSync": "alignkit.sync",
    "Backlog": "alignkit.sync",
    "Brake": "alignkit.sync",
    "Category": "alignkit.models",
    "Channel": "alignkit.models",
    "Cohort": "alignkit.sync",
    "Customer": "alignkit.models",
    "Decision": "alignkit.rules.decision",
    "Gate": "alignkit.gate",
    "Issue": "alignkit.models",
    "MemoryStore": "alignkit.stores",
    "Message": "alignkit.models",
    "Pace": "alignkit.sync",
    "Policy": "alignkit.rules.policy",
    "PullResult": "alignkit.sync",
    "PushResult": "alignkit.sync",
    "SQLiteStore": "alignkit.stores",
    "Send": "alignkit.models",
    "Signal": "alignkit.models",
    "Store": "alignkit.stores",
    "Sync": "alignkit.sync",
    "Verdict": "alignkit.models",
}

__all__ = [
    "AlignkitError",
    "AsyncBacklog",
    "AsyncGate",
    "AsyncSync",
    "Backlog",
    "Brake",
    "Category",
    "Channel",
    "Cohort",
    "Customer",
    "Decision",
    "Gate",
    "Issue",
    "MemoryStore",
    "Message",
    "Pace",
    "Policy",
    "PullResult",
    "PushResult",
    "SQLiteStore",
    "Send",
    "Signal",
    "Store",
    "Sync",
    "Verdict",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for, and keeps it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
