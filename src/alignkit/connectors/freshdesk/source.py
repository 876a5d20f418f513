"""Freshdesk as a source: companies and contacts first, then tickets and ratings; objects by id; writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Named, Payload, parsed
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
from alignkit.connectors.freshdesk.desk import API, NOT_THERE, Desk, compiled
from alignkit.connectors.freshdesk.fetch import GLOBAL_SCOPE, Agent, fetch
from alignkit.connectors.freshdesk.profile import PROFILE
from alignkit.connectors.freshdesk.records import STATUSES, Listed
from alignkit.connectors.freshdesk.streams import (
    read_companies,
    read_contacts,
    read_deleted_contacts,
    read_ratings,
    read_tickets,
)
from alignkit.connectors.ids import number
from alignkit.connectors.records import Body
from alignkit.connectors.tags import Tags
from alignkit.errors import AlignkitError, DataInvalid
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Auth, Basic, Flow, JsonValue, Limits, Request, request, subdomain
from alignkit.transport.auth import sendable

_Word = Annotated[str, Field(coerce_numbers_to_str=True)]

_STREAMS: Mapping[str, Callable[[Desk, Checkpoint | None, Run], Flow[Page]]] = {
    "companies": read_companies,
    "contacts": read_contacts,
    "deleted_contacts": read_deleted_contacts,
    "tickets": read_tickets(Listed.TICKETS),
    "spam_tickets": read_tickets(Listed.SPAM),
    "deleted_tickets": read_tickets(Listed.DELETED),
    "satisfaction_ratings": read_ratings,
}


class FreshdeskSettings(ConnectorSettings):
    """What is needed to read one Freshdesk; see `Freshdesk`."""

    domain: str | None = None
    api_key: SecretStr
    base_url: str | None = None
    statuses: Mapping[_Word, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    outbound_tags: frozenset[str] = frozenset()
    internal_tags: frozenset[str] = frozenset()
    key_field: str | None = None
    keeps_text: bool = True

    @model_validator(mode="after")
    def _is_enough(self) -> FreshdeskSettings:
        if self.domain is None and self.base_url is None:
            raise ValueError("give `domain`")
        return self

    @property
    def root(self) -> str:
        """Where agents find the service.

        Raises:
            SettingsError: `domain` could name another host.
        """
        label = None if self.domain is None else subdomain(self.domain, setting="domain")
        return f"https://{label}.freshdesk.com" if label else str(self.base_url)

    def auth(self) -> Auth:
        """How requests are authenticated: the key as a user's name, with any password."""
        return Basic(sendable(self.api_key, "api_key"), "X", setting="`api_key`")


class _Ticket(Named):
    tags: list[str] | None = None


class _Results(Payload):
    results: list[_Ticket] | None = None


