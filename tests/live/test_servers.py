"""The servers start where asked and stopping them ends what was started and nothing else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from .admin import MailmanAdmin, RequestTrackerAdmin
from .bluesky import BlueskyNetwork
from .oauth import OAuthServer
from .servers import NotInstalled, OwnProcess, RequestTrackerServer, ServerUnavailable, started_at, wait_until


def start(script: str, folder: Path) -> OwnProcess:
    return OwnProcess.start(("sh", "-c", script), env=os.environ, log=folder / "log")


def is_alive(pid: int) -> bool:
    """Whether a process still runs; a dead one that nobody has reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_stopping_ends_the_process_that_was_started_and_may_be_repeated(tmp_path: Path) -> None:
    own = start("exec sleep 60", tmp_path)
    own.stop()
    own.stop()
    assert not own.is_running
    assert not is_alive(own.popen.pid)


def test_stopping_ends_children_that_outlive_their_leader_and_ignore_the_polite_signal(tmp_path: Path) -> None:
    noted = tmp_path / "child"
    own = start(f"trap '' TERM; sleep 60 & echo $! > '{noted}'; exit 0", tmp_path)
    assert wait_until(lambda: not own.is_running, 10)
    child = int(noted.read_text(encoding="utf-8"))
    assert is_alive(child)
    own.stop()
    assert wait_until(lambda: not is_alive(child), 10)


def test_a_process_with_another_start_time_is_left_alone(tmp_path: Path) -> None:
    own = start("exec sleep 60", tmp_path)
    try:
        with pytest.raises(ServerUnavailable, match="left alone"):
            dataclasses.replace(own, start_time="1").stop()
        assert own.is_running
        assert started_at(own.popen.pid) == own.start_time
    finally:
        own.stop()


def test_a_server_that_is_not_on_the_machine_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{RequestTrackerServer.__module__}.RT_SERVER", tmp_path / "absent")
    with pytest.raises(NotInstalled, match="make live"):
        RequestTrackerServer(tmp_path).start()


@pytest.mark.parametrize(("server", "home"), [(OAuthServer, "OIDC_HOME"), (BlueskyNetwork, "BLUESKY_HOME")])
def test_a_server_of_npm_that_is_not_installed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: type[OAuthServer | BlueskyNetwork], home: str
) -> None:
    monkeypatch.setattr(f"{server.__module__}.{home}", tmp_path / "absent")
    with pytest.raises(NotInstalled, match="make live"):
        server(tmp_path).start()


def test_a_network_whose_database_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{BlueskyNetwork.__module__}.POSTGRES_HOMES", tmp_path)
    with pytest.raises(NotInstalled, match="make live"):
        BlueskyNetwork(tmp_path).start()


def test_a_stopped_request_tracker_starts_again_with_its_tickets(fresh_rt: RequestTrackerAdmin) -> None:
    ticket = fresh_rt.file_ticket("Kettle leaks", requestors=["ada@example.test"])
    fresh_rt.server.stop()
    fresh_rt.server.start()
    again = RequestTrackerAdmin(fresh_rt.server)
    assert again.ticket(ticket)["Subject"] == "Kettle leaks"


def test_a_stopped_mailman_starts_again_with_its_lists(fresh_mailman: MailmanAdmin) -> None:
    list_id = fresh_mailman.add_list("offers")
    fresh_mailman.join(list_id, "ada@example.test")
    fresh_mailman.server.stop()
    fresh_mailman.server.start()
    again = MailmanAdmin(fresh_mailman.server)
    assert again.find(list_id) == ["ada@example.test"]
