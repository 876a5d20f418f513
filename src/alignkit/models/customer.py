"""Whom we speak of: customers, the contacts that services know them by, accounts, identities, consent."""

from __future__ import annotations

from pydantic import Field

from alignkit.models.base import Entity, JsonObject, Model, Share
from alignkit.models.times import Instant
from alignkit.models.vocabulary import (
    Channel,
    ConsentStatus,
    CustomerKind,
    Department,
    LifecycleStage,
    Namespace,
    Polarity,
)


class Contact(Entity, frozen=True):
    """One service's record of one person: its identifiers are evidence that they belong together.

    `emails` and `phones` are as the service spells them, the first being the main one. `handles` are written
    `platform/handle`: without its platform a handle is many people's. `is_staff` marks agents: they are no customers.
    `account_ids` are ids of accounts at the same source.
    """

    name: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    kind: CustomerKind = CustomerKind.PERSON
    lifecycle_stage: LifecycleStage | None = None
    tier: str | None = None
    is_vip: bool = False
    is_staff: bool = False
    is_active: bool = True
    locale: str | None = None
    time_zone: str | None = None
    owner_ref: str | None = None
    tags: tuple[str, ...] = ()
    merged_into: str | None = None
    attributes: JsonObject = Field(default_factory=dict)


class LastInteraction(Model, frozen=True):
    """The last dealing of any department with a customer."""

    at: Instant
    department: Department = Department.OTHER
    polarity: Polarity | None = None


class Customer(Model, frozen=True):
    """One person or organisation, as all sources together know it.

    `id` is the store's own; `identifiers` are `namespace:value`, normalised.
    """

    id: str
    kind: CustomerKind = CustomerKind.PERSON
    display_name: str | None = None
    lifecycle_stage: LifecycleStage | None = None
    account_ids: tuple[str, ...] = ()
    tier: str | None = None
    is_vip: bool = False
    locale: str | None = None
    time_zone: str | None = None
    owner_ref: str | None = None
    last_interaction: LastInteraction | None = None
    merged_into: str | None = None
    identifiers: tuple[str, ...] = ()
    attributes: JsonObject = Field(default_factory=dict)


class Identity(Model, frozen=True):
    """One identifier of one customer, and what says so."""

    customer_id: str
    namespace: Namespace
    value: str
    value_raw: str | None = None
    verified: bool = False
    shared: bool = False
    confidence: Share = 1.0
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    evidence: tuple[str, ...] = ()


class AccountMember(Model, frozen=True):
    """A customer's part in an account."""

    customer_id: str
    role: str | None = None


class Account(Entity, frozen=True):
    """A company that customers belong to."""

    name: str | None = None
    domains: tuple[str, ...] = ()
    parent_id: str | None = None
    contacts: tuple[AccountMember, ...] = ()
    plan: str | None = None
    arr: float | None = Field(default=None, description="annual recurring revenue, in the account's own currency")
    owner_ref: str | None = None
    status: str | None = None


class ConsentState(Entity, frozen=True):
    """What a person has said about one channel and purpose. Read-only: nothing here can change it."""

    contact_id: str | None = None
    email: str | None = None
    channel: Channel
    purpose: str | None = None
    state: ConsentStatus
    basis: str | None = None
    at: Instant | None = None
