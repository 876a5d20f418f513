"""Keeps tokens that change while we run, and says who may renew them: memory, or a file of the owner alone."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import SecretStr

from alignkit import durable
from alignkit.errors import SettingsError, StoreDamaged, StoreUnavailable

if sys.platform != "win32":
    import fcntl

_VERSION = 1
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what is needed to get the next one.

    Attributes:
        access: what requests carry.
        refresh: what the next renewal needs, where the service gave one.
        renew_at: seconds since the epoch from which it is renewed before use; None when the service named
            no end.
        root: the service's root, where the token answer taught one.
        grant: a digest of the settings it was granted for, so that changed settings end its use.
    """

    access: SecretStr
    refresh: SecretStr | None = None
    renew_at: float | None = None
    root: str | None = None
    grant: str = ""

    def is_due(self, now: float) -> bool:
        """Whether it is to be renewed before its next use."""
        return self.renew_at is not None and now >= self.renew_at


class TokenStore(Protocol):
    """Where one account's token rests, and the lock that lets one renewal at a time through.

    `load` and `save` may block. `try_lock` must return at once; `unlock` may be called from another thread.
    """

    def load(self) -> Token | None:
        """The token last saved."""
        ...

    def save(self, token: Token) -> None:
        """Keep a token so that it survives a crash right after this returns."""
        ...

    def try_lock(self) -> bool:
        """Take the lock if nobody, in any process, holds it."""
        ...

    def unlock(self) -> None:
        """Give the lock back."""
        ...


class MemoryTokens:
    """Tokens that end with the process: enough where a token can always be had again from the settings."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._lock = threading.Lock()

    def load(self) -> Token | None:
        return self._token

    def save(self, token: Token) -> None:
        self._token = token

    def try_lock(self) -> bool:
        return self._lock.acquire(blocking=False)

    def unlock(self) -> None:
        self._lock.release()


class TokenFile:
    """Tokens in one JSON file that its owner alone may read, for one account.

    The file is replaced as a whole and synced to disk before the new token is used, so a crash leaves the old
    or the new one. Beside it lies an empty file, its name ending in `.lock`, that a renewal locks against
    other processes (`flock`; the lock ends with its process). The token is not encrypted: who can act as the
    owner or read the disk can read it.

    Raises:
        SettingsError: from every method, when others may read the file, it belongs to somebody else or it is
            a link; from the constructor on systems without POSIX owners and locks.
        StoreUnavailable: it cannot be read or written.
        StoreDamaged: it is not a token file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if sys.platform == "win32":
            raise SettingsError(
                "`TokenFile` needs POSIX owners and locks; on this system give a `TokenStore` of your own"
            )
        self._path = Path(path).absolute()
        self._guard = threading.Lock()
        self._locked: int | None = None

    def load(self) -> Token | None:
        with self._reporting("read"):
            try:
                descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                self._check_owner(descriptor)
                content = file.read()
        return self._parsed(content)

    def save(self, token: Token) -> None:
        content = json.dumps(_plain(token)).encode()
        with self._reporting("written"):
            durable.replace(self._path, content)

    def try_lock(self) -> bool:
        if not self._guard.acquire(blocking=False):
            return False
        try:
            self._locked = self._flocked()
        finally:
            if self._locked is None:
                self._guard.release()
        return self._locked is not None

    def unlock(self) -> None:
        descriptor, self._locked = self._locked, None
        if descriptor is not None:
            os.close(descriptor)  # ends the lock with it
            self._guard.release()

    def _flocked(self) -> int | None:
        with self._reporting("locked"):
            lock_path = self._path.with_name(f"{self._path.name}.lock")
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(lock_path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _check_owner(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise SettingsError(f"`{self._path}` belongs to another user; keep tokens in a file of your own")
        if found.st_mode & _OTHERS:
            raise SettingsError(
                f"`{self._path}` can be read by others; run `chmod 600` on it and replace the token it holds"
            )

    def _parsed(self, content: bytes) -> Token:
        try:
            row = cast("dict[str, Any]", json.loads(content))
            if row["version"] == _VERSION:
                return _token(row)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise StoreDamaged(f"`{self._path}` is not a token file; move it away and connect the account again")

    @contextmanager
    def _reporting(self, verb: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StoreUnavailable(
                f"the token file `{self._path}` cannot be {verb}: {reason.lower()}; check its folder"
            ) from error


def _plain(token: Token) -> dict[str, object]:
    return {
        "version": _VERSION,
        "access": token.access.get_secret_value(),
        "refresh": None if token.refresh is None else token.refresh.get_secret_value(),
        "renew_at": token.renew_at,
        "root": token.root,
        "grant": token.grant,
    }


def _token(row: dict[str, Any]) -> Token:
    refresh, renew_at, root = row["refresh"], row["renew_at"], row["root"]
    return Token(
        access=SecretStr(str(row["access"])),
        refresh=None if refresh is None else SecretStr(str(refresh)),
        renew_at=None if renew_at is None else float(renew_at),
        root=None if root is None else str(root),
        grant=str(row["grant"]),
    )
