"""OAuth2 grants: the requests they make."""

from __future__ import annotations

from base64 import b64decode

import pytest
from pydantic import SecretStr

from alignkit.errors import SettingsError
from alignkit.transport.message import Request
from alignkit.transport.oauth import ClientCredentials, RefreshToken
from alignkit.transport.renewal import RenewedToken
from alignkit.transport.tokens import MemoryTokens

from .scripted import BASE, Script, answer

TOKEN_URL = "https://login.example.com/oauth/token"
GRANTED = answer(200, b'{"access_token": "sample-access", "expires_in": 3600}')


def token_request(auth: RenewedToken) -> Request:
    script = Script([GRANTED, answer()])
    script.ask(Request("GET", "/"), script.account(auth))
    asked, used = script.sent
    assert used.headers["Authorization"] == "Bearer sample-access"
    assert (asked.method, asked.url) == ("POST", TOKEN_URL)
    return asked


def basic(wanted: Request) -> str:
    return b64decode(wanted.headers["Authorization"].removeprefix("Basic ")).decode()


def test_client_credentials_go_in_the_header_form_encoded() -> None:
    asked = token_request(ClientCredentials(TOKEN_URL, "app:1", SecretStr("sample secret+"), scope="read"))
    assert asked.form == (("grant_type", "client_credentials"), ("scope", "read"))
    assert basic(asked) == "app%3A1:sample%20secret%2B"


def test_client_credentials_go_in_the_body_where_the_service_wants_them_there() -> None:
    asked = token_request(
        ClientCredentials(TOKEN_URL, "app", "sample-secret", client_in="body", fields=[("audience", "api")])
    )
    assert dict(asked.form or ()) == {
        "grant_type": "client_credentials",
        "audience": "api",
        "client_id": "app",
        "client_secret": "sample-secret",
    }
    assert "Authorization" not in asked.headers


def test_client_credentials_may_be_asked_for_twice_and_refresh_tokens_not() -> None:
    assert token_request(ClientCredentials(TOKEN_URL, "app", "sample-secret")).is_repeatable
    assert not token_request(RefreshToken(TOKEN_URL, "sample-refresh")).is_repeatable


def test_a_public_client_sends_its_id_in_the_body() -> None:
    asked = token_request(RefreshToken(TOKEN_URL, SecretStr("sample-refresh"), client_id="app"))
    assert dict(asked.form or ()) == {
        "grant_type": "refresh_token",
        "refresh_token": "sample-refresh",
        "client_id": "app",
    }
    assert "Authorization" not in asked.headers


def test_a_confidential_client_refreshes_with_its_secret() -> None:
    asked = token_request(
        RefreshToken(
            TOKEN_URL,
            "sample-refresh",
            client_id="app",
            client_secret="sample-secret",
            scope="read",
            fields=[("audience", "api")],
        )
    )
    assert dict(asked.form or ()) == {
        "grant_type": "refresh_token",
        "refresh_token": "sample-refresh",
        "scope": "read",
        "audience": "api",
    }
    assert basic(asked) == "app:sample-secret"


def test_a_sign_of_an_ended_token_other_than_401_is_understood() -> None:
    auth = ClientCredentials(
        TOKEN_URL, "app", "sample-secret", means_expired=lambda response: b"ExpiredToken" in response.content
    )
    script = Script([GRANTED, answer(400, b'{"error": "ExpiredToken"}'), GRANTED, answer(200)])
    assert script.ask(Request("GET", "/"), script.account(auth)).status == 200
    assert [wanted.url for wanted in script.sent] == [TOKEN_URL, f"{BASE}/"] * 2


def test_another_client_does_not_use_a_stored_token() -> None:
    scripts = [Script([GRANTED, answer()]) for _ in range(2)]
    tokens = MemoryTokens()
    for script, client in zip(scripts, ("one", "two"), strict=True):
        script.ask(Request("GET", "/"), script.account(ClientCredentials(TOKEN_URL, client, "s", tokens=tokens)))
        assert script.sent[0].url == TOKEN_URL


@pytest.mark.parametrize(
    "url", ["http://login.example.com/token", "login.example.com", "https://u:p@login.example.com"]
)
def test_a_token_url_that_cannot_be_trusted_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="`token_url`"):
        ClientCredentials(url, "app", "sample-secret")
