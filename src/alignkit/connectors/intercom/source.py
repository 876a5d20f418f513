"""Intercom as a source: companies and contacts first, then conversations and tickets; objects by id; writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from alignkit.connectors.answers import Named, parsed
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
from alignkit.connectors.intercom.fetch import HIDDEN_OR_GONE, fetch, says_not_found
from alignkit.connectors.intercom.profile import PROFILE
from alignkit.connectors.intercom.records import STATUSES
from alignkit.connectors.intercom.streams import read_companies, read_contacts, read_conversations, read_tickets
from alignkit.connectors.intercom.workspace import Workspace, companies, compiled, get, post, search
from alignkit.connectors.records import Body
from alignkit.connectors.tags import Tags
from alignkit.errors import AlignkitError, DataInvalid, RequestRefused
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Bearer, Flow, JsonValue, Limits, Request, Response, request

REGIONS: Mapping[str, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}

LIMITS = Limits(remaining=("x-ratelimit-remaining",))
"""The window of ten seconds is told in every answer."""

_STREAMS: Mapping[str, Callable[[Workspace, Checkpoint | None, Run], Flow[Page]]] = {
    "companies": read_companies,
    "contacts": read_contacts,
    "conversations": read_conversations,
    "tickets": read_tickets,
}


_Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z]+$", coerce_numbers_to_str=True)]


class IntercomSettings(ConnectorSettings):
    """What is needed to read one workspace; see `Intercom`."""

    token: SecretStr
    region: Literal["us", "eu", "au"] = "us"
    base_url: str | None = None
    ticket_type_id: _Id | None = None
    outbound_tags: frozenset[str] = frozenset()
    internal_tags: frozenset[str] = frozenset()
    known_issues: tuple[_Id, ...] = ()
    keeps_text: bool = True


class Intercom(Source):
    """Reads conversations, tickets, contacts and companies of one Intercom workspace; writes tickets, notes and tags.

    Args:
        token: an access token of the workspace.
        region: where the workspace is hosted: `us`, `eu` or `au`; a token works in its own region alone.
        base_url: a proxy or test server in place of the region's address.
        name: of this instance; it stays the same when the address changes.
        ticket_type_id: the type of the tickets that are created; needed for `create_issue` alone.
        outbound_tags: tags under which agents begin conversations to write to customers.
        internal_tags: tags of conversations that no customer knows of.
        known_issues: ids of conversations or tickets that must be seen, best one of each team; `check` says which are
            not.
        keeps_text: whether titles, and remarks on ratings, are kept; no decision needs them.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "intercom"
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
        token: str | SecretStr,
        *,
        region: str = "us",
        base_url: str | None = None,
        name: str = "intercom",
        ticket_type_id: str | int | None = None,
        outbound_tags: Sequence[str] = (),
        internal_tags: Sequence[str] = (),
        known_issues: Sequence[str | int] = (),
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "token": token,
            "region": region,
            "base_url": base_url,
            "ticket_type_id": ticket_type_id,
            "outbound_tags": outbound_tags,
            "internal_tags": internal_tags,
            "known_issues": known_issues,
            "keeps_text": keeps_text,
        }
        chosen = settings(IntercomSettings, self.type, given)
        at = chosen.base_url or REGIONS[chosen.region]
        self.name: str = chosen.name
        self.account: Account | None = Account(at, Bearer(chosen.token), name=chosen.name, limits=LIMITS)
        self._ticket_type = chosen.ticket_type_id
        self._known_issues = chosen.known_issues
        tags = Tags(chosen.internal_tags, chosen.outbound_tags)
        self._space = compiled(chosen.name, tags, keeps_text=chosen.keeps_text)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            CursorExpired: Intercom does not know the position any more.
        """
        read = _STREAMS.get(stream)
        if read is None:
            raise unknown_stream(self, stream)
        return (yield from read(self._space, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads conversations or tickets (`issue`) and contacts (`contact`) by id."""
        return (yield from fetch(self._space, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token, at whether it may read what the streams read, and at the known issues."""
        findings: list[Finding] = []
        try:
            yield from self._admin()
            findings.append(Finding(is_well=True, subject="credential"))
            for name, wanted, body in (
                ("companies", companies(1), self._space.company_page),
                ("contacts", search("/contacts/search", size=1), self._space.contact_page),
                ("conversations", search("/conversations/search", size=1), self._space.conversation_page),
                ("tickets", search("/tickets/search", size=1), self._space.ticket_page),
            ):
                if name in self.wanted_streams:
                    findings.append((yield from self._allowed(name, wanted, body)))
            findings += yield from self._seen()
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _allowed(self, name: str, wanted: Request, body: Body) -> Flow[Finding]:
        """Whether a stream may be read; where not, a part of the data stays unseen."""
        refused = frozenset({400, 403})
        response = yield from request(replace(wanted, accept=refused))
        if response.status not in refused:
            self._space.read(body, response)
            return Finding(is_well=True, subject=name)
        remedy = f"the token may not read {name}; give its app that permission"
        return Finding(is_well=False, subject=name, remedy=remedy)

    def _seen(self) -> Flow[list[Finding]]:
        """Whether what must be seen is; Intercom never says that there is more."""
        if not self._known_issues:
            hint = "conversations of all teams: nobody says; set `known_issues` to be told"
            return [Finding(is_well=True, subject=hint)]
        findings: list[Finding] = []
        for id in self._known_issues:
            response = yield from request(get(f"/conversations/{id}", accept=HIDDEN_OR_GONE))
            if response.status != 200:
                response = yield from request(get(f"/tickets/{id}", accept=HIDDEN_OR_GONE))
            is_seen = response.status == 200
            remedy = "" if is_seen else "it is not seen; use a token that may read the conversations of all teams"
            findings.append(Finding(is_well=is_seen, subject=f"issue `{id}`", remedy=remedy))
        return findings

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket of the type in the settings, or of the type whose id is `queue`, and returns its id.

        Intercom cannot tell a repeated request from a new one, and its searches lag, so nothing is sent twice: after
        `ServiceUnreachable`, look whether the ticket is there.

        Raises:
            DataInvalid: the requester's address is none, no type is named, or there are tags.
        """
        check_requester(issue)
        ticket_type = issue.queue or self._ticket_type
        if ticket_type is None:
            raise DataInvalid("a ticket has a type; set `ticket_type_id`, or give its id as `queue`")
        if issue.tags:
            raise DataInvalid("a ticket is made without tags; leave `tags` empty and use `add_tag` once it is there")
        body: dict[str, JsonValue] = {
            "ticket_type_id": ticket_type,
            "contacts": [{"email": issue.requester_email}],
            "ticket_attributes": {"_default_title_": issue.subject, "_default_description_": issue.body},
        }
        return parsed(Named, (yield from request(post("/tickets", body))), self.name).id

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a note. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is none of Intercom's.
            RequestRefused: there is no such conversation or ticket.
        """
        body = {"message_type": "note", "type": "admin", "admin_id": (yield from self._admin()), "body": text}
        yield from self._written(issue_id, "reply", body)

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a tag, which is made where there is none of that name; the others stay.

        Raises:
            DataInvalid: the id is none of Intercom's, or the tag is empty.
            RequestRefused: there is no such conversation or ticket.
        """
        if not tag.strip():
            raise DataInvalid("a tag has a name; give one")
        known = parsed(Named, (yield from request(post("/tags", {"name": tag}, repeatable=True))), self.name)
        yield from self._written(
            issue_id, "tags", {"id": known.id, "admin_id": (yield from self._admin())}, repeatable=True
        )

    def _admin(self) -> Flow[str]:
        """The id of whom the token belongs to, who signs what is written."""
        return parsed(Named, (yield from request(get("/me"))), self.name).id

    def _written(
        self, issue_id: str, what: str, body: Mapping[str, JsonValue], *, repeatable: bool = False
    ) -> Flow[None]:
        """Writes to a conversation, else to the ticket of that id."""
        if not issue_id.isalnum():
            raise DataInvalid("the id of a conversation or ticket has letters and digits alone")
        gone = frozenset({404})
        path = f"/conversations/{issue_id}/{what}"
        response: Response = yield from request(post(path, body, repeatable=repeatable, accept=gone))
        if response.status != 404:
            return
        if not says_not_found(response):
            raise RequestRefused(f"`{self.name}` has nothing at {path} (404); check `base_url`", status=404)
        yield from request(post(f"/tickets/{issue_id}/{what}", body, repeatable=repeatable))
