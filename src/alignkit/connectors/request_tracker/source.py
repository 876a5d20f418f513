"""Request Tracker as a source: people first, then tickets; objects by id; new tickets and comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Fetched,
    Finding,
    NewIssue,
    Page,
    Run,
    Source,
    check_requester,
    settings,
)
from alignkit.connectors.ids import number
from alignkit.connectors.request_tracker.checks import check
from alignkit.connectors.request_tracker.desk import API, Desk
from alignkit.connectors.request_tracker.fetch import fetch
from alignkit.connectors.request_tracker.issues import PRIORITIES, STATUSES, Translation
from alignkit.connectors.request_tracker.payload import Created, parsed
from alignkit.connectors.request_tracker.streams import read_tickets, read_users
from alignkit.errors import DataInvalid
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import IssueStatus, Priority
from alignkit.transport import Account, Auth, Basic, Flow, HeaderKey, JsonValue, Request, request


class RequestTrackerSettings(ConnectorSettings):
    """What is needed to read one desk.

    Attributes:
        token: of a user who may see the tickets; or `username` and `password`.
        statuses: what statuses mean, by name, where their class in the lifecycle is not enough.
        priorities: the least number of each priority; 0 is always unset.
        outbound_queues: queues in which marketing opens tickets to write to customers.
        keeps_subjects: whether tickets keep their subject.
    """

    base_url: str
    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    statuses: Mapping[str, IssueStatus] = Field(default_factory=dict[str, IssueStatus])
    priorities: Mapping[Priority, Annotated[int, Field(ge=1)]] = Field(default_factory=lambda: dict(PRIORITIES))
    outbound_queues: frozenset[str] = frozenset()
    keeps_subjects: bool = True

    @model_validator(mode="after")
    def _has_one_credential(self) -> RequestTrackerSettings:
        has_login = self.username is not None and self.password is not None
        if (self.token is not None) == has_login or (self.username is None) != (self.password is None):
            raise ValueError("give either `token`, or `username` and `password`")
        return self

    def auth(self) -> Auth:
        """How requests are authenticated."""
        if self.token is not None:
            return HeaderKey("Authorization", self.token, prefix="token ")
        return Basic(self.username or "", self.password or "")


class RequestTracker(Source):
    """One Request Tracker 5 as a source.

    Args:
        base_url: the service's root, without `/REST/2.0`.
        token: of a privileged user with the rights `ShowTicket` and `SeeQueue`.
        username: with `password`, instead of a token.
        password: see `username`.
        name: of this instance; it stays the same when the address changes.
        statuses: what statuses mean, by name, where their class in the lifecycle is not enough.
        priorities: the least number of each priority.
        outbound_queues: queues in which marketing opens tickets to write to customers.
        keeps_subjects: whether tickets keep their subject.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "request_tracker"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.INCREMENTAL,
            Capability.DELETIONS,
            Capability.MERGES,
            Capability.FETCH,
            Capability.WRITE_ISSUE,
            Capability.WRITE_NOTE,
        }
    )
    streams: ClassVar[tuple[str, ...]] = ("users", "tickets")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES

    def __init__(
        self,
        base_url: str,
        token: str | SecretStr | None = None,
        username: str | None = None,
        password: str | SecretStr | None = None,
        *,
        name: str = "request_tracker",
        statuses: Mapping[str, IssueStatus | str] | None = None,
        priorities: Mapping[Priority | str, int] | None = None,
        outbound_queues: Sequence[str] = (),
        keeps_subjects: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "base_url": base_url,
            "token": token,
            "username": username,
            "password": password,
            "name": name,
            "outbound_queues": outbound_queues,
            "keeps_subjects": keeps_subjects,
            **({} if statuses is None else {"statuses": statuses}),
            **({} if priorities is None else {"priorities": priorities}),
        }
        chosen = settings(RequestTrackerSettings, self.type, given)
        account = Account(chosen.base_url, chosen.auth(), name=chosen.name)
        terms = Translation(
            chosen.name, account.base_url, chosen.statuses, chosen.priorities, has_subjects=chosen.keeps_subjects
        )
        self.name: str = chosen.name
        self.account: Account | None = account
        self._desk = Desk(chosen.name, terms, chosen.outbound_queues)
        self._outbound_queues = chosen.outbound_queues

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `users` or `tickets`.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream == "users":
            return (yield from read_users(self._desk, checkpoint, run))
        if stream == "tickets":
            return (yield from read_tickets(self._desk, checkpoint, run))
        raise DataInvalid(f"`{stream}` is no stream of Request Tracker; there are {', '.join(self.streams)}")

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads tickets (`issue`) and users (`contact`) by id.

        A merged ticket gives its removal and the survivor; one that is deleted or shredded gives its removal. A ticket
        that RT does not let us see gives nothing and is tried again.
        """
        return (yield from fetch(self._desk, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, what its user may see, that user's time zone, and the queues of the settings."""
        return (yield from check(self._desk, self._outbound_queues))

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates a ticket, in the queue `General` where none is named, and returns its id.

        RT cannot tell a repeated request from a new one, so nothing is sent twice: after `ServiceUnreachable` the
        ticket may or may not exist, and a search for its subject tells.

        Raises:
            DataInvalid: the requester's address is none (RT would drop it without a word), or there are tags.
            PermissionMissing: there is no such queue, or the user may not create tickets in it.
        """
        check_requester(issue)
        if issue.tags:
            raise DataInvalid("Request Tracker has no tags; leave `tags` empty")
        body: JsonValue = {
            "Queue": issue.queue or "General",
            "Subject": issue.subject,
            "Requestor": [issue.requester_email],
            "Content": issue.body,
            "ContentType": "text/plain",
        }
        response = yield from request(Request("POST", f"{API}/ticket", json=body))
        return str(parsed(Created, response, self.name).id)

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a comment, which RT does not mail to the requestor; sent once, as `create_issue` is.

        Raises:
            DataInvalid: the id is no number.
            RequestRefused: there is no such ticket, or the user may not comment on it.
        """
        body: JsonValue = {"Content": text, "ContentType": "text/plain"}
        yield from request(Request("POST", f"{API}/ticket/{number(issue_id, 'a ticket')}/comment", json=body))
