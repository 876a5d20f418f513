"""HubSpot as a source: companies and contacts first, then tickets; objects by id; tickets, notes and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

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
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.hubspot import records
from alignkit.connectors.hubspot.checks import check
from alignkit.connectors.hubspot.fetch import fetch
from alignkit.connectors.hubspot.limits import LIMITS
from alignkit.connectors.hubspot.portal import Portal
from alignkit.connectors.hubspot.profile import PROFILE
from alignkit.connectors.hubspot.records import COMPANIES
from alignkit.connectors.hubspot.streams import read, read_archived, read_tickets
from alignkit.connectors.hubspot.writing import add_note, add_tag, create_ticket
from alignkit.connectors.renewal import AppSettings
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Auth, Bearer, Flow, TokenStore

API = "https://api.hubapi.com"


class HubSpotSettings(AppSettings):
    """What is needed to read one portal.

    Attributes:
        token: the access token of a private app; or `refresh_token`, `client_id` and `client_secret` of an OAuth app.
        base_url: another address of the API, such as a proxy.
        statuses: what stages mean, by id or label, where open and closed are not enough.
        tag_property: a property of tickets with several checkboxes that holds tags.
        key_property: a property of tickets with unique values, by which a repeated request finds its ticket.
        expected_tickets: how many tickets an administrator sees; `check` says when the token sees fewer.
        keeps_subjects: whether tickets keep their subject.
    """

    token: SecretStr | None = None
    base_url: str = API
    statuses: Mapping[str, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    tag_property: str | None = None
    key_property: str | None = None
    expected_tickets: int | None = None
    keeps_subjects: bool = True

    @model_validator(mode="after")
    def _has_one_credential(self) -> HubSpotSettings:
        if not is_one_of((self.token,), (self.refresh_token, self.client_id, self.client_secret)):
            raise ValueError("give either `token`, or `refresh_token`, `client_id` and `client_secret`")
        return self

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return Bearer(self.token)
        return self.renewed(f"{self.base_url.rstrip('/')}/oauth/v3/token", tokens, client_in="body")


class HubSpot(Source):
    """One HubSpot portal as a source.

    Args:
        token: the access token of a private app.
        refresh_token: of an OAuth app, with `client_id` and `client_secret`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs.
        tokens: a store of your own for them, instead of a file.
        base_url: another address of the API, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        statuses: what stages mean, by id or label, where open and closed are not enough.
        tag_property: a property of tickets with several checkboxes that holds tags.
        key_property: a property of tickets with unique values, by which a repeated request finds its ticket.
        expected_tickets: how many tickets an administrator sees; `check` says when the token sees fewer.
        keeps_subjects: whether tickets keep their subject.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "hubspot"
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
    streams: ClassVar[tuple[str, ...]] = (
        "companies",
        "contacts",
        "archived_companies",
        "archived_contacts",
        "tickets",
        "archived_tickets",
    )

    def __init__(
        self,
        token: str | SecretStr | None = None,
        *,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        base_url: str = API,
        name: str = "hubspot",
        statuses: Mapping[str, IssueStatus | str] | None = None,
        tag_property: str | None = None,
        key_property: str | None = None,
        expected_tickets: int | None = None,
        keeps_subjects: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "token": token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "base_url": base_url,
            "name": name,
            "statuses": statuses or {},
            "tag_property": tag_property,
            "key_property": key_property,
            "expected_tickets": expected_tickets,
            "keeps_subjects": keeps_subjects,
        }
        chosen = settings(HubSpotSettings, self.type, given)
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.base_url, chosen.auth(tokens), name=chosen.name, limits=LIMITS)
        self._chosen = chosen
        self._portal = Portal(chosen.name, chosen.statuses)
        tickets = records.tickets(chosen.tag_property, keeps_subjects=chosen.keeps_subjects)
        self._kinds = {"account": records.companies(), "contact": records.contacts(), "issue": tickets}

    def without(self, *streams: str) -> Self:
        """See `Source.without`; where companies are left out, tickets belong to none."""
        super().without(*streams)
        self._portal.lacks_companies |= COMPANIES in self.left_out
        return self

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of companies, contacts or tickets, or of those that were deleted.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        streams = {
            "companies": partial(read, self._portal, self._kinds["account"]),
            "contacts": partial(read, self._portal, self._kinds["contact"]),
            "tickets": partial(read_tickets, self._portal, self._kinds["issue"]),
            **{f"archived_{name}": partial(read_archived, name, self._portal) for name in records.ARCHIVED},
        }
        if stream not in streams:
            raise unknown_stream(self, stream)
        return (yield from streams[stream](checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads tickets (`issue`), contacts (`contact`) and companies (`account`) by id.

        One that was merged is told with its survivor, and one that is archived or not there as gone: on HubSpot's own
        word alone, never on a gateway's.
        """
        return (yield from fetch(self._portal, self._kinds, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token's scopes, how much it sees, what stages mean, and whether tickets name people."""
        kinds = [kind for kind in self._kinds.values() if kind.name in self.wanted_streams]
        return (yield from check(self._portal, kinds, self._chosen.expected_tickets))

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket in the pipeline that `queue` names, else in the first, and returns its id.

        Its contact is found by the requester's address, or made. With `key_property` an equal ticket is never made
        twice; without it the request is sent once, and after `ServiceUnreachable` a search tells whether it is there.

        Raises:
            DataInvalid: the address is none, there is no such pipeline, or there are tags and no `tag_property`.
        """
        tags, key = self._chosen.tag_property, self._chosen.key_property
        return (yield from create_ticket(self._portal, issue, tag_property=tags, key_property=key))

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a note to a ticket; sent once.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such ticket.
        """
        yield from add_note(self._portal, issue_id, text)

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a value to `tag_property` and keeps the others.

        Raises:
            SettingsError: no `tag_property` is set.
            DataInvalid: the id is no number, or the tag is empty or holds a semicolon.
            RequestRefused: there is no such ticket, or the property has no such value.
        """
        yield from add_tag(issue_id, tag, self._chosen.tag_property)
