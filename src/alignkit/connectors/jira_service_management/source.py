"""Jira Service Management as a source: organizations and customers first, then issues; objects by id; writes."""

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
    InstanceName,
    NewIssue,
    Page,
    Profile,
    Run,
    Source,
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.jira_service_management.checks import check
from alignkit.connectors.jira_service_management.fetch import fetch
from alignkit.connectors.jira_service_management.profile import PROFILE
from alignkit.connectors.jira_service_management.records import STATUSES
from alignkit.connectors.jira_service_management.site import compiled
from alignkit.connectors.jira_service_management.streams import (
    read_customers,
    read_feedback,
    read_issues,
    read_organizations,
)
from alignkit.connectors.jira_service_management.writing import add_comment, add_label, create_request
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.tags import Tags
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import (
    Account,
    Auth,
    Basic,
    Bearer,
    Flow,
    Limits,
    TokenStore,
    subdomain,
)
from alignkit.transport.auth import sendable

_ProjectKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
_CloudId = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{8,64}$")]
_TOKENS = "https://auth.atlassian.com"

LIMITS = Limits(reset=("x-ratelimit-reset", "ratelimit-reset"))

_STREAMS = {
    "organizations": read_organizations,
    "customers": read_customers,
    "issues": read_issues,
    "feedback": read_feedback,
}


