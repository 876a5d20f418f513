"""Runs the Python blocks of README and docs as tests, and keeps every test off the network.

Blocks of one page share their names and run in order, in an empty folder of their own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

LOOPBACK = ("127.", "::1", "localhost")


def enter_empty_folder(namespace: dict[str, Any]) -> None:
    """Give the page a folder, so that the files its blocks write do not stay behind."""
    folder = TemporaryDirectory()
    namespace["_leave"] = (Path.cwd(), folder)
    os.chdir(folder.name)


def leave_empty_folder(namespace: dict[str, Any]) -> None:
    before, folder = namespace["_leave"]
    os.chdir(before)
    folder.cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["docs/*.md", "docs/*/*.md"],
    filenames=["README.md"],
    excludes=["docs/_build/*"],
    setup=enter_empty_folder,
    teardown=leave_empty_folder,
).pytest()


def remote_host(event: str, args: tuple[Any, ...]) -> str | bytes | None:
    """The host that a socket event is about; None for other events and for sockets that are files."""
    host: str | bytes | None = None
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and not isinstance(args[1], str | bytes):
        host = args[1][0]
    return host


def refuse_network(event: str, args: tuple[Any, ...]) -> None:
    """Fail any look-up or connection that would leave this machine."""
    host = remote_host(event, args)
    name = host.decode() if isinstance(host, bytes) else host
    if name and not name.startswith(LOOPBACK):
        raise RuntimeError(f"a test tried to reach `{name}`; tests stay on loopback")


# An audit hook cannot be removed or bypassed from Python, so a client under test cannot dodge it.
sys.addaudithook(refuse_network)
