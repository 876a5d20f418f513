"""Salesforce as a source: accounts and people first, then deals and cases; objects by id; cases, comments, topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    NewIssue,
    Page,
    Profile,
    Run,
    Source,
    settings,
    unknown_stream,
)
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.salesforce import records
from alignkit.connectors.salesforce.checks import check
from alignkit.connectors.salesforce.fetch import fetch
from alignkit.connectors.salesforce.limits import SalesforceLimits, is_limited
from alignkit.connectors.salesforce.org import Org
from alignkit.connectors.salesforce.profile import PROFILE
from alignkit.connectors.salesforce.streams import read
from alignkit.connectors.salesforce.writing import add_comment, add_topic, create_case
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import (
    Account,
    Auth,
    Bearer,
    ClientCredentials,
    Flow,
    TokenStore,
    subdomain,
)


class SalesforceSettings(AppSettings):
    """What is needed to read one org.

    Attributes:
        domain: My Domain, the first label of the org's address.
        is_sandbox: whether that is a sandbox.
        client_id: of a connected app, with `client_secret`; with `refresh_token` where a person gave the access.
        token: an access token that was had elsewhere.
        base_url: another address of the org, such as a proxy.
        version: of the API.
        statuses: what statuses of cases mean, by word, where closed or not is not enough.
        origin: the origin of the cases that we create.
        key_field: an external id of cases by which a repeated request finds its case.
        most_usage: the share of the org's daily quota of requests from which on we stop.
        expected_cases: how many cases an administrator sees; `check` says when the user sees fewer.
        currency: in which an org with a single currency counts, as in `EUR`; its deals tell amounts alone.
        keeps_subjects: whether cases keep their subject.
    """

    domain: str = ""
    is_sandbox: bool = False
    token: SecretStr | None = None
    base_url: str | None = None
    version: Annotated[str, Field(pattern=r"^[0-9]{2}\.0$")] = "62.0"
    statuses: Mapping[str, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    origin: str = "Social"
    key_field: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None
    most_usage: Annotated[float, Field(gt=0, le=1)] = 0.9
    expected_cases: int | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    keeps_subjects: bool = True

    @model_validator(mode="after")
    def _has_one_credential(self) -> SalesforceSettings:
        has_app = self.client_id is not None and (self.client_secret is not None or self.refresh_token is not None)
        if (self.token is not None) == has_app:
            raise ValueError("give either `client_id` and `client_secret`, or `token`")
        if not self.domain and self.base_url is None:
            raise ValueError("give `domain`, as in `acme` of `https://acme.my.salesforce.com`")
        return self

    @property
    def root(self) -> str:
        """The address of the org, as far as the settings know it."""
        if self.base_url is not None:
            return self.base_url
        sandbox = ".sandbox" if self.is_sandbox else ""
        return f"https://{subdomain(self.domain, setting='domain')}{sandbox}.my.salesforce.com"

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return Bearer(self.token)
        url, suffixes = f"{self.root.rstrip('/')}/services/oauth2/token", ("salesforce.com",)
        root_field = "instance_url" if self.base_url is None else None
        if self.refresh_token is not None:
            return self.renewed(url, tokens, client_in="body", root_field=root_field, root_suffixes=suffixes)
        return ClientCredentials(
            url,
            self.client_id or "",
            self.client_secret or "",
            client_in="body",
            tokens=self.token_store(tokens),
            root_field=root_field,
            root_suffixes=suffixes,
        )


class Salesforce(Source):
    """One Salesforce org as a source.

    Args:
        domain: My Domain, the first label of the org's address: `acme` of `https://acme.my.salesforce.com`.
        is_sandbox: whether that is a sandbox.
        client_id: of a connected app, with `client_secret`.
        client_secret: see `client_id`.
        refresh_token: where a person gave the access; with `client_id`.
        token: an access token that was had elsewhere, instead of an app.
        token_file: where renewed tokens rest between runs; needed where each renewal replaces the refresh token.
        tokens: a store of your own for them, instead of a file.
        base_url: another address of the org, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        version: of the API.
        statuses: what statuses of cases mean, by word, where closed or not is not enough.
        origin: the origin of the cases that we create.
        key_field: an external id of cases by which a repeated request finds its case.
        most_usage: the share of the org's daily quota of requests from which on we stop.
        expected_cases: how many cases an administrator sees; `check` says when the user sees fewer.
        currency: in which an org with a single currency counts, as in `EUR`; its deals tell amounts alone.
        keeps_subjects: whether cases keep their subject.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "salesforce"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.INCREMENTAL,
            Capability.DELETIONS,
            Capability.MERGES,
            Capability.FETCH,
            Capability.WRITE_ISSUE,
            Capability.WRITE_NOTE,
            Capability.WRITE_TAG,
        }
    )
    streams: ClassVar[tuple[str, ...]] = ("accounts", "contacts", "leads", "opportunities", "cases")

    def __init__(
        self,
        domain: str = "",
        *,
        is_sandbox: bool = False,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        refresh_token: str | SecretStr | None = None,
        token: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        base_url: str | None = None,
        name: str = "salesforce",
        version: str = "62.0",
        statuses: Mapping[str, IssueStatus | str] | None = None,
        origin: str = "Social",
        key_field: str | None = None,
        most_usage: float = 0.9,
        expected_cases: int | None = None,
        currency: str | None = None,
        keeps_subjects: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "domain": domain,
            "is_sandbox": is_sandbox,
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "token": token,
            "token_file": token_file,
            "base_url": base_url,
            "name": name,
            "version": version,
            "statuses": statuses or {},
            "origin": origin,
            "key_field": key_field,
            "most_usage": most_usage,
            "expected_cases": expected_cases,
            "currency": currency,
            "keeps_subjects": keeps_subjects,
        }
        chosen = settings(SalesforceSettings, self.type, given)
        limits = SalesforceLimits(reset=(), means_limited=is_limited, most_usage=chosen.most_usage)
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.root, chosen.auth(tokens), name=chosen.name, limits=limits)
        self._chosen = chosen
        self._org = Org(chosen.name, chosen.version)
        self._kinds = {
            "accounts": records.accounts(),
            "contacts": records.contacts(),
            "leads": records.leads(),
            "opportunities": records.opportunities(chosen.currency),
            "cases": records.cases(frozenset(chosen.statuses.items()), keeps_subjects=chosen.keeps_subjects),
        }

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `accounts`, `contacts`, `leads`, `opportunities` or `cases`.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            PermissionMissing: a field is hidden without which records would be misread.
        """
        if stream not in self._kinds:
            raise unknown_stream(self, stream)
        return (yield from read(self._org, self._kinds[stream], checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads cases (`issue`), contacts and leads (`contact`), and accounts by id, with 15 or 18 letters.

        A case in the bin comes as deleted or merged. One that is not even there gives its removal where the org tells
        of its deletion; else it may be hidden from the user, and stays as it was seen last.
        """
        kinds = {
            "001": self._kinds["accounts"],
            "003": self._kinds["contacts"],
            "00Q": self._kinds["leads"],
            "500": self._kinds["cases"],
        }
        return (yield from fetch(self._org, kinds, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at each object and its needed fields, whether all records are seen, and at the words of `statuses`."""
        kinds = [self._kinds[stream] for stream in self.wanted_streams]
        return (yield from check(self._org, kinds, self._chosen.statuses, self._chosen.expected_cases))

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a case, owned by the queue that `queue` names, and returns its id; tags become topics.

        With `key_field` an equal case is never made twice; without it the request is sent once, and after
        `ServiceUnreachable` a search tells whether it is there.

        Raises:
            DataInvalid: the address is none, or there is no such queue.
        """
        origin, key = self._chosen.origin, self._chosen.key_field
        return (yield from create_case(self._org, issue, origin=origin, key_field=key))

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a comment that is not published; sent once.

        Raises:
            DataInvalid: the id is none.
            RequestRefused: there is no such case.
        """
        yield from add_comment(self._org, issue_id, text)

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Assigns a topic to a case, made where there is none of this name.

        Raises:
            DataInvalid: the id is none, or the tag is empty.
            RequestRefused: there is no such case, or topics are not switched on.
        """
        yield from add_topic(self._org, issue_id, tag)
