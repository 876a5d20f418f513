"""The closed lists of words that the models speak: statuses, channels, categories and their like."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Word(StrEnum):
    """A word of a closed list; a text like any other, and found as quickly in sets and tables."""

    __hash__ = str.__hash__


class IssueStatus(Word):
    """Where an issue stands, whatever its helpdesk calls it."""

    NEW = "new"
    OPEN = "open"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    WAITING_ON_THIRD_PARTY = "waiting_on_third_party"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"
    SPAM = "spam"
    DELETED = "deleted"
    UNKNOWN = "unknown"

    @property
    def is_active(self) -> bool | None:
        """Whether somebody still owes the customer something; None where the status is unknown."""
        return None if self is IssueStatus.UNKNOWN else self in ACTIVE_STATUSES


ACTIVE_STATUSES = frozenset(
    {
        IssueStatus.NEW,
        IssueStatus.OPEN,
        IssueStatus.WAITING_ON_CUSTOMER,
        IssueStatus.WAITING_ON_THIRD_PARTY,
        IssueStatus.SNOOZED,
    }
)


class Priority(Word):
    """How urgent the helpdesk says an issue is; `unset` is not `normal`."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    UNSET = "unset"

    @property
    def rank(self) -> int:
        """From 4 (urgent) down to 0 (unset)."""
        return PriorityRank[self.name].value


class PriorityRank(IntEnum):
    """Priorities in their order."""

    UNSET = 0
    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


class Severity(Word):
    """How badly the customer is hit, apart from how urgent the desk finds it."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    NONE = "none"


class IssueType(Word):
    """What kind of issue it is."""

    INCIDENT = "incident"
    PROBLEM = "problem"
    QUESTION = "question"
    REQUEST = "request"
    COMPLAINT = "complaint"
    TASK = "task"
    FEATURE_REQUEST = "feature_request"
    REFUND = "refund"
    RETURN = "return"
    OTHER = "other"


class IssueReason(Word):
    """Why the customer got in touch."""

    DELIVERY_LATE = "delivery_late"
    DELIVERY_LOST = "delivery_lost"
    WRONG_ITEM = "wrong_item"
    WRONG_QUANTITY = "wrong_quantity"
    DAMAGED_ITEM = "damaged_item"
    PRODUCT_FAULT = "product_fault"
    PRICING = "pricing"
    DISCOUNT = "discount"
    BILLING = "billing"
    REFUND = "refund"
    RETURN = "return"
    ACCOUNT_ACCESS = "account_access"
    OUTAGE = "outage"
    SAFETY = "safety"
    PRIVACY = "privacy"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"


class Channel(Word):
    """The way by which words travel, in either direction."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    PHONE = "phone"
    CHAT = "chat"
    WEB = "web"
    IN_APP = "in_app"
    SOCIAL = "social"
    MESSAGING = "messaging"
    POST = "post"
    ADS = "ads"
    API = "api"
    OTHER = "other"


class Direction(Word):
    """Who wrote to whom, seen from the company."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Initiator(Word):
    """Who began an issue."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    CAMPAIGN = "campaign"
    SYSTEM = "system"


class Audience(Word):
    """Whom an issue is for."""

    CUSTOMER = "customer"
    BACK_OFFICE = "back_office"
    TRACKER = "tracker"


class AuthorKind(Word):
    """Who wrote a text."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class IssueStep(Word):
    """One step in the history of an issue."""

    OPENED = "opened"
    STATUS_CHANGED = "status_changed"
    PRIORITY_CHANGED = "priority_changed"
    COMMENTED = "commented"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    MERGED = "merged"
    CSAT_RECEIVED = "csat_received"
    DELETED = "deleted"


class Polarity(Word):
    """What a signal means for the relationship; None, not a member, stands for unknown."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    MIXED = "mixed"


class Intent(Word):
    """What somebody wants."""

    HELP = "help"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    QUESTION = "question"
    BUY = "buy"
    FEEDBACK = "feedback"
    OTHER = "other"


class Team(Word):
    """The team that a signal matters to."""

    SERVICE = "service"
    MARKETING = "marketing"
    SALES = "sales"
    DEVELOPMENT = "development"
    SUCCESS = "success"


class Department(Word):
    """The part of the company that took part in an interaction."""

    SERVICE = "service"
    MARKETING = "marketing"
    SALES = "sales"
    OTHER = "other"


class SignalKind(Word):
    """What was read out of the history of one thing."""

    ISSUE_OPENED = "issue_opened"
    ISSUE_REOPENED = "issue_reopened"
    ISSUE_ESCALATED = "issue_escalated"
    ISSUE_RESOLVED = "issue_resolved"
    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    RATING = "rating"
    POST = "post"
    BUY = "buy"
    CHURN_RISK = "churn_risk"
    RECOVERY = "recovery"
    PRODUCT_REQUEST = "product_request"
    CONSUMABLE_NEED = "consumable_need"
    LIFECYCLE_CUE = "lifecycle_cue"
    USAGE_FEEDBACK = "usage_feedback"
    CONTENT_REQUEST = "content_request"
    SUCCESS_STORY = "success_story"
    IDEA = "idea"


