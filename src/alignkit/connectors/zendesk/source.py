"""Zendesk as a source: organizations and people first, then tickets and ratings; objects by id; writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Named, Payload, parsed
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
from alignkit.connectors.ids import number
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.tags import Tags
from alignkit.connectors.zendesk.checks import check
from alignkit.connectors.zendesk.desk import API, Desk, compiled
from alignkit.connectors.zendesk.exports import read_organizations, read_ratings, read_tickets, read_users
from alignkit.connectors.zendesk.fetch import fetch
from alignkit.connectors.zendesk.profile import PROFILE
from alignkit.connectors.zendesk.tickets import STATUSES
from alignkit.errors import DataInvalid
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

_Id = Annotated[str, Field(coerce_numbers_to_str=True)]

LIMITS = Limits(
    reset=("ratelimit-reset", "rate-limit-reset", "x-rate-limit-reset"),
    remaining=("x-rate-limit-remaining",),
)
"""Zendesk counts requests of the whole account in these headers; exports have a limit of their own, told by 429."""

_STREAMS = {
    "organizations": read_organizations,
    "users": read_users,
    "tickets": read_tickets,
    "satisfaction_ratings": read_ratings,
}


class ZendeskSettings(AppSettings):
    """What is needed to read one Zendesk; see `Zendesk`."""

    is_single_use: ClassVar[bool] = True

    subdomain: str | None = None
    email: str | None = None
    token: SecretStr | None = None
    access_token: SecretStr | None = None
    base_url: str | None = None
    custom_statuses: Mapping[_Id, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    outbound_tags: frozenset[str] = frozenset()
    internal_tags: frozenset[str] = frozenset()
    spam_tags: frozenset[str] = frozenset({"spam"})
    expected_tickets: Annotated[int, Field(ge=0)] | None = None
    keeps_text: bool = True

    @model_validator(mode="after")
    def _is_enough(self) -> ZendeskSettings:
        if self.subdomain is None and self.base_url is None:
            raise ValueError("give `subdomain`")
        app = (self.refresh_token, self.client_id, self.client_secret)
        if not is_one_of((self.email, self.token), (self.access_token,), app):
            raise ValueError(
                "give either `email` and `token`, `access_token`, or `refresh_token`, `client_id` and `client_secret`"
            )
        return self

    @property
    def root(self) -> str:
        """Where agents find the service.

        Raises:
            SettingsError: `subdomain` could name another host.
        """
        label = None if self.subdomain is None else subdomain(self.subdomain)
        return f"https://{label}.zendesk.com" if label else str(self.base_url)

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.access_token is not None:
            return Bearer(self.access_token, setting="access_token")
        if self.refresh_token is not None:
            url = f"{(self.base_url or self.root).rstrip('/')}/oauth/tokens"
            return self.renewed(url, tokens, client_in="body")
        return Basic(f"{self.email}/token", sendable(self.token or "", "token"), setting="`email` and `token`")


class _Created(Payload):
    ticket: Named


class _Alike(Payload):
    tickets: list[Named]


class Zendesk(Source):
    """Reads tickets, people, organizations and ratings from Zendesk Support; writes tickets, internal notes and tags.

    Args:
        subdomain: of `https://acme.zendesk.com` it is `acme`.
        email: of an admin, with `token`.
        token: an API token.
        access_token: of an OAuth client, in place of `email` and `token`; when it ends, a new one is needed.
        refresh_token: of an OAuth client, with `client_id` and `client_secret`; access tokens are renewed by it.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs; needed with `refresh_token`, as each renewal replaces it.
        tokens: a store of your own for them, instead of a file.
        base_url: a proxy, sandbox or test server in place of `https://SUBDOMAIN.zendesk.com`.
        name: of this instance; it stays the same when the address changes.
        custom_statuses: the id, or the name that agents see, of a custom status -> what it means; others mean what
            their category means.
        outbound_tags: tags under which agents open tickets to write to customers.
        internal_tags: tags of tickets that no customer knows of.
        spam_tags: tags of tickets that are spam.
        expected_tickets: how many tickets an administrator sees; `check` says when the token sees fewer.
        keeps_text: whether subjects and comments on ratings are kept; no decision needs them.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "zendesk"
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
    streams: ClassVar[tuple[str, ...]] = tuple(_STREAMS)
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        subdomain: str | None = None,
        email: str | None = None,
        token: str | SecretStr | None = None,
        *,
        access_token: str | SecretStr | None = None,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        base_url: str | None = None,
        name: str = "zendesk",
        custom_statuses: Mapping[str, IssueStatus | str] | None = None,
        outbound_tags: Sequence[str] = (),
        internal_tags: Sequence[str] = (),
        spam_tags: Sequence[str] = ("spam",),
        expected_tickets: int | None = None,
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "subdomain": subdomain,
            "email": email,
            "token": token,
            "access_token": access_token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "base_url": base_url,
            "custom_statuses": custom_statuses or {},
            "outbound_tags": outbound_tags,
            "internal_tags": internal_tags,
            "spam_tags": spam_tags,
            "expected_tickets": expected_tickets,
            "keeps_text": keeps_text,
        }
        chosen = settings(ZendeskSettings, self.type, given)
        self.name: str = chosen.name
        self.account: Account | None = Account(
            chosen.base_url or chosen.root, chosen.auth(tokens), name=chosen.name, limits=LIMITS
        )
        self._custom_statuses = chosen.custom_statuses
        self._expected_tickets = chosen.expected_tickets
        tags = Tags(chosen.internal_tags, chosen.outbound_tags)
        custom, spam, keeps = chosen.custom_statuses, chosen.spam_tags, chosen.keeps_text
        if all(word.isdigit() for word in custom):
            self._desk = compiled(chosen.name, chosen.root, frozenset(custom.items()), tags, spam, keeps_text=keeps)
        else:
            # What names mean is learned, by each connector for itself.
            self._desk = Desk(chosen.name, chosen.root, custom, tags, spam, keeps_text=keeps)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            CursorExpired: Zendesk does not know the cursor any more.
        """
        read = _STREAMS.get(stream)
        if read is None:
            raise unknown_stream(self, stream)
        return (yield from read(self._desk, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads tickets (`issue`) and users (`contact`) by id.

        Audits tell who wrote where a campaign may have begun a ticket, and which ticket a merged one went into.
        """
        return (yield from fetch(self._desk, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at credential, role, restrictions, the number of tickets, ratings and custom statuses."""
        return (yield from check(self._desk, self._custom_statuses, self._expected_tickets))

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket and returns its id.

        The same issue again within two hours is the same ticket, because Zendesk keeps the key that is sent with it;
        another one about the same thing is found whenever it comes. `queue` is the id of a group.

        Raises:
            DataInvalid: the requester's address is none, `queue` is no number, or a tag is none.
        """
        check_requester(issue)
        for tag in issue.tags:
            _check_tag(tag)
        ticket: dict[str, JsonValue] = {
            "subject": issue.subject,
            # Not public: what is filed here is told to agents, and no mail goes to the customer.
            "comment": {"body": issue.body, "public": False},
            "requester": {"email": issue.requester_email, "name": issue.requester_email},
        }
        if issue.tags:
            ticket["tags"] = list(issue.tags)
        if issue.queue is not None:
            ticket["group_id"] = int(number(issue.queue, "a group"))
        if issue.about is not None:
            ticket["external_id"] = issue.key
            alike = Request("GET", f"{API}/tickets.json", [("external_id", issue.key)])
            if known := parsed(_Alike, (yield from request(alike)), self.name).tickets:
                return known[0].id
        text = json.dumps(ticket, sort_keys=True).encode()
        wanted = Request(
            "POST",
            f"{API}/tickets.json",
            json={"ticket": ticket},
            headers={"Idempotency-Key": blake2b(text, digest_size=16).hexdigest()},
            repeatable=True,
        )
        return parsed(_Created, (yield from request(wanted)), self.name).ticket.id

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds an internal note. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such ticket, or it is closed.
        """
        url = f"{API}/tickets/{number(issue_id, 'a ticket')}.json"
        body: JsonValue = {"ticket": {"comment": {"body": text, "public": False}}}
        yield from request(Request("PUT", url, json=body, repeatable=False))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a tag to a ticket; the others stay.

        Raises:
            DataInvalid: the id is no number, or the tag is empty or holds a space, which would make two of it.
            RequestRefused: there is no such ticket, or it is closed.
        """
        _check_tag(tag)
        url = f"{API}/tickets/{number(issue_id, 'a ticket')}/tags.json"
        yield from request(Request("PUT", url, json={"tags": [tag]}))


def _check_tag(tag: str) -> None:
    if not tag or any(character.isspace() for character in tag):
        raise DataInvalid("a tag is one word; write it with `_` in place of spaces")
