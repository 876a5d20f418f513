"""Leaves the tests of plugins to pytest runs of their own, where the plugins are installed."""

from __future__ import annotations

collect_ignore_glob = ["*/tests/*", "*/docs/*"]
