"""Imports: what `import alignkit` costs, against importing pydantic, httpx and tenacity."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.report import Figure, write

ROUNDS = 15
_TIMED = "import time; t = time.process_time(); {}; print(time.process_time() - t)"
_OURS = "import alignkit"
_THEIRS = "import pydantic, httpx, tenacity; from pydantic import BaseModel"


def seconds(statement: str) -> float:
    done = subprocess.run([sys.executable, "-c", _TIMED.format(statement)], capture_output=True, check=True, text=True)
    return float(done.stdout)


def main(*, small: bool = False) -> None:
    rounds = 5 if small else ROUNDS
    pairs = [(seconds(_OURS), seconds(_THEIRS)) for _ in range(rounds)]
    best = min(a for a, _ in pairs) / min(b for _, b in pairs)
    median = sorted(a / b for a, b in pairs)[rounds // 2]
    figure = Figure(
        "import alignkit, times pydantic + httpx + tenacity",
        best,
        median,
        "at most 0.10",
        median <= 0.1,
        {"ms": min(a for a, _ in pairs) * 1e3, "baseline ms": min(b for _, b in pairs) * 1e3},
    )
    write("imports", [figure])
