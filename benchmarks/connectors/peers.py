"""Peers that read the same export over HTTP: airbyte-cdk, writing nothing, and dlt, merging into DuckDB.

airbyte-cdk wants other versions than ours of what both need, so it has an interpreter of its own: `make bench` prepares
one in the environment's folder `airbyte`, and `ALIGNKIT_BENCH_AIRBYTE` names another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.connectors import airbyte_alone
from benchmarks.connectors.server import PATH, PER_PAGE

LONGEST = 600
"""Seconds after which a peer is given up."""


class Taken(NamedTuple):
    """What reading took, start-up subtracted: seconds, and those of the processor."""

    seconds: float
    processor: float


def airbyte(root: str, tickets: int) -> Taken | None:
    """What airbyte-cdk takes to read `tickets`; None where it is not installed."""
    interpreter = _airbyte_interpreter()
    if interpreter is None:
        return None
    script = airbyte_alone.__file__
    return _told([interpreter, script, f"{root}/one", f"{root}/few"], tickets, "airbyte-cdk")


def _airbyte_interpreter() -> str | None:
    """An interpreter that has airbyte-cdk."""
    chosen = os.environ.get("ALIGNKIT_BENCH_AIRBYTE") or str(Path(sys.prefix) / "airbyte" / "bin" / "python")
    if not Path(chosen).is_file():
        return None
    found = subprocess.run([chosen, "-c", "import airbyte_cdk"], capture_output=True, check=False, timeout=LONGEST)
    return chosen if found.returncode == 0 else None


def dlt(root: str, tickets: int) -> Taken | None:
    """What dlt's REST source takes to merge `tickets` into DuckDB; None where it is not installed."""
    if find_spec("dlt") is None or find_spec("duckdb") is None:
        return None
    script = f"from benchmarks.connectors import peers; peers.merge_alone({root!r})"
    return _told([sys.executable, "-c", script], tickets, "dlt")


def _told(command: list[str], tickets: int, name: str) -> Taken:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    if done.returncode:
        raise SystemExit(f"`{name}` ended with an error: {done.stderr[-500:]}")
    seconds, processor, count = done.stdout.splitlines()[-1].split()
    if int(count) != tickets:
        raise SystemExit(f"`{name}` read {count} of {tickets} tickets")
    return Taken(float(seconds), float(processor))


def merge_alone(root: str) -> None:
    """Merges an export with dlt, and prints what it took less what one ticket takes."""
    with tempfile.TemporaryDirectory(prefix="alignkit-bench-") as folder:
        _merge(f"{root}/one", Path(folder), "warm")
        start_up = _merge(f"{root}/one", Path(folder), "empty")
        whole = _merge(f"{root}/few", Path(folder), "full")
    print(whole[0] - start_up[0], whole[1] - start_up[1], whole[2])


def _merge(root: str, folder: Path, name: str) -> tuple[float, float, int]:
    import dlt
    from dlt.sources.rest_api import rest_api_source

    paginator = {"type": "cursor", "cursor_path": "after_cursor", "cursor_param": "cursor"}
    endpoint = {
        "path": PATH,
        "params": {"per_page": PER_PAGE, "include": "users,metric_sets"},
        "data_selector": "tickets",
        "paginator": paginator,
    }
    resource = {"name": "tickets", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}
    config: Any = {"client": {"base_url": f"{root}/"}, "resources": [resource]}
    source = rest_api_source(config, name="desk")
    pipeline = dlt.pipeline(
        pipeline_name=name,
        pipelines_dir=str(folder / f"{name}-state"),
        destination=dlt.destinations.duckdb(str(folder / f"{name}.duckdb")),
        dataset_name="desk",
    )
    began, processor = time.perf_counter(), time.process_time()
    pipeline.run(source)
    taken = time.perf_counter() - began, time.process_time() - processor
    with pipeline.sql_client() as client:
        [[tickets]] = client.execute_sql("SELECT count(*) FROM tickets") or [[0]]
    return *taken, int(tickets)
