"""Times two sides in one process, slice by slice in turn, and compares the best slices and the pairs.

It is processor time that counts, of all threads, so that a busy neighbour disturbs little.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import Any, NamedTuple

SLICE = 0.002
"""Seconds that a slice lasts at least: long against the clock's step, short against a neighbour's burst."""

ROUNDS = 41
_LONGEST = 6.0
"""Seconds after which a comparison ends early, though never before it has seven rounds."""


class Compared(NamedTuple):
    """The first side against the second: the ratio of the best slices, the median of the pairs, seconds a pass."""

    best: float
    median: float
    ours: float
    theirs: float


def each(function: Callable[..., Any], cases: Sequence[tuple[Any, ...]]) -> Callable[[], object]:
    """One pass of a function over all cases, with as little of the loop's own cost as Python allows."""
    return lambda: deque(starmap(function, cases), 0)


def compare(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS) -> Compared:
    """Times both, in slices of at least two milliseconds; who goes first changes from round to round."""
    sides = (ours, theirs)
    passes = [_passes(side) for side in sides]
    taken: tuple[list[float], list[float]] = ([], [])
    began = time.perf_counter()
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            taken[side].append(_slice(sides[side], passes[side]))
        if number >= 6 and time.perf_counter() - began > _LONGEST:
            break
    pairs = [mine / other for mine, other in zip(*taken, strict=True)]
    return Compared(min(taken[0]) / min(taken[1]), statistics.median(pairs), min(taken[0]), min(taken[1]))


def fastest(side: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds for one pass in the best slice."""
    passes = _passes(side)
    return min(_slice(side, passes) for _ in range(rounds))


def _passes(side: Callable[[], object]) -> int:
    """How many passes fill a slice."""
    side()
    return max(1, round(SLICE / _slice(side, 1)) + 1)


def _slice(side: Callable[[], object], passes: int) -> float:
    """Seconds for one pass, with the garbage collector still, as it would hit either side by chance."""
    numbers: Iterable[int] = range(passes)
    gc.collect(0)
    gc.disable()
    try:
        began = time.process_time()
        for _ in numbers:
            side()
        return (time.process_time() - began) / passes
    finally:
        gc.enable()
