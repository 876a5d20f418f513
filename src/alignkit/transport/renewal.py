"""Renews tokens: one renewal at a time for each account, and the new token is stored before it is used."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

from pydantic import SecretStr

from alignkit.errors import CredentialsRejected, ResponseInvalid, StoreUnavailable, UntrustedTarget
from alignkit.transport.auth import Clock, Credential, sendable
from alignkit.transport.message import JsonValue, Request, Response
from alignkit.transport.origin import Origin, place, service_root
from alignkit.transport.steps import Call, Flow, call, request
from alignkit.transport.tokens import MemoryTokens, Token, TokenStore

_LONGEST_LOCK_WAIT = 120.0
_FIRST_POLL = 0.005
_LONGEST_POLL = 0.25
_MARGIN = 60.0
_REFUSED = frozenset({400, 401, 403})
_OAUTH_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


def is_unauthorized(response: Response) -> bool:
    """Whether an answer says that the token has ended, as most services put it."""
    return response.status == 401


class RenewedToken:
    """A bearer token that is requested, stored, shown and replaced: the common part of the grants below.

    Args:
        token_url: where tokens come from; nothing of a scheme's own goes to any other origin.
        form: the grant's own fields, given the token to renew, if there is one.
        grant: what the grant was made for; a stored token of another grant is not used.
        setting: what the user checks when the grant is refused.
        is_repeatable: False where asking twice could spend a single-use refresh token.
        headers: sent with the request for a token.
        tokens: where the token rests.
        root_field: the field of a token answer that names the service's root (Salesforce: `instance_url`).
        root_suffixes: the domains such a root must lie in.
        means_expired: tells an answer that ends the token from any other refusal.
    """

    def __init__(
        self,
        token_url: str,
        form: Callable[[Token | None], Sequence[tuple[str, str]]],
        *,
        grant: Sequence[str],
        setting: str,
        is_repeatable: bool,
        headers: Mapping[str, str] | None = None,
        tokens: TokenStore | None = None,
        root_field: str | None = None,
        root_suffixes: Sequence[str] = (),
        means_expired: Callable[[Response], bool] = is_unauthorized,
    ) -> None:
        self._token_url = service_root(token_url, setting="token_url")
        self._form = form
        self._grant = _digest(self._token_url, *grant)
        self._setting = setting
        self._is_repeatable = is_repeatable
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._tokens = MemoryTokens() if tokens is None else tokens
        self._root_field = root_field
        self._root_suffixes = tuple(root_suffixes)
        self._means_expired = means_expired
        self._current: Token | None = None
        self._unsaved: Token | None = None

    @property
    def setting(self) -> str:
        return self._setting

    @property
    def origins(self) -> frozenset[Origin]:
        return frozenset({place(self._token_url).origin})

    def credential(self, clock: Clock) -> Flow[Credential]:
        token = self._current or (yield from call(self._load))
        if token is None or token.is_due(clock()):
            token = yield from self._renewed(None, clock)
        self._current = token
        return _credential(token)

    def renewal(self, refused: Response, used: Credential, clock: Clock) -> Flow[Credential | None]:
        if not self._means_expired(refused):
            return None
        return _credential((yield from self._renewed(used, clock)))

    def _renewed(self, refused: Credential | None, clock: Clock) -> Flow[Token]:
        """A token other than the refused one, whether this flow, another or another process renewed it."""
        lock = _Lock(self._tokens, clock)
        try:
            while not (yield from lock.taken()):
                if _is_newer(self._current, refused, clock()):
                    return self._current
            self._current = yield from self._renewed_under_lock(refused, clock)
            return self._current
        finally:
            lock.give_back()

    def _renewed_under_lock(self, refused: Credential | None, clock: Clock) -> Flow[Token]:
        stored = yield from call(self._load)
        if self._unsaved is None and _is_newer(stored, refused, clock()):
            return stored
        # A token that could not be stored is kept, for its refresh token may be the only valid one.
        self._unsaved = token = self._unsaved or (yield from self._requested(stored, clock))
        yield from call(self._tokens.save, token)
        self._unsaved = None
        return token

    def _requested(self, stored: Token | None, clock: Clock) -> Flow[Token]:
        response = yield from request(
            Request(
                "POST",
                self._token_url,
                headers=self._headers,
                form=self._form(stored),
                accept=_REFUSED,
                repeatable=self._is_repeatable,
            )
        )
        answer = response.json() if _is_json(response) else None
        if not isinstance(answer, dict) or "error" in answer or response.status in _REFUSED:
            raise CredentialsRejected(self._refusal(response.status, answer))
        return self._token(answer, stored, clock())

    def _token(self, answer: dict[str, JsonValue], stored: Token | None, now: float) -> Token:
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise ResponseInvalid("the token answer holds no `access_token`; check `token_url`")
        earlier = None if stored is None else stored.refresh
        return Token(
            access=SecretStr(sendable(access, "access_token")),
            refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else earlier,
            renew_at=_renew_at(answer.get("expires_in"), now),
            root=self._taught_root(answer),
            grant=self._grant,
        )

    def _taught_root(self, answer: dict[str, JsonValue]) -> str | None:
        taught = None if self._root_field is None else answer.get(self._root_field)
        if not isinstance(taught, str):
            return None
        root = service_root(taught, setting=f"{self._root_field} of the token answer")
        origin = place(root).origin
        if not any(origin.is_within(suffix) for suffix in self._root_suffixes):
            raise UntrustedTarget(
                f"the token answer sends us to `{origin}`, outside {_listed(self._root_suffixes)}; "
                "nothing was sent there"
            )
        return root

    def _refusal(self, status: int, answer: JsonValue) -> str:
        error = answer.get("error") if isinstance(answer, dict) else None
        named = f" `{error}`" if isinstance(error, str) and error in _OAUTH_ERRORS else ""
        host = place(self._token_url).origin.host
        return f"`{host}` gave no token ({status}{named}); check {self._setting}, or connect the account again"

    def _load(self) -> Token | None:
        token = self._tokens.load()
        return token if token is not None and token.grant == self._grant else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} **********>"


class _Lock:
    """The store's lock as one renewal holds it.

    It is asked for again and again instead of waited for: a waiter that blocked would hold one of the few
    worker threads, and the holder may need that very thread to finish.
    """

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._deadline = clock() + _LONGEST_LOCK_WAIT
        self._delay = 0.0
        self._is_held = False

    def taken(self) -> Flow[bool]:
        """Ask once, a little later each time."""
        if self._clock() > self._deadline:
            raise StoreUnavailable(
                f"the token has been locked for {_LONGEST_LOCK_WAIT:.0f} s; end the other process that renews it"
            )
        is_taken: bool = yield Call(self._take, self._delay)
        self._delay = min(2 * self._delay or _FIRST_POLL, _LONGEST_POLL)
        return is_taken

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._tokens.unlock()

    def _take(self) -> bool:
        # Noted here, not by the flow, which may be stopped before it hears the result.
        self._is_held = self._tokens.try_lock()
        return self._is_held


def _is_newer(token: Token | None, refused: Credential | None, now: float) -> TypeGuard[Token]:
    """Whether somebody else has renewed the token while we waited for the lock."""
    if token is None or token.is_due(now):
        return False
    return refused is None or _credential(token).headers != refused.headers


def _credential(token: Token) -> Credential:
    return Credential({"Authorization": f"Bearer {token.access.get_secret_value()}"}, root=token.root)


def _is_json(response: Response) -> bool:
    return response.status not in _REFUSED or "json" in response.headers.get("content-type", "")


def _renew_at(expires_in: JsonValue, now: float) -> float | None:
    """A minute before the end, or a tenth of a shorter life: the answer is on its way for a while."""
    try:
        life = float(expires_in) if isinstance(expires_in, int | float | str) else math.nan
    except ValueError:
        return None
    return now + life - min(_MARGIN, life / 10) if math.isfinite(life) and life > 0 else None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _listed(suffixes: Sequence[str]) -> str:
    return ", ".join(f"`{suffix}`" for suffix in suffixes) or "every declared domain"
