#!/usr/bin/env python3
"""Counts what became of the mutants, file by file, and fails where fewer than 90 % of those that ran were killed.

`mutmut run` comes first. A mutant is killed where a test fails or does not end; one that no test reaches has survived.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

LEAST = 0.9
KILLED, SURVIVED = frozenset({"killed", "timeout", "segfault"}), frozenset({"survived", "no tests", "suspicious"})


def main() -> int:
    """0 where enough were killed, 1 where too few were, 2 where none has run."""
    mutmut = Path(sys.executable).with_name("mutmut")
    done = subprocess.run([mutmut, "results", "--all", "true"], capture_output=True, check=True, text=True)
    files = tally(done.stdout)
    ran = sum(killed + survived for killed, survived in files.values())
    if not ran:
        print("no mutant has run; run `mutmut run` first", file=sys.stderr)
        return 2
    share = sum(killed for killed, _ in files.values()) / ran
    print(table(files))
    print(f"{share:.1%} of {ran:,} mutants killed, at least {LEAST:.0%} wanted")
    return int(share < LEAST)


def tally(results: str) -> dict[str, tuple[int, int]]:
    """For each module how many mutants were killed and how many survived; those that did not run are left out."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in results.splitlines():
        name, separator, status = line.strip().rpartition(": ")
        if separator and status in KILLED | SURVIVED:
            found[name.rsplit(".", 1)[0]]["killed" if status in KILLED else "survived"] += 1
    return {module: (counts["killed"], counts["survived"]) for module, counts in sorted(found.items())}


def table(files: Mapping[str, tuple[int, int]]) -> str:
    """The counts as a table in Markdown."""
    rows = [f"| `{module}` | {killed} | {survived} |" for module, (killed, survived) in files.items()]
    return "\n".join(["| module | killed | survived |", "|---|---:|---:|", *rows])


if __name__ == "__main__":
    sys.exit(main())
