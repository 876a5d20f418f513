"""Gorgias as a source: customers first, then tickets and surveys; objects by id; writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Named, listed, parsed
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
    check_requester,
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.gorgias.desk import API, NOT_THERE, compiled
from alignkit.connectors.gorgias.profile import PROFILE
from alignkit.connectors.gorgias.records import STATUSES
from alignkit.connectors.ids import number
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.tags import Tags
from alignkit.errors import AlignkitError, DataInvalid
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import (
    Account,
    Auth,
    Basic,
    Bearer,
    Flow,
    JsonValue,
    Limits,
    Request,
    TokenStore,
    request,
    subdomain,
)
from alignkit.transport.auth import sendable

KEY_LIMITS = Limits(requests=32, seconds=20)
APP_LIMITS = Limits(requests=64, seconds=20)
"""Four fifths of what the bucket holds: 40 requests in 20 seconds with a key, 80 with an app's token."""


NumberText = Annotated[str, Field(pattern=r"^[0-9]+$", coerce_numbers_to_str=True)]


class GorgiasSettings(AppSettings):
    """What is needed to read one Gorgias; see `Gorgias`."""

    domain: str | None = None
    email: str | None = None
    api_key: SecretStr | None = None
    access_token: SecretStr | None = None
    base_url: str | None = None
    outbound_tags: frozenset[str] = frozenset()
    internal_tags: frozenset[str] = frozenset()
    known_issues: tuple[NumberText, ...] = ()
    keeps_text: bool = True

    @model_validator(mode="after")
    def _is_enough(self) -> GorgiasSettings:
        if self.domain is None and self.base_url is None:
            raise ValueError("give `domain`")
        app = (self.refresh_token, self.client_id, self.client_secret)
        if not is_one_of((self.email, self.api_key), (self.access_token,), app):
            raise ValueError(
                "give either `email` and `api_key`, or `access_token`, or `refresh_token`, `client_id` and"
                " `client_secret`"
            )
        return self

    @property
    def root(self) -> str:
        """Where agents find the service.

        Raises:
            SettingsError: `domain` could name another host.
        """
        label = None if self.domain is None else subdomain(self.domain, setting="domain")
        return f"https://{label}.gorgias.com" if label else str(self.base_url)

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.access_token is not None:
            return Bearer(self.access_token, setting="access_token")
        if self.refresh_token is not None:
            return self.renewed(f"{(self.base_url or self.root).rstrip('/')}/oauth/token", tokens)
        return Basic(self.email or "", sendable(self.api_key or "", "api_key"), setting="`email` and `api_key`")


