"""Connectors: what reading a page costs, and a whole pull over HTTP."""

from __future__ import annotations

from benchmarks.connectors import pull, reading
from benchmarks.report import write


def main(*, small: bool = False) -> None:
    write("connectors", [*reading.figures(small=small), *pull.figures(small=small)])
