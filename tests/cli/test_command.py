"""What all commands share: options in any of them, logging on request, a store that is closed."""

from __future__ import annotations

import json
import logging

import pytest

from alignkit.cli.command import Session
from alignkit.cli.output import Output
from alignkit.errors import SettingsError

from .shop import ADA, NOW, Shop, answering


def test_a_command_that_reads_makes_no_store(shop: Shop) -> None:
    result = shop.run("status")
    assert result.exit_code == 3
    assert "run `alignkit pull` first" in result.stderr
    assert not (shop.folder / "align.db").exists()


def test_an_error_is_json_where_the_output_is(shop: Shop) -> None:
    result = shop.run("status", "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert json.loads(result.stderr)["error"] == "SettingsError"


def test_the_log_is_silent_until_it_is_asked_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    before = list(logging.getLogger("alignkit").handlers)
    with answering(401) as url:
        shop.change(
            '[sources.desk]\nconnector = "export"\npath = "tickets.jsonl"',
            f'[sources.desk]\nconnector = "request_tracker"\nbase_url = "{url}"\ntoken = {{ env = "RT_TOKEN" }}',
        )
        quiet, loud = shop.run("pull"), shop.run("pull", "--verbose")
    assert quiet.stderr.count("\n") == 1
    assert "alignkit.transport DEBUG" in loud.stderr
    assert "sample-token" not in loud.stderr
    assert logging.getLogger("alignkit").handlers == before, "a handler stayed behind"


def test_a_warning_of_the_library_reaches_nobody_who_did_not_ask(shop: Shop) -> None:
    shop.pull()
    shop.write("tickets.jsonl", "")
    result = shop.run("pull", "--now", NOW)
    assert result.stderr == ""
    assert "was replaced" in result.stdout


def test_a_session_closes_its_store(shop: Shop) -> None:
    shop.pull()
    session = Session(shop.folder / "alignkit.toml", Output(as_json=True))
    store = session.store
    assert store.customer(ADA)
    session.close()
    with pytest.raises(Exception, match="closed"):
        store.customer(ADA)


def test_a_session_without_settings_fails_when_it_needs_them(shop: Shop) -> None:
    session = Session(shop.folder / "nowhere.toml", Output(as_json=True))
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        _ = session.settings
    session.close()
