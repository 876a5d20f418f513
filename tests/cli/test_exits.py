"""Each fault gives one clear line, its exit code, and leaves everything as it was."""

from __future__ import annotations

import inspect
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alignkit import errors
from alignkit.cli.exits import MEANINGS, Exit, exit_of
from alignkit.errors import AlignkitError, CredentialsRejected, PagingStuck, RateLimited
from alignkit.stores.sqlite import SQLiteStore

from .shop import ADA, NOW, Shop, answering, page, ticket


def kinds() -> list[type[AlignkitError]]:
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    return [one for one in found if issubclass(one, AlignkitError) and one is not AlignkitError]


def test_every_error_has_an_exit_code_of_its_branch() -> None:
    assert all(exit_of(kind.__new__(kind)) is not Exit.BUG for kind in kinds())
    assert exit_of(CredentialsRejected("x")) is Exit.SETTINGS
    assert exit_of(RateLimited("x")) is Exit.TRY_AGAIN
    assert exit_of(PagingStuck("x")) is Exit.SERVICE


def test_every_exit_code_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def desk_at(shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    shop.change(
        '[sources.desk]\nconnector = "export"\npath = "tickets.jsonl"',
        f'[sources.desk]\nconnector = "request_tracker"\nbase_url = "{url}"\ntoken = {{ env = "RT_TOKEN" }}',
    )


def assert_one_line(shop: Shop, words: tuple[str, ...], code: Exit, text: str) -> None:
    result = shop.run(*words)
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1), result.output
    assert result.stderr.startswith("error: ")
    assert text in result.stderr
    assert "Traceback" not in result.output
    assert "sample-token" not in result.output


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "text"),
    [
        (401, b"{}", "application/json", Exit.SETTINGS, "desk"),
        (403, b"{}", "application/json", Exit.SETTINGS, "desk"),
        (200, b"<html>log in</html>", "text/html", Exit.SERVICE, "desk"),
        (200, b'{"items": [', "application/json", Exit.SERVICE, "JSON"),
        (418, b"{}", "application/json", Exit.SERVICE, "418"),
    ],
)
def test_a_service_that_refuses_or_babbles_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, kind: str, code: Exit, text: str
) -> None:
    with answering(status, body, kind) as url:
        desk_at(shop, url, monkeypatch)
        assert_one_line(shop, ("pull",), code, text)
    with SQLiteStore(shop.folder / "align.db") as store:
        assert store.checkpoint("desk", "tickets") is None


@pytest.mark.parametrize("words", [("push", "list"), ("reconcile", "list")])
def test_a_destination_that_babbles_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LISTS_PASSWORD", "sample-token")
    shop.pull()
    with answering(200, b'{"entries": [') as url:
        shop.change(
            'connector = "audience_file"\npath = "audience.csv"\nheld_path = "held.csv"',
            f'connector = "mailman"\nbase_url = "{url}"\nusername = "restadmin"\n'
            'password = { env = "LISTS_PASSWORD" }\nlist_id = "offers.example.com"',
        )
        assert_one_line(shop, words, Exit.SERVICE, "error: list: the answer")


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""

    def go_on(_seconds: float) -> None:
        """The wait is over."""

    monkeypatch.setattr("time.sleep", go_on)


@pytest.mark.usefixtures("_no_waiting")
def test_a_host_that_cannot_be_reached_is_worth_another_try(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    desk_at(shop, f"http://127.0.0.1:{closed_port()}", monkeypatch)
    assert_one_line(shop, ("pull",), Exit.TRY_AGAIN, "desk")


def test_a_damaged_store_is_told(shop: Shop) -> None:
    shop.write("align.db", "this is no database, " * 500)
    for words in (("status",), ("pull",), ("decide", ADA)):
        assert_one_line(shop, words, Exit.STORE, "align.db` is damaged or no SQLite database; restore a copy of it")


def test_a_full_disk_keeps_what_was_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pull()
    before = len(shop.rows("status", "--now", NOW))
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def on_a_full_disk(*args: object, **options: object) -> sqlite3.Connection:
        connection = connect(*args, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        return connection

    many = page(*(ticket(number, f"p{number}@example.com") for number in range(1, 800)))
    shop.write("tickets.jsonl", many)
    monkeypatch.setattr(sqlite3, "connect", on_a_full_disk)
    assert_one_line(shop, ("pull", "--now", NOW), Exit.TRY_AGAIN, "make room")
    monkeypatch.undo()
    assert len(shop.rows("status", "--now", NOW)) == before
    shop.pull()
    assert shop.rows("decide", "p799@example.com", "--now", NOW)[0]["verdict"] == "suppress"


@pytest.mark.parametrize(
    ("text", "what"),
    [('name = "house"\ncolour = "red"\n', "`colour` is not known"), ("name = ", "not TOML")],
)
def test_a_policy_with_a_fault_is_refused_with_its_place(shop: Shop, text: str, what: str) -> None:
    shop.pull()
    shop.write("policy.toml", text)
    shop.change('store = "align.db"', 'store = "align.db"\npolicy = "policy.toml"')
    assert_one_line(shop, ("decide", ADA, "--now", NOW), Exit.SETTINGS, what)


def test_settings_that_cannot_be_read_are_told(shop: Shop) -> None:
    shop.write("alignkit.toml", "store = \n")
    assert_one_line(shop, ("pull",), Exit.SETTINGS, "is not TOML")


def test_an_export_that_is_a_log_in_page_is_told(shop: Shop) -> None:
    shop.write("tickets.jsonl", "<html>log in</html>\n")
    assert_one_line(shop, ("pull",), Exit.DATA, "HTML")


def test_a_run_that_is_under_way_is_left_alone(shop: Shop, tmp_path: Path) -> None:

    with SQLiteStore(tmp_path / "align.db") as store:
        store.acquire("pull:desk", "elsewhere/1/x", datetime.now(UTC), timedelta(minutes=5))
    assert_one_line(shop, ("pull",), Exit.TRY_AGAIN, "another run holds `pull:desk`")
