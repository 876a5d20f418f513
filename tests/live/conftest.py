"""Gives the end-to-end tests their servers, and says loudly which ones are missing."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from .admin import MailmanAdmin, RequestTrackerAdmin
from .bluesky import BlueskyNetwork
from .oauth import OAuthAdmin, OAuthServer
from .servers import LoopbackServer, MailmanServer, NotInstalled, RequestTrackerServer

HERE = Path(__file__).parent
MISSING = pytest.StashKey[set[str]]()
NOTHING_MISSING: set[str] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.live)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    missing: set[str] = config.stash.get(MISSING, NOTHING_MISSING)
    for reason in sorted(missing):
        terminalreporter.write_line(f"*** live: SKIPPED: {reason}", red=True, bold=True)


def skip_missing(config: pytest.Config, reason: str) -> NoReturn:
    """Skips a test for want of a server, and sees to it that the end of the run says so."""
    if MISSING not in config.stash:
        config.stash[MISSING] = set()
    config.stash[MISSING].add(reason)
    pytest.skip(reason)


@contextmanager
def running(server: LoopbackServer, config: pytest.Config) -> Generator[None]:
    """Runs the server, or skips the test when it is not installed; one that fails to start is an error."""
    try:
        server.start()
    except NotInstalled as error:
        skip_missing(config, str(error))
    try:
        yield
    finally:
        server.stop()


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[RequestTrackerAdmin]:
    """One Request Tracker for all tests: name users and queues after the test that makes them."""
    server = RequestTrackerServer(tmp_path_factory.mktemp("request-tracker"))
    with running(server, pytestconfig):
        admin = RequestTrackerAdmin(server)
        admin.let_everyone_write()
        yield admin


@pytest.fixture
def fresh_rt(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[RequestTrackerAdmin]:
    """A Request Tracker without any ticket, for this test alone."""
    server = RequestTrackerServer(tmp_path / "request-tracker")
    with running(server, pytestconfig):
        admin = RequestTrackerAdmin(server)
        admin.let_everyone_write()
        yield admin


@pytest.fixture(scope="session")
def mailman(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[MailmanAdmin]:
    """One Mailman for all tests: name lists and addresses after the test that makes them."""
    server = MailmanServer(tmp_path_factory.mktemp("mailman"))
    with running(server, pytestconfig):
        yield MailmanAdmin(server)


@pytest.fixture
def fresh_mailman(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[MailmanAdmin]:
    """A Mailman without any list, for this test alone."""
    server = MailmanServer(tmp_path / "mailman")
    with running(server, pytestconfig):
        yield MailmanAdmin(server)


@pytest.fixture(scope="session")
def oauth(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[OAuthAdmin]:
    """One OAuth2 provider for all tests: each connects for itself."""
    server = OAuthServer(tmp_path_factory.mktemp("oauth"))
    with running(server, pytestconfig):
        yield OAuthAdmin(server)


@pytest.fixture(scope="session")
def bluesky(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[BlueskyNetwork]:
    """One Bluesky network for all tests: name people after the test that makes them."""
    network = BlueskyNetwork(tmp_path_factory.mktemp("bluesky"))
    with running(network, pytestconfig):
        yield network
