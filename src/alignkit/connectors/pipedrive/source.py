"""Pipedrive as a source: organisations and persons first, then deals; things by id; notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.pipedrive.checks import check
from alignkit.connectors.pipedrive.fetch import fetch
from alignkit.connectors.pipedrive.profile import PROFILE
from alignkit.connectors.pipedrive.records import KINDS
from alignkit.connectors.pipedrive.streams import read
from alignkit.connectors.pipedrive.writing import add_note
from alignkit.connectors.renewal import AppSettings
from alignkit.models.exchange import Ref
from alignkit.transport import (
    Account,
    Auth,
    Flow,
    HeaderKey,
    Limits,
    TokenStore,
    subdomain,
)

TOKEN_URL = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address


class PipedriveSettings(AppSettings):
    """What is needed to read one company.

    Attributes:
        company: the first label of the company's address.
        token: of a user; or `refresh_token`, `client_id` and `client_secret` of an app.
        base_url: another address, such as a proxy.
    """

    company: str = ""
    token: SecretStr | None = None
    token_url: str = Field(default=TOKEN_URL)
    base_url: str | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> PipedriveSettings:
        if not is_one_of((self.token,), (self.refresh_token, self.client_id, self.client_secret)):
            raise ValueError("give either `token`, or `refresh_token`, `client_id` and `client_secret`")
        if not self.company and self.base_url is None:
            raise ValueError("give `company`, as in `acme` of `https://acme.pipedrive.com`")
        return self

    @property
    def root(self) -> str:
        """The address of the company."""
        return self.base_url or f"https://{subdomain(self.company, setting='company')}.pipedrive.com"

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return HeaderKey("x-api-token", self.token)
        root_field = "api_domain" if self.base_url is None else None
        return self.renewed(self.token_url, tokens, root_field=root_field, root_suffixes=("pipedrive.com",))


class Pipedrive(Source):
    """One company at Pipedrive as a source of people, accounts and deals.

    Args:
        company: the first label of the company's address: `acme` of `https://acme.pipedrive.com`.
        token: the personal token of a user.
        refresh_token: of an app, with `client_id` and `client_secret`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs.
        tokens: a store of your own for them, instead of a file.
        token_url: where an app's tokens come from.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "pipedrive"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.INCREMENTAL, Capability.FETCH, Capability.WRITE_NOTE}
    )
    streams: ClassVar[tuple[str, ...]] = ("organizations", "persons", "deals", "deleted_deals")
    brings_issues: ClassVar[bool] = False

    def __init__(
        self,
        company: str = "",
        token: str | SecretStr | None = None,
        *,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        token_url: str = TOKEN_URL,
        base_url: str | None = None,
        name: str = "pipedrive",
    ) -> None:
        given: dict[str, object] = {
            "company": company,
            "token": token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "token_url": token_url,
            "base_url": base_url,
            "name": name,
        }
        chosen = settings(PipedriveSettings, self.type, given)
        limits = Limits(remaining=("x-ratelimit-remaining",))
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.root, chosen.auth(tokens), name=chosen.name, limits=limits)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `organizations`, `persons`, `deals` or `deleted_deals`.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream not in KINDS:
            raise unknown_stream(self, stream)
        return (yield from read(self.name, KINDS[stream], checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads persons (`contact`), organisations (`account`) and deals (`opportunity`) by id.

        One that Pipedrive itself says is not there gives the news that it is gone; one that is hidden gives nothing.
        """
        return (yield from fetch(self.name, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token, at each list, and whether the user is an administrator, who sees everything."""
        return (yield from check(self.name, self.wanted_streams))

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a note to a person, whose id `issue_id` is, for Pipedrive has no issues; sent once.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such person.
        """
        yield from add_note(issue_id, text)
