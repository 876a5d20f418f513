"""Reads mentions and a search from X, and stops before more is spent than was allowed (API v2)."""

from alignkit.connectors.x.source import X, XSettings
from alignkit.connectors.x.spending import MemorySpending, Spending, SpendingFile

__all__ = ["MemorySpending", "Spending", "SpendingFile", "X", "XSettings"]
