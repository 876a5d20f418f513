"""Compares engine and interpreter over a million pairs: `python -m tests.reference.fuzz [--pairs N] [--minutes N]`.

It goes on where it stopped: how far it has come is kept in `build/fuzz.json`, and `--afresh` begins anew. Every seed is
one policy with forty facts; one that differs is printed with the smallest case, and can be asked again by `--seed`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from .comparing import first_difference
from .generating import Typed, Untyped
from .plugin import installed

STATE = Path("build/fuzz.json")
FACTS, TOLD = 40, 500


def main(arguments: list[str]) -> int:
    """0 where nothing differs, 1 where something does."""
    options = parser().parse_args(arguments)
    if options.seed:
        found = compared(options.seed)[1]
        print(found or f"`{options.seed}`: no difference")
        return int(found is not None)
    state: Path = options.state
    done = 0 if options.afresh or not state.exists() else int(json.loads(state.read_text("utf-8"))["seeds"])
    return run(state, done, options.pairs // FACTS, time.monotonic() + 60 * options.minutes)


def parser() -> argparse.ArgumentParser:
    built = argparse.ArgumentParser(prog="python -m tests.reference.fuzz", description=__doc__)
    built.add_argument("--pairs", type=int, default=1_000_000, help="policies times facts, all in all")
    built.add_argument("--minutes", type=float, default=120.0, help="stop after so long; the next run goes on")
    built.add_argument("--afresh", action="store_true", help="begin with the first seed")
    built.add_argument("--state", type=Path, default=STATE, help="the file that keeps how far it has come")
    built.add_argument("--seed", help="ask this one again, such as `typed-17`")
    return built


def run(state: Path, done: int, wanted: int, deadline: float) -> int:
    began, first = time.monotonic(), done
    print(f"seeds {done:,} to {wanted:,}, {FACTS} facts each, half of them with damage")
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        for seed, found in pool.imap(compared, islice(seeds(), done, wanted), chunksize=20):
            if found:
                print(f"seed {seed}: {found}")
                return 1
            done += 1
            if done % TOLD == 0 or done == wanted:
                keep(state, done)
                pace = (done - first) * FACTS / (time.monotonic() - began)
                print(f"{done * FACTS:,} pairs, the last seed {seed}, {pace:,.0f} a second", flush=True)
            if time.monotonic() > deadline:
                keep(state, done)
                print(f"stopped after {done * FACTS:,} pairs; run it again to go on")
                return 0
    print(f"{done * FACTS:,} pairs without a difference")
    return 0


def seeds() -> Iterator[str]:
    number = 0
    while True:
        yield f"{'untyped' if number % 2 else 'typed'}-{1_000_000 + number}"
        number += 1


def compared(seed: str) -> tuple[str, str | None]:
    maker = Untyped if seed.startswith("untyped") else Typed
    with installed():
        return seed, first_difference(maker(seed, plugins=0.05), FACTS)


def keep(state: Path, done: int) -> None:
    state.parent.mkdir(exist_ok=True)
    state.write_text(json.dumps({"seeds": done}) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