class SignalState(Word):
    """What became of a signal."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    ACTED = "acted"
    DISMISSED = "dismissed"
    EXPIRED = "expired"


class Detector(Word):
    """Who or what found a signal."""

    RULE = "rule"
    AGENT = "agent"
    MODEL = "model"
    CONNECTOR = "connector"


class SurveyKind(Word):
    """Which scale a survey uses; different scales are never averaged."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    STAR = "star"
    THUMB = "thumb"
    CUSTOM = "custom"


class SurveyBucket(Word):
    """Which side of its scale an answer falls on."""

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"
    GOOD = "good"
    NEUTRAL = "neutral"
    BAD = "bad"


class PostKind(Word):
    """What kind of public or direct post it is."""

    POST = "post"
    COMMENT = "comment"
    DIRECT_MESSAGE = "dm"
    REVIEW = "review"
    BLOG = "blog"
    MENTION = "mention"


class Category(Word):
    """What an outbound message is for."""

    PROMOTIONAL = "promotional"
    NEWSLETTER = "newsletter"
    UPSELL = "upsell"
    RENEWAL = "renewal"
    SOLICITATION = "solicitation"
    SALES_OUTREACH = "sales_outreach"
    ONBOARDING = "onboarding"
    SERVICE_NOTICE = "service_notice"
    RECOVERY = "recovery"
    TRANSACTIONAL = "transactional"
    LEGAL = "legal"

    @property
    def is_marketing(self) -> bool:
        """Whether this is one of the six categories that a service issue holds back."""
        return self in MARKETING


MARKETING = frozenset(
    {
        Category.PROMOTIONAL,
        Category.NEWSLETTER,
        Category.UPSELL,
        Category.RENEWAL,
        Category.SOLICITATION,
        Category.SALES_OUTREACH,
    }
)


class CampaignState(Word):
    """How far a campaign has come."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class SendStatus(Word):
    """What became of one message to one person."""

    QUEUED = "queued"
    HELD = "held"
    DEFERRED = "deferred"
    DROPPED = "dropped"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"


class EngagementKind(Word):
    """What somebody did with a message."""

    DELIVERED = "delivered"
    OPEN = "open"
    CLICK = "click"
    REPLY = "reply"
    UNSUBSCRIBE = "unsubscribe"
    SPAM_COMPLAINT = "spam_complaint"
    CONVERSION = "conversion"


class ConsentStatus(Word):
    """What a person has said about being written to; read here, never written."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    DID_NOT_SUBSCRIBE = "did_not_subscribe"
    NONE = "none"


class CustomerKind(Word):
    """What kind of customer it is."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PROSPECT = "prospect"


class LifecycleStage(Word):
    """How far a customer has come with the company."""

    LEAD = "lead"
    TRIAL = "trial"
    CUSTOMER = "customer"
    AT_RISK = "at_risk"
    CHURNED = "churned"


class Namespace(Word):
    """What kind of identifier it is."""

    EMAIL = "email"
    PHONE = "phone_e164"
    EXTERNAL_ID = "external_id"
    HELPDESK_USER = "helpdesk_user"
    CRM_CONTACT = "crm_contact"
    ESP_PROFILE = "esp_profile"
    SOCIAL_HANDLE = "social_handle"
    DEVICE = "device"


class HoldKind(Word):
    """Where a hold comes from; automatic ones are derived from facts and never stored as facts."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    INCIDENT = "incident"
    BLACKOUT = "blackout"


class IncidentState(Word):
    """How far an incident has come."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class OpportunityStatus(Word):
    """Whether a deal is still open."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class OrderStatus(Word):
    """How far an order or a return has come."""

    PLACED = "placed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


class CalendarKind(Word):
    """What marketing has planned, for support to know."""

    PROMOTION = "promotion"
    RELEASE = "release"
    FLASH_SALE = "flash_sale"
    EVENT = "event"
    COMPETITION = "competition"
    POLICY_CHANGE = "policy_change"


class Permission(Word):
    """How far the permission to quote somebody has come."""

    CANDIDATE = "candidate"
    REQUESTED = "requested"
    GRANTED = "granted"
    DECLINED = "declined"
    EXPIRED = "expired"


class RequestState(Word):
    """How far a request between teams has come."""

    NEW = "new"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DECLINED = "declined"


class Verdict(Word):
    """Whether a message may go out now."""

    SEND = "send"
    SUPPRESS = "suppress"


class Outcome(Word):
    """What should become of a suppressed message."""

    DEFER = "defer"
    SWAP = "swap"
    DROP = "drop"
    REVIEW = "review"
