"""Signs in at Bluesky with an app password and renews the session: one at a time, stored before it is used.

Sources: lexicons `com.atproto.server.createSession` and `com.atproto.server.refreshSession`; docs.bsky.app, "Rate
limits": an account may sign in 30 times in 5 minutes and 300 times a day, so a session is kept and renewed.
"""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from alignkit.errors import CredentialsRejected, ResponseInvalid
from alignkit.transport import Flow, JsonValue, Request, Response, Token, TokenStore, request
from alignkit.transport.auth import Clock, revealed, sendable
from alignkit.transport.origin import place
from alignkit.transport.renewal import RenewedToken

XRPC: Final = "/xrpc"

_HOSTED_AT = "host.bsky.network"
_ENDED = frozenset({"ExpiredToken", "InvalidToken"})
_REFUSED = frozenset({400, 401})
_WHY = {
    "AuthFactorTokenRequired": "the account wants a second factor, which an app password does without",
    "AccountTakedown": "the account was taken down",
}


def means_ended(response: Response) -> bool:
    """Whether an answer says that the access token has ended, for which Bluesky has 400 as well as 401."""
    return response.status == 401 or (response.status == 400 and error_of(response) in _ENDED)


def error_of(response: Response) -> str:
    """The name that XRPC gives an error; empty where there is none."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    body = response.json()
    name = body.get("error") if isinstance(body, dict) else None
    return name if isinstance(name, str) else ""


class Session(RenewedToken):
    """The session of one account.

    A refresh token works once; shown again within two hours it gives the same successor, so that a lost answer costs
    nothing. When it has ended too, the app password begins a new session. The personal data server that the account's
    DID document names is where all further requests go; it must be `base_url`'s host or lie within
    `host.bsky.network`.

    Raises:
        CredentialsRejected: inside flows; the account or the password was refused.
        UntrustedTarget: inside flows; the DID document names a server elsewhere.
    """

    def __init__(
        self, base_url: str, identifier: str, app_password: SecretStr | str, tokens: TokenStore | None = None
    ) -> None:
        self._root = f"{base_url}{XRPC}"
        self._identifier = identifier
        self._password = app_password
        super().__init__(
            self._root,
            lambda _token: (),
            grant=(identifier, revealed(app_password)),
            setting="`identifier` and `app_password`",
            is_repeatable=True,
            tokens=tokens,
            root_field="serviceEndpoint",
            root_suffixes=(place(base_url).origin.host, _HOSTED_AT),
            means_expired=means_ended,
        )

    def _requested(self, stored: Token | None, clock: Clock) -> Flow[Token]:  # noqa: ARG002 - a session names no end
        answer = None
        if stored is not None and stored.refresh is not None:
            answer = yield from self._refreshed(stored.refresh)
        if answer is None:
            answer = yield from self._signed_in()
        return self._kept(answer)

    def _refreshed(self, refresh: SecretStr) -> Flow[dict[str, JsonValue] | None]:
        """The next session; None where the old one has ended."""
        response = yield from request(
            Request(
                "POST",
                f"{self._root}/com.atproto.server.refreshSession",
                headers={"Authorization": f"Bearer {refresh.get_secret_value()}"},
                accept=_REFUSED,
                repeatable=True,
            )
        )
        if means_ended(response):
            return None
        return self._granted(response)

    def _signed_in(self) -> Flow[dict[str, JsonValue]]:
        response = yield from request(
            Request(
                "POST",
                f"{self._root}/com.atproto.server.createSession",
                json={"identifier": self._identifier, "password": revealed(self._password)},
                accept=_REFUSED,
                repeatable=True,
            )
        )
        return self._granted(response)

    def _granted(self, response: Response) -> dict[str, JsonValue]:
        if response.status in _REFUSED:
            why = _WHY.get(error_of(response), "the account or the password is not known there")
            host = place(self._root).origin.host
            raise CredentialsRejected(
                f"`{host}` gave no session ({response.status}): {why}; check {self.setting}, and make a new app "
                "password if need be"
            )
        answer = response.json()
        if not isinstance(answer, dict):
            raise ResponseInvalid("the answer about the session is no JSON object; check `base_url`")
        return answer

    def _kept(self, answer: dict[str, JsonValue]) -> Token:
        access, refresh = answer.get("accessJwt"), answer.get("refreshJwt")
        if not (isinstance(access, str) and isinstance(refresh, str)):
            raise ResponseInvalid("the answer about the session holds no tokens; check `base_url`")
        return Token(
            access=SecretStr(sendable(access, "accessJwt")),
            refresh=SecretStr(sendable(refresh, "refreshJwt")),
            root=self._taught_root({"serviceEndpoint": _data_server(answer.get("didDoc"))}),
            grant=self._grant,
        )


def _data_server(document: JsonValue) -> str | None:
    """The personal data server that a DID document names."""
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            endpoint = service.get("serviceEndpoint")
            return endpoint if isinstance(endpoint, str) else None
    return None
