"""What happened: one closed union of events, with the attribute names of CloudEvents 1.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, Field, PrivateAttr

from alignkit.models.base import Entity, JsonObject, Model, Name
from alignkit.models.care import Hold, Incident
from alignkit.models.commerce import Asset, Opportunity, Order
from alignkit.models.conversation import Interaction, Post, SurveyResponse
from alignkit.models.customer import Account, ConsentState, Contact
from alignkit.models.issue import Issue
from alignkit.models.marketing import Campaign, Engagement, Send
from alignkit.models.text import text_of
from alignkit.models.times import Instant, microseconds

SCHEMA_VERSION = 1
_ENVELOPE = {"id", "source", "type", "time", "subject", "received_at", "source_version", "sequence", "data"}
_UNTOLD = {"observed_at", "raw"}
_NOTHING_KEPT: Mapping[str, Any] = {}
EntityType = type[Entity]


M = TypeVar("M", bound=Model)


def unchecked(model: type[M], values: dict[str, Any], told: set[str], private: dict[str, Any] | None = None) -> M:
    """The model that holds exactly these values, which are known to fit: every field of it, and nothing else.

    For readers that have validated already; many times as fast as `model_construct`, which looks for aliases and
    defaults. `told` names the fields that were set; as models are frozen, many may share it. `private` holds the
    values of private attributes.
    """
    made: M = _new(model)
    _set_values(made, values)
    _set_told(made, told)
    _set_extra(made, None)
    _set_private(made, private)
    return made


_new: Callable[..., Any] = object.__new__
# The four places of a model where pydantic keeps what there is of it; set by name, they take twice as long.
_places: Mapping[str, Any] = vars(BaseModel)
_set_values: Callable[[Model, dict[str, Any]], None] = _places["__dict__"].__set__
_set_told: Callable[[Model, set[str]], None] = _places["__pydantic_fields_set__"].__set__
_set_extra: Callable[[Model, None], None] = _places["__pydantic_extra__"].__set__
_set_private: Callable[[Model, dict[str, Any] | None], None] = _places["__pydantic_private__"].__set__


class IssueRemoval(Entity, frozen=True):
    """The positive word of a service that an issue is gone, and why: `deleted`, `merged`, `spam` or `not_found`."""

    reason: Literal["deleted", "merged", "spam", "not_found"]
    merged_into: str | None = None


class Extension(Entity, frozen=True):
    """A vendor's own fact, under the vendor's namespace; no built-in rule reads it."""

    namespace: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    name: str
    payload: JsonObject = Field(default_factory=dict)


class Event(Model, frozen=True):
    """The envelope that every event shares.

    (`source`, `id`) is the key that makes receiving an event twice harmless. `source_version` orders the versions of
    one thing (whole microseconds where the service has only a time); ties fall to `received_at`, then `sequence`,
    then `id`. `subject` is the id of the thing at its source.
    """

    id: str = Field(min_length=1)
    source: Name
    type: str
    time: Instant
    subject: str = Field(min_length=1)
    received_at: Instant
    source_version: int
    sequence: int = 0
    correlation_id: str | None = None
    causation_id: str | None = None
    schema_version: int = SCHEMA_VERSION
    data: Entity

    kind: ClassVar[str]
    data_type: ClassVar[EntityType]

    _text: bytes | None = PrivateAttr(default=None)

    def data_text(self) -> bytes:
        """`data` as JSON without its defaults: what the id follows from, and what a store keeps."""
        kept = (self.__pydantic_private__ or _NOTHING_KEPT).get("_text")
        return kept or text_of(self.data, self.data_type)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; the text that was kept for the data goes where the data changes."""
        made = super().model_copy(update=update, deep=deep)
        if update and "data" in update:
            _set_private(made, {"_text": None})
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and type(self) is type(other) and vars(self) == vars(other)

    @classmethod
    def of(
        cls,
        data: Entity,
        *,
        source: str,
        received_at: datetime,
        time: datetime | None = None,
        version: int | None = None,
        sequence: int = 0,
        text: bytes | None = None,
    ) -> Self:
        """An event about `data`, whose id follows from what it says and from its version.

        `time` defaults to the thing's own last change (else its creation, else `received_at`), `version` to `time` in
        microseconds. `text` is what `text_of` writes for the data, where a reader has that already.

        Raises:
            DataInvalid: a time without a zone, or text with half of a character in it.
        """
        moment = time or data.remote_updated_at or data.remote_created_at or received_at
        rank = microseconds(moment) if version is None else version
        is_whole = data.raw is None and data.observed_at is None
        body = text if text is not None and is_whole else cls._told(data)
        digest = blake2b(body, digest_size=8).hexdigest()
        values: dict[str, Any] = {
            "id": f"{cls.kind}/{data.id}/{rank}/{digest}",
            "source": source,
            "type": cls.kind,
            "time": moment,
            "subject": data.id,
            "received_at": received_at,
            "source_version": rank,
            "sequence": sequence,
            "correlation_id": None,
            "causation_id": None,
            "schema_version": SCHEMA_VERSION,
            "data": data,
        }
        # What connectors hand over fits already; anything else takes the long way and is told what is wrong.
        is_named = bool(source) and "/" not in source
        if not (is_named and moment.tzinfo is received_at.tzinfo is UTC and type(data) is cls.data_type):
            return cls(**values)
        return unchecked(cls, values, _ENVELOPE, {"_text": body} if is_whole else None)

    @classmethod
    def _told(cls, data: Entity) -> bytes:
        """What the data says, for the id: not when we saw it nor the record as it came, which say nothing new."""
        return text_of(data, cls.data_type, None if data.raw is None and data.observed_at is None else _UNTOLD)


