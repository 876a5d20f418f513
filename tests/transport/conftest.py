"""Servers on loopback for the tests beside this file."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from alignkit.transport.client import HttpClient

from .loopback import Server, serving


@pytest.fixture
def service() -> Generator[Server]:
    """The service a connector was set up for."""
    with serving() as server:
        yield server


@pytest.fixture
def stranger() -> Generator[Server]:
    """A server that must not learn anything."""
    with serving() as server:
        yield server


@pytest.fixture
def client() -> Generator[HttpClient]:
    with HttpClient(timeout=5.0) as client:
        yield client
