"""Tokens of a single use and of three seconds are renewed once, stored before use, and refused in one sentence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alignkit.errors import CredentialsRejected, StoreUnavailable
from alignkit.transport import (
    Account,
    AsyncHttpClient,
    ClientCredentials,
    Flow,
    HttpClient,
    RefreshToken,
    Request,
    Response,
    Token,
    TokenFile,
    TokenStore,
    arun_all,
    request,
    run,
    run_all,
)

from .oauth import OAuthAdmin
from .servers import wait_until

WHOAMI = Request("GET", "/me")


@dataclass
class Overheard:
    """What goes to the provider, and which tokens went there before the file ever held them."""

    client: HttpClient
    file: Path
    renewals: list[str] = field(default_factory=list[str])
    used: list[str] = field(default_factory=list[str])
    unstored: list[str] = field(default_factory=list[str])
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def send(self, wanted: Request) -> Response:
        with self._turn:
            self.note(wanted)
        return self.client.send(wanted)

    @property
    def is_thrifty(self) -> bool:
        """Whether no refresh token was shown twice, and each renewal brought a token that was used."""
        return len(self.renewals) == len(set(self.renewals)) == len(set(self.used))

    def note(self, wanted: Request) -> None:
        if wanted.url.endswith("/token"):
            self.renewals.append(dict(wanted.form or ()).get("refresh_token", ""))
            return
        access = wanted.headers["Authorization"].removeprefix("Bearer ")
        # An answer may still be asked for with a token that another flow has just replaced.
        if access not in self.used and not (self.file.exists() and access in self.file.read_text(encoding="utf-8")):
            self.unstored.append(access)
        self.used.append(access)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Overheard]:
    with HttpClient() as client:
        yield Overheard(client, tmp_path / "token.json")


def account(oauth: OAuthAdmin, first: str, tokens: TokenStore | None = None) -> Account:
    server = oauth.server
    auth = RefreshToken(
        server.token_url, first, client_id=server.client_id, client_secret=server.client_secret, tokens=tokens
    )
    return Account(oauth.url, auth, name="service")


def ask(through: Account) -> Flow[int]:
    response = yield from through.attend(request(WHOAMI))
    return response.status


def ask_often(through: Account, times: int, pause: float) -> Flow[list[int]]:
    statuses: list[int] = []
    for _ in range(times):
        response = yield from through.attend(request(Request("GET", "/me", delay=pause)))
        statuses.append(response.status)
    return statuses


def let_it_end(oauth: OAuthAdmin, access: str) -> None:
    assert wait_until(lambda: not oauth.is_accepted(access), 10)


def test_two_flows_share_every_renewal_while_tokens_end_under_them(oauth: OAuthAdmin, wire: Overheard) -> None:
    through = account(oauth, oauth.connect(), TokenFile(wire.file))
    flows = [ask_often(through, 14, pause=0.5) for _ in range(2)]
    assert run_all(flows, wire.send, at_once=2) == [[200] * 14] * 2
    assert len(wire.renewals) >= 3, "seven seconds take several tokens of three"
    assert wire.is_thrifty
    assert wire.unstored == []


def test_two_flows_whose_token_has_ended_renew_it_once(oauth: OAuthAdmin, wire: Overheard) -> None:
    through = account(oauth, oauth.connect(), TokenFile(wire.file))
    assert run(ask(through), wire.send) == 200
    let_it_end(oauth, wire.used[-1])
    assert run_all([ask(through), ask(through)], wire.send, at_once=2) == [200, 200]
    assert wire.is_thrifty
    assert len(wire.renewals) >= 2


def test_two_flows_in_an_event_loop_renew_once(oauth: OAuthAdmin, wire: Overheard) -> None:
    through = account(oauth, oauth.connect(), TokenFile(wire.file))

    async def story() -> list[int]:
        async with AsyncHttpClient() as client:

            async def send(wanted: Request) -> Response:
                wire.note(wanted)
                return await client.send(wanted)

            return await arun_all([ask(through) for _ in range(4)], send)

    assert asyncio.run(story()) == [200] * 4
    assert wire.is_thrifty
    assert wire.unstored == []


def test_two_programs_that_share_a_token_file_renew_once(oauth: OAuthAdmin, wire: Overheard) -> None:
    first = oauth.connect()
    programs = [account(oauth, first, TokenFile(wire.file)) for _ in range(2)]
    assert run_all([ask(program) for program in programs], wire.send, at_once=2) == [200, 200]
    assert wire.is_thrifty


def test_a_later_program_goes_on_with_the_stored_line_of_tokens(oauth: OAuthAdmin, wire: Overheard) -> None:
    first = oauth.connect()
    assert run(ask(account(oauth, first, TokenFile(wire.file))), wire.send) == 200
    let_it_end(oauth, wire.used[-1])
    assert run(ask(account(oauth, first, TokenFile(wire.file))), wire.send) == 200
    assert wire.renewals[0] == first
    assert wire.renewals[1] != first


def test_a_token_that_could_not_be_stored_is_not_used_and_not_lost(oauth: OAuthAdmin, wire: Overheard) -> None:
    class FullDisk(TokenFile):
        is_full = True

        def save(self, token: Token) -> None:
            if self.is_full:
                raise StoreUnavailable("the disk is full; make room")
            super().save(token)

    tokens = FullDisk(wire.file)
    through = account(oauth, oauth.connect(), tokens)
    with pytest.raises(StoreUnavailable):
        run(ask(through), wire.send)
    assert wire.used == []
    tokens.is_full = False
    assert run(ask(through), wire.send) == 200
    assert len(wire.renewals) == 1, "the single-use token was spent once"


def test_a_spent_refresh_token_is_refused_in_one_sentence_that_names_no_secret(
    oauth: OAuthAdmin, wire: Overheard
) -> None:
    first = oauth.connect()
    assert run(ask(account(oauth, first, TokenFile(wire.file))), wire.send) == 200
    wire.file.unlink()
    with pytest.raises(CredentialsRejected) as caught:
        run(ask(account(oauth, first, TokenFile(wire.file))), wire.send)
    text = str(caught.value)
    assert "invalid_grant" in text
    assert "`refresh_token`" in text
    assert "connect the account again" in text
    assert "\n" not in text
    assert first not in text
    assert oauth.server.client_secret not in text
    assert len(wire.renewals) == 2, "a refusal is not tried again"


def test_a_token_that_is_refused_although_it_is_new_costs_one_renewal_and_ends_in_one_sentence(
    oauth: OAuthAdmin, wire: Overheard
) -> None:
    server = oauth.server
    auth = ClientCredentials(server.token_url, server.client_id, server.client_secret, tokens=TokenFile(wire.file))
    through = Account(oauth.url, auth, name="service")
    # A program's own token speaks for nobody, so `/me` refuses each of them.
    with pytest.raises(CredentialsRejected, match="`client_id` and `client_secret`"):
        run(ask(through), wire.send)
    assert len(wire.renewals) == 2
