"""What a connector is: streams read page by page, objects fetched by id, writes, and sinks that hold and release.

Every method that talks to a service is a flow (see `alignkit.transport`): it yields requests and returns a value, so
one body serves sync and async callers. A connector yields only `Request`; one that reads files yields `Call`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, ClassVar, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from alignkit import identity
from alignkit.errors import DataInvalid, SettingsError
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Account, Flow, JsonValue

PROTOCOL_VERSION = 1
"""The version of what this file describes; a plugin's entry point names the one that it was written for."""

Checkpoint: TypeAlias = Mapping[str, JsonValue]
"""Where a stream's reading goes on: JSON, private to the connector, stored only with the page that it ends."""


class Capability(StrEnum):
    """What a connector can do; each one claimed has its test in the conformance kit."""

    INCREMENTAL = "incremental"
    DELETIONS = "deletions"
    MERGES = "merges"
    FETCH = "fetch"
    WEBHOOKS = "webhooks"
    WRITE_ISSUE = "write_issue"
    WRITE_NOTE = "write_note"
    WRITE_TAG = "write_tag"
    HOLD = "hold"
    RELEASE = "release"
    READ_BACK = "read_back"
    AMEND = "amend"


@dataclass(frozen=True, slots=True)
class Run:
    """What a connector is told about one run of reading.

    Attributes:
        now: stamps receipt; it never moves a window.
        since: the oldest change wanted on a first read; None for everything.
    """

    now: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream: what it says, and where reading goes on after it.

    Attributes:
        checkpoint: stored with the events in one transaction; reading it again gives what follows this page.
        more: whether another page is known to follow now. False ends this run, not the stream.
        quarantined: records of this page that could not be read.
        wanted: objects that lack a fact and are to be fetched by id.
        gaps: sentences about what may have been missed (a file replaced, a cursor expired).
        anew: files that are read again from their start. What could not be read of them before is forgotten where it
            is named by its place, `NAME at ...`, for it will be told again if it still stands there.
    """

    events: Sequence[CustomerEvent]
    checkpoint: Checkpoint
    more: bool
    quarantined: Sequence[Quarantined] = ()
    wanted: Sequence[Ref] = ()
    gaps: Sequence[str] = ()
    anew: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What fetching by id found.

    Attributes:
        events: the objects as they are now, and removals for which there is positive evidence.
        done: the refs that need no further try; those left out are tried again in a later run.
        quarantined: objects that came and could not be read.
        gaps: sentences about what may have been missed (issues that are no longer shown).
    """

    events: Sequence[CustomerEvent]
    done: Sequence[Ref]
    quarantined: Sequence[Quarantined] = ()
    gaps: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a doctor's report: whether it is well, what was looked at, and what to do if not."""

    is_well: bool
    subject: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class NewIssue:
    """An issue to be created at a helpdesk.

    Attributes:
        requester_email: whom the helpdesk will answer.
        about: what it was made for, as `source/type/id`; two issues about one thing are the same issue.
    """

    subject: str
    body: str
    requester_email: str
    queue: str | None = None
    tags: tuple[str, ...] = ()
    about: str | None = None

    @classmethod
    def of_post(
        cls, event: PostPublished, requester_email: str, *, queue: str | None = None, tags: Sequence[str] = ()
    ) -> Self:
        """An issue about a public post, so that a complaint there reaches support.

        Args:
            event: from the store, or as a connector read it.
            requester_email: the author's address where it is known; else one of your own, since no helpdesk takes an
                issue from nobody.

        Raises:
            DataInvalid: the post was taken back by whoever wrote it.
        """
        post = event.data
        if post.deleted_at is not None:
            raise DataInvalid("this post was taken back by whoever wrote it; there is nothing to answer")
        author = post.author_handle or post.author_ref or "somebody"
        said = post.text if post.text and post.storable else "(The text is not kept; read it there.)"
        about = f"{event.source}/post/{event.subject}"
        body = f"{author} on {post.platform}, {post.posted_at:%Y-%m-%d %H:%M} UTC:\n\n{said}\n\n{post.url or about}"
        return cls(f"{author} on {post.platform}", body, requester_email, queue, tuple(tags), about)

    @property
    def key(self) -> str:
        """A digest by which a service knows an issue that it is given again: of its thing, else of who says what."""
        said = [self.about] if self.about else [self.requester_email, self.subject, self.body]
        return blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()


def _told_apart(name: str) -> str:
    if not name or not name.isprintable() or "/" in name or name != name.strip():
        raise ValueError("is empty, or has a slash, a line break or spaces around it; write it as in `support-eu`")
    return name


InstanceName = Annotated[str, AfterValidator(_told_apart)]
"""The name of one instance: it stands before ids and in logs, so it has no slash, and nothing that breaks a line."""


