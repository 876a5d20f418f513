#!/usr/bin/env python3
"""Runs mutants, all or some chosen by chance, counts what became of them, and fails where fewer than 90 % were killed.

`mutants.py [NAME ...]` runs those of these names, `mutants.py --sample 1000` so many of all, chosen by a seed. What has
been run is not run again. A mutant is killed where a test fails or does not end; one that no test reaches has survived.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

LEAST = 0.9
ANY = "alignkit.fold.x_begin__mutmut_1"
KILLED, SURVIVED = frozenset({"killed", "timeout", "segfault"}), frozenset({"survived", "no tests", "suspicious"})
MUTMUT = Path(sys.executable).with_name("mutmut")


def main(given: Sequence[str] | None = None) -> int:
    """0 where enough were killed, 1 where too few were, 2 where none has run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="as in alignkit.rules.clocks*; all where none is given")
    parser.add_argument("--sample", type=int, metavar="N", help="run N of all, chosen by chance")
    parser.add_argument("--seed", type=int, default=20260303, help="which ones that are; %(default)s unless given")
    asked = parser.parse_args(given)
    names: list[str] = asked.names
    if asked.sample:
        if not (known := known_names(results())):
            subprocess.run([MUTMUT, "run", ANY], check=True)  # which makes all of them
            known = known_names(results())
        names = chosen(known, asked.sample, asked.seed)
    subprocess.run([MUTMUT, "run", *names], check=True)
    return report(results())


def results() -> str:
    """What mutmut has found so far; nothing before it has made any mutant."""
    done = subprocess.run([MUTMUT, "results", "--all", "true"], capture_output=True, check=False, text=True)
    return done.stdout


def known_names(told: str) -> list[str]:
    """Every mutant that there is."""
    return sorted(
        name.strip() for name, separator, _ in (line.rpartition(": ") for line in told.splitlines()) if separator
    )


def chosen(known: Sequence[str], count: int, seed: int) -> list[str]:
    """So many of them, the same for the same seed."""
    return sorted(random.Random(seed).sample(known, min(count, len(known))))  # noqa: S311 - no secret hangs on it


def report(told: str) -> int:
    """Prints the counts; see `main`."""
    files = tally(told)
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
