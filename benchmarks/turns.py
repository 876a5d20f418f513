"""Runs the sides of a comparison in processes of their own, a step each in turn, and times the steps.

One process would let the garbage of one side be collected on the time of another; see docs/decisions/0005.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence


class Steps:
    """The side that works: `done` ends one step, tells its time, and waits for the next turn.

    Args:
        clock: tells seconds; short steps take those of the processor, which other programs do not lengthen.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        sys.stdin.readline()
        self._began = clock()

    def done(self, *_: object) -> None:
        print(self._clock() - self._began, flush=True)
        sys.stdin.readline()
        self._began = self._clock()


def timed(sides: Mapping[str, Sequence[str]], steps: int) -> dict[str, list[float]]:
    """Seconds of each step of each side; a side is the arguments of a Python process that works in `Steps`."""
    workers = {
        name: subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name, arguments in sides.items()
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    names = list(workers)
    try:
        for step in range(steps):
            for name in names if step % 2 else reversed(names):
                taken[name].append(_step(workers[name], name))
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()
    return taken


def _step(worker: subprocess.Popen[str], name: str) -> float:
    if worker.stdin is None or worker.stdout is None:
        raise SystemExit("a side of the comparison has no pipes")
    worker.stdin.write("\n")
    worker.stdin.flush()
    told = worker.stdout.readline()
    if not told:
        raise SystemExit(f"the side `{name}` ended before its time")
    return float(told)
