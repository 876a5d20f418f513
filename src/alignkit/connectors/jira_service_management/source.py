"""Jira Service Management as a source: organizations and customers first, then issues; objects by id; writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Fetched,
    Finding,
    NewIssue,
    Page,
    Profile,
    Run,
    Source,
    check_requester,
    settings,
    unknown_stream,
)
from alignkit.connectors.jira_service_management.profile import PROFILE
from alignkit.connectors.jira_service_management.records import STATUSES
from alignkit.connectors.jira_service_management.site import API, DESK_API, Desks, compiled
from alignkit.connectors.tags import Tags
from alignkit.errors import AlignkitError, DataInvalid
from alignkit.models.base import Name
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Auth, Basic, Bearer, Flow, JsonValue, Limits, Request, request, subdomain

_ProjectKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
_CloudId = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{8,64}$")]
_MOST_DESKS = 1_000

LIMITS = Limits(reset=("x-ratelimit-reset", "ratelimit-reset"))


class JiraServiceManagementSettings(ConnectorSettings):
    """What is needed to read one site; see `JiraServiceManagement`."""

    name: Name = "jira_service_management"
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
    keeps_text: bool = True

    @model_validator(mode="after")
    def _is_enough(self) -> JiraServiceManagementSettings:
        if self.site is None and self.base_url is None:
            raise ValueError("give `site`")
        has_login = self.email is not None and self.token is not None
        if (self.access_token is not None) == has_login or (self.email is None) != (self.token is None):
            raise ValueError("give either `email` and `token`, or `access_token`")
        if (self.access_token is None) != (self.cloud_id is None) and self.base_url is None:
            raise ValueError("`access_token` and `cloud_id` belong together")
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

    def auth(self) -> Auth:
        """How requests are authenticated."""
        if self.access_token is not None:
            return Bearer(self.access_token, setting="access_token")
        return Basic(self.email or "", self.token or "")


class _Made(Payload):
    issueId: str  # noqa: N815 - the service's own name


class JiraServiceManagement(Source):
    """Reads requests, customers and organizations of one Jira Service Management site; writes requests, notes, labels.

    Args:
        site: of `https://acme.atlassian.net` it is `acme`.
        email: of the user whose token it is.
        token: an API token.
        access_token: of an OAuth app or a service account, with `cloud_id`, in place of `email` and `token`.
        cloud_id: of the site, as OAuth apps name it.
        base_url: a proxy or test server in place of the site's address.
        name: of this instance; it stays the same when the address changes.
        projects: keys of the projects that are read; none for all service projects that the credential sees.
        statuses: the name of a status -> what it means, where its category is not enough.
        outbound_labels: labels under which agents raise requests to write to customers.
        internal_labels: labels of requests that no customer knows of.
        service_desk_id: where `create_issue` creates requests.
        request_type_id: their type; `queue` of the new issue is stronger.
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
    streams: ClassVar[tuple[str, ...]] = ("organizations", "customers", "issues")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        site: str | None = None,
        email: str | None = None,
        token: str | SecretStr | None = None,
        *,
        access_token: str | SecretStr | None = None,
        cloud_id: str | None = None,
        base_url: str | None = None,
        name: str = "jira_service_management",
        projects: Sequence[str] = (),
        statuses: Mapping[str, IssueStatus | str] | None = None,
        outbound_labels: Sequence[str] = (),
        internal_labels: Sequence[str] = (),
        service_desk_id: str | None = None,
        request_type_id: str | None = None,
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "site": site,
            "email": email,
            "token": token,
            "access_token": access_token,
            "cloud_id": cloud_id,
            "base_url": base_url,
            "projects": projects,
            "statuses": statuses or {},
            "outbound_labels": outbound_labels,
            "internal_labels": internal_labels,
            "service_desk_id": service_desk_id,
            "request_type_id": request_type_id,
            "keeps_text": keeps_text,
        }
        chosen = settings(JiraServiceManagementSettings, self.type, given)
        root = chosen.root
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.address, chosen.auth(), name=chosen.name, limits=LIMITS)
        self._chosen = chosen
        names = frozenset((word.casefold(), meaning) for word, meaning in chosen.statuses.items())
        tags = Tags(chosen.internal_labels, chosen.outbound_labels)
        self._site = compiled(chosen.name, root, chosen.projects, names, tags, keeps_text=chosen.keeps_text)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            CursorExpired: Jira does not know the position any more.
        """
        reads = {
            "organizations": self._site.read_organizations,
            "customers": self._site.read_customers,
            "issues": self._site.read_issues,
        }
        if stream not in reads:
            raise unknown_stream(self, stream)
        return (yield from reads[stream](checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads issues by id, with what no search tells of them."""
        return (yield from self._site.fetch(refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, and at which service desks it sees."""
        findings: list[Finding] = []
        try:
            yield from request(Request("GET", f"{API}/myself"))
            findings.append(Finding(is_well=True, subject="credential"))
            keys = yield from self._desk_keys()
            remedy = "" if keys else "no service desk is seen; give the user a licence, or the app the right scopes"
            findings.append(Finding(is_well=not remedy, subject="service desks", remedy=remedy))
            for key in self._chosen.projects:
                is_seen = key.upper() in keys
                remedy = "" if is_seen else "this is no service project that is seen; correct it, or give the right"
                findings.append(Finding(is_well=is_seen, subject=f"project `{key}`", remedy=remedy))
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _desk_keys(self) -> Flow[set[str]]:
        """The project keys of all service desks that are seen."""
        keys: set[str] = set()
        start = 0
        while start < _MOST_DESKS:
            params = [("start", str(start)), ("limit", "50")]
            page = parsed(Desks, (yield from request(Request("GET", f"{DESK_API}/servicedesk", params))), self.name)
            keys |= {one.projectKey.upper() for one in page.values if one.projectKey}
            start += len(page.values)
            if page.isLastPage or not page.values:
                break
        return keys

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a request on behalf of the customer, and returns its id. `queue` is the id of a request type.

        Jira cannot tell a repeated request from a new one, and its search is behind, so nothing is sent twice: after
        `ServiceUnreachable`, look whether the request is there.

        Raises:
            DataInvalid: the requester's address is none, or service desk or request type is missing, or there are tags.
        """
        check_requester(issue, "request")
        desk, kind = self._chosen.service_desk_id, issue.queue or self._chosen.request_type_id
        if desk is None or kind is None:
            raise DataInvalid("a request has a desk and a type; set `service_desk_id` and `request_type_id`")
        if issue.tags:
            raise DataInvalid("a request is made without labels; leave `tags` empty and use `add_tag` once it is there")
        body: dict[str, JsonValue] = {
            "serviceDeskId": desk,
            "requestTypeId": kind,
            "requestFieldValues": {"summary": issue.subject, "description": issue.body},
            "raiseOnBehalfOf": issue.requester_email,
        }
        response = yield from request(Request("POST", f"{DESK_API}/request", json=body))
        return parsed(_Made, response, self.name).issueId

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds an internal comment. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such request.
        """
        url = f"{DESK_API}/request/{_number(issue_id)}/comment"
        yield from request(Request("POST", url, json={"body": text, "public": False}))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a label; the others stay.

        Raises:
            DataInvalid: the id is no number, or the label is empty or holds a space.
            RequestRefused: there is no such issue.
        """
        if not tag or any(character.isspace() for character in tag):
            raise DataInvalid("a label is one word; write it with `_` in place of spaces")
        body: JsonValue = {"update": {"labels": [{"add": tag}]}}
        yield from request(Request("PUT", f"{API}/issue/{_number(issue_id)}", json=body))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DataInvalid("the id of an issue is a number; its key is something else")
    return int(text)
