"""Times two sides in one process, slice by slice in turn, and compares the best slices and the pairs.

Customers come in blocks, and a slice asks about one block again and again: whoever decides has just read the facts, so
that they are near. It is processor time that counts, of all threads, so that a busy neighbour disturbs little.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any, NamedTuple

SLICE = 0.002
"""Seconds that a slice lasts at least: long against the clock's step, short against a neighbour's burst."""

ROUNDS = 41
"""Pairs of slices at least, over all blocks."""

BLOCK = 100
_EACH = 5

Pass = Callable[[], object]


class Compared(NamedTuple):
    """The first side against the second: the ratio of the best slices of all blocks, and the median of the pairs.

    `ours` and `theirs` are the seconds of one pass over all blocks in their best slices.
    """

    best: float
    median: float
    ours: float
    theirs: float


def blocks(function: Callable[..., Any], cases: Sequence[tuple[Any, ...]], size: int = BLOCK) -> list[Pass]:
    """Passes of a function over the cases of one block each, with as little of a loop's own cost as Python allows."""
    return [_pass(function, cases[start : start + size]) for start in range(0, len(cases), size)]


def _pass(function: Callable[..., Any], cases: Sequence[tuple[Any, ...]]) -> Pass:
    return lambda: deque(starmap(function, cases), 0)


def compare(ours: Sequence[Pass], theirs: Sequence[Pass]) -> Compared:
    """Times both on each block, in slices of at least two milliseconds; who goes first changes from round to round."""
    rounds = max(_EACH, -(-ROUNDS // len(ours)))
    timed = [_rounds((mine, other), rounds) for mine, other in zip(ours, theirs, strict=True)]
    mine, other = (sum(min(pair[side] for pair in pairs) for pairs in timed) for side in (0, 1))
    ratios = [pair[0] / pair[1] for pairs in timed for pair in pairs]
    return Compared(mine / other, statistics.median(ratios), mine, other)


def fastest(side: Pass, rounds: int = ROUNDS) -> float:
    """Seconds for one pass in the best slice."""
    passes = _passes(side)
    return min(_slice(side, passes) for _ in range(rounds))


def _rounds(sides: tuple[Pass, Pass], rounds: int) -> list[tuple[float, float]]:
    passes = [_passes(side) for side in sides]
    taken: list[tuple[float, float]] = []
    for number in range(rounds):
        second = number % 2
        first = _slice(sides[1 - second], passes[1 - second])
        last = _slice(sides[second], passes[second])
        taken.append((first, last) if second else (last, first))
    return taken


def _passes(side: Pass) -> int:
    """How many passes fill a slice."""
    side()
    return max(1, round(SLICE / max(_slice(side, 1), 1e-7)) + 1)


def _slice(side: Pass, passes: int) -> float:
    """Seconds for one pass, with the garbage collector still, as it would hit either side by chance."""
    gc.collect(0)
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(passes):
            side()
        return (time.process_time() - began) / passes
    finally:
        gc.enable()