class Freshdesk(Source):
    """Reads tickets, contacts, companies and ratings of one Freshdesk; writes tickets, private notes and tags.

    Args:
        domain: of `https://acme.freshdesk.com` it is `acme`; a host name of your own does not work.
        api_key: of an agent who sees all tickets.
        base_url: a proxy or test server in place of `https://DOMAIN.freshdesk.com`.
        name: of this instance; it stays the same when the address changes.
        statuses: the number, or the name, of a status -> what it means; numbers from 8 on mean nothing by themselves.
        outbound_tags: tags under which agents write to customers first.
        internal_tags: tags of tickets that no customer knows of.
        key_field: a custom field for text, such as `cf_key`, by which a repeated `create_issue` finds its ticket.
        keeps_text: whether subjects, and comments on ratings, are kept; no decision needs them.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "freshdesk"
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
    page_size: ClassVar[int] = 100
    most_pages: ClassVar[int] = 300
    most_counted: ClassVar[int] = 499

    def __init__(
        self,
        domain: str | None = None,
        api_key: str | SecretStr | None = None,
        *,
        base_url: str | None = None,
        name: str = "freshdesk",
        statuses: Mapping[str, IssueStatus | str] | None = None,
        outbound_tags: Sequence[str] = (),
        internal_tags: Sequence[str] = (),
        key_field: str | None = None,
        keeps_text: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "name": name,
            "domain": domain,
            "api_key": api_key,
            "base_url": base_url,
            "statuses": statuses or {},
            "outbound_tags": outbound_tags,
            "internal_tags": internal_tags,
            "key_field": key_field,
            "keeps_text": keeps_text,
        }
        chosen = settings(FreshdeskSettings, self.type, given)
        at = chosen.base_url or chosen.root
        self.name: str = chosen.name
        self.account: Account | None = Account(at, chosen.auth(), name=chosen.name, limits=Limits())
        self._key_field = chosen.key_field
        self._statuses = chosen.statuses
        tags, keeps = Tags(chosen.internal_tags, chosen.outbound_tags), chosen.keeps_text
        pages = {"page_size": self.page_size, "most_pages": self.most_pages, "most_counted": self.most_counted}
        if all(word.isdigit() for word in chosen.statuses):
            statuses_given = frozenset(chosen.statuses.items())
            self._desk = compiled(chosen.name, chosen.root, statuses_given, tags, keeps_text=keeps, **pages)
        else:
            # What names mean is learned, by each connector for itself.
            self._desk = Desk(chosen.name, chosen.root, chosen.statuses, tags, keeps_text=keeps, **pages)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of a stream.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        read = _STREAMS.get(stream)
        if read is None:
            raise unknown_stream(self, stream)
        return (yield from read(self._desk, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads tickets (`issue`) and contacts (`contact`) by id, and tells of a merged ticket what it went into."""
        return (yield from fetch(self._desk, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the key, at what its agent may see, and at the statuses of the settings."""
        findings: list[Finding] = []
        try:
            agent = parsed(Agent, (yield from request(Request("GET", f"{API}/agents/me"))), self.name)
            findings.append(Finding(is_well=True, subject="credential"))
            sees_all = agent.ticket_scope in (None, GLOBAL_SCOPE)
            remedy = "" if sees_all else "only a part is seen; give the key's agent access to all tickets"
            findings.append(Finding(is_well=sees_all, subject="tickets", remedy=remedy))
            for name, body in (("companies", self._desk.company_page), ("contacts", self._desk.contact_page)):
                if name in self.left_out:
                    continue
                may_not = not (yield from self._is_listed(f"/{name}", body))
                remedy = f"the key may not read {name}; give its agent the right to see them" if may_not else ""
                findings.append(Finding(is_well=not may_not, subject=name, remedy=remedy))
            has_ratings = yield from self._is_listed("/surveys/satisfaction_ratings", self._desk.rating_page)
            skipped = "ratings: the plan has none, so that stream is skipped"
            findings.append(Finding(is_well=True, subject="ratings" if has_ratings else skipped))
            findings += yield from self._known_statuses()
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _is_listed(self, path: str, body: Body) -> Flow[bool]:
        """Whether a list may be seen."""
        response = yield from request(Request("GET", f"{API}{path}", [("per_page", "1")], accept=NOT_THERE))
        if response.status in NOT_THERE:
            return False
        self._desk.read(body, response)
        return True

    def _known_statuses(self) -> Flow[list[Finding]]:
        """Whether each status of the settings is there, and each that is there has a meaning."""
        labels = yield from self._desk.status_labels()
        known = {*labels, *labels.values()}
        findings = [
            Finding(is_well=False, subject=f"status `{word}`", remedy="there is none of this name; correct it")
            for word in sorted(self._statuses)
            if labels and word.casefold() not in known
        ]
        meant = {*STATUSES, *(word.casefold() for word in self._statuses)}
        return findings + [
            Finding(is_well=False, subject=f"status `{label}`", remedy=f"say in `statuses` what `{number}` means")
            for number, label in sorted(labels.items())
            if number not in meant and label not in meant
        ]

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket and returns its id. `queue` is the id of a group.

        With `key_field`, a ticket that has the same key already is returned instead. Freshdesk's search is some
        minutes behind, so nothing is sent twice either way: after `ServiceUnreachable`, wait before trying again.

        Raises:
            DataInvalid: the requester's address is none, `queue` is no number, or a tag is none.
        """
        check_requester(issue)
        for tag in issue.tags:
            _check_tag(tag)
        ticket: dict[str, JsonValue] = {
            "email": issue.requester_email,
            "subject": issue.subject,
            "description": issue.body,
            "status": 2,
            "priority": 1,
            "source": 2,
            "tags": list(issue.tags),
        }
        if issue.queue is not None:
            ticket["group_id"] = int(number(issue.queue, "a group"))
        if self._key_field is not None:
            params = [("query", f"\"{self._key_field}:'{issue.key}'\"")]
            response = yield from request(Request("GET", f"{API}/search/tickets", params))
            if known := parsed(_Results, response, self.name).results:
                return known[0].id
            ticket["custom_fields"] = {self._key_field: issue.key}
        return parsed(_Ticket, (yield from request(Request("POST", f"{API}/tickets", json=ticket))), self.name).id

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a private note. It is sent once: after `ServiceUnreachable`, look whether it is there.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such ticket.
        """
        url = f"{API}/tickets/{number(issue_id, 'a ticket')}/notes"
        yield from request(Request("POST", url, json={"body": text, "private": True}))

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a tag to those that are there. Freshdesk replaces them all, so they are read just before.

        Raises:
            DataInvalid: the id is no number, or the tag is empty or holds a comma.
            RequestRefused: there is no such ticket.
        """
        _check_tag(tag)
        url = f"{API}/tickets/{number(issue_id, 'a ticket')}"
        known = parsed(_Ticket, (yield from request(Request("GET", url))), self.name).tags or []
        if tag not in known:
            tags: list[JsonValue] = [*known, tag]
            yield from request(Request("PUT", url, json={"tags": tags}))


def _check_tag(tag: str) -> None:
    if not tag.strip() or "," in tag:
        raise DataInvalid("a tag has a name without a comma; give one")
