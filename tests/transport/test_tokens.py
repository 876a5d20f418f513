"""Tokens at rest: for the owner alone, replaced as a whole, locked against a second process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from alignkit.errors import SettingsError, StoreDamaged, StoreUnavailable
from alignkit.transport.tokens import MemoryTokens, Token, TokenFile, TokenStore

TOKEN = Token(SecretStr("sample-access"), SecretStr("sample-refresh"), 1_700_000_000.5, "https://eu1.example.com", "g")
BARE = Token(SecretStr("sample-access"))


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenStore:
    return MemoryTokens() if request.param == "memory" else TokenFile(tmp_path / "tokens.json")


def test_an_empty_store_holds_no_token(store: TokenStore) -> None:
    assert store.load() is None


@pytest.mark.parametrize("token", [TOKEN, BARE])
def test_what_was_saved_last_is_loaded(store: TokenStore, token: Token) -> None:
    store.save(Token(SecretStr("sample-older")))
    store.save(token)
    assert store.load() == token


def test_the_lock_lets_one_in_at_a_time(store: TokenStore) -> None:
    assert store.try_lock()
    assert not store.try_lock()
    store.unlock()
    assert store.try_lock()
    store.unlock()


@pytest.mark.parametrize("renew_at", [None, 10.0])
def test_a_token_is_due_from_its_hour_on(renew_at: float | None) -> None:
    token = Token(SecretStr("x"), renew_at=renew_at)
    assert [token.is_due(now) for now in (9.9, 10.0, 11.0)] == (
        [False] * 3 if renew_at is None else [False, True, True]
    )


def test_a_token_shows_none_of_its_secrets() -> None:
    assert "sample" not in repr(TOKEN)


def test_the_file_is_readable_by_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    before = os.umask(0)
    try:
        file.save(TOKEN)
        file.save(BARE)
        assert file.try_lock()
        file.unlock()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"tokens.json": 0o600, "tokens.json.lock": 0o600}


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_use_is_refused_by_name(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "tokens.json"
    TokenFile(path).save(TOKEN)
    path.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        TokenFile(path).load()
    assert "sample" not in str(caught.value)
    assert path.name in str(caught.value)


def test_a_link_is_not_followed_to_a_token_file(tmp_path: Path) -> None:
    TokenFile(tmp_path / "real.json").save(TOKEN)
    (tmp_path / "tokens.json").symlink_to(tmp_path / "real.json")
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        TokenFile(tmp_path / "tokens.json").load()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1}', b"sample-secret", b"\xff", b"[" * 100_000]
)
def test_a_damaged_file_is_reported_and_not_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreDamaged, match="not a token file") as caught:
        TokenFile(path).load()
    assert "sample-secret" not in repr(caught.value) + repr(caught.value.__context__)


def test_a_folder_that_is_missing_is_reported(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "nowhere" / "tokens.json")
    assert file.load() is None
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        file.save(TOKEN)
    with pytest.raises(StoreUnavailable, match="cannot be locked"):
        file.try_lock()
    with pytest.raises(StoreUnavailable, match="cannot be locked"):
        file.try_lock()


def test_a_crash_before_the_replacement_leaves_the_old_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    file.save(TOKEN)

    def crash(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(StoreUnavailable, match="no space left"):
        file.save(BARE)
    assert TokenFile(tmp_path / "tokens.json").load() == TOKEN
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


def test_a_second_process_is_locked_out_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    script = (
        "import sys; from alignkit.transport.tokens import TokenFile; "
        "print(TokenFile(sys.argv[1]).try_lock(), flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert not TokenFile(path).try_lock()
        other.kill()
        other.wait(10)
    ours = TokenFile(path)
    assert ours.try_lock()
    ours.unlock()