class Gorgias(Source):
    """Reads tickets, customers and satisfaction surveys of one Gorgias; writes tickets, internal notes and tags.

    Args:
        domain: of `https://acme.gorgias.com` it is `acme`.
        email: with which the user of the key logs in.
        api_key: of that user.
        access_token: of an app, in place of `email` and `api_key`; it ends after some time.
        refresh_token: of an app with the scope `offline`, with `client_id` and `client_secret`: tokens are renewed.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs.
        tokens: a store of your own for them, instead of a file.
        base_url: a proxy or test server in place of `https://DOMAIN.gorgias.com`.
        name: of this instance; it stays the same when the address changes.
        outbound_tags: tags under which agents write to customers first.
        internal_tags: tags of tickets that no customer knows of.
        known_issues: ids of tickets that must be seen, best one of each team; `check` says which are not.
        keeps_text: whether subjects, and comments on surveys, are kept; no decision needs them.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "gorgias"
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
    streams: ClassVar[tuple[str, ...]] = ("customers", "tickets", "satisfaction_surveys")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        domain: str | None = None,
        email: str | None = None,
        api_key: str | SecretStr | None = None,
        *,
        access_token: str | SecretStr | None = None,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        base_url: str | None = None,
        name: str = "gorgias",
        outbound_tags: Sequence[str] = (),
        internal_tags: Sequence[str] = (),
        known_issues: Sequence[str | int] = (),
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "domain": domain,
            "email": email,
            "api_key": api_key,
            "access_token": access_token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "base_url": base_url,
            "outbound_tags": outbound_tags,
            "internal_tags": internal_tags,
            "known_issues": known_issues,
            "keeps_text": keeps_text,
        }
        chosen = settings(GorgiasSettings, self.type, given)
        limits = APP_LIMITS if chosen.email is None else KEY_LIMITS
        at = chosen.base_url or chosen.root
        self.name: str = chosen.name
        self.account: Account | None = Account(at, chosen.auth(tokens), name=chosen.name, limits=limits)
        self._sender = chosen.email
        self._known_issues = chosen.known_issues
        tags = Tags(chosen.internal_tags, chosen.outbound_tags)
        self._desk = compiled(chosen.name, chosen.root, tags, keeps_text=chosen.keeps_text)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream, newest first.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            CursorExpired: Gorgias does not know the position any more.
        """
        wanted = self._desk.streams.get(stream)
        if wanted is None:
            raise unknown_stream(self, stream)
        return (yield from self._desk.read(wanted, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads tickets (`issue`) and customers (`contact`) by id."""
        return (yield from self._desk.fetch(refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, at whether it may read what the streams read, and at the known issues."""
        findings: list[Finding] = []
        try:
            for name in self.wanted_streams:
                one = self._desk.streams[name]
                wanted = Request("GET", f"{API}{one.path}", [("limit", "1")], accept=NOT_THERE)
                response = yield from request(wanted)
                may_not = response.status in NOT_THERE
                if not may_not:
                    listed(one.body, response, self.name)
                if one.is_optional:
                    skipped = f"{name}: not to be seen, so that stream is skipped"
                    findings.append(Finding(is_well=True, subject=skipped if may_not else name))
                    continue
                remedy = f"the credential may not read {name}; use one of an agent who may" if may_not else ""
                findings.append(Finding(is_well=not may_not, subject=name, remedy=remedy))
            findings += yield from self._seen()
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _seen(self) -> Flow[list[Finding]]:
        """Whether the tickets that must be seen are; Gorgias never says that there are others."""
        if not self._known_issues:
            return [Finding(is_well=True, subject="tickets of all teams: nobody says; set `known_issues` to be told")]
        findings: list[Finding] = []
        for id in self._known_issues:
            response = yield from request(Request("GET", f"{API}/tickets/{id}", accept=NOT_THERE | {301}))
            is_seen = response.status not in NOT_THERE
            remedy = "" if is_seen else "it is not seen; use the credential of a user who sees all tickets"
            findings.append(Finding(is_well=is_seen, subject=f"ticket `{id}`", remedy=remedy))
        return findings

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket as if the customer had written it, and returns its id.

        Gorgias cannot tell a repeated request from a new one, so nothing is sent twice: after `ServiceUnreachable`,
        look whether a ticket with that subject is there. Its `external_id` follows from its contents.

        Raises:
            DataInvalid: the requester's address is none, there is a `queue`, or a tag is none.
        """
        check_requester(issue)
        for tag in issue.tags:
            _check_tag(tag)
        if issue.queue is not None:
            raise DataInvalid("Gorgias has no queues; leave `queue` empty, and use tags")
        message: dict[str, JsonValue] = {
            "channel": "api",
            "via": "api",
            "from_agent": False,
            "subject": issue.subject,
            "body_text": issue.body,
            "sender": {"email": issue.requester_email},
        }
        body: dict[str, JsonValue] = {
            "customer": {"email": issue.requester_email},
            "channel": "api",
            "via": "api",
            "from_agent": False,
            "subject": issue.subject,
            "messages": [message],
            "tags": [{"name": tag} for tag in issue.tags],
            "external_id": issue.key,
        }
        return parsed(Named, (yield from request(Request("POST", f"{API}/tickets", json=body))), self.name).id

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds an internal note. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such ticket.
        """
        body: dict[str, JsonValue] = {
            "channel": "internal-note",
            "via": "api",
            "from_agent": True,
            "body_text": text,
            **({"sender": {"email": self._sender}} if self._sender else {}),
        }
        yield from request(Request("POST", f"{API}/tickets/{number(issue_id, 'a ticket')}/messages", json=body))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a tag; the others stay, and one that is there already stays as it is.

        Raises:
            DataInvalid: the id is no number, or the tag is empty.
            RequestRefused: there is no such ticket.
        """
        _check_tag(tag)
        body: dict[str, JsonValue] = {"names": [tag]}
        url = f"{API}/tickets/{number(issue_id, 'a ticket')}/tags"
        yield from request(Request("POST", url, json=body, repeatable=True))


def _check_tag(tag: str) -> None:
    if not tag.strip():
        raise DataInvalid("a tag has a name; give one")
