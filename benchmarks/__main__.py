"""Runs the benchmarks: `python -m benchmarks [imports] [ingest] [connectors] [gate] [rules] [--small]`."""

from __future__ import annotations

import sys

from benchmarks import connectors, gate, imports, ingest, rules

ALL = {
    "imports": imports.main,
    "ingest": ingest.main,
    "connectors": connectors.main,
    "gate": gate.main,
    "rules": rules.main,
}


def main(arguments: list[str]) -> int:
    small = "--small" in arguments
    chosen = [name for name in arguments if not name.startswith("-")] or list(ALL)
    unknown = [name for name in chosen if name not in ALL]
    if unknown:
        print(f"there is no benchmark `{unknown[0]}`; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    for name in chosen:
        print(f"== {name}", flush=True)
        ALL[name](small=small)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
