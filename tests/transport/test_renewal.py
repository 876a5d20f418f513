"""Renewal: one at a time, stored before used, and never lost on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr

from alignkit.errors import (
    CredentialsRejected,
    ResponseInvalid,
    ServiceUnreachable,
    SettingsError,
    StoreUnavailable,
    UntrustedTarget,
)
from alignkit.transport.flow import arun_all, run_all
from alignkit.transport.message import Request, Response
from alignkit.transport.oauth import RefreshToken
from alignkit.transport.steps import Call, request
from alignkit.transport.tokens import MemoryTokens, Token, TokenFile, TokenStore

from .scripted import BASE, Answer, Script, answer

TOKEN_URL = "https://login.example.com/oauth/token"


class Rotating:
    """A service whose refresh tokens work once, and whose access tokens can be ended at will."""

    def __init__(self) -> None:
        self.valid_refresh = "sample-refresh-0"
        self.valid_access = ""
        self.renewals = 0
        self.extra = ""

    def __call__(self, wanted: Request) -> Answer:
        if wanted.url == TOKEN_URL:
            return self._renew(dict(wanted.form or ()))
        is_valid = wanted.headers.get("Authorization") == f"Bearer {self.valid_access}"
        return answer(200 if is_valid and self.valid_access else 401)

    def _renew(self, form: dict[str, str]) -> Answer:
        if form["refresh_token"] != self.valid_refresh:
            return answer(400, b'{"error": "invalid_grant"}', content_type="application/json")
        self.renewals += 1
        self.valid_refresh = f"sample-refresh-{self.renewals}"
        self.valid_access = f"sample-access-{self.renewals}"
        return answer(
            200,
            f'{{"access_token": "{self.valid_access}", "refresh_token": "{self.valid_refresh}",'
            f' "expires_in": 3600{self.extra}}}'.encode(),
        )


def refreshing(tokens: TokenStore | None = None, first: str = "sample-refresh-0") -> RefreshToken:
    return RefreshToken(TOKEN_URL, first, client_id="app", client_secret="sample-client-secret", tokens=tokens)


def test_a_token_is_requested_once_and_used_until_it_ends() -> None:
    service = Rotating()
    script = Script(service)
    account = script.account(refreshing())
    for _ in range(3):
        assert script.ask(Request("GET", "/"), account).status == 200
    assert service.renewals == 1
    script.now += 3_600 - 59
    assert script.ask(Request("GET", "/"), account).status == 200
    assert service.renewals == 2


def test_a_refused_token_is_renewed_once_and_the_request_sent_once_more() -> None:
    service = Rotating()
    script = Script(service)
    account = script.account(refreshing())
    script.ask(Request("GET", "/"), account)
    service.valid_access = "sample-ended-early"
    assert script.ask(Request("POST", "/tickets", json={}), account).status == 200
    assert [wanted.url for wanted in script.sent][-3:] == [f"{BASE}/tickets", TOKEN_URL, f"{BASE}/tickets"]


def test_a_renewed_token_that_is_refused_as_well_is_reported() -> None:
    service = Rotating()
    script = Script(lambda wanted: service(wanted) if wanted.url == TOKEN_URL else answer(401))
    with pytest.raises(CredentialsRejected, match="`refresh_token`"):
        script.ask(Request("GET", "/"), script.account(refreshing()))
    assert [wanted.url for wanted in script.sent] == [TOKEN_URL, f"{BASE}/", TOKEN_URL, f"{BASE}/"]


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_fifty_threads_with_an_ended_token_renew_it_once(kind: str, tmp_path: Path) -> None:
    service = Rotating()
    script = Script(service)
    account = script.account(refreshing(MemoryTokens() if kind == "memory" else TokenFile(tmp_path / "tokens.json")))
    flows = [account.attend(request(Request("GET", f"/{number}"))) for number in range(50)]
    assert [response.status for response in run_all(flows, script.send, at_once=50)] == [200] * 50
    assert service.renewals == 1


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_fifty_tasks_with_an_ended_token_renew_it_once(kind: str, tmp_path: Path) -> None:
    service = Rotating()
    script = Script(service)
    account = script.account(refreshing(MemoryTokens() if kind == "memory" else TokenFile(tmp_path / "tokens.json")))

    async def send(wanted: Request) -> Response:
        await asyncio.sleep(0.01)
        return script.send(wanted)

    async def main() -> list[Response]:
        flows = [account.attend(request(Request("GET", f"/{number}"))) for number in range(50)]
        return await arun_all(flows, send, at_once=50)

    assert [response.status for response in asyncio.run(main())] == [200] * 50
    assert service.renewals == 1


def test_fifty_flows_refused_at_once_renew_the_token_once() -> None:
    service = Rotating()
    script = Script(service)
    account = script.account(refreshing())
    script.ask(Request("GET", "/"), account)
    service.valid_access = "sample-ended-early"
    all_refused = threading.Barrier(50)

    def send(wanted: Request) -> Response:
        response = script.send(wanted)
        if response.status == 401:
            all_refused.wait(30)
        return response

    flows = [account.attend(request(Request("GET", f"/{number}"))) for number in range(50)]
    assert [response.status for response in run_all(flows, send, at_once=50)] == [200] * 50
    assert service.renewals == 2


def test_two_accounts_on_one_file_use_each_others_renewal(tmp_path: Path) -> None:
    service = Rotating()
    script = Script(service)
    accounts = [script.account(refreshing(TokenFile(tmp_path / "tokens.json"))) for _ in range(2)]
    for account in accounts:
        script.ask(Request("GET", "/"), account)
    assert service.renewals == 1
    service.valid_access = "sample-ended-early"
    for account in accounts:
        assert script.ask(Request("GET", "/"), account).status == 200
    assert service.renewals == 2


class Recording(MemoryTokens):
    """Notes what was saved when, and fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.saved: list[str] = []
        self._failures: Iterator[int] = count(-failures)

    def save(self, token: Token) -> None:
        if next(self._failures) < 0:
            raise StoreUnavailable("the disk is full")
        self.saved.append(token.access.get_secret_value())
        super().save(token)


