"""Makes what people write and are called, the same on every run."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

_FIRST = ("Ada", "Bjørn", "Chloé", "Dmitri", "Eleni", "Fatima", "Grace", "Hiroshi", "Inés", "Jürgen", "Kofi", "Lena")
_LAST = ("Andersen", "Brown", "Castillo", "Dubois", "Eriksson", "Fischer", "García", "Haddad", "Ivanova", "Jones")
_SUBJECTS = (
    "Where is my parcel?",
    "The kettle arrived with a dent",
    "Refund for order 1042 has not arrived",
    "Voucher “SPRING” is refused",
    "Cannot sign in since the update",
    "Wrong size, how do I return it?",
)
_SENTENCES = (
    "The parcel should have been here on Monday and nobody knows where it is.",
    "I have called twice and was told to wait for an answer by mail.",
    'The tracking page says "delivered", but nothing was handed over.',
    "Please send a new one or give the money back, whichever is quicker.",
    "Grüße aus Köln, und danke für die schnelle Hilfe!",
    "A picture of the damage is attached; the box itself was fine.",
    "It worked until last week, and then the app asked me to sign in again.",
    "Could somebody who can decide about this call me tomorrow after five?",
)


class Words:
    """One stream of chance for one page.

    Args:
        seed: of the page.
    """

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)

    def person(self, number: int) -> tuple[str, str, str]:
        """First and last name and the address of a person."""
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // 7 % len(_LAST)]
        return first, last, f"person.{number}@mail{number % 40}.example.com"

    def phone(self, number: int) -> str:
        """An international number."""
        return f"+4930{number:08}"

    def subject(self) -> str:
        """A subject."""
        return self.chance.choice(_SUBJECTS)

    def text(self, sentences: int) -> str:
        """What somebody writes."""
        return " ".join(self.chance.choices(_SENTENCES, k=sentences))

    def whole(self, most: int) -> int:
        """A number below `most`."""
        return self.chance.randrange(most)

    def key(self, length: int, letters: str = "0123456789abcdef") -> str:
        """Random letters, as ids have them."""
        return "".join(self.chance.choices(letters, k=length))

    def is_one_of(self, many: int) -> bool:
        """True for one in `many`."""
        return self.chance.randrange(many) == 0


def moment(number: int, *, after: int = 0) -> datetime:
    """When record `number` was made, or some seconds `after`."""
    return BEGAN + timedelta(seconds=number * 37 + after, milliseconds=number * 131 % 1000)


def iso(when: datetime) -> str:
    """`2026-01-01T00:00:00Z`."""
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def iso_milliseconds(when: datetime) -> str:
    """`2026-01-01T00:00:00.000Z`."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(when: datetime) -> int:
    """Since 1970."""
    return int(when.timestamp())
