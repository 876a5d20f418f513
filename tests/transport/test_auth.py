"""Schemes with a fixed credential: what they add, and that they show nothing of it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from functools import partial

import pytest
from pydantic import SecretStr

from alignkit.errors import SettingsError
from alignkit.transport.auth import Anonymous, Auth, Basic, Bearer, Credential, HeaderKey, QueryKey
from alignkit.transport.flow import run
from alignkit.transport.message import Response


def never(_wanted: object) -> Response:
    raise AssertionError("a fixed credential needs no request")


def credential(auth: Auth) -> Credential:
    return run(auth.credential(lambda: 0.0), never)


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (Anonymous(), {}),
        (Bearer("sample-token"), {"Authorization": "Bearer sample-token"}),
        (Bearer(SecretStr("sample-token")), {"Authorization": "Bearer sample-token"}),
        (HeaderKey("X-Api-Key", "sample-token"), {"X-Api-Key": "sample-token"}),
        (HeaderKey("Authorization", "sample-token", prefix="token "), {"Authorization": "token sample-token"}),
    ],
)
def test_a_scheme_adds_its_header(auth: Auth, headers: dict[str, str]) -> None:
    assert credential(auth).headers == headers


def test_basic_sends_name_and_password_in_utf_8() -> None:
    header = credential(Basic("Zoë", SecretStr("pass:wörd"))).headers["Authorization"]
    assert b64decode(header.removeprefix("Basic ")).decode() == "Zoë:pass:wörd"


def test_a_query_key_is_a_parameter_and_no_header() -> None:
    added = credential(QueryKey("key", "sample-token"))
    assert (added.params, added.headers) == ((("key", "sample-token"),), {})


@pytest.mark.parametrize("make", [Bearer, partial(HeaderKey, "X-Key"), partial(QueryKey, "key", setting="token")])
@pytest.mark.parametrize(
    "secret", ["", "sample-secret\n", " sample-secret", "sample\r\nX-Evil: secret", "sämple-secret"]
)
def test_a_secret_that_cannot_be_sent_is_refused_by_the_name_of_its_setting(
    make: Callable[[str], Auth], secret: str
) -> None:
    with pytest.raises(SettingsError, match="`token`") as caught:
        make(secret)
    assert "secret" not in str(caught.value)


def test_what_a_service_calls_name_and_password_is_what_the_user_is_told_to_check() -> None:
    assert Basic("ada", "sample-secret").setting == "`username` and `password`"
    assert Basic("ada", "sample-secret", setting="`email` and `token`").setting == "`email` and `token`"


def test_a_user_name_with_a_colon_is_refused() -> None:
    with pytest.raises(SettingsError, match="`username`"):
        Basic("ada:lovelace", "sample-secret")


@pytest.mark.parametrize(
    "auth",
    [
        Basic("ada", "sample-secret"),
        Bearer("sample-secret"),
        HeaderKey("X-Key", "sample-secret"),
        QueryKey("k", "sample-secret"),
    ],
)
def test_no_scheme_shows_its_secret(auth: Auth) -> None:
    shown = repr(auth) + str(auth) + repr(credential(auth)) + f"{auth}{credential(auth)}"
    assert "sample-secret" not in shown
    assert "**********" in repr(auth)


def test_a_fixed_credential_is_never_renewed() -> None:
    auth = Bearer("sample-token")
    assert run(auth.renewal(Response(401), credential(auth), lambda: 0.0), never) is None
    assert auth.origins == frozenset()
