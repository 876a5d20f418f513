"""Turns paired timings into ratios, prints them beside their targets, and writes them as JSON."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path("build/benchmarks")


@dataclass(frozen=True)
class Figure:
    """One ratio: `best` compares the best slices of both sides (closest to an idle machine), `median` the pairs."""

    name: str
    best: float
    median: float
    target: str
    is_met: bool
    details: dict[str, float | int | str] = field(default_factory=dict[str, float | int | str])

    def line(self) -> str:
        mark = "ok  " if self.is_met else "MISS"
        extra = "  ".join(f"{name} {_short(value)}" for name, value in self.details.items())
        return f"{mark} {self.name}: best {self.best:.2f}  median {self.median:.2f}  (target {self.target})  {extra}"


def ratios(ours: Sequence[float], theirs: Sequence[float], slice_size: int) -> tuple[float, float]:
    """The ratio of the best slices, and the median of the ratios pair by pair."""
    pairs = [a / b for a, b in zip(_sliced(ours, slice_size), _sliced(theirs, slice_size), strict=True)]
    return min(_sliced(ours, slice_size)) / min(_sliced(theirs, slice_size)), statistics.median(pairs)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def write(name: str, figures: Sequence[Figure]) -> None:
    """Prints the figures and writes them to `build/benchmarks/NAME.json`."""
    for figure in figures:
        print(figure.line(), flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "figures": [asdict(figure) for figure in figures],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _sliced(values: Sequence[float], size: int) -> list[float]:
    return [sum(values[start : start + size]) for start in range(0, len(values) - size + 1, size)]


def _short(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