class JiraServiceManagementSettings(AppSettings):
    """What is needed to read one site; see `JiraServiceManagement`."""

    is_single_use: ClassVar[bool] = True

    name: InstanceName = "jira_service_management"
    site: str | None = None
    email: str | None = None
    token: SecretStr | None = None
    access_token: SecretStr | None = None
    cloud_id: _CloudId | None = None
    base_url: str | None = None
    projects: tuple[_ProjectKey, ...] = ()
    statuses: Mapping[str, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    outbound_labels: frozenset[str] = frozenset()
    internal_labels: frozenset[str] = frozenset()
    service_desk_id: str | None = None
    request_type_id: str | None = None
    expected_issues: Annotated[int, Field(ge=0)] | None = None
    sees_all: bool = False
    keeps_text: bool = True

    @model_validator(mode="after")
    def _is_enough(self) -> JiraServiceManagementSettings:
        if self.site is None and self.base_url is None:
            raise ValueError("give `site`")
        app = (self.refresh_token, self.client_id, self.client_secret)
        if not is_one_of((self.email, self.token), (self.access_token,), app):
            raise ValueError(
                "give either `email` and `token`, `access_token`, or `refresh_token`, `client_id` and `client_secret`"
            )
        if (self.email is not None) != (self.cloud_id is None) and self.base_url is None:
            raise ValueError("tokens of apps go with `cloud_id`, and `email` and `token` go without it")
        if self.sees_all and not self.projects:
            raise ValueError("`sees_all` goes with `projects`: only a right to what is named can be missed")
        return self

    @property
    def root(self) -> str:
        """Where agents find the service.

        Raises:
            SettingsError: `site` could name another host.
        """
        label = None if self.site is None else subdomain(self.site, setting="site")
        return f"https://{label}.atlassian.net" if label else str(self.base_url)

    @property
    def address(self) -> str:
        """Where requests go: apps reach a site through a common host."""
        if self.base_url is not None:
            return self.base_url
        return self.root if self.cloud_id is None else f"https://api.atlassian.com/ex/jira/{self.cloud_id}"

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.access_token is not None:
            return Bearer(self.access_token, setting="access_token")
        if self.refresh_token is None:
            return Basic(self.email or "", sendable(self.token or "", "token"), setting="`email` and `token`")
        return self.renewed(f"{(self.base_url or _TOKENS).rstrip('/')}/oauth/token", tokens, client_in="body")


class JiraServiceManagement(Source):
    """Reads requests, customers and organizations of one Jira Service Management site; writes requests, notes, labels.

    Args:
        site: of `https://acme.atlassian.net` it is `acme`.
        email: of the user whose token it is.
        token: an API token.
        access_token: of an OAuth app or a service account, with `cloud_id`, in place of `email` and `token`. It ends
            after an hour.
        refresh_token: of an OAuth app, with `client_id`, `client_secret` and `cloud_id`; access tokens are renewed by
            it. The app asks for the scope `offline_access` to get one.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs; needed with `refresh_token`, as each renewal replaces it.
        tokens: a store of your own for them, instead of a file.
        cloud_id: of the site, as OAuth apps name it.
        base_url: a proxy or test server in place of the site's address.
        name: of this instance; it stays the same when the address changes.
        projects: keys of the projects that are read; none for all service projects that the credential sees.
        statuses: the name of a status -> what it means, where its category is not enough.
        outbound_labels: labels under which agents raise requests to write to customers.
        internal_labels: labels of requests that no customer knows of.
        service_desk_id: where `create_issue` creates requests.
        request_type_id: their type; `queue` of the new issue is stronger.
        expected_issues: how many issues an administrator sees in what is read; `check` says when the user sees fewer.
        sees_all: whether nothing is hidden from the user: no project of the site, and no issue under a security level.
            Jira has the same words for what is gone and what is hidden, so only then what it does not find counts as
            gone, as long as each of `projects` may be browsed. Otherwise it stays as it was seen last.
        keeps_text: whether summaries, and comments on feedback, are kept; no decision needs them.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "jira_service_management"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.INCREMENTAL,
            Capability.DELETIONS,
            Capability.FETCH,
            Capability.WRITE_ISSUE,
            Capability.WRITE_NOTE,
            Capability.WRITE_TAG,
        }
    )
    streams: ClassVar[tuple[str, ...]] = tuple(_STREAMS)
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        site: str | None = None,
        email: str | None = None,
        token: str | SecretStr | None = None,
        *,
        access_token: str | SecretStr | None = None,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        cloud_id: str | None = None,
        base_url: str | None = None,
        name: str = "jira_service_management",
        projects: Sequence[str] = (),
        statuses: Mapping[str, IssueStatus | str] | None = None,
        outbound_labels: Sequence[str] = (),
        internal_labels: Sequence[str] = (),
        service_desk_id: str | None = None,
        request_type_id: str | None = None,
        expected_issues: int | None = None,
        sees_all: bool = False,
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "site": site,
            "email": email,
            "token": token,
            "access_token": access_token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "cloud_id": cloud_id,
            "base_url": base_url,
            "projects": projects,
            "statuses": statuses or {},
            "outbound_labels": outbound_labels,
            "internal_labels": internal_labels,
            "service_desk_id": service_desk_id,
            "request_type_id": request_type_id,
            "expected_issues": expected_issues,
            "sees_all": sees_all,
            "keeps_text": keeps_text,
        }
        chosen = settings(JiraServiceManagementSettings, self.type, given)
        root = chosen.root
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.address, chosen.auth(tokens), name=chosen.name, limits=LIMITS)
        self._chosen = chosen
        self._site = compiled(
            chosen.name,
            root,
            chosen.projects,
            frozenset((word.casefold(), meaning) for word, meaning in chosen.statuses.items()),
            Tags(chosen.internal_labels, chosen.outbound_labels),
            keeps_text=chosen.keeps_text,
            sees_all=chosen.sees_all,
        )

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            CursorExpired: Jira does not know the position any more.
        """
        if stream not in _STREAMS:
            raise unknown_stream(self, stream)
        return (yield from _STREAMS[stream](self._site, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads issues by id, with what no search tells of them, and people by account id.

        The refs `requester` and `feedback`, by which the streams ask for what is missing, name an issue too.
        """
        return (yield from fetch(self._site, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, at which projects it sees, and at what may be hidden in them."""
        return (yield from check(self._site, self._chosen.expected_issues))

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a request on behalf of the customer, and returns its id. `queue` is the id of a request type.

        A customer who is not on the list of the service desk is made one. Jira cannot tell a repeated request from a
        new one, and its search is behind, so nothing is sent twice: after `ServiceUnreachable`, look whether the
        request is there.

        Raises:
            DataInvalid: the requester's address is none, or service desk or request type is missing, or there are tags.
            RequestRefused: the address belongs to an account that hides it and is no customer of the service desk.
        """
        chosen = self._chosen
        kind = issue.queue or chosen.request_type_id
        return (yield from create_request(self._site, issue, chosen.service_desk_id, kind))

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds an internal comment. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such request.
        """
        yield from add_comment(issue_id, text)

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a label; the others stay.

        Raises:
            DataInvalid: the id is no number, or the label is empty or holds a space.
            RequestRefused: there is no such issue.
        """
        yield from add_label(issue_id, tag)
