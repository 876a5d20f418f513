"""What customers buy and own: orders, equipment, and deals under way."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from alignkit.models.base import Entity, Model
from alignkit.models.times import Instant
from alignkit.models.vocabulary import OpportunityStatus, OrderStatus


class Money(Model, frozen=True):
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class OrderLine(Model, frozen=True):
    """One product in an order."""

    product_ref: str
    quantity: Decimal


class Order(Entity, frozen=True):
    """An order or a return."""

    contact_id: str | None = None
    email: str | None = None
    status: OrderStatus = OrderStatus.UNKNOWN
    status_raw: str | None = None
    is_return: bool = False
    lines: tuple[OrderLine, ...] = ()
    placed_at: Instant | None = None
    fulfilled_at: Instant | None = None
    delivered_at: Instant | None = None
    promised_at: Instant | None = None
    total: Money | None = None
    discounts: tuple[Money, ...] = ()


class Consumable(Model, frozen=True):
    """Something a piece of equipment uses up; `expected_interval_days` is how long one lasts."""

    sku: str
    last_bought_at: Instant | None = None
    expected_interval_days: float | None = Field(default=None, gt=0)


class Asset(Entity, frozen=True):
    """A piece of equipment that a customer has."""

    product_ref: str
    serial: str | None = None
    contact_id: str | None = None
    account_id: str | None = None
    installed_at: Instant | None = None
    warranty_until: Instant | None = None
    end_of_life_at: Instant | None = None
    end_of_support_at: Instant | None = None
    consumables: tuple[Consumable, ...] = ()


class Opportunity(Entity, frozen=True):
    """A deal under way. A signal that somebody wants to buy is a Signal, not this."""

    name: str | None = None
    stage: str | None = None
    status: OpportunityStatus = OpportunityStatus.OPEN
    amount: Money | None = None
    close_date: Instant | None = None
    account_id: str | None = None
    contact_ids: tuple[str, ...] = ()
