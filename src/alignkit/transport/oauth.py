"""Asks for tokens the ways OAuth2 has for programs: client credentials, and refresh."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import SecretStr

from alignkit.transport.auth import revealed
from alignkit.transport.message import Response
from alignkit.transport.renewal import RenewedToken, is_unauthorized
from alignkit.transport.tokens import Token, TokenStore

ClientPlace = Literal["header", "body"]
"""Where client id and secret go: basic authentication, or fields of the form (RFC 6749, 2.3.1)."""


class ClientCredentials(RenewedToken):
    """The OAuth2 client credentials grant (RFC 6749, 4.4)."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: SecretStr | str,
        *,
        scope: str = "",
        client_in: ClientPlace = "header",
        fields: Sequence[tuple[str, str]] = (),
        tokens: TokenStore | None = None,
        root_field: str | None = None,
        root_suffixes: Sequence[str] = (),
        means_expired: Callable[[Response], bool] = is_unauthorized,
    ) -> None:
        form = (
            ("grant_type", "client_credentials"),
            *_if_given("scope", scope),
            *fields,
            *_client_fields(client_in, client_id, client_secret),
        )
        super().__init__(
            token_url,
            lambda _token: form,
            grant=(client_id, revealed(client_secret), scope),
            setting="`client_id` and `client_secret`",
            is_repeatable=True,
            headers=_client_headers(client_id, client_secret) if client_in == "header" else None,
            tokens=tokens,
            root_field=root_field,
            root_suffixes=root_suffixes,
            means_expired=means_expired,
        )


class RefreshToken(RenewedToken):
    """The OAuth2 refresh grant (RFC 6749, 6), for refresh tokens that last and for those of a single use.

    `refresh_token` is the first of its line. Where each renewal replaces it, give `tokens` a store that
    outlives the process: the first is worthless once it was used. Configuring another one starts a new line.
    """

    def __init__(
        self,
        token_url: str,
        refresh_token: SecretStr | str,
        *,
        client_id: str = "",
        client_secret: SecretStr | str = "",
        scope: str = "",
        client_in: ClientPlace = "header",
        fields: Sequence[tuple[str, str]] = (),
        tokens: TokenStore | None = None,
        root_field: str | None = None,
        root_suffixes: Sequence[str] = (),
        means_expired: Callable[[Response], bool] = is_unauthorized,
    ) -> None:
        has_secret = bool(revealed(client_secret))
        in_header = has_secret and client_in == "header"

        def form(token: Token | None) -> Sequence[tuple[str, str]]:
            latest = refresh_token if token is None or token.refresh is None else token.refresh
            return (
                ("grant_type", "refresh_token"),
                ("refresh_token", revealed(latest)),
                *_if_given("scope", scope),
                *fields,
                *(() if in_header else _client_fields("body", client_id, client_secret)),
            )

        super().__init__(
            token_url,
            form,
            grant=(client_id, revealed(refresh_token)),
            setting="`refresh_token`",
            is_repeatable=False,
            headers=_client_headers(client_id, client_secret) if in_header else None,
            tokens=tokens,
            root_field=root_field,
            root_suffixes=root_suffixes,
            means_expired=means_expired,
        )


def _client_headers(client_id: str, client_secret: SecretStr | str) -> Mapping[str, str]:
    """Both form-encoded before they are joined, as RFC 6749, 2.3.1 asks."""
    pair = f"{quote(client_id, safe='')}:{quote(revealed(client_secret), safe='')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _client_fields(client_in: ClientPlace, client_id: str, client_secret: SecretStr | str) -> Sequence[tuple[str, str]]:
    if client_in == "header":
        return ()
    return (*_if_given("client_id", client_id), *_if_given("client_secret", revealed(client_secret)))


def _if_given(name: str, value: str) -> Sequence[tuple[str, str]]:
    return ((name, value),) if value else ()
