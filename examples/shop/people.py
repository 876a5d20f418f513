"""Who writes, who answers and who calls without an address: the helpdesk's users."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from shop import words
from shop.clock import OPENED

FIRST_USER_ID = 41_200_000_000_117
FIRST_ORGANIZATION_ID = 41_250_000_000_009
REGULARS = 900
NOT_DECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "ı": "i"})
"""Letters that Unicode does not take apart into a Latin letter and a mark."""

AGENTS = (
    "Ruth Amsel",
    "Tobias Keller",
    "Mónica Prieto",
    "Ben Adler",
    "Siobhan Walsh",
    "Yuki Mori",
    "Pavel Dvorak",
    "Grace Otieno",
)


@dataclass(frozen=True, slots=True)
class User:
    """One user of the helpdesk; a spammer's `suspended_at` says from when the account is suspended."""

    id: int
    name: str
    email: str | None
    created_at: datetime
    country: str = "DE"
    phone: str | None = None
    role: Literal["end-user", "agent"] = "end-user"
    organization_id: int | None = None
    tags: tuple[str, ...] = ()
    active: bool = True
    suspended_at: datetime | None = None


def slug(name: str) -> str:
    """`name` in the letters an address takes."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(NOT_DECOMPOSED))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())


class People:
    """Makes users: no name, id or number comes twice."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._names = self._unused_names()
        self._ids = iter(range(FIRST_USER_ID, FIRST_USER_ID + 17 * 100_000, 17))
        # Ofcom keeps 07700 900000 to 900999 for drama: nobody's telephone rings.
        self._phones = iter(range(447_700_900_000, 447_700_901_000))
        self.marketing = self._staff("Marketing Lark & Pine", "marketing")
        self.integration = self._staff("Newsletter integration", "newsletter-integration")
        self.agents = tuple(self._staff(name, slug(name.split()[0])) for name in AGENTS)
        self.companies = tuple(
            self._company(FIRST_ORGANIZATION_ID + 7 * n, name) for n, name in enumerate(words.COMPANIES)
        )
        self.regulars = tuple(self._regular() for _ in range(REGULARS))

    def name_and_address(self) -> tuple[str, str]:
        """A person nobody has seen yet, as display name and e-mail address."""
        first, last = next(self._names)
        return f"{first} {last}", f"{slug(first)}.{slug(last)}@{self._rng.choice(words.MAIL_DOMAINS)}"

    def country(self) -> str:
        """A country the shop ships to."""
        return self._rng.choices(tuple(words.LOCALES), words.COUNTRY_WEIGHTS)[0]

    def phone(self) -> str:
        """A telephone number in E.164 that belongs to nobody."""
        return f"+{next(self._phones)}"

    def regular(self) -> User:
        """A known customer, some far more often than others."""
        return self.regulars[min(self._rng.randrange(REGULARS), self._rng.randrange(REGULARS))]

    def newcomer(self, at: datetime, *, phone: str | None = None, suspended_at: datetime | None = None) -> User:
        """A customer whose first contact is at `at`."""
        name, email = self.name_and_address()
        return User(next(self._ids), name, email, at, self.country(), phone=phone, suspended_at=suspended_at)

    def without_address(self, at: datetime, *, phone: str | None) -> User:
        """Somebody the helpdesk knows by a number or a chat session alone."""
        name = f"Caller {phone}" if phone else f"Visitor {self._rng.randrange(10**7, 10**8)}"
        return User(next(self._ids), name, None, at, self.country(), phone=phone)

    def shared_address(self) -> User:
        """A company's `info@` or the like, behind which several people sit."""
        return self._rng.choice(self.companies)[0]

    def colleague(self) -> User:
        """A person with an address of their own at one of the companies."""
        return self._rng.choice(self._rng.choice(self.companies)[1:])

    def _unused_names(self) -> Iterator[tuple[str, str]]:
        pairs = [(first, last) for first in words.FIRST_NAMES for last in words.LAST_NAMES]
        self._rng.shuffle(pairs)
        return iter(pairs)

    def _staff(self, name: str, mailbox: str) -> User:
        return User(next(self._ids), name, f"{mailbox}@shop.example.com", OPENED, role="agent")

    def _company(self, organization_id: int, name: str) -> tuple[User, ...]:
        """A company's users, its shared address first."""
        domain = f"{slug(name)}.example.org"
        mailboxes = [(name, self._rng.choice(words.ROLE_NAMES))]
        for _ in range(2):
            first, last = next(self._names)
            mailboxes.append((f"{first} {last}", slug(first)))
        return tuple(
            User(
                next(self._ids),
                person,
                f"{mailbox}@{domain}",
                OPENED,
                organization_id=organization_id,
                tags=("business",),
            )
            for person, mailbox in mailboxes
        )

    def _regular(self) -> User:
        name, email = self.name_and_address()
        roll = self._rng.randrange(100)
        return User(
            next(self._ids),
            name,
            email,
            OPENED - timedelta(seconds=self._rng.randrange(500 * 86_400)),
            self.country(),
            phone=self.phone() if roll < 15 else None,
            tags=("vip",) if roll >= 97 else (),
            active=roll != 50,
        )