class ConnectorSettings(BaseModel):
    """The settings that every connector shares; `name` stays the same when a service's address changes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: InstanceName


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProfile:
    """What one stream brings.

    Attributes:
        brings: what is read, in words.
        endpoint: where from, as the service's documentation writes it.
        late: how late a change can be, beside the time between two runs.
    """

    brings: str
    endpoint: str
    late: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a connector's page in the documentation says that its code does not show.

    Each text is a sentence or a part of one, in Markdown.

    Attributes:
        service: the service's own name.
        example: one line of Python that makes the connector.
        streams: the profile of each stream.
        permissions: what the credential must be allowed -> what for.
        limits: how the service limits requests, and how that is kept.
        reading: how things that begin, merge or disappear are told, and whatever else a user should know.
        writing: how each write is kept from happening twice.
        not_covered: what is left out -> why.
        sources: where all this is documented.
    """

    service: str
    example: str
    streams: Mapping[str, StreamProfile]
    permissions: Mapping[str, str]
    limits: Sequence[str]
    reading: Sequence[str]
    writing: Sequence[str] = ()
    not_covered: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Sequence[str] = ()


T = TypeVar("T")
S = TypeVar("S", bound=ConnectorSettings)


def settings(model: type[S], connector: str, given: Mapping[str, object]) -> S:
    """The settings of one connector.

    Raises:
        SettingsError: names each setting that is wrong or missing, and never its value.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        wrong = "; ".join(_complaint(one["loc"], one["type"], one["msg"]) for one in found)
        raise SettingsError(f"`{connector}` cannot be set up: {wrong}") from None


def _complaint(place: Sequence[int | str], kind: str, message: str) -> str:
    where = f"`{'.'.join(map(str, place))}`"
    if kind == "extra_forbidden":
        return f"{where} is not known; remove it or correct its spelling"
    said = message.removeprefix("Value error, ")
    said = f"{said[:1].lower()}{said[1:]}"
    return f"{where}: {said}" if place else said


def is_one_of(*ways: Sequence[object | None]) -> bool:
    """Whether exactly one of these ways to log in is given, and that with all its parts."""
    given = [[part is not None for part in way] for way in ways]
    return sum(map(any, given)) == 1 and all(any(way) == all(way) for way in given)


class Endpoint:
    """What sources and sinks share: a name, an account, and a check of both.

    Attributes:
        type: the name under which the connector is found, as in `request_tracker`.
        name: the name of this instance; two helpdesks of one type are two sources.
        account: the guarded way to the service; None for connectors that read files.
        profile: what its page in the documentation says; None where that page is written by hand.
    """

    type: ClassVar[str]
    profile: ClassVar[Profile | None] = None
    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    name: str
    account: Account | None

    @property
    def location(self) -> str:
        """Where it is, by which another one of its name is told apart: an address or a path, and never a secret.

        The service's address by default; empty where nobody can tell.
        """
        return "" if self.account is None else self.account.base_url

    def attend(self, flow: Flow[T]) -> Flow[T]:
        """The flow under the endpoint's account, where it has one."""
        return flow if self.account is None else self.account.attend(flow)

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at credential, permissions and settings, and says of each whether it is well."""
        raise NotImplementedError


class Source(Endpoint):
    """Brings customer events in.

    Attributes:
        streams: in the order in which they are read; people before issues.
        left_out: those that are not read from this instance; see `without`.
        checkpoint_version: raised when the meaning of a stored checkpoint changes.
        brings_issues: whether any of the streams tells of issues.
        statuses: the words that the service uses for the status of an issue, as far as they are fixed.
    """

    streams: ClassVar[tuple[str, ...]]
    checkpoint_version: ClassVar[int] = 1
    brings_issues: ClassVar[bool] = True
    statuses: ClassVar[Mapping[str, IssueStatus]] = {}

    left_out: frozenset[str] = frozenset()

    @property
    def wanted_streams(self) -> tuple[str, ...]:
        """The streams that are read, in their order."""
        return tuple(stream for stream in self.streams if stream not in self.left_out)

    def without(self, *streams: str) -> Self:
        """This source, less streams that its plan or its credential never gives; decisions do not wait for them.

        Raises:
            DataInvalid: it has no such stream, or none is left.
        """
        for stream in streams:
            if stream not in self.streams:
                raise unknown_stream(self, stream)
        self.left_out |= frozenset(streams)
        if not self.wanted_streams:
            raise DataInvalid(f"`{self.name}` is left without any stream; leave one of {', '.join(self.streams)}")
        return self

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads the one page that follows `checkpoint`; None starts at the beginning."""
        raise NotImplementedError

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads objects by id. An object that is gone gives a removal; one that cannot be seen gives nothing."""
        raise NotImplementedError

    def create_issue(self, issue: NewIssue) -> Flow[str]:
        """Creates an issue and returns its id (`WRITE_ISSUE`)."""
        raise NotImplementedError

    def add_note(self, issue_id: str, text: str) -> Flow[None]:
        """Adds a note that the customer does not see (`WRITE_NOTE`); a CRM without issues adds it to a person."""
        raise NotImplementedError

    def add_tag(self, issue_id: str, tag: str) -> Flow[None]:
        """Adds a tag to an issue and leaves the others as they are; one that is there already stays (`WRITE_TAG`)."""
        raise NotImplementedError


def path_location(path: str | os.PathLike[str]) -> str:
    """A path from the root on, by which files are told apart; a link stays one, wherever it leads today."""
    return os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links


def unknown_stream(source: Source, stream: str) -> DataInvalid:
    """The error about a stream that a source has not."""
    return DataInvalid(f"`{source.name}` has no stream `{stream}`; its streams are {', '.join(source.streams)}")


def check_requester(issue: NewIssue, thing: str = "ticket") -> None:
    """Refuses an issue that its service would take, and then answer to nobody; `thing` is its word for one.

    Raises:
        DataInvalid: the requester's address is none.
    """
    if identity.email(issue.requester_email) is None:
        raise DataInvalid(f"`requester_email` is no e-mail address; a {thing} without one reaches nobody")


class Standing(StrEnum):
    """How a person stands at a destination, as far as our kind of hold goes."""

    ABSENT = "absent"
    """Not known there; never created by us."""
    FREE = "free"
    """Would be written to."""
    HELD = "held"
    """Carries a hold of the kind that we set; whose it is, only the ledger knows."""
    SILENT = "silent"
    """Already not written to, by the person's own wish or for another reason that is not ours to touch."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one person stands at a destination.

    Attributes:
        snapshot: what must be restored on release, in the destination's own terms; kept in the ledger.
    """

    standing: Standing
    snapshot: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class Result(StrEnum):
    """How one row of a batch ended."""

    CONFIRMED = "confirmed"
    """Done, and seen by reading back."""
    ACCEPTED = "accepted"
    """The destination said yes; reading back can tell more later."""
    UNVERIFIABLE = "unverifiable"
    """The destination said yes and has no way to read back."""
    ABSENT = "absent"
    """The person is not known there."""
    FOREIGN = "foreign"
    """Held, but not by us; left alone."""
    REJECTED = "rejected"
    """The destination said no, for good."""
    RETRY = "retry"
    """Not done this time; a later run tries again."""


@dataclass(frozen=True, slots=True)
class Order:
    """One person to hold or to release.

    Attributes:
        snapshot: from the `Look` that came just before; the ledger stored it before this order is carried out.
        reason: one sentence for whoever reads it at the destination.
        since: when the hold began.
        until: when it is expected to end, where that is known.
    """

    address: str
    snapshot: Mapping[str, JsonValue]
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one order."""

    address: str
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch that the destination works on by itself; `handle` is stored and given to `poll`, now or later."""

    handle: str


@dataclass(frozen=True, slots=True)
class Members:
    """One page of the people at a destination; `cursor` None ends the list."""

    addresses: Sequence[str]
    cursor: str | None = None


class Sink(Endpoint):
    """Makes a marketing tool leave people alone, and gives them back as they were.

    A sink never writes consent, never creates a contact and never touches a hold that it was not ordered to touch.

    Attributes:
        batch_size: the most orders in one call.
        lists_members: whether `members` can tell who is at the destination.
    """

    batch_size: ClassVar[int] = 100
    lists_members: ClassVar[bool] = True

    def members(self, cursor: str | None) -> Flow[Members]:
        """Reads one page of the addresses at the destination."""
        raise NotImplementedError

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        """Says how each of these people stands; an address that is left out counts as absent."""
        raise NotImplementedError

    def hold(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt] | Submitted]:
        """Holds people that stood FREE. Holding one that is held by us already changes nothing."""
        raise NotImplementedError

    def release(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt] | Submitted]:
        """Restores people that we hold to the snapshot taken before. Releasing one that is free changes nothing."""
        raise NotImplementedError

    def amend(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Rewrites why people whom we hold are held, and until when (`AMEND`, for destinations that keep both).

        It holds nobody: whoever is not held by us is left alone, and told as absent or foreign.
        """
        raise NotImplementedError

    def poll(self, handle: str) -> Flow[Sequence[Receipt] | None]:
        """Asks what became of a submitted batch; None while the destination is still at work."""
        raise NotImplementedError
