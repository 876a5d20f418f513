"""Holds the root conftest to its two jobs: running the blocks of pages, and keeping tests off the network."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGE = """
# A page

```python
from pathlib import Path
Path("left-behind.txt").write_text("here")
```

```python
assert Path("left-behind.txt").read_text() == "here"
```

```console
$ this is not run
```

% skip: next "no server in a test"

```python
raise AssertionError("a skipped block ran")
```
"""


FAILING = "```python\nassert 1 == 2\n```\n"


def test_blocks_of_a_page_run_in_order_in_a_folder_of_their_own_and_fail_by_themselves(tmp_path: Path) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "README.md").write_text(PAGE, "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "wrong.md").write_text(FAILING, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadscope", "README.md", "docs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout
    # Three, because the line that asks for the skip counts as one.
    assert "1 failed, 3 passed, 1 skipped" in done.stdout
    assert not (tmp_path / "left-behind.txt").exists()


@pytest.mark.parametrize("address", ["192.0.2.1", "example.com"])
def test_a_connection_beyond_loopback_is_refused(address: str) -> None:
    with pytest.raises(RuntimeError, match="tests stay on loopback"):
        socket.create_connection((address, 80), timeout=1)


def test_a_connection_to_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