class IssueChanged(Event, frozen=True):
    """A full snapshot of an issue."""

    kind = "issue.changed"
    data_type: ClassVar[EntityType] = Issue
    type: Literal["issue.changed"] = "issue.changed"
    data: Issue


class IssueRemoved(Event, frozen=True):
    """An issue is gone at its source."""

    kind = "issue.removed"
    data_type: ClassVar[EntityType] = IssueRemoval
    type: Literal["issue.removed"] = "issue.removed"
    data: IssueRemoval


class MessageExchanged(Event, frozen=True):
    """A customer and the company exchanged a message."""

    kind = "message.exchanged"
    data_type: ClassVar[EntityType] = Interaction
    type: Literal["message.exchanged"] = "message.exchanged"
    data: Interaction


class MessageSent(Event, frozen=True):
    """The company sent an outbound message."""

    kind = "message.sent"
    data_type: ClassVar[EntityType] = Send
    type: Literal["message.sent"] = "message.sent"
    data: Send


class SurveyAnswered(Event, frozen=True):
    """Somebody answered a survey, or changed the answer."""

    kind = "survey.answered"
    data_type: ClassVar[EntityType] = SurveyResponse
    type: Literal["survey.answered"] = "survey.answered"
    data: SurveyResponse


class PostPublished(Event, frozen=True):
    """Somebody published a post, comment, review or mention."""

    kind = "post.published"
    data_type: ClassVar[EntityType] = Post
    type: Literal["post.published"] = "post.published"
    data: Post


class EngagementRecorded(Event, frozen=True):
    """Somebody did something with a message."""

    kind = "engagement.recorded"
    data_type: ClassVar[EntityType] = Engagement
    type: Literal["engagement.recorded"] = "engagement.recorded"
    data: Engagement


class ContactChanged(Event, frozen=True):
    """A full snapshot of a service's record of a person."""

    kind = "contact.changed"
    data_type: ClassVar[EntityType] = Contact
    type: Literal["contact.changed"] = "contact.changed"
    data: Contact


class AccountChanged(Event, frozen=True):
    """A full snapshot of an account."""

    kind = "account.changed"
    data_type: ClassVar[EntityType] = Account
    type: Literal["account.changed"] = "account.changed"
    data: Account


class OpportunityChanged(Event, frozen=True):
    """A full snapshot of a deal."""

    kind = "opportunity.changed"
    data_type: ClassVar[EntityType] = Opportunity
    type: Literal["opportunity.changed"] = "opportunity.changed"
    data: Opportunity


class OrderChanged(Event, frozen=True):
    """A full snapshot of an order."""

    kind = "order.changed"
    data_type: ClassVar[EntityType] = Order
    type: Literal["order.changed"] = "order.changed"
    data: Order


class AssetChanged(Event, frozen=True):
    """A full snapshot of a piece of equipment."""

    kind = "asset.changed"
    data_type: ClassVar[EntityType] = Asset
    type: Literal["asset.changed"] = "asset.changed"
    data: Asset


class CampaignChanged(Event, frozen=True):
    """A full snapshot of a campaign."""

    kind = "campaign.changed"
    data_type: ClassVar[EntityType] = Campaign
    type: Literal["campaign.changed"] = "campaign.changed"
    data: Campaign


class ConsentChanged(Event, frozen=True):
    """A person's consent, as a service reports it; a read-only fact."""

    kind = "consent.changed"
    data_type: ClassVar[EntityType] = ConsentState
    type: Literal["consent.changed"] = "consent.changed"
    data: ConsentState


class HoldChanged(Event, frozen=True):
    """A manual, incident or blackout hold was put, changed or lifted."""

    kind = "hold.changed"
    data_type: ClassVar[EntityType] = Hold
    type: Literal["hold.changed"] = "hold.changed"
    data: Hold


class IncidentChanged(Event, frozen=True):
    """A full snapshot of an incident."""

    kind = "incident.changed"
    data_type: ClassVar[EntityType] = Incident
    type: Literal["incident.changed"] = "incident.changed"
    data: Incident


class ExtensionRecorded(Event, frozen=True):
    """A vendor's own fact."""

    kind = "extension"
    data_type: ClassVar[EntityType] = Extension
    type: Literal["extension"] = "extension"
    data: Extension


CustomerEvent = Annotated[
    IssueChanged
    | IssueRemoved
    | MessageExchanged
    | MessageSent
    | SurveyAnswered
    | PostPublished
    | EngagementRecorded
    | ContactChanged
    | AccountChanged
    | OpportunityChanged
    | OrderChanged
    | AssetChanged
    | CampaignChanged
    | ConsentChanged
    | HoldChanged
    | IncidentChanged
    | ExtensionRecorded,
    Field(discriminator="type"),
]
"""Everything that can happen, told apart by `type`."""

EVENT_TYPES: Mapping[str, type[Event]] = {
    event.kind: event
    for event in (
        IssueChanged,
        IssueRemoved,
        MessageExchanged,
        MessageSent,
        SurveyAnswered,
        PostPublished,
        EngagementRecorded,
        ContactChanged,
        AccountChanged,
        OpportunityChanged,
        OrderChanged,
        AssetChanged,
        CampaignChanged,
        ConsentChanged,
        HoldChanged,
        IncidentChanged,
        ExtensionRecorded,
    )
}
