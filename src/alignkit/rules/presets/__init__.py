"""The policies that ship, each with its numbers and sets as parameters."""

from __future__ import annotations

from alignkit.rules.presets.starter import Starter, StarterParameters

__all__ = ["Starter", "StarterParameters"]
