"""What the company sends and plans: messages, campaigns, sends, engagement, and the calendar support reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast

from pydantic import BeforeValidator, Field

from alignkit.models.base import Entity, Model
from alignkit.models.times import Instant
from alignkit.models.vocabulary import (
    CalendarKind,
    CampaignState,
    Category,
    Channel,
    EngagementKind,
    Permission,
    RequestState,
    SendStatus,
)

CategoryName: TypeAlias = Literal[
    "promotional",
    "newsletter",
    "upsell",
    "renewal",
    "solicitation",
    "sales_outreach",
    "onboarding",
    "service_notice",
    "recovery",
    "transactional",
    "legal",
]
ChannelName: TypeAlias = Literal[
    "email", "sms", "push", "phone", "chat", "web", "in_app", "social", "messaging", "post", "ads", "api", "other"
]


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _unless_blank(value: Any) -> Any:
    return None if _is_blank(value) else value


def _without_blanks(values: Any) -> Any:
    if not isinstance(values, list | tuple):
        return values
    return [each for each in cast("Sequence[object]", values) if not _is_blank(each)]


_Told = Annotated[str | None, BeforeValidator(_unless_blank)]


class Message(Model, frozen=True):
    """An outbound message that somebody would like to send.

    `about_issue` names the issue (`source/id`) that the message itself is about: its own reply, its own survey.

    Blank texts are taken for absent, for they are what an empty cell or an unfilled template gives: a message about an
    issue that nobody names is about none.
    """

    category: Category
    channel: Channel
    campaign_id: _Told = None
    product_refs: Annotated[tuple[str, ...], BeforeValidator(_without_blanks)] = ()
    about_issue: _Told = None
    id: _Told = None

    if TYPE_CHECKING:  # the word is taken as well as the member, which only type checkers have to be told

        def __init__(
            self,
            *,
            category: Category | CategoryName,
            channel: Channel | ChannelName,
            campaign_id: str | None = None,
            product_refs: tuple[str, ...] = (),
            about_issue: str | None = None,
            id: str | None = None,
        ) -> None: ...

    @property
    def scope(self) -> str:
        """The name under which the causes of holds for such messages are kept."""
        if self.campaign_id is None and not self.product_refs:
            return f"{self.category}/{self.channel}"
        return "/".join((self.category, self.channel, self.campaign_id or "", *sorted(self.product_refs))).rstrip("/")


class Campaign(Entity, frozen=True):
    """A campaign, planned or under way."""

    name: str | None = None
    category: Category
    channels: tuple[Channel, ...] = ()
    product_refs: tuple[str, ...] = ()
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    expected_volume: int | None = Field(default=None, ge=0)
    priority: int | None = None
    claims: tuple[str, ...] = ()
    support_brief_ref: str | None = None
    state: CampaignState = CampaignState.DRAFT
    audience_ref: str | None = None


class Send(Entity, frozen=True):
    """One message to one person; its `id` is the key that makes recording it twice harmless."""

    campaign_id: str | None = None
    category: Category | None = None
    contact_id: str | None = None
    address: str | None = None
    channel: Channel
    scheduled_at: Instant | None = None
    sent_at: Instant | None = None
    decision_ref: str | None = None
    status: SendStatus = SendStatus.SENT


class Engagement(Entity, frozen=True):
    """What somebody did with a message; `machine_open` marks opens by mail programs, not people."""

    kind: EngagementKind
    at: Instant
    send_id: str | None = None
    campaign_id: str | None = None
    contact_id: str | None = None
    email: str | None = None
    channel: Channel | None = None
    machine_open: bool = False


class CalendarEntry(Entity, frozen=True):
    """Something marketing has planned that customers will ask support about."""

    kind: CalendarKind
    title: str
    starts_at: Instant
    ends_at: Instant | None = None
    campaign_id: str | None = None
    brief_ref: str | None = None
    expected_contacts: int | None = Field(default=None, ge=0)


class SupportBrief(Entity, frozen=True):
    """What an agent needs to know about a campaign."""

    campaign_id: str | None = None
    summary: str
    questions: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()
    terms: str | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class ContentRequest(Entity, frozen=True):
    """Support asks marketing for a text or a picture that answers what customers keep asking."""

    title: str
    form: str | None = Field(default=None, description="`written` or `visual`")
    state: RequestState = RequestState.NEW
    issue_ids: tuple[str, ...] = ()
    requested_at: Instant
    due_at: Instant | None = None


class SuccessStory(Entity, frozen=True):
    """A customer's success, and whether it may be told."""

    quote: str | None = None
    permission: Permission = Permission.CANDIDATE
    contact_id: str | None = None
    issue_id: str | None = None
    told_at: Instant


class ProductRequest(Entity, frozen=True):
    """Something customers would like to have."""

    title: str
    product_ref: str | None = None
    contact_id: str | None = None
    issue_id: str | None = None
    requested_at: Instant


class UsageFeedback(Entity, frozen=True):
    """How a customer uses a product, which may not be how it is marketed."""

    product_ref: str
    feature: str | None = None
    is_used: bool | None = None
    contact_id: str | None = None
    issue_id: str | None = None
    told_at: Instant
    text: str | None = None