def test_a_rotated_token_is_stored_before_it_is_used() -> None:
    tokens, service = Recording(), Rotating()
    saved_when_used: list[list[str]] = []

    def watched(wanted: Request) -> Answer:
        if wanted.url != TOKEN_URL:
            saved_when_used.append(list(tokens.saved))
        return service(wanted)

    script = Script(watched)
    script.ask(Request("GET", "/"), script.account(refreshing(tokens)))
    assert saved_when_used == [["sample-access-1"]]


def test_a_crash_between_storing_and_using_loses_no_rotated_token(tmp_path: Path) -> None:
    service, path = Rotating(), tmp_path / "tokens.json"

    def crashing(wanted: Request) -> Answer:
        return service(wanted) if wanted.url == TOKEN_URL else KeyboardInterrupt()

    crashed = Script(crashing)
    with pytest.raises(KeyboardInterrupt):
        crashed.ask(Request("GET", "/"), crashed.account(refreshing(TokenFile(path))))
    restarted = Script(service)
    assert restarted.ask(Request("GET", "/"), restarted.account(refreshing(TokenFile(path)))).status == 200
    assert service.renewals == 1


def test_a_token_that_could_not_be_stored_is_not_used_and_not_lost() -> None:
    service, tokens = Rotating(), Recording(failures=1)
    script = Script(service)
    account = script.account(refreshing(tokens))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        script.ask(Request("GET", "/"), account)
    assert [wanted.url for wanted in script.sent] == [TOKEN_URL]
    assert script.ask(Request("GET", "/"), account).status == 200
    assert service.renewals == 1
    assert tokens.saved == ["sample-access-1"]


def test_the_lock_is_given_back_after_every_failure() -> None:
    tokens = MemoryTokens()
    script = Script([KeyboardInterrupt(), StoreUnavailable("x")])
    account = script.account(refreshing(tokens))
    for error in (KeyboardInterrupt, StoreUnavailable):
        with pytest.raises(error):
            script.ask(Request("GET", "/"), account)
    closed = account.attend(request(Request("GET", "/")))
    effect = next(closed)
    while isinstance(effect, Call):
        effect = closed.send(effect.function())
    assert effect.url == TOKEN_URL
    assert not tokens.try_lock()
    closed.close()
    assert tokens.try_lock()


def test_a_lock_held_for_too_long_is_reported() -> None:
    tokens = MemoryTokens()
    assert tokens.try_lock()
    script = Script([])
    with pytest.raises(StoreUnavailable, match="locked for 120 s"):
        script.ask(Request("GET", "/"), script.account(refreshing(tokens)))
    assert 120 < sum(script.slept) < 121


def test_another_first_refresh_token_starts_a_new_line() -> None:
    service, tokens = Rotating(), MemoryTokens()
    script = Script(service)
    script.ask(Request("GET", "/"), script.account(refreshing(tokens)))
    service.valid_refresh = "sample-reconnected"
    service.valid_access = "sample-revoked"
    account = script.account(refreshing(tokens, first="sample-reconnected"))
    assert script.ask(Request("GET", "/"), account).status == 200


def salesforce(tokens: TokenStore | None = None) -> RefreshToken:
    return RefreshToken(
        TOKEN_URL, "sample-refresh-0", tokens=tokens, root_field="instance_url", root_suffixes=["crm.example.com"]
    )


