"""Who is on the shop's mailing list: customers with and without open tickets, and people nobody helped yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shop.clock import DAY1_NOW, moment, stamp
from shop.desk import Desk
from shop.people import User
from shop.tickets import ACTIVE, Ticket

SIZE = 1_500
WITH_OPEN_TICKETS = 165
WITHOUT_OPEN_TICKETS = 800


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One line of the mailing tool's file."""

    email: str
    first_name: str
    subscribed_at: str
    status: str
    country: str


def with_open_tickets(newest: Iterable[Ticket]) -> set[str]:
    """The addresses whose owner has a ticket that is not over."""
    return {ticket.requester.email for ticket in newest if ticket.status in ACTIVE and ticket.requester.email}


def mailing_list(desk: Desk, newest: Sequence[Ticket], cast: Sequence[User]) -> list[Subscriber]:
    """The list's lines in the order of subscribing; everybody in `cast` is on it and subscribed."""
    customers = listed_customers(desk, newest, cast)
    lines = [subscriber(desk, email, user.name, user.country, stays=user in cast) for email, user in customers.items()]
    while len(lines) < SIZE:
        name, email = desk.people.name_and_address()
        lines.append(subscriber(desk, email, name, desk.people.country(), stays=False))
    return sorted(lines, key=lambda line: (line.subscribed_at, line.email))


def listed_customers(desk: Desk, newest: Sequence[Ticket], cast: Sequence[User]) -> dict[str, User]:
    """By address, the people of the helpdesk who are on the list: `cast`, and others by lot."""
    known = {ticket.requester.email: ticket.requester for ticket in newest if ticket.requester.email}
    listed = {user.email: user for user in cast if user.email}
    is_open = with_open_tickets(newest)
    for has_open, size in ((True, WITH_OPEN_TICKETS), (False, WITHOUT_OPEN_TICKETS)):
        there = sum((email in is_open) == has_open for email in listed)
        others = [email for email in known if email not in listed and (email in is_open) == has_open]
        listed.update({email: known[email] for email in desk.rng.sample(others, size - there)})
    return listed


def subscriber(desk: Desk, email: str, name: str, country: str, *, stays: bool) -> Subscriber:
    """One person; a few typed their address with capitals, some have left the list since."""
    rng = desk.rng
    typed = email.title() if rng.randrange(50) == 0 else email
    has_left = rng.randrange(100) < 9 and not stays
    since = moment(rng, DAY1_NOW - timedelta(days=1_200), DAY1_NOW - timedelta(days=3))
    return Subscriber(
        typed,
        name.split()[0],
        stamp(since),
        "unsubscribed" if has_left else "subscribed",
        country,
    )
