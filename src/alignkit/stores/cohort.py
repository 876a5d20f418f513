"""Whom a hold reaches that is not about single people: everybody, or those of some accounts or products."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from alignkit.models import Hold, microseconds
from alignkit.rules.facts import Facts, HoldFacts
from alignkit.rules.wording import nearest_moment, spell_moment

CAP = 500
"""How many people one such hold may silence before somebody confirms it."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whom an incident reaches: all who are in any of these.

    Attributes:
        everybody: whoever a message goes to, known or not.
        people: identifiers of single people.
        orders: `source/id` of orders; those who placed them when the hold was opened.
        accounts: `source/id` of accounts; everybody in them.
        products: whoever ordered one of these, owns one or has an issue with one.
    """

    everybody: bool = False
    people: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.everybody or any((self.people, self.orders, self.accounts, self.products))

    @property
    def lasting(self) -> Cohort:
        """The part that is looked up again and again, and that names nobody."""
        if self.everybody:
            return EVERYBODY
        return Cohort(accounts=self.accounts, products=self.products)

    @property
    def named(self) -> Cohort:
        """The part that is looked up once."""
        return Cohort() if self.everybody else Cohort(people=self.people, orders=self.orders)

    def to_text(self) -> str:
        """The lasting part, as `Hold.cohort` keeps it; people are kept where they can be erased."""
        return json.dumps({name: value for name, value in asdict(self.lasting).items() if value})

    @classmethod
    def from_text(cls, text: str | None) -> Cohort:
        """What `to_text` wrote; nobody where the words are another system's own."""
        try:
            told = json.loads(text or "{}")
            return cls(
                everybody=told.get("everybody") is True,
                accounts=tuple(map(str, told.get("accounts", ()))),
                products=tuple(map(str, told.get("products", ()))),
            )
        except (ValueError, AttributeError, TypeError):
            return cls()


@dataclass(slots=True)
class BlackoutFacts(HoldFacts):
    """A blackout of our own over everybody; a gate keeps to it whatever a policy says and however old the data is."""

    @classmethod
    def over(cls, hold: HoldFacts) -> BlackoutFacts:
        """The blackout that this hold stands for."""
        known: dict[str, Any] = {field.name: getattr(hold, field.name) for field in fields(HoldFacts)}
        return cls(**known)

    def explain(self, now: datetime) -> str:
        """The blackout in one clause."""
        return (
            f"everything outbound is stopped since {spell_moment(nearest_moment(self.opened_at), now)}: {self.reason}"
        )


def blackout_in(facts: Facts, now: datetime) -> BlackoutFacts | None:
    """The blackout over everybody that is not over; one that begins later on another clock counts already."""
    at = microseconds(now)
    over = (hold for hold in facts.holds if isinstance(hold, BlackoutFacts))
    return next((hold for hold in over if hold.ends_at is None or at < hold.ends_at), None)


def is_active(hold: Hold, at: datetime) -> bool:
    """Whether a hold is in force at this moment."""
    ends = [end for end in (hold.released_at, hold.expires_at) if end is not None]
    return hold.opened_at <= at and all(at < end for end in ends)


EVERYBODY = Cohort(everybody=True)