def test_a_token_answer_may_teach_the_services_root_which_is_kept_with_the_token() -> None:
    service, tokens = Rotating(), MemoryTokens()
    service.extra = ', "instance_url": "https://eu1.crm.example.com/"'
    for _ in range(2):
        script = Script(service)
        account = script.account(salesforce(tokens))
        script.ask(Request("GET", "/data"), account)
        script.ask(Request("GET", "https://eu1.crm.example.com/next"), account)
        assert [wanted.url for wanted in script.sent][-2:] == [
            "https://eu1.crm.example.com/data",
            "https://eu1.crm.example.com/next",
        ]
    assert service.renewals == 1


@pytest.mark.parametrize(
    "taught",
    ["https://evil.test", "https://crm.example.com.evil.test", "https://evilcrm.example.com", "https://example.com"],
)
def test_a_root_outside_the_declared_domains_is_refused(taught: str) -> None:
    service = Rotating()
    service.extra = f', "instance_url": "{taught}"'
    script = Script(service)
    with pytest.raises(UntrustedTarget, match=r"outside `crm\.example\.com`"):
        script.ask(Request("GET", "/data"), script.account(salesforce()))
    assert [wanted.url for wanted in script.sent] == [TOKEN_URL]


@pytest.mark.parametrize("taught", ["http://eu1.crm.example.com", "https://crm.example.com@evil.test"])
def test_a_root_that_cannot_be_trusted_at_all_is_refused(taught: str) -> None:
    service = Rotating()
    service.extra = f', "instance_url": "{taught}"'
    script = Script(service)
    with pytest.raises(SettingsError, match="instance_url"):
        script.ask(Request("GET", "/data"), script.account(salesforce()))


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        (
            answer(400, b'{"error": "invalid_grant"}', content_type="application/json"),
            CredentialsRejected,
            "invalid_grant",
        ),
        (answer(400, b'{"error": "sample-secret"}', content_type="application/json"), CredentialsRejected, "400"),
        (answer(401, b"<html>sample-secret"), CredentialsRejected, "`refresh_token`"),
        (answer(200, b'{"error": "invalid_client"}'), CredentialsRejected, "invalid_client"),
        (answer(200, b"[]"), CredentialsRejected, "gave no token"),
        (answer(200, b'{"token": "sample-secret"}'), ResponseInvalid, "`access_token`"),
        (answer(200, b"<html>sample-secret"), ResponseInvalid, "web page"),
        (answer(200, b'{"access_token": "sample-secret\\r\\nX: y"}'), SettingsError, "`access_token`"),
    ],
)
def test_a_token_answer_that_is_no_token_is_explained(response: Response, error: type[Exception], text: str) -> None:
    script = Script([response])
    with pytest.raises(error, match=text) as caught:
        script.ask(Request("GET", "/"), script.account(refreshing()))
    assert "sample-secret" not in str(caught.value)


@pytest.mark.parametrize("failure", [ServiceUnreachable("cut"), answer(502)])
def test_a_refresh_token_that_may_be_spent_is_not_sent_twice(failure: Answer) -> None:
    script = Script(lambda _wanted: failure)
    with pytest.raises(ServiceUnreachable):
        script.ask(Request("GET", "/"), script.account(refreshing()))
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    ("expires_in", "due_after"),
    [("3600", 3540), ('"3600"', 3540), ("10", 9), ("null", None), ("0", None), ('"soon"', None)],
)
def test_a_token_is_renewed_a_little_before_its_end(expires_in: str, due_after: float | None) -> None:
    tokens = MemoryTokens()
    script = Script([answer(200, f'{{"access_token": "a", "expires_in": {expires_in}}}'.encode()), answer()])
    started = script.now
    script.ask(Request("GET", "/"), script.account(refreshing(tokens)))
    stored = tokens.load()
    assert stored is not None
    assert stored.renew_at == (None if due_after is None else started + due_after)


def test_a_refresh_token_that_is_not_replaced_stays_in_use() -> None:
    tokens = MemoryTokens()
    tokens.save(Token(SecretStr("unused"), SecretStr("unused"), 0.0, None, "another grant"))
    script = Script(lambda wanted: answer(200, b'{"access_token": "a", "expires_in": 10}'))
    account = script.account(refreshing(tokens))
    for _ in range(2):
        script.ask(Request("GET", "/"), account)
        script.now += 60
    forms = [dict(wanted.form or ()) for wanted in script.sent if wanted.url == TOKEN_URL]
    assert [form["refresh_token"] for form in forms] == ["sample-refresh-0"] * 2


def test_no_scheme_that_renews_shows_its_secrets() -> None:
    auth = refreshing()
    assert "sample" not in f"{auth!r} {auth}"
